"""Charts of the summary page: month by month, and how concentrated value is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, MUTED, as_forecast, axis_title, faint, layout, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.report.charts.base import Measure, Row

_DAY_MS: Final = 86_400_000


def history_forecast_figure(
    history: Sequence[Row],
    forecast: Sequence[Row],
    *,
    measure: Measure,
    first_order: date,
    as_of: date,
    symbol: str = "",
    dark: bool = False,
) -> go.Figure:
    """Draw what happened (solid) and what is expected (light and hatched), month by month.

    Parameters
    ----------
    history
        Rows ``month`` (``2017-01``), ``orders``, ``revenue``.
    forecast
        Rows ``start``, ``end`` (ISO dates; the month covers (start, end]),
        ``predicted_purchases``, ``predicted_revenue``.
    measure
        Which of the two is drawn.
    first_order, as_of
        Ends of the observed period; months cut short by them are drawn narrower.
    symbol
        Stands before amounts; empty where the currency is not known.
    dark
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars on a time axis; the forecast trace is missing where there is no forecast.
    """
    prefix = symbol if measure == "revenue" else ""
    key = "predicted_revenue" if measure == "revenue" else "predicted_purchases"
    figure = go.Figure()
    seen = [row for row in history if row.get(measure) is not None]
    spans = [_month_span(str(row["month"]), first_order, as_of) for row in seen]
    drawn = [(span, row) for span, row in zip(spans, seen, strict=True) if span[1] > span[0]]
    if drawn:
        bars = _bars(
            [span for span, _ in drawn],
            [row[measure] for _, row in drawn],
            "So far",
            prefix=prefix,
            hover_format=",.0f",
        )
        figure.add_trace(bars.update(marker_color=ACCENT[dark]))
    known = [row for row in forecast if row.get(key) is not None]
    if known:
        ahead = [
            (
                date.fromisoformat(str(row["start"])[:10]) + timedelta(days=1),
                date.fromisoformat(str(row["end"])[:10]) + timedelta(days=1),
            )
            for row in known
        ]
        bars = _bars(
            ahead, [row[key] for row in known], "Forecast", prefix=prefix, hover_format=",.0f"
        )
        figure.add_trace(as_forecast(bars, dark=dark))
    total = len(drawn)
    alt = (
        f"Bar chart of {measure} by month: {total} months so far"
        f"{f', then {len(known)} months of forecast' if known else ''}."
    )
    layout(figure, height=360, alt=alt)
    figure.update_xaxes(type="date", hoverformat="%b %Y")
    figure.update_yaxes(title=axis_title(measure, symbol), tickprefix=prefix)
    return figure


def _bars(
    spans: Sequence[tuple[date, date]],
    values: Sequence[float | None],
    name: str,
    *,
    prefix: str,
    hover_format: str,
) -> go.Bar:
    """Draw one bar for every half-open span of days, as wide as the span."""
    # A short first or last month is a narrow bar: it must not pass for a slump.
    return go.Bar(
        x=[start.isoformat() for start, _ in spans],
        y=list(values),
        width=[(end - start).days * _DAY_MS * 0.86 for start, end in spans],
        offset=[(end - start).days * _DAY_MS * 0.07 for start, end in spans],
        name=name,
        customdata=[
            f"{written(start)} – {written(end - timedelta(days=1))}" for start, end in spans
        ],
        hovertemplate=(
            f"%{{customdata}}<br><b>{prefix}%{{y:{hover_format}}}</b><extra>{name}</extra>"
        ),
    )


def _month_span(label: str, first: date, as_of: date) -> tuple[date, date]:
    start = date.fromisoformat(f"{label[:7]}-01")
    following = (start + timedelta(days=32)).replace(day=1)
    return max(start, first), max(min(following, as_of + timedelta(days=1)), start)


def concentration_figure(points: Sequence[Row], *, dark: bool = False) -> go.Figure:
    """Draw how value is spread over the customers, best customers first (a Lorenz-type curve).

    Parameters
    ----------
    points
        Rows ``customers`` and ``value``, both shares from 0 to 1, customers sorted by predicted
        value, highest first.
    dark
        Whether the page is dark.
    """
    customers = [float(p["customers"]) for p in points]
    value = [float(p["value"]) for p in points]
    accent = ACCENT[dark]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            name="If all were worth the same",
            line={"color": MUTED, "dash": "dot", "width": 1.5},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=customers,
            y=value,
            mode="lines",
            name="Your customers",
            fill="tonexty",
            fillcolor=faint(accent, 0.12),
            line={"color": accent, "width": 2.5},
            hovertemplate="Best %{x:.0%} of customers<br><b>%{y:.0%} of the value</b><extra></extra>",
        )
    )
    fifth = _at(customers, value, 0.2)
    figure.add_trace(
        go.Scatter(
            x=[0.2],
            y=[fifth],
            mode="markers+text",
            marker={"size": 11, "color": accent},
            text=[f"  top 20\u00a0% hold {fifth * 100:.0f}\u00a0%"],
            textposition="bottom right",
            textfont={"size": 14},
            showlegend=False,
            hoverinfo="skip",
            cliponaxis=False,
        )
    )
    layout(
        figure,
        height=340,
        alt=f"Curve of value over customers: the best 20 % hold {fifth:.0%} of the predicted value.",
    )
    figure.update_xaxes(
        title="Share of customers, most valuable first",
        tickformat=".0%",
        range=[0, 1.01],
        dtick=0.2,
    )
    figure.update_yaxes(title="Share of predicted value", tickformat=".0%", range=[0, 1.04])
    return figure


def _at(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Interpolate the curve at ``x``."""
    before = (0.0, 0.0)
    for point in zip(xs, ys, strict=True):
        if point[0] >= x:
            width = point[0] - before[0]
            weight = (x - before[0]) / width if width else 1.0
            return before[1] + weight * (point[1] - before[1])
        before = point
    return ys[-1] if ys else 0.0
