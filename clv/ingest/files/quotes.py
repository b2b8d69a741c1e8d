r"""Quotes other than the usual: ``'a word'``, and a backslash before a quote inside, as MySQL writes.

Text is turned into the usual quotes without changing its length, so that every record stays where it
lies in the file; the cells are turned back when they are read.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.ingest.files.source import PIECE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SAMPLE: Final = 200
_MOST: Final = 0.8
_SWAPPED: Final = bytes.maketrans(b"\"'", b"'\"")
_ESCAPED: Final = re.compile(rb'\\(["\\])')
_WITH_ESCAPE: Final = re.compile(rb'^.*\\".*$', re.MULTILINE)


@dataclass(frozen=True)
class Quotes:
    """How a file writes text that holds a delimiter or a quote.

    Attributes
    ----------
    single
        In ``'``.
    backslash
        A quote inside has a backslash before it.
    """

    single: bool = False
    backslash: bool = False

    def __bool__(self) -> bool:
        """Whether the file isn't written in the usual way."""
        return self.single or self.backslash

    def usual(self, text: bytes) -> bytes:
        """Return text with the usual quotes, as long as before."""
        text = text.translate(_SWAPPED) if self.single else text
        if self.backslash:
            text = _ESCAPED.sub(lambda m: b'""' if m[1] == b'"' else m[0], text)
        return text

    def meant(self, cell: str) -> str:
        """Return what a cell of usual text says."""
        cell = cell.replace("\\\\", "\\") if self.backslash else cell
        return cell.translate({34: "'", 39: '"'}) if self.single else cell

    def meant_sql(self, cell: str) -> str:
        """Return `meant` as SQL."""
        cell = rf"replace({cell}, '\\', '\')" if self.backslash else cell
        return f"""translate({cell}, '"''', '''"')""" if self.single else cell

    def rewrite(self, path: Path, target: Path) -> None:
        """Write a file with the usual quotes."""
        with path.open("rb") as handle, target.open("wb") as out:
            while piece := handle.read(PIECE):
                while piece.endswith(b"\\") and (more := handle.read(1)):
                    piece += more
                out.write(self.usual(piece))


def single(lines: Sequence[str], delimiters: Sequence[str]) -> bool:
    """Whether lines quote text in ``'``: most have a field that begins and ends with one."""
    sample = [line for line in lines if line.strip()][:_SAMPLE]
    for delimiter in map(re.escape, delimiters):
        field = re.compile(rf"(?:^|{delimiter})'(?:[^']|'')*'(?={delimiter}|$)")
        usual = re.compile(rf'(?:^|{delimiter})"')
        found = sum(bool(field.search(line)) for line in sample)
        if found >= _MOST * len(sample) and not any(map(usual.search, sample)):
            return True
    return False


def escaped(chunk: bytes) -> list[bytes]:
    r"""Return lines that have ``\"``: their quotes may be read two ways."""
    return _WITH_ESCAPE.findall(chunk)[:_SAMPLE] if b'\\"' in chunk else []


def backslash(lines: Sequence[bytes], delimiter: str, usual: int, unescaped: int) -> bool:
    """Whether more lines have the right number of fields if a backslash stands before a quote inside.

    Otherwise it is the last character of a field.

    Parameters
    ----------
    usual, unescaped
        How many fields most records have, read either way.
    """
    return sum(_fits(Quotes(backslash=True).usual(x), delimiter, unescaped) for x in lines) > sum(
        _fits(x, delimiter, usual) for x in lines
    )


def _fits(line: bytes, delimiter: str, width: int) -> bool:
    text = line.decode("utf-8", errors="replace")
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return False
    return len(cells) == width
