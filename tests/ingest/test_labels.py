"""Labels: which columns are found, and what a customer's label is."""

from __future__ import annotations

import pytest

from clv import ingest
from clv.core.errors import LayoutError
from clv.core.settings import IngestOptions
from clv.core.types import quiet


def read(tmp_path, text, name="orders.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with ingest.read([path], IngestOptions(**options), None, quiet) as (con, report):
        rows = con.execute("SELECT * FROM labels ORDER BY customer_id").fetchall()
        return report["labels"], rows


def lines(*rows):
    return "customer_id,order_id,created_at_date,num_items,revenue,category,State\n" + "".join(
        f"{row}\n" for row in rows
    )


TWO = lines(
    "A,1,2020-01-01,1,5,Tea,SP",
    "A,1,2020-01-01,1,20,Coffee,SP",
    "A,2,2020-02-01,1,90,Cups,RJ",
    "B,3,2020-01-05,1,7,,RJ",
    "B,3,2020-01-05,1,3,Tea,",
    "C,4,2020-01-05,1,3,Tea,",
)


def test_a_label_is_that_of_the_first_order_by_its_largest_row(tmp_path):
    assert read(tmp_path, TWO) == (
        ["category", "State"],
        [("A", "Coffee", "SP"), ("B", "Tea", "RJ"), ("C", "Tea", None)],
    )


def test_a_log_without_order_numbers_has_labels_too(tmp_path):
    text = (
        "Customer ID,Timestamp,PurchaseValue,sales channel\n"
        "A,2020-02-01,9,shop\nA,2020-01-01,9,web\nA,2020-01-01,10,app\nB,2020-01-01,9,shop\n"
    )
    # Two orders at one moment: the more valuable one speaks.
    assert read(tmp_path, text) == (["sales channel"], [("A", "app"), ("B", "shop")])


def test_rejected_rows_and_cancelled_orders_say_nothing(tmp_path):
    text = (
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,X,2,2020-01-01,5,A,France\nC2,X,-2,2020-01-02,5,A,France\n"
        "3,Y,1,2020-03-01,5,A,Spain\n4,Y,1,2020-03-01,5,B,Malta\n5,Y,1,2020-01-01,5,,Italy\n"
    )
    assert read(tmp_path, text) == (["Country"], [("A", "Spain"), ("B", "Malta")])


def test_found_by_repetition_where_the_name_says_nothing(tmp_path):
    rows = "".join(
        f"C{i % 20},2020-01-{1 + i % 28:02d},9,{('gold', 'blue')[i % 2]},note {i},{i % 3},{i}@x.de\n"
        for i in range(60)
    )
    text = f"customer,date,amount,tier,remark,rating,contact\n{rows}"
    labels, found = read(tmp_path, text)
    assert labels == ["tier"]  # Not the remark (all differ), the rating (a number), the contact.
    assert found[:2] == [("C0", "gold"), ("C1", "blue")]


def test_left_out_where_it_tells_nobody_apart_or_repeats_another(tmp_path):
    rows = "".join(
        f"C{i},2020-01-{1 + i % 28:02d},9,DE,{s},{s}\n" for i, s in enumerate(["BY", "HH", "SN"])
    )
    head = "customer,date,amount,country,billing state,shipping state\n"
    assert read(tmp_path, head + rows)[0] == ["billing state"]
    assert read(tmp_path, head + rows, labels=("country", "shipping state"))[0] == [
        "country",
        "shipping state",
    ]


def test_the_user_names_them_or_wants_none(tmp_path):
    assert read(tmp_path, TWO, labels=("state",)) == (
        ["State"],
        [("A", "SP"), ("B", "RJ"), ("C", None)],
    )
    assert read(tmp_path, TWO, labels=()) == ([], [("A",), ("B",), ("C",)])
    with pytest.raises(LayoutError, match=r'has no column "Stat".*Did you mean.*State') as error:
        read(tmp_path, TWO, labels=("Stat",))
    assert "category" in error.value.hint


def test_a_file_without_header_has_none(tmp_path):
    text = "A,1,1,1,5.0,2020-01-01\nB,2,2,1,5.0,2020-01-01\n"
    assert read(tmp_path, text)[0] == []


def test_values_are_text_as_it_stands(tmp_path):
    text = (
        'customer,date,amount,country\nA,2020-01-01,9,"O\'Brien; ""DROP"""\nB,2020-01-01,9,=1+1\n'
        "C,2020-01-01,9, Österreich \nD,2020-01-01,9,n/a\n"
    )
    assert read(tmp_path, text)[1] == [
        ("A", 'O\'Brien; "DROP"'),
        ("B", "=1+1"),
        ("C", "Österreich"),
        ("D", None),
    ]


def test_two_files_need_not_both_have_the_column(tmp_path):
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("customer,date,amount,country\nA,2020-01-01,9,DE\nB,2020-01-01,9,FR\n")
    two.write_text("customer,date,amount\nC,2020-01-01,9\n")
    with ingest.read([one, two], IngestOptions(), None, quiet) as (con, report):
        assert report["labels"] == ["country"]
        assert con.execute("SELECT * FROM labels ORDER BY 1").fetchall() == [
            ("A", "DE"),
            ("B", "FR"),
            ("C", None),
        ]


def test_names_that_differ_in_case_only(tmp_path):
    # To the engine they are one column.
    text = (
        "customer,date,amount,Country,country,CUSTOMER\n"
        "A,2020-01-01,9,DE,x,p\nB,2020-01-01,9,FR,x,q\nC,2020-01-02,9,FR,y,q\n"
    )
    assert read(tmp_path, text) == (["Country"], [("A", "DE"), ("B", "FR"), ("C", "FR")])
    assert read(tmp_path, text, labels=("COUNTRY", "country", "country (2)")) == (
        ["Country", "country (2)"],
        [("A", "DE", "x"), ("B", "FR", "x"), ("C", "FR", "y")],
    )


def test_one_label_spelled_differently_in_two_files(tmp_path):
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("customer,date,amount,country\nA,2020-01-01,9,DE\n")
    two.write_text("customer,date,amount,Country\nB,2020-01-01,9,FR\n")
    for labels in (None, ("Country",), ("Country", "country")):
        with ingest.read([one, two], IngestOptions(labels=labels), None, quiet) as (con, report):
            assert report["labels"] == ["country"]
            assert con.execute("SELECT * FROM labels ORDER BY 1").fetchall() == [
                ("A", "DE"),
                ("B", "FR"),
            ]


def test_a_label_called_like_the_customers_column(tmp_path):
    text = (
        "client,date,amount,customer_id,country\n"
        "A,2020-01-01,9,x,DE\nB,2020-01-01,9,y,DE\nC,2020-01-02,9,y,FR\n"
    )
    mapping = {"customer_id": "client"}
    assert read(tmp_path, text, mapping=mapping, labels=("customer_id", "country")) == (
        ["customer_id (label)", "country"],
        [("A", "x", "DE"), ("B", "y", "DE"), ("C", "y", "FR")],
    )
    with pytest.raises(LayoutError, match='"client" says who the customer is'):
        read(tmp_path, text, mapping=mapping, labels=("client",))


def test_options_survive_the_report():
    for labels in (None, (), ("a", "b")):
        options = IngestOptions(labels=labels)
        assert IngestOptions.from_dict(options.as_dict()) == options
