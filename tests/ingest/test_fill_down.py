"""Cells that stand on the first row of their group only, and those of guests, which do not."""

from __future__ import annotations

import pytest

from tests.ingest.helpers import check

GROUPS = """customer,order,date,amount
a,1,2022-05-04,5
,2,2022-06-01,6
,3,2022-07-01,never
b,4,2022-01-01,7
,5,2022-02-01,8
c,6,2022-01-15,9
d,7,2022-01-10,1
,8,2022-03-01,2
"""


def who(found):
    return [(c, t[:10], r) for c, t, r in found.money]


def decided(found):
    return [d for d in found.report["decisions"] if d["code"] == "filled_down"]


def test_a_customer_on_the_first_row_of_the_group(tmp_path):
    found = check(tmp_path, GROUPS)
    assert who(found) == [
        ("a", "2022-05-04", 5.0),
        ("a", "2022-06-01", 6.0),
        ("b", "2022-01-01", 7.0),
        ("b", "2022-02-01", 8.0),
        ("c", "2022-01-15", 9.0),
        ("d", "2022-01-10", 1.0),
        ("d", "2022-03-01", 2.0),
    ]
    assert found.texts == [(4, "unreadable_number", ",3,2022-07-01,never")]
    assert decided(found) == [
        {
            "code": "filled_down",
            "sentence": "orders.csv: `customer` stands on the first row of its group only, and was "
            "filled down in 4 rows.",
            "rows": 4,
            "money": 16.0,
            "switches": [{"label": "Leave blank", "options": ["--drop", "filled_down"]}],
            "weighty": True,
        }
    ]


def test_the_customer_is_left_blank_if_asked(tmp_path):
    found = check(tmp_path, GROUPS, drop=frozenset({"filled_down"}))
    assert found.reasons == {"missing_customer": 4}
    assert not decided(found)


@pytest.mark.parametrize(
    "rows",
    [
        # By day, as orders come in: guests.
        "a,1,2022-01-01,5\n,2,2022-01-02,6\nb,3,2022-01-03,7\n,4,2022-01-04,8\nc,5,2022-01-05,9\n,6,2022-01-06,1\n",
        # Customers that occur again.
        "a,1,2022-05-01,5\n,2,2022-06-02,6\nb,3,2022-01-03,7\n,4,2022-02-04,8\na,5,2022-01-05,9\n,6,2022-04-06,1\n",
        # The last day first.
        "c,1,2022-05-05,5\n,2,2022-05-04,6\na,3,2022-05-03,7\n,4,2022-05-02,8\nb,5,2022-05-01,9\n,6,2022-04-06,1\n",
        # Nothing stands above the first.
        ",1,2022-05-01,5\n,2,2022-06-02,6\na,3,2022-01-03,7\n,4,2022-02-04,8\nb,5,2022-01-05,9\n,6,2022-04-06,1\n",
    ],
)
def test_guests_are_not_taken_for_the_customer_above(tmp_path, rows):
    found = check(tmp_path, "customer,order,date,amount\n" + rows)
    assert set(found.reasons) == {"missing_customer"}
    assert not decided(found)


def test_rows_that_go_on_with_the_order_above(tmp_path):
    rows = """order,customer,date,product,qty,amount
S1,a,2022-01-03,pen,1,5
,,,ink,2,6
S2,b,2022-01-02,pen,1,5
S3,a,2022-01-01,pen,1,5
,,,paper,1,1
,,,ink,1,3
,,,,,
Total,,,,,25
"""
    found = check(tmp_path, rows)
    assert {o: (c, r) for c, o, _, r, _ in found.orders} == {
        "S1": ("a", 11.0),
        "S2": ("b", 5.0),
        "S3": ("a", 9.0),
    }
    assert found.codes == [(8, "no_record"), (9, "total_row")]
    assert decided(found)[0]["rows"] == 3


