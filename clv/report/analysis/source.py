"""Where an analysis begins: a run that is there already, or one made from order files."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline
from clv.runs import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import OptionsRecord
    from clv.runs import Run


def find(run_id: str = "latest", store: str | Path | None = None) -> Run:
    """Return a run of a store.

    Parameters
    ----------
    run_id
        Its id, or ``latest``.
    store
        The store's folder; the default one if None, see `clv.runs.default_root`.

    Raises
    ------
    RunNotFoundError
        There is none.
    """
    found = Store(None if store is None else Path(store))
    return found.latest() if run_id == "latest" else found.run(run_id)


def forecast(
    files: Sequence[str | Path],
    settings: Mapping[str, Any] | None = None,
    options: OptionsRecord | None = None,
    store: str | Path | None = None,
) -> Run:
    """Make a run from order files.

    Parameters
    ----------
    files
        Read as one.
    settings
        Fields of `clv.core.settings.Settings`; ``as_of`` may be an ISO date. What isn't given has its
        default.
    options
        How to read the files, as `clv.core.settings.IngestOptions.as_dict` returns it; detected if None.
    store
        Folder to keep the run in. None for one that is gone when Python ends.

    Raises
    ------
    ClvError
        The files can't be read, or a setting is impossible.
    """
    root = _passing() if store is None else Path(store)
    kept = Store(root)
    draft = kept.new_draft()
    inputs = []
    for path in map(Path, files):
        with path.open("rb") as handle:
            inputs.append(draft.add_upload(path.name, iter(lambda: handle.read(1 << 20), b"")))
    reading = IngestOptions() if options is None else IngestOptions.from_dict(options)
    return pipeline.run(kept, draft, inputs, reading, _settings(settings or {}))


def _settings(given: Mapping[str, Any]) -> Settings:
    day = given.get("as_of")
    return Settings(
        **dict(given) | {"as_of": date.fromisoformat(day) if isinstance(day, str) else day}
    )


def recorded(run: Run) -> dict[str, Any]:
    """Return the settings of a run as `forecast` takes them."""
    known = {field.name for field in fields(Settings)}
    return {name: value for name, value in run.settings.items() if name in known}


@cache
def _passing() -> Path:
    """Return a folder that lasts as long as this process."""
    folder = mkdtemp(prefix="clv-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
