"""Events beside the orders, and what orders are made of."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pytest

from clv import ingest
from clv.core.orders import EVENTS
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.forecast import pipeline
from clv.runs import Store
from tests.ingest.helpers import check_files
from tests.ingest.test_marketplace import write
from tests.places import RETAIL

LOG = "customer,date,amount\nA,2020-01-01,9\nB,2020-02-01,9\nA,2020-03-01,9\n"
VISITS = """\
customer_id,timestamp,event
A,2020-01-05T10:00:00Z,login
A,2020-01-05T10:00:00Z,login
Z,2020-01-06T10:00:00Z,login
B,2020-02-05T10:00:00Z,"visit, long"
B,soon,login
,2020-02-05T10:00:00Z,login
B,2020-02-06T10:00:00Z,
B,2020-02-06T10:00:00Z
"""
LINES = """\
customer_id,order_id,order_item_id,num_items,revenue,created_at_date,Department
A,1,1,1,5,2020-01-01,Tea
A,1,2,2,20,2020-01-01,Coffee
A,1,3,1,2.50,2020-01-01,Tea
A,2,4,1,90,2020-02-01,
B,3,5,1,7,2020-01-05,Tea
B,3,6,-1,-7,2020-01-06,Tea
B,7,7,1,4,2020-01-07,Cups
C,7,8,1,4,2020-01-07,Cups
"""


def files(folder, **texts):
    paths = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def read(paths, table, **options):
    with ingest.read(paths, IngestOptions(**options), None, quiet) as (con, report):
        found = report["tables"]
        return found, sorted(con.sql(f"SELECT * FROM {table}").fetchall(), key=str) if found else []


def test_events_of_customers_with_orders(tmp_path):
    paths = files(tmp_path, log=LOG, visits=VISITS)
    at = datetime(2020, 1, 5, 10)  # noqa: DTZ001 - UTC without a zone
    assert read(paths, "events") == (
        ["events"],
        [
            ("A", at, "login"),
            ("A", at, "login"),
            ("B", datetime(2020, 2, 5, 10), "visit, long"),  # noqa: DTZ001
        ],
    )
    for inputs in (paths, paths[::-1]):
        found = check_files(*inputs)
        assert found.money == [
            ("A", "2020-01-01 00:00:00", 9.0),
            ("A", "2020-03-01 00:00:00", 9.0),
            ("B", "2020-02-01 00:00:00", 9.0),
        ]
        assert [(f, line, code) for f, line, code, *_ in found.rejects] == [
            ("visits.csv", 4, "unknown_customer"),
            ("visits.csv", 6, "unreadable_date"),
            ("visits.csv", 7, "missing_customer"),
            ("visits.csv", 8, "missing_key"),
            ("visits.csv", 9, "too_few_fields"),
        ]
        assert found.rejects[0][3] == "No usable row has the customer 'Z'."
        assert [(f["name"], f["rows_accepted"], f.get("table")) for f in found.report["files"]] == [
            ("log.csv", 3, None),
            ("visits.csv", 3, "events"),
        ]


def test_the_preview_is_of_the_orders_whatever_comes_first(tmp_path):
    log, visits = files(tmp_path, log=LOG, visits=VISITS)
    found = ingest.detect([visits, log], IngestOptions())
    assert [f.name for f in found.files] == ["log.csv", "visits.csv"]
    assert (found.mapping["ordered_at"], found.problems) == ("date", ())


def test_events_after_the_as_of_date_do_not_count(tmp_path):
    found = check_files(*files(tmp_path, log=LOG, visits=VISITS), as_of=date(2020, 1, 31))
    # Of B, whose first order comes later, nothing is known yet.
    reasons = {f["name"]: f["reasons"] for f in found.report["files"]}
    assert reasons["visits.csv"] == {
        "too_few_fields": 1,
        "missing_customer": 1,
        "unreadable_date": 1,
        "future_date": 1,
        "missing_key": 1,
        "unknown_customer": 1,
    }


def test_events_alone_are_counted_as_they_always_were(tmp_path):
    found = check_files(*files(tmp_path, visits=VISITS))
    assert found.report["layout"] == "mapped"
    assert found.report["tables"] == []
    assert found.report["orders"] == 5
    assert "looks like visits or logins" in found.report["messages"][0]
    mapping = {"ordered_at": "timestamp"}
    assert "looks like" not in str(
        check_files(*files(tmp_path, visits=VISITS), mapping=mapping).report["messages"]
    )


def test_a_file_with_money_is_no_file_of_events(tmp_path):
    text = "customer,date,amount,event\nA,2020-01-01,9,sale\nB,2020-01-01,9,sale\n"
    found = check_files(*files(tmp_path, log=LOG, more=text))
    assert (found.report["tables"], found.report["orders"]) == ([], 5)


def test_events_beside_a_marketplace(tmp_path):
    visits = "user_id,event_type,event_time\nann,login,2017-01-02 08:00:00\nbob,login,2017-01-02\n"
    paths = [*write(tmp_path), *files(tmp_path, visits=visits)]
    found = check_files(*paths)
    assert found.report["tables"] == ["lines", "attributes", "events"]
    last = found.report["files"][-1]
    # Bob's orders were not delivered.
    assert (last["rows_accepted"], last["reasons"]) == (1, {"unknown_customer": 1})


def test_a_run_keeps_events(tmp_path):
    store = Store(tmp_path / "store")
    paths = files(tmp_path, log=LOG, visits=VISITS)
    settings = Settings(model="mbg-nbd", backtest=False)
    run = pipeline.run(store, store.new_draft(), paths, IngestOptions(), settings)
    table = run.query("SELECT * FROM events")
    assert (run.tables[-1], table.num_rows) == ("events", 3)
    assert table.column_names == list(EVENTS)
    plain = pipeline.run(store, store.new_draft(), paths[:1], IngestOptions(), settings)
    assert plain.tables == ("orders", "rejects", "forecasts", "profiles")
    assert not plain.file("events.parquet").exists()


def test_order_lines_by_category(tmp_path):
    made, lines = read(files(tmp_path, lines=LINES), "order_lines")
    assert made == ["lines", "refunds"]
    # Order 3 was taken back, order 7 is of two customers: neither has lines.
    assert lines == [
        ("1", "Coffee", 20.0, 2),
        ("1", "Tea", 7.5, 2),
        ("2", None, 90.0, 1),
    ]
    found = check_files(*files(tmp_path, lines=LINES))
    assert found.report["mapping"]["category"] == "Department"
    assert found.report["labels"] == ["Department"]


def test_a_refund_comes_off_the_category_it_was_of(tmp_path):
    text = (
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Category\n"
        "1,X,4,2020-01-01,5,A,Tea\n1,Y,1,2020-01-01,9,A,Cups\nC2,X,-1,2020-01-02,5,A,Tea\n"
    )
    assert read(files(tmp_path, lines=text), "order_lines")[1] == [
        ("1", "Cups", 9.0, 1),
        ("1", "Tea", 15.0, 3),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "customer,date,amount,category\nA,2020-01-01,9,Tea\nA,2020-01-01,8,Tea\nB,2020-02-01,9,Cups\n",
        "customer,order_id,date,amount,product\nA,1,2020-01-01,9,Tea\nB,2,2020-02-01,9,Tea\n",
        LINES.replace("Department", "Remark"),
    ],
    ids=["no order number", "one product an order", "no category"],
)
def test_files_that_do_not_tell_what_orders_are_made_of(tmp_path, text):
    with ingest.read(files(tmp_path, orders=text), IngestOptions(), None, quiet) as (_, report):
        assert "lines" not in report["tables"]


def test_orders_of_one_row_each_have_a_category_too(tmp_path):
    text = "customer,order_id,date,amount,category\nA,1,2020-01-01,9,Tea\nB,2,2020-02-01,8,Cups\n"
    assert read(files(tmp_path, orders=text), "order_lines") == (
        ["lines"],
        [("1", "Tea", 9.0, None), ("2", "Cups", 8.0, None)],
    )


def test_a_category_is_a_label_as_well_and_can_be_mapped(tmp_path):
    text = LINES.replace("Department", "Remark")
    mapping = {"category": "Remark"}
    assert read(files(tmp_path, lines=text), "order_lines", mapping=mapping)[0] == [
        *("lines", "refunds")
    ]
    found = ingest.detect(files(tmp_path, lines=LINES), IngestOptions())
    assert found.mapping["category"] == "Department"
    assert set(found.labels) <= set(found.groupings)


def test_products_stand_in_for_categories_where_they_are_sold_again_and_again(online_retail):
    report = online_retail.report
    assert report["tables"] == ["lines", "refunds"]
    with online_retail.connect() as con:
        (total, codes) = con.sql(
            "SELECT sum(revenue), count(DISTINCT category) FROM lines"
        ).fetchall()[0]
        top = con.sql(
            "SELECT category, sum(items) FROM lines GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        ).fetchall()
    assert total == pytest.approx(report["revenue"], abs=1e-4)
    table = pd.read_csv(RETAIL, dtype={"CustomerID": str, "StockCode": str})
    table = table[table["CustomerID"].notna()].drop_duplicates()
    sold = table[table["Quantity"] > 0]
    assert abs(codes - sold["StockCode"].nunique()) < 10
    assert top[0][0] in sold.groupby("StockCode")["Quantity"].sum().nlargest(3).index


def test_what_a_log_of_orders_says_beside_purchases_are_events(tmp_path):
    log = (
        "visitor,time,event,transaction,amount\n"
        "a,2020-01-01 10:00,view,,\n"
        "a,2020-01-01 10:01,addtocart,,\n"
        "a,2020-01-01 10:02,purchase,1,5\n"
        "b,2020-01-02 10:00,view,,\n"
        "b,2020-01-03 10:00,purchase,2,7\n"
        "c,2020-01-04 10:00,view,,\n"
    )
    found = check_files(*files(tmp_path, log=log))
    assert [(c, o, r) for c, o, _, r, _ in found.orders] == [("a", "1", 5.0), ("b", "2", 7.0)]
    assert found.report["tables"] == ["events"]
    assert [code for _, code in found.codes] == ["event"] * 4
