"""What goes into and comes out of every model: checks, distinct pairs, shapes of results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats


#: Distinct pairs of whole numbers are found through a table of at most this many cells.
LARGEST_TABLE: Final = 20_000_000


def check_triples(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
) -> tuple[Floats, Floats, Floats]:
    """Return the triples as three float arrays of shape (n,).

    Raises
    ------
    ValueError
        When there is none, when the lengths differ, or when a triple contradicts itself.
    """
    x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
    if not x.size == t_x.size == age.size:
        msg = f"frequency, recency and T have {x.size}, {t_x.size} and {age.size} values."
        raise ValueError(msg)
    checks = {
        "there are no customers": x.size == 0,
        "a value is missing or infinite": not np.isfinite([x.sum(), t_x.sum(), age.sum()]).all(),
        "a frequency is not a whole number from 0": bool((x < 0).any() or (x % 1).any()),
        "a recency is negative": bool((t_x < 0).any()),
        "a recency is later than its T": bool((t_x > age).any()),
        "a recency is not 0 where the frequency is 0": bool((t_x[x == 0] != 0).any()),
    }
    for problem, found in checks.items():
        if found:
            msg = f"These are not (frequency, recency, T): {problem}."
            raise ValueError(msg)
    return x, t_x, age


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


def check_quantile(q: ArrayLike) -> Floats:
    """Return quantile levels as floats.

    Raises
    ------
    ValueError
        When one is not in [0, 1).
    """
    level = np.asarray(q, dtype=float)
    if not ((level >= 0) & (level < 1)).all():
        msg = "The quantile q must be at least 0 and below 1."
        raise ValueError(msg)
    return level


def needed_recency(recency: ArrayLike | None) -> ArrayLike:
    """Return the recency, or say that this model can't do without it.

    Raises
    ------
    ValueError
        Without it.
    """
    if recency is None:
        msg = "This model needs the recency: what comes depends on when the last purchase was."
        raise ValueError(msg)
    return recency


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
) -> tuple[tuple[Floats, Floats, Floats], NDArray[np.intp], Floats]:
    """Return the distinct triples in order, each row's position, and their counts.

    Whole numbers (days) are packed into one. It fits: there are no more purchase days than days, and
    a million of either is a history of 2,700 years.
    """
    if T.size == 0:
        return (T, T, T), np.empty(0, dtype=np.intp), T
    if (recency % 1).any() or (T % 1).any():
        rows, place, sizes = np.unique(
            np.column_stack((frequency, recency, T)),
            axis=0,
            return_inverse=True,
            return_counts=True,
        )
        first, second, third = rows.T
        return (first, second, third), place.ravel(), sizes.astype(float)
    width = int(T.max()) + 1
    packed = (frequency.astype(np.int64) * width + recency.astype(np.int64)) * width
    codes, position, counts = np.unique(
        packed + T.astype(np.int64), return_inverse=True, return_counts=True
    )
    pairs, age = np.divmod(codes, width)
    x, t_x = np.divmod(pairs, width)
    return (x.astype(float), t_x.astype(float), age.astype(float)), position, counts.astype(float)


def side_by_side(columns: list[Floats], rows: int) -> Floats:
    """Return columns of ``rows`` values each as one array, shape (rows, 0) where there is none."""
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def draw_customers(weights: Floats, size: int) -> Floats:
    """Return how often each row is drawn in a sample of ``size`` customers, always the same one."""
    edges = np.cumsum(weights)
    # One from every stretch of equal length, at a random place in it: no pattern can hide.
    places = (np.random.default_rng(0).random(size) + np.arange(size)) / size
    rows = np.searchsorted(edges, places * edges[-1], side="right")
    return np.bincount(np.minimum(rows, weights.size - 1), minlength=weights.size).astype(float)


def like(values: Any, *arguments: Any) -> Any:
    """Return values as a Series if an argument is one, as a float if all were scalars."""
    pandas = sys.modules.get("pandas")  # Without it imported, no argument can be a Series.
    for argument in arguments:
        if pandas and isinstance(argument, pandas.Series) and np.ndim(values) == 1:
            return pandas.Series(values, index=argument.index)
    return values[()] if isinstance(values, np.ndarray) and values.ndim == 0 else values
