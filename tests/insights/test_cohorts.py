"""Cohorts: whole tables by hand, an independent computation on real data, the forecast's totals."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.insights.cohorts.calendar import period_end, period_name, period_of, period_start
from clv.insights.cohorts.forecast import outlook, period_ends, whole
from clv.insights.cohorts.history import (
    cohort_table,
    customer_periods,
    customers_so_far,
    one_day_periods,
    totals,
    waits,
)
from clv.insights.cohorts.report import _quartiles, cohort_customers, cohorts_of, first_year
from clv.insights.cohorts.triangle import FACT, FORECAST, FUTURE, PARTIAL, triangle
from clv.models.card import from_card
from clv.models.histories import Histories
from clv.runs import Store
from tests.places import LIFETIMES
from tests.shops import plain

CDNOW = LIFETIMES / "CDNOW_master.txt"
GRAINS = ("month", "quarter", "week")
AS_OF = date(2018, 2, 14)

#: customer, when, revenue (net of refunds: an order of 0 was refunded in full), in no order.
ORDERS = [
    ("a", "2017-11-30 23:59:59", 10.0),
    ("a", "2017-11-30 08:00:00", 5.0),
    ("a", "2017-12-01 00:00:00", 20.0),
    ("a", "2018-02-03 12:00:00", 30.0),
    ("b", "2017-11-05 10:00:00", 8.0),
    ("c", "2017-12-31 10:00:00", 100.0),
    ("c", "2018-01-01 10:00:00", -40.0),
    ("d", "2017-12-10 10:00:00", 50.0),
    ("d", "2017-12-20 10:00:00", 0.0),
    ("e", "2018-02-01 00:00:00", 7.0),
    ("e", "2018-02-14 23:59:59", 3.0),
    ("e", "2018-02-15 00:00:00", 99.0),
    ("f", "2018-02-15 00:00:00", 99.0),
]


def frame(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    return table.assign(ordered_at=pd.to_datetime(table["ordered_at"]).astype("datetime64[us]"))


def first_orders(table, as_of):
    seen = table[table["ordered_at"] < pd.Timestamp(as_of) + pd.Timedelta(days=1)]
    first = seen.groupby("customer_id")["ordered_at"].min().dt.normalize()
    return first.rename("first_order").reset_index()


class OnPandas:
    def __init__(self, table, as_of, grain):
        self.grain = grain
        self.periods = customer_periods(table, first_orders(table, as_of), as_of, grain)

    def table(self):
        return self.plain(cohort_table(self.periods, self.grain))

    def waits(self, last=0):
        return self.plain(waits(customers_so_far(self.periods, self.grain, last), self.grain))

    def totals(self, last):
        return self.plain(totals(customers_so_far(self.periods, self.grain, last), self.grain))

    @staticmethod
    def plain(native):
        columns = native.astype(object).where(native.notna(), None)
        return {name: columns[name].tolist() for name in columns}


class OnDuckDB(OnPandas):
    def __init__(self, table, as_of, grain):
        self.con, self.grain = duckdb.connect(), grain
        self.con.register("given", table)
        self.con.register("first", first_orders(table, as_of))
        self.con.execute(
            "CREATE TABLE orders AS SELECT customer_id::VARCHAR AS customer_id, "
            "ordered_at::TIMESTAMP AS ordered_at, revenue::DOUBLE AS revenue FROM given"
        )
        self.con.execute(
            "CREATE TABLE customers AS SELECT customer_id, first_order::DATE AS first_order FROM first"
        )
        self.periods = customer_periods(
            self.con.table("orders"), self.con.table("customers"), as_of, grain
        )

    @staticmethod
    def plain(native):
        return native.to_arrow_table().to_pydict()


both = pytest.mark.parametrize("engine", [OnDuckDB, OnPandas])


def tuples(columns, *names):
    return sorted(zip(*(columns[n] for n in names), strict=True))


def named(columns, grain):
    """Return the rows of the cohort table with the cohorts' names."""
    rows = tuples(columns, "cohort", "period", "active", "orders", "revenue")
    return [(period_name(c, grain), *rest) for c, *rest in rows]


