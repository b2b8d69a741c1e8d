"""Rules of thumb that every model must beat, and that forecast where none does.

Analysts and spreadsheets forecast like this; on some files nothing fitted does better (Wübben & von
Wangenheim 2008, Instant Customer Base Analysis: Managerial Heuristics Often "Get It Right", Journal
of Marketing 72(3)). What a rule says for one length of time is carried over to another in proportion
(purchases, value) or at the same chance a day (probability).

All are `clv.models.contenders.Contender`. Those that look at nothing but the history are purchase
models as well, read as follows. Whoever the rule calls active *is* active; of the others, as many as
buy less often than the active ones do: their chance of buying within the rule's period, over that of
the active. Nobody leaves any more. Somebody active buys at a constant rate, so that

    purchases = p_alive * purchases_if_active

is the rule's own forecast, and so is ``p_purchase``, carried over to other horizons at the same chance
a day. Far beyond the rule's period that chance can exceed ``p_alive``: a rule knows of no end.

That few buy but these several times (mean m, P(none) above exp(-m)) is a rate that differs between
customers: gamma with the shape that gives both numbers, hence negative binomial counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.base import PurchaseScores
from clv.models.contenders import Forecast
from clv.models.fitting.fitted import number
from clv.models.fitting.inputs import check_quantile, side_by_side, times_ahead
from clv.models.fitting.likelihood_model import LONGEST_WAIT
from clv.models.purchase.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Bools, Floats
    from clv.models.contenders import Known, Past
    from clv.models.histories import Histories

#: From this shape on a gamma-distributed rate is one number for all.
NO_SPREAD: Final = 1e9
_HALVINGS: Final = 100


class Means(NamedTuple):
    """What the customers of one group did on average within ``days`` days."""

    purchases: float
    p_purchase: float
    value: float
    days: float

    @classmethod
    def of(cls, past: Past, rows: Bools) -> Self:
        """Average over some rows; over all where there is none."""
        counts = past.history.histories.weights * (rows if rows.any() else True)
        share = counts / counts.sum()
        bought, value = float(share @ past.purchases), float(share @ past.value)
        return cls(bought, float(share @ (past.purchases > 0)), value, past.days)

    @classmethod
    def restored(cls, numbers: Mapping[str, float | None], prefix: str = "") -> Self:
        """Take them from a model card, which knows of no values."""
        purchases, chance, days = (
            number(numbers[prefix + key], key) for key in ("purchases", "p_purchase", "days")
        )
        return cls(purchases, chance, 0.0, days)

    def numbers(self, prefix: str = "") -> dict[str, float | None]:
        """Return what a model card keeps of them."""
        named = self._asdict()
        return {prefix + key: float(named[key]) for key in ("purchases", "p_purchase", "days")}

    def over(self, days: float) -> Forecast:
        """Carry over to another length of time; arrays without a dimension."""
        share = days / self.days
        chance = -np.expm1(share * np.log1p(-min(self.p_purchase, 1 - 1e-12)))
        figures = (share * self.purchases, chance, share * self.value)
        return Forecast(*(np.asarray(v, dtype=float) for v in figures))


class Rule:
    """A rule of thumb: a contender to whom a length of time costs nothing."""

    name: ClassVar[str]

    def learn(self, known: Known, past: Past | None) -> Self:
        """Learn from what customers did in the last period; return self.

        Raises
        ------
        FitError
            When the rule needs a past and there is none.
        """
        raise NotImplementedError

    def forecast(self, known: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        raise NotImplementedError

    def forecast_many(self, known: Known, horizons: Sequence[float]) -> list[Forecast]:
        """Forecast each customer for several lengths of time."""
        return [self.forecast(known, days) for days in horizons]


class SamePeriod(Rule):
    """Each customer does again what they did in the last period of the same length.

    The probability of buying is the share that bought again, one period earlier: among customers
    who had bought in the period before, and among the others.
    """

    name: ClassVar[str] = "same-period"

    def learn(self, known: Known, past: Past | None) -> Self:
        """Learn the two shares; without a past they are 1 and 0."""
        del known
        self.again_, self.back_ = Means(1, 1, 1, 1), Means(0, 0, 0, 1)
        if past is not None and past.purchases.size:
            bought = past.history.recent_purchases > 0
            self.again_, self.back_ = Means.of(past, bought), Means.of(past, ~bought)
        return self

    def forecast(self, known: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        share = float(times_ahead(days)) / known.recent_days
        chances = self.again_.over(days).p_purchase, self.back_.over(days).p_purchase
        return Forecast(
            share * known.recent_purchases,
            np.where(known.recent_purchases > 0, *chances),
            share * known.recent_value,
        )


class RuleModel(Rule):
    """A rule that looks at histories alone: a `clv.models.base.PurchaseModel`; times in days.

    Attributes
    ----------
    customers_
        Customers it forecasts.
    """

    customers_: float

    # -- the rule itself -----------------------------------------------------------------------------

    def _learn(self, past: Past | None) -> None:
        """Learn the rule's numbers; as `learn`."""

    def _says(self, histories: Histories, days: float) -> tuple[Floats, Floats]:
        """Return purchases and P(at least one), whether active or not; shape (n,) each."""
        raise NotImplementedError

    def _value(self, known: Known, days: float, purchases: Floats) -> Floats:
        """Return what these purchases are worth, shape (n,)."""
        raise NotImplementedError

    def _of_active(self, days: float) -> Forecast | None:
        """Return the rule's forecast for whoever is active for certain; None where all are."""
        del days
        return None

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return 1.0

    def _numbers(self) -> dict[str, float | None]:
        """Return the rule's fitted numbers by name."""
        return {}

    def _restore(self, numbers: Mapping[str, float | None]) -> None:
        """Take them over again."""

    # -- as a contender ------------------------------------------------------------------------------

    def learn(self, known: Known, past: Past | None) -> Self:
        """Learn the rule's numbers from the past.

        Raises
        ------
        FitError
            When the rule needs a past and there is none.
        """
        del known
        self._learn(past)
        return self

    def forecast(self, known: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        purchases, chance = self._says(known.histories, float(times_ahead(days)))
        return Forecast(purchases, chance, self._value(known, days, purchases))

    # -- as a purchase model -------------------------------------------------------------------------

    def fit(self, histories: Histories, /, *, past: Past | None = None, **clues: Any) -> Self:
        """Learn the rule's numbers.

        Parameters
        ----------
        histories
            The customers as they stand; a rule learns nothing from them.
        past
            The same customers one period earlier, and what they have done since.
        **clues
            What other models look at.

        Raises
        ------
        FitError
            When the rule needs a past and there is none.
        """
        del clues
        self._learn(past)
        self.customers_ = float(histories.weights.sum())
        return self

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(active at T), shape (n,): the chance of buying over that of the active."""
        active = self._of_active(self.period())
        if active is None:
            return np.ones(len(histories))
        (_, own), best = self._says(histories, self.period()), float(active.p_purchase)
        return np.where(own >= best, 1.0, own / max(best, np.finfo(float).tiny))

    def if_active(self, histories: Histories, days: float) -> tuple[Floats, Floats]:
        """Return purchases expected, and P(at least one), within ``days`` of who is active."""
        alive = self.probability_alive(histories)
        purchases, chance = self._says(histories, float(times_ahead(days)))
        active = self._of_active(days)
        if active is None:
            return purchases, chance
        there, safe = alive > 0, np.where(alive > 0, alive, 1.0)
        return (
            np.where(there, purchases / safe, active.purchases),
            np.where(there, np.minimum(chance / safe, 1.0), active.p_purchase),
        )

    def _chance_a_day(self, histories: Histories) -> Floats:
        """Return -log P(no purchase tomorrow | active), shape (n,)."""
        active = self._of_active(1.0)
        _, chance = self._says(histories, 1.0)
        if active is not None:
            chance = np.maximum(chance, active.p_purchase)
        result: Floats = -np.log1p(-chance)
        return result

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h).

        Every day has the same chance, so it is that of a span of the same length from now on.
        """
        spans = np.diff(times_ahead(edges))
        chances = [self.if_active(histories, float(span))[1] for span in spans]
        return side_by_side(chances, len(histories))

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile q of the wait of an active customer, at most ``LONGEST_WAIT``.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        level = np.broadcast_to(check_quantile(q), len(histories))
        return _wait(level, self._chance_a_day(histories))

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the quantile of the wait after the last purchase, as known on that day."""
        return self.wait_if_alive(replace(histories, T=histories.recency), q)

    def probability_alive_after(self, histories: Histories, times: ArrayLike) -> Floats:
        """Return P(active at T + t), shape (n, h): as now."""
        return np.tile(self.probability_alive(histories)[:, None], (1, times_ahead(times).size))

    def score(self, histories: Histories, horizons: ArrayLike) -> PurchaseScores:
        """Forecast n histories at h horizons; purchases and p_purchase are the rule's own.

        ``p_silent`` and the median wait are of somebody active, who has the same chance every day.
        """
        n = len(histories)
        times = np.atleast_1d(times_ahead(horizons))
        said = [self._says(histories, float(t)) for t in times]
        active = [self.if_active(histories, float(t))[0] for t in times]
        then = replace(histories, T=histories.recency)
        return PurchaseScores(
            p_alive=self.probability_alive(histories),
            p_purchase=side_by_side([chance for _, chance in said], n),
            purchases=side_by_side([purchases for purchases, _ in said], n),
            next_order_days=self.wait_if_alive(histories),
            purchases_if_active=side_by_side(active, n),
            p_silent=np.exp(-(self._chance_a_day(then) * histories.silence)),
        )

    def draw(self, histories: Histories, rng: np.random.Generator) -> Draws:
        """Draw each customer: active or not, and if so with a rate of their own; nobody leaves."""
        days = self.period()
        mean, chance = self.if_active(histories, days)
        shape = gamma_shape(mean, chance)
        rate = mean / days * (rng.standard_gamma(shape) / shape)
        alive = rng.random(mean.size) < self.probability_alive(histories)
        return Draws(rate, np.zeros(mean.size), alive, last_is_purchase=False)

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        numbers = self._numbers()
        return {
            "name": self.name,
            "parameters": numbers,
            "standard_errors": dict.fromkeys(numbers),
            "log_likelihood": None,
            "customers": self.customers_,
            "converged": True,
            "at_bound": [],
        }

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`: forecasts are the same to the last bit."""
        model = cls()
        model._restore(card["parameters"])
        model.customers_ = float(card["customers"])
        return model


class PopulationMean(RuleModel):
    """Every customer does what the average customer did in the last period; all are active.

    Attributes
    ----------
    means_
        What the average customer did.
    """

    name: ClassVar[str] = "population-mean"
    means_: Means

    def _learn(self, past: Past | None) -> None:
        past = _needed(past)
        self.means_ = Means.of(past, np.ones(past.purchases.size, dtype=bool))

    def _says(self, histories: Histories, days: float) -> tuple[Floats, Floats]:
        one, n = self.means_.over(days), len(histories)
        return np.full(n, one.purchases), np.full(n, one.p_purchase)

    def _value(self, known: Known, days: float, purchases: Floats) -> Floats:
        del known
        return np.full(purchases.size, self.means_.over(days).value)

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return float(self.means_.days)

    def _numbers(self) -> dict[str, float | None]:
        return self.means_.numbers()

    def _restore(self, numbers: Mapping[str, float | None]) -> None:
        self.means_ = Means.restored(numbers)


class RateSoFar(RuleModel):
    """Each customer goes on at the rate so far, ``x / T``, Poisson; all are active.

    A purchase is worth the mean of the repeat purchases. How long somebody may be silent is judged by
    the rate at the last purchase, ``x / t_x``.
    """

    name: ClassVar[str] = "rate-so-far"

    def _says(self, histories: Histories, days: float) -> tuple[Floats, Floats]:
        rate = histories.frequency / np.where(histories.T > 0, histories.T, 1.0)
        purchases = rate * days
        return purchases, -np.expm1(-purchases)

    def _value(self, known: Known, days: float, purchases: Floats) -> Floats:
        del days
        return purchases * known.monetary_value


class RecencyRule(RuleModel):
    """Who bought within the last N days is active, the others may be; nothing else matters.

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
    days_: float
    active_: Means
    inactive_: Means

    def _learn(self, past: Past | None) -> None:
        past = _needed(past)
        silence = past.history.histories.silence
        counts = past.history.histories.weights
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

    def _both(self, histories: Histories, days: float) -> Forecast:
        active = histories.silence <= self.days_
        both = zip(self.active_.over(days), self.inactive_.over(days), strict=True)
        return Forecast(*(np.where(active, yes, no) for yes, no in both))

    def _says(self, histories: Histories, days: float) -> tuple[Floats, Floats]:
        both = self._both(histories, days)
        return both.purchases, both.p_purchase

    def _value(self, known: Known, days: float, purchases: Floats) -> Floats:
        del purchases
        return self._both(known.histories, days).value

    def _of_active(self, days: float) -> Forecast | None:
        return self.active_.over(days)

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return float(self.active_.days)

    def _numbers(self) -> dict[str, float | None]:
        return {
            "within_days": self.days_ if np.isfinite(self.days_) else None,
            **self.active_.numbers("active_"),
            **self.inactive_.numbers("inactive_"),
        }

    def _restore(self, numbers: Mapping[str, float | None]) -> None:
        within = numbers["within_days"]
        self.days_ = np.inf if within is None else float(within)
        self.active_ = Means.restored(numbers, "active_")
        self.inactive_ = Means.restored(numbers, "inactive_")


#: In the order of a table: from the least that a model must beat to the most.
HEURISTICS: Final[tuple[type[Rule], ...]] = (PopulationMean, RateSoFar, SamePeriod, RecencyRule)


def _needed(past: Past | None) -> Past:
    if past is None or not past.purchases.size:
        msg = "There is no earlier period of the same length to learn from."
        raise FitError(msg)
    return past


def gamma_shape(mean: Floats, chance: Floats) -> Floats:
    """Return the shape of a gamma-distributed rate that gives mean counts and P(at least one).

    ``P(none) = (1 + mean / shape)^-shape``, solved by bisection; ``NO_SPREAD`` where customers who
    are all alike buy nothing as often as that, or more often. Shape (n,) each.
    """
    with np.errstate(divide="ignore"):
        silent = -np.log1p(-np.minimum(chance, 1.0))
    differ = (silent > 0) & (silent < mean * (1 - 1e-9))
    ratio = np.where(differ, silent / np.where(mean > 0, mean, 1.0), 1.0)
    # log1p(y) / y falls from 1 to 0 in y = mean / shape.
    low, high = np.full(ratio.shape, -30.0), np.full(ratio.shape, 60.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = np.log1p(np.exp(middle)) / np.exp(middle) > ratio
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    shape = np.where(differ, mean / np.exp(low), NO_SPREAD)
    return np.minimum(shape, NO_SPREAD)


def _wait(level: Floats, chance: Floats) -> Floats:
    """Return the quantile of an exponential wait, 0 at level 0, at most ``LONGEST_WAIT``."""
    with np.errstate(divide="ignore", over="ignore"):
        wait = -np.log1p(-level) / np.maximum(chance, np.finfo(float).tiny)
    bounded: Floats = np.minimum(wait, LONGEST_WAIT)
    return bounded
