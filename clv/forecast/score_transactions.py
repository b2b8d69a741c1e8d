"""Transactions in, forecasts out, with what a run has stored: no file, no new run, no fitting.

What is computed is what `clv.forecast.predictions.make` computes: the same functions, given models from the card.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest.fitting import Fitted
from clv.backtest.forecast_ranges import factors_of
from clv.backtest.history import History
from clv.core import engine
from clv.core.horizon import months_of
from clv.core.settings import Settings
from clv.forecast.predictions import (
    corrected_forecast,
    forecasts_sql,
    score_customers,
    score_triples,
    summarise,
)
from clv.models.card import from_card
from clv.models.correction.correction import Correction

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    import pyarrow as pa

    from clv.backtest.forecast_ranges import Terms
    from clv.core.schema import CustomerForecast, ModelCard, PurchaseCard
    from clv.core.segments import Cuts
    from clv.forecast.summary import Scores

#: Sums in another order differ in the last digit, which must not make a whale of anybody, or none.
_SAME: Final = 1e-9


def forecasts(
    card: ModelCard,
    transactions: pa.Table,
    as_of: date | None = None,
    *,
    cuts: Cuts | None = None,
    terms: Terms | None = None,
) -> list[CustomerForecast]:
    """Forecast customers from their transactions.

    Parameters
    ----------
    card
        As in a run's ``model.json``.
    transactions
        ``customer_id`` (text), ``ordered_at`` (timestamp, the shop's clock), ``revenue`` (null
        where unknown); any number of customers.
    as_of
        The day on which the forecasts stand: same parameters, same horizon, and a season goes on
        through the calendar. Orders after it are left out. By default the card's day, or that of the
        last transaction if it is later.
    cuts
        Of the run, for the segments; without, nobody has one.
    terms
        Of the run, for the ranges; without, nobody has one.

    Returns
    -------
    list of dict
        One per customer with an order by then, by ``customer_id``: the columns of
        `clv.core.orders.FORECASTS`; None where the card or the transactions have nothing to say of it.
        Without amounts, ``revenue`` is None, and so is what an order is worth.
    """
    day = as_of or default_day(card, transactions)
    with engine.connect() as con:
        con.register("orders", transactions)
        summarise(con, day)
        history = History.of(con)
        if not history.x.size:
            return []
        scores = _scores(con, card, history, day, terms)
        query = forecasts_sql(con, scores, history.x.size, cuts, day)
        found = con.sql(f"{query} ORDER BY customer_id").to_arrow_table()
    rows: list[CustomerForecast] = found.to_pylist()
    return [_without_money(row) if row["revenue"] is None else row for row in rows]


def _without_money(row: CustomerForecast) -> CustomerForecast:
    """Leave out what follows from amounts that nobody knows."""
    return {
        **row,
        "monetary_value": None,
        "predicted_order_value": None,
        "predicted_clv": None,
        "predicted_clv_low": None,
        "predicted_clv_high": None,
    }


def _scores(
    con: duckdb.DuckDBPyConnection,
    card: ModelCard,
    history: History,
    day: date,
    terms: Terms | None,
) -> Scores:
    """Score the ``customers`` of a connection with a card's models, on any day."""
    asked = card["settings"]
    settings = Settings(
        horizon_months=asked["horizon_months"],
        discount_rate=asked["discount_rate"],
        margin=asked["margin"],
    )
    months = months_of(day, settings)
    purchases, spend = (
        from_card(_on_another_day(part, day)) if part else None
        for part in (card["purchases"], card["spend"])
    )
    learned = Correction.from_dict(card["correction"]) if "correction" in card else None
    fitted = Fitted(purchases, spend, [], learned)
    days = months[-1].end_days
    if learned is not None:
        history = history.with_rhythm(con, day, days)
    profile = score_triples(fitted, history, months)
    corrected = corrected_forecast(profile, fitted, history, days)
    scores = score_customers(profile, fitted, history, settings.margin, corrected)
    clv = scores.get("predicted_clv")
    if terms and clv is not None and purchases and spend:
        placed = factors_of(
            *((purchases, spend), history, days, profile["discounted"]),
            error=terms.error,
            adjustments=terms.adjustments,
            corrected=corrected,
        )
        worth = scores["predicted_order_value"] * settings.margin
        whale = clv >= terms.whale * (1 - _SAME)
        low, high = placed.ends(whale, clv, worth)
        scores |= {"predicted_clv_low": low, "predicted_clv_high": high}
    if spend:
        # Whose value is not known is no champion by it.
        unknown = np.ma.getmaskarray(
            con.sql("SELECT revenue FROM customers").fetchnumpy()["revenue"]
        )
        scores["predicted_clv"] = np.where(unknown, -np.inf, 0.0 if clv is None else clv)
    return scores


def _on_another_day(model: PurchaseCard, day: date) -> PurchaseCard:
    """Return a model's card with its season, if it wears one, seen from another day."""
    return {**model, "as_of": day.isoformat()} if "as_of" in model else model


def default_day(card: ModelCard, transactions: pa.Table) -> date:
    """Return the card's day, or that of the last transaction if it is later."""
    day = date.fromisoformat(card["as_of"])
    times: list[datetime] = transactions["ordered_at"].to_pylist()
    return max([day, *(time.date() for time in times)])
