"""What all charts share: colours, layout, units, the look of a forecast.

Facts are solid, forecasts lighter, hatched or dashed, so that colour is never the only signal.
Backgrounds are transparent; text takes the page's colour. Titles are shown by the page above the
chart, where they can wrap; ``figure.layout.meta`` carries the text alternative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import plotly.graph_objects as go

Row = Mapping[str, Any]
Measure = Literal["revenue", "orders"]

#: The accent in light and, under True, in dark pages.
ACCENT: Final = {False: "#0072b2", True: "#56b4e9"}
#: The accent and vermillion of Okabe and Ito; the second differs by its pattern and mark as well.
COLOURS: Final = {False: ("#0072b2", "#b84a00"), True: ("#56b4e9", "#f08c3c")}
MARKS: Final = ("circle", "diamond")
GRID: Final = "rgba(127, 140, 153, 0.22)"
MUTED: Final = "#7f8c99"


def layout(figure: go.Figure, *, height: int, alt: str) -> go.Figure:
    """Give a figure the common layout and its text alternative; return it."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 24, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        dragmode=False,
        bargap=0.12,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        meta={"alt": alt},
    )
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True, fixedrange=True)
    figure.update_yaxes(
        gridcolor=GRID,
        zeroline=False,
        automargin=True,
        rangemode="tozero",
        fixedrange=True,
        separatethousands=True,
        exponentformat="none",
    )
    return figure


def axis_title(measure: Measure, symbol: str, before: str = "") -> str:
    """Return an axis title with its unit: ``Expected revenue (€)``."""
    title = f"{before} {measure}".strip().capitalize()
    return with_unit(title, symbol) if measure == "revenue" else title


def with_unit(title: str, symbol: str) -> str:
    """Return ``title (€)``; the title alone where the currency is not known."""
    return f"{title} ({symbol.strip()})" if symbol.strip() else title


def written(day: date) -> str:
    """Return a day as hover texts write it: ``6 Dec 2017``."""
    return f"{day.day} {day:%b %Y}"


def faint(colour: str, opacity: float) -> str:
    """Return a hex colour with an opacity from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def whiskers(
    shares: Sequence[tuple[float, float, float]], colour: str, width: int
) -> dict[str, object]:
    """Return the error bars of (low, share, high)."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - share for _, share, high in shares],
        "arrayminus": [share - low for low, share, _ in shares],
        "color": colour,
        "thickness": 1.5,
        "width": width,
    }


def as_forecast(bars: go.Bar, *, dark: bool) -> go.Bar:
    """Make bars look like a forecast: pale, hatched, with an outline."""
    accent = ACCENT[dark]
    return bars.update(
        marker={
            "color": faint(accent, 0.22),
            "line": {"color": accent, "width": 1},
            "pattern": {
                "shape": "/",
                "fgcolor": accent,
                "fgopacity": 0.45,
                "size": 6,
                "solidity": 0.15,
            },
        }
    )
