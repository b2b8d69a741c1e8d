"""Pareto/NBD: published values, arithmetic with 20 digits, simulation, lifetimes, hard files."""

from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
from lifetimes import ParetoNBDFitter

from clv.core.errors import FitError
from clv.core.metrics import amounts
from clv.models.card import from_card, to_card
from clv.models.histories import Histories
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.pareto_nbd_likelihood import ParetoNBDLikelihood
from tests.places import LIFETIMES

#: r, alpha, s, beta: CDNOW in weeks; hardly any repeats; nobody leaves; all leave alike; heavy
#: buyers, all alike; alpha near 0; both near 0; beta far away; an extreme hazard
POPULATIONS = (
    (0.55, 10.58, 0.61, 11.67),
    (0.01, 5, 2.0, 0.5),
    (20, 500, 0.01, 1e4),
    (0.5, 0.01, 3, 100),
    (1e3, 1e5, 1, 1),
    (1, 1e-6, 0.3, 1e-3),
    (1e-3, 1, 1e-3, 1e-6),
    (2, 1e7, 1e5, 1e8),
    (0.3, 3, 1e4, 1e2),
)
TRIPLES = (
    *((0, 0, 0), (0, 0, 100), (0, 0, 7300), (1, 5, 400), (3, 1, 7300), (10, 350, 365)),
    *((100, 300, 7300), (100, 7200, 7300), (10_000, 7299, 7300), (10_000, 7000, 7300)),
)


def model_of(r, alpha, s, beta):
    parameters = {"r": r, "alpha": alpha, "s": s, "beta": beta}
    return ParetoNBD.from_card(
        {
            "parameters": parameters,
            "standard_errors": dict.fromkeys(parameters),
            "log_likelihood": 0,
            "customers": 1,
            "converged": True,
            "at_bound": [],
            "penalizer_coef": 0,
        }
    )


def simulate(rng, customers, r, alpha, s, beta, until):
    """Return (frequency, recency) of each customer at age ``until`` and their purchases' end."""
    rate, hazard = rng.gamma(r, 1 / alpha, customers), rng.gamma(s, 1 / beta, customers)
    lifetime = rng.exponential(1 / hazard)
    active = np.minimum(lifetime, until)
    x = rng.poisson(rate * active)
    t_x = np.where(x > 0, active * rng.beta(np.maximum(x, 1), 1), 0)
    return x, t_x, rate, lifetime


def integral(function, length, start):
    """Integrate from 0 to length in log(start + tau), in many pieces, 20 digits."""
    if length == 0:
        return mpmath.mpf(0)
    end = mpmath.log1p(length / start)
    cuts = {end * k / 12 for k in range(13)} | {end * mpmath.mpf(4) ** -k for k in range(2, 9)}

    def transformed(v):
        return function(start * mpmath.expm1(v)) * start * mpmath.exp(v)

    return mpmath.quad(transformed, sorted(cuts), method="gauss-legendre", maxdegree=4)


def integral_in_floats(function, length, start):
    """Integrate as `integral` does, where nothing cancels, so that floats have digits enough."""
    end = np.log1p(length / start)
    cuts = np.unique([*(end * np.arange(13) / 12), *(end * 4.0 ** -np.arange(2, 9))])
    nodes, weights = np.polynomial.legendre.leggauss(48)
    half = np.diff(cuts)[:, None] / 2
    v = cuts[:-1, None] + half * (1 + nodes)
    return float((half * weights * function(start * np.expm1(v)) * start * np.exp(v)).sum())


def exact(r, alpha, s, beta, x, t_x, age):
    """Return log J and P(alive)."""
    with mpmath.workdps(20):
        r, alpha, s, beta, x, t_x, age = map(mpmath.mpf, (r, alpha, s, beta, x, t_x, age))
        rate, hazard, silence = alpha + t_x, beta + t_x, age - t_x

        def still(tau):
            return mpmath.exp(-(r + x) * mpmath.log1p(tau / rate) - s * mpmath.log1p(tau / hazard))

        left = integral(lambda tau: s / (hazard + tau) * still(tau), silence, min(rate, hazard))
        stayed = still(silence)
        return float(mpmath.log(stayed + left)), float(stayed / (stayed + left))


