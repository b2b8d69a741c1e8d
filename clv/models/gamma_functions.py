"""Gamma functions of positive numbers.

`scipy.special` has them too, but takes longer to import than the models take to fit. Both expansions
are the asymptotic ones of Abramowitz & Stegun (1964), 6.1.41, 6.3.18 and 6.4.12; below ``LARGE`` the
recurrences carry the argument up to it.
"""

from __future__ import annotations

from math import lgamma
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.models.base import Floats

#: From here on the first terms of the expansions are exact to rounding.
LARGE: Final = 15
_HALF_LOG_2_PI: Final = 0.5 * float(np.log(2 * np.pi))
#: Bernoulli numbers B2, B4, ...
_BERNOULLI: Final = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6])
_TWICE: Final = 2 * np.arange(1, _BERNOULLI.size + 1)


def log_beta(a: ArrayLike, b: float) -> Floats:
    """Return log B(a, b), shape (n,).

    In Stirling's form: the logarithms of gamma functions of large arguments would cancel.
    """
    first = np.atleast_1d(np.asarray(a, dtype=float))
    second = np.array([float(b)])
    both = first + second
    result: Floats = (
        _HALF_LOG_2_PI
        - (first - 0.5) * np.log1p(second / first)
        - (second - 0.5) * np.log1p(first / second)
        - 0.5 * np.log(both)
        + _stirling_rest(first)
        + _stirling_rest(second)
        - _stirling_rest(both)
    )
    return result


def _stirling_rest(x: Floats) -> Floats:
    """Return ``log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2``."""
    large = np.maximum(x, LARGE)
    rest = _series(_BERNOULLI / (_TWICE * (_TWICE - 1)), large) * large
    small = np.flatnonzero(x < LARGE)
    few = x[small]
    rest[small] = [lgamma(value) for value in few]
    rest[small] += few - (few - 0.5) * np.log(few) - _HALF_LOG_2_PI
    return rest


def digamma(x: ArrayLike) -> Floats:
    """Return the derivative of log Gamma, shape (n,)."""
    at, below = _carried(x)
    result: Floats = (
        np.log(at) - 0.5 / at - _series(_BERNOULLI / _TWICE, at) - (1 / below).sum(axis=0)
    )
    return result


def trigamma(x: ArrayLike) -> Floats:
    """Return the second derivative of log Gamma, shape (n,)."""
    at, below = _carried(x)
    result: Floats = 1 / at + 0.5 / at**2 + _series(_BERNOULLI, at) / at + (below**-2.0).sum(axis=0)
    return result


def _carried(x: ArrayLike) -> tuple[Floats, Floats]:
    """Return x + LARGE, and x, x + 1, ... up to it, shape (LARGE, n)."""
    start = np.atleast_1d(np.asarray(x, dtype=float))
    return start + LARGE, start + np.arange(LARGE)[:, None]


def _series(coefficients: Floats, x: Floats) -> Floats:
    """Return ``c1 / x**2 + c2 / x**4 + ...``."""
    square = 1 / x**2
    total = np.zeros_like(x)
    for coefficient in coefficients[::-1]:
        total = (total + coefficient) * square
    return total
