"""What MBG/NBD and BG/NBD share: forecasts and scores.

The two models differ in one thing only: whether the first purchase can be the last one. In the
formulas that is one more chance to leave, ``y = x + first`` instead of ``x``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from clv.models.base import PurchaseScores
from clv.models.fitting.inputs import distinct_pairs, like
from clv.models.purchase.activity import purchase_between
from clv.models.purchase.beta_geo_expectation import purchases_while_alive
from clv.models.purchase.beta_geo_formulas import count_probability, probability_alive
from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood
from clv.models.purchase.draws import beta_geo_draws, stays_alive
from clv.models.purchase.gamma_rate import GammaRateModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.purchase.draws import Draws

NAMES: Final = ("r", "alpha", "a", "b")
#: Cap of the median wait for the next purchase, time units. Beyond it, there is no saying.
LONGEST_WAIT: Final = 1e9


class BetaGeoModel(GammaRateModel):
    """Formulas of both, on plain arrays; goes before a lifetimes fitter where one is wanted.

    Attributes
    ----------
    params_
        pandas Series r, alpha (time units), a, b.
    """

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = NAMES
    in_time: ClassVar[tuple[bool, ...]] = (False, True, False, False)
    # First where lifetimes starts, then hardly any repeat purchases, nobody leaving, most leaving,
    # all alike.
    starts: ClassVar[tuple[tuple[float, ...], ...]] = (
        (0.1, 0.1, 0.1, 0.1),
        (-4.0, -3.0, -1.0, 0.0),
        (0.0, -2.0, -4.0, 0.0),
        (0.0, 0.0, 1.0, -2.0),
        (3.0, 3.0, 1.0, 2.0),
    )
    #: 1 if the first purchase can be the last one.
    first_can_be_last: ClassVar[int]

    def likelihood(
        self, frequency: Floats, recency: Floats, T: Floats, weights: Floats
    ) -> BetaGeoLikelihood:
        """Return the likelihood of these triples; time is scaled so that the largest T is 1."""
        first, penalty = self.first_can_be_last, self.penalizer_coef
        return BetaGeoLikelihood(frequency, recency, T, weights, first, penalty)

    # -- one quantity at a time; arguments broadcast, as in lifetimes -----------------------------

    def conditional_probability_alive(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Floats:
        """Return P(alive at T | frequency, recency, T), at least one-dimensional.

        Batislam et al. (2007), appendix A, eq. 5; Fader & Hardie, note 021, for BG/NBD. The odds
        are formed in logarithms: nothing overflows.
        """
        x, t_x, age = (np.asarray(v, dtype=float) for v in (frequency, recency, T))
        return np.atleast_1d(
            probability_alive(self.parameters(), x, t_x, age, self.first_can_be_last)
        )

    def conditional_expected_number_of_purchases_up_to_time(
        self,
        t: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Any:
        """Return the expected purchases in (T, T + t] given the history.

        P(alive) times the expectation of `clv.models.purchase.beta_geo_expectation`.
        """
        r, alpha, a, b = self.parameters()
        x, age = np.asarray(frequency, dtype=float), np.asarray(T, dtype=float)
        expected = purchases_while_alive(
            np.asarray(t, dtype=float), r + x, alpha + age, a, b + x + self.first_can_be_last
        )
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

    def probability_of_purchase(
        self,
        t: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
    ) -> Any:
        """Return P(at least one purchase in (T, T + t]).

        Alive, the wait for the next purchase is gamma-mixed exponential, that is Lomax:
        ``P(alive) * [1 - ((alpha + T) / (alpha + T + t))^(r + x)]``.
        """
        r, alpha, _, _ = self.parameters()
        x, age, time = (np.asarray(v, dtype=float) for v in (frequency, T, t))
        soon = -np.expm1(-(r + x) * np.log1p(time / (alpha + age)))
        alive = self.conditional_probability_alive(frequency, recency, T)
        if soon.ndim == 0 and alive.size == 1:
            alive = alive.reshape(())
        return like(soon * alive, frequency, recency, T, t)

    def wait(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
    ) -> Any:
        """Return the quantile of the wait for the next purchase, alive or not.

        Infinite where the customer is so likely to have left that the probability of any further
        purchase doesn't reach q.
        """
        alive = self.conditional_probability_alive(frequency, recency, T)
        level = np.asarray(q, dtype=float)
        reached = level < alive
        share = np.where(reached, level / np.maximum(alive, np.finfo(float).tiny), 0.0)
        share = np.minimum(share, np.nextafter(1.0, 0.0))
        waits = np.where(reached, np.asarray(self.wait_if_alive(frequency, T, share)), np.inf)
        return like(waits, frequency, recency, T)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units.

        Fader et al. (2005), eq. 9; with the chance ``a / (a + b)`` of leaving at once for MBG/NBD.
        """
        r, alpha, a, b = self.parameters()
        expected = purchases_while_alive(
            np.asarray(t, dtype=float),
            np.array(r),
            np.array(alpha),
            a,
            np.array(b + self.first_can_be_last),
        )
        stays = b / (a + b) if self.first_can_be_last else 1.0
        return like(stays * expected, t)

    def probability_of_n_purchases_up_to_time(self, t: ArrayLike, n: ArrayLike) -> Any:
        """Return P(a new customer makes exactly n repeat purchases in its first t time units).

        Finite for every n; see `clv.models.purchase.beta_geo_formulas.count_probability`.
        """
        time, count = np.asarray(t, dtype=float), np.asarray(n)
        chances = count_probability(self.parameters(), time, count, self.first_can_be_last)
        return like(chances, t, n)

    # -- all customers at once -------------------------------------------------------------------

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T).

        Parameters
        ----------
        frequency, T
            Shape (n,), in the time unit of ``fit``.
        edges
            Shape (h + 1,), ascending: time units after T between which the h spans lie.

        Returns
        -------
        Floats
            Shape (n, h); see `clv.models.purchase.activity`.
        """
        del recency
        r, alpha, a, b = self.parameters()
        x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, T))
        x, age, pair = distinct_pairs(x, age)
        between = purchase_between(
            np.asarray(edges, dtype=float), r + x, alpha + age, a, b + x + self.first_can_be_last
        )
        return between[pair]

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
            The median wait is cut off at ``LONGEST_WAIT``.
        """
        r, alpha, a, b = self.parameters()
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        times = np.atleast_1d(np.asarray(horizons, dtype=float))
        alive = self.conditional_probability_alive(x, t_x, age)
        silent = self.p_silent(x, t_x, age)
        x, age, pair = distinct_pairs(x, age)
        shape, rate = (r + x)[:, None], (alpha + age)[:, None]
        expected = purchases_while_alive(
            times, shape, rate, a, (b + x + self.first_can_be_last)[:, None]
        )
        soon = -np.expm1(-shape * np.log1p(times / rate))
        median = np.minimum(np.asarray(self.wait_if_alive(x, age)), LONGEST_WAIT)
        return PurchaseScores.of_active(
            alive,
            p_purchase=soon[pair],
            purchases=expected[pair],
            next_order_days=median[pair],
            p_silent=silent,
        )

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Draws:
        """Draw each customer from the posterior given their triple; (0, 0, 0) is a new customer."""
        r, alpha, a, b = self.parameters()
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        alive = self.conditional_probability_alive(x, t_x, age)
        return beta_geo_draws(rng, alive, r + x, alpha + age, a, b + x + self.first_can_be_last)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h); for (0, 0, 0) that of a new customer at t."""
        r, alpha, a, b = self.parameters()
        x, t_x, age = (np.asarray(v, dtype=float).ravel() for v in (frequency, recency, T))
        alive = self.conditional_probability_alive(x, t_x, age)
        x, age, pair = distinct_pairs(x, age)
        shape, rate = (r + x)[:, None], (alpha + age)[:, None]
        stays = (b + x + self.first_can_be_last)[:, None]
        after = stays_alive(np.asarray(times, dtype=float), shape, rate, a, stays)
        return alive[:, None] * after[pair]


class MBGNBDCore(BetaGeoModel):
    """MBG/NBD without lifetimes' base class; `clv.models.purchase.mbg_nbd.MBGNBD` is the same with it."""

    name: ClassVar[str] = "mbg-nbd"
    first_can_be_last: ClassVar[int] = 1


class BGNBDCore(BetaGeoModel):
    """BG/NBD without lifetimes' base class; `clv.models.purchase.bg_nbd.BGNBD` is the same with it."""

    name: ClassVar[str] = "bg-nbd"
    first_can_be_last: ClassVar[int] = 0
