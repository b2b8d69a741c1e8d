"""Forecasts from transactions alone: the same numbers as the run's, from any day on."""

from __future__ import annotations

import copy
import csv
import json
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from clv.apps.api.config import Config
from clv.apps.api.snapshot import Snapshot
from clv.core.orders import FORECASTS
from clv.forecast import publish, score_transactions
from clv.forecast.predictions import score
from clv.models.card import from_card
from clv.models.histories import Histories
from clv.models.season.season import Season, by_the_year
from clv.models.season.seasonal import Seasonal
from tests.apps.api.conftest import client
from tests.apps.api.test_lookups import problem
from tests.shops import make_run, new_store, shop

SCORES = ("p_alive", "p_purchase", "predicted_purchases", "predicted_order_value", "predicted_clv")


def bought(*rows):
    """Return transactions: customer, ISO date, revenue."""
    who, when, what = zip(*rows, strict=True)
    times = pa.array([datetime.fromisoformat(t) for t in when], pa.timestamp("us"))
    return pa.table(
        {
            "customer_id": pa.array(who, pa.string()),
            "ordered_at": times,
            "revenue": pa.array(what, pa.float64()),
        }
    )


def test_the_runs_own_transactions_give_the_runs_own_forecasts(sold):
    run = publish.published(sold)
    orders = run.query("SELECT customer_id, ordered_at, revenue FROM orders")
    found = score_transactions.forecasts(run.model, orders, cuts=Snapshot(run).cuts)
    known = run.query("SELECT * FROM forecasts ORDER BY customer_id").to_pylist()
    assert len(found) == 300
    assert found == known
    assert {row["predicted_clv_low"] for row in known} == {None}  # made without a test
    # Who parts the segments is the run, not the card.
    (bare, *_) = score_transactions.forecasts(run.model, orders)
    assert bare == known[0] | {"segment": None}


@pytest.fixture(scope="module", params=["rate-so-far", "mbg-nbd+season+all-orders"])
def tested(request, tmp_path_factory):
    """A run with ranges, published, and an API over it."""
    store = new_store(tmp_path_factory.mktemp("tested"))
    given = {"model": request.param, "backtest": True, "horizon_months": 3, "margin": 0.4}
    run = make_run(store, shop(customers=150), **given)
    assert run.summary["ranges"]
    publish.publish(store, run)
    with client(Config(store.root)) as asked:
        yield run, asked


def typed(name, text):
    """Return a cell of a CSV as JSON has it."""
    kind = FORECASTS[name]
    return {"BIGINT": int, "DOUBLE": float}.get(kind, str)(text)


