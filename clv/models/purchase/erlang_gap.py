"""Models in which the gap between two purchases has k stages: how far it has come, and the wait.

Active and silent since t_x, a customer has gone through j < k stages with odds ``(n)_j / j! z^j``
(`clv.models.purchase.cnbd_likelihood`). That is what `clv.models.purchase.gamma_rate` is for plain Poisson purchases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from clv.models.fitting.inputs import check_quantile, like, needed_recency
from clv.models.fitting.triples import TripleModel
from clv.models.purchase.cnbd_likelihood import stage_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


#: Newton steps for the median wait: it converges from the right, quadratically.
STEPS: Final = 60


class ErlangGapModel(TripleModel):
    """Parameters r, alpha (of the rate of stages), a, b (of leaving after a purchase), and ``k_``."""

    #: 1 if the first purchase can be the last one.
    first_can_be_last: ClassVar[int]
    #: Stages of a gap.
    k_: int

    def _triple(self, *arrays: ArrayLike) -> tuple[Floats, ...]:
        return tuple(np.asarray(v, dtype=float) for v in np.broadcast_arrays(*arrays))

    def _stages(self, x: Floats, t_x: Floats, age: Floats) -> tuple[Floats, Floats, Floats]:
        """Return ``r + k x``, ``alpha + T`` and the odds of the stages on a last axis."""
        r, alpha, _, _ = self.parameters()
        shape, rate = r + self.k_ * x, alpha + age
        odds = stage_weights(self.k_, shape, np.maximum(age - t_x, 0) / rate)
        return shape, rate, odds

    def conditional_probability_alive(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Floats:
        """Return P(alive at T | frequency, recency, T), at least one-dimensional.

        ``S / (S + a / (b + y - 1) exp(n D))``, 1 where there was no chance to leave.
        """
        _, alpha, a, b = self.parameters()
        x, t_x, age = self._triple(frequency, recency, T)
        shape, _, odds = self._stages(x, t_x, age)
        chances = x + self.first_can_be_last
        log_odds = (
            np.log(a)
            - np.log(b + (np.maximum(chances, 1) - 1))
            + shape * np.log1p(np.maximum(age - t_x, 0) / (alpha + t_x))
            - np.log(odds.sum(axis=-1))
        )
        small = np.exp(-np.abs(log_odds))
        alive = np.where(log_odds > 0, small, 1.0) / (1 + small)
        return np.atleast_1d(np.where(chances > 0, alive, 1.0))

    def p_silent(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Return P(no purchase since the last one | stayed active): fewer than k stages passed.

        ``((alpha + t_x) / (alpha + T))^n S(z)``, the cumulative negative binomial distribution.
        """
        _, alpha, _, _ = self.parameters()
        x, t_x, age = self._triple(frequency, recency, T)
        shape, _, odds = self._stages(x, t_x, age)
        log_silent = np.log(odds.sum(axis=-1)) - shape * np.log1p((age - t_x) / (alpha + t_x))
        return np.atleast_1d(np.exp(np.minimum(log_silent, 0.0)))

    def _bought_if_active(self, x: Floats, t_x: Floats, age: Floats, t: Floats) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T); arguments broadcast.

        One minus the chance of being silent for longer over that of having been silent so far.
        """
        shape, rate, odds = self._stages(x, t_x, age)
        later = stage_weights(self.k_, shape, (np.maximum(age - t_x, 0) + t) / (rate + t))
        log_silent = np.log(later.sum(axis=-1)) - np.log(odds.sum(axis=-1))
        log_silent = log_silent - shape * np.log1p(t / rate)
        bought: Floats = -np.expm1(np.minimum(log_silent, 0.0))
        return bought

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile of the wait for the next purchase, given alive at T.

        In ``u = log(1 + t / (alpha + T))`` minus the log of the chance of still being silent grows
        ever faster: Newton's method from beyond the solution converges without a safeguard.

        Raises
        ------
        ValueError
            When q is not in [0, 1), or without recency.
        """
        level = check_quantile(q)
        x, t_x, age, level = self._triple(frequency, needed_recency(recency), T, level)
        k, target = self.k_, -np.log1p(-level)
        shape, rate, odds = self._stages(x, t_x, age)
        rest = 1 - np.maximum(age - t_x, 0) / rate
        so_far = np.log(odds.sum(axis=-1))
        all_stages = np.log(stage_weights(k, shape, np.ones(x.shape)).sum(axis=-1))
        u = (target + all_stages - so_far) / shape
        for _ in range(STEPS):
            terms = stage_weights(k, shape, 1 - rest * np.exp(-u))
            total = terms.sum(axis=-1)
            risen = shape * u - np.log(total) + so_far
            # The slope is that of S's last term alone: the others' cancel.
            slope = (shape + (k - 1)) * terms[..., -1] / total
            step = (risen - target) / np.maximum(slope, np.finfo(float).tiny)
            u = np.maximum(u - np.maximum(step, 0.0), 0.0)
            if (step <= 1e-14 * u).all():
                break
        with np.errstate(over="ignore"):
            wait = np.where(level > 0, rate * np.expm1(u), 0.0)
        return like(wait, frequency, T, q)

    def due(self, frequency: ArrayLike, recency: ArrayLike, q: ArrayLike = 0.9) -> Any:
        """Return the quantile of the wait after the last purchase, for a customer who stayed active.

        A customer silent for longer has a ``p_silent`` below ``1 - q``.
        """
        return self.wait_if_alive(frequency, recency, q, recency=recency)
