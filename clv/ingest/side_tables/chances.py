"""Chances of buying that somebody else made: a table ``customer_id, probability`` → arrays.

With a decimal comma or point, with percent signs or without. Every row gives a tested customer a
chance, or is rejected.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from clv.core import engine
from clv.core.errors import FileError, LayoutError
from clv.ingest.columns.layouts import SYNONYMS
from clv.ingest.files import dialect, source
from clv.ingest.side_tables.two_columns import TwoColumns, Wanted, how_to_write, opened

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

_WHO: Final = Wanted("customer_id", SYNONYMS["customer_id"])
_CHANCE: Final = Wanted(
    "probability",
    (
        *("probability", "ppurchase", "chance", "chanceofbuying", "purchaseprobability"),
        *("prob", "p", "score", "prediction", "predicted", "wahrscheinlichkeit", "probabilite"),
        *("probabilidad", "probabilitypercent", "chancepercent", "percent", "prozent"),
    ),
)
#: A number as people and programs write chances: one mark at most, so that a point and a comma can
#: only be the decimal mark; thousands do not occur.
_NUMBER: Final = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"
_EXPORT: Final = how_to_write(_WHO, _CHANCE)
#: Codes of rejected rows, in the order in which they are tried.
_CODES: Final = (
    "",
    "missing_customer",
    "unreadable_probability",
    "unclear_unit",
    "outside_range",
    "unknown_customer",
    "duplicate_customer",
)


@dataclass(frozen=True)
class Chances:
    """What a file says of the tested customers.

    Attributes
    ----------
    name
        Of the file, as the user knows it.
    place
        Which of the tested customers have a chance, in their order, shape (n,).
    chance
        Of each of them, 0 to 1, shape (n,).
    rows
        Data rows of the file: ``len(place)`` and those of ``rejects``.
    rejects
        Columns `clv.core.orders.REJECTS`, in the order of the lines.
    read_as
        Which columns were read, and as what, in a sentence.
    """

    name: str
    place: NDArray[np.intp]
    chance: NDArray[np.float64]
    rows: int
    rejects: pa.Table
    read_as: str
    reasons: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        found = Counter(self.rejects["code"].to_pylist())
        object.__setattr__(self, "reasons", dict(found.most_common()))

    @property
    def advice(self) -> str:
        """What to look at where rows were rejected: the first of the most frequent kind."""
        if not self.reasons:
            return _EXPORT
        code = next(iter(self.reasons))
        first = self.rejects["code"].to_pylist().index(code)
        line, reason = (self.rejects[c][first].as_py() for c in ("line", "reason"))
        return f"Line {line}: {reason}"


def read_chances(path: Path, known: pa.Array | pa.ChunkedArray, name: str = "") -> Chances:
    """Read chances of buying and match them with the customers that were tested.

    Parameters
    ----------
    path
        A text table in any container that orders can come in.
    known
        Ids of the tested customers, text, each once.
    name
        What to call the file; by default its own name.

    Raises
    ------
    FileError
        Not a table, or several.
    LayoutError
        The columns cannot be told.
    """
    with opened(path, name or path.name, _WHO, _CHANCE, _dialect, of="chances") as table:
        with engine.connect() as con:
            _load(con, table, known)
            unit, read_as = _unit(con, table)
            _judge(con, unit=unit)
            kept = con.execute(
                "SELECT place, chance FROM judged WHERE code = 0 ORDER BY place"
            ).fetchnumpy()
            bad = con.execute(
                "SELECT i, code, who, figure, first FROM judged WHERE code > 0 ORDER BY i"
            ).fetchall()
        rejected = [
            (i, _CODES[code], _reason(code, (who, figure), first, table, unit))
            for i, code, who, figure, first in bad
        ]
        return Chances(
            table.name,
            np.asarray(kept["place"], dtype=np.intp),
            np.asarray(kept["chance"], dtype=float),
            table.rows,
            table.rejects(rejected),
            read_as,
        )


def _dialect(table: source.Source) -> dialect.Dialect:
    """Return how the table is written."""
    found = _headed(table)
    if len(found.columns) < 2:
        msg = f"{table.name} has one column only, `{found.columns[0]}`."
        raise LayoutError(msg, _EXPORT)
    return found


def _headed(table: source.Source) -> dialect.Dialect:
    """Return how the table is written; a first row with a chance in it is no header."""
    found = dialect.detect(table.path, table.name)
    with table.path.open(encoding="utf-8") as handle:
        lines = [line for line in handle.read(1 << 16).split("\n") if line.strip()]
    first = dialect.split("\n".join(lines), found.delimiter)[found.skip - 1] if found.skip else []
    if found.header and any(_is_chance(cell) for cell in first):
        blank = tuple(f"column_{i + 1}" for i in range(len(found.columns)))
        return replace(found, header=False, columns=blank, skip=found.skip - 1)
    if found.header and len(first) < len(found.columns):
        msg = (
            f"{table.name} names {len(first)} columns, but its rows have {len(found.columns)} "
            "fields."
        )
        raise LayoutError(
            msg, "Chances with a decimal comma need quotes, or columns parted by semicolons."
        )
    return found


def _is_chance(cell: str) -> bool:
    return bool(re.fullmatch(_NUMBER, cell.strip(), re.ASCII))


def _load(
    con: duckdb.DuckDBPyConnection, table: TwoColumns, known: pa.Array | pa.ChunkedArray
) -> None:
    """Make ``given``: each record's id, cell, number, whether it has a percent sign."""
    number = "replace(regexp_replace(figure, '\\s*%$', ''), ',', '.')"
    table.execute(
        con,
        "CREATE TABLE given AS SELECT who, figure, contains(figure, '%') AS sign, "
        f"CASE WHEN regexp_full_match(figure, {engine.text(_NUMBER)}) "
        f"THEN try_cast({number} AS DOUBLE) END AS number FROM ({table.cells})",
    )
    if engine.row(con, "SELECT count(*) FROM given")[0] != table.unbroken:
        msg = f"{table.name} cannot be read reliably: its quotes are too irregular."
        raise FileError(msg, "Write it again with every text field in quotes.")
    ids = pa.table({"id": known, "place": engine.column(np.arange(len(known)))})
    con.register("ids", ids)


