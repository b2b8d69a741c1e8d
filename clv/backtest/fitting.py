"""Fit what a forecast is made of: on today's customers, or on those of a day in the past.

A forecast and its tests go through here, so that what is tested is what is used: the same models, the
same steps down where the data can't carry them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clv.backtest.past_dates import log_gaps, past
from clv.core.choice import RULES
from clv.core.errors import FitError
from clv.models.ladder import PurchaseFit, SpendFit, fit_purchases, fit_spend
from clv.models.notes import Note
from clv.models.season.estimate import repeat_purchases_by_month, wear

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from clv.backtest.history import History
    from clv.backtest.past_dates import Origin
    from clv.core.choice import Choice
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.contenders import Past
    from clv.models.correction.correction import Correction
    from clv.models.season.estimate import RepeatPurchases


class Context(NamedTuple):
    """What else is known on the day of a forecast, as far as the choice asks for it.

    Attributes
    ----------
    log_gaps
        See `clv.backtest.past_dates.log_gaps`; for regular timing.
    past
        What a rule of thumb learns from.
    bought
        What a season is found in.
    """

    log_gaps: float | None = None
    past: Past | None = None
    bought: RepeatPurchases | None = None


class Fitted(NamedTuple):
    """The models of a forecast, None where there is none, and what to say about them."""

    purchases: PurchaseModel | None
    spend: SpendModel | None
    notes: list[Note]
    correction: Correction | None = None


def context_of(
    con: duckdb.DuckDBPyConnection, choice: Choice, origin: Origin, first_order: date
) -> Context:
    """Read what a choice needs off the ``orders`` of a connection, and nothing else.

    Parameters
    ----------
    origin
        The day, and the end of the horizon; what lies after the day is not looked at.
    first_order
        Of the file: how far one can look back.
    """
    return Context(
        log_gaps(con, origin.as_of) if choice.purchases.endswith("cnbd") else None,
        past(con, origin, first_order) if choice.purchases in RULES else None,
        repeat_purchases_by_month(con, origin.as_of) if choice.season else None,
    )


def fit(history: History, choice: Choice, context: Context) -> Fitted:
    """Fit the chosen models, or the best that the data can carry."""
    return value(history, choice, fit_only_purchases(history, choice, context))


def fit_only_purchases(history: History, choice: Choice, context: Context) -> PurchaseFit:
    """Fit the chosen purchase model, or the best that the data can carry."""
    found = fit_purchases(
        history.distinct, choice.purchases, log_gaps=context.log_gaps, past=context.past
    )
    return worn(found, history, context) if choice.season else found


def worn(found: PurchaseFit, history: History, context: Context) -> PurchaseFit:
    """Let a fitted purchase model wear the season, or say why it can't."""
    if found.model is None or context.bought is None:
        return found
    try:
        return PurchaseFit(wear(found.model, history.distinct, context.bought), found.notes)
    except FitError as error:
        why = f"{error.message} The forecast is made without a season."
        return PurchaseFit(found.model, [*found.notes, Note("no-season", why, "simpler model")])


def value(history: History, choice: Choice, purchases: PurchaseFit) -> Fitted:
    """Fit the chosen spend model, or the best that the data can carry, beside a purchase model."""
    # Without a forecast of purchases there is nothing to put a value on.
    spend = _fit_spend(history, choice) if purchases.model else SpendFit(None, [])
    return Fitted(purchases.model, spend.model, [*purchases.notes, *spend.notes])


def _fit_spend(history: History, choice: Choice) -> SpendFit:
    if history.monetary_value is None or history.revenue is None:
        return fit_spend([], None)
    mean = float(history.revenue.sum() / (history.x + 1).sum())
    if choice.all_orders:
        return fit_spend(history.x, history.mean_value, mean_value=mean, all_orders=True)
    again = history.x > 0
    return fit_spend(history.x[again], history.monetary_value[again], mean_value=mean)
