"""What reads two ways is pointed out; what stands around a table is passed over."""

import pytest

from clv.core.errors import AmbiguousAmountError, FileError
from tests.ingest.helpers import check, check_files


def messages(found):
    return " ".join(found.report["messages"])


def table(delimiter, cells, more=()):
    """Return a file with these amounts, and columns ``(name, cells)`` beside them."""
    names = [name for name, _ in more]
    rows = [
        [f"a{i}", f"2017-01-{i:02}", cell, *(column[i - 1] for _, column in more)]
        for i, cell in enumerate(cells, 1)
    ]
    lines = [["customer", "date", "amount", *names], *rows]
    quoted = [[f'"{c}"' if delimiter in c else c for c in line] for line in lines]
    return "\n".join([*map(delimiter.join, quoted), ""])


@pytest.mark.parametrize(
    ("delimiter", "cells", "decimal", "revenue", "why"),
    [
        (";", ("1.234", "2.500"), ",", 3734.0, "files with semicolons have the decimal mark ','"),
        (",", ("1,234", "2,500"), ".", 3734.0, "files with commas have the decimal mark '.'"),
        (";", ("1.234", "500"), ",", 1734.0, "smaller amounts have no mark"),
        (";", ("1,234", "500"), ".", 1734.0, "smaller amounts have no mark"),
        ("\t", ("€ 1.234", "€ 2.500"), ",", 3734.0, "amounts in EUR have two decimals, not three"),
        ("\t", ("$1,234", "$2,500"), ".", 3734.0, "amounts in USD have two decimals, not three"),
        (",", ("Rp 45.000", "Rp 125.000"), ",", 170000.0, "amounts in IDR have no cents"),
        (",", ("¥1,234", "¥2,500"), ".", 3734.0, "amounts in JPY have no cents"),
        (";", ("KWD 1.250", "KWD 2.500"), ".", 3.75, "amounts in KWD have three decimals"),
        (",", ("0.125", "2.500"), ".", 2.625, ""),
        (";", ("1.234", "3,50"), ",", 1237.5, ""),
        (",", ("1.234", "3.5"), ".", 4.734, ""),
        (";", ("1.234", "1.234.567"), ",", 1235801.0, ""),
    ],
)
def test_three_digits_behind_the_only_mark(tmp_path, delimiter, cells, decimal, revenue, why):
    found = check(tmp_path, table(delimiter, cells))
    assert found.report["decimal"] == decimal
    assert found.report["revenue"] == revenue
    made = [d for d in found.report["decisions"] if d["code"] == "decimal_mark"]
    assert [d["sentence"].partition("because ")[2] for d in made] == ([f"{why}."] if why else [])
    other = "," if decimal == "." else "."
    assert all(d["switches"][0]["options"] == ["--decimal", other] for d in made)


@pytest.mark.parametrize(
    ("delimiter", "cells"),
    [
        (",", ("1.234", "2.500")),  # A point is the decimal mark in such files: three decimals?
        (";", ("1,005", "2,005")),
        ("\t", ("1.234", "2.500")),
        ("\t", ("1,234", "2.500")),
        (",", ("1.234", "5000")),
        (";", ("1.234", "5000")),  # Thousands without a mark beside thousands with one.
    ],
)
def test_amounts_that_nothing_decides_are_asked_about(tmp_path, delimiter, cells):
    number = cells[0].replace(".", "").replace(",", "")
    with pytest.raises(AmbiguousAmountError) as error:
        check(tmp_path, table(delimiter, cells))
    assert error.value.message == (
        f"orders.csv: the amounts in `amount` can be read two ways: '{cells[0]}' is {number} or "
        f"{number[0]}.{number[1:]}, and no value in the file decides it."
    )
    assert error.value.option == "--decimal . or --decimal ,"
    found = check(tmp_path, table(delimiter, cells), decimal=",")
    assert found.report["decimal"] == ","


def test_another_column_or_the_currency_of_the_file_decides(tmp_path):
    cells = ("1.234", "2.500")
    beside = [("shipping", ("4,90", "0,00"))]
    found = check(tmp_path, table("\t", cells, beside))
    assert found.report["revenue"] == 3734.0
    (made,) = found.report["decisions"]
    assert made == {
        "code": "decimal_mark",
        "sentence": "Amounts such as '1.234' (2 rows) were read as 1234, because the decimals of “shipping” "
        "have the mark ','.",
        "rows": 2,
        "money": None,
        "switches": [{"label": "Read it as 1.234", "options": ["--decimal", "."]}],
        "weighty": False,
    }
    found = check(tmp_path, table(",", cells, [("currency", ("IDR", "IDR"))]))
    assert (found.report["revenue"], found.report["currency"]) == (3734.0, "IDR")
    dollars = ("$1.234", "$2.500")
    found = check(tmp_path, table(",", dollars, [("currency", ("CLP", "CLP"))]))
    assert (found.report["revenue"], found.report["currency"]) == (3734.0, "CLP")
    renamed = table(",", cells).replace("amount", "Total (IDR)")
    found = check(tmp_path, renamed, mapping={"revenue": "Total (IDR)"})
    assert (found.report["revenue"], found.report["currency"]) == (3734.0, "IDR")


def test_the_whole_column_is_looked_through_for_a_cell_that_decides(tmp_path):
    cells = ["1.234"] * 3000 + ["12,50"]
    rows = [f"a{i};2017-01-01;{cell}" for i, cell in enumerate(cells)]
    found = check(tmp_path, "customer;date;amount\n" + "\n".join(rows))
    assert (found.report["decimal"], found.report["revenue"]) == (",", 3702012.5)
    assert found.report["decisions"] == []


def test_thousands_that_come_after_whole_amounts_alone_are_seen(tmp_path):
    cells = ["500", "20", "999"] * 300 + ["1.234", "2.500"]
    rows = [f"a{i}\t2017-01-01\t{cell}" for i, cell in enumerate(cells)]
    found = check(tmp_path, "customer\tdate\tamount\n" + "\n".join(rows))
    assert (found.report["decimal"], found.report["revenue"]) == (",", 459434.0)
    (made,) = found.report["decisions"]
    assert made["sentence"] == (
        "Amounts such as '1.234' (2 rows) were read as 1234, because smaller amounts have no mark."
    )
    rows[0] = "a0\t2017-01-01\t1500"
    with pytest.raises(AmbiguousAmountError, match=r"'1\.234' is 1234 or 1\.234"):
        check(tmp_path, "customer\tdate\tamount\n" + "\n".join(rows))


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
