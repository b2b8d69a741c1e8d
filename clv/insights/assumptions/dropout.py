"""Whether those who buy often leave as the model says, or stay longer, or leave sooner.

Rate and chance of leaving are independent among customers. So the model, told of the first half of
each customer's time, must be right in the second half about those who had bought often by then as
much as about the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.insights.assumptions.base import GROUPS, T_GROUPS, Check, around, jackknife, sums
from clv.models.fitting.likelihood_model import LikelihoodModel
from clv.models.fitting.poisson import poisson_fit
from clv.models.histories import Histories

if TYPE_CHECKING:
    from clv.core.schema import AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: Change of (purchases over forecast) with each doubling of the purchase days before, a log ratio:
#: 2 % is 4 % between customers with one and with eight, 10 % is a quarter.
TRIVIAL: Final = 0.02
LARGE: Final = 0.10
#: Customers must have been seen for so many days.
SHORTEST: Final = 56
#: Fewest purchases in the second half.
FEWEST: Final = 100
#: Customers that are forecast; more cost time and tell no more.
SAMPLE: Final = 50_000
#: Lower ends of the classes of repeat purchase days in the first half.
CLASSES: Final = (0, 1, 2, 3, 5, 8, 13)


def dropout(group: People) -> Check | None:
    """Compare second halves with their forecast; effect: how the ratio changes with frequency."""
    model = group.purchases
    if not isinstance(model, LikelihoodModel):
        return None
    one_in = max(-(-group.customers // SAMPLE), 1)
    found = group.columns(
        "WITH half AS (SELECT p.c, any_value(p.g) AS g, any_value(T) AS T, any_value(T) // 2 AS h, "
        "count(*) FILTER (age > 0 AND age <= T // 2) AS x, "
        "coalesce(max(age) FILTER (age <= T // 2), 0) AS t_x, count(*) FILTER (age > T // 2) AS y "
        f"FROM people p JOIN days USING (c) WHERE T >= {SHORTEST} AND p.c // 7 % {one_in} = 0 "
        "GROUP BY p.c) "
        "SELECT g, x, t_x, h, T, count(*) AS n, sum(y) AS y FROM half GROUP BY ALL ORDER BY ALL"
    )
    n, x, y = found["n"], found["x"], found["y"]
    customers, size = int(n.sum()), len(CLASSES)
    if y.sum() < FEWEST:
        return Check("dropout", None, TRIVIAL, LARGE, customers)
    born = -found["T"]
    last, half = (group.elapsed(born, born + found[k]) for k in ("t_x", "h"))
    ahead_days = group.elapsed(born + found["h"], 0.0)
    forecast = n * model.expected_purchases(Histories.of(x, last, half), ahead_days)
    kind = np.searchsorted(np.array(CLASSES), x, side="right") - 1
    cell = found["g"] * size + kind
    bought, expected, count = (sums(cell, v, GROUPS, size) for v in (y, forecast, n))
    people, ahead = count.sum(axis=0), expected.sum(axis=0)
    there = ahead > 0
    doublings = sums(kind, forecast * np.log2(1 + x), size)[there] / ahead[there]
    design = np.column_stack([np.ones(int(there.sum())), doublings])

    def ratios(y: Floats, e: Floats) -> Floats:
        return np.append(y[there] / e[there], poisson_fit(y[there], e[there], design)[1])

    if len(doublings) < 2:
        return Check("dropout", None, TRIVIAL, LARGE, customers)
    with np.errstate(divide="ignore", invalid="ignore"):
        values, covariance = jackknife(ratios, bought, expected)
    reach = T_GROUPS * np.sqrt(np.diag(covariance))
    rows: tuple[AssumptionRow, ...] = tuple(
        {
            "from": CLASSES[i],
            "to": CLASSES[i + 1] - 1 if i < size - 1 else None,
            "customers": int(people[i]),
            "observed": float(bought[:, i].sum() / people[i]),
            "expected": float(ahead[i] / people[i]),
            "ratio": float(values[k]),
            "low": float(max(values[k] - reach[k], 0.0)),
            "high": float(values[k] + reach[k]),
        }
        for k, i in enumerate(np.flatnonzero(there))
        if np.isfinite(reach[k])
    )
    effect = around(values[-1], covariance[-1, -1])
    return Check("dropout", effect, TRIVIAL, LARGE, customers, rows)
