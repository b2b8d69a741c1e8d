"""A table of two columns beside the orders: who or what, and a figure. Read with the same means as orders.

Any delimiter and encoding, ids as text; every row counts, or is rejected with its line, its reason and
its text.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np
import pyarrow as pa

from clv.core import engine
from clv.core.errors import FileError, LayoutError, did_you_mean
from clv.core.orders import REJECTS
from clv.ingest.columns.names import normalise
from clv.ingest.files import records
from clv.ingest.files.source import Source, open_sources
from clv.ingest.orders.table import engine_text, reader, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from clv.core.types import Places
    from clv.ingest.files.dialect import Dialect

    #: A rejected record: which of the unbroken ones it is, the code of the check, the reason.
    Rejected = tuple[int, str, str]

_CODES: Final = {
    records.TOO_FEW: "too_few_fields",
    records.TOO_MANY: "too_many_fields",
    records.BROKEN_QUOTES: "broken_quotes",
}


@dataclass(frozen=True)
class Wanted:
    """A column that such a table must have.

    Attributes
    ----------
    name
        What we call it.
    synonyms
        Names of it as `clv.ingest.columns.names.normalise` writes them; the best first.
    """

    name: str
    synonyms: Sequence[str]


@dataclass(frozen=True, eq=False)
class TwoColumns:
    """A table whose records are known, and its two columns.

    Attributes
    ----------
    name
        Of the file, as the user knows it.
    who, figure
        The two columns as they are called in the file.
    """

    name: str
    who: str
    figure: str
    hint: str
    _dialect: Dialect
    _rows: str
    _records: records.Records
    _unbroken: Places

    @property
    def rows(self) -> int:
        """Data rows of the file."""
        return len(self._records)

    @property
    def unbroken(self) -> int:
        """Data rows whose fields add up."""
        return len(self._unbroken)

    @property
    def delimiter(self) -> str:
        """What parts the columns."""
        return self._dialect.delimiter

    @property
    def cells(self) -> str:
        """SQL of the unbroken rows in their order: ``who`` and ``figure``, trimmed, empty for none."""
        who, figure = (f"coalesce(trim({engine.name(c)}), '')" for c in (self.who, self.figure))
        return f"SELECT {who} AS who, {figure} AS figure FROM {self._rows}"

    def figures(self) -> list[str]:
        """Return the first figures, as they stand there."""
        return sample(self._dialect, self.figure)

    def line(self, row: int) -> int:
        """Return in which line of the file an unbroken row begins."""
        return int(self._records.line[self._unbroken[row]])

    def execute(self, con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
        """Run SQL that reads the rows.

        Raises
        ------
        FileError
            The engine can't read them.
        """
        try:
            return con.execute(sql)
        except duckdb.Error as error:
            msg = f"{self.name} cannot be read as a table ({str(error).splitlines()[0]})."
            raise FileError(msg, self.hint) from None

    def rejects(self, rejected: Sequence[Rejected]) -> pa.Table:
        """Return the rejected rows, broken ones as well, with line and text, in the order of the file."""
        reasons = [(int(self._unbroken[i]), code, reason) for i, code, reason in rejected]
        for i in np.flatnonzero(self._records.fault != records.FINE).tolist():
            fault = int(self._records.fault[i])
            reasons.append((i, _CODES[fault], _broken(fault, len(self._dialect.columns))))
        reasons.sort()
        where = np.array([i for i, *_ in reasons], dtype=np.int64)
        columns = (
            pa.array([self.name] * len(reasons), pa.string()),
            pa.array(self._records.line[where], pa.int64()),
            pa.array([code for _, code, _ in reasons], pa.string()),
            pa.array([reason for *_, reason in reasons], pa.string()),
            self._records.text(where).cast(pa.string()),
        )
        return pa.table(dict(zip(REJECTS, columns, strict=True)))


def how_to_write(who: Wanted, figure: Wanted) -> str:
    """Say how to make such a table: what messages of files say is of any, their hints are of orders."""
    return f"Write a table with two columns, {who.name} and {figure.name}, as CSV."


@contextmanager
def opened(
    path: Path,
    name: str,
    who: Wanted,
    figure: Wanted,
    detect: Callable[[Source], Dialect],
    *,
    of: str,
) -> Iterator[TwoColumns]:
    """Open a file that holds such a table alone.

    Parameters
    ----------
    detect
        Tells how the table is written.
    of
        What it holds, for who uploads several.

    Raises
    ------
    FileError
        Not a table, or several.
    LayoutError
        The columns cannot be told.
    """
    hint = how_to_write(who, figure)
    with TemporaryDirectory(prefix="clv-side-") as folder:
        spool = Path(folder)
        try:
            sources = open_sources(path, spool, name=name)
            dialect = detect(sources[0])
        except FileError as error:
            raise FileError(error.message, hint) from None
        if len(sources) > 1:
            msg = f"{name} holds {len(sources)} tables."
            raise FileError(msg, f"Upload the one with the {of} alone.")
        columns = _columns(name, dialect.columns, (who, figure), hint)
        text, delimiter = engine_text(sources[0], dialect, spool)
        width = len(dialect.columns)
        index = records.scan(text, delimiter, width, dialect.skip, quoting=dialect.quoting)
        clean = spool / "clean.txt"
        unbroken = index.write_fine(clean)
        rows = reader(dialect, clean, delimiter, 0)
        yield TwoColumns(name, *columns, hint, dialect, rows, index, unbroken)


def _columns(
    name: str, columns: Sequence[str], wanted: tuple[Wanted, Wanted], hint: str
) -> tuple[str, str]:
    """Return which column is what; of two columns the other one is the other one."""
    by_name = {normalise(c): c for c in reversed(columns)}
    who, figure = (next((by_name[n] for n in w.synonyms if n in by_name), None) for w in wanted)
    if len(columns) == 2:
        # Of two unknown ones the first says who.
        who = who or next((c for c in columns if c != figure), None)
        figure = figure or next((c for c in columns if c != who), None)
    if who and figure:
        return who, figure
    missing = [w.name for w, column in zip(wanted, (who, figure), strict=True) if not column]
    what = " and ".join(f"`{m}`" for m in missing)
    msg = f"{name} has no column {what}.{did_you_mean(missing[0], columns)}"
    raise LayoutError(msg, f"Its columns: {', '.join(columns)}. {hint}", missing=missing)


def _broken(fault: int, columns: int) -> str:
    """Say what is wrong with a record that does not fit the table."""
    if fault == records.BROKEN_QUOTES:
        return "A quote is not closed. Close it, or write a quote inside as two."
    size = "few" if fault == records.TOO_FEW else "many"
    remedy = (
        "A field is missing."
        if fault == records.TOO_FEW
        else "A field with the delimiter in it, such as a decimal comma, needs quotes."
    )
    return f"Too {size} fields: {columns} are expected. {remedy}"
