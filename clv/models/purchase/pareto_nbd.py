"""Pareto/NBD: a customer buys at a rate of their own and leaves, unseen, at any time.

No pandas, no lifetimes: plain arrays in and out, like `clv.models.purchase.beta_geo`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from scipy.special import exprel

from clv.models.base import PurchaseScores
from clv.models.fitting.inputs import distinct_pairs, like
from clv.models.purchase.draws import Draws
from clv.models.purchase.gamma_rate import GammaRateModel
from clv.models.purchase.pareto_nbd_likelihood import NODES, ParetoNBDLikelihood, silent_nodes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


#: Cap of the median wait for the next purchase, time units. Beyond it, there is no saying.
LONGEST_WAIT: Final = 1e9
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
    >>> model = ParetoNBD().fit([2, 1, 0, 0, 3], [30.4, 1.7, 0, 0, 20.0], [38.9] * 5)
    >>> bool(0 < model.conditional_probability_alive(2, 30.4, 38.9)[0] < 1)
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

    def likelihood(
        self, frequency: Floats, recency: Floats, T: Floats, weights: Floats
    ) -> ParetoNBDLikelihood:
        """Return the likelihood of these triples; time is scaled so that the largest T is 1."""
        return ParetoNBDLikelihood(frequency, recency, T, weights, self.penalizer_coef)

    # -- one quantity at a time; arguments broadcast ------------------------------------------------

    def conditional_probability_alive(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Floats:
        """Return P(alive at T | frequency, recency, T), at least one-dimensional.

        ``A / (A + L)``: of those who haven't bought since t_x, A stayed and L left
        (`clv.models.purchase.pareto_nbd_likelihood`). Both are positive, so nothing cancels.
        """
        r, alpha, s, beta = self.parameters()
        arrays = np.broadcast_arrays(frequency, recency, T)
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in arrays)
        silence = np.maximum(age - t_x, 0)
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
        return np.atleast_1d(alive.reshape(arrays[0].shape))

    def purchases_if_alive(self, t: ArrayLike, frequency: ArrayLike, T: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t], given alive at T; arguments broadcast.

        ``(r+x) (beta+T) / ((alpha+T) (s-1)) * [1 - ((beta+T) / (beta+T+t))^(s-1)]``, Fader & Hardie
        (2005), eq. 41, written so that s = 1 is a point like any other.
        """
        r, alpha, s, beta = self.parameters()
        x, age, time = (np.asarray(v, dtype=float) for v in (frequency, T, t))
        longer = np.log1p(time / (beta + age))
        so_far = (r + x) * (beta + age) / (alpha + age) * longer
        expected: Floats = so_far * exprel((1 - s) * longer)
        return expected

    def conditional_expected_number_of_purchases_up_to_time(
        self,
        t: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Any:
        """Return the expected purchases in (T, T + t] given the history."""
        expected = self.purchases_if_alive(t, frequency, T)
        alive = self.conditional_probability_alive(frequency, recency, T)
        if expected.ndim == 0 and alive.size == 1:
            alive = alive.reshape(())
        return like(expected * alive, frequency, recency, T, t)

    def predict(
        self,
        t: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Any:
        """Return the expected purchases in (T, T + t]; lifetimes' short name for it."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units.

        ``r beta / (alpha (s-1)) * [1 - (beta / (beta+t))^(s-1)]``, Fader & Hardie (2005), eq. 27.
        """
        return like(self.purchases_if_alive(t, 0, 0), t)

    # -- all customers at once -------------------------------------------------------------------

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), exact.

        The first purchase after t1 comes at t1 + v if the customer stays until then and hasn't
        bought since t1:

            integral from 0 to t2 - t1 of
            (r+x) / (alpha+T+v) ((alpha+T)/(alpha+T+v))^(r+x) ((beta+T)/(beta+T+t1+v))^s dv

        Parameters
        ----------
        frequency, T
            Shape (n,), in the time unit of ``fit``.
        edges
            Shape (h + 1,), ascending: time units after T between which the h spans lie.

        Returns
        -------
        Floats
            Shape (n, h).
        """
        del recency
        r, alpha, s, beta = self.parameters()
        x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, T))
        x, age, pair = distinct_pairs(x, age)
        spans = list(pairwise(np.asarray(edges, dtype=float)))
        between = np.empty((x.size, len(spans)))
        for begin in range(0, x.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            shape, rate, hazard = r + x[part], alpha + age[part], beta + age[part]
            for i, (start, end) in enumerate(spans):
                stays = np.exp(-s * np.log1p(start / hazard))
                bought = _buys(shape, rate, s, hazard + start, end - start, *_WHOLE)
                between[part, i] = stays * bought
        return np.minimum(between, 1.0)[pair]

    def _purchase_if_alive(self, x: Floats, age: Floats, horizons: Floats) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T), shape (n, h).

        The integral of `p_purchase_between` from now on, summed from horizon to horizon.
        """
        r, alpha, s, beta = self.parameters()
        order = np.argsort(horizons)
        soon = np.empty((x.size, horizons.size))
        for begin in range(0, x.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            shape, rate, hazard = r + x[part], alpha + age[part], beta + age[part]
            bought, start = np.zeros(rate.size), 0.0
            for i in order:
                now = np.log1p(start / rate) * shape + s * np.log1p(start / hazard)
                nodes = _WHOLE if start == 0 else _BETWEEN
                step = _buys(shape, rate + start, s, hazard + start, horizons[i] - start, *nodes)
                bought = bought + np.exp(-now) * step
                soon[part, i] = bought
                start = horizons[i]
        return np.minimum(soon, 1.0)

    def score(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        horizons: ArrayLike,
    ) -> PurchaseScores:
        """Forecast n triples at h horizons; every number is finite.

        Given alive, a forecast depends on (frequency, T) only: it is computed once per distinct
        pair and multiplied by each triple's P(alive).

        Parameters
        ----------
        frequency, recency, T
            Shape (n,), in the time unit of ``fit``.
        horizons
            Shape (h,), time units after T.

        Returns
        -------
        PurchaseScores
            ``next_order_days`` and ``p_silent`` are of a customer who stays active; the median is
            cut off at ``LONGEST_WAIT``.
        """
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        times = np.atleast_1d(np.asarray(horizons, dtype=float))
        alive = self.conditional_probability_alive(x, t_x, age)
        silent = self.p_silent(x, t_x, age)
        x, age, pair = distinct_pairs(x, age)
        if_active = self.purchases_if_alive(times, x[:, None], age[:, None])[pair]
        soon = self._purchase_if_alive(x, age, times)[pair]
        median = np.minimum(np.asarray(self.wait_if_alive(x, age)), LONGEST_WAIT)
        return PurchaseScores.of_active(
            alive,
            p_purchase=soon,
            purchases=if_active,
            next_order_days=median[pair],
            p_silent=silent,
        )

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Draws:
        """Draw each customer from the posterior given their triple; (0, 0, 0) is a new customer.

        Given alive, rate and hazard stay independent: gamma(r + x, alpha + T), gamma(s, beta + T).
        """
        r, alpha, s, beta = self.parameters()
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        alive = rng.random(x.size) < self.conditional_probability_alive(x, t_x, age)
        rate = rng.standard_gamma(r + x) / (alpha + age)
        hazard = rng.standard_gamma(s, x.size) / (beta + age)
        return Draws(rate, hazard, alive, last_is_purchase=False)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h): P(alive) times ((beta+T) / (beta+T+t))^s."""
        _, _, s, beta = self.parameters()
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        alive = self.conditional_probability_alive(x, t_x, age)
        longer = np.log1p(np.asarray(times, dtype=float) / (beta + age)[:, None])
        return alive[:, None] * np.exp(-s * longer)


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
