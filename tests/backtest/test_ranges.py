"""Ranges: exact against brute force, 80 % hold 80 % where the truth is known, and on real data."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clv.backtest.calibration import (
    FEWEST,
    GROUPS,
    Check,
    calibrate,
    check,
    compare,
    coverage,
    groups_of,
    is_whale,
    levels_of,
    receipt_ranges,
)
from clv.backtest.past_dates import plan, sample
from clv.backtest.ranges import factors, spread, tail_of
from clv.backtest.totals import around, model_error, parameter_error
from clv.core import engine
from clv.models.histories import Histories
from clv.models.ladder import fit_purchases, fit_spend
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.purchase.beta_geo_formulas import count_probability
from clv.models.purchase.cnbd import BGCNBD, MBGCNBD
from clv.models.purchase.counts import purchase_counts, states
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.reliability import total_forecast_error
from clv.models.spend.gamma_gamma_core import GammaGammaAll, GammaGammaCore
from clv.models.spend.mean_spend import ConstantSpend
from tests.backtest.test_backtest import cdnow


def made(cls, *theta, **attributes):
    model = cls()
    model.theta_, model.at_bound_ = np.array(theta), ()
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


# CDNOW's parameters, days.
MBG = made(MBGNBDCore, 0.5248, 6.183 * 7, 0.8914, 1.6140)
BG = made(BGNBDCore, 0.2426, 4.4135 * 7, 0.7929, 2.4258)
PARETO = made(ParetoNBD, 0.5533, 10.578 * 7, 0.6062, 11.667 * 7)
MBG2 = made(MBGCNBD, 0.5248, 3.1 * 7, 0.8914, 1.6140, k_=2)
BG3 = made(BGCNBD, 0.5248, 2.1 * 7, 0.8914, 1.6140, k_=3)
POOLED = made(PooledRate, rate_=0.01, standard_error_=0.002)
SPEND = made(GammaGammaCore, 6.25, 3.74, 15.44)
ALL = made(GammaGammaAll, 6.25, 3.74, 15.44)
CONSTANT = made(ConstantSpend, value_=10.0)
ALL_MODELS = [MBG, BG, PARETO, MBG2, BG3, POOLED]
X = np.array([0, 0, 0, 1, 2, 5, 10, 30, 150.0])
T_X = np.array([0, 0, 0, 20, 200, 250, 200, 270, 200.0])
AGE = np.array([270, 20, 0, 270, 270, 270, 270, 273, 203.0])


def name_of(model):
    return f"{model.name}-{getattr(model, 'k_', '')}".rstrip("-")


# -- the distribution of purchases -------------------------------------------------------------------


@pytest.mark.parametrize("model", [MBG, BG], ids=name_of)
def test_an_active_customer_is_a_new_one_with_the_posteriors_parameters(model):
    r, alpha, a, b = model.parameters()
    which = states(model, Histories.of(X, T_X, AGE))
    for x, parts in purchase_counts(model, which, 180.0):
        for rows, chances in parts:
            n = np.arange(chances.shape[1] - 1)
            for row, found in zip(rows, chances, strict=True):
                posterior = (
                    r + x,
                    alpha + which.histories.T[row],
                    a,
                    b + x + model.first_can_be_last,
                )
                expected = count_probability(posterior, 180.0, n, 0)
                assert found[:-1] == pytest.approx(expected, abs=1e-12)
                assert found.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("spend", [None, SPEND, ALL, CONSTANT])
@pytest.mark.parametrize("model", ALL_MODELS, ids=name_of)
def test_expectation_and_chance_are_the_models_own(model, spend):
    found = spread(model, spend, Histories.of(X, T_X, AGE), 365.0)
    scores = model.score(Histories.of(X, T_X, AGE), [365.0])
    assert found.mean == pytest.approx(scores.purchases[:, 0], rel=1e-4)
    if model is not POOLED:
        assert found.mean == pytest.approx(scores.purchases[:, 0], rel=3e-6)
        assert found.p_zero == pytest.approx(1 - scores.p_purchase[:, 0], abs=1e-9)


def test_one_stage_is_no_regularity():
    plain = spread(MBG, SPEND, Histories.of(X, T_X, AGE), 200.0)
    staged = spread(made(MBGCNBD, *MBG.parameters(), k_=1), SPEND, Histories.of(X, T_X, AGE), 200.0)
    assert np.array(staged.range(0.8)) == pytest.approx(np.array(plain.range(0.8)), rel=1e-6)


def test_a_rate_known_badly_makes_counts_negative_binomial():
    """Gamma with 25 purchases' worth of knowledge: shape 25, mean 3.65."""
    found = spread(POOLED, None, Histories.of(np.zeros(1), np.zeros(1), np.ones(1)), 365.0)
    exact = stats.nbinom(25, 25 / (25 + 3.65))
    assert found.p_zero == pytest.approx(exact.pmf(0), rel=1e-12)
    assert found.variance == pytest.approx(exact.var(), rel=1e-4)
    for q in (0.05, 0.1, 0.5, 0.9, 0.99):
        assert found.quantile(q) == [exact.ppf(q)]


