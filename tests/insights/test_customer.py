"""Facts about one customer: by hand, against published values, and against a run's own files."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import date, timedelta
from math import ceil, exp, log

import numpy as np
import pytest

from clv.core import engine
from clv.core.segments import ACTIVE, GONE, LATE, OVERDUE, PROMISING, Cuts, group_sql
from clv.insights import customer as one
from clv.models.card import from_card
from clv.models.histories import Histories
from clv.models.purchase.pooled_rate import PooledRate
from clv.samples import sample_path
from tests.shops import make_run, new_store

#: Batislam et al. (2007), CDNOW sample, weeks; as many digits as the maximum has.
MBG = {"r": 0.524838, "alpha": 6.182992, "a": 0.891356, "b": 1.613999}


def model(name="mbg-nbd", **parameters):
    return from_card(
        {
            "name": name,
            "parameters": MBG | parameters,
            "standard_errors": dict.fromkeys(MBG),
            "penalizer_coef": 0.0,
            "log_likelihood": 0.0,
            "customers": 1.0,
            "converged": True,
            "at_bound": [],
        }
    )


def mbg_alive(x, t_x, age):
    """P(alive) as Batislam et al. write it, for one customer."""
    r, alpha, a, b = MBG.values()
    return 1 / (1 + a / (b + x) * ((alpha + age) / (alpha + t_x)) ** (r + x))


# -- the path of being active ----------------------------------------------------------------------


def test_path_ends_at_the_published_value():
    path = one.alive_path(model(), [0, 11.5, 30.43], 38.86)
    assert path.ages[path.now] == 38.86
    assert path.p_alive[path.now] == pytest.approx(0.70613, abs=5e-6)
    assert path.now == len(path.ages) - 1


def test_path_by_hand():
    path = one.alive_path(model(), [0, 2, 3], 4, ahead=2)
    expected = [
        *[(0, 1, mbg_alive(0, 0, 0)), (1, 1, mbg_alive(0, 0, 1))],
        # Just before the second order, and just after it.
        *[(2, 1, mbg_alive(0, 0, 2)), (2, 2, mbg_alive(1, 2, 2))],
        *[(3, 2, mbg_alive(1, 2, 3)), (3, 3, mbg_alive(2, 3, 3))],
        *[(4, 3, mbg_alive(2, 3, 4)), (5, 3, mbg_alive(2, 3, 5)), (6, 3, mbg_alive(2, 3, 6))],
    ]
    assert path.ages.tolist() == [age for age, _, _ in expected]
    assert path.orders.tolist() == [orders for _, orders, _ in expected]
    np.testing.assert_allclose(path.p_alive, [p for *_, p in expected], rtol=1e-14)
    assert path.now == 6


def test_orders_lift_and_silence_lowers():
    path = one.alive_path(model(), [0, 20, 50, 60], 300, ahead=100)
    steps, jumps = np.diff(path.p_alive), np.diff(path.orders) > 0
    assert (steps[jumps] > 0).all()
    assert (np.diff(path.ages)[jumps] == 0).all()
    assert (steps[~jumps] < 0).all()


def test_orders_on_one_day_count_once():
    twice = one.alive_path(model(), [0, 0, 7, 7, 7], 30)
    once = one.alive_path(model(), [0, 7], 30)
    assert twice.p_alive.tolist() == once.p_alive.tolist()
    assert twice.orders.tolist() == once.orders.tolist()


def test_bg_nbd_is_certain_until_the_first_repeat():
    path = one.alive_path(model("bg-nbd"), [0, 20], 40)
    assert (path.p_alive[path.orders == 1] == 1).all()
    assert (path.p_alive[path.orders == 2] < 1).all()


def test_long_histories_are_thinned_but_keep_every_jump():
    bought = [0, 1, 3, 777, 778, 5000, 19_999]
    path = one.alive_path(model(), bought, 20_000, ahead=365)
    assert len(path.ages) <= one.PATH_POINTS + 3 * len(bought)
    jumps = path.ages[1:][np.diff(path.orders) > 0]
    assert jumps.tolist() == bought[1:]
    assert path.ages[path.now] == 20_000
    assert path.p_alive[path.now] == pytest.approx(mbg_alive(6, 19_999, 20_000), rel=1e-13)


def test_path_of_the_first_day():
    path = one.alive_path(model(), [0], 0)
    assert (path.ages.tolist(), path.orders.tolist(), path.now) == ([0.0], [1], 0)
    assert path.p_alive[0] == pytest.approx(MBG["b"] / (MBG["a"] + MBG["b"]), rel=1e-14)


# -- what comes next -------------------------------------------------------------------------------


def test_outlook_in_closed_form():
    r, alpha, _, _ = MBG.values()
    seen = one.outlook(model(), 2, 30.43, 38.86)
    for days, chance in zip(one.AHEAD, seen.chances, strict=True):
        soon = 1 - ((alpha + 38.86) / (alpha + 38.86 + days)) ** (r + 2)
        assert chance == pytest.approx(mbg_alive(2, 30.43, 38.86) * soon, rel=1e-12)
    for q, wait in zip(one.WINDOW, seen.window, strict=True):
        assert wait == pytest.approx((alpha + 38.86) * ((1 - q) ** (-1 / (r + 2)) - 1), rel=1e-12)
    assert seen.due_days == pytest.approx((alpha + 30.43) * (10 ** (1 / (r + 2)) - 1), rel=1e-12)


def test_outlook_where_all_are_alike():
    pooled = PooledRate().fit(Histories.of([1, 0, 2], [30, 0, 50], [60, 40, 50]))
    rate = 3 / 150
    seen = one.outlook(pooled, 1, 30, 60)
    assert seen.chances == pytest.approx([1 - exp(-rate * days) for days in one.AHEAD], rel=1e-12)
    assert seen.purchases == pytest.approx([rate * days for days in one.AHEAD], rel=1e-12)
    assert seen.window == pytest.approx([-log(1 - q) / rate for q in one.WINDOW], rel=1e-12)
    assert seen.due_days == pytest.approx(log(10) / rate, rel=1e-12)
    several = pooled.wait_if_alive(Histories.of([1, 2], 0, [9, 9]), 0.5)
    assert several.tolist() == [pytest.approx(log(2) / rate, rel=1e-12)] * 2
    with pytest.raises(ValueError, match="quantile"):
        pooled.due(Histories.of(1, 30, 30), 1.0)


@pytest.mark.parametrize("x", [1, 2, 9])
def test_overdue_begins_on_the_day_that_due_says(x):
    fitted = model()
    due = fitted.due(Histories.of(x, 30.0, 30.0), 1 - OVERDUE)
    before, after = (
        fitted.score(Histories.of([x], [30.0], [30.0 + due + step]), []).p_silent[0]
        for step in (-1e-6, 1e-6)
    )
    assert after < OVERDUE < before


# -- standing --------------------------------------------------------------------------------------

#: Named group → the standings it is made of.
GROUPS = {
    "champions": {one.Standing.ON_SCHEDULE},
    "loyal": {one.Standing.ON_SCHEDULE},
    "promising": {one.Standing.ON_SCHEDULE, one.Standing.PROMISING},
    "new": {one.Standing.NEW},
    "needs attention": {one.Standing.LATE, one.Standing.DOUBTFUL},
    "at risk": {one.Standing.OVERDUE},
    "one-time": {one.Standing.ONCE},
    "inactive": {one.Standing.GONE},
}


def test_standing_never_contradicts_the_named_group():
    edges = [0.0, 1.0]
    for threshold in (OVERDUE, LATE, ACTIVE, GONE, PROMISING):
        edges += [threshold, np.nextafter(threshold, 0), threshold + 0.01]
    cuts = Cuts(30, 100.0, 20.0)
    grid = list(itertools.product((0, 1, 2, 9), (0, 30, 31), edges, edges, edges, (5.0, 100.0)))
    with engine.connect() as con:
        con.execute(
            "CREATE TABLE t (frequency BIGINT, T BIGINT, p_alive DOUBLE, p_purchase DOUBLE, "
            "p_silent DOUBLE, predicted_clv DOUBLE)"
        )
        names = ("x", "age", "alive", "chance", "silent", "value")
        found = dict(zip(names, np.array(grid, dtype=float).T.copy(), strict=True))
        con.register("found", found)
        con.execute("INSERT INTO t SELECT x, age, alive, chance, silent, value FROM found")
        groups = con.execute(f"SELECT {group_sql(cuts, 'predicted_clv')} FROM t").fetchall()
    met = set()
    for (x, age, alive, chance, silent, _), (group,) in zip(grid, groups, strict=True):
        facts = {"frequency": x, "T": age, "p_alive": alive, "p_purchase": chance}
        where = one.standing(facts, silent, cuts.new_days)
        assert where in GROUPS[group], (facts, silent, group)
        met.add((group, where))
    assert met == {(group, where) for group, wheres in GROUPS.items() for where in wheres}


def test_no_forecast_no_standing():
    facts = {"frequency": 3, "T": 90, "p_alive": None, "p_purchase": None}
    assert one.standing(facts, None) is None


# -- a run's own files -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def cdnow(store):
    return make_run(store, sample_path("cdnow"), as_of=date(1997, 9, 30))


def some(run):
    """Return customers of every kind: each group's first, the heaviest buyer, three by hash."""
    rows = run.query(
        "(SELECT DISTINCT ON (segment) * FROM forecasts ORDER BY segment, customer_id) "
        "UNION ALL (SELECT * FROM forecasts ORDER BY orders DESC, customer_id LIMIT 1) "
        "UNION ALL (SELECT * FROM forecasts ORDER BY hash(customer_id) LIMIT 3)"
    ).to_pylist()
    assert len(rows) >= 10
    return rows


