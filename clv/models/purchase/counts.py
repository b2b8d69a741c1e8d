"""How many purchases a customer makes in the next days: the whole distribution, not its mean alone.

A customer who has left buys nothing. What an active one does depends on less than the whole history
in most models: on (frequency, T). These are the *states* here; a distribution is computed once each.

Where customers leave right after a purchase, n purchases happen in one of two ways: the customer
stayed through n chances to leave and the clock allows exactly n, or left right after the n-th and
the clock allows at least n:

    P(n) = E[(1-p)^n] P(N = n) + E[p (1-p)^(n-1)] P(N >= n)

p is beta(a, B) and N, the purchases of somebody who never leaves, is negative binomial (Fader, Hardie
& Lee 2005, eq. 8, with the posterior's parameters) or, where a gap has k stages, every k-th of so
many stages. Where customers leave at any time (Pareto/NBD), N is counted over the time they stay.

A rule of thumb says two numbers of who is active: the expected purchases m and the chance c of any.
Where that is less than independent purchases would make it, ``c < 1 - exp(-m)``, counts are negative
binomial with both; where it is more, a first purchase has the chance c, and Poisson many follow it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import betainc

from clv.models.histories import Histories, distinct_triples
from clv.models.purchase.beta_geo import BetaGeoModel
from clv.models.purchase.cnbd import CNBDModel
from clv.models.purchase.cnbd_likelihood import stage_weights
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.purchase.rules import NO_SPREAD, RuleModel, gamma_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from clv.core.types import Floats, Places
    from clv.models.base import PurchaseModel


#: The probability of more purchases than are looked at; it is given to the largest number.
TAIL: Final = 1e-7
#: Numbers of purchases at which the table may end; customers who buy so often are cut off there.
ENDS: Final = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
#: Numbers in a table at a time: it stays in the processor's cache.
CHUNK: Final = 1 << 19
#: Points of the mean over the time that a customer stays (Pareto/NBD).
POINTS: Final = 24


class States(NamedTuple):
    """What customers known to be active are told apart by; s states of n histories.

    Attributes
    ----------
    histories
        One of each state; recency is 0 where it makes no difference.
    of
        Shape (n,): each history's state.
    p_alive
        Shape (n,): each history's probability of being active.
    """

    histories: Histories
    of: Places
    p_alive: Floats


def states(model: PurchaseModel | CNBDModel, histories: Histories) -> States:
    """Return the states of n distinct histories.

    Raises
    ------
    TypeError
        When nothing is known here of this kind of model.
    """
    if not isinstance(model, PooledRate | RuleModel | BetaGeoModel | CNBDModel | ParetoNBD):
        msg = f"The distribution of purchases is not known for {type(model).__name__}."
        raise TypeError(msg)
    alive = model.probability_alive(histories)
    if isinstance(model, CNBDModel):
        return States(histories, np.arange(len(histories)), alive)
    if isinstance(model, RuleModel):
        _, of = distinct_triples(histories.frequency, *model.if_active(histories, 1.0))
        return States(histories.take(np.unique(of, return_index=True)[1]), of, alive)
    if isinstance(model, PooledRate):
        x, of = np.unique(histories.frequency, return_inverse=True)
        age = np.zeros(x.size)
    else:
        x, age, of = histories.pairs()
    return States(Histories(x, np.zeros(x.size), age, np.ones(x.size)), of, alive)


def purchase_counts(
    model: PurchaseModel | CNBDModel, which: States, days: float
) -> Iterator[tuple[float, list[tuple[Places, Floats]]]]:
    """Yield, for every frequency, P(n purchases in (T, T + days] | active at T) of its states.

    Yields
    ------
    (frequency, parts)
        A part is the numbers of m states and their probabilities, shape (m, ends + 1): of 0, 1, 2…
        purchases. Every row sums to 1.
    """
    frequency = which.histories.frequency
    order = np.argsort(frequency, kind="stable")
    frequencies, starts = np.unique(frequency[order], return_index=True)
    for x, rows in zip(frequencies, np.split(order, starts[1:]), strict=True):
        table, ends = _table(model, float(x), which.histories.take(rows), days)
        parts = []
        for end in np.unique(ends):
            same = np.flatnonzero(ends == end)
            for some in np.array_split(same, -(-same.size * int(end) // CHUNK)):
                chances = table(some, int(end))
                chances[:, -1] += np.maximum(1 - chances.sum(axis=1), 0.0)
                parts.append((rows[some], chances))
        yield float(x), parts


def _table(
    model: PurchaseModel | CNBDModel, x: float, alike: Histories, days: float
) -> tuple[Callable[[Places, int], Floats], NDArray[np.int64]]:
    """Return a function of (some of the rows, largest n), and the largest n that each row needs.

    All of them have bought x times.
    """
    if isinstance(model, PooledRate):
        # The rate is known as well as its standard error says: gamma, so that counts are negative
        # binomial. For few purchases that matters.
        shape = (model.rate_ / model.standard_error_) ** 2
        tau = np.full(len(alike), model.rate_ * days / shape)
        return (lambda some, most: _negative_binomial(shape, tau[some], most)), _ends(shape, tau)
    if isinstance(model, RuleModel):
        return _by_rule(*model.if_active(alike, days))
    assert isinstance(model, BetaGeoModel | CNBDModel | ParetoNBD)  # noqa: S101 - as `states` saw to
    age, silence = alike.T, alike.silence
    r, alpha, a, b = model.parameters()
    stages = model.k_ if isinstance(model, CNBDModel) else 1
    shape, tau = r + stages * x, days / (alpha + age)
    ends = _ends(shape + stages - 1, tau)
    if isinstance(model, ParetoNBD):
        hazard = b + age
        return (
            lambda some, most: _leaving_any_time(shape, tau[some], a, days / hazard[some], most)
        ), ends
    stays = b + x + model.first_can_be_last
    if stages == 1:
        return (
            lambda some, most: _leaving_after_purchases(
                _negative_binomial(shape, tau[some], most), a, stays
            )
        ), ends
    odds = stage_weights(stages, np.full(len(alike), shape), silence / (alpha + age))
    odds /= odds.sum(axis=1, keepdims=True)
    return (
        lambda some, most: _leaving_after_purchases(
            _every_kth(shape, tau[some], odds[some], most), a, stays
        )
    ), -(-ends // stages)


def _by_rule(mean: Floats, chance: Floats) -> tuple[Callable[[Places, int], Floats], Places]:
    """Return the same, from purchases expected and the chance of any; shape (m,) each."""
    chance = np.minimum(chance, mean)
    shape = gamma_shape(mean, chance)
    with np.errstate(divide="ignore"):
        often = -np.log1p(-chance) > mean * (1 + 1e-9)
    more = np.where(often, mean / np.where(often, chance, 1.0) - 1, 0.0)

    def table(some: Places, most: int) -> Floats:
        chances = _negative_binomial(shape[some], (mean / shape)[some], most)
        first = some[often[some]]
        follow = _negative_binomial(NO_SPREAD, more[first] / NO_SPREAD, most - 1)
        chances[often[some], 0] = 1 - chance[first]
        chances[often[some], 1:] = chance[first, None] * follow
        return chances

    ends = np.where(often, 1 + _ends(NO_SPREAD, more / NO_SPREAD), _ends(shape, mean / shape))
    return table, ends


def _ends(shape: float | Floats, tau: Floats) -> NDArray[np.int64]:
    """Return where each row's table may end: more happen with a probability below ``TAIL``."""
    ends = np.full(tau.size, ENDS[-1], dtype=np.int64)
    z = tau / (1 + tau)
    shapes = np.broadcast_to(shape, tau.shape)
    todo = np.arange(tau.size)
    for end in ENDS:
        done = betainc(end, shapes[todo], z[todo]) < TAIL
        ends[todo[done]] = end
        todo = todo[~done]
    return ends


