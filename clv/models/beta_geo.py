"""What MBG/NBD and BG/NBD share: fitting, forecasts, scores, model card.

The two models differ in one thing only: whether the first purchase can be the last one. In the
formulas that is one more chance to leave, ``y = x + first`` instead of ``x``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from clv.errors import FitError
from clv.models.activity import purchase_between
from clv.models.base import PurchaseScores
from clv.models.beta_geo_expectation import purchases_while_alive
from clv.models.beta_geo_formulas import count_probability, probability_alive
from clv.models.beta_geo_likelihood import BetaGeoLikelihood
from clv.models.draws import beta_geo_draws, stays_alive
from clv.models.fitted import LifetimesAttributes
from clv.models.inputs import (
    check_triples,
    distinct_pairs,
    draw_customers,
    like,
    weights_of,
)
from clv.models.newton import all_ends, best_of, inverse_curvature

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.models.base import Floats
    from clv.models.draws import Draws

NAMES: Final = ("r", "alpha", "a", "b")
#: Log-parameters are sought between -BOX and BOX, with time scaled so that the largest T is 1.
BOX: Final = 18.0
#: From here on a log-parameter is as good as at the bound: the likelihood differs by nothing.
AS_GOOD_AS_INFINITE: Final = 11.5
#: Where to start, in logs of (r, alpha, a, b): first where lifetimes does, then, only if that ends
#: in doubt, with hardly any repeat purchases, nobody leaving, most leaving, all alike.
STARTS: Final = (
    (0.1, 0.1, 0.1, 0.1),
    (-4.0, -3.0, -1.0, 0.0),
    (0.0, -2.0, -4.0, 0.0),
    (0.0, 0.0, 1.0, -2.0),
    (3.0, 3.0, 1.0, 2.0),
)
#: Customers drawn to find a good start for a file of more than twice as many distinct triples.
SAMPLE: Final = 20_000
#: Cap of the median wait for the next purchase, time units. Beyond it, there is no saying.
LONGEST_WAIT: Final = 1e9


class BetaGeoModel(LifetimesAttributes):
    """Fitting and formulas, on plain arrays; goes before a lifetimes fitter where one is wanted.

    Attributes
    ----------
    params_
        pandas Series r, alpha (time units), a, b.
    standard_errors_, variance_matrix_, confidence_intervals_
        As in lifetimes, from the inverse Hessian. Infinite (never NaN) for a parameter that the
        likelihood doesn't determine or that lies at its bound; the other parameters' errors are
        then those given that one.
    log_likelihood_
        Of all customers, in the time unit given to ``fit``, without the penalty.
    customers_
        Sum of the weights.
    converged_, at_bound_, iterations_
        How the search ended; ``at_bound_`` names the parameters that tend to 0 or to infinity.
    data
        The triples and weights given to ``fit``.
    """

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = NAMES
    #: 1 if the first purchase can be the last one.
    first_can_be_last: ClassVar[int]

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        initial_params: ArrayLike | None = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        **options: Any,
    ) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        frequency, recency, T
            Shape (n,): repeat purchases, age at the last one, age now; any time unit.
        weights
            Shape (n,): customers with this triple; 1 by default.
        initial_params
            Shape (4,), logs of the parameters at a time scale where the largest T is 1.
        verbose
            Print how the search ended.
        tol
            Taken for lifetimes' sake: Newton's method ends at rounding error anyway.
        index
            Index of `data`.
        **options
            ``maxiter``; others of ``scipy.optimize.minimize`` don't apply.

        Returns
        -------
        Self
            Whether the search converged is in ``converged_``.

        Raises
        ------
        ValueError
            When the triples contradict themselves, as lifetimes does.
        FitError
            When no time has passed for anybody.
        """
        del tol
        x, t_x, age = check_triples(frequency, recency, T)
        counts = weights_of(weights, x.size)
        longest = float(age.max())
        if longest <= 0:
            msg = "All customers made their first purchase on the last day: nothing was observed."
            raise FitError(msg)
        scale = 1 / longest
        likelihood = BetaGeoLikelihood(
            x, t_x * scale, age * scale, counts, self.first_can_be_last, self.penalizer_coef
        )
        starts = [np.array(start) for start in STARTS]
        box = np.full(4, -BOX), np.full(4, BOX)
        if initial_params is not None:
            starts.insert(0, np.asarray(initial_params, dtype=float))
        elif x.size > 2 * SAMPLE:
            drawn = draw_customers(counts, SAMPLE)
            rows = np.flatnonzero(drawn)
            some = BetaGeoLikelihood(
                x[rows],
                t_x[rows] * scale,
                age[rows] * scale,
                drawn[rows],
                self.first_can_be_last,
                self.penalizer_coef,
            )
            # Not further out than this: from where all is flat there is no way back.
            near = [np.clip(end.point, -6.0, 6.0) for end in all_ends(some, starts, *box)]
            # One of each: on flat likelihoods the starts lead to different ends.
            near = list({tuple(np.round(point, 1)): point for point in reversed(near)}.values())
            starts = [*reversed(near), starts[0]]
        optimum = best_of(likelihood, starts, *box, int(options.get("maxiter", 200)))
        extreme = np.abs(optimum.point) >= AS_GOOD_AS_INFINITE
        optimum = optimum._replace(at_bound=optimum.at_bound | extreme)

        theta = np.exp(optimum.point)
        theta[1] /= scale
        self._scale = scale
        self._negative_log_likelihood_ = optimum.value
        self._hessian_ = optimum.hessian  # by log-parameters, of the mean: as in lifetimes
        self.converged_ = optimum.converged
        self.at_bound_ = tuple(
            name for name, bound in zip(NAMES, optimum.at_bound, strict=True) if bound
        )
        self.iterations_ = optimum.iterations
        self.customers_ = likelihood.customers
        # A density over times: its unit shows, once per purchase.
        self.log_likelihood_ = likelihood.log_likelihood(optimum.point) + float(
            counts @ x
        ) * np.log(scale)
        self.columns_ = {
            "frequency": x.astype(np.int64),
            "recency": t_x,
            "T": age,
            "weights": counts,
        }
        self.index_ = index
        self.theta_ = theta
        self.variance_ = inverse_curvature(optimum) * np.outer(theta, theta) / self.customers_
        if verbose:
            print(optimum)  # noqa: T201 - what lifetimes' option is for
        return self

    def parameters(self) -> tuple[float, float, float, float]:
        """Return r, alpha, a, b as plain floats.

        Raises
        ------
        ValueError
            Before ``fit``.
        """
        r, alpha, a, b = self.plain()
        return r, alpha, a, b

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

        P(alive) times the expectation of `clv.models.beta_geo_expectation`.
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

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
    ) -> Any:
        """Return the quantile of the wait for the next purchase, given alive at T.

        Lomax: ``(alpha + T) * ((1 - q)^(-1 / (r + x)) - 1)``; infinite where that exceeds what a
        float can hold.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        r, alpha, _, _ = self.parameters()
        x, age, level = (np.asarray(v, dtype=float) for v in (frequency, T, q))
        if not ((level >= 0) & (level < 1)).all():
            msg = "The quantile q must be at least 0 and below 1."
            raise ValueError(msg)
        with np.errstate(over="ignore"):
            wait = (alpha + age) * np.expm1(-np.log1p(-level) / (r + x))
        return like(wait, frequency, T, q)

    def due(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        q: ArrayLike = 0.9,
    ) -> Any:
        """Return the quantile of the wait after the last purchase, for a customer who stayed active.

        Lomax, like `wait_if_alive`, but counted from the last purchase and knowing nothing of what
        came after it: ``(alpha + recency) * ((1 - q)^(-1 / (r + x)) - 1)``. A customer silent for
        longer has a ``p_silent`` below ``1 - q``.

        Raises
        ------
        ValueError
            When q is not in [0, 1).
        """
        return self.wait_if_alive(frequency, recency, q)

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

        Finite for every n; see `clv.models.beta_geo_formulas.count_probability`.
        """
        time, count = np.asarray(t, dtype=float), np.asarray(n)
        chances = count_probability(self.parameters(), time, count, self.first_can_be_last)
        return like(chances, t, n)

    # -- all customers at once -------------------------------------------------------------------

    def p_purchase_between(self, frequency: ArrayLike, T: ArrayLike, edges: ArrayLike) -> Floats:
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
            Shape (n, h); see `clv.models.activity`.
        """
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
        # Active after the last purchase, the rate is gamma-distributed with shape r + x and rate
        # alpha + t_x; the wait for the next one is Lomax again.
        silent = np.exp(-(r + x) * np.log1p((age - t_x) / (alpha + t_x)))
        x, age, pair = distinct_pairs(x, age)
        shape, rate = (r + x)[:, None], (alpha + age)[:, None]
        expected = purchases_while_alive(
            times, shape, rate, a, (b + x + self.first_can_be_last)[:, None]
        )
        soon = -np.expm1(-shape * np.log1p(times / rate))
        if_active, p_purchase = expected[pair], soon[pair]
        p_purchase *= alive[:, None]
        median = np.minimum(np.asarray(self.wait_if_alive(x, age)), LONGEST_WAIT)
        return PurchaseScores(
            p_alive=alive,
            p_purchase=p_purchase,
            purchases=if_active * alive[:, None],
            next_order_days=median[pair],
            purchases_if_active=if_active,
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

    def card(self) -> dict[str, Any]:
        """Return everything that is needed to score again: JSON types only."""
        parameters = dict(zip(NAMES, self.parameters(), strict=True))
        return {
            "name": self.name,
            "parameters": parameters,
            "standard_errors": self.errors_as_json(),
            "log_likelihood": float(self.log_likelihood_),
            "customers": float(self.customers_),
            "converged": bool(self.converged_),
            "at_bound": list(self.at_bound_),
            "penalizer_coef": float(self.penalizer_coef),
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Self:
        """Rebuild from `card`: forecasts are the same to the last bit; `data` is not there."""
        model = cls()
        model.penalizer_coef = float(card["penalizer_coef"])
        model.restore(card)
        model.log_likelihood_ = float(card["log_likelihood"])
        model.customers_ = float(card["customers"])
        model.converged_ = bool(card["converged"])
        model.at_bound_ = tuple(card["at_bound"])
        return model


class MBGNBDCore(BetaGeoModel):
    """MBG/NBD without lifetimes' base class; `clv.models.mbg_nbd.MBGNBD` is the same with it."""

    name: ClassVar[str] = "mbg-nbd"
    first_can_be_last: ClassVar[int] = 1


class BGNBDCore(BetaGeoModel):
    """BG/NBD without lifetimes' base class; `clv.models.bg_nbd.BGNBD` is the same with it."""

    name: ClassVar[str] = "bg-nbd"
    first_can_be_last: ClassVar[int] = 0
