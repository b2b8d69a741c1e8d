"""What a run's segments amount to: groups, likelihoods by value tier, who is overdue."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

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
from clv.models.season.seasonal import due

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from clv.runs import Run

#: An overdue customer less likely to be active than this is left out, unless asked for: who is
#: most probably lost has the most formal money at risk, and nothing to be won back. What is left is
#: the group "at risk".
LEAST_ACTIVE: Final = GONE
#: The next order of an active customer lies between these quantiles of the wait in 4 of 5 cases.
WINDOW: Final = (0.1, 0.9)
#: Customers and what depends on their history alone.
SCORED: Final = "forecasts JOIN profiles USING (frequency, recency, T)"
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

    Columns ``segment, customers, orders, revenue, predicted_purchases, predicted_revenue,
    predicted_clv, at_risk, if_active, p_purchase, p_alive``: sums, but the two chances are means.
    ``predicted_revenue`` is undiscounted and before margin; ``at_risk`` is money at risk and
    ``if_active`` the CLV if all were active, both orders without amounts. Empty without a forecast.
    """
    places = ", ".join(f"({i}, '{name}')" for i, name in enumerate(GROUPS))
    return run.query(
        "SELECT segment, customers, orders, revenue, predicted_purchases, predicted_revenue, "
        "predicted_clv, at_risk, if_active, p_purchase, p_alive FROM ("
        "SELECT segment, count(*) AS customers, sum(orders)::BIGINT AS orders, "
        "sum(revenue) AS revenue, sum(predicted_purchases) AS predicted_purchases, "
        "sum(predicted_purchases * predicted_order_value) AS predicted_revenue, "
        f"sum(predicted_clv) AS predicted_clv, sum({risk_sql(run)}) AS at_risk, "
        f"sum({if_active_sql(_margin(run))}) AS if_active, "
        "avg(p_purchase) AS p_purchase, avg(p_alive) AS p_alive "
        f"FROM {SCORED} WHERE segment IS NOT NULL GROUP BY segment) "
        f"JOIN (VALUES {places}) AS listed(place, segment) USING (segment) ORDER BY place"
    )


def sizes(run: Run) -> tuple[list[str], list[dict[str, Any]]]:
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
    rows = [row | {unit: row["at_risk"]} for row in groups(run).to_pylist()]
    last = dict.fromkeys(columns, "") | {
        "segment": f"overdue, at least {LEAST_ACTIVE * 100:g} % active",
        "customers": found["customers"],
        unit: found["at_risk"] or 0.0,
    }
    return columns, [*rows, last]


def likelihoods(run: Run, thresholds: Thresholds | None = None) -> pa.Table:
    """Return one row per likelihood of buying and value tier: 4 × 3 rows, also those of nobody.

    Columns ``likelihood, tier, customers, buyers, predicted_revenue, predicted_clv``; ``buyers`` is
    the sum of the chances. Empty without a forecast.
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


def overdue_totals(run: Run, least_active: float = LEAST_ACTIVE, first: int = 25) -> dict[str, Any]:
    """Return what the overdue customers amount to, and the ``first`` with most at risk.

    Keys ``customers, at_risk, worth, first, first_at_risk, first_worth, left_out``: worth is what
    they would bring if active, ``left_out`` how many are less likely to be active than asked for.
    """
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
    result: dict[str, Any] = table.to_pylist()[0]
    return result


def overdue(run: Run, least_active: float = LEAST_ACTIVE, limit: int = 100) -> list[dict[str, Any]]:
    """Return the overdue customers with most at risk, most first.

    The forecasts columns, ``p_silent, at_risk, if_active``, and

    gap_days, silent_days
        Mean time between two orders so far; days since the last one.
    reason
        The same in words, with the chance of still being active.
    due
        Day by which 9 out of 10 active customers with this history would have ordered.
    next_from, next_to
        Days between which the next order of the customer lies in 4 of 5 cases, if still active.
    """
    if not has_forecast(run):
        return []
    rows: list[dict[str, Any]] = run.query(
        "SELECT *, recency / frequency AS gap_days, T - recency AS silent_days, "
        f"{reason_sql(run.settings['horizon_months'], active=True)} AS reason "
        f"FROM ({overdue_sql(run, least_active)}) ORDER BY at_risk DESC, customer_id LIMIT $1",
        [limit],
    ).to_pylist()
    if not rows:
        return rows
    x, t_x, age = (np.array([row[k] for row in rows], float) for k in ("frequency", "recency", "T"))
    model = from_card(run.model["purchases"])
    as_of = run.as_of
    latest = due(model, x, t_x, age, 1 - OVERDUE)
    early, late = (model.wait_if_alive(x, age, q, recency=t_x) for q in WINDOW)
    for i, row in enumerate(rows):
        row["due"] = _later(row["last_order"], latest[i])
        row["next_from"] = _later(as_of, early[i])
        row["next_to"] = _later(as_of, late[i])
    return rows


def _later(start: date, days: float) -> date:
    """Return the day a whole number of days later, rounded up; at most a century."""
    return start + timedelta(days=int(np.ceil(min(days, _LONGEST_DAYS))))


def total(rows: Sequence[dict[str, Any]], column: str) -> float | None:
    """Return the sum of a column where it is known; None where it is nowhere."""
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known) if known else None
