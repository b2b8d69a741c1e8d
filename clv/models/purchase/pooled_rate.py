"""One rate for everybody: for too little data to tell customers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.base import PurchaseScores
from clv.models.fitting.inputs import check_quantile, check_triples, like, weights_of
from clv.models.purchase.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


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

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        **options: Any,
    ) -> Self:
        """Estimate the rate.

        Parameters
        ----------
        frequency, recency, T
            Shape (n,): repeat purchases, age at the last one, age now.
        weights
            Shape (n,): customers with this triple; 1 by default.
        **options
            What other models are given.

        Raises
        ------
        FitError
            Without any repeat purchase, or when no time has passed.
        """
        del options
        x, _, age = check_triples(frequency, recency, T)
        counts = weights_of(weights, x.size)
        purchases, exposure = float(counts @ x), float(counts @ age)
        if purchases <= 0 or exposure <= 0:
            msg = "There is no repeat purchase to estimate a rate from."
            raise FitError(msg)
        self.rate_ = purchases / exposure
        self.standard_error_ = float(np.sqrt(purchases)) / exposure
        # The density of the purchase times; a constant rate doesn't care when they were.
        self.log_likelihood_ = purchases * float(np.log(self.rate_)) - purchases
        self.customers_ = float(counts.sum())
        return self

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(at least one purchase between two edges): the same for every customer."""
        del T, recency
        chance = -np.expm1(-self.rate_ * np.diff(np.asarray(edges, dtype=float)))
        return np.tile(chance, (np.asarray(frequency).size, 1))

    def score(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        horizons: ArrayLike,
    ) -> PurchaseScores:
        """Forecast n triples at h horizons: the same for every customer."""
        silence = np.asarray(T, dtype=float).ravel() - np.asarray(recency, dtype=float).ravel()
        n = np.asarray(frequency).size
        expected = self.rate_ * np.atleast_1d(np.asarray(horizons, dtype=float))
        return PurchaseScores(
            p_alive=np.ones(n),
            p_purchase=np.tile(-np.expm1(-expected), (n, 1)),
            purchases=np.tile(expected, (n, 1)),
            next_order_days=np.full(n, np.log(2) / self.rate_),
            purchases_if_active=np.tile(expected, (n, 1)),
            p_silent=np.exp(-self.rate_ * silence),
        )

    def conditional_probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Return P(active at T), shape (n,): 1."""
        del recency, T
        return np.ones(np.size(frequency))

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the exponential wait, ``-log(1 - q) / rate``, for everybody.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        del recency
        level = check_quantile(q)
        shape = np.broadcast(level, frequency, T).shape
        wait = np.array(np.broadcast_to(-np.log1p(-level) / self.rate_, shape))
        return like(wait, frequency, T, q)

    def due(self, frequency: ArrayLike, recency: ArrayLike, q: ArrayLike = 0.9) -> Any:
        """Return the same: a constant rate has no memory of the last purchase."""
        return self.wait_if_alive(frequency, recency, q)

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Draws:
        """Draw customers: all alike, whatever their history."""
        del recency, T, rng
        n = np.asarray(frequency).size
        alive = np.ones(n, dtype=bool)
        return Draws(np.full(n, self.rate_), np.zeros(n), alive, last_is_purchase=False)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h): 1."""
        del recency, T
        return np.ones((np.asarray(frequency).size, np.asarray(times).size))

    def card(self) -> dict[str, Any]:
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
    def from_card(cls, card: dict[str, Any]) -> Self:
        """Rebuild from `card`."""
        model = cls()
        model.rate_ = float(card["parameters"]["rate"])
        model.standard_error_ = float(card["standard_errors"]["rate"])
        model.log_likelihood_ = float(card["log_likelihood"])
        model.customers_ = float(card["customers"])
        return model
