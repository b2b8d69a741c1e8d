"""Where an analysis begins: order files, of which a run is made, or a run that is there already."""

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


def open_run(run_id: str = "latest", store: str | Path | None = None) -> Run:
    """Open a run that has been made before.

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


def forecast_files(
    files: Sequence[str | Path],
    settings: Settings | Mapping[str, Any] | None = None,
    options: IngestOptions | OptionsRecord | None = None,
    store: str | Path | None = None,
) -> Run:
    """Make a run from order files.

    Parameters
    ----------
    files
        Read as one.
    settings
        What the forecast means; also as a mapping of its fields, where ``as_of`` may be an ISO date.
        What isn't given has its default.
    options
        How to read the files, also as `IngestOptions.as_dict` returns it; detected if None.
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
    return pipeline.run(kept, draft, inputs, _reading(options), _settings(settings or {}))


def _reading(given: IngestOptions | OptionsRecord | None) -> IngestOptions:
    if isinstance(given, IngestOptions):
        return given
    return IngestOptions() if given is None else IngestOptions.from_dict(given)


def _settings(given: Settings | Mapping[str, Any]) -> Settings:
    if isinstance(given, Settings):
        return given
    day = given.get("as_of")
    return Settings(
        **dict(given) | {"as_of": date.fromisoformat(day) if isinstance(day, str) else day}
    )


def recorded(run: Run) -> dict[str, object]:
    """Return the settings of a run as `forecast_files` takes them."""
    known = {field.name for field in fields(Settings)}
    return {name: value for name, value in run.settings.items() if name in known}


@cache
def _passing() -> Path:
    """Return a folder that lasts as long as this process."""
    folder = mkdtemp(prefix="clv-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
