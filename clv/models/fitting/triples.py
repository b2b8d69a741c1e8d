"""Maximum likelihood on distinct (frequency, recency, T), and the card: what the models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.fitting.fitted import LifetimesAttributes
from clv.models.fitting.inputs import check_triples, draw_customers, weights_of
from clv.models.fitting.newton import all_ends, best_of, inverse_curvature

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


#: Log-parameters are sought between -BOX and BOX, with time scaled so that the largest T is 1.
BOX: Final = 18.0
#: From here on a log-parameter is as good as at the bound: the likelihood differs by nothing.
AS_GOOD_AS_INFINITE: Final = 11.5
#: Customers drawn to find a good start for a file of more than twice as many distinct triples.
SAMPLE: Final = 20_000


class Likelihood(Protocol):
    """Mean negative log-likelihood as a function of the log-parameters."""

    customers: float

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats, Floats]:
        """Return the penalised mean, its gradient and Hessian."""

    def log_likelihood(self, log_parameters: Floats) -> float:
        """Return the total log-likelihood, in the time unit of the data, without the penalty."""


class TripleModel(LifetimesAttributes):
    """A model of (frequency, recency, T): its search for the maximum, its attributes, its card.

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
        The triples and weights given to ``fit``.
    """

    name: ClassVar[str]
    starts: ClassVar[tuple[tuple[float, ...], ...]]
    in_time: ClassVar[tuple[bool, ...]]

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def likelihood(
        self, frequency: Floats, recency: Floats, T: Floats, weights: Floats
    ) -> Likelihood:
        """Return the likelihood of these triples; time is scaled so that the largest T is 1."""
        raise NotImplementedError

    def predict(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Any:
        """Return the expected purchases in (T, T + t] given the history; arguments broadcast."""
        raise NotImplementedError

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units."""
        raise NotImplementedError

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
            ``maxiter``; others, of ``scipy.optimize.minimize`` or of other models, don't apply.

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
        likelihood = self.likelihood(x, t_x * scale, age * scale, counts)
        starts = [np.array(start) for start in self.starts]
        size = len(self.names)
        box = np.full(size, -BOX), np.full(size, BOX)
        if initial_params is not None:
            starts.insert(0, np.asarray(initial_params, dtype=float))
        elif x.size > 2 * SAMPLE:
            drawn = draw_customers(counts, SAMPLE)
            rows = np.flatnonzero(drawn)
            some = self.likelihood(x[rows], t_x[rows] * scale, age[rows] * scale, drawn[rows])
            # Not further out than this: from where all is flat there is no way back.
            near = [np.clip(end.point, -6.0, 6.0) for end in all_ends(some, starts, *box)]
            # One of each: on flat likelihoods the starts lead to different ends.
            near = list({tuple(np.round(point, 1)): point for point in reversed(near)}.values())
            starts = [*reversed(near), starts[0]]
        optimum = best_of(likelihood, starts, *box, int(options.get("maxiter", 200)))
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
        """Return the four parameters as plain floats, in the order of ``names``.

        Raises
        ------
        ValueError
            Before ``fit``.
        """
        first, second, third, fourth = self.plain()
        return first, second, third, fourth

    def card(self) -> dict[str, Any]:
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
