"""Rejected rows, each with its file, line, reason and original text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from clv import engine
from clv.errors import FileError
from clv.ingest import checks, rows
from clv.ingest.checks import NUMBER

if TYPE_CHECKING:
    import duckdb


def make_rejects(con: duckdb.DuckDBPyConnection, tables: list[rows.Table]) -> None:
    """Give every rejected row its file, line, reason and original text."""
    parts = []
    for number, table in enumerate(tables):
        first, last = table.first_row, table.first_row + table.rows
        query = "SELECT rowid FROM lines WHERE code <> 0 AND rowid >= ? AND rowid < ? ORDER BY 1"
        found = con.execute(query, [first, last]).fetchnumpy()["rowid"]
        ids = np.asarray(found, dtype=np.int64)
        if not len(ids) and not table.faults:
            continue
        index = table.index()
        fine = len(index) if table.fine is None else len(table.fine)
        if fine != table.rows:
            msg = f"{table.source.name}: {fine} records, but {table.rows} rows."
            raise FileError(msg, "Export the file again.")
        where = ids - first if table.fine is None else table.fine[ids - first]
        parts.append(_located(number, ids, index.line[where], index.text(where), None))
        if table.faults:
            broken = np.flatnonzero(index.fault != 0)
            parts.append(
                _located(
                    number,
                    np.full(len(broken), -1, dtype=np.int64),
                    index.line[broken],
                    index.text(broken),
                    rows.fault_codes(index.fault[broken]),
                )
            )
    if not parts:
        none = np.empty(0, np.int64)
        parts.append(_located(0, none, none, pa.nulls(0, pa.large_string()), None))
    located = pa.concat_tables(parts)
    con.register("located", located)
    con.execute(
        "CREATE TEMP TABLE wording(file INTEGER, code INTEGER, before VARCHAR, after VARCHAR, empty VARCHAR)"
    )
    con.executemany("INSERT INTO wording VALUES (?, ?, ?, ?, ?)", _wording(tables))
    names = ", ".join(f"({i}, {engine.text(t.source.name)})" for i, t in enumerate(tables))
    codes = ", ".join(f"({number}, {engine.text(code)})" for code, number in NUMBER.items())
    con.execute(
        "CREATE TABLE rejects AS SELECT n.name AS file, r.line, c.name AS code, CASE "
        "WHEN coalesce(r.detail, '') = '' THEN w.empty "
        "ELSE w.before || left(r.detail, 100) || w.after END AS reason, r.text FROM ("
        "SELECT l.file, l.line, coalesce(l.code, x.code) AS code, x.detail, l.text "
        "FROM located l LEFT JOIN lines x ON x.rowid = l.id) r "
        "JOIN wording w ON w.file = r.file AND w.code = r.code "
        f"JOIN (VALUES {names}) n(file, name) ON n.file = r.file "
        f"JOIN (VALUES {codes}) c(number, name) ON c.number = r.code ORDER BY r.file, r.line"
    )
    con.unregister("located")


def _located(
    number: int,
    ids: np.ndarray[Any, Any],
    lines: np.ndarray[Any, Any],
    text: pa.LargeStringArray,
    codes: np.ndarray[Any, Any] | None,
) -> pa.Table:
    none = pa.nulls(len(ids), pa.uint8())
    return pa.table(
        {
            "file": engine.column(np.full(len(ids), number, dtype=np.int32)),
            "id": engine.column(ids),
            "line": engine.column(lines),
            "text": text,
            "code": none if codes is None else engine.column(codes),
        }
    )


def _wording(tables: list[rows.Table]) -> list[tuple[int, int, str, str, str]]:
    """Return, per file and code, the reason around the value at fault."""
    result = []
    for number, table in enumerate(tables):
        for check in checks.CHECKS:
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
                "cancelled": ("Cancelled (", f"). {check.remedy}"),
            }.get(check.code, ("", ""))
            empty = {
                "missing_customer": f"{quoted} is empty. {check.remedy}",
                "unreadable_date": f"{quoted} is empty. Expected {table.dates.title}.",
                "unreadable_number": f"{quoted} is empty. {check.remedy}",
            }.get(check.code, f"{check.title}. {check.remedy}")
            width = len(table.dialect.columns)
            if check.code in {"too_few_fields", "too_many_fields"}:
                empty = f"{check.title}: {width} are expected. {check.remedy}"
            result.append((number, NUMBER[check.code], before, after, empty))
    return result
