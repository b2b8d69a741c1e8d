"""Nothing looks ahead: splits are by time, and a leak that somebody introduces is caught."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pytest

from clv.features.early import early
from clv.features.windows import windows
from clv.learn import designs
from clv.learn.boosted import Tweedie
from clv.learn.designs import Tables, check_time, design_of
from clv.learn.plans import Design, plan
from clv.learn.work import Work

EARLY = Design("early", 3, after=("2w", "4w"))
WINDOW = Design("window", 3)
LAST = date(2022, 6, 30)


def held_out(con, design):
    split = plan(date(2021, 1, 1), LAST, design).splits[-1]
    seen, test, _ = design_of(Tables.of(con), LAST, design).split(split)
    return split, seen, test


@pytest.mark.parametrize("design", [EARLY, WINDOW], ids=lambda d: d.kind)
def test_every_split_is_by_time(small, design):
    for split in plan(date(2021, 1, 1), LAST, design).splits:
        seen, test, _ = design_of(Tables.of(small), LAST, design).split(split)
        check_time(seen, test, design)
        assert len(seen) > 100
        assert len(test) > 100


def test_a_random_split_is_caught(small):
    _, seen, test = held_out(small, EARLY)
    everybody = designs.stacked([seen, test])
    mixed = np.random.default_rng(1).random(len(everybody)) < 0.7
    with pytest.raises(AssertionError, match="the split is not by time"):
        check_time(everybody.rows(mixed), everybody.rows(~mixed), EARLY)


def test_a_split_that_is_a_day_late_is_caught(small):
    _, seen, test = held_out(small, EARLY)
    day = np.timedelta64(1, "D")
    gap = int((test.day.min() - seen.features.first_day.max()).astype(int))
    for shift, fine in ((0, True), (gap, False)):
        later = replace(seen.features, first_day=seen.features.first_day + shift * day)
        try:
            check_time(replace(seen, features=later), test, EARLY)
        except AssertionError:
            assert not fine
        else:
            assert fine
    _, seen, test = held_out(small, WINDOW)
    late = replace(seen, features=replace(seen.features, known_until=seen.day + day))
    with pytest.raises(AssertionError):
        check_time(late, test, WINDOW)


def tampered(con, after):
    """Return the same shop with another future: orders after a day cost a hundred times as much."""
    other = duckdb.connect(config={"threads": 1})
    for name in ("orders", "labels"):
        other.register("given", con.table(name).to_arrow_table())
        other.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    other.execute("UPDATE orders SET revenue = 100 * revenue WHERE ordered_at::DATE > ?", [after])
    return other


def sees_the_future(con, design):
    """Say whether the tested model changes with what happened after the day on which it was made."""
    split, seen, _ = held_out(con, design)
    with tampered(con, split.known) as other:
        _, again, _ = held_out(other, design)
    assert len(seen) == len(again)
    models = [Tweedie().fit(who, Work()).files() for who in (seen, again)]
    return models[0] != models[1]


@pytest.mark.parametrize("design", [EARLY, WINDOW], ids=lambda d: d.kind)
def test_the_tested_model_knows_nothing_of_what_came_later(small, design):
    assert not sees_the_future(small, design)


def leaky_early(orders, as_of, after=(), **more):
    """Return early features with one that looks at everything there is."""
    return with_total(orders, early(orders, as_of, after, **more))


def leaky_windows(orders, as_of, days=(), **more):
    return with_total(orders, windows(orders, as_of, days, **more))


def with_total(orders, found):
    from scipy import sparse

    total = dict(orders.aggregate("customer_id, sum(revenue)", "customer_id").fetchall())
    column = np.array([[total[one]] for one in found.customer_id.to_pylist()])
    matrix = sparse.hstack([found.matrix, sparse.csr_matrix(column)], format="csr")
    names, kinds = (*found.names, "total"), (*found.kinds, "number")
    return replace(found, matrix=matrix, names=names, kinds=kinds)


@pytest.mark.parametrize(
    ("design", "name", "leaky"),
    [(EARLY, "early", leaky_early), (WINDOW, "windows", leaky_windows)],
    ids=["early", "window"],
)
def test_a_feature_that_looks_ahead_is_caught(small, monkeypatch, design, name, leaky):
    monkeypatch.setattr(designs, name, leaky)
    assert sees_the_future(small, design)


def test_tested_customers_are_described_without_their_future(small):
    split, _, test = held_out(small, EARLY)
    with tampered(small, test.day.max()) as other:
        _, _, again = held_out(other, EARLY)
    assert (test.features.matrix != again.features.matrix).nnz == 0
    assert not np.array_equal(test.whole, again.whole)
    assert test.day.min() >= np.datetime64(split.known)


@pytest.mark.parametrize(
    ("design", "names"),
    [
        (Design("window", 3), ("mean_30d:Home: Garden", "orders")),
        (Design("window", 3), ("n_orders_7d:events", "orders")),
        (Design("early", 3, ("1m",)), ("rev_1m", "share_1m:Home: Garden")),
        (Design("early", 3, ("1m",)), ("rev_1m", "n_categories_1m")),
    ],
)
def test_features_of_categories_are_found_by_name_and_lines_needed_for_nothing_else(
    small, design, names
):
    design = replace(design, columns=names)
    lines = small.sql(
        "SELECT order_id, CASE WHEN hash(order_id) % 2 = 0 THEN 'Home: Garden' ELSE 'events' END "
        "AS category, revenue FROM orders"
    )
    whole = replace(Tables.of(small), lines=lines)
    every = designs.features(whole, LAST, replace(design, columns=None))
    found = designs.features(whole, LAST, design, every.spec)
    assert found.names == names
    assert (found.matrix != every.matrix[:, [every.names.index(n) for n in names]]).nnz == 0
    assert found.matrix[:, 1].nnz > 0
    without = replace(design, columns=names[:1] if design.kind == "early" else ("orders",))
    alone = designs.features(replace(whole, lines=None), LAST, without, every.spec)
    assert len(alone) == len(every)
