"""What a forecast does well and poorly: receipts of invented customers, right or wrong by design."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from clv.backtest import choose_model, moving_origin
from clv.backtest.moving_origin import Backtest
from clv.backtest.past_dates import Origin, Sample
from clv.core.choice import Choice
from clv.insights.assumptions import Check, Effect
from clv.models.contenders import Forecast, Known
from clv.models.histories import Histories
from clv.report import findings
from clv.report.words.assumptions import WORDS

ORIGINS = (
    Origin(date(2016, 6, 30), date(2017, 6, 30)),
    Origin(date(2016, 12, 31), date(2017, 12, 31)),
)
CUSTOMERS = 4000


def right(rate, worth):
    """Forecast as the customers are."""
    return rate, 1 - np.exp(-rate), rate * worth


def times(factor):
    """Forecast all so many times too high; the chances stay right."""
    return lambda rate, worth: (rate * factor, 1 - np.exp(-rate), rate * factor * worth)


def average(rate, worth):
    mean = np.full(rate.size, rate.mean())
    return mean, np.full(rate.size, (1 - np.exp(-rate)).mean()), mean * worth.mean()


def clumsy(rate, worth):
    """A rule of thumb: right about halves of the customers, not about anybody in them."""
    half = rate > np.median(rate)
    mean = np.where(half, rate[half].mean(), rate[~half].mean())
    return mean, 1 - np.exp(-mean), mean * worth.mean()


RULES = {"population-mean": average, "recency-rule": clumsy}


def receipt(
    contenders=None,
    *,
    model="mbg-nbd",
    customers=CUSTOMERS,
    origins=ORIGINS,
    season=1.0,
    seed=0,
    value=True,
    **more,
):
    """Return the receipt and the tested customers of simulated tests; purchases are Poisson.

    ``contenders``: name → forecast of (rates, mean order values); by default one that is right, and
    rules of thumb. ``season``: over- or under-forecast of every other month by each contender's name.
    """
    contenders = RULES | (contenders or {model: right})
    rng = np.random.default_rng(seed)
    backtests, months = [], []
    for origin in origins:
        rate = rng.gamma(0.5, 2.0, customers)
        worth = rng.gamma(4.0, 10.0, customers)
        came = rng.poisson(rate).astype(float)
        nothing = np.zeros(customers)
        known = Known(Histories.of(rng.poisson(rate), 0, 0), *[nothing] * 4, recent_days=365.0)
        ids = pa.chunked_array([pa.array([f"C{i:05d}" for i in range(customers)])])
        sample = Sample(origin, ids, known, came, came * worth if value else nothing)
        backtest = Backtest(origin, sample, None)
        for name, forecast in contenders.items():
            backtest.tested[name] = moving_origin.Tested(None, Forecast(*forecast(rate, worth)))
        backtests.append(backtest)
        months.append(_months(origin, sample, backtest.tested, season))
    rows = [
        {
            "as_of": t.origin.as_of.isoformat(),
            "end": t.origin.end.isoformat(),
            "customers": customers,
            "measures": moving_origin.measure(t.sample, t.tested),
            "failed": {},
            "months": m,
            "mape": {n: {"purchases": _mape(m, n), "value": None} for n in contenders},
        }
        for t, m in zip(backtests, months, strict=True)
    ]
    last = backtests[-1]
    columns = {
        "frequency": last.sample.history.histories.frequency,
        "purchases": last.sample.purchases,
    }
    columns["value"] = last.sample.value
    for name, one in last.tested.items():
        columns |= {f"{k}:{name}": getattr(one.forecast, k) for k in ("purchases", "value")}
    checked = choose_model.against_rules(last, Choice.parse(model))
    content = {
        "horizon_months": 12,
        "reason": "",
        "origins": rows,
        "together": moving_origin.over_all(backtests),
        "model": model,
        "choice": {"asked": "auto", "as_good": checked["rule"] if checked["as_good"] else None},
        "checked": checked,
        "recency_days": 90.0,
        "ranges": {"measured": None},
    } | more
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    return content, pa.table(columns)


def _months(origin, sample, tested, season):
    """Split totals into twelve months; a forecast misses every other one by its ``season``."""
    del origin
    total, worth = float(sample.purchases.sum()), float(sample.value.sum())
    rows = []
    for i in range(12):
        row = {"month": i + 1, "end": f"2017-{i + 1:02d}-28"}
        row["purchases"], row["value"] = {"actual": total / 12}, {"actual": worth / 12}
        for name, one in tested.items():
            off = season.get(name, 1.0) if isinstance(season, dict) else season
            wave = off if i % 2 else 2 - off
            row["purchases"][name] = float(one.forecast.purchases.sum()) / 12 * wave
            row["value"][name] = float(one.forecast.value.sum()) / 12 * wave
        rows.append(row)
    return rows


def _mape(months, name):
    return float(
        np.mean([abs(m["purchases"][name] / m["purchases"]["actual"] - 1) for m in months])
    )


def by_code(found):
    return {f.code: f for f in found}


def judged(content, tested=None):
    return by_code(findings.does_well(content, tested)), by_code(
        findings.does_poorly(content, tested)
    )


def plain(text):
    return text.replace("\u00a0", " ")


# -- well and poorly --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_forecast_that_is_right_does_everything_well(seed):
    well, poorly = judged(*receipt(seed=seed))
    assert poorly == {}
    wanted = {"total-orders", "total-revenue", "dates", "months", "rules", "ranking", "best-tenth"}
    assert set(well) >= wanted | {"best-group", "one-time", "repeat", "chance"}
    assert abs(well["total-orders"].figures["bias"]) < well["total-orders"].figures["chance"] * 1.5


def test_a_forecast_twice_too_high_is_told():
    content, tested = receipt({"mbg-nbd": times(2.0)})
    well, poorly = judged(content, tested)
    assert set(poorly) >= {"total-orders", "total-revenue", "best-group", "one-time", "repeat"}
    bias = np.mean([o["measures"]["mbg-nbd"]["purchases"]["bias"] for o in content["origins"]])
    total = poorly["total-orders"]
    assert total.figures["bias"] == pytest.approx(bias, rel=1e-12)
    assert bias == pytest.approx(1.0, abs=0.1)
    assert plain(total.sentence) == (
        f"In total {bias * 100:.0f} % more orders were expected than came in the following 12 months "
        f"(mean of 2 past dates), more than the {total.figures['chance'] * 100:.1f} % that chance alone "
        "explains."
    )
    # Neither the ranking nor the chances are touched by it.
    assert set(well) >= {"ranking", "best-tenth", "chance"}
    assert "dates" not in well | poorly


def test_too_high_and_too_low_do_not_make_up_for_each_other():
    """One measure with the verdict: nobody is told of a close total that was off by a fifth twice."""
    content, _ = receipt()
    for origin, bias in zip(content["origins"], (0.20, -0.20), strict=True):
        origin["measures"]["mbg-nbd"]["purchases"]["bias"] = bias
    well, poorly = judged(content)
    assert "total-orders" not in well
    assert poorly["total-orders"].figures["missed"] == pytest.approx(0.20)
    assert plain(poorly["total-orders"].sentence).startswith(
        "The total of orders was off by 20 %, too high on some dates and too low on others, in the "
        "following 12 months (mean of 2 past dates)"
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_praise_begins_with_an_error(seed):
    well, _ = judged(*receipt(seed=seed))
    for code in ("total-orders", "total-revenue"):
        what = code.removeprefix("total-")
        assert well[code].sentence.startswith(f"The total of {what} was close in the following ")
    assert well["months"].sentence.startswith("Single months were close, off by ")


def test_chance_is_the_standard_error_of_the_total():
    content, _ = receipt(origins=ORIGINS[:1])
    found = by_code(findings.does_well(content))["total-orders"]
    measures = content["origins"][0]["measures"]["mbg-nbd"]["purchases"]
    actual = 12 * content["origins"][0]["months"][0]["purchases"]["actual"]
    assert found.figures["chance"] == pytest.approx(
        1.96 * measures["rmse"] * np.sqrt(CUSTOMERS) / actual, rel=1e-9
    )
    # Poisson: about one over the square root of the orders.
    assert found.figures["chance"] == pytest.approx(1.96 / np.sqrt(actual), rel=0.1)
    assert "past dates" not in found.sentence


def test_few_customers_are_told_from_a_flaw():
    content, tested = receipt({"mbg-nbd": times(1.25)}, customers=60, origins=ORIGINS[:1], seed=3)
    well, poorly = judged(content, tested)
    found = (well | poorly)["total-orders"]
    assert abs(found.figures["bias"]) <= found.figures["chance"]
    assert "chance alone explains up to" in found.sentence
    assert not {"one-time", "repeat", "best-group", "chance"} & set(well | poorly)


def test_a_forecast_that_knows_nobody_is_told():
    content, tested = receipt({"mbg-nbd": average})
    well, poorly = judged(content, tested)
    assert set(poorly) >= {"rules", "one-time", "repeat"}
    assert "ranking" not in well
    assert poorly["rules"].figures["rule"] == "recency-rule"
    assert poorly["rules"].figures["gain"] < 0
    assert poorly["rules"].sentence == (
        "Customer by customer, as of 31 Dec 2016, the rule of thumb that who bought lately is "
        "active was better."
    ).replace("31 Dec 2016", "31\u00a0Dec\u00a02016")
    content, tested = receipt({"mbg-nbd": clumsy})
    assert "as good within chance" in judged(content, tested)[1]["rules"].sentence


def test_chances_that_are_off_name_the_group():
    def sure(rate, worth):
        return rate, np.sqrt(1 - np.exp(-rate)), rate * worth

    content, _ = receipt({"mbg-nbd": sure})
    found = judged(content)[1]["chance"]
    assert found.figures["ece"] == pytest.approx(
        np.mean([o["measures"]["mbg-nbd"]["chance"]["ece"] for o in content["origins"]])
    )
    assert found.figures["predicted"] > found.figures["actual"] + 0.05
    rows = content["origins"][-1]["measures"]["mbg-nbd"]["reliability"]
    assert found.figures["actual"] in [r["actual"] for r in rows]
    assert found.figures["chance"] < 0.02


def test_months_and_dates():
    well, poorly = judged(receipt(season=1.3)[0])
    assert poorly["months"].figures["mape"] == pytest.approx(0.30, abs=0.02)
    assert "the month up to" in poorly["months"].sentence
    assert "months" not in well
    between = judged(receipt(season=1.15)[0])
    assert "months" not in between[0] | between[1]
    content, _ = receipt()
    for origin, bias in zip(content["origins"], (0.05, -0.25), strict=True):
        origin["measures"]["mbg-nbd"]["purchases"]["bias"] = bias
    found = judged(content)[1]["dates"]
    assert found.figures["apart"] == pytest.approx(0.30)
    assert plain(found.sentence) == (
        "How far the total was off depends on the date: from 25 % too few (as of 31 Dec 2016) to "
        "5 % too many (as of 30 Jun 2016); the latest date was the worst."
    )


@pytest.mark.parametrize(
    ("inside", "above", "good", "said"),
    [
        (0.79, 0.1, True, "Ranges that promise 80 % held 79 % of customers as of 31 Dec 2016."),
        (0.70, 0.25, False, "held 70 % of customers as of 31 Dec 2016; most of the others came out above"),
        (0.70, 0.05, False, "came out below their range."),
        (0.90, 0.05, False, "they are wider than they need be."),
    ],
)  # fmt: skip
def test_ranges(inside, above, good, said):
    def row(group, share):
        return {
            "group": group,
            "customers": 900,
            "inside": share,
            "low": share - 0.02,
            "high": share + 0.02,
            "above": above,
            "below": 1 - share - above,
        }

    measured = {"as_of": "2016-12-31", "before": [], "after": [row("wider", inside)]}
    ranges = {"level": 0.8, "measured": measured}
    well, poorly = judged(receipt(ranges=ranges)[0])
    assert said in plain((well if good else poorly)["ranges"].sentence)
    assert "ranges" not in (poorly if good else well)
    measured["after"].append(row("whales", 0.70))
    assert "highest forecasts" in judged(receipt(ranges=ranges)[0])[1]["ranges-whales"].sentence


def test_without_a_test_nothing_is_said():
    empty = {"origins": [], "together": None, "model": "mbg-nbd", "reason": "Too short.", "horizon_months": 0}  # fmt: skip
    assert findings.does_well(empty) == findings.does_poorly(empty) == []
    assert findings.would_help(empty) == findings.would_help(None) == []


def test_without_amounts_there_is_no_revenue():
    well, poorly = judged(*receipt(value=False))
    assert not [f for f in (well | poorly).values() if "revenue" in f.sentence]
    assert well["best-tenth"].figures["of"] == "orders"


def test_nothing_bought_is_no_trouble():
    content, tested = receipt(customers=60)
    for origin in content["origins"]:
        for measures in origin["measures"].values():
            measures["purchases"] |= dict.fromkeys(("bias", "gini", "top10"))
            measures["value"] |= dict.fromkeys(("bias", "gini", "top10"))
        for row in origin["months"]:
            row["purchases"]["actual"] = 0
        origin["mape"] = {n: {"purchases": None, "value": None} for n in origin["mape"]}
    for found in (*findings.does_well(content, tested), *findings.does_poorly(content, tested)):
        assert "nan" not in found.sentence
        assert found.code not in {"total-orders", "ranking", "months", "best-tenth"}


def test_findings_are_json_without_nan():
    content, tested = receipt({"mbg-nbd": times(2.0)})
    for found in findings.does_poorly(content, tested):
        assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["code"] == found.code
        assert found.sentence.endswith(".")


# -- what would help --------------------------------------------------------------------------------


def helped(contenders, checks=(), **more):
    return by_code(findings.would_help(receipt(contenders, **more)[0], checks))


def test_a_season_that_helps_is_told_with_what_it_gained():
    both = {"mbg-nbd": right, "mbg-nbd+season": right}
    found = helped(both, season={"mbg-nbd": 1.2})["season"]
    assert found.figures["gain"] == pytest.approx(0.18, abs=0.03)
    assert "brought the error of single months from " in found.sentence
    assert found.sentence.endswith(
        "it is not in use, because on the dates that decide the gain may be chance."
    )
    worn = helped(both, season={"mbg-nbd": 1.2}, model="mbg-nbd+season")["season"]
    assert worn.sentence.endswith("; it is in use.")
    asked = helped(both, season={"mbg-nbd": 1.2}, choice={"asked": "mbg-nbd", "as_good": None})
    assert asked["season"].sentence.endswith("; to use it, choose MBG/NBD, with the season.")
    none = helped(both)["season"]
    assert none.figures["gain"] == pytest.approx(0.0, abs=1e-12)
    assert "was tried and did not help" in none.sentence


def test_first_orders():
    def blind(rate, worth):
        return rate, 1 - np.exp(-rate), rate * worth.mean()

    found = helped({"mbg-nbd": blind, "mbg-nbd+all-orders": right})["first-orders"]
    assert found.figures["gain"] > 0.01
    assert found.figures["after"] - found.figures["before"] == pytest.approx(found.figures["gain"])
    assert "best tenth's share of revenue from" in found.sentence
    worse = helped({"mbg-nbd": right, "mbg-nbd+all-orders": blind})["first-orders"]
    assert "was tried and did not help" in worse.sentence
    assert "first-orders" not in helped({"mbg-nbd": right})


def test_regular_gaps_and_a_better_model():
    found = helped({"mbg-nbd": times(1.5), "mbg-cnbd": right})
    content = receipt({"mbg-nbd": times(1.5), "mbg-cnbd": right})[0]
    loss = content["together"]["loss"]
    assert found["regular"].figures["gain"] == pytest.approx(1 - loss["mbg-cnbd"] / loss["mbg-nbd"])
    assert "down by" in found["regular"].sentence
    assert found["model"].figures["model"] == "mbg-cnbd"
    same = helped({"mbg-nbd": right, "mbg-cnbd": right})
    assert same["regular"].sentence.endswith(
        "was tried and did not help: customer by customer it is the same."
    )
    assert "model" not in same
    worse = helped({"mbg-nbd": right, "mbg-cnbd": times(1.5)})["regular"]
    assert worse.sentence.endswith("larger.")
    older = helped({"mbg-nbd": times(1.5), "bg-nbd": right})["model"]
    assert "everyone who ordered once as active for ever" in older.sentence


def test_the_rule_that_is_as_good_is_named_with_its_days():
    found = helped({"mbg-nbd": clumsy})["rule"]
    assert found.figures == {"rule": "recency-rule", "gain": 0.0, "days": 90.0}
    assert found.sentence == (
        "The rule of thumb that who bought in the last 90 days is active is as good here, and "
        "simpler to explain."
    )
    better = helped({"mbg-nbd": times(3)})["rule"]
    assert better.figures["gain"] > 0.1
    assert better.sentence.endswith("was better on the last date, and is simpler to explain.")
    assert "rule" not in helped({"mbg-nbd": right})


def check(key, estimate, spread=0.01):
    return Check(key, Effect(estimate, estimate - spread, estimate + spread), 0.05, 0.10, 500)


def test_violated_assumptions_that_nothing_answers():
    checks = [check("season", 0.3), check("cohorts", -0.2), check("timing", 0.07)]
    both = {"mbg-nbd": right, "mbg-nbd+season": right}
    found = findings.would_help(receipt(both)[0], checks)
    told = [f for f in found if f.code == "assumption"]
    # The season was tried; timing is doubtful only.
    assert [f.figures["check"] for f in told] == ["cohorts"]
    assert told[0].sentence.startswith(WORDS["cohorts"].help_below.rstrip("."))
    alone = [f.figures["check"] for f in findings.would_help(None, checks)]
    assert alone == ["season", "cohorts"]


def test_a_short_history():
    found = helped({"mbg-nbd": right}, reason="The orders cover 18 months.")
    assert found["history"].sentence == (
        "The orders cover 18 months. A longer history would test more."
    )
