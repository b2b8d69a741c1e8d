"""Forecasts: calendar months, discounting by hand, the table's shape, scores from the card alone."""

from __future__ import annotations

import json
import math
import statistics
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clv.core.errors import SettingsError
from clv.core.horizon import add_months, months_of
from clv.core.orders import FORECASTS, MONTHLY
from clv.core.settings import Settings
from clv.forecast.predictions import score
from clv.models.card import from_card
from clv.models.histories import Histories
from tests.shops import make_run, new_store, shop

ALL = "SELECT * FROM forecasts ORDER BY customer_id"
#: Ranges are built later; until then they are empty.
RANGES = ("predicted_clv_low", "predicted_clv_high")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def base(store):
    return make_run(store, shop())


@pytest.fixture(scope="module")
def other(store):
    return make_run(store, shop(), horizon_months=5, discount_rate=0.25, margin=0.35)


def columns(run, sql=ALL):
    return {k: np.asarray(v) for k, v in run.query(sql).to_pydict().items()}


# -- calendar months --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2017-10-17", 0, "2017-10-17"),
        ("2017-10-17", 12, "2018-10-17"),
        ("2017-10-17", 60, "2022-10-17"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 2, "2023-03-31"),
        ("2023-01-30", 1, "2023-02-28"),
        ("2023-03-31", 1, "2023-04-30"),
        ("2024-02-29", 1, "2024-03-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2023-02-28", 12, "2024-02-28"),
        ("2023-12-31", 1, "2024-01-31"),
        ("2023-12-31", 2, "2024-02-29"),
        ("2023-12-01", 11, "2024-11-01"),
        ("2023-12-01", 12, "2024-12-01"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2099-12-31", 2, "2100-02-28"),
    ],
)
def test_months_are_added_to_the_same_day_or_the_last_one_of_a_shorter_month(day, months, expected):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("as_of", "ends"),
    [
        (
            "2023-01-31",
            (
                "2023-02-28 2023-03-31 2023-04-30 2023-05-31 2023-06-30 2023-07-31 "
                "2023-08-31 2023-09-30 2023-10-31 2023-11-30 2023-12-31 2024-01-31"
            ),
        ),
        (
            "2024-02-29",
            (
                "2024-03-29 2024-04-29 2024-05-29 2024-06-29 2024-07-29 2024-08-29 "
                "2024-09-29 2024-10-29 2024-11-29 2024-12-29 2025-01-29 2025-02-28"
            ),
        ),
        (
            "2017-10-17",
            (
                "2017-11-17 2017-12-17 2018-01-17 2018-02-17 2018-03-17 2018-04-17 "
                "2018-05-17 2018-06-17 2018-07-17 2018-08-17 2018-09-17 2018-10-17"
            ),
        ),
    ],
)
def test_twelve_months_end_on_the_same_day_next_year(as_of, ends):
    start = date.fromisoformat(as_of)
    months = months_of(start, Settings())
    assert [m.end.isoformat() for m in months] == ends.split()
    assert [m.month for m in months] == list(range(1, 13))
    assert months[0].start == start
    assert all(before.end == after.start for before, after in pairwise(months))
    assert [start + timedelta(m.end_days) for m in months] == [m.end for m in months]


def test_the_longest_horizon_has_sixty_months_and_ends_five_years_on():
    months = months_of(date(2017, 10, 17), Settings(horizon_months=60))
    assert len(months) == 60
    assert (months[-1].end, months[-1].end_days) == (date(2022, 10, 17), 1826)


