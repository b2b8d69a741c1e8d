"""A forecast in all: totals, month by month, and how much of the value the best customers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import engine
from clv.models.correction.traits import factor

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from clv.backtest.history import History
    from clv.core.horizon import Month
    from clv.core.schema import CurvePoint, MonthForecast, PastMonth, Summary
    from clv.core.settings import Settings
    from clv.core.types import Floats

    #: Name → one number per row; what could not be forecast is not there.
    Scores = dict[str, Floats]

_CURVE_POINTS: Final = 100


def of_run(
    con: duckdb.DuckDBPyConnection,
    history: History,
    profile: Scores,
    scores: Scores,
    months: list[Month],
    settings: Settings,
    as_of: date,
) -> Summary:
    """Return the totals that the first page shows: plain JSON types, None where there is nothing.

    Parameters
    ----------
    con
        Has ``orders`` and ``customers``.
    history, scores
        Row for row of ``customers``.
    profile
        Row for row of the history's distinct triples; ``purchases`` month by month.
    """
    first, last, orders, revenue = engine.row(
        con,
        "SELECT min(first_order)::VARCHAR, max(last_order)::VARCHAR, sum(orders)::BIGINT, "
        f"{engine.total('revenue')} FROM customers",
    )
    bought, value = scores.get("predicted_purchases"), scores.get("predicted_order_value")
    clv, chance = scores.get("predicted_clv"), scores.get("p_purchase")
    points, top = _concentration(clv, len(history.x))
    return {
        "customers": len(history.x),
        "orders": orders,
        "revenue": None if history.revenue is None else revenue,
        "first_order": first,
        "last_order": last,
        "one_time_share": float((history.x == 0).mean()),
        "predicted_purchases": None if bought is None else float(bought.sum()),
        "predicted_revenue": (
            None if bought is None or value is None else float((bought * value).sum())
        ),
        "predicted_clv": None if clv is None else float(clv.sum()),
        "median_clv": None if clv is None else float(np.median(clv)),
        "mean_clv": None if clv is None else float(clv.mean()),
        "expected_buyers": None if chance is None else float(chance.sum()),
        "as_of": as_of.isoformat(),
        "concentration": points,
        "top20_share": top,
        "monthly": _monthly(history, profile, scores, months, settings),
        "history_monthly": _past(con, as_of),
    }


def _past(con: duckdb.DuckDBPyConnection, as_of: date) -> list[PastMonth]:
    """Return the orders and the revenue of every past month."""
    found: list[PastMonth] = (
        con.sql(
            "SELECT strftime(date_trunc('month', ordered_at), '%Y-%m') AS month, count(*) AS orders, "
            f"{engine.total('revenue')} AS revenue FROM orders "
            f"WHERE ordered_at < DATE '{as_of}' + INTERVAL 1 DAY "
            "GROUP BY date_trunc('month', ordered_at) ORDER BY 1"
        )
        .to_arrow_table()
        .to_pylist()
    )
    return found


def _monthly(
    history: History,
    profile: Scores,
    scores: Scores,
    months: list[Month],
    settings: Settings,
) -> list[MonthForecast]:
    """Return the forecast's totals month by month, summed over triples.

    A corrected customer has the triple's share of each month.
    """
    result: list[MonthForecast] = [
        {
            **month.as_dict(),
            "predicted_purchases": None,
            "predicted_revenue": None,
            "predicted_clv": None,
        }
        for month in months
    ]
    each, value = profile.get("purchases"), scores.get("predicted_order_value")
    if each is None:
        return result
    at = history.triple
    more = factor(scores["predicted_purchases"], profile["predicted_purchases"][at])
    bought = np.bincount(at, more) @ each
    earned = None if value is None else np.bincount(at, more * value) @ each
    for i, month in enumerate(months):
        result[i]["predicted_purchases"] = float(bought[i])
        if earned is not None:
            result[i]["predicted_revenue"] = float(earned[i])
            result[i]["predicted_clv"] = float(earned[i]) * month.discount * settings.margin
    return result


def _concentration(values: Floats | None, customers: int) -> tuple[list[CurvePoint], float | None]:
    """Return the share of value held by the top shares of customers, best first."""
    total = 0.0 if values is None else float(values.sum())
    if values is None or not total > 0:
        return [], None
    cumulative = np.concatenate(([0.0], np.cumsum(np.sort(values)[::-1]))) / total
    shares = np.linspace(0, 1, min(_CURVE_POINTS, customers) + 1)
    at = np.interp(shares * len(values), np.arange(len(values) + 1), cumulative)
    top = float(np.interp(0.2 * len(values), np.arange(len(values) + 1), cumulative))
    points: list[CurvePoint] = [
        {"customers": float(c), "value": min(float(v), 1.0)}
        for c, v in zip(shares, at, strict=True)
    ]
    return points, top
