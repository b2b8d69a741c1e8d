"""What a customer with Erlang-k gaps will do, given active now and j stages into the gap.

Given lambda and p, stages pass as a Poisson process; every k-th is a purchase, which is the last one
with probability p. With ``s = (1 - p)^(1/k)``, a chain that loses the factor s at every stage has the
same probabilities up to a power of s, and on a cycle of k stages it is diagonal in the k-th roots of
unity w. Mixing over lambda, which is gamma(N, A) given j with ``N = n + j`` and ``A = alpha + T``:

    P(active at t and at stage i) = s^(j-i) / k  sum over w of  w^(j-i) (1 + c t / A)^-N
    E(purchases within t)         = s^(j-k+1) / k  sum over w of  w^(j+1) (1 - (1 + c t/A)^-N) / c

with ``c = 1 - s w``. For k = 1 this is ``(1 - (1 + p t / A)^-N) / p``, as in
`clv.models.purchase.beta_geo_expectation`. What remains is the mean over p, beta(a, B): the functions are
analytic in p up to ``1 - (1 + A/t)^k < 0``, so that Gauss-Jacobi quadrature needs few points. It is
repeated with twice as many until two results agree; for what still doesn't, the points of
`clv.models.purchase.beta_geo_expectation` are made for any a and B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.models.purchase.beta_geo_expectation import NEGLIGIBLE, beta_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from clv.core.types import Floats

    Complex = NDArray[np.complex128]
    #: p of shape (rows, nodes), rows → values of shape (k, rows, nodes)
    Function = Callable[[Floats, NDArray[np.intp]], Floats]

#: Gauss-Jacobi points tried one after the other.
POINTS: Final = (8, 16, 32, 64)
#: Two results agree when they differ by less than this share, or by less than next to nothing.
AGREE: Final = 1e-9
AGREE_ABSOLUTE: Final = 1e-12
#: Points where even these don't agree.
NODES: Final = 256
#: Values computed at a time: they stay in the processor's cache.
CHUNK: Final = 16_384
#: 1 - p is not taken below this. Powers of s are divided by, and rounding grows as they fall; the
#: functions are linear in 1 - p there and have reached their value at p = 1 but for this much.
SMALLEST_STAY: Final = 1e-8


def purchases_while_alive(
    k: int, t: Floats, shape: Floats, rate: Floats, a: float, stays: Floats
) -> Floats:
    """Return the expected purchases within t, given active and at each stage of the gap.

    Parameters
    ----------
    k
        Stages of a gap.
    t
        Shape (n,), horizon, time units.
    shape, rate
        Shape (n,): ``r + k x`` and ``alpha + T``.
    a, stays
        Beta distribution of the chance of leaving: ``a`` and, shape (n,), ``b + y``.

    Returns
    -------
    Floats
        Shape (n, k): one column a stage; error below 1e-8, absolute or relative (1e-7 where k is 7 or
        8 and nearly everybody leaves at once, B < 0.1).
    """
    tau = t / rate

    def purchases(p: Floats, rows: NDArray[np.intp]) -> Floats:
        s, leaves = _survival(p, k)
        steps, n = tau[rows, None], shape[rows, None]
        total = np.zeros((k, *p.shape))
        # The real root, without a difference that cancels for a small p.
        log_kept = np.log1p(steps * leaves)
        for j in range(k):
            total[j] = -np.expm1(-(n + j) * log_kept) / leaves
        for root, times in _other_roots(k):
            c = 1 - root * s
            base = 1 + steps * c
            kept = _inverse_power(base, n)
            for j in range(k):
                total[j] += times * (root ** (j + 1) * (1 - kept) / c).real
                kept = kept / base
        for j in range(k):
            total[j] *= s ** (j - k + 1) / k
        return total

    scale = shape * tau / k
    return np.maximum(_average(purchases, k, a, stays, scale), 0.0)


def purchase_between(
    k: int, start: Floats, end: Floats, shape: Floats, rate: Floats, a: float, stays: Floats
) -> Floats:
    """Return P(at least one purchase in (start, end]), given active and at each stage of the gap.

    Active and at stage i when the span begins, a customer buys in it unless fewer than ``k - i``
    stages pass. Parameters as in `purchases_while_alive`; shape (n, k).
    """
    before, span = start / rate, (end - start) / rate

    def buys(p: Floats, rows: NDArray[np.intp]) -> Floats:
        s, leaves = _survival(p, k)
        first, then, n = before[rows, None], span[rows, None], shape[rows, None]
        total = np.zeros((k, *p.shape))
        for root, times in [(1.0, 1), *_other_roots(k)]:
            c = leaves if root == 1.0 else 1 - root * s
            alive, silent = 1 + first * c, 1 + first * c + then
            for j in range(k):
                still, stage = _inverse_power(alive, n + j), _inverse_power(silent, n + j)
                passed = stage
                # passed: at most m stages in the span, for a customer k - 1 - m stages in
                for m in range(k):
                    if m:
                        stage = stage * ((n + j + m - 1) * then / (m * silent))
                        passed = passed + stage
                    shift = j - (k - 1 - m)
                    term = (root**shift * (still - passed)).real
                    total[j] += times / k * s**shift * term
        return total

    scale = shape * (before + span) / k
    return np.clip(_average(buys, k, a, stays, scale), 0.0, 1.0)


def _survival(p: Floats, k: int) -> tuple[Floats, Floats]:
    """Return ``s = (1 - p)^(1/k)`` and ``1 - s``."""
    log_s = np.log1p(-np.minimum(p, 1 - SMALLEST_STAY)) / k
    return np.exp(log_s), -np.expm1(log_s)


def _inverse_power(base: Any, n: Floats) -> Any:
    """Return ``base^-n``; numpy's complex logarithm and exponential take three times as long."""
    # What is next to nothing is nothing.
    with np.errstate(under="ignore"):
        if not np.iscomplexobj(base):
            return np.exp(-n * np.log(base))
        size = np.exp(-n / 2 * np.log(base.real**2 + base.imag**2))
    half = np.tan(n / 2 * np.arctan2(base.imag, base.real))
    size /= 1 + half**2
    result = np.empty(size.shape, dtype=complex)
    result.real = size * (1 - half**2)
    result.imag = -2 * size * half
    return result


