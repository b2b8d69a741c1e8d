import math
from datetime import UTC, date, datetime

import pytest

from clv.core import formatting as f


def test_lists_as_sentences_have_them():
    assert [f.listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1_240_512.3, "EUR", "€1.24 M"),
        (12_400_000, "EUR", "€12.4 M"),
        (999_999.4, "EUR", "€999,999"),
        (999_999.6, "EUR", "€1 M"),
        (999_600_000, "USD", "$1 bn"),
        (2_345_000_000, "USD", "$2.35 bn"),
        (2_345_000_000_000, "USD", "$2,345 bn"),
        (1234.4, "GBP", "£1,234"),
        (99.99, "EUR", "€99.99"),
        (99.996, "EUR", "€100"),
        (12.4, "", "12.40"),
        (0, "EUR", "€0.00"),
        (-12.4, "EUR", "−€12.40"),
        (-0.001, "EUR", "€0.00"),
        (-2_000_000, "BRL", "−R$2 M"),
        (40, "CHF", "CHF 40.00"),
        (None, "EUR", "–"),
        (math.nan, "EUR", "–"),
        (math.inf, "EUR", "–"),
    ],
)
def test_money(value, currency, text):
    assert f.money(value, currency).replace("\u00a0", " ") == text


def test_money_in_full():
    assert f.money_full(1_240_512.3, "EUR") == "€1,240,512.30"
    assert f.money_full(-3.5, "$") == "−$3.50"
    assert f.money_full(None) == "–"


def test_units():
    assert f.unit("EUR") == "€"
    assert f.unit("chf") == "CHF"
    assert f.unit("") == "the file's currency"
    assert f.with_unit("Revenue", "EUR") == "Revenue (€)"
    assert f.with_unit("Revenue", "") == "Revenue"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7341, "73 %"),
        (0.0734, "7.3 %"),
        (0.0996, "10 %"),
        (0.07, "7 %"),
        (0.0004, "under 0.1 %"),
        (0, "0 %"),
        (0.996, "over 99 %"),
        (1, "100 %"),
        (1.25, "125 %"),
        (-0.02, "−2 %"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_percent(value, text):
    assert f.percent(value).replace("\u00a0", " ") == text


def test_percent_number_rounds_to_0_and_100_only_what_is_that():
    shares = [0.0, 1e-9, 0.0004, 0.0006, 0.25, 0.9994, 0.9996, 1 - 1e-12, 1.0]
    numbers = [f.percent_number(share) for share in shares]
    assert numbers == sorted(numbers)
    assert [f"{number:.1f}" for number in numbers] == [
        *("0.0", "0.1", "0.1", "0.1", "25.0", "99.9", "99.9", "99.9", "100.0")
    ]
    assert f.percent_number(None) is f.percent_number(float("nan")) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.34, "2.3"),
        (2.0, "2"),
        (0.01, "under 0.1"),
        (0, "0"),
        (12.4, "12"),
        (1234.4, "1,234"),
        (1_234_567, "1.23 M"),
        (None, "–"),
    ],
)
def test_expected(value, text):
    assert f.expected(value).replace("\u00a0", " ") == text


def test_counts():
    assert f.count(12_345) == "12,345"
    assert f.count(None) == "–"
    assert f.short_count(999_999) == "999,999"
    assert f.short_count(1_240_000) == "1.24\u00a0M"
    assert f.plural(1, "order") == "1 order"
    assert f.plural(2000, "order") == "2,000 orders"
    assert f.plural(2, "country", "countries") == "2 countries"


def test_dates():
    day = "6\u00a0Dec\u00a02017"
    assert f.day(date(2017, 12, 6)) == day
    assert f.day(datetime(2017, 12, 6, 23, 59, tzinfo=UTC)) == day
    assert f.day("2017-12-06") == day
    assert f.day("2017-12-06T10:00:00") == day
    assert f.day(None) == "–"
    assert f.day("") == "–"
    assert f.month("2017-12") == "Dec\u00a02017"
    assert f.month(date(2017, 12, 6)) == "Dec\u00a02017"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2017-12-01", "2017-12-31", "1–31 Dec 2017"),
        ("2017-12-01", "2018-01-06", "1 Dec 2017 – 6 Jan 2018"),
        ("2017-02-01", "2017-12-06", "1 Feb – 6 Dec 2017"),
        ("2017-12-06", "2017-12-06", "6 Dec 2017"),
        (None, "2017-12-06", "–"),
    ],
)
def test_period(start, end, text):
    assert f.period(start, end).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "0 days"),
        (1, "1 day"),
        (59, "59 days"),
        (61, "2 months"),
        (700, "23 months"),
        (1100, "3 years"),
    ],
)
def test_duration(days, text):
    assert f.duration(days) == text


def test_ranges_and_shares():
    assert f.money_range(40.4, 310, "EUR") == "between €40 and €310"
    assert f.money_range(None, 310, "EUR") == ""
    assert f.money_range(0, 310, "EUR") == "between nothing and €310"
    assert f.money_range(0, 0.004, "EUR") == "nothing"
    assert f.money_range(446_541.9, 1_285_588, "USD") == "between $447,000 and $1.29\u00a0M"
    assert [f.of_ten(level) for level in (0.8, 0.75, 0.9)] == ["8 in 10", "75\u00a0%", "9 in 10"]
    assert f.share_in_words(0.2) == "1 in 5"
    assert f.share_in_words(0.33) == "1 in 3"
    assert f.share_in_words(0.46).replace("\u00a0", " ") == "46 %"
    assert f.share_in_words(0.03).replace("\u00a0", " ") == "3 %"
    assert f.share_in_words(0).replace("\u00a0", " ") == "0 %"


def test_files():
    assert f.files([]) == ""
    assert f.files(["a.csv"]) == "a.csv"
    assert f.files(["a.csv", "b.csv", "c.csv"]) == "a.csv and 2 more"


def test_markdown_is_escaped():
    assert f.plain("*a*_b_$c$[d](e)") == r"\*a\*\_b\_\$c\$\[d\]\(e\)"
    assert f.plain("A&amp;B") == r"A\&amp;B"
    assert f.dollars(r"$5 and \$6") == r"\$5 and \$6"
