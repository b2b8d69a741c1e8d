"""New customers: cohorts with their second orders, and what one may cost, by label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import money, with_unit
from clv.core.metrics import FEW
from clv.insights.cohorts import report as reports
from clv.insights.segments import tables
from clv.report.tables.base import Column, Table
from clv.report.words import segments as words
from clv.report.words.run import ORDER_DAYS, next_months

if TYPE_CHECKING:
    from clv.insights.newcomers.curves import Newcomers
    from clv.report.tables.base import Rows
    from clv.runs import Run

_CASES: Final = "in 4 of 5 cases"


def cohorts(run: Run, rows: Rows, last: str) -> Table:
    """Return cohorts with their second orders, ``name`` beside what their download has.

    ``last`` is the day up to which orders are known, as it is written.
    """
    columns = [
        Column("name", "Cohort", pinned=True),
        Column("customers", "Customers", "count"),
        Column(
            "returned_share",
            "Came back",
            "share",
            unit="%",
            help="A second day with an order so far (frequency ≥ 1).",
        ),
        Column(
            "returned_within_90_days",
            f"Within {reports.SOON} days",
            "share",
            unit="%",
            help="Only for cohorts that were all seen for so long.",
        ),
        Column(
            "days_to_second_median",
            "Days to the second order",
            "decimal",
            help="Median of those who came back.",
        ),
        Column("days_to_second_25", "Middle half from (days)", "decimal"),
        Column("days_to_second_75", "to (days)", "decimal"),
        Column("orders_per_customer", "Orders per customer", "decimal", digits=2),
    ]
    if run.has_value:
        columns.append(
            Column(
                "revenue_per_customer",
                with_unit("Revenue per customer", run.currency),
                "decimal",
                digits=2,
                help=f"So far, up to {last}.",
            )
        )
    return Table(columns, rows, f"{len(rows)} cohorts, newest first")


def acquisition(
    run: Run, found: list[tuple[str, Newcomers]], months: int, margin: float, price: float
) -> Table:
    """Return what new customers bring and what one may cost; rows are named groups."""
    currency = run.currency

    def cautious(row: tuple[str, Newcomers]) -> str:
        ceiling = row[1].ceiling(margin, months)
        return "" if ceiling is None else money(ceiling.low, currency)

    def orders(row: tuple[str, Newcomers]) -> str:
        after = row[1].after(months)
        if after is None:
            return words.too_few(row[1].watched_through(months))
        return f"{after.mean:.2f} ({after.low:.2f} to {after.high:.2f})"

    def spread(row: tuple[str, Newcomers]) -> str:
        customers, clv = row[1].customers, row[1].clv
        return words.too_few(customers) if customers < FEW else words.between(clv, currency)

    columns = [
        Column(lambda r: r[0], "Value", pinned=True),
        Column(lambda r: r[1].customers, "Customers", "count"),
        Column(
            lambda r: r[1].second,
            "Second order",
            "share",
            unit="%",
            help="Ordered on a second day so far.",
        ),
    ]
    if run.has_value:
        columns += [
            Column(
                lambda r: words.ceiling(r[1].ceiling(margin, months), r[1], months, currency),
                "Most you could pay",
                help=f"Margin × revenue of {words.first(months)} (CAC ceiling).",
            ),
            Column(
                cautious,
                "Cautious",
                help="Lower end of the 80 % interval: 9 in 10 that the true mean is higher.",
            ),
            Column(
                lambda r: words.payback(r[1], margin, price),
                "Earned back in",
                help=f"At {money(price, currency)} for one new customer.",
            ),
            Column(
                lambda r: (r[1].revenue or 0.0) / r[1].customers,
                with_unit("Revenue so far, each", currency),
                "amount",
            ),
        ]
    else:
        columns += [
            Column(
                orders,
                f"Orders in {words.first(months)}",
                help="Days and intervals as in the chart.",
            ),
            Column(lambda r: r[1].orders / r[1].customers, "Orders so far, each", "amount"),
        ]
    if tables.has_money(run):
        columns += [
            Column(
                lambda r: None if r[1].clv is None else r[1].clv.mean,
                with_unit("Lifetime value, each", currency),
                "amount",
                help=f"Mean predicted CLV of {next_months(run.settings)}.",
            ),
            Column(
                spread,
                _CASES,
                help="80 % interval of that mean, from the spread between customers.",
            ),
        ]
    elif tables.has_forecast(run):
        columns.append(
            Column(
                lambda r: (r[1].purchases or 0.0) / r[1].customers,
                "Expected orders, each",
                "amount",
                help=f"In {next_months(run.settings)}. {ORDER_DAYS}.",
            )
        )
    return Table(columns, found, "What new customers bring, and what one may cost, by label")
