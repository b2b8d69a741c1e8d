"""Customers + models → forecasts: fit on distinct triples, score them, hand the scores round."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv import __version__
from clv.backtest import correcting
from clv.backtest.fitting import Fitted, context_of, fit
from clv.backtest.forecast_ranges import ForecastRanges
from clv.backtest.history import History
from clv.backtest.past_dates import Origin, drawn_past
from clv.core import engine
from clv.core.horizon import months_of
from clv.core.orders import FORECASTS, PROFILES
from clv.core.schema import CardVector, checked
from clv.core.segments import HIGH_SHARE, MIDDLE_SHARE, NEW_DAYS, Cuts, group_sql
from clv.features import rfm
from clv.features.rhythm import rhythm as rhythm_of
from clv.forecast import summary as run_summary
from clv.learn.ready_made.scoring import worth
from clv.models.card import from_card, to_card
from clv.models.correction.correction import Correction
from clv.models.correction.traits import Expectations, Rhythm, factor, traits
from clv.models.histories import Histories

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import duckdb
    from numpy.typing import ArrayLike

    from clv.core.choice import Choice
    from clv.core.horizon import Month
    from clv.core.schema import ModelCard, Receipt, Summary
    from clv.core.settings import Settings
    from clv.core.types import Progress
    from clv.forecast.summary import Scores


#: A customer whose next order lies beyond a century gets that date: practically never.
MAX_WAIT_DAYS: Final = 36_525
#: Rows that a reader of one customer must go through.
ROW_GROUP: Final = 61_440
_VECTORS: Final = 12
#: What `score_customers` finds out about each customer, in ``profile`` or beside it.
_OF_TRIPLE: Final = "p_alive p_purchase predicted_purchases next_order_days p_silent".split()
_SCORES: Final = (
    *_OF_TRIPLE,
    "predicted_order_value",
    "predicted_clv",
    "predicted_clv_low",
    "predicted_clv_high",
)
#: What profiles call by another name, since the forecasts may have corrected it.
_PLAIN: Final = {
    "alive": "p_alive",
    "chance": "p_purchase",
    "purchases": "predicted_purchases",
    "discounted": "discounted",
}
_PACKAGES: Final = ("lifetimes", "numpy", "scipy", "duckdb", "narwhals", "pyarrow")


def summarise(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make the table ``customers`` of the ``orders`` of a connection, sorted by ``customer_id``."""
    rfm(con.table("orders"), as_of).order("customer_id").create("customers")


