"""Day-month or month-day: what the cells of a column tell, taken together.

Whoever writes dates in one style (separator, two-digit year, kind of clock) means one order. A style
without a day above 12 follows the other styles of its column; if they don't tell either, or contradict
themselves, somebody must be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.ingest.files.date_sql import folded, parts_of
from clv.ingest.files.writings import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clv.core.settings import DateOrder
    from clv.ingest.files.writings import Written

#: Separator, two-digit year, clock.
Style = tuple[str, bool, str]
#: Instead of an order: nothing tells it.
UNKNOWN: Final = "?"
_CONTRADICTION: Final = "!"
#: A style in which more than one of so many is the other way round has two authors.
_SLIPS: Final = 100
_MANY: Final = 10


@dataclass(frozen=True)
class Evidence:
    """What the cells of one style tell of their order.

    Attributes
    ----------
    first, second
        Cells whose first, whose second number is above 12.
    least, most, last
        The least and the greatest first number, the greatest third.
    same
        First and second number are always equal.
    day, month, example
        A cell with a great first number, one with a great second, and any.
    cells
        How many there are.
    """

    first: int
    second: int
    least: int
    most: int
    last: int
    same: bool
    day: str = ""
    month: str = ""
    example: str = ""
    cells: int = 0


def gather(cells: Iterable[Written]) -> dict[Style, Evidence]:
    """Return the evidence of numeric dates."""
    by_style: dict[Style, list[tuple[int, int, int]]] = {}
    for found in cells:
        parts = (int(found.parts["a"]), int(found.parts["b"]), int(found.parts["y"]))
        by_style.setdefault(found.style, []).append(parts)
    return {
        style: Evidence(
            sum(a > 12 for a, *_ in parts),
            sum(b > 12 for _, b, _ in parts),
            min(a for a, *_ in parts),
            max(a for a, *_ in parts),
            max(c for *_, c in parts),
            all(a == b for a, b, _ in parts),
        )
        for style, parts in by_style.items()
    }


def evidence_sql(cell: str, source: str) -> str:
    """Return a query: a row per style, with the style and the fields of `Evidence`.

    Parameters
    ----------
    cell, source
        The column, and the reader that has it.
    """
    fits = f"regexp_matches(t, {engine.text(PATTERNS['numeric'])})"
    return (
        "SELECT sep, short, clock, count(*) FILTER (a > 12), count(*) FILTER (b > 12), min(a), max(a), "
        "max(y), bool_and(a = b), arg_max(c, (a, c)), arg_max(c, (b, c)), min(c), count(*) FROM (SELECT c, "
        "g.sep AS sep, length(g.y) = 2 AS short, CASE WHEN g.ap1 || g.ap2 <> '' THEN '12' "
        "WHEN g.h <> '' THEN '24' ELSE '' END AS clock, try_cast(g.a AS INT) AS a, "
        "try_cast(g.b AS INT) AS b, try_cast(g.y AS INT) AS y "
        f"FROM (SELECT c, {parts_of('t', 'numeric')} AS g FROM (SELECT c, {folded('c')} AS t "
        f"FROM (SELECT trim({cell}) AS c FROM {source})) WHERE {fits})) WHERE least(a, b) BETWEEN 1 AND 12 GROUP BY ALL ORDER BY count(*) DESC, 1, 2, 3"
    )


def decide(evidence: Mapping[Style, Evidence], order: DateOrder | None = None) -> dict[Style, str]:
    """Return the order of each style, `UNKNOWN` where nothing tells.

    Parameters
    ----------
    order
        As the user said; it holds for all.
    """
    decided = {style: _decide(style, found, order) for style, found in evidence.items()}
    for style, found in decided.items():
        if found == UNKNOWN:
            sure = {
                o
                for (sep, short, _), o in decided.items()
                if sep != "." and short == style[1] and o in {"dmy", "mdy", "ymd"}
            }
            decided[style] = sure.pop() if len(sure) == 1 else UNKNOWN
    return {style: o.replace(_CONTRADICTION, UNKNOWN) for style, o in decided.items()}


def _decide(style: Style, found: Evidence, order: DateOrder | None) -> str:
    sep, short, _ = style
    if order == "ymd":
        return "ymd" if short else _by_days(found)
    if order:
        return order
    year = datetime.now(UTC).year % 100
    if short and _year_first(found, year):
        # In 22/01/31 the year comes first, for what comes last can be none.
        if found.last > year + 1:
            return "ymd"
        if found.first >= _MANY and sep != ".":  # That many days, and none up to the 12th?
            return UNKNOWN
    # Dates with points are day-month wherever they are in use.
    return "dmy" if sep == "." else _by_days(found)


def _year_first(found: Evidence, year: int) -> bool:
    return found.least > 12 and found.most <= year + 1 and not found.second


def _by_days(found: Evidence) -> str:
    few = max(found.first, found.second) // _SLIPS
    if found.first > few >= found.second:
        return "dmy"
    if found.second > few >= found.first:
        return "mdy"
    if found.first and found.second:
        return _CONTRADICTION
    return "dmy" if found.same else UNKNOWN


def doubt(evidence: Mapping[Style, Evidence]) -> tuple[str, str]:
    """Return why the order is not certain, and the options that settle it."""
    options = "--date-order dmy or --date-order mdy"
    for (_, short, _), found in evidence.items():
        if found.first and found.second:
            return f"'{found.day}' has the day first, '{found.month}' the month.", options
        if short and _year_first(found, datetime.now(UTC).year % 100):
            why = (
                f"'{found.example}' begins with the day or with the year, and no value decides it."
            )
            return why, "--date-order dmy or --date-order ymd"
    example = next((f.example for f in evidence.values() if not f.first and not f.second), "")
    why = f"'{example}' is day-month or month-day, and no value in the file decides it."
    return why, options
