"""Order numbers that begin anew, or that two shops in one file both use: one number, several orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.formatting import plural
from clv.ingest.orders.decisions import decision, moves_much

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from clv.core.schema import Decision

#: From this share on, numbers that several customers have on several days are no accident where an
#: amount is that of a row.
_SHARE: Final = 0.1


def tell_apart(con: duckdb.DuckDBPyConnection, one_total: Sequence[int]) -> list[Decision]:
    """Give orders that share a number a number each: ``#1001`` and ``#1001 (2)``.

    Rows of one number are several orders where customers and days differ, or where days and totals
    do. A row without customer or day belongs to the row above that has one; a row that takes back, to
    the order of that customer before it.

    Parameters
    ----------
    con
        Has ``lines``.
    one_total
        Numbers of the files in which an order's total counts once. In the others lines of one order
        may lie days apart, so that only many recurring numbers are a sign.
    """
    if not one_total and not _many_recur(con):
        return []
    once = f"file IN ({', '.join(map(str, one_total))})" if one_total else "false"
    con.execute(
        "CREATE TEMP TABLE twice AS SELECT file, order_id, bool_or(once) AS once FROM (SELECT file, "
        f"order_id, customer_id, ordered_at::DATE AS day, round(revenue, 2) AS money, {once} AS once "
        "FROM lines WHERE order_id IS NOT NULL AND customer_id IS NOT NULL AND ordered_at IS NOT NULL "
        "AND revenue >= 0) GROUP BY file, order_id HAVING min(day) < max(day) "
        "AND (min(customer_id) < max(customer_id) OR (bool_or(once) AND min(money) < max(money)))"
    )
    recurring, kept = engine.row(con, "SELECT count(*), count(*) FILTER (once) FROM twice")
    if recurring > kept:
        (numbers,) = engine.row(con, "SELECT approx_count_distinct(order_id) FROM lines")
        if recurring <= _SHARE * numbers:
            con.execute("DELETE FROM twice WHERE NOT once")
            recurring = kept
    made: list[Decision] = []
    if recurring:
        made = _rename(con)
    con.execute("DROP TABLE twice")
    return made


def _many_recur(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether order numbers may stand for several customers so often that it is worth looking."""
    numbers, pairs = engine.row(
        con,
        "SELECT approx_count_distinct(hash(order_id)), approx_count_distinct(hash(order_id, customer_id)) "
        "FROM lines WHERE order_id IS NOT NULL AND customer_id IS NOT NULL",
    )
    return bool(pairs > (1 + _SHARE) * numbers)


def _rename(con: duckdb.DuckDBPyConnection) -> list[Decision]:
    """Give each order of a number in ``twice`` its place, by customer and day."""
    above = "OVER (PARTITION BY file, order_id ORDER BY lines.rowid)"
    before = "OVER (PARTITION BY file, order_id, customer ORDER BY moment, id)"
    con.execute(
        "CREATE TEMP TABLE parts AS SELECT id, file, order_id, customer, money, "
        f"last_value(CASE WHEN money >= 0 THEN moment::DATE END IGNORE NULLS) {before} AS day "
        "FROM (SELECT lines.rowid AS id, file, order_id, coalesce(revenue, 0) AS money, "
        f"last_value(customer_id IGNORE NULLS) {above} AS customer, "
        f"last_value(ordered_at IGNORE NULLS) {above} AS moment "
        "FROM lines SEMI JOIN twice USING (file, order_id))"
    )
    con.execute(
        "CREATE TEMP TABLE places AS SELECT *, row_number() OVER (PARTITION BY file, order_id "
        "ORDER BY first) AS place FROM (SELECT file, order_id, customer, day, min(id) AS first "
        "FROM parts GROUP BY ALL)"
    )
    con.execute(
        "UPDATE lines SET order_id = p.order_id || ' (' || place || ')' FROM parts p JOIN places q "
        "ON q.file = p.file AND q.order_id = p.order_id AND q.customer IS NOT DISTINCT FROM p.customer "
        "AND q.day IS NOT DISTINCT FROM p.day WHERE lines.rowid = p.id AND place > 1"
    )
    numbers, rows, money, all_rows = engine.row(
        con,
        "SELECT (SELECT count(*) FROM twice), count(*), sum(abs(money)), "
        "(SELECT count(*) FROM lines) FROM parts",
    )
    con.execute("DROP TABLE parts")
    con.execute("DROP TABLE places")
    return [
        decision(
            "numbers_recur",
            f"{plural(numbers, 'order number')} recur with another customer and day: each is an order of "
            "its own.",
            int(rows),
            round(float(money or 0), 2),
            weighty=moves_much(rows, all_rows),
        )
    ]
