"""One text table with all that was found out about it, and the way of its rows into the engine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np

from clv.core import engine
from clv.core.errors import AmbiguousDateError, FileError
from clv.ingest.files import records as rec
from clv.ingest.files.date_order import Evidence, doubt, evidence_sql
from clv.ingest.files.dates import DateFormat, date_format, settle
from clv.ingest.files.dialect import SPACES, Dialect
from clv.ingest.orders.checks import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from clv.core.schema import Decision
    from clv.core.settings import DateOrder
    from clv.ingest.columns.matching import Match
    from clv.ingest.files.date_order import Style
    from clv.ingest.files.numbers import NumberFormat
    from clv.ingest.files.source import Source

#: Days, weeks or years that are counted: no date is written so.
_COUNT: Final = re.compile(r"\d{1,5}(?:\.0*)?")
_FAULTS: Final = {
    rec.TOO_FEW: NUMBER["too_few_fields"],
    rec.TOO_MANY: NUMBER["too_many_fields"],
    rec.BROKEN_QUOTES: NUMBER["broken_quotes"],
    rec.NO_RECORD: NUMBER["no_record"],
}


@dataclass
class Table:
    """One text table with all that was found out about it.

    Attributes
    ----------
    store
        The engine's table that its rows are appended to.
    kind
        Which of several related tables it is, for people; empty for a file of orders.
    first_row, rows
        Where its rows begin there, and how many there are.
    faults
        Records that were set aside, because their fields do not add up.
    notes
        Those of them that are no rows of the table.
    fine
        Indices of the other records; None where no record was set aside.
    decisions
        What could have been read otherwise in how the file is written.
    fill
        Query that reads the rows with their blank cells filled (`clv.ingest.orders.fill_down`);
        ``@rows`` stands for their reader. Empty where cells are read as they are.
    """

    source: Source
    dialect: Dialect
    match: Match
    dates: DateFormat
    numbers: NumberFormat
    text: Path
    delimiter: str
    store: str = "lines"
    kind: str = ""
    first_row: int = 0
    rows: int = 0
    faults: int = 0
    notes: int = 0
    records: rec.Records | None = None
    fine: NDArray[np.int64] | None = field(default=None)
    decisions: list[Decision] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    fill: str = ""

    @property
    def mapping(self) -> dict[str, str]:
        """Role → column name."""
        return self.match.mapping

    @property
    def titles(self) -> int:
        """Lines above the header."""
        return max(self.dialect.skip - self.dialect.header, 0)

    def index(self) -> rec.Records:
        """Return where each data record of the file lies (found on first need)."""
        if self.records is None:
            self.records = rec.scan(
                self.text,
                self.delimiter,
                len(self.dialect.columns),
                self.dialect.skip,
                quoting=self.dialect.quoting,
            )
        return self.records

    @property
    def inside(self) -> str:
        """SQL: whether a row of the store is one of this file."""
        return f"rowid >= {self.first_row} AND rowid < {self.first_row + self.rows}"

    def originals(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], pa.LargeStringArray]:
        """Return the lines on which some rows of the store begin, and their original text."""
        index = self.index()
        fine = len(index) if self.fine is None else len(self.fine)
        if fine != self.rows:
            msg = f"{self.source.name}: {fine} records, but {self.rows} rows."
            raise FileError(msg, "Export the file again.")
        where = ids - self.first_row
        where = where if self.fine is None else self.fine[where]
        return index.line[where], self.written(where)

    def written(self, records: NDArray[np.int64]) -> pa.LargeStringArray:
        """Return the original text of some records."""
        original = self.source.path if self.dialect.quotes else None
        return self.index().text(records, original)


def engine_text(source: Source, dialect: Dialect, spool: Path) -> tuple[Path, str]:
    """Return a table's text as the engine can read it, and its delimiter."""
    if dialect.delimiter == SPACES:
        return tabs(source.path, spool), "\t"
    if dialect.quotes:
        target = spool / f"{source.path.name}.quoted"
        dialect.quotes.rewrite(source.path, target)
        return target, dialect.delimiter
    return source.path, dialect.delimiter


