"""The check page: what was read as what, decisions with switches, statuses, what looks odd."""

import pytest

from clv.core.options import chosen
from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.report.words.check import choice
from clv.runs import Store
from tests.apps.ui.conftest import texts
from tests.apps.ui.test_pages import calm, query, upload

FILE = b"customer,order_no,date,total,Shipping\n" + b"".join(
    b"c%d,%d,2022-0%d-%02d,%d,2.50\n" % (i % 9, i, i % 6 + 1, i % 27 + 1, 20 + i % 5)
    for i in range(60)
)
DECISIONS = [
    {
        "code": "grain",
        "sentence": "“total” repeats on every line of an order, and counts once.",
        "rows": 40,
        "money": 900.0,
        "switches": [{"label": "Add up the lines", "options": ["--amount", "line"]}],
        "weighty": True,
    },
    {
        "code": "merged",
        "sentence": "2 customers were merged, because they share an e-mail address.",
        "rows": 3,
        "money": None,
        "switches": [{"label": "Keep them apart", "options": ["--apart"]}],
        "weighty": False,
    },
]
STATUSES = [
    {"column": "Status", "word": w, "rows": r, "money": m, "meaning": what, "known": known}
    for w, r, m, what, known in (
        ("paid", 50, 1100.0, "counts", True),
        ("cancelled", 3, 60.0, "no", True),
        ("in Klärung", 7, 140.0, "counts", False),
    )
]


@pytest.fixture
def asked(monkeypatch):
    """The options that checks were asked for; every report tells of the same decisions."""
    real, seen = pipeline.check, []

    def check(draft, inputs, options, *args, **more):
        seen.append(options)
        plain = IngestOptions(mapping=options.mapping)
        report = real(draft, inputs, plain, *args, **more)
        report |= {"decisions": DECISIONS, "statuses": STATUSES, "options": options.as_dict()}
        draft.put_report(report)
        return report

    monkeypatch.setattr(pipeline, "check", check)
    return seen


def test_it_tells_what_was_decided_and_lets_it_be_changed(pages, asked):
    at = upload(pages, "a.csv", FILE)
    read = calm(at)
    assert "“total” repeats on every line of an order" in at.warning[0].value
    assert "3 rows" in read
    assert "in Klärung · 7 rows · 140 · Status · :orange-badge[not understood]" in read.replace(
        "*", ""
    )
    assert (
        "Columns that look like money and were not used: “Shipping” (150, 11 % of “total”)" in read
    )
    shown = at.table[0].value
    assert list(shown.columns) == ["Column", "Read as", "Values such as"]
    assert shown["Read as"].tolist() == [
        "Customer",
        "Order date",
        "Value of the row",
        "Order number",
    ]
    at.button(key="weighty_0_0").click().run()
    at = pages.settle(at)
    assert asked[-1] == IngestOptions(amount="line")
    assert "You chose: an amount is that of the row." in calm(at)
    at.button(key="decision_1_0").click().run()
    at = pages.settle(at)
    assert asked[-1] == IngestOptions(amount="line", apart=True)
    at.button(key="undo_0").click().run()
    at = pages.settle(at)
    assert asked[-1] == IngestOptions(apart=True)
    assert "You chose: no customers are merged." in texts(at)


def test_a_status_can_be_said_to_mean_something_else(pages, asked):
    at = upload(pages, "a.csv", FILE)
    boxes = [b for b in at.selectbox if b.label.startswith("What “")]
    assert [b.label for b in boxes] == [
        "What “in Klärung” means",
        "What “paid” means",
        "What “cancelled” means",
    ]
    assert [b.value for b in boxes] == ["counts", "counts", "no"]
    boxes[0].set_value("no").run()
    at = pages.settle(at)
    assert asked[-1] == IngestOptions(statuses={"in Klärung": "no"})
    assert "You chose: “in Klärung” doesn't count." in texts(at)


def test_grain_and_zone_can_be_set(pages, asked):
    at = upload(pages, "a.csv", FILE)
    next(b for b in at.selectbox if b.label == "Amounts are").set_value("order")
    next(b for b in at.selectbox if b.label == "Time zone of the shop").set_value("Europe/Berlin")
    next(b for b in at.button if b.label == "Read the file this way").click().run()
    pages.settle(at)
    assert asked[-1] == IngestOptions(amount="order", timezone="Europe/Berlin")


