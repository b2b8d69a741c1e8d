"""What was spent on advertising: a table ``channel, spend`` → sums by channel.

Any delimiter and encoding, any writing of amounts. A channel may have many rows, one for each month,
say: they are added up. Every row counts or is rejected with its line, its reason and its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from clv.core import engine
from clv.core.errors import FileError, LayoutError, did_you_mean
from clv.ingest.columns.layouts import normalise
from clv.ingest.files import dialect, records, source
from clv.ingest.files.values import number_format
from clv.ingest.orders.table import alone, rows_of, sample
from clv.ingest.side_tables.chances import FAULTS, fault_reason, rejects_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

#: Column names as `clv.ingest.columns.layouts.normalise` writes them; the best first.
_CHANNEL: Final = (
    *("channel", "kanal", "canal", "marketingchannel", "source", "utmsource", "medium", "campaign"),
    *("label", "name"),
)
_SPEND: Final = (
    *("spend", "cost", "costs", "spent", "adspend", "amount", "budget", "kosten", "ausgaben"),
    *("gasto", "custo", "depense", "marketingspend", "amountspent", "totalspend"),
)
_CODES: Final = ("", "missing_channel", "unreadable_spend", "negative_spend")
_EXPORT: Final = "Write a table with two columns, channel and spend, as CSV."


@dataclass(frozen=True)
class Spend:
    """What a file says was spent.

    Attributes
    ----------
    name
        Of the file, as the user knows it.
    by_channel
        Channel as it stands there → sum of its rows, in currency units.
    rows
        Data rows: those added up and those of ``rejects``.
    rejects
        Columns `clv.core.orders.REJECTS`, in the order of the lines.
    read_as
        Which columns were read, in a sentence.
    """

    name: str
    by_channel: dict[str, float]
    rows: int
    rejects: pa.Table
    read_as: str


def read_spend(path: Path, name: str = "") -> Spend:
    """Read what was spent by channel.

    Parameters
    ----------
    path
        A text table in any container that orders can come in.
    name
        What to call the file; by default its own name.

    Raises
    ------
    FileError
        Not a table, or several.
    LayoutError
        The columns cannot be told.
    """
    name = name or path.name
    with TemporaryDirectory(prefix="clv-spend-") as folder:
        spool = Path(folder)
        table, found = alone(path, name, spool, _dialect, hint=_EXPORT, of="costs")
        channel, spend = _columns(name, found.columns)
        fine_rows, index, fine = rows_of(table, found, spool)
        amount = number_format(sample(found, spend), semicolons=found.delimiter == ";").sql("cell")
        judged = (
            "SELECT row_number() OVER () - 1 AS i, channel, cell, number, CASE WHEN channel = '' THEN 1 "
            "WHEN number IS NULL OR NOT isfinite(number) THEN 2 WHEN number < 0 THEN 3 ELSE 0 END AS code "
            f"FROM (SELECT *, {amount} AS number FROM (SELECT coalesce(trim({engine.name(channel)}), '') "
            f"AS channel, coalesce(trim({engine.name(spend)}), '') AS cell "
            f"FROM {fine_rows}))"
        )
        with engine.connect() as con:
            rows = _judged(con, judged, name)
        by_channel: dict[str, float] = {}
        reasons = []
        for i, called, cell, number, code in rows:
            if code:
                reason = _reason(code, (channel, spend), str(cell)[:100])
                reasons.append((int(fine[i]), _CODES[code], reason))
            else:
                by_channel[called] = round(by_channel.get(called, 0.0) + number, 6)
        for i in np.flatnonzero(index.fault != records.FINE).tolist():
            fault = int(index.fault[i])
            reasons.append((i, FAULTS[fault], fault_reason(fault, found)))
        return Spend(
            name,
            by_channel,
            len(index),
            rejects_of(name, sorted(reasons), index),
            f"Read “{channel}” as the channel and “{spend}” as what was spent.",
        )


def _dialect(table: source.Source) -> dialect.Dialect:
    return dialect.detect(table.path, table.name)


def _columns(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """Return which columns hold the channel and the spend."""
    by_name = {normalise(c): c for c in reversed(columns)}
    channel = next((by_name[n] for n in _CHANNEL if n in by_name), None)
    spend = next((by_name[n] for n in _SPEND if n in by_name), None)
    if len(columns) == 2:
        channel = channel or next((c for c in columns if c != spend), None)
        spend = spend or next((c for c in columns if c != channel), None)
    missing = [n for n, c in (("channel", channel), ("spend", spend)) if not c]
    if missing:
        what = " and ".join(f"`{m}`" for m in missing)
        msg = f"{name} has no column {what}.{did_you_mean(missing[0], columns)}"
        raise LayoutError(msg, f"Its columns: {', '.join(columns)}. {_EXPORT}", missing=missing)
    return str(channel), str(spend)


def _judged(con: duckdb.DuckDBPyConnection, sql: str, name: str) -> list[Any]:
    try:
        return con.execute(sql).fetchall()
    except duckdb.Error as error:
        msg = f"{name} cannot be read as a table ({str(error).splitlines()[0]})."
        raise FileError(msg, _EXPORT) from None


def _reason(code: int, columns: tuple[str, str], cell: str) -> str:
    """Return a rejected row's reason: column, value, remedy."""
    channel, spend = columns
    return {
        "missing_channel": f"`{channel}` is empty. Give every row its channel.",
        "unreadable_spend": (
            f"`{spend}` is '{cell}', not an amount. Write a number such as 1200.50."
            if cell
            else f"`{spend}` is empty. Write a number such as 1200.50."
        ),
        "negative_spend": f"`{spend}` is '{cell}', less than nothing. Write what was spent.",
    }[_CODES[code]]
