"""The season, as a change of time.

Customers buy s times as fast on a day whose calendar month has the index s. So time is measured by
the busyness of the shop instead of by the clock: **operational time** runs s days a day, a year of it
has as many days as any other. In operational time nobody has a season, and every model of the package
holds as it is. A customer's birthday is the as-of day less T, so for a fixed as-of day the triple
(frequency, recency, T) says on which calendar days the customer came and last bought: its operational
version is a function of it, and whatever is computed once per distinct triple still is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike

    from clv.core.schema import SeasonRecord
    from clv.core.types import Floats
    from clv.models.histories import Histories


#: Days of the calendar months in an average year.
MONTH_DAYS: Final = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
#: Years before and after the as-of day whose months are told apart; further away every day is an
#: average one.
REACH: Final = 100


def by_the_year(index: ArrayLike) -> Floats:
    """Return twelve monthly indices with mean 1 over the days of a year."""
    values = np.asarray(index, dtype=float)
    result: Floats = values * MONTH_DAYS.sum() / (MONTH_DAYS @ values)
    return result


class Clock(NamedTuple):
    """Operational time around an as-of day: piecewise linear between ends of months.

    Attributes
    ----------
    days
        Shape (k,), ascending: ends of months in days after the as-of day.
    passed
        Shape (k,): operational days from the as-of day until then.
    """

    days: Floats
    passed: Floats

    def at(self, days: ArrayLike) -> Floats:
        """Return the operational days until so many days after the as-of day; both may be negative."""
        return _beyond(days, self.days, self.passed)

    def days_at(self, passed: ArrayLike) -> Floats:
        """Return the days after the as-of day until so many operational days have passed."""
        return _beyond(passed, self.passed, self.days)


def _beyond(values: ArrayLike, known: Floats, answers: Floats) -> Floats:
    """Interpolate; beyond the ends go on with slope 1."""
    v = np.asarray(values, dtype=float)
    inside = np.interp(v, known, answers)
    with np.errstate(invalid="ignore"):
        after = np.where(v > known[-1], v - known[-1], 0.0)
        before = np.where(v < known[0], v - known[0], 0.0)
    result: Floats = inside + after + before
    return result


@dataclass(frozen=True)
class Season:
    """How much more, or less, is bought in a calendar month than in an average one.

    Attributes
    ----------
    indices
        January to December, positive; their mean over the days of a year is 1.
    errors
        Standard errors of the indices, same order.
    purchases
        Repeat purchases that they were estimated from.
    years
        Years that these cover.
    typical
        Standard deviation among months that was found, in the logarithm; indices are shrunk
        towards 1 by how it compares with each month's own uncertainty.
    dispersion
        Variance of a month's purchases over its mean beyond season and trend, at least 1.
    trend
        Rise of purchases beyond the model's expectation, in the logarithm and per year.
    """

    indices: tuple[float, ...]
    errors: tuple[float, ...] = (0.0,) * 12
    purchases: int = 0
    years: float = 0.0
    typical: float = 0.0
    dispersion: float = 1.0
    trend: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no season.

        Raises
        ------
        ValueError
            When there aren't twelve positive indices with mean 1 over the days of a year.
        """
        index = np.array(self.indices, dtype=float)
        if index.shape != (12,) or not (np.isfinite(index).all() and (index > 0).all()):
            msg = "A season has twelve positive indices, January to December."
            raise ValueError(msg)
        if not np.allclose(by_the_year(index), index, rtol=1e-9, atol=0):
            msg = "The mean of a season's indices over the days of a year must be 1."
            raise ValueError(msg)

    @property
    def told_apart(self) -> bool:
        """Whether two years or more were seen, so that a trend is not taken for a season."""
        return self.years >= TWO_YEARS

    def clock(self, as_of: date) -> Clock:
        """Return operational time around a day."""
        return _clock(self.indices, as_of)

    def elapsed(self, start_days: ArrayLike, end_days: ArrayLike, as_of: date) -> Floats:
        """Return the operational days in (start, end]; arguments broadcast.

        Parameters
        ----------
        start_days, end_days
            Days after ``as_of``, negative before it; fractions of days too.
        """
        clock = self.clock(as_of)
        return clock.at(end_days) - clock.at(start_days)

    def days_ahead(self, operational: ArrayLike, as_of: date) -> Floats:
        """Return the calendar days after ``as_of`` until so many operational days have passed."""
        return self.clock(as_of).days_at(operational)

    def histories(self, histories: Histories, as_of: date) -> Histories:
        """Return histories in operational time."""
        clock = self.clock(as_of)
        born = clock.at(-histories.T)
        recency = clock.at(-histories.silence) - born
        return replace(histories, recency=recency, T=-born)

    def as_dict(self) -> SeasonRecord:
        """Return plain JSON types."""
        return {
            "indices": list(self.indices),
            "errors": list(self.errors),
            "purchases": self.purchases,
            "years": self.years,
            "typical": self.typical,
            "dispersion": self.dispersion,
            "trend": self.trend,
        }

    @classmethod
    def from_dict(cls, stored: SeasonRecord) -> Self:
        """Rebuild from `as_dict`."""
        return cls(
            tuple(float(v) for v in stored["indices"]),
            tuple(float(v) for v in stored["errors"]),
            purchases=stored["purchases"],
            years=stored["years"],
            typical=stored["typical"],
            dispersion=stored["dispersion"],
            trend=stored["trend"],
        )


#: From here on, in years, a month has been seen twice wherever the file begins.
TWO_YEARS: Final = 2 - 7 / 365.25


#: No season: operational time is calendar time.
NONE: Final = Season((1.0,) * 12)


@lru_cache(maxsize=64)
def _clock(indices: tuple[float, ...], as_of: date) -> Clock:
    today = np.datetime64(as_of, "D")
    month = today.astype("datetime64[M]")
    firsts = np.arange(month - 12 * REACH, month + 12 * REACH + 2)
    # Today among them: nothing passes until today, to the last bit.
    days = np.union1d((firsts.astype("datetime64[D]") - 1 - today).astype(float), 0.0)
    ending = (today + days[1:].astype(int)).astype("datetime64[M]").astype(int) % 12
    steps = np.array(indices)[ending] * np.diff(days)
    past = days[1:] <= 0
    behind = -np.cumsum(steps[past][::-1])[::-1]
    clock = Clock(days, np.concatenate([behind, [0.0], np.cumsum(steps[~past])]))
    for array in clock:
        array.flags.writeable = False
    return clock
