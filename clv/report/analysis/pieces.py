"""What an analysis is made of: sections of texts, tables and pictures that know how to be shown.

A piece is data; it becomes HTML for the report, and what a notebook stores as a cell's output. Both
come from the same few lines here, so that they can't differ. Whatever is in a piece is plain text:
it is escaped where it becomes HTML, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from clv.core.formatting import MISSING
from clv.report.analysis.svg import draw

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from clv.report.tables import Table

Kind = Literal["answer", "text", "note", "heading", "list"]
#: Keeps notebooks from reading two dollar signs as a formula.
_PLAIN: Final = 'class="tex2jax_ignore mathjax_ignore"'
_TAGS: Final[Mapping[str, str]] = {"answer": "p", "text": "p", "note": "p", "heading": "h3"}


@dataclass(frozen=True)
class Text:
    """Words. A ``list`` has an item a line, everything else a paragraph a line."""

    kind: Kind
    lines: tuple[str, ...]

    def html(self) -> str:
        """Return the words as HTML."""
        if self.kind == "list":
            return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in self.lines)}</ul>"
        tag = _TAGS[self.kind]
        style = {"answer": ' class="answer"', "note": ' class="note"'}.get(self.kind, "")
        return "".join(f"<{tag}{style}>{escape(line)}</{tag}>" for line in self.lines)

    def bundles(self) -> list[dict[str, str]]:
        """Return what a notebook stores: one output."""
        mark = "- " if self.kind == "list" else ""
        body = self.html()
        if self.kind == "answer":
            body = body.replace('<p class="answer">', "<p><strong>").replace(
                "</p>", "</strong></p>"
            )
        plain = "\n".join(f"{mark}{line}" for line in self.lines)
        return [{"text/html": f"<div {_PLAIN}>{body}</div>", "text/plain": plain}]


@dataclass(frozen=True)
class Grid:
    """A table as it is read; a missing cell is a dash, the caption below."""

    table: Table

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells row by row."""
        columns = self.table.on("paper")
        cells = [[c.written(row) for c in columns] for row in self.table.rows]
        return [tuple(MISSING if cell is None else cell for cell in line) for line in cells]

    def html(self) -> str:
        """Return the table as HTML; the caption is part of it."""
        columns = self.table.on("paper")
        style = [f'style="text-align:{"left" if c.words else "right"}"' for c in columns]
        head = "".join(
            f'<th scope="col" {s}>{escape(c.heading)}</th>'
            for c, s in zip(columns, style, strict=True)
        )
        body = "".join(
            f"<tr>{''.join(f'<td {s}>{escape(c)}</td>' for c, s in zip(row, style, strict=True))}</tr>"
            for row in self.rows
        )
        caption = self.table.caption
        below = f'<p class="note">{escape(caption)}</p>' if caption else ""
        return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{below}'

    def bundles(self) -> list[dict[str, str]]:
        """Return what a notebook stores: one output, as text with the columns aligned."""
        columns = self.table.on("paper")
        rows = [tuple(c.heading for c in columns), *self.rows]
        wide = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(w) if column.words else cell.rjust(w)
                for cell, w, column in zip(row, wide, columns, strict=True)
            ).rstrip()
            for row in rows
        ]
        plain = "\n".join([*lines, *filter(None, [self.table.caption])])
        return [{"text/html": f"<div {_PLAIN}>{self.html()}</div>", "text/plain": plain}]


@dataclass(frozen=True)
class Picture:
    """A chart under its statement.

    Attributes
    ----------
    title
        What it shows, as a sentence.
    svg
        From `clv.report.analysis.svg.draw`.
    alt
        The same in words.
    caption
        Unit, horizon and date.
    """

    title: str
    svg: str
    alt: str
    caption: str

    def html(self) -> str:
        """Return statement, chart and caption as one figure."""
        return (
            f'<figure><h3>{escape(self.title)}</h3><div class="scroll">{self.svg}</div>'
            f'<figcaption class="note">{escape(self.caption)}</figcaption></figure>'
        )

    def bundles(self) -> list[dict[str, str]]:
        """Return what a notebook stores: the statement, the picture, the caption."""
        (title,) = Text("heading", (self.title,)).bundles()
        (caption,) = Text("note", (self.caption,)).bundles()
        return [title, {"image/svg+xml": self.svg, "text/plain": self.alt}, caption]


Piece = Text | Grid | Picture


def picture(figure: go.Figure, title: str, caption: str) -> Picture:
    """Make a picture of a figure from `clv.report.charts`."""
    return Picture(title, draw(figure), str(figure.layout.meta["alt"]), caption)


def answer(*lines: str) -> Text:
    """Return the sentence that answers a section's question."""
    return Text("answer", lines)


def text(*lines: str) -> Text:
    """Return paragraphs."""
    return Text("text", lines)


def note(*lines: str) -> Text:
    """Return small print."""
    return Text("note", lines)


def heading(line: str) -> Text:
    """Return a heading within a section."""
    return Text("heading", (line,))


def items(*lines: str) -> Text:
    """Return a list."""
    return Text("list", lines)


@dataclass(frozen=True)
class Section:
    """One question and its answer.

    Attributes
    ----------
    key
        Its name in addresses and code: that of the function which makes it.
    title
        The question, short.
    pieces
        The answer first.
    """

    key: str
    title: str
    pieces: tuple[Piece, ...] = field(default_factory=tuple)

    def html(self) -> str:
        """Return the pieces one below the other."""
        return "".join(piece.html() for piece in self.pieces)

    def bundles(self) -> list[dict[str, str]]:
        """Return what a notebook stores for the section, output by output."""
        return [bundle for piece in self.pieces for bundle in piece.bundles()]

    def _ipython_display_(self) -> None:
        """Show the section in a notebook: one output a piece, since a picture is none of HTML's."""
        from IPython.display import publish_display_data  # noqa: PLC0415 - there in notebooks only

        for bundle in self.bundles():
            publish_display_data(bundle)  # type: ignore[no-untyped-call]


def outputs(section: Section) -> list[dict[str, object]]:
    """Return what executing a cell that shows the section leaves in a notebook's file."""
    return [
        {"output_type": "display_data", "data": bundle, "metadata": {}}
        for bundle in section.bundles()
    ]
