"""The ranges of a run: by hand for single customers, their sums, and that they hold what they promise."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clv.backtest import evaluation
from clv.backtest.calibration import GROUPS
from clv.backtest.fitting import Context, fit
from clv.backtest.forecast_ranges import ForecastRanges
from clv.backtest.history import History
from clv.backtest.ranges import spread
from clv.core import engine
from clv.core.choice import Choice
from clv.core.errors import SettingsError
from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline, predictions
from clv.models.card import from_card
from clv.models.histories import Histories
from tests.shops import assert_sound, columns, make_run, new_store, shop

MARGIN = 0.35


@pytest.fixture(scope="module", autouse=True)
def one_contender():
    """Ranges are of the model that was asked for: the others need not be tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "MODELS", ("mbg-nbd",))
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def run(store):
    return make_run(store, shop(customers=900), backtest=True, margin=MARGIN)


@pytest.fixture(scope="module")
def wider(store):
    return make_run(store, shop(customers=900), backtest=True, margin=MARGIN, level=0.9)


@pytest.fixture(scope="module")
def row(run):
    """Customers with what their triple's profile says."""
    return columns(
        run,
        "SELECT f.*, p.variance, p.purchases FROM forecasts f JOIN profiles p "
        "USING (frequency, recency, T) ORDER BY customer_id",
    )


def group_of(row, i, p_zero, level=0.8):
    """Return whose level a customer's range has."""
    if p_zero >= level:
        return "nothing"
    if row["predicted_clv"][i] >= np.quantile(row["predicted_clv"], 0.95):
        return "whales"
    x = row["frequency"][i]
    return "0" if x == 0 else "1" if x == 1 else "2-4" if x < 5 else "5+"


# -- every customer ----------------------------------------------------------------------------------


def test_ranges_are_in_order(run, row):
    low, high, value = (row[f"predicted_clv{end}"] for end in ("_low", "_high", ""))
    assert np.isfinite([low, high]).all()
    assert ((low >= 0) & (low <= high) & (low <= value)).all()
    assert (high > value).mean() > 0.3
    # Who brings nothing with the range's probability is told so.
    # Where most likely nothing comes, the range ends with what is expected.
    assert (high == value).any()
    assert row["p_purchase"][high == value].max() < row["p_purchase"][low > 0].min()
    assert run.summary["ranges"]["level"] == 0.8


def test_ranges_by_hand(run, row):
    """One customer of every group, from the card, the receipt's levels and the summary's error."""
    said, card = run.receipt["ranges"], run.model
    error, days = run.summary["ranges"]["error"], card["months"][-1]["end_days"]
    models = from_card(card["purchases"]), from_card(card["spend"])
    discount = np.array([m["discount"] for m in run.settings["months"]])
    found = {}
    for i in range(len(row["customer_id"])):
        group = group_of(row, i, 1 - row["p_purchase"][i])
        if found.setdefault(group, i) != i:
            continue
        triple = (row[k][i : i + 1].astype(float) for k in ("frequency", "recency", "T"))
        (low,), (high,) = spread(*models, Histories.of(*triple), days, error=error).range(
            said["levels"][group]
        )
        months = np.asarray(row["purchases"][i])
        value = row["predicted_clv"][i]
        worth = row["predicted_order_value"][i] * MARGIN * (months @ discount) / months.sum()
        ends = [row[f"predicted_clv_{end}"][i] for end in ("low", "high")]
        assert ends == pytest.approx([low * worth, max(high * worth, value)], rel=2e-3, abs=1e-4), (
            group
        )
    assert set(found) == set(GROUPS)
    # Not all at one level: something was there to be mended.
    assert len(set(said["levels"].values())) > 2


def test_whales_have_a_level_of_their_own(run):
    with engine.connect() as con:
        con.execute(f"CREATE VIEW orders AS FROM read_parquet({engine.text(run.file('orders.parquet'))})")  # fmt: skip
        predictions.summarise(con, date.fromisoformat(run.settings["as_of"]))
        history = History.of(con)
    purchases, spend, _, _ = fit(history, Choice("mbg-nbd"), Context())
    expected = purchases.score(history.distinct, [365.0]).purchases
    worth = spend.order_value(history.x, history.monetary_value)
    value = expected[history.triple, 0] * worth
    levels = dict.fromkeys(GROUPS, 0.5) | {"whales": 0.9}
    known = {"level": 0.8, "levels": levels, "model_error": 0.0, "tests": 0}
    reach = ForecastRanges.of((purchases, spend), history, 365.0, expected[:, 0], known)
    low, high = reach.customers(worth, value)
    whale = value >= np.quantile(value, 0.95)
    assert whale.sum() == 45
    found = spread(purchases, spend, history.distinct, 365.0, error=reach.error)
    for who, level in ((whale, 0.9), (~whale & (found.p_zero[history.triple] < 0.8), 0.5)):
        ends = found.range(level)
        low_end, high_end = (end[history.triple][who] * worth[who] for end in ends)
        # The range holds the forecast itself.
        assert low[who] == pytest.approx(np.minimum(low_end, value[who]), abs=1e-3)
        assert high[who] == pytest.approx(np.maximum(high_end, value[who]), rel=1e-7)


