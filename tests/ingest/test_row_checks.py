"""Each reason for which a row is rejected, with its line, its text and its words."""

from __future__ import annotations

import pytest

from clv.core.errors import SettingsError
from clv.samples import sample_path
from tests.ingest.helpers import check, check_files
from tools.samples.logs import ORDER_LINES_DIRT, TRANSACTIONS_DIRT

LOG = "CustomerID,Timestamp,PurchaseValue\n"
GOOD = "a,2017-01-01,5.00\n"
NOTES = "CustomerID,Order ID,Timestamp,PurchaseValue,Note\n"
LINES = "customer_id,order_id,order_item_id,num_items,revenue,created_at_date\n"


def test_too_few_fields(tmp_path):
    found = check(tmp_path, LOG + GOOD + "b,2017-01-01\n" + "c,2017-01-02,6\n")
    assert found.texts == [(3, "too_few_fields", "b,2017-01-01")]
    assert [o[0] for o in found.orders] == ["a", "c"]


def test_too_many_fields(tmp_path):
    found = check(tmp_path, LOG + GOOD + "b,2017-01-01,5,6\n" + "c,2017-01-02,6\n")
    assert found.texts == [(3, "too_many_fields", "b,2017-01-01,5,6")]
    assert [o[0] for o in found.orders] == ["a", "c"]


def test_one_delimiter_too_many_at_the_end_is_no_fault(tmp_path):
    assert check(tmp_path, LOG + GOOD + "b,2017-01-01,5,\n").rejects == []


@pytest.mark.parametrize("row", ["b,2017-01-01,5,,", "b,2017-01-01,5,,,", "b,2017-01-01,5,"])
def test_empty_extra_fields_are_judged_alike_with_and_without_quotes_elsewhere(tmp_path, row):
    plain = check(tmp_path, f"{LOG}{GOOD}{row}\n")
    quoted = check(tmp_path, f'{LOG}"a",2017-01-01,5.00\n{row}\n')
    assert plain.texts == quoted.texts


@pytest.mark.parametrize("cell", ["", "  ", "null", "NULL", "NaN", "None", "n/a", '""'])
def test_missing_customer(tmp_path, cell):
    found = check(tmp_path, f"{LOG}{GOOD}{cell},2017-01-01,5\n")
    assert found.texts == [(3, "missing_customer", f"{cell},2017-01-01,5")]
    assert "`CustomerID` is empty" in found.rejects[0][3]


@pytest.mark.parametrize("cell", ["0", "007", "Null Ltd", "nana", "ÄÖ", "a b", "O'Neil", "%_"])
def test_ids_are_kept_as_they_are_written(tmp_path, cell):
    assert check(tmp_path, f"{LOG}{cell},2017-01-01,5\n").orders[0][0] == cell


def test_blanks_around_an_id_do_not_make_another_customer(tmp_path):
    found = check(tmp_path, LOG + "a,2017-01-01,5\n a ,2017-01-02,6\n")
    assert found.report["customers"] == 1


def test_the_first_failing_check_gives_the_reason(tmp_path):
    found = check(tmp_path, LOG + GOOD + ",x,y\nb,x,y\nb,2017-01-01,y\n")
    assert found.codes == [
        (3, "missing_customer"),
        (4, "unreadable_date"),
        (5, "unreadable_number"),
    ]


def test_rejects_come_in_the_order_of_the_file_and_the_examples_too(tmp_path):
    rows = [f"c{i},2017-01-01,{'x' if i % 3 else '5'}\n" for i in range(60)]
    found = check(tmp_path, LOG + "".join(rows))
    lines = [line for line, _ in found.codes]
    assert lines == [i + 2 for i in range(60) if i % 3]
    assert [e["line"] for e in found.report["examples"]] == lines[:20]


def test_lines_are_physical_lines(tmp_path):
    text = (
        "\n"
        + NOTES
        + '1,1,2017-01-01,5,"two\nlines"\n'
        + "\n\n"
        + "2,2,never,5,x\n"
        + '3,3,never,5,"three\n\nlines"\n'
        + "4,4,never,5,y\n"
    )
    assert check(tmp_path, text).texts == [
        (7, "unreadable_date", "2,2,never,5,x"),
        (8, "unreadable_date", '3,3,never,5,"three\n\nlines"'),
        (11, "unreadable_date", "4,4,never,5,y"),
    ]


