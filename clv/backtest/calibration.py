"""Ranges that hold what they promise: made surer, or less sure, until backtests come out right.

For every customer of a backtest one number says it all: the level from which on the range holds what
came (`clv.backtest.ranges.Spread.smallest_level`). A group's ranges at level L hold exactly those customers'
outcomes whose number is at most L. So the level that was needed for 80 % to lie within is the 80 %
quantile of these numbers, with one more customer counted in (split conformal prediction; Vovk,
Gammerman & Shafer 2005; with a distribution's levels as scores: Chernozhukov, Wüthrich & Zhu 2021).
That level takes the place of the nominal one, group by group.

Outcomes are revenue as it came in, undiscounted. To be compared with the range they are counted as
everybody would: within, if not below its low end and not above its high end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.backtest.history import History
from clv.backtest.ranges import HIGHEST_LEVEL, LEVEL, spread
from clv.backtest.totals import model_error, parameter_error
from clv.core.metrics import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv.backtest.past_dates import Sample
    from clv.backtest.ranges import Spread
    from clv.core.schema import Adjustments, Coverage, MeasuredRanges, ReceiptRanges
    from clv.core.types import Bools, Floats
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.correction.traits import Expectations
    from clv.models.purchase.cnbd import CNBDModel


#: Groups of customers, each with a level of its own. ``nothing``: no purchase has a probability of
#: the nominal level or more, so that the range is 0 to 0; ``whales``: the highest expected values;
#: the others by frequency.
GROUPS: Final = ("nothing", "0", "1", "2-4", "5+", "whales")
_NOTHING, _WHALES = 0, 5
#: Share of customers, by expected value, that count as whales.
WHALE_SHARE: Final = 0.05
#: A group of fewer customers borrows the level of all (but ``nothing``).
FEWEST: Final = 100
#: No group's ranges are made less sure than this: beyond it is chance or change, not knowledge.
LOWEST_LEVEL: Final = 0.5


class Check(NamedTuple):
    """One backtest: forecast ranges and what came, for n customers.

    Attributes
    ----------
    as_of
        Day of the forecast, ISO.
    group
        Shape (n,), position in ``GROUPS``.
    needed
        Shape (n,), smallest level of the range that holds the outcome.
    above
        Shape (n,), whether the outcome lies in the upper half.
    one_time
        Shape (n,), customers without a repeat purchase.
    p_zero
        Shape (n,), forecast probability of no purchase.
    actual, mean, variance
        Of the sum over all customers; the variance is by chance alone.
    """

    as_of: str
    group: NDArray[np.intp]
    needed: Floats
    above: Bools
    one_time: Bools
    p_zero: Floats
    actual: float
    mean: float
    variance: float


def check(
    found: Sample,
    purchases: PurchaseModel | CNBDModel,
    spend: SpendModel | None,
    level: float = LEVEL,
    corrected: Expectations | None = None,
) -> Check:
    """Compare the ranges at an origin with what came.

    Parameters
    ----------
    found
        History and outcome.
    purchases, spend
        Fitted on that history; without a spend model, purchases are compared.
    level
        The nominal one: says which ranges are 0 to 0.
    corrected
        The same customers' corrected forecast, where there is one.
    """
    history, days = found.history, float(found.origin.days)
    customers = History.at(history, valued=True)
    place = customers.triple
    of_spend = None if spend is None else customers.value_of(spend)
    value = history.monetary_value if of_spend is None else of_spend
    error = parameter_error(purchases, spend, history.histories, value, days)
    ranges = spread(purchases, spend, customers.distinct, days, error=float(error[0]))
    if spend is None:
        worth, came = np.ones(place.size), found.purchases
    else:
        worth, came = spend.order_value(customers.x, value), found.value
    if corrected is not None:
        ranges = ranges.corrected(place, corrected.purchases, corrected.p_purchase)
        place = np.arange(place.size)
        worth = worth if corrected.order_value is None else corrected.order_value
    return compare(ranges, place, worth, came, customers.x, found.origin.as_of.isoformat(), level)


def compare(
    ranges: Spread,
    place: NDArray[np.intp],
    worth: Floats,
    came: Floats,
    frequency: Floats,
    as_of: str = "",
    level: float = LEVEL,
) -> Check:
    """Compare ranges with outcomes; what `check` does, given everything.

    Parameters
    ----------
    ranges
        Of the distinct triples.
    place
        Shape (n,), each customer's triple.
    worth
        Shape (n,), expected order value.
    came, frequency
        Shape (n,), outcome in the unit of ``worth``, and repeat purchases so far.
    """
    p_zero, expected = ranges.p_zero[place], ranges.mean[place] * worth
    outcome = came / np.maximum(worth, np.finfo(float).tiny)
    return Check(
        as_of=as_of,
        group=groups_of(frequency, p_zero, level, whale=is_whale(expected)),
        needed=ranges.smallest_level(outcome, place),
        above=ranges.below(outcome, place)[0] > 0.5,
        one_time=frequency == 0,
        p_zero=p_zero,
        actual=float(came.sum()),
        mean=float(expected.sum()),
        variance=float(ranges.variance[place] @ worth**2),
    )


def is_whale(expected: Floats) -> Bools:
    """Return who is among the highest ``WHALE_SHARE`` of expected values, ties included."""
    if expected.size == 0:
        return np.zeros(0, dtype=bool)
    result: Bools = expected >= np.quantile(expected, 1 - WHALE_SHARE)
    return result


def groups_of(
    frequency: Floats, p_zero: Floats, level: float, *, whale: Bools | bool
) -> NDArray[np.intp]:
    """Return each one's position in ``GROUPS``; arguments of shape (n,)."""
    by_frequency = 1 + np.searchsorted([1, 2, 5], frequency, side="right")
    group = np.where(whale, _WHALES, by_frequency)
    result: NDArray[np.intp] = np.where(p_zero >= level, _NOTHING, group).astype(np.intp)
    return result


