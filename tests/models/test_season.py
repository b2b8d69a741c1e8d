"""The season as a change of time: exact days, exact inverses, and any purchase model inside it."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from clv.backtest.ranges import spread
from clv.backtest.totals import parameter_error
from clv.core.errors import FitError
from clv.insights.customer import alive_path
from clv.insights.simulate import CHECKPOINTS, GRID, Population, many_runs
from clv.insights.simulate import expected as closed_form
from clv.models.card import from_card, to_card
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.purchase.cnbd import MBGCNBD
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.season.season import MONTH_DAYS, NONE, Season, by_the_year
from clv.models.season.seasonal import Seasonal, bare, through_life, unwrap
from tests.backtest.test_ranges import SPEND, made

AS_OF = date(2024, 11, 20)
#: Busy at the end of the year.
INDICES = by_the_year([0.9, 0.8, 0.8, 0.9, 1.0, 1.0, 0.7, 0.7, 0.9, 1.0, 1.3, 2.0])
BUSY = Season(tuple(INDICES.tolist()))

MBG = made(MBGNBDCore, 0.5248, 6.183 * 7, 0.8914, 1.6140)
BG = made(BGNBDCore, 0.2426, 4.4135 * 7, 0.7929, 2.4258)
PARETO = made(ParetoNBD, 0.5533, 10.578 * 7, 0.6062, 11.667 * 7)
MBG2 = made(MBGCNBD, 0.5248, 3.1 * 7, 0.8914, 1.6140, k_=2)
POOLED = made(PooledRate, rate_=0.01, standard_error_=0.002)
MODELS = [MBG, BG, PARETO, MBG2, POOLED]
X = np.array([0, 0, 0, 1, 2, 5, 10, 30.0])
T_X = np.array([0, 0, 0, 20, 200, 250, 200, 270.0])
AGE = np.array([270, 20, 0, 270, 270, 270, 700, 273.0])
DAYS = np.array([1.0, 11, 40, 365])


def name_of(model):
    return model.name


# -- time --------------------------------------------------------------------------------------------


def day_by_day(start, end, as_of):
    """Return the sum of the indices of the days after ``start`` up to ``end``."""
    days = [as_of + timedelta(days=int(d)) for d in range(start + 1, end + 1)]
    return sum(INDICES[day.month - 1] for day in days)


@pytest.mark.parametrize("as_of", [AS_OF, date(2024, 2, 29), date(2023, 12, 31), date(2023, 3, 1)])
def test_elapsed_days_are_added_up_one_by_one(as_of):
    starts = np.array([-1500, -366, -60, -1, 0, 0, 10, 59])
    ends = np.array([-1499, 0, 59, 0, 0, 365, 800, 1461])
    exact = [day_by_day(a, b, as_of) for a, b in zip(starts, ends, strict=True)]
    assert BUSY.elapsed(starts, ends, as_of) == pytest.approx(exact, rel=1e-12)
    # Half a day is half as much.
    assert BUSY.elapsed(10, 10.5, as_of) == pytest.approx(day_by_day(10, 11, as_of) / 2, rel=1e-12)


def test_today_nothing_has_passed_and_any_shape_will_do():
    for offset in range(40):
        assert BUSY.clock(AS_OF + timedelta(days=offset)).at(0) == 0.0
    assert BUSY.elapsed(np.zeros((3, 1)), np.arange(4), AS_OF).shape == (3, 4)


def test_what_has_passed_tells_the_day():
    days = np.concatenate([np.arange(-800, 800, 0.25), [-1e6, -50_000, 50_000, 1e9]])
    passed = BUSY.clock(AS_OF).at(days)
    assert BUSY.clock(AS_OF).days_at(passed) == pytest.approx(days, rel=1e-12, abs=1e-9)
    assert BUSY.days_ahead(passed, AS_OF) == pytest.approx(days, rel=1e-12, abs=1e-9)
    assert np.isinf(BUSY.days_ahead(np.inf, AS_OF))


def test_a_long_time_has_no_season():
    """Twenty times a quadrennium: all months have their average length but for the leap day's."""
    years = 80
    end = (AS_OF.replace(year=AS_OF.year + years) - AS_OF).days
    assert BUSY.elapsed(0, end, AS_OF) / end == pytest.approx(1, abs=1e-5)
    # Beyond a century every day is an average one.
    assert BUSY.elapsed(40_000, 41_000, AS_OF) == pytest.approx(1000, rel=1e-12)


