"""Assumptions on invented customers with a known truth: planted effects are found, absent ones not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import norm

from clv.core.orders import REJECTS
from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline
from clv.insights import assumptions
from clv.insights.assumptions import Check, Effect, checks
from clv.insights.assumptions import people as people_module
from clv.insights.assumptions.base import GROUPS, T_GROUPS, around, jackknife, misplaced, sums
from clv.insights.assumptions.people import people
from clv.insights.assumptions.timing import timing
from clv.models.fitting.poisson import poisson_fit
from clv.report.charts import assumption_pictures as pictures
from clv.report.words import assumptions as words
from clv.runs import Store
from clv.samples import sample_path
from tests.apps.ui.fakes import fake_run

START = np.datetime64("2016-01-01")
DAYS = 730
#: The checks are of the model, not of what a test on the past would have chosen instead.
PLAIN = Settings(model="mbg-nbd", backtest=False)


def shop(
    root,
    seed=1,
    *,
    customers=2500,
    days=DAYS,
    arrive=None,
    stages=1,
    season=0.0,
    value_slope=0.0,
    late=1.0,
    loyal=0.0,
    rich=0,
    spread=0.0,
    amounts=True,
    r=1.2,
    alpha=45.0,
    settings=None,
):
    """Return a run of customers who buy as MBG/NBD and Gamma-Gamma say, but for what is planted.

    ``stages`` of Erlang gaps; ``season`` amplitude of a yearly wave in the rate; ``value_slope``
    power of the rate in the value; ``late`` factor of the rate of customers of the second half;
    ``loyal`` correlation of the ranks of rate and of staying; ``rich`` customers whose orders are worth
    a thousand times as much; ``spread`` of the gamma shape of values among customers (log).
    """
    rng = np.random.default_rng(seed)
    arrive = 0.8 * days if arrive is None else arrive
    born = rng.uniform(0, arrive, customers)
    rate = rng.gamma(r, 1 / alpha, customers)
    leaves = rng.beta(0.9, 3.5, customers)
    if loyal:
        # Reorder the chances of leaving: the higher the rate, the lower, as far as wanted.
        ranks = loyal * _normal_ranks(rate) + np.sqrt(1 - loyal**2) * rng.normal(size=customers)
        leaves = np.sort(leaves)[::-1][np.argsort(np.argsort(ranks))]
    rate = np.where(born > arrive / 2, rate * late, rate)
    level = rng.gamma(4.5, 1 / 32.0, customers) * (rate / rate.mean()) ** -value_slope
    level[:rich] /= 1000
    shape = 4.0 * np.exp(spread * rng.normal(size=customers))

    # The clock of the shop: it runs faster where the season is busy.
    grid = np.arange(days + 1, dtype=float)
    clock = np.concatenate([[0.0], np.cumsum(1 + season * np.sin(2 * np.pi * grid[1:] / 365.25))])
    who, now = np.arange(customers), np.interp(born, grid, clock)
    all_who, all_when = [who], [now]
    while len(who):
        stays = rng.random(len(who)) >= leaves[who]
        who, now = who[stays], now[stays]
        now = now + rng.gamma(stages, 1 / (stages * rate[who]))
        inside = now < clock[-1]
        who, now = who[inside], now[inside]
        all_who.append(who)
        all_when.append(now)
    who, when = np.concatenate(all_who), np.interp(np.concatenate(all_when), clock, grid)
    value = rng.gamma(shape[who], 1 / level[who]) * 4.0 / shape[who]
    return stored(root, who, when, value if amounts else None, settings)


def _normal_ranks(values):
    return norm.ppf((np.argsort(np.argsort(values)) + 0.5) / len(values))


def stored(root, who, when, value=None, settings=None):
    """Return the run of these purchases: customer number, days since `START`, value."""
    draft = Store(root).new_draft()
    at = START + (np.asarray(when) * 86_400).astype("timedelta64[s]")
    n = len(at)
    orders = {
        "customer_id": pa.array([f"C{i}" for i in who]),
        "order_id": pa.array([f"O{i}" for i in range(n)]),
        "ordered_at": pa.array(at.astype("datetime64[us]")),
        "revenue": pa.nulls(n, pa.float64()) if value is None else pa.array(np.asarray(value)),
        "items": pa.nulls(n, pa.int64()),
    }
    pq.write_table(pa.table(orders), draft.orders)
    pq.write_table(pa.table({k: pa.array([], pa.string()) for k in REJECTS}), draft.rejects)
    pq.write_table(
        pa.table({"customer_id": pa.array(sorted(set(orders["customer_id"].to_pylist())))}),
        draft.optional("labels"),
    )
    last = at.max().astype("datetime64[D]").astype(date)
    draft.put_report(
        {
            "rows_total": n,
            "rows_accepted": n,
            "orders": n,
            "as_of": last.isoformat(),
            "last_order": last.isoformat(),
            "currency": "EUR",
            "inputs": [{"name": "made.csv", "sha256": "0" * 64}],
            "options": {},
            "labels": [],
        }
    )
    return pipeline.forecast(Store(root), draft, settings or PLAIN)


def found(run):
    return {check.key: check for check in checks(run)}


KEYS = [
    *("timing", "season", "cohorts", "dropout", "frequencies", "first_repeat"),
    *("frequency_value", "spend_shape", "spend_spread", "outliers"),
]

# -- verdicts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        ((0.00, -0.02, 0.02), "holds"),
        ((0.04, 0.03, 0.05), "holds"),  # certain, but too small to matter
        ((0.07, 0.06, 0.08), "doubtful"),
        ((0.07, 0.02, 0.12), "doubtful"),
        ((0.15, 0.06, 0.24), "violated"),
        ((-0.15, -0.24, -0.06), "violated"),
        ((0.12, 0.03, 0.21), "doubtful"),  # there, large perhaps, trivial perhaps
        ((0.02, 0.01, 0.03), "holds"),
        ((0.04, 0.01, 0.11), "too little data"),
        ((0.20, -0.10, 0.50), "too little data"),
        ((0.00, -0.50, 0.50), "too little data"),
        (None, "too little data"),
    ],
)
def test_size_and_chance_make_the_verdict(effect, verdict):
    check = Check("timing", Effect(*effect) if effect else None, 0.05, 0.10, 100)
    assert check.verdict == verdict


# -- tools --------------------------------------------------------------------------------------------


def test_the_jackknife_of_a_mean_has_the_standard_error_of_groups():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(GROUPS), 25)
    y = rng.normal(size=group.size)
    total = np.stack([sums(group, y, GROUPS), sums(group, np.ones_like(y), GROUPS)], axis=1)
    mean, variance = jackknife(lambda s: s[0] / s[1], total)
    by_group = y.reshape(GROUPS, -1).mean(axis=1)
    assert mean[0] == pytest.approx(y.mean(), rel=1e-12)
    assert variance[0, 0] == pytest.approx(by_group.var(ddof=1) / GROUPS, rel=1e-9)
    effect = around(mean[0], variance[0, 0])
    assert effect.high - effect.estimate == pytest.approx(T_GROUPS * variance[0, 0] ** 0.5)
    assert around(float("nan"), 1.0) is None


def test_poisson_regression_reproduces_what_it_was_made_of():
    x = np.linspace(-1, 1, 9)
    design = np.column_stack([np.ones(9), x])
    expected = np.linspace(10, 20, 9)
    found = poisson_fit(expected * np.exp(0.3 - 0.7 * x), expected, design)
    assert found == pytest.approx([0.3, -0.7], abs=1e-9)
    assert np.isnan(poisson_fit(np.zeros(9), expected, design)).all()


def test_misplaced_customers_are_those_who_would_have_to_move():
    n = 1e8  # chance plays no part
    effect = misplaced(np.array([0.3, 0.5, 0.2]) * n, np.array([0.25, 0.45, 0.3]) * n)
    assert effect.estimate == pytest.approx(0.10, abs=1e-3)
    assert effect.low == pytest.approx(0.10, abs=1e-3)
    same = misplaced(np.array([30.0, 70.0]), np.array([29.0, 71.0]))
    assert (same.estimate, same.low) == (0.0, 0.0)
    assert same.high > 0.05
    assert misplaced(np.zeros(2), np.ones(2)) is None


def test_gaps_of_a_poisson_process_are_as_long_as_all_its_ways_to_fall_on_days(tmp_path):
    # Every way to put two purchases on the days between the first and the twelfth, once each: what a
    # Poisson process does. Observed and expected shares agree to the last digit, and k is 1.
    ways = list(combinations(range(1, 12), 2))
    who = np.repeat(np.arange(len(ways)), 4)
    when = np.array([day for way in ways for day in (0, *way, 12)], dtype=float)
    check = found(stored(tmp_path, who, when))["timing"]
    assert check.facts["spread"] == pytest.approx(1.0, abs=1e-12)
    assert check.facts["k"] == pytest.approx(1.0, abs=1e-3)
    assert check.customers == len(ways) == 55
    for row in check.rows:
        assert row["observed"] == pytest.approx(row["expected"], abs=1e-12)


# -- invented customers -------------------------------------------------------------------------------


def test_where_nothing_is_planted_nothing_is_found(tmp_path):
    alarms = []
    for seed in range(4):
        result = found(shop(tmp_path, seed))
        assert list(result) == KEYS
        alarms += [k for k, c in result.items() if c.verdict in ("doubtful", "violated")]
        certain = (
            "timing",
            "season",
            "frequencies",
            "first_repeat",
            "frequency_value",
            "spend_shape",
        )
        assert {result[k].verdict for k in certain} == {"holds"}
    assert alarms == []


@pytest.mark.parametrize(
    ("planted", "key", "low", "high"),
    [
        ({"stages": 2}, "timing", 0.60, 0.80),  # log 2 = 0.69
        ({"season": 0.3}, "season", 0.16, 0.27),  # 0.3 / sqrt(2) = 0.21
        ({"value_slope": 0.6}, "frequency_value", 0.12, 0.20),
        ({"value_slope": -0.6}, "frequency_value", -0.20, -0.12),
        ({"late": 0.6}, "cohorts", -0.50, -0.25),
        ({"rich": 10}, "outliers", 0.10, 0.25),
        ({"spread": 1.5}, "spend_spread", 0.08, 0.30),
        ({"loyal": 0.95, "customers": 6000}, "dropout", 0.03, 0.12),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else "",
)
def test_what_is_planted_is_found(tmp_path, planted, key, low, high):
    check = found(shop(tmp_path, 1, **planted))[key]
    assert check.verdict in ("violated", "doubtful")
    assert low < check.effect.estimate < high


@pytest.mark.parametrize(
    ("planted", "key"),
    [
        ({"stages": 2}, "timing"),
        ({"season": 0.3}, "season"),
        ({"value_slope": 0.6}, "frequency_value"),
        ({"late": 0.6}, "cohorts"),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else "",
)
def test_one_planted_effect_is_not_taken_for_another(tmp_path, planted, key):
    clear = {"timing", "season", "frequency_value", "cohorts", "outliers"} - {key}
    result = found(shop(tmp_path, 3, **planted))
    assert result[key].verdict == "violated"
    assert {k for k in clear if result[k].verdict in ("doubtful", "violated")} == set()


def gaps(run):
    with run.connect() as con:
        return timing(people(con, run))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_regular_gaps_are_found_unless_the_model_knows_them(tmp_path, seed):
    some, cnbd = {"customers": 1500}, replace(PLAIN, model="mbg-cnbd")
    assert gaps(shop(tmp_path, seed, stages=2, **some)).verdict == "violated"
    check = gaps(shop(tmp_path, seed, stages=2, settings=cnbd, **some))
    assert (check.verdict, check.facts["model_k"]) == ("holds", 2)
    assert check.facts["spread"] == pytest.approx(1.0, abs=0.1)
    for row in check.rows:
        assert row["observed"] == pytest.approx(row["expected"], abs=0.03)
    # Where nothing is regular, the model says so, and neither does the check find anything.
    check = gaps(shop(tmp_path, seed, settings=cnbd, **some))
    assert (check.verdict, check.facts["model_k"]) == ("holds", 1)


def test_a_model_of_regular_gaps_has_all_its_checks(tmp_path):
    settings = replace(PLAIN, model="mbg-cnbd+all-orders")
    result = found(shop(tmp_path, 1, stages=2, customers=5000, settings=settings))
    assert list(result) == KEYS
    some = ("timing", "frequencies", "first_repeat", "frequency_value", "spend_shape", "outliers")
    assert {result[k].verdict for k in some} == {"holds"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_season_is_found_unless_the_model_wears_it(tmp_path, seed):
    bare = found(shop(tmp_path, seed, season=0.3))
    worn = found(shop(tmp_path, seed, season=0.3, settings=replace(PLAIN, model="mbg-nbd+season")))
    assert bare["season"].verdict == "violated"
    assert worn["season"].verdict in ("holds", "too little data")
    assert worn["season"].effect.estimate < 0.35 * bare["season"].effect.estimate
    assert list(worn) == KEYS
    others = ("timing", "cohorts", "frequencies", "first_repeat", "frequency_value", "outliers")
    assert {k for k in others if worn[k].verdict in ("doubtful", "violated")} == set()
    none = found(shop(tmp_path, seed, settings=replace(PLAIN, model="mbg-nbd+season")))["season"]
    assert none.verdict == "holds"


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("slope", [0.6, -0.6, 0.0])
def test_value_that_goes_with_frequency_is_found_and_only_then(tmp_path, seed, slope):
    check = found(shop(tmp_path, seed, value_slope=slope, customers=1500))["frequency_value"]
    assert check.verdict == ("violated" if slope else "holds")
    if slope:
        assert np.sign(check.effect.estimate) == np.sign(slope)


def test_a_model_that_leaves_by_the_clock_has_all_its_checks(tmp_path):
    result = found(shop(tmp_path, 1, settings=replace(PLAIN, model="pareto-nbd")))
    assert list(result) == KEYS
    # Its histograms are those that its own formula sums to.
    for key in ("frequencies", "first_repeat"):
        assert sum(row["expected"] for row in result[key].rows) == pytest.approx(1.0, abs=1e-9)
        assert result[key].verdict in ("holds", "doubtful", "too little data")


def test_rules_of_thumb_have_no_shapes_to_be_wrong(tmp_path):
    run = shop(tmp_path, 1, customers=800, settings=replace(PLAIN, model="population-mean"))
    assert not {"frequencies", "first_repeat", "outliers"} & set(found(run))
    for check in checks(run):
        say_everything(check)


def test_checks_are_made_once_and_come_back_as_they_were(tmp_path):
    run = shop(tmp_path, 1, customers=400)
    assert assumptions.stored(run) is None
    told = []
    made = assumptions.checked(run, lambda *said: told.append(said))
    assert [said[1:] for said in told] == [(i, 10) for i in range(10)]
    assert made == assumptions.checked(run) == assumptions.stored(run)
    for again, fresh in zip(made, checks(run), strict=True):
        assert again.verdict == fresh.verdict
        assert again.effect == fresh.effect
        assert [dict(r) for r in again.rows] == [dict(r) for r in fresh.rows]
        assert dict(again.facts) == dict(fresh.facts)


def test_the_season_of_each_month_is_measured(tmp_path):
    check = found(shop(tmp_path, 4, season=0.3, customers=6000))["season"]
    day = np.arange(731)
    truth = 1 + 0.3 * np.sin(2 * np.pi * day / 365.25)
    month = (START + day).astype("datetime64[M]").astype(int) % 12
    for row in check.rows:
        wanted = truth[month == row["month"] - 1].mean()
        # Whoever buys in the busy months also leaves in them: the peak seems a little earlier.
        assert row["ratio"] == pytest.approx(wanted, abs=0.1)
        assert row["low"] < row["ratio"] < row["high"]
    assert check.facts["best"] in (3, 4)
    assert check.facts["worst"] in (9, 10)
    assert not check.facts["together"]


def test_few_customers_leave_it_open(tmp_path):
    result = found(shop(tmp_path, 1, customers=150))
    open_ones = [k for k, c in result.items() if c.verdict == "too little data"]
    assert set(open_ones) >= {"season", "cohorts", "dropout", "frequencies", "first_repeat"}


def test_of_many_customers_a_part_is_looked_at(tmp_path, monkeypatch):
    run = shop(tmp_path, 1, customers=2000, season=0.4)
    monkeypatch.setattr(people_module, "MOST", 1000)
    with run.connect() as con:
        group = people(con, run)
        assert group.everybody == 2000
        assert 900 < group.customers < 1100
        # Everybody who is looked at has all their purchase days, and one group.
        rows = group.columns(
            "SELECT count(DISTINCT d.g) AS groups, any_value(frequency) AS x, count(*) - 1 AS seen, "
            "max(age) AS age, any_value(recency) AS t_x FROM people p JOIN days d USING (c) GROUP BY c"
        )
    assert len(rows["x"]) == group.customers
    assert (rows["groups"] == 1).all()
    assert (rows["x"] == rows["seen"]).all()
    assert (rows["t_x"] == rows["age"]).all()
    assert found(run)["season"].verdict == "violated"


def test_the_same_run_is_checked_alike_twice(tmp_path):
    run = shop(tmp_path, 1, customers=300)
    assert repr(checks(run)) == repr(checks(run))


# -- what a run lacks ---------------------------------------------------------------------------------


def test_without_amounts_nothing_is_said_about_them(tmp_path):
    assert list(found(shop(tmp_path, 1, customers=400, amounts=False))) == [*KEYS[:6], "outliers"]


def test_history_only_leaves_what_needs_no_model(tmp_path):
    run = stored(tmp_path, [0, 1, 2, 2], [0.0, 3.0, 5.0, 5.2], [1.0, 2.0, 3.0, 4.0])
    assert run.model["purchases"] is None
    assert [(c.key, c.verdict) for c in checks(run)] == [
        ("timing", "too little data"),
        ("frequency_value", "too little data"),
    ]


def test_one_customer_and_a_handful_are_no_trouble(tmp_path):
    for n in (1, 5, 60):
        when = np.concatenate([np.arange(n) * 1.0, np.arange(n) * 1.0 + 20])
        run = stored(tmp_path, [*range(n), *range(n)], when, np.ones(2 * n))
        for check in checks(run):
            say_everything(check)
            assert n == 60 or check.verdict == "too little data"


def test_another_model_is_checked_as_well(tmp_path):
    run = shop(tmp_path, 1, customers=800, settings=replace(PLAIN, model="bg-nbd"))
    assert list(found(run)) == KEYS
    assert {type(c.effect) for c in checks(run) if c.key in ("frequencies", "outliers")} == {Effect}


def test_a_fake_run_says_something_of_everything(tmp_path):
    for more in ({}, {"value": False}, {"forecast": False}):
        for check in checks(fake_run(tmp_path, **more)):
            say_everything(check)


# -- real customers -----------------------------------------------------------------------------------


def test_cdnow(tmp_path):
    # Bursts of buying, values that go with frequency and lie at the price of one disc: known of CDNOW.
    store = Store(tmp_path)
    draft = store.new_draft()
    pipeline.check(draft, [sample_path("cdnow")], IngestOptions())
    result = found(pipeline.forecast(store, draft, PLAIN))
    assert {k: c.verdict for k, c in result.items()} == {
        "timing": "doubtful",
        "season": "doubtful",
        "cohorts": "holds",
        "dropout": "holds",
        "frequencies": "holds",
        "first_repeat": "doubtful",
        "frequency_value": "doubtful",
        "spend_shape": "violated",
        "spend_spread": "doubtful",
        "outliers": "holds",
    }
    assert result["timing"].facts["k"] == pytest.approx(0.73, abs=0.01)
    assert result["frequency_value"].facts["correlation"] == pytest.approx(0.105, abs=0.002)
    assert result["season"].facts["together"]
    assert "can't be told apart" in words.finding(result["season"])
    assert words.summary(list(result.values())) == (
        "4 of 10 assumptions hold, 5 are doubtful and 1 is violated. What matters most for this file: "
        "order values cluster where the model doesn't expect them (a fixed price, a free-delivery "
        "threshold) or reach further out. Averages suffer little; ranges and single orders more."
    )


# -- words and pictures -------------------------------------------------------------------------------


def say_everything(check, currency="EUR"):
    said = [
        words.label(check),
        words.finding(check),
        words.meaning(check),
        words.advice(check),
        words.statistic(check),
    ]
    figure = pictures.figure(check, currency)
    if figure:
        said += [figure.layout.meta["alt"], *(r["label"] for r in pictures.table(check, currency))]
    for text in said:
        assert not {"nan", "None", "inf", "NaN"} & set(text.replace("%", " ").split())
    assert said[0]
    assert said[1].endswith(".")
    assert said[2].endswith(".")
    return said


def test_every_check_has_its_words_and_its_picture(tmp_path):
    run = shop(tmp_path, 1, customers=800)
    result = checks(run)
    assert list(words.WORDS) == [c.key for c in result] == KEYS
    for check in result:
        say_everything(check)
        for dark in (False, True):
            figure = pictures.figure(check, "EUR", dark=dark)
            assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
            assert figure.layout.meta["alt"]


def checked(key, effect, **facts):
    return Check(key, Effect(*effect), 0.05, 0.10, 1234, (), facts)


def test_findings_are_plain_sentences():
    timing = checked("timing", (0.69, 0.6, 0.8), spread=0.49, k=2.0)
    assert words.finding(timing) == (
        "The gaps between a customer's orders vary 30\u00a0% less than chance alone would make them "
        "(1,234 customers with three orders or more)."
    )
    assert words.meaning(timing) == words.WORDS["timing"].above
    assert words.advice(timing) == words.WORDS["timing"].help_above
    value = checked("frequency_value", (-0.2, -0.3, -0.1), correlation=-0.3)
    assert words.finding(value) == (
        "With every doubling of repeat orders an order is worth 18\u00a0% less (between 9.5\u00a0% and "
        "26\u00a0% less; 1,234 repeat buyers)."
    )
    few = checked("outliers", (0.2, 0.1, 0.3), few=1, value_share=0.4, purchase_share=0.1)
    assert words.finding(few).startswith(
        "Without the 1 most extreme customer, who hold 40\u00a0% of the value of repeat orders, the "
        "others' forecast would be 18\u00a0% lower"
    )
    assert words.finding(Check("season", None, 0, 1, 9, (), {"short": True})) == (
        "The file covers less than a year: a season can't be seen yet."
    )


def test_the_answer_counts_the_verdicts():
    good, bad = checked("season", (0, -0.01, 0.01)), checked("timing", (0.5, 0.4, 0.6))
    unknown = Check("cohorts", None, 0.05, 0.1, 3)
    assert words.summary([good]) == "1 of 1 assumption holds."
    assert words.summary([good, bad, unknown]) == (
        "1 of 3 assumptions holds, 1 is violated and for 1 there is too little data. What matters most "
        "for this file: customers keep a rhythm, so silence says more than the forecast reads into it: "
        "who is past their usual gap is less likely to be active than shown."
    )
    assert words.summary([unknown]) == (
        "There are too few orders to say whether the model's assumptions hold."
    )
    assert words.summary([]) == "There is no model whose assumptions could be checked."


def test_labels_of_classes():
    def label(key, **row):
        check = SimpleNamespace(
            key=key, rows=[row | {"ratio": 1, "value": 1, "observed": 1, "purchases": 1}]
        )
        return pictures.table(check, "EUR")[0]["label"]

    assert label("timing", **{"from": 0.0, "to": 0.25}) == "0 – 0.25 ×"
    assert label("timing", **{"from": 3.0, "to": None}) == "over 3 ×"
    assert label("frequencies", **{"from": 2, "to": 2}) == "2"
    assert label("frequencies", **{"from": 5, "to": 6}) == "5 – 6"
    assert label("dropout", **{"from": 13, "to": None}) == "13+"
    assert label("first_repeat", **{"from": 7, "to": 14}) == "8 – 14 days"
    assert label("first_repeat", **{"from": None, "to": None}) == "not yet"
    assert label("spend_shape", **{"from": 0.0, "to": 12.5}) == "to €12.50"
    assert label("spend_shape", **{"from": 100.0, "to": None}) == "over €100"
    assert label("season", month=11) == "Nov"


def test_pictures_show_the_rows():
    rows = (
        {"from": 0, "to": 0, "observed": 0.6, "expected": 0.5},
        {"from": 1, "to": None, "observed": 0.4, "expected": 0.5},
    )
    figure = pictures.figure(Check("frequencies", None, 0, 1, 9, rows))
    observed, model = figure.data
    assert (observed.name, model.name) == ("Observed", "Model")
    assert (list(observed.x), list(model.x)) == ([0.6, 0.4], [0.5, 0.5])
    assert list(observed.y) == ["0", "1+"]
    assert model.marker.pattern.shape == "/"
    assert figure.layout.meta["alt"] == (
        "Bars of 2 classes, observed beside model; furthest apart at 0: 60.0% and 50.0%."
    )
    rows = ({"month": 5, "ratio": 1.2, "low": 1.1, "high": 1.4},)
    line, points = pictures.figure(Check("season", None, 0, 1, 9, rows), dark=True).data
    assert list(line.y) == [1.0]
    assert line.line.dash == "dash"
    assert points.error_y.array == pytest.approx((0.2,))
    assert points.error_y.arrayminus == pytest.approx((0.1,))
    assert pictures.figure(Check("season", None, 0, 1, 9)) is None
