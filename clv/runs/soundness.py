"""What the files of a stored run must say for anything to be read off it, whichever version wrote them.

A run is written all at once and never changes, but disks fail, copies break off, and people edit.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

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


def fault(folder: Path) -> str:
    """Return what is wrong with a run's JSON files, in words; empty if nothing is."""
    return next(filter(None, (_fault_of(folder, name) for name in NEEDED)), "")


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
