"""How many customers buy how often, and how soon they come back, beside the fitted distributions.

Two looks at the shapes of the gamma distribution of rates and of the beta distribution of leaving:
how many repeat purchases customers have made, and when they made the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.insights.assumptions.base import Check, misplaced, sums
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BetaGeoModel
from clv.models.purchase.cnbd import CNBDModel
from clv.models.purchase.counts import purchase_counts, states
from clv.models.purchase.pareto_nbd import ParetoNBD

if TYPE_CHECKING:
    from clv.core.schema import AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: Share of customers in another class than the model's: 2 in 100 are lost in the rounding of any
#: plan, 5 in 100 are as many as all regular customers of many shops.
TRIVIAL: Final = 0.02
LARGE: Final = 0.05
#: Lower ends of the classes of repeat purchase days.
CLASSES: Final = (0, 1, 2, 3, 4, 5, 7, 10, 15)
#: Upper ends, in days since the first order, of the classes of the first repeat purchase.
WAITS: Final = (7, 14, 28, 56, 91, 182, 365, 730)
#: Expected customers below which a class is merged with the one before.
SMALLEST: Final = 5.0


def frequencies(group: People) -> Check | None:
    """Compare the histogram of repeat purchases with the model's; effect: share misplaced."""
    if not _counts(group.purchases):
        return None
    cases = " + ".join(f"(frequency >= {low})::INT" for low in CLASSES[1:])
    found = group.columns(
        f"SELECT T, {cases} AS class, count(*) AS n FROM people WHERE T > 0 GROUP BY ALL"
    )
    observed = sums(found["class"], found["n"], len(CLASSES))
    ages, position = np.unique(found["T"], return_inverse=True)
    customers = sums(position, found["n"], len(ages))
    exact = customers @ _chances(group.purchases, group.elapsed(-ages, 0.0))
    expected = np.add.reduceat(exact, CLASSES[:-1])
    expected = np.append(expected, max(customers.sum() - exact.sum(), 0.0))
    return _check("frequencies", observed, expected, CLASSES, (*(c - 1 for c in CLASSES[1:]), 0))


def first_repeat(group: People) -> Check | None:
    """Compare when customers first came back with the model; effect: share misplaced."""
    if not _counts(group.purchases):
        return None
    cases = " + ".join(f"(age > {end})::INT" for end in WAITS)
    found = group.columns(
        f"SELECT CASE WHEN age IS NULL THEN {len(WAITS) + 1} ELSE {cases} END AS class, T, "
        "count(*) AS n FROM people LEFT JOIN (SELECT c, age FROM days WHERE nth = 1) USING (c) "
        "WHERE T > 0 GROUP BY ALL"
    )
    classes = len(WAITS) + 2
    observed = sums(found["class"], found["n"], classes)
    ages, position = np.unique(found["T"], return_inverse=True)
    customers = sums(position, found["n"], len(ages))
    born = -ages[:, None]
    ends = group.elapsed(born, born + np.minimum(np.array([*WAITS, np.inf]), -born))
    times, place = np.unique(ends, return_inverse=True)
    back = group.purchases.score(Histories.new(), times).p_purchase[0][place.reshape(ends.shape)]
    each = np.diff(back, axis=1, prepend=0.0)
    expected = customers @ np.column_stack([each, 1 - back[:, -1]])
    lows = (0, *WAITS)
    never = float(observed[-1]), float(expected[-1])
    return _check("first_repeat", observed[:-1], expected[:-1], lows, (*WAITS, 0), never)


def _counts(model: Any) -> bool:  # noqa: ANN401 - any purchase model, or None
    """Return whether a model has a distribution of purchases that can be wrong: no rule of thumb."""
    return isinstance(model, BetaGeoModel | CNBDModel | ParetoNBD)


def _chances(model: BetaGeoModel | CNBDModel | ParetoNBD, ages: Floats) -> Floats:
    """Return P(n repeat purchases of a new customer by an age) for n short of the last class.

    Shape (ages, numbers).
    """
    numbers = CLASSES[-1]
    if isinstance(model, BetaGeoModel):
        return np.asarray(
            model.probability_of_n_purchases_up_to_time(ages[:, None], np.arange(numbers)[None, :])
        )
    which = states(model, Histories.new())
    result = np.zeros((len(ages), numbers))
    for i, age in enumerate(ages):
        for _, parts in purchase_counts(model, which, float(age)):
            for _, chances in parts:
                some = chances[0, :numbers] * which.p_alive[0]
                result[i, : some.size] = some
    result[:, 0] += 1 - which.p_alive[0]
    return result


def _check(
    key: str,
    observed: Floats,
    expected: Floats,
    lows: tuple[int, ...],
    highs: tuple[int, ...],
    never: tuple[float, float] | None = None,
) -> Check:
    """Merge small classes at the upper end and compare; ``never`` is a class of its own."""
    last = len(expected)
    while last > 1 and expected[last - 1 :].sum() < SMALLEST:
        last -= 1
    seen = np.append(observed[: last - 1], observed[last - 1 :].sum())
    said = np.append(expected[: last - 1], expected[last - 1 :].sum())
    rows: list[AssumptionRow] = [
        {"from": lows[i], "to": highs[i] if i < last - 1 else None} for i in range(last)
    ]
    if never:
        seen, said = np.append(seen, never[0]), np.append(said, never[1])
        rows.append({"from": None, "to": None})
    n = float(seen.sum())
    said = said * n / max(said.sum(), 1e-300)
    for row, s, e in zip(rows, seen, said, strict=True):
        row["observed"], row["expected"] = float(s / max(n, 1)), float(e / max(n, 1))
    return Check(key, misplaced(seen, said), TRIVIAL, LARGE, int(n), tuple(rows))
