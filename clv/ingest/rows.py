"""One text table → rows of the engine's ``lines`` table, each with its first failing check.

``lines`` holds every data row of every file, in order; ``rowid`` is its position. ``code`` is 0 for
accepted rows, else the number of the check (see `clv.ingest.checks`); ``detail`` the value at fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np

from clv import engine
from clv.errors import AmbiguousDateError, FileError
from clv.ingest import labels
from clv.ingest import records as rec
from clv.ingest.checks import NUMBER
from clv.ingest.dialect import SPACES, Dialect
from clv.ingest.layouts import CANCELLED, REFUNDED, UNPAID
from clv.ingest.values import (
    DATE_RANGE,
    DateFormat,
    NumberFormat,
    currency_sql,
    date_format,
    number_format,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from clv.ingest.matching import Match
    from clv.ingest.source import Source
    from clv.settings import IngestOptions

#: Column of ``lines`` → its type, and what it holds if no file fills it.
_COLUMNS: Final = {
    "file": ("UTINYINT", "0"),
    "customer_id": ("VARCHAR", ""),
    "order_id": ("VARCHAR", "NULL"),
    "ordered_at": ("TIMESTAMP", ""),
    "revenue": ("DOUBLE", ""),
    "items": ("DOUBLE", "NULL"),
    "product": ("VARCHAR", "NULL"),
    "currency": ("VARCHAR", "NULL"),
    "cancel": ("BOOLEAN", "false"),
    "fingerprint": ("UBIGINT", ""),
    "code": ("UTINYINT", ""),
    "detail": ("VARCHAR", ""),
}
_MISSING: Final = ("nan", "null", "none", "n/a", "#n/a", "<na>", "na", "\\n")
#: No amount and no quantity is this large: beyond it cents are lost, and so is the file's sense.
_MOST: Final = "1e15"
#: Parsed column → role of the cell it comes from.
_AMOUNTS: Final = {
    "value": "revenue",
    "items": "items",
    "unit_price": "unit_price",
    "refunded": "refunded",
}
_FAULTS: Final = {
    rec.TOO_FEW: NUMBER["too_few_fields"],
    rec.TOO_MANY: NUMBER["too_many_fields"],
    rec.BROKEN_QUOTES: NUMBER["broken_quotes"],
}


@dataclass
class Table:
    """One text table with all that was found out about it."""

    source: Source
    dialect: Dialect
    match: Match
    dates: DateFormat
    numbers: NumberFormat
    text: Path
    delimiter: str
    first_row: int = 0
    rows: int = 0
    faults: int = 0
    records: rec.Records | None = None
    fine: NDArray[np.int64] | None = field(default=None)
    labels: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """Role → column name."""
        return self.match.mapping

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


def create(con: duckdb.DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str]) -> None:
    """Make the empty table ``lines`` for these files, with a column for every label.

    A column that no file fills is generated: it takes neither time nor room.
    """
    filled = {"file"} if len(tables) > 1 else set()
    for table in tables:
        filled.update(table.mapping, _signs(table))
        if table.match.layout.cancel_prefix:
            filled.add("cancel")
    kinds = {c: kind for c, (kind, rest) in _COLUMNS.items() if not rest or c in filled}
    kinds |= {labels.column(i): "VARCHAR" for i in range(len(names))}
    made = {c: f"{kind} AS ({rest})" for c, (kind, rest) in _COLUMNS.items() if c not in kinds}
    columns = ", ".join(f"{c} {kind}" for c, kind in (kinds | made).items())
    con.execute(f"CREATE TABLE lines ({columns})")
    for table in tables:
        table.labels, table.stored = tuple(names), tuple(kinds)


def prepare(
    source: Source, dialect: Dialect, found: Match, options: IngestOptions, spool: Path
) -> Table:
    """Choose the date and amount formats of one file, and make its text ready for the engine.

    Raises
    ------
    AmbiguousDateError
        Day and month cannot be told apart anywhere in the column.
    FileError
        The date column holds no dates.
    """
    text, delimiter = source.path, dialect.delimiter
    if delimiter == SPACES:
        text, delimiter = tabs(source.path, spool), "\t"
    dates = choose_dates(source, dialect, found, options)
    table = Table(
        source, dialect, found, dates, choose_numbers(dialect, found, options), text, delimiter
    )
    if dates.ambiguous:
        table.dates = _settle(table)
    return table


def tabs(path: Path, spool: Path) -> Path:
    """Turn runs of blanks into one tab each."""
    target = spool / f"{path.name}.tabs"
    with path.open("rb") as handle, target.open("wb") as out:
        for line in handle:
            out.write(b"\t".join(line.split()) + b"\n")
    return target


def _sample(dialect: Dialect, column: str) -> list[str]:
    i = dialect.columns.index(column)
    return [row[i] for row in dialect.head if i < len(row)]


def choose_dates(
    source: Source, dialect: Dialect, found: Match, options: IngestOptions
) -> DateFormat:
    """Return how the date column is written, as far as the first rows tell.

    Raises
    ------
    FileError
        The column holds no dates.
    """
    column = found.mapping["ordered_at"]
    sample = _sample(dialect, column)
    result = date_format(sample, options.date_order)
    if result is None:
        if not any(cell.strip() for cell in sample):
            return DateFormat("iso")
        example = next(cell for cell in sample if cell.strip())
        msg = (
            f"{source.name}: the column `{column}` holds no dates; its first value is '{example}'."
        )
        raise FileError(msg, "Choose the date column.", "--map ordered_at=COLUMN")
    return result


def choose_numbers(dialect: Dialect, found: Match, options: IngestOptions) -> NumberFormat:
    """Return how the amounts are written, as far as the first rows tell."""
    roles = [r for r in ("revenue", "unit_price", "refunded") if r in found.mapping]
    cells = [cell for role in roles for cell in _sample(dialect, found.mapping[role])]
    return number_format(cells, options.decimal, semicolons=dialect.delimiter == ";")


def _settle(table: Table) -> DateFormat:
    """Look through the whole column for a day above 12; without one, ask."""
    column = table.mapping["ordered_at"]
    parts = "regexp_extract_all(split_part(trim(c), ' ', 1), '\\d{1,2}')"
    with engine.connect() as con:
        first, second, example_first, example_second = engine.row(
            con,
            "SELECT max(p[1]::INT), max(p[2]::INT), arg_max(c, p[1]::INT), arg_max(c, p[2]::INT) "
            f"FROM (SELECT c, {parts} AS p FROM (SELECT {engine.name(column)} AS c "
            f"FROM {_reader(table, lenient=True)})) WHERE len(p) >= 3",
        )
    first, second = first or 0, second or 0
    separator, short = table.dates.separator, table.dates.short_year
    if first > 12 >= second:
        return DateFormat("dmy", separator, short)
    if second > 12 >= first:
        return DateFormat("mdy", separator, short)
    if first > 12:
        why = f"'{example_first}' has the day first, '{example_second}' the month."
    else:
        example = next(c.strip() for c in _sample(table.dialect, column) if c.strip())
        why = f"'{example}' is day-month or month-day, and no value in the file decides it."
    msg = f"{table.source.name}: the dates in `{column}` can be read two ways: {why}"
    raise AmbiguousDateError(msg, "Say which it is.", "--date-order dmy or --date-order mdy")


def _reader(
    table: Table, path: Path | None = None, skip: int | None = None, *, lenient: bool = False
) -> str:
    """Return the engine's reader over one file, every column as text."""
    skip = table.dialect.skip_lines if skip is None else skip
    return reader(table.dialect, path or table.text, table.delimiter, skip, lenient=lenient)


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
    columns = ", ".join(f"{engine.text(c)}: 'VARCHAR'" for c in dialect.columns)
    return (
        f"read_csv({engine.text(path)}, auto_detect=false, columns={{{columns}}}, "
        f"header=false, skip={skip}, delim={engine.text(delimiter)}, quote='{quote}', "
        f"escape='{quote}', nullstr='', new_line='\\n', max_line_size=2097152, buffer_size=33554432, "
        f"{'ignore_errors=true, strict_mode=false' if lenient else 'strict_mode=true'})"
    )


