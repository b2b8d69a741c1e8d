"""Files → draft → run: real data against lifetimes, and data that carry less than a full model."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import InputError, NoRowsError, SettingsError
from clv.core.orders import FORECASTS
from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.models.histories import Histories
from clv.samples import sample_path
from tests.shops import (
    ALL,
    RANGES,
    assert_sound,
    columns,
    make_draft,
    make_run,
    new_store,
    one_each,
    plain,
    shop,
)

#: What only a purchase model can say.
PURCHASES = ("p_alive", "p_purchase", "predicted_purchases", "next_order_date", "segment")
#: What needs values as well.
MONEY = ("predicted_order_value", "predicted_clv")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def base(store):
    return make_run(store, shop())


def notes(run):
    return {note["code"]: note["step"] for note in run.model["notes"]}


def assert_same(run, other):
    """The same customers with the same numbers (the last digit of a sum may differ)."""
    ours, theirs = columns(run), columns(other)
    for column, kind in FORECASTS.items():
        if kind == "DOUBLE" and column not in RANGES:
            assert ours[column] == pytest.approx(theirs[column], rel=1e-12), column
        else:
            assert (ours[column] == theirs[column]).all(), column


# -- real data: the numbers are those of lifetimes --------------------------------------------------


@pytest.fixture(scope="module")
def cdnow_log():
    log = pd.read_csv(
        sample_path("cdnow"),
        sep=r"\s+",
        header=0,
        names=["customer_id", "date", "cds", "value"],
        dtype={"customer_id": str, "date": str},
    )
    return log.assign(date=pd.to_datetime(log["date"], format="%Y%m%d"))


def lifetimes_summary(log, end):
    from lifetimes.utils import summary_data_from_transaction_data

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return summary_data_from_transaction_data(
            log, "customer_id", "date", "value", observation_period_end=end
        )


def lifetimes_fit(fitter, *data):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return fitter.fit(*data)


@pytest.fixture(scope="module")
def cdnow(store):
    return make_run(store, sample_path("cdnow"))


@pytest.fixture(scope="module")
def cdnow_reference(cdnow_log):
    """lifetimes' own summary and fitters on the whole log."""
    from lifetimes import GammaGammaFitter, ModifiedBetaGeoFitter

    summary = lifetimes_summary(cdnow_log, "1998-06-30")
    triples = summary.groupby(["frequency", "recency", "T"]).size().reset_index(name="n")
    purchases = lifetimes_fit(
        ModifiedBetaGeoFitter(),
        triples["frequency"],
        triples["recency"],
        triples["T"],
        triples["n"],
    )
    spenders = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = lifetimes_fit(GammaGammaFitter(), spenders["frequency"], spenders["monetary_value"])
    return summary, triples, purchases, spenders, spend


def test_cdnow_customers_are_those_of_lifetimes(cdnow, cdnow_reference):
    summary = cdnow_reference[0].sort_index()
    row = columns(cdnow)
    assert row["customer_id"].tolist() == summary.index.tolist()
    for name in ("frequency", "recency", "T"):
        assert (row[name] == summary[name].to_numpy()).all(), name
    assert row["monetary_value"] == pytest.approx(summary["monetary_value"].to_numpy(), abs=1e-9)


def test_cdnow_totals_are_those_of_the_log(cdnow, cdnow_log):
    row = columns(cdnow)
    each = cdnow_log.groupby("customer_id").agg(
        orders=("value", "size"),
        revenue=("value", "sum"),
        first=("date", "min"),
        last=("date", "max"),
    )
    assert (row["orders"] == each["orders"].to_numpy()).all()
    assert row["revenue"] == pytest.approx(each["revenue"].to_numpy(), abs=1e-9)
    assert row["first_order"].tolist() == [d.date() for d in each["first"]]
    assert row["last_order"].tolist() == [d.date() for d in each["last"]]
    assert cdnow.summary["revenue"] == cdnow.report["revenue"] == 2_500_315.63
    assert cdnow.summary["orders"] == 69_659
    assert cdnow.summary["one_time_share"] == pytest.approx(
        (each["first"] == each["last"]).mean(), rel=1e-12
    )
    months = cdnow_log.groupby(cdnow_log["date"].dt.strftime("%Y-%m"))["value"].agg(["size", "sum"])
    assert [(h["month"], h["orders"]) for h in cdnow.summary["history_monthly"]] == list(
        months["size"].items()
    )
    assert [h["revenue"] for h in cdnow.summary["history_monthly"]] == pytest.approx(
        months["sum"].to_numpy(), abs=1e-6
    )