def _negative_binomial(shape: float | Floats, tau: Floats, most: int) -> Floats:
    """Return P(N = n) for n = 0 … most, shape (m, most + 1).

    ``shape`` is a number or has shape (m,); ``tau`` is time over the gamma's rate.
    """
    j = np.arange(most)
    each = np.reshape(shape, (-1, 1))
    ways = np.cumsum(np.log((each + j) / (j + 1)), axis=1)
    ways = np.concatenate([np.zeros((len(each), 1)), ways], axis=1)
    time = np.maximum(tau, np.finfo(float).tiny)[:, None]
    log_z = np.log(time) - np.log1p(time)
    with np.errstate(under="ignore"):  # What is next to nothing is nothing.
        chances: Floats = np.exp(ways + np.arange(most + 1) * log_z - each * np.log1p(time))
    return chances


def _at_least(chances: Floats) -> Floats:
    """Return P(N >= n) from P(N = n), 1 at n = 0."""
    more = 1 - np.cumsum(chances, axis=1)
    result: Floats = np.maximum(np.concatenate([np.ones((len(more), 1)), more[:, :-1]], axis=1), 0)
    return result


def _every_kth(shape: float, tau: Floats, odds: Floats, most: int) -> Floats:
    """Return P(N = n) where every k-th stage ends in a purchase, given the odds of the stage now.

    Who is at stage j has gone through j more: the rate is gamma(shape + j).
    """
    k = odds.shape[1]
    n = np.arange(most + 1)
    result = np.zeros((len(odds), most + 1))
    for j in range(k):
        reached = _at_least(_negative_binomial(shape + j, tau, k * (most + 1)))
        begun, ended = reached[:, np.maximum(k * n - j, 0)], reached[:, k * (n + 1) - j]
        result += odds[:, j : j + 1] * (begun - ended)
    return result


def _leaving_after_purchases(chances: Floats, a: float, stays: float) -> Floats:
    """Return P(n) of a customer who may leave after each purchase, from that of one who never does."""
    n = np.arange(chances.shape[1])
    stayed = np.exp(np.concatenate([[0.0], np.cumsum(-np.log1p(a / (stays + n[:-1])))]))
    # The mean of p (1-p)^(n-1) is that of (1-p)^n, times a / (B + n - 1).
    left = np.where(n > 0, stayed * a / (stays + np.maximum(n, 1) - 1), 0.0)
    result: Floats = stayed * chances + left * _at_least(chances)
    return result


def _leaving_any_time(shape: float, tau: Floats, s: float, longer: Floats, most: int) -> Floats:
    """Return P(n) of a customer whose stay is Lomax; ``longer`` is time over the hazard's rate.

    The mean over the stay by Gauss-Legendre in its distribution function; who stays to the end is
    one point more.
    """
    stays = np.exp(-s * np.log1p(longer))
    result = stays[:, None] * _negative_binomial(shape, tau, most)
    points, weights = np.polynomial.legendre.leggauss(POINTS)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        stay = np.expm1(-np.log1p(-point * (1 - stays)) / s) / longer
        short = tau * np.minimum(stay, 1.0)
        result += weight * (1 - stays)[:, None] * _negative_binomial(shape, short, most)
    return result
