"""Rules of thumb as purchase models: their own forecasts, and a coherent reading of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from clv.core.errors import FitError
from clv.models.card import from_card, to_card
from clv.models.contenders import Known, Past
from clv.models.histories import Histories
from clv.models.purchase.counts import purchase_counts, states
from clv.models.purchase.rules import (
    NO_SPREAD,
    Means,
    PopulationMean,
    RateSoFar,
    RecencyRule,
    gamma_shape,
)

MODELS = (PopulationMean, RateSoFar, RecencyRule)
X = np.array([0.0, 0, 1, 3, 9, 2, 0])
T_X = np.array([0.0, 0, 10, 95, 60, 1, 0])
AGE = np.array([5.0, 100, 100, 100, 61, 100, 0])
HORIZONS = (1.0, 30.0, 90.0, 400.0)


def known(x, t_x, age):
    return Known(Histories.of(x, t_x, age), *[np.zeros(np.size(x))] * 4, 90.0)


@pytest.fixture(scope="module")
def past():
    """Of 10 customers seen within 20 days 6 bought, 18 times; of 10 others 2, 3 times."""
    t_x = np.r_[np.full(10, 90.0), np.full(10, 20.0)]
    bought = np.r_[5, 4, 3, 3, 2, 1, np.zeros(4), 2, 1, np.zeros(8)]
    return Past(known(np.ones(20), t_x, np.full(20, 100.0)), bought, np.zeros(20), 90.0)


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.name)
def fitted(request, past):
    return request.param().fit(Histories.of(X, T_X, AGE), past=past)


@pytest.mark.parametrize("kind", MODELS)
def test_forecasts_are_the_rules_own(kind, past):
    model = kind().fit(Histories.of(X, T_X, AGE), past=past)
    own = kind().learn(known(X, T_X, AGE), past)
    scores = model.score(Histories.of(X, T_X, AGE), HORIZONS)
    for i, days in enumerate(HORIZONS):
        said = own.forecast(known(X, T_X, AGE), days)
        np.testing.assert_array_equal(scores.purchases[:, i], said.purchases)
        np.testing.assert_array_equal(scores.p_purchase[:, i], said.p_purchase)


def test_the_recency_rule_in_numbers(past):
    """Active, .6 bought 1.8 times; of the others .2 did, .3 times: a third of them are active."""
    model = RecencyRule().fit(Histories.of(X, T_X, AGE), past=past)
    assert model.days_ == 10
    scores = model.score(Histories.of([1, 1], [95, 80], [100, 100]), [90, 45])
    np.testing.assert_allclose(scores.p_alive, [1, 1 / 3])
    np.testing.assert_allclose(scores.purchases, [[1.8, 0.9], [0.3, 0.15]])
    np.testing.assert_allclose(scores.purchases_if_active, [[1.8, 0.9], [0.9, 0.45]])
    np.testing.assert_allclose(scores.p_purchase, [[0.6, 1 - 0.4**0.5], [0.2, 1 - 0.8**0.5]])
    # An active customer has the same chance every day: .4^(t/90) is silent for t days.
    median = 90 * np.log(2) / -np.log(0.4)
    np.testing.assert_allclose(scores.next_order_days, median)
    np.testing.assert_allclose(scores.p_silent, 0.4 ** (np.array([5, 20]) / 90))
    assert model.due(Histories.of(3, 50, 50), 0.9) == pytest.approx(90 * np.log(10) / -np.log(0.4))
    between = model.p_purchase_between(Histories.of([1, 1], [95, 80], [100, 100]), [0, 90, 135])
    np.testing.assert_allclose(
        between, [[0.6, 1 - 0.4**0.5], [0.6, 3 * (1 - 0.8**0.5)]], rtol=1e-12
    )


def test_the_rate_so_far_in_numbers():
    model = RateSoFar().fit(Histories.of(X, T_X, AGE))
    scores = model.score(Histories.of([4, 0], [80, 0], [100, 100]), [50])
    assert scores.purchases.tolist() == [[2.0], [0.0]]
    np.testing.assert_allclose(scores.p_purchase, [[1 - np.exp(-2)], [0]])
    assert scores.p_alive.tolist() == [1, 1]
    # 4 purchases in 80 days, then 20 days without one.
    np.testing.assert_allclose(scores.p_silent, [np.exp(-1), 1])
    np.testing.assert_allclose(scores.next_order_days, [25 * np.log(2), 1e9])
    assert model.due(Histories.of(4, 80, 80), 0.9) == pytest.approx(20 * np.log(10))


def test_what_is_said_fits_together(fitted):
    scores = fitted.score(Histories.of(X, T_X, AGE), HORIZONS)
    for part in scores:
        assert np.isfinite(part).all()
        assert (part >= 0).all()
    np.testing.assert_allclose(
        scores.p_alive[:, None] * scores.purchases_if_active, scores.purchases
    )
    np.testing.assert_array_equal(
        fitted.probability_alive(Histories.of(X, T_X, AGE)), scores.p_alive
    )
    chance = fitted.p_purchase_between(Histories.of(X, T_X, AGE), [0, *HORIZONS])
    assert ((chance >= 0) & (chance <= 1)).all()
    for i, days in enumerate(HORIZONS[:3]):
        first = fitted.p_purchase_between(Histories.of(X, T_X, AGE), [0, days])[:, 0]
        np.testing.assert_allclose(scores.p_alive * first, scores.p_purchase[:, i], rtol=1e-12)
    after = fitted.probability_alive_after(Histories.of(X, T_X, AGE), [0, 365, 36_525])
    np.testing.assert_array_equal(after, np.tile(scores.p_alive[:, None], 3))
    waits = fitted.wait_if_alive(Histories.of(X, T_X, AGE), 0.5)
    np.testing.assert_array_equal(waits, scores.next_order_days)
    assert (fitted.wait_if_alive(Histories.of(X, T_X, AGE), 0.0) == 0).all()
    # Who has been silent for as long as `due` says has that chance of having been so.
    due = fitted.due(Histories.of(X, T_X, T_X), 0.9)
    ends = due < 1e6
    overdue = fitted.score(Histories.of(X[ends], T_X[ends], T_X[ends] + due[ends]), [])
    np.testing.assert_allclose(overdue.p_silent, 0.1)


def test_waits_ask_for_what_they_need(fitted):
    with pytest.raises(ValueError, match="quantile"):
        fitted.wait_if_alive(Histories.of(1, 3, 9), 1.0)
    assert fitted.p_purchase_between(Histories.of([1], [3], [9]), [0]).shape == (1, 0)


def test_draws_have_the_forecasts_mean_and_chance(fitted):
    """Over the rule's own period, within 4.5 standard errors; nobody leaves."""
    size, days = 200_000, fitted.period()
    for triple in ((3.0, 95.0, 100.0), (1.0, 10.0, 100.0)):
        rng = np.random.default_rng(5)
        draws = fitted.draw(Histories.of(*(np.full(size, v) for v in triple)), rng)
        assert np.isinf(draws.lifetimes(rng)[draws.alive]).all()
        found = rng.poisson(np.where(draws.alive, draws.rate, 0.0) * days)
        scores = fitted.score(Histories.of(*([v] for v in triple)), [days])
        mean, chance = float(scores.purchases[0, 0]), float(scores.p_purchase[0, 0])
        assert abs(found.mean() - mean) < 4.5 * found.std() / np.sqrt(size)
        error = np.sqrt(chance * (1 - chance) / size)
        assert abs((found > 0).mean() - chance) < 4.5 * error


