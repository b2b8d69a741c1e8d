"""Calendar periods as whole numbers: months, quarters, ISO weeks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

import narwhals as nw

from clv.features.days import day_number

if TYPE_CHECKING:
    from collections.abc import Mapping

Grain = Literal["month", "quarter", "week"]

#: Periods in the year over which a customer's value is told.
A_YEAR: Final[Mapping[Grain, int]] = {"month": 12, "quarter": 4, "week": 52}
#: What `mark_column` counts in a period: months, or the days of a week.
STEP: Final[Mapping[Grain, int]] = {"month": 1, "quarter": 3, "week": 7}
#: A Monday, from which weeks are counted.
_MONDAY: Final = date(1900, 1, 1)


def period_of(day: date, grain: Grain) -> int:
    """Return the number of the period that holds a day; numbers of following periods follow."""
    if grain == "week":
        return (day - _MONDAY).days // 7
    if grain == "quarter":
        return day.year * 4 + (day.month - 1) // 3
    return day.year * 12 + day.month - 1


def period_start(period: int, grain: Grain) -> date:
    """Return a period's first day."""
    if grain == "week":
        return _MONDAY + timedelta(weeks=int(period))
    parts = A_YEAR[grain]
    year, part = divmod(int(period), parts)
    return date(year, part * (12 // parts) + 1, 1)


def period_end(period: int, grain: Grain) -> date:
    """Return a period's last day."""
    return period_start(period + 1, grain) - timedelta(days=1)


def period_name(period: int, grain: Grain) -> str:
    """Return a period's name, ISO where there is one: ``2017-12``, ``2017-Q4``, ``2017-W49``."""
    start = period_start(period, grain)
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if grain == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return f"{start.year}-{start.month:02d}"


def mark_column(day: nw.Expr, grain: Grain) -> nw.Expr:
    """Return a whole number for each day's period: `period_of` × `STEP`.

    ``day`` holds timestamps at midnight. Dividing by `STEP` is left to `period_column`, after
    grouping: on millions of rows it would take longer than all the rest.
    """
    if grain == "week":
        since = day_number(day) - _MONDAY.toordinal()
        return since - since % STEP[grain]
    start = day.dt.truncate("1q") if grain == "quarter" else day
    return start.dt.year().cast(nw.Int64) * 12 + start.dt.month().cast(nw.Int64) - 1


def period_column(mark: nw.Expr, grain: Grain) -> nw.Expr:
    """Return `period_of` for what `mark_column` returned."""
    return (mark // STEP[grain]).cast(nw.Int64)
