"""Charts of the page on accuracy: what was forecast on a past day beside what came."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypedDict

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, GRID, MUTED, as_forecast, axis_title, layout, whiskers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import ByContender, Coverage, Decile
    from clv.report.charts.base import Measure

#: Of the lines beside the forecast's own; they differ by dash as well.
_OTHERS: Final = {False: ("#b84a00", "#008060"), True: ("#f08c3c", "#2fc598")}
_DASHES: Final = ("dash", "dot", "dashdot")


def ranking_figure(
    rows: Sequence[Decile], *, measure: Measure, symbol: str = "", dark: bool = False
) -> go.Figure:
    """Draw mean outcome (solid) and mean forecast (hatched) of groups by forecast, best first.

    Parameters
    ----------
    rows
        `clv.core.metrics.deciles`.
    measure
        What the means are of.
    symbol
        Of the currency; empty where it is not known.
    dark
        Whether the page is dark.
    """
    names = [f"{row['bin']:.0f}" for row in rows]
    prefix = symbol if measure == "revenue" else ""
    shown = ",.0f" if measure == "revenue" else ",.2f"

    def bars(means: Sequence[float], name: str) -> go.Bar:
        return go.Bar(
            x=names,
            y=means,
            name=name,
            customdata=[f"{row['customers']:,.0f}" for row in rows],
            hovertemplate=f"Group %{{x}}, %{{customdata}} customers<br><b>{prefix}%{{y:{shown}}}</b>"
            f"<extra>{name}</extra>",
        )

    figure = go.Figure(
        [
            bars([row["actual"] for row in rows], "Came").update(marker_color=ACCENT[dark]),
            as_forecast(bars([row["predicted"] for row in rows], "Forecast"), dark=dark),
        ]
    )
    alt = f"Bars of {len(rows)} groups of customers, ranked by forecast: mean {measure} forecast and come"
    alt += (
        f"; the best group came to {rows[0]['actual']:,.1f}, the last to {rows[-1]['actual']:,.1f}."
    )
    layout(figure, height=340, alt=alt)
    figure.update_layout(barmode="group", bargap=0.22)
    figure.update_xaxes(type="category", title="Group by forecast, highest first")
    figure.update_yaxes(title=f"{axis_title(measure, symbol)} per customer", tickprefix=prefix)
    return figure


def tracking_figure(
    weeks: Sequence[ByContender],
    lines: Mapping[str, str],
    *,
    by_week: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Draw orders since the day of a test, week by week: what came, and what was expected.

    Parameters
    ----------
    weeks
        `clv.backtest.moving_origin.path`.
    lines
        Contender → its name; at most three, the forecast's own first.
    by_week
        Whether each week's orders are drawn (incremental), not those so far (cumulative).
    dark
        Whether the page is dark.
    """
    start = [] if by_week else [0]
    x = [*start, *(int(row["week"]) for row in weeks)]

    def values(key: str) -> list[float]:
        so_far = [0, *(row[key] for row in weeks)]
        return [b - a for a, b in pairwise(so_far)] if by_week else so_far

    def line(key: str, name: str, colour: str, dash: str, width: float) -> go.Scatter:
        return go.Scatter(
            x=x,
            y=values(key),
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash, "width": width},
            hovertemplate=f"Week %{{x}}<br><b>%{{y:,.0f}} orders</b><extra>{name}</extra>",
        )

    colours = (ACCENT[dark], *_OTHERS[dark])
    figure = go.Figure([line("actual", "Came", ACCENT[dark], "solid", 3)])
    for (key, name), colour, dash in zip(lines.items(), colours, _DASHES, strict=False):
        figure.add_trace(line(key, name, colour, dash, 2))
    last = weeks[-1]
    alt = f"Lines of orders by week: {last['actual']:,.0f} had come after {len(weeks)} weeks; expected were "
    alt += ", ".join(f"{last[key]:,.0f} by {name}" for key, name in lines.items())
    layout(figure, height=360, alt=f"{alt}.")
    figure.update_xaxes(title="Weeks since the day of the test")
    figure.update_yaxes(title="Orders a week" if by_week else "Orders so far")
    return figure


class CoverageRow(TypedDict):
    """A group of customers, and how its ranges did by the name of each series."""

    group: str
    kinds: Mapping[str, Coverage]


def coverage_figure(
    rows: Sequence[CoverageRow], *, level: float, names: Mapping[str, str], dark: bool = False
) -> go.Figure:
    """Draw which share of each group lay within its ranges, with 95 % intervals, beside the promise.

    Parameters
    ----------
    rows
        The first on top.
    level
        The promised share.
    names
        Series → its name; at most two, the one that counts last.
    dark
        Whether the page is dark.
    """
    labels = [row["group"] for row in rows]
    looks = [
        {"color": MUTED, "symbol": "circle-open"},
        {"color": ACCENT[dark], "symbol": "circle"},
    ]
    figure = go.Figure()
    for i, ((kind, name), look) in enumerate(zip(names.items(), looks[-len(names) :], strict=True)):
        shown = [row["kinds"][kind] for row in rows]
        figure.add_trace(
            go.Scatter(
                x=[each["inside"] for each in shown],
                # Two series stand one below the other, so that their intervals don't overlap.
                y=[j + (i - (len(names) - 1) / 2) * 0.28 for j in range(len(rows))],
                mode="markers",
                name=name,
                marker={"size": 10, "line": {"width": 2}} | look,
                error_x=whiskers(
                    [(each["low"], each["inside"], each["high"]) for each in shown],
                    look["color"],
                    4,
                ),
                customdata=[
                    [label, each["low"], each["high"]]
                    for label, each in zip(labels, shown, strict=True)
                ],
                hovertemplate="%{customdata[0]}<br><b>%{x:.1%}</b> (%{customdata[1]:.1%} to "
                f"%{{customdata[2]:.1%}})<extra>{name}</extra>",
            )
        )
    figure.add_vline(x=level, line={"color": MUTED, "dash": "dash", "width": 2}, layer="below")
    last = list(names)[-1]
    held = "; ".join(f"{row['group']} {row['kinds'][last]['inside']:.0%}" for row in rows)
    layout(
        figure,
        height=110 + 52 * len(rows),
        alt=f"Share of customers within their ranges beside the {level:.0%} promised: {held}.",
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=[label.replace(" ", "<br>", 1) for label in labels],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
        ticksuffix=" ",
    )
    figure.update_xaxes(
        title="Share of customers within their range",
        tickformat=".0%",
        showgrid=True,
        gridcolor=GRID,
    )
    return figure
