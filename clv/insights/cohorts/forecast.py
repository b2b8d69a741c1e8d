"""What the model expects of each cohort in the calendar periods after the as-of date.

A customer's (frequency, recency, T) gives the first purchase day, as-of date - T, hence the cohort,
and all that a model says. So customers are summed by it, weighted with their chance of still being
active: exact, and fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.insights.cohorts.calendar import Grain, period_end, period_of, period_start
from clv.models.histories import Histories

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats
    from clv.models.base import PurchaseModel


#: Weeks of forecast at most: beyond half a year a week says nothing that a month doesn't.
MOST_WEEKS: Final = 26


@dataclass(frozen=True)
class Outlook:
    """Expectations of n cohorts for h calendar periods.

    Attributes
    ----------
    periods
        Shape (h,), numbers of calendar periods. The first may be the running one: then everything
        counts from the day after the as-of date.
    active
        Shape (n, h): expected number of customers with an order; in the running period only those
        without one so far.
    orders
        Expected purchase days.
    revenue
        Expected revenue, undiscounted and before margin; None without a forecast of order values.
    """

    periods: NDArray[np.int64]
    active: Floats
    orders: Floats
    revenue: Floats | None


def period_ends(as_of: date, horizon_end: date, grain: Grain) -> list[date]:
    """Return the last days of the periods to come, cut off at the end of the horizon."""
    ends: list[date] = []
    period, end = period_of(as_of + timedelta(days=1), grain), as_of
    most = MOST_WEEKS + 1 if grain == "week" else None
    while end < horizon_end and (most is None or len(ends) < most):
        end = min(period_end(period, grain), horizon_end)
        ends.append(end)
        period += 1
    return ends


def outlook(
    model: PurchaseModel,
    triples: Mapping[str, ArrayLike],
    cohorts: NDArray[np.int64],
    as_of: date,
    ends: Sequence[date],
    grain: Grain,
) -> Outlook:
    """Sum the model's expectations by cohort and calendar period.

    Parameters
    ----------
    model
        Fitted; times in days.
    triples
        Arrays of one length, one row per distinct (``frequency``, ``recency``, ``T``): ``alive``, the
        sum of p_alive over the customers; ``alive_unseen``, the same over those without an order in
        the running period; ``alive_value``, the sum of p_alive × expected order value (NaN: unknown).
        Of a corrected forecast these are the sums of ``for_chance`` and, for the value, ``for_orders``
        of `clv.core.orders`; ``alive_orders``, the sum of the latter, is ``alive`` where it is not given.
    cohorts
        Shape (n,), the triangle's.
    as_of
        The forecast's.
    ends
        Ascending last days of the periods, from `period_ends`.
    grain
        Of the cohorts and of the periods.
    """
    histories = Histories.of(*(triples[k] for k in ("frequency", "recency", "T")))
    alive, unseen, value = (_floats(triples[k]) for k in ("alive", "alive_unseen", "alive_value"))
    for_orders = _floats(triples.get("alive_orders", triples["alive"]))
    days = np.array([0.0] + [float((end - as_of).days) for end in ends])
    scores = model.score(histories, days[1:])
    bought = np.maximum(np.diff(scores.purchases_if_active, axis=1, prepend=0.0), 0.0)
    chance = model.p_purchase_between(histories, days)
    ages, which = np.unique(histories.T, return_inverse=True)
    born = [period_of(as_of - timedelta(days=int(a)), grain) for a in ages]
    row = np.searchsorted(cohorts, np.array(born, dtype=np.int64))[which]

    def summed(weight: Floats, each: Floats) -> Floats:
        columns = [np.bincount(row, weight * column, len(cohorts)) for column in each.T]
        return np.column_stack(columns)

    running = period_start(period_of(ends[0], grain), grain) <= as_of
    active = summed(alive, chance)
    if running:
        active[:, 0] = np.bincount(row, unseen * chance[:, 0], len(cohorts))
    return Outlook(
        periods=np.array([period_of(end, grain) for end in ends], dtype=np.int64),
        active=active,
        orders=summed(for_orders, bought),
        revenue=None if np.isnan(value).any() else summed(value, bought),
    )


def _floats(values: ArrayLike) -> Floats:
    """Return plain floats, NaN for null: the engine masks those."""
    return np.asarray(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan))


def whole(ahead: Outlook, ends: Sequence[date], grain: Grain) -> Outlook:
    """Return the outlook without a last period that the horizon cuts short."""
    if not ends or ends[-1] == period_end(int(ahead.periods[-1]), grain):
        return ahead
    revenue = None if ahead.revenue is None else ahead.revenue[:, :-1]
    return Outlook(ahead.periods[:-1], ahead.active[:, :-1], ahead.orders[:, :-1], revenue)
