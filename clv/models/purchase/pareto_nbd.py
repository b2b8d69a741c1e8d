"""Pareto/NBD: a customer buys at a rate of their own and leaves, unseen, at any time.

No pandas, no lifetimes: plain arrays in and out, like `clv.models.purchase.beta_geo`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from scipy.special import exprel

from clv.models.fitting.inputs import like, times_ahead
from clv.models.purchase.draws import Draws
from clv.models.purchase.gamma_rate import GammaRateModel
from clv.models.purchase.pareto_nbd_likelihood import NODES, ParetoNBDLikelihood, silent_nodes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.histories import Histories


#: Points of an integral between two horizons, which are close.
POINTS: Final = 24
#: Rows at a time: they stay in the processor's cache.
CHUNK: Final = 2048

_BETWEEN = np.polynomial.legendre.leggauss(POINTS)
_WHOLE = np.polynomial.legendre.leggauss(NODES)


class ParetoNBD(GammaRateModel):
    """Pareto/NBD (Schmittlein, Morrison & Colombo 1987) with an exact, fast, robust fit.

    Purchases are Poisson with a rate that is gamma(r, alpha) among customers; a customer leaves at a
    constant hazard that is gamma(s, beta) among customers, at any time and not only after a purchase.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (alpha and beta at a time scale where the largest T is
        1), added to the mean negative log-likelihood.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting Your Customers, Management Science 33(1).
    Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.

    Examples
    --------
    >>> some = Histories.of([2, 1, 0, 0, 3], [30.4, 1.7, 0, 0, 20.0], [38.9] * 5)
    >>> bool(0 < ParetoNBD().fit(some).probability_alive(some)[0] < 1)
    True
    """

    name: ClassVar[str] = "pareto-nbd"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    in_time: ClassVar[tuple[bool, ...]] = (False, True, False, True)
    # A plain file; hardly any repeat purchases; nobody leaving; most leaving; all alike.
    starts: ClassVar[tuple[tuple[float, ...], ...]] = (
        (-0.5, -1.5, -0.5, -1.0),
        (-4.0, -3.0, -1.0, -1.0),
        (0.0, -2.0, -2.0, 3.0),
        (0.0, 0.0, 0.0, -4.0),
        (3.0, 3.0, 2.0, 2.0),
    )

    def likelihood(self, histories: Histories) -> ParetoNBDLikelihood:
        """Return the likelihood; time is scaled so that the largest T is 1."""
        return ParetoNBDLikelihood(histories, self.penalizer_coef)

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(alive at T | frequency, recency, T), shape (n,).

        ``A / (A + L)``: of those who haven't bought since t_x, A stayed and L left
        (`clv.models.purchase.pareto_nbd_likelihood`). Both are positive, so nothing cancels.
        """
        r, alpha, s, beta = self.parameters()
        x, t_x = histories.frequency, histories.recency
        silence = np.maximum(histories.silence, 0)
        alive = np.empty(x.size)
        for begin in range(0, x.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            shape, rate, hazard = r + x[part], alpha + t_x[part], beta + t_x[part]
            elapsed, weight = silent_nodes(shape, rate, s, hazard, silence[part])
            # Relative to who stayed; where that is next to nobody, the others overflow to infinity.
            stayed = shape * np.log1p(silence[part] / rate) + s * np.log1p(silence[part] / hazard)
            fall = shape[:, None] * np.log1p(elapsed / rate[:, None])
            fall += s * np.log1p(elapsed / hazard[:, None])
            with np.errstate(over="ignore"):
                left = np.exp(stayed[:, None] - fall) * weight * s / (hazard[:, None] + elapsed)
                alive[part] = 1 / (1 + left.sum(axis=1))
        return alive

    def pair_purchases(self, x: Floats, age: Floats, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t], given active at T; arguments broadcast.

        ``(r+x) (beta+T) / ((alpha+T) (s-1)) * [1 - ((beta+T) / (beta+T+t))^(s-1)]``, Fader & Hardie
        (2005), eq. 41, written so that s = 1 is a point like any other.
        """
        r, alpha, s, beta = self.parameters()
        longer = np.log1p(np.asarray(t, dtype=float) / (beta + age))
        so_far = (r + x) * (beta + age) / (alpha + age) * longer
        expected: Floats = so_far * exprel((1 - s) * longer)
        return expected

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units.

        ``r beta / (alpha (s-1)) * [1 - (beta / (beta+t))^(s-1)]``, Fader & Hardie (2005), eq. 27.
        """
        expected = self.pair_purchases(np.array(0.0), np.array(0.0), times_ahead(t))
        return like(expected, t)

    def pair_chances_between(self, x: Floats, age: Floats, edges: Floats) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), exact; (pairs, h).

        The first purchase after t1 comes at t1 + v if the customer stays until then and hasn't
        bought since t1:

            integral from 0 to t2 - t1 of
            (r+x) / (alpha+T+v) ((alpha+T)/(alpha+T+v))^(r+x) ((beta+T)/(beta+T+t1+v))^s dv
        """
        r, alpha, s, beta = self.parameters()
        spans = list(pairwise(edges))
        between = np.empty((x.size, len(spans)))
        for begin in range(0, x.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            shape, rate, hazard = r + x[part], alpha + age[part], beta + age[part]
            for i, (start, end) in enumerate(spans):
                stays = np.exp(-s * np.log1p(start / hazard))
                bought = _buys(shape, rate, s, hazard + start, end - start, *_WHOLE)
                between[part, i] = stays * bought
        return np.minimum(between, 1.0)

    def pair_chances(self, x: Floats, age: Floats, times: Floats) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T), shape (pairs, h).

        The integral of `pair_chances_between` from now on, summed from horizon to horizon.
        """
        r, alpha, s, beta = self.parameters()
        order = np.argsort(times)
        soon = np.empty((x.size, times.size))
        for begin in range(0, x.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            shape, rate, hazard = r + x[part], alpha + age[part], beta + age[part]
            bought, start = np.zeros(rate.size), 0.0
            for i in order:
                now = np.log1p(start / rate) * shape + s * np.log1p(start / hazard)
                nodes = _WHOLE if start == 0 else _BETWEEN
                step = _buys(shape, rate + start, s, hazard + start, times[i] - start, *nodes)
                bought = bought + np.exp(-now) * step
                soon[part, i] = bought
                start = times[i]
        return np.minimum(soon, 1.0)

    def stays_active(self, histories: Histories, times: Floats) -> Floats:
        """Return P(alive at T + t | alive at T), shape (n, h): ((beta+T) / (beta+T+t))^s."""
        _, _, s, beta = self.parameters()
        longer = np.log1p(times / (beta + histories.T)[:, None])
        stays: Floats = np.exp(-s * longer)
        return stays

    def draw(self, histories: Histories, rng: np.random.Generator) -> Draws:
        """Draw each customer from the posterior given the history.

        Given alive, rate and hazard stay independent: gamma(r + x, alpha + T), gamma(s, beta + T).
        """
        r, alpha, s, beta = self.parameters()
        size = len(histories)
        alive = rng.random(size) < self.probability_alive(histories)
        rate = rng.standard_gamma(r + histories.frequency) / (alpha + histories.T)
        hazard = rng.standard_gamma(s, size) / (beta + histories.T)
        return Draws(rate, hazard, alive, last_is_purchase=False)


def _buys(
    shape: Floats,
    rate: Floats,
    s: float,
    hazard: Floats,
    length: float,
    points: Floats,
    weights: Floats,
) -> Floats:
    """Return P(a purchase within ``length`` | active at its start), shape (n,)."""
    elapsed, weight = silent_nodes(
        shape, rate, s, hazard, np.full(rate.size, length), points, weights
    )
    fall = shape[:, None] * np.log1p(elapsed / rate[:, None])
    fall += s * np.log1p(elapsed / hazard[:, None])
    density = np.exp(-fall) / (rate[:, None] + elapsed)
    bought: Floats = shape * np.einsum("ij,ij->i", density, weight)
    return bought
