"""Past dates as draws of chance: what happens to all customers of some months alike.

Customers buy independently of each other; months do not spare one of them. So a mean over many
customers and few dates is as sure as its dates are many, and dates whose outcome windows share
months are not independent of each other: **windows** of one length that lie in a span of time tell as much
as ``span / length`` windows that share nothing.

How much dates differ is seen in their spread, from few of them badly. So one date's worth of
experience is added: business in a window of time lies above or below what customers' histories say
by some 15 % (`SHOCK`), for all customers alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clv.core.types import Floats

    Window = tuple[date, date]
    Edges = tuple[float, float, float]

#: Standard deviation, in the logarithm, of what a window of time does to all customers' purchases.
SHOCK: Final = 0.15
#: Of a normal distribution: 95 % lie within so many standard errors.
_WIDE: Final = 1.959963984540054


def independent(windows: Sequence[Window]) -> float:
    """Return how many windows that share nothing tell as much as these: at least 1.

    Parameters
    ----------
    windows
        (as of, end) each: the days after the first, up to the second.
    """
    covered, until = 0, None
    for begin, end in sorted(windows):
        start = begin if until is None or begin > until else until
        covered += max((end - start).days, 0)
        until = end if until is None or end > until else until
    length = float(np.mean([(end - begin).days for begin, end in windows]))
    return max(covered / length, 1.0)


def moved(purchases: Floats, one: Floats, other: Floats) -> float:
    """Return by how much a window moves the difference of two forecasts' mean Poisson deviance.

    One standard deviation of `SHOCK` on everybody's purchases. Forecasts that differ in level are
    moved by much; those that differ in whom they favour by a share of what lies between them.

    Parameters
    ----------
    purchases, one, other
        Shape (n,): what came, and what the two had expected.
    """
    bought = purchases > 0
    if not bought.any():
        return 0.0
    least = 0.01 * float(purchases.mean())  # As a deviance reads forecasts, `poisson_deviance`.
    ratio = np.log(np.maximum(one[bought], least) / np.maximum(other[bought], least))
    return 2 * SHOCK * abs(float(purchases[bought] @ ratio)) / purchases.size


def between(apart: Sequence[float], shocks: Sequence[float], number: float) -> float:
    """Return the standard error of a mean difference over dates, for what happens to dates.

    Parameters
    ----------
    apart
        The difference on every date.
    shocks
        By how much a window moves it (`moved`), on every date; empty where that is not known.
    number
        Of independent dates, as many as these are worth (`independent`).
    """
    seen = float(np.var(apart))
    assumed = float(np.mean(np.square(shocks))) / number if len(shocks) else 0.0
    return float(np.sqrt((seen + assumed) / number))


def wider(edges: Edges, error: float) -> Edges:
    """Return (difference, low, high) with a further, independent error."""
    difference, low, high = edges
    more = _WIDE * error
    return (
        difference,
        difference - float(np.hypot(difference - low, more)),
        difference + float(np.hypot(high - difference, more)),
    )


def mirrored(edges: Edges) -> Edges:
    """Return (difference, low, high) of the other one's difference to this one."""
    difference, low, high = edges
    return -difference, -high, -low