def test_cdnow_parameters_are_those_of_lifetimes(cdnow, cdnow_reference):
    _, triples, purchases, spenders, spend = cdnow_reference
    card = cdnow.model["purchases"]
    assert cdnow.model["notes"] == []
    for name, value in purchases.params_.items():
        assert card["parameters"][name] == pytest.approx(value, rel=5e-5), name
    # lifetimes scales time so that the largest T is 1, and gives the mean over customers.
    theirs = -purchases._negative_log_likelihood_ * triples["n"].sum()
    theirs -= (triples["n"] @ triples["frequency"]) * np.log(triples["T"].max())
    assert card["log_likelihood"] >= theirs - 1e-6
    assert card["log_likelihood"] == pytest.approx(theirs, rel=1e-7)
    card = cdnow.model["spend"]
    assert card["customers"] == len(spenders)
    for name, value in spend.params_.items():
        assert card["parameters"][name] == pytest.approx(value, rel=5e-5), name
    theirs = -spend._negative_log_likelihood_ * len(spenders)
    assert card["log_likelihood"] == pytest.approx(theirs, rel=1e-7)
    assert card["log_likelihood"] >= theirs - 1e-3


def test_cdnow_forecasts_are_lifetimes_formulas(cdnow, cdnow_reference):
    """The card's parameters in lifetimes' formulas; only the months are ours."""
    from lifetimes import GammaGammaFitter, ModifiedBetaGeoFitter

    row, card = columns(cdnow), cdnow.model
    triple = [pd.Series(row[k].astype(float)) for k in ("frequency", "recency", "T")]
    model = ModifiedBetaGeoFitter()
    model.params_ = pd.Series(card["purchases"]["parameters"])
    ends = [m["end_days"] for m in card["months"]]
    assert ends[-1] == 365
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.column_stack(
            [
                model.conditional_expected_number_of_purchases_up_to_time(t, *triple)
                for t in [0.0, *ends]
            ]
        )
        alive = model.conditional_probability_alive(*triple)
    assert row["p_alive"] == pytest.approx(np.asarray(alive), rel=1e-9)
    assert row["predicted_purchases"] == pytest.approx(expected[:, -1], rel=1e-8)
    spend = GammaGammaFitter()
    spend.params_ = pd.Series(card["spend"]["parameters"])
    value = spend.conditional_expected_average_profit(
        pd.Series(row["frequency"]), pd.Series(row["monetary_value"])
    ).to_numpy()
    assert row["predicted_order_value"] == pytest.approx(value, rel=1e-9)
    discount = 1.10 ** (-np.arange(1, 13) / 12)
    clv = (np.diff(expected, axis=1) @ discount) * value
    assert row["predicted_clv"] == pytest.approx(clv, rel=1e-7)
    r, alpha = (card["purchases"]["parameters"][k] for k in ("r", "alpha"))
    lomax = 1 - ((alpha + row["T"]) / (alpha + row["T"] + 365)) ** (r + row["frequency"])
    assert row["p_purchase"] == pytest.approx(np.asarray(alive) * lomax, rel=1e-9)


def test_cdnow_run_is_sound(cdnow):
    assert_sound(cdnow)
    assert cdnow.settings["as_of"] == "1998-06-30"
    assert cdnow.summary["monthly"][-1]["end"] == "1999-06-30"


@pytest.fixture(scope="module")
def calibration(store):
    """39 weeks of CDNOW: the first customers came on 1 January 1997, 272 days (T 38.86 weeks)."""
    return make_run(store, sample_path("cdnow"), as_of=date(1997, 9, 30))