def make(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    choice: Choice,
    receipt: Receipt | None,
    as_of: date,
    forecasts: Path,
    profiles: Path,
    progress: Progress,
) -> tuple[ModelCard, Summary]:
    """Fit the models on the ``customers`` of a connection and write the forecasts.

    Parameters
    ----------
    con
        Has tables or views ``orders`` and ``customers`` (see `summarise`).
    choice
        The models.
    receipt
        What the tests left: how wide ranges must be, and which totals move; None without a test, and
        so without ranges.
    as_of
        The day on which the forecast stands.
    forecasts, profiles
        Parquet files to write: one row per customer (`clv.core.orders.FORECASTS`), and one row per
        distinct (frequency, recency, T) (`clv.core.orders.PROFILES`).

    Returns
    -------
    (card, summary)
        Plain JSON types.
    """
    history = History.of(con)
    customers = len(history.x)
    months = months_of(as_of, settings)
    days = months[-1].end_days
    progress("Fitting the models", 0, customers)
    (first,) = engine.row(con, "SELECT min(first_order)::DATE FROM customers")
    given = worth(con, choice.ready_made, as_of) if choice.ready_made else None
    if given:
        fitted = Fitted(None, None, given.notes)
    else:
        origin = Origin(as_of, months[-1].end)
        fitted = fit(history, choice, context_of(con, choice, origin, first))
        if choice.corrected:
            progress("Learning from a past day", 0, customers)
            history = history.with_rhythm(con, as_of, days)
            learned = drawn_past(con, origin, first)
            steps = receipt["choice"].get("steps") if receipt else None
            fitted = correcting.with_correction(choice, fitted, history, days, learned, steps)
    progress("Forecasting customers", 0, customers)
    profile = score_triples(fitted, history, months)
    corrected = corrected_forecast(profile, fitted, history, days)
    scores = score_customers(profile, fitted, history, settings.margin, corrected)
    if given:
        scores["predicted_clv"] = given.values
    sure = None
    if receipt is not None and fitted.purchases and fitted.spend:
        progress("Measuring how sure it is", 0, customers)
        models = (fitted.purchases, fitted.spend)
        sure = ForecastRanges.of(
            models, history, days, profile["discounted"], receipt["ranges"], corrected
        )
        profile["variance"] = sure.variance
        each = scores["predicted_order_value"] * settings.margin
        low, high = sure.customers(each, scores["predicted_clv"])
        scores |= {"predicted_clv_low": low, "predicted_clv_high": high}
    cuts = _cuts(history, scores)
    with engine.beside(con) as other, ThreadPoolExecutor(1) as pool:
        written = pool.submit(
            _write, other, history, profile, scores, cuts, as_of, forecasts, profiles
        )
        card = _card(con, fitted, choice, settings, as_of, months)
        progress("Summing up", customers, customers)
        summary = run_summary.of_run(con, history, profile, scores, months, settings, as_of)
        written.result()
    summary["ranges"] = None
    if sure is not None:
        segments = con.sql(f"SELECT segment FROM read_parquet({engine.text(forecasts)})")
        summary["ranges"] = sure.totals(
            each, scores["predicted_clv"], segments.to_arrow_table()["segment"]
        )
    if given:
        card["ready_made"] = given.card
    summary["cuts"] = cuts.as_dict()
    return card, summary


def score_triples(fitted: Fitted, history: History, months: Sequence[Month]) -> Scores:
    """Return what depends on the triple alone, row for row; ``purchases`` has shape (k, months)."""
    if fitted.purchases is None:
        return {}
    scores = fitted.purchases.score(history.distinct, [m.end_days for m in months])
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


def corrected_forecast(
    profile: Scores, fitted: Fitted, history: History, days: float
) -> Expectations | None:
    """Return the corrected forecast of every customer; None without a correction."""
    if fitted.correction is None:
        return None
    at = history.triple
    plain = Expectations(
        profile["predicted_purchases"][at],
        profile["p_purchase"][at],
        profile["p_alive"][at],
        history.worth(fitted.spend),
    )
    return correcting.corrected(fitted.correction, history, plain, days)


def score_customers(
    profile: Scores,
    fitted: Fitted,
    history: History,
    margin: float,
    corrected: Expectations | None = None,
) -> Scores:
    """Return the forecast of every customer, row for row of ``customers``.

    With a correction months keep their shares of the horizon, and the wait of somebody active shrinks as
    their expected purchases grow.
    """
    scores = {name: profile[name][history.triple] for name in _OF_TRIPLE if name in profile}
    if corrected is not None:
        nothing = np.finfo(float).tiny
        more = factor(corrected.purchases, scores["predicted_purchases"])
        faster = more * scores["p_alive"] / np.maximum(corrected.p_alive, nothing)
        wait = np.ceil(scores["next_order_days"] / np.maximum(faster, nothing))
        scores |= {
            "p_alive": corrected.p_alive,
            "p_purchase": corrected.p_purchase,
            "predicted_purchases": corrected.purchases,
            "next_order_days": np.clip(wait, 1.0, MAX_WAIT_DAYS),
        }
        if corrected.order_value is not None:
            discounted = profile["discounted"][history.triple] * more
            scores["predicted_order_value"] = corrected.order_value
            scores["predicted_clv"] = discounted * corrected.order_value * margin
        return scores
    value = history.worth(fitted.spend)
    if value is not None:
        scores["predicted_order_value"] = value
        scores["predicted_clv"] = profile["discounted"][history.triple] * value * margin
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
    triples = len(history.distinct)
    query = forecasts_sql(con, scores, len(history.x), cuts, as_of)
    engine.write_parquet(con, query, forecasts, ROW_GROUP)
    keys = {key: getattr(history.distinct, key) for key in ("frequency", "recency", "T")}
    named = {f"plain_{short}": profile[name] for short, name in _PLAIN.items() if name in profile}
    each = {c: _column(keys | profile | named, c, triples) for c in PROFILES}
    con.register("profile", pa.table(each))
    columns = ", ".join(f"{c}::{kind} AS {c}" for c, kind in PROFILES.items())
    engine.write_parquet(con, f"SELECT {columns} FROM profile", profiles)


