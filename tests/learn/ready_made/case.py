"""Model files as a notebook writes them, and a shop whose every figure can be added up."""

from __future__ import annotations

import sys
import textwrap
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import dill
import pytest

from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline
from clv.learn.ready_made.shelf import Shelf
from clv.runs import Store

if TYPE_CHECKING:
    from pathlib import Path

    from clv.runs import Run

AS_OF = date(2017, 10, 17)
#: What the real file's function returns, and so the brief's example.
SUMS = "import numpy\nreturn numpy.sum(X, axis=1)"


def dilled(body: str, **options: Any) -> bytes:
    """Return the file of a model whose ``predict(self, X)`` has this body, defined in a notebook."""
    source = f"class Model:\n    def predict(self, X):\n{textwrap.indent(body, ' ' * 8)}\nmodel = Model()"
    return dill.dumps(in_notebook(source, "model"), **options)


def in_notebook(source: str, name: str) -> Any:
    """Run a program as the main one, as a notebook does; return what it calls by this name."""
    main = sys.modules["__main__"].__dict__
    before = set(main)
    exec(source, main)  # noqa: S102 - written here
    found = main[name]
    for new in set(main) - before - {"__builtins__"}:
        del main[new]
    return found


def shop(path: Path) -> Path:
    """Write order lines of 60 customers: c00 ordered once, c01 twice…, a line or two an order."""
    rows = ["customer_id,order_id,order_item_id,num_items,revenue,created_at_date"]
    number = 0
    for who in range(60):
        for k in range(who % 4 + 1):
            number += 1
            day = date.fromordinal(date(2017, 1, 2).toordinal() + 3 * who + 20 * k)
            rows += [
                f"c{who:02},{number},{number}-{line},{line + who % 3},{10 + who}.5,{day}"
                for line in range(1, 2 + number % 2)
            ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@cache
def kept(root: Path) -> Run:
    """Return a run that tests may share: shelf, file and store lie in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLV_MODELS", str(root / "models"))
        Shelf().put("sums", dilled(SUMS))
        return made(Store(root / "runs"), shop(root / "lines.csv"), "pretrained:sums")


def made(store: Store, file: Path, model: str) -> Run:
    """Return a run."""
    settings = Settings(as_of=AS_OF, model=model, currency="EUR")
    draft = store.new_draft()
    return pipeline.run(store, draft, [file], IngestOptions(), settings)
