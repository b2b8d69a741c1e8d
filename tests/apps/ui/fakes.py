"""A finished run written by hand: pages can be shown without running the pipeline."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from clv.core import engine
from clv.runs import Run, Store, now, write_json

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2017, 12, 31)
#: CDNOW's parameters, in days.
PURCHASES: dict[str, Any] = {
    "name": "mbg-nbd",
    "parameters": {"r": 0.5248, "alpha": 43.281, "a": 0.8914, "b": 1.614},
    "standard_errors": {"r": None, "alpha": None, "a": None, "b": None},
    "log_likelihood": -9582.13,
    "customers": 2357.0,
    "converged": True,
    "at_bound": [],
    "penalizer_coef": 0.0,
}
#: CDNOW's, Fader & Hardie (2013).
SPEND: dict[str, Any] = {
    "name": "gamma-gamma",
    "parameters": {"p": 6.25, "q": 3.74, "v": 15.44},
    "standard_errors": {"p": None, "q": None, "v": None},
    "log_likelihood": -4055.92,
    "customers": 946.0,
    "converged": True,
    "at_bound": [],
    "mean_held": False,
    "penalizer_coef": 0.0,
}


def months(horizon: int = 12) -> list[dict[str, Any]]:
    """Return the months of the horizon, as the settings record them."""
    days = [_add_months(AS_OF, i) for i in range(horizon + 1)]
    return [
        {
            "month": i,
            "start": days[i - 1].isoformat(),
            "end": days[i].isoformat(),
            "discount": 1.1 ** (-i / 12),
        }
        for i in range(1, horizon + 1)
    ]


def _add_months(start: date, count: int) -> date:
    first = date(
        start.year + (start.month - 1 + count) // 12, (start.month - 1 + count) % 12 + 1, 1
    )
    following = (first + timedelta(days=32)).replace(day=1)
    return first.replace(day=min(start.day, (following - timedelta(days=1)).day))


def fake_run(
    root: Path,
    *,
    customers: int = 300,
    currency: str = "EUR",
    value: bool = True,
    forecast: bool = True,
    notes: tuple[str, ...] = (),
) -> Run:
    """Write a run of ``customers`` invented customers; return it.

    Without ``value`` the run has purchases only; without ``forecast``, history only.
    """
    store = Store(root)
    draft = store.new_draft()
    spend = "round(20 + 80 * random(), 2)" if value else "NULL::DOUBLE"
    if_forecast = (lambda sql: sql) if forecast else (lambda _: "NULL::DOUBLE")
    if_value = (lambda sql: sql) if forecast and value else (lambda _: "NULL::DOUBLE")
    with engine.connect() as con:
        con.execute("SELECT setseed(0.3)")
        con.execute(
            "CREATE TABLE orders AS SELECT 'C' || lpad(c::VARCHAR, 5, '0') AS customer_id, "
            "'O' || c || '-' || k AS order_id, "
            f"TIMESTAMP '{AS_OF}' - to_days((1 + (c * 37 + k * 53) % 700)::INTEGER) "
            f"AS ordered_at, {spend} AS revenue, 1::BIGINT AS items "
            f"FROM range(1, {customers + 1}) t(c), range(0, 12) u(k) "
            "WHERE k = 0 OR k < (c * 7919) % 13 - 5"
        )
        con.execute(
            "CREATE TABLE forecasts AS SELECT *, "
            f"{if_forecast('0.9 * exp(-(DATE_DIFF(' + chr(39) + 'day' + chr(39) + ', last_order, DATE ' + chr(39) + str(AS_OF) + chr(39) + ')) / 500.0)')} AS p_alive "
            "FROM (SELECT customer_id, count(*) AS orders, sum(revenue) AS revenue, "
            "min(ordered_at)::DATE AS first_order, max(ordered_at)::DATE AS last_order, "
            "count(DISTINCT ordered_at) - 1 AS frequency, "
            "date_diff('day', min(ordered_at), max(ordered_at)) AS recency, "
            f"date_diff('day', min(ordered_at), TIMESTAMP '{AS_OF}') AS T, "
            "coalesce(avg(revenue), 0) AS monetary_value FROM orders GROUP BY 1)"
        )
        p = if_forecast("p_alive * (1 - exp(-0.3 - 0.5 * frequency))")
        n = if_forecast("p_alive * (0.4 + 0.7 * frequency)")
        con.execute(
            f"CREATE TABLE full_forecasts AS SELECT *, {p} AS p_purchase, {n} AS predicted_purchases, "
            f"{if_value('monetary_value')} AS predicted_order_value, "
            f"{if_value('p_alive * (0.4 + 0.7 * frequency) * monetary_value * 0.95')} "
            "AS predicted_clv, NULL::DOUBLE AS predicted_clv_low, "
            "NULL::DOUBLE AS predicted_clv_high, "
            + (
                f"CASE WHEN frequency = 0 THEN DATE '2040-01-01' ELSE DATE '{AS_OF}' + 70 END"
                if forecast
                else "NULL::DATE"
            )
            + " AS next_order_date, "
            + (
                "CASE WHEN frequency = 0 THEN 'one-time' WHEN p_alive < 0.3 THEN 'at risk' "
                "ELSE 'loyal' END"
                if forecast
                else "NULL::VARCHAR"
            )
            + " AS segment FROM forecasts ORDER BY customer_id"
        )
        con.execute(
            "CREATE TABLE rejects AS SELECT 'shop.csv' AS file, 7::BIGINT AS line, "
            "'missing_customer' AS code, 'No customer.' AS reason, ',12.00,2017-01-01' AS text"
        )
        con.execute(
            "CREATE TABLE profiles AS SELECT DISTINCT frequency, recency, T, "
            "list_transform(range(1, 13), lambda i: predicted_purchases / 12 * (1.1 - i / 60)) AS purchases, "
            f"{if_forecast('0.05 + 0.9 * p_alive')} AS p_silent, "
            f"{if_forecast('(0.4 + 0.7 * frequency) * 0.95')} AS discounted_if_active "
            "FROM full_forecasts"
        )
        con.execute(
            "CREATE TABLE labels AS SELECT DISTINCT customer_id, CASE WHEN hash(customer_id) % 3 = 0 "
            "THEN 'Österreich' ELSE 'Germany' END AS \"Ship country\" FROM orders ORDER BY 1"
        )
        for table, target in (
            ("orders", draft.orders),
            ("rejects", draft.rejects),
            ("labels", draft.optional("labels")),
        ):
            con.execute(f"COPY {table} TO {engine.text(target)} (FORMAT parquet)")
        report = _report(con, currency, value=value)
        write_json(draft.path / "report.json", report)
        with store.begin(draft) as writer:
            con.execute(f"COPY full_forecasts TO {engine.text(writer.forecasts)} (FORMAT parquet)")
            con.execute(f"COPY profiles TO {engine.text(writer.profiles)} (FORMAT parquet)")
            writer.put("settings", _settings(currency, writer.id))
            writer.put("model", _card(forecast=forecast, value=value, notes=notes))
            writer.put("summary", _summary(con, report, forecast=forecast, value=value))
    return writer.run


def _report(con: Any, currency: str, *, value: bool) -> dict[str, Any]:
    orders, customers, revenue, first, last = con.execute(
        "SELECT count(*), count(DISTINCT customer_id), sum(revenue), min(ordered_at)::DATE, "
        "max(ordered_at)::DATE FROM orders"
    ).fetchone()
    return {
        "rows_total": orders + 1,
        "rows_accepted": orders,
        "rows_rejected": 1,
        "reasons": {"missing_customer": 1},
        "noted": {"zero_value": 3},
        "reason_titles": {"missing_customer": "No customer", "zero_value": "Value of zero"},
        "rules": {"zero_value": "keep"},
        "files": [
            {
                "name": "shop.csv",
                "rows_total": orders + 1,
                "rows_accepted": orders,
                "rows_rejected": 1,
            }
        ],
        "layout": "transactions",
        "layout_title": "Transactions",
        "orders": orders,
        "customers": customers,
        "revenue": revenue,
        "first_order": first.isoformat(),
        "last_order": last.isoformat(),
        "as_of": AS_OF.isoformat(),
        "currency": currency,
        "examples": [],
        "messages": [],
        "has_revenue": value,
        "labels": ["Ship country"],
    }


def _settings(currency: str, run_id: str) -> dict[str, Any]:
    return {
        "as_of": AS_OF.isoformat(),
        "horizon_months": 12,
        "discount_rate": 0.1,
        "margin": 1.0,
        "model": "mbg-nbd",
        "currency": currency,
        "created_at": now(),
        "run_id": run_id,
        "inputs": ["shop.csv"],
        "months": months(),
        "ingest": {},
    }


def _card(*, forecast: bool, value: bool, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "purchases": PURCHASES | {"title": "MBG/NBD"} if forecast else None,
        "spend": SPEND | {"title": "Gamma-Gamma"} if forecast and value else None,
        "months": [{"end_days": 365}],
        "notes": [{"code": "note", "message": text, "step": ""} for text in notes],
    }


def _summary(con: Any, report: dict[str, Any], *, forecast: bool, value: bool) -> dict[str, Any]:
    once, purchases, revenue, clv, median, mean, buyers = con.execute(
        "SELECT avg((frequency = 0)::INT), sum(predicted_purchases), "
        "sum(predicted_purchases * predicted_order_value), sum(predicted_clv), "
        "median(predicted_clv), avg(predicted_clv), sum(p_purchase) FROM full_forecasts"
    ).fetchone()
    history = con.execute(
        "SELECT strftime(ordered_at, '%Y-%m'), count(*), sum(revenue), count(DISTINCT customer_id) "
        "FROM orders GROUP BY 1 ORDER BY 1"
    ).fetchall()
    curve = []
    if forecast and value:
        values = [
            r[0]
            for r in con.execute(
                "SELECT predicted_clv FROM full_forecasts ORDER BY 1 DESC"
            ).fetchall()
        ]
        total = math.fsum(values)
        step = max(len(values) // 50, 1)
        curve = [
            {"customers": i / len(values), "value": math.fsum(values[:i]) / total}
            for i in range(0, len(values) + 1, step)
        ]
    monthly = [
        {
            "month": m["month"],
            "start": m["start"],
            "end": m["end"],
            "predicted_purchases": purchases / 12 if forecast else None,
            "predicted_revenue": revenue / 12 if forecast and value else None,
            "predicted_clv": clv / 12 if forecast and value else None,
        }
        for m in months()
    ]
    return {
        "customers": report["customers"],
        "orders": report["orders"],
        "revenue": report["revenue"],
        "first_order": report["first_order"],
        "last_order": report["last_order"],
        "one_time_share": once,
        "predicted_purchases": purchases,
        "predicted_revenue": revenue,
        "predicted_clv": clv,
        "median_clv": median,
        "mean_clv": mean,
        "expected_buyers": buyers,
        "top20_share": next((p["value"] for p in curve if p["customers"] >= 0.2), None),
        "cuts": {"new_days": 60, "high_value": 100.0, "middle_value": 20.0},
        "concentration": curve,
        "monthly": monthly if forecast else [],
        "history_monthly": [
            {"month": m, "orders": n, "revenue": r, "customers": c} for m, n, r, c in history
        ],
    }
