"""Customers in tiers of value: all the groups that a run knows which has values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from clv.core import engine
from clv.core.segments import TIERS, tier_sql

if TYPE_CHECKING:
    from pathlib import Path

    from clv.runs import Run

_COLUMNS: Final = {"customer_id": "VARCHAR", "predicted_clv": "DOUBLE"}


class TierOfValue(TypedDict):
    """One tier: sums over its customers, currency units."""

    tier: str
    customers: int
    orders: int
    revenue: float
    predicted_clv: float


def sizes(run: Run) -> list[TierOfValue]:
    """Return one row per tier, highest first, tiers of nobody left out."""
    tier = tier_sql(run.summary["cuts"], "predicted_clv")
    places = ", ".join(f"({i}, '{name}')" for i, name in enumerate(TIERS))
    rows: list[TierOfValue] = run.query(
        f"SELECT tier, customers, orders, revenue, predicted_clv FROM (SELECT {tier} AS tier, "
        f"count(*) AS customers, sum(orders)::BIGINT AS orders, {engine.total('revenue')} AS revenue, "
        "sum(predicted_clv) AS predicted_clv FROM forecasts GROUP BY ALL) "
        f"JOIN (VALUES {places}) AS listed(place, tier) USING (tier) ORDER BY place"
    ).to_pylist()
    return rows


def export(run: Run, tier: str) -> Path:
    """Write the customers of a tier, highest value first, as CSV (once); return the file."""
    # One of three words of our own: nothing a visitor typed gets into the query.
    which = TIERS[TIERS.index(tier)]
    mine = f"{tier_sql(run.summary['cuts'], 'predicted_clv')} = '{which}'"
    query = f"SELECT customer_id, predicted_clv FROM forecasts WHERE {mine}"
    order = "t.predicted_clv DESC, t.customer_id"
    return run.export_query(f"value-{which}.csv", query, _COLUMNS, order)