def _other_roots(k: int) -> list[tuple[complex | float, int]]:
    """Return the k-th roots of unity but 1, one of each conjugate pair, and how often to count it."""
    roots: list[tuple[complex | float, int]] = [
        (complex(np.exp(2j * np.pi * i / k)), 2) for i in range(1, (k + 1) // 2)
    ]
    return roots if k % 2 else [*roots, (-1.0, 1)]


def _average(function: Function, k: int, a: float, stays: Floats, scale: Floats) -> Floats:
    """Return the mean of a function of p over beta(a, stays), shape (n, k)."""
    result = np.empty((stays.size, k))
    todo = np.arange(stays.size)
    before: Floats | None = None
    for points in POINTS:
        distinct, which = np.unique(stays[todo], return_inverse=True)
        p, weight = gauss_beta(a, distinct, points)
        after = _sums(function, k, todo, p, weight, which)
        result[todo] = after
        if before is not None:
            apart = np.abs(after - before).max(axis=1)
            doubt = apart > AGREE * np.abs(after).min(axis=1) + AGREE_ABSOLUTE
            todo, after = todo[doubt], after[doubt]
        before = after
        if not todo.size:
            return result
    mode = np.log(a) - np.log(stays[todo])
    most = scale[todo]
    lowest = np.minimum(mode, -np.log1p(most + stays[todo] + a)) - NEGLIGIBLE
    highest = np.maximum(mode, np.log1p(a + stays[todo])) + NEGLIGIBLE
    # Towards p = 0 purchases grow, up to the scale: the weights must fall so much further.
    fall = NEGLIGIBLE + np.log1p(most)
    for begin in range(0, todo.size, CHUNK // NODES):
        part = slice(begin, begin + CHUNK // NODES)
        y, weight = beta_nodes(a, stays[todo[part]], lowest[part], highest[part], fall[part], NODES)
        weight /= weight.sum(axis=1, keepdims=True)
        values = function(1 / (1 + np.exp(-y)), todo[part])
        result[todo[part]] = np.einsum("kij,ij->ik", values, weight)
    return result


def _sums(
    function: Function,
    k: int,
    rows: NDArray[np.intp],
    p: Floats,
    weight: Floats,
    which: NDArray[np.intp],
) -> Floats:
    result = np.empty((rows.size, k))
    step = max(CHUNK // p.shape[1], 1)
    for begin in range(0, rows.size, step):
        part = slice(begin, begin + step)
        values = function(p[which[part]], rows[part])
        result[part] = np.einsum("kij,ij->ik", values, weight[which[part]])
    return result


def gauss_beta(a: float, b: Floats, points: int) -> tuple[Floats, Floats]:
    """Return points and weights of Gauss quadrature for beta(a, b), shape (n, points) each.

    Golub & Welsch (1969): eigenvalues, and first components of the eigenvectors, of the Jacobi
    matrix (Abramowitz & Stegun 22.7.1, moved from [-1, 1] to [0, 1]). One by one: LAPACK's solver of
    full matrices starts threads, which on a busy machine take a hundred times as long.
    """
    from scipy.linalg import eigh_tridiagonal  # noqa: PLC0415 - slow to import

    i = np.arange(1, points)
    b = b[:, None]
    total = a + b
    diagonal = 0.5 + 0.5 * (a - b) * (total - 2) / ((2 * i + total - 2) * (2 * i + total))
    off = i * (i + b - 1) * (i + a - 1) / (2 * i + total - 1)
    # i + total - 2 over 2 i + total - 3 is 1 for i = 1, also where both are 0.
    last = np.where(i == 1, 1.0, (i + total - 2) / np.where(i == 1, 1.0, 2 * i + total - 3))
    off = np.sqrt(off * last) / (2 * i + total - 2)
    diagonal = np.concatenate([a / total, diagonal], axis=1)
    p, weight = np.empty((b.size, points)), np.empty((b.size, points))
    for row in range(b.size):
        p[row], vectors = eigh_tridiagonal(diagonal[row], off[row], lapack_driver="stev")
        weight[row] = vectors[0] ** 2
    return np.clip(p, 1e-300, 1.0), weight
