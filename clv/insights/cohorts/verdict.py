"""Which cohorts differ from the others by more than chance.

Cohorts are compared at one age, the same for all. Each is tested against all the others together:
shares by the two-proportion z-test, or by Fisher's exact test where a count is small; means by
Welch's test and by one with a common variance, the weaker verdict counting. With many cohorts some look outstanding by chance alone, so the p-values are adjusted
by Holm's step-down method: the chance of naming any cohort wrongly is at most 5 %.

References
----------
Holm (1979), Scandinavian Journal of Statistics 6(2); Welch (1947), Biometrika 34.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.insights.cohorts.history import Columns
    from clv.insights.cohorts.triangle import Triangle


Trait = Literal["returned", "revenue", "orders"]

#: Cohorts of fewer customers are never compared.
FEWEST: Final = 30
#: Chance of naming any cohort where none differs.
LEVEL: Final = 0.05
#: Below this expected count the normal approximation gives way to Fisher's exact test.
SMALL_COUNT: Final = 10.0


@dataclass(frozen=True)
class Standing:
    """One cohort beside all the others: number of its period, customers, mean, adjusted p-value."""

    cohort: int
    customers: int
    value: float
    others: float
    p_value: float


@dataclass(frozen=True)
class Verdict:
    """Which cohorts stand out.

    Attributes
    ----------
    last
        Customers are compared by what they did in periods 0…last.
    standings
        Of every cohort that was compared, best first; empty where fewer than two can be.
    average
        Over all customers compared.
    """

    last: int
    standings: tuple[Standing, ...]
    average: float

    @property
    def best(self) -> Standing | None:
        """The best cohort, if it is better than the others by more than chance would do."""
        first = self.standings[0] if self.standings else None
        return first if first and first.p_value < LEVEL and first.value > first.others else None

    @property
    def worst(self) -> Standing | None:
        """The worst cohort, if it is worse than the others by more than chance would do."""
        last = self.standings[-1] if self.standings else None
        return last if last and last.p_value < LEVEL and last.value < last.others else None


def common_age(triangle: Triangle) -> int | None:
    """Return the largest period that is over for at least half of the cohorts that can be compared.

    None where fewer than two cohorts have `FEWEST` customers and a period that is over.
    """
    observed = np.sort(triangle.observed()[triangle.customers >= FEWEST])
    observed = observed[observed > 0]
    if len(observed) < 2:
        return None
    return int(observed[len(observed) // 2]) - 1


def compare(triangle: Triangle, totals: Columns, trait: Trait, last: int) -> Verdict:
    """Compare the cohorts for which period ``last`` is over.

    Parameters
    ----------
    triangle
        Says which cohorts those are.
    totals
        Columns of `clv.insights.cohorts.history.totals`, taken for the same ``last``.
    trait
        ``returned`` (share with a second purchase day), ``revenue`` or ``orders`` (per customer).
    last
        From `common_age`.
    """
    seen = dict(zip(triangle.cohorts.tolist(), triangle.observed().tolist(), strict=True))
    cohort = np.asarray(totals["cohort"], dtype=np.int64)
    n, total, squares = (
        np.asarray(totals[k], dtype=float) for k in ("customers", trait, f"{trait}_squares")
    )
    kept = (n >= FEWEST) & np.array([seen[int(c)] > last for c in cohort], dtype=bool)
    cohort, n, total, squares = cohort[kept], n[kept], total[kept], squares[kept]
    if len(cohort) < 2:
        return Verdict(last, (), float("nan"))
    rest_n, rest_total = n.sum() - n, total.sum() - total
    if trait == "returned":
        p_values = _shares_differ(total, n, rest_total, rest_n)
    else:
        p_values = means_differ(n, total, squares, rest_n, rest_total, squares.sum() - squares)
    found = [
        Standing(int(c), int(m), float(v), float(o), float(p))
        for c, m, v, o, p in zip(
            cohort, n, total / n, rest_total / rest_n, holm(p_values), strict=True
        )
    ]
    found.sort(key=lambda s: (-s.value, s.cohort))
    return Verdict(last, tuple(found), float(total.sum() / n.sum()))


def holm(p_values: Floats) -> Floats:
    """Adjust p-values by Holm's step-down method, shape kept."""
    count = len(p_values)
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * np.arange(count, 0, -1))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _shares_differ(hits: Floats, n: Floats, rest_hits: Floats, rest_n: Floats) -> Floats:
    """Return two-sided p-values: the cohort's share against that of the rest."""
    pooled = (hits + rest_hits) / (n + rest_n)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest_n))
    gap = np.abs(hits / n - rest_hits / rest_n)
    z = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    p_values: Floats = 2 * stats.norm.sf(z)
    for i in np.flatnonzero(np.minimum(n, rest_n) * np.minimum(pooled, 1 - pooled) < SMALL_COUNT):
        table = [[hits[i], n[i] - hits[i]], [rest_hits[i], rest_n[i] - rest_hits[i]]]
        p_values[i] = stats.fisher_exact(np.array(table, dtype=np.int64))[1]
    return p_values


def means_differ(
    n: Floats, total: Floats, squares: Floats, rest_n: Floats, rest: Floats, rest_squares: Floats
) -> Floats:
    """Return two-sided p-values: the larger of Welch's test and of one with a common variance.

    Spend is skewed: a cohort without big spenders has a small mean and a small variance at once,
    and Welch's test takes it for worse far too often. With the variance of all customers, as if
    they had been dealt out at random, that doesn't happen; there it is a few big spenders who make
    a cohort look better than it is, for whom Welch's test allows.
    """
    own = np.maximum(squares - total**2 / n, 0) / (n - 1) / n
    other = np.maximum(rest_squares - rest**2 / rest_n, 0) / (rest_n - 1) / rest_n
    every = n + rest_n
    common = (squares + rest_squares - (total + rest) ** 2 / every) / (every - 1)
    gap = np.abs(total / n - rest / rest_n)
    error = own + other
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = error**2 / (own**2 / (n - 1) + other**2 / (rest_n - 1))
        welch = 2 * stats.t.sf(gap / np.sqrt(error), freedom)
        dealt = 2 * stats.norm.sf(gap / np.sqrt(common * (1 / n + 1 / rest_n)))
    # Where nobody deviates from the mean any gap is certain, and none is none.
    return np.where(error > 0, np.fmax(welch, dealt), np.where(gap > 0, 0.0, 1.0))
