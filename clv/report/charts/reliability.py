"""Reliability diagrams: the share that bought over the chance that was forecast, and the diagonal."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, COLOURS, GRID, MARKS, MUTED, layout, whiskers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clv.core.schema import ReliabilityBin


def reliability_figure(rows: Sequence[ReliabilityBin], *, dark: bool = False) -> go.Figure:
    """Draw the share that bought over the forecast chance, with 95 % intervals, and the diagonal.

    Parameters
    ----------
    rows
        `clv.core.metrics.reliability`.
    dark
        Whether the page is dark.
    """
    groups = _groups(rows, ACCENT[dark], whisker=4)
    groups.update(
        mode="markers", name="Groups of customers", marker={"size": 9, "color": ACCENT[dark]}
    )
    figure = go.Figure([_diagonal(), groups])
    layout(
        figure,
        height=360,
        alt=f"Share of buyers over the forecast chance in {len(rows)} groups; in {_inside(rows)} the "
        "forecast lies within the 95 % interval of what came.",
    )
    return _axes(figure, rows)


def reliabilities_figure(
    sides: Mapping[str, Sequence[ReliabilityBin]], *, dark: bool = False
) -> go.Figure:
    """Draw the same of two forecasts.

    Parameters
    ----------
    sides
        Name of each forecast → `clv.core.metrics.reliability`.
    dark
        Whether the page is dark.
    """
    figure = go.Figure(_diagonal())
    told = []
    for i, (name, rows) in enumerate(sides.items()):
        colour = COLOURS[dark][i]
        groups = _groups(rows, colour, whisker=5, extra=escape(name))
        figure.add_trace(
            groups.update(
                mode="lines+markers",
                name=escape(name),
                line={"color": colour, "width": 1, "dash": ("solid", "dash")[i]},
                marker={"symbol": MARKS[i], "size": 9, "color": colour},
            )
        )
        told.append(f"{_inside(rows)} of {len(rows)} groups of {name}")
    layout(
        figure,
        height=400,
        alt="Share of buyers over the forecast chance. The forecast lies within the 95 % interval of "
        f"what came in {' and '.join(told)}.",
    )
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})
    return _axes(figure, [row for rows in sides.values() for row in rows])


def _diagonal() -> go.Scatter:
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="If every chance came true",
        line={"color": MUTED, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )


def _groups(
    rows: Sequence[ReliabilityBin], colour: str, *, whisker: int, extra: str = ""
) -> go.Scatter:
    return go.Scatter(
        x=[row["predicted"] for row in rows],
        y=[row["actual"] for row in rows],
        error_y=whiskers(
            [(row["low"], row["actual"], row["high"]) for row in rows], colour, whisker
        ),
        customdata=[[f"{row['customers']:,}", row["low"], row["high"]] for row in rows],
        hovertemplate="%{customdata[0]} customers<br>forecast %{x:.1%}<br>"
        "<b>bought %{y:.1%}</b> (%{customdata[1]:.1%} to %{customdata[2]:.1%})"
        f"<extra>{extra}</extra>",
    )


def _inside(rows: Iterable[ReliabilityBin]) -> int:
    """Return in how many groups the forecast lies within the interval of what came."""
    return sum(row["low"] <= row["predicted"] <= row["high"] for row in rows)


def _axes(figure: go.Figure, rows: Sequence[ReliabilityBin]) -> go.Figure:
    highest = min(max(max(row["predicted"], row["high"]) for row in rows) * 1.06, 1.02)
    figure.update_xaxes(
        title="Forecast chance of buying",
        tickformat=".0%",
        range=[0, highest],
        showgrid=True,
        gridcolor=GRID,
    )
    figure.update_yaxes(title="Share that bought", tickformat=".0%", range=[0, highest])
    return figure
