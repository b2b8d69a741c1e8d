"""Lists of customers: who will buy and spend most, who is worth most, who is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import percent, with_unit
from clv.report.tables.base import Column, Table, ends
from clv.report.words import ranges as range_words
from clv.report.words.run import ORDER_DAYS, next_months

if TYPE_CHECKING:
    from clv.report.tables.base import Rows
    from clv.runs import Kind, Run

#: What the two rankings are called.
KINDS: Final[dict[Kind, str]] = {"buyers": "Will buy most", "spenders": "Will spend most"}
#: What the terminal shows of them.
BRIEF: Final = (
    *("rank", "customer_id", "orders", "p_purchase", "predicted_purchases"),
    *("predicted_revenue", "predicted_clv"),
)
BRIEF_WORTH: Final = ("rank", "customer_id", "orders", "revenue", "predicted_clv")
#: What a ready-made model means by a customer's worth.
WHOSE: Final = (
    "As the ready-made model says; over which time and after which costs, its maker knows."
)
_RANK: Final = Column("rank", "#", "decimal", pinned=True, width="small")
_CUSTOMER: Final = Column("customer_id", "Customer", pinned=True, words=True)


def _so_far(run: Run) -> list[Column]:
    currency = run.currency
    known = [Column("revenue", with_unit("Revenue so far", currency), "money")]
    return [
        Column("orders", "Orders so far", "count"),
        *(known if run.has_value else []),
        Column("last_order", "Last order", "day"),
    ]


def top(run: Run, kind: Kind, rows: Rows) -> Table:
    """Return the customers predicted to buy or to spend most; rows of `clv.runs.Run.top`."""
    currency, ranges = run.currency, run.summary.get("ranges")
    columns = [
        _RANK,
        _CUSTOMER,
        Column(
            "p_purchase",
            "Chance of buying",
            "chance",
            unit="%",
            help=f"At least one order in {next_months(run.settings)} (p_purchase).",
        ),
        Column(
            "predicted_purchases",
            "Expected orders",
            "expected",
            help=f"{ORDER_DAYS} (predicted_purchases).",
        ),
    ]
    if run.summary.get("predicted_revenue") is not None:
        columns += [
            Column(
                "predicted_revenue",
                with_unit("Expected revenue", currency),
                "money",
                help="Before discounting and margin.",
            ),
            Column(
                "predicted_clv",
                with_unit("Lifetime value", currency),
                "money",
                help="Discounted, at your margin (predicted_clv).",
            ),
        ]
        if ranges:
            columns += ends(
                "predicted_clv_low",
                "predicted_clv_high",
                currency,
                percent(ranges["level"]),
                f"The value is to lie between low and high end for {range_words.level(ranges)} "
                "customers (predicted_clv_low, predicted_clv_high).",
            )
    return Table(
        [*columns, *_so_far(run)],
        rows,
        f"{len(rows)} customers, {KINDS[kind].lower()}",
    )


def worth(run: Run, rows: Rows) -> Table:
    """Return the customers of the highest value by a ready-made model, which knows no more."""
    value = with_unit("Worth", run.currency)
    columns = [
        _RANK,
        _CUSTOMER,
        Column("predicted_clv", value, "money", help=f"{WHOSE} (predicted_clv)"),
        *_so_far(run),
    ]
    return Table(columns, rows, f"{len(rows)} customers of the highest value")


def overdue(run: Run, rows: Rows, *, has_money: bool) -> Table:
    """Return the overdue customers, rows of `clv.insights.segments.tables.overdue`."""
    currency = run.currency
    at_risk = [Column("at_risk", "Orders at risk", "expected", help=f"{ORDER_DAYS}.")]
    if has_money:
        at_risk = [
            Column(
                "at_risk",
                with_unit("At risk", currency),
                "money",
                help="Worth if active − worth now (money at risk).",
            ),
            Column(
                "if_active",
                with_unit("Worth if active", currency),
                "money",
                help=f"CLV of {next_months(run.settings)}, were the customer known to be active.",
            ),
        ]
    columns = [
        _CUSTOMER,
        *at_risk,
        Column(
            "p_alive",
            "Still active",
            "share",
            unit="%",
            help="Chance of still being active (p_alive).",
        ),
        Column("silent_days", "Silent (days)", "count"),
        Column("gap_days", "Usual gap (days)", "decimal"),
        Column(
            "due",
            "Due by",
            "day",
            help="9 out of 10 active customers with this history would have ordered by then.",
        ),
        Column("next_from", "If active, next order from", "day"),
        Column("next_to", "to", "day", help="In 4 of 5 cases between these two days, if active."),
        Column("reason", "Why", width="large"),
    ]
    return Table(columns, rows, "Overdue customers, those with most at risk first")


def orders(run: Run, rows: Rows) -> Table:
    """Return one customer's orders, rows of `clv.runs.Run.customer_orders`, newest first."""
    columns = [Column("ordered_at", "Date", "day"), Column("order_id", "Order")]
    if run.has_value:
        columns.append(Column("revenue", with_unit("Value", run.currency), "decimal", digits=2))
    if any(row["items"] is not None for row in rows):
        columns.append(Column("items", "Items", "count"))
    return Table(columns, rows, "Orders of this customer, newest first")


def months(run: Run, rows: Rows, *, has_money: bool) -> Table:
    """Return one customer's forecast, rows of `clv.runs.Run.customer_monthly`."""
    columns = [
        Column("month_end", "Month to", "day"),
        Column(
            "predicted_purchases", "Expected orders", "decimal", digits=2, help=f"{ORDER_DAYS}."
        ),
    ]
    if has_money:
        columns += [
            Column(key, with_unit(name, run.currency), "decimal", digits=2)
            for key, name in (
                ("predicted_revenue", "Expected revenue"),
                ("predicted_clv", "Lifetime value"),
            )
        ]
    return Table(columns, rows, "Forecast for this customer month by month")
