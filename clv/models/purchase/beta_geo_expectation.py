"""Expected purchases of a customer who is alive, exact for every parameter.

Given alive at T, the rate is gamma(rho, beta) and the chance p of leaving after a purchase is
beta(a, B). With ``z = t / (beta + t)`` and ``c = a + B - 1``

    E = E[(1 - (1 + p t / beta)^-rho) / p]
      = c / (a - 1) * [1 - (1 - z)^(a - 1) * 2F1(c - rho, a - 1; c; z)]

The textbook form is 0/0 at a = 1 and loses digits around it. Here ``a - 1`` is divided out of both
terms by hand, ``2F1 = 1 + (a - 1) S``, and S is summed directly:

    E = c * (1 - (1 - z)^(a - 1)) / (a - 1) - (1 - z)^(a - 1) * c S
    c S = A z + A (A + 1) / (c + 1) * a z^2 / 2! + ...,    A = c - rho

For ``-c <= A`` no term of S exceeds its counterpart in the first part, and the difference is at
least rho / c of it: so the digits lost are known beforehand. Where they would be more than four,
or the series is slow (z close to 1), the mean over p is integrated numerically instead: every
term of that is positive, so nothing can cancel.

References
----------
Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 10; Wagner & Hoppe (2008), IJRM 25(3).
The Euler and Pfaff transformations: Abramowitz & Stegun 15.3.3-15.3.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats


#: The difference of the two terms may be smaller than they are by this factor.
WORST_CANCELLATION: Final = 1e4
#: Terms of the series before the integral takes over.
LONGEST_SERIES: Final = 1024
TERMS_BETWEEN_CHECKS: Final = 8
#: (1 - z)^(a - 1) beyond exp(+-this) is left to the integral.
LARGEST_EXPONENT: Final = 200.0
#: Elements summed at a time: they stay in the processor's cache.
CHUNK: Final = 8192
#: Points of the integral, and elements integrated at a time.
NODES: Final = 256
INTEGRAL_CHUNK: Final = 2048
#: exp(-this) is nothing.
NEGLIGIBLE: Final = 37.0


def purchases_while_alive(
    t: Floats,
    shape: Floats,
    rate: Floats,
    a: float,
    stays: Floats,
) -> Floats:
    """Return the expected number of purchases in the next ``t``, given alive now.

    Parameters
    ----------
    t
        Horizon, time units; at least 0.
    shape, rate
        Gamma distribution of the purchase rate: ``r + x`` and ``alpha + T`` (time units).
    a, stays
        Beta distribution of the chance of leaving: ``a`` and ``b + x`` (BG/NBD) or ``b + x + 1``
        (MBG/NBD).

    Returns
    -------
    Floats
        The shape that the arguments broadcast to; relative error below 1e-9.
    """
    arrays = np.broadcast_arrays(t, shape, rate, stays)
    time, rho, beta, big_b = (np.ascontiguousarray(v, dtype=float).ravel() for v in arrays)
    expected = np.empty(time.size)
    for begin in range(0, time.size, CHUNK):
        part = slice(begin, begin + CHUNK)
        expected[part] = _series(time[part], rho[part], beta[part], a, big_b[part])
    todo = np.flatnonzero(np.isnan(expected))
    for begin in range(0, todo.size, INTEGRAL_CHUNK):
        rows = todo[begin : begin + INTEGRAL_CHUNK]
        expected[rows] = _integral(time[rows], rho[rows], beta[rows], a, big_b[rows])
    return expected.reshape(arrays[0].shape)


def _series(t: Floats, rho: Floats, beta: Floats, a: float, stays: Floats) -> Floats:
    """Sum the series; NaN marks the elements that need the integral."""
    c = a + stays - 1
    order = a - 1.0
    log_rest = -np.log1p(t / beta)  # log(1 - z)
    usable = (
        (c > 0)
        & (2 * c >= rho)  # -c <= A
        & (c <= WORST_CANCELLATION * rho)
        & (np.abs(order * log_rest) < LARGEST_EXPONENT)
    )
    rows = np.flatnonzero(usable)
    z = t[rows] / (beta[rows] + t[rows])
    total, done = _sum_terms(z, c[rows], c[rows] - rho[rows], a)
    rows, total = rows[done], total[done]
    log_rest = log_rest[rows]
    first = -log_rest if order == 0 else -np.expm1(order * log_rest) / order
    result = np.full(t.size, np.nan)
    result[rows] = np.maximum(c[rows] * first - np.exp(order * log_rest) * total, 0.0)
    return result


def _sum_terms(z: Floats, c: Floats, top: Floats, a: float) -> tuple[Floats, Bools]:
    """Sum ``c S``; also return where it came to an end in time."""
    total = np.zeros(z.size)
    done = np.zeros(z.size, dtype=bool)
    active = np.arange(z.size)
    term = top * z
    partial = term.copy()
    k = 1
    while active.size and k < LONGEST_SERIES:
        for _ in range(TERMS_BETWEEN_CHECKS):
            term = term * ((top + k) * z / (c + k) * ((a + k - 1) / (k + 1)))
            partial = partial + term
            k += 1
        # From here on every term is smaller than the one before by this factor at least.
        ratio = np.maximum(np.abs((top + k) / (c + k)) * ((a + k - 1) / (k + 1)), 1.0) * z
        ended = (ratio < 1) & (np.abs(term) * ratio <= 1e-16 * np.abs(partial) * (1 - ratio))
        if ended.any():
            total[active[ended]] = partial[ended]
            done[active[ended]] = True
            going = ~ended
            active, z, c, top = active[going], z[going], c[going], top[going]
            term, partial = term[going], partial[going]
    return total, done


def _integral(t: Floats, rho: Floats, beta: Floats, a: float, stays: Floats) -> Floats:
    """Average over p ~ beta(a, B) by the trapezoidal rule in y, the log-odds of p.

    In y the integrand is analytic and dies off exponentially on both sides, where the trapezoidal
    rule converges exponentially (Trefethen & Weideman 2014, SIAM Review 56(3)). Where a or B is so
    small that p can't be told from 0 or 1 long before a tail has died off, the tail is a geometric
    series and is summed in closed form. The same sum without the purchases normalises the weights,
    so no beta function is needed and its rounding error doesn't enter.
    """
    tau = t / beta
    mode = np.log(a) - np.log(stays)
    # Towards p = 0 purchases grow, up to rho * tau: the weights must fall so much further.
    at_mode = np.maximum(_purchases(mode, tau, rho), np.finfo(float).tiny)
    growth = np.maximum(np.log(np.maximum(rho * tau, np.finfo(float).tiny) / at_mode), 0.0)
    # Nothing changes any more where p is below exp(lowest), nor where 1 - p is below exp(-highest).
    lowest = np.minimum(mode, -np.log1p(tau * (rho + 1) + stays + a)) - NEGLIGIBLE
    highest = np.maximum(mode, np.log1p(a + stays)) + NEGLIGIBLE
    y, weight = beta_nodes(a, stays, lowest, highest, NEGLIGIBLE + growth, NODES)
    expected = weight * _purchases(y, tau[:, None], rho[:, None])
    average: Floats = expected.sum(axis=1) / weight.sum(axis=1)
    return average


def beta_nodes(
    a: float, stays: Floats, lowest: Floats, highest: Floats, fall: Floats | float, nodes: int
) -> tuple[Floats, Floats]:
    """Return points and weights that average a function of p over beta(a, B).

    Parameters
    ----------
    a, stays
        The beta distribution: ``a`` and, shape (n,), ``B``.
    lowest, highest
        Shape (n,), log-odds of p beyond which the function no longer changes.
    fall
        The points on the left end where the log-weight has fallen by this much.
    nodes
        Number of points.

    Returns
    -------
    (y, weight)
        Shape (n, nodes) both: log-odds of p, and weights that need dividing by their sum.
    """
    mode = np.log(a) - np.log(stays)
    peak = _log_weight(mode, a, stays)
    left = _crossing(mode, lowest, peak - fall, a, stays)
    right = _crossing(mode, highest, peak - NEGLIGIBLE, a, stays)
    step = (right - left) / (nodes - 1)
    y = left[:, None] + step[:, None] * np.arange(nodes)
    weight = np.exp(_log_weight(y, a, stays[:, None]) - peak[:, None])
    weight[:, 0] *= 1 + 1 / np.expm1(np.minimum(a * step, 700.0))
    weight[:, -1] *= 1 + 1 / np.expm1(np.minimum(stays * step, 700.0))
    return y, weight


def _log_weight(y: Floats, a: float, stays: Floats) -> Floats:
    """Return ``a log p + B log(1 - p)`` at log-odds y."""
    # -log p = max(-y, 0) + rest and -log(1 - p) = max(y, 0) + rest
    rest = np.log1p(np.exp(-np.abs(y)))
    weight: Floats = -a * (np.maximum(-y, 0) + rest) - stays * (np.maximum(y, 0) + rest)
    return weight


def _purchases(y: Floats, tau: Floats, rho: Floats) -> Floats:
    """Return ``(1 - (1 + p tau)^-rho) / p`` at log-odds y."""
    p = 1 / (1 + np.exp(-y))
    expected: Floats = -np.expm1(-rho * np.log1p(p * tau)) / p
    return expected


def _crossing(mode: Floats, far: Floats, level: Floats, a: float, stays: Floats) -> Floats:
    """Bisect for where the log-weight falls to ``level``; ``far`` where it doesn't before."""
    inner, outer = mode, far
    for _ in range(20):
        middle = 0.5 * (inner + outer)
        above = _log_weight(middle, a, stays) > level
        inner = np.where(above, middle, inner)
        outer = np.where(above, outer, middle)
    return outer
