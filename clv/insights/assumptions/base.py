"""What a check says, and how its verdict comes about: by size first, by chance second.

Every check measures how far the data are from the assumption on a scale where 0 means that it holds,
with a 99 % interval. Two sizes are set against it: up to ``trivial`` the forecast is none the worse,
from ``large`` on somebody who plans with it should know. So a million customers don't turn a
deviation that nobody would notice into a violation, and a hundred don't turn ignorance into health.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
from scipy import stats

from clv.core.schema import AssumptionFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from clv.core.schema import AssumptionRow, CheckedAssumption
    from clv.core.types import Floats


Verdict = Literal["holds", "doubtful", "violated", "too little data"]

#: Of the intervals. Ten checks are looked at together: at 99 % each, fewer than one in ten healthy
#: files shows a deviation where there is none, and the sizes below make that rarer still.
LEVEL: Final = 0.99
#: Groups into which customers are dealt for the jackknife.
GROUPS: Final = 40
Z: Final = float(stats.norm.ppf((1 + LEVEL) / 2))
T_GROUPS: Final = float(stats.t.ppf((1 + LEVEL) / 2, GROUPS - 1))


@dataclass(frozen=True)
class Effect:
    """How far the data are from the assumption, 0 for not at all; with a 99 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Check:
    """One assumption, and whether it holds.

    Attributes
    ----------
    key
        ``timing``, ``season``…: names the check's words and its picture.
    effect
        None where nothing can be said at all.
    trivial, large
        Sizes of the effect: up to here it does no harm; from here on it matters.
    customers
        Whose orders it rests on.
    rows
        The small table behind the picture.
    facts
        Further numbers that the words mention.
    """

    key: str
    effect: Effect | None
    trivial: float
    large: float
    customers: int
    rows: tuple[AssumptionRow, ...] = ()
    facts: AssumptionFacts = field(default_factory=AssumptionFacts)

    @property
    def verdict(self) -> Verdict:
        """What the effect and its interval say.

        Surely more than trivial: violated if the best estimate is large, else doubtful. Surely not
        large: holds. Surely there, and probably more than trivial: doubtful. Else nobody can tell.
        """
        if self.effect is None:
            return "too little data"
        size = abs(self.effect.estimate)
        ends = abs(self.effect.low), abs(self.effect.high)
        least = 0.0 if self.effect.low <= 0 <= self.effect.high else min(ends)
        if least > self.trivial:
            return "violated" if size >= self.large else "doubtful"
        if max(ends) < self.large:
            return "holds"
        return "doubtful" if least > 0 and size > self.trivial else "too little data"

    @property
    def weight(self) -> float:
        """How much it matters: the effect's size over that from which on it is large."""
        return 0.0 if self.effect is None else abs(self.effect.estimate) / self.large

    def as_dict(self) -> CheckedAssumption:
        """Return plain JSON types, the verdict among them."""
        effect = self.effect
        return {
            "key": self.key,
            "effect": None
            if effect is None
            else {"estimate": effect.estimate, "low": effect.low, "high": effect.high},
            "trivial": self.trivial,
            "large": self.large,
            "customers": self.customers,
            "rows": list(self.rows),
            "facts": self.facts,
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, content: CheckedAssumption) -> Self:
        """Rebuild from `as_dict`."""
        effect = content["effect"]
        return cls(
            content["key"],
            None if effect is None else Effect(**effect),
            content["trivial"],
            content["large"],
            content["customers"],
            tuple(content["rows"]),
            content["facts"],
        )


def sums(cell: NDArray[Any], values: Floats, *shape: int) -> Floats:
    """Return the sums of ``values`` in each cell, numbered as in an array of this shape."""
    size = int(np.prod(shape))
    return np.bincount(cell.astype(np.int64), values, size).astype(float).reshape(shape)


def jackknife(
    statistic: Callable[..., Floats], *totals: Floats
) -> tuple[Floats, NDArray[np.float64]]:
    """Return a statistic and its covariance matrix, by leaving out one group of customers at a time.

    Whatever ties one customer's purchases together (a rhythm, a spell of buying) is inside a group
    and so inside the error; only that customers don't influence each other is taken for granted.

    Parameters
    ----------
    statistic
        From totals to shape (k,).
    *totals
        Each of shape (`GROUPS`, …): sums over a group's customers.

    Returns
    -------
    (shape (k,), shape (k, k))
    """
    everybody = [t.sum(axis=0) for t in totals]
    whole = np.atleast_1d(statistic(*everybody))
    left = np.array(
        [
            np.atleast_1d(statistic(*(s - t[i] for s, t in zip(everybody, totals, strict=True))))
            for i in range(GROUPS)
        ]
    )
    away = left - left.mean(axis=0)
    return whole, (GROUPS - 1) / GROUPS * away.T @ away


def around(estimate: float, variance: float) -> Effect | None:
    """Return the effect with its jackknife interval; None where it can't be computed."""
    reach = T_GROUPS * float(np.sqrt(max(variance, 0.0)))
    if not (np.isfinite(estimate) and np.isfinite(reach)):
        return None
    return Effect(float(estimate), float(estimate - reach), float(estimate + reach))


def misplaced(observed: Floats, expected: Floats) -> Effect | None:
    """Return the share of customers in the wrong class: total variation, net of what chance does.

    Parameters
    ----------
    observed, expected
        Shape (k,): customers per class; the sums are the same.

    Notes
    -----
    The lower end is 0 unless Pearson's chi-square test sees a difference at the level of the
    intervals; it is taken with k − 1 degrees of freedom, though the model was fitted to the same
    customers, so it errs on the side of none.
    """
    n = float(observed.sum())
    if n <= 0:
        return None
    p = expected / expected.sum()
    gap = observed / n - p
    by_chance = float(np.sqrt(p * (1 - p) * 2 / (np.pi * n)).sum() / 2)
    size = max(float(np.abs(gap).sum()) / 2 - by_chance, 0.0)
    more = float(p[gap > 0].sum())
    reach = Z * float(np.sqrt(max(more * (1 - more), 1e-9) / n))
    kept = p > 0
    squares = float((gap[kept] ** 2 / p[kept]).sum()) * n
    seen = stats.chi2.sf(squares, max(int(kept.sum()) - 1, 1)) < 1 - LEVEL
    return Effect(size, max(size - reach, min(size, 1e-9)) if seen else 0.0, size + reach)