def test_value_is_discounted_monthly_at_the_annual_rate():
    found = [m.discount for m in months_of(date(2020, 1, 1), Settings(discount_rate=0.10))]
    # The twelfth root of 1.1 is 1.007974140428903...
    assert found[0] == pytest.approx(1 / 1.0079741404289038, rel=1e-14)
    assert found[5] == pytest.approx(1 / math.sqrt(1.1), rel=1e-14)
    assert found[11] == pytest.approx(1 / 1.1, rel=1e-14)
    two_years = months_of(date(2020, 1, 1), Settings(discount_rate=0.21, horizon_months=24))
    assert two_years[-1].discount == pytest.approx(1 / 1.21**2, rel=1e-14)
    assert {m.discount for m in months_of(date(2020, 1, 1), Settings(discount_rate=0.0))} == {1.0}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"horizon_months": 0}, "horizon is 0 months"),
        ({"horizon_months": 61}, "horizon is 61 months"),
        ({"discount_rate": -0.01}, "discount rate is -0.01"),
        ({"discount_rate": 10}, "discount rate is 10"),
        ({"discount_rate": math.nan}, "discount rate is nan"),
        ({"margin": 0}, "margin is 0"),
        ({"margin": 35}, "margin is 35"),
        ({"margin": math.nan}, "margin is nan"),
        ({"model": "pareto"}, 'no model "pareto"'),
    ],
)
def test_settings_out_of_range_are_refused(wrong, named):
    with pytest.raises(SettingsError, match=named):
        Settings(**wrong)


# -- a forecast that can be computed by hand --------------------------------------------------------

THREE = "customer_id,order_date,revenue\nA,2020-01-01,10\nA,2020-01-11,20\nB,2020-01-01,33\n"


def test_a_forecast_by_hand(store):
    """Two customers seen for 30 days each, one repeat purchase: 1/60 a day; 63 in 3 purchases."""
    run = make_run(
        store,
        THREE,
        as_of=date(2020, 1, 31),
        horizon_months=3,
        discount_rate=0.21,
        margin=0.5,
    )
    # From 31 January 2020: 29 days to 29 February, 31 to 31 March, 30 to 30 April.
    bought = [29 / 60, 31 / 60, 30 / 60]
    discount = [1.21 ** (-i / 12) for i in (1, 2, 3)]
    clv = [b * 21 * d * 0.5 for b, d in zip(bought, discount, strict=True)]
    a, b = run.query(ALL).to_pylist()
    assert a == {
        "customer_id": "A",
        "orders": 2,
        "revenue": 30.0,
        "first_order": date(2020, 1, 1),
        "last_order": date(2020, 1, 11),
        "frequency": 1,
        "recency": 10,
        "T": 30,
        "monetary_value": 20.0,
        "p_alive": 1.0,
        "p_purchase": pytest.approx(1 - math.exp(-1.5), rel=1e-13),
        "predicted_purchases": pytest.approx(1.5, rel=1e-13),
        "predicted_order_value": 21.0,
        "predicted_clv": pytest.approx(sum(clv), rel=1e-13),
        "predicted_clv_low": None,
        "predicted_clv_high": None,
        # The median wait is 60 ln 2 = 41.6 days.
        "next_order_date": date(2020, 1, 31) + timedelta(42),
        # Silent for 20 days at 1/60 a day: on schedule. Worth as much as the best fifth.
        "segment": "champions",
    }
    # Older than the usual gap of 10 days, but more likely than not to order again.
    assert b["segment"] == "promising"
    profile = run.query("SELECT * FROM profiles WHERE frequency = 1").to_pylist()[0]
    assert profile["p_silent"] == pytest.approx(math.exp(-20 / 60), rel=1e-13)
    assert profile["discounted_if_active"] == pytest.approx(sum(clv) / 21 / 0.5, rel=1e-13)
    assert (b["frequency"], b["recency"], b["T"], b["monetary_value"]) == (0, 0, 30, 0.0)
    assert b["predicted_clv"] == a["predicted_clv"]

    monthly = run.customer_monthly("B").to_pylist()
    assert [m["month_start"].isoformat() for m in monthly] == [
        "2020-01-31",
        "2020-02-29",
        "2020-03-31",
    ]
    assert monthly[-1]["month_end"] == date(2020, 4, 30)
    assert [m["predicted_purchases"] for m in monthly] == pytest.approx(bought, rel=1e-13)
    assert [m["predicted_revenue"] for m in monthly] == pytest.approx(
        [21 * n for n in bought], rel=1e-13
    )
    assert [m["predicted_clv"] for m in monthly] == pytest.approx(clv, rel=1e-13)

    summary = run.summary
    assert summary["customers"] == 2
    assert summary["orders"] == 3
    assert summary["revenue"] == 63.0
    assert summary["one_time_share"] == 0.5
    assert summary["predicted_purchases"] == pytest.approx(3.0, rel=1e-13)
    assert summary["predicted_revenue"] == pytest.approx(63.0, rel=1e-13)
    assert summary["predicted_clv"] == pytest.approx(2 * sum(clv), rel=1e-13)
    assert summary["median_clv"] == pytest.approx(sum(clv), rel=1e-13)
    assert summary["mean_clv"] == pytest.approx(sum(clv), rel=1e-13)
    assert summary["expected_buyers"] == pytest.approx(2 * (1 - math.exp(-1.5)), rel=1e-13)
    assert summary["history_monthly"] == [{"month": "2020-01", "orders": 3, "revenue": 63.0}]


