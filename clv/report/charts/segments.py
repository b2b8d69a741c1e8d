"""Charts of the segments: groups by their shares, likelihood by value tier, what newcomers bring."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

import plotly.graph_objects as go

from clv.report.charts.base import GRID, MUTED, as_forecast, layout, with_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.report.charts.base import Row

#: Vermillion of Okabe and Ito; these bars are dotted as well.
_RISK: Final = "#d55e00"
#: Lines differ by colour, by dash and by mark.
_COLOURS: Final = {
    False: ("#0072b2", "#d55e00", "#009e73", "#b5618c", "#8c6100", "#566372"),
    True: ("#56b4e9", "#f08c3c", "#2fc598", "#e0a3c4", "#f5d48c", "#a3b0bd"),
}
_DASHES: Final = ("solid", "dash", "dashdot", "longdash", "solid", "dash")
_MARKS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_MOST_LINES: Final = 6


class Curve(NamedTuple):
    """What customers brought by the end of month 1, 2, …; ``values`` at a margin."""

    name: str
    values: Sequence[float]


def groups_figure(
    rows: Sequence[Row], *, forecast: str, risk: str, dark: bool = False
) -> go.Figure:
    """Draw each group's share of the customers, of the forecast, of what is at risk.

    Parameters
    ----------
    rows
        ``segment`` and the shares ``customers``, ``forecast``, ``risk``, 0 to 1, first on top.
    forecast, risk
        What these shares are of: ``Forecast revenue``, ``Money at risk``.
    dark
        Whether the page is dark.
    """
    names = [str(row["segment"]).capitalize() for row in rows]

    def bars(key: str, name: str) -> go.Bar:
        return go.Bar(
            x=[row[key] for row in rows],
            y=names,
            orientation="h",
            name=name,
            hovertemplate=f"%{{y}}<br><b>%{{x:.1%}}</b><extra>{name}</extra>",
        )

    figure = go.Figure(
        [
            bars("customers", "Customers").update(marker_color=MUTED),
            as_forecast(bars("forecast", forecast), dark=dark),
            bars("risk", risk).update(
                marker={
                    "color": _RISK,
                    "pattern": {"shape": "x", "fgcolor": "#ffffff", "fgopacity": 0.55, "size": 6}
                    | {"solidity": 0.15, "fillmode": "overlay"},
                }
            ),
        ]
    )
    top = max(rows, key=lambda row: float(row["risk"]), default=None)
    alt = f"Bars of {len(rows)} groups by their shares of customers, {forecast.lower()} and {risk.lower()}"
    alt += f"; most is at risk in the group {top['segment']}." if top else "."
    layout(figure, height=110 + 62 * len(rows), alt=alt)
    figure.update_layout(barmode="group", bargap=0.28, legend={"traceorder": "normal"})
    figure.update_yaxes(autorange="reversed", showgrid=False, rangemode="normal", ticksuffix=" ")
    figure.update_xaxes(
        title="Share of all", tickformat=".0%", showgrid=True, gridcolor=GRID, rangemode="tozero"
    )
    return figure


def likelihood_figure(
    rows: Sequence[Row], likelihoods: Sequence[str], tiers: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Draw how many customers each likelihood of buying has in each value tier.

    Parameters
    ----------
    rows
        ``likelihood``, ``tier``, ``customers`` and ``label``, what stands in the cell.
    likelihoods, tiers
        Top to bottom, left to right.
    dark
        Whether the page is dark.
    """
    cells = {(row["likelihood"], row["tier"]): row for row in rows}
    counts = [[int(cells[name, tier]["customers"]) for tier in tiers] for name in likelihoods]
    labels = [[str(cells[name, tier]["label"]) for tier in tiers] for name in likelihoods]
    most = max((n for line in counts for n in line), default=0)
    figure = go.Figure(
        go.Heatmap(
            z=[[n or None for n in line] for line in counts],
            x=[f"{tier} value".capitalize() for tier in tiers],
            y=[name.replace(" ", "<br>").capitalize() for name in likelihoods],
            colorscale="Cividis",
            reversescale=not dark,
            zmin=0,
            zmax=max(most, 1),
            showscale=False,
            xgap=3,
            ygap=3,
            hoverinfo="skip",
        )
    )
    for i, line in enumerate(counts):
        for j, n in enumerate(line):
            # Cividis runs from a dark blue to a bright yellow; nobody is a cell without colour.
            bright = n > 0.47 * most if dark else n < 0.53 * most
            font = {"color": "#000000" if bright else "#ffffff"} if n else {}
            figure.add_annotation(x=j, y=i, text=labels[i][j], showarrow=False, font=font)
    known = [row for row in rows if int(row["customers"]) == most and most]
    alt = "Table of customers by likelihood of buying and value tier"
    alt += (
        f"; most, {most:,}, are {known[0]['likelihood']} to buy and of {known[0]['tier']} value."
        if known
        else "."
    )
    layout(figure, height=90 + 70 * len(likelihoods), alt=alt)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, type="category", rangemode="normal", ticksuffix=" "
    )
    figure.update_xaxes(type="category", side="top")
    return figure


def newcomers_figure(
    curves: Sequence[Curve],
    *,
    cost: float | None,
    axis: str,
    symbol: str = "",
    dark: bool = False,
) -> go.Figure:
    """Draw what one newly won customer brings over the months after the first order.

    Parameters
    ----------
    curves
        At most seven: the first is all customers, drawn thick; each as long as it is known.
    cost
        What one new customer costs: a dotted line; None leaves it out.
    axis
        What is drawn, without its unit: ``Margin per new customer``.
    symbol
        Stands before amounts.
    dark
        Whether the page is dark.
    """
    figure = go.Figure()
    ink = "#e6ebf0" if dark else "#0f1822"
    for i, curve in enumerate(curves[: _MOST_LINES + 1]):
        style = (i - 1) % _MOST_LINES
        months = list(range(1, len(curve.values) + 1))
        line = (
            {"color": ink, "width": 4}
            if i == 0
            else {"color": _COLOURS[dark][style], "width": 2, "dash": _DASHES[style]}
        )
        figure.add_trace(
            go.Scatter(
                x=months,
                y=list(curve.values),
                mode="lines" if i == 0 else "lines+markers",
                name=escape(_short(curve.name)),
                line=line,
                marker={"symbol": _MARKS[style], "size": 7},
                customdata=[escape(curve.name)] * len(months),
                hovertemplate=(
                    f"%{{customdata}}<br>month %{{x}}: <b>{symbol}%{{y:,.2f}}</b><extra></extra>"
                ),
            )
        )
    longest = max((len(curve.values) for curve in curves), default=1)
    if cost is not None:
        figure.add_hline(y=cost, line={"color": MUTED, "dash": "dot", "width": 2}, layer="below")
        figure.add_annotation(
            # The lines start below and end above it: on the left they leave room.
            x=0,
            xref="paper",
            xanchor="left",
            y=cost,
            yanchor="bottom",
            text="cost to earn back",
            showarrow=False,
            font={"color": MUTED},
        )
    last = curves[0].values[-1] if curves and len(curves[0].values) else 0.0
    alt = (
        f"{len(curves)} lines over {longest} months; all customers together reach "
        f"{symbol}{last:,.2f}."
    )
    layout(figure, height=420, alt=alt)
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})
    figure.update_xaxes(
        title="Months since the first order",
        range=[0.6, longest + 0.4],
        dtick=max(round(longest / 12), 1),
        tick0=1 if longest <= 12 else 0,
    )
    figure.update_yaxes(title=with_unit(axis, symbol), tickprefix=symbol)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
