"""One order told several times: in overlapping exports, or once for every state it went through.

The latest state counts. Rows of earlier ones are set aside, listed like all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from clv.core import engine
from clv.core.formatting import plural
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from clv.core.schema import Decision, Rule
    from clv.ingest.orders.table import Table

#: Rows that were read and belong to a known order, whether or not it is a sale.
_READ = ", ".join(
    str(NUMBER[code]) for code in ("unpaid", "cancelled", "refunded", "test", "event")
)


#: Where fewer orders than this share have several rows, a row is an order.
_ONE_ROW_EACH: Final = 0.02


def settle(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], rule: Rule, *, one_total: bool
) -> list[Decision]:
    """Set aside the rows of earlier states of an order.

    Parameters
    ----------
    con
        Has ``lines``, every row with an order number.
    rule
        Whether such rows are dropped.
    one_total
        An order's total counts once: every file tells the whole order.
    """
    decisions: list[Decision] = []
    moving = [r for r in ("status", "updated_at") if any(r in t.mapping for t in tables)]
    if len(tables) > 1:
        _overlaps(con, one_total=one_total)
        decisions += _set_aside(
            con,
            rule,
            "overlap",
            "Orders that stand in several files or sheets count once, by their state in the latest file",
        )
    if moving:
        _histories(con, moving)
        decisions += _set_aside(
            con,
            rule,
            "history",
            "Orders that are told again for every state they went through count once, by the latest",
        )
    return decisions


def _overlaps(con: duckdb.DuckDBPyConnection, *, one_total: bool) -> None:
    """Make ``older``: rows of orders that a later file tells otherwise.

    An order is the same if number, customer and day are. A file whose newest order is later is the
    later one. Where both tell the same rows, the check for exact repeats sees to it; where the files
    share no row of the order, each tells a part of it.
    """
    con.execute(
        "CREATE TEMP TABLE told AS SELECT file, order_id, customer_id, ordered_at::DATE AS day, "
        "count(*) AS n, bit_xor(fingerprint) AS content, list(DISTINCT round(abs(revenue), 4)) AS amounts, "
        "list(DISTINCT product) FILTER (product IS NOT NULL) AS products FROM lines "
        f"WHERE (code = 0 OR code IN ({_READ})) AND order_id IS NOT NULL AND customer_id IS NOT NULL "
        "GROUP BY ALL"
    )
    con.execute(
        "CREATE TEMP TABLE newest AS SELECT file, row_number() OVER (ORDER BY max(ordered_at), file) "
        "AS place FROM lines WHERE ordered_at IS NOT NULL GROUP BY file"
    )
    (several,) = engine.row(con, "SELECT coalesce(avg((n > 1)::INT), 0) FROM told")
    by_amount = "true" if several < _ONE_ROW_EACH else "list_has_any(a.amounts, b.amounts)"
    by_line = (
        "CASE WHEN len(a.products) > 0 AND len(b.products) > 0 "
        f"THEN list_has_any(a.products, b.products) ELSE {by_amount} END"
    )
    shared = "true" if one_total else f"({by_line})"
    con.execute(
        "CREATE TEMP TABLE older AS SELECT l.rowid AS id FROM lines l JOIN ("
        "SELECT DISTINCT a.file, a.order_id, a.customer_id, a.day FROM told a JOIN newest x "
        "ON x.file = a.file JOIN told b ON a.order_id = b.order_id AND a.customer_id = b.customer_id "
        "AND a.day = b.day JOIN newest y ON y.file = b.file "
        f"WHERE x.place < y.place AND a.content <> b.content AND {shared}) o "
        "ON l.file = o.file AND l.order_id = o.order_id AND l.customer_id = o.customer_id "
        f"AND l.ordered_at::DATE = o.day WHERE l.code = 0 OR l.code IN ({_READ})"
    )
    con.execute("DROP TABLE told")
    con.execute("DROP TABLE newest")


def _histories(con: duckdb.DuckDBPyConnection, moving: Sequence[str]) -> None:
    """Make ``older``: rows that repeat a row of the same order in all but its state."""
    states = [c for c in moving if c != "updated_at"] or ["updated_at"]
    whole = f"(code = 0 OR code IN ({_READ})) AND order_id IS NOT NULL AND customer_id IS NOT NULL"
    key = "hash(file, order_id, customer_id, kind, product, round(abs(revenue), 4), items)"
    last = "coalesce(try_cast(updated_at AS TIMESTAMP)::VARCHAR, updated_at), "
    state = f"hash({', '.join(states)})"
    rows = f"lines WHERE {whole} AND revenue >= 0"
    con.register("told", pa.table({"key": engine.column(engine.repeated(con, key, rows))}))
    con.execute(
        "CREATE TEMP TABLE older AS SELECT unnest(list_filter(ids, lambda x: x <> latest)) AS id FROM "
        f"(SELECT list(id) AS ids, arg_max(id, ({last if 'updated_at' in moving else ''}id)) AS latest "
        f"FROM (SELECT *, rowid AS id FROM {rows} AND {key} IN (SELECT key FROM told)) GROUP BY {key} "
        f"HAVING min({state}) < max({state}))"
    )
    con.unregister("told")


def _set_aside(
    con: duckdb.DuckDBPyConnection, rule: Rule, code: str, sentence: str
) -> list[Decision]:
    """Reject the rows in ``older`` if the rule says so; the table is dropped."""
    if not engine.row(con, "SELECT count(*) FROM older")[0]:
        con.execute("DROP TABLE older")
        return []
    rows, money, all_rows, all_money = engine.row(
        con,
        "SELECT count(*) FILTER (old), coalesce(sum(abs(revenue)) FILTER (old AND code = 0), 0), "
        "count(*), coalesce(sum(abs(revenue)), 0) FROM (SELECT *, rowid IN (SELECT id FROM older) "
        "AS old FROM lines)",
    )
    if rule == "drop":
        con.execute(
            f"UPDATE lines SET code = {NUMBER['older_state']}, detail = order_id "
            "WHERE rowid IN (SELECT id FROM older)"
        )
    con.execute("DROP TABLE older")
    done = f"{plural(rows, 'row')} of earlier states {'left out' if rule == 'drop' else 'kept'}"
    return [
        decision(
            code,
            f"{sentence}: {done}.",
            int(rows),
            round(float(money), 2),
            [turned("older_state", rule, "Count every row", "Count the latest only")],
            weighty=moves_much(rows, all_rows) or moves_much(money, all_money),
        )
    ]