# -- the tables -------------------------------------------------------------------------------------


def test_columns_are_those_of_the_contract(base):
    described = base.query(f"DESCRIBE SELECT * FROM '{base.file('forecasts.parquet')}'")
    named = zip(*(described[c].to_pylist() for c in ("column_name", "column_type")), strict=True)
    assert list(named) == list(FORECASTS.items())
    described = base.query("DESCRIBE SELECT * FROM monthly")
    named = zip(*(described[c].to_pylist() for c in ("column_name", "column_type")), strict=True)
    assert list(named) == list(MONTHLY.items())


def test_rows_are_sorted_by_customer(base):
    ids = base.query(f"SELECT customer_id FROM '{base.file('forecasts.parquet')}'")
    assert ids["customer_id"].to_pylist() == sorted(ids["customer_id"].to_pylist())
    assert len(ids) == base.report["customers"] == base.summary["customers"]


def test_nothing_is_missing_where_there_is_a_model(base):
    bad = [f"{c} IS NULL" for c in FORECASTS if c not in RANGES]
    bad += [f"NOT isfinite({c})" for c, kind in FORECASTS.items() if kind == "DOUBLE"]
    assert base.query(f"SELECT * FROM forecasts WHERE {' OR '.join(bad)}").to_pylist() == []


def test_forecasts_do_not_contradict_themselves(base):
    row = columns(base)
    for name in ("p_alive", "p_purchase"):
        assert ((row[name] > 0) & (row[name] <= 1)).all(), name
    assert (row["p_purchase"] <= row["p_alive"]).all()
    # At least one purchase is never more likely than there are purchases to be expected.
    assert (row["p_purchase"] <= row["predicted_purchases"] * (1 + 1e-12)).all()
    assert (row["predicted_order_value"] > 0).all()
    assert (row["predicted_clv"] < row["predicted_purchases"] * row["predicted_order_value"]).all()
    assert (row["frequency"] <= row["recency"]).all()
    assert (row["recency"] <= row["T"]).all()
    assert (row["next_order_date"] > date.fromisoformat(base.settings["as_of"])).all()


def test_segments_follow_their_rules(base):
    """The rules as docs/segments.md words them, computed again row by row."""
    rows = base.query(
        "SELECT f.*, p_silent FROM forecasts f JOIN profiles USING (frequency, recency, T)"
    ).to_pylist()
    gap = statistics.median(r["recency"] / r["frequency"] for r in rows if r["frequency"])
    best = sorted((r["predicted_clv"] for r in rows), reverse=True)
    cuts = base.summary["cuts"]
    assert cuts["new_days"] == math.ceil(gap)
    assert sum(v >= cuts["high_value"] for v in best) == pytest.approx(0.2 * len(rows), abs=1)
    assert sum(v >= cuts["middle_value"] for v in best) == pytest.approx(0.5 * len(rows), abs=1)
    for r in rows:
        if r["frequency"] == 0:
            new = "new" if r["T"] <= gap else "one-time"
            expected = "promising" if new != "new" and r["p_purchase"] >= 0.5 else new
        elif r["p_alive"] < 0.2:
            expected = "inactive"
        elif r["p_silent"] < 0.1:
            expected = "at risk"
        elif r["p_alive"] < 0.5 or r["p_silent"] < 0.25:
            expected = "needs attention"
        elif r["predicted_clv"] >= cuts["high_value"]:
            expected = "champions"
        else:
            expected = "loyal" if r["frequency"] >= 2 else "promising"
        assert r["segment"] == expected, r
    assert len({r["segment"] for r in rows}) >= 5


