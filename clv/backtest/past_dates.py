"""Moving origins: what was known on a day in the past, and what came after it.

A model that is tested sees a `Sample`'s history only; the outcome is what it is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
import numpy as np

from clv.core import engine
from clv.core.horizon import add_months
from clv.features import rfm
from clv.features.known import as_known
from clv.features.rhythm import rhythm
from clv.models.contenders import Known, Past
from clv.models.correction.traits import Rhythm
from clv.models.histories import Histories

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from clv.core.types import Floats


#: Most origins that are looked at.
MOST_ORIGINS: Final = 4
#: Fewest customers known at an origin.
FEWEST_CUSTOMERS: Final = 50
#: Months without which no season is told (but for a week), and that are looked ahead to try it.
_YEAR: Final = 12
_SEASON_WINDOW: Final = 3
_WEEK: Final = 7

#: Customers that are tested: more would move no figure by as much as chance does, and take longer.
MOST_CUSTOMERS: Final = 25_000


@dataclass(frozen=True)
class Origin:
    """One test: orders up to and including ``as_of`` are known, those in (as_of, end] come after."""

    as_of: date
    end: date

    @property
    def days(self) -> int:
        """Length of the outcome window."""
        return (self.end - self.as_of).days


@dataclass(frozen=True)
class Plan:
    """Which tests a history supports.

    Attributes
    ----------
    horizon_months
        Of every test; shorter than the forecast's where the history is too short for that.
    origins
        Oldest first; empty where the history supports none.
    reason
        Why there are none, or why the horizon is shorter; else empty.
    """

    horizon_months: int
    origins: tuple[Origin, ...]
    reason: str = ""


def months_before(day: date, months: int) -> date:
    """Return the last day of the period that ends ``months`` earlier; month ends stay month ends."""
    return add_months(day + timedelta(days=1), -months) - timedelta(days=1)


def _months_seen(since: date, as_of: date) -> int:
    """Return how many whole months end with a day and begin after another."""
    months = 0
    while months_before(as_of, months + 1) >= since:
        months += 1
    return months


def plan(first_order: date, as_of: date, horizon_months: int) -> Plan:
    """Choose origins: as many as the history supports, fixed horizon, the last one ending today.

    The horizon is at most half the history, so that a model knows at least as long a time as it
    looks ahead; earlier origins lie a third of the horizon apart and know at least half of it.

    Parameters
    ----------
    first_order, as_of
        The observed period.
    horizon_months
        Of the forecast.
    """
    months = _months_seen(first_order - timedelta(days=1), as_of)
    horizon = min(horizon_months, months // 2)
    if horizon < 1:
        days = (as_of - first_order).days + 1
        return Plan(
            0,
            (),
            f"The orders cover {days} day{'s' if days > 1 else ''}; a test needs at least two "
            "months: one to learn from, one to compare with.",
        )
    reason = ""
    if horizon < horizon_months:
        reason = (
            f"The orders cover {months} months, so that the tests can look {horizon} "
            f"month{'s' if horizon > 1 else ''} ahead, not {horizon_months}."
        )
    step = max(horizon // 3, 1)
    found = []
    for i in range(MOST_ORIGINS):
        origin = months_before(as_of, horizon + i * step)
        known = months - horizon - i * step
        if i and 2 * known < horizon:
            break
        found.append(Origin(origin, months_before(as_of, i * step)))
    return Plan(horizon, tuple(reversed(found)), reason)


def season_dates(first_order: date, as_of: date, horizon_months: int) -> list[Origin]:
    """Choose the dates on which a season is tried: windows side by side, the last one ending today.

    A season shows month by month, so that the windows can be short: three months, or what is left
    after a year; before each of them a year has been seen. Oldest first; empty where less than a
    month has come after the first year.

    Parameters
    ----------
    first_order, as_of
        The observed period.
    horizon_months
        Of the forecast.
    """
    after = _months_seen(first_order - timedelta(days=_WEEK), as_of) - _YEAR
    window = min(_SEASON_WINDOW, horizon_months, after)
    if window < 1:
        return []
    ends = [i * window for i in range(min(MOST_ORIGINS, after // window))]
    return [
        Origin(months_before(as_of, end + window), months_before(as_of, end))
        for end in reversed(ends)
    ]


class Sample(NamedTuple):
    """Every customer known at an origin: history and outcome; n customers, sorted by id.

    Attributes
    ----------
    customer_id
        Arrow column of length n.
    history
        As known at the origin; what is recent lies in the window before it that is as long as the
        outcome's.
    purchases, value
        Shape (n,): purchase days and revenue within (as_of, end].
    """

    origin: Origin
    customer_id: pa.ChunkedArray
    history: Known
    purchases: Floats
    value: Floats

    @property
    def past(self) -> Past:
        """The same as a past to learn from: only for whoever forecasts at its end or later."""
        return Past(self.history, self.purchases, self.value, self.origin.days)


def orders_then(con: duckdb.DuckDBPyConnection, day: date) -> str:
    """Return the name of a table of the orders as they were known on a day.

    Where the files have no later refunds that is ``orders``, with what came after the day. Else it is
    a table of the connection's own, until the next call.
    """
    refunds = _refunds(con)
    if refunds is None:
        return "orders"
    then = as_known(con.table("orders"), refunds, day).sql_query()
    con.execute(f"CREATE OR REPLACE TEMP TABLE orders_then AS {then}")
    return "orders_then"


def _refunds(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation | None:
    """Return the table ``refunds`` of a connection; None where there is none."""
    try:
        return con.table("refunds")
    except duckdb.CatalogException:
        return None


def sample(con: duckdb.DuckDBPyConnection, origin: Origin, known_by: date | None = None) -> Sample:
    """Read one test's customers off the ``orders`` of a connection.

    The outcome is joined to the customers last; nothing in their history can depend on it, nor on
    refunds after the origin.

    Parameters
    ----------
    known_by
        The day on which the outcome is looked at: later refunds are not known. None for today.
    """
    then = orders_then(con, origin.as_of)
    rfm(con.table(then), origin.as_of).create("known")
    start = origin.as_of - timedelta(days=origin.days)
    rhythm(con.table(then), origin.as_of, origin.days).create("rhythm")
    _window(con, then, "recent", start, origin.as_of)
    gaps = log_gaps(con, origin.as_of, then)
    came = orders_then(con, known_by) if known_by else "orders"
    _window(con, came, "outcome", origin.as_of, origin.end)
    rows = con.sql(
        "SELECT k.customer_id, frequency, recency, T, coalesce(monetary_value, 0) AS monetary_value, "
        "coalesce(k.revenue, 0) / (frequency + 1) AS mean_value, "
        "coalesce(r.purchases, 0) AS recent_purchases, coalesce(r.value, 0) AS recent_value, "
        "late_purchases, latest_purchases, late_value, "
        "coalesce(o.purchases, 0) AS purchases, coalesce(o.value, 0) AS value "
        "FROM known k JOIN rhythm USING (customer_id) LEFT JOIN recent r USING (customer_id) "
        "LEFT JOIN outcome o USING (customer_id) ORDER BY k.customer_id"
    ).to_arrow_table()
    for table in ("known", "outcome", "recent", "rhythm"):
        con.execute(f"DROP TABLE {table}")
    arrays = {name: np.asarray(rows[name], dtype=float) for name in rows.column_names[1:]}
    purchases, value = arrays.pop("purchases"), arrays.pop("value")
    histories = Histories.of(*(arrays.pop(k) for k in ("frequency", "recency", "T")))
    pace = Rhythm(*(arrays.pop(name) for name in Rhythm._fields))
    history = Known(histories, **arrays, recent_days=origin.days, log_gaps=gaps, rhythm=pace)
    return Sample(origin, rows["customer_id"], history, purchases, value)


def log_gaps(con: duckdb.DuckDBPyConnection, as_of: date, orders: str = "orders") -> float:
    """Return the sum of the logs of the days between consecutive purchase days up to a day."""
    found = con.execute(
        "SELECT coalesce(sum(ln(gap)), 0) FROM (SELECT day - lag(day) OVER "
        "(PARTITION BY customer_id ORDER BY day) AS gap FROM (SELECT DISTINCT customer_id, "
        f"ordered_at::DATE AS day FROM {orders} WHERE ordered_at::DATE <= $1)) WHERE gap IS NOT NULL",
        [as_of],
    ).fetchall()
    return float(found[0][0])


def past(con: duckdb.DuckDBPyConnection, origin: Origin, first_order: date) -> Past | None:
    """Return what one can learn from at an origin: the customers of an earlier day, and since.

    The earlier day lies one horizon back, or half-way to the first order where that is later. None
    where hardly anybody was known then.
    """
    days = min(origin.days, (origin.as_of - first_order).days // 2)
    if days < 1:
        return None
    begin = origin.as_of - timedelta(days=days)
    found = sample(con, Origin(begin, origin.as_of), known_by=origin.as_of).past
    return found if found.purchases.size >= FEWEST_CUSTOMERS else None


def _window(
    con: duckdb.DuckDBPyConnection, orders: str, name: str, after: date, until: date
) -> None:
    """Make a table of purchase days and revenue per customer in (after, until]."""
    con.execute(
        f"CREATE TABLE {name} AS SELECT customer_id, count(DISTINCT ordered_at::DATE) AS purchases, "
        f"sum(revenue) AS value FROM {orders} WHERE ordered_at::DATE > DATE '{after}' "
        f"AND ordered_at::DATE <= DATE '{until}' GROUP BY customer_id"
    )


def draw(con: duckdb.DuckDBPyConnection, known: int) -> int:
    """Let ``orders`` be those of the customers to test, for this connection; return their number.

    They are drawn by a hash of their ids: always the same ones, and none for what they did. Who has
    no order any more is drawn like the others: on past dates they had.
    """
    con.execute("CREATE SCHEMA drawn")
    refunds = _refunds(con)
    gone = "" if refunds is None else " UNION SELECT customer_id FROM refunds"
    some = (
        ""
        if known <= MOST_CUSTOMERS
        else f"SEMI JOIN (SELECT customer_id FROM (SELECT customer_id FROM customers{gone}) "
        f"ORDER BY md5(customer_id) LIMIT {MOST_CUSTOMERS}) USING (customer_id)"
    )
    con.execute(
        "CREATE TABLE drawn.orders AS SELECT customer_id, order_id, ordered_at, revenue, items "
        f"FROM orders {some}"
    )
    if refunds is not None:
        con.execute(f"CREATE TABLE drawn.refunds AS SELECT * FROM refunds {some}")
    con.execute("SET search_path = 'drawn'")
    return min(known, MOST_CUSTOMERS)


def drawn_past(con: duckdb.DuckDBPyConnection, origin: Origin, first_order: date) -> Past | None:
    """Return `past` of the customers that are tested, not of all, off the tables of a connection.

    Parameters
    ----------
    con
        Has ``orders`` and ``customers``.
    """
    with engine.beside(con) as drawn:
        (known,) = engine.row(drawn, "SELECT count(*) FROM customers")
        draw(drawn, known)
        found = past(drawn, origin, first_order)
        drawn.execute("DROP SCHEMA drawn CASCADE")
    return found
