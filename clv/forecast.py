"""Customers + models → forecasts: fit on distinct triples, score them, hand the scores round."""

from __future__ import annotations

import platform
from calendar import monthrange
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv import __version__, engine
from clv import summary as run_summary
from clv.errors import SettingsError
from clv.features import rfm
from clv.history import History
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
    from clv.summary import Scores

    Progress = Callable[[str, int, int], None]

#: A customer whose next order lies beyond a century gets that date: practically never.
MAX_WAIT_DAYS: Final = 36_525
#: Rows that a reader of one customer must go through.
ROW_GROUP: Final = 61_440
_VECTORS: Final = 12
#: What `_score_customers` finds out about each customer, in ``profile`` or beside it.
_OF_TRIPLE: Final = "p_alive p_purchase predicted_purchases next_order_days p_silent".split()
_SCORES: Final = (*_OF_TRIPLE, "predicted_order_value", "predicted_clv")
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


def summarise(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make the table ``customers`` of the ``orders`` of a connection, sorted by ``customer_id``."""
    rfm(con.table("orders"), as_of).order("customer_id").create("customers")


def make(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: date,
    forecasts: Path,
    profiles: Path,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit the models on the ``customers`` of a connection and write the forecasts.

    Parameters
    ----------
    con
        Has tables or views ``orders`` and ``customers`` (see `summarise`).
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
    history = History.of(con)
    customers = len(history.x)
    progress("Fitting the purchase model", 0, customers)
    purchases = fit_purchases(
        history.frequency, history.recency, history.T, history.customers, model=settings.model
    )
    progress("Fitting the spend model", 0, customers)
    # Without a forecast of purchases there is nothing to put a value on.
    spend = _fit_spend(history) if purchases.model else SpendFit(None, [])
    months = months_of(as_of, settings)
    progress("Forecasting customers", 0, customers)
    profile = _score_triples(purchases, history, months)
    scores = _score_customers(profile, spend, history, settings)
    cuts = _cuts(history, scores)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(
            _write, con.cursor(), history, profile, scores, cuts, as_of, forecasts, profiles
        )
        card = _card(con, purchases, spend, settings, as_of, months)
        progress("Summing up", customers, customers)
        summary = run_summary.of_run(con, history, profile, scores, months, settings, as_of)
        written.result()
    return card, summary | {"cuts": cuts.as_dict()}


def _fit_spend(history: History) -> SpendFit:
    if history.monetary_value is None or history.revenue is None:
        return fit_spend([], None)
    again = history.x > 0
    mean = float(history.revenue.sum() / (history.x + 1).sum())
    return fit_spend(history.x[again], history.monetary_value[again], mean_value=mean)


def _score_triples(fit: PurchaseFit, history: History, months: list[Month]) -> Scores:
    """Return what depends on the triple alone, row for row; ``purchases`` has shape (k, months)."""
    if fit.model is None:
        return {}
    scores = fit.model.score(
        history.frequency, history.recency, history.T, [m.end_days for m in months]
    )
    monthly = np.maximum(np.diff(scores.purchases, axis=1, prepend=0.0), 0.0)
    discount = np.array([m.discount for m in months])
    return {
        "p_alive": scores.p_alive,
        "p_purchase": scores.p_purchase[:, -1],
        "predicted_purchases": scores.purchases[:, -1],
        "discounted": monthly @ discount,
        "next_order_days": np.ceil(np.minimum(scores.next_order_days, MAX_WAIT_DAYS)),
        "p_silent": scores.p_silent,
        "discounted_if_active": np.diff(scores.purchases_if_active, axis=1, prepend=0.0) @ discount,
        "purchases": monthly,
    }


def _score_customers(
    profile: Scores, fit: SpendFit, history: History, settings: Settings
) -> Scores:
    """Return the forecast of every customer, row for row of ``customers``."""
    scores = {name: profile[name][history.triple] for name in _OF_TRIPLE if name in profile}
    if fit.model is not None and history.monetary_value is not None:
        value = fit.model.order_value(history.x, history.monetary_value)
        scores["predicted_order_value"] = value
        scores["predicted_clv"] = profile["discounted"][history.triple] * value * settings.margin
    return scores


def _valued(scores: Scores) -> str:
    """Return the name of what customers are ranked by."""
    return "predicted_clv" if "predicted_clv" in scores else "predicted_purchases"


def _cuts(history: History, scores: Scores) -> Cuts:
    """Read the numbers that the segments' rules need off the scored customers."""
    again = history.x > 0
    gaps = history.gap[again] / history.x[again]
    days = max(ceil(np.median(gaps)), 1) if len(gaps) else NEW_DAYS
    value = scores.get(_valued(scores))
    if value is None:
        return Cuts(days, 0.0, 0.0)
    high, middle = np.quantile(value, [1 - HIGH_SHARE, 1 - MIDDLE_SHARE])
    return Cuts(days, float(high), float(middle))


def _write(
    con: duckdb.DuckDBPyConnection,
    history: History,
    profile: Scores,
    scores: Scores,
    cuts: Cuts,
    as_of: date,
    forecasts: Path,
    profiles: Path,
) -> None:
    """Write both tables; what could not be forecast is null."""
    customers, triples = len(history.x), len(history.T)
    con.register("scores", pa.table({c: _column(scores, c, customers) for c in _SCORES}))
    made = {
        "predicted_clv_low": "NULL::DOUBLE",
        "predicted_clv_high": "NULL::DOUBLE",
        "next_order_date": f"DATE '{as_of}' + next_order_days::INTEGER",
        "segment": group_sql(cuts, _valued(scores)),
    }
    columns = ", ".join(f"({made.get(c, c)})::{kind} AS {c}" for c, kind in FORECASTS.items())
    engine.write_parquet(
        con, f"SELECT {columns} FROM customers POSITIONAL JOIN scores", forecasts, ROW_GROUP
    )
    keys = {"frequency": history.frequency, "recency": history.recency, "T": history.T}
    each = {c: _column(keys | profile, c, triples) for c in PROFILES}
    con.register("profile", pa.table(each))
    columns = ", ".join(f"{c}::{kind} AS {c}" for c, kind in PROFILES.items())
    engine.write_parquet(con, f"SELECT {columns} FROM profile", profiles)


def _column(scores: Scores, name: str, rows: int) -> pa.Array:
    if name not in scores:
        return pa.nulls(rows, pa.float64())
    values = scores[name]
    if values.ndim == 1:
        return engine.column(values)
    return pa.FixedSizeListArray.from_arrays(engine.column(values.ravel()), values.shape[1])


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
