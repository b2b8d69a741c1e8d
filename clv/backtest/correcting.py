"""Correct a fitted forecast: learn on a past day what it misses, and apply it to today's customers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clv.backtest.fitting import Context, Fitted, fit
from clv.backtest.history import History
from clv.core.errors import FitError
from clv.models.correction.correction import Correction
from clv.models.correction.traits import Plain, traits
from clv.models.notes import Note

if TYPE_CHECKING:
    from clv.core.choice import Choice
    from clv.core.types import Floats
    from clv.models.contenders import Past


def plain_forecast(fitted: Fitted, history: History, days: float) -> Plain:
    """Return what the fitted models say of each customer without a correction.

    Raises
    ------
    FitError
        There is no forecast of purchases.
    """
    if fitted.purchases is None:
        raise FitError(" ".join(note.message for note in fitted.notes))
    scores = fitted.purchases.score(history.distinct, [days])
    at = history.triple
    mean = None if fitted.spend is None else history.value_of(fitted.spend)
    worth = None
    if fitted.spend is not None and mean is not None:
        worth = fitted.spend.order_value(history.x, mean)
    return Plain(scores.purchases[at, 0], scores.p_purchase[at, 0], scores.p_alive[at], worth)


def traits_of(history: History, plain: Plain, days: float, shop_value: float) -> Floats:
    """Return what a correction sees of each customer; the history must have its rhythm.

    Parameters
    ----------
    days
        Length of the horizon.
    shop_value
        The correction's.
    """
    if history.rhythm is None:
        msg = "A correction needs the rhythm of the customers (clv.features.rhythm)."
        raise ValueError(msg)
    return traits(history.each, history.mean_value, history.rhythm, plain, days, shop_value)


def correction(
    choice: Choice, fitted: Fitted, history: History, days: float, past: Past | None
) -> Correction:
    """Learn on the past, and keep today's totals.

    Parameters
    ----------
    choice
        Of the forecast; the past day is forecast in the same way, but for a season.
    fitted, history, days
        Today's forecast, which is to be corrected.
    past
        From `clv.backtest.past_dates.past`, with a rhythm.

    Raises
    ------
    FitError
        The history is too short, or too few customers bought again.
    """
    if past is None:
        msg = "To correct a forecast, a past day is needed on which customers were known already."
        raise FitError(msg)
    then = History.at(past.history, valued=history.revenue is not None)
    # The season moves the months; who buys more than another has nothing to do with it.
    known = Context(past.history.log_gaps)
    there = fit(then, replace(choice, season=False, corrected=False), known)
    said = plain_forecast(there, then, past.days)
    seen = traits_of(then, said, past.days, then.shop_value)
    learned = Correction.learn(seen, said, past.purchases, past.value, then.shop_value)
    now = plain_forecast(fitted, history, days)
    return learned.settled(traits_of(history, now, days, then.shop_value), now)


def with_correction(
    choice: Choice, fitted: Fitted, history: History, days: float, past: Past | None
) -> Fitted:
    """Add a correction to a fitted forecast, or a note that says why there is none."""
    try:
        made = correction(choice, fitted, history, days, past)
    except FitError as error:
        why = f"{error.message} The forecast is made without a correction."
        return fitted._replace(notes=[*fitted.notes, Note("no-correction", why, "simpler model")])
    return fitted._replace(correction=made)


def within(shorter: Plain, plain: Plain, p_purchase: Floats, p_alive: Floats) -> Floats:
    """Return the corrected chance of a purchase within another time than the horizon, shape (n,).

    Given that somebody is active, the chance of no purchase is that of the plain forecast to a power,
    the one that makes it right at the horizon: 0 at once, never falling, never above P(alive).

    Parameters
    ----------
    shorter, plain
        What the plain forecast says for that time, and for the horizon.
    p_purchase, p_alive
        Corrected, for the horizon.
    """
    some = 1e-12

    def quiet(forecast: Plain) -> Floats:
        chance = forecast.p_purchase / np.maximum(forecast.p_alive, some)
        return np.log(np.clip(1 - chance, some, 1 - some))

    wanted = np.log(np.clip(1 - p_purchase / np.maximum(p_alive, some), some, 1 - some))
    result: Floats = p_alive * -np.expm1(quiet(shorter) * wanted / quiet(plain))
    return np.where(shorter.p_purchase > 0, result, 0.0)
