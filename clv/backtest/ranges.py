"""How far a customer's value may lie from the forecast: the distribution behind the expected value.

Purchases come from `clv.models.purchase.counts`. Given a customer's own nu, a purchase is gamma(p, nu), and nu
given x purchases of mean m is gamma(p x + q, v + x m): so the sum of n purchases to come, divided by
(v + x m), is beta-prime(p n, p x + q). Here it is divided by the expected value of one purchase,
(v + x m) p / (p x + q - 1), instead, which changes nothing but the unit. In that unit - **order
values** - the distribution depends on (frequency, recency, T) only: it is computed once per distinct
triple, and a customer's range is the triple's times the customer's expected order value.

The range at level L is the smallest of the central ranges, [quantile t, quantile 1 - t], that holds
the outcome with a probability of at least L. Without the chance of buying nothing, P(0), that is
t = (1 - L) / 2 on both sides. But zero can't be undercut: from P(0) = (1 - L) / 2 on, the range starts
at 0 and t grows with P(0) up to 1 - L; all of the risk of being wrong then lies above. From P(0) = L
on the range is 0 to 0: with that probability, nothing is bought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import betainc, betaincinv, gammaincinv

from clv.models.purchase.counts import purchase_counts, states
from clv.models.season.seasonal import unwrap
from clv.models.spend.gamma_gamma_core import GammaGammaCore

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats, Places
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.histories import Histories
    from clv.models.purchase.cnbd import CNBDModel


#: Share of customers whose outcome is to lie within their range.
LEVEL: Final = 0.80
#: No range is asked to be surer than this: the tails of the models are not known so far out.
HIGHEST_LEVEL: Final = 0.998
#: Points of a distribution, evenly spaced in the logarithm.
POINTS: Final = 256
#: Values below this share of an order value are not told apart from it.
LOWEST: Final = 1e-6
#: Numbers of purchases one by one up to this; above, together if within 3 % of each other.
SINGLY: Final = 64
#: Below this relative error the parameters move no range by as much as a thousandth.
NEGLIGIBLE_ERROR: Final = 0.03
#: Below this shape the variance of an order value is infinite, or as good as.
SHAPE_WITH_VARIANCE: Final = 2.5
_QUANTILES: Final = (np.arange(2000) + 0.5) / 2000


@dataclass(frozen=True, eq=False)
class Spread:
    """The distribution of what n triples bring, in order values.

    Attributes
    ----------
    p_zero
        Shape (n,): probability of no purchase.
    mean, variance
        Shape (n,); the mean is the expected number of purchases. Chance only: what is not known
        of the parameters is common to many customers, see `clv.backtest.totals`.
    """

    p_zero: Floats
    mean: Floats
    variance: Floats
    _alive: Floats
    _state: Places
    _any: Floats  # per state: P(a purchase | active)
    _over: NDArray[np.float32]  # per state and point: P(more than the point | active)
    _first: Floats  # per state: log of the first point
    _step: Floats  # per state: distance of logs of points; 0 where all purchases are worth the same
    _scale: Floats | None = None  # what outcomes above 0 are multiplied with; without, 1

    def corrected(self, place: Places, purchases: Floats, p_purchase: Floats) -> Spread:
        """Return the distribution of customers whose expectation and chance were corrected.

        The chance of buying nothing is the corrected one; what is bought otherwise keeps its shape and
        is stretched until the expectation is right.

        Parameters
        ----------
        place
            Shape (m,): each customer's triple.
        purchases, p_purchase
            Shape (m,): corrected.
        """
        chance, mean = np.maximum(1 - self.p_zero[place], 1e-12), self.mean[place]
        odds = np.maximum(p_purchase, 1e-12) / chance
        scale = purchases / np.maximum(mean, 1e-300) / odds
        square = (self.variance[place] + mean**2) * scale**2 * odds
        return replace(
            self,
            p_zero=1 - p_purchase,
            mean=purchases,
            variance=np.maximum(square - purchases**2, 0.0),
            _alive=self._alive[place] * odds,
            _state=self._state[place],
            _scale=scale,
        )

    def range(self, level: ArrayLike = LEVEL, place: Places | None = None) -> tuple[Floats, Floats]:
        """Return each triple's range, in order values.

        Parameters
        ----------
        level
            A number or shape (n,).
        place
            Triples to look at, shape (m,); ``level`` and the result then have this shape.

        Returns
        -------
        (low, high)
        """
        rows = np.arange(self.p_zero.size) if place is None else place
        tail = tail_of(self.p_zero[rows], level)
        return self.quantile(tail, rows), self.quantile(1 - tail, rows)

    def quantile(self, q: ArrayLike, place: Places | None = None) -> Floats:
        """Return the smallest value not exceeded with probability q; arguments as in `range`."""
        rows = np.arange(self.p_zero.size) if place is None else place
        state = self._state[rows]
        wanted = (1 - np.asarray(q, dtype=float)) / np.maximum(self._alive[rows], 1e-300)
        # How many points are exceeded more often than wanted: bisection, all rows at once.
        below, above = np.zeros(rows.size, dtype=np.intp), np.full(rows.size, POINTS, dtype=np.intp)
        while (below < above).any():
            middle = (below + above) // 2
            exceeded = self._over[state, np.minimum(middle, POINTS - 1)] > wanted
            going = below < above
            below = np.where(going & exceeded, middle + 1, below)
            above = np.where(going & ~exceeded, middle, above)
        some = self._any[state] > wanted
        step, first = self._step[state], self._first[state]
        # Steps: the first number of purchases that is exceeded seldom enough.
        counts = _NODES[np.minimum(below, POINTS - 1)].astype(float)
        left = np.where(below > 0, self._over[state, np.maximum(below - 1, 0)], self._any[state])
        right = self._over[state, np.minimum(below, POINTS - 1)]
        gap = left - right
        share = np.where(gap > 0, (left - wanted) / np.where(gap > 0, gap, 1.0), 0.0)
        share = np.clip(share, 0.0, 1.0)
        between = np.exp(first + step * (below - 1 + share))
        smooth = np.where(below > 0, between, np.exp(first) * share)
        smooth = np.where(below >= POINTS, np.exp(first + step * (POINTS - 1)), smooth)
        result: Floats = np.where(some, np.where(step > 0, smooth, counts), 0.0)
        return result if self._scale is None else result * self._scale[rows]

    def below(self, value: ArrayLike, place: Places | None = None) -> tuple[Floats, Floats]:
        """Return P(less than the value) and P(not more than the value); arguments as in `range`.

        The two differ at 0, and at whole numbers where all purchases are worth the same.
        """
        rows = np.arange(self.p_zero.size) if place is None else place
        y = np.broadcast_to(np.asarray(value, dtype=float), rows.shape)
        if self._scale is not None:
            y = y / np.maximum(self._scale[rows], 1e-300)
        state = self._state[rows]
        step = self._step[state]
        with np.errstate(divide="ignore"):
            at = (np.log(np.maximum(y, 0.0)) - self._first[state]) / np.where(step > 0, step, 1.0)
        k = np.clip(np.nan_to_num(np.floor(at), neginf=-1), -1, POINTS - 2).astype(np.intp)
        share = np.where(k >= 0, np.minimum(at - k, 1.0), y / np.exp(self._first[state]))
        share = np.clip(share, 0.0, 1.0)
        left = np.where(k >= 0, self._over[state, np.maximum(k, 0)], self._any[state])
        over = left + share * (self._over[state, k + 1] - left)
        # Steps: point i is P(more than NODES[i] purchases).
        more = np.searchsorted(_NODES, y + WHOLE, side="right") - 1
        least = np.searchsorted(_NODES, y - WHOLE, side="left") - 1
        steps_more = np.where(more >= 0, self._over[state, np.maximum(more, 0)], self._any[state])
        steps_least = np.where(
            least >= 0, self._over[state, np.maximum(least, 0)], self._any[state]
        )
        alive = self._alive[rows]
        not_more = 1 - alive * np.where(step > 0, over, steps_more)
        less = 1 - alive * np.where(step > 0, over, steps_least)
        zero = y <= WHOLE
        less = np.where(zero, 0.0, less)
        not_more = np.where(y < 0, 0.0, np.where(y == 0, self.p_zero[rows], not_more))
        return less, not_more

    def smallest_level(self, value: ArrayLike, place: Places | None = None) -> Floats:
        """Return the level from which on the range holds the value, 0 to 1; arguments as in `range`.

        A value below 0 (more was returned than bought) is in no range: 1.
        """
        rows = np.arange(self.p_zero.size) if place is None else place
        y = np.broadcast_to(np.asarray(value, dtype=float), rows.shape)
        less, not_more = self.below(y, rows)
        above, zero = 1 - less, self.p_zero[rows]
        low = 1 - 2 * not_more
        high = np.where(above >= zero, 1 - 2 * above, 1 - above)
        level = np.clip(np.where(y == 0, low, np.maximum(low, high)), 0.0, 1.0)
        return np.where(y < 0, 1.0, level)


#: Outcomes this close to a whole number of order values are that number.
WHOLE: Final = 1e-6


def _nodes() -> NDArray[np.int64]:
    """Return 1, 2, … ``SINGLY`` and then numbers 3 % apart; ``POINTS`` of them."""
    found = list(range(1, SINGLY + 1))
    while len(found) < POINTS:
        found.append(max(found[-1] + 1, round(found[-1] * 1.03)))
    return np.array(found)


_NODES: Final = _nodes()


def tail_of(p_zero: Floats, level: ArrayLike) -> Floats:
    """Return the probability t left out on either side, so that a closed range holds ``level``."""
    risk = 1 - np.asarray(level, dtype=float)
    tail: Floats = np.clip(p_zero, risk / 2, risk)
    return tail


def spread(
    purchases: PurchaseModel | CNBDModel,
    spend: SpendModel | None,
    histories: Histories,
    days: float,
    *,
    error: float = 0.0,
) -> Spread:
    """Return what n distinct histories bring within the next days.

    Parameters
    ----------
    purchases, spend
        Fitted, or from a card. Without a spend model, or where it says the same for everybody,
        every purchase is worth one order value.
    histories
        Distinct ones; days.
    days
        Length of the horizon.
    error
        Standard error of the log of the expected values for what is not known of the parameters
        (`clv.backtest.totals.parameter_error`): every distribution is widened by it.

    Raises
    ------
    TypeError
        When nothing is known of this kind of purchase model.
    """
    purchases, histories, days = unwrap(purchases, histories, days)
    which = states(purchases, histories)
    size = len(which.histories)
    p_any, mean, square, first, step = (np.zeros(size) for _ in range(5))
    over = np.empty((size, POINTS), dtype=np.float32)
    gamma = spend if isinstance(spend, GammaGammaCore) else None
    for count, parts in purchase_counts(purchases, which, days):
        ends = max(chances.shape[1] for _, chances in parts)
        values = _Values(gamma, count, ends) if gamma else None
        for rows, chances in parts:
            n = np.arange(chances.shape[1], dtype=float)
            p_any[rows] = np.minimum(chances[:, 1:].sum(axis=1), 1.0)
            mean[rows] = chances @ n
            square[rows] = chances @ (n**2)
            if values is None:
                over[rows] = _more_than_nodes(chances)
                continue
            square[rows] = values.excess * (square[rows] + mean[rows] / values.p)
            first[rows], step[rows] = values.first, values.step
            over[rows] = values.over(chances, error)
    alive, of = which.p_alive, which.of
    expected = alive * mean[of]
    with np.errstate(under="ignore"):  # What is next to nothing is nothing.
        variance = np.maximum(alive * square[of] - expected**2, 0.0)
    return Spread(
        p_zero=1 - alive * p_any[of],
        mean=expected,
        variance=variance,
        _alive=alive,
        _state=of,
        _any=p_any,
        _over=over,
        _first=first,
        _step=step,
    )


def _more_than_nodes(chances: Floats) -> Floats:
    """Return P(more than n purchases) at ``_NODES``."""
    more = np.maximum(1 - np.cumsum(chances, axis=1), 0.0)
    last = more.shape[1] - 1
    result: Floats = np.where(last > _NODES, more[:, np.minimum(_NODES, last)], 0.0)
    return result


class _Values:
    """What n purchases of a customer with x so far are worth, in order values."""

    def __init__(self, spend: GammaGammaCore, x: float, ends: int) -> None:
        self.p, q, _ = spend.parameters()
        # That variant's mean is over all purchases, the first included.
        counted = x + 1 if spend.name == "gamma-gamma-all" else x
        shape = self.p * counted + q
        unit = (shape - 1) / self.p
        self.excess = _excess(shape)
        starts = _NODES[ends > _NODES]
        self._starts = starts - 1
        purchases = (starts + np.append(starts[1:], ends) - 1) / 2
        # From next to nothing with one purchase to what hardly anybody reaches.
        low = betaincinv(self.p, shape, 5e-4)
        tops = [
            betaincinv(shape, self.p * n, share) for n, share in ((1.0, 1e-4), (purchases[-1], 0.1))
        ]
        top = max(unit * (1 - w) / max(w, 1e-12) for w in tops)
        self.first = float(np.log(max(unit * low / (1 - low), LOWEST)))
        self.step = float((np.log(max(top, 1.0)) - self.first) / (POINTS - 1))
        points = np.exp(self.first + self.step * np.arange(POINTS))
        self._over = betainc(shape, self.p * purchases[:, None], 1 / (1 + points / unit))

    def over(self, chances: Floats, error: float) -> Floats:
        """Return P(more than the point), shape (m, POINTS), from P(n purchases)."""
        together = np.add.reduceat(
            chances[:, 1:], self._starts[self._starts < chances.shape[1] - 1], axis=1
        )
        over: Floats = together @ self._over[: together.shape[1]]
        return over if error < NEGLIGIBLE_ERROR else self._widened(over, error)

    def _widened(self, over: Floats, error: float) -> Floats:
        """Average over a common lognormal factor of mean 1: Gauss-Hermite with three points."""
        result = over * (2 / 3)
        for z, weight in ((-np.sqrt(3.0), 1 / 6), (np.sqrt(3.0), 1 / 6)):
            moved = np.arange(POINTS) - (z * error - error**2 / 2) / self.step
            at = np.clip(moved, 0, POINTS - 1)
            k = np.minimum(at.astype(np.intp), POINTS - 2)
            share = at - k
            result += weight * (over[:, k] * (1 - share) + over[:, k + 1] * share)
        return result


def _excess(shape: float) -> float:
    """Return E[1/nu^2] / E[1/nu]^2 of a gamma with this shape, the 1 in 4,000 most extreme cut off.

    ``(shape - 1) / (shape - 2)`` where that is finite and not ruled by the most extreme.
    """
    if shape >= SHAPE_WITH_VARIANCE:
        return (shape - 1) / (shape - 2)
    inverse = 1 / np.maximum(gammaincinv(shape, _QUANTILES), 1e-300)
    return float(np.mean(inverse**2)) * (shape - 1) ** 2


class Factors(NamedTuple):
    """What a triple's expected order value is to be multiplied with; shape (n,) each.

    Attributes
    ----------
    low, high
        For the ends of a customer's range.
    whale_low, whale_high
        The same for customers with the highest expected values.
    variance
        Of the square of the order value.
    """

    low: Floats
    high: Floats
    whale_low: Floats
    whale_high: Floats
    variance: Floats


def factors(found: Spread, discounted: Floats, levels: Floats, whale_levels: Floats) -> Factors:
    """Return what a triple's customers' expected order value is to be multiplied with.

    Parameters
    ----------
    found
        Of n triples.
    discounted
        Shape (n,): discounted expected purchases. That the discounted outcome varies like the
        undiscounted one, only smaller in this ratio, is an approximation: it would be exact if
        everybody's purchases came with the same pattern in time.
    levels, whale_levels
        Shape (n,), see `clv.backtest.calibration.levels_of`.
    """
    ratio = discounted / np.where(found.mean > 0, found.mean, 1.0)
    low, high = found.range(levels)
    whale_low, whale_high = found.range(whale_levels)
    return Factors(
        low * ratio, high * ratio, whale_low * ratio, whale_high * ratio, found.variance * ratio**2
    )
