"""Files that are there as a whole or not at all: JSON objects, and tables as CSV or Parquet."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from clv.core import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb
    import pyarrow as pa

#: Cells that a spreadsheet would run as a formula get an apostrophe in front.
_FORMULA: Final = "'=', '+', '-', '@', chr(9), chr(13)"


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


def copy_csv(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    """Write a query as CSV under a temporary name, then rename it into place."""
    with whole(target) as partial:
        engine.write_csv(con, sql, partial)


def write_rows(rows: pa.Table, target: Path) -> None:
    """Write a table in memory as CSV, formula cells neutralised."""
    kinds = {f.name: "VARCHAR" if str(f.type) == "string" else "" for f in rows.schema}
    with engine.connect() as con:
        con.register("rows", rows)
        copy_csv(con, f"SELECT {safe_cells(kinds)} FROM rows", target)


def write_table(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    target: Path,
    order: str = "",
) -> None:
    """Write a view as Parquet or, with formula cells neutralised, as CSV: by the file's ending."""
    source = f"{table} AS t" + (f" ORDER BY {order}" if order else "")
    if target.suffix == ".parquet":
        con.execute(f"COPY (SELECT * FROM {source}) TO {engine.text(target)} (FORMAT parquet)")
    else:
        copy_csv(con, f"SELECT {safe_cells(columns, 't.')} FROM {source}", target)
