"""Which line of a table names its columns, and how many lines of text stand above it.

The header is the row after which the rows are of one shape: the columns that hold dates and numbers
below it hold words in it. A title, a note or a remark above it doesn't fill the table's width, or
reads like a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Final

from clv.ingest.files import dates, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[str]]

#: A table that begins further down is none.
MOST_TITLES: Final = 60
#: So many rows show what a table holds.
_BODY: Final = 100
_FULL: Final = 0.6
_REMARK: Final = ("#", "//", "--", ";;", "/*")
_LONG: Final = 60
_VALUES: Final = {"date", "number"}


def find(rows: Rows) -> tuple[int, bool]:
    """Return how many rows stand above the table, and whether its first one names the columns.

    Parameters
    ----------
    rows
        The first rows of a file, blank lines left out.
    """
    width = common_width(rows)[0]
    if width < 2:
        return 0, _is_names(rows[0])
    typical = _typical([row for row in rows if len(row) == width][-_BODY:])
    filled = sum(1 for kind in typical if kind)
    need = max(2, ceil(_FULL * filled))
    first: int | None = None
    above: list[int] = []
    for i, row in enumerate(rows[: MOST_TITLES + 1]):
        if len(row) < width - 1 or sum(1 for cell in row if cell.strip()) < need:
            continue
        if _like_body(row, typical):
            first = i
            break
        above.append(i)
    names = [i for i in above if _names_columns(rows[i], typical)]
    names = [i for i in names if not _is_remark(rows[i])]
    if names:
        best = min(names, key=lambda i: (_is_sentence(rows[i]), i))
        below = best + 1 < (len(rows) if first is None else first)
        return best + int(below and _goes_on(rows[best], rows[best + 1])), True
    if first is None:
        # Nothing tells names from values: the first row that is as wide as the table.
        first = next((i for i, row in enumerate(rows) if len(row) >= width), 0)
        return (first if first <= MOST_TITLES else 0), _is_names(rows[first])
    return first, False


def names(rows: Rows, at: int) -> list[str]:
    """Return the names in a header, with those of the groups in the line above where it needs them.

    Parameters
    ----------
    at
        Where the header is.
    """
    found = [cell.strip() for cell in rows[at]]
    if not at or not (_repeats(found) or _gaps(found)):
        return found
    above = [cell.strip() for cell in rows[at - 1]]
    if len(above) != len(found) or not _are_words(above) or _is_sentence(above):
        return found
    group, joined = "", []
    for over, name in zip(above, found, strict=True):
        group = over or (group if name else "")
        joined.append(" ".join(filter(None, (group, name))))
    return joined


def _goes_on(row: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row names groups of columns, and the next one the columns in them."""
    upper, lower = ([cell.strip() for cell in cells] for cells in (row, below))
    if len(upper) != len(lower) or not _are_words(lower):
        return False
    filled = all(name for over, name in zip(upper, lower, strict=True) if not over)
    return (_repeats(upper) or _gaps(upper)) and filled


def _are_words(cells: Sequence[str]) -> bool:
    """Whether a row has several cells, and none of them is a value."""
    return sum(map(bool, cells)) > 1 and not any(_kind(cell) in _VALUES for cell in cells)


def _repeats(names: Sequence[str]) -> bool:
    given = [name.lower() for name in names if name]
    return len({*given}) < len(given)


def _gaps(names: Sequence[str]) -> bool:
    return not all(names)


def common_width(rows: Rows) -> tuple[int, int]:
    """Return how many cells most rows have, and how many rows that are.

    A single cell is no row of a table where there are wider ones.
    """
    widths = Counter(len(row) for row in rows)
    wide = {w: n for w, n in widths.items() if w > 1} or widths
    width, times = max(wide.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    alone = widths.get(1, 0)
    return (1, alone) if alone > _ALONE * times else (width, times)


#: So many more single cells than rows are a list, not titles above a table.
_ALONE: Final = 20


def distinct(names: Sequence[str]) -> list[str]:
    """Return distinct names; to the engine Country and country are the same."""
    result: list[str] = []
    taken: set[str] = set()
    for base in names:
        name, n = base, 2
        while name.lower() in taken:
            name, n = f"{base} ({n})", n + 1
        taken.add(name.lower())
        result.append(name)
    return result


def _typical(rows: Rows) -> list[str]:
    """Return what kind of value most cells of each column are; empty for an empty column."""
    kinds = []
    for column in zip(*rows, strict=True):
        found = Counter(kind for cell in column if (kind := _kind(cell)))
        kinds.append(found.most_common(1)[0][0] if found else "")
    return kinds


def _kind(cell: str) -> str:
    """Return ``date``, ``number``, ``mixed`` (text with a digit in it), ``text``, or an empty string."""
    text = cell.strip()
    if not text:
        return ""
    if dates.looks_like_date(text):
        return "date"
    if numbers.looks_numeric(text):
        return "number"
    return "mixed" if any(c.isdigit() for c in text) else "text"


def _like_body(row: Sequence[str], typical: Sequence[str]) -> bool:
    """Whether a row holds dates and numbers where the table does."""
    strict = ("date", "number")
    same = [
        _kind(cell) == kind
        for cell, kind in zip(row, typical, strict=False)
        if kind in strict and cell.strip()
    ]
    return bool(same) and 2 * sum(same) > len(same)


def _names_columns(row: Sequence[str], typical: Sequence[str]) -> bool:
    """Whether a row holds words where the table holds values."""
    pairs = [(_kind(c), k) for c, k in zip(row, typical, strict=False) if c.strip()]
    values = [found for found, kind in pairs if kind in {"date", "number"}]
    if any(found in {"date", "number"} for found, _ in pairs if found):
        return False
    return bool(values) or not any(k in {"date", "number"} for k in typical)


def _is_names(row: Sequence[str]) -> bool:
    """Whether no cell of a row reads as a date or an amount."""
    return all(_kind(cell) not in {"date", "number"} for cell in row) and any(
        cell.strip() for cell in row
    )


def _is_remark(row: Sequence[str]) -> bool:
    """Whether a row begins with a mark of remarks, and then more than a name."""
    first = row[0].strip()
    return first.startswith(_REMARK) and " " in first.lstrip("#/-;* ")


def _is_sentence(row: Sequence[str]) -> bool:
    """Whether a row reads like a sentence rather than like names."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return any(len(c) > _LONG or re.search(r"[.:]$|: ", c) for c in cells)