@both
def test_months_by_hand(engine):
    assert named(engine(frame(ORDERS), AS_OF, "month").table(), "month") == [
        ("2017-11", 0, 2, 3, 23.0),
        ("2017-11", 1, 1, 1, 20.0),
        ("2017-11", 3, 1, 1, 30.0),
        ("2017-12", 0, 2, 3, 150.0),
        ("2017-12", 1, 1, 1, -40.0),
        ("2018-02", 0, 1, 2, 10.0),
    ]


@both
def test_quarters_by_hand(engine):
    assert named(engine(frame(ORDERS), AS_OF, "quarter").table(), "quarter") == [
        ("2017-Q4", 0, 4, 7, 193.0),
        ("2017-Q4", 1, 2, 2, -10.0),
        ("2018-Q1", 0, 1, 2, 10.0),
    ]


@both
def test_weeks_by_hand_over_the_change_of_year(engine):
    assert named(engine(frame(ORDERS), AS_OF, "week").table(), "week") == [
        ("2017-W44", 0, 1, 1, 8.0),
        ("2017-W48", 0, 1, 3, 35.0),
        ("2017-W48", 9, 1, 1, 30.0),
        ("2017-W49", 0, 1, 1, 50.0),
        ("2017-W49", 2, 1, 1, 0.0),
        ("2017-W52", 0, 1, 1, 100.0),
        ("2017-W52", 1, 1, 1, -40.0),
        ("2018-W05", 0, 1, 1, 7.0),
        ("2018-W05", 2, 1, 1, 3.0),
    ]


@both
def test_second_orders_by_hand(engine):
    found = engine(frame(ORDERS), AS_OF, "month")
    rows = [
        (period_name(c, "month"), w, n)
        for c, w, n in sorted(
            zip(*found.waits().values(), strict=True), key=lambda r: (r[0], r[1] or 0)
        )
    ]
    # Two orders on one day are one purchase: a came back after a day, b never.
    assert rows == [
        ("2017-11", None, 1),
        ("2017-11", 1, 1),
        ("2017-12", 1, 1),
        ("2017-12", 10, 1),
        ("2018-02", 13, 1),
    ]


@both
def test_totals_by_hand(engine):
    found = engine(frame(ORDERS), AS_OF, "month").totals(1)
    rows = tuples(
        found,
        *("cohort", "customers", "returned", "orders", "orders_squares"),
        *("revenue", "revenue_squares"),
    )
    assert [(period_name(c, "month"), *rest) for c, *rest in rows] == [
        ("2017-11", 2, 1, 4, 10, 43, 35**2 + 8**2),
        ("2017-12", 2, 2, 4, 8, 110, 60**2 + 50**2),
        ("2018-02", 1, 1, 2, 4, 10, 100),
    ]
    # Up to period 0: c came back in January only.
    early = engine(frame(ORDERS), AS_OF, "month").totals(0)
    assert [r for _, r in tuples(early, "cohort", "returned")] == [0, 1, 1]


@pytest.mark.parametrize("grain", GRAINS)
def test_customers_of_one_day_need_no_orders(grain):
    rows = [
        ("a", "2017-11-30 08:00:00", 5.0),
        ("a", "2017-11-30 23:59:59", 10.0),
        ("b", "2018-02-14 09:00:00", None),
    ]
    table = frame(rows).assign(revenue=[5.0, 10.0, np.nan])
    customers = first_orders(table, AS_OF)
    summed = table.groupby("customer_id")["revenue"]
    known = customers.assign(orders=[2, 1], revenue=summed.sum(min_count=1).tolist())
    names = ["customer_id", "cohort", "mark", "orders", "revenue"]
    wanted = customer_periods(table, customers, AS_OF, grain).sort_values("customer_id")
    on_pandas = one_day_periods(known, grain)
    rows = list(wanted[names].itertuples(index=False, name=None))
    assert list(on_pandas[names].itertuples(index=False, name=None)) == rows
    assert (on_pandas["valued"] > 0).tolist() == (wanted["valued"] > 0).tolist() == [True, False]
    with duckdb.connect() as con:
        con.register("given", known)
        con.execute(
            "CREATE TABLE known AS SELECT * REPLACE (first_order::DATE AS first_order, "
            "CASE WHEN isnan(revenue) THEN NULL ELSE revenue END AS revenue) FROM given"
        )
        found = one_day_periods(con.table("known").order("customer_id"), grain).fetchall()
    assert found == [(*rows[0], 1), (*rows[1], 0)]


