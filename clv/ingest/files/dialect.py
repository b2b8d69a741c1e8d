"""Delimiter, header and width of a text table, read off its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from clv.core.errors import FileError, did_you_mean
from clv.ingest.files import headers, quotes
from clv.ingest.files.quotes import Quotes
from clv.ingest.files.source import PIECE

if TYPE_CHECKING:
    from pathlib import Path

DELIMITERS: Final = (",", ";", "\t", "|")
SPACES: Final = "spaces"
NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", SPACES: "spaces"}
_HEAD_BYTES: Final = 1 << 20
_HEAD_ROWS: Final = 500
_GUESS_LINES: Final = 200


@dataclass(frozen=True)
class Dialect:
    r"""How one text table is written.

    Attributes
    ----------
    delimiter
        One character, or ``"spaces"`` for runs of blanks.
    columns
        Column names; ``column_1`` … where there is no header.
    header
        Whether the first record names the columns.
    skip
        Records to pass over before the data: the header, and lines of text above it.
    skip_lines
        The same in physical lines, for a file without quotes.
    quoting
        Whether the file has quotes at all.
    quotes
        How it quotes.
    nulls
        Whether ``\N`` may stand for an empty cell, as databases write it.
    """

    delimiter: str
    columns: tuple[str, ...]
    header: bool
    skip: int
    skip_lines: int
    quoting: bool
    head: tuple[tuple[str, ...], ...]
    quotes: Quotes = field(default_factory=Quotes)
    nulls: bool = False

    @property
    def title(self) -> str:
        """The delimiter's name for people."""
        return NAMES.get(self.delimiter, self.delimiter)


def detect(path: Path, name: str, delimiter: str | None = None) -> Dialect:
    """Read the dialect off the head of a UTF-8 file with newline line ends.

    Raises
    ------
    FileError
        When the file holds no row at all or nothing that looks like a table.
    """
    with path.open("rb") as handle:
        block = handle.read(_HEAD_BYTES)
        whole = not handle.read(1)
    if not whole:
        block = block[: block.rfind(b"\n") + 1] or block
    text = block.decode("utf-8", errors="replace")
    lines = text.split("\n")
    if not any(line.strip() for line in lines):
        msg = f"{name} holds no rows, only blank lines."
        raise FileError(msg, "Export the orders again.")
    skip = 0
    hint = re.fullmatch(r"sep=(.)", lines[0].strip())
    if hint:
        skip, delimiter = 1, delimiter or hint.group(1)
        text = text.partition("\n")[2]
    marks = Quotes(single=quotes.single(lines[skip:], [delimiter] if delimiter else DELIMITERS))
    if marks.single:
        text = marks.usual(text.encode()).decode()
    chosen = _named(delimiter) if delimiter else _guess(text.split("\n"))
    quoting, nulls, doubtful = _marks(path, marks)
    if doubtful and chosen != SPACES:
        marks, text = _unescaped(marks, text, chosen, doubtful)
    rows = [[_cell(marks, cell) for cell in row] for row in split(text, chosen)[:_HEAD_ROWS]]
    if not rows:
        msg = f"{name} holds no rows."
        raise FileError(msg, "Export the orders again.")
    titles, header = headers.find(rows)
    skip += titles
    named = headers.names(rows, titles) if header else []
    rows = [named, *rows[titles + 1 :]] if header else rows[titles:]
    width = _width(rows, header=header)
    columns = _names(rows[0] if header else [], width)
    filled = [i + 1 for i, line in enumerate(lines) if line.strip()]
    skipped = skip + int(header)
    body = rows[1:] if header else rows
    return Dialect(
        chosen,
        tuple(columns),
        header,
        skipped,
        filled[skipped - 1] if skipped else 0,
        quoting and chosen != SPACES,
        tuple(tuple(r) for r in body),
        marks,
        nulls,
    )


def _width(rows: list[list[str]], *, header: bool) -> int:
    """Return how many columns there are; a name is put in front of the header where it lacks one."""
    width = len(rows[0])
    if not header:
        return Counter(len(r) for r in rows).most_common(1)[0][0]
    if len(rows) < 2:
        return width
    common, times = Counter(len(r) for r in rows[1:]).most_common(1)[0]
    if common == width + 1 and times == len(rows) - 1 and any(r[-1].strip() for r in rows[1:]):
        # Row names without a name of their own, as R and pandas write them, come first.
        rows[0].insert(0, "")
        return common
    if common < width and not any(cell.strip() for cell in rows[0][common:]):
        return common  # Trailing delimiters in the header only.
    return width


