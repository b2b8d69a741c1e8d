"""Customers + models → forecasts: fit on distinct triples, score them, join back in the engine."""

from __future__ import annotations

import platform
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv import __version__, engine
from clv.errors import SettingsError
from clv.features import rfm
from clv.models.card import from_card, to_card
from clv.models.ladder import SpendFit, fit_purchases, fit_spend
from clv.orders import FORECASTS, PROFILES
from clv.segments import HIGH_SHARE, MIDDLE_SHARE, NEW_DAYS, Cuts, group_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb
    from numpy.typing import ArrayLike

    from clv.models.ladder import PurchaseFit
    from clv.settings import Settings

    Progress = Callable[[str, int, int], None]

#: A customer whose next order lies beyond a century gets that date: practically never.
MAX_WAIT_DAYS: Final = 36_525
_VECTORS: Final = 12
_CURVE_POINTS: Final = 100
_PACKAGES: Final = ("lifetimes", "numpy", "scipy", "duckdb", "narwhals", "pyarrow")


@dataclass(frozen=True)
class Month:
    """One calendar month of the forecast, covering (start, end].

    Attributes
    ----------
    end_days
        Days from the as-of date to ``end``.
    discount
        Factor that turns value earned in the month into value as of today.
    """

    month: int
    start: date
    end: date
    end_days: int
    discount: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "month": self.month,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "discount": self.discount,
        }


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_of(as_of: date, settings: Settings) -> list[Month]:
    """Return the calendar months of the horizon: 12 months end on the same day next year.

    Value earned in month i is discounted by (1 + annual rate)^(-i / 12), the end of the month.
    """
    if as_of.year + settings.horizon_months // 12 >= date.max.year:
        msg = f"The as-of date {as_of} is too late to look {settings.horizon_months} months ahead."
        raise SettingsError(msg, "Set an earlier as-of date.")
    ends = [add_months(as_of, i) for i in range(settings.horizon_months + 1)]
    growth = 1 + settings.discount_rate
    return [
        Month(i, ends[i - 1], ends[i], (ends[i] - as_of).days, growth ** (-i / 12))
        for i in range(1, len(ends))
    ]


