"""What the files of a stored run must say for anything to be read off it, whichever version wrote them.

A run is written all at once and never changes, but disks fail, copies break off, and people edit.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from functools import lru_cache
from os import SEEK_END
from typing import TYPE_CHECKING, Any, Final

from clv.core.errors import DamagedRunError, OutdatedRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Rule = Callable[[Any], bool]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _day(value: object) -> bool:
    try:
        date.fromisoformat(str(value)[:10])
    except ValueError:
        return False
    return _text(value)


def _part(value: object) -> bool:
    return value is None or isinstance(value, dict)


#: File → what is in every version's, and how it must look.
NEEDED: Final[Mapping[str, Mapping[str, Rule]]] = {
    "settings": {
        "as_of": _day,
        "created_at": _day,
        "horizon_months": _number,
        "currency": _text,
        "months": lambda value: isinstance(value, list),
    },
    "model": {"purchases": _part, "spend": _part, "notes": lambda value: isinstance(value, list)},
    "summary": {"customers": _number},
    "report": {},
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
    for name in (*(f"{name}.json" for name in NEEDED), *(f"{name}.parquet" for name in TABLES)):
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
        *(_fault_of(folder, name) for name in NEEDED),
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
    wrong = [
        key for key, fits in NEEDED[name].items() if key not in content or not fits(content[key])
    ]
    return f'{file} has no usable "{wrong[0]}"' if wrong else ""
