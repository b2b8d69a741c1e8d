"""What the first rows of a table tell about its columns, whatever these are called."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from clv.ingest.columns.names import normalise
from clv.ingest.files import dates, decimals, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Words that stand for nothing.
MISSING: Final = ("nan", "null", "none", "n/a", "#n/a", "<na>", "na", "\\n")
#: Cells that tell nothing of a column.
BLANK: Final = frozenset({"", "-", "--", *MISSING})
_EMAIL: Final = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
_PERCENT: Final = re.compile(r"[-+]?\d+(?:[.,]\d+)?\s*%")
_CLOCK: Final = re.compile(r"\d{1,2}[:h]\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?")
#: Normalised words for yes and no.
YES: Final = frozenset(
    "true yes y 1 t ja j oui si sim da tak ano evet да так ναι はい 是 예 x igen kylla".split()
)
NO: Final = frozenset(
    "false no n 0 f nein non nao nie ne hayir нет ні οχι いいえ 否 아니오 nu nej nei nem ei".split()
)
Kind = Literal["empty", "date", "number", "int", "percent", "email", "flag", "text"]


@dataclass(frozen=True)
class Column:
    """One column of the first rows.

    Attributes
    ----------
    cells
        Trimmed, blank where they stand for nothing, shape (rows,).
    """

    name: str
    cells: tuple[str, ...]

    @cached_property
    def filled(self) -> list[str]:
        """Cells that are not blank."""
        return [cell for cell in self.cells if cell]

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(set(self.filled))

    @cached_property
    def share(self) -> float:
        """Which share of the rows is filled."""
        return len(self.filled) / len(self.cells) if self.cells else 0.0

    @property
    def once(self) -> bool:
        """Whether no value occurs twice."""
        return self.distinct == len(self.filled)

    @cached_property
    def kind(self) -> Kind:  # noqa: PLR0911 - one line each
        """What the cells hold."""
        filled = self.filled
        if not filled:
            return "empty"
        few = [*dict.fromkeys(filled)][:_LOOKED_AT]
        seen = filled[:_LOOKED_AT]
        if len(few) <= 2 and all(normalise(cell) in YES | NO for cell in few):
            return "flag"
        if _mostly(_EMAIL.fullmatch(cell) for cell in few):
            return "email"
        if all(_PERCENT.fullmatch(cell) for cell in few):
            return "percent"
        amounts = {cell for cell in dict.fromkeys(seen) if numbers.looks_numeric(cell)}
        numeric = [cell for cell in seen if cell in amounts]
        if len(numeric) > 0.8 * len(seen):
            compact = all(dates.looks_like_date(cell) for cell in few)
            if not compact:
                return "number" if any(_fraction(cell) for cell in numeric) else "int"
            return "date" if len(few) > 1 else "int"
        found = dates.date_format(few)
        return "date" if found and _mostly(dates.looks_like_date(cell) for cell in few) else "text"

    @property
    def clock(self) -> bool:
        """Whether the cells are times of day, without a date."""
        return bool(self.filled) and _mostly(_CLOCK.fullmatch(c) for c in self.filled[:_LOOKED_AT])

    @property
    def whole(self) -> list[int]:
        """The cells as whole numbers; empty where one is none."""
        plain = [cell.removesuffix(".0") for cell in self.filled]
        return [int(cell) for cell in plain] if all(map(str.isdecimal, plain)) else []


#: Cells of a column that are looked at one by one.
_LOOKED_AT: Final = 200


def _mostly(found: object) -> bool:
    seen = [bool(one) for one in found]  # type: ignore[attr-defined]
    return sum(seen) > 0.8 * len(seen)


def _fraction(cell: str) -> bool:
    # Programs write whole numbers of a column with gaps as 17850.0.
    return bool(re.search(r"[.,]\d", cell.removesuffix(".0"))) or bool(
        re.search(r"[^\d\s.,+-]", cell)
    )


@dataclass(frozen=True)
class Sample:
    """The first rows of a table, column by column."""

    columns: dict[str, Column]
    decimal: str = "."
    _numbers: dict[str, list[float | None]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, columns: Sequence[str], head: Sequence[Sequence[str]], decimal: str | None = None
    ) -> Sample:
        """Take the first rows apart."""
        made = {}
        for i, name in enumerate(columns):
            cells = (row[i].strip() if i < len(row) else "" for row in head)
            made[name] = Column(name, tuple("" if c.lower() in BLANK else c for c in cells))
        texts = [c for col in made.values() if col.kind == "number" for c in col.filled[:50]]
        found = decimals.number_format(texts).decimal if texts else "."
        return cls(made, decimal or found)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())).cells) if self.columns else 0

    def values(self, name: str) -> list[float | None]:
        """Return a column's amounts; None where a cell has none."""
        if name not in self._numbers:
            self._numbers[name] = [_amount(c, self.decimal) for c in self.columns[name].cells]
        return self._numbers[name]

    def groups(self, name: str) -> dict[str, list[int]]:
        """Return value → rows that have it."""
        found: dict[str, list[int]] = defaultdict(list)
        for row, cell in enumerate(self.columns[name].cells):
            if cell:
                found[cell].append(row)
        return found

    def determines(self, key: str, other: str) -> tuple[float, int]:
        """Return in which share of the groups of ``key`` the other column is constant, and their number.

        Groups of one row, and blank cells, say nothing.
        """
        cells = self.columns[other].cells
        seen = constant = 0
        for rows in self.groups(key).values():
            here = {cells[row] for row in rows if cells[row]}
            if len(rows) > 1 and here:
                seen += 1
                constant += len(here) == 1
        return (constant / seen if seen else 1.0), seen


def _amount(cell: str, decimal: str) -> float | None:
    cell = cell.removesuffix("%").rstrip()
    if not cell or not numbers.looks_numeric(cell):
        return None
    digits = re.sub(r"[^\d.,]", "", re.sub(r"^[^\d.,-]*\.(?=\s)", "", cell))
    marks = [c for c in digits if c in ".,"]
    mark = digits[max(digits.rfind("."), digits.rfind(","))] if len(set(marks)) == 2 else decimal
    digits = digits.replace("," if mark == "." else ".", "").replace(",", ".")
    negative = cell.lstrip().startswith(("-", "(", "−")) or cell.rstrip().endswith("-")
    try:
        found = float(cell) if "e" in cell.lower() else float(digits)
    except ValueError:
        return None
    return -abs(found) if negative else found
