"""Runs written cell by cell: every table of theirs can be computed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from clv.core import engine
from clv.core.orders import FORECASTS, ORDERS, PROFILES, REJECTS
from clv.runs import Run, Store, now, write_json
from tests.apps.ui.fakes import months

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AS_OF = date(2017, 12, 31)
#: A model in round numbers, the rate in days.
MODEL = {
    "name": "mbg-nbd",
    "parameters": {"r": 1.0, "alpha": 20.0, "a": 1.0, "b": 2.0},
    "standard_errors": {"r": None, "alpha": None, "a": None, "b": None},
    "log_likelihood": -1.0,
    "customers": 9.0,
    "converged": True,
    "at_bound": [],
    "penalizer_coef": 0.0,
}


def customer(name: str, frequency: int, recency: int, age: int, **more: Any) -> dict[str, Any]:
    """Return a forecasts row, and what its profile says (``p_silent``, ``discounted_if_active``).

    Customers with one triple share the profile of the last of them.
    """
    row: dict[str, Any] = {
        "customer_id": name,
        "orders": frequency + 1,
        "revenue": None,
        "first_order": AS_OF - timedelta(days=age),
        "last_order": AS_OF - timedelta(days=age - recency),
        "frequency": frequency,
        "recency": recency,
        "T": age,
        "monetary_value": 0.0,
        "p_alive": None,
        "p_purchase": None,
        "predicted_purchases": None,
        "predicted_order_value": None,
        "predicted_clv": None,
        "next_order_date": AS_OF,
        "segment": None,
        "p_silent": None,
        "discounted_if_active": None,
    }
    return row | more


def handmade_run(
    root: Path,
    customers: Sequence[dict[str, Any]],
    orders: Sequence[tuple[str, int, float | None]] = (),
    *,
    labels: dict[str, dict[str, str | None]] | None = None,
    margin: float = 1.0,
    cuts: tuple[int, float, float] = (30, 100.0, 40.0),
    currency: str = "EUR",
) -> Run:
    """Write a run.

    Parameters
    ----------
    customers
        From `customer`.
    orders
        Customer, days before the as-of date, revenue.
    labels
        Label → customer → value.
    cuts
        ``new_days, high_value, middle_value``.
    """
    store = Store(root)
    draft = store.new_draft()
    forecast = any(row["p_alive"] is not None for row in customers)
    value = any(row["revenue"] is not None for row in customers)
    names = list(labels or {})
    with engine.connect() as con:
        _table(
            con,
            "orders",
            ORDERS,
            [
                {
                    "customer_id": who,
                    "order_id": f"O{i}",
                    "ordered_at": f"{AS_OF - timedelta(days=ago)} 12:00:00",
                    "revenue": revenue,
                }
                for i, (who, ago, revenue) in enumerate(orders)
            ],
        )
        _table(con, "rejects", REJECTS, [])
        _table(con, "forecasts", FORECASTS, customers)
        profiles = {(c["frequency"], c["recency"], c["T"]): c for c in customers}
        _table(con, "profiles", PROFILES, list(profiles.values()))
        _table(
            con,
            "labels",
            {"customer_id": "VARCHAR"} | dict.fromkeys(names, "VARCHAR"),
            [
                {"customer_id": c["customer_id"]}
                | {n: (labels or {})[n].get(c["customer_id"]) for n in names}
                for c in customers
            ],
        )
        for name, target in (
            ("orders", draft.orders),
            ("rejects", draft.rejects),
            ("labels", draft.optional("labels")),
        ):
            con.execute(f"COPY {name} TO {engine.text(target)} (FORMAT parquet)")
        write_json(
            draft.path / "report.json", {"labels": names, "has_revenue": value, "layout": "made"}
        )
        with store.begin(draft) as writer:
            for name, target in (("forecasts", writer.forecasts), ("profiles", writer.profiles)):
                con.execute(f"COPY {name} TO {engine.text(target)} (FORMAT parquet)")
            writer.put(
                "settings",
                {
                    "as_of": AS_OF.isoformat(),
                    "horizon_months": 12,
                    "discount_rate": 0.1,
                    "margin": margin,
                    "model": "mbg-nbd",
                    "currency": currency,
                    "created_at": now(),
                    "inputs": ["made.csv"],
                    "months": months(),
                },
            )
            writer.put(
                "model", {"purchases": MODEL if forecast else None, "spend": None, "notes": []}
            )
            writer.put("summary", _summary(customers, cuts, len(orders)))
    return writer.run


def _summary(
    customers: Sequence[dict[str, Any]], cuts: tuple[int, float, float], orders: int
) -> dict[str, Any]:
    def total(values: list[float | None]) -> float | None:
        known = [v for v in values if v is not None]
        return sum(known) if known else None

    revenue = [
        None
        if c["predicted_order_value"] is None
        else c["predicted_purchases"] * c["predicted_order_value"]
        for c in customers
    ]
    return {
        "customers": len(customers),
        "orders": orders,
        "revenue": total([c["revenue"] for c in customers]),
        "last_order": AS_OF.isoformat(),
        "predicted_purchases": total([c["predicted_purchases"] for c in customers]),
        "predicted_revenue": total(revenue),
        "predicted_clv": total([c["predicted_clv"] for c in customers]),
        "expected_buyers": total([c["p_purchase"] for c in customers]),
        "cuts": dict(zip(("new_days", "high_value", "middle_value"), cuts, strict=True)),
    }


def _table(con: Any, name: str, columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> None:
    kinds = ", ".join(f"{engine.name(c)} {kind}" for c, kind in columns.items())
    con.execute(f"CREATE TABLE {name} ({kinds})")
    if rows:
        marks = ", ".join("?" for _ in columns)
        con.executemany(
            f"INSERT INTO {name} VALUES ({marks})", [[r.get(c) for c in columns] for r in rows]
        )
