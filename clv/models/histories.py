"""Customers as the purchase models know them: how often they bought, when last, and how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Bools, Floats, Places

#: Distinct pairs of whole numbers are found through a table of at most this many cells.
LARGEST_TABLE: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class Histories:
    """Customers' histories, arrays of shape (n,); made by `of`, which checks them.

    Attributes
    ----------
    frequency
        Repeat purchases, whole numbers.
    recency, T
        Age at the last purchase (0 without a repeat purchase), age now; any time unit.
    weights
        Customers with this history.
    """

    frequency: Floats
    recency: Floats
    T: Floats
    weights: Floats

    @classmethod
    def of(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
    ) -> Self:
        """Return histories of what is given, 1 customer each by default; one number stands for all.

        Raises
        ------
        ValueError
            When the lengths differ, when a history contradicts itself, or when a weight is negative
            or none is positive.
        """
        given = [np.asarray(v, dtype=float) for v in (frequency, recency, T)]
        given = [v.ravel() if v.ndim else v for v in given]
        if len({v.size for v in given if v.ndim}) > 1:
            sizes = "{}, {} and {}".format(*(v.size for v in given))
            msg = f"frequency, recency and T have {sizes} values."
            raise ValueError(msg)
        x, t_x, age = np.broadcast_arrays(*map(np.atleast_1d, given))
        problems = {
            "a value is missing or infinite": not np.isfinite(
                [x.sum(), t_x.sum(), age.sum()]
            ).all(),
            "a frequency is not a whole number from 0": bool((x < 0).any() or (x % 1).any()),
            "a recency is negative": bool((t_x < 0).any()),
            "a recency is later than its T": bool((t_x > age).any()),
            "a recency is not 0 where the frequency is 0": bool((t_x[x == 0] != 0).any()),
        }
        for problem, found in problems.items():
            if found:
                msg = f"These are not (frequency, recency, T): {problem}."
                raise ValueError(msg)
        return cls(x, t_x, age, weights_of(weights, x.size))

    @classmethod
    def new(cls, customers: int = 1) -> Self:
        """Return new customers, about whom nothing is known yet."""
        nothing = np.zeros(customers)
        return cls(nothing, nothing, nothing, np.ones(customers))

    def __len__(self) -> int:
        """Return how many histories there are."""
        return self.frequency.size

    def take(self, rows: Places | Bools | slice) -> Self:
        """Return some of them, by place or as a mask."""
        columns = (self.frequency, self.recency, self.T, self.weights)
        return type(self)(*(column[rows] for column in columns))

    @property
    def silence(self) -> Floats:
        """Time since the last purchase, shape (n,)."""
        return self.T - self.recency

    def pairs(self) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Return the distinct (frequency, T) and the position of each history's pair."""
        return distinct_pairs(self.frequency, self.T)

    @cached_property
    def distinct(self) -> tuple[Self, NDArray[np.intp]]:
        """Each history once, in order and with all its customers, and everybody's position."""
        triples, place = distinct_triples(self.frequency, self.recency, self.T)
        weights = np.bincount(place, self.weights, len(triples[0])).astype(float)
        return type(self)(*triples, weights), place


def weights_of(weights: ArrayLike | None, size: int) -> Floats:
    """Return the weights as floats of shape (size,), 1 where none are given.

    Raises
    ------
    ValueError
        When the length differs, one is negative, or all are 0.
    """
    if weights is None:
        return np.ones(size)
    counts = np.asarray(weights, dtype=float).ravel()
    if counts.size != size or not (counts >= 0).all() or not counts.any():
        msg = f"weights must be {size} numbers from 0, not all of them 0."
        raise ValueError(msg)
    return counts


def distinct_pairs(first: Floats, second: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the distinct pairs and, for each row, the position of its pair.

    Whole numbers that aren't too large (purchases and days) take a table instead of a sort.
    """
    if first.size == 0:
        return first, second, np.empty(0, dtype=np.intp)
    width = float(second.max()) + 1
    whole = not ((first % 1).any() or (second % 1).any() or first.min() < 0 or second.min() < 0)
    if whole and (float(first.max()) + 1) * width <= LARGEST_TABLE:
        code = (first * width + second).astype(np.intp)
        seen = np.zeros(int((float(first.max()) + 1) * width), dtype=bool)
        seen[code] = True
        codes = np.flatnonzero(seen)
        place = np.empty(seen.size, dtype=np.intp)
        place[codes] = np.arange(codes.size)
        return (codes // int(width)).astype(float), (codes % int(width)).astype(float), place[code]
    firsts: Floats
    seconds: Floats
    firsts, i = np.unique(first, return_inverse=True)
    seconds, j = np.unique(second, return_inverse=True)
    codes, inverse = np.unique(i * seconds.size + j, return_inverse=True)
    return firsts[codes // seconds.size], seconds[codes % seconds.size], inverse


def distinct_triples(
    frequency: Floats, recency: Floats, T: Floats
) -> tuple[tuple[Floats, Floats, Floats], NDArray[np.intp]]:
    """Return the distinct triples in order and each row's position.

    Whole numbers (days) are packed into one. It fits: there are no more purchase days than days, and
    a million of either is a history of 2,700 years.
    """
    if T.size == 0:
        return (T, T, T), np.empty(0, dtype=np.intp)
    if (recency % 1).any() or (T % 1).any():
        columns = np.column_stack((frequency, recency, T))
        rows, place = np.unique(columns, axis=0, return_inverse=True)
        first, second, third = rows.T
        return (first, second, third), place.ravel()
    width = int(T.max()) + 1
    packed = (frequency.astype(np.int64) * width + recency.astype(np.int64)) * width
    codes, place = np.unique(packed + T.astype(np.int64), return_inverse=True)
    pairs, age = np.divmod(codes, width)
    x, t_x = np.divmod(pairs, width)
    return (x.astype(float), t_x.astype(float), age.astype(float)), place
