"""Ranges on the pages: what they say is what the run holds; nothing where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from clv.backtest import evaluation, sum_ranges
from clv.backtest.totals import around
from clv.core.formatting import money_range, percent
from clv.core.segments import LIKELIHOODS, Thresholds, likelihood_sql
from clv.report.words import ranges as words
from tests.apps.ui.test_pages import calm
from tests.shops import make_run, new_store, shop

NO_RANGES = "No ranges: this forecast was made without a test on past dates."
PAGES = ["", "Top_customers", "Customer_lookup", "Segments"]


@pytest.fixture
def open_tested(pages, monkeypatch, tested_run):
    monkeypatch.setenv("CLV_RUNS", str(tested_run.path.parents[1]))
    return lambda where="", **query: pages.open(where, run=tested_run.id, **query)


@pytest.fixture(scope="module")
def untested(tmp_path_factory):
    return make_run(new_store(tmp_path_factory.mktemp("untested")), shop(), currency="EUR")


def said(text):
    return text.replace("\u00a0", " ")


def frame(at, key):
    (found,) = [d.value for d in at.dataframe if key in d.value.columns]
    return found


def test_the_summary_says_how_sure_it_is(open_tested, tested_run):
    read = calm(open_tested())
    total = tested_run.summary["ranges"]["total"]
    assert said(money_range(total["low"], total["high"], "USD")) in read
    assert "(80 % range: between $" in read
    assert "on 2 past dates the forecast was 24 % too low on average." in read
    assert tested_run.receipt["choice"]["reason"] in read


def test_top_customers_have_ranges(open_tested, tested_run):
    at = open_tested("Top_customers")
    shown = frame(at, "Low end ($)")
    rows = tested_run.top("buyers", 100).to_pydict()
    assert shown["Low end ($)"].tolist() == [round(v) for v in rows["predicted_clv_low"]]
    assert shown["High end ($)"].tolist() == [round(v) for v in rows["predicted_clv_high"]]
    assert "Together they should be worth between $" in calm(at)


def test_sums_of_customers(tested_run):
    """The range of a list, computed by hand from the run's tables."""
    ranges = tested_run.summary["ranges"]
    ids = tested_run.top("spenders", 40)["customer_id"].to_pylist()
    rows = tested_run.query(
        "SELECT * FROM forecasts JOIN profiles USING (frequency, recency, T)"
    ).to_pylist()
    some = [r for r in rows if r["customer_id"] in set(ids)]
    value = sum(r["predicted_clv"] for r in some)
    variance = sum(r["variance"] * r["predicted_order_value"] ** 2 for r in some)
    how = {"level": 0.8, "error": ranges["error"], "model": ranges["model_error"], "tests": 2}
    assert sum_ranges.together(tested_run, ids) == pytest.approx(
        (value, *around(value, variance, **how))
    )
    assert sum_ranges.together(tested_run, []) is None
    (everybody,) = sum_ranges.by(tested_run, "'all'").values()
    total = ranges["total"]
    assert everybody == pytest.approx(
        (tested_run.summary["predicted_clv"], total["low"], total["high"])
    )


def test_sums_take_the_margin(tmp_path, monkeypatch):
    """A margin scales a sum and both ends of its range."""
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    made = [
        make_run(new_store(tmp_path / name), shop(), backtest=True, margin=margin)
        for name, margin in (("whole", 1.0), ("half", 0.5))
    ]
    whole, half = (sum_ranges.by(run, "'all'")["all"] for run in made)
    assert np.array(half) == pytest.approx(np.array(whole) / 2)


@pytest.mark.parametrize("zero", [False, True])
def test_one_customer(open_tested, tested_run, zero):
    sql = f"SELECT * FROM forecasts WHERE (predicted_clv_high <= predicted_clv) = {zero} ORDER BY customer_id"
    facts = tested_run.query(sql).to_pylist()[0]
    read = calm(open_tested("Customer_lookup", customer=facts["customer_id"]))
    row, _ = words.measured(tested_run.receipt, "nothing" if zero else "wider")
    held = said(percent(row["inside"]))
    if zero:
        assert "; most likely nothing comes, on average $" in read
        assert f"Tested as of 30 Sep 1997, {held} of such customers brought nothing." in read
        return
    wide = said(money_range(facts["predicted_clv_low"], facts["predicted_clv_high"], "USD"))
    assert f"({wide}) over that time." in read
    assert f"The range, {wide}, should hold for 8 in 10 customers like this one." in read
    assert f"{held} of such customers did bring a value within their range." in read


def test_segments_have_ranges(open_tested, tested_run):
    at = open_tested("Segments")
    shown = frame(at, "Low end ($)")
    ranges = tested_run.summary["ranges"]["segments"]
    ends = [ranges[name.lower()] for name in shown["Group"]]
    assert shown["Low end ($)"].tolist() == [round(end["low"]) for end in ends]
    assert shown["High end ($)"].tolist() == [round(end["high"]) for end in ends]
    at.session_state["view"] = "Chance of buying"
    calm(at.run())
    shown = frame(at, "Low end ($)")
    found = sum_ranges.by(tested_run, likelihood_sql(Thresholds()))
    assert shown["High end ($)"].tolist() == [
        round(found[name].high) if name in found else 0 for name in LIKELIHOODS
    ]


@pytest.mark.parametrize("where", PAGES)
def test_no_ranges_is_said_once(pages, monkeypatch, untested, where):
    monkeypatch.setenv("CLV_RUNS", str(untested.path.parents[1]))
    query = {"customer": "c0001"} if where == "Customer_lookup" else {}
    at = pages.open(where, run=untested.id, **query)
    assert calm(at).count(NO_RANGES) == 1
    assert not [d for d in at.dataframe if "Low end (€)" in d.value.columns]
    assert sum_ranges.by(untested, "'all'") == {}


def test_ranges_that_could_not_be_tested(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(customers=30), backtest=True, model="auto")
    read = calm(pages.open(run=run.id))
    assert "The ranges are the model's own: they could not be tested on past dates" in read
    assert "No test on past dates was possible. At most 22 customers were known" in read


@pytest.mark.parametrize(
    ("inside", "low", "high", "verdict"),
    [
        (0.79, 0.77, 0.81, "for 79 %: as promised."),
        (0.71, 0.69, 0.73, "for 71 %: 9 points fewer than promised."),
        (0.85, 0.83, 0.87, "for 85 %: 5 points more than promised."),
        (0.796, 0.794, 0.798, "for 80 %: less than a point fewer than promised."),
    ],
)
def test_the_verdict_on_ranges(inside, low, high, verdict):
    rows = [
        {"group": "all", "inside": 0.9, "low": 0.89, "high": 0.91},
        {"group": "wider", "inside": inside, "low": low, "high": high},
    ]
    measured = {"as_of": "2017-01-31", "before": rows, "after": None}
    told = words.sentence({"ranges": {"level": 0.8, "measured": measured}})
    assert said(told).startswith("Ranges meant to hold for 8 in 10 customers held for 90 %")
    assert said(told).endswith(verdict)