@both
def test_triangle_by_hand(engine):
    found = triangle(engine(frame(ORDERS), AS_OF, "month").table(), AS_OF, "month")
    nan = np.nan
    assert found.customers.tolist() == [2, 2, 1]
    assert found.kind.tolist() == [
        [FACT, FACT, FACT, PARTIAL],
        [FACT, FACT, PARTIAL, FUTURE],
        [PARTIAL, FUTURE, FUTURE, FUTURE],
    ]
    np.testing.assert_array_equal(
        found.values("retention"), [[1, 0.5, 0, 0.5], [1, 0.5, 0, nan], [1, nan, nan, nan]]
    )
    np.testing.assert_array_equal(
        found.values("revenue"), [[11.5, 10, 0, 15], [75, -20, 0, nan], [10, nan, nan, nan]]
    )
    np.testing.assert_array_equal(
        found.values("cumulative_revenue"),
        [[11.5, 21.5, 21.5, 36.5], [75, 55, 55, nan], [10, nan, nan, nan]],
    )
    np.testing.assert_array_equal(
        found.values("orders"), [[1.5, 0.5, 0, 0.5], [1.5, 0.5, 0, nan], [2, nan, nan, nan]]
    )
    np.testing.assert_array_equal(
        found.values("cumulative_orders"), [[1.5, 2, 2, 2.5], [1.5, 2, 2, nan], [2, nan, nan, nan]]
    )
    # February is not over: it counts towards no average.
    np.testing.assert_array_equal(found.average("retention"), [1, 0.5, 0, nan])
    np.testing.assert_array_equal(found.average("revenue"), [43.25, -5, 0, nan])
    assert found.observed().tolist() == [3, 2, 0]


def test_averages_weigh_customers():
    rows = {
        "cohort": [24215, 24215, 24216, 24216],
        "period": [0, 1, 0, 1],
        "active": [90, 45, 10, 1],
        "orders": [90, 45, 10, 1],
        "revenue": [None] * 4,
    }
    found = triangle(rows, date(2018, 2, 28), "month")
    assert found.average("retention").tolist()[1] == pytest.approx(0.46)
    assert found.revenue is None
    assert np.isnan(found.average("revenue")).all()


def test_a_period_is_over_on_its_last_day():
    table = OnPandas(frame(ORDERS), date(2018, 2, 28), "month").table()
    found = triangle(table, date(2018, 2, 28), "month")
    assert PARTIAL not in found.kind
    assert found.observed().tolist() == [4, 3, 1]


def test_periods_follow_each_other_and_names_are_iso():
    assert [period_name(period_of(date(2018, 12, 31), g), g) for g in GRAINS] == [
        "2018-12",
        "2018-Q4",
        "2019-W01",
    ]
    for grain in GRAINS:
        day = date(2015, 12, 1)
        while day < date(2017, 2, 1):
            period = period_of(day, grain)
            assert period_start(period, grain) <= day <= period_end(period, grain)
            assert period_of(period_end(period, grain) + timedelta(days=1), grain) == period + 1
            day += timedelta(days=1)


def test_long_rows_leave_out_the_future():
    found = triangle(OnPandas(frame(ORDERS), AS_OF, "month").table(), AS_OF, "month").rows()
    assert len(found) == 4 + 3 + 1
    assert found[6] == {
        "cohort": "2017-12",
        "customers": 2,
        "period": 2,
        "calendar_period": "2018-02",
        "status": "partial",
        "active": 0.0,
        "orders": 0.0,
        "revenue": 0.0,
        "retention": 0.0,
        "revenue_per_customer": 0.0,
        "cumulative_revenue_per_customer": 55.0,
        "orders_per_customer": 0.0,
        "cumulative_orders_per_customer": 2.0,
    }


def test_quartiles_are_those_of_numpy():
    rng = np.random.default_rng(5)
    for size in (1, 2, 3, 10, 101):
        days = np.sort(rng.integers(1, 40, size)).astype(float)
        distinct, weight = np.unique(days, return_counts=True)
        np.testing.assert_allclose(
            _quartiles(distinct, weight), np.quantile(days, [0.25, 0.5, 0.75]), rtol=1e-14
        )