def load(
    con: duckdb.DuckDBPyConnection, number: int, table: Table, latest: date, spool: Path
) -> None:
    """Append one file's rows to ``lines``.

    A file whose records are all regular is read as it lies. At the first sign of a structural
    fault, records are found one by one, the broken ones set aside, and the rest read again.
    """
    table.first_row = _count(con)
    insert = f"INSERT INTO lines ({', '.join(table.stored)}) {_select(number, table, latest)}"
    regular = not table.dialect.quoting and len(table.dialect.columns) > 1
    if regular:
        try:
            con.execute(insert.replace("@source", _reader(table)))
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
        _insert_strict(con, table, insert, source)
    table.rows = _count(con) - table.first_row


def _insert_strict(con: duckdb.DuckDBPyConnection, table: Table, insert: str, source: str) -> None:
    index = table.index()
    before = _count(con)
    try:
        con.execute(insert.replace("@source", source))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        msg = f"{table.source.name} cannot be read as a table ({reason})."
        raise FileError(msg, "Export the file again as CSV.") from None
    wanted = len(index) if table.fine is None else len(table.fine)
    if _count(con) - before != wanted:
        msg = f"{table.source.name} cannot be read reliably: its quotes are too irregular."
        raise FileError(msg, "Export the file again with every text field in quotes.")
    table.faults = int((index.fault != rec.FINE).sum())


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(engine.row(con, "SELECT count(*) FROM lines")[0])


