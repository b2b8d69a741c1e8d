"""Charts of the page on first-year value: gain, errors, what a model looks at, months."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

import plotly.graph_objects as go

from clv.core.schema import Importance
from clv.report.charts.base import ACCENT, GRID, MUTED, as_forecast, layout, with_unit
from clv.report.charts.came_and_forecast import came_and_forecast_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import Decile, EffectPoint, MonthOfValue

#: Of the lines beside the chosen model's; they differ by dash as well.
_OTHERS: Final = {
    False: ("#b84a00", "#008060", "#8f4a73"),
    True: ("#f08c3c", "#2fc598", "#e0a3c4"),
}
_DASHES: Final = ("dash", "dashdot", "dot")
#: Names of features are longer than a phone is wide.
_LONGEST: Final = 26


class Gain(NamedTuple):
    """Share of the total that the best 0, 1, … 100 % of customers by a forecast brought."""

    name: str
    shares: Sequence[float]


class NamedImportance(Importance):
    """A feature's importance, as shares of the error, and the feature as people read it."""

    label: str


def gain_figure(
    lines: Sequence[Gain], perfect: Sequence[float], *, marks: Sequence[float], dark: bool = False
) -> go.Figure:
    """Draw which share of the value the best customers by forecast brought.

    Parameters
    ----------
    lines
        At most four, the chosen model's first.
    perfect
        The same of whoever had known the outcome.
    marks
        Shares of customers at which the first line has a figure beside it, such as 0.1.
    dark
        Whether the page is dark.
    """
    at = [i / (len(perfect) - 1) for i in range(len(perfect))]

    def line(name: str, shares: Sequence[float], **style: object) -> go.Scatter:
        return go.Scatter(
            x=at,
            y=list(shares),
            mode="lines",
            name=escape(name),
            line=style,
            hovertemplate=f"Best %{{x:.0%}} of customers<br><b>%{{y:.0%}}</b><extra>{escape(name)}"
            "</extra>",
        )

    figure = go.Figure([line(lines[0].name, lines[0].shares, color=ACCENT[dark], width=3)])
    for other, colour, dash in zip(lines[1:], _OTHERS[dark], _DASHES, strict=False):
        figure.add_trace(line(other.name, other.shares, color=colour, width=2, dash=dash))
    figure.add_trace(
        line("Had one known the outcome", perfect, color=MUTED, width=1.5, dash="longdash")
    )
    figure.add_trace(line("At random", at, color=MUTED, width=1.5, dash="dot"))
    told = []
    for mark in marks:
        share = float(lines[0].shares[round(mark * (len(at) - 1))])
        told.append(f"the best {mark:.0%} brought {share:.0%}")
        figure.add_annotation(
            x=mark, y=share, text=f"<b>{share:.0%}</b>", ax=26, ay=18, arrowcolor=MUTED
        )
    layout(
        figure,
        height=400,
        alt=f"Gain curves of {len(lines)} forecasts; by {lines[0].name}, {' and '.join(told)}.",
    )
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})
    figure.update_xaxes(
        title="Best customers by forecast, share of all",
        tickformat=".0%",
        range=[0, 1],
        showgrid=True,
        gridcolor=GRID,
    )
    figure.update_yaxes(title="Share of the value", tickformat=".0%", range=[0, 1.03])
    return figure


def errors_figure(
    rows: Sequence[Decile],
    others: Sequence[Decile],
    *,
    names: tuple[str, str],
    symbol: str,
    dark: bool,
) -> go.Figure:
    """Draw the mean absolute error by group of the forecast, beside another forecast's.

    Parameters
    ----------
    rows, others
        `clv.core.metrics.deciles` of two forecasts, each in its own groups.
    names
        Of the two.
    symbol
        Of the currency.
    dark
        Whether the page is dark.
    """

    def bars(found: Sequence[Decile], name: str) -> go.Bar:
        return go.Bar(
            x=[f"{row['bin']:.0f}" for row in found],
            y=[row["mae"] for row in found],
            name=escape(name),
            hovertemplate=f"Group %{{x}}<br><b>{symbol}%{{y:,.2f}}</b><extra>{escape(name)}</extra>",
        )

    figure = go.Figure(
        [
            bars(rows, names[0]).update(marker_color=ACCENT[dark]),
            bars(others, names[1]).update(
                marker={
                    "color": MUTED,
                    "pattern": {"shape": "x", "fgcolor": "#ffffff", "fgopacity": 0.5, "size": 6}
                    | {"solidity": 0.15, "fillmode": "overlay"},
                }
            ),
        ]
    )
    first, last = rows[0]["mae"], rows[-1]["mae"]
    layout(
        figure,
        height=320,
        alt=f"Bars of the mean error in {len(rows)} groups by forecast: {symbol}{first:,.2f} in the "
        f"best group, {symbol}{last:,.2f} in the last.",
    )
    figure.update_layout(barmode="group", bargap=0.22)
    figure.update_xaxes(type="category", title="Group by forecast, highest first")
    figure.update_yaxes(title=with_unit("Mean error", symbol), tickprefix=symbol)
    return figure


