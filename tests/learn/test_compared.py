"""Leaderboard, baselines and effects: by hand, in closed form, or against another way to compute them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv.backtest.candidates import Candidate
from clv.backtest.past_dates import Origin, sample
from clv.core import metrics
from clv.core.choice import Choice
from clv.learn import baselines, leaderboard
from clv.learn.boosted import Tweedie, TwoPart
from clv.learn.designs import Tables, design_of
from clv.learn.effects import effects, importance
from clv.learn.plans import Design, plan
from clv.learn.train import train
from clv.learn.work import Work
from clv.models.histories import Histories
from tests.learn.conftest import RATES, STATES, connected, shop
from tests.learn.test_learners import LEVELS, examples

LAST = date(2022, 6, 30)


@pytest.fixture(scope="module")
def outcomes():
    rng = np.random.default_rng(8)
    truth = rng.gamma(1.0, 40.0, 1200)
    return examples((truth,), rng.poisson(truth / 10) * 10.0, np.full(1200, 5.0)), truth


def test_the_standard_stays_unless_another_is_better_by_more_than_chance(outcomes):
    who, truth = outcomes
    rng = np.random.default_rng(3)
    worse = truth * rng.lognormal(0, 0.8, truth.size)
    a_little = truth * rng.lognormal(0, 0.02, truth.size)
    learned = {"lightgbm-two-part", "lasso", "forest"}
    said = {"lightgbm-two-part": truth, "lasso": a_little, "forest": worse, "mbg-nbd": truth}
    assert leaderboard.choose(who, said, learned) == ("lightgbm-two-part", "lasso")
    said |= {"lightgbm-two-part": worse, "forest": truth}
    chosen, runner_up = leaderboard.choose(who, said, learned)
    assert {chosen, runner_up} == {"lasso", "forest"}
    lost = leaderboard.losses(who, said)
    assert lost[chosen].mean() < lost[runner_up].mean()
    assert leaderboard.choose(who, {"lasso": worse, "mbg-nbd": truth}, {"lasso"}) == ("lasso", None)


def test_what_needs_no_features_and_is_as_good_is_named(outcomes):
    who, truth = outcomes
    bad = np.full(truth.size, truth.mean())
    said = {"boosting": truth, "mbg-nbd": truth, "cohort-mean": bad}
    assert leaderboard.as_good(who, said, {"boosting"}, "boosting") == ("mbg-nbd", False)
    del said["mbg-nbd"]
    assert leaderboard.as_good(who, said, {"boosting"}, "boosting") is None
    simple = ("cohort-mean", False)
    told = leaderboard.reason("boosting", better=False, earlier=False, simple=simple)
    assert told == (
        "On the customers held out no other model forecast better than Gradient boosting by more than "
        "chance. The history is too short for other customers to decide, so its figures flatter. The "
        "rule of thumb that everybody does as the average of their cohort is as good here."
    )


def test_what_needs_no_features_and_is_better_is_not_called_as_good(outcomes):
    who, truth = outcomes
    said = {"boosting": np.full(truth.size, truth.mean()), "pareto-nbd": truth}
    found = leaderboard.as_good(who, said, {"boosting"}, "boosting")
    assert found == ("pareto-nbd", True)
    told = leaderboard.reason("boosting", better=False, earlier=True, simple=found)
    assert told == (
        "On earlier customers no other model forecast better than Gradient boosting by more than "
        "chance. Pareto/NBD was better on the customers held out."
    )
    board = leaderboard.board(who, said, {"boosting"})
    assert board["returned"] == np.count_nonzero(who.remaining)
    # Of whom hardly anybody brought anything, nobody is said to be better, nor chosen for it.
    paid = np.flatnonzero(who.remaining)
    few = np.sort(np.concatenate([np.flatnonzero(who.remaining == 0), paid[:29]]))
    told = {name: one[few] for name, one in said.items()}
    told["pareto-nbd"] = np.maximum(who.rows(few).remaining, 1e-3)
    assert leaderboard.as_good(who.rows(few), told, {"boosting"}, "boosting") == (
        "pareto-nbd",
        False,
    )
    told = {"lightgbm-two-part": told["boosting"], "lasso": told["pareto-nbd"]}
    assert leaderboard.choose(who.rows(few), told, {*told})[0] == "lightgbm-two-part"
    more = np.sort(np.append(few, paid[29]))
    told = {"lightgbm-two-part": np.full(more.size, truth.mean())}
    told["lasso"] = np.maximum(who.rows(more).remaining, 1e-3)
    assert leaderboard.choose(who.rows(more), told, {*told})[0] == "lasso"


def test_the_board_measures_whole_and_remaining_value_apart(outcomes):
    who, truth = outcomes
    found = leaderboard.board(who, {"boosting": truth, "mbg-nbd": truth[::-1]}, {"boosting"})
    first, second = found["rows"]
    assert (first["name"], first["learned"], second["learned"]) == ("boosting", True, False)
    y = pd.Series(who.remaining)
    assert first["remaining"]["mae"] == pytest.approx((y - truth).abs().mean())
    assert first["whole"]["mae"] == pytest.approx(first["remaining"]["mae"])
    # What has been observed makes the total larger and the same error smaller.
    assert first["whole"]["bias"] == pytest.approx(
        (truth.sum() + 5 * 1200) / (y.sum() + 5 * 1200) - 1
    )
    best = y[np.argsort(-truth, kind="stable")].to_numpy()
    assert first["remaining"]["gain"][10] == pytest.approx(best[:120].sum() / y.sum())
    assert first["remaining"]["gain"][10] == pytest.approx(first["remaining"]["top10"])
    assert found["perfect"]["remaining"][20] == pytest.approx(y.nlargest(240).sum() / y.sum())
    assert found["total"] == pytest.approx(y.sum() + 6000)
    difference = leaderboard.losses(who, {"a": truth, "b": truth[::-1]})
    assert found["apart"]["mbg-nbd"][0] == pytest.approx((difference["b"] - difference["a"]).mean())


def test_the_tweedie_deviance_is_that_of_scikit_learn(outcomes):
    from sklearn.metrics import mean_tweedie_deviance

    who, truth = outcomes
    f = np.maximum(truth, 0.01 * who.remaining.mean())
    ours = metrics.tweedie_deviance(who.remaining, truth).mean()
    assert ours == pytest.approx(mean_tweedie_deviance(who.remaining, f, power=1.5))


def test_rules_by_hand():
    train = examples(
        ([0] * 4,), np.array([30.0, 0.0, 0.0, 10.0]), np.array([10.0, 20.0, 30.0, 20.0])
    )
    days = np.array([0, 10, 40, 45])
    test = examples(([0] * 4,), np.zeros(4), np.array([10.0, 30.0, 4.0, 8.0]), days=days + 30)
    # 40 remained of 80 observed.
    found = baselines.rules(train, test)
    assert found["observed-ratio"].tolist() == [5.0, 15.0, 2.0, 4.0]
    assert found["cohort-mean"].tolist() == [10.0, 10.0, 3.0, 3.0]


def test_a_probabilistic_model_forecasts_each_from_their_own_prediction_point(small):
    design = Design("early", 3, after=("4w",))
    split = plan(date(2021, 1, 1), LAST, design).splits[-1]
    seen, test, _ = design_of(Tables.of(small), LAST, design).split(split)
    found, failed = baselines.forecasts(small, design, split, seen, test, Work())
    assert failed == {}
    model = Candidate(Choice("mbg-nbd"))
    model.learn(sample(small, Origin(split.known, LAST)).history, None)
    orders = small.sql("SELECT customer_id, ordered_at, revenue FROM orders").df()
    orders["day"] = orders["ordered_at"].dt.normalize()
    purchase, spend = model.model, model.spend
    ids = test.features.customer_id.to_pylist()
    for place in range(0, len(ids), 40):
        mine = orders[orders["customer_id"] == ids[place]].groupby("day")["revenue"].sum()
        begin = mine.index.min()
        point = begin + pd.Timedelta(days=27)
        known = mine[mine.index <= point]
        ahead = (begin + pd.DateOffset(months=3) - pd.Timedelta(days=1) - point).days
        x, age = len(known) - 1, 27
        last = (known.index.max() - begin).days
        score = purchase.score(
            Histories.of([float(x)], [float(last)], [float(age)]), [float(ahead)]
        )
        mean = known.iloc[1:].mean() if x else 0.0
        value = spend.order_value(np.array([float(x)]), np.array([mean]))
        expected = float(score.purchases[0, 0] * value[0])
        assert found["mbg-nbd"][place] == pytest.approx(expected, rel=1e-9)


def test_the_window_design_is_compared_with_the_backtest_itself(window_trained):
    board = window_trained.report["board"]
    assert {row["name"] for row in board["rows"]} == {
        *("boosting", "lightgbm-tweedie", "mbg-nbd", "bg-nbd", "pareto-nbd"),
        *("population-mean", "rate-so-far", "same-period", "recency-rule"),
    }
    for row in board["rows"]:
        assert row["whole"] == row["remaining"]


class Line:
    """A model in closed form: 3 x0 + 2 by level of x2, nothing of x1."""

    def predict(self, who):
        columns = who.features.matrix.toarray()
        return 100 + 3 * columns[:, 0] + 2 * (columns[:, 2] == 1)

    def gains(self):
        return {"x0": 2.0, "x1": 1.0, "x2": 1.0}


def test_importance_and_effects_of_a_model_in_closed_form():
    rng = np.random.default_rng(6)
    n = 3000
    x0 = rng.normal(size=n)
    columns = (x0, x0 + rng.normal(0, 0.1, n), rng.integers(0, 2, n))
    who = examples(columns, np.zeros(n), kinds=("number", "number", "category"))
    exact = Line().predict(who)
    who = examples(columns, exact, kinds=("number", "number", "category"))
    rows = importance(Line(), who, Work())
    assert [row["name"] for row in rows] == ["x0", "x2", "x1"]
    assert rows[2]["increase"] == 0
    # A shuffled column differs by a variance of 2 · 9 and 2 · 4 · 1/4; the deviance is ~ y^-1.5 d²/2.
    assert rows[0]["increase"] / rows[1]["increase"] == pytest.approx(9.0, rel=0.1)
    numbers, levels = effects(Line(), who, ["x0", "x2"], Work())
    points = numbers["points"]
    slopes = np.diff([p["expected"] for p in points]) / np.diff([p["value"] for p in points])
    assert slopes == pytest.approx(np.full(len(slopes), 3.0))
    assert sum(p["customers"] for p in points) == 2000
    by_level = {p["value"]: p["expected"] for p in levels["points"]}
    assert by_level.keys() == set(LEVELS[:2])
    assert by_level["high"] - by_level["low"] == pytest.approx(2.0)
    weights = np.array([p["customers"] for p in points])
    assert weights @ [p["expected"] for p in points] / 2000 == pytest.approx(exact.mean(), abs=0.3)


class Halves:
    """The same slope, half from each of two columns."""

    def predict(self, who):
        columns = who.features.matrix.toarray()
        return 100 + 1.5 * columns[:, 0] + 1.5 * columns[:, 1]

    def gains(self):
        return {"x1": 2.0, "x0": 1.0}


class Whole(Halves):
    def predict(self, who):
        return 100 + 3 * who.features.matrix.toarray()[:, 0]

    def gains(self):
        return {"x0": 1.0}


def test_features_that_say_the_same_are_one():
    rng = np.random.default_rng(7)
    x0 = rng.normal(size=3000)
    zero = np.zeros(3000)
    who = examples((x0, x0, zero, zero), 100 + 3 * x0 + rng.normal(0, 5, 3000))
    (half,), (whole,) = (importance(model, who, Work()) for model in (Halves(), Whole()))
    assert half.pop("name") == whole.pop("name") == "x0"
    assert half == pytest.approx(whole, rel=1e-9)
    (half,), (whole,) = (effects(model, who, ["x0"], Work()) for model in (Halves(), Whole()))
    for one, other in zip(half.pop("points"), whole.pop("points"), strict=True):
        assert one == pytest.approx(other, rel=1e-9)
    assert half == whole


def test_of_a_shop_where_only_the_state_matters_the_state_is_found(small_trained):
    report = small_trained.report
    share = {row["name"]: row["share"] for row in report["importance"]}
    assert share["state"] > 0.2
    assert all(share.get(name, 0.0) < 0.02 for name in ("cohort_month", "items_4w"))
    (state,) = [one for one in report["effects"] if one["name"] == "state"]
    expected = {point["value"]: point["expected"] for point in state["points"]}
    # Three times as much in truth; 900 customers to learn from tell it less sharply.
    assert expected["east"] > 1.5 * expected["west"] > 3 * expected["none"]


@pytest.mark.parametrize("kind", [TwoPart, Tweedie])
def test_with_customers_enough_the_planted_factor_is_found(kind):
    design = Design("early", 3, after=("2w", "4w"))
    with connected(*shop(12_000)) as con:
        split = plan(date(2021, 1, 1), LAST, design).splits[-1]
        seen, test, _ = design_of(Tables.of(con), LAST, design).split(split)
    said = kind().fit(seen, Work()).predict(test)
    state = np.array(test.features.table(["state"])["state"].to_pylist())
    east, west, none = (said[state == one].mean() for one in STATES)
    assert east / west == pytest.approx(RATES["east"] / RATES["west"], rel=0.12)
    assert none < 0.05 * west


def test_an_earlier_date_on_which_nobody_had_brought_anything_does_not_stop_the_training():
    orders, labels = shop(800)
    design = Design("early", 3, after=("2w", "4w"))
    at = orders["ordered_at"].to_pandas()
    first = at.groupby(orders["customer_id"].to_pandas()).transform("min")
    until = pd.Timestamp(plan(first.min().date(), LAST, design).splits[0].train[1])
    silent = (first < until + pd.Timedelta(days=1)) & (at > first + pd.Timedelta(days=20))
    with connected(orders.filter((~silent).to_numpy()), labels) as con:
        report = train(con, design, learners=["lasso"]).report
    assert len(report["dates"]) == 1
    assert not report["choice"]["unseen"]
