"""Probabilities, waits and scores of MBG/NBD and BG/NBD against independent routes."""

from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from clv.models._lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
from clv.models.fitting.likelihood_model import LONGEST_WAIT
from clv.models.histories import Histories
from clv.models.purchase.bg_nbd import BGNBD
from clv.models.purchase.mbg_nbd import MBGNBD

NAMES = ("r", "alpha", "a", "b")
PAIRS = pytest.mark.parametrize(
    ("ours", "theirs"), [(MBGNBD, ModifiedBetaGeoFitter), (BGNBD, BetaGeoFitter)]
)


def given_parameters(model, *parameters):
    fitted = model()
    fitted.params_ = pd.Series(parameters, index=NAMES, dtype=float)
    return fitted


@pytest.fixture(scope="module")
def mbg(cdnow):
    return MBGNBD().fit(*cdnow)


# Values of reference_numbers.md, weeks, from the parameters of Batislam et al. (2007).


def test_new_customer(mbg):
    expected = mbg.expected_number_of_purchases_up_to_time([1, 3, 32, 78])
    np.testing.assert_allclose(expected, [0.0531, 0.1508, 1.0366, 1.8036], atol=5e-5)


def test_published_customers(mbg):
    assert mbg.predict(39, 2, 30.43, 38.86) == pytest.approx(1.26267, abs=5e-6)
    assert mbg.conditional_probability_alive(2, 30.43, 38.86) == pytest.approx([0.70613], abs=5e-6)
    assert mbg.predict(39, 0, 0, 38.86) == pytest.approx(0.15395, abs=5e-6)
    assert mbg.conditional_probability_alive(0, 0, 38.86) == pytest.approx([0.38972], abs=5e-6)


@PAIRS
def test_same_forecasts_as_lifetimes_where_it_is_exact(ours, theirs, cdnow):
    model = given_parameters(ours, 0.5, 6.2, 0.9, 1.6)
    reference = given_parameters(theirs, 0.5, 6.2, 0.9, 1.6)
    x, t_x, age, _ = cdnow
    for name in ("conditional_probability_alive",):
        np.testing.assert_allclose(
            getattr(model, name)(x, t_x, age), getattr(reference, name)(x, t_x, age), rtol=1e-12
        )
    name = "conditional_expected_number_of_purchases_up_to_time"
    for t in (1, 39, 500):
        np.testing.assert_allclose(
            getattr(model, name)(t, x, t_x, age),
            getattr(reference, name)(t, x, t_x, age),
            rtol=1e-9,
        )
        assert model.expected_number_of_purchases_up_to_time(t) == pytest.approx(
            reference.expected_number_of_purchases_up_to_time(t), rel=1e-10
        )
    for n in range(30):
        assert model.probability_of_n_purchases_up_to_time(39, n) == pytest.approx(
            reference.probability_of_n_purchases_up_to_time(39, n), rel=1e-9
        )


@pytest.mark.parametrize("model", [MBGNBD, BGNBD])
def test_nothing_special_at_a_equal_to_1(model):
    below, at, above = (
        given_parameters(model, 0.5, 6.2, a, 1.6).predict(39, np.arange(20), 20.0, 30.0)
        for a in (1 - 1e-9, 1, 1 + 1e-9)
    )
    np.testing.assert_allclose(at, (below + above) / 2, rtol=1e-14)
    np.testing.assert_allclose(below, above, rtol=1e-8)


