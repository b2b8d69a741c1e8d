"""Charts of the monitoring: a forecast and what came by month, and how each forecast did."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from typing_extensions import TypedDict

from clv.insights.monitor.base import said_and_came
from clv.report.charts.base import ACCENT, GRID, MUTED, axis_title, layout, written
from clv.report.charts.came_and_forecast import came_and_forecast_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import TrackedMeasure, TrackedMonth
    from clv.report.charts.base import Measure

#: Less than this is drawn as this: a forecast of which nothing came true still has a place.
_WIDEST: Final = 3.0


def months_figure(
    rows: Sequence[TrackedMonth], *, measure: Measure, symbol: str = "", dark: bool = False
) -> go.Figure:
    """Draw what came (solid) beside what was forecast (hatched), month by month.

    Parameters
    ----------
    rows
        ``by_month`` of `clv.insights.monitor.tracking.track`.
    measure
        ``revenue``, or ``orders`` for days with an order.
    symbol
        Of the currency; empty where it is not known.
    dark
        Whether the page is dark.
    """
    key: TrackedMeasure = "revenue" if measure == "revenue" else "purchases"
    said, came = zip(*(said_and_came(row, key) for row in rows), strict=True)
    prefix = symbol if measure == "revenue" else ""
    said_in_all, came_in_all = (sum(v or 0.0 for v in values) for values in (said, came))
    return came_and_forecast_figure(
        [written(date.fromisoformat(row["end"])) for row in rows],
        came,
        said,
        month="Month to",
        titles=("Month of the forecast, to", axis_title(measure, symbol)),
        prefix=prefix,
        height=340,
        alt=f"Bars of {measure} in {len(rows)} months: {prefix}{said_in_all:,.0f} were forecast in all, "
        f"{prefix}{came_in_all:,.0f} came.",
        dark=dark,
    )


class ForecastShare(TypedDict):
    """What came as a share of a forecast (1: exactly), its range as shares, and the months over."""

    as_of: str
    share: float
    months: int
    low: float | None
    high: float | None


def history_figure(rows: Sequence[ForecastShare], *, dark: bool = False) -> go.Figure:
    """Draw what came as a share of each forecast's total, over the forecast's range.

    Parameters
    ----------
    rows
        The earliest first.
    dark
        Whether the page is dark.
    """
    names = [written(date.fromisoformat(row["as_of"])) for row in rows]
    ranged = [
        (name, row["low"], row["high"])
        for name, row in zip(names, rows, strict=True)
        if row["low"] is not None and row["high"] is not None
    ]
    figure = go.Figure()
    if ranged:
        figure.add_trace(
            go.Bar(
                x=[name for name, _, _ in ranged],
                y=[high - low for _, low, high in ranged],
                base=[low for _, low, _ in ranged],
                customdata=[[low, high] for _, low, high in ranged],
                name="Range of the forecast",
                width=0.34,
                marker={"color": "rgba(127, 140, 153, 0.28)", "line": {"color": MUTED, "width": 1}},
                hovertemplate="Range %{customdata[0]:.0%} to %{customdata[1]:.0%} of the forecast"
                "<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=names,
            y=[min(row["share"], _WIDEST) for row in rows],
            mode="markers",
            name="Actual",
            marker={"size": 11, "color": ACCENT[dark], "symbol": "diamond"},
            customdata=[[row["share"], row["months"]] for row in rows],
            hovertemplate="Forecast of %{x}<br><b>%{customdata[0]:.0%}</b> of it came in "
            "%{customdata[1]} months<extra></extra>",
        )
    )
    figure.add_hline(y=1, line={"color": MUTED, "dash": "dash", "width": 2}, layer="below")
    told = "; ".join(f"{n} {row['share']:.0%}" for n, row in zip(names, rows, strict=True))
    layout(figure, height=340, alt=f"Actual as a share of each forecast: {told}.")
    # Else those without a range come last.
    order = {"categoryorder": "array", "categoryarray": names}
    figure.update_xaxes(type="category", title="Day of the forecast", **order)
    figure.update_yaxes(
        title="Actual, as a share of the forecast", tickformat=".0%", gridcolor=GRID
    )
    return figure
