"""Rows of a table with declared columns → the engine, each with its first failing check.

The store of a kind has a row per data row of its files, in their order: the declared columns, typed,
NULL where a file lacks them; ``odd``, how many optional cells hold something that cannot be read; and
``code`` and ``detail`` as the rows of orders have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.ingest.columns.kinds import RELATED
from clv.ingest.columns.matching import Match
from clv.ingest.files.date_sql import let
from clv.ingest.files.dates import DATE_RANGE, DateFormat, date_format, in_zone
from clv.ingest.files.numbers import NumberFormat
from clv.ingest.orders import amounts, rows, table
from clv.ingest.orders.checks import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from clv.core.settings import DateOrder, IngestOptions
    from clv.ingest.columns.kinds import Column, Kind, Opened

    Format = DateFormat | NumberFormat | None

_TYPES: Final = {"text": "VARCHAR", "number": "DOUBLE", "time": "TIMESTAMP"}
_DAY_MONTH: Final = ("dmy", "mdy", "ymd")


class Companion:
    """One file of a kind, ready to be read.

    Parameters
    ----------
    hint
        How numeric dates are written in a table beside it, for columns that do not tell.

    Raises
    ------
    AmbiguousDateError
        Day and month cannot be told apart in a column that is needed.
    AmbiguousAmountError
        Nor thousands from decimals.
    FileError
        A column of dates that is needed holds none.
    """

    def __init__(
        self,
        kind: Kind,
        opened: Opened,
        options: IngestOptions,
        spool: Path,
        hint: DateOrder | None = None,
    ) -> None:
        source, dialect = opened
        self.kind = kind
        mapping = kind.found(dialect.columns)
        text, delimiter = table.engine_text(source, dialect, spool)
        match = Match(RELATED, mapping)
        self.table = table.Table(
            *(source, dialect, match, DateFormat("iso"), NumberFormat(), text, delimiter),
            store=kind.store,
            kind=kind.name,
        )
        self.formats: dict[str, Format] = {}
        for name, column in kind.columns.items():
            if name in mapping and column.kind == "number":
                self.formats[name] = self._numbers(mapping[name], column, options)
            elif name in mapping and column.kind == "time":
                dated = self._dates(name, column, options.date_order or hint)
                self.formats[name] = in_zone(dated, options.timezone) if dated else None
                hint = hint or self.order
        dates = [f for f in self.formats.values() if isinstance(f, DateFormat)]
        money = [self.formats[n] for n, c in kind.columns.items() if c.kind == "number" and c.fault]
        written = [f for f in money if isinstance(f, NumberFormat)]
        self.table.dates = next(iter(dates), self.table.dates)
        self.table.numbers = next(iter(written), self.table.numbers)

    @property
    def order(self) -> DateOrder | None:
        """How its numeric dates are written; None where it has none."""
        kinds = [f.kind for f in self.formats.values() if isinstance(f, DateFormat)]
        return next((k for k in kinds if k in _DAY_MONTH), None)

    def _dates(self, name: str, column: Column, order: DateOrder | None) -> DateFormat | None:
        written = self.table.mapping[name]
        if not column.fault:
            return date_format(table.sample(self.table.dialect, written), order)
        found = table.choose_dates(self.table.source, self.table.dialect, written, order)
        return table.settle_dates(self.table, written, found) if found.ambiguous else found

    def _numbers(self, written: str, column: Column, options: IngestOptions) -> NumberFormat:
        if column.fault:
            return amounts.settle(self.table, [written], options)
        return amounts.choose(self.table.dialect, [written], options)

    def load(self, con: duckdb.DuckDBPyConnection, number: int, spool: Path) -> None:
        """Append the file's rows to the store of its kind."""
        inserts = [
            f"INSERT INTO {self.kind.store} {self._select(number, common=common)}"
            for common in rows.attempts(self.table)
        ]
        table.append(con, number, self.table, inserts, spool)

    def _select(self, number: int, *, common: bool) -> str:
        """Return the query that parses and checks the file; ``@source`` stands for its reader."""
        cells = {name: self._cell(name, common=common) for name in self.kind.columns}
        raws = {name: self._raw(name) for name in self.kind.columns}
        checked = {n: c for n, c in self.kind.columns.items() if c.fault}
        codes = " ".join(f"WHEN {n} IS NULL THEN {NUMBER[c.fault]}" for n, c in checked.items())
        details = " ".join(
            f"WHEN {n} IS NULL THEN {self._detail(n, c)}" for n, c in checked.items()
        )
        odd = " + ".join(
            f"({n} IS NULL AND coalesce(trim(raw_{n}), '') <> '')::UTINYINT"
            for n, c in self.kind.columns.items()
            if not c.fault and c.kind != "text"
        )
        inner = ", ".join(
            [f"{sql} AS {n}" for n, sql in cells.items()]
            + [f"{sql} AS raw_{n}" for n, sql in raws.items()]
        )
        return (
            f"SELECT {number}, {', '.join(cells)}, {odd or '0'}, "
            f"CASE {codes} ELSE 0 END, CASE {details} END FROM (SELECT {inner} FROM @source)"
        )

    def _raw(self, name: str) -> str:
        return engine.name(self.table.mapping[name]) if name in self.table.mapping else "NULL"

    def _cell(self, name: str, *, common: bool) -> str:
        """Return SQL: the cell as a value, NULL where it cannot be read."""
        raw, found, kind = self._raw(name), self.formats.get(name), self.kind.columns[name].kind
        if kind == "text" and name in self.table.mapping:
            return rows.trimmed(raw)
        if isinstance(found, DateFormat):
            low, high = DATE_RANGE
            inside = f"__moment >= TIMESTAMP '{low}' AND __moment < TIMESTAMP '{high}'"
            return let(
                found.sql(raw, common=common), "__moment", f"CASE WHEN {inside} THEN __moment END"
            )
        if isinstance(found, NumberFormat):
            read = found.sql(raw, common=common)
            return f"CASE WHEN abs({read}) < {rows.MOST} THEN {read} END"
        return f"NULL::{_TYPES[kind]}"

    def _detail(self, name: str, column: Column) -> str:
        """Return SQL: what is wrong with the cell, in words that begin the reason."""
        quoted = engine.text(f"`{self.table.mapping.get(name, name)}`")
        if column.kind == "text":
            return f"{quoted} || ' is empty'"
        what = "a date" if column.kind == "time" else "a number"
        return (
            f"CASE WHEN coalesce(trim(raw_{name}), '') = '' THEN {quoted} || ' is empty' "
            f"ELSE {quoted} || ' is ''' || left(raw_{name}, 60) || ''', not {what}' END"
        )