def forecasts_sql(
    con: duckdb.DuckDBPyConnection, scores: Scores, customers: int, cuts: Cuts | None, as_of: date
) -> str:
    """Put the scores beside the table ``customers``; return the query of the forecasts' columns.

    Without cuts nobody has a segment.
    """
    con.register("scores", pa.table({c: _column(scores, c, customers) for c in _SCORES}))
    made = {
        "next_order_date": f"DATE '{as_of}' + next_order_days::INTEGER",
        "segment": "NULL" if cuts is None else group_sql(cuts, _valued(scores)),
    }
    columns = ", ".join(f"({made.get(c, c)})::{kind} AS {c}" for c, kind in FORECASTS.items())
    return f"SELECT {columns} FROM customers POSITIONAL JOIN scores"


def _column(scores: Scores, name: str, rows: int) -> pa.Array:
    if name not in scores:
        return pa.nulls(rows, pa.float64())
    values = scores[name]
    if values.ndim == 1:
        return engine.column(values)
    return pa.FixedSizeListArray.from_arrays(engine.column(values.ravel()), values.shape[1])


def _card(
    con: duckdb.DuckDBPyConnection,
    fitted: Fitted,
    choice: Choice,
    settings: Settings,
    as_of: date,
    months: list[Month],
) -> ModelCard:
    """Return the model card; its test vectors come from the card itself."""
    customers, orders, again, repeat_customers, first_order = engine.row(
        con,
        "SELECT count(*), sum(orders)::BIGINT, sum(frequency)::BIGINT, "
        "count(*) FILTER (frequency > 0), min(first_order)::VARCHAR FROM customers",
    )
    card: ModelCard = {
        "format": 1,
        "as_of": as_of.isoformat(),
        "settings": settings.as_dict(),
        "months": [{**m.as_dict(), "end_days": m.end_days} for m in months],
        "model": choice.name,
        "purchases": to_card(fitted.purchases) if fitted.purchases else None,
        "spend": to_card(fitted.spend) if fitted.spend else None,
        "notes": [note.as_dict() for note in fitted.notes],
        "data": {
            "customers": customers,
            "orders": orders,
            "repeat_purchases": again,
            "repeat_customers": repeat_customers,
            "first_order": first_order,
        },
        "versions": _versions(),
    }
    if fitted.correction is not None:
        card["correction"] = fitted.correction.as_dict()
    _add_vectors(con, card, as_of)
    return card


@cache
def _versions() -> dict[str, str]:
    """Return what a forecast is made with; to look a package up takes as long as a query."""
    own = {"clv": __version__, "python": platform.python_version()}
    return own | {package: version(package) for package in _PACKAGES}


def _add_vectors(con: duckdb.DuckDBPyConnection, card: ModelCard, as_of: date) -> None:
    """Add some customers and what the card says of them."""
    columns = (
        "customer_id, frequency, recency, T, coalesce(monetary_value, 0) AS monetary_value, "
        "coalesce(revenue, 0) / (frequency + 1) AS mean_value"
    )
    order = f"ORDER BY hash(frequency, recency, T), customer_id LIMIT {_VECTORS}"
    con.execute(f"CREATE TEMP TABLE vectors AS SELECT {columns} FROM customers {order}")
    source = "vectors"
    if "correction" in card:
        days = card["months"][-1]["end_days"]
        orders = con.sql("SELECT * FROM orders SEMI JOIN vectors USING (customer_id)")
        rhythm_of(orders, as_of, days).create_view("paced")
        source = "vectors JOIN paced USING (customer_id)"
    rows = con.sql(f"SELECT * FROM {source} {order}").to_arrow_table().to_pylist()
    con.execute("DROP VIEW IF EXISTS paced; DROP TABLE vectors")
    told = [{k: float(v) for k, v in row.items() if k != "customer_id"} for row in rows]
    inputs = {k: np.array([row[k] for row in told]) for k in told[0]}
    pace = [inputs.pop(k) for k in Rhythm._fields if k in inputs]
    expected = score(card, **inputs, rhythm=Rhythm(*pace) if pace else None)
    card["test_vectors"] = [
        checked(
            CardVector,
            row | {"expected": {k: float(v[i]) for k, v in expected.items() if np.isfinite(v[i])}},
        )
        for i, row in enumerate(told)
    ]


