"""Orders → what each cohort did, period by period since its first order.

Written with narwhals, so that the same code runs in DuckDB, on Spark and on pandas. Each step takes
the one before it: orders and customers → `customer_periods` → `cohort_table`, and `customers_so_far`
→ `waits`, `totals`. Who ordered on one day only needs no look at the orders: `one_day_periods`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.days import day_number
from clv.insights.cohorts.calendar import STEP, mark_column, period_column

if TYPE_CHECKING:
    from datetime import date

    from narwhals.typing import IntoFrame

    from clv.insights.cohorts.calendar import Grain


#: Columns of a table of cohorts, of one length; None where something is not known.
Columns = Mapping[str, Sequence[float | None]]


def customer_periods(orders: IntoFrame, customers: IntoFrame, as_of: date, grain: Grain) -> Any:  # noqa: ANN401 - the caller's own frame type
    """Sum each customer's orders by calendar period since the first order.

    Parameters
    ----------
    orders
        Any frame narwhals reads with ``customer_id``, ``ordered_at`` (timestamp, the shop's clock) and
        ``revenue`` (see `clv.core.orders`).
    customers
        The customers that count, and their ``first_order`` (date): as `clv.features.rfm` makes
        them. Orders of others are left out.
    as_of
        Orders after this day are left out.
    grain
        ``month``, ``quarter`` or ``week`` (ISO, Monday to Sunday).

    Returns
    -------
    frame
        The same kind of frame. One row per customer and period with an order: ``customer_id``;
        ``cohort`` and ``mark``, the periods of the first order and of these as
        `clv.insights.cohorts.calendar.mark_column` counts; ``orders``; ``revenue`` and ``valued``, how many orders have one; ``wait``, days
        from the first day with an order to the earliest later one within the period, null where
        there is none.
    """
    bought: Any = nw.from_native(orders).select("customer_id", "ordered_at", "revenue")
    born: Any = nw.from_native(customers).select("customer_id", "first_order")
    return periods_of(bought.join(born, on="customer_id", how="inner").to_native(), as_of, grain)


def periods_of(bought: IntoFrame, as_of: date, grain: Grain) -> Any:  # noqa: ANN401
    """Do the same where every order already knows its customer's first.

    Parameters
    ----------
    bought
        One row per order: ``customer_id`` (numbers are grouped faster than text), ``first_order``
        (date), ``ordered_at``, ``revenue``.
    as_of, grain
        As in `customer_periods`, and so is what is returned.
    """
    end = nw.lit(datetime.combine(as_of, time()))
    day, first = nw.col("day"), nw.col("first_day")
    days: Any = nw.from_native(bought).select(
        "customer_id",
        "revenue",
        nw.col("ordered_at").dt.truncate("1d").alias("day"),
        nw.col("first_order").cast(nw.Datetime("us")).alias("first_day"),
    )
    result = (
        days.filter(day <= end)
        .select(
            "customer_id",
            "revenue",
            mark_column(first, grain).alias("cohort"),
            mark_column(day, grain).alias("mark"),
            nw.when(day > first).then(day_number(day) - day_number(first)).alias("wait"),
        )
        .group_by("customer_id", "cohort", "mark")
        .agg(
            nw.len().alias("orders"),
            nw.col("revenue").sum(),
            nw.col("revenue").count().alias("valued"),
            nw.col("wait").min(),
        )
    )
    return result.to_native()


def one_day_periods(customers: IntoFrame, grain: Grain) -> Any:  # noqa: ANN401
    """Return what `customer_periods` says of customers with a single day with an order, but no wait.

    Parameters
    ----------
    customers
        Such customers (``frequency`` 0): ``customer_id, first_order, orders, revenue``, as
        `clv.features.rfm` makes them. Their one row holds all they did.
    grain
        As in `customer_periods`.
    """
    mark = mark_column(nw.col("first_order").cast(nw.Datetime("us")), grain)
    valued = nw.when(nw.col("revenue").is_null()).then(0).otherwise(1).alias("valued")
    frame: Any = nw.from_native(customers)
    return frame.select(
        "customer_id",
        mark.alias("cohort"),
        mark.alias("mark"),
        "orders",
        nw.col("revenue").fill_null(0.0),
        valued,
    ).to_native()


def cohort_table(periods: IntoFrame, grain: Grain) -> Any:  # noqa: ANN401
    """Sum `customer_periods` by cohort.

    Returns
    -------
    frame
        One row per cohort and period in which anybody ordered: ``cohort``, its number
        (`clv.insights.cohorts.calendar`); ``period``, periods since then (0 = that of the first order);
        ``active`` (customers with an order), ``orders``, ``revenue`` (null where no order has a
        value). In period 0 everybody is active: there ``active`` is the cohort's size.
    """
    table = (
        nw.from_native(periods)
        .group_by("cohort", "mark")
        .agg(
            nw.len().alias("active"),
            nw.col("orders").sum(),
            nw.col("revenue").sum(),
            nw.col("valued").sum(),
        )
    )
    # Binary fractions don't add up to cents, and threads add up in any order: no sum is the same twice.
    revenue = nw.when(nw.col("valued") > 0).then(nw.col("revenue").round(6)).alias("revenue")
    cohort = period_column(nw.col("cohort"), grain)
    return table.select(
        cohort.alias("cohort"),
        (period_column(nw.col("mark"), grain) - cohort).alias("period"),
        nw.col("active", "orders").cast(nw.Int64),
        revenue,
    ).to_native()


def customers_so_far(periods: IntoFrame, grain: Grain, last: int) -> Any:  # noqa: ANN401
    """Sum `customer_periods` by customer.

    Parameters
    ----------
    periods, grain
        From `customer_periods`.
    last
        Periods 0…last count towards ``orders``, ``revenue`` and ``returned``.

    Returns
    -------
    frame
        One row per customer: ``cohort``, as in ``periods``; ``wait``, days to the
        second day with an order, null if there is none;
        ``returned``, 1 if that day lies in period ``last`` or before; ``orders``, ``revenue``.
    """
    within = nw.col("mark") - nw.col("cohort") <= last * STEP[grain]
    frame = nw.from_native(periods).with_columns(
        nw.when(within).then(nw.col("orders")).otherwise(0).alias("orders"),
        nw.when(within).then(nw.col("revenue")).otherwise(0.0).alias("revenue"),
        nw.when(within).then(nw.col("wait")).alias("early"),
    )
    each = frame.group_by("customer_id", "cohort").agg(
        nw.col("wait", "early").min(), nw.col("orders", "revenue").sum()
    )
    returned = nw.when(nw.col("early").is_null()).then(0).otherwise(1).alias("returned")
    return each.select("cohort", "wait", returned, "orders", "revenue").to_native()


def waits(customers: IntoFrame, grain: Grain) -> Any:  # noqa: ANN401
    """Count `customers_so_far` by cohort and days to the second purchase.

    Returns
    -------
    frame
        ``cohort``, its number; ``wait`` in days (null: no second purchase so far); ``customers``.
    """
    counted = nw.from_native(customers).group_by("cohort", "wait").agg(nw.len().alias("customers"))
    return counted.select(
        period_column(nw.col("cohort"), grain).alias("cohort"),
        "wait",
        nw.col("customers").cast(nw.Int64),
    ).to_native()


def totals(customers: IntoFrame, grain: Grain) -> Any:  # noqa: ANN401
    """Sum `customers_so_far` by cohort, with squares: what a test of differences needs.

    Returns
    -------
    frame
        ``cohort``, its number; ``customers``; and of ``returned``, ``orders``, ``revenue`` the sum and, ending
        in ``_squares``, the sum of squares.
    """
    names = ("returned", "orders", "revenue")
    numbers = nw.from_native(customers).with_columns(nw.col(*names).cast(nw.Float64))
    squares = [(nw.col(n) * nw.col(n)).alias(f"{n}_squares") for n in names]
    sums = (
        numbers.with_columns(*squares)
        .group_by("cohort")
        .agg(nw.len().alias("customers"), nw.col(*names, *(f"{n}_squares" for n in names)).sum())
    )
    return sums.with_columns(
        period_column(nw.col("cohort"), grain).alias("cohort"),
        nw.col("customers").cast(nw.Int64),
    ).to_native()
