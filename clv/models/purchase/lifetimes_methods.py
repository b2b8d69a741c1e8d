"""lifetimes' names and arguments for BG/NBD and MBG/NBD: (frequency, recency, T), pandas or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clv.models.fitting.inputs import like, times_ahead
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BetaGeoModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats


class LifetimesMethods(BetaGeoModel):
    """What lifetimes' users call, and two more like it; arguments broadcast.

    Results are a Series where an argument is one, and a number where all are.
    """

    def fit(  # type: ignore[override]  # lifetimes' arguments in place of the histories
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
            ``maxiter``; others, of ``scipy.optimize.minimize``, don't apply.

        Raises
        ------
        ValueError
            When the triples contradict themselves, as lifetimes does.
        FitError
            When no time has passed for anybody.
        """
        del tol
        histories = Histories.of(frequency, recency, T, weights)
        super().fit(histories, initial_params=initial_params, **options)
        self.index_ = index
        if verbose:
            ended = "converged" if self.converged_ else "did not converge"
            print(f"{ended} after {self.iterations_} steps: {self}")  # noqa: T201 - asked for
        return self

    def conditional_probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Return P(alive at T | frequency, recency, T), at least one-dimensional."""
        _, histories, shape = _asked(0, frequency, recency, T)
        return np.atleast_1d(self.probability_alive(histories).reshape(shape))

    def conditional_expected_number_of_purchases_up_to_time(
        self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Any:
        """Return the expected purchases in (T, T + t] given the history."""
        time, histories, shape = _asked(times_ahead(t), frequency, recency, T)
        expected = self.expected_purchases(histories, time).reshape(shape)
        return like(expected, frequency, recency, T, t)

    def predict(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Any:
        """Return the expected purchases in (T, T + t]; lifetimes' short name for it."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def probability_of_purchase(
        self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Any:
        """Return P(at least one purchase in (T, T + t])."""
        time, histories, shape = _asked(times_ahead(t), frequency, recency, T)
        soon = self.pair_chances(histories.frequency, histories.T, time[:, None])[:, 0]
        chance = (soon * self.probability_alive(histories)).reshape(shape)
        return like(chance, frequency, recency, T, t)

    def wait(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, q: ArrayLike = 0.5
    ) -> Any:
        """Return the quantile of the wait for the next purchase, alive or not.

        Infinite where the customer is so likely to have left that the probability of any further
        purchase doesn't reach q.
        """
        level, histories, shape = _asked(q, frequency, recency, T)
        alive = self.probability_alive(histories)
        reached = level < alive
        share = np.where(reached, level / np.maximum(alive, np.finfo(float).tiny), 0.0)
        share = np.minimum(share, np.nextafter(1.0, 0.0))
        waits = np.where(reached, self.wait_if_alive(histories, share), np.inf)
        return like(waits.reshape(shape), frequency, recency, T)


def _asked(
    also: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
) -> tuple[Floats, Histories, tuple[int, ...]]:
    """Return what was asked about row by row, as it was given: nothing is checked in lifetimes."""
    columns = np.broadcast_arrays(*(np.asarray(v, float) for v in (also, frequency, recency, T)))
    time, x, t_x, age = (column.ravel() for column in columns)
    return time, Histories(x, t_x, age, np.ones(time.size)), columns[0].shape
