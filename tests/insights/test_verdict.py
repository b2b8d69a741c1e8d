"""The one verdict: each line of its rule, just within and just beyond, with the exact reason."""

from __future__ import annotations

import pytest

from clv.insights import verdict
from clv.report.words.verdict import told
from tests.shops import make_run, new_store, shop

DATES = ("2017-01-31", "2017-07-31", "2018-01-31")


def receipt(*misses, revenue=None, gini=0.5, spearman=0.4, held=None, **more):
    """Return what the verdict reads of a receipt; ``misses``: of the total of orders, by date."""
    value = revenue or [None] * len(misses)
    origins = [
        {
            "as_of": as_of,
            "measures": {
                "mbg-nbd": {
                    "purchases": {"bias": bias, "gini": gini, "spearman": spearman},
                    "value": None if worth is None else {"bias": worth},
                }
            },
        }
        for as_of, bias, worth in zip(
            DATES[-len(misses) :] if misses else (), misses, value, strict=True
        )
    ]
    measured = None
    if held is not None:
        row = {"group": "wider", "inside": held, "high": held + 0.01}
        measured = {"after": None, "before": [row]}
    return {
        "reason": "",
        "origins": origins,
        "together": {"best": "mbg-nbd", "loss": {"mbg-nbd": 1.0}} if origins else None,
        "model": "mbg-nbd",
        "horizon_months": 12,
        "forecast_months": 12,
        "checked": None,
        "ranges": {"level": 0.8, "measured": measured},
    } | more


def summary(low=90.0, high=110.0):
    return {"customers": 100, "ranges": {"total": {"low": low, "high": high}}}


NO_RANGE = {"customers": 100, "ranges": None}
GOOD = (0.04, 0.02)


def judged(found, in_all=NO_RANGE, **more):
    return told(verdict.judge(found, in_all, **more)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("misses", "said"),
    [
        ((0.04, 0.02), "Good: on 2 past dates the forecast was 3 % too high on average."),
        ((-0.10, -0.10), "Good: on 2 past dates the forecast was 10 % too low on average."),
        ((-0.12, -0.14), "Usable: on 2 past dates the forecast was 13 % too low on average."),
        ((-0.25, -0.25), "Usable: on 2 past dates the forecast was 25 % too low on average."),
        (
            (0.30, 0.24),
            "Don't rely on it: on 2 past dates the forecast was 27 % too high on average.",
        ),
        (
            (2.0, 1.0),
            "Don't rely on it: on 2 past dates the forecast was 150 % too high on average.",
        ),
        # Too high and too low do not make up for each other.
        ((0.4, -0.4), "Don't rely on it: on 2 past dates the forecast was off by 40 % on average."),
        ((0.12, -0.12), "Usable: on 2 past dates the forecast was off by 12 % on average."),
    ],
)
def test_how_far_the_total_was_off(misses, said):
    assert judged(receipt(*misses)) == said


def test_revenue_counts_as_much_as_orders():
    found = receipt(*GOOD, revenue=[-0.2, -0.1])
    assert judged(found) == "Usable: on 2 past dates the forecast was 15 % too low on average."


@pytest.mark.parametrize(
    ("misses", "said"),
    [
        ((0.02, 0.04, 0.10), "Good: on 3 past dates the forecast was 5.3 % too high on average."),
        (
            (0.02, 0.02, -0.14),
            "Usable: on the last past date (31 Jan 2018) the forecast was 14 % too low, worse than before.",
        ),
        (
            (0.02, 0.02, 0.30),
            "Don't rely on it: on the last past date (31 Jan 2018) the forecast was 30 % too high, worse than before.",
        ),
    ],
)
def test_a_last_date_much_worse_than_those_before(misses, said):
    assert judged(receipt(*misses)) == said


def test_nothing_tested():
    said = "Don't rely on it: the forecast was not tested on past dates."
    assert judged(None) == said
    found = receipt(reason="The orders cover 36 days.")
    assert judged(found) == f"{said} The orders cover 36 days."


def test_nobody_ordered_after_the_past_dates():
    assert judged(receipt(None, None, gini=None, spearman=None)) == (
        "Don't rely on it: nobody ordered after the past dates, so nothing could be compared."
    )


def test_a_constant_forecast():
    found = receipt(*GOOD, gini=0.0, spearman=None)
    assert judged(found) == "Don't rely on it: it says the same of every customer."
    # Where all customers did the same, no ranking can be told from another.
    assert judged(receipt(*GOOD, gini=None, spearman=None)).startswith("Good:")


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (12, "Good: on 2 past dates the forecast was 3 % too high on average."),
        (
            4,
            "Usable: the file's history is too short to test more than 4 months of the 12 that are forecast.",
        ),
        (
            1,
            "Don't rely on it: the file's history is too short to test more than 1 month of the 12 that are forecast.",
        ),
    ],
)
def test_a_short_history(months, said):
    assert judged(receipt(*GOOD, horizon_months=months)) == said


def test_one_past_date():
    assert judged(receipt(0.04)) == "Usable: it could be tested on one past date only."


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (50.0, 100.0, "Good: on 2 past dates the forecast was 3 % too high on average."),
        (
            40.0,
            100.0,
            "Usable: the range of the total is wide: its high end is 2.5 times its low end.",
        ),
        (
            10.0,
            60.0,
            "Don't rely on it: the range of the total is wide: its high end is 6.0 times its low end.",
        ),
        (0.0, 60.0, "Don't rely on it: the range of the total is wide."),
    ],
)
def test_a_wide_range(low, high, said):
    assert judged(receipt(*GOOD), summary(low, high)) == said


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (0.75, "Good: on 2 past dates the forecast was 3 % too high on average."),
        (0.70, "Usable: 80 % ranges held only 70 % of the customers."),
        (0.55, "Don't rely on it: 80 % ranges held only 55 % of the customers."),
    ],
)
def test_ranges_that_did_not_hold(held, said):
    assert judged(receipt(*GOOD, held=held)) == said


def test_a_weak_ranking():
    assert judged(receipt(*GOOD, gini=0.2)).startswith("Good:")
    assert judged(receipt(*GOOD, gini=0.19)) == (
        "Usable: it hardly tells good customers from others."
    )


def test_a_rule_of_thumb_as_good():
    assert judged(receipt(*GOOD, checked={"as_good": False})).startswith("Good:")
    assert judged(receipt(*GOOD, checked={"as_good": True})) == (
        "Usable: a simple rule of thumb was as good on the last past date."
    )


def test_drop_out_near_nothing():
    assert judged(receipt(*GOOD), all_active=True) == (
        "Usable: the model sees hardly any customer leave, so it can't tell who has left."
    )


def test_the_worst_word_counts_and_then_the_first_reason():
    found = receipt(-0.15, -0.15, gini=0.1, horizon_months=1)
    assert verdict.judge(found, NO_RANGE)["code"] == "months"
    assert verdict.judge(receipt(-0.15, -0.15, gini=0.1), NO_RANGE)["code"] == "total"


def test_a_run_that_was_not_tested(tmp_path):
    run = make_run(new_store(tmp_path), shop(customers=40))
    assert verdict.of_run(run) == {
        "word": "don't rely on it",
        "code": "untested",
        "reason": "the forecast was not tested on past dates.",
    }
    assert verdict.everyone_active(run)


def test_where_customers_leave_not_everyone_is_active(tmp_path):
    run = make_run(new_store(tmp_path), shop(customers=300))
    assert not verdict.everyone_active(run)