def score(
    card: ModelCard,
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,  # noqa: N803
    monetary_value: ArrayLike,
    mean_value: ArrayLike | None = None,
    rhythm: Rhythm | None = None,
) -> dict[str, np.ndarray[Any, Any]]:
    """Score customers with nothing but a model card.

    Parameters
    ----------
    card
        As in a run's ``model.json``.
    frequency, recency, T, monetary_value
        Shape (n,), as `clv.features.rfm` defines them; days and currency units.
    mean_value
        Shape (n,), mean revenue of all ``frequency + 1`` purchase days; asked for by a card whose
        spend model is ``gamma-gamma-all``, or that has a correction.
    rhythm
        Of the same customers, in a window as long as the horizon (`clv.features.rhythm.rhythm`); asked
        for by a card that has a correction.

    Raises
    ------
    ValueError
        The card asks for ``mean_value`` or ``rhythm``, and there is none.

    Returns
    -------
    dict of arrays, shape (n,)
        ``p_alive, p_purchase, predicted_purchases, predicted_order_value, predicted_clv``; NaN where
        the card has no such model.
    """
    histories = Histories.of(frequency, recency, T)
    value = np.atleast_1d(np.asarray(monetary_value, dtype=float))
    nothing = np.full(len(histories), np.nan)
    result = dict.fromkeys(("p_alive", "p_purchase", "predicted_purchases"), nothing)
    discounted = order_value = nothing
    if card["purchases"]:
        months = card["months"]
        scores = from_card(card["purchases"]).score(histories, [m["end_days"] for m in months])
        monthly = np.maximum(np.diff(scores.purchases, axis=1, prepend=0.0), 0.0)
        discounted = monthly @ np.array([m["discount"] for m in months])
        result = {
            "p_alive": scores.p_alive,
            "p_purchase": scores.p_purchase[:, -1],
            "predicted_purchases": scores.purchases[:, -1],
        }
    if card["spend"]:
        spend = from_card(card["spend"])
        if spend.name == "gamma-gamma-all":
            if mean_value is None:
                msg = "This card's spend model needs the mean value of all purchase days."
                raise ValueError(msg)
            value = np.atleast_1d(np.asarray(mean_value, dtype=float))
        order_value = spend.order_value(histories.frequency, value)
    if "correction" in card:
        if rhythm is None or mean_value is None:
            msg = "This card's correction needs the customers' rhythm and mean value."
            raise ValueError(msg)
        known = order_value if card["spend"] else None
        plain = Expectations(
            result["predicted_purchases"], result["p_purchase"], result["p_alive"], known
        )
        mean = np.atleast_1d(np.asarray(mean_value, dtype=float)) if card["spend"] else None
        made = Correction.from_dict(card["correction"])
        days = card["months"][-1]["end_days"]
        right = made.apply(traits(histories, mean, rhythm, plain, days, made.shop_value), plain)
        discounted = discounted * factor(right.purchases, plain.purchases)
        order_value = nothing if right.order_value is None else right.order_value
        result = {
            "p_alive": right.p_alive,
            "p_purchase": right.p_purchase,
            "predicted_purchases": right.purchases,
        }
    return result | {
        "predicted_order_value": order_value,
        "predicted_clv": discounted * order_value * card["settings"]["margin"],
    }
