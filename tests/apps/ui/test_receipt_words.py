"""The words of the page on accuracy that hang on figures no small file would show."""

from __future__ import annotations

import pytest

from clv.report.words import receipt as words


def checked(low, high, *, as_good, unseen="2017-06-30"):
    seen = {"as_of": "2017-06-30", "rule": "recency-rule", "difference": (low + high) / 2}
    return {
        "checked": seen | {"low": low, "high": high, "as_good": as_good},
        "unseen": unseen,
        "recency_days": 90.0,
    }


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            checked(0.1, 0.3, as_good=False),
            (
                "On 30 Jun 2017, which had no say in the choice, it forecast each customer better than the "
                "rule of thumb that who bought in the last 90 days is active, by more than chance "
                "(difference in loss 0.200, from 0.100 to 0.300)."
            ),
        ),
        (
            checked(-0.1, 0.1, as_good=True, unseen=None),
            (
                "On 30 Jun 2017, the only date there is, it could not be told apart from the rule of thumb "
                "that who bought in the last 90 days is active (difference in loss 0.000, from \u22120.100 to "
                "0.100)."
            ),
        ),
        (
            checked(-0.3, -0.1, as_good=True),
            (
                "On 30 Jun 2017, which had no say in the choice, the rule of thumb that who bought in the "
                "last 90 days is active forecast each customer better, by more than chance (difference in "
                "loss \u22120.200, from \u22120.300 to \u22120.100)."
            ),
        ),
    ],
)
def test_the_check(found, told):
    assert words.check(found).replace("\u00a0", " ") == told


def test_the_choice_as_questions_and_answers():
    choice = {
        "name": "bg-nbd+season",
        "asked": "bg-nbd+season",
        "runner_up": "mbg-nbd",
        "reason": "It was asked for.",
        "tried": {"season": False, "all_orders": True},
        "as_good": "recency-rule",
    }
    seen = checked(-0.1, 0.1, as_good=True) | {"choice": choice, "origins": []}
    told = words.choice(seen)
    assert told.pop("Checked") == words.check(seen)
    assert told == {
        "Forecast": "BG/NBD, with the season",
        "Chosen": "by name, in the settings",
        "Why": "It was asked for.",
        "Next best": "MBG/NBD",
        "Tried as well": (
            "the season of the year: no better; counting first orders in an order's value: better"
        ),
        "Rules of thumb": (
            "The rule of thumb that who bought in the last 90 days is active is as good."
        ),
    }
    better = words.choice(checked(-0.3, -0.1, as_good=True) | {"choice": choice, "origins": []})
    assert better["Rules of thumb"].endswith("is active is better.")
    alone = words.choice(seen | {"checked": None, "choice": choice | {"made_before": True}})
    assert "Rules of thumb" not in alone
    assert alone["Chosen"] == "before there were tests"


def test_some_of_the_customers():
    assert words.some({"customers_known": 40, "customers_tested": 40}) == ""
    assert words.some({"customers_known": 100_000, "customers_tested": 25_000}) == (
        "Tested on 25,000 of 100,000 customers, drawn by a hash of their ids."
    )


def test_months():
    months = [{"purchases": {"actual": 100, "m": said}} for said in (95, 130, 100)]
    origin = {"months": months, "mape": {"m": {"purchases": 0.35 / 3}}}
    assert words.months_title(origin, "m").replace("\u00a0", " ") == (
        "A month's orders were off by 12 % on average; 2 of 3 months by less than 10 %"
    )
    origin["mape"]["m"]["purchases"] = None
    assert words.months_title(origin, "m") == "Month by month"
