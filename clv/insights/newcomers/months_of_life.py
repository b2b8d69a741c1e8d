"""What a newly won customer brings in the months after the first order, and what one may cost.

Months of a customer's life last 365.25 / 12 days from the first order. The revenue of month k is
averaged over the customers who could be watched through the whole of month k, and the averages are
added up: the curve uses everybody for as long as they are known, and is not bent by those who joined
yesterday. It is history, not forecast; nothing in it is discounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

import numpy as np

from clv.core import engine
from clv.insights.newcomers.curves import Interval, Newcomers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from clv.runs import Run


MONTH_DAYS: Final = 365.25 / 12
#: Label values shown on their own, those with most customers; the rest is one row.
MOST_VALUES: Final = 30


@dataclass(frozen=True)
class NewcomersByGroup:
    """All customers, and the same by the values of a label, those with most customers first."""

    everyone: Newcomers
    groups: list[Newcomers]


def by_label(run: Run, label: str) -> NewcomersByGroup:
    """Return what new customers bring, in all and by the values of one of the run's labels."""
    source, key = "forecasts f JOIN labels l USING (customer_id)", f"l.{engine.name(label)}"
    return _by_key(run, _PEOPLE.format(source=source, key=key), "key", "count(*) DESC, key")


def by_cohort(run: Run) -> NewcomersByGroup:
    """Return what new customers bring, in all and by quarter of the first order, newest first."""
    people = _PEOPLE.format(source="forecasts f", key="date_trunc('quarter', f.first_order)")
    return _by_key(run, people, "year(key) || ' Q' || quarter(key)", "key DESC")


def overall(run: Run) -> Newcomers:
    """Return what new customers bring, all together."""
    people = _PEOPLE.format(source="forecasts f", key="NULL::VARCHAR")
    return _by_key(run, people, "key", "key").everyone


def _by_key(run: Run, people: str, value: str, order: str) -> NewcomersByGroup:
    """Read history and forecasts of a run by the ``key`` that a query gives each customer.

    Parameters
    ----------
    people
        `_PEOPLE`, filled in.
    value, order
        SQL over ``key``: what it is called, and the order of the keys.

    Notes
    -----
    With r(i, k) the revenue of customer i in month k, n(k) the customers watched through month k and
    m(k) their mean, the curve is ``sum over k of m(k)``. Customer i adds to it
    ``sum over k <= o(i) of (r(i, k) - m(k)) / n(k)`` around its mean, o(i) being the months watched;
    the sum of the squares is the variance, whatever the correlation between a customer's months.
    """
    has_value = run.summary.get("revenue") is not None
    with run.connect() as con:
        con.execute(f"CREATE TEMP TABLE people AS {people}")
        con.execute(f"CREATE TEMP TABLE slots AS {_SLOTS.format(value=value, order=order)}")
        con.execute(f"CREATE TEMP TABLE facts AS {_facts_sql(has_value=has_value)}")
        facts: list[_Facts] = con.sql(_NAMED_FACTS).to_arrow_table().to_pylist()
        life = con.sql(_life_sql(has_value=has_value)).to_arrow_table()
    months = max((int(row["observed"]) for row in facts), default=0)
    cube = {name: np.asarray(life[name].to_numpy()) for name in life.column_names}
    slots = sorted({int(row["slot"]) for row in facts})
    groups = [_newcomers(facts, cube, [slot], "own", months) for slot in slots]
    return NewcomersByGroup(_newcomers(facts, cube, slots, "all", months), groups)


#: One row per customer: what is added up, whole months watched, and a key.
_PEOPLE: Final = (
    "SELECT f.customer_id, f.first_order, f.orders, f.revenue, f.frequency, "
    f"f.predicted_purchases, f.predicted_clv, floor(f.T / {MONTH_DAYS!r})::INTEGER AS observed, "
    "{key} AS key FROM {source}"
)
#: One row per key: its name and its slot, the place among the groups shown.
_SLOTS: Final = (
    "SELECT key, {value} AS value, "
    # A rest of one value is that value.
    f"CASE WHEN all_keys > {MOST_VALUES + 1} THEN least(place, {MOST_VALUES + 1}) ELSE place END "
    "AS slot FROM (SELECT key, row_number() OVER (ORDER BY (key IS NULL), {order}) AS place, "
    "count(*) OVER () AS all_keys FROM people GROUP BY key)"
)
_SLOTTED: Final = "people p JOIN slots s ON p.key IS NOT DISTINCT FROM s.key"
_NAMED_FACTS: Final = (
    "SELECT * FROM facts JOIN (SELECT slot, any_value(value) AS value, count(*) AS values_in "
    "FROM slots GROUP BY slot) USING (slot) ORDER BY slot, observed"
)


def _facts_sql(*, has_value: bool) -> str:
    """Return SQL of sums by slot and months watched.

    ``once`` and ``once_squared`` are of those who ordered once: that brought it all in month 1.
    """
    once = "revenue" if has_value else "1"
    return (
        "SELECT slot, observed, count(*) AS customers, sum(orders)::BIGINT AS orders, "
        f"{engine.total('revenue')} AS revenue, count(*) FILTER (frequency > 0) AS again, "
        "sum(predicted_purchases) AS purchases, sum(predicted_clv) AS clv, "
        "sum(predicted_clv * predicted_clv) AS clv_squared, "
        f"sum({once}) FILTER (orders = 1)::DOUBLE AS once, "
        f"sum({once} * {once}) FILTER (orders = 1)::DOUBLE AS once_squared "
        f"FROM {_SLOTTED} GROUP BY slot, observed"
    )