def calibrate(checks: Sequence[Check], level: float = LEVEL) -> Adjustments:
    """Find each group's level on backtests.

    Returns
    -------
    Adjustments
        ``level`` (nominal), ``levels`` and ``customers`` by group. Without backtests,
        or for a group of few customers where there are few in all, the nominal level.
    """
    group = np.concatenate([c.group for c in checks]) if checks else np.zeros(0, dtype=np.intp)
    needed = np.concatenate([c.needed for c in checks]) if checks else np.zeros(0)
    active = group != _NOTHING
    shared = _level(needed[active], level) if active.sum() >= FEWEST else level
    levels, customers = {}, {}
    for i, name in enumerate(GROUPS):
        inside = group == i
        customers[name] = int(inside.sum())
        own = customers[name] >= FEWEST
        found = _level(needed[inside], level) if own else shared
        # Nobody's range shrinks to nothing, but a range of nothing may have to grow.
        levels[name] = max(found if own else level, level) if i == _NOTHING else found
    return {"level": level, "levels": levels, "customers": customers}


def _level(needed: Floats, level: float) -> float:
    """Return the conformal quantile: the ceil((n + 1) level)-th smallest."""
    rank = int(np.ceil((needed.size + 1) * level - 1e-9))
    if rank > needed.size:
        return HIGHEST_LEVEL
    found = float(np.partition(needed, rank - 1)[rank - 1])
    return min(max(found, LOWEST_LEVEL), HIGHEST_LEVEL)


def levels_of(adjustments: Adjustments, frequency: Floats, p_zero: Floats) -> tuple[Floats, Floats]:
    """Return the levels of triples, shape (n,): of ordinary customers, and of whales among them."""
    levels = np.array([adjustments["levels"][name] for name in GROUPS])
    nominal = float(adjustments["level"])
    return (
        levels[groups_of(frequency, p_zero, nominal, whale=False)],
        levels[groups_of(frequency, p_zero, nominal, whale=True)],
    )


def coverage(found: Check, adjustments: Adjustments) -> list[Coverage]:
    """Count whose outcome lay within the range, by group.

    Returns
    -------
    list of Coverage
        ``group`` (``all``; ``wider``: all but ``nothing``, the ones to compare with the level;
        ``one-time``, ``repeat`` and ``GROUPS``; those with customers), ``customers``, ``inside`` share with its 95 % Wilson interval ``low, high``; ``below,
        above``: shares whose outcome lay on that side; ``zero``: share with a range of 0 to 0.
    """
    levels = np.array([adjustments["levels"][name] for name in GROUPS])[found.group]
    inside = found.needed <= levels
    zero = found.p_zero >= levels
    everybody = np.ones(inside.size, dtype=bool)
    named = {"all": everybody, "wider": found.group != _NOTHING}
    named |= {"one-time": found.one_time, "repeat": ~found.one_time}
    named |= {name: found.group == i for i, name in enumerate(GROUPS)}
    rows: list[Coverage] = []
    for name, who in named.items():
        customers = int(who.sum())
        if not customers:
            continue
        held = int(inside[who].sum())
        low, high = wilson(held, customers)
        rows.append(
            {
                "group": name,
                "customers": customers,
                "inside": held / customers,
                "low": low,
                "high": high,
                "below": float((~inside & ~found.above)[who].mean()),
                "above": float((~inside & found.above)[who].mean()),
                "zero": float(zero[who].mean()),
            }
        )
    return rows


def receipt_ranges(checks: Sequence[Check], level: float = LEVEL) -> ReceiptRanges:
    """Calibrate, and measure on the last backtest what the calibration on the others is worth.

    Parameters
    ----------
    checks
        One per origin, oldest first.

    Returns
    -------
    ReceiptRanges
        For the receipt: ``level, levels, customers`` of all backtests (`calibrate`), to
        forecast with; ``measured``: ``as_of`` of the last origin, and the `coverage` there
        ``before`` calibration and ``after`` calibrating on the earlier origins alone (None where
        there is only one); None without backtests. ``model_error, tests`` for `clv.backtest.totals.around`.
    """
    measured: MeasuredRanges | None = None
    if checks:
        *earlier, last = checks
        measured = {
            "as_of": last.as_of,
            "before": coverage(last, calibrate([], level)),
            "after": coverage(last, calibrate(earlier, level)) if earlier else None,
        }
    sums = np.array([(c.actual, c.mean, c.variance) for c in checks]).reshape(-1, 3).T
    return {
        **calibrate(checks, level),
        "measured": measured,
        "model_error": model_error(*sums),
        "tests": len(checks),
    }
