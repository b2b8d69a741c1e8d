"""Correct a fitted forecast: learn on a past day what it misses, and apply it to today's customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest.fitting import Context, Fitted, fit
from clv.backtest.history import History
from clv.core.errors import FitError
from clv.models.correction.correction import Correction
from clv.models.correction.traits import Expectations, traits
from clv.models.notes import Note
from clv.models.season.estimate import refit
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from clv.core.choice import Choice
    from clv.core.schema import Steps
    from clv.core.types import Floats
    from clv.models.contenders import Past

#: Chances closer to 0 or 1 are not told apart from it.
_NOTHING: Final = 1e-12


def plain_forecast(fitted: Fitted, history: History, days: float) -> Expectations:
    """Return what the fitted models say of each customer without a correction.

    Raises
    ------
    FitError
        There is no forecast of purchases.
    """
    if fitted.purchases is None:
        raise FitError(" ".join(note.message for note in fitted.notes))
    scores = fitted.purchases.score(history.distinct, [days])
    at, worth = history.triple, history.worth(fitted.spend)
    return Expectations(
        scores.purchases[at, 0], scores.p_purchase[at, 0], scores.p_alive[at], worth
    )


def traits_of(history: History, plain: Expectations, days: float, shop_value: float) -> Floats:
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


def corrected(made: Correction, history: History, plain: Expectations, days: float) -> Expectations:
    """Return what a correction makes of the plain forecast of each customer for a horizon."""
    return made.apply(traits_of(history, plain, days, made.shop_value), plain)


def correction(
    choice: Choice,
    fitted: Fitted,
    history: History,
    days: float,
    past: Past | None,
    steps: Steps | None = None,
) -> Correction:
    """Learn on the past, and keep today's totals.

    Parameters
    ----------
    choice
        Of the forecast; the past day is forecast in the same way.
    fitted, history, days
        Today's forecast, which is to be corrected.
    past
        From `clv.backtest.past_dates.past`, with a rhythm.
    steps
        From `clv.backtest.levels.steps`; None for totals that stay.

    Raises
    ------
    FitError
        The history is too short, or too few customers bought again.
    """
    if past is None:
        msg = "To correct a forecast, a past day is needed on which customers were known already."
        raise FitError(msg)
    then = History.at(past.history, valued=history.revenue is not None)
    known = Context(past.history.log_gaps)
    there = fit(then, replace(choice, season=False, corrected=False), known)
    if isinstance(fitted.purchases, Seasonal) and there.purchases is not None:
        # What the season explains is not to be learned. It is today's: all of it is known.
        season, day = fitted.purchases.season, fitted.purchases.as_of - timedelta(days=past.days)
        lived = refit(there.purchases, season.histories(then.distinct, day))
        there = there._replace(purchases=Seasonal(lived, season, day))
    said = plain_forecast(there, then, past.days)
    seen = traits_of(then, said, past.days, then.shop_value)
    learned = Correction.learn(seen, said, past.purchases, past.value, then.shop_value)
    now = plain_forecast(fitted, history, days)
    return learned.settled(traits_of(history, now, days, then.shop_value), now, steps)


def with_correction(
    choice: Choice,
    fitted: Fitted,
    history: History,
    days: float,
    past: Past | None,
    steps: Steps | None = None,
) -> Fitted:
    """Add a correction to a fitted forecast, or a note that says why there is none."""
    try:
        made = correction(choice, fitted, history, days, past, steps)
    except FitError as error:
        why = f"{error.message} The forecast is made without a correction."
        return fitted._replace(notes=[*fitted.notes, Note("no-correction", why, "simpler model")])
    return fitted._replace(correction=made)


def within(chances: Floats, plain: Expectations, p_purchase: Floats, p_alive: Floats) -> Floats:
    """Return the corrected chances of a purchase within other times than the horizon, shape (n, h).

    Given that somebody is active, the chance of no purchase is that of the plain forecast to a power,
    the one that makes it right at the horizon: 0 at once, never falling, never above P(alive).

    Parameters
    ----------
    chances
        Shape (n, h): what the plain forecast says for these times.
    plain
        What it says for the horizon.
    p_purchase, p_alive
        Shape (n,): corrected, for the horizon.
    """

    def quiet(chance: Floats, alive: Floats) -> Floats:
        some = 1 - chance / np.maximum(alive, _NOTHING)
        return np.log(np.clip(some, _NOTHING, 1 - _NOTHING))

    power = quiet(p_purchase, p_alive) / quiet(plain.p_purchase, plain.p_alive)
    result: Floats = p_alive[:, None] * -np.expm1(
        quiet(chances, plain.p_alive[:, None]) * power[:, None]
    )
    return np.where(chances > 0, result, 0.0)