def test_gamma_shape():
    mean, chance = np.array([1.8, 0.9, 2.0, 0.5, 0.0]), np.array([0.6, 0.01, 0.9, 0.45, 0.0])
    shape = gamma_shape(mean, chance)
    silent = np.exp(-shape * np.log1p(mean / shape))
    np.testing.assert_allclose(silent[:2], 1 - chance[:2], rtol=1e-9)
    # Poisson, or more regular than that: no spread of rates makes less of nothing.
    assert (shape[2:] == NO_SPREAD).all()


def test_a_card_has_it_all(fitted):
    card = json.loads(json.dumps(to_card(fitted), allow_nan=False))
    again = from_card(card)
    assert type(again) is type(fitted)
    assert again.card() == fitted.card()
    for old, new in zip(
        fitted.score(Histories.of(X, T_X, AGE), HORIZONS),
        again.score(Histories.of(X, T_X, AGE), HORIZONS),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


def test_cards_that_miss_a_number(past):
    card = to_card(RecencyRule().fit(Histories.of(X, T_X, AGE), past=past))
    del card["parameters"]["active_days"]
    with pytest.raises(FitError, match="incomplete"):
        from_card(card)


def test_no_days_that_tell(past):
    """Where no N tells more than none, everybody is active and forecast the mean."""
    still = Past(past.history, np.ones(20), np.zeros(20), 90.0)
    model = RecencyRule().fit(Histories.of(X, T_X, AGE), past=still)
    assert model.card()["parameters"]["within_days"] is None
    again = from_card(json.loads(json.dumps(to_card(model))))
    assert again.days_ == np.inf
    scores = again.score(Histories.of(X, T_X, AGE), [45])
    assert (scores.p_alive == 1).all()
    np.testing.assert_allclose(scores.purchases, 0.5)


@pytest.mark.parametrize("kind", [PopulationMean, RecencyRule])
def test_nothing_to_learn_from(kind):
    with pytest.raises(FitError, match="no earlier period"):
        kind().fit(Histories.of(X, T_X, AGE))


@pytest.mark.parametrize(
    ("active", "others"), [((0, 0), (0, 0)), ((1.8, 0.6), (0, 0)), ((1, 1), (3, 1))]
)
def test_extremes(active, others):
    """Nobody bought; none of the others did; the others bought more."""
    model = RecencyRule()
    model.days_ = 10.0
    model.active_, model.inactive_ = (Means(*m, 0.0, 90.0) for m in (active, others))
    scores = model.score(Histories.of([1, 1], [95, 20], [100, 100]), [90.0, 3650.0])
    for part in scores:
        assert np.isfinite(part).all()
        assert (part >= 0).all()
    assert scores.purchases[:, 0].tolist() == [active[0], others[0]]
    expected = 1.0 if others[1] >= active[1] else others[1] / active[1]
    assert scores.p_alive.tolist() == [1, expected]
    draws = model.draw(Histories.of([1, 1], [95, 20], [100, 100]), np.random.default_rng(0))
    assert np.isfinite(draws.rate).all()


# -- how many purchases ----------------------------------------------------------------------------


def counted(model, x, t_x, age, days):
    """Return P(n purchases) of one triple given active, and its state."""
    which = states(model, Histories.of(*(np.array([float(v)]) for v in (x, t_x, age))))
    ((_, ((_, chances),)),) = purchase_counts(model, which, days)
    return chances[0]


@pytest.mark.parametrize("days", [30.0, 90.0, 365.0])
@pytest.mark.parametrize("triple", [(1, 95, 100), (1, 10, 100), (9, 60, 61)])
def test_counts_have_the_forecasts_mean_and_chance(fitted, triple, days):
    chances = counted(fitted, *triple, days)
    mean, chance = fitted.if_active(Histories.of(*triple), days)
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert (chances >= 0).all()
    assert chances @ np.arange(chances.size) == pytest.approx(mean[0], rel=2e-5)
    assert 1 - chances[0] == pytest.approx(min(chance[0], mean[0]), rel=1e-7)


def test_counts_of_the_rate_so_far_are_poisson():
    chances = counted(RateSoFar().fit(Histories.of(X, T_X, AGE)), 4, 80, 100, 50.0)
    np.testing.assert_allclose(chances[:12], poisson(2).pmf(np.arange(12)), rtol=1e-6)


def test_counts_of_the_recency_rule_are_negative_binomial(past):
    """Mean 1.8 and P(none) .4; a frequency has two states, whoever is in them."""
    model = RecencyRule().fit(Histories.of(X, T_X, AGE), past=past)
    shape = float(gamma_shape(np.array([1.8]), np.array([0.6]))[0])
    exact = nbinom(shape, shape / (shape + 1.8)).pmf(np.arange(12))
    assert exact[0] == pytest.approx(0.4)
    np.testing.assert_allclose(counted(model, 3, 95, 100, 90.0)[:12], exact, rtol=1e-7)
    which = states(model, Histories.of(X, T_X, AGE))
    assert which.histories.frequency.tolist() == [0, 0, 1, 2, 3, 9]
    assert which.of.tolist() == [1, 0, 2, 4, 5, 3, 1]
    np.testing.assert_allclose(which.p_alive, [1, 1 / 3, 1 / 3, 1, 1, 1 / 3, 1])


def test_more_often_than_by_chance():
    """Nearly all buy, and once: P(none) is less than Poisson's; the rest follows the first."""
    model = PopulationMean.from_card(
        {"parameters": {"purchases": 1.1, "p_purchase": 0.95, "days": 90.0}, "customers": 9}
    )
    chances = counted(model, 1, 5, 9, 90.0)
    assert chances[0] == pytest.approx(0.05)
    follow = 0.95 * poisson(1.1 / 0.95 - 1).pmf(np.arange(5))
    np.testing.assert_allclose(chances[1:6], follow, rtol=1e-6)
    # Over a tenth of the time the chance a day promises more buyers than there are purchases.
    soon = counted(model, 1, 5, 9, 9.0)
    np.testing.assert_allclose(soon[:3], [1 - 0.11, 0.11, 0], atol=1e-9)
