"""Quotes other than the usual, cells that say they are empty, names of columns on two lines."""

from __future__ import annotations

import pytest

from tests.ingest.helpers import check

ROWS = [
    ("k1", "2022-01-03", "5.25", "plain"),
    ("k2", "2022-01-14", "7.50", 'He said "hi", and "one, two"'),
    ("k1", "2022-02-09", "9.00", "C:\\shop\\"),
    ("k3", "2022-02-20", "3.10", "it's O'Neill, again"),
]
NAMES = ("customer", "date", "amount", "note")
MONEY = [
    ("k1", "2022-01-03 00:00:00", 5.25),
    ("k1", "2022-02-09 00:00:00", 9.0),
    ("k2", "2022-01-14 00:00:00", 7.5),
    ("k3", "2022-02-20 00:00:00", 3.1),
]


def usual(cell):
    return '"' + cell.replace('"', '""') + '"'


def escaped(cell):
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single(cell):
    return "'" + cell.replace("'", "''") + "'"


def single_escaped(cell):
    return "'" + cell.replace("\\", "\\\\").replace("'", "\\'") + "'"


def written(way, rows, delimiter=","):
    return "".join(delimiter.join(map(way, row)) + "\n" for row in (NAMES, *rows))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("way", [usual, escaped, single, single_escaped])
def test_text_in_quotes_is_read_as_it_was_meant(tmp_path, way, delimiter):
    text = (
        written(way, ROWS, delimiter)
        + delimiter.join(map(way, ("k4", "never", "1", 'a "b"')))
        + "\n"
    )
    found = check(tmp_path, text, labels=["note"])
    assert sorted(found.money) == MONEY
    assert [c["samples"] for c in found.report["columns"]][3] == [r[3] for r in ROWS[:3]]
    assert found.texts == [(6, "unreadable_date", text.splitlines()[5])]


def test_a_rare_backslash_deep_in_the_file_is_seen(tmp_path):
    plain = [(f"k{i}", "2022-03-01", "1.00", "x") for i in range(900)]
    text = written(usual, plain) + ",".join(map(escaped, ROWS[1])) + "\n"
    found = check(tmp_path, text)
    assert (len(found.orders), found.rejects) == (901, [])
    assert ("k2", "2022-01-14 00:00:00", 7.5) in found.money


def test_a_customer_is_the_text_between_the_quotes(tmp_path):
    rows = [('O\'Neill "Bo"', "2022-01-03", "5.25", "x"), ("Li", "2022-01-04", "1.00", "y")]
    for way in (usual, escaped, single, single_escaped):
        found = check(tmp_path, written(way, rows))
        assert [c for c, *_ in found.money] == ["Li", 'O\'Neill "Bo"']


def test_apostrophes_of_names_are_no_quotes(tmp_path):
    rows = [(f"'k{i}", "2022-01-03", "5.25", "'tis O'Neill") for i in range(3)]
    found = check(tmp_path, written(str, rows))
    assert [c for c, *_ in found.money] == ["'k0", "'k1", "'k2"]


def test_a_backslash_and_n_is_an_empty_cell(tmp_path):
    text = "order_id\tcustomer_id\torder_date\ttotal\trefunded\n" + "".join(
        f"{i}\t{who}\t2022-01-0{i}\t{total}\t{back}\n"
        for i, who, total, back in [
            (1, "a", "10.00", "\\N"),
            (2, "\\N", "20.00", "\\N"),
            (3, "b", "\\N", "\\N"),
            (4, "b", "40.00", "15.00"),
        ]
    )
    found = check(tmp_path, text)
    assert found.money == [("a", "2022-01-01 00:00:00", 10), ("b", "2022-01-04 00:00:00", 25)]
    assert found.codes == [(3, "missing_customer"), (4, "unreadable_number")]


BODY = "".join(f"{i},x{i},k{i % 3},Anna,2022-01-{i:02d},{i}.25\n" for i in range(1, 13))
TWO = [(f"k{i % 3}", f"2022-01-{i:02d} 00:00:00", i + 0.25) for i in range(1, 13)]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (
            "Order,Order,Customer,Customer,Payment,Payment\nID,Ref,ID,Name,Date,Amount\n",
            [
                "Order ID",
                "Order Ref",
                "Customer ID",
                "Customer Name",
                "Payment Date",
                "Payment Amount",
            ],
        ),
        (
            "Order,,Customer,,Payment,\nID,Ref,ID,Name,Date,Amount\n",
            [
                "Order ID",
                "Order Ref",
                "Customer ID",
                "Customer Name",
                "Payment Date",
                "Payment Amount",
            ],
        ),
        (
            "Order,Order,Customer,Customer,Sale,Sale\nOrder ID,Ref,Customer ID,Name,Date,Amount\n",
            ["Order ID", "Ref", "Customer ID", "Name", "Date", "Amount"],
        ),
        (
            "Order ID,Ref,Customer ID,Name,Sale,\n,,,,Date,Amount\n",
            ["Order ID", "Ref", "Customer ID", "Name", "Sale Date", "Sale Amount"],
        ),
    ],
)
def test_names_on_two_lines_are_joined_where_one_does_not_tell(tmp_path, lines, names):
    found = check(tmp_path, lines + BODY)
    assert [c["column"] for c in found.report["columns"]] == names
    assert sorted(found.money) == sorted(TWO)
    assert found.rejects == []