def test_everything_agrees_with_the_run_to_the_last_digit(cdnow):
    fitted = from_card(cdnow.model["purchases"])
    as_of = date.fromisoformat(cdnow.settings["as_of"])
    for facts in some(cdnow):
        ages = one.purchase_ages(cdnow, facts)
        assert (len(ages) - 1, ages[0], ages[-1]) == (facts["frequency"], 0, facts["recency"])
        path = one.alive_path(fitted, ages, facts["T"], 365)
        assert path.p_alive[path.now] == facts["p_alive"]
        seen = one.outlook(fitted, facts["frequency"], facts["recency"], facts["T"])
        # The horizon of 12 months has 365 days here.
        assert seen.chances[-1] == facts["p_purchase"]
        assert seen.purchases[-1] == facts["predicted_purchases"]
        wait = min(ceil(seen.window[1]), 36_525)
        assert as_of + timedelta(days=wait) == facts["next_order_date"]
        p_silent, at_risk = one.silence(cdnow, facts)
        scores = fitted.score(
            Histories.of([facts["frequency"]], [facts["recency"]], [facts["T"]]), []
        )
        assert p_silent == scores.p_silent[0]
        # Known to be active, a customer's CLV is that expected now over the chance of being so.
        lost = facts["predicted_clv"] / facts["p_alive"] - facts["predicted_clv"]
        assert at_risk == pytest.approx(lost, rel=1e-9, abs=1e-12)