def test_a_higher_level_is_wider(run, wider):
    assert wider.summary["ranges"]["level"] == wider.receipt["ranges"]["level"] == 0.9
    sql = (
        "SELECT predicted_clv AS value, predicted_clv_low AS low, predicted_clv_high AS high "
        "FROM forecasts ORDER BY customer_id"
    )
    less, more = columns(run, sql), columns(wider, sql)
    assert (more["high"] >= less["high"]).all()
    assert (more["low"] <= less["low"]).all()
    assert (more["high"] > 1.2 * less["high"])[less["high"] > less["value"]].mean() > 0.8
    for part in ("total", *run.summary["ranges"]["segments"]):
        narrow, wide = (
            r["total"] if part == "total" else r["segments"][part]
            for r in (run.summary["ranges"], wider.summary["ranges"])
        )
        assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"], part


@pytest.mark.parametrize("level", [0.49, 0.96, 80, float("nan")])
def test_a_level_that_nobody_can_promise_is_refused(level):
    with pytest.raises(SettingsError, match=r"0\.80 for 80 %"):
        Settings(level=level)


# -- sums --------------------------------------------------------------------------------------------


def around(mean, variance, error, ranges):
    """Return a lognormal's range, Student's t for what the tests missed beyond chance."""
    upper = (1 + ranges["level"]) / 2
    chance = np.log(1 + variance / mean**2)
    reach = stats.norm.ppf(upper) ** 2 * (chance + error**2)
    reach += (stats.t(ranges["tests"]).ppf(upper) * ranges["model_error"]) ** 2
    middle = mean * np.exp(-chance / 2)
    return middle * np.exp(-np.sqrt(reach)), middle * np.exp(np.sqrt(reach))


def test_the_total_by_hand(run, row):
    ranges, said = run.summary["ranges"], run.receipt["ranges"]
    assert {k: ranges[k] for k in ("level", "model_error", "tests")} == {
        k: said[k] for k in ("level", "model_error", "tests")
    }
    assert ranges["tests"] == len(run.receipt["origins"]) == 3
    variance = (row["variance"] * (row["predicted_order_value"] * MARGIN) ** 2).sum()
    total = run.summary["predicted_clv"]
    found = around(total, variance, ranges["error"], ranges)
    assert (ranges["total"]["low"], ranges["total"]["high"]) == pytest.approx(found, rel=1e-9)
    assert ranges["total"]["low"] < total < ranges["total"]["high"]
    assert 0 < ranges["error"] < 0.3


def test_segments_add_up(run, row):
    ranges = run.summary["ranges"]
    segments = ranges["segments"]
    assert set(segments) == set(row["segment"])
    for name, part in segments.items():
        own = row["segment"] == name
        assert part["value"] == pytest.approx(row["predicted_clv"][own].sum(), rel=1e-9)
        assert 0 <= part["low"] < part["value"] < part["high"]
        # At least chance and the model's error: the parameters' comes on top.
        variance = (row["variance"] * (row["predicted_order_value"] * MARGIN) ** 2)[own].sum()
        least = around(part["value"], variance, 0.0, ranges)
        assert part["low"] <= least[0] * (1 + 1e-9)
        assert part["high"] >= least[1] * (1 - 1e-9)
    total = sum(part["value"] for part in segments.values())
    assert total == pytest.approx(run.summary["predicted_clv"], rel=1e-9)
    # What chance does to one it does not do to all at once.
    assert sum(part["high"] for part in segments.values()) > ranges["total"]["high"]
    assert sum(part["low"] for part in segments.values()) < ranges["total"]["low"]


# -- with less than everything -----------------------------------------------------------------------


def test_without_tests_there_are_no_ranges(store):
    run = make_run(store, shop(customers=900))
    assert (run.receipt, run.tested(), run.summary["ranges"]) == (None, None, None)
    nothing = run.query(
        "SELECT count(predicted_clv_low) + count(predicted_clv_high) AS ends, "
        "(SELECT count(variance) FROM profiles) AS variances FROM forecasts"
    )
    assert nothing.to_pylist() == [{"ends": 0, "variances": 0}]
    header, first, *_ = run.export("forecasts").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    assert cells["predicted_clv_low"] == cells["predicted_clv_high"] == ""
    assert float(cells["predicted_clv"]) > 0


