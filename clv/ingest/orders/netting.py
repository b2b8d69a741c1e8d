"""Rows of ``lines`` → orders: duplicates, refunds and cancellations, dates that cannot be.

Every step either leaves a row alone, gives it a code (it is rejected for that), or moves a refund
to the order that it belongs to, so that the order's revenue is net.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from clv.core import engine
from clv.core.formatting import plural
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, switch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb

    from clv.core.schema import Decision, Rule

#: A gap of more than ten years on both sides of a few rows marks them as typing errors.
FAR_DAYS: Final = 3653
_FEW_ROWS: Final = 5
_FEW_SHARE: Final = 0.001
_MAX_ROUNDS: Final = 50
#: Items of a row as SQL; a row that names none counts as one.
_QUANTITY: Final = "CASE WHEN items IS NULL OR items = 0 THEN 1 ELSE abs(items) END"
_PRICE: Final = f"round(abs(revenue) / {_QUANTITY}, 4)"


def fill_orders(con: duckdb.DuckDBPyConnection, files: Sequence[int]) -> None:
    """Give every row of an order what its exports write on the first row only.

    The customer, the date and a verdict such as *unpaid* hold for all rows of the order; its total
    counts once.

    Parameters
    ----------
    files
        Numbers of the files that are written so.
    """
    verdicts = ", ".join(str(NUMBER[c]) for c in _VERDICTS)
    chosen = f"file IN ({', '.join(map(str, files))}) AND order_id IS NOT NULL"
    live = f"code <> {NUMBER['older_state']}"
    con.execute(
        "CREATE TEMP TABLE whole AS SELECT file, order_id, "
        "arg_min(customer_id, rowid) AS customer_id, "
        "arg_min(ordered_at, rowid) AS ordered_at, "
        f"min(rowid) FILTER (revenue IS NOT NULL AND {live}) AS first_value, "
        f"CASE WHEN count(*) FILTER (customer_id IS NOT NULL AND {live}) = 0 "
        f"AND bool_or(NOT ({live})) THEN {NUMBER['older_state']} "
        f"ELSE coalesce(arg_min(code, rowid) FILTER (code IN ({verdicts})), "
        f"arg_min(code, rowid) FILTER (revenue IS NOT NULL AND {live}), 0) END AS verdict "
        f"FROM lines WHERE {chosen} GROUP BY ALL"
    )
    con.execute(
        "UPDATE lines SET customer_id = coalesce(lines.customer_id, w.customer_id), "
        "ordered_at = coalesce(lines.ordered_at, w.ordered_at), "
        "code = CASE WHEN lines.code <> 0 THEN lines.code "
        f"WHEN w.verdict = {NUMBER['older_state']} THEN w.verdict "
        f"WHEN w.customer_id IS NULL THEN {NUMBER['missing_customer']} "
        f"WHEN w.ordered_at IS NULL THEN {NUMBER['unreadable_date']} "
        f"WHEN w.first_value IS NULL THEN {NUMBER['unreadable_number']} ELSE w.verdict END, "
        "detail = CASE WHEN lines.code = 0 AND (w.ordered_at IS NULL OR w.first_value IS NULL) "
        "THEN '' ELSE lines.detail END, "
        "revenue = CASE WHEN lines.rowid = w.first_value THEN lines.revenue ELSE 0 END "
        "FROM whole w WHERE w.file = lines.file "
        "AND w.order_id = lines.order_id"
    )
    con.execute("DROP TABLE whole")


#: What is said of one row of an order and holds for all of them.
_VERDICTS: Final = (
    *("future_date", "test", "event", "nobody"),
    *("unpaid", "cancelled", "refunded"),
)


def drop_far_dates(con: duckdb.DuckDBPyConnection, rule: Rule) -> list[tuple[date, int]]:
    """Find a few dates decades away from all others; reject their rows unless they are kept.

    Returns
    -------
    list of (day, rows)
        The days found, under either rule.
    """
    days = con.execute(
        "SELECT ordered_at::DATE AS day, count(*) FROM lines WHERE code = 0 GROUP BY 1 ORDER BY 1"
    ).fetchall()
    clusters: list[list[tuple[date, int]]] = []
    for day, n in days:
        if not clusters or (day - clusters[-1][-1][0]).days > FAR_DAYS:
            clusters.append([])
        clusters[-1].append((day, n))
    if len(clusters) < 2:
        return []
    sizes = [sum(n for _, n in cluster) for cluster in clusters]
    main = max(sizes)
    limit = min(max(_FEW_ROWS, _FEW_SHARE * sum(sizes)), 0.1 * main)
    far = [
        entry
        for cluster, size in zip(clusters, sizes, strict=True)
        if size <= limit
        for entry in cluster
    ]
    if far and rule == "drop":
        listed = ", ".join(f"DATE '{day}'" for day, _ in far)
        con.execute(
            f"UPDATE lines SET code = {NUMBER['far_date']}, detail = ordered_at::DATE::VARCHAR "
            f"WHERE code = 0 AND ordered_at::DATE IN ({listed})"
        )
    return far


def find_duplicates(
    con: duckdb.DuckDBPyConnection, rule: Rule, *, scans: bool = False
) -> tuple[int, list[Decision]]:
    """Count rows that repeat an earlier one in every field; reject them if the rule says so.

    Parameters
    ----------
    scans
        Rows are single items: within one file equal rows of an order are equal items, and count.

    Returns
    -------
    (rows, decisions)
        How many repeat; what was decided about equal items.
    """
    several = engine.repeated(con, "fingerprint", "lines WHERE code = 0")
    if not len(several):
        return 0, []
    con.register("several", pa.table({"key": engine.column(several)}))
    con.execute(
        "CREATE TEMP TABLE repeated AS SELECT fingerprint, customer_id, ordered_at, "
        "min(file) AS first_file, min(rowid) AS first, count(*) AS n FROM lines "
        "WHERE code = 0 AND fingerprint IN (SELECT key FROM several) "
        "GROUP BY fingerprint, customer_id, ordered_at HAVING count(*) > 1"
    )
    con.unregister("several")
    count = int(engine.row(con, "SELECT coalesce(sum(n - 1), 0) FROM repeated")[0])
    made: list[Decision] = []
    if count and rule == "drop":
        apart = "lines.file <> r.first_file" if scans else "lines.rowid <> r.first"
        same = (
            "lines.code = 0 AND lines.fingerprint = r.fingerprint "
            "AND lines.customer_id = r.customer_id AND lines.ordered_at = r.ordered_at"
        )
        if scans:
            made = _equal_items(con, same)
        con.execute(
            f"UPDATE lines SET code = {NUMBER['duplicate']} FROM repeated r WHERE {same} AND {apart}"
        )
    con.execute("DROP TABLE repeated")
    return count, made


def _equal_items(con: duckdb.DuckDBPyConnection, same: str) -> list[Decision]:
    """Say how many equal rows of an order count as further items."""
    rows, money = engine.row(
        con,
        f"SELECT count(*), coalesce(sum(abs(revenue)), 0) FROM lines, repeated r WHERE {same} "
        "AND lines.file = r.first_file AND lines.rowid <> r.first",
    )
    (total,) = engine.row(con, "SELECT coalesce(sum(abs(revenue)), 0) FROM lines WHERE code = 0")
    if not rows:
        return []
    return [
        decision(
            "equal_items",
            f"{plural(rows, 'row')} equal an earlier row of the same order. The file has no quantities, so "
            "each counts as one more item.",
            int(rows),
            round(float(money), 2),
            [switch("Leave the repeats out", "--drop", "duplicate")],
            weighty=moves_much(money, total),
        )
    ]


def name_orders(con: duckdb.DuckDBPyConnection) -> list[Decision]:
    """Give refunds the number and the customer of the order that they refer to.

    Where the shop sends the money back, its own address stands in the customer's place.
    """
    con.execute(
        "CREATE TEMP TABLE referring AS SELECT l.rowid AS id, -l.revenue AS amount, l.reference AS "
        "order_id, o.customer_id FROM lines l JOIN (SELECT order_id, min(customer_id) AS customer_id "
        "FROM lines WHERE code = 0 AND revenue > 0 AND order_id IS NOT NULL GROUP BY order_id "
        "HAVING min(customer_id) = max(customer_id)) o ON o.order_id = l.reference "
        f"WHERE l.code IN (0, {NUMBER['missing_customer']}) AND l.revenue < 0 AND l.ordered_at IS NOT NULL "
        "AND l.order_id IS DISTINCT FROM l.reference"
    )
    rows, worth = engine.row(con, "SELECT count(*), coalesce(sum(amount), 0) FROM referring")
    if rows:
        con.execute(
            "UPDATE lines SET order_id = r.order_id, customer_id = r.customer_id, code = 0, "
            "detail = NULL FROM referring r WHERE lines.rowid = r.id"
        )
    con.execute("DROP TABLE referring")
    if not rows:
        return []
    (total,) = engine.row(con, "SELECT coalesce(sum(abs(revenue)), 0) FROM lines WHERE code = 0")
    return [
        decision(
            "refund_refers",
            f"{plural(int(rows), 'refund')} named the order that they take back: each comes off that order.",
            int(rows),
            round(float(worth), 2),
            [switch("Match them by customer and amount", "--map", "reference=")],
            weighty=moves_much(worth, total),
        )
    ]


def settle_refunds(
    con: duckdb.DuckDBPyConnection, *, has_order_id: bool
) -> tuple[int, list[Decision]]:
    """Net refunds and cancellations against the order they belong to; reject the others.

    A negative row belongs to its own order number if that order stays at or above zero. Otherwise
    it belongs to the latest earlier row of the same customer with the same product and price whose
    quantity is not used up yet; in a log without products, to the latest earlier purchase of exactly
    that amount; where there are order numbers, else to the latest earlier order that is worth as much.

    Returns
    -------
    (rows, decisions)
        Rows netted against an order; which of them found their order by the customer alone.
    """
    own = ""
    if has_order_id:
        own = (
            "AND NOT EXISTS (SELECT 1 FROM balanced b WHERE b.order_id = l.order_id "
            "AND b.customer_id = l.customer_id)"
        )
        con.execute(
            "CREATE TEMP TABLE balanced AS SELECT order_id, customer_id FROM lines "
            "WHERE code = 0 AND order_id IS NOT NULL AND NOT cancel GROUP BY ALL "
            "HAVING min(revenue) < 0 AND sum(revenue) > -0.005"
        )
    con.execute(
        "CREATE TEMP TABLE claims AS SELECT l.rowid AS id, customer_id, ordered_at, product, "
        f"{_QUANTITY} AS quantity, {_PRICE} AS price, cancel, NULL::BIGINT AS target FROM lines l "
        f"WHERE code = 0 AND (revenue < 0 OR cancel) {own}"
    )
    if not engine.row(con, "SELECT count(*) FROM claims")[0]:
        con.execute("CREATE TEMP TABLE netted (id BIGINT, target BIGINT, refunded_at TIMESTAMP)")
        return _count_netted(con), []
    _match_refunds(con)
    made = _match_in_part(con, has_order_id=has_order_id)
    cancelled, negative = NUMBER["cancelled"], NUMBER["negative_without_order"]
    con.execute(
        f"UPDATE lines SET code = CASE WHEN r.cancel THEN {cancelled} ELSE {negative} END, "
        "detail = round(lines.revenue, 2)::VARCHAR FROM claims r WHERE lines.rowid = r.id AND r.target IS NULL"
    )
    number = "order_id = t.order_id, " if has_order_id else ""
    con.execute(
        f"UPDATE lines SET {number}ordered_at = t.ordered_at "
        "FROM claims r JOIN (SELECT rowid AS id, order_id, ordered_at FROM lines) t ON t.id = r.target "
        "WHERE lines.rowid = r.id"
    )
    con.execute(
        "CREATE TEMP TABLE netted AS SELECT id, target, ordered_at AS refunded_at FROM claims "
        "WHERE target IS NOT NULL"
    )
    return _count_netted(con), made


def _count_netted(con: duckdb.DuckDBPyConnection) -> int:
    return int(engine.row(con, "SELECT count(*) FROM lines WHERE code = 0 AND revenue < 0")[0])


def _match_refunds(con: duckdb.DuckDBPyConnection) -> None:
    """Fill ``claims.target`` round by round: each purchase takes one refund per round."""
    con.execute(
        "CREATE TEMP TABLE bought AS SELECT l.rowid AS id, l.customer_id, l.product, "
        "CASE WHEN items IS NULL OR items = 0 THEN 1 ELSE items END AS left_over, "
        f"{_PRICE} AS price, "
        "l.ordered_at FROM lines l SEMI JOIN claims USING (customer_id) "
        "WHERE code = 0 AND revenue > 0 AND NOT l.cancel"
    )
    for _ in range(_MAX_ROUNDS):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE pairs AS "
            "SELECT target, arg_min(id, (asked_at, id)) AS id, arg_min(quantity, (asked_at, id)) AS quantity FROM ("
            "SELECT r.id, r.quantity, r.ordered_at AS asked_at, "
            "arg_max(b.id, (b.ordered_at, b.id)) AS target "
            "FROM claims r JOIN bought b ON b.customer_id = r.customer_id "
            "AND b.product IS NOT DISTINCT FROM r.product AND b.price = r.price "
            "AND b.ordered_at <= r.ordered_at AND b.left_over >= r.quantity "
            "WHERE r.target IS NULL GROUP BY ALL) GROUP BY target"
        )
        if not engine.row(con, "SELECT count(*) FROM pairs")[0]:
            break
        con.execute("UPDATE claims SET target = p.target FROM pairs p WHERE claims.id = p.id")
        con.execute(
            "UPDATE bought SET left_over = left_over - p.quantity FROM pairs p "
            "WHERE bought.id = p.target"
        )
    con.execute("DROP TABLE bought")
    con.execute("DROP TABLE IF EXISTS pairs")


def _match_in_part(con: duckdb.DuckDBPyConnection, *, has_order_id: bool) -> list[Decision]:
    """Give refunds that name no product the customer's latest earlier order that is worth as much.

    Rows whose kind says that they take back need no product either: what stands there is a note. In a
    log without order numbers and kinds a negative amount may be an error of typing as well.
    """
    con.execute(
        "CREATE TEMP TABLE parts AS SELECT r.id, r.customer_id, r.ordered_at, -l.revenue AS amount "
        "FROM claims r JOIN lines l ON l.rowid = r.id WHERE r.target IS NULL AND NOT r.cancel "
        f"AND (l.kind IS NOT NULL OR ({'r.product IS NULL' if has_order_id else 'false'}))"
    )
    con.execute(
        "CREATE TEMP TABLE worth AS SELECT l.customer_id, max(l.rowid) AS id, "
        "min(l.ordered_at) AS ordered_at, sum(l.revenue) - sum(coalesce(t.amount, 0)) AS worth "
        "FROM lines l SEMI JOIN parts USING (customer_id) LEFT JOIN (SELECT r.target, "
        "sum(abs(l.revenue)) AS amount FROM claims r JOIN lines l ON l.rowid = r.id "
        "GROUP BY r.target) t ON t.target = l.rowid WHERE l.code = 0 AND NOT l.cancel "
        "GROUP BY l.customer_id, coalesce(l.order_id, l.rowid::VARCHAR || '@') HAVING worth > 0"
    )
    rows = money = 0.0
    for _ in range(_MAX_ROUNDS):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE pairs AS SELECT target, arg_min(id, (asked_at, id)) AS id, "
            "arg_min(amount, (asked_at, id)) AS amount FROM (SELECT p.id, p.amount, "
            "p.ordered_at AS asked_at, arg_max(w.id, (w.ordered_at, w.id)) AS target "
            "FROM parts p JOIN worth w ON w.customer_id = p.customer_id "
            "AND w.ordered_at <= p.ordered_at AND w.worth > p.amount - 0.005 GROUP BY ALL) "
            "GROUP BY target"
        )
        found, worth = engine.row(con, "SELECT count(*), coalesce(sum(amount), 0) FROM pairs")
        if not found:
            break
        rows, money = rows + found, money + worth
        con.execute("UPDATE claims SET target = p.target FROM pairs p WHERE claims.id = p.id")
        con.execute("DELETE FROM parts WHERE id IN (SELECT id FROM pairs)")
        con.execute(
            "UPDATE worth SET worth = worth - p.amount FROM pairs p WHERE worth.id = p.target"
        )
    for made in ("parts", "worth", "pairs"):
        con.execute(f"DROP TABLE {made}")
    if not rows:
        return []
    (total,) = engine.row(con, "SELECT coalesce(sum(abs(revenue)), 0) FROM lines WHERE code = 0")
    return [
        decision(
            "refund_in_part",
            f"{plural(int(rows), 'refund')} named no order: each comes off the customer's latest earlier "
            "order that is worth as much.",
            int(rows),
            round(money, 2),
            weighty=moves_much(money, total),
        )
    ]


def drop_zero_values(con: duckdb.DuckDBPyConnection, rule: Rule, *, one_total: bool) -> int:
    """Count rows of value zero; reject them if the rule says so."""
    if one_total:  # Further rows of an order carry no value by design.
        where = (
            "code = 0 AND (file, order_id) IN (SELECT (file, order_id) FROM lines WHERE code = 0 "
            "GROUP BY file, order_id HAVING sum(revenue) = 0)"
        )
    else:
        where = "code = 0 AND revenue = 0"
    count = int(engine.row(con, f"SELECT count(*) FROM lines WHERE {where}")[0])
    if count and rule == "drop":
        con.execute(f"UPDATE lines SET code = {NUMBER['zero_value']} WHERE {where}")
    return count


def build_orders(con: duckdb.DuckDBPyConnection, *, has_order_id: bool) -> int:
    """Make the canonical ``orders`` table; return how many orders were cancelled in full.

    Rows with an order number are grouped by it (and the customer). In a log without one, every row
    is an order, less the refunds netted against it.
    """
    made = _by_number(con) if has_order_id else _each_row(con)
    con.execute(f"CREATE {made}")
    gone = "coalesce(netted AND revenue < 0.005, false)"
    cancelled = int(engine.row(con, f"SELECT count(*) FROM grouped WHERE {gone}")[0])
    con.execute(
        "CREATE VIEW orders AS SELECT customer_id, order_id, ordered_at, revenue, items "
        f"FROM grouped WHERE NOT {gone}"
    )
    return cancelled


def build_refunds(con: duckdb.DuckDBPyConnection, *, has_order_id: bool) -> bool:
    """Make the table ``refunds`` (`clv.core.orders.REFUNDS`) if any came later than its order.

    Parameters
    ----------
    con
        As `build_orders` left it.

    Returns
    -------
    bool
        Whether the table was made.
    """
    when = "coalesce(n.refunded_at, l.ordered_at)"
    if has_order_id:
        source = (
            "lines l LEFT JOIN netted n ON n.id = l.rowid JOIN grouped o ON o.customer_id = "
            "l.customer_id AND o.order_id = coalesce(l.order_id, l.customer_id || '@' || "
            "l.ordered_at::VARCHAR)"
        )
    else:
        source = (
            "netted n JOIN lines l ON l.rowid = n.id JOIN (SELECT t.rowid AS id, "
            f"{_NUMBERED} AS order_id, ordered_at FROM lines t LEFT JOIN numbered "
            "ON numbered.id = t.rowid SEMI JOIN netted ON netted.target = t.rowid) o "
            "ON o.id = n.target"
        )
    con.execute(
        "CREATE TABLE refunds AS SELECT l.customer_id, o.order_id, o.ordered_at, "
        f"{when} AS refunded_at, round(-sum(l.revenue), 6) AS revenue, "
        f"-sum(l.items)::BIGINT AS items FROM {source} WHERE l.code = 0 AND l.revenue < 0 "
        f"AND {when}::DATE > o.ordered_at::DATE GROUP BY ALL ORDER BY ALL"
    )
    if engine.row(con, "SELECT count(*) FROM refunds")[0]:
        return True
    con.execute("DROP TABLE refunds")
    return False


#: Number of an order in a log that has none, of its row and that row's place in ``numbered``.
_NUMBERED: Final = (
    "customer_id || '@' || ordered_at::VARCHAR || CASE WHEN k > 1 THEN '#' || k ELSE '' END"
)


def _by_number(con: duckdb.DuckDBPyConnection) -> str:
    """Return what ``grouped`` is where rows have order numbers."""
    key = "customer_id, order_id, CASE WHEN order_id IS NULL THEN ordered_at END"
    named = "coalesce(order_id, customer_id || '@' || {}::VARCHAR) AS order_id"
    # Rows of an order mostly stand together: a few tell that orders have several.
    for rows in ("lines WHERE code = 0 AND rowid < 10000", "lines WHERE code = 0"):
        if len(engine.repeated(con, f"hash({key})", rows)):
            return (
                f"TABLE grouped AS SELECT customer_id, {named.format('min(ordered_at)')}, "
                "min(ordered_at) AS ordered_at, round(sum(revenue), 6) AS revenue, "
                "sum(items)::BIGINT AS items, min(revenue) < 0 AS netted FROM lines WHERE code = 0 "
                f"GROUP BY {key}"
            )
    return (
        f"VIEW grouped AS SELECT customer_id, {named.format('ordered_at')}, ordered_at, "
        "round(revenue, 6) AS revenue, items::BIGINT AS items, revenue < 0 AS netted FROM lines "
        "WHERE code = 0"
    )


def _each_row(con: duckdb.DuckDBPyConnection) -> str:
    """Return what ``grouped`` is for a log; rows at the same moment get a running number in their id."""
    rows = "lines WHERE code = 0 AND rowid NOT IN (SELECT id FROM netted)"
    netted = engine.row(con, "SELECT count(*) FROM netted")[0]
    tied = engine.repeated(con, "hash(customer_id, ordered_at)", rows)
    if not netted and not len(tied):  # Every row is an order as it stands: nothing to work out.
        return (
            "VIEW grouped AS SELECT customer_id, customer_id || '@' || ordered_at::VARCHAR AS "
            "order_id, ordered_at, revenue, items::BIGINT AS items, false AS netted FROM lines WHERE code = 0"
        )
    con.register("tied", pa.table({"key": engine.column(tied)}))
    con.execute(
        "CREATE TEMP TABLE numbered AS SELECT rowid AS id, row_number() OVER "
        f"(PARTITION BY customer_id, ordered_at ORDER BY rowid) AS k FROM {rows} "
        "AND hash(customer_id, ordered_at) IN (SELECT key FROM tied)"
    )
    con.unregister("tied")
    con.execute(
        "CREATE TEMP TABLE taken AS SELECT target, sum(l.revenue) AS revenue, sum(items) AS items "
        "FROM netted n JOIN lines l ON l.rowid = n.id GROUP BY target"
    )
    return (
        f"TABLE grouped AS SELECT customer_id, {_NUMBERED} AS order_id, ordered_at, "
        "round(l.revenue + coalesce(t.revenue, 0), 6) AS revenue, "
        "(l.items + coalesce(t.items, 0))::BIGINT AS items, t.target IS NOT NULL AS netted "
        "FROM lines l LEFT JOIN numbered ON numbered.id = l.rowid "
        "LEFT JOIN taken t ON t.target = l.rowid "
        "WHERE code = 0 AND l.rowid NOT IN (SELECT id FROM netted)"
    )