def test_standing_agrees_with_the_groups_of_a_real_run(cdnow):
    rows = cdnow.query(
        "SELECT DISTINCT frequency, T, p_alive, p_purchase, p_silent, segment FROM forecasts "
        "JOIN profiles USING (frequency, recency, T)"
    ).to_pylist()
    for row in rows:
        where = one.standing(row, row["p_silent"], cdnow.summary["cuts"]["new_days"])
        assert where in GROUPS[row["segment"]]


def test_peers_of_a_real_run(cdnow):
    facts = some(cdnow)[0]
    for kind, where in (
        ("cohort", f"strftime(first_order, '%Y-%m') = '{facts['first_order']:%Y-%m}'"),
        ("segment", f"segment = '{facts['segment']}'"),
    ):
        found = one.peers(cdnow, facts, kind)
        values = cdnow.query(f"SELECT * FROM forecasts WHERE {where}").to_pydict()
        assert found.customers == len(values["orders"])
        for measure in one.MEASURES:
            column = np.array(values[measure])
            others = len(column) - 1
            assert found.median[measure] == pytest.approx(np.median(column), rel=1e-14)
            assert found.below[measure] == (column < facts[measure]).sum() / others
            assert found.above[measure] == (column > facts[measure]).sum() / others


# Twelve customers of January, one of March: too few for more than one common rate.
TINY = ["customer_id,date,value,country"] + [
    f"C{i:02d},2017-01-{i + 1:02d},{10 * i},{'AT' if i % 2 else 'DE'}" for i in range(1, 13)
]
TINY += ["C03,2017-02-04,50,DE", "C03,2017-02-04,20,DE", "C05,2017-03-01,1,AT"]
TINY += ["=1+1,2017-03-01,7,", "=1+1,2017-03-31,9,AT"]


@pytest.fixture(scope="module")
def tiny(store):
    return make_run(store, "\n".join(TINY) + "\n")