# -- real data -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def cdnow(store):
    draft = store.new_draft()
    pipeline.check(draft, [CDNOW], IngestOptions(), date(1997, 9, 17))
    return pipeline.forecast(store, draft, plain(as_of=date(1997, 9, 17)))


def independent(run, grain):
    """Return orders with cohort and age, by pandas' own periods."""
    orders = pd.read_parquet(run.file("orders.parquet"))
    last = pd.Timestamp(run.settings["as_of"]) + pd.Timedelta(days=1)
    orders = orders[orders["ordered_at"] < last]
    code = {"month": "M", "quarter": "Q", "week": "W-SUN"}[grain]
    first = orders.groupby("customer_id")["ordered_at"].transform("min").dt.to_period(code)
    own = orders["ordered_at"].dt.to_period(code)
    return orders.assign(
        cohort=first.dt.start_time.dt.date,
        age=own.astype("int64") - first.astype("int64"),
        day=orders["ordered_at"].dt.normalize(),
    )


@pytest.mark.parametrize("grain", GRAINS)
def test_equal_to_pandas_on_online_retail(online_retail, grain):
    orders = independent(online_retail, grain)
    found = cohorts_of(online_retail, grain)
    starts = [period_start(int(c), grain) for c in found.facts.cohorts]
    cells = orders.groupby(["cohort", "age"]).agg(
        active=("customer_id", "nunique"),
        orders=("customer_id", "size"),
        revenue=("revenue", "sum"),
    )
    sizes = orders.groupby("cohort")["customer_id"].nunique()
    assert starts == sizes.index.tolist()
    assert found.facts.customers.tolist() == sizes.tolist()
    known = found.facts.kind != FUTURE
    for i, start in enumerate(starts):
        for j in np.flatnonzero(known[i]):
            wanted = cells.loc[(start, j)] if (start, j) in cells.index else None
            active, count, revenue = (0, 0, 0.0) if wanted is None else tuple(wanted)
            assert found.facts.active[i, j] == active
            assert found.facts.orders[i, j] == count
            assert found.facts.revenue[i, j] == pytest.approx(revenue, rel=1e-9, abs=1e-9)
    assert found.facts.active[known].sum() == cells["active"].sum()
    assert np.isnan(found.facts.active[~known]).all()


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("name", ["cdnow", "online_retail"])
def test_a_run_counts_as_its_orders_do(request, name, grain):
    """A run looks at the orders of repeat buyers only: the same as looking at all of them."""
    run = request.getfixturevalue(name)
    found = cohorts_of(run, grain)
    with run.connect() as con:
        each = customer_periods(
            con.table("orders"), con.table("forecasts"), found.facts.as_of, grain
        )
        each.create("each_period")
        table = cohort_table(con.table("each_period"), grain).to_arrow_table().to_pydict()
        so_far = customers_so_far(con.table("each_period"), grain, found.age or 0)
        wanted = totals(so_far, grain).to_arrow_table().to_pydict()
        waited = waits(so_far, grain).to_arrow_table().to_pydict()
    facts = triangle(table, found.facts.as_of, grain)
    for measure in ("kind", "customers", "active", "orders"):
        np.testing.assert_array_equal(getattr(found.facts, measure), getattr(facts, measure))
    np.testing.assert_allclose(found.facts.revenue, facts.revenue, rtol=1e-12, atol=1e-8)
    order = {key: np.argsort(sums["cohort"]) for key, sums in (("a", found.totals), ("b", wanted))}
    for key in wanted:
        a, b = np.array(found.totals[key])[order["a"]], np.array(wanted[key])[order["b"]]
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-8)
    back = sum(n for w, n in zip(waited["wait"], waited["customers"], strict=True) if w is not None)
    assert found.seconds[None].returned == back
    assert found.seconds[None].customers == sum(waited["customers"])