def test_over_http_the_runs_own_customers_are_its_predictions_ranges_and_all(tested):
    run, asked = tested
    orders = run.query("SELECT customer_id, ordered_at, revenue FROM orders").to_pylist()
    rows = [(o["customer_id"], o["ordered_at"].isoformat(), o["revenue"]) for o in orders]
    found = asked.post("/score", json=sent(*rows)).json()["customers"]
    with run.export("forecasts").open(encoding="utf-8", newline="") as file:
        known = [{k: typed(k, v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert [list(row) for row in found] == [list(FORECASTS)] * 150
    assert found == known
    wide = [row for row in found if row["predicted_clv_high"] > row["predicted_clv_low"]]
    assert len(wide) > 20
    assert {row["predicted_clv_low"] > 0 for row in wide} == {True, False}


def test_alone_a_customer_gets_the_same_range(tested):
    run, asked = tested
    for who in ("c0005", "c0042", "c0123"):
        sql = "SELECT customer_id, ordered_at, revenue FROM orders WHERE customer_id = ?"
        orders = run.query(sql, [who]).to_pylist()
        rows = [(o["customer_id"], o["ordered_at"].isoformat(), o["revenue"]) for o in orders]
        (row,) = asked.post("/score", json=sent(*rows)).json()["customers"]
        known = asked.get(f"/customers/{who}").json()
        for name, kind in FORECASTS.items():
            # The distribution is tabulated for those who are asked about together.
            rel = 5e-4 if name.endswith(("low", "high")) else 1e-12
            same = pytest.approx(known[name], rel) if kind == "DOUBLE" else known[name]
            assert row[name] == same


def test_without_amounts_a_tested_run_gives_no_range_either(tested):
    _, asked = tested
    body = sent(("a", "2016-05-01"), ("b", "2016-05-01", 30), ("b", "2016-06-02", 40))
    a, b = asked.post("/score", json=body).json()["customers"]
    money = ("predicted_clv", "predicted_clv_low", "predicted_clv_high", "predicted_order_value")
    assert [a[name] for name in money] == [None] * 4
    assert None not in [b[name] for name in money]
    (alone,) = asked.post("/score", json=sent(("a", "2016-05-01"))).json()["customers"]
    assert alone == a
    # Bought often, but nobody knows for how much: no champion.
    often = sent(*[("a", f"2017-0{m}-0{d}") for m in (2, 3, 4, 5) for d in (1, 9)])
    (row,) = asked.post("/score", json=often).json()["customers"]
    assert (row["frequency"], row["segment"] in {"loyal", "at risk", "needs attention"}) == (
        7,
        True,
    )


def test_from_another_day_the_same_parameters_look_ahead(sold):
    card = publish.published(sold).model
    given = bought(("a", "2016-01-10", 10), ("a", "2016-03-10", 30), ("a", "2016-03-10", 20))
    day = date(2018, 2, 1)
    (row,) = score_transactions.forecasts(card, given, day)
    age = (day - date(2016, 1, 10)).days
    facts = {"orders": 3, "revenue": 60.0, "frequency": 1, "recency": 60, "T": age}
    assert {k: row[k] for k in facts} == facts
    assert row["monetary_value"] == 50.0
    # The year from then on, of whole months: by the models themselves.
    model, spend = from_card(card["purchases"]), from_card(card["spend"])
    ends = [(date(2018 + (1 + i) // 12, (1 + i) % 12 + 1, 1) - day).days for i in range(1, 13)]
    scores = model.score(Histories.of([1.0], [60.0], [float(age)]), ends)
    expected = scores.purchases[0]
    assert ends[-1] == 365
    assert row["predicted_purchases"] == pytest.approx(expected[-1], rel=1e-12)
    assert row["p_purchase"] == pytest.approx(scores.p_purchase[0, -1], rel=1e-12)
    monthly = np.diff(expected, prepend=0.0) * 1.1 ** (-np.arange(1, 13) / 12)
    worth = float(spend.order_value(np.array([1.0]), np.array([50.0]))[0])
    assert row["predicted_clv"] == pytest.approx(monthly.sum() * worth, rel=1e-12)


def test_by_default_the_forecast_stands_on_the_later_day(sold):
    card = publish.published(sold).model
    as_of = date.fromisoformat(card["as_of"])
    (early,) = score_transactions.forecasts(card, bought(("a", "2016-01-10", 10)))
    assert early["T"] == (as_of - date(2016, 1, 10)).days
    last = as_of + timedelta(days=9)
    (late,) = score_transactions.forecasts(card, bought(("a", f"{last}T23:59:59", 10)))
    assert (late["T"], late["last_order"]) == (0, last)


def test_a_season_goes_on_through_the_calendar(sold):
    card = copy.deepcopy(publish.published(sold).model)
    base = from_card(card["purchases"])
    season = Season(tuple(by_the_year(np.repeat([0.5, 1.0, 2.0], 4))))
    card["purchases"] = Seasonal(base, season, date.fromisoformat(card["as_of"])).card()
    day = date(2018, 10, 1)
    given = bought(("a", "2018-01-10", 10), ("a", "2018-03-11", 30))
    (row,) = score_transactions.forecasts(card, given, day)
    scores = Seasonal(base, season, day).score(Histories.of([1.0], [60.0], [264.0]), [365])
    assert row["T"] == 264
    assert row["predicted_purchases"] == pytest.approx(scores.purchases[0, 0], rel=1e-12)
    unmoved = score(card, [1.0], [60.0], [264.0], [30.0])["predicted_purchases"][0]
    assert abs(row["predicted_purchases"] / unmoved - 1) > 0.01


# -- over HTTP ----------------------------------------------------------------------------------------


def sent(*rows, **more):
    keys = ("customer_id", "ordered_at", "revenue")
    return {"transactions": [dict(zip(keys, row, strict=False)) for row in rows]} | more


def test_transactions_in_forecasts_out(sold, api):
    run = publish.published(sold)
    orders = run.query("SELECT * FROM orders WHERE customer_id IN ('c0005', 'c0123')").to_pylist()
    rows = [(o["customer_id"], o["ordered_at"].isoformat(), o["revenue"]) for o in orders]
    body = api.post("/score", json=sent(*rows)).json()
    assert (body["run"], body["as_of"]) == (run.id, run.settings["as_of"])
    assert [row["customer_id"] for row in body["customers"]] == ["c0005", "c0123"]
    for row in body["customers"]:
        same = api.get(f"/customers/{row['customer_id']}").json()
        assert list(same) == [*FORECASTS, *(name for name in body if name != "customers")]
        for name, value in row.items():
            assert value == (pytest.approx(same[name], rel=1e-12) if name in SCORES else same[name])


def test_days_are_those_of_the_clock_that_was_sent(api):
    rows = [
        ("a", "2016-05-01T23:30:00-02:00", 5),
        ("a", "2016-05-02T10:00:00", 7),
        ("a", "2016-05-03"),
    ]
    (row,) = api.post("/score", json=sent(*rows)).json()["customers"]
    assert (row["orders"], row["frequency"], row["first_order"]) == (3, 2, "2016-05-01")


def test_without_amounts_there_is_no_money(api):
    (row,) = api.post("/score", json=sent(("日本/ä", "2016-05-01"))).json()["customers"]
    assert row["customer_id"] == "日本/ä"
    assert 0 < row["predicted_purchases"] < 12
    names = ("revenue", "monetary_value", "predicted_order_value", "predicted_clv")
    assert [row[name] for name in names] == [None] * 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (sent(("a", "soon", 1)), "transactions[0].ordered_at"),
        (sent(("a", "2016-01-01", 1), ("b", "2016-01-01", "much")), "transactions[1].revenue"),
        (sent(("", "2016-01-01", 1)), "transactions[0].customer_id"),
        (sent((None, "2016-01-01", 1)), "transactions[0].customer_id"),
        (sent(("a", "1066-10-14", 1)), "transactions[0].ordered_at"),
        # Of which there is no time in UTC.
        (sent(("a", "9999-12-31T23:59:59-12:00", 1)), "transactions[0].ordered_at"),
        (sent(("a", "2201-01-01T00:00:00+12:00", 1)), "transactions[0].ordered_at"),
        (sent(("a", "2016-01-02", 1), as_of="2016-01-01"), "transactions[0].ordered_at"),
        (sent(("a", "2016-01-02", 1), as_of="never"), "as_of"),
        (sent(("a", "2016-01-02", 1), horizon=3), "horizon"),
        (sent(), "transactions"),
        (sent(*[("a", "2016-01-02", 1)] * 10_001), "transactions"),
        (sent(*[(f"c{i}", "2016-01-02", 1) for i in range(1001)]), "transactions"),
        ({}, "transactions"),
        ([], ""),
    ],
)
def test_what_cant_be_scored_is_named(api, body, field):
    assert problem(api.post("/score", json=body), 422)["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"hello", 400),
        (b"NaN", 422),
        (
            b'{"transactions": [{"customer_id": "a", "ordered_at": "2016-01-01", "revenue": NaN}]}',
            422,
        ),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b"", 422),
    ],
)
def test_a_body_that_is_no_json_is_a_problem(api, content, status):
    headers = {"Content-Type": "application/json"}
    problem(api.post("/score", content=content, headers=headers), status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_called_json_is_told_how(api, kind):
    content = json.dumps(sent(("a", "2016-01-01", 5)))
    answer = api.post("/score", content=content, headers={"Content-Type": kind})
    assert "Content-Type: application/json" in problem(answer, 415)["detail"]


def test_a_run_without_a_forecast_has_nothing_to_say(tmp_path):
    store = new_store(tmp_path)
    publish.publish(store, make_run(store, "customer_id,order_date\na,2020-01-01\n"))
    with client(Config(store.root)) as asked:
        (row,) = asked.post("/score", json=sent(("a", "2020-01-01", 5))).json()["customers"]
        assert {row[name] for name in SCORES} == {None}
        assert asked.get("/customers/a").json()["predicted_clv"] is None
        said = problem(asked.get("/top/buyers"), 409)["detail"]
        assert said == "The published run has no forecast of purchases."
        problem(asked.get("/customers/b"), 404)
