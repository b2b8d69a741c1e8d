"""Events beside the orders: visits, logins, whatever a customer does without buying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.ingest.columns.kinds import EVENTS
from clv.ingest.orders import companions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from clv.ingest.orders.companions import Companion


def load(
    con: duckdb.DuckDBPyConnection,
    parts: Sequence[Companion],
    first: int,
    latest: date,
    spool: Path,
) -> None:
    """Read files of events, and make the view ``events``.

    Parameters
    ----------
    con
        Has ``orders``: events of customers without one are rejected.
    first
        How many files were read before.
    latest
        Events after this day are rejected.
    """
    companions.create(con, EVENTS)
    for number, part in enumerate(parts, first):
        part.load(con, number, spool)
    future = f"t.moment >= DATE '{latest}' + INTERVAL 1 DAY"
    companions.reject(con, EVENTS, "future_date", future, "t.moment::VARCHAR")
    unknown = "customer_id NOT IN (SELECT customer_id FROM orders)"
    companions.reject(con, EVENTS, "unknown_customer", unknown, "t.customer_id")
    con.execute(
        f'CREATE VIEW events AS SELECT customer_id, moment AS "at", event FROM {EVENTS.store} '
        "WHERE code = 0 ORDER BY customer_id, moment, event"
    )
