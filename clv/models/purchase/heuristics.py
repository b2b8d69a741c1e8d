"""Rules of thumb that every model must beat.

Analysts and spreadsheets forecast like this; on some files nothing fitted does better (Wübben & von
Wangenheim 2008, Instant Customer Base Analysis: Managerial Heuristics Often "Get It Right", Journal
of Marketing 72(3)). All are `clv.models.contenders.Contender`. What a rule says for one length of
time is carried over to another in proportion (purchases, value) or at the same chance a day
(probability).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.contenders import Forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Bools
    from clv.models.contenders import Known, Past


class Means(NamedTuple):
    """What the customers of one group did on average within ``days`` days."""

    purchases: float
    p_purchase: float
    value: float
    days: float

    @classmethod
    def of(cls, past: Past, rows: Bools) -> Self:
        """Average over some rows; over all where there is none."""
        counts = past.history.counts() * (rows if rows.any() else True)
        share = counts / counts.sum()
        bought, value = float(share @ past.purchases), float(share @ past.value)
        return cls(bought, float(share @ (past.purchases > 0)), value, past.days)

    def over(self, days: float) -> Forecast:
        """Carry over to another length of time; arrays without a dimension."""
        share = days / self.days
        chance = -np.expm1(share * np.log1p(-min(self.p_purchase, 1 - 1e-12)))
        figures = (share * self.purchases, chance, share * self.value)
        return Forecast(*(np.asarray(v, dtype=float) for v in figures))


class Rule:
    """What all rules share: a length of time costs them nothing."""

    def score(self, history: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        raise NotImplementedError

    def score_many(self, history: Known, horizons: Sequence[float]) -> list[Forecast]:
        """Forecast each customer for several lengths of time."""
        return [self.score(history, days) for days in horizons]


class PopulationMean(Rule):
    """Every customer does what the average customer did in the last period."""

    name: ClassVar[str] = "population-mean"

    def fit(self, history: Known, past: Past | None) -> Self:
        """Average over the last period.

        Raises
        ------
        FitError
            Without a past.
        """
        del history
        past = _needed(past)
        self.means_ = Means.of(past, np.ones(past.purchases.size, dtype=bool))
        return self

    def score(self, history: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        one = self.means_.over(days)
        return Forecast(*(np.full(history.frequency.size, figure) for figure in one))


class SamePeriod(Rule):
    """Each customer does again what they did in the last period of the same length.

    The probability of buying is the share that bought again, one period earlier: among customers
    who had bought in the period before, and among the others.
    """

    name: ClassVar[str] = "same-period"

    def fit(self, history: Known, past: Past | None) -> Self:
        """Learn the two shares; without a past they are 1 and 0."""
        del history
        self.again_, self.back_ = Means(1, 1, 1, 1), Means(0, 0, 0, 1)
        if past is not None and past.purchases.size:
            bought = past.history.recent_purchases > 0
            self.again_, self.back_ = Means.of(past, bought), Means.of(past, ~bought)
        return self

    def score(self, history: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        share = days / history.recent_days
        chances = self.again_.over(days).p_purchase, self.back_.over(days).p_purchase
        return Forecast(
            share * history.recent_purchases,
            np.where(history.recent_purchases > 0, *chances),
            share * history.recent_value,
        )


class RateSoFar(Rule):
    """Each customer goes on at the rate so far, ``x / T``; nobody ever leaves.

    The probability of buying is that of a Poisson process with this rate; a purchase is worth the
    mean of the repeat purchases.
    """

    name: ClassVar[str] = "rate-so-far"

    def fit(self, history: Known, past: Past | None) -> Self:
        """Return self: there is nothing to learn."""
        del history, past
        return self

    def score(self, history: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        rate = history.frequency / np.where(history.T > 0, history.T, 1.0)
        purchases = rate * days
        return Forecast(purchases, -np.expm1(-purchases), purchases * history.monetary_value)


class RecencyRule(Rule):
    """Who bought within the last N days is active, the others are not; nothing else matters.

    N is what would have told buyers from others best one period earlier: the smallest Brier score
    when either group is given its own share of buyers. Each group is forecast its own mean.

    Attributes
    ----------
    days_
        N: active is whose last purchase is at most so many days ago. Infinite if no N tells more
        than none.
    active_, inactive_
        The two groups' means.
    """

    name: ClassVar[str] = "recency-rule"

    def fit(self, history: Known, past: Past | None) -> Self:
        """Choose N and average over the groups.

        Raises
        ------
        FitError
            Without a past.
        """
        del history
        past = _needed(past)
        silence = past.history.T - past.history.recency
        counts = past.history.counts()
        days, place = np.unique(silence, return_inverse=True)
        customers = np.cumsum(np.bincount(place, counts))
        buyers = np.cumsum(np.bincount(place, counts * (past.purchases > 0)))
        # The Brier score of a group that is given its own share p is its size times p (1 - p).
        others, others_bought = customers[-1] - customers, buyers[-1] - buyers
        safe = np.where(others > 0, others, 1.0)
        brier = buyers * (1 - buyers / customers) + others_bought * (1 - others_bought / safe)
        best = int(np.argmin(brier))
        self.days_ = float(days[best]) if brier[best] < brier[-1] else np.inf
        self.active_ = Means.of(past, silence <= self.days_)
        self.inactive_ = Means.of(past, silence > self.days_)
        return self

    def score(self, history: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        active = history.T - history.recency <= self.days_
        both = zip(self.active_.over(days), self.inactive_.over(days), strict=True)
        return Forecast(*(np.where(active, yes, no) for yes, no in both))


def _needed(past: Past | None) -> Past:
    if past is None or not past.purchases.size:
        msg = "There is no earlier period of the same length to learn from."
        raise FitError(msg)
    return past


#: In the order of a table: from the least that a model must beat to the most.
HEURISTICS: tuple[type[PopulationMean | RateSoFar | SamePeriod | RecencyRule], ...] = (
    PopulationMean,
    RateSoFar,
    SamePeriod,
    RecencyRule,
)
