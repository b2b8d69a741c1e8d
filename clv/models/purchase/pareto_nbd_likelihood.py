"""The likelihood of Pareto/NBD, with first and second derivatives.

While active, a customer buys as a Poisson process whose rate is gamma(r, alpha) among customers,
and leaves at a constant hazard that is gamma(s, beta) among customers. With x repeat purchases, the
last one at t_x, and age T, one customer contributes

    log (r)_x - r log(1 + t_x/alpha) - x log(alpha + t_x) - s log(1 + t_x/beta) + log J

where J is the probability that somebody who was active at t_x has not bought since:

    J = exp(-G(T)) + integral from t_x to T of s / (beta + tau) exp(-G(tau)) dtau
    G(tau) = (r + x) log((alpha + tau) / (alpha + t_x)) + s log((beta + tau) / (beta + t_x))

The first term is who stayed all the time, the integral who left at tau without buying before. The
textbook form of J is a difference of two Gauss hypergeometric functions, which lose all digits for
heavy buyers. Here every term is positive, so nothing cancels, and the derivatives come from the same
points: J is a mixture, and the derivatives of the log of a mixture are means and covariances.

References
----------
Schmittlein, Morrison & Colombo (1987), Counting Your Customers: Who Are They and What Will They Do
Next?, Management Science 33(1). Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model and
Related Expressions, eq. 15 (the likelihood before its integral is written as 2F1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.models.fitting.newton import penalised_in_logs
from clv.models.purchase.beta_geo_likelihood import more_than

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.models.histories import Histories

#: Gauss-Legendre points of the integral: relative error below 1e-12.
NODES: Final = 48
#: exp(-this) is nothing.
NEGLIGIBLE: Final = 40.0
#: Rows evaluated at a time: they stay in the processor's cache.
CHUNK: Final = 128

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)


def silent_nodes(
    shape: Floats,
    rate: Floats,
    s: float,
    hazard: Floats,
    length: Floats,
    points: Floats = _POINTS,
    weights: Floats = _WEIGHTS,
) -> tuple[Floats, Floats]:
    """Return points and weights of an integral of what falls like exp(-G), as described above.

    Gauss-Legendre in ``log(m + tau)`` with the smaller of alpha and beta for m: powers of ``alpha +
    tau`` and ``beta + tau`` are exponentials there. The integral is cut where either of the two
    has fallen to nothing.

    Parameters
    ----------
    shape, rate
        Shape (n,): gamma distribution of the purchase rate at the start, ``r + x`` and
        ``alpha + t_x``.
    s, hazard
        Gamma distribution of the chance of leaving at the start: ``s`` and, shape (n,),
        ``beta + t_x``.
    length
        Shape (n,), upper end; at least 0.
    points, weights
        Gauss-Legendre on [-1, 1].

    Returns
    -------
    (elapsed, weight)
        Shape (n, nodes): time since the start, and weights with which to sum.
    """
    start = np.minimum(rate, hazard)
    # No further than 1e300: everything has been said long before.
    end = np.minimum(
        rate * np.expm1(np.minimum(NEGLIGIBLE / shape, 600.0)),
        hazard * np.expm1(min(NEGLIGIBLE / s, 600.0)),
    )
    half = 0.5 * np.log1p(np.minimum(length, end) / start)
    v = half[:, None] * (1 + points)
    grown = np.expm1(v)
    elapsed: Floats = start[:, None] * grown
    weight: Floats = (start * half)[:, None] * (weights * (1 + grown))
    return elapsed, weight


class ParetoNBDLikelihood:
    """Mean negative log-likelihood as a function of log(r, alpha, s, beta).

    Parameters
    ----------
    histories
        Best scaled so that the largest T is 1.
    penalizer
        Factor of the sum of squared parameters that is added to the mean.
    """

    def __init__(self, histories: Histories, penalizer: float = 0.0) -> None:
        self.penalizer = penalizer
        weights = histories.weights
        self.customers = float(weights.sum())
        # log (r)_x = sum over j < x of log(r + j): only how many have x > j matters.
        self._bought = more_than(histories.frequency.astype(np.int64), weights)
        some = histories.take(np.flatnonzero(weights))
        self._x, self._recency, self._weights = some.frequency, some.recency, some.weights
        self._silence = some.silence

    def log_likelihood(self, log_parameters: Floats) -> float:
        """Return the total log-likelihood, in the time unit of the data, without the penalty."""
        value, _, _ = self(log_parameters)
        penalty = self.penalizer * float((np.exp(log_parameters) ** 2).sum())
        return -(value - penalty) * self.customers

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the penalised mean, its gradient (4,) and Hessian (4, 4) in log-parameters."""
        theta = np.exp(log_parameters)
        inverse_r = 1 / (theta[0] + np.arange(self._bought.size))
        value = -float(self._bought @ np.log(inverse_r))
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[0] = self._bought @ inverse_r
        hessian[0, 0] = -(self._bought @ inverse_r**2)
        for begin in range(0, self._x.size, CHUNK):
            part = self._chunk_terms(slice(begin, begin + CHUNK), *theta)
            value += part[0]
            gradient += part[1]
            hessian += part[2]
        return penalised_in_logs((value, gradient, hessian), theta, self.customers, self.penalizer)

    def _chunk_terms(
        self, rows: slice, r: float, alpha: float, s: float, beta: float
    ) -> tuple[float, Floats, Floats]:
        """Sum what is left of the contributions once ``log (r)_x`` is taken care of."""
        x, t_x, w = self._x[rows], self._recency[rows], self._weights[rows]
        rate, hazard = alpha + t_x, beta + t_x
        bought, stayed = np.log1p(t_x / alpha), np.log1p(t_x / beta)
        value = -float(w @ (r * bought + x * np.log(rate) + s * stayed))
        share, lived = t_x / (alpha * rate), t_x / (beta * hazard)
        inverse, gone = 1 / rate, 1 / hazard
        gradient = np.array(
            [
                -(w @ bought),
                w @ (r * share - x * inverse),
                -(w @ stayed),
                s * (w @ lived),
            ]
        )
        hessian = np.zeros((4, 4))
        hessian[0, 1] = hessian[1, 0] = w @ share
        hessian[2, 3] = hessian[3, 2] = w @ lived
        hessian[1, 1] = w @ (x * inverse**2 - r * share * (1 / alpha + inverse))
        hessian[3, 3] = -s * (w @ (lived * (1 / beta + gone)))
        silent = self._silent_terms(rows, r + x, rate, s, hazard)
        return value + silent[0], gradient + silent[1], hessian + silent[2]

    def _silent_terms(
        self, rows: slice, shape: Floats, rate: Floats, s: float, hazard: Floats
    ) -> tuple[float, Floats, Floats]:
        """Sum ``log J``: J is a sum over points, the last of which is T itself."""
        silence, w = self._silence[rows], self._weights[rows]
        elapsed, weight = silent_nodes(shape, rate, s, hazard, silence)
        elapsed = np.column_stack([elapsed, silence])
        shape, rate, hazard = shape[:, None], rate[:, None], hazard[:, None]
        inverse_left = 1 / (hazard + elapsed)
        weight = np.column_stack([weight * s * inverse_left[:, :-1], np.ones(silence.size)])

        # Derivatives of the log of each summand by r, alpha, s, beta.
        slopes = np.empty((4, *elapsed.shape))
        np.log1p(elapsed / rate, out=slopes[0])
        np.log1p(elapsed / hazard, out=slopes[2])
        summand = np.exp(-shape * slopes[0] - s * slopes[2]) * weight
        total = summand.sum(axis=1)
        value = float(w @ np.log(total))
        summand *= (w / total)[:, None]
        buying, leaving = 1 / (rate + elapsed), inverse_left
        less_buying = elapsed / rate * buying
        less_leaving = elapsed / hazard * leaving
        np.negative(slopes[0], out=slopes[0])
        np.negative(slopes[2], out=slopes[2])
        np.multiply(shape, less_buying, out=slopes[1])
        np.multiply(s, less_leaving, out=slopes[3])
        slopes[2, :, :-1] += 1 / s
        slopes[3, :, :-1] -= leaving[:, :-1]

        weighted = slopes * summand
        each = weighted.sum(axis=2)
        gradient = each.sum(axis=1)
        flat = slopes.reshape(4, -1)
        hessian = weighted.reshape(4, -1) @ flat.T - (each / w) @ each.T
        # Means of the second derivatives.
        inside = summand[:, :-1]
        hessian[0, 1] += np.vdot(summand, less_buying)
        hessian[1, 1] -= np.vdot(weighted[1], buying + 1 / rate)
        hessian[2, 2] -= inside.sum() / s**2
        hessian[2, 3] += np.vdot(summand, less_leaving)
        hessian[3, 3] -= s * np.vdot(summand, less_leaving * (leaving + 1 / hazard))
        hessian[3, 3] += np.vdot(inside, leaving[:, :-1] ** 2)
        hessian[1, 0], hessian[3, 2] = hessian[0, 1], hessian[2, 3]
        return value, gradient, hessian