def test_an_unknown_kind_of_model_is_said_so():
    with pytest.raises(TypeError, match="ConstantSpend"):
        spread(CONSTANT, None, Histories.of(X, T_X, AGE), 365.0)


# -- the distribution of value ------------------------------------------------------------------------


def brute_force(model, i, days, size=200_000):
    """Simulate purchases one customer at a time and their values: nothing of the formulas above."""
    rng = np.random.default_rng(7)
    draws = model.draw(
        Histories.of(np.full(size, X[i]), np.full(size, T_X[i]), np.full(size, AGE[i])), rng
    )
    stay = draws.lifetimes(rng)
    n = rng.poisson(draws.quiet_rate() * np.minimum(stay, days))
    if draws.last_is_purchase:
        n += draws.alive & (stay <= days)
    p, q, v = SPEND.parameters()
    mean = 30.0
    nu = rng.gamma(p * X[i] + q, 1 / (v + X[i] * mean), size)
    sums = np.where(n > 0, rng.gamma(np.maximum(p * n, 1e-9)) / nu, 0.0)
    return sums / SPEND.order_value([X[i]], [mean])


@pytest.mark.parametrize("model", [MBG, BG, PARETO], ids=name_of)
@pytest.mark.parametrize("i", [1, 4, 5, 7])
def test_quantiles_against_brute_force(model, i):
    drawn = brute_force(model, i, 365.0)
    found = spread(model, SPEND, Histories.of(X, T_X, AGE), 365.0)
    row = np.array([i])
    noise = 4 * np.sqrt(0.25 / drawn.size)
    assert found.p_zero[i] == pytest.approx((drawn == 0).mean(), abs=noise)
    assert found.mean[i] == pytest.approx(drawn.mean(), rel=0.04)
    for q in (0.3, 0.5, 0.8, 0.9, 0.99):
        # Read backwards: what share lies below the quantile.
        share = (drawn <= found.quantile(q, row)).mean()
        assert share == pytest.approx(max(q, found.p_zero[i]), abs=noise + 1e-3)
        at = np.quantile(drawn, q)
        assert found.below(at, row)[1] == pytest.approx(max(q, found.p_zero[i]), abs=noise + 1e-3)


def test_the_variance_against_brute_force():
    drawn = brute_force(MBG, 7, 365.0)
    assert spread(MBG, SPEND, Histories.of(X, T_X, AGE), 365.0).variance[7] == pytest.approx(
        drawn.var(), rel=0.02
    )


def test_the_variant_with_the_first_purchase_knows_one_purchase_more():
    both = np.zeros(1), np.zeros(1), np.full(1, 5.0)
    by_repeat = spread(POOLED, SPEND, Histories.of(1, *both[1:]), 365.0)
    by_all = spread(POOLED, ALL, Histories.of(*both), 365.0)
    assert by_all.quantile(0.9) == pytest.approx(by_repeat.quantile(0.9), rel=1e-9)


