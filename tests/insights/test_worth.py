"""What new customers are worth: by hand, against plain loops, and on planted truths."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import zipfile
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clv.core.errors import FileError, SettingsError, StoppedError
from clv.core.metrics import FEW
from clv.insights import newcomers
from clv.insights.newcomers import training
from clv.insights.newcomers.curves import Interval
from clv.insights.newcomers.lives import QUARTER, SOON, Lives
from clv.learn import artefact
from clv.learn.plans import Design
from clv.learn.scoring import to_score
from clv.learn.work import Work
from clv.runs import Run
from tests.shops import make_run, new_store, shop


def lives(monthly, *, second=None, first_value=None, until=None, **known):
    """Write lives by hand: one row of monthly revenue per customer."""
    monthly = np.asarray(monthly, dtype=float)
    n = len(monthly)
    second = np.full(n, np.inf) if second is None else np.asarray(second, dtype=float)
    first = monthly[:, 0] if first_value is None else np.asarray(first_value, dtype=float)
    known = {name: np.array(values, dtype=object) for name, values in known.items()}
    return Lives(
        customer_id=pa.array([f"c{i:05d}" for i in range(n)]),
        first_day=np.full(n, np.datetime64("2017-01-01")),
        monthly=monthly,
        orders=np.ones(n),
        first_value=first,
        second=second,
        second_month=(np.where(np.isfinite(second), second, -1) // 31).astype(int),
        until={d: first if until is None else np.asarray(until, dtype=float) for d in SOON},
        known={QUARTER: np.array(["2017 Q1"] * n, dtype=object)} | known,
        waiting=0,
    )


# -- reading a run ----------------------------------------------------------------------------------

ORDERS = """customer_id,order_id,order_date,revenue,channel
a,1,2017-01-31,10,ads
a,2,2017-01-31,5,ads
a,3,2017-02-27,7,ads
a,4,2017-02-28,2,ads
a,5,2018-01-30,3,ads
a,6,2018-01-31,100,ads
b,7,2017-03-15,20,mail
b,8,2017-05-14,1,mail
late,9,2017-12-01,50,ads
"""


def filled(orders=ORDERS, day="2017-01-10"):
    """Add 30 customers with one order each, so that there are enough."""
    more = "".join(f"x{i:02d},{100 + i},{day},4,shop\n" for i in range(30))
    return orders + more


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("worth"))


@pytest.fixture(scope="module")
def small(store):
    return make_run(
        store,
        filled(),
        as_of=date(2018, 6, 30),
        horizon_months=3,
        options={"labels": ("channel",)},
    )


def test_lives_are_what_the_orders_say(small):
    found = newcomers.lives_of(small, 12)
    # Whoever came in December hasn't lived through a year.
    assert found.waiting == 1
    ids = found.customer_id.to_pylist()
    assert ids == ["a", "b", *(f"x{i:02d}" for i in range(30))]
    a, b, x = (ids.index(i) for i in ("a", "b", "x00"))
    # The first month of who came on 31 January lasts until 27 February.
    assert found.monthly[a].tolist() == [22, 2, *[0] * 9, 3]
    assert found.monthly[b].tolist() == [20, 1, *[0] * 10]
    assert found.value[[a, b, x]].tolist() == [27, 21, 4]
    assert found.orders[[a, b, x]].tolist() == [5, 2, 1]
    assert found.first_value[[a, b, x]].tolist() == [15, 20, 4]
    assert found.second[[a, b, x]].tolist() == [27, 60, np.inf]
    assert found.second_month[[a, b, x]].tolist() == [0, 1, -1]
    assert found.until[30][[a, b]].tolist() == [24, 20]
    assert found.until[60][[a, b]].tolist() == [24, 21]
    assert found.known["channel"][[a, b, x]].tolist() == ["ads", "mail", "shop"]
    assert set(found.known[QUARTER]) == {"2017 Q1"}


def test_the_longest_months_are_those_that_enough_customers_lived_through(small, store):
    # The 30 of 10 January 2017 end their 17th month on 10 June 2018; of the others, who came later,
    # the 31st does not count.
    assert newcomers.longest(small) == 17
    assert len(newcomers.lives_of(small, 17)) == 31
    with pytest.raises(
        SettingsError, match="Only 0 customers have been watched for 18 months"
    ) as e:
        newcomers.lives_of(small, 18)
    assert e.value.hint == "The longest that this history supports is 17 months."
    few = make_run(store, ORDERS, as_of=date(2018, 6, 30), horizon_months=3)
    assert newcomers.longest(few) == 0
    with pytest.raises(SettingsError, match="Only 2 customers"):
        newcomers.lives_of(few, 12)


# -- groups -----------------------------------------------------------------------------------------


def test_worth_by_hand():
    found = newcomers.newcomers_of(lives([[10, 0], [20, 10], [30, 20]]))
    assert found.brought.tolist() == [20, 30]
    # Standard deviations 10 and 20, of three customers.
    assert found.error == pytest.approx([10 / 3**0.5, 20 / 3**0.5])
    assert found.customers == 3
    assert found.after(2) is None
    assert found.revenue == 90


def planted(n=400, seed=5, lift=2.0, **kinds):
    rng = np.random.default_rng(seed)
    group = np.array(["good"] * n + ["plain"] * n + ["other"] * n, dtype=object)
    value = rng.gamma(2.0, 10.0, 3 * n) * np.where(group == "good", lift, 1.0)
    return lives(np.column_stack([value, value / 2]), state=group, **kinds)


def test_a_group_that_brings_more_is_named_and_others_are_not():
    found = newcomers.compare(planted(), "state")
    by = {g.newcomers.value: g for g in found.groups}
    assert {name: g.standing for name, g in by.items()} == {
        "good": "more",
        "plain": "less",
        "other": "less",
    }
    assert found.best is by["good"]
    worst = min((by["plain"], by["other"]), key=lambda g: g.newcomers.brought[-1])
    assert found.worst is worst
    # 60 and 30 were drawn.
    assert by["good"].newcomers.after(2).low < 60 < by["good"].newcomers.after(2).high * 1.05
    assert by["plain"].newcomers.after(2).mean == pytest.approx(30, rel=0.1)


def test_where_nobody_differs_hardly_ever_anybody_is_named():
    wrong = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        state = rng.choice(list("abcdefgh"), 600).astype(object)
        value = rng.lognormal(3.0, 1.0, (600, 1))
        found = newcomers.compare(lives(value, state=state), "state")
        wrong += found.best is not None or found.worst is not None
    # At most 5 % are promised; 200 draws of 5 % are above 17 in one of 50 cases.
    assert wrong <= 17


def test_small_groups_are_said_not_compared():
    state = ["big"] * 60 + ["small"] * (FEW - 1) + [None] * 40
    found = newcomers.compare(
        lives(np.r_[np.ones(60), np.full(69, 9.0)][:, None], state=state), "state"
    )
    assert [(g.newcomers.value, g.newcomers.customers) for g in found.groups] == [
        ("big", 60),
        ("small", 29),
        (None, 40),
    ]
    assert [g.standing for g in found.groups] == ["less", "few", "more"]
    assert found.groups[1].newcomers.after(1) is None


def test_rare_values_are_one_group_at_the_end():
    state = ["a"] * 40 + ["b"] * 35 + ["c"] * 3 + ["d"] * 2
    found = newcomers.compare(lives(np.ones((80, 1)), state=state), "state", most=2)
    assert [
        (g.newcomers.value, g.newcomers.combined, g.newcomers.customers) for g in found.groups
    ] == [
        ("a", 1, 40),
        ("b", 1, 35),
        (None, 2, 5),
    ]


# -- a second order ---------------------------------------------------------------------------------


def test_the_matched_difference_by_hand():
    """Two kinds of customers: the dear ones order again more often, and bring more anyway."""
    n = 60
    # first value, second order early, what comes later
    rows = (
        [(10, True, 6)] * 10
        + [(10, False, 4)] * 50
        + [(90, True, 42)] * 40
        + [(90, False, 40)] * 20
    )
    first, early, later = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    who = lives(
        np.column_stack([first, later]),
        second=np.where(early > 0, 20, np.inf),
        first_value=first,
        until=first,
    )
    found = newcomers.second_order(who, 30)
    assert (found.early, found.others) == (50, 70)
    # (10·6 + 40·42)/50 against (50·4 + 20·40)/70
    assert found.raw.mean == pytest.approx(34.8 - 1000 / 70)
    # Within either kind it is 2, without any spread.
    assert found.matched.mean == pytest.approx(2.0)
    assert found.matched.error == 0
    assert (found.matched_early, found.matched_others) == (50, 70)
    assert found.itself == 0
    assert len(who) == 2 * n


def test_the_matched_error_by_hand():
    value = np.r_[np.tile([1.0, 3.0], 20), np.tile([0.0, 4.0], 30)]
    who = lives(
        np.column_stack([np.full(100, 5.0), value]),
        second=np.r_[np.full(40, 10), np.full(60, np.inf)],
    )
    found = newcomers.second_order(who, 30)
    # Both means are 2; variances 40/39 and 240/59.
    assert found.matched.mean == 0
    expected = np.sqrt(40 / 39 / 40 + 240 / 59 / 60)
    assert found.matched.error == pytest.approx(expected)
    assert found.raw.error == pytest.approx(expected)
    assert not found.matched.certain


def test_matching_takes_away_what_the_first_day_told():
    """The truth is 5; the raw difference is far from it; 95 % intervals hold it."""
    inside = raw = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        quality = rng.integers(0, 5, 3000)
        label = rng.choice(["x", "y"], 3000).astype(object)
        chance = 0.1 + 0.1 * quality + 0.2 * (label == "y")
        early = rng.random(3000) < chance
        later = rng.gamma(2.0, 3.0 + 4.0 * quality + 6 * (label == "y")) + 5.0 * early
        first = 10.0 + quality
        who = lives(
            np.column_stack([first, later]),
            second=np.where(early, 20, np.inf),
            first_value=first,
            until=first,
            channel=label,
        )
        found = newcomers.second_order(who, 30, "channel")
        inside += found.matched.low <= 5 <= found.matched.high
        raw += found.raw.low <= 5 <= found.raw.high
    assert raw == 0
    # 95 of 100, and never below 88 but in one of a thousand draws.
    assert inside >= 88


def test_customers_without_a_counterpart_are_left_out():
    n = 40
    first = np.r_[np.full(n, 1.0), np.full(n, 1.0), np.full(n, 9.0)]
    who = lives(
        np.column_stack([first, first]),
        second=np.r_[np.full(n, 5), np.full(n, np.inf), np.full(n, 5)],
    )
    found = newcomers.second_order(who, 30)
    assert (found.early, found.matched_early, found.matched_others) == (80, 40, 40)
    assert found.matched.mean == 0


@pytest.mark.parametrize(
    ("early", "months"), [(FEW - 1, 3), (100, 1)], ids=["few", "as-long-as-the-months"]
)
def test_no_comparison_where_there_can_be_none(early, months):
    second = np.r_[np.full(early, 5), np.full(100, np.inf)]
    assert newcomers.second_order(lives(np.ones((early + 100, months)), second=second), 30) is None


# -- when it is decided -----------------------------------------------------------------------------


def test_marks_by_hand():
    monthly = [[10, 0, 0], [0, 10, 0], [10, 0, 20], [0, 0, 0]] + [[0, 0, 0]] * 6
    second = [np.inf, 40, 70, *[np.inf] * 7]
    found = {m.month: m for m in newcomers.marks(lives(monthly, second=second), (1, 2, 3, 6))}
    assert list(found) == [1, 2]
    assert found[1].value.mean == pytest.approx(20 / 50)
    # so far − 0.4 × whole: 6, −4, −2 and zeros.
    spread = np.std([6, -4, -2, *[0] * 7], ddof=1)
    assert found[1].value.error == pytest.approx(spread / np.sqrt(10) / 5)
    assert found[2].value.mean == pytest.approx(30 / 50)
    assert (found[1].returned, found[2].returned) == (0, 0.5)
    # The best of ten brings 30. After a month two look alike: on average (10 + 30) / 2.
    assert found[1].recognised == pytest.approx(20 / 30)
    # After two, three do: (10 + 10 + 30) / 3.
    assert found[2].recognised == pytest.approx(50 / 3 / 30)


def test_nothing_is_decided_where_nothing_comes():
    (mark,) = newcomers.marks(lives(np.zeros((40, 2))), (1,))
    assert (mark.value, mark.returned, mark.recognised) == (None, None, None)


# -- what may be paid -------------------------------------------------------------------------------


def test_tenths_by_hand():
    predicted = np.repeat(np.arange(10.0), 40)
    monthly = np.column_stack([predicted, predicted])
    found = newcomers.tenths(predicted, monthly)
    assert [t.rank for t in found] == list(range(1, 11))
    assert [t.predicted for t in found] == list(range(9, -1, -1))
    best = found[0].came
    assert best.customers == 40
    assert best.ceiling(0.5, 2) == Interval(9.0, 0.0)
    assert best.payback(0.5, 4.5) == 1
    assert best.payback(0.5, 4.6) == 2
    assert best.payback(0.5, 9.1) is None


def test_few_customers_are_parted_into_fewer():
    for n, parts in ((300, 10), (299, 5), (149, 4), (119, 3), (89, 2), (59, 1), (3, 1)):
        found = newcomers.tenths(np.arange(n), np.ones((n, 1)))
        assert [t.rank for t in found] == list(range(1, parts + 1))
        assert sum(t.came.customers for t in found) == n


def test_equal_forecasts_share_a_tenth():
    found = newcomers.tenths(np.r_[np.ones(290), np.full(10, 2.0)], np.ones((300, 1)))
    assert [(t.rank, t.came.customers) for t in found] == [(1, 10), (2, 290)]


def test_spend_beside_worth():
    who = lives(
        np.r_[np.tile([[8.0, 8.0], [12.0, 12.0]], (50, 1)), np.full((50, 2), 1.0)],
        channel=["Ads"] * 100 + ["mail"] * 50,
    )
    groups = [g.newcomers for g in newcomers.compare(who, "channel").groups]
    spend = {" ads ": 500.0, "ADS": 500.0, "mail": 80.0, "radio": 10.0, "tv": 1.0}
    won = {"Ads": 200, "mail": 50, "tv": 0}
    found, unknown = newcomers.channels(spend, won, groups, 0.5, 2)
    assert unknown == ["radio"]
    assert [(c.name, c.spend, c.won, c.cost, c.payback, c.verdict) for c in found] == [
        ("Ads", 1000.0, 200, 5.0, 1, "pays"),
        ("mail", 80.0, 50, 1.6, None, "loses"),
        ("tv", 1.0, 0, None, None, "few"),
    ]
    assert found[0].ceiling.mean == pytest.approx(10.0)
    # Costs within the interval of the margin decide nothing.
    (ads, *_), _ = newcomers.channels({"ads": 2000.0}, won, groups, 0.5, 2)
    assert ads.verdict == "open"


# -- trainings beside a run -------------------------------------------------------------------------

QUICK = training.Wish(Design("early", 3, after=("1m",)), ("channel",), learners=("boosting",))


@pytest.fixture(scope="module")
def shopping(store):
    """A run of 900 customers with a label that says nothing."""
    lines = shop(customers=900, days=900).splitlines()
    lines = [lines[0] + ",channel"] + [
        f"{line},{'ads' if int(line[1:5]) % 3 else 'mail'}" for line in lines[1:]
    ]
    content = "\n".join(lines) + "\n"
    return make_run(store, content, currency="EUR", options={"labels": ("channel",)})


@pytest.fixture(scope="module")
def stages():
    return []


@pytest.fixture(scope="module")
def kept(shopping, stages):
    return training.make(shopping, QUICK, Work(progress=lambda *told: stages.append(told[0])))


def table(content):
    return pd.read_csv(io.BytesIO(content), dtype={"customer_id": str})


def test_a_training_is_kept_beside_the_run(shopping, kept, stages):
    assert shopping.trainings == [QUICK.key]
    again = training.stored(shopping, QUICK.key)
    assert again.wish == QUICK
    assert again.report == kept.report
    assert training.latest(shopping).key == QUICK.key
    assert len(set(stages)) > 5
    other = dataclasses.replace(QUICK, labels=())
    assert other.key != QUICK.key
    assert training.stored(shopping, other.key) is None


def test_bids_are_the_held_out_customers_of_model_df(kept):
    rows = table(kept.rows())
    held = rows[rows["split"] == "test"]
    assert len(held) == kept.report["dates"][-1]["tested"]
    assert sum(t.came.customers for t in kept.bids) == len(held)
    best = held.nlargest(kept.bids[0].came.customers, "prediction")
    assert kept.bids[0].predicted == pytest.approx(best["prediction"].mean())
    assert kept.bids[0].came.brought[-1] == pytest.approx(best["LTV_3m"].mean())
    total = sum(t.came.customers * t.came.brought[-1] for t in kept.bids)
    assert total == pytest.approx(held["LTV_3m"].sum())
    firsts = sum(t.came.customers * t.came.brought[0] for t in kept.bids)
    assert firsts == pytest.approx(held["rev_1m"].sum())


def test_predictions_are_the_packed_models(shopping, kept, tmp_path):
    with zipfile.ZipFile(io.BytesIO(kept.packed())) as packed:
        packed.extractall(tmp_path)
    model = artefact.load(tmp_path / "model")
    with shopping.connect() as con:
        expected = model.table(
            to_score(con, model, date.fromisoformat(shopping.settings["as_of"])), by_month=True
        ).to_pandas()
    found = table(kept.predictions())
    assert list(found) == list(expected)
    assert len(found) == kept.scored == newcomers.completed(shopping, QUICK.design.point)
    for name in ("observed", "predicted_value", "low", "high", "month_2"):
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), abs=1e-6)
    assert "channel" in model.names


def test_labels_that_are_not_wanted_are_not_learned_from(shopping, kept):
    wish = dataclasses.replace(QUICK, labels=())
    found = training.make(shopping, wish, Work())
    names = {f["name"] for f in json.loads(found.card())["features"]}
    assert "channel" not in names
    assert "channel" in {f["name"] for f in json.loads(kept.card())["features"]}
    assert training.latest(shopping).key == wish.key


def test_an_unfinished_training_is_none_and_a_changed_one_is_refused(shopping, kept, tmp_path):
    run = Run(shopping.path, tmp_path / "exports" / shopping.id)
    shutil.copytree(shopping.training(QUICK.key), run.training(QUICK.key))
    assert training.latest(run).report == kept.report
    card = run.training(QUICK.key) / "card.json"
    card.write_text(card.read_text().replace('"trained"', '"tamed"', 1))
    with pytest.raises(FileError, match="changed after the training"):
        training.latest(run)
    (run.training(QUICK.key) / "bids.json").unlink()
    assert training.latest(run) is None


def test_a_history_that_is_too_short_says_what_it_supports(shopping, small, store):
    with pytest.raises(SettingsError, match="too short to predict 36 months") as e:
        training.check(shopping, Design("early", 36))
    assert "longest horizon that these orders support is 1" in e.value.hint
    training.check(shopping, Design("early", 6))
    bare = make_run(store, shop(value="", customers=120))
    with pytest.raises(SettingsError, match="no amounts"):
        training.check(bare, Design("early", 3, after=("1m",)))


def test_a_training_that_is_stopped_leaves_nothing(shopping):
    wish = dataclasses.replace(QUICK, seed=1)
    with pytest.raises(StoppedError):
        training.make(shopping, wish, Work(stopped=lambda: True))
    assert wish.key not in shopping.trainings
