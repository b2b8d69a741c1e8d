"""The forecast month by month, and what was simulated."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from clv.core.formatting import count, to_date, with_unit
from clv.insights import simulate
from clv.report.tables.base import Column, Table
from clv.report.words import survival as words
from clv.report.words.run import ORDER_DAYS

if TYPE_CHECKING:
    from clv.insights.simulate import Checkpoint
    from clv.report.tables.base import Of
    from clv.runs import Run


def _first_day(month: Any) -> date | None:  # noqa: ANN401 - a row
    """Return the first day of a month of the forecast; it begins after the day it is counted from."""
    start = to_date(month["start"])
    return None if start is None else start + timedelta(days=1)


def months(run: Run) -> Table:
    """Return what is expected of all customers together, month by month."""
    columns = [
        Column(_first_day, "From", "day", on="page"),
        Column("end", "To", "day", paper="Up to", words=True),
        Column(
            lambda row: row.get("predicted_purchases"),
            "Expected orders",
            "tally",
            help=f"{ORDER_DAYS}.",
        ),
    ]
    if run.summary.get("predicted_revenue") is not None:
        columns += [
            Column(_of(key), with_unit(name, run.currency), "money", digits=1)
            for key, name in (
                ("predicted_revenue", "Expected revenue"),
                ("predicted_clv", "Lifetime value"),
            )
        ]
    return Table(
        columns,
        run.summary.get("monthly") or [],
        "Expected orders and revenue month by month",
        "The forecast month by month.",
    )


def _of(key: str) -> Of:
    return lambda row: row.get(key)


def simulated(rows: list[Checkpoint], caption: str = "") -> Table:
    """Return who is alive and what they have ordered, rows of `clv.insights.simulate.table`."""
    columns = [Column("after", "After", pinned=True, words=True)]
    for what, name in simulate.MEASURES.items():
        columns += [
            Column(what, name, "count", help="In this run."),
            Column(
                _band(what),
                f"{name}, 9 in 10",
                help="Between these two numbers in 9 out of 10 runs.",
                paper=f"{name}, 9 in 10 runs",
            ),
            Column(
                f"{what}_mean",
                f"{name}, mean",
                "count",
                digits=1,
                help=f"Of {count(simulate.RUNS)} runs.",
                on="page",
            ),
            Column(
                f"{what}_expected",
                f"{name}, exact",
                "count",
                digits=1,
                help="Mean by the model's formula, without simulation.",
                on="page",
            ),
            Column(f"{what}_expected", f"{name}, exact mean", "expected", on="paper"),
        ]
    title = "Customers alive and orders after 10 days, 1 year, 10 years and 100 years"
    return Table(columns, rows, title, caption)


def _band(what: str) -> Of:
    return lambda row: words.band(row[f"{what}_low"], row[f"{what}_high"])
