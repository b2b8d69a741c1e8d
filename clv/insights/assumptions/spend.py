"""What the Gamma-Gamma model takes for granted about order values.

How much customers spend has nothing to do with how often; values are distributed as fitted; and
every customer's purchases vary as much, relative to their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import betainc, betaincinv

from clv.insights.assumptions.base import (
    GROUPS,
    T_GROUPS,
    Check,
    around,
    jackknife,
    misplaced,
    sums,
)

if TYPE_CHECKING:
    from clv.core.schema import AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: Change of the order value with each doubling of the frequency, a log ratio: 3 % is 10 % between
#: customers with one and with nine repeat orders, 10 % is a third.
VALUE_TRIVIAL: Final = 0.03
VALUE_LARGE: Final = 0.10
#: Share of orders in another value class than the model's.
SHAPE_TRIVIAL: Final = 0.03
SHAPE_LARGE: Final = 0.10
#: Weight of a customer's own average of `TYPICAL` repeat orders, against that of the population.
WEIGHT_TRIVIAL: Final = 0.05
WEIGHT_LARGE: Final = 0.15
TYPICAL: Final = 3
FEWEST: Final = 50
#: Upper ends of the classes of repeat purchase days.
CLASSES: Final = (1, 2, 3, 5, 8, 13, 1_000_000)
_TENTHS: Final = np.arange(1, 10) / 10


def frequency_value(group: People) -> Check | None:
    """Regress the log of order values on the log of frequency; effect: change per doubling.

    Each repeat buyer counts once, with the mean log of the values of the repeat purchase days: under
    the model its expectation is the same whatever the frequency, unlike that of the log of the mean.
    """
    if not _valued(group):
        return None
    found = group.columns(
        "SELECT g, x, count(*) AS n, sum(z) AS z, sum(z * z) AS zz, sum(m) AS m FROM ("
        "SELECT c, any_value(g) AS g, count(*) AS x, avg(ln(value)) AS z, avg(value) AS m "
        "FROM days WHERE nth > 0 AND value > 0 GROUP BY c) GROUP BY ALL ORDER BY ALL"
    )
    n, x, z = found["n"], found["x"], found["z"]
    customers = int(n.sum())
    if customers < FEWEST or x.max(initial=0) < 2:
        return Check("frequency_value", None, VALUE_TRIVIAL, VALUE_LARGE, customers)
    doublings = np.log2(x)
    parts = (n, n * doublings, n * doublings**2, z, z * doublings, found["zz"])
    moments = np.stack([sums(found["g"], v, GROUPS) for v in parts], axis=1)

    def slope(s: Floats) -> Floats:
        count, d, dd, y, dy, yy = s
        cross, square = dy - d * y / count, dd - d**2 / count
        return np.array([cross / square, cross / np.sqrt(square * (yy - y**2 / count))])

    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, covariance = jackknife(slope, moments)
    kind = np.searchsorted(np.array(CLASSES), x)
    cell = found["g"] * len(CLASSES) + kind
    total, people = (sums(cell, v, GROUPS, len(CLASSES)) for v in (found["m"], n))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, spread = jackknife(lambda t, p: t / p, total, people)
    rows: list[AssumptionRow] = [
        {
            "from": 1 if i == 0 else CLASSES[i - 1] + 1,
            "to": end if i < len(CLASSES) - 1 else None,
            "customers": int(people[:, i].sum()),
            "value": float(mean[i]),
            "low": max(float(mean[i] - T_GROUPS * np.sqrt(spread[i, i])), 0.0),
            "high": float(mean[i] + T_GROUPS * np.sqrt(spread[i, i])),
        }
        for i, end in enumerate(CLASSES)
        if np.isfinite(mean[i]) and np.isfinite(spread[i, i])
    ]
    return Check(
        "frequency_value",
        around(estimate[0], covariance[0, 0]),
        VALUE_TRIVIAL,
        VALUE_LARGE,
        customers,
        tuple(rows),
        {"correlation": float(estimate[1]) if np.isfinite(estimate[1]) else None},
    )


def spend_shape(group: People) -> Check | None:
    """Compare the values of second purchase days with the model's; effect: share misplaced.

    One purchase a customer, so that they are independent. Under Gamma-Gamma, v / (v + value) is
    beta(q, p).
    """
    model = _gamma_gamma(group)
    if model is None:
        return None
    p, q, v = model
    share = betaincinv(p, q, _TENTHS)
    edges = v * share / (1 - share)
    cases = " + ".join(f"(value > {float(e)!r})::INT" for e in edges)
    found = group.columns(
        f"SELECT {cases} AS class, count(*) AS n FROM days WHERE nth = 1 AND value > 0 GROUP BY ALL"
    )
    observed = sums(found["class"], found["n"], 10)
    n = float(observed.sum())
    expected = np.diff(betainc(p, q, edges / (v + edges)), prepend=0.0, append=1.0) * n
    rows: list[AssumptionRow] = [
        {
            "from": 0.0 if i == 0 else float(edges[i - 1]),
            "to": float(edges[i]) if i < 9 else None,
            "observed": float(observed[i] / max(n, 1)),
            "expected": 0.1,
        }
        for i in range(10)
    ]
    effect = misplaced(observed, expected) if n >= FEWEST else None
    return Check("spend_shape", effect, SHAPE_TRIVIAL, SHAPE_LARGE, int(n), tuple(rows))


def spend_spread(group: People) -> Check | None:
    """Compare how much a customer's purchases vary with what the model made of it.

    With gamma-distributed values, variance over squared mean of x purchases has the expectation
    x / (p x + 1) whatever the customer's level: one more way to p, which the model took from means
    alone. Effect: what another p does to the weight ``p x / (p x + q - 1)`` of a customer's own
    average, at x = `TYPICAL`.
    """
    model = _gamma_gamma(group)
    if model is None:
        return None
    p, q, _ = model
    found = group.columns(
        "SELECT g, tier, x, count(*) AS n, sum(cv2) AS cv2 FROM (SELECT g, x, cv2, "
        "ntile(3) OVER (ORDER BY m, c) AS tier FROM (SELECT c, any_value(g) AS g, count(*) AS x, "
        "avg(value) AS m, var_samp(value) / avg(value) ** 2 AS cv2 FROM days "
        "WHERE nth > 0 AND value > 0 GROUP BY c HAVING count(*) > 1)) GROUP BY ALL ORDER BY ALL"
    )
    n, x = found["n"], found["x"]
    customers = int(n.sum())
    if customers < FEWEST:
        return Check("spend_spread", None, WEIGHT_TRIVIAL, WEIGHT_LARGE, customers)
    grid = np.geomspace(1e-2, 1e4, 241)
    # Many purchases tell more of their spread than two, up to a point.
    weight = np.minimum(x - 1, 10.0)
    cell = found["g"] * 3 + found["tier"] - 1
    seen = sums(cell, weight * found["cv2"], GROUPS, 3)
    by_p = [sums(cell, weight * n * x / (k * x + 1), GROUPS, 3) for k in grid]
    given = np.stack(by_p, axis=2)

    def log_p(s: Floats, e: Floats) -> Floats:
        # Of all customers, then of each third.
        pairs = [(s.sum(), e.sum(axis=0)), *zip(s, e, strict=True)]
        return np.array([np.interp(-float(a), -b, np.log(grid)) for a, b in pairs])

    estimate, covariance = jackknife(log_p, seen, given)
    within = np.exp(estimate)

    def own(k: float) -> float:
        return k * TYPICAL / (k * TYPICAL + q - 1)

    card = group.card["spend"]
    error = card["standard_errors"]["p"] if card else None
    slope = own(within[0]) * (1 - own(within[0]))
    variance = slope**2 * covariance[0, 0]
    if error is not None:
        # 1 / p, unlike p, is estimated about as well wherever it lies: were the purchases right, the
        # model's would scatter around theirs by this much.
        variance += (slope * within[0] * float(error) / p**2) ** 2
    reach = T_GROUPS * np.sqrt(np.diag(covariance))
    rows: list[AssumptionRow] = [
        {
            "tier": name,
            "observed": float(within[i] ** -0.5),
            "low": float(np.exp(-0.5 * (estimate[i] + reach[i]))),
            "high": float(np.exp(-0.5 * (estimate[i] - reach[i]))),
            "expected": p**-0.5,
        }
        for i, name in enumerate(("low", "middle", "high"), 1)
    ]
    effect = around(own(within[0]) - own(p), variance)
    return Check(
        "spend_spread",
        effect,
        WEIGHT_TRIVIAL,
        WEIGHT_LARGE,
        customers,
        tuple(rows),
        {"own": float(own(within[0])), "own_model": float(own(p))},
    )


def _valued(group: People) -> bool:
    return bool(group.columns("SELECT count(value) AS n FROM days")["n"][0])


def _gamma_gamma(group: People) -> tuple[float, float, float] | None:
    """Return p, q, v of a fitted Gamma-Gamma with a finite mean, else None."""
    model: Any = group.spend
    if model is None or not hasattr(model, "conditional_expected_average_profit"):
        return None
    p, q, v = model.parameters()
    return (p, q, v) if q > 1 and v > 0 else None
