"""Where each record of a text table begins, on which line, and whether its fields add up.

The engine parses values; this module only finds record boundaries. That gives every row its line
number and its original text, and keeps one broken row from costing its neighbours: records with too
few or too many fields or with broken quotes are set aside before the engine sees them.
"""

from __future__ import annotations

import csv
import mmap
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK: Final = 32 << 20
#: A quoted field over more lines than this is taken for a quote that was never closed.
MAX_RECORD_LINES: Final = 200
#: Where quotes are irregular, a record may be this long.
MAX_RECORD_BYTES: Final = 1 << 18

FINE: Final = 0
TOO_FEW: Final = 1
TOO_MANY: Final = 2
BROKEN_QUOTES: Final = 3
#: A single field where a record has several: a note, a page number.
NO_RECORD: Final = 4

_NEWLINE, _QUOTE = 10, 34


@dataclass
class Records:
    """The data records of one file, header and blank lines left out.

    Attributes
    ----------
    start, end
        Byte offsets, shape (n,), ``end`` exclusive of the line end.
    line
        Physical line of the record's first byte, header = 1, shape (n,).
    fault
        `FINE`, `TOO_FEW`, `TOO_MANY`, `BROKEN_QUOTES` or `NO_RECORD`, shape (n,).
    rewritten
        Record index → equivalent bytes with regular quoting.
    patched
        The engine cannot read the file as it lies: a record is rewritten, or a line of blanks only
        was passed over.
    """

    path: Path
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    line: NDArray[np.int64]
    fault: NDArray[np.uint8]
    rewritten: dict[int, bytes] = field(default_factory=dict)
    patched: bool = False

    def __len__(self) -> int:
        return len(self.start)

    def text(self, index: NDArray[np.int64], path: Path | None = None) -> pa.LargeStringArray:
        """Return the original text of some records, without a Python loop over them.

        Parameters
        ----------
        path
            The original, where records were found in a copy with other quotes.
        """
        if not len(index):
            return pa.nulls(0, pa.large_string())
        with (
            (path or self.path).open("rb") as handle,
            mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view,
        ):
            body = np.frombuffer(view, dtype=np.uint8)
            lengths = self.end[index] - self.start[index]
            offsets = np.concatenate(([0], np.cumsum(lengths)))
            joined = np.concatenate(
                [body[a:b] for a, b in _runs(self.start[index], self.end[index])]
                or [np.empty(0, np.uint8)]
            )
            joined = joined[_keep(self.start[index], self.end[index])]
            result = pa.LargeStringArray.from_buffers(
                len(index), pa.py_buffer(offsets), pa.py_buffer(joined.tobytes())
            )
            del body
        return result

    def write_fine(self, target: Path) -> NDArray[np.int64]:
        """Write the records without a fault, one after the other; return their indices."""
        fine = np.flatnonzero(self.fault == FINE)
        with self.path.open("rb") as handle, target.open("wb") as out:
            breaks = np.flatnonzero(self.start[fine][1:] != self.end[fine][:-1] + 1) + 1
            special = np.flatnonzero(np.isin(fine, np.fromiter(self.rewritten, np.int64)))
            cuts = np.unique(np.concatenate(([0], breaks, special, special + 1, [len(fine)])))
            for first, last in pairwise(cuts):
                record = int(fine[first])
                if record in self.rewritten:
                    out.write(self.rewritten[record] + b"\n")
                    continue
                begin, stop = int(self.start[record]), int(self.end[fine[last - 1]])
                handle.seek(begin)
                while begin < stop:
                    piece = handle.read(min(CHUNK, stop - begin))
                    out.write(piece)
                    begin += len(piece)
                out.write(b"\n")
        return fine