def test_tiny_run_by_hand(tiny):
    facts = tiny.customer("C03")
    assert tiny.model["purchases"]["name"] == "pooled-rate"
    assert one.purchase_ages(tiny, facts) == [0, 31]
    assert one.labels(tiny, "C03") == {"country": "AT"}
    # January: C03 has 3 orders worth 30 + 70, C05 has 2 worth 51, the others one each.
    cohort = one.peers(tiny, facts, "cohort")
    assert cohort.customers == 12
    assert cohort.median["orders"] == 1
    assert cohort.median["revenue"] == (70 + 80) / 2
    assert (cohort.below["orders"], cohort.above["orders"]) == (1, 0)
    # 10, 20, 40, 51, 60, 70, 80, 90 lie below 100; 110 and 120 above; C10 has 100 as well.
    assert (cohort.below["revenue"], cohort.above["revenue"]) == (8 / 11, 2 / 11)
    alone = one.peers(tiny, tiny.customer("=1+1"), "cohort")
    assert (alone.customers, alone.below["orders"], alone.above["revenue"]) == (1, None, None)
    # Repeats: 2 of C03 and C05, 1 of =1+1; everybody has been watched since the first order.
    exposure = sum((date(2017, 3, 31) - date(2017, 1, i + 1)).days for i in range(1, 13)) + 30
    p_silent, at_risk = one.silence(tiny, facts)
    assert p_silent == pytest.approx(exp(-3 / exposure * 55), rel=1e-12)
    assert at_risk == 0


def test_labels_left_empty_are_left_out(tiny):
    assert one.labels(tiny, "=1+1") == {}
    assert one.labels(tiny, "nobody") == {}


def test_downloads_are_this_customer_and_start_no_formula(tiny):
    rows = list(csv.DictReader(io.StringIO(one.csv(tiny, "orders", "=1+1").decode())))
    amounts = [(r["customer_id"], float(r["revenue"])) for r in rows]
    assert amounts == [("'=1+1", 7.0), ("'=1+1", 9.0)]
    rows = list(csv.DictReader(io.StringIO(one.csv(tiny, "monthly", "C03").decode())))
    expected = tiny.customer_monthly("C03").to_pydict()
    assert [int(r["month"]) for r in rows] == list(range(1, 13))
    for name in ("predicted_purchases", "predicted_revenue", "predicted_clv"):
        assert [float(r[name]) for r in rows] == expected[name]


def test_history_only(store):
    rows = "\n".join(f"C{i},2017-01-{i + 1:02d},5" for i in range(1, 20))
    run = make_run(store, f"customer_id,date,value\n{rows}\n")
    facts = run.customer("C3")
    assert one.silence(run, facts) == (None, None)
    assert one.standing(facts, None) is None
    assert one.peers(run, facts, "segment") is None
    assert one.peers(run, facts, "cohort").median["predicted_clv"] is None
    assert one.labels(run, "C3") == {}


@pytest.mark.parametrize("model", ["corrected", "mbg-nbd+corrected", "mbg-nbd+season+corrected"])
def test_a_corrected_forecast_is_told_as_the_list_has_it(store, model):
    """Whatever values an order, what is said of one customer is what the forecasts say."""
    path = sample_path("transactions") if "season" in model else sample_path("cdnow")
    run = make_run(store, path, model=model)
    assert run.settings["corrected"]
    plain = from_card(run.model["purchases"])
    days = run.model["months"][-1]["end_days"]
    for facts in some(run):
        past = one.corrected(run, facts)
        ages = one.purchase_ages(run, facts)
        seen = one.outlook(plain, facts["frequency"], facts["recency"], facts["T"], past)
        near = min(range(3), key=lambda i: abs(one.AHEAD[i] - days))
        assert one.AHEAD[near] == days == 365
        assert seen.chances[near] == pytest.approx(facts["p_purchase"], rel=1e-9)
        assert seen.purchases[near] == pytest.approx(facts["predicted_purchases"], rel=1e-9)
        path_so_far = one.alive_path(plain, ages, facts["T"], corrected=past)
        p_alive = path_so_far.p_alive[path_so_far.now]
        assert p_alive == pytest.approx(facts["p_alive"], rel=1e-9)
        moved = one.moved(plain, facts, ages, past)
        of_plain = plain.score(
            Histories.of(facts["frequency"], facts["recency"], facts["T"]), [days]
        )
        assert moved.factor == pytest.approx(
            facts["predicted_purchases"] / of_plain.purchases[0, 0], rel=1e-9
        )
