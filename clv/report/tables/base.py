"""What a table is: columns that know their cells, heading and format, and the rows they are of.

A table is designed once. A *page* draws cells that sort, *paper* (report and notebook) the same cells
as they are read; a terminal shows some of the columns, bare, under their keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from clv.core.formatting import (
    count,
    day,
    expected,
    money,
    percent,
    percent_number,
    to_date,
    with_unit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Of = str | Callable[[Any], Any]
    #: Mappings or objects, whatever `Column.of` understands.
    Rows = Sequence[Any]

Surface = Literal["page", "paper"]
#: What is in a column. ``money`` is whole on a page, ``amount`` to the cent; an ``expected`` number has
#: one decimal, a ``tally`` (and money with digits) only below 100, ``count`` and ``decimal`` as many as
#: `Column.digits` says, a ``figure`` four digits. ``share`` and ``change`` are
#: fractions, shown in percent; a ``chance`` is a share with a bar. A ``flag`` is a tick.
Kind = Literal[
    "text",
    "count",
    "money",
    "amount",
    "decimal",
    "figure",
    "expected",
    "tally",
    "share",
    "chance",
    "change",
    "day",
    "flag",
]

_WRITTEN: Final[dict[str, Callable[[Any], str]]] = {
    "text": str,
    "count": count,
    "money": money,
    "amount": money,
    "figure": "{:,.4g}".format,
    "expected": expected,
    "tally": expected,
    "share": percent,
    "chance": percent,
    "change": percent,
    "day": day,
}


def _short(value: float) -> float:
    """Round by size: whole numbers from 100 on, one decimal below."""
    return round(value, 0 if abs(value) >= 100 else 1)


_SORTED: Final[dict[str, Callable[[Any], Any]]] = {
    "money": round,
    "expected": lambda value: round(value, 1),
    "tally": _short,
    "share": percent_number,
    "chance": percent_number,
    "change": lambda value: 100 * value,
    "day": to_date,
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    of
        Key of the cell in its row, or a function from the row to the cell; None is a missing cell.
    heading
        Its name, with the currency where it is an amount.
    kind
        What the cells are.
    digits
        Decimals, where they are not those of the kind.
    unit
        Behind the heading on a page, where cells are bare numbers.
    help
        What the heading means, for whoever points at it.
    pinned
        Whether it stays in view when the table is scrolled.
    width
        As a page should have it, where it should not follow from the cells.
    words
        Whether it is read rather than compared: set to the left on paper.
    paper
        Its heading on paper, where that is another.
    on
        The only surface that shows it.
    """

    of: Of
    heading: str
    kind: Kind = "text"
    digits: int | None = None
    unit: str = ""
    help: str = ""
    pinned: bool = False
    width: Literal["small", "large"] | None = None
    words: bool = False
    paper: str = ""
    on: Surface | None = None

    def cell(self, row: Any) -> Any:  # noqa: ANN401 - rows are mappings or objects, of any module
        """Return a row's cell as it is."""
        if not isinstance(self.of, str):
            return self.of(row)
        return row[self.of] if isinstance(row, Mapping) else getattr(row, self.of)

    def written(self, row: Any) -> str | None:  # noqa: ANN401
        """Return a row's cell as it is read."""
        value = self.cell(row)
        if value is None:
            return None
        if self.kind == "decimal":
            return f"{value:,.{self.digits or 0}f}"
        return _WRITTEN[self.kind](value)

    def sorted(self, row: Any) -> Any:  # noqa: ANN401
        """Return a row's cell such that it sorts: a number, a day, or text."""
        value = self.cell(row)
        if value is not None and self.digits and self.kind in {"count", "money"}:
            return round(value, self.digits) if self.kind == "count" else _short(value)
        return value if value is None or self.kind not in _SORTED else _SORTED[self.kind](value)

    @property
    def titled(self) -> str:
        """The heading on a page."""
        return with_unit(self.heading, self.unit)


@dataclass(frozen=True)
class Table:
    """A table: what stands in it, in which order, and how.

    Attributes
    ----------
    columns
        From left to right.
    rows
        From top to bottom; what `Column.of` understands.
    title
        What it holds, in words.
    caption
        Below it on paper; empty for none.
    """

    columns: Sequence[Column]
    rows: Rows
    title: str = ""
    caption: str = ""

    def on(self, surface: Surface) -> list[Column]:
        """Return the columns that a page, or paper, shows; headings are those of that surface."""
        shown = [c for c in self.columns if c.on in {None, surface}]
        if surface == "paper":
            return [replace(c, heading=c.paper or c.heading) for c in shown]
        return [replace(c, heading=c.titled) for c in shown]


def ends(low: Of, high: Of, currency: str, level: str, meaning: str) -> list[Column]:
    """Return the columns of a value's range: two that sort on a page, one that is read on paper."""
    bottom = Column(low, with_unit("Low end", currency), "money", help=meaning, on="page")
    top = Column(high, with_unit("High end", currency), "money", help=meaning, on="page")

    def written(row: Any) -> str | None:  # noqa: ANN401
        between = [bottom.cell(row), top.cell(row)]
        return None if None in between else "\u2013".join(money(end) for end in between)

    return [bottom, top, Column(written, with_unit(f"{level} range", currency), on="paper")]
