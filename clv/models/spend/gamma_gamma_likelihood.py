"""The likelihood of the Gamma-Gamma spend model, with first and second derivatives.

A purchase of one customer is gamma(p, nu) and nu is gamma(q, v) among customers. The mean m of x
purchases, with total ``s = x m``, contributes

    -log B(p x, q) - p x log(1 + v/s) - q log(1 + s/v) - log m

References
----------
Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025, eq. 1a.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import betaln, digamma, zeta

if TYPE_CHECKING:
    from clv.core.types import Floats

#: Rows evaluated at a time: they stay in the processor's cache, and NumPy's linear algebra starts
#: no threads for them, which take longer to wake up than the sums take.
CHUNK: Final = 8192


class GammaGammaLikelihood:
    """Mean negative log-likelihood as a function of p, q and v.

    Parameters
    ----------
    frequency
        Shape (n,), at least 1.
    monetary_value
        Shape (n,), above 0, best scaled to a mean of 1.
    weights
        Shape (n,), customers per row.
    penalty
        Shape (3,), factors of the squared parameters that are added to the mean.
    """

    def __init__(
        self, frequency: Floats, monetary_value: Floats, weights: Floats, penalty: Floats
    ) -> None:
        self.customers = float(weights.sum())
        self.mean = float(weights @ monetary_value) / self.customers
        self._penalty = penalty
        self._spent = frequency * monetary_value
        self._weights = weights
        self._purchases = weights * frequency
        self._constant = float(weights @ np.log(monetary_value))
        # Gamma functions depend on x alone: one evaluation per distinct x.
        self._counts, position = np.unique(frequency, return_inverse=True)
        self._customers_at = np.bincount(position, weights)

    def natural(self, p: float, q: float, v: float) -> tuple[float, Floats, Floats]:
        """Return value, gradient (3,) and Hessian (3, 3) by p, q, v."""
        counts, at = self._counts, self._customers_at
        kept, lost, inverse, share, inverse2, share2 = self._sums(v)
        value = -float(at @ betaln(p * counts, q)) - p * kept - q * lost - self._constant
        both, own = digamma(p * counts + q), digamma(p * counts)
        both2, own2 = zeta(2, p * counts + q), zeta(2, p * counts)
        gradient = np.array(
            [
                at @ (counts * (both - own)) - kept,
                at @ (both - digamma(q)) - lost,
                q * share / v - p * inverse,
            ]
        )
        hessian = np.empty((3, 3))
        hessian[0, 0] = at @ (counts**2 * (both2 - own2))
        hessian[0, 1] = hessian[1, 0] = at @ (counts * both2)
        hessian[0, 2] = hessian[2, 0] = -inverse
        hessian[1, 1] = at @ (both2 - zeta(2, q))
        hessian[1, 2] = hessian[2, 1] = share / v
        hessian[2, 2] = p * inverse2 - q / v**2 * share2

        theta = np.array([p, q, v])
        return (
            -value / self.customers + float(self._penalty @ theta**2),
            -gradient / self.customers + 2 * self._penalty * theta,
            -hessian / self.customers + 2 * np.diag(self._penalty),
        )

    def _sums(self, v: float) -> Floats:
        """Return the sums over customers of what depends on v, shape (6,)."""
        total = np.zeros(6)
        for begin in range(0, self._spent.size, CHUNK):
            rows = slice(begin, begin + CHUNK)
            s, w, wx = self._spent[rows], self._weights[rows], self._purchases[rows]
            inverse = 1 / (s + v)
            square = inverse * inverse
            total += [
                wx @ np.log1p(v / s),
                w @ np.log1p(s / v),
                wx @ inverse,
                w @ (s * inverse),
                wx @ square,
                w @ (s * (s + 2 * v) * square),
            ]
        return total

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the penalised mean, its gradient and Hessian by log(p, q, v)."""
        theta = np.exp(log_parameters)
        value, gradient, hessian = self.natural(*theta)
        slope = gradient * theta
        return value, slope, hessian * np.outer(theta, theta) + np.diag(slope)

    def with_given_mean(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the same by (log p, log(q - 1)), v being such that the mean spend is the data's.

        ``p v / (q - 1)`` is the mean spend of the population, infinite for q <= 1.
        """
        theta = self.expand(log_parameters)
        value, gradient, hessian = self.natural(*theta)
        jacobian = self.expand_slopes(log_parameters)
        p, q, v = theta
        bend = gradient @ np.array([[p, 0, 0], [0, 0, q - 1], [v, -v, v]])
        slopes = jacobian @ gradient
        second = jacobian @ hessian @ jacobian.T
        second += np.array([[bend[0], bend[1]], [bend[1], bend[2]]])
        return value, slopes, second

    def expand(self, log_parameters: Floats) -> Floats:
        """Return p, q, v from (log p, log(q - 1))."""
        p, above = np.exp(log_parameters)
        return np.array([p, 1 + above, self.mean * above / p])

    def expand_slopes(self, log_parameters: Floats) -> Floats:
        """Return the derivatives of `expand`, shape (2, 3)."""
        p, q, v = self.expand(log_parameters)
        return np.array([[p, 0, -v], [0, q - 1, v]])

    def log_likelihood(self, p: float, q: float, v: float) -> float:
        """Return the total log-likelihood in the unit of the data, without the penalty."""
        value, _, _ = self.natural(p, q, v)
        penalty = float(self._penalty @ np.array([p, q, v]) ** 2)
        return -(value - penalty) * self.customers
