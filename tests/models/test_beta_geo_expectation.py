"""Expected purchases given alive, against arithmetic with 60 digits and an independent sum."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.models.purchase.beta_geo_expectation import _integral, _series, purchases_while_alive

SHAPES_OF_LEAVING = (0.01, 0.5, 0.999999, 1, 1 + 1e-9, 1.001, 1.5, 3, 50)
#: r, alpha, b: as on CDNOW in days; a file with hardly any repeats; heavy buyers; alpha near 0
POPULATIONS = ((0.25, 60, 2.4), (1e-3, 5, 0.05), (20, 500, 1e-3), (0.5, 1e-2, 50))


def exact(t, shape, rate, a, stays):
    """c / (a - 1) * [1 - 2F1(shape, a - 1; c; -t / rate)] with c = a + stays - 1, in 60 digits."""
    with mpmath.workdps(60):
        t, shape, rate, a, stays = map(mpmath.mpf, (t, shape, rate, a, stays))
        near = mpmath.mpf(10) ** -30
        a += near * (a == 1)
        stays += near * (a + stays == 1)
        c, z = a + stays - 1, t / (rate + t)
        product = (1 - z) ** (a - 1) * mpmath.hyp2f1(c - shape, a - 1, c, z, maxterms=10**6)
        return float(c / (a - 1) * (1 - product))


def summed(t, shape, rate, a, stays):
    """Sum over n of P(at least n events of the mixed Poisson process) * P(still there at the n-th).

    An independent route: no hypergeometric function, every term positive.
    """
    mean = shape * t / rate
    log_rest, log_z = -np.log1p(t / rate), -np.log1p(rate / t)
    n = np.arange(1, int(mean + 60 * (1 + mean) * (1 / np.sqrt(shape) + 1)) + 200)
    log_terms = shape * log_rest + np.cumsum(np.log((shape + n - 1) / n) + log_z)
    there = np.exp(np.concatenate([[0.0], np.cumsum(-np.log1p(a / (stays + n[:-1] - 1)))]))
    return float(np.exp(log_terms) @ np.cumsum(there))


def one(function, t, shape, rate, a, stays):
    arrays = (np.array([float(v)]) for v in (t, shape, rate))
    return function(*arrays, a, np.array([float(stays)]))[0]


@pytest.mark.parametrize("a", SHAPES_OF_LEAVING)
@pytest.mark.parametrize("x", [0, 1, 10, 200, 10_000])
def test_grid_against_60_digits(a, x):
    for r, alpha, b in POPULATIONS:
        for age, t in ((0, 3650), (1, 1), (100, 30), (100, 3650), (7300, 365)):
            for first in (0, 1):
                case = (t, r + x, alpha + age, a, b + x + first)
                expected = exact(*case)
                assert one(purchases_while_alive, *case) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("a", SHAPES_OF_LEAVING)
def test_series_and_integral_agree(a):
    rng = np.random.default_rng(7)
    t, rho, beta = rng.uniform(1, 3650, 400), rng.uniform(0.1, 300, 400), rng.uniform(5, 7300, 400)
    stays = rho + rng.uniform(0.1, 5, 400)
    series = _series(t, rho, beta, a, stays)
    both = np.isfinite(series)
    assert both.mean() > 0.3
    integral = _integral(t[both], rho[both], beta[both], a, stays[both])
    np.testing.assert_allclose(series[both], integral, rtol=1e-11)


@pytest.mark.parametrize(
    "case",
    [
        (365, 1e-6, 60, 0.8, 2.4),  # the two terms cancel all but completely
        (365, 1e6, 1e9, 0.8, 2.4),  # all customers alike
        (365, 0.5, 60, 1e-8, 1.0),  # nobody leaves
        (365, 0.5, 60, 1e6, 1e6),  # everybody leaves with probability 1/2
        (365, 0.5, 60, 0.3, 1e-8),
        (365, 30.0, 60, 0.2, 0.3),  # c < 0
        (365, 30.0, 60, 0.5, 0.5),  # c = 0
        (3650, 2.0, 20, 3, 0.5),
    ],
)
def test_extremes_against_an_independent_sum(case):
    assert one(purchases_while_alive, *case) == pytest.approx(summed(*case), rel=1e-9)


magnitude = st.floats(-8, 8).map(lambda e: 10.0**e)


@settings(max_examples=150, deadline=None)
@given(
    r=magnitude,
    a=magnitude,
    b=magnitude,
    alpha=magnitude,
    x=st.integers(0, 10_000),
    age=st.floats(0, 7300),
    first=st.integers(0, 1),
)
def test_finite_positive_and_growing_whatever_the_parameters(r, a, b, alpha, x, age, first):
    t = np.array([0.0, 1.0, 30.0, 365.0, 3650.0])
    shape, rate = np.array(r + x), np.array(alpha + age)
    expected = purchases_while_alive(t, shape, rate, a, np.array(b + x + first))
    assert expected[0] == 0
    assert np.isfinite(expected).all()
    assert (expected[1:] > 0).all()
    assert (np.diff(expected) >= -1e-9 * expected[1:]).all()
    # Never more than if nobody could leave.
    assert (expected <= shape * t / rate * (1 + 1e-9)).all()


def test_broadcasts():
    result = purchases_while_alive(
        np.array([1.0, 2.0]), np.ones((3, 1)), np.full((3, 1), 9.0), 0.8, np.full((3, 1), 2.0)
    )
    assert result.shape == (3, 2)
    assert np.ptp(result[:, 0]) == 0
