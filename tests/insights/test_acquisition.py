"""What new customers bring: by hand, and computed a second time in pandas on real histories."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from clv.insights.newcomers import months_of_life
from clv.insights.newcomers.curves import Z80, Interval, Newcomers
from clv.insights.newcomers.months_of_life import MONTH_DAYS
from tests.handmade import AS_OF, customer, handmade_run
from tests.places import LIFETIMES
from tests.shops import make_run, new_store

#: Customer, age in days, days after the first order on which they ordered, and for how much.
#: A month has 30.4375 days: 61 days are two months, 60 only one.
LIVES = [
    ("a", 61, {0: 10.0, 30: 5.0, 31: 20.0}, "shop"),
    ("b", 61, {0: 30.0}, "shop"),
    ("c", 60, {0: 20.0, 40: 99.0}, "shop"),
    ("d", 92, {0: 40.0, 61: 8.0, 91: 4.0}, "web"),
    ("e", 30, {0: 1000.0}, "web"),
    ("f", 31, {0: 60.0}, None),
]


def lives(copies=1, *, value=True, forecast=True):
    """Return customers and orders; each life ``copies`` times."""
    rows, orders = [], []
    for copy in range(copies):
        for i, (name, age, bought, _) in enumerate(LIVES):
            who = f"{name}{copy}"
            more = {"revenue": sum(bought.values())} if value else {}
            if forecast:
                clv = 10.0 * (i + 1)
                more |= {"p_alive": 0.5, "p_purchase": 0.5, "predicted_purchases": 1.0}
                more |= {"segment": "new", "p_silent": 0.5, "discounted_if_active": 1.5}
                more |= {"predicted_clv": clv, "predicted_order_value": clv} if value else {}
            last = max(bought)
            rows.append(customer(who, len(bought) - 1, last, age, orders=len(bought), **more))
            orders += [(who, age - d, v if value else None) for d, v in bought.items()]
    return rows, orders


def channels(copies=1):
    return {"channel": {f"{n}{c}": label for c in range(copies) for n, _, _, label in LIVES}}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    rows, orders = lives()
    root = tmp_path_factory.mktemp("few")
    return handmade_run(root, rows, orders, labels=channels())


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    rows, orders = lives(15)
    root = tmp_path_factory.mktemp("many")
    return handmade_run(root, rows, orders, labels=channels(15))


# -- by hand ----------------------------------------------------------------------------------------


def test_months_of_life_by_hand(few):
    """Only whole months count, and only for those who were watched through them.

    Month 1: a 15, b 30, c 20, d 40, f 60 (e is 30 days old: not yet a month). Month 2: a 20, b 0,
    d 0; c's 99 fall into a month that is not over. Month 3: d, whose day 61 lies behind two months
    of 30.4375 days, 8 + 4.
    """
    all_ = months_of_life.overall(few)
    assert all_.watched.tolist() == [5, 3, 1]
    assert all_.brought == pytest.approx([33, 33 + 20 / 3, 33 + 20 / 3 + 12], rel=1e-14)
    # Around the means: month 1 over 5, month 2 over 3.
    one = [(15 - 33) / 5, (30 - 33) / 5, (20 - 33) / 5, (40 - 33) / 5, (60 - 33) / 5]
    two = [one[0] + (20 - 20 / 3) / 3, one[1] - 20 / 9, one[2], one[3] - 20 / 9, one[4]]
    assert all_.error[0] == pytest.approx(np.sqrt(np.sum(np.square(one))), rel=1e-12)
    assert all_.error[1] == pytest.approx(np.sqrt(np.sum(np.square(two))), rel=1e-12)
    assert all_.error[2] == pytest.approx(all_.error[1], rel=1e-12), "one customer has no spread"
    assert (all_.customers, all_.orders, all_.revenue) == (6, 11, 1296.0)
    assert all_.second == pytest.approx(3 / 6)
    assert all_.clv.mean == pytest.approx(35.0)
    assert all_.clv.error == pytest.approx(np.std([10, 20, 30, 40, 50, 60], ddof=1) / np.sqrt(6))


def test_labels_by_hand(few):
    found = months_of_life.by_label(few, "channel")
    shop, web, nowhere = found.groups
    assert [(g.value, g.combined, g.customers) for g in found.groups] == [
        ("shop", 1, 3),
        ("web", 1, 2),
        (None, 1, 1),
    ]
    assert shop.watched.tolist() == [3, 2, 0]
    assert shop.brought == pytest.approx([65 / 3, 65 / 3 + 10, 65 / 3 + 10], rel=1e-14)
    assert web.watched.tolist() == [1, 1, 1]
    assert web.brought == pytest.approx([40, 40, 52], rel=1e-14)
    assert nowhere.brought[0] == 60.0
    assert shop.clv.mean == pytest.approx(20.0)
    everyone, alone = found.everyone, months_of_life.overall(few)
    assert everyone.brought == pytest.approx(alone.brought, rel=1e-14)
    assert everyone.error == pytest.approx(alone.error, rel=1e-12)


def test_ceiling_and_payback_by_hand(many):
    """Fifteen of each: 75 customers watched for a month, 45 for two, 15 for three."""
    all_ = months_of_life.overall(many)
    assert all_.watched.tolist() == [75, 45, 15]
    assert all_.longest == 2, "under 30 customers nothing is said"
    assert all_.after(3) is None
    assert all_.after(0) is None
    most = all_.ceiling(0.5, 2)
    assert most.mean == pytest.approx(0.5 * (33 + 20 / 3), rel=1e-12)
    one = months_of_life.overall(many).error[1]
    assert most.low == pytest.approx(most.mean - 0.5 * Z80 * one, rel=1e-12)
    assert most.high == pytest.approx(most.mean + 0.5 * Z80 * one, rel=1e-12)
    # At a margin of one half the months bring 16.50 and 3.33.
    assert [all_.payback(0.5, cost) for cost in (0.0, 16.5, 16.51, most.mean, 19.9)] == [
        1,
        1,
        2,
        2,
        None,
    ]
    shop, web, nowhere = months_of_life.by_label(many, "channel").groups
    assert (shop.longest, web.longest, nowhere.longest) == (2, 0, 0)
    assert (web.customers, web.watched_through(1), web.watched_through(99)) == (30, 15, 0)
    assert web.ceiling(1.0, 1) is None
    assert web.payback(1.0, 1.0) is None
    assert shop.after(1) == Interval(
        pytest.approx(65 / 3), pytest.approx(np.std([15, 30, 20]) / np.sqrt(45))
    )


def test_the_lower_end_is_not_below_nothing():
    assert Interval(1.0, 5.0).low == 0.0


def test_without_amounts_orders_are_counted(tmp_path):
    run = handmade_run(tmp_path, *lives(value=False))
    all_ = months_of_life.overall(run)
    # Month 1: a 2 orders, everybody else 1; month 2: a 1; month 3: d 2.
    assert all_.brought == pytest.approx([6 / 5, 6 / 5 + 1 / 3, 6 / 5 + 1 / 3 + 2])
    assert (all_.revenue, all_.clv, all_.purchases) == (None, None, 6.0)


def test_history_alone_is_enough(tmp_path):
    run = handmade_run(tmp_path, *lives(forecast=False))
    all_ = months_of_life.overall(run)
    assert all_.brought[0] == pytest.approx(33.0)
    assert (all_.clv, all_.purchases) == (None, None)


def test_quarters_of_the_first_order_newest_first(few):
    found = months_of_life.by_cohort(few)
    first = [AS_OF - timedelta(days=age) for _, age, _, _ in LIVES]
    quarters = sorted({f"{d.year} Q{(d.month + 2) // 3}" for d in first}, reverse=True)
    assert [g.value for g in found.groups] == quarters == ["2017 Q4", "2017 Q3"][: len(quarters)]
    assert sum(g.customers for g in found.groups) == 6


def test_many_values_end_in_one_row(tmp_path):
    """Forty values: the thirty with most customers, then all the others together."""
    rows, names = [], {}
    for value in range(40):
        for k in range(41 - value):
            who = f"{value:02d}-{k}"
            rows.append(customer(who, 0, 0, len(rows) + 1, revenue=1.0))
            names[who] = f"v{value:02d}"
    run = handmade_run(
        tmp_path, rows, [(r["customer_id"], r["T"], 1.0) for r in rows], labels={"l": names}
    )
    groups = months_of_life.by_label(run, "l").groups
    assert [g.value for g in groups[:30]] == [f"v{i:02d}" for i in range(30)]
    assert (len(groups), groups[30].value, groups[30].combined) == (31, None, 10)
    assert groups[30].customers == sum(41 - v for v in range(30, 40))
    assert sum(g.customers for g in groups) == len(rows)


def test_a_rest_of_one_value_is_that_value(tmp_path):
    rows = [customer(f"c{i}", 0, 0, i + 1, revenue=1.0) for i in range(31)]
    names = {f"c{i}": f"v{i:02d}" for i in range(31)}
    run = handmade_run(tmp_path, rows, labels={"l": names})
    groups = months_of_life.by_label(run, "l").groups
    assert (len(groups), groups[-1].value, groups[-1].combined) == (31, "v30", 1)


@pytest.mark.parametrize("label", ['say "hi"', "drop table; --", "größe", "customer id"])
def test_labels_are_data(tmp_path, label):
    rows, orders = lives()
    run = handmade_run(tmp_path, rows, orders, labels={label: {"a0": "it's"}})
    assert {g.value for g in months_of_life.by_label(run, label).groups} == {"it's", None}


def test_nobody_has_been_watched_for_a_month(tmp_path):
    rows = [customer("x", 0, 0, 3, revenue=5.0)]
    all_ = months_of_life.overall(handmade_run(tmp_path, rows, [("x", 3, 5.0)]))
    assert (all_.longest, all_.watched.tolist(), all_.after(1)) == (0, [], None)
    assert all_.payback(1.0, 0.0) is None


# -- a second time, in pandas -----------------------------------------------------------------------


def in_pandas(run, label=None):
    """Return value → (watched, brought, error), customer by customer and month by month."""
    people = run.query("SELECT customer_id, first_order, T FROM forecasts").to_pandas()
    people["value"] = "all"
    if label:
        given = run.query("SELECT * FROM labels").to_pandas()
        people = people.drop(columns="value").merge(given.rename(columns={label: "value"}))
    orders = run.query("SELECT customer_id, ordered_at, revenue FROM orders").to_pandas()
    orders = orders.merge(people, on="customer_id")
    age = orders["ordered_at"].dt.normalize() - pd.to_datetime(orders["first_order"])
    orders["month"] = np.floor(age.dt.days / MONTH_DAYS).astype(int)
    months = int(np.floor(people["T"].max() / MONTH_DAYS))
    result = {}
    for value, group in people.groupby("value"):
        watched = np.floor(group["T"].to_numpy() / MONTH_DAYS).astype(int)
        matrix = (
            orders[orders["month"] < months]
            .pivot_table(index="customer_id", columns="month", values="revenue", aggfunc="sum")
            .reindex(index=group["customer_id"], columns=range(months))
            .fillna(0.0)
            .to_numpy()
        )
        seen = watched[:, None] > np.arange(months)
        n = seen.sum(axis=0)
        mean = np.where(seen, matrix, 0.0).sum(axis=0) / np.maximum(n, 1)
        around = np.where(seen, (matrix - mean) / np.maximum(n, 1), 0.0).cumsum(axis=1)
        result[value] = (n, mean.cumsum(), np.sqrt((around**2).sum(axis=0)))
    return result


def same(group: Newcomers, expected) -> None:
    n, brought, error = expected
    assert group.watched.tolist() == n.tolist()
    assert group.brought == pytest.approx(brought, rel=1e-9)
    assert group.error == pytest.approx(error, rel=1e-6, abs=1e-7 * float(brought.max(initial=1.0)))


def test_cdnow_in_pandas(tmp_path):
    run = make_run(new_store(tmp_path), LIFETIMES / "CDNOW_master.txt")
    all_ = months_of_life.overall(run)
    same(all_, in_pandas(run)["all"])
    assert all_.longest == 17
    found = months_of_life.by_cohort(run)
    same(found.everyone, in_pandas(run)["all"])
    assert [g.value for g in found.groups] == ["1997 Q1"]


def test_online_retail_by_country_in_pandas(online_retail):
    run = online_retail
    assert run.labels == ["Country"]
    found = months_of_life.by_label(run, "Country")
    expected = in_pandas(run, "Country")
    same(found.everyone, in_pandas(run)["all"])
    assert found.groups[0].value == "United Kingdom"
    named = [g for g in found.groups if g.combined == 1]
    assert len(named) == 30
    for group in named:
        same(group, expected[group.value])
    clv = run.query("SELECT predicted_clv FROM forecasts ORDER BY 1").to_pandas()["predicted_clv"]
    assert found.everyone.clv.mean == pytest.approx(clv.mean(), rel=1e-12)
    assert found.everyone.clv.error == pytest.approx(clv.sem(), rel=1e-9)
