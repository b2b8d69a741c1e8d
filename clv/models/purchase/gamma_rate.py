"""Models in which an active customer buys at a gamma-distributed rate: their waits are Lomax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clv.models.fitting.inputs import check_quantile, like
from clv.models.fitting.triples import TripleModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


class GammaRateModel(TripleModel):
    """Whose first two parameters are r and alpha, shape and rate of the purchase rate.

    Active at T, a customer's rate is gamma(r + x, alpha + T), whatever the model has to say of
    leaving.
    """

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile of the wait for the next purchase, given alive at T and staying so.

        Lomax: ``(alpha + T) * ((1 - q)^(-1 / (r + x)) - 1)``; infinite where that exceeds what a
        float can hold. Whether the customer leaves after that purchase makes no difference.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        del recency
        r, alpha, _, _ = self.parameters()
        level = check_quantile(q)
        x, age = (np.asarray(v, dtype=float) for v in (frequency, T))
        with np.errstate(over="ignore"):
            wait = (alpha + age) * np.expm1(-np.log1p(-level) / (r + x))
        return like(wait, frequency, T, q)

    def due(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        q: ArrayLike = 0.9,
    ) -> Any:
        """Return the quantile of the wait after the last purchase, for a customer who stayed active.

        Lomax, like `wait_if_alive`, but counted from the last purchase and knowing nothing of what
        came after it: ``(alpha + recency) * ((1 - q)^(-1 / (r + x)) - 1)``. A customer silent for
        longer has a ``p_silent`` below ``1 - q``.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        return self.wait_if_alive(frequency, recency, q)

    def p_silent(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Return P(no purchase in (recency, T]) of a customer who stayed active, shape (n,).

        After the last purchase the rate is gamma(r + x, alpha + t_x); the wait is Lomax again.
        """
        r, alpha, _, _ = self.parameters()
        silent: Floats = np.exp(-(r + frequency) * np.log1p((T - recency) / (alpha + recency)))
        return silent
