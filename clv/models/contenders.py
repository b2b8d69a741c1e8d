"""One protocol for everything that forecasts customers, so that a test can treat all alike.

Whoever forecasts at an origin may learn from two things, both known on that day: the customers as
they stand (`Known`), and the same customers as they stood one horizon earlier together with what
they have done since (`Past`). A probabilistic model learns from the first, a rule of thumb (or a
learner) from the second. Nobody is handed what comes after the origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Floats
    from clv.models.correction.traits import Rhythm
    from clv.models.histories import Histories


class Known(NamedTuple):
    """Customers as known on one day; arrays of shape (n,), days and currency units.

    Attributes
    ----------
    histories
        Row for row.
    monetary_value
        As `clv.features.rfm` defines it; 0 where there is none.
    mean_value
        Mean revenue of all ``frequency + 1`` purchase days.
    recent_purchases, recent_value
        Purchase days and revenue of the last ``recent_days`` days.
    recent_days
        Length of that period, best that of the horizon.
    log_gaps
        Sum, over all customers, of the logs of the days between consecutive purchase days; only
        `clv.models.purchase.cnbd` asks for it, to choose k.
    rhythm
        In a window of ``recent_days``; only a correction asks for it.
    """

    histories: Histories
    monetary_value: Floats
    mean_value: Floats
    recent_purchases: Floats
    recent_value: Floats
    recent_days: float
    log_gaps: float | None = None
    rhythm: Rhythm | None = None


class Past(NamedTuple):
    """The customers of an earlier day, and what they did in the ``days`` after it.

    Attributes
    ----------
    history
        As known on that day.
    purchases, value
        Shape (n,): purchase days and revenue within the following ``days`` days.
    days
        Length of that period.
    """

    history: Known
    purchases: Floats
    value: Floats
    days: float


class Forecast(NamedTuple):
    """What is expected of each customer within the horizon; shape (n,) each.

    Attributes
    ----------
    purchases, value
        Expected purchase days and their revenue, undiscounted.
    p_purchase
        Probability of at least one.
    """

    purchases: Floats
    p_purchase: Floats
    value: Floats


class Contender(Protocol):
    """Whatever forecasts customers."""

    @property
    def name(self) -> str:
        """How it is called in tables; another one for every contender of a test."""

    def learn(self, known: Known, past: Past | None) -> Self:
        """Learn from what is known on the day of the forecast; return self.

        ``past`` is None where the observed time is too short to look back one horizon.

        Raises
        ------
        FitError
            When the contender can't do without what is missing.
        """

    def forecast(self, known: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""

    def forecast_many(self, known: Known, horizons: Sequence[float]) -> list[Forecast]:
        """Forecast each customer for several lengths of time, at little more than the cost of one."""