def importance_figure(rows: Sequence[NamedImportance], *, dark: bool = False) -> go.Figure:
    """Draw how much the error grows when a feature is shuffled, the most important on top.

    Parameters
    ----------
    dark
        Whether the page is dark.
    """
    figure = go.Figure(
        go.Bar(
            x=[row["share"] for row in rows],
            y=[_short(row["label"]) for row in rows],
            orientation="h",
            marker_color=ACCENT[dark],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(row["high"] - row["share"], 0.0) for row in rows],
                "arrayminus": [max(row["share"] - row["low"], 0.0) for row in rows],
                "color": MUTED,
                "thickness": 1.5,
                "width": 3,
            },
            customdata=[escape(row["label"]) for row in rows],
            hovertemplate="%{customdata}<br><b>%{x:.1%}</b> more error<extra></extra>",
        )
    )
    layout(
        figure,
        height=90 + 30 * len(rows),
        alt=f"Bars of {len(rows)} features; the most important is {rows[0]['label']} with "
        f"{rows[0]['share']:.1%} more error.",
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, ticksuffix=" ")
    figure.update_xaxes(
        title="Error grows by", tickformat=".3~%", showgrid=True, gridcolor=GRID, rangemode="tozero"
    )
    return figure


def effect_figure(
    points: Sequence[EffectPoint], *, words: bool, across: str, symbol: str, dark: bool = False
) -> go.Figure:
    """Draw how the expected value moves with one feature.

    Parameters
    ----------
    words
        Whether the values are words: bars instead of a line.
    across
        Title of the axis, with its unit.
    symbol
        Of the currency.
    dark
        Whether the page is dark.
    """
    x = [escape(_short(str(p["value"]))) if words else p["value"] for p in points]
    y = [p["expected"] for p in points]
    customers = [f"{p['customers']:,.0f}" for p in points]
    hover = (
        f"{escape(across)}: %{{x}}<br><b>{symbol}%{{y:,.2f}}</b><br>%{{customdata}} customers near it"
        "<extra></extra>"
    )
    trace: go.Bar | go.Scatter = (
        as_forecast(go.Bar(x=x, y=y, customdata=customers, hovertemplate=hover), dark=dark)
        if words
        else go.Scatter(
            x=x,
            y=y,
            mode="lines+markers",
            line={"color": ACCENT[dark], "width": 2},
            marker={"size": 7},
            customdata=customers,
            hovertemplate=hover,
        )
    )
    figure = go.Figure(trace)
    low = min(points, key=lambda p: p["expected"])
    high = max(points, key=lambda p: p["expected"])
    layout(
        figure,
        height=280,
        alt=f"Expected value over {across}, from {symbol}{low['expected']:,.2f} at "
        f"{low['value']} to {symbol}{high['expected']:,.2f} at {high['value']}.",
    )
    figure.update_xaxes(title=across, type="category" if words else "linear")
    figure.update_yaxes(title=with_unit("Expected remaining value", symbol), tickprefix=symbol)
    return figure


def months_figure(rows: Sequence[MonthOfValue], *, symbol: str, dark: bool = False) -> go.Figure:
    """Draw what tested customers brought in each month, and what was expected.

    Parameters
    ----------
    rows
        Their ``month`` counted from 1.
    symbol
        Of the currency.
    dark
        Whether the page is dark.
    """
    came, said = [row["actual"] for row in rows], [row["expected"] for row in rows]
    return came_and_forecast_figure(
        [str(row["month"]) for row in rows],
        came,
        said,
        month="Month",
        titles=("Month", with_unit("Revenue", symbol)),
        prefix=symbol,
        height=320,
        alt=f"Bars of {len(rows)} months: {symbol}{sum(came):,.0f} came in all, "
        f"{symbol}{sum(said):,.0f} were expected.",
        dark=dark,
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
