"""What a run's segments amount to: groups, likelihoods by value tier, who is overdue."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np

from clv.core import engine
from clv.core.errors import InputError
from clv.core.segments import (
    GONE,
    GROUPS,
    LIKELIHOODS,
    OVERDUE,
    TIERS,
    Thresholds,
    at_risk_sql,
    if_active_sql,
    likelihood_sql,
    tier_sql,
)
from clv.insights.segments.reasons import reason_sql
from clv.models.card import from_card
from clv.models.histories import Histories

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from clv.runs import Run

#: An overdue customer less likely to be active than this is left out, unless asked for: who is
#: most probably lost has the most formal money at risk, and nothing to be won back. What is left is
#: the group "at risk".
LEAST_ACTIVE: Final = GONE
#: The next order of an active customer lies between these quantiles of the wait in 4 of 5 cases.
WINDOW: Final = (0.1, 0.9)
#: Customers and what depends on their history alone.
SCORED: Final = "scored"
_LONGEST_DAYS: Final = 36_525


def has_forecast(run: Run) -> bool:
    """Return whether the run predicts purchases: without that nobody is in a group."""
    return run.summary.get("predicted_purchases") is not None


def check_forecast(run: Run) -> None:
    """Complain about a run without a forecast.

    Raises
    ------
    InputError
        Nobody is in a segment.
    """
    if not has_forecast(run):
        notes = " ".join(note["message"] for note in run.model["notes"])
        msg = "This run has no forecast, so nobody is in a segment."
        raise InputError(msg, notes)


class SegmentGroup(TypedDict):
    """One named group: sums over its customers, but the two chances are means.

    ``predicted_revenue`` is undiscounted and before margin; ``at_risk`` is money at risk and
    ``if_active`` the CLV if all were active, both orders without amounts.
    """

    segment: str
    customers: int
    orders: int
    revenue: float | None
    predicted_purchases: float
    predicted_revenue: float | None
    predicted_clv: float | None
    at_risk: float
    if_active: float
    p_purchase: float
    p_alive: float


class LikelyByTier(TypedDict):
    """Customers of one likelihood of buying and value tier; ``buyers``: the chances added up."""

    likelihood: str
    tier: str
    customers: int
    buyers: float
    predicted_revenue: float | None
    predicted_clv: float | None


class OverdueTotals(TypedDict):
    """What the overdue customers amount to, and the first of them; worth: what they would bring if active.

    ``left_out`` says how many are less likely to be active than asked for.
    """

    customers: int
    at_risk: float | None
    worth: float | None
    first: int
    first_at_risk: float | None
    first_worth: float | None
    left_out: int


class OverdueCustomer(TypedDict):
    """An overdue customer: the forecasts' columns, and what is seen of the silence.

    ``gap_days`` is the mean time between two orders so far, ``reason`` the same in words; by ``due``
    9 out of 10 active customers with this history would have ordered; in 4 of 5 cases the next order
    lies between ``next_from`` and ``next_to``, if the customer is still active.
    """

    customer_id: str
    last_order: date
    frequency: int
    recency: int
    T: int
    p_alive: float
    for_orders: float
    at_risk: float
    if_active: float
    gap_days: float
    silent_days: int
    reason: str
    due: date
    next_from: date
    next_to: date


def has_money(run: Run) -> bool:
    """Return whether the run predicts revenue; otherwise orders take its place."""
    return run.summary.get("predicted_revenue") is not None


def value_column(run: Run) -> str:
    """Return the column by which customers are ranked: CLV, or purchases without amounts."""
    return "predicted_clv" if has_money(run) else "predicted_purchases"


def risk_sql(run: Run) -> str:
    """Return SQL for a customer's money at risk; orders at risk without amounts."""
    return at_risk_sql(_margin(run))


def _margin(run: Run) -> float | None:
    return float(run.settings["margin"]) if has_money(run) else None


def groups(run: Run) -> pa.Table:
    """Return one row per named group, in the order of `GROUPS`; groups of nobody are left out.

    Columns as in `SegmentGroup`. Empty without a forecast.
    """
    places = ", ".join(f"({i}, '{name}')" for i, name in enumerate(GROUPS))
    return run.query(
        "SELECT segment, customers, orders, revenue, predicted_purchases, predicted_revenue, "
        "predicted_clv, at_risk, if_active, p_purchase, p_alive FROM ("
        "SELECT segment, count(*) AS customers, sum(orders)::BIGINT AS orders, "
        f"{engine.total('revenue')} AS revenue, sum(predicted_purchases) AS predicted_purchases, "
        "sum(predicted_purchases * predicted_order_value) AS predicted_revenue, "
        f"sum(predicted_clv) AS predicted_clv, sum({risk_sql(run)})::DOUBLE AS at_risk, "
        f"sum({if_active_sql(_margin(run))})::DOUBLE AS if_active, "
        "avg(p_purchase) AS p_purchase, avg(p_alive) AS p_alive "
        f"FROM {SCORED} WHERE segment IS NOT NULL GROUP BY segment) "
        f"JOIN (VALUES {places}) AS listed(place, segment) USING (segment) ORDER BY place"
    )


