"""The embedded engine: one way to open DuckDB, and to quote what goes into its SQL."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that spills to a private folder and never loads an extension."""
    with tempfile.TemporaryDirectory(prefix="clv-spill-") as spill:
        con = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": spill,
                "memory_limit": os.environ.get("CLV_MEMORY_LIMIT", "2GB"),
            }
        )
        try:
            # Off already in a notebook that can't draw one, and there it can't be set at all.
            if con.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
                con.execute("SET enable_progress_bar = false")
            # The one makes a join of a long IN list, and rows inserted through a join lose the order
            # of their file, on which line numbers rest. The other computes beforehand, for every
            # row, what a CASE asks for in hardly any.
            con.execute("SET disabled_optimizers = 'in_clause,common_subexpressions'")
            yield con
        finally:
            con.close()


def text(value: object) -> str:
    """Return ``value`` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Return ``identifier`` quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def row(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] | None = None
) -> tuple[Any, ...]:
    """Run a query that returns exactly one row, to its end, and return that row."""
    return con.execute(sql, parameters).fetchall()[0]


def total(amounts: str) -> str:
    """Return SQL for the sum of amounts, exact to a millionth: no 9141.099999999997.

    Binary fractions don't add up to cents, and to others for every order of adding; decimal ones do.
    For sums of few (an order's rows, a customer's orders) ``round(sum(…), 6)`` is as exact and faster.
    """
    return f"sum(({amounts})::DECIMAL(38, 6))::DOUBLE"


def column(values: np.ndarray[Any, Any]) -> pa.Array:
    """Return numbers as an Arrow column without a copy.

    ``pyarrow.array`` does the same, but imports pandas first to see whether it was given a Series.
    """
    plain = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(plain.dtype)
    return pa.Array.from_buffers(kind, len(plain), [None, pa.py_buffer(plain)])


def write_parquet(
    con: duckdb.DuckDBPyConnection, source: str, target: Path, rows: int = 122_880
) -> None:
    """Write a table, view or query, ``rows`` to a group.

    Text is packed by the engine's newer encodings. It looks for repeated values among few only: the
    search through columns whose values all differ would take longer than the writing.
    """
    table = source if source.isidentifier() else f"({source})"
    con.execute(
        f"COPY {table} TO {text(target)} (FORMAT parquet, PARQUET_VERSION v2, "
        f"DICTIONARY_SIZE_LIMIT 1000, ROW_GROUP_SIZE {rows})"
    )
