"""The pictures of the checks of assumptions, and the rows behind them. Pure functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from clv.core.formatting import day, money, symbol, with_unit
from clv.report.charts.assumptions import intervals_figure, observed_expected_figure
from clv.report.words.assumptions import MONTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import plotly.graph_objects as go

    from clv.insights.assumptions import Check

    Row = Mapping[str, Any]


def table(check: Check, currency: str = "") -> list[dict[str, Any]]:
    """Return the rows behind the picture: ``label`` added, ``value`` named alike everywhere."""
    value = {"season": "ratio", "cohorts": "purchases", "dropout": "ratio"}
    value |= {"frequency_value": "value", "spend_spread": "observed"}
    rows = []
    for row in check.rows:
        found = dict(row) | {
            "label": _price(row, currency)
            if check.key == "spend_shape"
            else _LABELS[check.key](row)
        }
        if check.key in value:
            found["value"] = row[value[check.key]]
        rows.append(found)
    return rows


def _between(row: Row) -> str:
    low, high = row["from"], row["to"]
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low} – {high}"


def _wait(row: Row) -> str:
    low, high = row["from"], row["to"]
    if low is None:
        return "not yet"
    return f"after {low} days" if high is None else f"{low + 1} – {high} days"


def _multiple(row: Row) -> str:
    low, high = row["from"], row["to"]
    return f"over {low:g} ×" if high is None else f"{low:g} – {high:g} ×"


_LABELS: Final[Mapping[str, Callable[[Row], str]]] = {
    "timing": _multiple,
    "season": lambda row: MONTHS[row["month"] - 1][:3],
    "cohorts": lambda row: f"{day(row['from'])} –\n{day(row['to'])}",
    "dropout": _between,
    "frequencies": _between,
    "first_repeat": _wait,
    "frequency_value": _between,
    "spend_spread": lambda row: f"{row['tier']} spenders".capitalize(),
    "outliers": lambda row: "Orders" if row["what"] == "purchases" else "Value",
}


def _price(row: Row, currency: str) -> str:
    low, high = row["from"], row["to"]
    if high is None:
        return f"over {money(low, currency)}"
    return (
        f"{money(low, currency)} – {money(high, currency)}"
        if low
        else f"to {money(high, currency)}"
    )


#: Titles of the axes, and what else a picture needs.
_BARS: Final = {
    "timing": ("Gap over the customer's mean gap", "Share of gaps"),
    "frequencies": ("Repeat orders", "Share of customers"),
    "first_repeat": ("Wait for the second order", "Share of customers"),
    "spend_shape": ("Value of the second order", "Share of orders"),
}
_POINTS: Final[dict[str, dict[str, Any]]] = {
    "season": {"across": "", "up": "Orders", "reference": 1.0, "reference_name": "Average month"},
    "cohorts": {"across": "First order", "up": "Repeat orders per customer", "share": False},
    "dropout": {
        "across": "Repeat orders in the first half",
        "up": "Later orders",
        "reference": 1.0,
        "reference_name": "Forecast",
    },
    "frequency_value": {"across": "Repeat orders", "up": "Mean order value", "share": False},
    "spend_spread": {"across": "", "up": "Spread around the own mean"},
}


def figure(check: Check, currency: str = "", *, dark: bool = False) -> go.Figure | None:
    """Draw the check's picture; None where it has no table."""
    rows, key = table(check, currency), check.key
    if not rows:
        return None
    if key in _BARS:
        classes, share = _BARS[key]
        return observed_expected_figure(rows, classes=classes, share=share, dark=dark)
    if key == "outliers":
        changes = [
            row | {"observed": math.expm1(row["change"]), "expected": math.expm1(row["usual"])}
            for row in rows
        ]
        return observed_expected_figure(
            changes,
            classes="",
            share="How much more the others are forecast",
            names=("Your customers", "As the model draws them"),
            dark=dark,
        )
    more = dict(_POINTS[key])
    if key == "frequency_value":
        more |= {"up": with_unit(more["up"], currency), "prefix": symbol(currency)}
    if key == "spend_spread":
        more["reference"] = rows[0]["expected"]
    return intervals_figure(rows, dark=dark, **more)