def test_second_orders_equal_pandas_on_online_retail(online_retail):
    orders = independent(online_retail, "month")
    days = orders.drop_duplicates(["customer_id", "day"]).sort_values("day")
    rank = days.groupby("customer_id").cumcount()
    first = days[rank == 0].set_index("customer_id")
    second = days[rank == 1].set_index("customer_id")["day"]
    wait = (second - first["day"]).dt.days.reindex(first.index)
    found = cohorts_of(online_retail, "month")
    everybody = found.seconds[None]
    assert everybody.customers == len(first)
    assert everybody.returned == wait.notna().sum()
    assert everybody.rate == pytest.approx(1 - online_retail.summary["one_time_share"], rel=1e-12)
    np.testing.assert_allclose(everybody.quartiles, wait.dropna().quantile([0.25, 0.5, 0.75]))
    assert everybody.soon is None
    for cohort in found.facts.cohorts:
        own = wait[first["cohort"] == period_start(int(cohort), "month")]
        seen = found.seconds[int(cohort)]
        assert (seen.customers, seen.returned) == (len(own), own.notna().sum())
        if seen.returned:
            np.testing.assert_allclose(seen.quartiles, own.dropna().quantile([0.25, 0.5, 0.75]))
        if period_end(int(cohort), "month") <= date(2011, 9, 10):
            assert seen.soon == pytest.approx((own <= 90).mean(), rel=1e-12)
        else:
            assert seen.soon is None


def test_first_year_on_online_retail(online_retail):
    orders = independent(online_retail, "month")
    year = first_year(cohorts_of(online_retail, "month").facts)
    # Only December 2010 was seen for twelve months.
    own = orders[(orders["cohort"] == date(2010, 12, 1)) & (orders["age"] < 12)]
    assert (year.periods, year.customers) == (12, own["customer_id"].nunique())
    np.testing.assert_allclose(
        year.revenue, own.groupby("age")["revenue"].sum() / year.customers, rtol=1e-9
    )


def test_labels_choose_customers(online_retail):
    assert "Country" in online_retail.labels
    whole_file = cohorts_of(online_retail, "month")
    some = cohorts_of(online_retail, "month", {"Country": ["Germany", "France"]})
    rest = cohorts_of(
        online_retail,
        "month",
        {
            "Country": [
                v
                for v in online_retail.query("SELECT DISTINCT Country AS c FROM labels")[
                    "c"
                ].to_pylist()
                if v not in ("Germany", "France")
            ]
        },
    )
    in_file = online_retail.query(
        "SELECT count(*) AS n FROM labels WHERE Country IN ('Germany', 'France')"
    )
    assert some.seconds[None].customers == in_file["n"][0].as_py() > 50
    for part in ("customers", "returned"):
        both_parts = [getattr(p.seconds[None], part) for p in (some, rest)]
        assert sum(both_parts) == getattr(whole_file.seconds[None], part)
    assert some.ahead.orders.sum() + rest.ahead.orders.sum() == pytest.approx(
        whole_file.ahead.orders.sum(), rel=1e-9
    )
    assert cohorts_of(online_retail, "month", {"Country": ["nowhere' OR 1=1 --"]}) is None
    assert cohorts_of(online_retail, "month", {"Country": []}).facts.customers.sum() == 4328


def test_customers_with_their_cohort_as_csv(online_retail, tmp_path):
    for grain, form in (("month", "2010-12"), ("quarter", "2010-Q4"), ("week", "2010-W48")):
        target = tmp_path / f"{grain}.csv"
        cohort_customers(online_retail, grain, {"Country": ["Germany"]}, target)
        rows = pd.read_csv(target, dtype={"customer_id": str})
        assert list(rows) == [
            *("customer_id", "first_order", "last_order", "orders", "revenue", "cohort")
        ]
        for day, cohort in zip(rows["first_order"], rows["cohort"], strict=True):
            assert cohort == period_name(period_of(date.fromisoformat(day), grain), grain)
        assert rows["cohort"].min() == form


# -- forecast ------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", ["month", "quarter"])
@pytest.mark.parametrize("name", ["cdnow", "online_retail"])
def test_forecasts_add_up_to_the_runs_totals(request, name, grain):
    run = request.getfixturevalue(name)
    ahead = cohorts_of(run, grain).ahead
    assert ahead.orders.sum() == pytest.approx(run.summary["predicted_purchases"], rel=1e-9)
    assert ahead.revenue.sum() == pytest.approx(run.summary["predicted_revenue"], rel=1e-9)


