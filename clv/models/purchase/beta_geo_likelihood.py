"""The likelihood of MBG/NBD and BG/NBD, with first and second derivatives.

Both models are one: purchases are Poisson with a gamma-distributed rate, and after each purchase a
customer leaves with a beta-distributed probability. BG/NBD gives that chance ``x`` times to a
customer with ``x`` repeat purchases, MBG/NBD ``x + 1`` times, because it counts the first purchase
too. Below, ``y = x + first`` with ``first`` 0 or 1.

With ``D = log((alpha + T) / (alpha + recency))``, one customer contributes

    log (r)_x + log[(b)_y / (a + b)_y] - r log(1 + T/alpha) - x log(alpha + T)
    + log(1 + a / (b + y - 1) * exp((r + x) D))

where ``(r)_x = r (r + 1) ... (r + x - 1)`` and the last line is 0 for ``y = 0``.

References
----------
Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), eq. 6.
Batislam, Denizel & Filiztekin (2007), IJRM 24(3), with the erratum of Wagner & Hoppe (2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.models.fitting.newton import penalised_in_logs

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.models.histories import Histories

#: Rows evaluated at a time: they stay in the processor's cache.
CHUNK: Final = 8192


class BetaGeoLikelihood:
    """Mean negative log-likelihood as a function of log(r, alpha, a, b).

    Everything that doesn't depend on the parameters is summed up once. What depends on ``x`` or
    ``T`` alone is evaluated once per distinct value; one logarithm and one exponential per row
    remain.

    Parameters
    ----------
    histories
        Best scaled so that the largest T is 1.
    first
        1 if the first purchase can be the last one (MBG/NBD), 0 if not (BG/NBD).
    penalizer
        Factor of the sum of squared parameters that is added to the mean.
    """

    def __init__(self, histories: Histories, first: int, penalizer: float = 0.0) -> None:
        self.penalizer = penalizer
        weights = histories.weights
        self.customers = float(weights.sum())
        x = histories.frequency.astype(np.int64)
        # log (r)_x = sum over j < x of log(r + j): so only the number of customers with x > j
        # matters. No gamma functions, hence nothing cancels when r is in the millions.
        self._bought = more_than(x, weights)
        self._dropped = more_than(x + first, weights)
        self._ages, age = np.unique(histories.T, return_inverse=True)
        self._customers_at = np.bincount(age, weights)
        self._purchases_at = np.bincount(age, weights * histories.frequency)
        rows = np.flatnonzero(x + first > 0)
        some = histories.take(rows)
        self._x, self._recency, self._weights = some.frequency, some.recency, some.weights
        self._silence = some.silence
        self._chances = x[rows] + (first - 1)

    def log_likelihood(self, log_parameters: Floats) -> float:
        """Return the total log-likelihood, in the time unit of the data, without the penalty."""
        value, _, _ = self(log_parameters)
        penalty = self.penalizer * float((np.exp(log_parameters) ** 2).sum())
        return -(value - penalty) * self.customers

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the penalised mean, its gradient (4,) and Hessian (4, 4) in log-parameters."""
        theta = np.exp(log_parameters)
        value, gradient, hessian = self._prior_terms(*theta)
        for part in (self._age_terms(*theta), self._row_terms(*theta)):
            value += part[0]
            gradient += part[1]
            hessian += part[2]
        return penalised_in_logs((value, gradient, hessian), theta, self.customers, self.penalizer)

    def _prior_terms(
        self, r: float, alpha: float, a: float, b: float
    ) -> tuple[float, Floats, Floats]:
        """Sum ``log (r)_x + log[(b)_y / (a + b)_y]``."""
        del alpha
        inverse_r = 1 / (r + np.arange(self._bought.size))
        j = np.arange(self._dropped.size)
        inverse_b, inverse_ab = 1 / (b + j), 1 / (a + b + j)
        value = -float(self._bought @ np.log(inverse_r) + self._dropped @ np.log1p(a * inverse_b))
        gradient = np.array(
            [
                self._bought @ inverse_r,
                0.0,
                -(self._dropped @ inverse_ab),
                self._dropped @ (a * inverse_b * inverse_ab),
            ]
        )
        hessian = np.zeros((4, 4))
        hessian[0, 0] = -(self._bought @ inverse_r**2)
        both = self._dropped @ inverse_ab**2
        hessian[2:, 2:] = both
        hessian[3, 3] = both - self._dropped @ inverse_b**2
        return value, gradient, hessian

    def _age_terms(
        self, r: float, alpha: float, a: float, b: float
    ) -> tuple[float, Floats, Floats]:
        """Sum ``-r log(1 + T/alpha) - x log(alpha + T)``."""
        del a, b
        end = alpha + self._ages
        growth = np.log1p(self._ages / alpha)
        lived = float(self._customers_at @ growth)
        value = -r * lived - float(self._purchases_at @ np.log(end))
        # r/alpha - r/end, written so that it doesn't cancel for a large alpha
        share = self._customers_at @ (self._ages / (alpha * end))
        gradient = np.array([-lived, r * share - self._purchases_at @ (1 / end), 0.0, 0.0])
        hessian = np.zeros((4, 4))
        hessian[0, 1] = hessian[1, 0] = share
        squares = self._ages * (2 * alpha + self._ages) / (alpha * end) ** 2
        hessian[1, 1] = -r * (self._customers_at @ squares) + self._purchases_at @ (1 / end**2)
        return value, gradient, hessian

    def _row_terms(
        self, r: float, alpha: float, a: float, b: float
    ) -> tuple[float, Floats, Floats]:
        """Sum ``log(1 + odds)``, odds being those of having left after the last purchase."""
        value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
        for begin in range(0, self._x.size, CHUNK):
            part = self._chunk_terms(slice(begin, begin + CHUNK), r, alpha, a, b)
            value += part[0]
            gradient += part[1]
            hessian += part[2]
        return value, gradient, hessian

    def _chunk_terms(
        self, rows: slice, r: float, alpha: float, a: float, b: float
    ) -> tuple[float, Floats, Floats]:
        chances, weights, silence = self._chances[rows], self._weights[rows], self._silence[rows]
        start = alpha + self._recency[rows]
        end = start + silence
        shape = r + self._x[rows]
        inverse_b = 1 / (b + chances)
        d = np.log1p(silence / start)
        d1 = -silence / (start * end)
        log_odds = np.log(a * inverse_b) + shape * d
        small = np.exp(-np.abs(log_odds))
        left = np.where(log_odds > 0, 1.0, small) / (1 + small)
        value = float(weights @ (np.maximum(log_odds, 0) + np.log1p(small)))

        # Derivatives of the log-odds by r, alpha, a, b.
        slopes = np.empty((4, left.size))
        slopes[0] = d
        np.multiply(shape, d1, out=slopes[1])
        slopes[2] = 1 / a
        np.negative(inverse_b, out=slopes[3])
        weighted = weights * left
        gradient = slopes @ weighted
        hessian = (slopes * (weighted * (1 - left))) @ slopes.T
        cross = float(weighted @ d1)
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] -= weighted @ (slopes[1] * (1 / start + 1 / end))
        hessian[2, 2] -= weighted.sum() / a**2
        hessian[3, 3] += weighted @ inverse_b**2
        return value, gradient, hessian


def more_than(counts: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> Floats:
    """Return for j = 0, 1, ... how many customers have a count above j."""
    above: Floats = np.cumsum(np.bincount(counts, weights).astype(float)[:0:-1])[::-1]
    return above
