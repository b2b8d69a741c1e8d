"""What customers did towards the end of their history: how fast they bought when they were last seen."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.days import day_number
from clv.features.queries import lazy

if TYPE_CHECKING:
    from datetime import date

    from narwhals.typing import IntoFrame


def rhythm(orders: IntoFrame, as_of: date, days: int) -> Any:  # noqa: ANN401 - the caller's own frame type
    """Count each customer's purchases in a window that ends with the last one.

    The window does not move while a customer is silent: what is counted in it never changes until
    the next purchase.

    Parameters
    ----------
    orders
        Any frame narwhals reads (DuckDB relation, Spark, Polars, pandas) with ``customer_id``,
        ``ordered_at`` (timestamp, the shop's clock) and ``revenue`` (see `clv.core.orders`).
    as_of
        Orders after this day are left out.
    days
        Length of the window, best that of the horizon.

    Returns
    -------
    frame
        One row per customer, in no particular order: ``customer_id``; ``late_purchases`` purchase
        days in the window, ``latest_purchases`` those in its last quarter, the last purchase included
        in both; ``late_value`` revenue of the window, 0 where unknown.
    """
    until = nw.lit(datetime.combine(as_of, time.max))
    each = (
        lazy(orders)
        .filter(nw.col("ordered_at") <= until)
        .select(
            "customer_id",
            day_number(nw.col("ordered_at")).alias("day"),
            nw.col("revenue").cast(nw.Float64).fill_null(0.0).alias("value"),
        )
        .group_by("customer_id", "day")
        .agg(nw.col("value").sum())
        .with_columns(
            (nw.col("day").max().over("customer_id") - nw.col("day")).alias("before_last")
        )
    )

    def within(length: float) -> nw.Expr:
        return nw.col("before_last") < length

    return (
        each.with_columns(
            nw.when(within(days)).then(1).otherwise(0).alias("late"),
            nw.when(within(days / 4)).then(1).otherwise(0).alias("latest"),
            nw.when(within(days)).then(nw.col("value")).otherwise(0.0).alias("late_value"),
        )
        .group_by("customer_id")
        .agg(
            nw.col("late").sum().cast(nw.Float64).alias("late_purchases"),
            nw.col("latest").sum().cast(nw.Float64).alias("latest_purchases"),
            # Threads add up in any order: no sum is the same twice.
            nw.col("late_value").sum().round(6),
        )
        .to_native()
    )