def _life_sql(*, has_value: bool) -> str:
    """Return SQL of what came in by slot, months watched and month of life.

    ``square_own`` and ``square_all`` are what each month adds to the sum over customers of the
    squared ``sum over k of r(i, k) / n(k)``, n counted in the slot or in all.
    """
    month = f"floor(date_diff('day', first_order, ordered_at::DATE) / {MONTH_DAYS!r})::INTEGER + 1"
    running = "OVER (PARTITION BY customer ORDER BY month ROWS UNBOUNDED PRECEDING)"
    several = "sum(o.revenue)" if has_value else "count(*)"
    return f"""WITH
        repeat AS (
            -- Numbers are grouped by faster than ids.
            SELECT customer_id, first_order, slot, observed, row_number() OVER () AS customer
            FROM {_SLOTTED} WHERE orders > 1 AND observed >= 1),
        several AS (
            SELECT customer, slot, observed, {month} AS month, {several}::DOUBLE AS amount
            FROM orders o JOIN repeat USING (customer_id)
            WHERE {month} <= observed GROUP BY customer, slot, observed, month),
        months AS (
            SELECT unnest(range(1, (SELECT max(observed) FROM facts) + 1))::INTEGER AS month),
        watched AS (
            SELECT slot, month, sum(customers) FILTER (observed >= month) AS own,
                sum(sum(customers) FILTER (observed >= month)) OVER (PARTITION BY month) AS everyone
            FROM facts, months GROUP BY slot, month),
        shares AS (
            SELECT s.*, amount / own AS a, amount / everyone AS e
            FROM several s JOIN watched USING (slot, month)),
        sums AS (SELECT *, sum(a) {running} AS a_sum, sum(e) {running} AS e_sum FROM shares),
        parts AS (
            SELECT slot, observed, month, sum(amount) AS amount,
                sum(a * (2 * a_sum - a)) AS own, sum(e * (2 * e_sum - e)) AS everyone
            FROM sums GROUP BY slot, observed, month
            UNION ALL
            SELECT slot, observed, month, once, once_squared / own ** 2, once_squared / everyone ** 2
            FROM facts JOIN watched USING (slot)
            WHERE month = 1 AND observed >= 1 AND once IS NOT NULL)
        SELECT slot, observed, month, sum(amount) AS amount, sum(own) AS square_own,
            sum(everyone) AS square_all
        FROM parts GROUP BY slot, observed, month ORDER BY slot, observed, month"""


class _Facts(TypedDict):
    """Customers of a slot who were watched for so many months: sums, None where nothing is known."""

    slot: int
    value: str | None
    values_in: int
    observed: int
    customers: int
    orders: int
    revenue: float | None
    again: int
    purchases: float | None
    clv: float | None
    clv_squared: float | None


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(sum(known)) if known else None


def _newcomers(
    facts: list[_Facts],
    cube: dict[str, NDArray[Any]],
    slots: list[int],
    which: str,
    months: int,
) -> Newcomers:
    """Put together the curve of one slot, or of all."""
    rows = [row for row in facts if row["slot"] in slots]
    customers = sum(int(row["customers"]) for row in rows)
    chosen = np.isin(cube["slot"], slots)
    # [months watched, month of life]: what came in.
    amount = np.zeros((months + 1, months))
    np.add.at(amount, (cube["observed"][chosen], cube["month"][chosen] - 1), cube["amount"][chosen])
    square = np.zeros(months)
    np.add.at(square, cube["month"][chosen] - 1, cube[f"square_{which}"][chosen])
    ages = np.zeros(months + 1)
    for row in rows:
        ages[int(row["observed"])] += row["customers"]
    watched = ages[::-1].cumsum()[::-1][1:]
    seen = np.maximum(watched, 1.0)
    mean = amount.sum(axis=0) / seen
    expected = np.concatenate([[0.0], np.cumsum(mean / seen)])
    actual = np.concatenate([np.zeros((months + 1, 1)), np.cumsum(amount / seen, axis=1)], axis=1)
    until = np.minimum(np.arange(months + 1)[:, None], np.arange(1, months + 1))
    centre = expected[until]
    met = np.take_along_axis(actual, until, axis=1)
    variance = np.cumsum(square) - 2 * (centre * met).sum(axis=0) + ages @ centre**2
    clv = _total(row["clv"] for row in rows)
    return Newcomers(
        value=rows[0]["value"] if len(slots) == 1 and rows[0]["values_in"] == 1 else None,
        combined=int(rows[0]["values_in"]) if rows else 0,
        customers=customers,
        orders=sum(int(row["orders"]) for row in rows),
        revenue=_total(row["revenue"] for row in rows),
        second=sum(int(row["again"]) for row in rows) / max(customers, 1),
        purchases=_total(row["purchases"] for row in rows),
        clv=None
        if clv is None
        else _spread(clv, _total(row["clv_squared"] for row in rows) or 0.0, customers),
        watched=watched,
        brought=np.cumsum(mean),
        error=np.sqrt(np.maximum(variance, 0.0)),
    )


def _spread(total: float, squares: float, n: int) -> Interval:
    """Return a mean and its standard error from a sum and a sum of squares."""
    mean = total / n
    variance = max(squares - n * mean**2, 0.0) / max(n - 1, 1)
    return Interval(mean, float(np.sqrt(variance / n)))
