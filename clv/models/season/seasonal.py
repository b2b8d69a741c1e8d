"""A purchase model that wears a season: see `clv.models.season.season` for the change of time.

Where customers leave right after a purchase (MBG/NBD, BG/NBD, their CNBD variants) and where nobody
leaves, this is exactly the model with a seasonal rate. In Pareto/NBD customers leave by the clock;
there the hazard of leaving gets the same season as the purchases, an approximation.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from clv.models.fitting.inputs import like
from clv.models.season.season import Clock, Season

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.base import Drawn, PurchaseModel, PurchaseScores

#: What the name of a model that wears a season ends with.
SUFFIX: Final = "+season"


class Seasonal:
    """A purchase model that wears a season: it lives in operational time, and answers in days.

    All methods take and return calendar days, as of ``as_of``: the forecast's day, whatever the
    customer's T.

    Parameters
    ----------
    base
        Any purchase model; fitted on operational triples, or to be by `fit`.
    season
        The index.
    as_of
        The day on which T ends.

    Attributes
    ----------
    name
        The base's, and ``+season``.
    """

    def __init__(self, base: PurchaseModel, season: Season, as_of: date) -> None:
        self.base = base
        self.season = season
        self.as_of = as_of
        self.name = base.name + SUFFIX
        self._clock = season.clock(as_of)

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        **options: Any,
    ) -> Self:
        """Fit the base on the operational triples; ``options`` are the base's."""
        triples = self._triples(frequency, recency, T)
        self.base = self.base.fit(*triples, weights, **options)
        return self

    def _triples(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> tuple[Floats, Floats, Floats]:
        return self.season.triples(frequency, recency, T, self.as_of)

    def _recency(self, recency: ArrayLike | None, T: ArrayLike) -> dict[str, Any]:
        """Return the recency, where one is given, in operational time, as a keyword."""
        return {} if recency is None else {"recency": self._triples(0, recency, T)[1]}

    def on_base(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, days: ArrayLike
    ) -> tuple[PurchaseModel, Floats, Floats, Floats, Any]:
        """Return the base, and triples and days ahead as it knows them."""
        return self.base, *self._triples(frequency, recency, T), self._clock.at(days)[()]

    def conditional_probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Return P(active at T), at least one-dimensional."""
        return self.base.conditional_probability_alive(*self._triples(frequency, recency, T))

    def score(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, horizons: ArrayLike
    ) -> PurchaseScores:
        """Forecast each triple at each horizon; see `clv.models.base.PurchaseScores`."""
        scores = self.base.score(*self._triples(frequency, recency, T), self._clock.at(horizons))
        return scores._replace(next_order_days=self._clock.days_at(scores.next_order_days))

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Drawn:
        """Draw each customer from the posterior given their triple.

        The past has its season, the future none: rates are those of an average day, which is what a
        simulation of decades needs. `steady` is the model that has the same expectations.
        """
        return self.base.draw(*self._triples(frequency, recency, T), rng)

    def steady(self) -> Seasonal:
        """Return the same model for which every day to come is an average one."""
        return _Steady(self.base, self.season, self.as_of)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h)."""
        triples = self._triples(frequency, recency, T)
        return self.base.probability_alive_after(*triples, self._clock.at(times))

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h)."""
        x, _, age = self._triples(frequency, 0, T)
        known = self._recency(recency, T)
        return self.base.p_purchase_between(x, age, self._clock.at(edges), **known)

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the wait from T on, for a customer active at T."""
        x, _, age = self._triples(frequency, 0, T)
        wait = self.base.wait_if_alive(x, age, q, **self._recency(recency, T))
        return like(self._clock.days_at(wait), frequency, T, q)

    def due(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        q: ArrayLike = 0.9,
        *,
        T: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the wait after the last purchase, had the customer stayed.

        ``T`` says when the last purchase was, T - recency days before the as-of day. Without it, it
        is taken to have been on the as-of day.
        """
        age = np.asarray(recency if T is None else T, dtype=float)
        last = np.asarray(recency, dtype=float) - age
        x, t_x, _ = self._triples(frequency, recency, age)
        waited = self._clock.at(last) + self.base.due(x, t_x, q)
        return like(self._clock.days_at(waited) - last, frequency, recency, q)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases in the first t days of who comes on the as-of day."""
        zero = np.zeros(1)
        expected = self.score(zero, zero, zero, np.ravel(t)).purchases[0]
        return like(expected.reshape(np.shape(t)), t)

    def at_age(self, ages: ArrayLike, T: float) -> Floats:
        """Return the operational age of a customer of age ``T`` today when at some other age."""
        return self._clock.at(np.asarray(ages, dtype=float) - T) - self._clock.at(-T)

    def card(self) -> dict[str, Any]:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "season": self.season.as_dict(),
            "as_of": self.as_of.isoformat(),
            "base": self.base.card(),
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Self:
        """Rebuild from `card`."""
        from clv.models.card import from_card  # noqa: PLC0415 - it knows all models, this one too

        season = Season.from_dict(card["season"])
        return cls(from_card(card["base"]), season, date.fromisoformat(card["as_of"]))


class _Steady(Seasonal):
    """A seasonal past, and a future without a season."""

    def __init__(self, base: PurchaseModel, season: Season, as_of: date) -> None:
        super().__init__(base, season, as_of)
        behind = self._clock.days <= 0
        self._clock = Clock(
            np.append(self._clock.days[behind], 0.0), np.append(self._clock.passed[behind], 0.0)
        )


def unwrap(
    model: Any, frequency: Floats, recency: Floats, T: Floats, days: float
) -> tuple[Any, Floats, Floats, Floats, float]:
    """Return the model under the season, with triples and days ahead as it knows them.

    A model that wears none comes back as it is, with the arguments.
    """
    if isinstance(model, Seasonal):
        return model.on_base(frequency, recency, T, days)
    return model, frequency, recency, T, days


def bare(model: Any) -> Any:
    """Return the model under the season; one that wears none as it is."""
    return model.base if isinstance(model, Seasonal) else model


def through_life(model: Any, T: float) -> tuple[Any, Callable[[ArrayLike], Floats]]:
    """Return what follows a customer, of age ``T`` today, through the past and on.

    Returns
    -------
    (model, function)
        The model under the season, and what turns ages in days into ages as it knows them.
    """
    if isinstance(model, Seasonal):
        return model.base, lambda ages: model.at_age(ages, T)
    return model, lambda ages: np.asarray(ages, dtype=float)


def due(model: Any, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, q: ArrayLike) -> Any:
    """Return any model's ``due``; one that wears a season is told when the last purchase was."""
    if isinstance(model, Seasonal):
        return model.due(frequency, recency, q, T=T)
    return model.due(frequency, recency, q)