def test_a_customer_on_the_first_line_of_each_order(tmp_path):
    rows = """order,customer,date,amount
1,a,2022-01-01,5
1,,2022-01-01,6
2,b,2022-01-01,7
3,,2022-01-02,8
4,a,2022-01-03,9
4,,,1
"""
    found = check(tmp_path, rows)
    assert {o: (c, r) for c, o, _, r, _ in found.orders} == {
        "1": ("a", 11.0),
        "2": ("b", 7.0),
        "4": ("a", 10.0),
    }
    assert found.texts == [(5, "missing_customer", "3,,2022-01-02,8")]


def test_a_day_on_the_first_row_of_its_group(tmp_path):
    rows = (
        "date,customer,amount\n2022-01-01,a,1\n,b,2\n,c,3\n2022-01-02,a,4\n,c,5\n2022-01-03,b,6\n"
    )
    found = check(tmp_path, rows)
    assert who(found) == [
        ("a", "2022-01-01", 1.0),
        ("a", "2022-01-02", 4.0),
        ("b", "2022-01-01", 2.0),
        ("b", "2022-01-03", 6.0),
        ("c", "2022-01-01", 3.0),
        ("c", "2022-01-02", 5.0),
    ]
    assert decided(found)[0]["money"] == 10.0


def test_many_rows_keep_their_order_and_lines(tmp_path):
    rows = [
        f"{'' if i % 3 else f'c{i}'},{i},2022-01-{i % 3 + 1:02d},{'never' if i % 1000 == 7 else i}"
        for i in range(300_000)
    ]
    found = check(tmp_path, "customer,order,date,amount\n" + "\n".join(rows) + "\n")
    wanted = [(i + 2, "unreadable_number", rows[i]) for i in range(7, 300_000, 1000)]
    assert found.texts == wanted
    assert {o: c for c, o, *_ in found.orders} == {
        str(i): f"c{i - i % 3}" for i in range(300_000) if i % 1000 != 7
    }


HEADED = {
    "Anna Smith": [5.25, 7.5, 1.0],
    "Ben Meyer": [3.0, 4.5],
    "Cafe 5": [9.75],
    "Dora": [2.0, 8.0],
}


@pytest.mark.parametrize("name", ["", "Customer"])
@pytest.mark.parametrize("total", ["Total for {},,,{}\n", "Total {},,,{}\n", ""])
def test_names_on_rows_of_their_own_hold_for_the_rows_below(tmp_path, name, total):
    text, worth, gone = f"Sales by Customer Detail\n\n{name},Date,Num,Amount\n", [], []
    for customer, amounts in HEADED.items():
        text += f"{customer},,,\n"
        gone.append((text.count("\n"), "no_record"))
        for i, amount in enumerate(amounts, 1):
            text += f",2022-0{i}-14,x,{amount:.2f}\n"
            worth.append((customer, f"2022-0{i}-14 00:00:00", amount))
        if total:
            text += total.format(customer, sum(amounts))
            gone.append((text.count("\n"), "total_row"))
    found = check(tmp_path, text)
    assert found.money == worth
    assert found.codes == gone
    (said,) = (d for d in found.report["decisions"] if d["code"] == "filled_down")
    assert (said["rows"], said["money"], said["weighty"]) == (8, 41.0, True)
    assert f"`{name or 'column_1'}` stands on a row of its own above its group" in said["sentence"]
    assert said["switches"][0]["options"] == ["--drop", "filled_down"]


def test_names_above_groups_are_no_customers_where_a_column_names_them(tmp_path):
    text = "Product,Date,Customer,Amount\n" + "".join(
        f"Thing {i},,,\n" + "".join(f",2022-0{m}-1{i},k{(i + m) % 3},{m}.50\n" for m in range(1, 5))
        for i in range(4)
    )
    found = check(tmp_path, text)
    assert found.report["mapping"]["customer_id"] == "Customer"
    assert sorted(found.money) == sorted(
        (f"k{(i + m) % 3}", f"2022-0{m}-1{i} 00:00:00", m + 0.5)
        for i in range(4)
        for m in range(1, 5)
    )
