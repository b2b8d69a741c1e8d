"""One rate for everybody: for too little data to tell customers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.base import PurchaseScores
from clv.models.fitting.fitted import number
from clv.models.fitting.inputs import check_quantile, times_ahead
from clv.models.purchase.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Floats
    from clv.models.histories import Histories


class PooledRate:
    """Everybody buys at one constant rate, and nobody leaves.

    The rate is all repeat purchases over all time observed: the maximum-likelihood estimate of a
    Poisson process that all customers share. With few customers more would be read into the data
    than they say. Its stated assumption is P(alive) = 1, so it is an upper estimate in the long
    run.

    Attributes
    ----------
    rate_
        Purchases per customer and time unit.
    standard_error_
        Of the rate.
    log_likelihood_, customers_
        As in the other models.
    """

    name: ClassVar[str] = "pooled-rate"

    def fit(self, histories: Histories, /, **clues: Any) -> Self:
        """Estimate the rate; ``clues`` are what other models look at.

        Raises
        ------
        FitError
            Without any repeat purchase, or when no time has passed.
        """
        del clues
        counts = histories.weights
        purchases, exposure = float(counts @ histories.frequency), float(counts @ histories.T)
        if purchases <= 0 or exposure <= 0:
            msg = "There is no repeat purchase to estimate a rate from."
            raise FitError(msg)
        self.rate_ = purchases / exposure
        self.standard_error_ = float(np.sqrt(purchases)) / exposure
        # The density of the purchase times; a constant rate doesn't care when they were.
        self.log_likelihood_ = purchases * float(np.log(self.rate_)) - purchases
        self.customers_ = float(counts.sum())
        return self

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(active at T), shape (n,): 1."""
        return np.ones(len(histories))

    def probability_alive_after(self, histories: Histories, times: ArrayLike) -> Floats:
        """Return P(alive at T + t), shape (n, h): 1."""
        return np.ones((len(histories), times_ahead(times).size))

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(at least one purchase between two edges): the same for every customer."""
        chance = -np.expm1(-self.rate_ * np.diff(times_ahead(edges)))
        return np.tile(chance, (len(histories), 1))

    def score(self, histories: Histories, horizons: ArrayLike) -> PurchaseScores:
        """Forecast n histories at h horizons: the same for every customer."""
        n = len(histories)
        expected = self.rate_ * np.atleast_1d(times_ahead(horizons))
        return PurchaseScores(
            p_alive=np.ones(n),
            p_purchase=np.tile(-np.expm1(-expected), (n, 1)),
            purchases=np.tile(expected, (n, 1)),
            next_order_days=np.full(n, np.log(2) / self.rate_),
            purchases_if_active=np.tile(expected, (n, 1)),
            p_silent=np.exp(-self.rate_ * histories.silence),
        )

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile q of the exponential wait, ``-log(1 - q) / rate``, for everybody.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        wait = -np.log1p(-check_quantile(q)) / self.rate_
        return np.array(np.broadcast_to(wait, len(histories)))

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the same: a constant rate has no memory of the last purchase."""
        return self.wait_if_alive(histories, q)

    def draw(self, histories: Histories, rng: np.random.Generator) -> Draws:
        """Draw customers: all alike, whatever their history."""
        del rng
        n = len(histories)
        alive = np.ones(n, dtype=bool)
        return Draws(np.full(n, self.rate_), np.zeros(n), alive, last_is_purchase=False)

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "parameters": {"rate": self.rate_},
            "standard_errors": {"rate": self.standard_error_},
            "log_likelihood": self.log_likelihood_,
            "customers": self.customers_,
            "converged": True,
            "at_bound": [],
        }

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`."""
        model = cls()
        model.rate_ = number(card["parameters"]["rate"], "rate")
        model.standard_error_ = number(card["standard_errors"]["rate"], "its error")
        model.log_likelihood_ = number(card["log_likelihood"], "log_likelihood")
        model.customers_ = float(card["customers"])
        return model
