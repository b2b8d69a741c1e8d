"""Log-linear Poisson regression of counts on what was expected of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Floats


def poisson_fit(
    counts: Floats, expected: Floats, design: Floats, precision: Floats | None = None
) -> Floats:
    """Return the coefficients of ``log E[count] = log expected + design @ coefficients``.

    Newton's method on the Poisson likelihood, from the overall level; NaN where it has no maximum.

    Parameters
    ----------
    counts, expected
        Shape (n,). Where nothing is expected, a row says nothing.
    design
        Shape (n, k), the first column the level.
    precision
        Shape (k,): of normal priors with mean 0 on the coefficients, 0 for none.
    """
    held = np.zeros(design.shape[1]) if precision is None else precision
    result = np.zeros(design.shape[1])
    if not (counts.sum() > 0 and expected.sum() > 0):
        return result * np.nan
    result[0] = np.log(counts.sum() / expected.sum())
    for _ in range(50):
        mean = expected * np.exp(np.clip(design @ result, -30, 30))
        curvature = design.T @ (mean[:, None] * design) + np.diag(held)
        try:
            step = np.linalg.solve(curvature, design.T @ (counts - mean) - held * result)
        except np.linalg.LinAlgError:
            return result * np.nan
        # A long first step overshoots into overflow; the level itself is right from the start.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        result += step
        if np.abs(step).max() < 1e-10:
            return result
    return result * np.nan
