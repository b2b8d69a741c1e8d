"""Gaps between orders: as irregular as the model says (a Poisson process), or regular, or in bursts.

Given how many purchase days a customer has had and when the last one was, a Poisson process puts the
days in between anywhere, all places alike, whatever the customer's rate and chance of leaving. So
the spread of a customer's gaps around their mean is known without any fitted number, for whole
days as well: gaps less a day are Dirichlet-multinomial with parameter 1; with k where gaps are
Erlang-k (k > 1: regular; k < 1: in bursts). The statistic is the k whose spread is the observed one.

References
----------
Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, JMR 27(1): the
same idea with two gaps a customer. Platzer & Reutterer (2016), Marketing Science 35(5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammaln

from clv.insights.assumptions.base import GROUPS, Check, around, jackknife, sums

if TYPE_CHECKING:
    from clv.core.schema import AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: log k. Below 1.2 the chance of being active hardly moves; from 1.5 on (gaps a fifth less or more
#: spread out) it says of a customer overdue by two gaps that they are active twice too often or
#: half as often as they are.
TRIVIAL: Final = float(np.log(1.2))
LARGE: Final = float(np.log(1.5))
#: Fewer customers with two gaps tell nothing.
FEWEST: Final = 30
#: Values of k among which it is sought, by interpolation.
GRID: Final = np.geomspace(0.05, 20.0, 121)
#: A gap over the mean gap of its customer, upper ends of classes.
EDGES: Final = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, np.inf)


def timing(group: People) -> Check | None:
    """Estimate k of Erlang-k gaps; effect: the logarithm of k over the model's, 1 for most models."""
    model_k = int(getattr(group.purchases, "k_", 1))
    found = group.columns(
        "SELECT g, frequency AS x, recency AS n, count(*) AS customers, sum(spread) AS spread "
        "FROM people JOIN (SELECT c, var_pop(gap) * count(gap) AS spread FROM days WHERE nth > 0 "
        "GROUP BY c HAVING count(*) > 1) USING (c) WHERE recency > frequency GROUP BY ALL ORDER BY ALL"
    )
    x, n, customers = found["x"], found["n"], found["customers"]
    if customers.sum() < FEWEST:
        return Check("timing", None, TRIVIAL, LARGE, int(customers.sum()))
    free = n - x
    poisson = n * free * (x - 1) / (x * (x + 1))
    # A customer's spread has a relative variance of about 1 / (x - 1).
    weight = x - 1
    g = found["g"]
    seen = sums(g, weight * found["spread"] / poisson, GROUPS)

    def spread_at(k: float) -> Floats:
        """Of Erlang-k gaps, over that of a Poisson process; summed over the customers."""
        of_k: Floats = weight * customers * (free + k * x) / (1 + k * x) * (1 + x) / (free + x)
        return of_k

    given = np.stack([sums(g, spread_at(k), GROUPS) for k in GRID], axis=1)

    def log_k(spread: Floats, by_grid: Floats) -> Floats:
        # Spread falls as k rises.
        return np.array([np.interp(-float(spread), -by_grid, np.log(GRID))])

    estimate, covariance = jackknife(log_k, seen, given)
    return Check(
        "timing",
        around(estimate[0] - np.log(model_k), covariance[0, 0]),
        TRIVIAL,
        LARGE,
        int(customers.sum()),
        _rows(group, x, n, customers, model_k),
        {
            "k": float(np.exp(estimate[0])),
            "model_k": model_k,
            "spread": float(seen.sum() / spread_at(model_k).sum()),
        },
    )


def _rows(
    group: People, x: Floats, n: Floats, customers: Floats, k: int
) -> tuple[AssumptionRow, ...]:
    """Return the shares of gaps by their length over the customer's mean, and the model's."""
    cases = " ".join(
        f"WHEN gap * frequency <= {e} * recency THEN {i}" for i, e in enumerate(EDGES[:-1])
    )
    found = group.columns(
        f"SELECT CASE {cases} ELSE {len(EDGES) - 1} END AS class, count(*) AS gaps "
        "FROM days JOIN people USING (c) WHERE nth > 0 AND frequency > 1 AND recency > frequency "
        "GROUP BY ALL"
    )
    observed = sums(found["class"], found["gaps"], len(EDGES))
    gaps = x * customers
    below = np.zeros(len(EDGES) + 1)
    for i, edge in enumerate(EDGES[:-1]):
        below[i + 1] = float(gaps @ (1 - _longer(np.floor(edge * n / x), x, n, k)))
    below[-1] = float(gaps.sum())
    expected = np.diff(below)
    return tuple(
        {
            "from": 0.0 if i == 0 else EDGES[i - 1],
            "to": None if np.isinf(edge) else edge,
            "observed": float(observed[i] / observed.sum()),
            "expected": float(expected[i] / expected.sum()),
        }
        for i, edge in enumerate(EDGES)
    )


def _longer(y: Floats, x: Floats, n: Floats, k: int) -> Floats:
    """Return P(the first of x gaps of n days together is longer than y days); shape (m,).

    n - x free days and k x - 1 ends of stages lie in any order, all orders alike; the gap ends with
    the k-th of them. It is longer if fewer than k are among the first y + k - 1 (hypergeometric).
    """
    free, ends = n - x, k * x - 1
    first = np.clip(y, 0, free + 1) + k - 1

    def ways(many: Floats, some: Floats) -> Floats:
        possible = (some >= 0) & (some <= many)
        few = np.clip(some, 0, many)
        log: Floats = gammaln(many + 1) - gammaln(few + 1) - gammaln(many - few + 1)
        return np.where(possible, log, -np.inf)

    total = ways(free + ends, ends)
    chance = np.zeros(x.shape)
    for j in range(k):
        before, after = ways(first, np.full(x.shape, float(j))), ways(free + ends - first, ends - j)
        chance += np.exp(before + after - total)
    return np.minimum(chance, 1.0)
