"""A chart as a still picture: SVG text from a Plotly figure, without a browser.

For pages that must show the same picture everywhere: printed, in a notebook, without scripts and
without a network. Bars and scatter traces are drawn, with what `clv.report.charts` uses of them; anything
else is refused rather than left out.
"""

from __future__ import annotations

import math
import re
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from clv.report.analysis.axes import LETTER, LINE, axis, kind_of, lines_of, number, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import plotly.graph_objects as go

    from clv.report.analysis.axes import Axis, AxisLayout

    Trace = dict[str, Any]
    Points = list[tuple[float, float]]

WIDTH: Final = 720
_INK: Final = "#1f2933"
_DASHES: Final = {"dash": "7 5", "dot": "2 4", "dashdot": "7 4 2 4", "longdash": "11 6"}
_DAY_MS: Final = 86_400_000
#: What no XML text may hold.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Plot(NamedTuple):
    """Both axes, and a prefix for names inside the picture."""

    x: Axis
    y: Axis
    prefix: str


def draw(figure: go.Figure, *, wide: int = WIDTH) -> str:
    """Draw a figure on white.

    Parameters
    ----------
    figure
        From `clv.report.charts`; ``meta`` holds its text alternative.
    wide
        Width in pixels; the height is the figure's own.

    Returns
    -------
    str
        One ``<svg>`` element; the same figure always gives the same text.

    Raises
    ------
    ValueError
        The figure has a kind of trace that can't be drawn.
    """
    content = figure.to_plotly_json()
    traces: list[Trace] = [dict(t) for t in content["data"]]
    page = content["layout"]
    strange = sorted({str(t.get("type")) for t in traces} - {"bar", "scatter"})
    strange += ["error bars of bars" for t in traces if t["type"] == "bar" and "error_y" in t]
    if strange:
        msg = f"A still picture has bars and scatter traces only, not: {', '.join(strange)}."
        raise ValueError(msg)
    for trace in traces:
        for key in ("x", "y"):
            trace[key] = list(trace[key]) if trace.get(key) is not None else []
    high = float(page.get("height") or 360)
    alt = str((page.get("meta") or {}).get("alt") or "Chart")
    legend, legend_depth = _legend(traces, wide)
    plot = _axes(traces, page, wide, high, legend_depth, f"f{crc32(repr(content).encode()):08x}")
    marks = "".join(_trace(t, i, traces, page, plot) for i, t in enumerate(traces))
    defs = "".join(_hatch(t, f"{plot.prefix}h{i}") for i, t in enumerate(traces))
    box = (
        f'x="{plot.x.start:.0f}" y="{plot.y.end - 6:.0f}" '
        f'width="{plot.x.end - plot.x.start + 6:.0f}" height="{plot.y.start - plot.y.end + 8:.0f}"'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high:.0f}" '
        f'width="{wide}" height="{high:.0f}" role="img" aria-label="{_text(alt)}" '
        f'style="max-width:100%;height:auto" font-family="system-ui, sans-serif" '
        f'font-size="{LETTER:.0f}" fill="{_INK}">'
        f'<rect width="{wide}" height="{high:.0f}" fill="#fff"/>'
        f'<defs><clipPath id="{plot.prefix}c"><rect {box}/></clipPath>{defs}</defs>'
        f"{_frame(plot)}"
        f'<g clip-path="url(#{plot.prefix}c)">{marks}</g>'
        f"{''.join(_labels(t, plot) for t in traces)}{_notes(page, plot)}{legend}</svg>"
    )


def _text(text: object) -> str:
    return escape(_ILLEGAL.sub("", str(text)))