def _unescaped(
    marks: Quotes, text: str, delimiter: str, doubtful: list[bytes]
) -> tuple[Quotes, str]:
    """Find out whether quotes have a backslash before them; return the text without."""
    unescaped = Quotes(backslash=True).usual(text.encode()).decode()
    widths = [headers.common_width(split(one, delimiter))[0] for one in (text, unescaped)]
    if quotes.backslash(doubtful, delimiter, *widths):
        return replace(marks, backslash=True), unescaped
    return marks, text


def _marks(path: Path, marks: Quotes) -> tuple[bool, bool, list[bytes]]:
    r"""Return whether a file has quotes, whether it has ``\N``, and lines whose quotes are in doubt."""
    found = nulls = False
    doubtful: list[bytes] = []
    with path.open("rb") as handle:
        while chunk := handle.read(PIECE):
            found = found or (b"'" if marks.single else b'"') in chunk
            if b"\\" not in chunk:
                continue
            nulls = nulls or b"\\N" in chunk
            if len(doubtful) < _GUESS_LINES:
                doubtful += quotes.escaped(replace(marks, backslash=False).usual(chunk))
    return found, nulls, doubtful


def _cell(marks: Quotes, cell: str) -> str:
    r"""Return a cell as it is meant; ``\N`` is how databases write that there is none."""
    return "" if cell == "\\N" else marks.meant(cell) if marks else cell


def split(text: str, delimiter: str) -> list[list[str]]:
    """Split text into records; blank lines are passed over."""
    if delimiter == SPACES:
        return [line.split() for line in text.split("\n") if line.strip()]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    found: list[list[str]] = []
    try:
        for row in rows:
            if row and (len(row) > 1 or row[0].strip()):
                found.append(row)
            if len(found) >= _HEAD_ROWS:
                break
    except csv.Error:  # An unclosed quote longer than the module's field limit.
        return found
    return found


def _named(delimiter: str) -> str:
    by_name = {name: char for char, name in NAMES.items()} | {"\\t": "\t", "space": SPACES}
    chosen = by_name.get(delimiter.lower(), delimiter)
    if chosen == " ":
        return SPACES
    if chosen != SPACES and (len(chosen) != 1 or not chosen.isascii() or chosen in '"\n\r'):
        msg = f'"{delimiter}" is not a delimiter.{did_you_mean(delimiter, by_name)}'
        raise FileError(msg, "Use one of: comma, semicolon, tab, pipe, spaces.")
    return chosen


def _guess(lines: list[str]) -> str:
    """Choose the delimiter that cuts most of the first lines into the same number of fields."""
    sample = [line for line in lines if line.strip()][:_GUESS_LINES]
    best, even = _most_even(sample)
    if even and not _is_even(sample, best):  # Lines of text stand above the table.
        best = _most_even(sample[len(sample) // 2 :])[0] or best
    if even:
        return best
    widths = Counter(len(line.split()) for line in sample)
    width, times = widths.most_common(1)[0]
    return SPACES if width > 1 and times >= 0.8 * len(sample) else ","


def _most_even(lines: list[str]) -> tuple[str, float]:
    """Return the delimiter that cuts most of the lines into as many fields, and how well it does."""
    best, best_score = "", 0.0
    for delimiter in DELIMITERS:
        rows = split("\n".join(lines) + "\n", delimiter)
        width, times = headers.common_width(rows)
        if width < 2:
            continue
        head = 1.5 if len(rows[0]) == width else 1.0
        score = head * times / len(rows) * min(width, 12) ** 0.5
        if score > best_score:
            best, best_score = delimiter, score
    return best, best_score


def _is_even(lines: list[str], delimiter: str) -> bool:
    """Whether the first line has as many fields as most."""
    rows = split("\n".join(lines) + "\n", delimiter)
    return len(rows[0]) == headers.common_width(rows)[0]


def _names(first: list[str], width: int) -> list[str]:
    """Return one distinct name per column."""
    found = [cell.strip() for cell in first[:width]] + [""] * (width - len(first))
    return headers.distinct([name or f"column_{i}" for i, name in enumerate(found, 1)])