def _cell(table: Table, role: str) -> str:
    return engine.name(table.mapping[role]) if role in table.mapping else "NULL"


def _one_of(value: str, choices: Sequence[str]) -> str:
    return f"{value} IN ({', '.join(map(engine.text, choices))})"


def _text(column: str) -> str:
    """Return trimmed text, NULL where it is blank or stands for nothing."""
    plain = f"{column} >= '0' AND {column} < ':' AND NOT contains({column}, ' ')"
    return (
        f"(CASE WHEN {plain} THEN {column} "
        f"WHEN length({column}) <= 5 AND {_one_of(f'lower(trim({column}))', _MISSING)} THEN NULL "
        f"ELSE nullif(trim({column}), '') END)"
    )


def _select(number: int, table: Table, latest: date) -> str:
    """Return the query that parses and checks one file; ``@source`` stands for its reader.

    From the inside out: cells are parsed once; values out of range become NULL; the first failing
    check gives the code; the cell at fault goes along with it.
    """
    low, high = DATE_RANGE
    fillable = "order_id IS NOT NULL" if table.match.layout.one_total else "false"
    return f"""
        SELECT {", ".join(table.stored)} FROM (SELECT *, {number} AS file, CASE code
                WHEN 0 THEN NULL
                WHEN {NUMBER["unreadable_date"]} THEN coalesce(raw_date, '')
                WHEN {NUMBER["future_date"]} THEN raw_date
                WHEN {NUMBER["unreadable_number"]} THEN wrong
            END AS detail
        FROM (SELECT *, CASE
                WHEN customer_id IS NULL AND NOT ({fillable}) THEN {NUMBER["missing_customer"]}
                WHEN ordered_at IS NULL AND NOT ({fillable} AND coalesce(trim(raw_date), '') = '')
                    THEN {NUMBER["unreadable_date"]}
                WHEN wrong IS NOT NULL THEN {NUMBER["unreadable_number"]}
                WHEN ordered_at >= DATE '{latest}' + INTERVAL 1 DAY THEN {NUMBER["future_date"]}
                ELSE {_status(table)} END::UTINYINT AS code
            FROM (SELECT *, {_revenue(table)} AS revenue, {_wrong(table)} AS wrong
                FROM (SELECT * REPLACE (
                        CASE WHEN ordered_at >= TIMESTAMP '{low}' AND ordered_at < TIMESTAMP '{high}'
                            THEN ordered_at END AS ordered_at,
                        CASE WHEN abs(value) < {_MOST} THEN value END AS value,
                        CASE WHEN abs(items) < {_MOST} THEN items END AS items,
                        CASE WHEN abs(unit_price) < {_MOST} THEN unit_price END AS unit_price,
                        CASE WHEN abs(refunded) < {_MOST} THEN refunded END AS refunded)
                    FROM (SELECT {_parsed(table)} FROM @source)))))
    """


