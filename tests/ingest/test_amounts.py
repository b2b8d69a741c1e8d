"""Every way to write an amount."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.ingest.files import currencies
from clv.ingest.files.numbers import NumberFormat, currency_sql, looks_numeric
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


def test_each_cell_is_read_as_its_own_marks_say(tmp_path):
    cells = ["1034.5", "1.034,50 €", "7.50", "7,3", "1'034.50", "1,034.50", "12", "2.034,5"]
    rows = [f"a;2017-01-0{i};{cell}" for i, cell in enumerate(cells, 1)]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert [r for *_, r in found.money] == [1034.5, 1034.5, 7.5, 7.3, 1034.5, 1034.5, 12.0, 2034.5]


def test_text_cells_and_number_cells_of_a_sheet_each_have_their_marks(tmp_path):
    cells = ["12.5", "1034.125", "2.034,50 €", "1.034 €", "1.034"]
    rows = [f"a;2017-01-0{i};{cell}" for i, cell in enumerate(cells, 1)]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert [r for *_, r in found.money] == [12.5, 1034.125, 2034.5, 1034.0, 1.034]


#: Country → how it writes 0.5, 7, 12.5, 999.99, 1234.5, 12345.67 and 1234567.89.
WRITINGS = {
    "program": "0.5|7|12.5|999.99|1234.5|12345.67|1234567.89",
    "USA": "$0.50|$7.00|$12.50|$999.99|$1,234.50|$12,345.67|$1,234,567.89",
    "USA in the books": "US$ 0.50|US$ 7.00|US$12.50|US$999.99|US$1,234.50|US$12,345.67|US$1,234,567.89",
    "Canada": "CA$0.50|C$7|C$12.50|CA$999.99|CA$1,234.50|CA$12,345.67|CA$1,234,567.89",
    "Germany": "0,50 €|7,- €|12,50 €|999,99 €|1.234,50 €|12.345,67 €|1.234.567,89 €",
    "Germany in words": "0,5 Euro|7 Euro|12,50 Euro|999,99 Euro|1.234,5 Euro|12.345,67 Euro|1.234.567,89 Euro",
    "Austria": "€ 0,50|€ 7,--|€ 12,50|€ 999,99|€ 1.234,50|€ 12.345,67|€ 1.234.567,89",
    "Switzerland": "CHF 0.50|CHF 7.-|CHF 12.50|Fr. 999.99|CHF 1'234.50|SFr. 12’345.67|CHF 1'234'567.89",
    "France": "0,50 €|7 €|12,50 €|999,99\u00a0€|1\u202f234,50\u00a0€|12\u202f345,67 €|1\u202f234\u202f567,89 €",
    "Sweden": "0,50|7:-|12,50 kr|999,99 kr|1 234,50 kr.|12 345,67 SEK|1\u00a0234\u00a0567,89 kr",
    "Poland": "0,50 zł|7 zł|12,50 zł|999,99 zł|1 234,50 PLN|12 345,67 zł|1 234 567,89 zł",
    "Czechia": "0,50 Kč|7 Kč|12,50 Kč|999,99 Kč|1 234,50 Kč|12 345,67 Kč|1 234 567,89 Kč",
    "Russia": "0,50 ₽|7 руб.|12,50 руб.|999,99 руб|1 234,50 ₽|12 345,67 RUB|1 234 567,89 р.",
    "Turkey": "₺0,50|7 TL|12,50 TL|₺999,99|₺1.234,50|12.345,67 TL|1.234.567,89 TRY",
    "Brazil": "R$ 0,50|R$ 7,00|R$12,50|R$ 999,99|R$ 1.234,50|R$ 12.345,67|R$ 1.234.567,89",
    "Peru": "S/ 0.50|S/. 7.00|S/12.50|S/ 999.99|S/ 1,234.50|S/ 12,345.67|S/ 1,234,567.89",
    "India": "₹0.50|Rs. 7|Rs.12.50|₹ 999.99|₹1,234.50|Rs.12,345.67|₹ 12,34,567.89",
    "Indonesia": "Rp 0,50|Rp7|Rp 12,50|Rp. 999,99|Rp 1.234,50|Rp12.345,67|IDR 1.234.567,89",
    "South Africa": "R 0.50|R7|R 12.50|R999.99|R 1 234.50|R12 345.67|ZAR 1 234 567.89",
    "Emirates": "د.إ 0.50|7 AED|AED 12.50|999.99 د.إ|AED 1,234.50|د.إ 12,345.67|AED 1,234,567.89",
    "China": "￥0.50|7元|¥12.50|¥ 999.99|¥1,234.50|CNY 12,345.67|RMB 1,234,567.89",
    "Egypt": "٠٫٥|٧|١٢٫٥|٩٩٩٫٩٩|١٬٢٣٤٫٥٠|١٢٬٣٤٥٫٦٧|١٬٢٣٤٬٥٦٧٫٨٩",
    "Japan, full width": "０．５|７|１２．５|９９９．９９|１，２３４．５|１２，３４５．６７|１，２３４，５６７．８９",
    "Hindi": "०.५|७|१२.५|९९९.९९|१,२३४.५|१२,३४५.६७|१२,३४,५६७.८९",
    "both": "USD 0.50|USD 7.00|$12.50 USD|USD $999.99|$1,234.50 USD|US$12,345.67|$1,234,567.89 USD",
}


@pytest.mark.parametrize("country", WRITINGS)
def test_the_same_amounts_in_the_writing_of_each_country(tmp_path, country):
    values = [0.5, 7.0, 12.5, 999.99, 1234.5, 12345.67, 1234567.89]
    cells = WRITINGS[country].split("|")
    rows = [f"c{i}\t2017-01-0{i}\t{cell}" for i, cell in enumerate(cells, 1)]
    found = check(tmp_path, "customer\tdate\tamount\n" + "\n".join(rows))
    assert [r for *_, r in found.money] == values
    assert found.report["revenue"] == 1249168.05


def test_every_code_stands_before_or_behind_an_amount(tmp_path):
    codes = sorted(currencies.CODES)
    con = duckdb.connect()
    for written in ("{} 12.50", "12.50 {}", "{}12.50", "12.50{}", "-{} 12.50", "({} 12.50)"):
        cells = [written.format(code) for code in codes]
        sql = NumberFormat().sql("c")
        read = con.execute(f"SELECT {sql} FROM (SELECT unnest(?) AS c)", [cells]).fetchall()
        sign = -1 if written[0] in "-(" else 1
        assert [r for (r,) in read] == [12.5 * sign] * len(codes)
        found = con.execute(f"SELECT {currency_sql('c')} FROM (SELECT unnest(?) AS c)", [cells])
        assert [c for (c,) in found.fetchall()] == codes


@pytest.mark.parametrize(
    "cell",
    [
        *("5 kg", "10 %", "12 pcs", "1.2K", "1_000", "$", "€ -", "12.50 €€€", "(12.50", "12.50)"),
        *("-5-", "- -5", "1,23,45", "12,34,56", "1.23.456", "1 2345", "1'23", "0,500,00"),
        *("1.234.56", "1,234,56", "5..5", "1 234 56", "12-50", "3 x 5", "#1", "1e", "１２Ａ"),
    ],
)
def test_what_is_no_amount_is_refused_by_the_engine_and_in_python_alike(cell):
    read = duckdb.execute(f"SELECT {NumberFormat().sql('c')} FROM (SELECT ? AS c)", [cell])
    assert read.fetchall() == [(None,)]
    assert not looks_numeric(cell)


@settings(deadline=None, max_examples=60)
@given(
    amount=st.integers(0, 10**9),
    writing=st.sampled_from([",.", ".,", " ,", "\u202f,", "'.", "’.", " .", "\u00a0,"]),
    beside=st.sampled_from(
        ["{}", "{} €", "€{}", "EUR {}", "$ {}", "{} kr.", "Rs.{}", "{}\u00a0zł"]
    ),
    sign=st.sampled_from(["{}", "-{}", "−{}", "({})", "{}-"]),
)
def test_any_amount_with_cents_is_read_in_any_writing(amount, writing, beside, sign):
    group, point = writing
    cell = f"{amount // 100:,}".replace(",", group) + f"{point}{amount % 100:02}"
    negative = sign != "{}"
    cell = beside.format(cell) if "(" in sign or sign == "{}-" else sign.format(beside.format(cell))
    cell = sign.format(cell) if "(" in sign else cell + "-" * (sign == "{}-" and cell[-1].isdigit())
    if sign == "{}-" and cell[-1] != "-":
        negative = False
    forms = NumberFormat(), NumberFormat(",", point=False, plain=False, signs=("€", "Rs."))
    queries = ", ".join(form.sql("c") for form in forms)
    read = duckdb.execute(f"SELECT {queries} FROM (SELECT ? AS c)", [cell]).fetchall()
    assert read == [(-amount / 100 if negative else amount / 100,) * 2]
    assert looks_numeric(cell)