def test_silence_is_what_an_active_customer_would_keep_that_long(base):
    """P(no purchase in t | rate) averaged over the rates of the customers with that history."""
    p = base.model["purchases"]["parameters"]
    rows = base.query("SELECT * FROM profiles ORDER BY hash(frequency, recency, T) LIMIT 20")
    for r in rows.to_pylist():
        rates = stats.gamma(p["r"] + r["frequency"], scale=1 / (p["alpha"] + r["recency"]))
        silent = rates.expect(lambda rate, r=r: math.exp(-rate * (r["T"] - r["recency"])))
        assert r["p_silent"] == pytest.approx(silent, rel=1e-6)


def test_the_next_order_is_the_median_wait_from_the_as_of_date(base):
    row = columns(base)
    r, alpha = (base.model["purchases"]["parameters"][k] for k in ("r", "alpha"))
    wait = (alpha + row["T"]) * (2 ** (1 / (r + row["frequency"])) - 1)
    as_of = date.fromisoformat(base.settings["as_of"])
    days = np.minimum(np.ceil(wait), 36_525)
    found = np.array([(d - as_of).days for d in row["next_order_date"]])
    # Where the wait is a whole number but for rounding, either day is right.
    exact = np.abs(wait - np.round(wait)) < 1e-6
    assert (found[~exact] == days[~exact]).all()
    assert exact.sum() < 5


