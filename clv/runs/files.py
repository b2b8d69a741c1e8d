"""Files that are there as a whole or not at all: JSON objects, and tables as CSV or Parquet."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import pyarrow as pa

from clv.core import engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    import duckdb

Rows: TypeAlias = pa.Table | Sequence[Mapping[str, Any]]

#: Cells that a spreadsheet would run as a formula get an apostrophe in front.
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_FORMULA: Final = ", ".join(f"chr({ord(start)})" for start in _STARTS)
#: Rows that are turned into CSV in one piece, and pieces that may wait to be written.
_CSV_ROWS: Final = 8192
_CSV_PIECES: Final = 8


def now() -> str:
    """Return the current time in UTC, ISO 8601, microseconds: sortable."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a hidden name to write under; what is there at a clean end takes the target's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def read_json(path: Path) -> Any:  # noqa: ANN401 - the caller knows its shape (`clv.core.schema`)
    """Read one JSON object.

    Raises
    ------
    ValueError
        The file holds something else.
    """
    result = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(result, dict):
        msg = f"{path} holds no JSON object."
        raise ValueError(msg)  # noqa: TRY004 - as where it holds no JSON at all
    return result


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write one JSON object, readable by people; NaN is refused."""
    body = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(body + "\n", encoding="utf-8")


def replace_json(path: Path, content: Mapping[str, object]) -> None:
    """Put one JSON object in the place of another, all at once; it outlasts a loss of power."""
    with whole(path) as partial:
        write_json(partial, content)
        flush(partial)
    flush(path.parent)


def flush(path: Path) -> None:
    """See to it that a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def safe_cells(columns: Mapping[str, str], prefix: str = "") -> str:
    """Return an SQL select list in which no text cell starts a spreadsheet formula."""
    cells = []
    for column, kind in columns.items():
        source = f"{prefix}{engine.name(column)}"
        if kind == "VARCHAR":
            test = f"{source}[1] IN ({_FORMULA})"
            source = f"CASE WHEN {test} THEN '''' || {source} ELSE {source} END"
        cells.append(f"{source} AS {engine.name(column)}")
    return ", ".join(cells)


def write_csv(
    con: duckdb.DuckDBPyConnection,
    source: str,
    columns: Mapping[str, str],
    target: Path | BinaryIO,
    order: str = "",
) -> None:
    """Write a table, view or query as CSV, formula cells neutralised: the only writer there is.

    UTF-8, text in quotes, numbers such that they read back to the last bit.

    Parameters
    ----------
    con
        What knows the source.
    source
        Of which the columns are taken; ``t`` in ``order``.
    columns
        Name → SQL type, in the order of the file.
    target
        A file, which is there as a whole or not at all; or something open.
    order
        SQL expressions to sort by, of the cells as they were.
    """
    table = source if source.isidentifier() else f"({source})"
    ordered = f" ORDER BY {order}" if order else ""
    rows = con.sql(f"SELECT {safe_cells(columns, 't.')} FROM {table} AS t{ordered}")
    if isinstance(target, Path):
        with whole(target) as partial, partial.open("wb") as out:
            _write(rows, out)
    else:
        _write(rows, target)


def _write(rows: duckdb.DuckDBPyRelation, out: BinaryIO) -> None:
    """Write rows: the engine makes them, Arrow the text, in half the engine's time; two at once."""
    from pyarrow import csv  # noqa: PLC0415 - most processes write none

    style = csv.WriteOptions(include_header=False)

    def text_of(batch: pa.RecordBatch) -> pa.Buffer:
        sink = pa.BufferOutputStream()
        csv.write_csv(batch, sink, style)
        return sink.getvalue()

    with ThreadPoolExecutor(2) as pool:
        out.write((",".join(_heading(column) for column in rows.columns) + "\n").encode())
        pieces: deque[Future[pa.Buffer]] = deque()
        for batch in rows.to_arrow_reader(_CSV_ROWS):
            pieces.append(pool.submit(text_of, batch))
            if len(pieces) > _CSV_PIECES:
                out.write(pieces.popleft().result())
        out.writelines(piece.result() for piece in pieces)


def _heading(name: str) -> str:
    """Return a column's name as a CSV cell: neutralised, in quotes only if it needs them."""
    safe = f"'{name}" if name.startswith(_STARTS) else name
    return '"' + safe.replace('"', '""') + '"' if re.search('[",\r\n]', safe) else safe


def write_rows(rows: Rows, target: Path | BinaryIO) -> None:
    """Write rows in memory as CSV, formula cells neutralised: a table, or mappings by column."""
    table = rows if isinstance(rows, pa.Table) else _columns(rows)
    kinds = {f.name: "VARCHAR" if pa.types.is_string(f.type) else "" for f in table.schema}
    with engine.connect() as con:
        con.register("rows", table)
        write_csv(con, "rows", kinds, target)


def _columns(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def csv_of(rows: Rows) -> bytes:
    """Return rows in memory as the bytes of a CSV file; none where there is no row to name columns."""
    out = io.BytesIO()
    if isinstance(rows, pa.Table) or rows:
        write_rows(rows, out)
    return out.getvalue()


def write_table(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    target: Path,
    order: str = "",
) -> None:
    """Write a view as Parquet or, with formula cells neutralised, as CSV: by the file's ending."""
    if target.suffix == ".parquet":
        source = f"{table} AS t" + (f" ORDER BY {order}" if order else "")
        con.execute(f"COPY (SELECT * FROM {source}) TO {engine.text(target)} (FORMAT parquet)")
    else:
        write_csv(con, table, columns, target, order)
