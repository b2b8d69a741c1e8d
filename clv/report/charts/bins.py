"""Charts that compare two forecasts of who buys: four bins, and who is in which."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from clv.report.charts.base import COLOURS, MARKS, layout, whiskers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import BothBins, LikelihoodBin

#: Of text and of the page: what must be seen on bars of either colour.
INK: Final = {False: "#0f1822", True: "#e6ebf0"}
PAPER: Final = {False: "#ffffff", True: "#0f1822"}
_PATTERNS: Final = ("", ".")


def bins_figure(sides: Mapping[str, Sequence[LikelihoodBin]], *, dark: bool = False) -> go.Figure:
    """Draw, by bin, the share that bought (bars with intervals) and the forecast (dashes).

    Parameters
    ----------
    sides
        Name of each forecast → its rows of `clv.insights.bins.compare`, in the order of the bins.
    dark
        Whether the page is dark.
    """
    figure = go.Figure()
    told = []
    for i, (name, rows) in enumerate(sides.items()):
        known = [row for row in rows if row["customers"]]
        colour = COLOURS[dark][i]
        shared = {
            "x": [_lines(row["bin"]) for row in known],
            "offsetgroup": str(i),
            "customdata": [
                [f"{row['customers']:,}", row["low"], row["high"], row["predicted"], row["actual"]]
                for row in known
            ],
            "hovertemplate": "%{customdata[0]} customers<br><b>bought %{customdata[4]:.1%}</b> "
            "(%{customdata[1]:.1%} to %{customdata[2]:.1%})<br>forecast %{customdata[3]:.1%}"
            f"<extra>{escape(name)}</extra>",
        }
        figure.add_trace(
            go.Bar(
                y=[row["actual"] for row in known],
                name=f"{escape(name)}: bought",
                marker={
                    "color": colour,
                    "pattern": {"shape": _PATTERNS[i], "fgcolor": "#ffffff", "fgopacity": 0.6}
                    | {"size": 7, "solidity": 0.2, "fillmode": "overlay"},
                },
                error_y=whiskers(
                    [(r["low"] or 0.0, r["actual"] or 0.0, r["high"] or 0.0) for r in known],
                    INK[dark],
                    5,
                ),
                **shared,
            )
        )
        figure.add_trace(
            go.Scatter(
                y=[row["predicted"] for row in known],
                name=f"{escape(name)}: forecast",
                mode="markers",
                marker={
                    "symbol": MARKS[i],
                    "size": 12,
                    "color": PAPER[dark],
                    "line": {"color": INK[dark], "width": 2},
                },
                **shared,
            )
        )
        top = rows[0]
        told.append(
            f"{name}: of {top['customers']:,} highly likely customers {top['actual']:.0%} bought"
            if top["customers"]
            else f"{name}: nobody is highly likely to buy"
        )
    layout(figure, height=400, alt=f"Bars of the share that bought by bin. {'; '.join(told)}.")
    figure.update_layout(
        barmode="group", scattermode="group", bargap=0.3, legend={"y": -0.2, "yanchor": "top"}
    )
    order = [_lines(row["bin"]) for row in next(iter(sides.values()))]
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=order)
    figure.update_yaxes(title="Share that bought", tickformat=".0%", range=[0, 1.02])
    return figure


def _lines(name: str) -> str:
    return name.replace(" ", "<br>").capitalize()


def cells_figure(
    cells: Sequence[BothBins], bins: Sequence[str], names: tuple[str, str], *, dark: bool = False
) -> go.Figure:
    """Draw how many customers are in each bin of either forecast, and which share of them bought.

    Parameters
    ----------
    cells
        `clv.insights.bins.compare`'s.
    bins
        Top to bottom (first forecast), left to right (second).
    names
        Of the first and the second forecast.
    dark
        Whether the page is dark.
    """
    at = {(row["first"], row["second"]): row for row in cells}
    grid = [[at[mine, theirs] for theirs in bins] for mine in bins]
    ticks = [_lines(name) for name in bins]
    figure = go.Figure(
        go.Heatmap(
            z=[[row["actual"] for row in line] for line in grid],
            x=ticks,
            y=ticks,
            colorscale="Cividis",
            reversescale=not dark,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hoverinfo="skip",
        )
    )
    for i, line in enumerate(grid):
        for j, row in enumerate(line):
            share = row["actual"]
            if share is None:
                figure.add_annotation(x=j, y=i, text="nobody", showarrow=False, opacity=0.7)
                continue
            # Cividis runs from a dark blue to a bright yellow.
            bright = share > 0.47 if dark else share < 0.53
            figure.add_annotation(
                x=j,
                y=i,
                text=f"<b>{row['customers']:,}</b><br>{share:.0%}",
                showarrow=False,
                font={"color": "#000000" if bright else "#ffffff"},
            )
    same = sum(at[name, name]["customers"] for name in bins)
    everybody = sum(row["customers"] for row in cells)
    alt = f"Table of customers by the bins of {names[0]} and {names[1]}: {same:,} of {everybody:,} "
    layout(figure, height=420, alt=f"{alt}are in the same bin of both.")
    figure.update_yaxes(
        title=f"By {escape(names[0])}",
        autorange="reversed",
        showgrid=False,
        type="category",
        rangemode="normal",
        ticksuffix=" ",
    )
    figure.update_xaxes(title=f"By {escape(names[1])}", type="category", side="top")
    return figure
