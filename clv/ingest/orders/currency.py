"""One forecast, one currency: spellings that mean the same, and rows in another that are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.formatting import count, percent, plural
from clv.ingest.files import currencies
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from clv.core.schema import Decision

#: Rows of an order that name no currency have the order's, if it has one.
_FILLED: Final = "coalesce(currency, max(currency) OVER (PARTITION BY file, order_id))"


def keep_one(con: duckdb.DuckDBPyConnection) -> tuple[str, list[Decision]]:
    """Keep the orders in the currency of most orders; reject the rows of others.

    Returns
    -------
    (currency, decisions)
        Its ISO code; for a file that names none, or only a sign that names none, an empty string.
    """
    found = con.execute(
        "SELECT currency, count(*) FROM lines WHERE code = 0 AND currency IS NOT NULL "
        "GROUP BY 1 ORDER BY count(*) DESC, currency"
    ).fetchall()
    named = currencies.same([spelling for spelling, _ in found])
    several = len(set(named.values())) > 1
    if not several:
        return _code(next(iter(named.values()), "")), []
    con.execute("CREATE TEMP TABLE spelled (spelling VARCHAR, name VARCHAR)")
    con.executemany("INSERT INTO spelled VALUES (?, ?)", [*named.items()])
    con.execute(
        "CREATE TEMP TABLE money AS SELECT l.id, l.customer_id, l.order_key, s.name FROM ("
        "SELECT rowid AS id, customer_id, coalesce(file::VARCHAR || ' ' || order_id, rowid::VARCHAR) "
        "AS order_key, CASE WHEN order_id IS NULL THEN currency ELSE "
        f"{_FILLED} END AS currency FROM lines WHERE code = 0) l "
        "LEFT JOIN spelled s ON s.spelling = l.currency"
    )
    sizes = con.execute(
        "SELECT name, count(DISTINCT order_key) FROM money WHERE name IS NOT NULL GROUP BY 1 "
        "ORDER BY 2 DESC, count(*) DESC, 1"
    ).fetchall()
    main = str(sizes[0][0])
    others = [str(name) for name, _ in sizes[1:]]
    made = [_decision(con, main, others), *_unnamed(con, main)]
    con.execute(
        f"UPDATE lines SET code = {NUMBER['other_currency']}, detail = m.name FROM money m "
        "WHERE lines.rowid = m.id AND m.name <> ?",
        [main],
    )
    con.execute("DROP TABLE money")
    con.execute("DROP TABLE spelled")
    return _code(main), made


def _code(name: str) -> str:
    """Return a currency as the report names it: nothing for a sign of several countries."""
    return "" if name not in currencies.CODES and currencies.meanings(name) else name


def _decision(con: duckdb.DuckDBPyConnection, main: str, others: Sequence[str]) -> Decision:
    other = f"FILTER (name <> {engine.text(main)})"
    rows, orders, all_orders, customers, all_customers = engine.row(
        con,
        f"SELECT count(*) {other}, count(DISTINCT order_key) {other}, count(DISTINCT order_key), "
        f"count(DISTINCT customer_id) {other}, count(DISTINCT customer_id) FROM money",
    )
    named = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
    return decision(
        "other_currency",
        (
            f"{count(orders)} of {plural(all_orders, 'order')} ({percent(orders / all_orders)}), of "
            f"{count(customers)} of {plural(all_customers, 'customer')}, were left out: they are in "
            f"{named}, and most are in {main}. Amounts of different currencies are not added up: "
            "forecast each currency on its own, or convert the amounts first."
        ),
        rows,
        weighty=moves_much(orders, all_orders),
    )


def _unnamed(con: duckdb.DuckDBPyConnection, main: str) -> list[Decision]:
    """Return what was decided for rows that name no currency beside rows that name several."""
    rows, total = engine.row(con, "SELECT count(*) FILTER (name IS NULL), count(*) FROM money")
    if not rows:
        return []
    return [
        decision(
            "no_currency",
            f"{plural(rows, 'row')} without a currency counted as {main}, the most frequent.",
            rows,
            weighty=moves_much(rows, total),
        )
    ]