@pytest.mark.parametrize("which", ["base", "other"])
def test_months_add_up_to_the_horizon(which, request):
    run = request.getfixturevalue(which)
    months = months_of(
        date.fromisoformat(run.settings["as_of"]),
        Settings(
            horizon_months=run.settings["horizon_months"],
            discount_rate=run.settings["discount_rate"],
        ),
    )
    listed = run.query(
        "SELECT month, month_start, month_end, count(*) AS n FROM monthly GROUP BY ALL ORDER BY 1"
    ).to_pylist()
    assert listed == [
        {"month": m.month, "month_start": m.start, "month_end": m.end, "n": 300} for m in months
    ]
    least = run.query(
        "SELECT min(predicted_purchases) AS a, min(predicted_revenue) AS b, "
        "min(predicted_clv) AS c FROM monthly"
    ).to_pylist()[0]
    assert min(least.values()) >= 0
    each = columns(
        run,
        "SELECT customer_id, sum(predicted_purchases) AS purchases, sum(predicted_clv) AS clv, "
        "sum(predicted_revenue) AS revenue FROM monthly GROUP BY 1 ORDER BY 1",
    )
    row = columns(run)
    assert (each["customer_id"] == row["customer_id"]).all()
    assert each["purchases"] == pytest.approx(row["predicted_purchases"], rel=1e-9, abs=1e-12)
    assert each["clv"] == pytest.approx(row["predicted_clv"], rel=1e-9, abs=1e-12)
    revenue = row["predicted_purchases"] * row["predicted_order_value"]
    assert each["revenue"] == pytest.approx(revenue, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("which", ["base", "other"])
def test_the_totals_are_the_sums_of_the_rows(which, request):
    run = request.getfixturevalue(which)
    row, summary = columns(run), run.summary
    assert summary["predicted_purchases"] == pytest.approx(row["predicted_purchases"].sum())
    assert summary["predicted_clv"] == pytest.approx(row["predicted_clv"].sum(), rel=1e-9)
    assert summary["expected_buyers"] == pytest.approx(row["p_purchase"].sum(), rel=1e-9)
    assert summary["median_clv"] == pytest.approx(np.median(row["predicted_clv"]), rel=1e-12)
    assert summary["mean_clv"] == pytest.approx(row["predicted_clv"].mean(), rel=1e-9)
    assert summary["one_time_share"] == pytest.approx((row["frequency"] == 0).mean(), rel=1e-12)
    assert summary["orders"] == row["orders"].sum() == run.report["orders"]
    assert summary["revenue"] == run.report["revenue"]  # To the cent, however it is added up.
    totals = run.query(
        "SELECT month, sum(predicted_purchases) AS p, sum(predicted_revenue) AS r, "
        "sum(predicted_clv) AS c FROM monthly GROUP BY 1 ORDER BY 1"
    ).to_pylist()
    for month, total in zip(summary["monthly"], totals, strict=True):
        assert month["month"] == total["month"]
        assert month["predicted_purchases"] == pytest.approx(total["p"], rel=1e-9)
        assert month["predicted_revenue"] == pytest.approx(total["r"], rel=1e-9)
        assert month["predicted_clv"] == pytest.approx(total["c"], rel=1e-9)
    history = summary["history_monthly"]
    assert sum(h["orders"] for h in history) == summary["orders"]
    assert sum(h["revenue"] for h in history) == pytest.approx(summary["revenue"], rel=1e-9)


def test_the_concentration_curve_is_that_of_the_sorted_values(base):
    values = np.sort(columns(base)["predicted_clv"])[::-1]
    curve = base.summary["concentration"]
    assert curve[0] == {"customers": 0.0, "value": 0.0}
    assert curve[-1] == {"customers": 1.0, "value": pytest.approx(1.0, abs=1e-12)}
    assert len(curve) == 101
    # 300 customers: every point of a hundredth stands on a customer.
    for point in curve:
        best = values[: round(300 * point["customers"])].sum() / values.sum()
        assert point["value"] == pytest.approx(best, abs=1e-12)
    assert base.summary["top20_share"] == pytest.approx(values[:60].sum() / values.sum())


# -- settings ---------------------------------------------------------------------------------------


def test_the_margin_scales_the_value_and_nothing_else(store, base):
    run = make_run(store, shop(), margin=0.35)
    ours, whole = columns(run), columns(base)
    assert ours["predicted_clv"] == pytest.approx(0.35 * whole["predicted_clv"], rel=1e-12)
    for name, kind in FORECASTS.items():
        if kind == "DOUBLE" and name not in {"predicted_clv", *RANGES}:
            assert ours[name] == pytest.approx(whole[name], rel=1e-12), name
        elif kind != "DOUBLE":
            assert (ours[name] == whole[name]).all(), name


def test_without_discount_the_value_is_purchases_times_order_value(store):
    row = columns(make_run(store, shop(), discount_rate=0.0))
    undiscounted = row["predicted_purchases"] * row["predicted_order_value"]
    assert row["predicted_clv"] == pytest.approx(undiscounted, rel=1e-9)


def test_the_discounted_value_is_summed_month_by_month(base, other):
    for run, rate, margin in ((base, 0.10, 1.0), (other, 0.25, 0.35)):
        by_month = columns(run, "SELECT * FROM monthly ORDER BY customer_id, month")
        value = by_month["predicted_revenue"] * (1 + rate) ** (-by_month["month"] / 12) * margin
        assert by_month["predicted_clv"] == pytest.approx(value, rel=1e-12)
        sums = value.reshape(300, -1).sum(axis=1)
        assert columns(run)["predicted_clv"] == pytest.approx(sums, rel=1e-9)


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(base, other):
    sql = (
        "SELECT predicted_purchases AS p FROM monthly WHERE month <= 5 ORDER BY customer_id, month"
    )
    assert columns(other, sql)["p"] == pytest.approx(columns(base, sql)["p"], rel=1e-12)


def test_the_horizon_moves_the_chance_of_buying(base, other):
    short, long = columns(other), columns(base)
    assert (short["p_purchase"] < long["p_purchase"]).all()
    assert (short["p_alive"] == long["p_alive"]).all()
    assert (short["next_order_date"] == long["next_order_date"]).all()


def test_settings_are_recorded(other):
    recorded = other.settings
    assert recorded["horizon_months"] == 5
    assert recorded["discount_rate"] == 0.25
    assert recorded["margin"] == 0.35
    assert recorded["model"] == "mbg-nbd"
    assert recorded["as_of"] == other.report["last_order"] == other.summary["as_of"]
    assert recorded["run_id"] == other.id
    assert [m["month"] for m in recorded["months"]] == [1, 2, 3, 4, 5]
    assert other.model["settings"]["margin"] == 0.35


# -- the card reproduces the run --------------------------------------------------------------------


def scores_from_disk(run):
    """Score with nothing but the bytes of model.json."""
    card = json.loads(run.file("model.json").read_text(encoding="utf-8"))
    row = columns(run)
    inputs = [row[k] for k in ("frequency", "recency", "T", "monetary_value")]
    return card, row, score(card, *inputs)


@pytest.mark.parametrize("which", ["base", "other"])
def test_the_card_alone_reproduces_every_score(which, request):
    _, row, scored = scores_from_disk(request.getfixturevalue(which))
    assert scored.keys() == {
        *("p_alive", "p_purchase", "predicted_purchases"),
        *("predicted_order_value", "predicted_clv"),
    }
    for name, values in scored.items():
        assert values == pytest.approx(row[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("model", ["mbg-nbd", "bg-nbd"])
def test_the_card_says_which_model_it_is(store, model):
    run = make_run(store, shop(), model=model)
    card, row, scored = scores_from_disk(run)
    assert card["purchases"]["name"] == card["settings"]["model"] == model
    assert scored["predicted_clv"] == pytest.approx(row["predicted_clv"], rel=1e-9)
    assert card["data"]["customers"] == card["purchases"]["customers"] == 300
    assert card["data"]["repeat_purchases"] == row["frequency"].sum()
    assert card["data"]["repeat_customers"] == (row["frequency"] > 0).sum()
    assert card["data"]["files"] == run.report["inputs"]
    assert set(card["versions"]) >= {"clv", "python", "lifetimes", "numpy", "scipy", "duckdb"}


@pytest.mark.parametrize("which", ["base", "other"])
def test_the_cards_own_test_vectors_hold(which, request):
    card, row, _ = scores_from_disk(request.getfixturevalue(which))
    vectors = card["test_vectors"]
    assert len(vectors) == 12
    known = set(zip(*(row[k].tolist() for k in ("frequency", "recency", "T")), strict=True))
    for vector in vectors:
        inputs = [vector[k] for k in ("frequency", "recency", "T", "monetary_value")]
        assert tuple(inputs[:3]) in known
        scored = {k: float(v[0]) for k, v in score(card, *inputs).items()}
        assert vector["expected"] == pytest.approx(scored, rel=1e-9)
    assert len({v["frequency"] for v in vectors}) > 1


def test_the_card_gives_the_purchases_of_each_month(base):
    """The model of the card, asked for each month's end, gives the monthly table."""
    card, row, _ = scores_from_disk(base)
    ends = [m["end_days"] for m in card["months"]]
    model = from_card(card["purchases"])
    cumulative = model.score(
        Histories.of(row["frequency"], row["recency"], row["T"]), ends
    ).purchases
    monthly = np.diff(cumulative, axis=1, prepend=0.0).ravel()
    found = columns(
        base, "SELECT predicted_purchases AS p FROM monthly ORDER BY customer_id, month"
    )
    assert found["p"] == pytest.approx(monthly, rel=1e-9, abs=1e-12)


def test_the_same_input_gives_the_same_run_to_the_last_digit(store, base):
    wanted = base.query(ALL)
    for _ in range(5):
        again = make_run(store, shop())
        assert again.id != base.id
        found = again.query(ALL)
        assert [c for c in FORECASTS if not found[c].equals(wanted[c])] == []
        assert again.summary == base.summary
        assert again.model["purchases"] == base.model["purchases"]
        assert again.model["spend"] == base.model["spend"]


def test_the_order_of_the_rows_does_not_matter(store, base):
    header, *lines = shop().splitlines()
    run = make_run(store, "\n".join([header, *reversed(lines)]) + "\n")
    ours, theirs = columns(run), columns(base)
    for name in ("p_alive", "predicted_purchases", "predicted_order_value", "predicted_clv"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9), name