def hypergeometric(r, alpha, s, beta, x, t_x, age):
    """Return the log-likelihood with 2F1: Fader & Hardie (2005), eq. 16 and 17, alpha >= beta."""
    with mpmath.workdps(50):
        r, alpha, s, beta, x, t_x, age = map(mpmath.mpf, (r, alpha, s, beta, x, t_x, age))
        both, order = r + s + x, s + 1

        def term(at):
            ratio = (alpha - beta) / (alpha + at)
            return mpmath.hyp2f1(both, order, both + 1, ratio) / (alpha + at) ** both

        bracket = 1 / ((alpha + age) ** (r + x) * (beta + age) ** s)
        bracket += s / both * (term(t_x) - term(age))
        return float(
            mpmath.loggamma(r + x)
            - mpmath.loggamma(r)
            + r * mpmath.log(alpha)
            + s * mpmath.log(beta)
            + mpmath.log(bracket)
        )


@pytest.fixture(scope="module")
def fitted(cdnow):
    return ParetoNBD().fit(Histories.of(*cdnow))


def test_cdnow_as_published(fitted):
    # Fader & Hardie: .5533, 10.578, .6062, 11.67 (11.656 to 11.669 across implementations),
    # log-likelihood -9594.98; theirs stop a few thousandths below the maximum.
    r, alpha, s, beta = fitted.parameters()
    assert (round(r, 4), round(alpha, 3), round(s, 4)) == (0.5533, 10.578, 0.6062)
    assert beta == pytest.approx(11.667, abs=0.0015)
    assert fitted.log_likelihood_ == pytest.approx(-9594.98, abs=0.01)
    assert fitted.converged_
    assert fitted.at_bound_ == ()


def test_likelihood_with_2f1(cdnow, fitted):
    alike = cdnow.x + 1e3 * cdnow.t_x + 1e7 * cdnow.age
    rows = np.argsort(alike)[::40]
    triples = cdnow.x[rows], cdnow.t_x[rows], cdnow.age[rows]
    for parameters in (fitted.parameters(), (0.55, 20.0, 0.61, 11.0), (2.0, 3.0, 1.0, 0.7)):
        r, alpha, s, beta = parameters
        if alpha < beta:  # alpha >= beta is the case that `hypergeometric` has
            alpha, beta = beta, alpha
        point = np.log([r, alpha, s, beta])
        found = ParetoNBDLikelihood(Histories.of(*triples)).log_likelihood(point)
        wanted = sum(hypergeometric(r, alpha, s, beta, *t) for t in zip(*triples, strict=True))
        assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("population", POPULATIONS)