def test_customers_are_born_on_their_own_day():
    lived = BUSY.histories(Histories.of(X, T_X, AGE), AS_OF)
    x, t_x, age = lived.frequency, lived.recency, lived.T
    exact = [
        (day_by_day(-int(a), int(t) - int(a), AS_OF), day_by_day(-int(a), 0, AS_OF))
        for t, a in zip(T_X, AGE, strict=True)
    ]
    assert (x == X).all()
    assert np.column_stack([t_x, age]) == pytest.approx(np.array(exact), rel=1e-12)
    assert (t_x[X == 0] == 0).all()


def test_no_recency_becomes_later_than_its_age():
    """What a fit refuses must not come about by rounding."""
    for offset in range(31):
        age = np.arange(1500.0)
        histories = Histories.of(1, age, age)
        lived = BUSY.histories(histories, AS_OF + timedelta(days=offset))
        assert (lived.recency == lived.T).all()


def test_a_season_is_twelve_positive_numbers_around_one():
    assert MONTH_DAYS @ INDICES / MONTH_DAYS.sum() == pytest.approx(1, rel=1e-14)
    for wrong in ((1.0,) * 11, (1.1,) * 12, (*INDICES[:11], np.nan), (0.0, *INDICES[1:])):
        with pytest.raises(ValueError, match="season"):
            Season(wrong)


def test_a_season_survives_json():
    season = Season(
        BUSY.indices, (0.1,) * 12, purchases=900, years=2.5, typical=0.3, dispersion=2.0, trend=0.1
    )
    assert Season.from_dict(json.loads(json.dumps(season.as_dict()))) == season
    assert season.told_apart
    assert not Season(BUSY.indices, years=1.5).told_apart


# -- a model inside ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", MODELS, ids=name_of)
def test_without_a_season_it_is_the_base(base):
    worn = Seasonal(base, NONE, AS_OF)
    for mine, its in zip(
        worn.score(Histories.of(X, T_X, AGE), DAYS),
        base.score(Histories.of(X, T_X, AGE), DAYS),
        strict=True,
    ):
        assert mine == pytest.approx(its, rel=1e-9)
    after = base.probability_alive_after(Histories.of(X, T_X, AGE), DAYS)
    assert worn.probability_alive_after(Histories.of(X, T_X, AGE), DAYS) == pytest.approx(
        after, rel=1e-9
    )
    between = base.p_purchase_between(Histories.of(X, T_X, AGE), DAYS)
    assert worn.p_purchase_between(Histories.of(X, T_X, AGE), DAYS) == pytest.approx(
        between, rel=1e-9
    )
    for q in (0.1, 0.9):
        wait = base.wait_if_alive(Histories.of(X, T_X, AGE), q)
        mine = worn.wait_if_alive(Histories.of(X, T_X, AGE), q)
        assert mine == pytest.approx(np.broadcast_to(wait, X.shape), rel=1e-9)
        usual = np.broadcast_to(base.due(Histories.of(X, T_X, T_X), q), X.shape)
        assert worn.due(Histories.of(X, T_X, T_X), q) == pytest.approx(usual, rel=1e-9)
        assert worn.due(Histories.of(X, T_X, AGE), q) == pytest.approx(usual, rel=1e-9)


