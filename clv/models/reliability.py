"""How far a fitted purchase model can be trusted: does it add up, how sure is its total."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.models.fitting.likelihood_model import LikelihoodModel
    from clv.models.histories import Histories

#: Histories that stand for all when the error of the total is estimated.
SAMPLE: Final = 2000
#: Step of the numerical derivative, in log-parameters.
STEP: Final = 1e-3
#: Curvatures below this (of a mean log-likelihood) are none.
NO_CURVATURE: Final = 1e-13


def total_in_sample(model: LikelihoodModel, histories: Histories) -> float:
    """Return the repeat purchases that the model expects of these customers from first day to T."""
    ages, position = np.unique(histories.T, return_inverse=True)
    expected = model.expected_number_of_purchases_up_to_time(ages)
    return float(np.bincount(position, histories.weights) @ expected)


def total_forecast_error(model: LikelihoodModel, histories: Histories) -> float:
    """Return the standard error of the log of all purchases expected in the next ``max(T)``.

    Delta method: the slope of the log total along the log-parameters, through the inverse Hessian
    of the log-likelihood. A flat direction does no harm as long as the total doesn't change along
    it: parameters may be unidentified while the forecast is not. Parameters at their bound count
    as given.
    """
    some = histories.take(slice(None, None, max(1, len(histories) // SAMPLE)))
    horizon = float(histories.T.max())
    nearby = copy(model)

    def log_total(log_parameters: Floats) -> float:
        nearby.theta_ = np.exp(log_parameters)
        total = some.weights @ nearby.expected_purchases(some, horizon)
        return float(np.log(np.maximum(total, np.finfo(float).tiny)))

    point = np.log(model.parameters())
    free = np.array([name not in model.at_bound_ for name in model.names])
    slope = np.array(
        [(log_total(point + d) - log_total(point - d)) / (2 * STEP) for d in STEP * np.eye(4)]
    )[free]
    if not slope.size:
        return 0.0
    curvatures, directions = np.linalg.eigh(model._hessian_[np.ix_(free, free)])
    along = (directions.T @ slope) ** 2
    curvatures = np.maximum(curvatures, NO_CURVATURE)
    return float(np.sqrt((along / curvatures).sum() / model.customers_))
