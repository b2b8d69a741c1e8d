"""Customers drawn from a model with regular timing: every k-th stage of a gap ends in a purchase.

While alive, a customer's stages pass as a Poisson process. So the stages between two days are one
random number, and purchases until then are the k-th part of all, rounded down: no gap is simulated.
The customer leaves with a purchase, the n-th from now, n being geometric. Given the number of stages
between two days, the times at which they pass lie evenly at random: what happened when follows from
that, exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv.models.base import MARKS, Followed
from clv.models.purchase.draws import MOST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Bools, Counts, Floats
    from clv.models.purchase.draws import Random


class RegularDraws(NamedTuple):
    """Customers drawn for a simulation that starts now; a `clv.models.base.Drawn`.

    Attributes
    ----------
    k
        Stages of a gap.
    stage_rate
        Shape (n,): stages per time unit.
    stage
        Shape (n,): stages of the present gap that have passed, 0 to k - 1.
    last
        Shape (n,): the how-manieth purchase from now is the last one; infinite for never.
    alive
        Shape (n,): whether the customer is still alive now.
    """

    k: int
    stage_rate: Floats
    stage: Counts
    last: Floats
    alive: Bools

    @property
    def rate(self) -> Floats:
        """Purchases per time unit while alive, shape (n,)."""
        return self.stage_rate / self.k

    def corrected(self, rng: Random, p_alive: Floats, faster: Floats) -> RegularDraws:
        """Return the customers alive with another chance, and buying so many times as fast."""
        alive = rng.random(p_alive.size) < p_alive
        return self._replace(stage_rate=self.stage_rate * faster, alive=alive)

    def follow(self, rng: Random, days: Floats) -> Followed:
        """Follow each customer through ascending days after now, shape (h,)."""
        edges = np.concatenate(([0.0], days))
        mean = np.outer(self.stage_rate, np.diff(edges))
        passed = rng.poisson(np.minimum(mean, MOST))
        stages = np.concatenate((self.stage[:, None], passed), axis=1).cumsum(axis=1)
        due = stages[:, 1:] // self.k
        left = due >= self.last[:, None]
        lifetime = self._lifetimes(rng, edges, stages, left)
        stays = np.diff(np.minimum(due, self.last[:, None] - 1), axis=1, prepend=0.0)
        stays = np.where(self.alive[:, None], stays, 0.0).astype(np.int64)
        gone = self.alive & left[:, -1]
        purchases = stays.cumsum(axis=1)
        purchases[gone] += left[gone]
        customer, when = self._marks(rng, edges, stages, stays, lifetime)
        return Followed(
            lifetime,
            purchases,
            np.concatenate((customer, np.flatnonzero(gone))),
            np.concatenate((when, lifetime[gone])),
        )

    def _lifetimes(self, rng: Random, edges: Floats, stages: Counts, left: Bools) -> Floats:
        """Return when each one's last purchase is, given the stages passed at the edges."""
        rows = np.arange(self.alive.size)
        slot = np.where(left[:, -1], left.argmax(axis=1), left.shape[1] - 1)
        begin, end = edges[slot], edges[slot + 1]
        # Which of the stages between the two days is the last one, or which after them all.
        wanted = self.k * self.last - np.where(left[:, -1], stages[rows, slot], stages[:, -1])
        between = (stages[rows, slot + 1] - stages[rows, slot]).astype(float)
        inside = np.where(left[:, -1], wanted, 1.0)
        share = rng.beta(inside, np.maximum(between + 1 - inside, 1.0))
        finite = np.isfinite(wanted)
        with np.errstate(divide="ignore", over="ignore"):
            later = rng.standard_gamma(np.where(finite, wanted, 1.0)) / self.stage_rate
        beyond = edges[-1] + np.where(finite, later, np.inf)
        lifetime = np.where(left[:, -1], begin + (end - begin) * share, beyond)
        return np.where(self.alive, lifetime, 0.0)

    def _marks(
        self, rng: Random, edges: Floats, stages: Counts, stays: Counts, lifetime: Floats
    ) -> tuple[NDArray[np.intp], Floats]:
        """Return customers and days of purchases after which they stay."""
        customer, slot = np.nonzero(stays)
        before, bought = stages[customer, slot], stays[customer, slot]
        begin, end = edges[slot], np.minimum(edges[slot + 1], lifetime[customer])
        # The stage that ends with the last purchase lies at the end itself.
        ends_here = lifetime[customer] <= edges[slot + 1]
        until = np.where(ends_here, self.k * self.last[customer] - 1, stages[customer, slot + 1])
        others = until - before
        step = (self.k - before % self.k).astype(float)
        found, when = [], []
        for mark in range(MARKS):
            on = bought > mark
            share = rng.beta(step, np.maximum(others - step + 1, 1.0))
            anywhere = edges[slot] + (end - edges[slot]) * rng.random(share.size)
            begin = begin + (end - begin) * share
            # Of too many to be told apart, some: anywhere.
            day = np.where(bought > MARKS, anywhere, begin)
            found.append(customer[on])
            when.append(day[on])
            others, step = others - step, np.full(step.size, float(self.k))
        return np.concatenate(found), np.concatenate(when)

    def totals(self, rng: Random, days: Floats, runs: int) -> tuple[Counts, Counts]:
        """Count who is alive, and purchases until each day, by run: (runs, h) each."""
        size = self.alive.size // runs
        bought = np.zeros(self.alive.size, dtype=np.int64)
        alive, purchases = (np.empty((runs, days.size), dtype=np.int64) for _ in range(2))
        on, start = np.flatnonzero(self.alive), 0.0
        stages, rate, last = self.stage[on], self.stage_rate[on], self.last[on]
        for i, day in enumerate(days):
            stages = stages + rng.poisson(np.minimum(rate * (day - start), MOST))
            due = stages // self.k
            bought[on] = np.minimum(due, last)
            kept = due < last
            on, stages, rate, last = on[kept], stages[kept], rate[kept], last[kept]
            alive[:, i] = np.bincount(on // size, minlength=runs)
            purchases[:, i] = bought.reshape(runs, size).sum(axis=1)
            start = day
        return alive, purchases

    def seen(self, rng: Random, age: Floats) -> tuple[Floats, Floats]:
        """Return each one's purchases within ``age``, and the time of the last one; shape (n,)."""
        passed = rng.poisson(np.minimum(self.stage_rate * age, MOST))
        x = np.minimum((self.stage + passed) // self.k, self.last)
        x = np.where(self.alive, x, 0.0)
        ended = np.where(x > 0, self.k * x - self.stage, 1.0)
        last = age * rng.beta(ended, np.maximum(passed + 1 - ended, 1.0))
        return x, np.where(x > 0, last, 0.0)


def purchases_to_last(rng: Random, leaves: Floats) -> Floats:
    """Draw how many purchases each makes when each is the last one with a chance ``leaves``."""
    waits = rng.standard_exponential(leaves.size)
    with np.errstate(divide="ignore", over="ignore"):
        before = np.floor(waits / -np.log1p(-np.minimum(leaves, 1.0)))
    return np.where(leaves > 0, before + 1, np.inf)
