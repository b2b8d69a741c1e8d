"""What goes into and comes out of every model: checks, and shapes of results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


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


def times_ahead(times: ArrayLike) -> Floats:
    """Return times after now as floats: horizons, or the edges of spans to come.

    Raises
    ------
    ValueError
        When one is negative or missing: what has been is not forecast.
    """
    ahead = np.asarray(times, dtype=float)
    wrong = ahead[~(ahead >= 0)]
    if wrong.size:
        msg = f"A forecast looks ahead: its horizon must be 0 or longer, not {wrong.flat[0]:g}."
        raise ValueError(msg)
    return ahead


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