def test_values_that_hardly_differ_are_whole_numbers_of_purchases():
    nearly = made(GammaGammaCore, 1e6, 1e6, 10.0)
    smooth, whole = (spread(MBG, s, Histories.of(X, T_X, AGE), 365.0) for s in (nearly, CONSTANT))
    for q in (0.5, 0.85, 0.95):
        # One point of the table apart, at most.
        assert smooth.quantile(q) == pytest.approx(whole.quantile(q), rel=0.05)


def test_equal_values_give_whole_ranges():
    found = spread(MBG, CONSTANT, Histories.of(X, T_X, AGE), 365.0)
    low, high = found.range(0.8)
    assert (low % 1 == 0).all()
    assert (high % 1 == 0).all()
    less, not_more = found.below(high)
    assert (not_more >= 1 - tail_of(found.p_zero, 0.8) - 1e-6).all()
    assert (less <= 1 - tail_of(found.p_zero, 0.8) + 1e-6).all()


@pytest.mark.parametrize("spend", [SPEND, CONSTANT, made(GammaGammaCore, 0.3, 1.05, 5.0)])
@pytest.mark.parametrize("model", ALL_MODELS, ids=name_of)
@pytest.mark.parametrize("days", [1.0, 365.0, 3650.0])
def test_every_number_is_finite_and_ranges_are_nested(model, spend, days):
    found = spread(model, spend, Histories.of(X, T_X, AGE), days, error=0.2)
    edges = []
    for level in (0.5, 0.8, 0.95, 0.998):
        low, high = found.range(level)
        assert np.isfinite(low).all()
        assert np.isfinite(high).all()
        assert (low >= 0).all()
        assert (low <= high).all()
        edges.append((low, high))
    for (low, high), (lower, higher) in pairwise(edges):
        assert (lower <= low).all()
        assert (higher >= high).all()
    assert np.isfinite(found.variance).all()
    assert (found.variance >= 0).all()


def test_what_is_not_known_of_the_parameters_widens():
    narrow, wide = (
        spread(MBG, SPEND, Histories.of(X, T_X, AGE), 365.0, error=e) for e in (0.0, 0.4)
    )
    assert (wide.quantile(0.97) > narrow.quantile(0.97)).all()
    assert wide.quantile(0.1)[7] < narrow.quantile(0.1)[7]
    assert np.array_equal(wide.mean, narrow.mean)


# -- the range ----------------------------------------------------------------------------------------


def test_the_risk_below_moves_above_where_zero_cannot_be_undercut():
    p_zero = np.array([0.0, 0.1, 0.15, 0.2, 0.5, 0.8, 0.95])
    assert tail_of(p_zero, 0.8) == pytest.approx([0.1, 0.1, 0.15, 0.2, 0.2, 0.2, 0.2])


def test_nothing_is_expected_of_who_buys_nothing_with_the_ranges_probability():
    found = spread(MBG, SPEND, Histories.of(X, T_X, AGE), 365.0)
    low, high = found.range(0.8)
    assert np.array_equal(high == 0, found.p_zero >= 0.8)
    assert (low[found.p_zero >= 0.1] == 0).all()


@pytest.mark.parametrize("spend", [SPEND, CONSTANT])
def test_the_smallest_level_is_the_one_from_which_on_the_range_holds_the_value(spend):
    found = spread(MBG, spend, Histories.of(X, T_X, AGE), 365.0)
    for value in (0.0, 1.0, 2.5, 4.0, 13.0):
        needed = found.smallest_level(value, np.arange(X.size))
        for level in (0.5, 0.7, 0.8, 0.9, 0.97):
            low, high = found.range(level)
            held = (low <= value * (1 + 1e-9)) & (value <= high * (1 + 1e-9))
            clear = np.abs(needed - level) > 2e-3
            assert np.array_equal(held[clear], (needed <= level)[clear])
    assert (found.smallest_level(-1.0, np.arange(X.size)) == 1).all()


def test_factors_are_ranges_times_the_share_that_discounting_leaves():
    found = spread(MBG, SPEND, Histories.of(X, T_X, AGE), 365.0)
    made_of = factors(found, 0.9 * found.mean, np.full(9, 0.8), np.full(9, 0.9))
    assert made_of.high == pytest.approx(0.9 * found.range(0.8)[1])
    assert made_of.whale_low == pytest.approx(0.9 * found.range(0.9)[0])
    assert made_of.variance == pytest.approx(0.81 * found.variance)