def test_likelihood_and_p_alive_with_20_digits(population):
    r, alpha, s, beta = population
    for x, t_x, age in TRIPLES:
        silent, alive = exact(*population, x, t_x, age)
        row = [np.array([float(v)]) for v in (x, t_x, age, 1)]
        shape, rate, hazard = (np.array([float(v)]) for v in (r + x, alpha + t_x, beta + t_x))
        found = ParetoNBDLikelihood(Histories.of(*row))._silent_terms(
            slice(0, 1), shape, rate, s, hazard
        )
        assert found[0] == pytest.approx(silent, rel=1e-12, abs=1e-12)
        p_alive = model_of(*population).probability_alive(Histories.of(x, t_x, age))[0]
        assert p_alive == pytest.approx(alive, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("penalizer", [0.0, 0.05])
@pytest.mark.parametrize("point", [(-0.3, 0.4, 0.2, -0.7), (2.0, -3.0, -4.0, 3.0), (5, 5, 5, -5)])
def test_derivatives_against_differences(cdnow, penalizer, point):
    x, t_x, age, weights = cdnow
    likelihood = ParetoNBDLikelihood(Histories.of(x, t_x / 39, age / 39, weights), penalizer)
    point = np.array(point, dtype=float)
    value, gradient, hessian = likelihood(point)
    steps = 1e-5 * np.eye(4)
    slopes = [(likelihood(point + s)[0] - likelihood(point - s)[0]) / 2e-5 for s in steps]
    bends = [(likelihood(point + s)[1] - likelihood(point - s)[1]) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8 * max(1, abs(value)))
    np.testing.assert_allclose(hessian, bends, rtol=1e-6, atol=1e-8 * max(1, np.abs(hessian).max()))


@pytest.mark.parametrize("population", POPULATIONS)
def test_purchase_probabilities_are_integrals(population):
    r, alpha, s, beta = population
    model, edges = model_of(*population), np.array([0.0, 30, 365, 3650])
    for x, age in ((0, 0), (3, 400), (10_000, 7300)):
        rate, hazard, shape = alpha + age, beta + age, r + x

        def bought(start, length, rate=rate, hazard=hazard, shape=shape):
            def first(v):
                stays = np.exp(-s * np.log1p((start + v) / hazard))
                return shape / (rate + v) * np.exp(-shape * np.log1p(v / rate)) * stays

            return integral_in_floats(first, length, min(rate, hazard + start))

        between = model.p_purchase_between(Histories.of([x], 0, [age]), edges)[0]
        wanted = [bought(edges[i], edges[i + 1] - edges[i]) for i in range(3)]
        np.testing.assert_allclose(between, wanted, rtol=1e-9, atol=1e-12)
        scores = model.score(Histories.of([x], [age if x else 0], [age]), edges[:0:-1])
        wanted = [bought(0, t) * scores.p_alive[0] for t in edges[:0:-1]]
        np.testing.assert_allclose(scores.p_purchase[0], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("s", [0.3, 1 - 1e-9, 1.0, 1 + 1e-9, 2.5, 40.0])
def test_expected_purchases_also_where_s_is_1(s):
    r, alpha, beta, x, age, t = 0.6, 10.0, 12.0, 4, 40.0, 30.0
    found = model_of(r, alpha, s, beta).pair_purchases(x, age, t)
    with mpmath.workdps(40):
        one, hazard = mpmath.mpf(s) - 1, mpmath.mpf(beta) + age
        span = (hazard / (hazard + t)) ** one
        inner = (1 - span) / one if one else mpmath.log1p(t / hazard)
        wanted = (r + mpmath.mpf(x)) * hazard / (alpha + mpmath.mpf(age)) * inner
    assert float(found) == pytest.approx(float(wanted), rel=1e-12)


def test_new_customers():
    model = model_of(0.55, 10.58, 0.61, 11.67)
    alive = model.probability_alive_after(Histories.of([0], [0], [0]), [0, 10, 100])
    np.testing.assert_allclose(alive[0], (11.67 / (11.67 + np.array([0, 10, 100]))) ** 0.61)
    expected = model.expected_number_of_purchases_up_to_time([1, 52])
    closed = 0.55 * 11.67 / (10.58 * -0.39) * (1 - (11.67 / (11.67 + np.array([1, 52]))) ** -0.39)
    np.testing.assert_allclose(expected, closed, rtol=1e-12)
    np.testing.assert_allclose(
        model.score(Histories.of([0], [0], [0]), [1, 52]).purchases[0], closed
    )


def test_against_a_simulation():
    # Customers of the same triple, by rejection: x = 2 after 50, the last one between 20 and 22.
    r, alpha, s, beta = 1.2, 20.0, 0.8, 30.0
    rng = np.random.default_rng(11)
    x, t_x, rate, lifetime = simulate(rng, 4_000_000, r, alpha, s, beta, 50.0)
    same = (x == 2) & (t_x > 20) & (t_x < 22)
    n = int(same.sum())
    assert n > 10_000
    model = model_of(r, alpha, s, beta)
    active = np.clip(lifetime[same] - 50, 0, 30)
    later = rng.poisson(rate[same] * active)
    scores = model.score(Histories.of([2], [21.0], [50.0]), [30.0])
    for drawn, expected in (
        (active > 0, scores.p_alive[0]),
        (later > 0, scores.p_purchase[0, 0]),
        (later, scores.purchases[0, 0]),
        (
            active == 30,
            model.probability_alive_after(Histories.of([2], [21.0], [50.0]), [30.0])[0, 0],
        ),
    ):
        assert abs(drawn.mean() - expected) < 4 * drawn.std() / np.sqrt(n)
    draws = model.draw(Histories.of(np.full(n, 2), np.full(n, 21.0), np.full(n, 50.0)), rng)
    assert not draws.last_is_purchase
    stays = np.minimum(draws.lifetimes(rng), 30)
    drawn = rng.poisson(draws.rate * stays)
    assert abs(drawn.mean() - later.mean()) < 5 * later.std() / np.sqrt(n)


def test_waits():
    model = model_of(0.55, 10.58, 0.61, 11.67)
    # Lomax, as MBG/NBD's: what matters is r + x and alpha + T
    assert model.wait_if_alive(Histories.of(2, 0, 40)) == pytest.approx(
        50.58 * (2 ** (1 / 2.55) - 1)
    )
    assert model.due(Histories.of(2, 30, 30)) == pytest.approx(40.58 * (10 ** (1 / 2.55) - 1))
    scores = model.score(Histories.of([2], [30], [30 + model.due(Histories.of(2, 30, 30))]), [1])
    assert scores.p_silent[0] == pytest.approx(0.1)
    assert model.score(Histories.of([0], [0], [0]), [1]).next_order_days[0] == model.wait_if_alive(
        Histories.of(0, 0, 0)
    )
    with pytest.raises(ValueError, match="quantile q"):
        model.wait_if_alive(Histories.of(1, 0, 1), 1)


def test_scores_are_consistent(cdnow, fitted):
    x, t_x, age, _ = cdnow
    horizons = np.array([39.0, 1, 13, 39, 520])
    scores = fitted.score(Histories.of(x, t_x, age), horizons)
    np.testing.assert_allclose(
        scores.purchases, scores.p_alive[:, None] * scores.purchases_if_active
    )
    np.testing.assert_array_equal(scores.purchases[:, 0], scores.purchases[:, 3])
    np.testing.assert_allclose(scores.p_purchase[:, 0], scores.p_purchase[:, 3], rtol=1e-12)
    ascending = np.argsort(horizons[1:]) + 1
    for part in (scores.purchases, scores.p_purchase):
        assert (np.diff(part[:, ascending], axis=1) >= 0).all()
    assert (scores.p_purchase <= scores.p_alive[:, None]).all()
    assert (scores.p_purchase <= scores.purchases).all()
    between = fitted.p_purchase_between(Histories.of(x, 0, age), [0, 39])
    np.testing.assert_allclose(between[:, 0] * scores.p_alive, scores.p_purchase[:, 0], rtol=1e-11)
    (one,) = fitted.expected_purchases(Histories.of(x[7], t_x[7], age[7]), 39)
    assert isinstance(one, float)
    assert one == pytest.approx(scores.purchases[7, 0])


@pytest.mark.parametrize("population", POPULATIONS)
def test_nothing_but_numbers(population):
    x, t_x, age = np.array([(0, 0, 0), (0, 0, 7300), (1, 1, 1), *TRIPLES]).T
    scores = model_of(*population).score(Histories.of(x, t_x, age), [1e-3, 1, 365, 36_525])
    for part in scores:
        assert np.isfinite(part).all()
        assert (part >= 0).all()
    assert (scores.p_alive <= 1).all()
    assert (scores.p_purchase <= 1).all()
    assert (scores.p_silent <= 1).all()


def test_recovers_its_parameters():
    truth = np.array([0.8, 15.0, 0.9, 25.0])
    rng = np.random.default_rng(2)
    age = rng.uniform(30, 100, 60_000)
    x, t_x, _, _ = simulate(rng, age.size, *truth, age)
    model = ParetoNBD().fit(Histories.of(x, t_x, age))
    assert model.converged_
    assert (np.abs(model.theta_ - truth) < 3 * model.errors_()).all()
    # and they are not just wide
    assert (model.errors_() < 0.12 * truth).all()


@pytest.mark.parametrize("name", ["cdnow", "donations"])
def test_never_worse_than_lifetimes(name, request, fit_lifetimes):
    data = request.getfixturevalue(name)
    reference, _ = fit_lifetimes(ParetoNBDFitter(), *data)
    model = ParetoNBD().fit(Histories.of(*data))
    assert model.converged_
    # Its optimum under the likelihood that is checked above; lifetimes' own total isn't weighted.
    theirs = ParetoNBDLikelihood(Histories.of(*data)).log_likelihood(
        np.log(reference.params_.to_numpy())
    )
    assert model.log_likelihood_ >= theirs - 1e-12 * abs(theirs)
    if name == "cdnow":
        np.testing.assert_allclose(model.params_, reference.params_, rtol=5e-3)
        assert theirs == pytest.approx(model.log_likelihood_, abs=1e-3)


def test_cdnow_master(cdnow_master):
    model = ParetoNBD().fit(Histories.of(*cdnow_master))
    assert model.converged_
    # lifetimes, after 16 s: .5974, 11.5855, .5222, 8.8260
    assert round(model.log_likelihood_, 2) == -95415.12
    np.testing.assert_allclose(model.parameters(), (0.5974, 11.5857, 0.5222, 8.8278), rtol=1e-4)


def test_hold_out_of_the_cdnow_sample():
    # 39 weeks to learn from, 39 to compare with; 2,357 customers, repeat purchases
    log = pd.read_csv(LIFETIMES / "CDNOW_sample.txt", sep=r"\s+", header=None, usecols=[1, 2])
    log.columns = ["customer", "day"]
    log["day"] = pd.to_datetime(log["day"].astype(str), format="%Y%m%d")
    days = log.drop_duplicates()
    known = days["day"] <= "1997-09-30"
    each = days[known].groupby("customer")["day"].agg(["min", "max", "size"])
    later = days[~known].groupby("customer").size().reindex(each.index).fillna(0)
    x = each["size"] - 1
    t_x, age = (each["max"] - each["min"]), (pd.Timestamp("1997-09-30") - each["min"])
    triples = x, t_x.dt.days / 7, age.dt.days / 7
    found = amounts(
        later,
        ParetoNBD().fit(Histories.of(*triples)).expected_purchases(Histories.of(*triples), 39),
    )
    names = ("mae", "rmse", "bias", "gini", "top10")
    assert [round(found[name], 4) for name in names] == [0.7545, 1.6028, -0.115, 0.6726, 0.4702]


def test_online_retail_converges(online_retail_cleanings):
    for name, data in online_retail_cleanings.items():
        model = ParetoNBD().fit(Histories.of(*data))
        assert model.converged_, name
        assert np.isfinite(
            model.score(Histories.of(data.x, data.t_x, data.age), [30, 365]).purchases
        ).all()


@pytest.mark.parametrize("share", [0.01, 0.02, 0.03])
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_marketplace_converges(share, seed, make_marketplace):
    data = make_marketplace(seed, share)
    model = ParetoNBD().fit(Histories.of(*data))
    assert model.converged_
    assert not np.isnan(model.variance_).any()
    assert np.isfinite(
        model.score(Histories.of(data.x, data.t_x, data.age), [30, 365]).purchases
    ).all()


def test_time_unit_and_weights_are_the_callers(cdnow, fitted):
    x, t_x, age, weights = cdnow
    days = ParetoNBD().fit(Histories.of(x, t_x * 7, age * 7, weights))
    np.testing.assert_allclose(days.theta_ / fitted.theta_, [1, 7, 1, 7], rtol=1e-7)
    longer = days.log_likelihood_ + weights @ x * np.log(7)
    assert longer == pytest.approx(fitted.log_likelihood_, rel=1e-12)
    counted = ParetoNBD().fit(Histories.of([*x, 5], [*t_x, 3], [*age, 9], [*(3 * weights), 0]))
    np.testing.assert_allclose(counted.theta_, fitted.theta_, rtol=1e-7)
    np.testing.assert_allclose(counted.errors_(), fitted.errors_() / np.sqrt(3), rtol=1e-5)


def test_card_is_bit_exact(cdnow, fitted):
    again = from_card(to_card(fitted))
    assert again.card() == fitted.card()
    triples = cdnow.x, cdnow.t_x, cdnow.age
    for old, new in zip(
        fitted.score(Histories.of(*triples), [5, 39]),
        again.score(Histories.of(*triples), [5, 39]),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "data",
    [
        ([0], [0], [5]),
        ([1], [5], [5]),
        ([0, 0, 0], [0, 0, 0], [1, 2, 3]),
        ([10_000], [7299], [7300]),
        ([1, 1, 1], [3, 3, 3], [3, 3, 3]),
        ([0, 3, 1], [0, 0.5, 1e-9], [1e-3, 1, 1e6]),
    ],
)
def test_degenerate_data_never_give_nan(data):
    fitted = ParetoNBD().fit(Histories.of(*data))
    assert np.isfinite(fitted.theta_).all()
    assert (fitted.theta_ > 0).all()
    assert np.isfinite(fitted.log_likelihood_)
    assert not np.isnan(fitted.errors_()).any()
    for part in fitted.score(Histories.of(*data), [1, 30, 3650]):
        assert np.isfinite(part).all()
        assert (part >= 0).all()


def test_contradictory_input():
    with pytest.raises(ValueError, match="later than its T"):
        ParetoNBD().fit(Histories.of([1], [6], [5]))
    with pytest.raises(FitError, match="nothing was observed"):
        ParetoNBD().fit(Histories.of([0], [0], [0]))
    with pytest.raises(ValueError, match="call fit first"):
        ParetoNBD().expected_purchases(Histories.of(1, 1, 1), 1)
