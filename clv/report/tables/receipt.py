"""What the tests of a forecast found: models and rules compared, months, ranges, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from clv.core import names
from clv.core.formatting import day, percent, with_unit
from clv.report.tables.base import Column, Table
from clv.report.words import receipt as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.core.schema import LeaderboardRow, MeasuredRanges, PastDate, Receipt
    from clv.report.tables.base import Of, Rows

#: Ranges as they are measured, and what they are called.
KINDS: Final[dict[Literal["before", "after"], str]] = {
    "before": "As the model has them",
    "after": "Calibrated on earlier dates",
}
#: Groups of customers as a report names them.
_GROUPS: Final = {
    "wider": "Customers with a range above nothing",
    "all": "All",
    "one-time": "One order so far",
    "repeat": "Two orders or more",
    "whales": "Highest forecasts",
}


def leaderboard(found: Receipt, rows: list[LeaderboardRow]) -> Table:
    """Return everything that was compared, rows of `clv.forecast.receipts.leaderboard`."""

    def predicted(key: str, heading: str) -> Column:
        return Column(
            lambda row: None if row[key] is None else 1.0 + row[key], heading, kind="share"
        )

    columns = [
        Column(lambda row: names.title(row["contender"]), "Model or rule", pinned=True, words=True),
        Column("loss", "Error", "decimal", digits=3, on="paper"),
        Column(
            words.behind,
            "Behind the best",
            help="Difference in mean loss per customer, with its 95 % interval; smaller is better.",
            on="page",
        ),
        predicted("orders_bias", "Predicted orders, % of actual"),
        Column("orders_mape", "Monthly error (MAPE)", "share", paper="Monthly error"),
        Column("orders_mae", "Error per customer (MAE, orders)", "decimal", digits=2, on="page"),
        Column("orders_gini", "Ranking (Gini)", "share"),
        Column("orders_top10", "Best 10\u00a0% brought", "share"),
        Column("auc", "Buyers recognised (AUC)", "share"),
        Column(
            "brier",
            "Error of the chance (Brier)",
            "decimal",
            digits=3,
            help="Mean squared error of the chance; 0 is perfect.",
        ),
    ]
    if found["has_value"]:
        error = with_unit("Revenue error per customer (MAE)", found["currency"])
        columns += [
            predicted("revenue_bias", "Predicted revenue, % of actual"),
            Column("revenue_mae", error, "decimal", digits=2, on="page"),
        ]
    dates = ", ".join(day(o["as_of"]) for o in found["origins"])
    return Table(
        columns,
        rows,
        f"{len(rows)} models and rules, the smallest error first",
        f"Made as of {dates} and compared with {words.ahead(found)}; means over the dates. Error: mean "
        "Poisson deviance of each customer's orders, smallest for the true expectation.",
    )


def months(found: Receipt, rows: Rows, model: str) -> Table:
    """Return actual and expected orders and revenue, month by month after a date."""
    columns = [Column("end", "Month to", "day", pinned=True)]
    kinds = [("purchases", "Orders", "orders")]
    if found["has_value"]:
        name, inside = (with_unit(each, found["currency"]) for each in ("Revenue", "revenue"))
        kinds.append(("value", name, inside))
    for kind, name, inside in kinds:
        columns += [
            Column(_inside(kind, "actual"), f"Actual {inside}", "money"),
            Column(_inside(kind, model), f"Expected {inside}", "money"),
            Column(
                _off(kind, model),
                f"{name}: off by",
                "change",
                digits=1,
                help="Expected over actual, less 100 %.",
            ),
        ]
    return Table(columns, rows, "Actual and expected, month by month")


def _inside(kind: str, name: str) -> Of:
    return lambda row: row[kind][name]


def _off(kind: str, model: str) -> Of:
    return lambda row: row[kind][model] / y - 1 if (y := row[kind]["actual"]) > 0 else None


def coverage(level: float, measured: MeasuredRanges, rows: Rows) -> Table:
    """Return how many outcomes lay within their ranges, by group of customers.

    Rows have a ``name`` and, in ``kinds``, what was measured before and after calibration.
    """
    last = "after" if measured["after"] else "before"

    def end(name: str) -> Of:
        return lambda row: row.kinds[last][name]

    def within(kind: str) -> Of:
        return lambda row: row.kinds[kind]["inside"]

    def interval(row: Any) -> str:  # noqa: ANN401 - a row
        return f"{percent(row.kinds[last]['low'])} to {percent(row.kinds[last]['high'])}"

    columns = [
        Column("name", "Customers", pinned=True),
        Column(end("customers"), "Number", "count"),
        Column(lambda _: level, "Promised", "share", digits=0),
        *(
            Column(within(kind), f"Within: {name[0].lower()}{name[1:]}", "share")
            for kind, name in KINDS.items()
            if measured[kind]
        ),
        Column(interval, "95\u00a0% interval"),
        Column(end("below"), "Brought less", "share"),
        Column(end("above"), "Brought more", "share"),
        Column(end("zero"), "Range of nothing", "share"),
    ]
    return Table(columns, rows, "Coverage of the ranges by group of customers")


def held(level: float, measured: MeasuredRanges) -> Table:
    """Return the same in short, of the groups that matter: for the report."""
    known = measured["after"] or measured["before"]
    how = "calibrated on earlier dates only" if measured["after"] else "as the model has them"
    columns = [
        Column(lambda row: _GROUPS[row["group"]], "Customers", words=True),
        Column("customers", "Number", "count"),
        Column("inside", "Within the range", "share"),
        Column(lambda r: f"{percent(r['low'])} and {percent(r['high'])}", "Surely between"),
        Column("below", "Below it", "share"),
        Column("above", "Above it", "share"),
    ]
    return Table(
        columns,
        [row for name in _GROUPS for row in known if row["group"] == name],
        "Coverage of the ranges by group of customers",
        f"Ranges of {percent(level)}, {how}.",
    )


def totals(model: str, rows: list[PastDate]) -> Table:
    """Return predicted totals as shares of the actual ones; a row is a date on which the model was tested."""

    def told(kind: Literal["purchases", "value"]) -> Callable[[PastDate], float | None]:
        def share(origin: PastDate) -> float | None:
            amounts = origin["measures"][model][kind]
            bias = None if amounts is None else amounts["bias"]
            return None if bias is None else 1.0 + bias

        return share

    columns = [Column(lambda row: day(row["as_of"]), "Tested as of")]
    shares = {
        "Predicted orders, % of actual": told("purchases"),
        "Predicted revenue, % of actual": told("value"),
    }
    columns += [
        Column(of, name, "share")
        for name, of in shares.items()
        if any(of(row) is not None for row in rows)
    ]
    return Table(columns, rows, "Predicted totals as shares of the actual ones, date by date")


def ready_made(rows: Rows, currency: str) -> Table:
    """Return how well a ready-made model found the best customers, beside what this program has."""
    columns = [
        Column(lambda row: names.title(row["contender"]), "Forecast"),
        Column(
            "top10",
            "Caught by its best 10 %",
            "share",
            unit="%",
            help="Share of the revenue that its best tenth of customers really brought.",
        ),
        Column("top20", "Caught by its best 20 %", "share", unit="%"),
        Column(
            "gini",
            "Order of customers",
            "share",
            unit="%",
            help="100 %: every customer in the right order by revenue; 0 %: no better than by "
            "lot (normalised Gini).",
        ),
        Column(
            "mae",
            with_unit("Off by, a customer", currency),
            "decimal",
            digits=2,
            help="Mean absolute error.",
        ),
        Column("bias", "Total off by", "change", digits=1, unit="%", help="Above 0: too much."),
    ]
    return Table(columns, rows, "Forecasts of revenue on past dates")
