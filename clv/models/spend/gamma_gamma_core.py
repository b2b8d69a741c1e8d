"""Gamma-Gamma: what a purchase of one customer is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from clv.models.fitting.fitted import LifetimesAttributes, number
from clv.models.fitting.inputs import like
from clv.models.fitting.newton import best_of, inverse_curvature
from clv.models.histories import weights_of
from clv.models.spend.gamma_gamma_likelihood import GammaGammaLikelihood

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Floats


NAMES: Final = ("p", "q", "v")
#: Log-parameters are sought between -BOX and BOX, with values scaled to a mean of 1.
BOX: Final = 16.0
#: From here on a log-parameter is as good as at the bound.
AS_GOOD_AS_INFINITE: Final = 11.5
#: Where to start, (p, q, v); the later ones only if the first ends in doubt.
STARTS: Final = ((2.0, 3.0, 1.0), (20.0, 20.0, 1.0), (1.0, 1.5, 0.5), (200.0, 3.0, 0.01))
#: The fitted mean of the population may differ from the mean of the customers by this factor.
WORST_MEAN: Final = 2.0


class GammaGammaCore(LifetimesAttributes):
    """Gamma-Gamma with a fast, robust fit and a finite value for everybody.

    Without lifetimes' base class; `clv.models.spend.gamma_gamma.GammaGamma` is the same with it.

    A purchase of one customer is gamma(p, nu); nu is gamma(q, v) among customers. The mean spend
    of the population, ``p v / (q - 1)``, is infinite for q <= 1. Where the maximum of the
    likelihood lies there, or gives a mean that is off by more than a factor of two from the mean
    of all customers' averages, the model is fitted again with its mean held at that (unbiased)
    average: ``mean_held_`` says so.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (in currency units, as in lifetimes), added to the mean
        negative log-likelihood.

    Attributes
    ----------
    params_
        pandas Series p, q, v (currency units).
    standard_errors_, variance_matrix_, confidence_intervals_
        As in lifetimes; infinite, never NaN, where the likelihood doesn't determine a parameter.
    log_likelihood_, customers_, converged_, at_bound_, iterations_, data
        As in `clv.models.purchase.beta_geo.BetaGeoModel`.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: Using iso-value curves for customer base analysis,
    JMR 42(4). Fader & Hardie (2013), note 025.
    """

    name: ClassVar[str] = "gamma-gamma"
    names: ClassVar[tuple[str, ...]] = NAMES
    fitted_to: ClassVar[str] = (
        "The Gamma-Gamma model is fitted to repeat buyers with a positive value: one "
        "frequency from 1 and one monetary_value above 0 each."
    )

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def fit(
        self,
        frequency: ArrayLike,
        monetary_value: ArrayLike,
        weights: ArrayLike | None = None,
        initial_params: ArrayLike | None = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        q_constraint: bool = True,
        **options: Any,
    ) -> Self:
        """Fit by maximum likelihood to repeat buyers with a positive value.

        Parameters
        ----------
        frequency, monetary_value
            Shape (n,): repeat purchases, at least 1, and their mean value, above 0.
        weights
            Shape (n,): customers per row; 1 by default.
        initial_params
            Shape (3,), logs of the parameters for values scaled to a mean of 1.
        verbose
            Print how the search ended.
        tol
            Taken for lifetimes' sake: Newton's method ends at rounding error anyway.
        index
            Index of `data`.
        q_constraint
            ``False`` keeps a maximum with an infinite or absurd mean spend.
        **options
            ``maxiter``; others of ``scipy.optimize.minimize`` don't apply.

        Raises
        ------
        ValueError
            When there is no row, or a frequency is below 1 or a value not above 0.
        """
        del tol
        x, m = (np.asarray(v, dtype=float).ravel() for v in (frequency, monetary_value))
        if x.size == 0 or x.size != m.size or not ((x >= 1) & (m > 0) & np.isfinite(m)).all():
            raise ValueError(self.fitted_to)
        counts = weights_of(weights, x.size)
        unit = float(counts @ m) / float(counts.sum())
        scale = np.array([1.0, 1.0, unit])
        likelihood = GammaGammaLikelihood(x, m / unit, counts, self.penalizer_coef * scale**2)
        steps = int(options.get("maxiter", 200))
        starts = [np.log(start) for start in STARTS]
        if initial_params is not None:
            starts.insert(0, np.asarray(initial_params, dtype=float))
        optimum = best_of(likelihood, starts, np.full(3, -BOX), np.full(3, BOX), steps)
        theta = np.exp(optimum.point)
        slopes = np.diag(theta)
        p, q, v = theta
        mean = p * v / (q - 1) if q > 1 else np.inf
        self.mean_held_ = bool(q_constraint and not 1 / WORST_MEAN <= mean <= WORST_MEAN)
        if self.mean_held_:
            starts = [np.log([s[0], max(s[1] - 1, 0.1)]) for s in STARTS]
            optimum = best_of(
                likelihood.with_given_mean, starts, np.full(2, -BOX), np.full(2, BOX), steps
            )
            theta = likelihood.expand(optimum.point)
            slopes = likelihood.expand_slopes(optimum.point)
        optimum = optimum._replace(
            at_bound=optimum.at_bound | (np.abs(optimum.point) >= AS_GOOD_AS_INFINITE)
        )

        _, _, self._hessian_ = likelihood(np.log(theta))
        self._negative_log_likelihood_ = optimum.value + np.log(unit)
        self.converged_ = optimum.converged
        # With the mean held there are two free parameters: p and q.
        self.at_bound_ = tuple(
            name for name, bound in zip(NAMES, optimum.at_bound, strict=False) if bound
        )
        self.iterations_ = optimum.iterations
        self.customers_ = likelihood.customers
        # A density over values: its unit shows, once per customer.
        self.log_likelihood_ = likelihood.log_likelihood(*theta) - self.customers_ * np.log(unit)
        self.columns_ = {"monetary_value": m, "frequency": x, "weights": counts}
        self.index_ = index
        self.theta_ = theta * scale
        self.variance_ = _spread(inverse_curvature(optimum), slopes * scale) / self.customers_
        if verbose:
            print(optimum)  # noqa: T201 - what lifetimes' option is for
        return self

    def parameters(self) -> tuple[float, float, float]:
        """Return p, q, v as plain floats.

        Raises
        ------
        ValueError
            Before ``fit``.
        """
        p, q, v = self.plain()
        return p, q, v

    def conditional_expected_average_profit(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> Any:
        """Return the expected value of a future purchase; by default of the customers of `data`.

        ``(p v + p x m) / (p x + q - 1)``, Fader & Hardie, note 025, eq. 5: the customer's own
        average, drawn towards that of the population, which a customer without a repeat purchase
        gets unchanged. A negative monetary_value counts as 0.
        """
        p, q, v = self.parameters()
        if frequency is None:
            frequency = self.data["frequency"]
        if monetary_value is None:
            monetary_value = self.data["monetary_value"]
        x, m = (np.asarray(u, dtype=float) for u in (frequency, monetary_value))
        value = (v + x * np.maximum(m, 0.0)) / (x + (q - 1) / p)
        return like(value, frequency, monetary_value)

    def order_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Return the expected value of a future purchase, shape (n,), currency units."""
        value = self.conditional_expected_average_profit(frequency, monetary_value)
        return np.atleast_1d(np.asarray(value, dtype=float))

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "parameters": dict(zip(NAMES, self.parameters(), strict=True)),
            "standard_errors": self.errors_as_json(),
            "log_likelihood": float(self.log_likelihood_),
            "customers": float(self.customers_),
            "converged": bool(self.converged_),
            "at_bound": list(self.at_bound_),
            "mean_held": bool(self.mean_held_),
            "penalizer_coef": float(self.penalizer_coef),
        }

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`: values are the same to the last bit; `data` is not there."""
        model = cls(float(card["penalizer_coef"]))
        model.restore(card)
        model.log_likelihood_ = number(card["log_likelihood"], "log_likelihood")
        model.customers_ = float(card["customers"])
        model.converged_ = bool(card["converged"])
        model.at_bound_ = tuple(card["at_bound"])
        model.mean_held_ = bool(card["mean_held"])
        return model


class GammaGammaAll(GammaGammaCore):
    """Gamma-Gamma that counts the first purchase: the mean of all ``frequency + 1`` of them.

    The first purchase is left out of `monetary_value` by convention. But it is a purchase like any
    other, and the only one that most customers have: with it, one-time buyers are told apart too.
    The convention guards against a first purchase that differs in kind (a welcome discount, a
    trial): where that is so, take `GammaGammaCore`.

    The likelihood, parameters and attributes are those of `GammaGammaCore` with ``frequency + 1``
    purchases; wherever that has ``monetary_value``, this has the mean over **all** purchases, the
    first included. ``frequency`` still counts the repeat purchases.
    """

    name: ClassVar[str] = "gamma-gamma-all"
    fitted_to: ClassVar[str] = (
        "This Gamma-Gamma model is fitted to customers with a positive value: one frequency from 0 "
        "and one mean of all purchases above 0 each."
    )

    def fit(
        self, frequency: ArrayLike, monetary_value: ArrayLike, *args: Any, **options: Any
    ) -> Self:
        """Fit by maximum likelihood to customers with a positive value, one-time buyers included.

        Parameters
        ----------
        frequency
            Shape (n,): repeat purchases, at least 0.
        monetary_value
            Shape (n,): mean value of all ``frequency + 1`` purchases, above 0.
        *args, **options
            As in `GammaGammaCore.fit`.

        Raises
        ------
        ValueError
            When there is no row, or a frequency is negative or a value not above 0.
        """
        purchases = np.asarray(frequency, dtype=float).ravel() + 1
        super().fit(purchases, monetary_value, *args, **options)
        self.columns_["frequency"] = purchases - 1
        return self

    def conditional_expected_average_profit(
        self, frequency: ArrayLike | None = None, monetary_value: ArrayLike | None = None
    ) -> Any:
        """Return the expected value of a future purchase; by default of the customers of `data`.

        As in `GammaGammaCore`, with the mean of all ``frequency + 1`` purchases.
        """
        p, q, v = self.parameters()
        if frequency is None:
            frequency = self.data["frequency"]
        if monetary_value is None:
            monetary_value = self.data["monetary_value"]
        n, m = (np.asarray(u, dtype=float) for u in (frequency, monetary_value))
        n = n + 1
        value = (v + n * np.maximum(m, 0.0)) / (n + (q - 1) / p)
        return like(value, frequency, monetary_value)


def _spread(inverse: Floats, slopes: Floats) -> Floats:
    """Carry variances over to the parameters; what depends on an infinite one is infinite."""
    known = np.isfinite(np.diag(inverse))
    variance: Floats = slopes[known].T @ inverse[np.ix_(known, known)] @ slopes[known]
    lost = (slopes[~known] != 0).any(axis=0)
    variance[lost, :] = 0.0
    variance[:, lost] = 0.0
    variance[lost, lost] = np.inf
    return variance