def test_alive_without_overflow():
    model = given_parameters(MBGNBD, 0.5, 6.2, 0.9, 1.6)
    alive = model.conditional_probability_alive([10_000, 10_000, 0], [100, 7300, 0], [7300] * 3)
    assert alive[0] == 0
    assert alive[1] == pytest.approx(1 / (1 + 0.9 / 10_001.6), rel=1e-14)
    assert 0 < alive[2] < 1
    assert given_parameters(BGNBD, 0.5, 6.2, 0.9, 1.6).conditional_probability_alive(0, 0, 9e9) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_against_a_simulation_of_one_customer(first):
    """Draw from the prior, keep those with the very history, look what they did next."""
    r, alpha, a, b = 1.3, 12.0, 0.9, 2.2
    rng = np.random.default_rng(11)
    n, age, horizon = 400_000, 20.0, 15.0
    rate, p = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    # How many purchases until the one after which the customer is gone; 0: it was the first one.
    last = rng.geometric(p) - first
    before = rng.poisson(rate * age)
    after = rng.poisson(rate * horizon)
    # History "no repeat purchase": either there was none, or the customer was gone at once.
    history = (before == 0) | (last == 0)
    alive = history & (last > 0)
    # Given alive and nothing before, purchases count until the last one.
    bought = np.where(alive, np.minimum(after, last), 0)[history]
    model = given_parameters(MBGNBD if first else BGNBD, r, alpha, a, b)
    error = 4 / np.sqrt(history.sum())
    assert alive.sum() / history.sum() == pytest.approx(
        model.conditional_probability_alive(0, 0, age)[0], abs=error
    )
    assert (bought > 0).mean() == pytest.approx(
        model.probability_of_purchase(horizon, 0, 0, age), abs=error
    )
    assert bought.mean() == pytest.approx(
        model.predict(horizon, 0, 0, age), abs=error * bought.std()
    )


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("n", [0, 1, 7, 40])
def test_count_probability_against_quadrature(first, n):
    """Average the Poisson process with drop-out over p; the gamma mixture is negative binomial."""
    r, alpha, a, b, t = 0.8, 5.0, 0.7, 1.9, 30.0

    def events(k):
        return float(
            mpmath.rf(r, k)
            / mpmath.factorial(k)
            * (alpha / (alpha + t)) ** r
            * (t / (alpha + t)) ** k
        )

    tail = 1 - sum(events(k) for k in range(n))

    def given_p(p):
        chances = n + first
        left = p * (1 - p) ** (chances - 1) * tail if chances else 0.0
        return (1 - p) ** chances * events(n) + left

    density = beta_distribution(a, b).pdf
    expected = quad(lambda u: given_p(u**4) * density(u**4) * 4 * u**3, 0, 1, limit=400)[0]
    model = given_parameters(MBGNBD if first else BGNBD, r, alpha, a, b)
    assert model.probability_of_n_purchases_up_to_time(t, n) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", [MBGNBD, BGNBD])
@pytest.mark.parametrize(
    "parameters", [(0.5, 6.2, 0.9, 1.6), (3, 0.5, 0.05, 2), (1e-6, 1, 9, 1e-6)]
)
def test_count_probabilities_sum_to_1_and_give_the_expectation(model, parameters):
    fitted = given_parameters(model, *parameters)
    n = np.arange(60_000)
    chances = fitted.probability_of_n_purchases_up_to_time(500, n)
    assert np.isfinite(chances).all()
    assert (chances >= 0).all()
    assert chances.sum() == pytest.approx(1, abs=1e-11)
    assert chances @ n == pytest.approx(
        fitted.expected_number_of_purchases_up_to_time(500), rel=1e-8
    )
    assert fitted.probability_of_n_purchases_up_to_time(0, [0, 1, 5]) == pytest.approx([1, 0, 0])


def test_waits(mbg):
    history = (2, 30.43, 38.86)
    alive = mbg.conditional_probability_alive(*history)[0]
    r, alpha, _, _ = mbg.parameters()
    median = mbg.wait_if_alive(Histories.of(2, 0, 38.86))
    assert median == pytest.approx((alpha + 38.86) * (2 ** (1 / (r + 2)) - 1), rel=1e-14)
    assert mbg.probability_of_purchase(median, *history) == pytest.approx(alive / 2, rel=1e-13)
    for q in (0.0, 0.1, 0.5, 0.7):
        wait = mbg.wait(*history, q=q)
        assert mbg.probability_of_purchase(wait, *history) == pytest.approx(q, abs=1e-13)
    assert mbg.wait(*history, q=0.71) == np.inf
    assert mbg.wait_if_alive(Histories.of(2, 0, 38.86), q=0.999999) < np.inf
    with pytest.raises(ValueError, match="below 1"):
        mbg.wait_if_alive(Histories.of(2, 0, 38.86), q=1)


