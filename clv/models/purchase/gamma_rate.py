"""Models in which an active customer buys at a gamma-distributed rate: their waits are Lomax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.models.fitting.inputs import check_quantile, times_ahead
from clv.models.fitting.likelihood_model import LikelihoodModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.histories import Histories


class GammaRateModel(LikelihoodModel):
    """Whose first two parameters are r and alpha, shape and rate of the purchase rate.

    Active at T, a customer's rate is gamma(r + x, alpha + T), whatever the model has to say of
    leaving. So what comes depends on (frequency, T) only: it is computed once per distinct pair.
    """

    # -- the formulas, by pairs of (frequency, T) ----------------------------------------------------

    def pair_purchases(self, x: Floats, age: Floats, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T; arguments broadcast."""
        raise NotImplementedError

    def pair_chances(self, x: Floats, age: Floats, times: Floats) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T), shape (pairs, h)."""
        raise NotImplementedError

    def pair_chances_between(self, x: Floats, age: Floats, edges: Floats) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), shape (pairs, h)."""
        raise NotImplementedError

    # -- what follows from them ----------------------------------------------------------------------

    def purchases_if_active(self, histories: Histories, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T; t a number or shape (n,)."""
        return self.pair_purchases(histories.frequency, histories.T, times_ahead(t))

    def if_active(self, histories: Histories, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Return expected purchases, P(at least one), and the median wait; see the base class."""
        x, age, pair = histories.pairs()
        purchases = self.pair_purchases(x[:, None], age[:, None], times)
        chances = self.pair_chances(x, age, times)
        return purchases[pair], chances[pair], self._wait(x, age, 0.5)[pair]

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), shape (n, h).

        ``edges``: shape (h + 1,), ascending time units after T between which the h spans lie.
        """
        x, age, pair = histories.pairs()
        return self.pair_chances_between(x, age, times_ahead(edges))[pair]

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile of the wait for the next purchase, given alive at T and staying so.

        Lomax: ``(alpha + T) * ((1 - q)^(-1 / (r + x)) - 1)``; infinite where that exceeds what a
        float can hold. Whether the customer leaves after that purchase makes no difference.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        return self._wait(histories.frequency, histories.T, q)

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the quantile of the wait after the last purchase, for a customer who stayed active.

        Lomax, like `wait_if_alive`, but counted from the last purchase and knowing nothing of what
        came after it: ``(alpha + recency) * ((1 - q)^(-1 / (r + x)) - 1)``. A customer silent for
        longer has a ``p_silent`` below ``1 - q``.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        return self._wait(histories.frequency, histories.recency, q)

    def _wait(self, x: Floats, age: Floats, q: ArrayLike) -> Floats:
        r, alpha, _, _ = self.parameters()
        level = check_quantile(q)
        with np.errstate(over="ignore"):
            wait: Floats = (alpha + age) * np.expm1(-np.log1p(-level) / (r + x))
        return wait

    def p_silent(self, histories: Histories) -> Floats:
        """Return P(no purchase in (recency, T]) of a customer who stayed active, shape (n,).

        After the last purchase the rate is gamma(r + x, alpha + t_x); the wait is Lomax again.
        """
        r, alpha, _, _ = self.parameters()
        longer = np.log1p(histories.silence / (alpha + histories.recency))
        silent: Floats = np.exp(-(r + histories.frequency) * longer)
        return silent
