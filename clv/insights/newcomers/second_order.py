"""What an early second order goes along with: a comparison, raw and among customers who began alike.

It is a correlation. Whoever orders again soon was a better customer to begin with; comparing only
those who looked the same on the first day takes away as much of that as could be seen then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.core.metrics import FEW, quantile_bins
from clv.insights.newcomers.lives import QUARTER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Floats
    from clv.insights.newcomers.lives import Lives


#: Quantile of the normal distribution that leaves 2.5 % on either side.
_Z95: Final = 1.959963984540054
#: Groups of equal size by the value of the first day.
_VALUE_BINS: Final = 5
#: A label with more values than this would leave nobody to compare with: the rest is one value.
_MOST_VALUES: Final = 12
_DAYS_A_MONTH: Final = 30


@dataclass(frozen=True)
class Difference:
    """A difference of means, in currency units, and its standard error."""

    mean: float
    error: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.mean - _Z95 * self.error

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + _Z95 * self.error

    @property
    def certain(self) -> bool:
        """Whether the interval leaves nothing out of doubt: 0 is not in it."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class SecondOrder:
    """Those who ordered on a second day within ``days`` days, beside those who did not.

    Attributes
    ----------
    days
        Within which the second order came.
    early, others
        Customers with and without it.
    itself
        Mean revenue of the early ones between the first day and that many days later: the second
        order itself. It is in neither difference.
    raw
        Difference of the mean revenue after these days until the end of the months.
    matched
        The same among customers who were alike on the first day; None where there are fewer than
        `FEW` of the early ones.
    matched_early, matched_others
        Customers of either kind who have somebody to be compared with.
    """

    days: int
    early: int
    others: int
    itself: float
    raw: Difference
    matched: Difference | None
    matched_early: int
    matched_others: int


def second_order(lives: Lives, days: int, label: str | None = None) -> SecondOrder | None:
    """Compare customers with and without a second order within some days.

    Parameters
    ----------
    lives
        From `clv.insights.newcomers.lives.lives_of`.
    days
        One of `clv.insights.newcomers.lives.SOON`.
    label
        Something else known on the first day that must be the same.

    Returns
    -------
    SecondOrder or None
        None where the months are not longer than the days, or either kind has fewer than `FEW`.

    Notes
    -----
    Coarsened exact matching (Iacus, King & Porro 2012): customers are alike if they have the same fifth
    by value of the first day, quarter of the first order and label. With n(s) early customers in
    stratum s of N who have counterparts, the difference is
    ``sum over s of n(s) / N * (mean early - mean others)``, its variance
    ``sum over s of (n(s) / N)² * (variance early / n(s) + variance others / m(s))``; a stratum with a
    single customer of a kind has the pooled variance of that kind.
    """
    early = lives.second <= days
    others = ~early
    if days >= _DAYS_A_MONTH * lives.months or min(early.sum(), others.sum()) < FEW:
        return None
    outcome = lives.value - lives.until[days]
    stratum = strata(lives, label)
    matched, n, m = _matched(outcome, early, stratum)
    return SecondOrder(
        days=days,
        early=int(early.sum()),
        others=int(others.sum()),
        itself=float((lives.until[days] - lives.first_value)[early].mean()),
        raw=_raw(outcome[early], outcome[others]),
        matched=matched if n >= FEW else None,
        matched_early=n,
        matched_others=m,
    )


def strata(lives: Lives, label: str | None) -> NDArray[np.int64]:
    """Return a number for each customer that those who began alike share, shape (n,)."""
    parts: list[NDArray[Any]] = [
        quantile_bins(lives.first_value, _VALUE_BINS),
        _codes(lives.known[QUARTER]),
    ]
    if label is not None:
        parts.append(_codes(lives.known[label], _MOST_VALUES))
    return np.asarray(np.unique(np.column_stack(parts), axis=0, return_inverse=True)[1]).ravel()


def _codes(texts: NDArray[np.object_], most: int | None = None) -> NDArray[np.int64]:
    """Return texts as numbers, the most frequent first; beyond ``most`` all are one."""
    found, place, count = np.unique(
        np.array(["" if t is None else str(t) for t in texts.tolist()]),
        return_inverse=True,
        return_counts=True,
    )
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.lexsort((found, -count))] = np.arange(len(found))
    return np.minimum(rank, len(found) if most is None else most)[place]


def _raw(early: Floats, others: Floats) -> Difference:
    error = early.var(ddof=1) / early.size + others.var(ddof=1) / others.size
    return Difference(float(early.mean() - others.mean()), float(np.sqrt(error)))


def _matched(
    outcome: Floats, early: NDArray[np.bool_], stratum: NDArray[np.int64]
) -> tuple[Difference, int, int]:
    """Return the matched difference, and how many of either kind it rests on."""
    number = int(stratum.max()) + 1
    sides = []
    for kind in (early, ~early):
        n = np.bincount(stratum[kind], minlength=number).astype(float)
        total = np.bincount(stratum[kind], outcome[kind], number)
        mean = total / np.maximum(n, 1.0)
        apart = (outcome[kind] - mean[stratum[kind]]) ** 2
        sides.append((n, mean, np.bincount(stratum[kind], apart, number).astype(float)))
    (n, mean, around), (m, other, other_around) = sides
    both = (n > 0) & (m > 0)
    if not both.any():
        return Difference(0.0, 0.0), 0, 0
    weight = n[both] / n[both].sum()
    variance = sum(
        weight**2 @ (_variance(k[both], a[both]) / k[both])
        for k, a in ((n, around), (m, other_around))
    )
    mean_apart = float(weight @ (mean[both] - other[both]))
    return (
        Difference(mean_apart, float(np.sqrt(variance))),
        int(n[both].sum()),
        int(m[both].sum()),
    )


def _variance(n: Floats, around: Floats) -> Floats:
    """Return each stratum's variance from its sum of squares around its mean."""
    pooled = around.sum() / max(float((n - 1).sum()), 1.0)
    found: Floats = np.where(n > 1, around / np.maximum(n - 1, 1.0), pooled)
    return found
