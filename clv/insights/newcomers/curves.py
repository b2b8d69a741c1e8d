"""What some customers brought month by month, with the error that the spread between them leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.insights.newcomers.acquisition import Newcomers

if TYPE_CHECKING:
    from clv.core.types import Floats


def summed(
    monthly: Floats,
    *,
    orders: int = 0,
    second: float = 0.0,
    value: str | None = None,
    combined: int = 1,
) -> Newcomers:
    """Sum up customers who were all watched through all months.

    Parameters
    ----------
    monthly
        Shape (n, H): revenue of each month of life; n is 1 or more.
    orders, second, value, combined
        As in `clv.insights.newcomers.acquisition.Newcomers`.
    """
    n, months = monthly.shape
    running = np.cumsum(monthly, axis=1)
    # A single customer tells nothing of the spread.
    error = running.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.zeros(months)
    return Newcomers(
        value=value,
        combined=combined,
        customers=n,
        orders=orders,
        revenue=float(running[:, -1].sum()),
        second=second,
        purchases=None,
        clv=None,
        watched=np.full(months, float(n)),
        brought=running.mean(axis=0),
        error=error,
    )
