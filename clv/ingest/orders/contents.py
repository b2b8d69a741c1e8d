"""What orders are made of: rows of order lines by category → ``order_lines``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.core import engine

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb


def build(
    con: duckdb.DuckDBPyConnection, roles: Collection[str], *, has_order_id: bool, gone: int
) -> bool:
    """Make the table ``order_lines`` (`clv.core.orders.LINES`) if the rows tell what they are of.

    They do where orders have rows of their own and these a category; or else, where orders have
    several, a product that is sold again and again (a column that numbers the lines is none).

    Parameters
    ----------
    con
        Has ``lines`` and ``orders``.
    roles
        What the columns of the files mean.
    gone
        Orders that were cancelled in full; their rows are still in ``lines``.

    Returns
    -------
    bool
        Whether the table was made.
    """
    column = next((role for role in ("category", "product") if role in roles), None)
    if column is None or not has_order_id:
        return False
    rows, values = engine.row(
        con, f"SELECT count(*), count(DISTINCT {column}) FROM lines WHERE code = 0"
    )
    (orders,) = engine.row(con, "SELECT count(*) FROM orders")
    if not values or (column == "product" and (rows <= orders or 2 * values > rows)):
        return False
    mine = (
        "SEMI JOIN (SELECT order_id FROM orders GROUP BY order_id HAVING count(*) = 1) USING (order_id)"
        if gone or len(engine.repeated(con, "hash(order_id)", "orders"))
        else ""
    )
    con.execute(
        "CREATE TABLE order_lines AS SELECT order_id, category, round(sum(revenue), 6) AS revenue, "
        "sum(items)::BIGINT AS items FROM (SELECT coalesce(order_id, customer_id || '@' || "
        f"ordered_at::VARCHAR) AS order_id, {column} AS category, revenue, items FROM lines "
        f"WHERE code = 0) {mine} GROUP BY order_id, category ORDER BY ALL"
    )
    return True
