"""Axes of a still picture: where a value lies, and which ticks are written beside it.

Everything here reads the plain dictionaries of a Plotly figure; only what `clv.report.charts` uses is known.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import TypedDict

from clv.core.formatting import month

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Size of the letters in pixels, and the mean width of one of them.
LETTER: Final = 12.0
_WIDTH: Final = 0.56 * LETTER
LINE: Final = 15.0
#: Free space beyond the data, as a share of their extent.
_ROOM: Final = 0.06
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_FORMAT: Final = re.compile(r"(,?)(?:\.(\d+))?(~?)([%f]?)")


class AxisTitle(TypedDict, total=False):
    """What is written along an axis."""

    text: str | None


class AxisLayout(TypedDict, total=False):
    """What the charts say of an axis in a figure's layout."""

    type: str | None
    range: Sequence[Any] | None
    rangemode: str
    autorange: bool | str
    title: AxisTitle | None
    showgrid: bool
    dtick: float | None
    tickvals: Sequence[Any] | None
    ticktext: Sequence[str]
    tickformat: str | None
    tickprefix: str
    ticksuffix: str


@dataclass
class Axis:
    """One axis: values are turned into numbers, numbers into pixels.

    Attributes
    ----------
    kind
        ``linear``, ``log`` (its numbers are decimal logarithms), ``category`` (positions) or ``date``
        (days).
    low, high
        Numbers at the axis's ends.
    ticks
        Numbers and their labels; a label may have several lines.
    title
        Empty for none.
    grid
        Whether lines are drawn at the ticks.
    start, end
        Pixels of ``low`` and ``high``.
    """

    kind: str
    low: float
    high: float
    ticks: list[tuple[float, list[str]]]
    title: str
    grid: bool
    categories: list[str]
    start: float = 0.0
    end: float = 1.0

    def number(self, value: Any) -> float | None:  # noqa: ANN401 - a cell of a figure
        """Return a value as the axis's number; None where there is nothing to draw."""
        return number(value, self.kind, self.categories)

    def at(self, value: float) -> float:
        """Return the pixel of a number."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def widest(self) -> float:
        """Width of the widest label, in pixels."""
        return max((width(line) for _, lines in self.ticks for line in lines), default=0.0)

    @property
    def deepest(self) -> int:
        """Lines of the tallest label."""
        return max((len(lines) for _, lines in self.ticks), default=0)


def width(text: str) -> float:
    """Return roughly how wide a text is, in pixels."""
    return len(text) * _WIDTH


def lines_of(text: object) -> list[str]:
    """Return the lines of a figure's text as plain characters."""
    return [unescape(line) for line in str(text).split("<br>")]


def number(value: Any, kind: str, categories: Sequence[str] = ()) -> float | None:  # noqa: ANN401
    """Return a value as a number on an axis of this kind; None where there is nothing to draw."""
    if value is None:
        return None
    if kind == "category":
        return float(categories.index(str(value)))
    if kind == "date":
        return float(date.fromisoformat(str(value)[:10]).toordinal())
    found = float(value)
    if kind == "log":
        return math.log10(found) if found > 0 else None
    return found if math.isfinite(found) else None


def axis(settings: AxisLayout, cells: Sequence[Any], extent: Sequence[float], room: float) -> Axis:
    """Make an axis from its settings in a figure's layout.

    Parameters
    ----------
    settings
        ``layout.xaxis`` or ``layout.yaxis``.
    cells
        All values on it, as in the traces: they say what the categories are.
    extent
        Numbers that must lie on it (`number`).
    room
        Length in pixels: how many labels there is room for.
    """
    kind = str(settings.get("type") or "linear")
    kind = "linear" if kind == "-" else kind
    names = (
        list(dict.fromkeys(str(c) for c in cells if c is not None)) if kind == "category" else []
    )
    low, high = _ends(settings, kind, extent, names)
    high = high if high != low else low + 1.0
    title = (settings.get("title") or {}).get("text") or ""
    made = Axis(kind, low, high, [], title, bool(settings.get("showgrid", True)), names)
    made.ticks = _ticks(made, settings, room)
    if settings.get("autorange") == "reversed":
        made.low, made.high = made.high, made.low
    return made


