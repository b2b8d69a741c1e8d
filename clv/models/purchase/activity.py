"""Who will buy between two days to come: the share of customers a future month finds active.

Given active at T, the rate is gamma(rho, beta) with ``rho = r + x`` and ``beta = alpha + T``, and
the chance p of leaving after a purchase is beta(a, B). A customer buys at least once in
(T + t1, T + t2] if none of the purchases up to t1 was the last one - those come at the rate
``lambda p`` - and if there is a purchase in between. With ``s = t2 - t1``

    P = E[exp(-lambda p t1) (1 - exp(-lambda s))]
      = E_p[(1 + p t1 / beta)^-rho - (1 + (p t1 + s) / beta)^-rho]

Each mean over p is a Gauss hypergeometric function, ``E_p[(1 + p z)^-m] = 2F1(m, a; a + B; -z)``;
it is taken with the points and weights of `clv.models.purchase.beta_geo_expectation`, which depend on x only
and so serve every age and every period at once.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.models.purchase.beta_geo_expectation import beta_nodes

if TYPE_CHECKING:
    from clv.core.types import Floats

#: Points of the mean over p: absolute error below 1e-10.
NODES: Final = 112
#: exp(-this) is nothing beside that error, with which a difference of chances is left.
NEGLIGIBLE: Final = 26.0
#: Rows at a time: they stay in the processor's cache.
CHUNK: Final = 512


def purchase_between(
    edges: Floats,
    shape: Floats,
    rate: Floats,
    a: float,
    stays: Floats,
) -> Floats:
    """Return P(at least one purchase between two edges), given active now.

    Parameters
    ----------
    edges
        Shape (h + 1,), time from now, ascending, the first at least 0.
    shape, rate
        Shape (n,), gamma distribution of the purchase rate: ``r + x`` and ``alpha + T``.
    a, stays
        Beta distribution of the chance of leaving: ``a`` and, shape (n,), ``b + x`` (BG/NBD) or
        ``b + x + 1`` (MBG/NBD).

    Returns
    -------
    Floats
        Shape (n, h).
    """
    result = np.zeros((len(shape), len(edges) - 1))
    if not len(shape):
        return result
    distinct, first, which = np.unique(stays, return_index=True, return_inverse=True)
    # Below `lowest` p makes no difference any more, whatever the age and the period.
    steepest = shape[first] * edges[-1] / rate.min()
    mode = np.log(a) - np.log(distinct)
    lowest = np.minimum(mode, -np.log1p(steepest + distinct + a)) - NEGLIGIBLE
    highest = np.maximum(mode, np.log1p(a + distinct)) + NEGLIGIBLE
    y, weight = beta_nodes(a, distinct, lowest, highest, NEGLIGIBLE, NODES)
    weight /= weight.sum(axis=1, keepdims=True)
    p = 1 / (1 + np.exp(-y))
    for begin in range(0, len(shape), CHUNK):
        rows = slice(begin, begin + CHUNK)
        leaves, weights = p[which[rows]], weight[which[rows]]
        rho, beta = shape[rows, None], rate[rows, None]
        for i, (start, end) in enumerate(pairwise(edges)):
            so_far = leaves * (start / beta)
            still = np.exp(-rho * np.log1p(so_far))
            silent = np.exp(-rho * np.log1p(so_far + (end - start) / beta))
            result[rows, i] = np.einsum("ij,ij->i", still - silent, weights)
    return result
