"""Every way to write an amount."""

from __future__ import annotations

import pytest

from tests.ingest.helpers import check

HEADER = "CustomerID;Timestamp;PurchaseValue\n"


@pytest.mark.parametrize(
    ("cell", "value", "currency"),
    [
        ("1234.5", 1234.5, ""),
        ("+5", 5.0, ""),
        (".5", 0.5, ""),
        (",5", 0.5, ""),
        ("1e3", 1000.0, ""),
        (" 12 ", 12.0, ""),
        ("1234,5", 1234.5, ""),
        ("1.234,50", 1234.5, ""),
        ("1.234.567,50", 1234567.5, ""),
        ("1,234.50", 1234.5, ""),
        ("1,234,567", 1234567.0, ""),
        ("1.234.567", 1234567.0, ""),
        ("1'234.50", 1234.5, ""),
        ("1’234.50", 1234.5, ""),
        ("1 234,50", 1234.5, ""),
        ("1\u00a0234,50", 1234.5, ""),
        ("1\u202f234,50", 1234.5, ""),
        ("€ 1.234,50", 1234.5, "EUR"),
        ("1.234,50 €", 1234.5, "EUR"),
        ("10 €", 10.0, "EUR"),
        ("$1,234.50", 1234.5, "USD"),
        ("£9.99", 9.99, "GBP"),
        ("USD 12.00", 12.0, "USD"),
        ("1 234.50 EUR", 1234.5, "EUR"),
        ("CHF 1'234.50", 1234.5, "CHF"),
        ("R$ 10,00", 10.0, "BRL"),
        ("10,5 zł", 10.5, "PLN"),
        ("12 kr.", 12.0, ""),
    ],
)
def test_each_way_to_write_an_amount(tmp_path, cell, value, currency):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;{cell}\nb;2017-01-02;7\n")
    assert found.money == [("a", "2017-01-01 00:00:00", value), ("b", "2017-01-02 00:00:00", 7.0)]
    assert found.report["currency"] == currency


@pytest.mark.parametrize("cell", ["-12.50", "(12.50)", "12.50-", "−12.50", "-€12.50", "€ -12.50"])
def test_each_way_to_write_a_negative_amount(tmp_path, cell):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;{cell}\nb;2017-01-02;7.50\n")
    assert found.texts == [(2, "negative_without_order", f"a;2017-01-01;{cell}")]
    assert "-12.5" in found.rejects[0][3]


@pytest.mark.parametrize(
    "cell",
    [
        "N/A",
        "abc",
        "12.3.4",
        "--",
        "#VALUE!",
        "nan",
        "inf",
        "-Infinity",
        "0x10",
        "12abc",
        "true",
        "--5",
        "5 6",
        "1,2,3",
        "",
    ],
)
def test_a_cell_that_is_no_amount_costs_its_row(tmp_path, cell):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;1.5\nb;2017-01-02;{cell}\nc;2017-01-03;3.5\n")
    assert found.texts == [(3, "unreadable_number", f"b;2017-01-02;{cell}")]
    assert (f"'{cell}'" if cell else "is empty") in found.rejects[0][3]


@pytest.mark.parametrize("cell", ["5.-", "5,-", "5,--", "5.–"])
def test_a_dash_for_no_cents_does_not_make_a_price_negative(tmp_path, cell):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;{cell}\nb;2017-01-02;7\n")
    assert found.codes in ([], [(2, "unreadable_number")])
    if not found.codes:
        assert found.money[0][2] == 5.0


def test_a_decimal_comma_in_quotes_in_a_file_with_commas(tmp_path):
    text = 'CustomerID,Timestamp,PurchaseValue\na,2017-01-01,"1.234,50"\nb,2017-01-02,"7,5"\n'
    found = check(tmp_path, text)
    assert found.report["decimal"] == ","
    assert [r for *_, r in found.money] == [1234.5, 7.5]


def test_a_thousands_comma_is_told_from_a_decimal_comma_by_its_neighbours(tmp_path):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;1,234\nb;2017-01-02;7.5\n")
    assert [r for *_, r in found.money] == [1234.0, 7.5]


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [("1.234", ",", 1234.0), ("1,234", ".", 1234.0), ("1,234", ",", 1.234)],
)
def test_the_decimal_option_decides(tmp_path, cell, decimal, value):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;{cell}\n", decimal=decimal)
    assert found.report["decimal"] == decimal
    assert found.orders[0][3] == value


def test_a_point_in_a_column_with_decimal_commas_is_not_bent_into_a_number(tmp_path):
    rows = "a;2017-01-01;1,50\nb;2017-01-02;7.50\nc;2017-01-03;7,30\n"
    found = check(tmp_path, HEADER + rows)
    assert found.texts == [(3, "unreadable_number", "b;2017-01-02;7.50")]
    assert [r for *_, r in found.money] == [1.5, 7.3]