@pytest.fixture(scope="module")
def followed():
    """Customers of MBG/NBD with a seasonal rate, event by event in calendar time.

    Who came 400 to 40 days before the as-of day; the 41 days after it go to the end of the year.
    """
    rng = np.random.default_rng(1)
    n = 150_000
    r, alpha, a, b = 1.2, 40.0, 0.9, 3.5
    age = rng.integers(40, 400, n).astype(float)
    rate, leaves = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    top = INDICES.max()
    here = rng.random(n) >= leaves
    now, last = -age, -age.copy()
    x, ahead = np.zeros(n), np.zeros(n)
    months = np.array([(AS_OF + timedelta(days=int(d))).month for d in range(-401, 43)])
    going = np.flatnonzero(here)
    while going.size:
        # Thinning: candidates at the busiest month's rate, kept as often as their month is busy.
        now[going] += rng.exponential(1 / (top * rate[going]))
        going = going[now[going] < 41]
        speed = INDICES[months[np.ceil(now[going]).astype(int) + 401] - 1]
        buys = going[rng.random(going.size) < speed / top]
        before = buys[now[buys] <= 0]
        x[before] += 1
        last[before] = now[before]
        ahead[buys[now[buys] > 0]] += 1
        left = buys[rng.random(buys.size) < leaves[buys]]
        going = np.setdiff1d(going, left, assume_unique=True)
    return x, last + age, age, ahead, made(MBGNBDCore, r, alpha, a, b)


def test_forecasts_are_right_where_the_truth_is_known(followed):
    """By history: expectation and chance within 4 standard errors; the plain model is far off."""
    x, t_x, age, ahead, truth = followed
    worn = Seasonal(truth, BUSY, AS_OF).score(Histories.of(x, t_x, age), [41])
    plain = truth.score(Histories.of(x, t_x, age), [41])
    for few, late in ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1)):
        rows = np.flatnonzero((np.minimum(x, 2) == few) & ((age - t_x < 60) == late))
        error = ahead[rows].std() / np.sqrt(rows.size)
        assert abs(ahead[rows].mean() - worn.purchases[rows, 0].mean()) < 4 * error
        share = worn.p_purchase[rows, 0].mean()
        error = np.sqrt(share * (1 - share) / rows.size)
        assert abs((ahead[rows] > 0).mean() - share) < 4 * error
    error = ahead.std() / np.sqrt(ahead.size)
    assert (ahead.mean() - plain.purchases.mean()) / error > 50


@pytest.mark.parametrize("base", MODELS, ids=name_of)
def test_answers_agree_with_each_other(base):
    worn = Seasonal(base, BUSY, AS_OF)
    scores = worn.score(Histories.of(X, T_X, AGE), DAYS)
    if base is not POOLED:
        assert worn.probability_alive(Histories.of(X, T_X, AGE)) == pytest.approx(scores.p_alive)
    # A chance is the chance of being active times the one of buying if active.
    for i, days in enumerate(DAYS):
        bought = worn.p_purchase_between(Histories.of(X, T_X, AGE), [0, days])[:, 0]
        assert scores.p_alive * bought == pytest.approx(scores.p_purchase[:, i], rel=1e-6)
    # After the quantile of the wait so many have bought.
    for i in range(X.size):
        for q in (0.1, 0.5, 0.9):
            wait = float(worn.wait_if_alive(Histories.of(X[i], T_X[i], AGE[i]), q)[0])
            if wait > 20_000:
                continue
            at = worn.score(Histories.of(X[i : i + 1], T_X[i : i + 1], AGE[i : i + 1]), [wait])
            if base is not PARETO:  # Whose customers may leave before: a wait is of who stays.
                assert at.p_purchase[0, 0] / at.p_alive[0] == pytest.approx(q, rel=1e-6)
            if q == 0.5:
                assert scores.next_order_days[i] == pytest.approx(wait, rel=1e-9)