def test_cdnow_calibration_gives_the_published_parameters(calibration):
    """reference: r .6371, alpha 7.3103 weeks, a .8075, b 1.2284, log-likelihood -95,336.96 in weeks."""
    card = calibration.model
    parameters = card["purchases"]["parameters"]
    assert columns(calibration)["T"].max() == 272
    assert parameters["r"] == pytest.approx(0.6371, abs=5e-5)
    assert parameters["alpha"] / 7 == pytest.approx(7.3103, abs=5e-5)
    assert parameters["a"] == pytest.approx(0.8075, abs=5e-5)
    assert parameters["b"] == pytest.approx(1.2284, abs=5e-5)
    # A density over times: one factor of 7 per repeat purchase.
    repeat = card["data"]["repeat_purchases"]
    in_weeks = card["purchases"]["log_likelihood"] + repeat * np.log(7)
    assert in_weeks == pytest.approx(-95_336.96, abs=0.005)


def test_cdnow_calibration_accounts_for_the_rows_after_it(calibration, cdnow_log):
    later = int((cdnow_log["date"] > "1997-09-30").sum())
    assert calibration.report["reasons"] == {"future_date": later}
    assert calibration.report["rows_accepted"] == len(cdnow_log) - later == 49_086
    assert calibration.settings["as_of"] == "1997-09-30"
    summary = lifetimes_summary(cdnow_log, "1997-09-30").sort_index()
    row = columns(calibration)
    assert row["customer_id"].tolist() == summary.index.tolist()
    for name in ("frequency", "recency", "T"):
        assert (row[name] == summary[name].to_numpy()).all(), name


def test_cdnow_holdout_is_forecast_as_published(calibration, cdnow_log):
    """reference: MAE .7945, RMSE 1.740, bias -19.1 % over the 39 weeks that follow."""
    from clv.models.card import from_card

    row = columns(calibration)
    model = from_card(calibration.model["purchases"])
    triple = [row[k] for k in ("frequency", "recency", "T")]
    later = cdnow_log[cdnow_log["date"] > "1997-09-30"]
    bought = later.groupby("customer_id")["date"].nunique()
    actual = bought.reindex(row["customer_id"], fill_value=0).to_numpy()
    expected = model.score(Histories.of(*triple), [273]).purchases[:, 0]
    assert np.abs(expected - actual).mean() == pytest.approx(0.7945, abs=5e-5)
    assert np.sqrt(((expected - actual) ** 2).mean()) == pytest.approx(1.740, abs=5e-4)
    assert expected.sum() / actual.sum() - 1 == pytest.approx(-0.191, abs=5e-4)