def _say(x: float, y: float, text: object, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{_text(text)}</text>'


def _axes(
    traces: Sequence[Trace], page: Trace, wide: float, high: float, legend: float, prefix: str
) -> _Plot:
    cells = {k: [v for t in traces for v in t[k]] for k in ("x", "y")}
    found = {}
    for key, other, room in (("x", "y", wide - 90), ("y", "x", high - 90)):
        settings: AxisLayout = page.get(f"{key}axis") or {}
        kind = kind_of(settings, cells[key])
        extent = [v for t in traces for v in _extent(t, key, other, kind)]
        found[key] = axis({**settings, "type": kind}, cells[key], extent, room)
    x, y = found["x"], found["y"]
    x.start = 10 + y.widest + (LINE + 8 if y.title else 0)
    x.end = wide - 18
    y.start = high - 12 - LINE * x.deepest - (LINE + 4 if x.title else 0)
    y.end = 10 + legend
    return _Plot(x, y, prefix)


def _extent(trace: Trace, key: str, other: str, kind: str) -> Iterable[float]:
    """Return the numbers that a trace needs on one axis."""
    if kind == "category":
        return []
    found = [number(v, kind) for v in trace[key]]
    known = [v for v in found if v is not None]
    is_length = trace["type"] == "bar" and (key == "x") == (trace.get("orientation") == "h")
    if is_length and kind == "linear":
        known.append(0.0)
    if trace["type"] == "bar" and trace.get("width") is not None and not is_length:
        spans = _spans(trace, [v or 0.0 for v in found])
        known += [end for span in spans for end in span]
    error = trace.get(f"error_{key}")
    if error and kind == "linear":
        below = error.get("arrayminus", error["array"])
        for value, up, down in zip(trace[key], error["array"], below, strict=True):
            if value is not None:
                known += [float(value) + float(up), float(value) - float(down)]
    del other
    return known


def _spans(trace: Trace, places: Sequence[float]) -> list[tuple[float, float]]:
    """Return the days that bars of a date axis cover."""
    offset = trace.get("offset") or [-w / 2 for w in trace["width"]]
    return [
        (p + o / _DAY_MS, p + (o + w) / _DAY_MS)
        for p, o, w in zip(places, offset, trace["width"], strict=True)
    ]


def _frame(plot: _Plot) -> str:
    """Draw grid, ticks and titles."""
    x, y = plot.x, plot.y
    out = []
    for value, lines in y.ticks:
        at = y.at(value)
        if y.grid:
            out.append(_line([(x.start, at), (x.end, at)], "#e3e7eb", 1))
        first = at + LETTER / 3 - (len(lines) - 1) * LINE / 2
        out += [_say(x.start - 6, first + i * LINE, t, "end") for i, t in enumerate(lines)]
    for value, lines in x.ticks:
        at = x.at(value)
        if x.grid:
            out.append(_line([(at, y.start), (at, y.end)], "#e3e7eb", 1))
        out += [_say(at, y.start + LINE * (i + 1), t, "middle") for i, t in enumerate(lines)]
    out.append(_line([(x.start, y.start), (x.end, y.start)], "#9aa5b1", 1))
    if x.title:
        below = y.start + LINE * (x.deepest + 1) + 2
        out.append(_say((x.start + x.end) / 2, below, x.title, "middle"))
    if y.title:
        at = (y.start + y.end) / 2
        out.append(
            _say(LETTER, at, y.title, "middle", f' transform="rotate(-90 {LETTER} {at:.1f})"')
        )
    return "".join(out)


def _legend(traces: Sequence[Trace], wide: float) -> tuple[str, float]:
    """Return the legend above the plot, and its height; one trace alone needs none."""
    shown = [
        (i, t) for i, t in enumerate(traces) if t.get("showlegend") is not False and t.get("name")
    ]
    if len(shown) < 2:
        return "", 0.0
    out, x, y = [], 12.0, LINE
    for _, trace in shown:
        size = 34 + width(str(trace["name"]))
        if x + size > wide and x > 12:
            x, y = 12.0, y + LINE + 3
        out.append(_swatch(trace, x, y - 4) + _say(x + 26, y, trace["name"]))
        x += size + 10
    return "".join(out), y + 6


def _swatch(trace: Trace, x: float, y: float) -> str:
    marker, line = trace.get("marker") or {}, trace.get("line") or {}
    filled = trace.get("fill") in {"tonexty", "toself"} and not line.get("width")
    if trace["type"] == "bar" or filled:
        colour = marker.get("color") or trace.get("fillcolor")
        edge = (marker.get("line") or {}).get("color") or "none"
        strokes = ""
        if marker.get("pattern"):
            strokes = "".join(
                _line([(x + i, y + 5), (x + i + 6, y - 5)], edge, 0.8) for i in (1, 6, 11)
            )
        return f'<rect x="{x}" y="{y - 5}" width="20" height="10" fill="{colour}" stroke="{edge}"/>{strokes}'
    if "lines" in str(trace.get("mode")):
        return _line(
            [(x, y), (x + 20, y)], line.get("color"), line.get("width") or 2, line.get("dash")
        )
    return _mark(marker, x + 10, y)


def _trace(trace: Trace, i: int, traces: Sequence[Trace], page: Trace, plot: _Plot) -> str:
    if trace["type"] == "bar":
        return _bars(trace, i, traces, page, plot)
    pieces = _pieces(trace, plot)
    mode, line = str(trace.get("mode") or "lines"), trace.get("line") or {}
    out = []
    if trace.get("fill") == "toself":
        out.append(
            f'<path d="{"".join(_path(p) + "Z" for p in pieces)}" fill="{trace["fillcolor"]}"/>'
        )
    elif trace.get("fill") == "tonexty":
        around = [p for piece in pieces for p in piece]
        around += [p for piece in _pieces(traces[i - 1], plot) for p in piece][::-1]
        out.append(f'<path d="{_path(around)}Z" fill="{trace["fillcolor"]}"/>')
    if "lines" in mode and line.get("width") != 0:
        colour, thick = line.get("color") or _INK, line.get("width") or 2
        out.append(_line([], colour, thick, line.get("dash"), "".join(_path(p) for p in pieces)))
    if trace.get("error_y"):
        out.append(_errors(trace, plot))
    if "markers" in mode:
        marker = trace.get("marker") or {}
        out += [_mark(marker, x, y) for piece in pieces for x, y in piece]
    return "".join(out)


def _pieces(trace: Trace, plot: _Plot) -> list[Points]:
    """Return a trace's points in pixels, cut where a value is missing."""
    pieces: list[Points] = [[]]
    step = (trace.get("line") or {}).get("shape") == "hv"
    for a, b in zip(trace["x"], trace["y"], strict=True):
        x, y = plot.x.number(a), plot.y.number(b)
        if x is None or y is None:
            pieces.append([])
            continue
        point = (plot.x.at(x), plot.y.at(y))
        if step and pieces[-1]:
            pieces[-1].append((point[0], pieces[-1][-1][1]))
        pieces[-1].append(point)
    return [p for p in pieces if p]


def _path(points: Points) -> str:
    return "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))


def _line(
    points: Points, colour: object, thick: float, dash: object = None, path: str | None = None
) -> str:
    pattern = _DASHES.get(str(dash))
    dashes = f' stroke-dasharray="{pattern}"' if pattern else ""
    return (
        f'<path d="{path or _path(points)}" fill="none" stroke="{colour}" '
        f'stroke-width="{thick:g}"{dashes}/>'
    )


def _mark(marker: Trace, x: float, y: float) -> str:
    size = float(marker.get("size") or 6)
    colour, half = marker.get("color") or _INK, size / 2
    shape = str(marker.get("symbol") or "circle")
    if shape.startswith("x-thin"):
        cross = f"M{x - half:.1f} {y - half:.1f}l{size:g} {size:g}m0 {-size:g}l{-size:g} {size:g}"
        return _line([], colour, 1.5, None, cross)
    if shape == "triangle-right":
        return f'<path d="M{x - half:.1f} {y - half:.1f}l{size:g} {half:g}l{-size:g} {half:g}z" fill="{colour}"/>'
    if shape.startswith("diamond"):
        path = f"M{x:.1f} {y - half:.1f}l{half:g} {half:g}l{-half:g} {half:g}l{-half:g} {-half:g}z"
    elif shape.startswith("square"):
        path = f"M{x - half:.1f} {y - half:.1f}h{size:g}v{size:g}h{-size:g}z"
    else:
        path = f"M{x - half:.1f} {y:.1f}a{half:g} {half:g} 0 1 0 {size:g} 0a{half:g} {half:g} 0 1 0 {-size:g} 0z"
    if shape.endswith("open"):
        return f'<path d="{path}" fill="#fff" stroke="{colour}" stroke-width="1.5"/>'
    return f'<path d="{path}" fill="{colour}"/>'


def _errors(trace: Trace, plot: _Plot) -> str:
    """Draw the ranges of points, with caps."""
    error = trace["error_y"]
    below = error.get("arrayminus", error["array"])
    out = []
    for a, b, up, down in zip(trace["x"], trace["y"], error["array"], below, strict=True):
        x, y = plot.x.number(a), plot.y.number(b)
        if x is None or y is None:
            continue
        at, top, bottom = plot.x.at(x), plot.y.at(y + float(up)), plot.y.at(y - float(down))
        out.append(f"M{at:.1f} {top:.1f}V{bottom:.1f}m-4 0h8M{at - 4:.1f} {top:.1f}h8")
    return _line([], error.get("color") or _INK, error.get("thickness") or 1.5, None, "".join(out))


def _bars(trace: Trace, i: int, traces: Sequence[Trace], page: Trace, plot: _Plot) -> str:
    lying = trace.get("orientation") == "h"
    base, length = (plot.y, plot.x) if lying else (plot.x, plot.y)
    names, values = (trace["y"], trace["x"]) if lying else (trace["x"], trace["y"])
    places = [base.number(n) for n in names]
    if trace.get("width") is not None:
        spans = _spans(trace, [p or 0.0 for p in places])
    else:
        group = [t for t in traces if t["type"] == "bar"]
        number_of = len(group) if page.get("barmode", "group") == "group" else 1
        rank = [id(t) for t in group].index(id(trace)) if number_of > 1 else 0
        thick = (1 - float(page.get("bargap", 0.2))) / number_of
        first = -thick * number_of / 2 + rank * thick
        spans = [((p or 0.0) + first, (p or 0.0) + first + thick) for p in places]
    marker = trace.get("marker") or {}
    edge = marker.get("line") or {}
    fill = f"url(#{plot.prefix}h{i})" if marker.get("pattern") else marker.get("color")
    colours = list(fill) if isinstance(fill, (list, tuple)) else [fill] * len(spans)
    zero = length.at(max(0.0, min(length.low, length.high)))
    out = []
    for (begin, end), value, colour in zip(spans, values, colours, strict=True):
        size = length.number(value)
        if size is None:
            continue
        a, b = sorted((base.at(begin), base.at(end)))
        c, d = sorted((zero, length.at(size)))
        x, y, w, h = (c, a, d - c, b - a) if lying else (a, c, b - a, d - c)
        stroke = (
            f' stroke="{edge["color"]}" stroke-width="{edge.get("width", 1)}"'
            if edge.get("color")
            else ""
        )
        out.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{colour}"{stroke}/>'
        )
    return "".join(out)