def create(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Make the empty store of a kind."""
    columns = ", ".join(f"{name} {_TYPES[c.kind]}" for name, c in kind.columns.items())
    con.execute(
        f"CREATE TABLE {kind.store} (file UTINYINT, {columns}, odd UTINYINT, code UTINYINT, "
        "detail VARCHAR)"
    )


def reject(
    con: duckdb.DuckDBPyConnection, kind: Kind, code: str, where: str, detail: str = "NULL"
) -> None:
    """Give the rows of a store that are still accepted and meet a condition a code.

    Parameters
    ----------
    where, detail
        SQL over the store, called ``t``.
    """
    con.execute(
        f"UPDATE {kind.store} AS t SET code = {NUMBER[code]}, detail = {detail} "
        f"WHERE code = 0 AND ({where})"
    )


def reject_repeats(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Reject rows whose key an earlier accepted row has; a key with a gap repeats nothing."""
    if not kind.key:
        return
    keys = ", ".join(kind.key)
    whole = " AND ".join(f"{k} IS NOT NULL" for k in kind.key)
    same = " AND ".join(f"r.{k} = t.{k}" for k in kind.key)
    said = " || ', ' || ".join(f"'{k} ' || t.{k}" for k in kind.key)
    con.execute(
        f"UPDATE {kind.store} AS t SET code = {NUMBER['repeated_key']}, detail = {said} FROM ("
        f"SELECT {keys}, min(rowid) AS first FROM {kind.store} WHERE code = 0 AND {whole} "
        f"GROUP BY {keys} HAVING count(*) > 1) r WHERE t.code = 0 AND {same} AND t.rowid <> r.first"
    )


def unreadable(con: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> int:
    """Return how many optional cells hold something that cannot be read."""
    counts = " + ".join(f"(SELECT coalesce(sum(odd), 0) FROM {k.store})" for k in kinds)
    return int(engine.row(con, f"SELECT {counts}")[0])