def _unit(con: duckdb.DuckDBPyConnection, table: TwoColumns) -> tuple[str, str]:
    """Return how the chances are written, as the whole column says, and the sentence about it.

    Returns
    -------
    (unit, sentence)
        ``sign``: most have a percent sign; ``number``: percent without one, as the column's name
        says or because more than half lie above 1 and up to 100; ``share``: 0 to 1.
    """
    readable, signs, high = engine.row(
        con,
        "SELECT count(number), count(*) FILTER (number IS NOT NULL AND sign), "
        "count(*) FILTER (NOT sign AND number > 1 AND number <= 100) FROM given",
    )
    what = f"Read “{table.who}” as the customer and “{table.figure}” as the chance"
    if signs > readable / 2:
        return "sign", f"{what}, in percent."
    if re.search("%|percent|prozent|pct", table.figure, re.IGNORECASE):
        return "number", f"{what}, in percent, as its name says."
    if high > readable / 2:
        return "number", f"{what}, in percent: {high:,} of {readable:,} values lie above 1."
    return "share", f"{what}, from 0 to 1."


def _judge(con: duckdb.DuckDBPyConnection, *, unit: str) -> None:
    """Make ``judged``: each record's chance and the code of its first failing check."""
    scale = "number" if unit == "share" else "number / 100"
    # A spreadsheet-proof download has an apostrophe before ids that begin like a formula.
    bare = "CASE WHEN g.who[1] = '''' AND g.who[2] IN ('=', '+', '-', '@') THEN g.who[2:] ELSE g.who END"
    con.execute(
        "CREATE TABLE judged AS SELECT i, who, figure, place, chance, CASE WHEN fault > 0 THEN fault "
        "WHEN row_number() OVER twins > 1 THEN 6 ELSE 0 END AS code, min(i) OVER twins AS first "
        "FROM (SELECT *, CASE WHEN who = '' THEN 1 WHEN number IS NULL THEN 2 "
        f"WHEN sign <> {'true' if unit == 'sign' else 'false'} THEN 3 "
        "WHEN chance NOT BETWEEN 0 AND 1 THEN 4 WHEN place IS NULL THEN 5 ELSE 0 END AS fault "
        f"FROM (SELECT g.rowid AS i, g.*, {scale} AS chance, coalesce(k.place, b.place) AS place "
        f"FROM given g LEFT JOIN ids k ON k.id = g.who LEFT JOIN ids b ON b.id = {bare})) "
        "WINDOW twins AS (PARTITION BY place, fault ORDER BY i)"
    )


def _reason(code: int, row: tuple[str, str], first: int, table: TwoColumns, unit: str) -> str:
    """Return a rejected row's reason: column, value, remedy; ``first`` is the row that it repeats."""
    customer, chance = table.who, table.figure
    who, cell = (text[:100] for text in row)
    limits = (
        "0 to 1. Correct it; if all are percentages, write percent signs"
        if unit == "share"
        else "0 % to 100 %. Correct it"
    )
    form = "with a percent sign" if unit == "sign" else "without one"
    return {
        "missing_customer": f"`{customer}` is empty. Give every row its customer.",
        "unreadable_probability": (
            f"`{chance}` is '{cell}', not a chance. Write a number such as 0.73 or 73 %."
            if cell
            else f"`{chance}` is empty. Write a number such as 0.73 or 73 %."
        ),
        "unclear_unit": (
            f"`{chance}` is '{cell}', most others are {form}. Write all chances alike."
        ),
        "outside_range": f"`{chance}` is '{cell}', outside {limits}.",
        "unknown_customer": (
            f"`{customer}` is '{who}', nobody among those tested. Compare with the list of tested "
            "customers; spreadsheets drop leading zeros."
        ),
        "duplicate_customer": (
            f"`{customer}` is '{who}', as in line {table.line(first)}, which counts. Give "
            "every customer one chance."
        ),
    }[_CODES[code]]
