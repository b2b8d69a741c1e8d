"""Six figures per customer from what orders held and when: what ready-made models are asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np

from clv.core.errors import LayoutError
from clv.features.days import day_number
from clv.features.queries import known_orders, lazy
from clv.features.tables import collected

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa
    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

#: The figures, in the order in which a ready-made model takes them.
BASKET: Final = (
    "most_items",
    "most_revenue",
    "revenue",
    "orders",
    "days_since_last_order",
    "longest_interval",
)


def basket(orders: IntoFrame, as_of: date) -> Any:  # noqa: ANN401 - the caller's own frame type
    """Describe each customer by the orders up to and including a day.

    Parameters
    ----------
    orders
        Any frame narwhals reads (DuckDB relation, Spark, Polars, pandas) with ``customer_id``,
        ``order_id``, ``ordered_at`` (timestamp, the shop's clock), ``revenue`` and ``items`` (see `clv.core.orders`).
        Rows with one customer and one ``order_id`` are lines of one order, placed when its first line
        was.
    as_of
        Orders after this day are left out.

    Returns
    -------
    frame
        The same kind of frame, lazy where the input is; nothing is missing in it. One row per
        customer, in no particular order: ``customer_id``; ``most_items`` and ``most_revenue`` of any
        one order, summed over its lines; ``revenue`` in all; ``orders``, the distinct ones;
        ``days_since_last_order``, calendar days from the last order to the as-of day;
        ``longest_interval``, calendar days between two consecutive orders at most.

    Notes
    -----
    Orders on one day are 0 days apart. Who has placed one order has no interval: in its place stands
    the mean of the longest intervals of all customers with two or more orders, plus the customer's
    own days since the last order; where nobody has two, those days alone.

    An order of which no line tells the number of items counts as one item; an amount that is missing
    counts as 0.
    """
    whole = (
        known_orders(orders, as_of)
        .group_by("customer_id", "order_id")
        .agg(
            nw.col("day").min(),
            nw.col("revenue").sum(),
            nw.col("items").sum(),
            nw.col("items").count().alias("counted"),
        )
        .with_columns(nw.when(nw.col("counted") > 0).then(nw.col("items")).otherwise(1.0))
    )
    days = whole.group_by("customer_id", "day").agg(
        nw.col("items").max(),
        nw.col("revenue").max().alias("most_revenue"),
        nw.col("revenue").sum(),
        nw.len().alias("orders"),
    )
    day = day_number(nw.col("day"))
    before = day.shift(1).over("customer_id", order_by="day")
    # Orders on one day lie 0 days apart: the longest interval is one between days, if there are any.
    customers = (
        days.with_columns((day - before).fill_null(0).cast(nw.Float64).alias("gap"))
        .group_by("customer_id")
        .agg(
            nw.col("items").max().alias("most_items"),
            nw.col("most_revenue").max(),
            nw.col("revenue").sum(),
            nw.col("orders").sum(),
            nw.col("day").max().alias("last"),
            nw.col("gap").max(),
        )
        .with_columns(
            # Threads add up in any order: beyond the ninth decimal a sum is not the same twice.
            nw.col("most_revenue", "revenue").round(9),
            nw.col("orders").cast(nw.Float64),
            (as_of.toordinal() - day_number(nw.col("last")))
            .cast(nw.Float64)
            .alias("days_since_last_order"),
        )
    )
    several = customers.filter(nw.col("orders") > 1).select(nw.col("gap").mean().alias("usual"))
    alone = nw.col("usual").fill_null(0.0).round(9) + nw.col("days_since_last_order")
    interval = nw.when(nw.col("orders") > 1).then(nw.col("gap")).otherwise(alone)
    found = customers.join(several, how="cross").with_columns(interval.alias("longest_interval"))
    result = found.select("customer_id", *BASKET)
    given: Any = nw.from_native(orders)
    return (result.collect() if isinstance(given, nw.DataFrame) else result).to_native()


def basket_matrix(orders: IntoFrame, as_of: date) -> tuple[pa.ChunkedArray, NDArray[np.float64]]:
    """Return the figures as a ready-made model takes them.

    Parameters
    ----------
    orders, as_of
        See `basket`.

    Returns
    -------
    (customer_ids, matrix)
        Arrow column of length n, sorted; shape (n, 6), in the order of `BASKET`. Every cell is a
        finite number.

    Raises
    ------
    LayoutError
        Not one order has an amount.
    """
    amounts = collected(
        lazy(orders).select(nw.col("revenue").count().alias("known"), nw.len().alias("rows"))
    )
    if amounts["rows"][0].as_py() and not amounts["known"][0].as_py():
        msg = "These orders have no amounts, and a ready-made model is asked with what customers spent."
        raise LayoutError(
            msg, "Add the column that holds each order's value.", missing=("revenue",)
        )
    table = collected(lazy(basket(orders, as_of)).sort("customer_id"))
    columns = [np.asarray(table[name].to_numpy(), dtype=float) for name in BASKET]
    return table["customer_id"], np.column_stack(columns)
