"""Put the pages' definitions into the documentation: ``python -m tools.explained``.

A page of docs/ has them between ``<!-- explained: NAME -->`` and ``<!-- end -->``; NAME is a function of
`clv.report.explained`, called with the standard settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from clv.report import explained

DOCS: Final = Path(__file__).parents[1] / "docs"
_PLACE: Final = re.compile(r"(<!-- explained: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page of the documentation with every definition as the dashboard has it."""

    def text(place: re.Match[str]) -> str:
        told: str = getattr(explained, place[2])()
        plain = told.strip().replace("\u00a0", " ")
        return f"{place[1]}\n{plain}\n\n{place[3]}"

    return _PLACE.sub(text, page)


if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.md")):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