def _parsed(table: Table) -> str:
    """Return the select list that reads every cell once."""
    customer = _text(_cell(table, "customer_id"))
    if "customer_fallback" in table.mapping:
        fallback = _text(_cell(table, "customer_fallback"))
        customer = f"coalesce(nullif({customer}, '0'), {fallback})"
    order_id = _text(_cell(table, "order_id")) if "order_id" in table.mapping else "NULL::VARCHAR"
    prefix = table.match.layout.cancel_prefix
    starts = f"coalesce(starts_with(upper({order_id}), {engine.text(prefix)}), false)"
    texts = {
        role: _text(_cell(table, role)) if role in table.mapping else "NULL::VARCHAR"
        for role in ("product", "currency", "cancelled_at")
    }
    amounts = {
        name: table.numbers.sql(_cell(table, role)) if role in table.mapping else "NULL::DOUBLE"
        for name, role in _AMOUNTS.items()
    }
    columns = {
        "customer_id": customer,
        "order_id": order_id,
        "ordered_at": table.dates.sql(_cell(table, "ordered_at")),
        **amounts,
        **texts,
        **_signs(table),
        "cancel": starts if prefix else "false",
        "status": f"regexp_replace(lower({_cell(table, 'status')}), '^wc-|[^a-z]', '', 'g')"
        if "status" in table.mapping
        else "NULL",
        "fingerprint": f"hash({', '.join(engine.name(c) for c in table.dialect.columns)})",
        "raw_date": _cell(table, "ordered_at"),
        **{f"raw_{name}": _cell(table, role) for name, role in _AMOUNTS.items()},
        **{labels.column(i): _label(table, name) for i, name in enumerate(table.labels)},
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _label(table: Table, name: str) -> str:
    """Return a label's cell; of several files, not all need to have the column."""
    present = name.lower() in {c.lower() for c in table.dialect.columns}
    return _text(engine.name(name)) if present else "NULL::VARCHAR"


def _signs(table: Table) -> dict[str, str]:
    """Return the currency written beside the amounts, where no column names it."""
    role = "revenue" if "revenue" in table.mapping else "unit_price"
    if "currency" in table.mapping or table.numbers.plain or role not in table.mapping:
        return {}
    return {"currency": f"nullif({currency_sql(_cell(table, role))}, '')"}


def _revenue(table: Table) -> str:
    value = "items * unit_price"
    if "revenue" in table.mapping:
        value = "value"
    return f"{value} - coalesce(refunded, 0)" if "refunded" in table.mapping else value


def _wrong(table: Table) -> str:
    """Return SQL: the text of the first cell that should hold an amount and does not, else NULL."""
    priced = "revenue" not in table.mapping and "unit_price" in table.mapping
    needed = {
        "value": not table.match.layout.one_total,
        "items": priced,
        "unit_price": priced,
        "refunded": False,
    }
    cases = []
    for name, required in needed.items():
        if _AMOUNTS[name] not in table.mapping or (name == "unit_price" and not priced):
            continue
        blank = "" if required else f" AND coalesce(trim(raw_{name}), '') <> ''"
        cases.append(f"WHEN {name} IS NULL{blank} THEN coalesce(raw_{name}, '')")
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _status(table: Table) -> str:
    """Return SQL: the check number that the order's status calls for, or 0."""
    cases = []
    if "refunded" in table.mapping:
        gone = "refunded > 0 AND value - refunded < 0.005"
        cases.append(f"WHEN {gone} THEN {NUMBER['refunded']}")
    if "cancelled_at" in table.mapping:
        cases.append(f"WHEN cancelled_at IS NOT NULL THEN {NUMBER['cancelled']}")
    if "status" in table.mapping:
        for code, names in (("cancelled", CANCELLED), ("unpaid", UNPAID), ("refunded", REFUNDED)):
            cases.append(f"WHEN {_one_of('status', names)} THEN {NUMBER[code]}")
    return f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"


def fault_codes(faults: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Translate record faults into check numbers."""
    lookup = np.zeros(4, dtype=np.uint8)
    for fault, code in _FAULTS.items():
        lookup[fault] = code
    return lookup[faults]