def _hatch(trace: Trace, name: str) -> str:
    """Return the definition of a trace's hatching; empty for a plain one."""
    marker = trace.get("marker") or {}
    pattern = marker.get("pattern")
    if not pattern:
        return ""
    return (
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" fill="{marker.get("color")}"/>'
        f'<path d="M-1 7L7 -1" stroke="{pattern.get("fgcolor")}" stroke-opacity=".5"/></pattern>'
    )


def _labels(trace: Trace, plot: _Plot) -> str:
    """Write the texts at a scatter trace's points."""
    if "text" not in str(trace.get("mode")) or trace.get("text") is None:
        return ""
    texts = trace["text"]
    texts = [texts] * len(trace["x"]) if isinstance(texts, str) else list(texts)
    where = str(trace.get("textposition") or "middle center")
    down = LETTER * 1.4 if "bottom" in where else -LETTER / 2 if "top" in where else LETTER / 3
    anchor = "start" if "right" in where else "end" if "left" in where else "middle"
    out = []
    for a, b, text in zip(trace["x"], trace["y"], texts, strict=True):
        x, y = plot.x.number(a), plot.y.number(b)
        if x is not None and y is not None and text:
            out.append(_say(plot.x.at(x), plot.y.at(y) + down, " ".join(lines_of(text)), anchor))
    return "".join(out)


