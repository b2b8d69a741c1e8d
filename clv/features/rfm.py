"""Frequency, recency, T and monetary value: what every buy-till-you-die model is fitted on."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.days import day_number

if TYPE_CHECKING:
    from datetime import date

    from narwhals.typing import IntoFrame


def rfm(orders: IntoFrame, as_of: date) -> Any:  # noqa: ANN401 - the caller's own frame type
    """Summarise each customer's orders up to and including a day.

    Parameters
    ----------
    orders
        Any frame narwhals reads (DuckDB relation, Spark, Polars, pandas) with ``customer_id``,
        ``ordered_at`` (timestamp, the shop's clock) and ``revenue`` (see `clv.core.orders`).
    as_of
        Orders after this day are left out.

    Returns
    -------
    frame
        The same kind of frame, lazy where the input is. One row per customer, in no particular
        order: ``customer_id``; ``orders`` and ``revenue`` in all; ``first_order``, ``last_order``
        (dates); ``frequency`` repeat purchase days; ``recency`` days from the first purchase to the
        last; ``T`` days from the first purchase to the as-of day; ``monetary_value`` mean revenue of
        the repeat purchase days, 0 when there are none. Where no order has a value, ``revenue`` and
        ``monetary_value`` are null.

    Notes
    -----
    Purchases on one day count once, and the first purchase day counts towards neither frequency nor
    monetary value: it is the condition under which the customer is observed at all. The definitions
    are those of Fader, Hardie & Lee (2005) and of ``lifetimes.utils``.
    """
    midnight = nw.lit(datetime.combine(as_of, time.max))
    frame = nw.from_native(orders)
    days = (
        frame.lazy()
        .filter(nw.col("ordered_at") <= midnight)
        .select("customer_id", nw.col("ordered_at").cast(nw.Date).alias("day"), "revenue")
        .group_by("customer_id", "day")
        .agg(
            nw.col("revenue").sum().alias("value"),
            nw.col("revenue").count().alias("valued"),
            nw.len().alias("orders"),
        )
    )
    value, day = nw.col("value"), nw.col("day")
    first_value = value.first(order_by="day")
    if days.implementation.is_spark_like():  # It knows no order within a group.
        begun = day == day.min().over("customer_id")
        days = days.with_columns(nw.when(begun).then(value).alias("first_value"))
        first_value = nw.col("first_value").sum()
    customers = days.group_by("customer_id").agg(
        nw.col("orders").sum(),
        nw.col("value").sum().alias("revenue"),
        nw.col("valued").sum(),
        first_value.alias("first_value"),
        day.min().alias("first_day"),
        day.max().alias("last_day"),
        nw.len().alias("days"),
    )
    first, last = (day_number(nw.col(c)) for c in ("first_day", "last_day"))
    frequency = nw.col("days") - 1
    repeat = nw.when(frequency > 0).then(frequency).otherwise(1)
    # Binary fractions don't add up to cents, and threads add up in any order: no sum is the same twice.
    revenue, at_first = nw.col("revenue").round(6), nw.col("first_value").round(6)
    mean = (revenue - at_first) / repeat
    known = nw.col("valued") > 0
    result = customers.select(
        "customer_id",
        nw.col("orders").cast(nw.Int64),
        nw.when(known).then(revenue).alias("revenue"),
        nw.col("first_day").alias("first_order"),
        nw.col("last_day").alias("last_order"),
        frequency.cast(nw.Int64).alias("frequency"),
        (last - first).alias("recency"),
        (as_of.toordinal() - first).alias("T"),
        nw.when(known)
        .then(nw.when(frequency > 0).then(mean).otherwise(0.0))
        .alias("monetary_value"),
    )
    return (result.collect() if isinstance(frame, nw.DataFrame) else result).to_native()
