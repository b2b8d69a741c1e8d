"""Charts of the assumptions: shares observed against the model's, and values with their intervals."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, GRID, MUTED, as_forecast, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.report.charts.base import Row

_HEIGHT = 300


def _labels(rows: Sequence[Row]) -> list[str]:
    """Return the classes' names for an axis, where a line may end."""
    return [escape(str(row["label"])).replace("\n", "<br>") for row in rows]


def _spoken(row: Row) -> str:
    return str(row["label"]).replace("\n", " ")


def observed_expected_figure(
    rows: Sequence[Row],
    *,
    classes: str,
    share: str,
    names: tuple[str, str] = ("Observed", "Model"),
    dark: bool = False,
) -> go.Figure:
    """Draw classes with what was observed and, hatched, what is expected.

    Parameters
    ----------
    rows
        ``label``, ``observed`` and ``expected``, shares of 1; the first on top.
    classes, share
        Titles of the axes: what the labels are, what the bars.
    names
        Of the two kinds of bars.
    dark
        Whether the page is dark.
    """
    labels = _labels(rows)

    def bars(key: str, name: str) -> go.Bar:
        return go.Bar(
            x=[row[key] for row in rows],
            y=labels,
            orientation="h",
            name=name,
            hovertemplate=f"%{{y}}<br><b>%{{x:.1%}}</b><extra>{name}</extra>",
        )

    figure = go.Figure(
        [
            bars("observed", names[0]).update(marker_color=ACCENT[dark]),
            as_forecast(bars("expected", names[1]), dark=dark),
        ]
    )
    worst = max(rows, key=lambda r: abs(float(r["observed"]) - float(r["expected"])), default=None)
    alt = f"Bars of {len(rows)} classes, {names[0].lower()} beside {names[1].lower()}"
    alt += (
        f"; furthest apart at {_spoken(worst)}: {float(worst['observed']):.1%} and "
        f"{float(worst['expected']):.1%}."
        if worst
        else "."
    )
    layout(figure, height=100 + 36 * len(rows), alt=alt)
    figure.update_layout(barmode="group", bargap=0.25, legend={"traceorder": "normal"})
    figure.update_xaxes(
        title=share, tickformat=".1~%", showgrid=True, gridcolor=GRID, rangemode="tozero"
    )
    figure.update_yaxes(
        title=classes, type="category", autorange="reversed", showgrid=False, ticksuffix=" "
    )
    return figure


def intervals_figure(
    rows: Sequence[Row],
    *,
    across: str,
    up: str,
    reference: float | None = None,
    reference_name: str = "As the model says",
    name: str = "Observed, with 99\u00a0% range",
    share: bool = True,
    prefix: str = "",
    dark: bool = False,
) -> go.Figure:
    """Draw values with their intervals, beside the value that the model has for all of them.

    Parameters
    ----------
    rows
        ``label``, ``value``, ``low``, ``high``.
    across, up
        Titles of the axes.
    reference, reference_name
        A dashed line, and its name in the legend; None for none.
    name
        Of the values in the legend.
    share
        Whether the values are shares of 1.
    prefix
        What stands before a value: a currency's symbol.
    dark
        Whether the page is dark.
    """
    labels = _labels(rows)
    number = ".0%" if share else ",.2f"
    figure = go.Figure()
    if reference is not None:
        figure.add_trace(
            go.Scatter(
                x=labels,
                y=[reference] * len(labels),
                mode="lines",
                name=reference_name,
                line={"color": MUTED, "dash": "dash", "width": 1.5},
                hoverinfo="skip",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=labels,
            y=[row["value"] for row in rows],
            mode="markers",
            name=name,
            marker={"color": ACCENT[dark], "size": 9},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [float(row["high"]) - float(row["value"]) for row in rows],
                "arrayminus": [float(row["value"]) - float(row["low"]) for row in rows],
                "color": ACCENT[dark],
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[[row["low"], row["high"]] for row in rows],
            hovertemplate=(
                f"%{{x}}<br><b>{prefix}%{{y:{number}}}</b><br>between {prefix}%{{customdata[0]:{number}}} "
                f"and {prefix}%{{customdata[1]:{number}}}<extra></extra>"
            ),
        )
    )
    alt = f"{len(rows)} points with ranges"
    if rows:
        low = min(rows, key=lambda r: float(r["value"]))
        high = max(rows, key=lambda r: float(r["value"]))
        alt += (
            f", from {prefix}{format(float(low['value']), number)} ({_spoken(low)}) to "
            f"{prefix}{format(float(high['value']), number)} ({_spoken(high)})"
        )
    layout(figure, height=_HEIGHT, alt=alt + ".")
    edge = [-0.5, len(rows) - 0.5]
    figure.update_xaxes(title=across, type="category", range=edge, showgrid=True, gridcolor=GRID)
    figure.update_yaxes(
        title=up, tickformat=".0%" if share else None, tickprefix=prefix, rangemode="tozero"
    )
    return figure
