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

    from clv.core.schema import AssumptionRow
    from clv.insights.assumptions import Check


def table(check: Check, currency: str = "") -> list[AssumptionRow]:
    """Return the rows behind the picture: ``label`` added, ``value`` named alike everywhere."""
    rows: list[AssumptionRow] = []
    for row in check.rows:
        priced = check.key == "spend_shape"
        label = _price(row, currency) if priced else _LABELS[check.key](row)
        found: AssumptionRow = {**row, "label": label}
        if check.key in _VALUES:
            found["value"] = _VALUES[check.key](row)
        rows.append(found)
    return rows


#: What a picture of points draws; the others have what is observed beside what is expected.
_VALUES: Final[Mapping[str, Callable[[AssumptionRow], float]]] = {
    "season": lambda row: row["ratio"],
    "cohorts": lambda row: row["purchases"],
    "dropout": lambda row: row["ratio"],
    "frequency_value": lambda row: row["value"],
    "spend_spread": lambda row: row["observed"],
}


def _ends(row: AssumptionRow) -> tuple[float | None, float | None]:
    """Return the ends of a class of numbers; dates have none."""
    low, high = row["from"], row["to"]
    return None if isinstance(low, str) else low, None if isinstance(high, str) else high


def _between(row: AssumptionRow) -> str:
    low, high = _ends(row)
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low} – {high}"


def _wait(row: AssumptionRow) -> str:
    low, high = _ends(row)
    if low is None:
        return "not yet"
    return f"after {low} days" if high is None else f"{low + 1} – {high} days"


def _multiple(row: AssumptionRow) -> str:
    low, high = _ends(row)
    return f"over {low:g} ×" if high is None else f"{low:g} – {high:g} ×"


_LABELS: Final[Mapping[str, Callable[[AssumptionRow], str]]] = {
    "timing": _multiple,
    "season": lambda row: MONTHS[row["month"] - 1][:3],
    "cohorts": lambda row: f"{day(str(row['from']))} –\n{day(str(row['to']))}",
    "dropout": _between,
    "frequencies": _between,
    "first_repeat": _wait,
    "frequency_value": _between,
    "spend_spread": lambda row: f"{row['tier']} spenders".capitalize(),
    "outliers": lambda row: "Orders" if row["what"] == "purchases" else "Value",
}


def _price(row: AssumptionRow, currency: str) -> str:
    low, high = _ends(row)
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
        changes: list[AssumptionRow] = [
            {
                **row,
                "observed": math.expm1(row["change"]),
                "expected": math.expm1(row["usual"]),
            }
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
