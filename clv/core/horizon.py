"""The months that a forecast looks ahead."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from clv.core.errors import SettingsError

if TYPE_CHECKING:
    from clv.core.schema import MonthSpan
    from clv.core.settings import Settings


@dataclass(frozen=True)
class Month:
    """One calendar month of the forecast, covering (start, end].

    Attributes
    ----------
    end_days
        Days from the as-of date to ``end``.
    discount
        Factor that turns value earned in the month into value as of today.
    """

    month: int
    start: date
    end: date
    end_days: int
    discount: float

    def as_dict(self) -> MonthSpan:
        """Return plain JSON types."""
        return {
            "month": self.month,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "discount": self.discount,
        }


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_of(as_of: date, settings: Settings) -> list[Month]:
    """Return the calendar months of the horizon: 12 months end on the same day next year.

    Value earned in month i is discounted by (1 + annual rate)^(-i / 12), the end of the month.
    """
    if as_of.year + settings.horizon_months // 12 >= date.max.year:
        msg = f"The as-of date {as_of} is too late to look {settings.horizon_months} months ahead."
        raise SettingsError(msg, "Set an earlier as-of date.")
    ends = [add_months(as_of, i) for i in range(settings.horizon_months + 1)]
    growth = 1 + settings.discount_rate
    return [
        Month(i, ends[i - 1], ends[i], (ends[i] - as_of).days, growth ** (-i / 12))
        for i in range(1, len(ends))
    ]