# -- the truth is known -------------------------------------------------------------------------------


def population(size=20_000, days=180.0):
    """MBG/NBD customers with gamma-gamma values, event by event: history, and what comes after."""
    rng = np.random.default_rng(11)
    age = rng.integers(30, 400, size).astype(float)
    rate = rng.gamma(0.9, 1 / 30, size)
    gaps = rng.exponential(size=(size, 150)) / rate[:, None]
    at = np.cumsum(gaps, axis=1)
    chances = rng.geometric(rng.beta(0.8, 3.0, size))  # leaves after so many purchases
    at[np.arange(1, 151) >= chances[:, None]] = np.inf
    nu = rng.gamma(3.5, 1 / 60.0, size)
    value = rng.gamma(2.0, size=at.shape) / nu[:, None]
    past, future = at <= age[:, None], (at > age[:, None]) & (at <= age[:, None] + days)
    x = past.sum(axis=1).astype(float)
    recency = np.where(past, at, 0.0).max(axis=1)
    mean = np.where(past, value, 0.0).sum(axis=1) / np.maximum(x, 1)
    return x, recency, age, mean, np.where(future, value, 0.0).sum(axis=1)


@pytest.fixture(scope="module")
def truth():
    x, t_x, age, mean, came = population()
    purchases, spend = fit_purchases(Histories.of(x, t_x, age)).model, fit_spend(x, mean).model
    assert (purchases.name, spend.name) == ("mbg-nbd", "gamma-gamma")
    found = spread(purchases, spend, Histories.of(x, t_x, age), 180.0)
    worth = spend.order_value(x, mean)
    return found, x, worth, came, compare(found, np.arange(x.size), worth, came, x)


def test_80_percent_ranges_hold_80_percent(truth):
    found, x, worth, came, _ = truth
    low, high = (edge * worth for edge in found.range(0.8))
    inside, open_ = (low <= came) & (came <= high), found.p_zero < 0.8
    whale = is_whale(found.mean * worth) & open_
    assert open_.mean() > 0.4
    for who in (open_, open_ & (x == 0), open_ & (x > 0), whale):
        assert who.sum() > 500
        assert inside[who].mean() == pytest.approx(0.80, abs=0.03)
    # A range of 0 to 0 holds what the forecast says: nothing.
    nothing = ~open_
    assert inside[nothing].mean() == pytest.approx(found.p_zero[nothing].mean(), abs=0.01)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_other_levels_hold_as_well(truth, level):
    found, _, _, _, seen = truth
    zero = found.p_zero
    # Exactly the level, unless zero alone is more than enough, or just not to be left out.
    held = np.where(
        zero >= level, zero, np.maximum(level, np.where(zero < (1 - level) / 2, 0, 1 - zero))
    )
    assert (seen.needed <= level).mean() == pytest.approx(held.mean(), abs=0.01)


def test_calibration_finds_nothing_to_mend_where_the_model_is_right(truth):
    levels = calibrate([truth[-1]])["levels"]
    # Less than 0.8 where the range at 0.8 holds a little more: zero is not divisible.
    assert all(0.74 < levels[name] < 0.83 for name in GROUPS)
    rows = {row["group"]: row for row in coverage(truth[-1], calibrate([truth[-1]]))}
    for name in ("0", "1", "2-4", "5+", "whales"):
        assert rows[name]["inside"] == pytest.approx(0.8, abs=0.01)


def test_calibration_mends_a_model_that_is_wrong(truth):
    """Everybody spends 1.6 times what they used to: learnt from one half, measured on the other."""
    found, x, worth, came, _ = truth
    half = np.arange(x.size) % 2 == 0
    first, second = (
        compare(found, np.flatnonzero(who), worth[who], 1.6 * came[who], x[who])
        for who in (half, ~half)
    )
    before, after = (
        {row["group"]: row["inside"] for row in coverage(second, calibrate(given))}
        for given in ([], [first])
    )
    for name in ("0", "1", "2-4", "5+", "whales"):
        assert before[name] < 0.77
        assert after[name] == pytest.approx(0.80, abs=0.05)


