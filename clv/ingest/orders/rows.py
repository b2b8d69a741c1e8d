"""One text table → rows of the engine's ``lines`` table, each with its first failing check.

``lines`` holds every data row of every file, in order; ``rowid`` is its position. ``code`` is 0 for
accepted rows, else the number of the check (see `clv.ingest.orders.checks`); ``detail`` the value at fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.ingest.columns import labels
from clv.ingest.columns.profiles import MISSING, YES
from clv.ingest.files.dates import DATE_RANGE, in_zone
from clv.ingest.files.numbers import NumberFormat, currency_sql
from clv.ingest.orders import amounts, date_cells, fill_down
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.table import Table, append, choose_dates, engine_text, settle_dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from clv.core.settings import IngestOptions
    from clv.ingest.columns.matching import Match
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.files.source import Source

#: Column of ``lines`` → its type, and what it holds if no file fills it.
_COLUMNS: Final = {
    "file": ("UTINYINT", "0"),
    "customer_id": ("VARCHAR", ""),
    "order_id": ("VARCHAR", "NULL"),
    "ordered_at": ("TIMESTAMP", ""),
    "revenue": ("DOUBLE", ""),
    "items": ("DOUBLE", "NULL"),
    "product": ("VARCHAR", "NULL"),
    "category": ("VARCHAR", "NULL"),
    "currency": ("VARCHAR", "NULL"),
    "cancel": ("BOOLEAN", "false"),
    "email": ("VARCHAR", "NULL"),
    "status": ("VARCHAR", "NULL"),
    "fulfilment": ("VARCHAR", "NULL"),
    "kind": ("VARCHAR", "NULL"),
    "updated_at": ("VARCHAR", "NULL"),
    "reference": ("VARCHAR", "NULL"),
    "fingerprint": ("UBIGINT", ""),
    "code": ("UTINYINT", ""),
    "detail": ("VARCHAR", ""),
}
#: No amount and no quantity is this large: beyond it cents are lost, and so is the file's sense.
MOST: Final = "1e15"
#: Bytes of a file that is read faster than the longest statement is planned.
_SMALL: Final = 1 << 22
#: Parsed column → role of the cell it comes from.
_AMOUNTS: Final = {
    "value": "revenue",
    "items": "items",
    "unit_price": "unit_price",
    "refunded": "refunded",
    "discount": "discount",
}
#: Roles that are stored as text; `clv.ingest.orders.states` and others decide what they mean.
_TEXTS: Final = (
    *("product", "category", "currency", "cancelled_at"),
    *("status", "fulfilment", "kind", "updated_at", "reference"),
)


def create(con: duckdb.DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str]) -> None:
    """Make the empty table ``lines`` for these files, with a column for every label.

    A column that no file fills is generated: it takes neither time nor room.
    """
    filled = {"file"} if len(tables) > 1 else set()
    for table in tables:
        filled.update(table.mapping, _signs(table))
        if table.match.layout.cancel_prefix:
            filled.add("cancel")
    if any("order_id" not in t.mapping or t.match.one_total for t in tables):
        filled.discard("category")  # What a row is of is told only where an order is its rows.
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
    AmbiguousAmountError
        Thousands cannot be told from decimals anywhere in the columns of money.
    FileError
        The date column holds no dates.
    """
    text, delimiter = engine_text(source, dialect, spool)
    day = date_cells.title(found.mapping)
    cells = date_cells.cells(dialect, found.mapping)
    dates = in_zone(choose_dates(source, dialect, day, options.date_order, cells), options.timezone)
    table = Table(source, dialect, found, dates, NumberFormat(), text, delimiter)
    money = amounts.money(found.mapping)
    table.numbers = amounts.settle(table, money, options, found.mapping.get("currency"))
    if dates.ambiguous:
        table.dates = settle_dates(table, day, dates, date_cells.sql(found.mapping))
    fill_down.settle(table, options)
    return table


def choose_numbers(dialect: Dialect, found: Match, options: IngestOptions) -> NumberFormat:
    """Return how the amounts are written, as far as the first rows tell."""
    money = amounts.money(found.mapping)
    return amounts.choose(dialect, money, options, found.mapping.get("currency"))


def load(
    con: duckdb.DuckDBPyConnection, number: int, table: Table, latest: date, spool: Path
) -> None:
    """Append one file's rows to ``lines``."""
    inserts = [
        f"INSERT INTO lines ({', '.join(table.stored)}) "
        f"{_select(number, table, latest, common=common)}"
        for common in attempts(table)
    ]
    append(con, number, table, inserts, spool)


def attempts(table: Table) -> Sequence[bool]:
    """Return whether a file is read by its commonest writings alone, for each attempt.

    To plan how every writing of a date and an amount is read takes longer than to read a small file,
    which seldom has any but the commonest.
    """
    return (True, False) if table.text.stat().st_size < _SMALL else (False,)


def _cell(table: Table, role: str) -> str:
    return engine.name(table.mapping[role]) if role in table.mapping else "NULL"


def _one_of(value: str, choices: Sequence[str]) -> str:
    return f"{value} IN ({', '.join(map(engine.text, choices))})"


def trimmed(column: str) -> str:
    """Return trimmed text, NULL where it is blank or stands for nothing."""
    plain = f"{column} >= '0' AND {column} < ':' AND NOT contains({column}, ' ')"
    return (
        f"(CASE WHEN {plain} THEN {column} "
        f"WHEN length({column}) <= 5 AND {_one_of(f'lower(trim({column}))', MISSING)} THEN NULL "
        f"ELSE nullif(trim({column}), '') END)"
    )


