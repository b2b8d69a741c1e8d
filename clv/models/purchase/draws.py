"""Customers drawn from a fitted model: what a simulation needs to know of each.

A customer buys as a Poisson process while alive and leaves at a constant hazard; both numbers are
the customer's own. Where customers leave right after a purchase (BG/NBD and its kin), every purchase
at rate lambda is the last one with probability p. Thinned like that, a Poisson process falls into
two independent ones: last purchases at rate lambda p, which is the hazard, and the others at rate
lambda (1 - p). Where customers leave at any time (Pareto/NBD), the hazard is a rate of its own. So
both kinds of model are the same four arrays, and nothing has to be simulated event by event.

Regular buyers take a little more: `clv.models.purchase.regular_draws`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from clv.models.base import MARKS, Followed
from clv.models.purchase.beta_geo_expectation import purchases_while_alive

if TYPE_CHECKING:
    from clv.core.types import Bools, Counts, Floats

    Random = np.random.Generator

#: Purchases between two days, at most: sums stay far inside 64 bits.
MOST: Final = 1e12


class Draws(NamedTuple):
    """Customers drawn for a simulation that starts now; all shapes (n,).

    Attributes
    ----------
    rate
        Purchases per time unit while alive, the last one included.
    hazard
        Chance of leaving per time unit while alive; 0 for whoever never leaves.
    alive
        Whether the customer is still alive now.
    last_is_purchase
        Whether leaving comes with a purchase. The hazard is then part of ``rate``.
    """

    rate: Floats
    hazard: Floats
    alive: Bools
    last_is_purchase: bool

    def corrected(self, rng: Random, p_alive: Floats, faster: Floats) -> Draws:
        """Return the customers alive with another chance, and buying so many times as fast."""
        hazard = self.hazard * faster if self.last_is_purchase else self.hazard
        alive = rng.random(p_alive.size) < p_alive
        return self._replace(rate=self.rate * faster, hazard=hazard, alive=alive)

    def lifetimes(self, rng: Random) -> Floats:
        """Draw the time until each customer leaves: 0 for who has left, infinite for never."""
        waits = rng.standard_exponential(self.rate.size)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            lifetime = np.where(self.hazard > 0, waits / self.hazard, np.inf)
        return np.where(self.alive, lifetime, 0.0)

    def quiet_rate(self) -> Floats:
        """Return the purchases per time unit after which the customer stays."""
        return np.maximum(self.rate - self.hazard, 0.0) if self.last_is_purchase else self.rate

    def follow(self, rng: Random, days: Floats) -> Followed:
        """Follow each customer through ascending days after now, shape (h,)."""
        lifetime = self.lifetimes(rng)
        until = np.minimum(lifetime[:, None], np.concatenate(([0.0], days)))
        mean = self.quiet_rate()[:, None] * np.diff(until, axis=1)
        stays = rng.poisson(np.minimum(mean, MOST))
        # Given how many there are between two days, Poisson events lie evenly at random.
        drawn = np.minimum(stays, MARKS)
        customer, slot = (
            np.repeat(part, drawn.ravel()) for part in np.indices(drawn.shape).reshape(2, -1)
        )
        begin, end = until[customer, slot], until[customer, slot + 1]
        when = begin + (end - begin) * rng.random(customer.size)
        last = np.flatnonzero((lifetime > 0) & (lifetime <= days[-1]) & self.last_is_purchase)
        purchases = stays.cumsum(axis=1)
        purchases[last] += lifetime[last, None] <= days
        return Followed(
            lifetime,
            purchases,
            np.concatenate((customer, last)),
            np.concatenate((when, lifetime[last])),
        )

    def totals(self, rng: Random, days: Floats, runs: int) -> tuple[Counts, Counts]:
        """Count who is alive, and purchases until each day, by run: (runs, h) each."""
        lifetime, rate = self.lifetimes(rng), self.quiet_rate()
        by_run = (runs, lifetime.size // runs)
        expected = np.zeros((runs, days.size + 1))
        alive = np.empty((runs, days.size), dtype=np.int64)
        for i, day in enumerate(days):
            expected[:, i + 1] = (rate * np.minimum(lifetime, day)).reshape(by_run).sum(axis=1)
            alive[:, i] = np.count_nonzero((lifetime > day).reshape(by_run), axis=1)
        # A sum of Poisson numbers is a Poisson number.
        between = np.clip(np.diff(expected, axis=1), 0.0, MOST)
        purchases = rng.poisson(between).cumsum(axis=1)
        if self.last_is_purchase:
            purchases += np.count_nonzero((lifetime > 0).reshape(by_run), axis=1)[:, None] - alive
        return alive, purchases

    def seen(self, rng: Random, age: Floats) -> tuple[Floats, Floats]:
        """Return each one's purchases within ``age``, and the time of the last one; shape (n,)."""
        life = self.lifetimes(rng)
        until = np.minimum(life, age)
        x = rng.poisson(self.quiet_rate() * until).astype(float)
        # The latest of x times that lie evenly at random.
        last = until * rng.random(x.size) ** (1 / np.maximum(x, 1))
        if self.last_is_purchase:
            left = self.alive & (life < age)
            x, last = x + left, np.where(left, life, last)
        return x, np.where(x > 0, last, 0.0)


def beta_geo_draws(
    rng: Random,
    p_alive: Floats,
    shape: Floats,
    rate: Floats,
    a: float,
    stays: Floats,
) -> Draws:
    """Draw customers of BG/NBD or MBG/NBD from their posterior given alive.

    Parameters
    ----------
    rng
        Source of chance.
    p_alive
        Shape (n,): probability that the customer is alive.
    shape, rate
        Shape (n,): gamma distribution of the purchase rate, ``r + x`` and ``alpha + T``.
    a, stays
        Beta distribution of the chance of leaving after a purchase, as in
        `clv.models.purchase.beta_geo_expectation.purchases_while_alive`.

    Notes
    -----
    The likelihood of a customer alive at T is a product of a gamma in the rate and a beta in the
    chance (Fader, Hardie & Lee 2005, eq. 3): given alive, the two stay independent.
    """
    buys = rng.standard_gamma(shape) / rate
    leaves = rng.beta(a, stays)
    return Draws(buys, buys * leaves, rng.random(p_alive.size) < p_alive, last_is_purchase=True)


def stays_alive(t: Floats, shape: Floats, rate: Floats, a: float, stays: Floats) -> Floats:
    """Return the probability of being alive after ``t``, given alive now; arguments broadcast.

    Given rate and chance, a customer is alive with probability exp(-lambda p t), so on average

        E[(1 + p t / rate)^-shape] = 1 - E[p g(p)],    g(p) = (1 - (1 + p t / rate)^-shape) / p

    and the mean of ``p g(p)`` under a beta(a, B) is ``a / (a + B)`` times the mean of ``g`` under a
    beta(a + 1, B): the expected purchases of `purchases_while_alive` again. In words: the expected
    number of *last* purchases is the probability of having left.
    """
    left: Any = a / (a + stays) * purchases_while_alive(t, shape, rate, a + 1, stays)
    remaining: Floats = np.clip(1.0 - left, 0.0, 1.0)
    return remaining
