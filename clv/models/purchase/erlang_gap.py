"""Models in which the gap between two purchases has k stages: how far it has come, and the wait.

Active and silent since t_x, a customer has gone through j < k stages with odds ``(n)_j / j! z^j``
(`clv.models.purchase.cnbd_likelihood`). That is what `clv.models.purchase.gamma_rate` is for plain Poisson purchases.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from clv.models.fitting.inputs import check_quantile
from clv.models.fitting.likelihood_model import LikelihoodModel
from clv.models.purchase.cnbd_likelihood import stage_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.histories import Histories


#: Newton steps for the median wait: it converges from the right, quadratically.
STEPS: Final = 60


class ErlangGapModel(LikelihoodModel):
    """Parameters r, alpha (of the rate of stages), a, b (of leaving after a purchase), and ``k_``."""

    #: 1 if the first purchase can be the last one.
    first_can_be_last: ClassVar[int]
    #: Stages of a gap.
    k_: int

    def _stages(self, histories: Histories) -> tuple[Floats, Floats, Floats]:
        """Return ``r + k x``, ``alpha + T`` and the odds of the stages on a last axis."""
        r, alpha, _, _ = self.parameters()
        shape, rate = r + self.k_ * histories.frequency, alpha + histories.T
        odds = stage_weights(self.k_, shape, np.maximum(histories.silence, 0) / rate)
        return shape, rate, odds

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(alive at T | frequency, recency, T), shape (n,).

        ``S / (S + a / (b + y - 1) exp(n D))``, 1 where there was no chance to leave.
        """
        _, alpha, a, b = self.parameters()
        shape, _, odds = self._stages(histories)
        chances = histories.frequency + self.first_can_be_last
        log_odds = (
            np.log(a)
            - np.log(b + (np.maximum(chances, 1) - 1))
            + shape * np.log1p(np.maximum(histories.silence, 0) / (alpha + histories.recency))
            - np.log(odds.sum(axis=-1))
        )
        small = np.exp(-np.abs(log_odds))
        alive = np.where(log_odds > 0, small, 1.0) / (1 + small)
        return np.where(chances > 0, alive, 1.0)

    def p_silent(self, histories: Histories) -> Floats:
        """Return P(no purchase since the last one | stayed active): fewer than k stages passed.

        ``((alpha + t_x) / (alpha + T))^n S(z)``, the cumulative negative binomial distribution.
        """
        _, alpha, _, _ = self.parameters()
        shape, _, odds = self._stages(histories)
        longer = np.log1p(histories.silence / (alpha + histories.recency))
        log_silent = np.log(odds.sum(axis=-1)) - shape * longer
        silent: Floats = np.exp(np.minimum(log_silent, 0.0))
        return silent

    def _bought_if_active(self, histories: Histories, t: float) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T), shape (n,).

        One minus the chance of being silent for longer over that of having been silent so far.
        """
        shape, rate, odds = self._stages(histories)
        later = stage_weights(self.k_, shape, (np.maximum(histories.silence, 0) + t) / (rate + t))
        log_silent = np.log(later.sum(axis=-1)) - np.log(odds.sum(axis=-1))
        log_silent = log_silent - shape * np.log1p(t / rate)
        bought: Floats = -np.expm1(np.minimum(log_silent, 0.0))
        return bought

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile of the wait for the next purchase, given alive at T.

        In ``u = log(1 + t / (alpha + T))`` minus the log of the chance of still being silent grows
        ever faster: Newton's method from beyond the solution converges without a safeguard.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        level = np.broadcast_to(check_quantile(q), len(histories))
        k, target = self.k_, -np.log1p(-level)
        shape, rate, odds = self._stages(histories)
        rest = 1 - np.maximum(histories.silence, 0) / rate
        so_far = np.log(odds.sum(axis=-1))
        all_stages = np.log(stage_weights(k, shape, np.ones(len(histories))).sum(axis=-1))
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
            return np.where(level > 0, rate * np.expm1(u), 0.0)

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the quantile of the wait after the last purchase, for a customer who stayed active.

        A customer silent for longer has a ``p_silent`` below ``1 - q``.
        """
        return self.wait_if_alive(replace(histories, T=histories.recency), q)
