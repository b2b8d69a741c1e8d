from clv.apps.ui.trouble import explain
from clv.core.errors import AmbiguousDateError
from clv.report.words import run as words

SETTINGS = {
    "as_of": "2017-12-31",
    "horizon_months": 12,
    "currency": "EUR",
    "months": [{"month": 12, "start": "2018-11-30", "end": "2018-12-31"}],
}


def said(text):
    return text.replace("\u00a0", " ")


def test_summary_sentence():
    facts = {
        "customers": 1000,
        "one_time_share": 0.8,
        "top20_share": 0.71,
        "predicted_purchases": 9,
    }
    assert said(words.summary_sentence(facts, SETTINGS)) == (
        "1 in 5 customers has come back so far; the best 20 % of customers should bring 71 % of the "
        "value of the next 12 months."
    )


def test_the_headline_has_its_range():
    ranges = {"level": 0.8, "total": {"low": 4_700_000.0, "high": 14_300_000.0}}
    facts = {"customers": 23_708, "predicted_clv": 8_200_000.0, "ranges": ranges}
    assert said(words.headline(facts, SETTINGS)) == (
        "Your 23,708 customers should be worth €8.2 M in the next 12 months (80 % range: between €4.7 M "
        "and €14.3 M), €346 each."
    )
    assert words.headline({"customers": 5, "predicted_clv": None}, SETTINGS) == ""


def test_summary_sentence_when_all_are_alike():
    facts = {"customers": 54, "one_time_share": 0.0, "top20_share": 0.2}
    assert said(words.summary_sentence(facts, SETTINGS)) == (
        "All 54 customers have come back so far; all are expected to bring about the same in the "
        "next 12 months."
    )


def test_summary_sentence_without_value():
    facts = {
        "customers": 1000,
        "one_time_share": 0.54,
        "top20_share": None,
        "predicted_purchases": 250,
    }
    assert said(words.summary_sentence(facts, SETTINGS)) == (
        "46 % of customers have come back so far; 250 orders are expected in the next 12 months."
    )


def test_summary_sentence_with_history_only():
    facts = {"customers": 300, "one_time_share": 1.0, "top20_share": None}
    expected = "None of the 300 customers has ordered a second time so far."
    assert words.summary_sentence(facts, SETTINGS) == expected
    assert (
        words.summary_sentence({"customers": 1}, SETTINGS) == "There is one customer in this file."
    )
    assert words.summary_sentence({"customers": 0}, SETTINGS) == "No order was left to count."


def test_top_sentence():
    rows = {"n": 100, "purchases": 237.0, "revenue": 14_431.0}
    summary = {"customers": 300, "predicted_purchases": 293.0, "predicted_revenue": 17_730.0}
    assert said(words.top_sentence(rows, "buyers", summary, SETTINGS)) == (
        "These 100 customers should place 237 orders in the next 12 months: 81 % of the total, "
        "from 33 % of the customers."
    )
    assert said(words.top_sentence(rows | {"n": 300}, "spenders", summary, SETTINGS)) == (
        "These 300 customers should spend €14,431 in the next 12 months."
    )


def test_titles():
    history = [
        {"month": "2017-11", "orders": 4, "revenue": 80.0},
        {"month": "2017-12", "orders": 9, "revenue": 50.0},
    ]
    summary = {"predicted_revenue": None, "predicted_purchases": None, "history_monthly": history}
    assert said(words.history_title(summary, SETTINGS, "orders")) == (
        "The best month so far was Dec 2017 with 9 orders"
    )
    assert said(words.history_title(summary, SETTINGS, "revenue")) == (
        "The best month so far was Nov 2017 with €80.00"
    )


def test_rows_sentence():
    report = {"rows_total": 500, "rows_accepted": 300, "orders": 299, "customers": 54}
    assert said(words.rows_sentence(report)) == (
        "300 of 500 rows (60 %) can be used: 299 orders of 54 customers."
    )
    assert words.rows_sentence(report | {"rows_accepted": 500}).startswith("All 500 rows")


def test_command_line_options_stay_on_the_command_line():
    failure = explain(AmbiguousDateError("Two ways.", "Say which it is.", "--date-order dmy"))
    assert (failure.message, failure.hint) == ("Two ways.", "Say which it is.")
