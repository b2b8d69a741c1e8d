"""Chances of buying that somebody else made: a table ``customer_id, probability`` → arrays.

Read with the same means as orders: any delimiter and encoding, decimal comma, percent signs, ids as
text. Every row is accounted for: it gives a tested customer a chance, or is rejected with its line,
its reason and its text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from clv.core import engine
from clv.core.errors import FileError, LayoutError, did_you_mean
from clv.core.orders import REJECTS
from clv.ingest.columns.layouts import SYNONYMS, normalise
from clv.ingest.files import dialect, records, source
from clv.ingest.orders.table import alone, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Column names for a chance, as `clv.ingest.columns.layouts.normalise` writes them; the best first.
_CHANCE: Final = (
    *("probability", "ppurchase", "chance", "chanceofbuying", "purchaseprobability"),
    *("prob", "p", "score", "prediction", "predicted", "wahrscheinlichkeit", "probabilite"),
    *("probabilidad", "probabilitypercent", "chancepercent", "percent", "prozent"),
)
#: A number as people and programs write chances: one mark at most, so that a point and a comma can
#: only be the decimal mark; thousands do not occur.
_NUMBER: Final = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"
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
FAULTS: Final = {
    records.TOO_FEW: "too_few_fields",
    records.TOO_MANY: "too_many_fields",
    records.BROKEN_QUOTES: "broken_quotes",
}
_EXPORT: Final = "Write a table with two columns, customer_id and probability, as CSV."


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
    name = name or path.name
    with TemporaryDirectory(prefix="clv-chances-") as folder:
        spool = Path(folder)
        table, found = alone(path, name, spool, _dialect, hint=_EXPORT, of="chances")
        customer, chance = _columns(name, found)
        rows, index, fine = rows_of(table, found, spool)
        with engine.connect() as con:
            _load(con, name, rows, (customer, chance), known, expected=len(fine))
            unit, read_as = _unit(con, customer, chance)
            _judge(con, unit=unit)
            kept = con.execute(
                "SELECT place, chance FROM judged WHERE code = 0 ORDER BY place"
            ).fetchnumpy()
            bad = con.execute(
                "SELECT i, code, id, cell, first FROM judged WHERE code > 0 ORDER BY i"
            ).fetchall()
        reasons = [
            (int(fine[i]), _CODES[code], _reason(code, row, (customer, chance), unit, index, fine))
            for i, code, *row in bad
        ]
        faults = np.flatnonzero(index.fault != records.FINE)
        reasons += [
            (int(i), FAULTS[int(index.fault[i])], fault_reason(int(index.fault[i]), found))
            for i in faults
        ]
        return Chances(
            name,
            np.asarray(kept["place"], dtype=np.intp),
            np.asarray(kept["chance"], dtype=float),
            len(index),
            rejects_of(name, sorted(reasons), index),
            read_as,
        )


def _dialect(table: source.Source) -> dialect.Dialect:
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


def _columns(name: str, found: dialect.Dialect) -> tuple[str, str]:
    """Return which columns hold the customer and the chance."""
    columns = found.columns
    if len(columns) < 2:
        msg = f"{name} has one column only, `{columns[0]}`."
        raise LayoutError(msg, _EXPORT)
    by_name = {normalise(c): c for c in reversed(columns)}
    customer = _first(by_name, SYNONYMS["customer_id"])
    chance = _first(by_name, _CHANCE)
    if len(columns) == 2:
        # Of two columns the other one is the other one; of two unknown ones the first is the id.
        customer = customer or next(c for c in columns if c != chance)
        chance = chance or next(c for c in columns if c != customer)
    missing = [n for n, c in (("customer_id", customer), ("probability", chance)) if not c]
    if missing:
        near = did_you_mean(missing[0], columns)
        what = " and ".join(f"`{m}`" for m in missing)
        msg = f"{name} has no column {what}.{near}"
        raise LayoutError(msg, f"Its columns: {', '.join(columns)}. {_EXPORT}", missing=missing)
    return str(customer), str(chance)


def _first(by_name: dict[str, str], names: Sequence[str]) -> str | None:
    return next((by_name[n] for n in names if n in by_name), None)


def _load(
    con: duckdb.DuckDBPyConnection,
    name: str,
    rows: str,
    columns: tuple[str, str],
    known: pa.Array | pa.ChunkedArray,
    *,
    expected: int,
) -> None:
    """Make ``given``: each record's id, cell, number, whether it has a percent sign."""
    customer, chance = (f"coalesce(trim({engine.name(c)}), '')" for c in columns)
    number = "replace(regexp_replace(cell, '\\s*%$', ''), ',', '.')"
    try:
        con.execute(
            "CREATE TABLE given AS SELECT id, cell, contains(cell, '%') AS sign, "
            f"CASE WHEN regexp_full_match(cell, {engine.text(_NUMBER)}) "
            f"THEN try_cast({number} AS DOUBLE) END AS number "
            f"FROM (SELECT {customer} AS id, {chance} AS cell FROM {rows})"
        )
    except duckdb.Error as error:
        msg = f"{name} cannot be read as a table ({str(error).splitlines()[0]})."
        raise FileError(msg, _EXPORT) from None
    if engine.row(con, "SELECT count(*) FROM given")[0] != expected:
        msg = f"{name} cannot be read reliably: its quotes are too irregular."
        raise FileError(msg, "Write it again with every text field in quotes.")
    ids = pa.table({"id": known, "place": engine.column(np.arange(len(known)))})
    con.register("ids", ids)