def kind_of(settings: AxisLayout, cells: Sequence[Any]) -> str:
    """Return an axis's kind where its settings leave it to the values: text makes categories."""
    kind = settings.get("type")
    if kind and kind != "-":
        return kind
    return "category" if any(isinstance(c, str) for c in cells) else "linear"


def _ends(
    settings: AxisLayout, kind: str, extent: Sequence[float], names: Sequence[str]
) -> tuple[float, float]:
    if ends := settings.get("range"):
        low, high = (float(v) for v in ends)
        return low, high
    if kind == "category":
        return -0.5, max(len(names), 1) - 0.5
    low, high = min(extent, default=0.0), max(extent, default=1.0)
    free = (high - low) * _ROOM or 1.0
    if kind == "date":
        return low - free / 2, high + free / 2
    if settings.get("rangemode") == "tozero" and kind == "linear":
        return (
            min(low - free if low < 0 else 0.0, 0.0),
            max(high + free if high > 0 else 0.0, 0.0),
        )
    return low - free, high + free


def _ticks(found: Axis, settings: AxisLayout, room: float) -> list[tuple[float, list[str]]]:
    if (values := settings.get("tickvals")) is not None:
        places = [(found.number(v), t) for v, t in zip(values, settings["ticktext"], strict=True)]
        return [(p, lines_of(t)) for p, t in places if p is not None]
    if found.kind == "category":
        every = max(1, math.ceil(len(found.categories) * 2 * LETTER / max(room, 1)))
        return [(float(i), lines_of(n)) for i, n in enumerate(found.categories) if i % every == 0]
    if found.kind == "date":
        return _months(found, room)
    if found.kind == "log":
        powers = range(math.ceil(found.low), math.floor(found.high) + 1)
        every = max(1, math.ceil(len(powers) / 8))
        return [(float(p), [f"{10.0**p:,.10g}"]) for p in powers[::every]]
    return _round(found, settings, room)


def _months(found: Axis, room: float) -> list[tuple[float, list[str]]]:
    first, last = (date.fromordinal(int(v)) for v in (found.low, found.high))
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    fits = max(room / 90, 2)
    step = next((s for s in _MONTH_STEPS if months / s <= fits), _MONTH_STEPS[-1])
    begin = first.year * 12 + first.month - 1
    begin += -begin % step
    days = [date(m // 12, m % 12 + 1, 1) for m in range(begin, begin + months + 1, step)]
    return [
        (float(d.toordinal()), [month(d)]) for d in days if found.low <= d.toordinal() <= found.high
    ]


def _round(found: Axis, settings: AxisLayout, room: float) -> list[tuple[float, list[str]]]:
    """Return ticks at round numbers, as many as there is room for."""
    step = settings.get("dtick")
    if step is None:
        raw = (found.high - found.low) / max(min(room / 60, 6), 3)
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw * 0.999)
    step = float(step)
    first = math.ceil(found.low / step - 1e-9)
    last = math.floor(found.high / step + 1e-9)
    before, after = settings.get("tickprefix") or "", settings.get("ticksuffix") or ""
    shown = settings.get("tickformat")
    return [
        (i * step, [f"{before}{written(i * step, shown, step)}{after}".strip()])
        for i in range(first, last + 1)
    ]


def written(value: float, shown: str | None, step: float) -> str:
    """Write a tick's number in the format of d3 that the charts use (``,.0f``, ``.1~%``)."""
    match = _FORMAT.fullmatch(shown or "")
    if not shown or match is None:
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        digits += int(digits == 0 and step % 1 > 0)
        return f"{value + 0.0:,.{digits}f}".replace("-", "\u2212")
    comma, digits_text, trim, kind = match.groups()
    body = f"{value:{comma}.{digits_text or 0}{kind or 'f'}}"
    if trim:
        body = re.sub(r"\.?0+(?=%|$)", "", body) if "." in body else body
    return body.replace("%", "\u00a0%").replace("-", "\u2212")