def test_december_is_nearer_than_it_is_far():
    """The wait of an average customer in mid November is shorter, in mid January longer."""
    for as_of, shorter in ((date(2024, 11, 20), True), (date(2024, 1, 10), False)):
        age = 3000.0  # Long enough for the past's season to average out.
        plain = float(MBG.wait_if_alive(Histories.of(100, 0, age))[0])
        wait = float(Seasonal(MBG, BUSY, as_of).wait_if_alive(Histories.of(100, 0, age))[0])
        assert wait < 0.7 * plain if shorter else wait > 1.1 * plain


@pytest.mark.parametrize("base", [MBG, BG, PARETO], ids=name_of)
def test_overdue_is_whom_one_in_ten_would_be_silent_as_long(base):
    """The same customer on the day on which the 9 in 10 are over has a ``p_silent`` of 1 in 10."""
    for x, t_x, age in ((3, 200, 230), (12, 300, 301), (1, 30, 400)):
        worn = Seasonal(base, BUSY, AS_OF)
        wait = float(worn.due(Histories.of(x, t_x, age), 0.9)[0])
        ages = worn.at_age([t_x, t_x + wait], age)
        silent = base.p_silent(Histories.of(np.array([float(x)]), ages[:1], ages[1:]))
        assert silent[0] == pytest.approx(0.1, rel=1e-9)
    assert base.due(Histories.of(3, 200, 230), 0.9) == base.due(Histories.of(3, 200, 200), 0.9)


def test_the_day_of_the_last_purchase_has_its_season():
    worn = Seasonal(MBG, BUSY, AS_OF)
    assert worn.due(Histories.of(3, 200, 200), 0.9) != worn.due(Histories.of(3, 200, 260), 0.9)


def test_an_age_in_the_past_is_counted_from_the_customers_own_birthday():
    worn = Seasonal(MBG, BUSY, AS_OF)
    exact = [day_by_day(-300, int(a) - 300, AS_OF) for a in (0, 10, 300, 330)]
    plain, as_known = through_life(worn, 300)
    assert plain is MBG is bare(worn) is bare(MBG)
    assert as_known([0, 10, 300, 330]) == pytest.approx(exact, rel=1e-12)
    assert through_life(MBG, 300)[1]([0, 10.5]).tolist() == [0, 10.5]


def test_the_path_of_a_customers_life_ends_where_the_forecast_stands():
    """On each day it is what a forecast of that day would have said."""
    worn = Seasonal(MBG, BUSY, AS_OF)
    path = alive_path(worn, [0, 30, 200], 300, ahead=60)
    assert path.p_alive[path.now] == worn.score(Histories.of([2], [200], [300]), []).p_alive[0]
    for age, x, t_x in ((100, 1, 30), (250, 2, 200), (340, 2, 200)):
        then = Seasonal(MBG, BUSY, AS_OF + timedelta(days=age - 300))
        exact = then.score(Histories.of([x], [t_x], [age]), []).p_alive[0]
        assert path.p_alive[path.ages == age] == pytest.approx(exact, rel=1e-12)


def test_who_comes_today_comes_into_the_season():
    worn = Seasonal(MBG, BUSY, AS_OF)
    found = worn.expected_number_of_purchases_up_to_time([11.0, 41.0])
    passed = [day_by_day(0, 11, AS_OF), day_by_day(0, 41, AS_OF)]
    exact = MBG.expected_number_of_purchases_up_to_time(np.array(passed))
    assert found == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("base", MODELS, ids=name_of)
def test_a_card_is_json_and_scores_the_same_to_the_last_bit(base):
    rng = np.random.default_rng(0)
    x = np.minimum(rng.poisson(1.5, 400), 3)
    t_x = np.where(x > 0, rng.integers(1, 200, 400), 0)
    age = t_x + rng.integers(0, 200, 400)
    options = {"k": 2} if base is MBG2 else {}
    worn = Seasonal(type(base)(), BUSY, AS_OF).fit(Histories.of(x, t_x, age), **options)
    card = json.loads(json.dumps(to_card(worn)))
    assert card["name"] == f"{base.name}+season"
    assert card["base"]["name"] == base.name
    again = from_card(card)
    assert again.season == BUSY
    for mine, its in zip(
        again.score(Histories.of(X, T_X, AGE), DAYS),
        worn.score(Histories.of(X, T_X, AGE), DAYS),
        strict=True,
    ):
        assert (mine == its).all()
    del card["base"]["parameters"]
    with pytest.raises(FitError, match="incomplete"):
        from_card(card)


