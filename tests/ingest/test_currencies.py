"""Spellings of one currency are one; orders in another are left out, and how many is said at the top."""

import pytest

from clv.ingest.files import currencies
from tests.ingest.helpers import check

HEADER = "customer,order_id,date,amount,currency\n"


def decisions(found):
    return [
        (d["code"], d["sentence"].replace("\xa0", " "), d["weighty"])
        for d in found.report["decisions"]
    ]


@pytest.mark.parametrize(
    ("code", "spellings"),
    [
        ("USD", "USD|usd|US Dollar|US-Dollar|US$|$|us dollars|U.S. Dollars|Dollar|米ドル"),
        ("EUR", "EUR|eur|Euro|euros|€|EURO|Eur.|евро"),
        ("GBP", "GBP|£|Pound Sterling|pounds|Pfund"),
        ("JPY", "JPY|¥|￥|円|Yen|日本円"),
        ("CHF", "CHF|Fr.|SFr.|Schweizer Franken|franc suisse"),
        ("INR", "INR|₹|Rs.|Rs|rupees|Indian Rupee"),
        ("BRL", "BRL|R$|reais|Real"),
        ("PLN", "PLN|zł|zl|Złoty|zloty"),
        ("CZK", "CZK|Kč|kc|koruna"),
        ("IDR", "IDR|Rp|Rp.|Rupiah"),
        ("TRY", "TRY|₺|TL|Lira|Türk Lirası"),
        ("RUB", "RUB|₽|руб.|рублей|Ruble"),
        ("SEK", "SEK|kr|kr.|kronor"),
        ("DKK", "DKK|kr.|kroner"),
        ("CAD", "CAD|C$|CA$|$|Canadian Dollar"),
        ("MXN", "MXN|MX$|$|pesos"),
        ("CNY", "CNY|¥|元|RMB|人民币"),
        ("AED", "AED|د.إ|Dh|Dirhams"),
        ("PKR", "PKR|Rs.|₨"),
    ],
)
def test_spellings_of_one_currency_are_one(code, spellings):
    found = currencies.same(spellings.split("|"))
    assert found == dict.fromkeys(spellings.split("|"), code)


def test_a_sign_of_several_countries_alone_is_the_best_known_or_none():
    assert currencies.same(["$", "€"]) == {"$": "USD", "€": "EUR"}
    assert currencies.same(["kr", "Kronor"]) == {"kr": "kr", "Kronor": "kr"}
    assert currencies.same(["points"]) == {"points": "points"}


def test_every_code_means_itself():
    assert all(currencies.meanings(code) == (code,) for code in currencies.CODES)
    assert all(currencies.meanings(code.lower())[0] == code for code in currencies.CODES)


def test_one_currency_in_four_spellings_is_added_up(tmp_path):
    rows = [("USD", "1.10"), ("usd", "2.20"), ("US Dollar", "3.30"), ("$", "4.40"), ("", "5.50")]
    lines = [f"c{i},{i},2017-01-0{i + 1},{v},{c}" for i, (c, v) in enumerate(rows)]
    found = check(tmp_path, HEADER + "\n".join(lines))
    assert (found.codes, found.report["revenue"], found.report["currency"]) == ([], 16.5, "USD")
    assert decisions(found) == []


def test_orders_in_another_currency_are_left_out_whole_and_said_with_their_size(tmp_path):
    rows = [
        "a,1,2017-01-01,5,EUR",
        "a,1,2017-01-01,6,",  # The order's other row.
        "b,2,2017-01-01,7,USD",
        "b,2,2017-01-01,8,",
        "c,3,2017-01-02,9,euro",
        "d,4,2017-01-03,1,",  # An order that names none.
    ]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert found.codes == [(4, "other_currency"), (5, "other_currency")]
    assert (found.report["revenue"], found.report["currency"]) == (21.0, "EUR")
    assert decisions(found) == [
        (
            "other_currency",
            (
                "1 of 4 orders (25 %), of 1 of 4 customers, were left out: they are in USD, and most are in "
                "EUR. Amounts of different currencies are not added up: forecast each currency on its "
                "own, or convert the amounts first."
            ),
            True,
        ),
        ("no_currency", "1 row without a currency counted as EUR, the most frequent.", True),
    ]


def test_the_currency_of_most_orders_stays_not_that_of_most_rows(tmp_path):
    rows = [*("a,1,2017-01-01,5,USD", "a,1,2017-01-01,6,USD", "a,1,2017-01-01,7,USD")]
    rows += ["b,2,2017-01-01,8,€", "c,3,2017-01-02,9,EUR"]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert (found.report["orders"], found.report["currency"]) == (2, "EUR")


def test_kroner_beside_euros_are_another_currency(tmp_path):
    rows = ["a;2017-01-01;12 kr", "b;2017-01-01;13 kr.", "c;2017-01-02;14 €"]
    found = check(tmp_path, "customer;date;amount\n" + "\n".join(rows))
    assert (found.report["revenue"], found.report["currency"]) == (25.0, "")
    assert found.codes == [(4, "other_currency")]
