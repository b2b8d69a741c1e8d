"""Charts: pure functions from a table to a Plotly figure; they know nothing of the screen.

Facts are solid, forecasts lighter, hatched or dashed, so that colour is never the only signal.
Backgrounds are transparent; text takes the page's colour. Titles are shown by the page above the
chart, where they can wrap; `figure.layout.meta` carries the text alternative.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import plotly.graph_objects as go

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

Measure = Literal["revenue", "orders"]

_DAY_MS: Final = 86_400_000
_ACCENT: Final = {False: "#0072b2", True: "#56b4e9"}
_GRID: Final = "rgba(127, 140, 153, 0.22)"
_MUTED: Final = "#7f8c99"


def _layout(figure: go.Figure, *, height: int, alt: str) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 24, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        dragmode=False,
        bargap=0.12,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        meta={"alt": alt},
    )
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True, fixedrange=True)
    figure.update_yaxes(
        gridcolor=_GRID,
        zeroline=False,
        automargin=True,
        rangemode="tozero",
        fixedrange=True,
        separatethousands=True,
        exponentformat="none",
    )
    return figure


def _axis_title(measure: Measure, symbol: str, before: str = "") -> str:
    title = f"{before} {measure}".strip().capitalize()
    return _with_unit(title, symbol) if measure == "revenue" else title


def _with_unit(title: str, symbol: str) -> str:
    return f"{title} ({symbol.strip()})" if symbol.strip() else title


def _written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


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
            f"{_written(start)} – {_written(end - timedelta(days=1))}" for start, end in spans
        ],
        hovertemplate=(
            f"%{{customdata}}<br><b>{prefix}%{{y:{hover_format}}}</b><extra>{name}</extra>"
        ),
    )


def _month_span(label: str, first: date, as_of: date) -> tuple[date, date]:
    start = date.fromisoformat(f"{label[:7]}-01")
    following = (start + timedelta(days=32)).replace(day=1)
    return max(start, first), max(min(following, as_of + timedelta(days=1)), start)


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
        figure.add_trace(bars.update(marker_color=_ACCENT[dark]))
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
        figure.add_trace(_as_forecast(bars, dark=dark))
    total = len(drawn)
    alt = (
        f"Bar chart of {measure} by month: {total} months so far"
        f"{f', then {len(known)} months of forecast' if known else ''}."
    )
    _layout(figure, height=360, alt=alt)
    figure.update_xaxes(type="date", hoverformat="%b %Y")
    figure.update_yaxes(title=_axis_title(measure, symbol), tickprefix=prefix)
    return figure


def _as_forecast(bars: go.Bar, *, dark: bool) -> go.Bar:
    """Make bars look like a forecast: pale, hatched, with an outline."""
    accent = _ACCENT[dark]
    red, green, blue = (int(accent[i : i + 2], 16) for i in (1, 3, 5))
    return bars.update(
        marker={
            "color": f"rgba({red}, {green}, {blue}, 0.22)",
            "line": {"color": accent, "width": 1},
            "pattern": {
                "shape": "/",
                "fgcolor": accent,
                "fgopacity": 0.45,
                "size": 6,
                "solidity": 0.15,
            },
        }
    )


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
    accent = _ACCENT[dark]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            name="If all were worth the same",
            line={"color": _MUTED, "dash": "dot", "width": 1.5},
            hoverinfo="skip",
        )
    )
    red, green, blue = (int(accent[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_trace(
        go.Scatter(
            x=customers,
            y=value,
            mode="lines",
            name="Your customers",
            fill="tonexty",
            fillcolor=f"rgba({red}, {green}, {blue}, 0.12)",
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
    _layout(
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


def customer_timeline_figure(
    orders: Sequence[Row],
    *,
    as_of: date,
    next_order: date | None = None,
    symbol: str = "",
    dark: bool = False,
) -> go.Figure:
    """Draw one customer's orders over time, the as-of date and the expected next order.

    Parameters
    ----------
    orders
        Rows ``ordered_at``, ``revenue`` (or null), ``order_id``.
    as_of
        Day on which the forecast stands: a dotted line.
    next_order
        Expected date of the next order: a hollow diamond; None leaves it out.
    symbol
        Stands before amounts.
    dark
        Whether the page is dark.
    """
    accent = _ACCENT[dark]
    has_value = any(row.get("revenue") is not None for row in orders)
    heights = [float(row.get("revenue") or 0) if has_value else 1.0 for row in orders]
    days = [row["ordered_at"].isoformat() for row in orders]
    figure = go.Figure()
    stems_x: list[str | None] = []
    stems_y: list[float | None] = []
    for when, height in zip(days, heights, strict=True):
        stems_x += [when, when, None]
        stems_y += [0, height, None]
    figure.add_trace(
        go.Scatter(
            x=stems_x,
            y=stems_y,
            mode="lines",
            line={"color": accent, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    amount = f"<br><b>{symbol}%{{y:,.2f}}</b>" if has_value else ""
    figure.add_trace(
        go.Scatter(
            x=days,
            y=heights,
            mode="markers",
            name="Order",
            marker={"size": 9, "color": accent},
            customdata=[_written(row["ordered_at"]) for row in orders],
            hovertemplate=f"%{{customdata}}{amount}<extra></extra>",
        )
    )
    if next_order is not None:
        level = sorted(heights)[len(heights) // 2] if heights else 1.0
        figure.add_trace(
            go.Scatter(
                x=[next_order.isoformat()],
                y=[level],
                mode="markers",
                name="Next order expected",
                marker={
                    "size": 12,
                    "symbol": "diamond-open",
                    "color": accent,
                    "line": {"width": 2},
                },
                hovertemplate=f"Next order expected: {_written(next_order)}<extra></extra>",
            )
        )
    figure.add_vline(
        x=as_of.isoformat(), line={"color": _MUTED, "dash": "dot", "width": 1.5}, layer="below"
    )
    figure.add_annotation(
        x=as_of.isoformat(),
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right",
        text=f"as of {_written(as_of)}",
        showarrow=False,
        font={"color": _MUTED},
    )
    _layout(figure, height=280, alt=f"Timeline of {len(orders)} orders.")
    figure.update_layout(margin={"t": 28}, legend={"y": -0.2, "yanchor": "top"})
    figure.update_xaxes(type="date")
    if has_value:
        figure.update_yaxes(title=_with_unit("Order value", symbol), tickprefix=symbol)
    else:
        figure.update_yaxes(visible=False, range=[0, 1.3])
    return figure


def customer_monthly_figure(
    monthly: Sequence[Row], *, measure: Measure, symbol: str = "", dark: bool = False
) -> go.Figure:
    """Draw one customer's forecast month by month.

    Parameters
    ----------
    monthly
        Rows ``month_start``, ``month_end``, ``predicted_purchases``, ``predicted_revenue``.
    measure
        Revenue or orders.
    symbol
        Stands before amounts.
    dark
        Whether the page is dark.
    """
    key = "predicted_revenue" if measure == "revenue" else "predicted_purchases"
    known = [row for row in monthly if row.get(key) is not None]
    prefix = symbol if measure == "revenue" else ""
    ends = [row["month_end"] for row in known]
    bars = go.Bar(
        x=[end.isoformat() for end in ends],
        y=[row[key] for row in known],
        name="Forecast",
        customdata=[
            f"{_written(row['month_start'] + timedelta(days=1))} – {_written(row['month_end'])}"
            for row in known
        ],
        hovertemplate=(
            f"%{{customdata}}<br><b>{prefix}%{{y:,.2f}}"
            f"{'' if measure == 'revenue' else ' orders'}</b><extra></extra>"
        ),
    )
    figure = go.Figure([_as_forecast(bars, dark=dark)])
    _layout(figure, height=280, alt=f"Bar chart of expected {measure} over {len(known)} months.")
    figure.update_layout(showlegend=False)
    # Months of the forecast begin on the as-of day; each is named after its last day. At most six
    # names, so that they stay level on a phone.
    named = ends[:: max(-(-len(ends) // 6), 1)]
    figure.update_xaxes(
        type="category",
        title="Month ending",
        tickvals=[end.isoformat() for end in named],
        ticktext=[f"{end.day} {end:%b}<br>{end.year}" for end in named],
        tickangle=0,
    )
    figure.update_yaxes(title=_axis_title(measure, symbol, "expected"), tickprefix=prefix)
    return figure
