"""Charts of the survival simulation, all on one time axis: days, logarithmic."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, GRID, faint, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Day → its name on the axis, in two lines, the month one lower: they stay apart on a phone.
_TICKS: Final = {
    1: "1<br>day",
    10: "10<br>days",
    30.4375: "<br><br>1 month",
    365.25: "1<br>year",
    3652.5: "10<br>years",
    36525: "100<br>years",
}
_FIRST: Final = 1.0
_LAST: Final = 36525.0
#: Half the width of an order's stroke, as a factor of its day: a little over a pixel across in all.
_STROKE: Final = 1.0065
#: Vermillion of Okabe and Ito; drop-outs are crosses as well, so the colour says nothing alone.
_GONE: Final = "#d55e00"


def alive_figure(
    days: Sequence[float],
    names: Sequence[str],
    *,
    mean: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    lifetimes: Sequence[float],
    since: str,
    dark: bool = False,
) -> go.Figure:
    """Draw how many customers are alive: one run as steps, the mean and the band of many.

    Parameters
    ----------
    days, names
        Points in time, and how people call them: ``3 months``.
    mean, low, high
        Customers alive on these days, over many runs.
    lifetimes
        Of this run's customers, days.
    since
        What time counts from: ``the first order``.
    dark
        Whether the page is dark.
    """
    total = len(lifetimes)
    ends = sorted(t for t in lifetimes if t <= _LAST)
    # A step at every drop-out; those before the axis begins are missing from the start.
    steps_x = [_FIRST, *(t for t in ends if t > _FIRST), _LAST]
    gone = sum(t <= _FIRST for t in ends)
    steps_y = [total - gone - i for i in range(len(steps_x) - 1)]
    steps_y.append(steps_y[-1])
    figure = _fan(days, names, mean, low, high, dark=dark, what="alive")
    figure.add_trace(_this_run(steps_x, steps_y, shape="hv", dark=dark).update(hoverinfo="skip"))
    alt = (
        f"Survival curve of {total} customers on a logarithmic time axis: {steps_y[0]} alive on day "
        f"1, {steps_y[-1]} after 100 years."
    )
    layout(figure, height=360, alt=alt)
    _time_axis(figure, since)
    figure.update_yaxes(title="Customers alive", range=[0, total * 1.03])
    return figure


def purchases_figure(
    days: Sequence[float],
    names: Sequence[str],
    *,
    mean: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    this: Sequence[float],
    since: str,
    dark: bool = False,
) -> go.Figure:
    """Draw how many orders all customers have placed, on a logarithmic axis from 1.

    Parameters as in `alive_figure`; ``this`` is this run's count on the same days.
    """
    figure = _fan(days, names, mean, low, high, dark=dark, what="orders", floor=0.5)
    counts = _this_run(days, [n if n > 0 else None for n in this], shape="linear", dark=dark)
    counts.update(
        customdata=list(names),
        hovertemplate="%{customdata}<br><b>%{y:,.0f} orders</b><extra>This run</extra>",
    )
    figure.add_trace(counts)
    alt = f"Orders so far on logarithmic axes: {this[-1]:,} after 100 years in this run."
    layout(figure, height=360, alt=alt)
    _time_axis(figure, since)
    top = max(*high, *this, 10)
    figure.update_yaxes(
        title="Orders, all customers (log scale)",
        type="log",
        rangemode="normal",
        range=[log10(0.9), log10(top * 1.3)],
        dtick=1,
    )
    return figure


def lives_figure(
    lifetimes: Sequence[float],
    labels: Sequence[str],
    mark_customer: Sequence[int],
    mark_day: Sequence[float],
    *,
    since: str,
    dark: bool = False,
) -> go.Figure:
    """Draw every customer as a line of order marks that ends with a cross where they leave.

    Sorted by length, the ends of the lines make the survival curve.

    Parameters
    ----------
    lifetimes
        Days until each customer leaves; 0 who had left before, infinite who never does.
    labels
        Hover text for each customer, plain text.
    mark_customer, mark_day
        Positions of the customers who ordered, and the days.
    since
        What time counts from.
    dark
        Whether the page is dark.
    """
    accent = ACCENT[dark]
    order = sorted(range(len(lifetimes)), key=lambda i: -lifetimes[i])
    height_of = {customer: rank + 1 for rank, customer in enumerate(order)}
    lines_x: list[float | None] = []
    lines_y: list[float | None] = []
    for i, life in enumerate(lifetimes):
        if life > _FIRST:
            lines_x += [_FIRST, min(life, _LAST), None]
            lines_y += [height_of[i], height_of[i], None]
    marks_x: list[float | None] = []
    marks_y: list[float | None] = []
    for i, day in zip(mark_customer, mark_day, strict=True):
        at, low, high = max(day, _FIRST), height_of[i] - 0.36, height_of[i] + 0.36
        marks_x += [at / _STROKE, at / _STROKE, at * _STROKE, at * _STROKE, None]
        marks_y += [low, high, high, low, None]
    # Pieces of a line are elements of the page each, and thousands of them take the browser a
    # second; thin areas of one trace are a single one.
    figure = go.Figure(
        [
            _strokes(lines_x, lines_y, "Alive", faint(accent, 0.3), 1),
            go.Scatter(
                x=marks_x,
                y=marks_y,
                mode="none",
                name="Order",
                fill="toself",
                fillcolor=accent,
                line={"simplify": False},
                hoverinfo="skip",
            ),
        ]
    )
    leavers = [i for i in order if lifetimes[i] <= _LAST]
    stayers = [i for i in order if lifetimes[i] > _LAST]
    for name, who, symbol, colour in (
        ("Leaves", leavers, "x-thin-open", _GONE),
        ("Alive after 100 years", stayers, "triangle-right", accent),
    ):
        if who:
            figure.add_trace(
                go.Scatter(
                    x=[min(max(lifetimes[i], _FIRST), _LAST) for i in who],
                    y=[height_of[i] for i in who],
                    mode="markers",
                    name=name,
                    marker={
                        "symbol": symbol,
                        "size": 6,
                        "color": colour,
                        "line": {"width": 1.5 if who is leavers else 0, "color": colour},
                    },
                    customdata=[escape(labels[i]) for i in who],
                    hovertemplate="%{customdata}<extra></extra>",
                    cliponaxis=False,
                )
            )
    total = len(lifetimes)
    alt = (
        f"{total} lines, one a customer, with a mark for each order and a cross where the customer "
        f"leaves; {len(stayers)} reach 100 years."
    )
    layout(figure, height=140 + max(5 * total, 60), alt=alt)
    _time_axis(figure, since)
    figure.update_yaxes(
        title="Customers, longest life lowest", range=[0, total + 1], rangemode="normal"
    )
    return figure


def _fan(
    days: Sequence[float],
    names: Sequence[str],
    mean: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    dark: bool,
    what: str,
    floor: float = 0.0,
) -> go.Figure:
    """Draw the band of many runs and, dashed, their mean; nothing lies below ``floor``."""
    accent = ACCENT[dark]
    edge = {"mode": "lines", "line": {"width": 0, "color": accent}, "hoverinfo": "skip"}
    ranges = [f"{a:,.0f} to {b:,.0f}" for a, b in zip(low, high, strict=True)]
    return go.Figure(
        [
            go.Scatter(x=list(days), y=[max(v, floor) for v in high], showlegend=False, **edge),
            go.Scatter(
                x=list(days),
                y=[max(v, floor) for v in low],
                name="9 out of 10 runs",
                fill="tonexty",
                fillcolor=faint(accent, 0.16),
                **edge,
            ),
            go.Scatter(
                x=list(days),
                y=[max(v, floor) for v in mean],
                mode="lines",
                name="Mean of all runs",
                line={"color": accent, "width": 1.5, "dash": "dash"},
                customdata=list(zip(names, ranges, mean, strict=True)),
                hovertemplate=(
                    f"%{{customdata[0]}}<br><b>%{{customdata[2]:,.1f}} {what}</b> on average<br>"
                    "%{customdata[1]} in 9 out of 10 runs<extra></extra>"
                ),
            ),
        ]
    )


def _this_run(
    x: Sequence[float], y: Sequence[float | None], *, shape: str, dark: bool
) -> go.Scatter:
    line = {"color": ACCENT[dark], "width": 2.5, "shape": shape}
    return go.Scatter(x=list(x), y=list(y), mode="lines", name="This run", line=line)


def _strokes(
    x: Sequence[float | None], y: Sequence[float | None], name: str, colour: str, width: float
) -> go.Scatter:
    line = {"color": colour, "width": width, "simplify": False}
    return go.Scatter(x=list(x), y=list(y), mode="lines", name=name, line=line, hoverinfo="skip")


def _time_axis(figure: go.Figure, since: str) -> None:
    figure.update_xaxes(
        type="log",
        title=f"Time since {since} (log scale)",
        tickvals=list(_TICKS),
        ticktext=list(_TICKS.values()),
        range=[log10(_FIRST) - 0.03, log10(_LAST) + 0.03],
        showgrid=True,
        gridcolor=GRID,
        tickangle=0,
    )