def make(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: date,
    forecasts: Path,
    profiles: Path,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit the models on the ``orders`` of a connection and write the forecasts.

    Parameters
    ----------
    con
        Has a table or view ``orders``.
    as_of
        The day on which the forecast stands.
    forecasts, profiles
        Parquet files to write: one row per customer (`clv.orders.FORECASTS`), and one row per
        distinct (frequency, recency, T) (`clv.orders.PROFILES`).

    Returns
    -------
    (card, summary)
        Plain JSON types.
    """
    progress("Summarising customers", 0, 0)
    rfm(con.table("orders"), as_of).create("customers")
    customers = engine.row(con, "SELECT count(*) FROM customers")[0]
    triples = con.execute(
        "SELECT frequency, recency, T, count(*) AS n FROM customers GROUP BY ALL ORDER BY ALL"
    ).fetchnumpy()
    x, t_x, age, n = (
        np.asarray(triples[k], dtype=float) for k in ("frequency", "recency", "T", "n")
    )
    progress("Fitting the purchase model", 0, customers)
    purchases = fit_purchases(x, t_x, age, n, model=settings.model)
    progress("Fitting the spend model", 0, customers)
    # Without a forecast of purchases there is nothing to put a value on.
    spend = _fit_spend(con) if purchases.model else SpendFit(None, [])
    months = months_of(as_of, settings)
    progress("Forecasting customers", 0, customers)
    scored, monthly = _score_triples(purchases, x, t_x, age, months)
    con.register("profile", scored)
    con.register("spend", _score_spend(con, spend))
    valued = "predicted_purchases" if spend.model is None else "predicted_clv"
    cuts = _cuts(con, settings, valued)
    _write(con, settings, as_of, group_sql(cuts, valued), forecasts, profiles)
    card = _card(con, purchases, spend, settings, as_of, months)
    progress("Summing up", customers, customers)
    summary = _summary(con, forecasts, monthly, months, as_of, settings)
    return card, summary | {"cuts": cuts.as_dict()}


def _fit_spend(con: duckdb.DuckDBPyConnection) -> SpendFit:
    if not engine.row(con, "SELECT count(revenue) FROM customers")[0]:
        return fit_spend([], None)
    groups = con.execute(
        "SELECT frequency, monetary_value, count(*) AS n FROM customers "
        "WHERE frequency > 0 AND monetary_value > 0 GROUP BY ALL ORDER BY ALL"
    ).fetchnumpy()
    mean = engine.row(con, "SELECT sum(revenue) / sum(frequency + 1) FROM customers")[0]
    return fit_spend(
        *(np.asarray(groups[k], dtype=float) for k in ("frequency", "monetary_value", "n")),
        mean_value=mean,
    )


def _score_triples(
    fit: PurchaseFit,
    x: np.ndarray[Any, Any],
    t_x: np.ndarray[Any, Any],
    age: np.ndarray[Any, Any],
    months: list[Month],
) -> tuple[pa.Table, np.ndarray[Any, Any] | None]:
    """Return one row per triple, and its expected purchases month by month, shape (n, months)."""
    h = len(months)
    keys = {
        "frequency": engine.column(x.astype(np.int64)),
        "recency": engine.column(t_x.astype(np.int64)),
        "T": engine.column(age.astype(np.int64)),
    }
    if fit.model is None:
        nothing = pa.nulls(len(x), pa.float64())
        names = (
            *("p_alive", "p_purchase", "predicted_purchases", "discounted", "next_order_days"),
            *("p_silent", "discounted_if_active"),
        )
        each = pa.nulls(len(x), pa.list_(pa.float64()))
        return pa.table(keys | dict.fromkeys(names, nothing) | {"purchases": each}), None
    scores = fit.model.score(x, t_x, age, [m.end_days for m in months])
    monthly = np.maximum(np.diff(scores.purchases, axis=1, prepend=0.0), 0.0)
    discount = np.array([m.discount for m in months])
    figures = {
        "p_alive": scores.p_alive,
        "p_purchase": scores.p_purchase[:, -1],
        "predicted_purchases": scores.purchases[:, -1],
        "discounted": monthly @ discount,
        "next_order_days": np.minimum(scores.next_order_days, MAX_WAIT_DAYS),
        "p_silent": scores.p_silent,
        "discounted_if_active": np.diff(scores.purchases_if_active, axis=1, prepend=0.0) @ discount,
    }
    lists = pa.FixedSizeListArray.from_arrays(engine.column(monthly.ravel()), h)
    columns = {name: engine.column(values) for name, values in figures.items()}
    table = pa.table(keys | columns | {"purchases": lists.cast(pa.list_(pa.float64()))})
    return table, monthly


def _score_spend(con: duckdb.DuckDBPyConnection, fit: SpendFit) -> pa.Table:
    """Return the expected order value, row for row of ``customers``."""
    rows = con.execute("SELECT frequency, monetary_value FROM customers").fetchnumpy()
    if fit.model is None:
        return pa.table({"predicted_order_value": pa.nulls(len(rows["frequency"]), pa.float64())})
    value = fit.model.order_value(
        np.asarray(rows["frequency"], dtype=float), np.asarray(rows["monetary_value"], dtype=float)
    )
    return pa.table({"predicted_order_value": engine.column(value)})


def _clv(settings: Settings) -> str:
    return f"discounted * predicted_order_value * {settings.margin!r}"


def _cuts(con: duckdb.DuckDBPyConnection, settings: Settings, valued: str) -> Cuts:
    """Read the numbers that the segments' rules need off the scored customers."""
    value = _clv(settings) if valued == "predicted_clv" else valued
    gap, high, middle = engine.row(
        con,
        "SELECT median(recency / frequency) FILTER (frequency > 0), "
        f"quantile_cont({value}, {1 - HIGH_SHARE!r}), quantile_cont({value}, {1 - MIDDLE_SHARE!r}) "
        "FROM (SELECT * FROM customers POSITIONAL JOIN spend) "
        "JOIN profile USING (frequency, recency, T)",
    )
    days = NEW_DAYS if gap is None else max(ceil(gap), 1)
    return Cuts(days, float(high or 0.0), float(middle or 0.0))


def _write(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: date,
    segment: str,
    forecasts: Path,
    profiles: Path,
) -> None:
    made = {
        "predicted_clv": _clv(settings),
        "predicted_clv_low": "NULL::DOUBLE",
        "predicted_clv_high": "NULL::DOUBLE",
        "next_order_date": f"DATE '{as_of}' + ceil(next_order_days)::INTEGER",
        "segment": segment,
    }
    columns = ", ".join(f"({made.get(c, c)})::{kind} AS {c}" for c, kind in FORECASTS.items())
    con.execute(
        f"COPY (SELECT {columns} FROM (SELECT * FROM customers POSITIONAL JOIN spend) "
        "JOIN profile USING (frequency, recency, T) ORDER BY customer_id) "
        f"TO {engine.text(forecasts)} (FORMAT parquet, PARQUET_VERSION v2, ROW_GROUP_SIZE 61440)"
    )
    con.execute(
        f"COPY (SELECT {', '.join(PROFILES)} FROM profile) "
        f"TO {engine.text(profiles)} (FORMAT parquet)"
    )


def _card(
    con: duckdb.DuckDBPyConnection,
    purchases: PurchaseFit,
    spend: SpendFit,
    settings: Settings,
    as_of: date,
    months: list[Month],
) -> dict[str, Any]:
    """Return the model card; its test vectors come from the card itself."""
    row = engine.row(
        con,
        "SELECT count(*), sum(orders)::BIGINT, sum(frequency)::BIGINT, "
        "count(*) FILTER (frequency > 0), min(first_order)::VARCHAR FROM customers",
    )
    card: dict[str, Any] = {
        "format": 1,
        "as_of": as_of.isoformat(),
        "settings": settings.as_dict(),
        "months": [m.as_dict() | {"end_days": m.end_days} for m in months],
        "purchases": to_card(purchases.model) if purchases.model else None,
        "spend": to_card(spend.model) if spend.model else None,
        "notes": [note.as_dict() for note in [*purchases.notes, *spend.notes]],
        "data": dict(
            zip(
                ("customers", "orders", "repeat_purchases", "repeat_customers", "first_order"),
                row,
                strict=True,
            )
        ),
        "versions": {"clv": __version__, "python": platform.python_version()}
        | {package: version(package) for package in _PACKAGES},
    }
    some = con.execute(
        "SELECT frequency, recency, T, coalesce(monetary_value, 0) AS monetary_value FROM customers "
        "ORDER BY hash(frequency, recency, T), customer_id LIMIT ?",
        [_VECTORS],
    ).fetchnumpy()
    inputs = {k: np.asarray(v, dtype=float) for k, v in some.items()}
    expected = score(card, **inputs)
    card["test_vectors"] = [
        {k: float(v[i]) for k, v in inputs.items()}
        | {"expected": {k: float(v[i]) for k, v in expected.items() if np.isfinite(v[i])}}
        for i in range(len(inputs["T"]))
    ]
    return card


def score(
    card: Mapping[str, Any],
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,  # noqa: N803
    monetary_value: ArrayLike,
) -> dict[str, np.ndarray[Any, Any]]:
    """Score customers with nothing but a model card.

    Parameters
    ----------
    card
        As in a run's ``model.json``.
    frequency, recency, T, monetary_value
        Shape (n,), as `clv.features.rfm` defines them; days and currency units.

    Returns
    -------
    dict of arrays, shape (n,)
        ``p_alive, p_purchase, predicted_purchases, predicted_order_value, predicted_clv``; NaN where
        the card has no such model.
    """
    x, t_x, age, value = (
        np.atleast_1d(np.asarray(v, dtype=float)) for v in (frequency, recency, T, monetary_value)
    )
    nothing = np.full(len(x), np.nan)
    result = dict.fromkeys(("p_alive", "p_purchase", "predicted_purchases"), nothing)
    discounted = order_value = nothing
    if card["purchases"]:
        months = card["months"]
        scores = from_card(card["purchases"]).score(x, t_x, age, [m["end_days"] for m in months])
        monthly = np.maximum(np.diff(scores.purchases, axis=1, prepend=0.0), 0.0)
        discounted = monthly @ np.array([m["discount"] for m in months])
        result = {
            "p_alive": scores.p_alive,
            "p_purchase": scores.p_purchase[:, -1],
            "predicted_purchases": scores.purchases[:, -1],
        }
    if card["spend"]:
        order_value = from_card(card["spend"]).order_value(x, value)
    return result | {
        "predicted_order_value": order_value,
        "predicted_clv": discounted * order_value * card["settings"]["margin"],
    }


def _summary(
    con: duckdb.DuckDBPyConnection,
    forecasts: Path,
    monthly: np.ndarray[Any, Any] | None,
    months: list[Month],
    as_of: date,
    settings: Settings,
) -> dict[str, Any]:
    """Return the totals that the first page shows."""
    con.execute(f"CREATE TEMP VIEW f AS SELECT * FROM read_parquet({engine.text(forecasts)})")
    names = (
        *("customers", "orders", "revenue", "first_order", "last_order", "one_time_share"),
        *("predicted_purchases", "predicted_revenue", "predicted_clv", "median_clv", "mean_clv"),
        *("expected_buyers",),
    )
    row = engine.row(
        con,
        "SELECT count(*), sum(orders)::BIGINT, sum(revenue), min(first_order)::VARCHAR, "
        "max(last_order)::VARCHAR, avg((frequency = 0)::INT), sum(predicted_purchases), "
        "sum(predicted_purchases * predicted_order_value), sum(predicted_clv), "
        "median(predicted_clv), avg(predicted_clv), sum(p_purchase) FROM f",
    )
    summary: dict[str, Any] = dict(zip(names, row, strict=True))
    summary["as_of"] = as_of.isoformat()
    summary |= _concentration(con, summary["customers"])
    summary["monthly"] = _monthly(con, monthly, months, settings)
    history = con.execute(
        "SELECT strftime(date_trunc('month', ordered_at), '%Y-%m') AS month, count(*) AS orders, "
        "sum(revenue) AS revenue FROM orders "
        f"WHERE ordered_at < DATE '{as_of}' + INTERVAL 1 DAY "
        "GROUP BY date_trunc('month', ordered_at) ORDER BY 1"
    ).fetchall()
    keys = ("month", "orders", "revenue")
    summary["history_monthly"] = [dict(zip(keys, h, strict=True)) for h in history]
    return summary


def _monthly(
    con: duckdb.DuckDBPyConnection,
    each: np.ndarray[Any, Any] | None,
    months: list[Month],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return the forecast's totals month by month, summed over triples."""
    totals = con.execute(
        "SELECT count(*) AS n, sum(predicted_order_value) AS value "
        "FROM (SELECT * FROM customers POSITIONAL JOIN spend) "
        "GROUP BY frequency, recency, T ORDER BY frequency, recency, T"
    ).fetchnumpy()
    names = ("predicted_purchases", "predicted_revenue", "predicted_clv")
    result: list[dict[str, Any]] = [month.as_dict() | dict.fromkeys(names) for month in months]
    if each is None:
        return result
    value = totals["value"]
    bought = np.asarray(totals["n"], dtype=float) @ each
    earned = None if np.ma.is_masked(value) else np.asarray(value, dtype=float) @ each
    for i, month in enumerate(months):
        result[i]["predicted_purchases"] = float(bought[i])
        if earned is not None:
            result[i]["predicted_revenue"] = float(earned[i])
            result[i]["predicted_clv"] = float(earned[i]) * month.discount * settings.margin
    return result


def _concentration(con: duckdb.DuckDBPyConnection, customers: int) -> dict[str, Any]:
    """Return the share of value held by the top shares of customers, best first."""
    values = con.execute(
        "SELECT predicted_clv FROM f WHERE predicted_clv IS NOT NULL ORDER BY 1 DESC"
    ).fetchnumpy()["predicted_clv"]
    total = float(np.sum(values)) if len(values) else 0.0
    if not total > 0:
        return {"concentration": [], "top20_share": None}
    cumulative = np.concatenate(([0.0], np.cumsum(np.asarray(values, dtype=float)))) / total
    shares = np.linspace(0, 1, min(_CURVE_POINTS, customers) + 1)
    at = np.interp(shares * len(values), np.arange(len(values) + 1), cumulative)
    top = float(np.interp(0.2 * len(values), np.arange(len(values) + 1), cumulative))
    points = [
        {"customers": float(c), "value": min(float(v), 1.0)}
        for c, v in zip(shares, at, strict=True)
    ]
    return {"concentration": points, "top20_share": top}