def test_a_table_of_something_else_says_what_it_is(pages):
    at = upload(pages, "a.csv", b"customer_id,2022-01,2022-02,2022-03\na,1,2,3\nb,,3,4\n")
    assert "has a column for each month" in at.error[0].value.replace("\\", "")
    assert not at.exception
    assert at.button(key="start_over")
    # Whoever knows better says so.
    box = next(b for b in at.selectbox if b.label.startswith("Customer (needed)"))
    assert box.options[1].startswith("customer_id")


def test_every_option_that_was_set_is_said_and_can_be_undone():
    options = IngestOptions(
        layout="shopify",
        mapping={"revenue": "Total", "discount": ""},
        date_order="dmy",
        decimal=",",
        delimiter="semicolon",
        encoding="cp1252",
        keep=frozenset({"duplicate"}),
        drop=frozenset({"zero_value"}),
        amount="unit",
        statuses={"a=b": "refund"},
        timezone="Asia/Tokyo",
        apart=True,
    )
    found = chosen(options)
    assert [choice(one.words) for one in found] == [
        "the file is: Shopify orders export",
        "dates have the day first",
        "the decimal mark is a comma",
        "the encoding is cp1252",
        "columns are separated by: semicolon ;",
        "an amount is that of one item in the row",
        "the shop's clock is that of Asia/Tokyo",
        "“Total” is the value",
        "no column is the discount",
        "“a=b” is a refund",
        "rows count although: exact duplicate",
        "rows are left out: value is zero",
        "no customers are merged",
    ]
    while found := chosen(options):
        options = found[0].without
    assert options == IngestOptions()


def test_small_files_with_nothing_to_say_stay_short(pages):
    at = upload(pages, "a.csv", b"customer_id,date,value\nA,2017-01-05,4\nB,2017-03-04,3\n")
    read = calm(at)
    for heading in ("Decisions", "Statuses", "Does this look right?"):
        assert heading not in [h.value for h in at.header], read
    assert Store().draft(query(at, "draft")).checked


def said(radio):
    return [option.replace("\\", "") for option in radio.options]


def test_a_question_about_amounts_is_asked(pages):
    rows = b"".join(b"c%d\t2022-0%d-05\t%d.234\n" % (i % 4, i + 1, i + 1) for i in range(8))
    at = upload(pages, "a.csv", b"customer\tdate\tamount\n" + rows)
    calm(at)
    assert "can be read two ways" in texts(at)
    radio = at.radio[0]
    assert said(radio) == [
        "1234: the point parts thousands",
        "1.234: the point is the decimal mark",
    ]
    radio.set_value(0).run()
    at = pages.settle(at)
    assert "You chose: the decimal mark is a comma." in calm(at)
    assert Store().draft(query(at, "draft")).report["revenue"] == 37872


def test_a_question_about_columns_shows_their_values(pages):
    rows = b"".join(b"m%d,h%d,2022-0%d-05,%d.50\n" % (i % 4, i % 3, i + 1, i + 9) for i in range(8))
    at = upload(pages, "a.csv", b"foo,bar,baz,qux\n" + rows)
    calm(at)
    assert "which column is the customer?" in texts(at)
    assert said(at.radio[0]) == ["“foo”: m0, m1, m2", "“bar”: h0, h1, h2"]
    at.radio[0].set_value(1).run()
    at = pages.settle(at)
    assert "You chose: “bar” is the customer." in calm(at)
    assert Store().draft(query(at, "draft")).report["customers"] == 3


def test_only_what_was_changed_is_said_to_be_chosen(pages, asked):
    at = upload(pages, "a.csv", FILE)

    def choose(role, column):
        box = next(b for b in at.selectbox if b.label.startswith(role))
        box.set_value(column) if column else box.select_index(0)
        next(b for b in at.button if b.label == "Read the file this way").click().run()
        pages.settle(at)
        return asked[-1].mapping

    assert choose("Value", "Shipping") == {"revenue": "Shipping"}
    assert "You chose: “Shipping” is the value." in texts(at)
    assert choose("Order number", None) == {"revenue": "Shipping", "order_id": ""}
    # A column has one role: the later choice counts.
    assert choose("Order number", "Shipping") == {"order_id": "Shipping"}
