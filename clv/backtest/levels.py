"""What a plain forecast misses of all customers alike, and by how much that moves.

Whole totals are left alone: what a past date's total missed says little of the next one. A step of the
expected purchases that agreeing dates asked for made totals worse on five of seven real logs, and better
on none by much (docs/benchmarks.md, ``benchmarks/levels.py``). Two **ratios** are another matter, since a
good or a bad season cancels out of them: how many customers share the purchases, and what a purchase
brings. There a plain forecast errs by its form (a wrong share of customers who never buy goes with a right
total), and errs alike from date to date.

A ratio is moved only where all dates agree in sign and tell as much as `ENOUGH` dates that share
nothing. The step is the mean of what the dates missed, in logarithms, or what the last one missed if
that is less; shrunk by how unsure it is (the positive part of James & Stein: ``1 - error² / step²``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.backtest.moving_origin import Backtest
    from clv.core.schema import Steps
    from clv.core.types import Floats

#: Dates that share nothing, as many as all dates must be worth.
ENOUGH: Final = 1.3
#: Standard deviation, in the logarithm, of what a window of time does to a ratio.
SHOCK: Final = 0.05


def steps(backtests: Sequence[Backtest], plain: str) -> Steps:
    """Return by how much the logarithms of two ratios are to move; 0 where the dates don't agree.

    Parameters
    ----------
    backtests
        Past dates, oldest first.
    plain
        The plain forecast's name. Dates on which it was not tested don't count.
    """
    there = [backtest for backtest in backtests if plain in backtest.tested]
    found: Steps = {"buyers": 0.0, "order_value": 0.0}
    if not there:
        return found
    number = dates.independent([(b.origin.as_of, b.origin.end) for b in there])
    buyers, worth = [], []
    for backtest in there:
        came, said = backtest.sample, backtest.tested[plain].forecast
        bought = (came.purchases > 0).astype(float)
        buyers.append(missed(bought, came.purchases, said.p_purchase, said.purchases))
        worth.append(missed(came.value, came.purchases, said.value, said.purchases))
    return {"buyers": step(buyers, number), "order_value": step(worth, number)}


def missed(of: Floats, per: Floats, said_of: Floats, said_per: Floats) -> tuple[float, float]:
    """Return what a forecast missed of a ratio of two sums, and how unsure chance leaves it.

    Both in the logarithm; (0, infinity) where a sum is nothing. The standard error is that of a ratio
    of sums over independent customers.

    Parameters
    ----------
    of, per
        Shape (n,): what came, above and below the line.
    said_of, said_per
        What was forecast.
    """
    sums = np.array([of.sum(), per.sum(), said_of.sum(), said_per.sum()])
    if (sums <= 0).any():
        return 0.0, np.inf
    top, below, said_top, said_below = np.log(sums)
    apart = of - per * (sums[0] / sums[1])
    return float(top - below - said_top + said_below), float(np.sqrt(apart @ apart) / sums[0])


def step(seen: Sequence[tuple[float, float]], number: float) -> float:
    """Return the step that dates ask for, from what was missed on each, the last one last.

    Parameters
    ----------
    seen
        From `missed`.
    number
        As many dates that share nothing as these are worth (`clv.backtest.dates.independent`).
    """
    apart = np.array([ratio for ratio, _ in seen])
    if number < ENOUGH or (np.sign(apart) != np.sign(apart[0])).any() or not apart.all():
        return 0.0
    error = dates.between(
        apart.tolist(), [float(np.hypot(SHOCK, chance)) for _, chance in seen], number
    )
    asked = min(abs(float(apart.mean())), abs(float(apart[-1])))
    return float(np.sign(apart[0])) * asked * max(1 - (error / asked) ** 2, 0.0)
