"""The orders as they were known on a past day: before the refunds that came later."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.queries import lazy

if TYPE_CHECKING:
    from datetime import date

    from narwhals.typing import IntoFrame

_KEY = ("customer_id", "order_id")


def as_known(orders: IntoFrame, refunds: IntoFrame | None, day: date) -> Any:  # noqa: ANN401 - the caller's own frame type
    """Return the orders up to and including a day with the values they had then.

    What was taken back later is put on again, and an order that was cancelled later is still one.

    Parameters
    ----------
    orders
        Any frame narwhals reads with the columns of `clv.core.orders.ORDERS`.
    refunds
        Of the same engine, with the columns of `clv.core.orders.REFUNDS`; None where there are none.
        Then all orders are returned as they are.
    day
        Refunds of the day itself were known.

    Returns
    -------
    frame
        The same kind of frame, one row per order in no particular order, with the columns of
        `clv.core.orders.ORDERS`.
    """
    if refunds is None:
        return orders
    until = nw.lit(datetime.combine(day, time.max))
    ordered = nw.col("ordered_at")
    later = (
        lazy(refunds)
        .filter(ordered <= until, nw.col("refunded_at") > until)
        .group_by(*_KEY)
        .agg(
            ordered.min().alias("ordered_then"),
            nw.col("revenue").sum().alias("back"),
            nw.col("items").sum().alias("items_back"),
            nw.col("items").count().alias("counted"),
        )
    )
    back, items_back = nw.col("back"), nw.col("items_back")
    revenue, items = (nw.coalesce(nw.col(c), nw.lit(0)) for c in ("revenue", "items"))
    return (
        lazy(orders)
        .filter(ordered <= until)
        .join(later, on=[*_KEY], how="full", suffix="_then")
        .select(
            *(nw.coalesce(nw.col(c), nw.col(f"{c}_then")).alias(c) for c in _KEY),
            nw.coalesce(ordered, nw.col("ordered_then")).alias("ordered_at"),
            nw.when(back.is_null()).then(nw.col("revenue")).otherwise((revenue + back).round(6)),
            nw.when(nw.col("counted") > 0)
            .then((items + items_back).cast(nw.Int64))
            .otherwise(nw.col("items").cast(nw.Int64))
            .alias("items"),
        )
        .to_native()
    )
