"""Sheets of workbooks, and lists in archives: which are read, and what is said of the others."""

from __future__ import annotations

from clv.core.settings import IngestOptions
from clv.ingest import preview
from tests.ingest.helpers import check
from tests.ingest.test_containers import xlsx, zipped

NAMES = ["Customer", "Order no", "Order date", "Total"]
OLD = [NAMES, ["a", "1", "2021-01-01", 5], ["b", "2", "2021-01-02", 6], ["", "3", "2021-01-03", 7]]
NEW = [
    [],
    ["Orders of 2022"],
    ["Total", "Customer", "Order no", "Order date", "Note"],
    [8, "a", "4", "2022-01-01", "x"],
    [6, "b", "2", "2021-01-02", ""],
    [9, "c", "5", "2022-02-01", ""],
    [1, "c", "6", "2022-02-01", ""],
]
PRODUCTS = [["sku", "name", "price"], *([f"s{i}", f"thing {i}", i] for i in range(20))]
NOTES = [["These are our orders."], ["Ask Jo."]]


def names(found):
    return [f["name"] for f in found.report["files"]]


def test_every_sheet_of_orders_is_read_and_no_other(tmp_path):
    book = xlsx(Notes=NOTES, Old=OLD, Products=PRODUCTS, New=NEW)
    found = check(tmp_path, book, name="o.xlsx")
    assert names(found) == ["o.xlsx/Old", "o.xlsx/New"]
    assert found.report["skipped"] == ["o.xlsx/Notes", "o.xlsx/Products"]
    assert "o.xlsx/Products is no table of orders and was not read." in found.report["messages"]
    assert [(c, o, r) for c, o, _, r, _ in found.orders] == [
        *(("a", "1", 5), ("a", "4", 8), ("b", "2", 6), ("c", "5", 9), ("c", "6", 1)),
    ]
    # An order that both sheets tell counts once.
    assert [r[:3] for r in found.rejects] == [
        ("o.xlsx/Old", 3, "older_state"),
        ("o.xlsx/Old", 4, "missing_customer"),
    ]


def test_rows_that_two_sheets_repeat_count_once(tmp_path):
    found = check(tmp_path, xlsx(A=OLD, B=[*OLD, ["d", "9", "2022-01-01", 1]]), name="o.xlsx")
    assert found.report["revenue"] == 12
    assert found.codes == [
        (4, "missing_customer"),
        (2, "duplicate"),
        (3, "duplicate"),
        (4, "missing_customer"),
    ]


def test_a_sheet_without_header_continues_the_one_before(tmp_path):
    found = check(tmp_path, xlsx(A=OLD, B=[["d", "9", "2022-01-01", 1]]), name="o.xlsx")
    assert found.money[-1] == ("d", "2022-01-01 00:00:00", 1.0)


def test_a_sheet_of_orders_with_other_columns_is_left_out_aloud(tmp_path):
    other = [["Client", "Day", "Sum"], ["z", "2020-01-01", 100]]
    found = check(tmp_path, xlsx(A=OLD, Shop2=other), name="o.xlsx")
    assert names(found) == ["o.xlsx/A"]
    decision = next(d for d in found.report["decisions"] if d["code"] == "sheet_left_out")
    assert decision == {
        "code": "sheet_left_out",
        "sentence": "o.xlsx/Shop2 (1 row) has other columns than o.xlsx/A and was not read. "
        "Read it by itself, or give it the same columns.",
        "rows": 1,
        "money": None,
        "switches": [],
        "weighty": True,
    }


def test_a_list_in_an_archive_is_left_alone(tmp_path):
    orders = "customer,date,total\na,2022-01-01,5\n"
    archive = zipped(("products.csv", "sku,name\n1,thing\n2,other\n"), ("o.csv", orders))
    found = check(tmp_path, archive, name="o.zip")
    assert names(found) == ["o.zip/o.csv"]
    assert found.report["skipped"] == ["o.zip/products.csv"]


def test_a_preview_shows_the_sheets_that_are_read(tmp_path):
    path = tmp_path / "o.xlsx"
    path.write_bytes(xlsx(Notes=NOTES, Old=OLD, Products=PRODUCTS, New=NEW))
    seen = preview.detect([path], IngestOptions())
    assert [f.name for f in seen.files] == ["o.xlsx/Old", "o.xlsx/New"]
    assert seen.files[1].columns == ("Total", "Customer", "Order no", "Order date", "Note")


def test_merged_cells_hold_for_every_row_and_it_is_said(tmp_path):
    rows = [
        NAMES,
        ["a", "1", "2022-01-01", 5],
        [None, "2", "2022-01-03", 6],
        [None, "3", None, 7],
        ["b", "4", "2022-01-09", 8],
    ]
    found = check(tmp_path, xlsx(merged=["A2:A4", "C3:C4"], Orders=rows), name="o.xlsx")
    assert found.orders == [
        ("a", "1", "2022-01-01 00:00:00", 5, None),
        ("a", "2", "2022-01-03 00:00:00", 6, None),
        ("a", "3", "2022-01-03 00:00:00", 7, None),
        ("b", "4", "2022-01-09 00:00:00", 8, None),
    ]
    (said,) = (d for d in found.report["decisions"] if d["code"] == "merged_cells")
    assert (said["rows"], said["weighty"], said["switches"]) == (2, True, [])
    assert said["sentence"].replace("\N{NO-BREAK SPACE}", " ") == (
        "o.xlsx: cells that are merged over several rows hold for each of them, in 2 more "
        "rows. If a value is meant once, unmerge the cells."
    )