def _runs(start: NDArray[np.int64], end: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Merge neighbouring records (apart by one line end) into slices."""
    breaks = np.flatnonzero(start[1:] != end[:-1] + 1) + 1
    first = np.concatenate(([0], breaks))
    last = np.concatenate((breaks, [len(start)])) - 1
    return list(zip(start[first].tolist(), end[last].tolist(), strict=True))


def _keep(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask that drops the line ends which `_runs` left between merged records."""
    joint = np.concatenate((start[1:] == end[:-1] + 1, [False]))
    lengths = end - start + joint
    mask = np.ones(int(lengths.sum()), dtype=bool)
    mask[(np.cumsum(lengths) - 1)[joint]] = False
    return mask


def scan(path: Path, delimiter: str, width: int, skip: int, *, quoting: bool = True) -> Records:
    """Find the records of a UTF-8 text table with newline line ends.

    Parameters
    ----------
    path
        The file.
    delimiter
        One ASCII character.
    width
        Number of fields that a record must have.
    skip
        Records before the data: the header, and what stands above it.
    quoting
        Whether ``"`` quotes a field.
    """
    scanner = _Scanner(delimiter.encode(), width, quoting=quoting)
    offset = 0
    tail = b""
    with path.open("rb") as handle:
        while True:
            piece = handle.read(CHUNK)
            final = not piece
            block = tail + piece
            if final and block and not block.endswith(b"\n"):
                block += b"\n"
            used = scanner.feed(block, offset, final=final)
            tail = block[used:]
            offset += used
            if final:
                break
    return scanner.records(path, skip)


class _Scanner:
    """Collects records chunk by chunk; a chunk always begins at a record."""

    def __init__(self, delimiter: bytes, width: int, *, quoting: bool) -> None:
        self.delimiter = delimiter
        self.width = width
        self.quoting = quoting
        self.lines = 1
        self.parts: list[tuple[NDArray[np.int64], ...]] = []
        self.count = 0
        self.rewritten: dict[int, bytes] = {}
        self.patched = False
        d = re.escape(delimiter)
        one = rb'(?:"[^"]*(?:""[^"]*)*"|[^"' + d + rb"\n][^" + d + rb"\n]*|)"
        self._whole = re.compile(one + rb"(?:" + d + one + rb")*\n")

    def feed(self, block: bytes, offset: int, *, final: bool) -> int:
        """Take the whole records of ``block``; return how many bytes they are."""
        if not block:
            return 0
        if not self.quoting or b'"' not in block:
            return self._plain(block, offset)
        return self._quoted(block, offset, final=final)

    def _plain(self, block: bytes, offset: int) -> int:
        body = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(body == _NEWLINE)
        if not len(ends):
            return 0
        delimiters = np.flatnonzero(body == self.delimiter[0])
        fields = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
        lines = np.arange(self.lines, self.lines + len(ends))
        self.lines += len(ends)
        self._add(block, offset, ends, fields, lines)
        return int(ends[-1]) + 1

    def _quoted(self, block: bytes, offset: int, *, final: bool) -> int:
        body = np.frombuffer(block, dtype=np.uint8)
        quotes = np.flatnonzero(body == _QUOTE)
        newlines = np.flatnonzero(body == _NEWLINE)
        closed = np.searchsorted(quotes, newlines) % 2 == 0
        ends = newlines[closed]
        regular = len(ends) > 0
        if regular:
            used = int(ends[-1]) + 1
            inside = quotes[quotes < used]
            spans = np.diff(np.flatnonzero(closed), prepend=-1)
            regular = self._regular(body, inside) and int(spans.max()) <= MAX_RECORD_LINES
            rest = newlines[newlines >= used]
            regular = (
                regular and len(rest) <= MAX_RECORD_LINES and not (final and used < len(block))
            )
        if not regular:
            return self._careful(block, offset, final=final)
        delimiters = np.flatnonzero(body == self.delimiter[0])
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
        fields = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
        first = np.concatenate(([0], np.flatnonzero(closed)[:-1] + 1))
        self._add(block, offset, ends, fields, first + self.lines)
        self.lines += int(np.flatnonzero(closed)[-1]) + 1
        return used

    def _regular(self, body: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
        """Whether every field that has a quote begins and ends with one (RFC 4180)."""
        if len(quotes) % 2:
            return False
        opening, closing = quotes[::2], quotes[1::2]
        before = np.where(opening > 0, body[opening - 1], _NEWLINE)
        after = body[closing + 1]
        ok = (_NEWLINE, self.delimiter[0], _QUOTE)
        return bool(np.isin(before, ok).all() and np.isin(after, ok).all())

    def _careful(self, block: bytes, offset: int, *, final: bool) -> int:
        """Go line by line through a chunk with irregular quotes, losing one record at most."""
        ends: list[int] = []
        fields: list[int] = []
        lines: list[int] = []
        broken: list[int] = []
        rewritten: dict[int, bytes] = {}
        position = 0
        line = self.lines
        while position < len(block):
            stop = block.find(b"\n", position)
            if stop < 0:
                break
            text = block[position:stop]
            taken = 1
            if b'"' not in text:
                count = text.count(self.delimiter) + 1
            else:
                found = self._whole.match(block, position, position + MAX_RECORD_BYTES)
                taken = found.group().count(b"\n") if found else 0
                if found and taken <= MAX_RECORD_LINES:
                    stop = found.end() - 1
                    text = block[position:stop]
                    cells = next(csv.reader([text.decode()], delimiter=self.delimiter.decode()))
                    if taken > 1:
                        cells = self._cells(text)
                    count = len(cells)
                    rewritten[len(ends)] = self._rewrite(cells)
                else:
                    ahead = block.count(b"\n", position)
                    if not final and ahead <= MAX_RECORD_LINES and position > 0:
                        break
                    taken, count = 1, -1
                    broken.append(len(ends))
            ends.append(stop)
            fields.append(count)
            lines.append(line)
            line += taken
            position = stop + 1
        self.lines = line
        if ends:
            where = np.array(ends, dtype=np.int64)
            self._add(
                block, offset, where, np.array(fields), np.array(lines), set(broken), rewritten
            )
        return position

    def _cells(self, text: bytes) -> list[str]:
        rows = csv.reader(
            text.decode().splitlines(keepends=True), delimiter=self.delimiter.decode()
        )
        return [cell for row in rows for cell in row]

    def _rewrite(self, cells: list[str]) -> bytes:
        return self.delimiter.join(b'"' + c.replace('"', '""').encode() + b'"' for c in cells)

    def _add(
        self,
        block: bytes,
        offset: int,
        ends: NDArray[np.int64],
        fields: NDArray[np.int64],
        lines: NDArray[np.int64],
        broken: set[int] | None = None,
        rewritten: dict[int, bytes] | None = None,
    ) -> None:
        start = np.concatenate(([0], ends[:-1] + 1))
        fault = np.where(
            fields < self.width, TOO_FEW, np.where(fields > self.width, TOO_MANY, FINE)
        )
        if self.width > 2:
            fault[fields == 1] = NO_RECORD
        for index in broken or ():
            fault[index] = BROKEN_QUOTES
        keep = ends > start
        for index in np.flatnonzero(fault == TOO_MANY).tolist():
            # Empty fields too many are trailing delimiters, nothing more.
            extra = int(fields[index]) - self.width
            if block[ends[index] - extra : ends[index]] == self.delimiter * extra:
                fault[index] = FINE
        for index in np.flatnonzero(keep & (fault != FINE)).tolist():
            keep[index] = bool(block[start[index] : ends[index]].strip())
            self.patched |= not keep[index]
        new = np.cumsum(keep) - 1 + self.count
        for index, content in (rewritten or {}).items():
            if keep[index] and fault[index] == FINE:
                self.rewritten[int(new[index])] = content
        self.parts.append((start[keep] + offset, ends[keep] + offset, lines[keep], fault[keep]))
        self.count += int(keep.sum())

    def records(self, path: Path, skip: int) -> Records:
        """Return everything collected, without the first ``skip`` records."""
        empty = (np.empty(0, np.int64),) * 4
        columns = [np.concatenate(c)[skip:] for c in zip(*(self.parts or [empty]), strict=True)]
        start, end, line, fault = columns
        return Records(
            path,
            start,
            end,
            line,
            fault.astype(np.uint8),
            {i - skip: c for i, c in self.rewritten.items() if i >= skip},
            self.patched or bool(self.rewritten),
        )
