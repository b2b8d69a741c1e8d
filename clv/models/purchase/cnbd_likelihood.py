"""The likelihood of MBG/CNBD-k and BG/CNBD-k, with first and second derivatives.

Purchases may be more regular than Poisson: the gap between two is Erlang-k, the sum of k stages that
each last 1/lambda on average. lambda is gamma(r, alpha) among customers; k is the same for all. So a
purchase is every k-th event of a Poisson process with rate lambda, and a customer who has been
silent since t_x has gone through j < k stages since. With ``n = r + k x``, ``y = x + first`` chances
to leave, and D and the rest as in `clv.models.purchase.beta_geo_likelihood`, one customer contributes

    log (r)_kx + log[(b)_y / (a + b)_y] - r log(1 + T/alpha) - k x log(alpha + T)
    + log(S(z) + a / (b + y - 1) * exp(n D))
    S(z) = sum over j < k of (n)_j / j! z^j,    z = (T - t_x) / (alpha + T)

and, the same at every parameter but not for every k, ``(k-1) sum(log gaps) - x log((k-1)!)``. For
k = 1, S is 1 and all of it is the likelihood of MBG/NBD or BG/NBD.

References
----------
Platzer & Reutterer (2016), Ticking Away the Moments: Timing Regularity Helps to Better Predict
Customer Activity, Marketing Science 35(5) (Pareto/GGG; regularity as Erlang or gamma gaps). Reutterer,
Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer behavior the easy
way, IJRM 38(1) (MBG/CNBD-k). The form above is derived here: expanding the Erlang survival function
under the gamma gives the sum S.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood, more_than

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.models.histories import Histories


def stage_weights(k: int, shape: Floats, z: Floats) -> Floats:
    """Return ``(n)_j / j! z^j`` for j = 0 … k - 1 on a last axis; their sum is S(z).

    Given a customer active and silent since the last purchase, these are the odds of the stages.
    """
    odds = np.ones((*np.broadcast(shape, z).shape, k))
    for j in range(1, k):
        odds[..., j] = odds[..., j - 1] * ((shape + (j - 1)) * z / j)
    return odds


class CNBDLikelihood(BetaGeoLikelihood):
    """Mean negative log-likelihood as a function of log(r, alpha, a, b), at a given k.

    Parameters are those of `BetaGeoLikelihood`, and

    k
        Stages of a gap.
    """

    def __init__(self, histories: Histories, first: int, k: int, penalizer: float = 0.0) -> None:
        super().__init__(histories, first, penalizer)
        self._k = k
        x = histories.frequency.astype(np.int64)
        self._bought = more_than(k * x, histories.weights)
        self._purchases_at = k * self._purchases_at
        # Rows without a chance to leave have something to say as well: how far the gap has come.
        self._x = k * histories.frequency
        self._chances = x + (first - 1)
        self._recency, self._weights = histories.recency, histories.weights
        self._silence = histories.silence

    def _chunk_terms(
        self, rows: slice, r: float, alpha: float, a: float, b: float
    ) -> tuple[float, Floats, Floats]:
        chances, weights, silence = self._chances[rows], self._weights[rows], self._silence[rows]
        start = alpha + self._recency[rows]
        end = start + silence
        shape = r + self._x[rows]
        log_stayed, stayed, bend = self._stayed(shape, end, silence)
        # Who had no chance to leave can't have left.
        could = chances >= 0
        inverse_b = 1 / (b + np.maximum(chances, 0))
        d = np.log1p(silence / start)
        d1 = -silence / (start * end)
        log_odds = np.log(a * inverse_b) + shape * d - log_stayed
        small = np.exp(-np.abs(log_odds))
        left = np.where(could, np.where(log_odds > 0, 1.0, small) / (1 + small), 0.0)
        total = np.where(could, np.maximum(log_odds, 0) + np.log1p(small), 0.0)
        value = float(weights @ (log_stayed + total))

        # Derivatives of the log-odds by r, alpha, a, b.
        slopes = np.empty((4, left.size))
        slopes[0] = d - stayed[0]
        slopes[1] = shape * d1 - stayed[1]
        slopes[2] = 1 / a
        np.negative(inverse_b, out=slopes[3])
        weighted = weights * left
        gradient = slopes @ weighted
        gradient[:2] += stayed @ weights
        hessian = (slopes * (weighted * (1 - left))) @ slopes.T
        staying = weights - weighted
        hessian[0, 0] += staying @ bend[0]
        cross = float(weighted @ d1 + staying @ bend[1])
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] += staying @ bend[2] - weighted @ (shape * d1 * (1 / start + 1 / end))
        hessian[2, 2] -= weighted.sum() / a**2
        hessian[3, 3] += weighted @ inverse_b**2
        return value, gradient, hessian

    def _stayed(self, shape: Floats, end: Floats, silence: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log S, its slopes by (r, alpha), and its second derivatives (rr, ra, aa)."""
        z = silence / end
        term = np.ones(z.size)
        total = term.copy()
        # Sums over j of the term times: h, h^2 - g, j, j h, j (j + 1); h and g are the sums of
        # 1 / (n + i) and of its square over i < j, j/end is the slope by alpha.
        sums = np.zeros((5, z.size))
        h, g = np.zeros(z.size), np.zeros(z.size)
        for j in range(1, self._k):
            factor = shape + (j - 1)
            term = term * (factor * z / j)
            h += 1 / factor
            g += 1 / factor**2
            total += term
            sums[0] += term * h
            sums[1] += term * (h**2 - g)
            sums[2] += term * j
            sums[3] += term * (j * h)
            sums[4] += term * (j * (j + 1))
        by_r, by_rr, by_j, by_jr, by_jj = sums / total
        slopes = np.stack([by_r, -by_j / end])
        bends = np.stack([by_rr - by_r**2, (by_r * by_j - by_jr) / end, (by_jj - by_j**2) / end**2])
        return np.log(total), slopes, bends
