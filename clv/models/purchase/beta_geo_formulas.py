"""P(alive) and the distribution of the number of purchases, without overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Floats
    from clv.models.histories import Histories


def probability_alive(
    parameters: tuple[float, float, float, float], histories: Histories, first: int
) -> Floats:
    """Return P(alive at T), 1 where there was no chance to leave; all in logarithms."""
    r, alpha, a, b = parameters
    frequency, recency = histories.frequency, histories.recency
    chances = frequency + first
    log_odds = (
        np.log(a)
        - np.log(b + (np.maximum(chances, 1) - 1))
        + (r + frequency) * np.log1p(np.maximum(histories.silence, 0) / (alpha + recency))
    )
    small = np.exp(-np.abs(log_odds))
    alive = np.where(log_odds > 0, small, 1.0) / (1 + small)
    return np.where(chances > 0, alive, 1.0)


def count_probability(
    parameters: tuple[float, float, float, float],
    t: Floats,
    n: NDArray[np.int64],
    first: int,
) -> Floats:
    """Return P(a new customer makes exactly n repeat purchases within t), broadcast.

    Fader et al. (2005), eq. 8. Either the customer stayed through all ``y = n + first`` chances to
    leave and made n purchases, or left right after the n-th, had it come in time:

        E[(1-p)^y] NB(n) + E[p (1-p)^(y-1)] P(NB >= n)

    Products are formed in logarithms, and the tail of the negative binomial is an incomplete beta
    function: finite for every n. ``parameters`` are r, alpha, a, b.
    """
    r, alpha, a, b = parameters
    time, count = np.broadcast_arrays(t, n)
    count = count.astype(np.int64)
    chances = count + first
    j = np.arange(int(chances.max(initial=1)))
    # log of (b)_y / (a + b)_y and of (r)_n / n!, for every y and n up to the largest
    stayed = np.concatenate([[0.0], np.cumsum(-np.log1p(a / (b + j)))])[chances]
    ways = np.concatenate([[0.0], np.cumsum(np.log((r + j) / (j + 1)))])[count]
    z = time / (alpha + time)
    with np.errstate(divide="ignore"):
        log_z = np.where(count > 0, count * np.log(np.where(count > 0, z, 1.0)), 0.0)
    exactly = np.exp(stayed + ways - r * np.log1p(time / alpha) + log_z)
    at_least = np.where(count > 0, betainc(np.maximum(count, 1), r, z), 1.0)
    # The mean of p (1-p)^(y-1) is that of (1-p)^y, times a / (b + y - 1).
    left = np.where(chances > 0, np.exp(stayed) * a / (b + (np.maximum(chances, 1) - 1)), 0.0)
    probability: Floats = exactly + left * at_least
    return probability
