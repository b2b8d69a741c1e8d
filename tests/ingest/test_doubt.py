"""What reads two ways is pointed out; what stands around a table is passed over."""

import pytest

from clv.core.errors import FileError
from tests.ingest.helpers import check, check_files


def messages(found):
    return " ".join(found.report["messages"])


@pytest.mark.parametrize(
    ("delimiter", "cells", "decimal", "revenue", "doubtful"),
    [
        (";", ("1.234", "2.500"), ",", 3734.0, True),
        (",", ("1.234", "2.500"), ".", 3.734, True),
        (";", ("1,005", "2,005"), ",", 3.01, True),
        (";", ("1.234", "500"), ",", 1734.0, False),
        (";", ("1,234", "500"), ".", 1734.0, False),
        (",", ("0.125", "2.500"), ".", 2.625, False),
        (";", ("1.234", "3,50"), ",", 1237.5, False),
    ],
)
def test_three_digits_behind_the_only_mark(tmp_path, delimiter, cells, decimal, revenue, doubtful):
    lines = [f"a{delimiter}2017-01-0{i}{delimiter}{c}" for i, c in enumerate(cells, 1)]
    found = check(tmp_path, "\n".join([delimiter.join(["customer", "date", "amount"]), *lines, ""]))
    assert found.report["decimal"] == decimal
    assert found.report["revenue"] == pytest.approx(revenue, abs=1e-9)
    assert ("choose the other decimal mark" in messages(found)) is doubtful


def test_two_currencies_beside_the_amounts_are_not_added_up(tmp_path):
    rows = "a,2017-01-01,$5\nb,2017-01-01,€6\nc,2017-01-02,7 EUR\nd,2017-01-02,8\n"
    found = check(tmp_path, "customer,date,amount\n" + rows)
    assert found.codes == [(2, "other_currency")]
    assert (found.report["revenue"], found.report["currency"]) == (21.0, "EUR")


def test_amounts_beyond_all_reason_are_refused(tmp_path):
    rows = "a,2017-01-01,1e308\nb,2017-01-01,5\nc,2017-01-02,1e15\n"
    found = check(tmp_path, "customer,date,amount\n" + rows)
    assert found.codes == [(2, "unreadable_number"), (4, "unreadable_number")]


def test_title_lines_above_the_header_are_passed_over_and_lines_still_count(tmp_path):
    text = "Order report 2017\n\ncustomer,date,amount\na,2017-01-01,5\nb,never,6\n"
    found = check(tmp_path, text)
    assert found.codes == [(5, "unreadable_date")]
    assert found.report["rows_total"] == 2
    assert "Lines above the header, passed over: 1." in messages(found)


def test_a_trailing_delimiter_in_the_header_alone(tmp_path):
    found = check(tmp_path, "customer,date,amount,\na,2017-01-01,5\nb,2017-01-02,6\n")
    assert (found.codes, found.report["revenue"]) == ([], 11.0)


def test_row_names_without_a_heading_come_first(tmp_path):
    found = check(tmp_path, "customer,date,amount\n1,a,2017-01-01,5\n2,b,2017-01-02,6\n")
    assert found.report["mapping"]["customer_id"] == "customer"
    assert [row[0] for row in found.money] == ["a", "b"]


def test_the_same_file_twice_is_refused(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("customer,date,amount\na,2017-01-01,5\n")
    with pytest.raises(FileError, match=r"b\.csv and a\.csv have the same content"):
        check_files(tmp_path / "a.csv", tmp_path / "b.csv")