def test_where_no_test_was_possible_ranges_are_the_models_own(store):
    header, *lines = shop(customers=900).splitlines()
    begin = "\n".join([header, *(k for k in lines if k.split(",")[1] < "2016-02-25")]) + "\n"
    run = make_run(store, begin, backtest=True)
    ranges = run.receipt["ranges"]
    assert (ranges["tests"], ranges["measured"], ranges["model_error"]) == (0, None, 0.0)
    assert ranges["levels"] == dict.fromkeys(GROUPS, 0.8)
    assert set(ranges["customers"].values()) == {0}
    assert run.model["purchases"]["name"] == "mbg-nbd"
    row = columns(run)
    assert np.isfinite(row["predicted_clv_high"]).all()
    assert row["predicted_clv_high"].max() > 0
    summed = run.summary["ranges"]
    assert (summed["tests"], summed["level"]) == (0, 0.8)
    assert summed["total"]["low"] < run.summary["predicted_clv"] < summed["total"]["high"]


def test_without_amounts_there_are_no_ranges_of_value(store):
    run = make_run(store, shop(value=""), backtest=True)
    assert run.receipt["ranges"]["tests"] == 3
    assert run.summary["ranges"] is None
    assert_sound(run, empty=("revenue", "monetary_value", "predicted_order_value", "predicted_clv"))


# -- known truth -------------------------------------------------------------------------------------

START, CUT, END = np.datetime64("2021-01-01"), 900, 1266


def events(customers=12_000, seed=4):
    """Draw MBG/NBD customers with gamma-gamma values, purchase by purchase: id, day, revenue."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, 800, customers)
    rate = rng.gamma(0.9, 1 / 40, customers)
    stays = rng.geometric(rng.beta(0.8, 3.0, customers))
    waits = rng.exponential(size=(customers, 120)) / rate[:, None]
    at = born[:, None] + np.concatenate([np.zeros((customers, 1)), waits.cumsum(axis=1)], axis=1)
    made = (np.arange(121) < stays[:, None]) & (at < END)
    revenue = rng.gamma(2.0, size=at.shape) / rng.gamma(3.5, 1 / 60.0, customers)[:, None]
    who = np.broadcast_to(np.arange(customers)[:, None], at.shape)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(who[made]).map("c{:05d}".format),
            "day": at[made].astype(int),
            "revenue": revenue[made].round(2).clip(0.01),
        }
    )


@pytest.fixture(scope="module")
def truth(store, tmp_path_factory):
    """A run that knows the first 900 days, and what each of its customers brought in the year after."""
    made = events()
    made["order_date"] = START + made["day"].to_numpy().astype("timedelta64[D]")
    path = tmp_path_factory.mktemp("truth") / "orders.parquet"
    known = made["day"] <= CUT
    made[known][["customer_id", "order_date", "revenue"]].to_parquet(path)
    settings = Settings(
        as_of=(START + np.timedelta64(CUT, "D")).item(), model="mbg-nbd", discount_rate=0.0
    )
    run = pipeline.run(store, store.new_draft(), [path], IngestOptions(), settings)
    row = columns(run)
    came = made[~known].groupby("customer_id")["revenue"].sum()
    return run, row, came.reindex(row["customer_id"], fill_value=0.0).to_numpy()


def test_80_percent_ranges_hold_80_percent_of_what_comes(truth):
    run, row, came = truth
    assert run.model["months"][-1]["end_days"] == END - CUT
    assert (run.summary["ranges"]["tests"], run.receipt["horizon_months"]) == (3, 12)
    low, high = row["predicted_clv_low"], row["predicted_clv_high"]
    inside, more = (low <= came) & (came <= high), high > row["predicted_clv"]
    repeat, whale = row["frequency"] > 0, came.size // 20
    best = np.argsort(-row["predicted_clv"])[:whale]
    for who in (more, more & repeat, more & ~repeat, best):
        assert inside[who].size > 400
        assert inside[who].mean() == pytest.approx(0.80, abs=0.03)
    # A range from 0 to what is expected promises less than a chance of one in five, and keeps it.
    none = ~more
    assert (came[none] == 0).mean() == pytest.approx(1 - row["p_purchase"][none].mean(), abs=0.01)
    assert (came[none] == 0).mean() > 0.8


def test_sums_of_what_comes_lie_within_their_ranges(truth):
    run, row, came = truth
    ranges = run.summary["ranges"]
    assert ranges["total"]["low"] < came.sum() < ranges["total"]["high"]
    # Not by being wide: the truth is known to the models.
    assert ranges["total"]["high"] / ranges["total"]["low"] < 1.5
    held = [
        part["low"] <= came[row["segment"] == name].sum() <= part["high"]
        for name, part in ranges["segments"].items()
    ]
    assert (sum(held), len(held)) == (6, 7)