def test_sums_over_groups_of_customers(truth):
    """100 groups of 200: chance alone; about 80 of them lie within."""
    found, x, worth, came, _ = truth
    group = np.arange(x.size) % 100
    sums = (np.bincount(group, v) for v in (found.mean * worth, found.variance * worth**2, came))
    mean, variance, actual = sums
    low, high = around(mean, variance)
    assert ((low <= actual) & (actual <= high)).mean() == pytest.approx(0.80, abs=0.08)


# -- calibration --------------------------------------------------------------------------------------


def seen(group, needed, p_zero=0.5, as_of="2020-01-01"):
    needed = np.asarray(needed, dtype=float)
    n = needed.size
    every = np.full(n, p_zero)
    codes = np.full(n, GROUPS.index(group))
    return Check(as_of, codes, needed, needed > 0.5, every > 2, every, 110.0, 100.0, 25.0)


def test_the_conformal_level_counts_one_customer_more():
    """Of 199 numbers the 160th: ceil(200 × 0.8)."""
    found = calibrate([seen("1", np.arange(1, 200) / 200)])
    assert found["levels"]["1"] == pytest.approx(0.80)
    assert found["customers"]["1"] == 199


def test_few_customers_borrow_the_level_of_all():
    many, few = seen("0", np.full(500, 0.9)), seen("5+", np.full(FEWEST - 1, 0.6))
    levels = calibrate([many, few])["levels"]
    assert levels == pytest.approx(dict.fromkeys(GROUPS, 0.9) | {"nothing": 0.8})
    assert calibrate([few])["levels"] == dict.fromkeys(GROUPS, 0.8)
    assert calibrate([])["levels"] == dict.fromkeys(GROUPS, 0.8)


def test_levels_stay_within_reason():
    found = calibrate(
        [seen("0", np.ones(200)), seen("1", np.zeros(200)), seen("nothing", np.zeros(200))]
    )
    assert (found["levels"]["0"], found["levels"]["1"]) == (0.998, 0.5)
    assert found["levels"]["nothing"] == 0.8


def test_groups():
    x = np.array([0, 1, 2, 4, 5, 9, 9.0])
    p_zero = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.1])
    whale = np.array([False] * 5 + [True] * 2)
    names = [GROUPS[i] for i in groups_of(x, p_zero, 0.8, whale=whale)]
    assert names == ["0", "1", "2-4", "2-4", "5+", "nothing", "whales"]
    ordinary, whales = levels_of(
        {"level": 0.8, "levels": dict(zip(GROUPS, range(6), strict=True))}, x, p_zero
    )
    assert ordinary.tolist() == [1, 2, 3, 3, 4, 0, 4]
    assert whales.tolist() == [5, 5, 5, 5, 5, 0, 5]
    assert is_whale(np.arange(100.0)).sum() == 5


def test_coverage_is_counted_on_a_backtest_that_calibration_has_not_seen():
    first = seen("1", np.full(200, 0.9), as_of="2020-01-01")
    last = seen("1", np.repeat([0.1, 0.85, 0.95], [100, 60, 40]), as_of="2020-02-01")
    found = receipt_ranges([first, last])
    assert found["measured"]["as_of"] == "2020-02-01"
    row = next(r for r in found["measured"]["after"] if r["group"] == "1")
    assert row == {
        "group": "1",
        "customers": 200,
        "inside": 0.8,
        "low": pytest.approx(0.7391, abs=1e-4),
        "high": pytest.approx(0.8496, abs=1e-4),
        "below": 0.0,
        "above": 0.2,
        "zero": 0.0,
    }
    assert next(r for r in found["measured"]["before"] if r["group"] == "1")["inside"] == 0.5
    assert (found["levels"]["1"], found["tests"]) == (0.9, 2)
    assert found["model_error"] == pytest.approx(np.sqrt(np.log(1.1) ** 2 - np.log1p(0.0025)))
    assert json.loads(json.dumps(found)) == found
    assert receipt_ranges([last])["measured"]["after"] is None
    assert receipt_ranges([])["measured"] is None


