"""Rejected rows, each with its file, line, reason and original text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv.core import engine
from clv.core.orders import REJECTS
from clv.ingest.orders import checks
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.table import fault_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from clv.ingest.orders.table import Table


#: What stands before and after the value at fault in the reasons of `checks.TABLE_CHECKS`.
_RELATED: Final = {
    "not_delivered": ("The order is '", "'. Only delivered orders count."),
    "repeated_key": ("An earlier row has ", " as well. The first one counts."),
    "unknown_customer": ("No usable row has the customer '", "'."),
    "unknown_order": ("No order has the number '", "'."),
    "unused_order": ("The order '", "' does not count: see its own reason."),
    "customer_without_order": ("No order is of the customer '", "'."),
}


_NAMED: Final = ("missing_key", "missing_customer", "unreadable_date", "unreadable_number")


def make_rejects(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Give every rejected row its file, line, reason and original text."""
    parts = [part for number, table in enumerate(tables) for part in _rejected(con, number, table)]
    if not parts:
        columns = ", ".join(f"{name} {kind}" for name, kind in REJECTS.items())
        con.execute(f"CREATE TABLE rejects ({columns})")
        return
    con.register("located", pa.concat_tables(parts))
    wording = ", ".join(
        f"({number}, {code}, {', '.join(map(engine.text, words))})"
        for number, code, *words in _wording(tables)
    )
    names = ", ".join(f"({i}, {engine.text(t.source.name)})" for i, t in enumerate(tables))
    codes = ", ".join(f"({number}, {engine.text(code)})" for code, number in NUMBER.items())
    con.execute(
        "CREATE TABLE rejects AS SELECT n.name AS file, r.line, c.name AS code, CASE "
        "WHEN coalesce(r.detail, '') = '' THEN w.empty "
        "ELSE w.before || left(r.detail, 100) || w.after END AS reason, r.text FROM located r "
        f"JOIN (VALUES {wording}) w(file, code, before, after, empty) "
        "ON w.file = r.file AND w.code = r.code "
        f"JOIN (VALUES {names}) n(file, name) ON n.file = r.file "
        f"JOIN (VALUES {codes}) c(number, name) ON c.number = r.code ORDER BY r.file, r.line"
    )
    con.unregister("located")


def _rejected(con: duckdb.DuckDBPyConnection, number: int, table: Table) -> Iterator[pa.Table]:
    """Return the rejected rows of one file: those that a check rejected, those set aside before."""
    found = con.sql(
        f"SELECT rowid AS id, code, detail FROM {table.store} WHERE code <> 0 "
        f"AND {table.inside} ORDER BY 1"
    ).to_arrow_table()
    if not len(found) and not table.faults:
        return
    lines, text = table.originals(found["id"].to_numpy())
    yield _located(number, lines, text, found["code"], found["detail"])
    if table.faults:
        index = table.index()
        broken = np.flatnonzero(index.fault != 0)
        codes = engine.column(fault_codes(index.fault[broken]))
        none = pa.nulls(len(broken), pa.string())
        yield _located(number, index.line[broken], table.written(broken), codes, none)


def _located(
    number: int,
    lines: np.ndarray[Any, Any],
    text: pa.LargeStringArray,
    codes: pa.Array | pa.ChunkedArray,
    detail: pa.Array | pa.ChunkedArray,
) -> pa.Table:
    return pa.table(
        {
            "file": engine.column(np.full(len(lines), number, dtype=np.int32)),
            "line": engine.column(lines),
            "text": text,
            "code": codes,
            "detail": detail,
        }
    )


def _wording(tables: Sequence[Table]) -> list[tuple[int, int, str, str, str]]:
    """Return, per file and code, the reason around the value at fault."""
    result = []
    for number, table in enumerate(tables):
        for check in checks.known(related=bool(table.kind)):
            column = table.mapping.get(check.role, "")
            if check.code == "unreadable_number" and "revenue" not in table.mapping:
                column = table.mapping.get("unit_price", column)
            quoted = f"`{column}`" if column else "The value"
            before, after = {
                "unreadable_date": (
                    f"{quoted} is '",
                    f"', not a date. Expected {table.dates.title}.",
                ),
                "unreadable_number": ("'", f"' is not an amount. {check.remedy}"),
                "future_date": (f"{quoted} is '", f"', after the as-of date. {check.remedy}"),
                "far_date": (
                    f"{quoted} is ",
                    f", more than ten years from all other dates. {check.remedy}",
                ),
                "other_currency": (f"{quoted} is ", f", most rows are in another. {check.remedy}"),
                "negative_without_order": ("The value is ", f", without an order. {check.remedy}"),
                "total_row": ("The customer is '", f"'. {check.title}. {check.remedy}"),
                "cancelled": ("Cancelled (", f"). {check.remedy}"),
                **_RELATED,
            }.get(check.code, ("", ""))
            empty = {
                "missing_customer": f"{quoted} is empty. {check.remedy}",
                "unreadable_date": f"{quoted} is empty. Expected {table.dates.title}.",
                "unreadable_number": f"{quoted} is empty. {check.remedy}",
            }.get(check.code, f"{check.title}. {check.remedy}")
            width = len(table.dialect.columns)
            if table.kind and check.code in _NAMED:
                before, after = "", f". {check.remedy}"  # What is wrong names its column itself.
            if check.code in {"too_few_fields", "too_many_fields"}:
                empty = f"{check.title}: {width} are expected. {check.remedy}"
            result.append((number, NUMBER[check.code], before, after, empty))
    return result