def _select(number: int, table: Table, latest: date, *, common: bool) -> str:
    """Return the query that parses and checks one file; ``@source`` stands for its reader.

    From the inside out: cells are parsed once; values out of range become NULL; the first failing
    check gives the code; the cell at fault goes along with it.

    Parameters
    ----------
    common
        Read the commonest writings alone, and fail at any other.
    """
    low, high = DATE_RANGE
    fillable = "order_id IS NOT NULL" if table.match.one_total else "false"
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
                        CASE WHEN abs(value) < {MOST} THEN value END AS value,
                        CASE WHEN abs(items) < {MOST} THEN items END AS items,
                        CASE WHEN abs(unit_price) < {MOST} THEN unit_price END AS unit_price,
                        CASE WHEN abs(refunded) < {MOST} THEN refunded END AS refunded,
                        CASE WHEN abs(discount) < {MOST} THEN discount END AS discount)
                    FROM (SELECT {_parsed(table, common=common)} FROM @source)))))
    """


def _parsed(table: Table, *, common: bool) -> str:
    """Return the select list that reads every cell once."""
    customer = trimmed(_cell(table, "customer_id"))
    if "customer_fallback" in table.mapping:
        fallback = trimmed(_cell(table, "customer_fallback"))
        customer = f"coalesce(nullif({customer}, '0'), {fallback})"
    order_id = trimmed(_cell(table, "order_id")) if "order_id" in table.mapping else "NULL::VARCHAR"
    prefix = table.match.layout.cancel_prefix
    starts = f"coalesce(starts_with(upper({order_id}), {engine.text(prefix)}), false)"
    texts = {
        role: trimmed(_cell(table, role)) if role in table.mapping else "NULL::VARCHAR"
        for role in _TEXTS
    }
    flags = {
        f"is_{role}": _one_of(f"lower(trim({_cell(table, role)}))", sorted(YES))
        if role in table.mapping
        else "false"
        for role in ("cancelled", "test")
    }
    email = f"lower({trimmed(_cell(table, 'email'))})" if "email" in table.mapping else "NULL"
    if "email" in table.mapping and "customer_fallback" not in table.mapping:
        customer = f"coalesce({customer}, {email})"  # A guest is named by an address alone.
    figures = {
        name: table.numbers.sql(_cell(table, role), common=common)
        if role in table.mapping
        else "NULL::DOUBLE"
        for name, role in _AMOUNTS.items()
    }
    if table.match.rate == "percent":
        bare = f"rtrim({_cell(table, 'discount')}, ' %')"
        figures["discount"] = table.numbers.sql(bare, common=common)
    columns = {
        "customer_id": customer,
        "order_id": order_id,
        "ordered_at": table.dates.sql(date_cells.sql(table.mapping), common=common),
        **figures,
        **texts,
        **flags,
        "email": f"{email}::VARCHAR",
        **_signs(table),
        "cancel": starts if prefix else "false",
        "fingerprint": f"hash({', '.join(engine.name(c) for c in table.dialect.columns)})",
        "raw_date": date_cells.sql(table.mapping),
        **{f"raw_{name}": _cell(table, role) for name, role in _AMOUNTS.items()},
        **{labels.column(i): _label(table, name) for i, name in enumerate(table.labels)},
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _label(table: Table, name: str) -> str:
    """Return a label's cell; of several files, not all need to have the column."""
    present = name.lower() in {c.lower() for c in table.dialect.columns}
    return trimmed(engine.name(name)) if present else "NULL::VARCHAR"


def _signs(table: Table) -> dict[str, str]:
    """Return the currency written beside the amounts, where no column names it."""
    role = "revenue" if "revenue" in table.mapping else "unit_price"
    if "currency" in table.mapping or table.numbers.plain or role not in table.mapping:
        return {}
    return {"currency": currency_sql(_cell(table, role))}


def _revenue(table: Table) -> str:
    """Return SQL: the value of a row, after discount and refund."""
    value = "value" if "revenue" in table.mapping else "items * unit_price"
    if "discount" in table.mapping:
        off = "coalesce(abs(discount), 0)"
        share = {"share": off, "percent": f"{off} / 100"}.get(table.match.rate)
        value = f"{value} * (1 - {share})" if share else f"{value} - {off}"
    if "refunded" in table.mapping:
        value = f"{value} - coalesce(abs(refunded), 0)"
    return value if value == "value" else f"round({value}, 6)"  # As written: nothing was computed.


def _wrong(table: Table) -> str:
    """Return SQL: the text of the first cell that should hold an amount and does not, else NULL."""
    priced = "revenue" not in table.mapping and "unit_price" in table.mapping
    needed = {
        "value": not table.match.one_total,
        "discount": False,
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
    """Return SQL: the number of the check that flags and refunds of the row itself call for, or 0."""
    cases = []
    if "test" in table.mapping:
        cases.append(f"WHEN is_test THEN {NUMBER['test']}")
    if "refunded" in table.mapping:
        gone = f"refunded <> 0 AND revenue < 0.005 AND {_gross(table)} > 0"
        cases.append(f"WHEN {gone} THEN {NUMBER['refunded']}")
    if "cancelled_at" in table.mapping:
        cases.append(f"WHEN cancelled_at IS NOT NULL THEN {NUMBER['cancelled']}")
    if "cancelled" in table.mapping:
        cases.append(f"WHEN is_cancelled THEN {NUMBER['cancelled']}")
    return f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"


def _gross(table: Table) -> str:
    return "value" if "revenue" in table.mapping else "items * unit_price"
