"""The retention triangle: cohorts down, periods since the first order across."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from clv.insights.cohorts.calendar import Grain, period_end, period_name, period_of

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from clv.core.types import Counts, Floats
    from clv.insights.cohorts.forecast import Outlook
    from clv.insights.cohorts.history import Columns


Measure = Literal["retention", "revenue", "cumulative_revenue", "orders", "cumulative_orders"]
MEASURES: Final[tuple[Measure, ...]] = (
    *("retention", "revenue", "cumulative_revenue", "orders", "cumulative_orders"),
)
#: What a cell is: in the future, over, still running (as-of date inside), forecast.
FUTURE, FACT, PARTIAL, FORECAST = 0, 1, 2, 3
KINDS: Final = {FUTURE: "future", FACT: "fact", PARTIAL: "partial", FORECAST: "forecast"}


@dataclass(frozen=True)
class Triangle:
    """What n cohorts did in m periods; NaN where nothing is known, never 0.

    Attributes
    ----------
    grain, as_of
        Length of the periods; the day up to which orders count.
    cohorts, customers
        Shape (n,), oldest first: number of the period of the first order, and how many customers.
    kind
        Shape (n, m): `FACT`, `PARTIAL`, `FORECAST` or `FUTURE`.
    active, orders, revenue
        Shape (n, m): customers with an order, orders, currency units; ``revenue`` is None where no
        order has a value.
    """

    grain: Grain
    as_of: date
    cohorts: Counts
    customers: Floats
    kind: NDArray[np.int8]
    active: Floats
    orders: Floats
    revenue: Floats | None

    def values(self, measure: Measure) -> Floats:
        """Return a measure per original customer of the cohort, shape (n, m)."""
        size = self.customers[:, None]
        if measure == "retention":
            return self.active / size
        total = self.orders if measure.endswith("orders") else self.revenue
        if total is None:
            return np.full(self.kind.shape, np.nan)
        each: Floats = total / size
        return np.cumsum(each, axis=1) if measure.startswith("cumulative") else each

    def average(self, measure: Measure) -> Floats:
        """Return the mean over customers of all cohorts for which a period is over, shape (m,)."""
        weight = np.where(self.kind == FACT, self.customers[:, None], 0.0)
        values = np.where(self.kind == FACT, self.values(measure), 0.0)
        known = weight.sum(axis=0)
        with np.errstate(invalid="ignore"):
            mean: Floats = (values * weight).sum(axis=0) / known
        return mean

    def observed(self) -> Counts:
        """Return how many periods of each cohort are over, shape (n,)."""
        count: Counts = (self.kind == FACT).sum(axis=1)
        return count

    def continued(self, outlook: Outlook | None) -> Triangle:
        """Return the triangle with forecasts where they reach; a running period counts whole."""
        if outlook is None or not len(outlook.periods):
            return self
        n, m = self.kind.shape
        rows = np.arange(n)[:, None]
        columns = outlook.periods[None, :] - self.cohorts[:, None]
        wide = max(m, int(columns.max()) + 1)

        unknown = np.full(columns.shape, np.nan)
        revenue = unknown if outlook.revenue is None else outlook.revenue

        def joined(fact: Floats, ahead: Floats) -> Floats:
            result = np.full((n, wide), np.nan)
            result[:, :m] = fact
            so_far = result[rows, columns]
            result[rows, columns] = np.where(np.isnan(so_far), 0.0, so_far) + ahead
            return result

        kind = np.zeros((n, wide), dtype=np.int8)
        kind[:, :m] = self.kind
        kind[rows, columns] = FORECAST
        return replace(
            self,
            kind=kind,
            active=joined(self.active, outlook.active),
            orders=joined(self.orders, outlook.orders),
            revenue=None if self.revenue is None else joined(self.revenue, revenue),
        )

    def rows(self) -> list[dict[str, str | float | None]]:
        """Return every cell that holds something, as the long table for download."""
        values = {m: self.values(m) for m in MEASURES}
        names = [period_name(c, self.grain) for c in self.cohorts]
        found = []
        for i, j in zip(*np.nonzero(self.kind != FUTURE), strict=True):
            counts = {
                "active": self.active[i, j],
                "orders": self.orders[i, j],
                "revenue": np.nan if self.revenue is None else self.revenue[i, j],
            }
            each = {
                "retention" if m == "retention" else f"{m}_per_customer": v[i, j]
                for m, v in values.items()
            }
            found.append(
                {
                    "cohort": names[i],
                    "customers": int(self.customers[i]),
                    "period": int(j),
                    "calendar_period": period_name(int(self.cohorts[i] + j), self.grain),
                    "status": KINDS[int(self.kind[i, j])],
                }
                | {k: None if np.isnan(v) else float(v) for k, v in (counts | each).items()}
            )
        return found


def triangle(table: Columns, as_of: date, grain: Grain) -> Triangle:
    """Arrange `clv.insights.cohorts.history.cohort_table` as a triangle.

    Parameters
    ----------
    table
        Columns ``cohort, period, active, orders, revenue``, as sequences.
    as_of
        The day up to which orders were counted. The period that holds it is `PARTIAL`, unless the
        day is its last; later ones are `FUTURE`.
    grain
        Of the table.
    """
    cohort = np.asarray(table["cohort"], dtype=np.int64)
    period = np.asarray(table["period"], dtype=np.int64)
    cohorts, row = np.unique(cohort, return_inverse=True)
    now = period_of(as_of, grain)
    width = int(now - cohorts[0]) + 1 if len(cohorts) else 0
    calendar = cohorts[:, None] + np.arange(width)[None, :]
    over = calendar < now + (period_end(now, grain) == as_of)
    kind = np.where(over, FACT, np.where(calendar == now, PARTIAL, FUTURE)).astype(np.int8)

    def placed(name: str) -> Floats:
        result = np.where(kind == FUTURE, np.nan, 0.0)
        given = [np.nan if v is None else v for v in table[name]]
        result[row, period] = np.asarray(given, dtype=float)
        return result

    active = placed("active")
    has_revenue = any(v is not None for v in table["revenue"])
    revenue = np.nan_to_num(placed("revenue")) if has_revenue else None
    if revenue is not None:
        revenue[kind == FUTURE] = np.nan
    return Triangle(
        grain=grain,
        as_of=as_of,
        cohorts=cohorts,
        customers=active[:, 0] if width else np.empty(0),
        kind=kind,
        active=active,
        orders=placed("orders"),
        revenue=revenue,
    )
