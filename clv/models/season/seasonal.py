"""A purchase model that wears a season: see `clv.models.season.season` for the change of time.

Where customers leave right after a purchase (MBG/NBD, BG/NBD, their CNBD variants) and where nobody
leaves, this is exactly the model with a seasonal rate. In Pareto/NBD customers leave by the clock;
there the hazard of leaving gets the same season as the purchases, an approximation.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from clv.models.fitting.inputs import like, times_ahead
from clv.models.histories import Histories
from clv.models.season.season import Clock, Season

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from clv.core.schema import SeasonalCard
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

    def fit(self, histories: Histories, /, **clues: Any) -> Self:
        """Fit the base on the operational histories; ``clues`` are the base's."""
        self.base = self.base.fit(self._lived(histories), **clues)
        return self

    def _lived(self, histories: Histories) -> Histories:
        return self.season.histories(histories, self.as_of)

    def on_base(self, histories: Histories, days: float) -> tuple[PurchaseModel, Histories, float]:
        """Return the base, and histories and days ahead as it knows them."""
        return self.base, self._lived(histories), float(self._clock.at(times_ahead(days)))

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(active at T), shape (n,)."""
        return self.base.probability_alive(self._lived(histories))

    def score(self, histories: Histories, horizons: ArrayLike) -> PurchaseScores:
        """Forecast each history at each horizon; see `clv.models.base.PurchaseScores`."""
        scores = self.base.score(self._lived(histories), self._clock.at(times_ahead(horizons)))
        return scores._replace(next_order_days=self._clock.days_at(scores.next_order_days))

    def draw(self, histories: Histories, rng: np.random.Generator) -> Drawn:
        """Draw each customer from the posterior given the history.

        The past has its season, the future none: rates are those of an average day, which is what a
        simulation of decades needs. `steady` is the model that has the same expectations.
        """
        return self.base.draw(self._lived(histories), rng)

    def steady(self) -> Seasonal:
        """Return the same model for which every day to come is an average one."""
        return _Steady(self.base, self.season, self.as_of)

    def probability_alive_after(self, histories: Histories, times: ArrayLike) -> Floats:
        """Return P(alive at T + t), shape (n, h)."""
        return self.base.probability_alive_after(
            self._lived(histories), self._clock.at(times_ahead(times))
        )

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h)."""
        return self.base.p_purchase_between(
            self._lived(histories), self._clock.at(times_ahead(edges))
        )

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile q of the wait from T on, for a customer active at T."""
        return self._clock.days_at(self.base.wait_if_alive(self._lived(histories), q))

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the quantile q of the wait after the last purchase, had the customer stayed."""
        last = -histories.silence
        waited = self._clock.at(last) + self.base.due(self._lived(histories), q)
        return self._clock.days_at(waited) - last

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases in the first t days of who comes on the as-of day."""
        expected = self.score(Histories.new(), np.ravel(t)).purchases[0]
        return like(expected.reshape(np.shape(t)), t)

    def at_age(self, ages: ArrayLike, T: float) -> Floats:
        """Return the operational age of a customer of age ``T`` today when at some other age."""
        return self._clock.at(np.asarray(ages, dtype=float) - T) - self._clock.at(-T)

    def card(self) -> SeasonalCard:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "season": self.season.as_dict(),
            "as_of": self.as_of.isoformat(),
            "base": self.base.card(),
        }

    @classmethod
    def from_card(cls, card: SeasonalCard) -> Self:
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


def unwrap(model: Any, histories: Histories, days: float) -> tuple[Any, Histories, float]:
    """Return the model under the season, with histories and days ahead as it knows them.

    A model that wears none comes back as it is, with the arguments.
    """
    if isinstance(model, Seasonal):
        return model.on_base(histories, days)
    return model, histories, days


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
