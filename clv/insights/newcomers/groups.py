"""What new customers are worth by what was known of them on the first day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from clv.insights.cohorts.verdict import FEWEST, LEVEL, holm, means_differ
from clv.insights.newcomers.curves import Newcomers, summed
from clv.insights.newcomers.months_of_life import MOST_VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.insights.newcomers.lives import Lives


#: More or less than the others by more than chance; neither; too few to be compared.
Standing = Literal["more", "less", "same", "few"]
_BOTH: Final = 2


@dataclass(frozen=True)
class Group:
    """Customers with one value, what they brought, and how that compares with all the others."""

    newcomers: Newcomers
    standing: Standing


@dataclass(frozen=True)
class Compared:
    """All customers, and the groups: those with most customers first, the rest as one at the end."""

    everyone: Newcomers
    groups: list[Group]

    @property
    def best(self) -> Group | None:
        """The most valuable of the groups that bring more than the others by more than chance."""
        more = [g for g in self.groups if g.standing == "more" and g.newcomers.combined == 1]
        return max(more, key=_brought, default=None)

    @property
    def worst(self) -> Group | None:
        """The least valuable of those that bring less by more than chance."""
        less = [g for g in self.groups if g.standing == "less" and g.newcomers.combined == 1]
        return min(less, key=_brought, default=None)


def newcomers_of(
    lives: Lives,
    chosen: NDArray[np.bool_] | None = None,
    value: str | None = None,
    combined: int = 1,
) -> Newcomers:
    """Sum up some of the customers: all were watched through all of the months.

    Parameters
    ----------
    lives
        From `clv.insights.newcomers.lives.lives_of`.
    chosen
        Shape (n,); all where not given.
    value, combined
        As in `clv.insights.newcomers.curves.Newcomers`.
    """
    rows = np.ones(len(lives), dtype=bool) if chosen is None else chosen
    return summed(
        lives.monthly[rows],
        orders=int(lives.orders[rows].sum()),
        second=float(np.isfinite(lives.second[rows]).mean()),
        value=value,
        combined=combined,
    )


def compare(lives: Lives, by: str, most: int = MOST_VALUES) -> Compared:
    """Compare customers by something known on the first day.

    Parameters
    ----------
    lives
        From `clv.insights.newcomers.lives.lives_of`.
    by
        One of ``lives.known``.
    most
        Values that have a group of their own, those with most customers; the rest is one group.

    Notes
    -----
    Groups of `clv.insights.cohorts.verdict.FEWEST` customers or more are tested each against all the others,
    p-values adjusted by Holm's method: the chance of naming any group wrongly is at most 5 %.
    """
    texts = lives.known[by]
    names, place = _slots(texts, most)
    found = [
        newcomers_of(lives, place == i, None if len(values) > 1 else values[0], len(values))
        for i, values in enumerate(names)
    ]
    standing: list[Standing] = ["few"] * len(found)
    able = [i for i, group in enumerate(found) if group.customers >= FEWEST]
    if len(able) >= _BOTH:
        n, total, squares = (
            np.array([f(lives.value[place == i]) for i in able])
            for f in (len, np.sum, lambda v: np.sum(v**2))
        )
        n = n.astype(float)
        p_values = holm(
            means_differ(
                n, total, squares, n.sum() - n, total.sum() - total, squares.sum() - squares
            )
        )
        rest = (total.sum() - total) / (n.sum() - n)
        for i, p, mean, others in zip(able, p_values, total / n, rest, strict=True):
            standing[i] = "same" if p >= LEVEL else "more" if mean > others else "less"
    return Compared(
        newcomers_of(lives), [Group(g, s) for g, s in zip(found, standing, strict=True)]
    )


def _slots(
    texts: NDArray[np.object_], most: int
) -> tuple[list[list[str | None]], NDArray[np.int64]]:
    """Return the values of each slot, and each customer's slot: the most frequent, then the rest."""
    counts: dict[str | None, int] = {}
    for text in texts.tolist():
        counts[text] = counts.get(text, 0) + 1
    ranked = sorted(counts, key=lambda v: (v is None, -counts[v], str(v)))
    # A rest of one value is that value.
    kept = len(ranked) if len(ranked) <= most + 1 else most
    names = [[v] for v in ranked[:kept]] + ([ranked[kept:]] if ranked[kept:] else [])
    slot = {value: i for i, values in enumerate(names) for value in values}
    return names, np.array([slot[text] for text in texts.tolist()], dtype=np.int64)


def _brought(group: Group) -> float:
    return float(group.newcomers.brought[-1])
