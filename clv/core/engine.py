"""The embedded engine: one way to open DuckDB, and to quote what goes into its SQL."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


#: Databases in memory need names of their own.
_NUMBERS: Final = itertools.count(1)
_GIVEN_UP: Final = "A cell is not what the query was made for."


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database of its own, in the one engine of this process."""
    engine = _engine(os.environ.get("CLV_MEMORY_LIMIT", "2GB"), os.getpid())
    database = f"clv_{next(_NUMBERS)}"
    con = engine.cursor()
    try:
        con.execute(f"ATTACH ':memory:' AS {database}")
        con.execute(f"USE {database}")
        # Off already in a notebook that can't draw one, and there it can't be set at all.
        if row(con, "SELECT current_setting('enable_progress_bar')")[0]:
            con.execute("SET enable_progress_bar = false")
        yield con
    finally:
        con.close()
        with engine.cursor() as last:
            last.execute(f"DETACH DATABASE IF EXISTS {database}")


@contextmanager
def beside(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open another connection to the same database: for another thread, or another search path."""
    with con.cursor() as other:
        (database,) = row(con, "SELECT current_database()")
        other.execute(f"USE {name(database)}")
        yield other


@cache
def _engine(memory: str, process: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001 - a fork has its own
    """Start an engine that spills to a private folder and never loads an extension.

    To start one takes longer than most of what it is asked: it builds a catalogue of thousands of
    functions. So there is one, and a database in it is quickly made and dropped.
    """
    spill = tempfile.mkdtemp(prefix="clv-spill-")
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": spill,
            "memory_limit": memory,
        }
    )
    # The one makes a join of a long IN list, and rows inserted through a join lose the order
    # of their file, on which line numbers rest. The other computes beforehand, for every
    # row, what a CASE asks for in hardly any.
    con.execute("SET disabled_optimizers = 'in_clause,common_subexpressions'")
    return con


def text(value: object) -> str:
    """Return ``value`` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Return ``identifier`` quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def give_up(cell: str) -> str:
    """Return SQL that makes its query fail where a cell is not blank; see `gave_up`."""
    return f"CASE WHEN trim({cell}) <> '' THEN error('{_GIVEN_UP}') END"


def gave_up(error: duckdb.Error) -> bool:
    """Whether a query failed by its own `give_up`."""
    return _GIVEN_UP in str(error)


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


def repeated(con: duckdb.DuckDBPyConnection, key: str, source: str) -> NDArray[np.uint64]:
    """Return the values of a 64-bit key, mostly a hash, that several rows have.

    To sort numbers takes a quarter of the time of grouping by them, and where none repeats, whoever
    looks for equal rows is done.

    Parameters
    ----------
    key
        SQL of type ``UBIGINT``, never NULL.
    source
        What stands after ``FROM``.
    """
    keys = np.asarray(con.execute(f"SELECT {key} AS key FROM {source}").fetchnumpy()["key"])
    keys.sort()
    return np.unique(keys[1:][keys[1:] == keys[:-1]])


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