def tabs(path: Path, spool: Path) -> Path:
    """Turn runs of blanks into one tab each."""
    target = spool / f"{path.name}.tabs"
    with path.open("rb") as handle, target.open("wb") as out:
        for line in handle:
            out.write(b"\t".join(line.split()) + b"\n")
    return target


def sample(dialect: Dialect, column: str) -> list[str]:
    """Return a column's first cells."""
    i = dialect.columns.index(column)
    return [row[i] for row in dialect.head if i < len(row)]


def choose_dates(
    source: Source,
    dialect: Dialect,
    column: str,
    order: DateOrder | None,
    cells: Sequence[str] | None = None,
) -> DateFormat:
    """Return how a date column is written, as far as the first rows tell.

    Parameters
    ----------
    cells
        Its first cells, where they are not simply those of the column.

    Raises
    ------
    FileError
        The column holds no dates.
    """
    cells = sample(dialect, column) if cells is None else cells
    result = date_format(cells, order)
    if result is None:
        if not any(cell.strip() for cell in cells):
            return DateFormat("iso")
        filled = [cell.strip() for cell in cells if cell.strip()]
        msg = f"{source.name}: the column `{column}` holds no dates; its first value is '{filled[0]}'."
        if all(_COUNT.fullmatch(cell) for cell in filled):
            msg = (
                f"{source.name}: the column `{column}` holds numbers such as {filled[0]}: day numbers, "
                "or years, are no calendar dates."
            )
            hint = "Turn them into dates first (the first day plus that many), or choose another column."
            raise FileError(msg, hint, "--map ordered_at=COLUMN")
        raise FileError(msg, "Choose the date column.", "--map ordered_at=COLUMN")
    return result


def date_evidence(con: duckdb.DuckDBPyConnection, cell: str, source: str) -> dict[Style, Evidence]:
    """Return what numeric dates tell of day and month, the most frequent style first."""
    rows = con.execute(evidence_sql(cell, source)).fetchall()
    return {(sep, short, clock): Evidence(*rest) for sep, short, clock, *rest in rows}


def outside_utc(table: Table, cell: str) -> bool:
    """Whether some time in a whole column is not said to be in UTC; counts of seconds are."""
    said = f"regexp_matches(lower(trim({cell})), '(?:z|utc|gmt|[+-]0+:?0*|^/date.*|^[0-9.]+)$')"
    source = _reader(table, lenient=True)
    with engine.connect() as con:
        return bool(
            engine.row(con, f"SELECT bool_or(trim({cell}) <> '' AND NOT {said}) FROM {source}")[0]
        )


def settle_dates(table: Table, name: str, found: DateFormat, cell: str = "") -> DateFormat:
    """Look through the whole column for a day above 12.

    Parameters
    ----------
    name
        The column.
    cell
        What is read in its place, as SQL.

    Raises
    ------
    AmbiguousDateError
        There is none: somebody must be asked.
    """
    with engine.connect() as con:
        evidence = date_evidence(con, cell or engine.name(name), _reader(table, lenient=True))
    settled = settle(found, evidence)
    if settled is not None:
        return settled
    why, options = doubt(evidence)
    msg = f"{table.source.name}: the dates in `{name}` can be read two ways: {why}"
    raise AmbiguousDateError(msg, "Say which it is.", options)


def _reader(
    table: Table, path: Path | None = None, skip: int | None = None, *, lenient: bool = False
) -> str:
    """Return the engine's reader over one file, every column as text."""
    skip = table.dialect.skip_lines if skip is None else skip
    return reader(table.dialect, path or table.text, table.delimiter, skip, lenient=lenient)


def whole(table: Table) -> str:
    """Return the engine's reader over all of a file, to look at; broken rows are passed over."""
    return _reader(table, lenient=True)


