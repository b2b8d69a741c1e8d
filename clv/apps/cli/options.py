"""What several commands share: which run, where to write, and complaining before the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clv.core.errors import InputError, RunNotFoundError
from clv.runs import Run, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

RunId = Annotated[
    str | None, typer.Option("--run", help="Id of a run. Default, and latest: the newest.")
]
OutCsv = Annotated[Path | None, typer.Option(help="Write CSV here instead of the terminal.")]
StoreDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the run store. Default: $CLV_RUNS, else data/runs, or your own data folder if installed."
    ),
]


def chosen_run(run_id: str | None, store: Path | None) -> Run:
    """Return the run that was asked for, else the newest."""
    return run_in(Store(store), run_id)


def run_in(where: Store, run_id: str | None) -> Run:
    """Return a store's run by id, else the newest; `RunNotFoundError` says where the ids are."""
    if not run_id or run_id == "latest":
        return where.latest()
    try:
        return where.run(run_id)
    except RunNotFoundError as error:
        hint = "Which there are: python -m clv runs list"
        raise RunNotFoundError(error.message, hint) from error


def check_writable(targets: Sequence[Path | None], inputs: Sequence[Path] = ()) -> None:
    """Complain about an output before the work, not after it; never write over an input."""
    taken = {_identity(path): path for path in inputs}
    for target in filter(None, targets):
        if _identity(target) in taken:
            msg = f"{target} cannot be written: it is also {taken[_identity(target)]}."
            raise InputError(msg, "Give every output a name of its own.")
        taken[_identity(target)] = target
        if target.suffix.lower() in {".xlsx", ".xls", ".ods"}:
            msg = f"{target} cannot be written: spreadsheets are read, not written."
            raise InputError(msg, "End the name in .csv (every spreadsheet opens it) or .parquet.")
        if not target.absolute().parent.is_dir():
            msg = f"{target} cannot be written: its folder does not exist."
            raise InputError(msg, "Make the folder first.")
        if target.exists() and not target.is_file():
            msg = f"{target} cannot be written: it is a folder or a device."
            raise InputError(msg, "Name a file.")


def _identity(path: Path) -> object:
    """Return what two names of one file have in common, links included."""
    if path.exists():
        found = path.stat()
        return found.st_dev, found.st_ino
    return path.resolve()
