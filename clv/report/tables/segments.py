"""Groups of customers: the named groups, the likelihoods of an order, tiers of value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import percent, with_unit
from clv.core.segments import LIKELIHOODS
from clv.insights.segments import tables
from clv.report.tables.base import Column, Table, ends
from clv.report.tables.customers import WHOSE
from clv.report.words import segments as words
from clv.report.words.run import ORDER_DAYS, next_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.backtest.sum_ranges import Sum
    from clv.core.segments import Thresholds
    from clv.insights.segments.tables import LikelyByTier, SegmentGroup
    from clv.insights.value_tiers import TierOfValue
    from clv.runs import Run

_DISCOUNTED: Final = "Discounted, at your margin (predicted_clv)."


def share(part: float | None, whole: float) -> float:
    """Return a part of a whole; 0 of nothing."""
    return float(part or 0.0) / whole if whole else 0.0


def groups(run: Run, rows: list[SegmentGroup]) -> Table:
    """Return the named groups, rows of `clv.insights.segments.tables.groups`."""
    currency, has_money = run.currency, tables.has_money(run)

    def of(name: str, heading: str) -> Column:
        """Return a column with the groups' shares of a sum."""
        cell = Column(name, heading).cell
        whole = tables.total(cell(row) for row in rows) or 0.0
        return Column(lambda row: share(cell(row), whole), heading, "share", unit="%")

    columns = [
        Column(lambda row: str(row["segment"]).capitalize(), "Group", pinned=True),
        Column("customers", "Customers", "count"),
        of("customers", "Customers"),
    ]
    if run.has_value:
        columns += [
            Column("revenue", with_unit("Revenue so far", currency), "money"),
            of("revenue", "Revenue so far"),
        ]
    else:
        columns.append(Column("orders", "Orders so far", "count"))
    if has_money:
        columns += [
            Column(
                "predicted_revenue",
                with_unit("Forecast revenue", currency),
                "money",
                help=f"In {next_months(run.settings)}, not discounted.",
            ),
            of("predicted_revenue", "Forecast revenue"),
            Column(
                "predicted_clv", with_unit("Lifetime value", currency), "money", help=_DISCOUNTED
            ),
        ]
        if ranges := run.summary.get("ranges"):
            found, level = ranges["segments"], percent(ranges["level"])
            columns += ends(
                lambda row: found[row["segment"]]["low"],
                lambda row: found[row["segment"]]["high"],
                currency,
                level,
                f"Ends of the {level} range of the group's lifetime value.",
            )
        columns.append(Column("at_risk", with_unit("Money at risk", currency), "money"))
    else:
        days = f"{ORDER_DAYS}."
        columns += [
            Column("predicted_purchases", "Expected orders", "count", digits=1, help=days),
            Column("at_risk", "Orders at risk", "count", digits=1, help=days),
        ]
    columns.append(
        Column(
            "p_purchase",
            "Chance of buying",
            "share",
            unit="%",
            help=f"Mean chance of an order in {next_months(run.settings)}.",
        )
    )
    return Table(columns, rows, "The groups with their sizes, forecasts and money at risk")


def _likelihood(name: str, rows: list[LikelyByTier]) -> dict[str, str | float]:
    """Return a likelihood's customers of all tiers together."""
    return {
        "likelihood": name,
        "customers": sum(r["customers"] for r in rows),
        "buyers": sum(r["buyers"] for r in rows),
        "predicted_revenue": tables.total(r["predicted_revenue"] for r in rows) or 0.0,
        "predicted_clv": tables.total(r["predicted_clv"] for r in rows) or 0.0,
    }


def likelihoods(
    run: Run, rows: list[LikelyByTier], thresholds: Thresholds, worth: Mapping[str, Sum] | None
) -> Table:
    """Return the likelihoods of an order, rows of `clv.insights.segments.tables.likelihoods`.

    ``worth`` is what the customers of each are worth together, None without ranges.
    """
    lines = [
        _likelihood(name, [r for r in rows if r["likelihood"] == name]) for name in LIKELIHOODS
    ]
    customers = sum(row["customers"] for row in rows)
    columns = [
        Column(lambda row: row["likelihood"].capitalize(), "An order is", pinned=True),
        Column(lambda row: words.chances(row["likelihood"], thresholds), "Chance"),
        Column("customers", "Customers", "count"),
        Column(lambda row: share(row["customers"], customers), "Customers", "share", unit="%"),
        Column(
            lambda row: row["buyers"] / row["customers"] if row["customers"] else None,
            "Mean chance",
            "share",
            unit="%",
        ),
        Column("buyers", "Expected buyers", "count", digits=1, help="The chances added up."),
    ]
    if tables.has_money(run):
        columns += [
            Column(
                "predicted_revenue",
                with_unit("Forecast revenue", run.currency),
                "money",
                help="Not discounted, before margin.",
            ),
            Column(
                "predicted_clv",
                with_unit("Lifetime value", run.currency),
                "money",
                help=_DISCOUNTED,
            ),
        ]
        if worth and (ranges := run.summary.get("ranges")):
            level = percent(ranges["level"])
            columns += ends(
                lambda row: end.low if (end := worth.get(row["likelihood"])) else 0,
                lambda row: end.high if (end := worth.get(row["likelihood"])) else 0,
                run.currency,
                level,
                f"Ends of the {level} range of their lifetime value.",
            )
    return Table(columns, lines, "The four likelihoods of an order")


def tiers(run: Run, rows: list[TierOfValue], names: Mapping[str, str]) -> Table:
    """Return the customers in tiers of value by a ready-made model."""
    currency, total = run.currency, float(run.summary["predicted_clv"] or 0.0)
    columns = [
        Column(lambda row: names[row["tier"]], "Customers by value"),
        Column("customers", "Customers", "count"),
        Column("predicted_clv", with_unit("Worth", currency), "money", help=WHOSE),
        Column(
            lambda row: row["predicted_clv"] / total if total else None,
            "Share of value",
            "share",
            unit="%",
        ),
        Column(
            lambda row: row["predicted_clv"] / row["customers"],
            with_unit("Worth on average", currency),
            "decimal",
            digits=2,
        ),
        Column("orders", "Orders so far", "count"),
        Column("revenue", with_unit("Revenue so far", currency), "money"),
    ]
    return Table(columns, rows, "Customers in tiers of value")
