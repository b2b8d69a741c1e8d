"""Charts of the cohorts: the triangle as a heatmap, cohorts as curves, their sizes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import plotly.graph_objects as go
from plotly.colors import get_colorscale, sample_colorscale

from clv.report.charts.base import ACCENT, GRID, MUTED, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Ink on pale cells, and around forecasts.
_INK: Final = {False: "#0f1822", True: "#e6ebf0"}
#: Lines differ by colour and by mark; the last is the average's.
_COLOURS: Final = {
    False: ("#0072b2", "#d55e00", "#009e73", "#b5618c", "#8c6100", "#00436a"),
    True: ("#56b4e9", "#f08c3c", "#2fc598", "#e0a3c4", "#f5d48c", "#a3cdea"),
}
_MARKS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_MOST_LINES: Final = 7
_ROW: Final = 27
_HEAD: Final = 52
_COLUMN: Final = 42
_FONT: Final = 12
_PALE: Final = 0.3


class Cell(NamedTuple):
    """One cell of the heatmap.

    ``kind`` is ``fact``, ``partial`` (the period is not over) or ``forecast``; ``text`` stands in
    the cell, ``more`` appears when one points at it.
    """

    row: str
    period: int
    value: float
    kind: str
    text: str
    more: str


class CohortCurve(NamedTuple):
    """One cohort's values, period by period: fact first, then the forecast; and their texts."""

    name: str
    fact: Sequence[float]
    forecast: Sequence[float]
    fact_texts: Sequence[str]
    forecast_texts: Sequence[str]


def heatmap_width(cells: Sequence[Cell]) -> int:
    """Return the pixels below which the heatmap's texts would collide."""
    longest = max((len(cell.text) for cell in cells), default=0)
    column = max(_COLUMN, 8 * longest)
    return 150 + column * len({cell.period for cell in cells})


def cohort_heatmap_figure(
    cells: Sequence[Cell],
    *,
    low: float,
    high: float,
    periods: str,
    dark: bool = False,
) -> go.Figure:
    """Draw the triangle: cohorts down, periods since the first order across.

    Parameters
    ----------
    cells
        Row by row, the first row on top; there is none for what lies in the future.
    low, high
        Values of the palest and the strongest colour; beyond them it stays the same.
    periods
        What the columns count: ``Months since the first order``.
    dark
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Facts in full colour; running periods and forecasts pale, forecasts outlined and in italics.
    """
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = sorted({cell.period for cell in cells})
    names = [str(c) for c in columns]
    figure = go.Figure()
    scale = get_colorscale("Cividis" if dark else "Cividis_r")
    high = high if high > low else low + 1
    facts = [cell for cell in cells if cell.kind == "fact"]
    inks = dict(
        zip(facts, _readable(scale, [(c.value - low) / (high - low) for c in facts]), strict=True)
    )
    for kinds, opacity in ((("fact",), 1.0), (("partial", "forecast"), _PALE)):
        chosen = {(c.row, c.period): c for c in cells if c.kind in kinds}
        grid = [[chosen.get((row, column)) for column in columns] for row in rows]
        figure.add_trace(
            go.Heatmap(
                x=names,
                y=rows,
                z=[[c and c.value for c in line] for line in grid],
                customdata=[[c.more if c else "" for c in line] for line in grid],
                hovertemplate="%{customdata}<extra></extra>",
                hoverongaps=False,
                colorscale=scale,
                zmin=low,
                zmax=high,
                showscale=False,
                opacity=opacity,
                xgap=2,
                ygap=2,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[str(c.period) for c in cells],
            y=[c.row for c in cells],
            mode="text",
            text=[f"<i>{c.text}</i>" if c.kind == "forecast" else c.text for c in cells],
            textfont={
                "size": _FONT,
                "color": [inks.get(c, _INK[dark]) for c in cells],
            },
            hoverinfo="skip",
            showlegend=False,
        )
    )
    ahead = sum(c.kind == "forecast" for c in cells)
    layout(
        figure,
        height=_HEAD + 12 + _ROW * max(len(rows), 1),
        alt=f"Heatmap of {len(rows)} rows and {len(columns)} periods"
        f"{f', {ahead} cells of it forecasts' if ahead else ''}.",
    )
    figure.update_layout(margin={"t": _HEAD})
    # Titles of axes stand in the middle: on a phone, out of sight.
    figure.add_annotation(
        text=periods,
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=24,
        showarrow=False,
    )
    # Ranges are set: text would widen them.
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=names,
        range=[-0.5, max(len(names), 1) - 0.5],
        side="top",
        tickangle=0,
        ticks="",
    )
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=rows,
        range=[max(len(rows), 1) - 0.5, -0.5],
        showgrid=False,
        ticks="",
    )
    return figure


