"""What became of earlier forecasts, and whether a new file is as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import with_unit
from clv.insights.monitor.base import said_and_came
from clv.report.tables.base import Column, Table
from clv.report.words import monitor as words

if TYPE_CHECKING:
    from clv.core.schema import (
        MonitoringFindings,
        TrackedForecast,
        TrackedMeasure,
        TrackedSegment,
    )

_APART: Final = {True: "apart", False: "overlap", None: "not known"}


def segments(one: TrackedForecast, currency: str) -> Table:
    """Return what was forecast and what came, by the segment of the day of the forecast."""
    revenue = "revenue" in one["total"]
    key: TrackedMeasure = "revenue" if revenue else "purchases"
    what = with_unit("revenue", currency) if revenue else "orders"

    def off(row: TrackedSegment) -> float | None:
        said, came = said_and_came(row, key)
        return said / came - 1 if said is not None and came else None

    columns = [
        Column("segment", "Segment", pinned=True),
        Column("customers", "Customers", "count"),
        Column(f"predicted_{key}", f"Forecast {what}", "money"),
        Column(key, f"Actual {what}", "money"),
        Column(
            off,
            "Forecast off by",
            "change",
            unit="%",
            help="Above 0: more was forecast than actually came.",
        ),
    ]
    rows = one["segments"]
    return Table(columns, rows, f"{len(rows)} segments with forecast and outcome")


def checks(found: MonitoringFindings) -> Table:
    """Return the checks of a new file and its model, the gravest first."""
    columns = [
        Column("verdict", "Verdict", pinned=True),
        Column("check", "Check"),
        Column("before", "Last file"),
        Column("now", "This file"),
        Column("finding", "Judged by"),
    ]
    rows = words.check_rows([*found["data"], *found["model"]], found["currency"])
    return Table(columns, rows, f"{len(rows)} checks of the upload and the model")


def history(found: MonitoringFindings) -> Table:
    """Return every run of these customers, and what became of its forecast."""
    rows = words.history_rows(found)
    columns = [
        Column("as_of", "As of", "day", pinned=True),
        Column(
            "published", "Published", "flag", help="Whether it has ever been the published one."
        ),
        Column("model", "Model"),
        Column("customers", "Customers", "count"),
        Column("months", "Months over", "count"),
        Column(lambda row: row["missed"] or None, "Total"),
        Column(
            "mape",
            "A month off by",
            "share",
            digits=0,
            unit="%",
            help="Mean over the months, more or less (MAPE).",
        ),
        Column(lambda row: row["range"] or None, "Range"),
        Column(
            "orders",
            "Orders of a new customer",
            "decimal",
            digits=2,
            help="Expected by the model in the first year.",
        ),
        Column(
            "order_value",
            with_unit("Value of an order", found["currency"]),
            "decimal",
            digits=2,
            help="Expected by the model of somebody unknown.",
        ),
    ]
    return Table(columns, rows, f"{len(rows)} runs of these customers")


def parameters(found: MonitoringFindings) -> Table:
    """Return the models' parameters in the last run and this one, with their intervals."""
    rows = found["moved"]
    columns = [
        Column("model", "Model"),
        Column("parameter", "Parameter"),
        Column("before", "Last run", "figure"),
        Column("before_low", "from", "figure"),
        Column("before_high", "to", "figure"),
        Column("now", "This run", "figure"),
        # Headings of a page's table must differ.
        Column("now_low", "from ", "figure"),
        Column("now_high", "to ", "figure"),
        Column(lambda row: _APART[row["apart"]], "Intervals"),
    ]
    return Table(columns, rows, f"{len(rows)} parameters of two runs")