def reader(
    dialect: Dialect, path: Path, delimiter: str, skip: int, *, lenient: bool = False
) -> str:
    """Return the engine's reader over a text table, every column as text.

    Parameters
    ----------
    dialect
        Its columns and whether it has quotes.
    path, delimiter
        UTF-8 with newline line ends; one character.
    skip
        Lines to pass over.
    lenient
        Pass over rows that do not fit instead of failing.
    """
    quote = '"' if dialect.quoting else ""
    empty = r"['', '\N']" if dialect.nulls else "''"
    columns = ", ".join(f"{engine.text(c)}: 'VARCHAR'" for c in dialect.columns)
    found = (
        f"read_csv({engine.text(path)}, auto_detect=false, columns={{{columns}}}, "
        f"header=false, skip={skip}, delim={engine.text(delimiter)}, quote='{quote}', "
        f"escape='{quote}', nullstr={empty}, new_line='\\n', max_line_size=2097152, buffer_size=33554432, "
        f"{'ignore_errors=true, strict_mode=false' if lenient else 'strict_mode=true'})"
    )
    if not dialect.quotes:
        return found
    names = map(engine.name, dialect.columns)
    cells = ", ".join(f"{dialect.quotes.meant_sql(c)} AS {c}" for c in names)
    return f"(SELECT {cells} FROM {found})"


def append(
    con: duckdb.DuckDBPyConnection,
    number: int,
    table: Table,
    inserts: Sequence[str],
    spool: Path,
) -> None:
    """Append one file's rows to its store.

    A file whose records are all regular is read as it lies. At the first sign of a structural
    fault, records are found one by one, the broken ones set aside, and the rest read again.

    Parameters
    ----------
    number
        Of the file among all.
    inserts
        Statements that parse and check the rows, in the order in which they are tried: all but the
        last may give up (`clv.core.engine.give_up`). ``@source`` stands for the rows' reader.
    """
    table.first_row = _count(con, table)
    if table.fill:
        filled = table.fill.replace("@rows", "@source")
        inserts = [insert.replace("@source", filled) for insert in inserts]
    regular = not table.dialect.quoting and len(table.dialect.columns) > 1
    if regular:
        try:
            _insert(con, inserts, _reader(table))
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            regular = False
    if not regular:
        index = table.index()
        changed = index.patched or bool((index.fault != rec.FINE).any())
        if changed or len(index) == 0 or len(table.dialect.columns) == 1:
            clean = spool / f"clean-{number}.txt"
            table.fine = index.write_fine(clean)
            source = _reader(table, clean, 0)
        else:
            source = _reader(table, skip=int(index.line[0]) - 1)
        _insert_strict(con, table, inserts, source)
    table.rows = _count(con, table) - table.first_row


def _insert(con: duckdb.DuckDBPyConnection, inserts: Sequence[str], source: str) -> None:
    *quick, last = inserts
    for insert in quick:
        try:
            con.execute(insert.replace("@source", source))
        except duckdb.Error as error:
            if not engine.gave_up(error):
                raise
        else:
            return
    con.execute(last.replace("@source", source))


def _insert_strict(
    con: duckdb.DuckDBPyConnection, table: Table, inserts: Sequence[str], source: str
) -> None:
    index = table.index()
    before = _count(con, table)
    try:
        _insert(con, inserts, source)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        msg = f"{table.source.name} cannot be read as a table ({reason})."
        raise FileError(msg, "Export the file again as CSV.") from None
    wanted = len(index) if table.fine is None else len(table.fine)
    if _count(con, table) - before != wanted:
        msg = f"{table.source.name} cannot be read reliably: its quotes are too irregular."
        raise FileError(msg, "Export the file again with every text field in quotes.")
    table.faults = int((index.fault != rec.FINE).sum())
    table.notes = int((index.fault == rec.NO_RECORD).sum())


def _count(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    return int(engine.row(con, f"SELECT count(*) FROM {table.store}")[0])


def fault_codes(faults: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Translate record faults into check numbers."""
    lookup = np.zeros(5, dtype=np.uint8)
    for fault, code in _FAULTS.items():
        lookup[fault] = code
    return lookup[faults]
