"""Charts of one customer: chance of being active, orders over time, forecast by month."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from clv.report.charts.base import (
    ACCENT,
    MUTED,
    as_forecast,
    axis_title,
    layout,
    with_unit,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clv.report.charts.base import Measure, Row


def customer_path_figure(
    path: Sequence[Row],
    orders: Sequence[date],
    *,
    as_of: date,
    dark: bool = False,
) -> go.Figure:
    """Draw the chance of still being active from a customer's first order on.

    Parameters
    ----------
    path
        Rows ``day``, ``p_alive`` (0 to 1), ``orders`` (purchase days so far), in order; days after
        ``as_of`` assume that no order comes and are dashed. Two rows of one day make a jump.
    orders
        The purchase days: ticks below the line.
    as_of
        Day on which the forecast stands: a dotted line.
    dark
        Whether the page is dark.
    """
    accent = ACCENT[dark]
    figure = go.Figure()
    now = max((i for i, row in enumerate(path) if row["day"] <= as_of), default=0)
    for name, rows, dash in (
        ("So far", path[: now + 1], "solid"),
        ("If no order comes", path[now:], "dash"),
    ):
        if len(rows) < 2:
            continue
        figure.add_trace(
            go.Scatter(
                x=[row["day"].isoformat() for row in rows],
                y=[row["p_alive"] for row in rows],
                mode="lines",
                name=name,
                line={"color": accent, "width": 2, "dash": dash},
                customdata=[[written(row["day"]), row["orders"]] for row in rows],
                hovertemplate=(
                    "%{customdata[0]}<br><b>%{y:.1%}</b> still active"
                    "<br>order days so far: %{customdata[1]}<extra></extra>"
                ),
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[day.isoformat() for day in orders],
            y=[0.0] * len(orders),
            mode="markers",
            name="Order",
            marker={
                "symbol": "line-ns-open",
                "size": 10,
                "color": accent,
                "line": {"width": 1.5, "color": accent},
            },
            customdata=[written(day) for day in orders],
            hovertemplate="Order on %{customdata}<extra></extra>",
        )
    )
    _as_of_line(
        figure, as_of, path[0]["day"] if path else as_of, path[-1]["day"] if path else as_of
    )
    last = path[now]["p_alive"] if path else 0.0
    days = f"{len(orders)} order day{'' if len(orders) == 1 else 's'}"
    layout(figure, height=320, alt=f"Line over {days}, ending at {last:.0%} on {written(as_of)}.")
    figure.update_layout(margin={"t": 28}, legend={"y": -0.2, "yanchor": "top"})
    if path:
        figure.update_xaxes(type="date", range=_reach(path[0]["day"], path[-1]["day"]))
    shares = (0, 0.25, 0.5, 0.75, 1)
    figure.update_yaxes(
        title="Still active",
        range=[-0.04, 1.04],
        tickvals=shares,
        ticktext=[f"{share * 100:.0f}\u00a0%" for share in shares],
    )
    return figure


def _as_of_line(figure: go.Figure, as_of: date, start: date, end: date) -> None:
    """Mark the as-of date; its name stands on the side of the axis that has more room."""
    figure.add_vline(
        x=as_of.isoformat(), line={"color": MUTED, "dash": "dot", "width": 1.5}, layer="below"
    )
    figure.add_annotation(
        x=as_of.isoformat(),
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right" if as_of - start >= end - as_of else "left",
        text=f"as of {written(as_of)}",
        showarrow=False,
        font={"color": MUTED},
    )


def _reach(start: date, end: date) -> list[str]:
    """Return a time axis a little wider than its content, so that no mark is cut in half."""
    room = timedelta(days=max((end - start).days // 50, 1))
    return [(start - room).isoformat(), (end + room).isoformat()]


def customer_timeline_figure(
    orders: Sequence[Row],
    *,
    as_of: date,
    next_order: date | None = None,
    window: tuple[date, date] | None = None,
    order_value: float | None = None,
    end: date | None = None,
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
    window
        First and last day of its likely window: a dashed line through the diamond.
    order_value
        Expected value of that order: the diamond's height. Where it is unknown the diamond stands
        at the axis's foot, so that nobody reads an amount off it.
    end
        Where the time axis ends; by default, where what is drawn ends.
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
        level = (order_value or 0.0) if has_value else 1.0
        worth = f"<br>about <b>{symbol}{level:,.2f}</b> expected" if level and has_value else ""
        if window is not None:
            figure.add_trace(
                go.Scatter(
                    x=[day.isoformat() for day in window],
                    y=[level, level],
                    mode="lines",
                    name="Likely window",
                    line={"color": accent, "width": 2, "dash": "dash"},
                    hoverinfo="skip",
                )
            )
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
                hovertemplate=f"Next order expected: {written(next_order)}{worth}<extra></extra>",
            )
        )
    start = orders[0]["ordered_at"].date() if orders else as_of
    _as_of_line(figure, as_of, start, end or as_of)
    layout(figure, height=280, alt=f"Timeline of {len(orders)} orders.")
    figure.update_layout(margin={"t": 28}, legend={"y": -0.2, "yanchor": "top"})
    figure.update_xaxes(type="date", range=_reach(start, end) if end else None)
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
