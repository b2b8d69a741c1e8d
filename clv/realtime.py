"""Transactions in, forecasts out, with nothing but a model card: no file, no run, no fitting."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv import engine
from clv.features import rfm
from clv.forecast import score
from clv.horizon import months_of
from clv.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

#: What comes from the transactions; the rest is forecast.
_HISTORY: Final = (
    *("customer_id", "orders", "revenue", "first_order", "last_order"),
    *("frequency", "recency", "T", "monetary_value"),
)


def as_of_another_day(card: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    """Return a model card that forecasts from another day on: same parameters, same horizon.

    The months ahead are those from that day; a season goes on through the calendar.
    """
    known = {name: card["settings"][name] for name in ("horizon_months", "discount_rate", "margin")}
    months = months_of(as_of, Settings(**known))
    ahead = [m.as_dict() | {"end_days": m.end_days} for m in months]
    moved = dict(card) | {"as_of": as_of.isoformat(), "months": ahead}
    if card["purchases"] and "as_of" in card["purchases"]:  # It wears a season.
        moved["purchases"] = card["purchases"] | {"as_of": as_of.isoformat()}
    return moved


def forecasts(
    card: Mapping[str, Any], transactions: pa.Table, as_of: date | None = None
) -> list[dict[str, Any]]:
    """Forecast customers from their transactions.

    Parameters
    ----------
    card
        As in a run's ``model.json``.
    transactions
        ``customer_id`` (text), ``ordered_at`` (timestamp, UTC without a zone), ``revenue`` (null
        where unknown); any number of customers.
    as_of
        The day on which the forecasts stand; orders after it are left out. By default the card's
        day, or that of the last transaction if it is later.

    Returns
    -------
    list of dict
        One per customer with an order by then, by ``customer_id``: the history as `clv.features.rfm`
        defines it, and ``p_alive, p_purchase, predicted_purchases, predicted_order_value,
        predicted_clv``; None where the card or the transactions have nothing to say of it. Without
        amounts, ``revenue`` and ``monetary_value`` are None, and so is what an order is worth.
    """
    day = as_of or default_day(card, transactions)
    with engine.connect() as con:
        con.register("given", transactions)
        found = rfm(con.table("given"), day).order("customer_id").to_arrow_table()
    rows: list[dict[str, Any]] = found.select(list(_HISTORY)).to_pylist()
    if not rows:
        return []
    x, t_x, age = (np.array([row[c] for row in rows], float) for c in ("frequency", "recency", "T"))
    unknown = np.array([row["revenue"] is None for row in rows])
    value, mean = (
        np.array([row[c] or 0.0 for row in rows]) / by
        for c, by in (("monetary_value", 1.0), ("revenue", x + 1))
    )
    scores = score(as_of_another_day(card, day), x, t_x, age, value, mean)
    for name in ("predicted_order_value", "predicted_clv"):
        scores[name] = np.where(unknown, np.nan, scores[name])
    for i, row in enumerate(rows):
        row |= {k: float(v[i]) if np.isfinite(v[i]) else None for k, v in scores.items()}
    return rows


def default_day(card: Mapping[str, Any], transactions: pa.Table) -> date:
    """Return the card's day, or that of the last transaction if it is later."""
    day = date.fromisoformat(str(card["as_of"]))
    times: list[datetime] = transactions["ordered_at"].to_pylist()
    return max([day, *(time.date() for time in times)])
