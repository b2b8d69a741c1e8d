"""How far a sum over customers may lie from its forecast: of a segment, or of everybody.

Three things add up, as variances of the logarithm of the sum:

- **chance**: customers buy independently of each other, so their variances add up; the more customers,
  the less of it is left;
- **the parameters**, which are estimates: what they get wrong, they get wrong for all customers;
- **the model**: what backtests showed beyond the two, for instance because business changed.

The sum is taken as lognormal: like the normal distribution where it is known well, and never negative.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtri, stdtrit

from clv.backtest.ranges import LEVEL
from clv.models.fitting.likelihood_model import LikelihoodModel
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.season.seasonal import unwrap
from clv.models.spend.gamma_gamma_core import GammaGammaCore

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.histories import Histories
    from clv.models.purchase.cnbd import CNBDModel

#: Customers that stand for all of a group when its parameters' error is estimated.
SAMPLE: Final = 2000
#: Step of the numerical derivative, in log-parameters.
STEP: Final = 1e-3


def around(
    mean: ArrayLike,
    variance: ArrayLike,
    *,
    level: float = LEVEL,
    error: ArrayLike = 0.0,
    model: float = 0.0,
    tests: int = 0,
) -> tuple[Floats, Floats]:
    """Return the range of sums over customers; arguments broadcast.

    Parameters
    ----------
    mean, variance
        Of the sum: the sums of the customers' (`clv.backtest.ranges.factors`), currency units and their square.
    level
        Probability with which the sum is to lie within.
    error
        Standard error of the log of the mean (`parameter_error`).
    model, tests
        As `model_error` found it, and on how many backtests: the fewer, the wider (Student's t).

    Returns
    -------
    (low, high)
        0 and 0 where nothing is expected.
    """
    m, v, e = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (mean, variance, error)))
    there = m > 0
    chance = np.log1p(v / np.where(there, m, 1.0) ** 2)
    upper = (1 + level) / 2
    half = float(ndtri(upper)) ** 2 * (chance + e**2)
    if tests and model > 0:
        half = half + (float(stdtrit(tests, upper)) * model) ** 2
    middle = np.where(there, m, 0.0) * np.exp(-chance / 2)
    reach = np.exp(np.sqrt(half))
    return middle / reach, middle * reach


def model_error(actual: ArrayLike, mean: ArrayLike, variance: ArrayLike) -> float:
    """Return by how much backtested sums missed beyond chance, in the logarithm.

    The root mean square of log(actual / forecast), less what chance explains.

    Parameters
    ----------
    actual, mean, variance
        Shape (tests,): what came, what was expected, and the variance by chance. Tests in which
        nothing was expected or nothing came don't count.
    """
    y, m, v = (np.asarray(a, dtype=float).ravel() for a in (actual, mean, variance))
    used = (y > 0) & (m > 0)
    if not used.any():
        return 0.0
    y, m, v = y[used], m[used], v[used]
    beyond = np.log(y / m) ** 2 - np.log1p(v / m**2)
    return float(np.sqrt(max(float(beyond.mean()), 0.0)))


def parameter_error(
    purchases: PurchaseModel | CNBDModel,
    spend: SpendModel | None,
    histories: Histories,
    value: Floats,
    days: float,
    *,
    group: NDArray[np.intp] | None = None,
) -> Floats:
    """Return the standard error of the log of each group's expected sum, shape (groups,).

    Delta method: the slopes of the log of the sum along the log-parameters, through their variance
    matrix; those of purchases and of spend are taken as independent. Parameters that the data don't
    determine count as given. The models must be the fitted ones: a card has no correlations.

    Parameters
    ----------
    histories
        The customers.
    value
        Shape (n,): the mean that the spend model is about.
    days
        Length of the horizon.
    group
        Shape (n,), whole numbers from 0; without, all are one group.
    """
    which = np.zeros(len(histories), dtype=np.intp) if group is None else group
    rows = _some_of_each(which)
    some, m = histories.take(rows), value[rows]
    x, counts = some.frequency, some.weights
    # A season, where one is worn, counts as given.
    purchases, some, days = unwrap(purchases, some, days)
    size = int(which.max(initial=0)) + 1

    def log_sum(bought: Floats, worth: Floats) -> Floats:
        total = np.bincount(which[rows], counts * bought * worth, minlength=size)
        return np.log(np.maximum(total, np.finfo(float).tiny))

    bought = purchases.score(some, [days]).purchases[:, 0]
    worth = np.ones(x.size) if spend is None else spend.order_value(x, m)
    variance = np.zeros(size)
    if isinstance(purchases, PooledRate):
        variance += (purchases.standard_error_ / purchases.rate_) ** 2
    elif isinstance(purchases, LikelihoodModel):
        near = copy(purchases)
        variance += _carried(near, lambda: log_sum(near.expected_purchases(some, days), worth))
    if isinstance(spend, GammaGammaCore):
        nearby = copy(spend)
        variance += _carried(nearby, lambda: log_sum(bought, nearby.order_value(x, m)))
    return np.sqrt(variance)


def _some_of_each(group: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return up to ``SAMPLE`` rows of each group, evenly spaced."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    some = []
    for rows in np.split(order, starts[1:]):
        at = np.linspace(0, rows.size - 1, min(rows.size, SAMPLE))
        some.append(rows[np.round(at).astype(np.intp)])
    return np.concatenate(some)


def _carried(near: LikelihoodModel | GammaGammaCore, log_sums: Callable[[], Floats]) -> Floats:
    """Carry the parameters' variance over to ``log_sums()``, which looks at ``near``."""
    theta = near.theta_
    slopes = []
    for i in range(theta.size):
        ends = []
        for step in (STEP, -STEP):
            near.theta_ = theta * np.exp(np.where(np.arange(theta.size) == i, step, 0.0))
            ends.append(log_sums())
        slopes.append((ends[0] - ends[1]) / (2 * STEP))
    near.theta_ = theta
    known = np.isfinite(np.diag(near.variance_))
    by_log = np.where(np.outer(known, known), near.variance_, 0.0) / np.outer(theta, theta)
    slope = np.stack(slopes)
    result: Floats = np.maximum(np.einsum("ig,ij,jg->g", slope, by_log, slope), 0.0)
    return result
