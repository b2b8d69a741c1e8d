"""A purchase model fitted by maximum likelihood: all but its formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.base import PurchaseScores
from clv.models.fitting.fitted import LifetimesAttributes, number
from clv.models.fitting.inputs import draw_customers, times_ahead
from clv.models.fitting.newton import all_ends, best_of, inverse_curvature
from clv.models.histories import Histories

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Floats


#: Log-parameters are sought between -BOX and BOX, with time scaled so that the largest T is 1.
BOX: Final = 18.0
#: From here on a log-parameter is as good as at the bound: the likelihood differs by nothing.
AS_GOOD_AS_INFINITE: Final = 11.5
#: Customers drawn to find a good start for a file of more than twice as many distinct triples.
SAMPLE: Final = 20_000
#: Cap of the median wait for the next purchase, time units. Beyond it, there is no saying.
LONGEST_WAIT: Final = 1e9


class Likelihood(Protocol):
    """Mean negative log-likelihood as a function of the log-parameters."""

    customers: float

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the penalised mean, its gradient and Hessian."""

    def log_likelihood(self, log_parameters: Floats) -> float:
        """Return the total log-likelihood, in the time unit of the data, without the penalty."""


class LikelihoodModel(LifetimesAttributes):
    """The search for the maximum, the forecasts that follow from a few formulas, and the card.

    Whoever is active at T is forecast from the history; whoever has left buys nothing.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (those in time units at a time scale where the largest T
        is 1), added to the mean negative log-likelihood.

    Attributes
    ----------
    starts
        Where to start, in logs of the parameters at a time scale where the largest T is 1; the
        later ones only if the first ends in doubt.
    in_time
        For each parameter, whether it is in time units.
    params_
        pandas Series of the parameters.
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
        The histories given to ``fit``.
    """

    name: ClassVar[str]
    starts: ClassVar[tuple[tuple[float, ...], ...]]
    in_time: ClassVar[tuple[bool, ...]]

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    # -- the formulas: what a model must know of itself --------------------------------------------

    def likelihood(self, histories: Histories) -> Likelihood:
        """Return the likelihood; time is scaled so that the largest T is 1."""
        raise NotImplementedError

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(active at T), shape (n,)."""
        raise NotImplementedError

    def p_silent(self, histories: Histories) -> Floats:
        """Return P(no purchase in (recency, T]) of a customer who stayed active, shape (n,)."""
        raise NotImplementedError

    def purchases_if_active(self, histories: Histories, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T; t a number or shape (n,)."""
        raise NotImplementedError

    def if_active(self, histories: Histories, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what is expected of customers active at T.

        Returns
        -------
        (purchases, p_purchase, wait)
            Expected purchases and P(at least one) in (T, T + t], shape (n, h) each; median wait for
            the next purchase, shape (n,).
        """
        raise NotImplementedError

    def stays_active(self, histories: Histories, times: Floats) -> Floats:
        """Return P(active at T + t | active at T), shape (n, h)."""
        raise NotImplementedError

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units."""
        raise NotImplementedError

    # -- what follows from them --------------------------------------------------------------------

    def expected_purchases(self, histories: Histories, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t], shape (n,); t a number or shape (n,)."""
        return self.purchases_if_active(histories, times_ahead(t)) * self.probability_alive(
            histories
        )

    def probability_alive_after(self, histories: Histories, times: ArrayLike) -> Floats:
        """Return P(active at T + t), shape (n, h); that of new customers for `Histories.new`."""
        after = np.atleast_1d(times_ahead(times))
        return self.probability_alive(histories)[:, None] * self.stays_active(histories, after)

    def score(self, histories: Histories, horizons: ArrayLike) -> PurchaseScores:
        """Forecast n histories at h horizons (time units after T); every number is finite.

        ``next_order_days`` and ``p_silent`` are of a customer who stays active; the median is cut off
        at ``LONGEST_WAIT``.
        """
        times = np.atleast_1d(times_ahead(horizons))
        purchases, p_purchase, wait = self.if_active(histories, times)
        return PurchaseScores.of_active(
            self.probability_alive(histories),
            p_purchase=p_purchase,
            purchases=purchases,
            next_order_days=np.minimum(wait, LONGEST_WAIT),
            p_silent=self.p_silent(histories),
        )

    # -- fitting -----------------------------------------------------------------------------------

    def fit(
        self,
        histories: Histories,
        /,
        *,
        initial_params: ArrayLike | None = None,
        maxiter: int = 200,
        **clues: Any,
    ) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        histories
            Best distinct ones, weighted; any time unit.
        initial_params
            Shape (k,), logs of the parameters at a time scale where the largest T is 1.
        maxiter
            Most steps of Newton's method from a start.
        **clues
            What other models look at, see `clv.models.base.PurchaseModel.fit`.

        Returns
        -------
        Self
            Whether the search converged is in ``converged_``.

        Raises
        ------
        ValueError
            Without customers.
        FitError
            When no time has passed for anybody.
        """
        del clues
        x, age, counts = histories.frequency, histories.T, histories.weights
        longest = float(age.max(initial=0))
        if not len(histories):
            msg = "These are not (frequency, recency, T): there are no customers."
            raise ValueError(msg)
        if longest <= 0:
            msg = "All customers made their first purchase on the last day: nothing was observed."
            raise FitError(msg)
        scale = 1 / longest
        scaled = Histories(x, histories.recency * scale, age * scale, counts)
        likelihood = self.likelihood(scaled)
        starts = [np.array(start) for start in self.starts]
        size = len(self.names)
        box = np.full(size, -BOX), np.full(size, BOX)
        if initial_params is not None:
            starts.insert(0, np.asarray(initial_params, dtype=float))
        elif x.size > 2 * SAMPLE:
            drawn = draw_customers(counts, SAMPLE)
            rows = np.flatnonzero(drawn)
            some = self.likelihood(replace(scaled, weights=drawn).take(rows))
            # Not further out than this: from where all is flat there is no way back.
            near = [np.clip(end.point, -6.0, 6.0) for end in all_ends(some, starts, *box)]
            # One of each: on flat likelihoods the starts lead to different ends.
            near = list({tuple(np.round(point, 1)): point for point in reversed(near)}.values())
            starts = [*reversed(near), starts[0]]
        optimum = best_of(likelihood, starts, *box, maxiter)
        extreme = np.abs(optimum.point) >= AS_GOOD_AS_INFINITE
        optimum = optimum._replace(at_bound=optimum.at_bound | extreme)

        theta = np.exp(optimum.point)
        theta[list(self.in_time)] /= scale
        self._scale = scale
        self._negative_log_likelihood_ = optimum.value
        self._hessian_ = optimum.hessian  # by log-parameters, of the mean: as in lifetimes
        self.converged_ = optimum.converged
        self.at_bound_ = tuple(
            name for name, bound in zip(self.names, optimum.at_bound, strict=True) if bound
        )
        self.iterations_ = optimum.iterations
        self.customers_ = likelihood.customers
        # A density over times: its unit shows, once per purchase.
        self.log_likelihood_ = likelihood.log_likelihood(optimum.point) + float(
            counts @ x
        ) * np.log(scale)
        self.columns_ = {
            "frequency": x.astype(np.int64),
            "recency": histories.recency,
            "T": age,
            "weights": counts,
        }
        self.theta_ = theta
        self.variance_ = inverse_curvature(optimum) * np.outer(theta, theta) / self.customers_
        return self

    def parameters(self) -> tuple[float, float, float, float]:
        """Return the four parameters as plain floats, in the order of ``names``.

        Raises
        ------
        ValueError
            Before ``fit``.
        """
        first, second, third, fourth = self.plain()
        return first, second, third, fourth

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "parameters": dict(zip(self.names, self.parameters(), strict=True)),
            "standard_errors": self.errors_as_json(),
            "log_likelihood": float(self.log_likelihood_),
            "customers": float(self.customers_),
            "converged": bool(self.converged_),
            "at_bound": list(self.at_bound_),
            "penalizer_coef": float(self.penalizer_coef),
        }

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`: forecasts are the same to the last bit; `data` is not there."""
        model = cls()
        model.penalizer_coef = float(card["penalizer_coef"])
        model.restore(card)
        model.log_likelihood_ = number(card["log_likelihood"], "log_likelihood")
        model.customers_ = float(card["customers"])
        model.converged_ = bool(card["converged"])
        model.at_bound_ = tuple(card["at_bound"])
        return model
