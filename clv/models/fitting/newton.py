"""Newton's method in a box, for likelihoods of three or four log-parameters.

The likelihoods here come with their second derivatives at little extra cost, so ten iterations do
what a quasi-Newton method does in fifty. The likelihood may be flat or have its maximum at
infinity (customers who are all alike, nobody who ever leaves): the box makes that a point that is
reached and reported, and not a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clv.core.types import Floats

    #: log-parameters → value, gradient, Hessian
    Objective = Callable[[Floats], tuple[float, Floats, Floats]]

#: Largest gradient component (of a mean log-likelihood) that counts as zero.
GRADIENT_TOLERANCE: Final = 1e-10
#: The same where rounding stops every further step.
STALLED_TOLERANCE: Final = 1e-6
#: Longest step in any log-parameter: a factor of about 20.
LONGEST_STEP: Final = 3.0
#: A curvature (relative to the largest one) that rounding can't tell from zero.
FLAT: Final = 1e-10
#: A share of a parameter in the flat directions that is none.
UNTOUCHED: Final = 1e-6
#: Two ends are one if no log-parameter differs by more, and the value by no larger share.
SAME_POINT: Final = 1e-3
SAME_VALUE: Final = 1e-11
#: Share of a Newton step below which there is no use in trying.
SHORTEST_STEP: Final = 1e-10


class Optimum(NamedTuple):
    """Where a minimisation ended.

    Attributes
    ----------
    point
        Shape (k,), log-parameters.
    value
        The objective there.
    hessian
        Shape (k, k).
    converged
        Whether the gradient vanishes in every direction that the box leaves open.
    at_bound
        Shape (k,), bool: parameters that lie on the box.
    iterations
        Newton steps taken.
    """

    point: Floats
    value: float
    hessian: Floats
    converged: bool
    at_bound: np.ndarray[tuple[int], np.dtype[np.bool_]]
    iterations: int


def minimise(
    objective: Objective, start: Floats, lower: Floats, upper: Floats, max_iterations: int = 200
) -> Optimum:
    """Minimise by damped Newton steps, projected on the box.

    Parameters
    ----------
    objective
        Returns value, gradient (k,) and Hessian (k, k).
    start, lower, upper
        Shape (k,).
    max_iterations
        Steps before giving up.

    Returns
    -------
    Optimum
        Never raises for want of convergence: see its ``converged``.
    """
    point = np.clip(np.asarray(start, dtype=float), lower, upper)
    value, gradient, hessian = objective(point)
    iterations = 0
    converged = False
    while iterations < max_iterations:
        held = ((point <= lower) & (gradient > 0)) | ((point >= upper) & (gradient < 0))
        free = ~held
        slope = float(np.max(np.abs(gradient[free]), initial=0.0))
        if slope <= GRADIENT_TOLERANCE:
            converged = True
            break
        direction = np.zeros_like(point)
        direction[free] = _newton_direction(gradient[free], hessian[np.ix_(free, free)])
        found = _search(objective, point, value, gradient, direction, lower, upper)
        if found is None:
            converged = slope <= STALLED_TOLERANCE
            break
        point, (value, gradient, hessian) = found
        iterations += 1
    on_box = (point <= lower) | (point >= upper)
    return Optimum(point, value, hessian, converged, on_box, iterations)


def best_of(
    objective: Objective,
    starts: Iterable[Floats],
    lower: Floats,
    upper: Floats,
    max_iterations: int = 200,
) -> Optimum:
    """Minimise from the first start, and from the others only if the first ends in doubt.

    In doubt means: not converged, on the box, or not a clear minimum (a curvature of zero or less);
    and in no doubt any more is what a second start has led to as well. The lowest value wins,
    converged ends before others.
    """
    return min(all_ends(objective, starts, lower, upper, max_iterations), key=_rank)


def all_ends(
    objective: Objective,
    starts: Iterable[Floats],
    lower: Floats,
    upper: Floats,
    max_iterations: int = 200,
) -> list[Optimum]:
    """Return where the starts lead, the later ones tried as in `best_of`; best first."""
    ends: list[Optimum] = []
    for start in starts:
        found = minimise(objective, start, lower, upper, max_iterations)
        best = min(ends, key=_rank, default=None)
        ends.append(found)
        if best is not None and _same(best, found):
            break
        if (best is None or _rank(found) < _rank(best)) and is_clear_minimum(found):
            break
    return sorted(ends, key=_rank)


def _same(best: Optimum, found: Optimum) -> bool:
    """Return whether two searches converged to one point: a third would hardly find another."""
    near = np.abs(best.point - found.point).max() <= SAME_POINT
    level = abs(best.value - found.value) <= SAME_VALUE * max(abs(best.value), 1.0)
    return bool(best.converged and found.converged and near and level)


def is_clear_minimum(optimum: Optimum) -> bool:
    """Return whether the search converged inside the box, with curvature in every direction."""
    if not optimum.converged or optimum.at_bound.any():
        return False
    curvatures = np.linalg.eigvalsh(optimum.hessian)
    return bool(curvatures[0] > FLAT * max(curvatures[-1], 1.0))


def inverse_curvature(optimum: Optimum) -> Floats:
    """Invert the Hessian; what the data don't determine gets infinite variance, never NaN.

    Returns
    -------
    Floats
        Shape (k, k). Parameters on the box count as given and the others are judged as if they
        were known; a parameter on the box, or one that takes part in a direction without
        curvature, has an infinite diagonal and zeros beside it.
    """
    size = optimum.point.size
    inverse = np.zeros((size, size))
    open_ = np.flatnonzero(~optimum.at_bound)
    determined = np.zeros(size, dtype=bool)
    if open_.size:
        curvatures, directions = np.linalg.eigh(optimum.hessian[np.ix_(open_, open_)])
        sound = curvatures > FLAT * max(curvatures[-1], 1.0)
        kept = directions[:, sound]
        inverse[np.ix_(open_, open_)] = (kept / curvatures[sound]) @ kept.T
        # A parameter is determined when the flat directions leave it (almost) alone.
        determined[open_] = (directions[:, ~sound] ** 2).sum(axis=1) < UNTOUCHED
    inverse[~determined, :] = 0.0
    inverse[:, ~determined] = 0.0
    inverse[~determined, ~determined] = np.inf
    return inverse


def _rank(optimum: Optimum) -> tuple[bool, float]:
    return (not optimum.converged, optimum.value)


def _newton_direction(gradient: Floats, hessian: Floats) -> Floats:
    """Solve with the absolute curvatures, so that the direction always leads downhill."""
    curvatures, directions = np.linalg.eigh(hessian)
    size = np.abs(curvatures)
    size = np.maximum(size, max(float(size.max()) * 1e-12, 1e-14))
    direction: Floats = -directions @ ((directions.T @ gradient) / size)
    longest = float(np.max(np.abs(direction)))
    return direction * min(1.0, LONGEST_STEP / longest) if longest else direction


def _search(
    objective: Objective,
    point: Floats,
    value: float,
    gradient: Floats,
    direction: Floats,
    lower: Floats,
    upper: Floats,
) -> tuple[Floats, tuple[float, Floats, Floats]] | None:
    """Halve the step until the value falls enough (Armijo); ``None`` if it never does."""
    length = 1.0
    while length > SHORTEST_STEP:
        trial = np.clip(point + length * direction, lower, upper)
        step = trial - point
        if not step.any():
            return None
        outcome = objective(trial)
        if np.isfinite(outcome[0]) and outcome[0] < value + 1e-4 * min(0.0, float(gradient @ step)):
            return trial, outcome
        # Close to the minimum the value no longer tells; the gradient still does.
        if (
            np.isfinite(outcome[0])
            and outcome[0] <= value + 1e-14 * abs(value)
            and np.abs(outcome[1]).max() < 0.5 * np.abs(gradient).max()
        ):
            return trial, outcome
        length *= 0.4
    return None


def penalised_in_logs(
    total: tuple[float, Floats, Floats], theta: Floats, customers: float, penalizer: float
) -> tuple[float, Floats, Floats]:
    """Return what `minimise` takes: the penalised mean per customer, in log-parameters.

    Parameters
    ----------
    total
        The log-likelihood of all customers, its gradient (k,) and Hessian (k, k) in ``theta``.
    theta
        The parameters, shape (k,).
    customers
        How many customers the total is of.
    penalizer
        Weight of the sum of squares of ``theta``.
    """
    value, gradient, hessian = total
    penalty = penalizer * float((theta**2).sum())
    slope = (-gradient / customers + 2 * penalizer * theta) * theta
    curvature = -hessian / customers + 2 * penalizer * np.eye(theta.size)
    # Chain rule for theta = exp(log theta).
    curvature = curvature * np.outer(theta, theta) + np.diag(slope)
    return -value / customers + penalty, slope, curvature
