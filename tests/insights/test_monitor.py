"""Monitoring: figures against independent computations, planted faults, the rule of the advice."""

from __future__ import annotations

import csv
import gzip
import json
import math
import subprocess
import sys
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clv.apps.cli.monitor import monitor as command
from clv.backtest import evaluation
from clv.core.errors import InputError
from clv.core.horizon import add_months
from clv.forecast import publish
from clv.insights import monitor
from clv.insights.monitor import advice, models, rows, shifts, tracking, uploads
from clv.insights.monitor.base import Check, rising, worst
from clv.insights.monitor.newest import Newest, listed_at_once, newest
from clv.report.words import monitor as words
from tests.places import RETAIL, ROOT, SHARED, needs_shared
from tests.shops import make_run, new_store, shop

EARLY, LATE, LAST = date(2016, 10, 31), date(2017, 1, 31), date(2017, 5, 10)


# -- shifts -----------------------------------------------------------------------------------------


def test_stability_index_of_counts_by_hand():
    found = shifts.of_counts([50, 50], [70, 30])
    p, q = (50.5 / 101, 50.5 / 101), (70.5 / 101, 30.5 / 101)
    psi = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert found.psi == pytest.approx(psi, rel=1e-12)
    # Chi-squared with one degree of freedom.
    assert found.psi_chance == pytest.approx(math.erfc(math.sqrt(psi * 50 / 2)), rel=1e-9)
    assert (found.distance, found.distance_chance) == (None, None)
    assert found.looks
    assert not found.large


def test_an_empty_category_stays_finite_and_nothing_is_no_shift():
    assert math.isfinite(shifts.of_counts([100, 0], [0, 100]).psi)
    assert shifts.of_counts([100, 0], [0, 100]).large
    assert shifts.of_counts([], []) == (0.0, 1.0, None, None)
    assert shifts.of_counts([5, 5], [0, 0]).psi == 0
    assert shifts.of_numbers([], [1.0]) == (0.0, 1.0, 0.0, 1.0)


def test_distance_of_two_samples_by_hand():
    found = shifts.of_numbers([1, 2, 3, 4], [3, 4, 5, 6])
    assert found.distance == 0.5
    assert not found.looks, "four against four is chance"


def test_one_population_is_no_shift_and_another_one_is():
    rng = np.random.default_rng(1)
    base = rng.gamma(2.0, 20.0, 20_000)
    looks = [shifts.of_numbers(base, rng.gamma(2.0, 20.0, n)).looks for n in (50, 300, 5000) * 20]
    assert not any(looks)
    moved = shifts.of_numbers(base, rng.gamma(2.0, 26.0, 5000))
    assert moved.looks
    assert not moved.large
    assert shifts.of_numbers(base, rng.gamma(2.0, 40.0, 5000)).large


