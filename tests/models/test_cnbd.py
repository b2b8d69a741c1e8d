"""MBG/CNBD-k and BG/CNBD-k: k = 1 is MBG/NBD, arithmetic with 30 digits, simulation, hard files."""

from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from clv.core.errors import FitError
from clv.models.card import from_card, to_card
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.purchase.cnbd import BGCNBD, MBGCNBD
from clv.models.purchase.cnbd_expectation import gauss_beta, purchase_between, purchases_while_alive
from clv.models.purchase.cnbd_likelihood import CNBDLikelihood
from tests.places import LIFETIMES

MODELS = pytest.mark.parametrize(("ours", "plain"), [(MBGCNBD, MBGNBDCore), (BGCNBD, BGNBDCore)])
#: r, alpha, a, b: a plain file; hardly any repeats; nobody leaves; all leave; all alike
POPULATIONS = (
    (0.8, 15.0, 0.7, 2.0),
    (1e-3, 5, 0.3, 0.05),
    (2, 30, 1e-8, 1),
    (0.5, 0.01, 50, 1e-3),
    (1e4, 1e6, 1, 1),
)


def model_of(kind, k, r, alpha, a, b):
    parameters = {"r": r, "alpha": alpha, "a": a, "b": b}
    return kind.from_card(
        {
            "parameters": parameters,
            "standard_errors": dict.fromkeys(parameters),
            "log_likelihood": 0,
            "customers": 1,
            "converged": True,
            "at_bound": [],
            "penalizer_coef": 0,
            "k": k,
            "log_likelihoods": {str(k): 0},
        }
    )


def population(rng, customers, parameters, first=1):
    """Return everybody's rate, and which purchase is the last one (0: the first of all)."""
    r, alpha, a, b = parameters
    rate, p = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    return rate, rng.geometric(p) - first


def purchases(rng, k, rate, most):
    """Return the times of the next purchases, shape (customers, most)."""
    return (rng.standard_gamma(k, (rate.size, most)) / rate[:, None]).cumsum(axis=1)


def simulate(rng, customers, k, parameters, first=1, most=60):
    """Return purchase times, shape (customers, most), and which purchase is the last one."""
    rate, last = population(rng, customers, parameters, first)
    return purchases(rng, k, rate, most), np.minimum(last, most)


def summary(times, last, until):
    """Return (frequency, recency, sum of the logs of the gaps) at age ``until``."""
    made = (times <= np.reshape(until, (-1, 1))) & (np.arange(times.shape[1]) < last[:, None])
    x = made.sum(axis=1)
    t_x = np.where(x > 0, times[np.arange(x.size), np.maximum(x, 1) - 1], 0.0)
    gaps = np.diff(times, axis=1, prepend=0.0)
    return x, t_x, float(np.log(gaps[made]).sum())


def exact(k, r, alpha, a, b, x, t_x, age, first):
    """Return the likelihood without its gaps, and P(alive), by integration over lambda."""
    with mpmath.workdps(30):
        r, alpha, a, b, t_x, age = map(mpmath.mpf, (r, alpha, a, b, t_x, age))
        silence, y = age - t_x, x + first

        def weight(rate):
            prior = alpha**r * rate ** (r - 1) * mpmath.exp(-alpha * rate) / mpmath.gamma(r)
            return prior * rate ** (k * x) * mpmath.exp(-rate * t_x)

        def mean(function):
            middle = (r + k * x) / (alpha + t_x)
            cuts = [0, *(middle * mpmath.mpf(2) ** i for i in range(-6, 7)), mpmath.inf]
            return mpmath.quad(lambda rate: weight(rate) * function(rate), cuts)

        def silent(rate):
            return mpmath.gammainc(k, rate * silence, regularized=True)

        alive = mean(silent) * mpmath.beta(a, b + y) / mpmath.beta(a, b)
        gone = mpmath.mpf(0)
        if y:
            gone = mean(lambda rate: 1) * mpmath.beta(a + 1, b + y - 1) / mpmath.beta(a, b)
        return float(mpmath.log(alive + gone)), float(alive / (alive + gone))


def direct(k, t, shape, rate, a, stays, terms=30_000):
    """Sum over m of P(at least m purchases are due) and P(not left after the m - 1 before)."""
    m = np.arange(1, terms)
    log_stayed = np.cumsum(np.log((stays + m - 1) / (a + stays + m - 1)))
    stayed = np.exp(np.concatenate([[0.0], log_stayed[:-1]]))
    due = [nbinom.sf(k * m - j - 1, shape + j, rate / (rate + t)) for j in range(k)]
    return np.array([stayed @ chances for chances in due])