def _readable(scale: Sequence[Sequence[Any]], places: Sequence[float]) -> list[str]:
    """Return black or white for each, whichever stands out more from that colour of the scale."""
    inside = [min(max(place, 0.0), 1.0) for place in places]
    inks = []
    for colour in sample_colorscale(scale, inside, colortype="tuple"):
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        # Where both contrast equally by the definition of WCAG 2.
        inks.append("#ffffff" if luminance < 0.1791 else "#000000")
    return inks


def cohort_curves_figure(
    curves: Sequence[CohortCurve],
    *,
    average: CohortCurve | None,
    periods: str,
    title: str,
    first: int = 0,
    share: bool = False,
    symbol: str = "",
    dark: bool = False,
) -> go.Figure:
    """Draw cohorts as curves, solid as far as they were seen, dashed where they are forecast.

    Parameters
    ----------
    curves
        At most six.
    average
        A thicker grey line; None leaves it out.
    periods, title
        Titles of the axes, with units.
    first
        Period of the curves' first values.
    share
        Whether values are shares from 0 to 1.
    symbol
        Stands before amounts.
    dark
        Whether the page is dark.

    Raises
    ------
    ValueError
        For more than seven lines.
    """
    lines = [*curves, *([average] if average else [])]
    if len(lines) > _MOST_LINES:
        msg = (
            f"{len(lines)} curves in one chart; {_MOST_LINES} are the most that can be told apart."
        )
        raise ValueError(msg)
    figure = go.Figure()
    for i, curve in enumerate(lines):
        of_all = curve is average
        style: dict[str, Any] = {
            "color": MUTED if of_all else _COLOURS[dark][i],
            "width": 4 if of_all else 2,
        }
        mark = {"symbol": "circle" if of_all else _MARKS[i], "size": 3 if of_all else 7}
        start = len(curve.fact)
        figure.add_trace(
            go.Scatter(
                x=list(range(first, first + start)),
                y=list(curve.fact),
                mode="lines+markers",
                name=escape(curve.name),
                legendgroup=str(i),
                line=style,
                marker=mark,
                text=list(curve.fact_texts),
                hovertemplate="%{text}<extra></extra>",
            )
        )
        if curve.forecast:
            # The dashes start where the line ends, so that the eye follows.
            joint, end = list(curve.fact[-1:]), first + start
            figure.add_trace(
                go.Scatter(
                    x=list(range(end - len(joint), end + len(curve.forecast))),
                    y=joint + list(curve.forecast),
                    mode="lines",
                    name=f"{escape(curve.name)}, forecast",
                    legendgroup=str(i),
                    showlegend=not start,
                    line=style | {"dash": "dash"},
                    opacity=0.75,
                    text=[*curve.fact_texts[-1:], *curve.forecast_texts],
                    hovertemplate="%{text}<extra></extra>",
                )
            )
    layout(figure, height=420, alt=f"Line chart of {len(lines)} curves.")
    figure.update_layout(legend={"y": -0.22, "yanchor": "top"})
    figure.update_xaxes(title=periods, tickformat="d", gridcolor=GRID)
    if share:
        figure.update_yaxes(title=title, tickformat=".0%")
    else:
        figure.update_yaxes(title=title, tickprefix=symbol)
    return figure


def cohort_sizes_figure(
    names: Sequence[str], customers: Sequence[int], *, dark: bool = False
) -> go.Figure:
    """Draw how many customers each cohort has; ``names`` oldest first."""
    figure = go.Figure(
        go.Bar(
            x=list(names),
            y=list(customers),
            marker={"color": ACCENT[dark]},
            hovertemplate="%{x}<br><b>%{y:,} customers</b><extra></extra>",
        )
    )
    layout(figure, height=260, alt=f"Bar chart of the sizes of {len(names)} cohorts.")
    named = list(names)[:: max(-(-len(names) // 6), 1)]
    figure.update_xaxes(type="category", tickvals=named, tickangle=0)
    figure.update_yaxes(title="New customers", tickformat=",d")
    return figure