def test_the_index_of_one_population_is_chi_squared():
    rng = np.random.default_rng(2)
    p = [
        shifts.of_counts(
            rng.multinomial(500, [0.1] * 10), rng.multinomial(400, [0.1] * 10)
        ).psi_chance
        for _ in range(2000)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_a_large_shift_is_one_that_a_year_of_nights_brings_hardly_ever():
    assert shifts.Shift(0.30, 0.005).looks
    assert not shifts.Shift(0.30, 0.005).large
    assert shifts.Shift(0.30, 0.0009).large
    rng = np.random.default_rng(4)
    base = rng.gamma(2.0, 20.0, 5000)
    nights = [shifts.of_numbers(base, rng.gamma(2.0, 20.0, 50)) for _ in range(2 * 365)]
    assert sum(night.large for night in nights) <= 3


def test_prices_in_few_steps_share_bins():
    found = shifts.of_numbers([10.0] * 90 + [20.0] * 10, [10.0] * 88 + [20.0] * 12)
    assert found.psi < 0.01
    assert shifts.of_numbers([10.0] * 100, [10.0] * 50).psi == 0


# -- verdicts ---------------------------------------------------------------------------------------


def test_verdicts():
    assert [rising(v, 0.05, 0.5) for v in (0.0, 0.049, 0.05, 0.5)] == ["ok", "ok", "look", "stop"]
    assert worst(["ok", "look", "ok"]) == "look"
    assert worst(["look", "stop"]) == "stop"
    assert worst([]) == "ok"


# -- uploads ----------------------------------------------------------------------------------------


@cache
def lines():
    """The shop's rows, each with a channel of its customer's."""
    head, *rows = shop().splitlines()
    channel = ("shop", "web", "web", "phone")
    return [f"{head},channel", *(f"{r},{channel[int(r[1:5]) % 4]}" for r in rows)]


def change(what, after=LATE):
    """Return the shop's file with its rows after a day changed, each into a list of rows."""
    head, *rows = lines()
    kept = [r for r in rows if date.fromisoformat(r.split(",")[1]) <= after]
    new = [changed for r in rows if r not in set(kept) for changed in what(r)]
    return "\n".join([head, *kept, *new]) + "\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("monitor"))


@pytest.fixture(scope="module")
def early(store):
    # What is watched is the model in use: the others need not be tested.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "MODELS", ("mbg-nbd",))
        return make_run(store, change(lambda r: [r]), as_of=EARLY, backtest=True, horizon_months=6)


@pytest.fixture(scope="module")
def middle(store):
    return make_run(store, change(lambda r: [r]), as_of=LATE, horizon_months=3)


@pytest.fixture(scope="module")
def last(store, early, middle):
    assert early.id != middle.id
    return make_run(store, change(lambda r: [r]), as_of=LAST, horizon_months=3)


def verdicts(checks):
    return {(c.key, c.subject): c.verdict for c in checks if c.verdict != "ok"}


def test_the_same_file_some_months_later_is_as_usual(last, middle, early):
    for before in (middle, early):
        checks = uploads.compare(last, before)
        assert verdicts(checks) == {}
        by_key = {(c.key, c.subject): c for c in checks}
        assert by_key["found_again", ""].now == 1.0
        assert by_key["added_late", ""].now == 0.0
        assert by_key["mix", "channel"].more["customers"] > 0


def test_volume_counts_the_new_days_and_as_many_before(last, middle):
    rows = [r.split(",") for r in lines()[1:]]
    days = [date.fromisoformat(r[1]) for r in rows]
    length = (LAST - LATE).days
    by_key = {(c.key, c.subject): c for c in uploads.compare(last, middle)}
    found = by_key["volume", "orders"]
    # Neither as-of date may have been over.
    late, end = (day - timedelta(days=1) for day in (LATE, LAST))
    assert found.now == sum(late < d <= end for d in days)
    starts = [late - timedelta(days=(i + 1) * length) for i in range(found.more["spans"])]
    past = [sum(s < d <= s + timedelta(days=length) for d in days) for s in starts]
    assert (found.more["low"], found.more["high"]) == (min(past), max(past))
    assert found.before == pytest.approx(np.mean(past))
    people = {r[0] for r, d in zip(rows, days, strict=True) if late < d <= end}
    assert by_key["volume", "customers"].now == len(people)


def cells(row, **new):
    names = ("customer_id", "order_date", "revenue", "channel")
    found = dict(zip(names, row.split(","), strict=True)) | new
    return ",".join(found.values())


def day_of(row):
    return date.fromisoformat(row.split(",")[1])


FAULTS = {
    "cents for euros": (
        lambda r: [cells(r, revenue=f"{float(r.split(',')[2]) * 100:.2f}")],
        {("order_value", ""): "stop"},
    ),
    "prices up by a third": (
        lambda r: [cells(r, revenue=f"{float(r.split(',')[2]) * 1.35:.2f}")],
        {("order_value", ""): "look"},
    ),
    "every order eight times": (
        lambda r: [cells(r, customer_id=f"n{i}{r[:5]}") for i in range(8)],
        {("volume", "orders"): "look", ("volume", "customers"): "look"},
    ),
    "one in a hundred": (
        lambda r: [r] if int(r[1:5]) % 100 == 0 else [],
        {("volume", "orders"): "stop", ("volume", "customers"): "stop", ("silence", ""): "stop"},
    ),
    "four weeks missing": (
        lambda r: [] if date(2017, 3, 1) <= day_of(r) <= date(2017, 3, 28) else [r],
        {("silence", ""): "stop"},
    ),
    "a tenth without a date": (
        lambda r: [r, cells(r, order_date="?")] if int(r[1:5]) % 2 else [r],
        {
            ("rejected", ""): "look",
            ("rejected", "unreadable_date"): "look",
            ("rejected_new", ""): "look",
        },
    ),
    "every order twice, each with a number of its own": (
        lambda r: [r, f"{r}x"],
        {("repeated", ""): "stop"},
    ),
    "two thirds of the last weeks": (
        lambda r: [] if day_of(r) > LAST - timedelta(days=29) and int(r[1:5]) % 3 else [r],
        {("newest", ""): "look"},
    ),
    "a fifth from a new channel": (
        lambda r: [cells(r, channel="app" if int(r[1:5]) % 3 == 0 else r.split(",")[3])],
        {("new_levels", "channel"): "look", ("mix", "channel"): "look"},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(tmp_path, middle, name):
    what, expected = FAULTS[name]
    run = make_run(new_store(tmp_path), change(what), as_of=LAST)
    found = verdicts(uploads.compare(run, middle))
    # Many new customers, or few, are another mix and other gaps: that is no false alarm.
    spared = {("gap", "")} if "order" in name or "hundred" in name else set()
    assert {k: v for k, v in found.items() if k not in spared} == expected


def test_a_day_that_is_not_over_is_no_fall(tmp_path):
    """Published in the evening, then a job in the night, at one o'clock."""
    head, store = "customer_id,order_date,revenue", new_store(tmp_path)
    days = [date(2016, 1, 1) + timedelta(days=i) for i in range(100)]
    rows = [f"c{(7 * i + j) % 300},{d},10" for i, d in enumerate(days) for j in range(50)]
    before = make_run(store, "\n".join([head, *rows[:-10]]))
    night = make_run(store, "\n".join([head, *rows, f"c1,{days[-1] + timedelta(days=1)},10"]))
    assert verdicts(uploads.compare(night, before)) == {}


@pytest.mark.parametrize("hours", [-24, 8, 24])
def test_another_time_zone_is_told_of_and_stops_nobody(tmp_path, hours):
    head, *rows = lines()
    store = new_store(tmp_path)

    def shifted(row, by):
        cell = row.split(",")
        at = datetime.fromisoformat(cell[1]) + timedelta(hours=int(row[1:5]) % 24 + by)
        return cells(row, order_date=f"{at:%Y-%m-%dT%H:%M:%S}")

    then = [r for r in rows if day_of(r) <= LATE]
    before = make_run(store, "\n".join([head, *(shifted(r, 0) for r in then)]), as_of=LATE)
    run = make_run(store, "\n".join([head, *(shifted(r, hours) for r in rows)]), as_of=LAST)
    checks = {c.key: c for c in uploads.compare(run, before)}
    for key in ("found_again", "added_late"):
        assert checks[key].verdict == "look"
        assert checks[key].more["moved"] > 0.2 * checks[key].more["orders"]
        assert "time zone" in words.finding(checks[key].as_dict())
    assert monitor.same_customers(run, before)


def test_the_past_must_be_there(tmp_path, middle):
    store = new_store(tmp_path)
    head, *rows = lines()
    renamed = make_run(store, "\n".join([head, *("x" + r for r in rows)]), as_of=LAST)
    assert verdicts(uploads.compare(renamed, middle))["found_again", ""] == "stop"
    assert not monitor.same_customers(renamed, middle)
    cut = [r for r in rows if int(r[1:5]) % 10 or day_of(r) > LATE]
    fewer = make_run(store, "\n".join([head, *cut]), as_of=LAST)
    check = {c.key: c for c in uploads.compare(fewer, middle)}["found_again"]
    assert check.verdict == "look"
    past = {(r.split(",")[0], day_of(r)) for r in rows if day_of(r) <= LATE}
    start = min(day_of(r) for r in cut)
    common = {p for p in past if p[1] >= start}
    kept = {(r.split(",")[0], day_of(r)) for r in cut}
    assert check.now == pytest.approx(len(common & kept) / len(common), rel=1e-12)


def test_a_file_of_the_last_months_only_is_compared_by_the_days_both_have(tmp_path, middle):
    head, *rows = lines()
    rolling = [r for r in rows if day_of(r) > date(2016, 12, 1)]
    run = make_run(new_store(tmp_path), "\n".join([head, *rolling]), as_of=LAST)
    assert {c.key: c for c in uploads.compare(run, middle)}["found_again"].now == 1.0
    assert monitor.same_customers(run, middle)


def test_amounts_that_are_gone_and_columns_that_are_gone(tmp_path, middle):
    bare = "\n".join(",".join(r.split(",")[:2]) for r in lines())
    run = make_run(new_store(tmp_path), bare, as_of=LAST)
    found = verdicts(uploads.compare(run, middle))
    assert found == {("missing", "revenue"): "stop", ("label_gone", "channel"): "look"}


def make_late(folder, content):
    return make_run(new_store(folder), content, as_of=LAST)


def test_a_file_that_lost_its_beginning(tmp_path, middle):
    head, *rows = lines()
    late = [r for r in rows if day_of(r) > date(2016, 12, 1)]
    run = make_late(tmp_path, "\n".join([head, *late]))
    found = {c.key: c for c in uploads.compare(run, middle)}
    then = [r for r in rows if day_of(r) <= LATE]
    start = min(day_of(r) for r in late)
    lost = sum(day_of(r) < start for r in then) / len(then)
    assert lost > 0.2
    assert found["beginning"].now == pytest.approx(lost, rel=1e-12)
    assert found["beginning"].verdict == "stop"
    # A file of the last so many months loses as many days as it gains, and that is usual.
    begin = min(map(day_of, rows))
    rolling = [r for r in rows if day_of(r) > begin + (LAST - LATE)]
    run = make_late(tmp_path, "\n".join([head, *rolling]))
    assert "beginning" not in {key for key, _ in verdicts(uploads.compare(run, middle))}


def left_out(rows, first="2016-01-01", **reasons):
    return SimpleNamespace(
        report={"rows_total": rows, "reasons": reasons, "first_order": first}
        | {key: {} for key in ("remedies", "reason_titles")},
        first_order=date.fromisoformat(first),
    )


@pytest.mark.parametrize(
    ("now", "verdict", "share"),
    [
        (left_out(10_100, bad=200), "ok", 0.0),
        (left_out(10_100, bad=230), "ok", 0.3),  # 19.7 % for sure: 17.7 points more.
        (left_out(10_100, bad=250), "look", 0.5),  # 38.0 %
        (left_out(10_100, bad=270), "stop", 0.7),  # 58.1 %
        (left_out(10_004, bad=203), "ok", 0.75),  # 14.1 % of four rows, if that.
        (left_out(10_004, bad=204), "look", 1.0),  # 31.6 %
        (left_out(10_100, bad=200, future_date=90), "ok", 0.0),
    ],
)
def test_rows_left_out_of_those_that_are_new(now, verdict, share):
    *_, check = rows.left_out(now, left_out(10_000, bad=200))
    assert check.key == "rejected_new"
    assert (check.verdict, check.before, check.now) == (verdict, 0.02, share)


def test_new_rows_are_told_apart_only_where_the_others_are_there():
    before = left_out(10_000, bad=200)
    for now in (left_out(10_000, bad=200), left_out(900), left_out(10_100, first="2016-02-01")):
        assert {c.key for c in rows.left_out(now, before)} == {"rejected"}


# -- the newest days --------------------------------------------------------------------------------


def test_a_fall_that_was_published_stops_nobody_again(tmp_path, monkeypatch):
    store = new_store(tmp_path)
    before, run = (make_run(store, change(lambda r: [r]), as_of=day) for day in (LATE, LAST))
    grave, usual = Newest("stop", 7, 100.0, 10.0), Newest("ok", 7, 100.0, 90.0)
    for then, verdict in ((usual, "stop"), (None, "stop"), (grave, "look")):
        answers = iter([grave, then])
        monkeypatch.setattr(uploads, "newest", lambda *_, answers=answers: next(answers))
        assert verdicts(uploads.compare(run, before)) == {("newest", ""): verdict}


def test_a_file_that_begins_after_the_earlier_one_tells_nothing_of_its_newest_days(
    tmp_path, middle, monkeypatch
):
    seen = []
    monkeypatch.setattr(uploads, "newest", lambda *given: seen.append(given))
    head, *rows = lines()
    cut = [r for r in rows if day_of(r) > LATE + timedelta(days=60)]
    uploads.compare(make_late(tmp_path, "\n".join([head, *cut])), middle)
    assert seen[0][1] == {7: 1.0, 28: 1.0}


def test_the_newest_days_by_hand():
    week = [10, 20, 30, 20, 10, 5, 5]
    assert newest(week * 4) is None, "four weeks before are needed"
    assert newest(week * 5) == ("ok", 7, 100, 100)
    assert newest([*week * 3, *[n + 1 for n in week], *[n / 2 for n in week]]).least == 100
    half = [n // 2 for n in week]  # 49 of 100: a binomial chance of 0.00004
    assert newest(week * 30 + half) == ("look", 7, 100, sum(half))
    assert newest(week * 60 + half) == ("stop", 7, 100, sum(half))
    assert newest(week * 16 + half * 4) == ("look", 28, 400, 4 * sum(half))
    assert newest([n // 10 for n in week * 60 + half]).verdict == "ok", "ten orders are chance"
    assert newest(week * 10 + half + week * 50 + half).verdict == "look", "so it fell before"
    assert newest([0] * 40) is None


def test_orders_that_are_listed_late_are_expected_to_lack():
    """Of the last week's orders half are delivered by now; a week later all are."""
    week = [10, 20, 30, 20, 10, 5, 5]
    half = [n // 2 for n in week]
    listed = listed_at_once([*week * 59, *half], week * 60)
    assert listed == {7: 0.49, 28: pytest.approx(0.8725)}
    assert newest([*week * 60, *half], listed).verdict == "ok"
    assert newest([*week * 60, *half], listed_at_once(week * 60, week * 60)).verdict == "stop"
    assert newest([*week * 60, *[n // 4 for n in half]], listed).verdict == "stop"
    assert listed_at_once([0] * 40, [0] * 40) == {7: 1.0, 28: 1.0}


def test_only_a_fall_much_deeper_than_any_before_is_unheard_of():
    week = [10, 20, 30, 20, 10, 5, 5]
    half, season = [n // 2 for n in week], [n * 0.6 for n in week]
    # As deep as last year's, nearly, is a season: 49 of 60 would be, 49 of 65 are not.
    assert newest(week * 10 + season + week * 50 + half).verdict == "look"
    season = [n * 0.65 for n in week]
    assert newest(week * 10 + season + week * 50 + half).verdict == "stop"


def test_a_shop_that_was_closed_lacks_no_rows():
    week, two = [10, 20, 30, 20, 10, 5, 5], [0] * 14
    assert newest([*week * 90, *two, *week * 2]) == ("look", 28, 400, 200)
    assert newest([*week * 90, *two, *[n // 2 for n in week * 2]]).verdict == "stop"
    # A file that ends with nothing may have ended too early.
    assert newest([*week * 90, *week * 2, *two]).verdict == "stop"
    # Weekends, as always, are no such time: half of the rows is missing.
    weekdays = [20, 20, 20, 20, 20, 0, 0]
    assert newest([*weekdays * 60, *[n // 2 for n in weekdays]]).verdict == "stop"


def daily(days):
    days = np.asarray(days, dtype="datetime64[D]")
    return np.bincount((days - days.min()).astype(int))


def ends(counts):
    """Return the verdicts if each day had been the last, and if half of its last four weeks were gone."""
    rng, found = np.random.default_rng(1), ([], [])
    for i in range(5 * 28, len(counts) + 1, 3):
        half = rng.binomial(counts[i - 28 : i], 0.5)
        for verdicts_of, cut in zip(found, (counts[:i], [*counts[: i - 28], *half]), strict=True):
            verdicts_of.append(newest(cut).verdict)
    return found


def test_seasons_are_no_alarm_and_half_of_the_rows_is_one_in_cdnow():
    text = (files("lifetimes") / "datasets" / "CDNOW_master.txt").read_text(encoding="utf-8")
    days = [line.split()[1] for line in text.splitlines()[1:] if line.strip()]
    plain, lost = ends(daily([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in days]))
    assert "stop" not in plain
    assert np.mean([v == "look" for v in plain]) < 0.03
    assert np.mean([v != "ok" for v in lost]) > 0.95


@needs_shared
def test_seasons_are_hardly_ever_an_alarm_in_real_shops():
    found = {}
    with (SHARED / "apparel" / "apparelTrans.csv").open(encoding="utf-8") as file:
        found["apparel"] = ends(daily([row["Date"] for row in csv.DictReader(file)]))
    path = RETAIL
    with gzip.open(path, "rt", encoding="latin1") as file:
        invoices = {row["InvoiceNo"]: row["InvoiceDate"] for row in csv.DictReader(file)}
    found["retail"] = ends(daily(pd.to_datetime(list(invoices.values()), format="mixed").date))
    for plain, _ in found.values():
        assert "stop" not in plain
        assert np.mean([v == "look" for v in plain]) < 0.05  # Easter, for the wholesaler.
    assert np.mean([v != "ok" for v in found["retail"][1]]) > 0.5


# -- tracking ---------------------------------------------------------------------------------------


def outcomes(old, until):
    """Compute with pandas what each customer of a run did within its months up to a day."""
    rows = [r.split(",") for r in lines()[1:]]
    log = pd.DataFrame(rows, columns=["customer_id", "day", "revenue", "channel"])
    log["day"] = [date.fromisoformat(d) for d in log["day"]]
    log["revenue"] = log["revenue"].astype(float)
    start = old.as_of
    log = log[(log["day"] > start) & (log["day"] <= until)]
    sql = "SELECT * EXCLUDE (revenue) FROM forecasts ORDER BY customer_id"
    known = old.query(sql).to_pandas()
    came = log.groupby("customer_id").agg(purchases=("day", "nunique"), revenue=("revenue", "sum"))
    return log, known.merge(came, how="left", on="customer_id").fillna(
        {"purchases": 0, "revenue": 0}
    )


@pytest.fixture(scope="module")
def tracked(last, early):
    return tracking.track(last, early)


def test_the_whole_horizon_against_pandas(tracked, early):
    until = add_months(EARLY, 6)
    log, known = outcomes(early, until)
    assert (tracked["months"], tracked["horizon"], tracked["until"]) == (6, 6, until.isoformat())
    assert tracked["customers"] == len(known)
    assert tracked["gone"] == 0
    total = tracked["total"]
    assert total["purchases"]["actual"] == known["purchases"].sum()
    assert total["revenue"]["actual"] == pytest.approx(known["revenue"].sum(), rel=1e-12)
    assert total["purchases"]["predicted"] == pytest.approx(early.summary["predicted_purchases"])
    assert total["revenue"]["predicted"] == pytest.approx(early.summary["predicted_revenue"])
    said = early.summary["predicted_revenue"]
    assert total["revenue"]["bias"] == pytest.approx(said / known["revenue"].sum() - 1)
    ends = [EARLY, *(add_months(EARLY, i) for i in range(1, 7))]
    mine = log[log["customer_id"].isin(known["customer_id"])]
    for i, row in enumerate(tracked["by_month"]):
        inside = mine[(mine["day"] > ends[i]) & (mine["day"] <= ends[i + 1])]
        assert row["purchases"] == len(inside.drop_duplicates(["customer_id", "day"]))
        assert row["revenue"] == pytest.approx(inside["revenue"].sum())
        assert row["predicted_revenue"] == early.summary["monthly"][i]["predicted_revenue"]
    off = [abs(r["predicted_revenue"] / r["revenue"] - 1) for r in tracked["by_month"]]
    assert tracked["mape"]["revenue"] == pytest.approx(np.mean(off))


def test_segments_chances_and_ranking_against_pandas(tracked, early):
    _, known = outcomes(early, add_months(EARLY, 6))
    known["said"] = known["predicted_purchases"] * known["predicted_order_value"]
    for row in tracked["segments"]:
        inside = known[known["segment"] == row["segment"]]
        assert row["customers"] == len(inside)
        assert row["predicted_revenue"] == pytest.approx(inside["said"].sum())
        assert row["revenue"] == pytest.approx(inside["revenue"].sum())
    assert sum(r["customers"] for r in tracked["segments"]) == len(known)
    bought = (known["purchases"] > 0).to_numpy(float)
    brier = float(np.mean((known["p_purchase"] - bought) ** 2))
    assert tracked["chances"]["brier"] == pytest.approx(brier, rel=1e-9)
    each = np.abs(known["said"] - known["revenue"]).mean() / known["revenue"].mean()
    assert tracked["each"] == pytest.approx(each, rel=1e-9)
    best = known.sort_values("said", ascending=False)["revenue"].to_numpy()
    top = best[: len(best) // 10].sum() / best.sum()
    assert tracked["ranking"]["top10"] == pytest.approx(top, abs=0.01)
    assert tracked["ranking"]["lift"] == pytest.approx(tracked["ranking"]["top10"] * 10)


def test_ranges_at_the_end_of_the_horizon_are_those_of_the_run(tracked, early):
    value, ranges = tracked["value"], early.summary["ranges"]
    assert value["predicted"] == pytest.approx(early.summary["predicted_clv"], rel=1e-9)
    assert (value["low"], value["high"]) == pytest.approx(
        (ranges["total"]["low"], ranges["total"]["high"]), rel=1e-6
    )
    _, known = outcomes(early, add_months(EARLY, 6))
    rows = [r.split(",") for r in lines()[1:]]
    discount = {m["month"]: m["discount"] for m in early.settings["months"]}
    ends = [EARLY, *(add_months(EARLY, i) for i in range(1, 7))]
    came = dict.fromkeys(known["customer_id"], 0.0)
    for who, day, paid, _ in rows:
        for i in range(6):
            if who in came and ends[i] < date.fromisoformat(day) <= ends[i + 1]:
                came[who] += float(paid) * discount[i + 1]
    assert value["actual"] == pytest.approx(sum(came.values()), rel=1e-9)
    inside = [
        low - 0.005 <= came[who] <= high + 0.005
        for who, low, high in zip(
            known["customer_id"],
            known["predicted_clv_low"],
            known["predicted_clv_high"],
            strict=True,
        )
    ]
    assert tracked["ranges"]["inside"] == pytest.approx(np.mean(inside))


def test_part_of_a_horizon(early, middle):
    found = tracking.track(middle, early)
    assert found["months"] == 3
    assert found["ranges"] is None, "a customer's range is of the whole horizon"
    whole = early.summary["ranges"]["total"]
    assert (
        0
        < found["value"]["low"]
        < found["value"]["predicted"]
        < found["value"]["high"]
        < whole["high"]
    )
    said = sum(m["predicted_purchases"] for m in early.summary["monthly"][:3])
    assert found["total"]["purchases"]["predicted"] == pytest.approx(said)
    # The chances are those of three months, from the card.
    mean = float(np.mean([r["predicted"] for r in found["reliability"]]))
    longer = early.query("SELECT avg(p_purchase) AS p FROM forecasts")["p"][0].as_py()
    assert mean < longer


def test_nothing_is_tracked_before_a_month_is_over(tmp_path, early):
    store = new_store(tmp_path)
    soon = make_run(store, change(lambda r: [r]), as_of=EARLY + timedelta(days=20))
    assert tracking.track(soon, early) is None


def test_purchases_alone(tmp_path):
    store = new_store(tmp_path)
    bare = "\n".join(",".join(r.split(",")[:2]) for r in lines())
    old, new = (make_run(store, bare, as_of=d, horizon_months=3) for d in (EARLY, LAST))
    found = tracking.track(new, old)
    assert set(found["total"]) == {"purchases"}
    assert found["value"] is None
    assert found["ranking"]["measure"] == "purchases"
    seen = monitor.observe(store, new)
    assert "orders" in words.sentence(seen)
    assert words.in_range(seen["tracked"][0]) == ""


def test_nothing_has_come_since(tmp_path):
    store = new_store(tmp_path)
    days = (date(2017, 5, 20), date(2017, 9, 30))
    old, new = (make_run(store, change(lambda r: [r]), as_of=d) for d in days)
    assert old.id != new.id
    found = monitor.observe(store, new)
    assert found["verdict"] == "stop"
    grave = {(c["key"], c["subject"]) for c in found["data"] if c["verdict"] == "stop"}
    assert grave == {("volume", "orders"), ("volume", "customers"), ("silence", "")}
    (one,) = found["tracked"]
    assert one["total"]["revenue"]["bias"] is None
    assert (one["mape"]["revenue"], one["ranking"]["lift"], one["each"]) == (None, None, None)
    assert "nothing came" in words.sentence(found)


# -- models -----------------------------------------------------------------------------------------


def test_a_model_is_described_by_what_it_says_of_a_new_customer(middle):
    found = models.describe(middle, published=False)
    p = middle.model["purchases"]["parameters"]
    assert [(r["parameter"], r["value"]) for r in found["parameters"]][:4] == list(p.items())
    error = middle.model["purchases"]["standard_errors"]["r"]
    row = found["parameters"][0]
    assert row["high"] / row["value"] == pytest.approx(
        math.exp(1.959964 * error / p["r"]), rel=1e-6
    )
    assert row["low"] * row["high"] == pytest.approx(row["value"] ** 2)
    # E[X(t)] of the MBG/NBD by simulation of its story.
    rng = np.random.default_rng(3)
    rate = rng.gamma(p["r"], 1 / p["alpha"], 200_000)
    leave = rng.beta(p["a"], p["b"], rate.size)
    t, x, there = np.zeros(rate.size), np.zeros(rate.size), rng.random(rate.size) >= leave
    for _ in range(400):
        t = t + rng.exponential(1 / np.maximum(rate, 1e-12))
        there &= t <= 365
        x += there
        there &= rng.random(rate.size) >= leave
        if not there.any():
            break
    assert found["orders"] == pytest.approx(x.mean(), rel=0.02)
    s = middle.model["spend"]["parameters"]
    assert found["order_value"] == pytest.approx(s["p"] * s["v"] / (s["q"] - 1), rel=1e-9)


def entry(orders=2.0, value=50.0, model="mbg-nbd", low=0.9, high=1.1):
    row = {"model": "mbg-nbd", "parameter": "r", "value": 1.0, "low": low, "high": high}
    return {
        "model": model,
        "why": "tested",
        "orders": orders,
        "order_value": value,
        "parameters": [row],
    }


def test_drift_of_a_model():
    assert [c.verdict for c in models.drift(entry(), entry())] == ["ok", "ok"]
    found = models.drift(entry(orders=2.4, value=56.0, model="pareto-nbd"), entry())
    assert [(c.key, c.verdict) for c in found] == [
        ("choice", "look"),
        ("new_customer_orders", "look"),
        ("new_customer_order_value", "ok"),
    ]
    assert models.moved(entry(), entry(low=1.2, high=1.4))[0]["apart"] is True
    assert models.moved(entry(), entry(low=1.0, high=1.4))[0]["apart"] is False
    assert models.moved(entry(), entry(low=None, high=None))[0]["apart"] is None


# -- advice -----------------------------------------------------------------------------------------


def held(bias=0.0, actual=100.0, low=80.0, high=120.0, ece=0.01, model="mbg-nbd"):
    value = {"predicted": 100.0, "actual": actual, "bias": bias, "low": low, "high": high}
    return {
        "total": {"purchases": {"bias": bias}, "revenue": {"bias": bias}},
        "value": value,
        "chances": {"ece": ece},
        "model": model,
    }


OK = Check("volume", "ok", 1, 1)
STOP = Check("volume", "stop", 1, 1)
DRIFT = Check("new_customer_orders", "look", 1, 2)


@pytest.mark.parametrize(
    ("data", "model", "tracked", "action", "reasons"),
    [
        ([STOP], [DRIFT], [held(0.5), held(0.5)], "mend", ("data",)),
        ([OK], [DRIFT], [held(0.11), held(0.30)], "model", ("again",)),
        ([OK], [], [held(-0.11), held(-0.30)], "model", ("again",)),
        ([OK], [], [held(0.11), held(0.30, model="bg-nbd")], "refit", ("again",)),
        ([OK], [], [held(0.11, model="bg-nbd")] * 2, "refit", ("again",)),
        ([OK], [], [held(0.11), held(-0.30)], "keep", ("held",)),
        ([OK], [], [held(0.05), held(0.30)], "keep", ("held",)),
        ([OK], [], [held(actual=130.0)], "refit", ("range",)),
        ([OK], [], [held(ece=0.06)], "refit", ("chances",)),
        ([OK], [], [held(0.25, low=None, high=None)], "refit", ("total",)),
        ([OK], [], [held(0.15, low=None, high=None)], "keep", ("held",)),
        ([OK], [DRIFT], [held()], "refit", ("new_customer_orders",)),
        ([OK], [Check("choice", "look", None, None)], [held()], "keep", ("held",)),
        ([OK], [], [], "wait", ("young",)),
        ([], [], [held(None)], "keep", ("held",)),
    ],
)
def test_the_rule(data, model, tracked, action, reasons):
    assert advice.advise(data, model, tracked, "mbg-nbd") == (action, reasons)
    assert action in words.ADVICE
    spoken = set(reasons) - {"data", "held", "young"}
    assert spoken <= set(words.REASONS)


# -- everything -------------------------------------------------------------------------------------


def test_everything_is_computed_once_and_kept(store, last, middle, early, monkeypatch):
    first = monitor.observe(store, last)
    monkeypatch.setattr(uploads, "compare", None)
    monkeypatch.setattr(tracking, "track", None)
    assert monitor.observed(store, last) == first
    assert first["against"]["run"] == middle.id
    assert [one["run"] for one in first["tracked"]] == [middle.id, early.id]
    assert [e["run"] for e in first["timeline"]] == [early.id, middle.id, last.id]
    assert json.loads(json.dumps(first, allow_nan=False)) == first


def test_what_has_not_been_looked_at_is_not_computed_when_asked_not_to(tmp_path):
    store = new_store(tmp_path)
    for when in (EARLY, LATE):
        run = make_run(store, change(lambda r: [r]), as_of=when)
    assert monitor.observed(store, run) is None


def test_runs_of_other_customers_are_no_family_and_the_published_one_of_a_day_is(tmp_path):
    store = new_store(tmp_path)
    foreign = make_run(store, shop(seed=11), as_of=EARLY)
    first = make_run(store, change(lambda r: [r]), as_of=EARLY)
    publish.publish(store, first)
    newer = make_run(store, change(lambda r: [r]), as_of=EARLY, horizon_months=3)
    run = make_run(store, change(lambda r: [r]), as_of=LATE)
    found = monitor.family(store, run)
    assert [r.id for r in found] == [first.id]
    assert {foreign.id, newer.id}.isdisjoint(r.id for r in found)
    assert monitor.published_before(store, run).id == first.id
    assert monitor.published_before(store, first) is None


def test_alone_and_against_a_later_one(store, early, last):
    found = monitor.observe(store, early)
    assert (found["against"], found["tracked"], found["verdict"]) == (None, [], "ok")
    assert monitor.table(found).num_rows == 0
    assert "first forecast of these customers" in words.sentence(found)
    with pytest.raises(InputError, match="earlier day"):
        monitor.observe(store, early, last)


# -- words ------------------------------------------------------------------------------------------


def test_every_check_has_words(last, middle):
    keys = {c.key for c in uploads.compare(last, middle)} | {"choice", "label_gone", "older"}
    assert {"beginning", "newest", "rejected_new", "repeated"} <= keys <= set(words.CHECKS)


def test_advice_on_what_came_says_that_the_file_may_lack_it(store, last):
    found = monitor.observe(store, last) | {"advice": {"action": "refit", "reasons": ["range"]}}
    assert words.advice(found)[1].endswith("and use this one.")
    found["data"] = [Check("silence", "look", 0, 7).as_dict()]
    assert words.advice(found)[1].endswith("what came is read off it.")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "auto", "backtest": True}, "forecast the past better"),
        ({"model": "auto", "backtest": False}, "without tests on the past"),
        ({"model": "pareto-nbd", "backtest": True}, "asked for by name"),
    ],
)
def test_why_another_model_forecasts(middle, settings, said):
    run = SimpleNamespace(
        id=middle.id,
        as_of=middle.as_of,
        model=middle.model,
        summary=middle.summary,
        settings=middle.settings | settings,
    )
    now = models.describe(run, published=False)
    (check, *_) = models.drift(now, entry(model="another"))
    assert check.key == "choice"
    assert said in words.remedy(check.as_dict())


def test_sentences(store, last):
    found = monitor.observe(store, last)
    one = found["tracked"][0]
    said = words.sentence(found).replace("\u00a0", " ")
    assert said.startswith("The forecast of 31 Jan 2017 expected ")
    assert "by 30 Apr 2017" in said
    assert words.missed({"total": {"purchases": {"bias": 0.25}}}) == "25\u00a0% too high"
    assert words.missed({"total": {"purchases": {"bias": -0.25}}}) == "25\u00a0% too low"
    assert words.missed({"total": {"purchases": {"bias": 0.004}}}) == "as expected"
    assert words.missed({"total": {"purchases": {"bias": None}}}) == "nothing came"
    assert words.held(one, "EUR") in words.sentence(found | {"currency": "EUR"})
    rows = words.check_rows([*found["data"], *found["model"]], "")
    assert {r["verdict"] for r in rows} <= set(words.VERDICTS.values())
    assert not [r for r in rows if "nan" in " ".join(r.values()).lower()]


def test_the_published_forecast_may_be_of_a_later_day(store, last, middle):
    found = monitor.observe(store, middle, published=last)
    for against, sentence in (
        (LAST, "The published forecast is of a later day, 10 May 2017."),
        (EARLY, "There is an earlier forecast, of 31 Oct 2016."),
    ):
        said = words.sentence(found | {"against": {"as_of": str(against)}, "tracked": []})
        assert said.replace("\u00a0", " ").endswith(f"now: 31 Jan 2017). {sentence}")


def test_the_gravest_check_is_named():
    grave = [
        Check("gap", "look", 30, 60, more=shifts.Shift(0.3, 0.0, 0.2, 0.0)._asdict()).as_dict(),
        Check("found_again", "stop", 1.0, 0.1, more={"orders": 100, "moved": 0}).as_dict(),
    ]
    found = {"data": grave, "currency": ""}
    said = words.upload(found).replace("\u00a0", " ")
    assert said == (
        "2 things in the new file should be cleared up, above all “Earlier orders found again” "
        "(before: 100 %; now: 10 %)."
    )
    found["data"] = grave[:1]
    said = words.upload(found).replace("\u00a0", " ")
    assert said == (
        "One thing in the new file deserves a look: “Days between a customer's orders” "
        "(before: 30 days; now: 60 days)."
    )
    assert [r["verdict"] for r in words.check_rows(grave, "")] == ["Don't use it yet", "Look at it"]


# -- the command ------------------------------------------------------------------------------------


def clv(*args):
    return subprocess.run(
        [sys.executable, "-m", "clv", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_ends_with_the_verdict(store, last, middle, tmp_path):
    out = tmp_path / "monitor.csv"
    done = clv("monitor", "--store", store.root, "--run", last.id, "--out", out)
    found = monitor.observe(store, last)
    assert done.returncode == monitor.EXIT[found["verdict"]], done.stderr
    assert middle.id in done.stdout
    assert "what to do" in done.stdout
    with out.open(encoding="utf-8") as lines_of:
        rows = list(csv.DictReader(lines_of))
    assert len(rows) == monitor.table(found).num_rows
    month = next(r for r in rows if (r["what"], r["of"]) == ("purchases", "month 1"))
    assert float(month["now_or_came"]) == found["tracked"][0]["by_month"][0]["purchases"]


def test_who_names_another_run_asks_of_that_one(store, last, middle, early, monkeypatch, capsys):
    monkeypatch.setattr(publish, "published", lambda _: last)
    for against, told in ((None, True), (early.id, False)):
        with pytest.raises(SystemExit) as ended:
            command(run_id=middle.id, against=against, store=store.root)
        assert ("Last order in the file" in capsys.readouterr().out) is told
        assert (ended.value.code == monitor.EXIT["stop"]) is told


def test_a_guarded_job_does_not_publish_what_it_cannot_be(tmp_path):
    store, file = tmp_path / "runs", tmp_path / "orders.csv"
    job = ("run", file, "--no-backtest", "--publish", "--guard", "--json", "--store", store)
    file.write_text(change(lambda r: [r]))
    first = clv(*job, "--as-of", LATE)
    assert first.returncode == 0, first.stderr
    kept = json.loads(first.stdout)
    assert (kept["published"], kept["verdict"]) == (True, "ok")
    file.write_text(change(lambda r: [cells(r, revenue="9999.00")]))
    second = clv(*job, "--as-of", LAST)
    assert second.returncode == monitor.EXIT["stop"] == 4
    told = json.loads(second.stdout)
    assert (told["published"], told["verdict"]) == (False, "stop")
    assert publish.published_id(new_store(store)) == kept["run"]
    refused = clv("run", file, "--guard", "--out", tmp_path / "p.csv", "--store", store)
    assert refused.returncode == 2
    assert "--publish" in refused.stderr
