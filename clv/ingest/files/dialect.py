"""Delimiter, header and width of a text table, read off its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core.errors import FileError, did_you_mean
from clv.ingest.files import headers
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
    """How one text table is written.

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
        Whether the file has a ``"`` at all.
    """

    delimiter: str
    columns: tuple[str, ...]
    header: bool
    skip: int
    skip_lines: int
    quoting: bool
    head: tuple[tuple[str, ...], ...]

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
    chosen = _named(delimiter) if delimiter else _guess(lines[skip:])
    rows = split(text, chosen)[:_HEAD_ROWS]
    if not rows:
        msg = f"{name} holds no rows."
        raise FileError(msg, "Export the orders again.")
    titles, header = headers.find(rows)
    skip += titles
    rows = rows[titles:]
    width = len(rows[0])
    if header and len(rows) > 1:
        common, times = Counter(len(r) for r in rows[1:]).most_common(1)[0]
        if common == width + 1 and times == len(rows) - 1 and any(r[-1].strip() for r in rows[1:]):
            # Row names without a name of their own, as R and pandas write them, come first.
            width = common
            rows[0].insert(0, "")
        elif common < width and not any(cell.strip() for cell in rows[0][common:]):
            width = common  # Trailing delimiters in the header only.
    elif not header:
        width = Counter(len(r) for r in rows).most_common(1)[0][0]
    columns = _names(rows[0] if header else [], width)
    filled = [i + 1 for i, line in enumerate(lines) if line.strip()]
    skipped = skip + int(header)
    body = rows[1:] if header else rows
    with path.open("rb") as handle:
        quoting = any(b'"' in chunk for chunk in iter(lambda: handle.read(PIECE), b""))
    return Dialect(
        chosen,
        tuple(columns),
        header,
        skipped,
        filled[skipped - 1] if skipped else 0,
        quoting and chosen != SPACES,
        tuple(tuple(r) for r in body),
    )


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
