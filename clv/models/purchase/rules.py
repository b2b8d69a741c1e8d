"""Rules of thumb as purchase models: what a run needs of them, from (frequency, recency, T) alone.

The rules themselves are those of `clv.models.purchase.heuristics`; here they answer what a purchase model is
asked. They are read as follows. Whoever the rule calls active *is* active; of the others, as many as
buy less often than the active ones do: their chance of buying within the rule's period, over that of
the active. Nobody leaves any more. Somebody active buys at a constant rate, so that

    purchases = p_alive * purchases_if_active

is the rule's own forecast, and so is ``p_purchase``, carried over to other horizons at the same chance
a day. Far beyond the rule's period that chance can exceed ``p_alive``: a rule knows of no end.

That few buy but these several times (mean m, P(none) above exp(-m)) is a rate that differs between
customers: gamma with the shape that gives both numbers, hence negative binomial counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from clv.models.base import PurchaseScores
from clv.models.contenders import Known
from clv.models.fitting.inputs import (
    check_quantile,
    check_triples,
    like,
    needed_recency,
    side_by_side,
    weights_of,
)
from clv.models.purchase.beta_geo import LONGEST_WAIT
from clv.models.purchase.draws import Draws
from clv.models.purchase.heuristics import Means, PopulationMean, RateSoFar, RecencyRule

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.contenders import Forecast, Past

#: From this shape on a gamma-distributed rate is one number for all.
NO_SPREAD: Final = 1e9
_HALVINGS: Final = 100


class RuleModel:
    """A fitted rule of thumb as a `clv.models.base.PurchaseModel`; times in days.

    Attributes
    ----------
    rule_
        The fitted rule.
    customers_
        Customers it forecasts.
    """

    name: ClassVar[str]
    rule: ClassVar[type[PopulationMean | RateSoFar | RecencyRule]]

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        past: Past | None = None,
        **options: Any,
    ) -> Self:
        """Learn the rule's numbers.

        Parameters
        ----------
        frequency, recency, T, weights
            The customers as they stand; a rule learns nothing from them.
        past
            The same customers one period earlier, and what they have done since.
        **options
            What other models are given.

        Raises
        ------
        FitError
            When the rule needs a past and there is none.
        """
        del options
        x, t_x, age = check_triples(frequency, recency, T)
        self.rule_: Any = self.rule().fit(_known(x, t_x, age), past)
        self.customers_ = float(weights_of(weights, x.size).sum())
        return self

    def _says(self, x: Floats, t_x: Floats, age: Floats, days: float) -> Forecast:
        """Return the rule's own forecast, whether they are active or not; shape (n,) each."""
        said: Forecast = self.rule_.score(_known(x, t_x, age), days)
        return said

    def _of_active(self, days: float) -> Forecast | None:
        """Return the rule's forecast for whoever is active for certain; None where all are."""
        del days
        return None

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return 1.0

    # -- one quantity at a time ------------------------------------------------------------------

    def conditional_probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Return P(active at T), shape (n,): the chance of buying over that of the active."""
        triples = _flat(frequency, recency, T)
        active = self._of_active(self.period())
        if active is None:
            return np.ones(triples[0].size)
        own, best = self._says(*triples, self.period()).p_purchase, float(active.p_purchase)
        return np.where(own >= best, 1.0, own / max(best, np.finfo(float).tiny))

    def if_active(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, days: float
    ) -> tuple[Floats, Floats]:
        """Return purchases expected, and P(at least one), within ``days`` of who is active."""
        triples = _flat(frequency, recency, T)
        alive, own = self.conditional_probability_alive(*triples), self._says(*triples, days)
        active = self._of_active(days)
        if active is None:
            return own.purchases, own.p_purchase
        there, safe = alive > 0, np.where(alive > 0, alive, 1.0)
        return (
            np.where(there, own.purchases / safe, active.purchases),
            np.where(there, np.minimum(own.p_purchase / safe, 1.0), active.p_purchase),
        )

    def _chance_a_day(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Return -log P(no purchase tomorrow | active), shape (n,)."""
        active = self._of_active(1.0)
        chance = self._says(x, t_x, age, 1.0).p_purchase
        if active is not None:
            chance = np.maximum(chance, active.p_purchase)
        result: Floats = -np.log1p(-chance)
        return result

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h).

        Every day has the same chance, so it is that of a span of the same length from now on.
        """
        spans = np.diff(np.asarray(edges, dtype=float))
        triples = frequency, needed_recency(recency), T
        chances = [self.if_active(*triples, float(span))[1] for span in spans]
        return side_by_side(chances, np.size(frequency))

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the wait of an active customer, at most ``LONGEST_WAIT``.

        Raises
        ------
        ValueError
            When q is not in [0, 1), or without recency.
        """
        level = check_quantile(q)
        x, t_x, age, level = np.broadcast_arrays(
            *map(_float, (frequency, needed_recency(recency), T)), level
        )
        chance = self._chance_a_day(*_flat(x, t_x, age)).reshape(x.shape)
        return like(_wait(level, chance), frequency, T, q)

    def due(self, frequency: ArrayLike, recency: ArrayLike, q: ArrayLike = 0.9) -> Any:
        """Return the quantile of the wait after the last purchase, as known on that day."""
        return self.wait_if_alive(frequency, recency, q, recency=recency)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(active at T + t), shape (n, h): as now."""
        alive = self.conditional_probability_alive(frequency, recency, T)
        return np.tile(alive[:, None], (1, np.size(times)))

    # -- all customers at once -------------------------------------------------------------------

    def score(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, horizons: ArrayLike
    ) -> PurchaseScores:
        """Forecast n triples at h horizons; purchases and p_purchase are the rule's own.

        ``p_silent`` and the median wait are of somebody active, who has the same chance every day.
        """
        x, t_x, age = _flat(frequency, recency, T)
        times = np.atleast_1d(np.asarray(horizons, dtype=float))
        said = [self._says(x, t_x, age, float(t)) for t in times]
        active = [self.if_active(x, t_x, age, float(t))[0] for t in times]
        silent = self._chance_a_day(x, t_x, t_x) * (age - t_x)
        return PurchaseScores(
            p_alive=self.conditional_probability_alive(x, t_x, age),
            p_purchase=side_by_side([one.p_purchase for one in said], x.size),
            purchases=side_by_side([one.purchases for one in said], x.size),
            next_order_days=np.asarray(self.wait_if_alive(x, age, recency=t_x)),
            purchases_if_active=side_by_side(active, x.size),
            p_silent=np.exp(-silent),
        )

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Draws:
        """Draw each customer: active or not, and if so with a rate of their own; nobody leaves."""
        triples, days = _flat(frequency, recency, T), self.period()
        mean, chance = self.if_active(*triples, days)
        shape = gamma_shape(mean, chance)
        rate = mean / days * (rng.standard_gamma(shape) / shape)
        alive = rng.random(mean.size) < self.conditional_probability_alive(*triples)
        return Draws(rate, np.zeros(mean.size), alive, last_is_purchase=False)

    # -- card ------------------------------------------------------------------------------------

    def _numbers(self) -> dict[str, float | None]:
        """Return the rule's fitted numbers by name."""
        return {}

    def _restore(self, numbers: dict[str, Any]) -> None:
        """Take them over again."""
        del numbers
        self.rule_ = self.rule()

    def card(self) -> dict[str, Any]:
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
    def from_card(cls, card: dict[str, Any]) -> Self:
        """Rebuild from `card`: forecasts are the same to the last bit."""
        model = cls()
        model._restore(card["parameters"])
        model.customers_ = float(card["customers"])
        return model