def test_it_is_fitted_in_operational_time():
    rng = np.random.default_rng(0)
    x = rng.poisson(1.0, 500)
    t_x = np.where(x > 0, rng.integers(1, 300, 500), 0)
    age = t_x + rng.integers(0, 100, 500)
    worn = Seasonal(MBGNBDCore(), BUSY, AS_OF).fit(Histories.of(x, t_x, age))
    exact = MBGNBDCore().fit(BUSY.histories(Histories.of(x, t_x, age), AS_OF))
    assert worn.base.parameters() == exact.parameters()
    assert worn.base.parameters()[1] != pytest.approx(
        MBGNBDCore().fit(Histories.of(x, t_x, age)).parameters()[1], rel=0.01
    )


# -- what unwraps it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("base", MODELS, ids=name_of)
def test_ranges_have_the_same_mean_and_chance(base):
    worn = Seasonal(base, BUSY, AS_OF)
    found = spread(worn, SPEND, Histories.of(X, T_X, AGE), 41.0)
    scores = worn.score(Histories.of(X, T_X, AGE), [41.0])
    assert found.mean == pytest.approx(scores.purchases[:, 0], rel=1e-4)
    if base is not POOLED:
        assert found.p_zero == pytest.approx(1 - scores.p_purchase[:, 0], abs=1e-9)


def test_the_parameters_error_is_the_bases():
    rng = np.random.default_rng(0)
    x = rng.poisson(1.0, 500).astype(float)
    t_x = np.where(x > 0, rng.integers(1, 300, 500), 0).astype(float)
    age = t_x + rng.integers(0, 100, 500)
    worn = Seasonal(MBGNBDCore(), BUSY, AS_OF).fit(Histories.of(x, t_x, age))
    value = np.full(500, 30.0)
    found = parameter_error(worn, None, Histories.of(x, t_x, age), value, 41.0)
    histories = Histories.of(x, t_x, age)
    base, lived, days = unwrap(worn, histories, 41.0)
    assert base is worn.base
    assert days == pytest.approx(day_by_day(0, 41, AS_OF))
    exact = parameter_error(base, None, lived, value, days)
    assert found == pytest.approx(exact, rel=1e-12)
    assert unwrap(MBG, histories, 41.0) == (MBG, histories, 41.0)


def test_draws_have_the_steady_models_expectations():
    """Past with, future without a season: means of many runs within 4 standard errors."""
    worn = Seasonal(MBG, BUSY, AS_OF)
    people = Population(Histories.of(X, T_X, AGE), np.full(X.size, 50))
    runs = many_runs(worn, people, customers=400, runs=400, seed=3)
    exact = closed_form(worn.steady(), people, customers=400)
    at = np.searchsorted(GRID, list(CHECKPOINTS.values()))
    for counted, expected in ((runs.alive, exact.alive), (runs.purchases, exact.purchases)):
        found = counted[:, at]
        error = found.std(axis=0) / np.sqrt(len(found))
        assert (np.abs(found.mean(axis=0) - expected) < 4 * error + 1e-9).all()
    # Today is the same in both, a year on nearly; before Christmas the season shows.
    both = [model.score(Histories.of(X, T_X, AGE), [41, 365]) for model in (worn, worn.steady())]
    assert both[0].p_alive == pytest.approx(both[1].p_alive)
    assert (both[0].purchases[:, 0] > 1.3 * both[1].purchases[:, 0]).all()
    assert both[0].purchases[:, 1] == pytest.approx(both[1].purchases[:, 1], rel=0.01)