@pytest.mark.parametrize("blank", ["", "   ", "\t", " \t "])
@pytest.mark.parametrize("quote", ["", '"'])
def test_blank_lines_are_no_rows(tmp_path, blank, quote):
    text = f"{LOG}{GOOD}{blank}\n{quote}b{quote},never,5\n{blank}\n"
    found = check(tmp_path, text)
    assert found.report["rows_total"] == 2
    assert found.texts == [(4, "unreadable_date", f"{quote}b{quote},never,5")]


def test_a_row_of_empty_cells_is_a_row(tmp_path):
    found = check(tmp_path, LOG + GOOD + ",,\n")
    assert found.texts == [(3, "no_record", ",,")]


def test_text_is_the_row_as_it_stood_in_the_file(tmp_path):
    row = ' b ,"2017-13-01", 5 ;|\t"'
    found = check(tmp_path, LOG + GOOD + "c,2017-01-03,5\n" + row + "\n")
    assert found.rejects[0][1] == 4
    assert found.rejects[0][4] == row


@pytest.mark.parametrize("after", [3, 300, 3000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_quote_that_is_never_closed_costs_one_row(tmp_path, after, quote):
    rows = "".join(f"{quote}c{i}{quote},2017-01-02,{i + 1}\n" for i in range(after))
    found = check(tmp_path, f'{LOG}{GOOD}"b,2017-01-01,5\n{rows}')
    assert found.texts == [(3, "broken_quotes", '"b,2017-01-01,5')]
    assert found.report["orders"] == after + 1
    assert round(found.report["revenue"], 6) == 5 + after * (after + 1) / 2


def test_a_quote_opened_in_the_last_cell_costs_one_row(tmp_path):
    found = check(tmp_path, f'{LOG}{GOOD}b,2017-01-01,"5\n"c",2017-01-01,6\n"d",2017-01-02,7\n')
    assert found.texts == [(3, "broken_quotes", 'b,2017-01-01,"5')]
    assert [o[0] for o in found.orders] == ["a", "c", "d"]


def test_stray_quotes_inside_a_cell_cost_nothing(tmp_path):
    rows = (
        '1,1,2017-01-01,5,5" pipe\n'
        '2,2,2017-01-02,6,say "hi" ok\n'
        '3,3,2017-01-03,7,"ok ""q"""\n'
        '4,4,2017-01-04,8,""\n'
        '5,5,2017-01-05,9,"5"", 6"""\n'
    )
    found = check(tmp_path, NOTES + rows)
    assert found.rejects == []
    assert [o[3] for o in found.orders] == [5, 6, 7, 8, 9]


def test_text_after_a_closing_quote_costs_its_own_row_only(tmp_path):
    rows = '1,1,2017-01-01,5,"5 pipe" long, two\n2,2,2017-01-02,6,x\n3,3,2017-01-03,7,"y\nz"\n'
    found = check(tmp_path, NOTES + rows)
    assert [line for line, _ in found.codes] == [2]
    assert [o[3] for o in found.orders] == [6, 7]


def test_order_lines_drop_exact_duplicates_and_say_so(tmp_path):
    row = "1,10,100,1,5,2017-01-01\n"
    found = check(tmp_path, LINES + row + row + "1,10,101,1,5,2017-01-01\n" + row)
    assert found.texts == [(3, "duplicate", row.strip()), (5, "duplicate", row.strip())]
    assert found.orders == [("1", "10", "2017-01-01 00:00:00", 10.0, 2)]
    assert found.report["rules"]["duplicate"] == "drop"
    assert any(
        "repeat an earlier row exactly: 2. They were left out" in message
        for message in found.report["messages"]
    )


def test_order_lines_keep_duplicates_when_asked(tmp_path):
    row = "1,10,100,1,5,2017-01-01\n"
    found = check(tmp_path, LINES + row + row, keep=frozenset({"duplicate"}))
    assert found.rejects == []
    assert found.orders == [("1", "10", "2017-01-01 00:00:00", 10.0, 2)]
    assert found.report["noted"] == {"duplicate": 1}


def test_transactions_with_an_order_number_drop_duplicates(tmp_path):
    row = "1,10,2017-01-01,5,x\n"
    found = check(tmp_path, NOTES + row + row)
    assert found.codes == [(3, "duplicate")]


def test_logs_keep_exact_duplicates_and_say_so(tmp_path):
    found = check(tmp_path, LOG + GOOD + GOOD)
    assert found.rejects == []
    assert found.report["noted"] == {"duplicate": 1}
    assert any("repeat an earlier row" in message for message in found.report["messages"])
    assert [o[1] for o in found.orders] == ["a@2017-01-01 00:00:00", "a@2017-01-01 00:00:00#2"]


def test_logs_drop_duplicates_when_asked(tmp_path):
    found = check(tmp_path, LOG + GOOD + GOOD, drop=frozenset({"duplicate"}))
    assert found.texts == [(3, "duplicate", GOOD.strip())]


def test_zero_values_are_kept_and_noted_or_dropped_when_asked(tmp_path):
    text = LOG + GOOD + "b,2017-01-01,0.00\n"
    kept = check(tmp_path, text)
    assert kept.rejects == []
    assert kept.report["noted"] == {"zero_value": 1}
    dropped = check(tmp_path, text, drop=frozenset({"zero_value"}))
    assert dropped.texts == [(3, "zero_value", "b,2017-01-01,0.00")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": frozenset({"duplicat"})}, 'Did you mean "duplicate"?'),
        ({"drop": frozenset({"missing_customer"})}, "not a rule that can be changed"),
        (
            {"keep": frozenset({"duplicate"}), "drop": frozenset({"duplicate"})},
            "kept and dropped at once",
        ),
    ],
)
def test_rules_that_cannot_be_changed_are_refused(tmp_path, options, message):
    with pytest.raises(SettingsError) as caught:
        check(tmp_path, LOG + GOOD, **options)
    assert message in str(caught.value)


def test_forty_per_cent_broken_rows(tmp_path):
    broken = [
        "x,,",
        "a,b",
        ",2017-01-04,4",
        "q,2017-01-01,zz",
        "r,2017-99-01,5",
        "s,2017-01-01,1,2",
    ]
    rows = [f"c{i},2017-01-{i % 28 + 1:02d},{i}.25" for i in range(90)]
    text = LOG + "".join(
        line + "\n" for i in range(10) for line in [*rows[9 * i : 9 * i + 9], *broken]
    )
    found = check(tmp_path, text)
    assert found.reasons == {
        "too_few_fields": 10,
        "too_many_fields": 10,
        "missing_customer": 10,
        "unreadable_date": 20,
        "unreadable_number": 10,
    }
    assert found.report["orders"] == 90
    assert found.report["revenue"] == sum(i + 0.25 for i in range(90))
    assert found.codes[:6] == [
        (11, "unreadable_date"),
        (12, "too_few_fields"),
        (13, "missing_customer"),
        (14, "unreadable_number"),
        (15, "unreadable_date"),
        (16, "too_many_fields"),
    ]
    # How many they are in all is what the page's sentence and the terminal's line say.
    assert (
        found.report["messages"][0]
        == "Rows left out, most often for: date not readable (20 of 60)."
    )


def test_the_transactions_sample_is_accounted_for_to_the_row():
    dirt = TRANSACTIONS_DIRT
    found = check_files(sample_path("transactions"))
    assert found.reasons == {
        "too_few_fields": dirt["short_row"],
        "too_many_fields": dirt["extra_field"],
        "missing_customer": dirt["missing_customer"],
        "unreadable_date": dirt["bad_date"],
        "unreadable_number": dirt["bad_number"],
        "future_date": dirt["future_date"],
        "negative_without_order": dirt["negative"],
    }
    assert found.report["noted"] == {
        "duplicate": dirt["duplicate"],
        "zero_value": dirt["zero_value"],
    }
    assert found.report["rows_netted"] == found.report["orders_cancelled"] == dirt["refund"]


def test_the_order_lines_sample_is_accounted_for_to_the_row():
    dirt = ORDER_LINES_DIRT
    found = check_files(sample_path("order-lines"))
    assert found.reasons == {
        "too_few_fields": dirt["short_row"],
        "too_many_fields": dirt["extra_field"],
        "missing_customer": dirt["missing_customer"],
        "unreadable_date": dirt["bad_date"],
        "unreadable_number": dirt["bad_number"],
        "negative_without_order": dirt["negative"],
        "duplicate": dirt["duplicate"],
    }
    assert found.report["noted"] == {"zero_value": dirt["zero_value"]}
    assert found.report["rows_netted"] == dirt["refund"]