def _unit(con: duckdb.DuckDBPyConnection, customer: str, chance: str) -> tuple[str, str]:
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
    what = f"Read “{customer}” as the customer and “{chance}” as the chance"
    if signs > readable / 2:
        return "sign", f"{what}, in percent."
    if re.search("%|percent|prozent|pct", chance, re.IGNORECASE):
        return "number", f"{what}, in percent, as its name says."
    if high > readable / 2:
        return "number", f"{what}, in percent: {high:,} of {readable:,} values lie above 1."
    return "share", f"{what}, from 0 to 1."


def _judge(con: duckdb.DuckDBPyConnection, *, unit: str) -> None:
    """Make ``judged``: each record's chance and the code of its first failing check."""
    scale = "number" if unit == "share" else "number / 100"
    # A spreadsheet-proof download has an apostrophe before ids that begin like a formula.
    bare = (
        "CASE WHEN g.id[1] = '''' AND g.id[2] IN ('=', '+', '-', '@') THEN g.id[2:] ELSE g.id END"
    )
    con.execute(
        "CREATE TABLE judged AS SELECT i, id, cell, place, chance, CASE WHEN fault > 0 THEN fault "
        "WHEN row_number() OVER twins > 1 THEN 6 ELSE 0 END AS code, min(i) OVER twins AS first "
        "FROM (SELECT *, CASE WHEN id = '' THEN 1 WHEN number IS NULL THEN 2 "
        f"WHEN sign <> {'true' if unit == 'sign' else 'false'} THEN 3 "
        "WHEN chance NOT BETWEEN 0 AND 1 THEN 4 WHEN place IS NULL THEN 5 ELSE 0 END AS fault "
        f"FROM (SELECT g.rowid AS i, g.*, {scale} AS chance, coalesce(k.place, b.place) AS place "
        f"FROM given g LEFT JOIN ids k ON k.id = g.id LEFT JOIN ids b ON b.id = {bare})) "
        "WINDOW twins AS (PARTITION BY place, fault ORDER BY i)"
    )


def _reason(
    code: int,
    row: Sequence[Any],
    columns: tuple[str, str],
    unit: str,
    index: records.Records,
    fine: NDArray[np.int64],
) -> str:
    """Return a rejected row's reason: column, value, remedy."""
    customer, chance = columns
    given, first = (str(cell)[:100] for cell in row[:2]), row[2]
    who, cell = given
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
            f"`{customer}` is '{who}', as in line {index.line[fine[first]]}, which counts. Give "
            "every customer one chance."
        ),
    }[_CODES[code]]


def fault_reason(fault: int, found: dialect.Dialect) -> str:
    """Say what is wrong with a record that does not fit the table."""
    if fault == records.BROKEN_QUOTES:
        return "A quote is not closed. Close it, or write a quote inside as two."
    size = "few" if fault == records.TOO_FEW else "many"
    remedy = (
        "A field is missing."
        if fault == records.TOO_FEW
        else "A field with the delimiter in it, such as a decimal comma, needs quotes."
    )
    return f"Too {size} fields: {len(found.columns)} are expected. {remedy}"


def rejects_of(name: str, reasons: list[tuple[int, str, str]], index: records.Records) -> pa.Table:
    """Return rejected records, given as (record, code, reason), with line and text."""
    where = np.array([i for i, *_ in reasons], dtype=np.int64)
    columns = (
        pa.array([name] * len(reasons), pa.string()),
        pa.array(index.line[where], pa.int64()),
        pa.array([code for _, code, _ in reasons], pa.string()),
        pa.array([reason for *_, reason in reasons], pa.string()),
        index.text(where).cast(pa.string()),
    )
    return pa.table(dict(zip(REJECTS, columns, strict=True)))
