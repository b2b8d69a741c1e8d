"""Whether the files of a stored run can be read: they are there, whole, and of their shape.

A run is written all at once and never changes, but disks fail, copies break off, and people edit.
The shapes are those of `clv.core.schema`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from os import SEEK_END
from typing import TYPE_CHECKING, Final

from typing_extensions import TypedDict

from clv.core import schema
from clv.core.errors import DamagedRunError, OutdatedRunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class _Card(TypedDict):
    """What is in every version's model card."""

    purchases: dict[str, object] | None
    spend: dict[str, object] | None
    notes: list[object]


#: File → its shape.
SHAPES: Final[Mapping[str, type]] = {
    "settings": schema.RunSettings,
    "model": _Card,
    "summary": schema.Summary,
    "report": schema.Report,
}
#: Tables, and whether every version's run has one. A Parquet file begins and ends with the same word.
TABLES: Final[Mapping[str, bool]] = {
    "orders": True,
    "forecasts": True,
    "profiles": False,
    "rejects": False,
}
_PARQUET: Final = b"PAR1"


def fault(folder: Path) -> str:
    """Return what is wrong with a run's files, in words; empty if nothing is.

    Of tables only the ends are read: that tells one that is cut off.
    """
    marks = []
    for name in (*(f"{name}.json" for name in SHAPES), *(f"{name}.parquet" for name in TABLES)):
        with suppress(OSError):
            found = (folder / name).stat()
            marks.append((name, found.st_ino, found.st_mtime_ns, found.st_size))
    return _fault(folder, tuple(marks))


def damaged(run_id: str, what: str) -> DamagedRunError:
    """Return the error that says what is wrong with a run, and what to do about it."""
    msg = f"This forecast is damaged: {what} (run {run_id})."
    return DamagedRunError(
        msg,
        "Make it again from its file, or restore its folder from a backup.",
        "Damaged runs are deleted by: python -m clv runs prune --damaged",
    )


def outdated() -> OutdatedRunError:
    """Return the error that says that a run lacks what this version reads."""
    msg = "This forecast was made by an earlier version and lacks what is read here."
    return OutdatedRunError(msg, "Make it again from its file.")


@lru_cache(maxsize=10_000)
def _fault(folder: Path, _: tuple[object, ...]) -> str:
    """Look a run through once, and again if one of its files has changed."""
    faults = (
        *(_fault_of(folder, name) for name in SHAPES),
        *(_fault_of_table(folder, name) for name in TABLES),
    )
    return next(filter(None, faults), "")


def _fault_of_table(folder: Path, name: str) -> str:
    file = f"{name}.parquet"
    try:
        with (folder / file).open("rb") as table:
            begin = table.read(len(_PARQUET))
            table.seek(-len(_PARQUET), SEEK_END)
            end = table.read()
    except FileNotFoundError:
        return f"{file} is missing" if TABLES[name] else ""
    except OSError:  # Shorter than the word, too.
        return f"{file} can't be read"
    return "" if begin == end == _PARQUET else f"{file} can't be read: it is cut off, or no Parquet"


def _fault_of(folder: Path, name: str) -> str:
    file = f"{name}.json"
    try:
        body = (folder / file).read_bytes()
    except FileNotFoundError:
        return f"{file} is missing"
    except OSError:
        return f"{file} can't be read"
    if not body.strip():
        return f"{file} is empty"
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return f"{file} is cut off, or is no JSON"
    if not isinstance(content, dict):
        return f"{file} holds something else than a run's"
    wrong = schema.fault(SHAPES[name], content)
    return f"{file} has {wrong}" if wrong else ""
