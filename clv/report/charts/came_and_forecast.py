"""What came (solid) beside what was forecast (hatched), month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from clv.report.charts.base import ACCENT, as_forecast, layout

if TYPE_CHECKING:
    from collections.abc import Sequence


def came_and_forecast_figure(
    months: Sequence[str],
    came: Sequence[float | None],
    said: Sequence[float | None],
    *,
    month: str,
    titles: tuple[str, str],
    prefix: str,
    height: int,
    alt: str,
    dark: bool,
) -> go.Figure:
    """Draw two bars a month.

    Parameters
    ----------
    months
        Names of the months.
    came, said
        What came in each, and what was forecast.
    month
        What stands before a month's name where the pointer is.
    titles
        Of the axes.
    prefix
        Symbol of the currency; empty for counts.
    dark
        Whether the page is dark.
    """

    def bars(values: Sequence[float | None], name: str) -> go.Bar:
        return go.Bar(
            x=list(months),
            y=list(values),
            name=name,
            hovertemplate=f"{month} %{{x}}<br><b>{prefix}%{{y:,.0f}}</b><extra>{name}</extra>",
        )

    figure = go.Figure(
        [
            bars(came, "Came").update(marker_color=ACCENT[dark]),
            as_forecast(bars(said, "Forecast"), dark=dark),
        ]
    )
    layout(figure, height=height, alt=alt)
    figure.update_layout(barmode="group", bargap=0.22)
    figure.update_xaxes(type="category", title=titles[0])
    figure.update_yaxes(title=titles[1], tickprefix=prefix)
    return figure
