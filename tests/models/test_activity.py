"""P(a purchase between two days to come), against arithmetic with 30 digits and a simulation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from clv.models.histories import Histories
from clv.models.purchase.activity import purchase_between
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.purchase.pooled_rate import PooledRate

SHAPES_OF_LEAVING = (1e-8, 0.01, 0.5, 1, 1.5, 3, 50)
#: r, alpha, b: as on CDNOW in days; hardly any repeats; heavy buyers; alpha near 0; all alike
POPULATIONS = ((0.25, 60, 2.4), (1e-3, 5, 0.05), (20, 500, 1e-3), (0.5, 1e-2, 50), (1e4, 1e6, 1))
EDGES = np.array([0.0, 1, 30, 365, 3650])
AGES = np.array([0.0, 100, 7300])


def exact(start, end, shape, rate, a, stays):
    """2F1 at both ends, by Pfaff's transformation of E[(1 + p z)^-m], in 30 digits."""
    with mpmath.workdps(30):
        start, end, shape, rate, a, stays = map(mpmath.mpf, (start, end, shape, rate, a, stays))

        def mean(z):
            c = a + stays
            series = mpmath.hyp2f1(c - shape, a, c, z / (1 + z), maxterms=10**6)
            return (1 + z) ** -a * series

        span = end - start
        silent = (rate / (rate + span)) ** shape * mean(start / (rate + span))
        return float(mean(start / rate) - silent)


@pytest.mark.parametrize("a", SHAPES_OF_LEAVING)
@pytest.mark.parametrize("x", [0, 1, 10, 200, 10_000])
def test_grid_against_high_precision(a, x):
    # Exact values take their time: each (a, x) meets one population, every population each x.
    at = SHAPES_OF_LEAVING.index(a) + len(str(x))
    r, alpha, b = POPULATIONS[at % len(POPULATIONS)]
    first, age = at % 2, AGES[at % 3]
    found = purchase_between(
        EDGES, np.array([r + x]), np.array([alpha + age]), a, np.array([b + x + first])
    )[0]
    for j in (1, 3):
        wanted = exact(*EDGES[j : j + 2], r + x, alpha + age, a, b + x + first)
        assert found[j] == pytest.approx(wanted, rel=0, abs=1e-9)


def test_far_more_leaving_than_staying_and_the_reverse():
    edges = np.array([0.0, 30, 60])
    for a, stays in ((200, 300), (1e-6, 1e-6), (0.3, 1e-8)):
        found = purchase_between(edges, np.array([2.0]), np.array([60.0]), a, np.array([stays]))
        wanted = [exact(0, 30, 2, 60, a, stays), exact(30, 60, 2, 60, a, stays)]
        np.testing.assert_allclose(found[0], wanted, rtol=0, atol=1e-9)


def model_of(kind, r=0.8, alpha=40.0, a=0.7, b=1.6):
    errors = dict.fromkeys(("r", "alpha", "a", "b"))
    return kind.from_card(
        {
            "parameters": {"r": r, "alpha": alpha, "a": a, "b": b},
            "standard_errors": errors,
            "log_likelihood": 0.0,
            "customers": 1.0,
            "converged": True,
            "at_bound": [],
            "penalizer_coef": 0.0,
        }
    )


@pytest.mark.parametrize("kind", [MBGNBDCore, BGNBDCore])
def test_the_first_span_is_the_chance_of_a_purchase(kind):
    model = model_of(kind)
    x, age = np.array([0.0, 1, 7, 7]), np.array([0.0, 30, 400, 400])
    between = model.p_purchase_between(Histories.of(x, 0, age), [0, 45, 90])
    scores = model.score(Histories.of(x, np.where(x > 0, age, 0), age), [45])
    np.testing.assert_allclose(
        between[:, 0] * scores.p_alive, scores.p_purchase[:, 0], rtol=0, atol=1e-12
    )
    assert (between[2] == between[3]).all()
    assert between.shape == (4, 2)


@pytest.mark.parametrize("kind", [MBGNBDCore, BGNBDCore])
def test_against_a_simulation(kind):
    model, rng, n = model_of(kind), np.random.default_rng(3), 400_000
    x, age, edges = 3, 120.0, np.array([0.0, 30, 60, 90, 120])
    r, alpha, a, b = model.parameters()
    rate = rng.gamma(r + x, 1 / (alpha + age), n)
    leave = rng.beta(a, b + x + model.first_can_be_last, n)
    seen = np.zeros((n, 4), dtype=bool)
    time, going = np.zeros(n), np.ones(n, dtype=bool)
    while going.any():
        time += rng.exponential(1 / rate)
        going &= time <= edges[-1]
        span = np.clip(np.searchsorted(edges, time) - 1, 0, 3)
        seen[np.flatnonzero(going), span[going]] = True
        going &= rng.random(n) >= leave
    found = model.p_purchase_between(Histories.of([x], 0, [age]), edges)[0]
    assert np.abs(seen.mean(axis=0) - found).max() < 4 * np.sqrt(0.25 / n)


def test_when_nobody_leaves():
    model = PooledRate()
    model.rate_ = 0.01
    found = model.p_purchase_between(Histories.of([0, 5], 0, [10, 300]), [0, 30, 100])
    np.testing.assert_allclose(found, [[1 - np.exp(-0.3), 1 - np.exp(-0.7)]] * 2, rtol=1e-14)


def test_nobody_to_score():
    assert purchase_between(EDGES, np.empty(0), np.empty(0), 0.5, np.empty(0)).shape == (0, 4)