@pytest.fixture(scope="module")
def cdnow_gaps():
    """The calibration period of the CDNOW log, in weeks: sum of the logs of all gaps."""
    log = pd.read_csv(LIFETIMES / "CDNOW_master.txt", sep=r"\s+")
    log["day"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    days = log.loc[log["day"] <= "1997-09-30", ["customer_id", "day"]].drop_duplicates()
    gaps = days.sort_values(["customer_id", "day"]).groupby("customer_id")["day"].diff()
    return float(np.log(gaps.dropna().dt.days / 7).sum())


@MODELS
def test_k_1_is_the_plain_model(ours, plain, cdnow):
    model, reference = ours().fit(Histories.of(*cdnow), k=1), plain().fit(Histories.of(*cdnow))
    assert model.parameters() == reference.parameters()
    assert model.log_likelihood_ == reference.log_likelihood_
    assert (model.variance_ == reference.variance_).all()
    x, t_x, age, _ = cdnow
    for ours_, theirs in zip(
        model.score(Histories.of(x, t_x, age), [1, 39, 520]),
        reference.score(Histories.of(x, t_x, age), [1, 39, 520]),
        strict=True,
    ):
        np.testing.assert_allclose(ours_, theirs, rtol=1e-9)
    np.testing.assert_allclose(
        model.probability_alive_after(Histories.of(x, t_x, age), [1, 39, 520]),
        reference.probability_alive_after(Histories.of(x, t_x, age), [1, 39, 520]),
        rtol=1e-8,
    )
    np.testing.assert_allclose(
        model.p_purchase_between(Histories.of(x, t_x, age), [0, 4, 39, 520]),
        reference.p_purchase_between(Histories.of(x, 0, age), [0, 4, 39, 520]),
        atol=1e-9,
    )
    np.testing.assert_allclose(
        model.due(Histories.of(x, t_x, t_x), 0.9), reference.due(Histories.of(x, t_x, t_x), 0.9)
    )
    np.testing.assert_allclose(
        model.expected_number_of_purchases_up_to_time([1, 32]),
        reference.expected_number_of_purchases_up_to_time([1, 32]),
    )


@pytest.mark.parametrize("first", [0, 1])
def test_at_k_1_the_likelihood_is_the_plain_one(first, cdnow):
    from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood

    x, t_x, age, weights = cdnow
    point = np.array([0.3, -0.4, 0.2, 0.5])
    ours = CNBDLikelihood(Histories.of(x, t_x / 39, age / 39, weights), first, 1)(point)
    plain = BetaGeoLikelihood(Histories.of(x, t_x / 39, age / 39, weights), first)(point)
    for part, same in zip(ours, plain, strict=True):
        np.testing.assert_allclose(part, same, rtol=1e-13)


def test_cdnow_is_not_regular(cdnow_master, cdnow_gaps):
    model = MBGCNBD().fit(Histories.of(*cdnow_master), log_gaps=cdnow_gaps)
    assert model.k_ == 1
    assert model.parameters() == MBGNBDCore().fit(Histories.of(*cdnow_master)).parameters()
    assert {k: round(v) for k, v in model.log_likelihoods_.items()} == {1: -95337, 2: -97679}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("k", [2, 5])
def test_likelihood_and_p_alive_with_30_digits(k, first):
    kind = MBGCNBD if first else BGCNBD
    parameters = (0.8, 15.0, 0.7, 2.0)
    for x, t_x, age in ((0, 0, 0), (0, 0, 40), (1, 5, 90), (4, 80, 85), (4, 30, 200)):
        likelihood, alive = exact(k, *parameters, x, t_x, age, first)
        row = [np.array([float(v)]) for v in (x, t_x, age, 1)]
        found = CNBDLikelihood(Histories.of(*row), first, k).log_likelihood(np.log(parameters))
        assert found == pytest.approx(likelihood, rel=1e-10, abs=1e-12)
        p_alive = model_of(kind, k, *parameters).probability_alive(Histories.of(x, t_x, age))[0]
        assert p_alive == pytest.approx(alive, rel=1e-9)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("point", [(-0.3, 0.4, 0.2, -0.7), (2.0, -3.0, -4.0, 3.0)])
def test_derivatives_against_differences(cdnow, first, k, point):
    x, t_x, age, weights = cdnow
    likelihood = CNBDLikelihood(Histories.of(x, t_x / 39, age / 39, weights), first, k, 0.02)
    point = np.array(point, dtype=float)
    value, gradient, hessian = likelihood(point)
    steps = 1e-5 * np.eye(4)
    slopes = [(likelihood(point + s)[0] - likelihood(point - s)[0]) / 2e-5 for s in steps]
    bends = [(likelihood(point + s)[1] - likelihood(point - s)[1]) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8 * max(1, abs(value)))
    np.testing.assert_allclose(hessian, bends, rtol=1e-6, atol=1e-8 * max(1, np.abs(hessian).max()))


def test_gauss_beta_has_the_moments():
    for a in (1e-6, 0.7, 30.0):
        b = np.array([0.2, 1.0, 2.3, 1e4])
        p, weight = gauss_beta(a, b, 8)
        for m in range(1, 16):
            moments = np.exp(np.log((a + np.arange(m)) / (a + b[:, None] + np.arange(m))).sum(1))
            np.testing.assert_allclose((weight * p**m).sum(axis=1), moments, rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_expected_purchases_against_the_sum_over_purchases(k):
    cases = [
        (t, shape, rate, a, stays)
        for t, rate in ((1.0, 500.0), (30.0, 40.0), (365.0, 20.0))
        for shape in (0.05, 3.0, 400.0)
        for a, stays in ((0.7, 3.0), (1.0, 1.2), (1e-8, 2.0), (5.0, 300.0), (40.0, 1.001))
    ]
    t, shape, rate, a, stays = np.array(cases).T
    for hazard in np.unique(a):
        rows = a == hazard
        columns = (v[rows] for v in (t, shape, rate))
        found = purchases_while_alive(k, *columns, hazard, stays[rows])
        wanted = [direct(k, *c) for c in np.array(cases)[rows]]
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("k", [1, 3])
def test_chance_of_a_first_purchase_is_negative_binomial(k):
    t, shape, rate, stays = np.array([[5.0, 0.3, 20, 1.5], [90, 7.5, 400, 4], [3650, 40, 8, 20]]).T
    found = purchase_between(k, np.zeros(3), t, shape, rate, 0.6, stays)
    due = [nbinom.sf(k - j - 1, shape + j, rate / (rate + t)) for j in range(k)]
    np.testing.assert_allclose(found, np.transpose(due), rtol=0, atol=1e-10)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_chance_of_a_purchase_later_against_the_sum_over_stages(k):
    # i stages pass before the span begins: j + i in all, and the rate is then gamma(N + i, A + t1)
    i, cases = np.arange(3_000), []
    for begin, end in ((3.0, 4.0), (40.0, 70.0), (300.0, 900.0)):
        for shape, rate in ((0.2, 20.0), (6.0, 200.0), (300.0, 3000.0)):
            cases.extend((begin, end, shape, rate, stays) for stays in (1.1, 3.0, 60.0))
    columns = np.array(cases).T
    for a in (1e-6, 0.6, 1.0, 25.0):
        found = purchase_between(k, *columns[:4], a, columns[4])
        for row, (begin, end, shape, rate, stays) in zip(found, cases, strict=True):
            log_stayed = np.log((stays + i) / (a + stays + i)).cumsum()
            stayed = np.exp(np.concatenate([[0.0], log_stayed[:-1]]))
            for j in range(k):
                before = nbinom.pmf(i, shape + j, rate / (rate + begin))
                due = nbinom.sf(k - 1 - (j + i) % k, shape + j + i, (rate + begin) / (rate + end))
                wanted = (before * stayed[(j + i) // k] * due).sum()
                assert row[j] == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("kind", [MBGCNBD, BGCNBD])
def test_against_a_simulation(kind):
    # Customers of the same triple, by rejection: x = 2 after 60, the last one between 33 and 36.
    # Three purchases tell who they are; the others are drawn for them alone.
    k, parameters = 3, (1.5, 5.0, 0.6, 2.0)
    rng = np.random.default_rng(9)
    rate, last = population(rng, 3_000_000, parameters, kind.first_can_be_last)
    times = purchases(rng, k, rate, 3)
    x, t_x, _ = summary(times, last, 60.0)
    same = (x == 2) & (t_x > 33) & (t_x < 36)
    times, last = times[same], np.minimum(last[same], 40)
    times = np.hstack([times, times[:, -1:] + purchases(rng, k, rate[same], 37)])
    n = last.size
    assert n > 10_000
    made = np.arange(times.shape[1]) < last[:, None]
    alive = last > 2  # two purchases made: the next one would still come
    later = (made & (times > 60) & (times <= 100)).sum(axis=1)
    between = (made & (times > 75) & (times <= 85)).any(axis=1)
    leaves = np.where(last < 40, times[np.arange(n), np.minimum(last, 40) - 1], np.inf)
    model = model_of(kind, k, *parameters)
    triple = [2], [34.5], [60.0]
    scores = model.score(Histories.of(*triple), [40.0])
    inside = model.p_purchase_between(Histories.of([2], [34.5], [60.0]), [15, 25])
    for drawn, expected in (
        (alive, scores.p_alive[0]),
        (later > 0, scores.p_purchase[0, 0]),
        (later, scores.purchases[0, 0]),
        (between, scores.p_alive[0] * inside[0, 0]),
        (
            alive & (leaves > 100),
            model.probability_alive_after(Histories.of(*triple), [40.0])[0, 0],
        ),
        (times[alive, 2] - 60 < scores.next_order_days[0], 0.5),
    ):
        assert abs(drawn.mean() - expected) < 4 * drawn.std() / np.sqrt(drawn.size) + 2e-3


def test_new_customers_against_a_simulation():
    k, parameters = 2, (1.2, 8.0, 0.8, 1.5)
    times, last = simulate(np.random.default_rng(12), 400_000, k, parameters)
    model = model_of(MBGCNBD, k, *parameters)
    expected_at = model.expected_number_of_purchases_up_to_time([20, 90])
    for t, expected in zip((20, 90), expected_at, strict=True):
        x = summary(times, last, float(t))[0]
        assert abs(x.mean() - expected) < 4 * x.std() / np.sqrt(x.size)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_regularity_is_found(k):
    truth = np.array([0.8, 15.0, 0.7, 2.0])
    rng = np.random.default_rng(5)
    age = rng.uniform(50, 300, 20_000)
    times, last = simulate(rng, age.size, k, truth, most=400)
    x, t_x, log_gaps = summary(times, last, age)
    model = MBGCNBD().fit(Histories.of(x, t_x, age), log_gaps=log_gaps)
    assert model.k_ == k
    assert model.converged_
    assert (np.abs(model.theta_ - truth) < 3 * model.errors_()).all()
    assert (model.errors_() < [0.05, 0.6, 0.1, 0.4]).all()
    # the total of a period that was not looked at, where the plain model is off
    later = summary(times, last, age + 200)[0] - x
    total = model.score(Histories.of(x, t_x, age), [200]).purchases.sum()
    assert abs(total - later.sum()) < 4 * np.sqrt(later.size * later.var())


def test_waits():
    model = model_of(MBGCNBD, 3, 1.5, 5.0, 0.6, 2.0)
    x, t_x, age = np.array([[0, 0, 0], [0, 0, 50], [2, 30, 60], [40, 390, 400], [9, 3, 4000]]).T
    for q in (1e-6, 0.1, 0.5, 0.9, 1 - 1e-6):
        wait = model.wait_if_alive(Histories.of(x, t_x, age), q)
        reached = [
            model.score(Histories.of([a], [b], [c]), [w]).p_purchase[0, 0]
            / model.score(Histories.of([a], [b], [c]), [w]).p_alive
            for a, b, c, w in zip(x, t_x, age, wait, strict=True)
        ]
        np.testing.assert_allclose(np.ravel(reached), q, rtol=1e-8)
    assert (model.wait_if_alive(Histories.of(x, t_x, age), 0) == 0).all()
    due = model.due(Histories.of(2, 30, 30))
    assert model.p_silent(Histories.of(2, 30, 30 + due))[0] == pytest.approx(0.1, rel=1e-9)
    # regular customers are overdue sooner, for the same mean gap
    assert due < model_of(MBGCNBD, 1, 1.5, 15.0, 0.6, 2.0).due(Histories.of(2, 30, 30))
    with pytest.raises(ValueError, match="quantile q"):
        model.wait_if_alive(Histories.of(1, 1, 1), 1)


@pytest.mark.parametrize("kind", [MBGCNBD, BGCNBD])
@pytest.mark.parametrize("population", POPULATIONS)
def test_nothing_but_numbers(kind, population):
    x, t_x, age = np.array(
        [
            *((0, 0, 0), (0, 0, 7300), (1, 1, 1), (1, 5, 400), (3, 1, 7300), (10, 350, 365)),
            *((100, 300, 7300), (10_000, 7299, 7300), (10_000, 7000, 7300)),
        ]
    ).T
    for k in (2, 8):
        model = model_of(kind, k, *population)
        scores = model.score(Histories.of(x, t_x, age), [1e-3, 1, 365, 36_525])
        later = model.probability_alive_after(Histories.of(x, t_x, age), [1, 36_525])
        between = model.p_purchase_between(Histories.of(x, t_x, age), [0, 30, 36_525])
        for part in (*scores, later, between):
            assert np.isfinite(part).all()
            assert (part >= 0).all()
        for part in (scores.p_alive, scores.p_purchase, scores.p_silent, later, between):
            assert (part <= 1).all()
        assert (scores.purchases >= scores.p_purchase).all()
        assert (np.diff(scores.purchases, axis=1) >= -1e-9).all()
        # P(a purchase) in closed form and by the mean over p
        joint = scores.p_alive[:, None] * model.p_purchase_between(
            Histories.of(x, t_x, age), [0, 365]
        )
        np.testing.assert_allclose(joint[:, 0], scores.p_purchase[:, 2], atol=2e-8)


def test_unit_weights_and_card(cdnow_master, cdnow_gaps):
    x, t_x, age, weights = cdnow_master
    weeks = MBGCNBD().fit(Histories.of(x, t_x, age, weights), k=2, log_gaps=cdnow_gaps)
    purchases = weights @ x
    days = MBGCNBD().fit(
        Histories.of(x, t_x * 7, age * 7, weights), k=2, log_gaps=cdnow_gaps + purchases * np.log(7)
    )
    np.testing.assert_allclose(days.theta_ / weeks.theta_, [1, 7, 1, 1], rtol=1e-7)
    assert days.log_likelihood_ + purchases * np.log(7) == pytest.approx(weeks.log_likelihood_)
    again = from_card(to_card(weeks))
    assert again.card() == weeks.card()
    assert again.k_ == 2
    triples = x[:300], t_x[:300], age[:300]
    for old, new in zip(
        weeks.score(Histories.of(*triples), [5, 39]),
        again.score(Histories.of(*triples), [5, 39]),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


@MODELS
@pytest.mark.parametrize("k", [2, 4])
def test_hard_files_converge(ours, plain, k, make_marketplace, online_retail_cleanings):
    files = [make_marketplace(seed, 0.02) for seed in (0, 1)]
    for data in [*files, online_retail_cleanings["paid only"]]:
        model = ours().fit(Histories.of(*data), k=k)
        assert model.converged_
        assert not np.isnan(model.variance_).any()
        for part in model.score(Histories.of(data.x, data.t_x, data.age), [30, 365]):
            assert np.isfinite(part).all()


@pytest.mark.parametrize("kind", [MBGCNBD, BGCNBD])
@pytest.mark.parametrize(
    "data",
    [
        ([0], [0], [5]),
        ([1], [5], [5]),
        ([10_000], [7299], [7300]),
        ([1, 1, 1], [3, 3, 3], [3, 3, 3]),
        ([0, 3, 1], [0, 0.5, 1e-9], [1e-3, 1, 1e6]),
    ],
)
def test_degenerate_data_never_give_nan(kind, data):
    fitted = kind().fit(Histories.of(*data), k=3)
    assert np.isfinite(fitted.theta_).all()
    assert (fitted.theta_ > 0).all()
    assert np.isfinite(fitted.log_likelihood_)
    for part in fitted.score(Histories.of(*data), [1, 30, 3650]):
        assert np.isfinite(part).all()
        assert (part >= 0).all()


def test_contradictory_input():
    with pytest.raises(ValueError, match="needs log_gaps"):
        MBGCNBD().fit(Histories.of([1], [3], [5]))
    with pytest.raises(ValueError, match="whole number from 1"):
        MBGCNBD().fit(Histories.of([1], [3], [5]), k=0)
    with pytest.raises(ValueError, match="later than its T"):
        MBGCNBD().fit(Histories.of([1], [6], [5]), k=2)
    with pytest.raises(FitError, match="nothing was observed"):
        MBGCNBD().fit(Histories.of([0], [0], [0]), k=2)