@pytest.mark.parametrize("model", [MBGNBD, BGNBD])
def test_scores_are_the_single_forecasts(model, cdnow):
    fitted = model().fit(*cdnow)
    x, t_x, age, _ = cdnow
    horizons = [4.0, 39.0, 200.0]
    # whole numbers take a table, others a sort
    for t_x_, age_ in ((t_x, age), (np.floor(t_x), np.ceil(age))):
        scores = fitted.score(Histories.of(x, t_x_, age_), horizons)
        alive = fitted.conditional_probability_alive(x, t_x_, age_)
        np.testing.assert_array_equal(scores.p_alive, alive)
        np.testing.assert_array_equal(
            scores.next_order_days, fitted.wait_if_alive(Histories.of(x, 0, age_))
        )
        for k, t in enumerate(horizons):
            np.testing.assert_allclose(
                scores.purchases[:, k], fitted.predict(t, x, t_x_, age_), rtol=1e-13
            )
            np.testing.assert_allclose(
                scores.p_purchase[:, k],
                fitted.probability_of_purchase(t, x, t_x_, age_),
                rtol=1e-13,
            )


def test_score_of_nobody(mbg):
    scores = mbg.score(Histories.of([], [], []), [30, 60])
    assert scores.purchases.shape == scores.p_purchase.shape == (0, 2)
    assert scores.p_alive.shape == scores.next_order_days.shape == (0,)


magnitude = st.floats(-7, 7).map(lambda e: 10.0**e)


@settings(max_examples=150, deadline=None)
@given(
    parameters=st.tuples(magnitude, magnitude, magnitude, magnitude),
    model=st.sampled_from([MBGNBD, BGNBD]),
    x=st.integers(0, 10_000),
    age=st.integers(0, 7300),
    share=st.floats(0, 1),
)
def test_every_score_is_finite_and_a_probability_is_one(parameters, model, x, age, share):
    fitted = given_parameters(model, *parameters)
    x = min(x, age)
    t_x = share * age if x else 0
    scores = fitted.score(Histories.of([x], [t_x], [age]), [0, 1, 30, 365, 3650])
    for part in scores:
        assert np.isfinite(part).all()
        assert (part >= 0).all()
    assert scores.p_alive[0] <= 1
    assert (scores.p_purchase <= scores.p_alive[0]).all()
    assert (np.diff(scores.p_purchase[0]) >= 0).all()
    assert (np.diff(scores.purchases[0]) >= -1e-9 * scores.purchases[0, 1:]).all()
    # Markov: at least one purchase is no more likely than the expected number.
    assert (scores.p_purchase <= scores.purchases * (1 + 1e-9) + 1e-300).all()
    assert scores.next_order_days[0] <= LONGEST_WAIT


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.predict(-1, 2, 30.43, 38.86),
        lambda m: m.probability_of_purchase([1, -1], 2, 30.43, 38.86),
        lambda m: m.conditional_expected_number_of_purchases_up_to_time(-1, 2, 30.43, 38.86),
        lambda m: m.expected_number_of_purchases_up_to_time([5, -1]),
        lambda m: m.probability_of_n_purchases_up_to_time(-1, 2),
    ],
)
@pytest.mark.parametrize("model", [MBGNBD, BGNBD])
def test_lifetimes_calls_refuse_times_before_now(model, ask):
    with pytest.raises(ValueError, match="must be 0 or longer, not -1"):
        ask(given_parameters(model, 0.5, 6.2, 0.9, 1.6))