def _notes(page: Trace, plot: _Plot) -> str:
    """Draw the straight lines and the remarks that lie on the plot."""
    out = []
    for shape in page.get("shapes") or ():
        line = shape.get("line") or {}
        ends: Points = []
        for i in "01":
            x = _place(shape[f"x{i}"], plot.x, str(shape.get("xref") or "x"))
            y = _place(shape[f"y{i}"], plot.y, str(shape.get("yref") or "y"))
            ends.append((x, y))
        out.append(_line(ends, line.get("color") or _INK, line.get("width") or 1, line.get("dash")))
    for note in page.get("annotations") or ():
        x = _place(note["x"], plot.x, str(note.get("xref") or "x"))
        y = _place(note["y"], plot.y, str(note.get("yref") or "y"))
        anchor = {"left": "start", "right": "end"}.get(str(note.get("xanchor")), "middle")
        out += [_say(x, y - 4 + i * LINE, t, anchor) for i, t in enumerate(lines_of(note["text"]))]
    return "".join(out)


def _place(value: Any, on: Axis, reference: str) -> float:  # noqa: ANN401 - a cell of a figure
    if "paper" in reference or "domain" in reference:
        return on.start + float(value) * (on.end - on.start)
    found = on.number(value)
    if found is None or not math.isfinite(found):
        return on.start
    return on.at(found)