@pytest.fixture(scope="module")
def cdnow_checks():
    found = []
    with engine.connect() as con:
        cdnow(con, 1)
        for origin in plan(date(1997, 1, 1), date(1998, 6, 30), 9).origins:
            known = sample(con, origin)
            distinct, _ = known.history.histories.distinct
            purchases = fit_purchases(distinct).model
            spend = fit_spend(known.history.histories.frequency, known.history.monetary_value).model
            found.append(check(known, purchases, spend))
    return found


def test_cdnow_before_and_after_calibration(cdnow_checks):
    """At 1997-09-30, nine months ahead, calibrated at 1997-06-30."""
    found = receipt_ranges(cdnow_checks)
    assert found["measured"]["as_of"] == "1997-09-30"
    before, after = (
        {row["group"]: row["inside"] for row in found["measured"][k]} for k in ("before", "after")
    )
    assert before == pytest.approx(
        {"all": 0.809, "wider": 0.750, "one-time": 0.854, "repeat": 0.741}
        | {"nothing": 0.834, "1": 0.733, "2-4": 0.734, "5+": 0.764, "whales": 0.823},
        abs=0.001,
    )
    assert after == pytest.approx(
        {"all": 0.825, "wider": 0.798, "one-time": 0.854, "repeat": 0.782}
        | {"nothing": 0.836, "1": 0.801, "2-4": 0.787, "5+": 0.836, "whales": 0.806},
        abs=0.001,
    )


# -- sums ---------------------------------------------------------------------------------------------


def test_sums_known_well_are_normal():
    low, high = around([1e6, 0.0], [1e8, 0.0])
    z = stats.norm.ppf(0.9)
    assert high[0] == pytest.approx(1e6 + z * 1e4, rel=1e-4)
    assert low[0] == pytest.approx(1e6 - z * 1e4, rel=1e-4)
    assert (low[1], high[1]) == (0, 0)


def test_errors_of_a_sum_add_up_as_variances():
    _, high = around(100.0, 0.0, error=0.03, model=0.04, tests=3)
    reach = np.hypot(stats.norm.ppf(0.9) * 0.03, stats.t(3).ppf(0.9) * 0.04)
    assert high == pytest.approx(100 * np.exp(reach))


def test_what_chance_explains_is_no_error_of_the_model():
    assert model_error([110, 90], [100, 100], [0, 0]) == pytest.approx(
        np.sqrt((np.log(1.1) ** 2 + np.log(0.9) ** 2) / 2)
    )
    assert model_error([110, 90], [100, 100], [400, 400]) == 0
    assert model_error([0], [100], [1]) == 0
    assert model_error([], [], []) == 0


def test_the_parameters_error_is_that_of_the_ladder():
    """With nothing but purchases: the same delta method, written for one group and model."""
    x, t_x, age, _, _ = population(1500)
    model = fit_purchases(Histories.of(x, t_x, age)).model
    ones = np.ones(x.size)
    found = parameter_error(model, None, Histories.of(x, t_x, age), ones, float(age.max()))
    assert found == pytest.approx(
        [total_forecast_error(model, Histories.of(x, t_x, age, ones))], rel=1e-3
    )


def test_spend_and_groups_have_errors_of_their_own():
    x, t_x, age, mean, _ = population(1500)
    purchases, spend = fit_purchases(Histories.of(x, t_x, age)).model, fit_spend(x, mean).model
    group = np.minimum(x, 2).astype(int)
    given = made(GammaGammaCore, *spend.parameters(), variance_=np.zeros((3, 3)))
    alone = parameter_error(purchases, given, Histories.of(x, t_x, age), mean, 180.0, group=group)
    both = parameter_error(purchases, spend, Histories.of(x, t_x, age), mean, 180.0, group=group)
    assert alone.shape == both.shape == (3,)
    assert (both > alone).all()
    assert (both < 0.5).all()


def test_a_pooled_rate_is_as_sure_as_its_standard_error():
    found = parameter_error(POOLED, CONSTANT, Histories.of(X, T_X, AGE), X, 365.0)
    assert found == pytest.approx([0.2])
