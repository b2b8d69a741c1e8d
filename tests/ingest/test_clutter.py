"""Titles above a table, notes below it, totals, headers written again, blank rows."""

from __future__ import annotations

import pytest

from tests.ingest.helpers import check

HEADER = "customer,order,date,amount\n"
DAYS = [
    (f"k{i % 7}", 100 + i, f"2022-{i % 12 + 1:02d}-{i + 1:02d}", f"{i + 1}.25") for i in range(14)
]
BODY = "".join(",".join(map(str, row)) + "\n" for row in DAYS)
SUM = sum(float(amount) for *_, amount in DAYS)
MONEY = sorted((c, f"{d} 00:00:00", float(a)) for c, _, d, a in DAYS)


def decided(found, code):
    return [d for d in found.report["decisions"] if d["code"] == code]


@pytest.mark.parametrize(
    "titles",
    [
        "Sales report 2022\n",
        "Sales report 2022\nAll customers,,,\n\n",
        '"All amounts in USD, unless specified"\n"Definitions:"\n"Fees: Includes closing fees."\n',
        "Report from: 2022-01-01,to: 2022-12-31\nAccount,4711\n",
        "# made by a tool, version 3, on 2022-12-31, for us\n// twice\n",
        "Shop:,Our shop,,\nFrom,2022-01-01,to,2022-12-31\n",
        "".join(f"Note {i} on what the columns mean\n" for i in range(45)),
        ",,,\n,,,\nOrders,,,\n",
    ],
)
@pytest.mark.parametrize("header", [HEADER, ""])
def test_lines_above_the_table_are_passed_over(tmp_path, titles, header):
    bad = "nobody,999,never,5\n"
    mapping = (
        {}
        if header
        else {"customer_id": "column_1", "order_id": "column_2", "ordered_at": "column_3"}
        | {"revenue": "column_4"}
    )
    found = check(tmp_path, titles + header + BODY + bad, mapping=mapping)
    assert sorted(found.money) == MONEY
    line = (titles + header + BODY).count("\n") + 1
    assert found.texts == [(line, "unreadable_date", bad.strip())]
    assert found.report["files"][0]["header"] == bool(header)


def test_titles_full_of_commas_do_not_hide_the_semicolon(tmp_path):
    titles = "A report, made for you, by us\nOf shops, orders, and people\nOne, two, three\n" * 3
    found = check(tmp_path, titles + (HEADER + BODY).replace(",", ";"))
    assert (found.report["delimiter"], sorted(found.money)) == ("semicolon", MONEY)


def test_a_first_row_that_is_wrong_in_every_cell_is_no_title(tmp_path):
    found = check(tmp_path, "customer,date,amount\na,nie,viel\nb,2022-01-01,5\nc,2022-01-02,6\n")
    assert found.texts == [(2, "unreadable_date", "a,nie,viel")]


@pytest.mark.parametrize(
    ("footer", "code"),
    [
        ("Exported by admin on 2022-12-31", "no_record"),
        ("-- 14 rows --,,,", "no_record"),
        ('"End of report; goodbye",,,', "no_record"),
        (",,,", "no_record"),
        ('"","","",""', "no_record"),
        (HEADER.strip(), "repeated_header"),
        ('"Customer", "Order","Date","Amount"', "repeated_header"),
        (f"Total,,,{SUM}", "total_row"),
        (f"Grand Total:,14,,{SUM}", "total_row"),
        (f",,Gesamt,{SUM}", "total_row"),
        (f"合計,,,{SUM}", "total_row"),
        (f"k6 Total,,,{SUM}", "total_row"),
    ],
)
def test_rows_that_are_no_orders_say_what_they_are(tmp_path, footer, code):
    more = "k9,999,2022-12-01,1000.00\n"
    found = check(tmp_path, HEADER + BODY + footer + "\n" + more)
    assert found.texts == [(16, code, footer)]
    assert sorted(found.money) == sorted([*MONEY, ("k9", "2022-12-01 00:00:00", 1000.0)])
    assert not decided(found, "total_row")
    assert not any(m.startswith("Rows left out") for m in found.report["messages"])


@pytest.mark.parametrize("label", ["TOTAL", "Summe", "Итого", "合計", "Overall sum"])
def test_a_dated_total_is_told_by_its_arithmetic(tmp_path, label):
    row = f"{label},,2022-12-31,{SUM}"
    found = check(tmp_path, HEADER + BODY + row + "\n")
    assert found.texts == [(16, "total_row", row)]
    (decision,) = decided(found, "total_row")
    assert (decision["rows"], decision["money"], decision["weighty"]) == (1, SUM, True)
    assert decision["switches"] == [
        {"label": "Count as orders", "options": ["--keep", "total_row"]}
    ]
    kept = check(tmp_path, HEADER + BODY + row + "\n", keep=frozenset({"total_row"}))
    assert (kept.rejects, kept.report["revenue"]) == ([], 2 * SUM)
    assert decided(kept, "total_row")[0]["switches"][0]["options"] == ["--drop", "total_row"]


def test_dated_subtotals_and_the_total_of_them_all(tmp_path):
    rows = ["a,2022-01-01,5", "a,2022-01-02,6", "Subtotal,2022-01-02,11", "b,2022-01-03,7"]
    rows += ["b,2022-01-04,9", "Subtotal,2022-01-04,16", "Total,2022-01-04,27"]
    found = check(tmp_path, "customer,date,amount\n" + "\n".join(rows) + "\n")
    assert found.codes == [(4, "total_row"), (7, "total_row"), (8, "total_row")]
    assert found.report["revenue"] == 27
    assert decided(found, "total_row")[0]["money"] == 54


@pytest.mark.parametrize(
    "last",
    [
        f"k3,999,2022-12-31,{SUM}",  # A customer of old, whose order happens to be as large.
        f"new,999,2022-12-31,{SUM + 0.01}",
        "Total,999,2022-12-31,5.00",  # A customer of that name.
    ],
)
def test_an_order_is_no_total_for_one_sign_alone(tmp_path, last):
    found = check(tmp_path, HEADER + BODY + last + "\n")
    assert (found.rejects, len(found.orders)) == ([], 15)


def test_few_orders_may_add_up_to_the_last(tmp_path):
    rows = "a,2022-01-01,1\nb,2022-01-02,2\nc,2022-01-03,3\nd,2022-01-04,6\n"
    assert check(tmp_path, "customer,date,amount\n" + rows).rejects == []


def test_a_total_in_the_first_row(tmp_path):
    found = check(tmp_path, HEADER + f"Total,,2022-12-31,{SUM}\n" + BODY)
    assert found.codes == [(2, "total_row")]
    assert sorted(found.money) == MONEY