@pytest.mark.parametrize("grain", GRAINS)
def test_forecast_of_every_cohort_customer_by_customer(cdnow, grain):
    """The sums over (frequency, recency, T) are those over customers, scored one by one."""
    as_of = date.fromisoformat(cdnow.settings["as_of"])
    ends = period_ends(as_of, date.fromisoformat(cdnow.settings["months"][-1]["end"]), grain)
    found = cohorts_of(cdnow, grain)
    table = pd.read_parquet(cdnow.file("forecasts.parquet"))
    model = from_card(cdnow.model["purchases"])
    days = [(e - as_of).days for e in ends]
    x, t_x, age = (table[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T"))
    bought = np.diff(model.score(Histories.of(x, t_x, age), days).purchases, axis=1, prepend=0.0)
    chance = (
        model.p_purchase_between(Histories.of(x, t_x, age), [0, *days])
        * table["p_alive"].to_numpy()[:, None]
    )
    running = period_of(as_of, grain)
    seen = np.array(
        [period_of(d, grain) == running for d in pd.to_datetime(table["last_order"]).dt.date]
    )
    chance[seen, 0] = 0.0
    cohort = np.array([period_of(d, grain) for d in pd.to_datetime(table["first_order"]).dt.date])
    value = table["predicted_order_value"].to_numpy()
    for i, c in enumerate(found.facts.cohorts):
        own = cohort == c
        np.testing.assert_allclose(found.ahead.orders[i], bought[own].sum(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found.ahead.active[i], chance[own].sum(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found.ahead.revenue[i], value[own] @ bought[own], rtol=1e-9)
    assert found.ahead.periods.tolist() == list(range(running, running + len(ends)))


def test_a_running_period_is_fact_and_the_rest_of_it(cdnow):
    found = cohorts_of(cdnow, "month")
    facts, whole_, ahead = found.facts, found.continued, found.ahead
    # 17 September 1997: cohorts of January to March in their months 8, 7, 6.
    assert facts.customers.tolist() == [7846, 8476, 7248]
    for i, j in enumerate((8, 7, 6)):
        assert facts.kind[i, j] == PARTIAL
        assert whole_.kind[i, j] == FORECAST
        assert whole_.active[i, j] == facts.active[i, j] + ahead.active[i, 0]
        assert whole_.revenue[i, j] == facts.revenue[i, j] + ahead.revenue[i, 0]
        # September next year is cut off by the horizon on the 17th: it isn't drawn.
        assert (whole_.kind[i] == FORECAST).sum() == 12
        assert np.isnan(whole_.active[i, j + 12 :]).all()
    assert (whole_.kind[:, :6] == FACT).all()
    assert (whole_.values("retention")[whole_.kind != FUTURE] <= 1).all()


def test_period_ends():
    as_of, end = date(2017, 11, 30), date(2018, 2, 28)
    assert period_ends(as_of, end, "month") == [
        date(2017, 12, 31),
        date(2018, 1, 31),
        date(2018, 2, 28),
    ]
    assert period_ends(as_of, end, "quarter") == [date(2017, 12, 31), date(2018, 2, 28)]
    assert len(period_ends(as_of, date(2020, 11, 30), "week")) == 27


def test_what_the_horizon_cuts_is_left_out(cdnow):
    as_of = date.fromisoformat(cdnow.settings["as_of"])
    ends = period_ends(as_of, date(1998, 9, 17), "month")
    triples = {"frequency": [0.0], "recency": [0.0], "T": [200.0]}
    triples |= {key: [1.0] for key in ("alive", "alive_unseen", "alive_value")}
    cohorts = np.array([period_of(as_of - timedelta(days=200), "month")])
    ahead = outlook(from_card(cdnow.model["purchases"]), triples, cohorts, as_of, ends, "month")
    assert len(ahead.periods) == 13
    assert len(whole(ahead, ends, "month").periods) == 12
    exact = [*ends[:-1]]
    ahead = outlook(from_card(cdnow.model["purchases"]), triples, cohorts, as_of, exact, "month")
    assert len(whole(ahead, exact, "month").periods) == 12


def test_without_a_model_there_is_history_only(store, tmp_path):
    path = tmp_path / "once.csv"
    path.write_text("customer_id,date\na,2017-01-04\nb,2017-02-05\n", encoding="utf-8")
    draft = store.new_draft()
    pipeline.check(draft, [path], IngestOptions())
    found = cohorts_of(pipeline.forecast(store, draft, plain()), "month")
    assert found.ahead is None
    assert found.continued is found.facts
    assert found.facts.revenue is None
    assert found.age is None
    assert found.seconds[None].quartiles is None
    assert first_year(found.facts).revenue is None