def test_bg_nbd_is_lifetimes_beta_geo(store):
    from lifetimes import BetaGeoFitter

    run = make_run(store, sample_path("cdnow"), as_of=date(1997, 9, 30), model="bg-nbd")
    card, row = run.model["purchases"], columns(run)
    assert card["name"] == run.settings["model"] == "bg-nbd"
    # reference: log-likelihood -95,368.44 in weeks
    in_weeks = card["log_likelihood"] + row["frequency"].sum() * np.log(7)
    assert in_weeks == pytest.approx(-95_368.44, abs=0.005)
    model = BetaGeoFitter()
    model.params_ = pd.Series(card["parameters"])
    triple = [pd.Series(row[k].astype(float)) for k in ("frequency", "recency", "T")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.conditional_expected_number_of_purchases_up_to_time(365, *triple)
        alive = model.conditional_probability_alive(*triple)
    assert row["predicted_purchases"] == pytest.approx(np.asarray(expected), rel=1e-8)
    assert row["p_alive"] == pytest.approx(np.asarray(alive), rel=1e-9)


def test_online_retail_runs_and_its_customers_are_those_of_lifetimes(online_retail):
    run = online_retail
    report = run.report
    assert report["rows_total"] == 541_909 == report["rows_accepted"] + report["rows_rejected"]
    assert run.query("SELECT count(*) AS n FROM rejects")["n"].to_pylist() == [
        report["rows_rejected"]
    ]
    assert_sound(run)
    assert notes(run).keys() <= {"mean-held", "at-bound", "spend-at-bound"}
    assert run.model["purchases"]["name"] == "mbg-nbd"
    orders = run.query("SELECT customer_id, ordered_at AS date, revenue AS value FROM orders")
    summary = lifetimes_summary(orders.to_pandas(), "2011-12-09").sort_index()
    row = columns(run)
    assert row["customer_id"].tolist() == summary.index.tolist()
    for name in ("frequency", "recency", "T"):
        assert (row[name] == summary[name].to_numpy()).all(), name
    assert row["monetary_value"] == pytest.approx(summary["monetary_value"].to_numpy(), abs=1e-6)
    assert run.summary["revenue"] == pytest.approx(report["revenue"], abs=0.01)
    assert row["revenue"].sum() == pytest.approx(report["revenue"], abs=0.01)


@pytest.mark.parametrize("name", ["transactions", "order-lines", "shopify", "woocommerce"])
def test_every_sample_runs_with_a_full_model(store, name):
    run = make_run(store, sample_path(name))
    assert_sound(run)
    assert run.model["purchases"]["name"] == "mbg-nbd"
    assert run.model["spend"]["name"] == "gamma-gamma"
    assert run.report["rows_total"] == run.report["rows_accepted"] + run.report["rows_rejected"]
    # A forecast of a living shop: not nothing, not ten times what was ever bought.
    assert 0.05 < run.summary["predicted_purchases"] / run.summary["orders"] < 2


def test_scores_meet_their_customers_in_a_file_of_several_row_groups(store, tmp_path):
    """Order values are joined row by row: 150,000 customers do not fit one of the engine's blocks."""
    n = 150_000
    i = np.arange(n)
    start = pd.Timestamp("2020-01-01")
    first = start + pd.to_timedelta(i * 7919 % 300, unit="D")
    again = np.flatnonzero(i % 3 == 0)
    second = first[again] + pd.to_timedelta(1 + again * 31 % 60, unit="D")
    table = pd.DataFrame(
        {
            "customer_id": np.concatenate([i, again]),
            "order_date": np.concatenate([first, second]),
            "revenue": np.concatenate([5.0 + i % 97, 5.0 + again * 13 % 89]),
        }
    )
    path = tmp_path / "many.parquet"
    table.to_parquet(path)
    draft = store.new_draft()
    pipeline.check(draft, [path], IngestOptions())
    run = pipeline.forecast(store, draft, plain())
    spend = run.model["spend"]
    p, q, v = (spend["parameters"][k] for k in "pqv")
    wrong = run.query(
        "SELECT count(*) AS n FROM forecasts WHERE abs(predicted_order_value - "
        f"{p!r} * ({v!r} + frequency * monetary_value) / ({p!r} * frequency + {q!r} - 1)) > 1e-9 "
        "OR monetary_value <> CASE WHEN frequency = 0 THEN 0 "
        "ELSE 5 + customer_id::BIGINT * 13 % 89 END"
    )
    assert wrong["n"].to_pylist() == [0]
    total = run.query("SELECT sum(predicted_clv) AS c FROM monthly")["c"].to_pylist()[0]
    assert sum(m["predicted_clv"] for m in run.summary["monthly"]) == pytest.approx(total, rel=1e-9)


# -- data that carry less ---------------------------------------------------------------------------


def assert_history_only(run, customers):
    assert_sound(run, empty=(*PURCHASES, *MONEY))
    assert run.model["purchases"] is None
    assert "history only" in notes(run).values()
    row = columns(run)
    assert len(row["customer_id"]) == customers
    assert (row["frequency"] == 0).all()
    assert row["revenue"].sum() == pytest.approx(run.report["revenue"])
    nothing = ("predicted_purchases", "predicted_revenue", "predicted_clv")
    more = ("median_clv", "mean_clv", "expected_buyers", "top20_share")
    assert {k: run.summary[k] for k in (*nothing, *more)} == dict.fromkeys((*nothing, *more))
    assert run.summary["concentration"] == []
    for month in run.summary["monthly"]:
        assert [month[k] for k in nothing] == [None] * 3
    assert len(run.summary["monthly"]) == 12
    assert run.top("buyers").num_rows == run.top("spenders").num_rows == 0
    for month in run.customer_monthly(row["customer_id"][0]).to_pylist():
        assert [month[k] for k in nothing] == [None] * 3


def test_one_customer_with_one_order_gets_their_history(store):
    run = make_run(store, "customer_id,order_date,revenue\nA,2020-01-01,10\n")
    assert_history_only(run, 1)
    assert "nothing-observed" in notes(run)
    assert run.query("SELECT orders, revenue, T FROM forecasts").to_pylist() == [
        {"orders": 1, "revenue": 10.0, "T": 0}
    ]


def test_one_time_buyers_only_get_their_history(store):
    run = make_run(store, one_each(120))
    assert_history_only(run, 120)
    assert "no-repeat-purchases" in notes(run)


def test_customers_who_all_came_on_the_last_day_get_their_history(store):
    run = make_run(store, one_each(120, day="2020-01-01"))
    assert_history_only(run, 120)
    assert "nothing-observed" in notes(run)


def test_several_orders_on_one_day_are_no_repeat_purchases(store):
    lines = [
        f"c{i},2020-01-{d:02d},{v}" for i in range(60) for d in (1 + i % 9,) for v in (1, 2, 3)
    ]
    run = make_run(store, "\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    assert_history_only(run, 60)
    assert set(columns(run)["orders"]) == {3}


def test_history_only_does_not_speak_of_a_forecast_that_is_not_there(store):
    """A note about what the forecast uses would be wrong: there is none."""
    run = make_run(store, one_each(120))
    assert not [n for n in run.model["notes"] if "The forecast uses" in n["message"]]


def test_one_customer_with_several_orders_gets_the_pooled_rate(store):
    text = "customer_id,order_date,revenue\n" + "".join(
        f"A,2020-0{m}-01,{10 * m}\n" for m in range(1, 6)
    )
    run = make_run(store, text)
    assert_sound(run)
    assert notes(run) == {"few-customers": "simpler model", "few-values": "simpler model"}
    (row,) = run.query(ALL).to_pylist()
    # 4 repeat purchases in 121 days; the next 12 months have 365.
    assert (row["frequency"], row["T"], row["monetary_value"]) == (4, 121, 35.0)
    assert row["predicted_purchases"] == pytest.approx(365 * 4 / 121, rel=1e-12)
    assert row["predicted_order_value"] == pytest.approx(150 / 5, rel=1e-12)
    assert row["p_alive"] == 1.0


def test_few_repeat_buyers_get_the_pooled_rate(store):
    text = one_each(100) + "".join(f"c{i},2020-06-05,7\n" for i in range(19))
    run = make_run(store, text)
    assert_sound(run)
    assert notes(run) == {"few-repeat-buyers": "simpler model", "few-values": "simpler model"}
    assert run.model["purchases"]["name"] == "pooled-rate"
    row = columns(run)
    assert row["predicted_purchases"] == pytest.approx(
        np.full(100, 365 * 19 / row["T"].sum()), rel=1e-12
    )
    value = row["revenue"].sum() / 119
    assert row["predicted_order_value"] == pytest.approx(np.full(100, value), rel=1e-12)


def test_without_a_value_column_there_are_purchases_and_no_money(store):
    run = make_run(store, shop(value=""))
    assert_sound(run, empty=("revenue", "monetary_value", *MONEY))
    assert notes(run) == {"no-values": "history only"}
    assert run.model["spend"] is None
    assert run.report["has_revenue"] is False
    summary = run.summary
    assert summary["predicted_purchases"] > 0
    money = ("revenue", "predicted_revenue", "predicted_clv", "median_clv", "mean_clv")
    assert {k: summary[k] for k in (*money, "top20_share")} == dict.fromkeys(
        (*money, "top20_share")
    )
    assert {m["predicted_revenue"] for m in summary["monthly"]} == {None}
    assert {m["predicted_clv"] for m in summary["monthly"]} == {None}
    assert min(m["predicted_purchases"] for m in summary["monthly"]) > 0
    assert {h["revenue"] for h in summary["history_monthly"]} == {None}
    assert run.top("buyers", 5).num_rows == 5
    assert run.top("spenders", 5).num_rows == 0
    text = run.export("forecasts").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(text[0].split(","), text[1].split(","), strict=True))
    assert [cells[k] for k in ("revenue", "monetary_value", *MONEY)] == [""] * 4


def test_purchases_do_not_depend_on_whether_there_are_values(store):
    with_values = columns(make_run(store, shop(value="5")))
    without = columns(make_run(store, shop(value="")))
    for name in ("frequency", "recency", "T", *PURCHASES):
        assert (with_values[name] == without[name]).all(), name


def test_everybody_spends_the_same(store):
    run = make_run(store, shop(value="24.9"))
    assert_sound(run)
    assert notes(run) == {"constant-spend": "simpler model"}
    assert "24.90" in run.model["notes"][0]["message"]
    row = columns(run)
    assert row["predicted_order_value"] == pytest.approx(np.full(300, 24.9), rel=1e-12)


def test_everybody_spends_almost_the_same(store):
    """One cent more now and then: no model has a finite maximum, every value is between."""
    header, *lines = shop(value="24.9").splitlines()
    near = [line + ("1" if i % 5 == 0 else "0") for i, line in enumerate(lines)]
    run = make_run(store, "\n".join([header, *near]) + "\n")
    assert_sound(run)
    value = columns(run)["predicted_order_value"]
    assert ((value > 24.89) & (value < 24.92)).all()


def test_all_values_zero(store):
    run = make_run(store, shop(value="0"))
    assert_sound(run, empty=MONEY)
    assert notes(run) == {"no-positive-values": "history only"}
    assert run.summary["revenue"] == 0.0
    assert run.report["noted"]["zero_value"] == run.report["rows_total"]
    assert run.top("spenders").num_rows == 0


def test_zero_values_among_others_are_purchases(store, base):
    header, *lines = shop().splitlines()
    changed = [
        line.rsplit(",", 1)[0] + ",0" if i % 4 == 0 else line for i, line in enumerate(lines)
    ]
    run = make_run(store, "\n".join([header, *changed]) + "\n")
    assert_sound(run)
    row = columns(run)
    assert (row["predicted_purchases"] == columns(base)["predicted_purchases"]).all()
    free = (row["frequency"] > 0) & (row["monetary_value"] == 0)
    assert free.any()
    assert (row["predicted_order_value"][free] > 0).all()


def test_negative_values_without_order_are_rejected_and_the_rest_runs(store, base):
    header, *lines = shop().splitlines()
    refunds = [f"c{i:04d},2016-05-05,-99999.5" for i in range(100)]
    run = make_run(store, "\n".join([header, *lines, *refunds]) + "\n")
    assert run.report["reasons"] == {"negative_without_order": 100}
    assert_same(run, base)
    assert_sound(run)


def test_forty_per_cent_broken_rows_still_run(store, base):
    header, *lines = shop().splitlines()
    broken, kinds = [], 0
    for i, line in enumerate(lines):
        customer, day, value = line.split(",")
        broken.append(line)
        if i % 3 < 2:
            wrong = (f",{day},{value}", f"{customer},never,{value}", f"{customer},{day},much")
            broken.append(wrong[kinds % 3])
            kinds += 1
    run = make_run(store, "\n".join([header, *broken]) + "\n")
    report = run.report
    assert report["rows_rejected"] / report["rows_total"] == pytest.approx(0.4, abs=0.001)
    assert report["rows_accepted"] == len(lines)
    assert report["reasons"].keys() == {
        "missing_customer",
        "unreadable_date",
        "unreadable_number",
    }
    assert_same(run, base)
    assert report["messages"][0].startswith("Rows left out, most often for: ")


def test_ten_thousand_orders_of_one_customer_and_a_long_horizon(store):
    """A reseller among normal customers, twenty years of history, five years ahead."""
    days = pd.date_range("2000-01-01", periods=7300).strftime("%Y-%m-%d")
    text = shop() + "".join(f"reseller,{day},1000000\n" for day in days)
    run = make_run(store, text, horizon_months=60)
    assert_sound(run)
    row = run.customer("reseller")
    assert row["frequency"] == 7299
    # Every day until the last one: nothing speaks for any other future.
    assert 0 < row["predicted_purchases"] < 1826 * 1.01


def test_unicode_and_awkward_ids_come_through(store):
    ids = [
        "Jörg",
        "李雷",
        "o'Brien",
        'say ""hi""',
        "a/b\\c",
        "50%_off",
        "emoji 🛒",
        "Ⅷ",
        "İstanbul",
    ]
    lines = [f'"{i}",2020-01-0{d},{d}' for i in ids for d in (1, 3)]
    run = make_run(store, "\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    wanted = sorted((i.replace('""', '"') for i in ids), key=str.encode)
    assert run.query("SELECT customer_id FROM forecasts")["customer_id"].to_pylist() == wanted
    assert set(columns(run)["orders"]) == {2}


# -- the two steps -----------------------------------------------------------------------------------


def test_a_file_without_any_usable_row_leaves_its_rejects_in_the_draft(store):
    draft = store.new_draft()
    path = draft.add_upload("bad.csv", iter([b"customer_id,order_date,revenue\n,2020-01-01,1\n"]))
    with pytest.raises(NoRowsError, match=r"none of the 1 rows can be used"):
        pipeline.check(draft, [path], IngestOptions())
    assert draft.checked
    assert draft.report["reasons"] == {"missing_customer": 1}
    before = len(store.runs())
    with pytest.raises(NoRowsError, match=r"none of the 1 rows can be used"):
        pipeline.forecast(store, draft, plain())
    assert len(store.runs()) == before


def test_an_as_of_date_before_the_last_order_must_be_checked_with_it(store):
    draft = make_draft(store, shop())
    with pytest.raises(SettingsError, match="lies before the last order"):
        pipeline.forecast(store, draft, plain(as_of=date(2015, 6, 1)))


def test_a_later_as_of_date_makes_everybody_older(store, base):
    draft = make_draft(store, shop())
    as_of = date.fromisoformat(draft.report["last_order"]) + timedelta(days=90)
    later = columns(pipeline.forecast(store, draft, plain(as_of=as_of)))
    before = columns(base)
    assert (later["T"] == before["T"] + 90).all()
    assert (later["recency"] == before["recency"]).all()
    assert later["p_alive"].mean() < before["p_alive"].mean()


def test_the_as_of_date_of_the_check_is_that_of_the_run(store):
    draft = make_draft(store, shop(), as_of=date(2017, 1, 31))
    run = pipeline.forecast(store, draft, plain())
    assert run.settings["as_of"] == run.summary["as_of"] == "2017-01-31"
    assert run.summary["monthly"][0]["end"] == "2017-02-28"
    assert run.report["reasons"]["future_date"] > 0


def test_progress_tells_stages_in_plain_words_with_real_counts(store):
    told = []

    def progress(stage, done, total):
        told.append((stage, done, total))

    draft = make_draft(store, shop(), progress=progress)
    pipeline.forecast(store, draft, plain(), progress)
    rows = draft.report["rows_total"]
    assert ("Checking rows", 0, rows) in told
    assert ("Summing up", 300, 300) in told
    assert all(0 <= done <= max(total, done) and stage[0].isupper() for stage, done, total in told)
    with tempfile.TemporaryDirectory() as folder:
        missing = Path(folder) / "nothing.csv"
        with pytest.raises(InputError, match=r"nothing\.csv"):
            pipeline.check(store.new_draft(), [missing], IngestOptions())
