"""The forecasts mapped from disk, for finding single customers quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import ipc, parquet

from clv.core.orders import FORECASTS
from clv.runs.files import whole
from clv.runs.soundness import outdated

if TYPE_CHECKING:
    from pathlib import Path


def mapped(path: Path) -> pa.Table:
    """Open what `write` wrote; it stays readable when the file is deleted.

    Raises
    ------
    FileNotFoundError
        It is not there.
    pyarrow.ArrowInvalid
        It is damaged.
    """
    with pa.memory_map(str(path)) as source:
        return ipc.open_file(source).read_all()


def read(forecasts: Path) -> pa.Table:
    """Read a run's forecasts, every column in one piece.

    Raises
    ------
    OutdatedRunError
        A column is lacking, because an earlier version wrote them.
    OSError, pyarrow.ArrowException
        The file can't be read.
    """
    if not set(FORECASTS) <= set(parquet.read_schema(forecasts).names):
        raise outdated()
    table = parquet.read_table(forecasts, columns=list(FORECASTS))
    kinds = [
        field.with_type(pa.large_string()) if field.type == pa.string() else field
        for field in table.schema
    ]
    return table.cast(pa.schema(kinds)).combine_chunks()


def write(table: pa.Table, target: Path) -> None:
    """Write a table so that it can be mapped."""
    with (
        whole(target) as partial,
        pa.OSFile(str(partial), "wb") as sink,
        ipc.new_file(sink, table.schema) as out,
    ):
        out.write_table(table)
