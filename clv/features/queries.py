"""Queries that several feature functions share: known orders, their lines, the largest groups."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.tables import MOST_LEVELS, OTHER, UNKNOWN, collected, numbers

if TYPE_CHECKING:
    from datetime import date

    from narwhals.typing import IntoFrame


def lazy(frame: IntoFrame) -> Any:  # noqa: ANN401 - narwhals' lazy frame of any engine
    """Return a frame of any engine, nothing computed yet."""
    native: Any = nw.from_native(frame)
    return native.lazy()


def midnight(day: date) -> nw.Expr:
    """Return the first moment of a day."""
    return nw.lit(datetime.combine(day, time()))


def known_orders(orders: IntoFrame, as_of: date) -> Any:  # noqa: ANN401
    """Return the orders up to and including a day; one without a value counts as 0.

    Returns
    -------
    frame
        ``customer_id, order_id, ordered_at, day`` (its midnight), ``revenue, items``.
    """
    return (
        lazy(orders)
        .filter(nw.col("ordered_at") <= nw.lit(datetime.combine(as_of, time.max)))
        .select(
            "customer_id",
            "order_id",
            "ordered_at",
            nw.col("ordered_at").dt.truncate("1d").alias("day"),
            nw.col("revenue").cast(nw.Float64).fill_null(0.0),
            nw.col("items").cast(nw.Float64),
        )
    )


def lines_of(lines: IntoFrame, orders: Any) -> Any:  # noqa: ANN401
    """Return the lines of some orders.

    Parameters
    ----------
    lines
        ``order_id, category, revenue``; without a category they are of `UNKNOWN`.
    orders
        Each order once, with ``order_id`` and whatever else is to be kept.

    Returns
    -------
    frame
        One row per line: the columns of ``orders``, ``group`` (the category) and ``value``.
    """
    given = lazy(lines).select(
        "order_id",
        nw.col("category").cast(nw.String).fill_null(UNKNOWN).alias("group"),
        nw.col("revenue").cast(nw.Float64).fill_null(0.0).alias("value"),
    )
    return given.join(orders, on="order_id")


def largest(rows: Any, most: int = MOST_LEVELS, by: str | None = None) -> tuple[str, ...]:  # noqa: ANN401
    """Return the largest groups, `OTHER` aside: by the sum of a column or how many rows, then name."""
    size = nw.len() if by is None else nw.col(by).sum()
    sizes = rows.group_by("group").agg(size.alias("size"))
    found = collected(sizes.select("group", nw.col("size").cast(nw.Float64)))
    names = found["group"].to_pylist()
    ranked = sorted(zip((-numbers(found["size"])).tolist(), names, strict=True))
    return tuple([name for _, name in ranked if name != OTHER][:most])


def regrouped(rows: Any, groups: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Replace every ``group`` that is not among those given by `OTHER`."""
    if not groups:
        return rows.with_columns(nw.lit(OTHER).alias("group"))
    kept = nw.when(nw.col("group").is_in(groups)).then(nw.col("group")).otherwise(nw.lit(OTHER))
    return rows.with_columns(kept.alias("group"))
