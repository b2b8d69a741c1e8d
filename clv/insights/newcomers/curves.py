"""What some new customers brought month by month, and what one of them may cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.metrics import FEW

if TYPE_CHECKING:
    from clv.core.types import Floats

#: Quantile of the normal distribution that leaves 10 % on either side: an interval of 80 %.
Z80: Final = 1.2815515655446004


@dataclass(frozen=True)
class Interval:
    """A mean and the 80 % interval that the spread between customers leaves it."""

    mean: float
    error: float

    @property
    def low(self) -> float:
        """Lower end, not below zero."""
        return max(self.mean - Z80 * self.error, 0.0)

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + Z80 * self.error


@dataclass(frozen=True)
class Newcomers:
    """The customers with one value of a label, and what they brought month by month of their lives.

    Attributes
    ----------
    value
        Value of the label; None where the file has none.
    combined
        How many values are in it: more than 1 in the row of all the rest.
    customers, orders, revenue
        So far; revenue is None without amounts.
    second
        Share of customers who ordered on a second day.
    purchases
        Expected within the horizon, of all; None without a forecast.
    clv
        Mean predicted CLV per customer; None without one.
    watched
        Shape (months,): customers watched through the whole of month 1, 2, …
    brought
        Shape (months,): revenue (or orders, without amounts) per customer until the end of the
        month.
    error
        Shape (months,): standard error of ``brought``.
    """

    value: str | None
    combined: int
    customers: int
    orders: int
    revenue: float | None
    second: float
    purchases: float | None
    clv: Interval | None
    watched: Floats
    brought: Floats
    error: Floats

    @cached_property
    def longest(self) -> int:
        """The last month through which at least `FEW` customers were watched; 0 for none."""
        return int((self.watched >= FEW).sum())

    def watched_through(self, months: int) -> int:
        """Return how many customers were watched through a whole number of months."""
        return int(self.watched[months - 1]) if months <= len(self.watched) else 0

    def after(self, months: int) -> Interval | None:
        """Return what a customer brought in the first months; None where too few are known."""
        if not 1 <= months <= self.longest:
            return None
        return Interval(float(self.brought[months - 1]), float(self.error[months - 1]))

    def ceiling(self, margin: float, months: int) -> Interval | None:
        """Return the most that one customer may cost, to be earned back within ``months``."""
        found = self.after(months)
        return None if found is None else Interval(margin * found.mean, margin * found.error)

    def payback(self, margin: float, cost: float) -> int | None:
        """Return the first month by whose end the margin has covered the cost; None if not yet.

        Looks as far as `longest`.
        """
        earned = np.flatnonzero(margin * self.brought[: self.longest] >= cost)
        return int(earned[0]) + 1 if earned.size else None


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
        As in `Newcomers`.
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
        revenue=round(float(running[:, -1].sum()), 6),
        second=second,
        purchases=None,
        clv=None,
        watched=np.full(months, float(n)),
        brought=running.mean(axis=0),
        error=error,
    )
