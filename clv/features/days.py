"""Calendar days between moments, counted in a way that every engine knows."""

from __future__ import annotations

import narwhals as nw


def day_number(moment: nw.Expr) -> nw.Expr:
    """Return the day of a date or timestamp, counted as `datetime.date.toordinal` does.

    Spark knows no length of time between two timestamps, but years and days of the year.
    """
    year = moment.dt.year().cast(nw.Float64) - 1
    # Floats, since dividing whole numbers takes three times as long; all of these are exact.
    leap_days = (year / 4).floor() - (year / 100).floor() + (year / 400).floor()
    return (365 * year + leap_days).cast(nw.Int64) + moment.dt.ordinal_day().cast(nw.Int64)
