"""Charts of one customer: orders over time, the forecast month by month."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from clv.charts.base import ACCENT, MUTED, as_forecast, axis_title, layout, with_unit, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clv.charts.base import Measure, Row


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
    accent = ACCENT[dark]
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
            customdata=[written(row["ordered_at"]) for row in orders],
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
                hovertemplate=f"Next order expected: {written(next_order)}<extra></extra>",
            )
        )
    figure.add_vline(
        x=as_of.isoformat(), line={"color": MUTED, "dash": "dot", "width": 1.5}, layer="below"
    )
    figure.add_annotation(
        x=as_of.isoformat(),
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right",
        text=f"as of {written(as_of)}",
        showarrow=False,
        font={"color": MUTED},
    )
    layout(figure, height=280, alt=f"Timeline of {len(orders)} orders.")
    figure.update_layout(margin={"t": 28}, legend={"y": -0.2, "yanchor": "top"})
    figure.update_xaxes(type="date")
    if has_value:
        figure.update_yaxes(title=with_unit("Order value", symbol), tickprefix=symbol)
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
            f"{written(row['month_start'] + timedelta(days=1))} – {written(row['month_end'])}"
            for row in known
        ],
        hovertemplate=(
            f"%{{customdata}}<br><b>{prefix}%{{y:,.2f}}"
            f"{'' if measure == 'revenue' else ' orders'}</b><extra></extra>"
        ),
    )
    figure = go.Figure([as_forecast(bars, dark=dark)])
    layout(figure, height=280, alt=f"Bar chart of expected {measure} over {len(known)} months.")
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
    figure.update_yaxes(title=axis_title(measure, symbol, "expected"), tickprefix=prefix)
    return figure