class PopulationMeanModel(RuleModel):
    """Everybody does what the average customer did in the last period; all are active."""

    name: ClassVar[str] = "population-mean"
    rule = PopulationMean

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return float(self.rule_.means_.days)

    def _numbers(self) -> dict[str, float | None]:
        return _flattened(self.rule_.means_)

    def _restore(self, numbers: dict[str, Any]) -> None:
        super()._restore(numbers)
        self.rule_.means_ = _means(numbers)


class RateSoFarModel(RuleModel):
    """Each customer goes on at x / T, Poisson; all are active.

    How long somebody may be silent is judged by the rate at the last purchase, ``x / t_x``.
    """

    name: ClassVar[str] = "rate-so-far"
    rule = RateSoFar


class RecencyRuleModel(RuleModel):
    """Whoever bought within the last N days is active, the others may be."""

    name: ClassVar[str] = "recency-rule"
    rule = RecencyRule

    def period(self) -> float:
        """Return the length of the period the rule was made for, days."""
        return float(self.rule_.active_.days)

    def _of_active(self, days: float) -> Forecast | None:
        said: Forecast = self.rule_.active_.over(days)
        return said

    def _numbers(self) -> dict[str, float | None]:
        within = float(self.rule_.days_)
        return {
            "within_days": within if np.isfinite(within) else None,
            **_flattened(self.rule_.active_, "active_"),
            **_flattened(self.rule_.inactive_, "inactive_"),
        }

    def _restore(self, numbers: dict[str, Any]) -> None:
        super()._restore(numbers)
        within = numbers["within_days"]
        self.rule_.days_ = np.inf if within is None else float(within)
        self.rule_.active_ = _means(numbers, "active_")
        self.rule_.inactive_ = _means(numbers, "inactive_")


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


def _known(x: Floats, t_x: Floats, age: Floats) -> Known:
    """Return triples as what rules are asked about; of money and the last period nothing is said."""
    nothing = np.zeros(x.size)
    return Known(x, t_x, age, nothing, nothing, nothing, nothing, 1.0)


def _flattened(means: Means, prefix: str = "") -> dict[str, float | None]:
    named = means._asdict()
    return {prefix + key: float(named[key]) for key in ("purchases", "p_purchase", "days")}


def _means(numbers: dict[str, Any], prefix: str = "") -> Means:
    purchases, chance, days = (
        float(numbers[prefix + key]) for key in ("purchases", "p_purchase", "days")
    )
    return Means(purchases, chance, 0.0, days)


def _wait(level: Floats, chance: Floats) -> Floats:
    """Return the quantile of an exponential wait, 0 at level 0, at most ``LONGEST_WAIT``."""
    with np.errstate(divide="ignore", over="ignore"):
        wait = -np.log1p(-level) / np.maximum(chance, np.finfo(float).tiny)
    return np.minimum(wait, LONGEST_WAIT)


def _float(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=float)


def _flat(*arrays: ArrayLike) -> tuple[Floats, Floats, Floats]:
    first, second, third = (v.ravel() for v in np.broadcast_arrays(*map(_float, arrays)))
    return first, second, third