def sizes(run: Run) -> tuple[list[str], list[dict[str, object]]]:
    """Return columns and rows of the groups as a terminal shows them; overdue customers last.

    Raises
    ------
    InputError
        The run has no forecast.
    """
    check_forecast(run)
    found = overdue_totals(run)
    unit = "money_at_risk" if has_money(run) else "orders_at_risk"
    columns = ["segment", "customers", "p_purchase", "predicted_purchases"]
    columns += ["predicted_revenue", "predicted_clv", unit] if has_money(run) else [unit]
    rows: list[SegmentGroup] = groups(run).to_pylist()
    last = {
        **dict.fromkeys(columns, ""),
        "segment": f"overdue, at least {LEAST_ACTIVE * 100:g} % active",
        "customers": found["customers"],
        unit: found["at_risk"] or 0.0,
    }
    return columns, [*({**row, unit: row["at_risk"]} for row in rows), last]


def likelihoods(run: Run, thresholds: Thresholds | None = None) -> pa.Table:
    """Return one row per likelihood of buying and value tier: 4 × 3 rows, also those of nobody.

    Columns as in `LikelyByTier`. Empty without a forecast.
    """
    if not has_forecast(run):
        return run.query("SELECT 1 AS customers WHERE false")
    likely = likelihood_sql(thresholds or Thresholds())
    tier = tier_sql(run.summary["cuts"], value_column(run))
    rows = ", ".join(f"({i}, '{name}')" for i, name in enumerate(LIKELIHOODS))
    columns = ", ".join(f"({i}, '{name}')" for i, name in enumerate(TIERS))
    return run.query(
        "SELECT likelihood, tier, coalesce(customers, 0) AS customers, "
        "coalesce(buyers, 0.0) AS buyers, predicted_revenue, predicted_clv FROM "
        f"(VALUES {rows}) AS a(i, likelihood) CROSS JOIN (VALUES {columns}) AS b(j, tier) LEFT JOIN "
        f"(SELECT {likely} AS likelihood, {tier} AS tier, count(*) AS customers, "
        "sum(p_purchase) AS buyers, sum(predicted_purchases * predicted_order_value) "
        "AS predicted_revenue, sum(predicted_clv) AS predicted_clv FROM forecasts GROUP BY ALL) "
        "USING (likelihood, tier) ORDER BY i, j"
    )


def overdue_sql(run: Run, least_active: float = LEAST_ACTIVE) -> str:
    """Return SQL of the overdue customers: forecasts, profiles and ``at_risk``, unordered."""
    return (
        f"SELECT *, {risk_sql(run)} AS at_risk, {if_active_sql(_margin(run))} AS if_active "
        f"FROM {SCORED} "
        f"WHERE frequency > 0 AND p_silent < {OVERDUE} AND p_alive >= {float(least_active)!r}"
    )


def overdue_totals(run: Run, least_active: float = LEAST_ACTIVE, first: int = 25) -> OverdueTotals:
    """Return what the overdue customers amount to, and the ``first`` with most at risk."""
    table = run.query(
        "WITH ranked AS (SELECT p_alive, at_risk, if_active, row_number() OVER "
        f"(ORDER BY at_risk DESC, customer_id) AS place FROM ({overdue_sql(run, least_active)})) "
        "SELECT count(*) AS customers, sum(at_risk) AS at_risk, sum(if_active) AS worth, "
        "count(*) FILTER (place <= $1) AS first, "
        "sum(at_risk) FILTER (place <= $1) AS first_at_risk, "
        "sum(if_active) FILTER (place <= $1) AS first_worth, "
        f"(SELECT count(*) FROM {SCORED} WHERE frequency > 0 AND p_silent < {OVERDUE} "
        f"AND p_alive < {float(least_active)!r}) AS left_out FROM ranked",
        [first],
    )
    result: OverdueTotals = table.to_pylist()[0]
    return result


def overdue(
    run: Run, least_active: float = LEAST_ACTIVE, limit: int = 100
) -> list[OverdueCustomer]:
    """Return the overdue customers with most at risk, most first."""
    if not has_forecast(run):
        return []
    rows: list[OverdueCustomer] = run.query(
        "SELECT *, recency / frequency AS gap_days, T - recency AS silent_days, "
        f"{reason_sql(run.settings['horizon_months'], active=True)} AS reason "
        f"FROM ({overdue_sql(run, least_active)}) ORDER BY at_risk DESC, customer_id LIMIT $1",
        [limit],
    ).to_pylist()
    if not rows:
        return rows
    histories = Histories.of(
        [row["frequency"] for row in rows],
        [row["recency"] for row in rows],
        [row["T"] for row in rows],
    )
    model = from_card(run.model["purchases"])
    as_of = run.as_of
    latest = model.due(histories, 1 - OVERDUE)
    # Whoever buys faster than the plain model has it waits less.
    pace = np.array([row["for_orders"] / max(row["p_alive"], 1e-12) for row in rows])
    early, late = (model.wait_if_alive(histories, q) / pace for q in WINDOW)
    for i, row in enumerate(rows):
        row["due"] = _later(row["last_order"], latest[i])
        row["next_from"] = _later(as_of, early[i])
        row["next_to"] = _later(as_of, late[i])
    return rows


def _later(start: date, days: float) -> date:
    """Return the day a whole number of days later, rounded up; at most a century."""
    return start + timedelta(days=int(np.ceil(min(days, _LONGEST_DAYS))))


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
