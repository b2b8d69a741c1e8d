"""On a past day nothing is known that came later: not even that an order was sent back."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from clv import ingest
from clv.backtest.moving_origin import Backtest, shares
from clv.backtest.past_dates import Origin, draw, orders_then, past, sample
from clv.core import engine
from clv.core.orders import REFUNDS
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.forecast import pipeline
from clv.runs import Store

LINES = """customer_id,order_id,order_item_id,num_items,revenue,created_at_date
1,10,100,1,5.50,2017-01-01
1,10,101,2,7.00,2017-01-01
1,10,102,-2,-7.00,2017-01-09
2,11,103,1,4.00,2017-01-02
2,11,104,-1,-4.00,2017-01-05
1,12,105,3,9.00,2017-01-06
1,12,106,-1,-3.00,2017-01-06
3,13,107,1,8.00,2017-01-08
"""
UCI = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,x,6,2010-12-01 08:00,2.50,7,UK
1,B,y,1,2010-12-01 08:00,9.00,7,UK
2,A,x,2,2010-12-02 08:00,2.50,8,UK
C3,A,x,-4,2010-12-03 08:00,2.50,7,UK
C4,A,x,-2,2010-12-05 08:00,2.50,8,UK
C5,A,x,-2,2010-12-06 09:00,2.50,7,UK
6,B,y,1,2010-12-07 08:00,9.00,9,UK
C7,B,y,-1,2010-12-07 18:00,9.00,9,UK
8,B,y,1,2010-12-08 18:00,9.00,9,UK
"""
LOG = """CustomerID,Timestamp,PurchaseValue
a,2020-01-01 10:00:00,20
a,2020-01-01 10:00:00,30
b,2020-01-02 10:00:00,5
a,2020-01-03 09:00:00,-30
b,2020-01-06 09:00:00,-5
c,2020-01-07 09:00:00,1
"""


def opened(folder, text):
    path = folder / "orders.csv"
    path.write_text(text)
    return ingest.read([path], IngestOptions(), None, quiet)


def when(cell):
    return cell if isinstance(cell, str) else cell.isoformat(sep=" ")


def listed(con, table):
    return con.sql(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def texts(con, table):
    return [tuple(map(when, row[:4])) + row[4:] for row in listed(con, table)]


@pytest.mark.parametrize("text", [LINES, UCI, LOG], ids=["lines", "cancellations", "log"])
def test_the_orders_known_on_a_day_are_those_of_the_file_of_that_day(tmp_path, text):
    head, *rows = text.splitlines(keepends=True)

    def day(row):
        return next(date.fromisoformat(c[:10]) for c in row.split(",") if c[:3] in ("201", "202"))

    for known in sorted({day(row) for row in rows}):
        with opened(tmp_path, text) as (con, _):
            then = listed(con, f"(SELECT * FROM {orders_then(con, known)})")
        then = [row for row in then if row[2].date() <= known]
        with opened(tmp_path, head + "".join(r for r in rows if day(r) <= known)) as (con, _):
            assert listed(con, "orders") == then


def test_a_run_keeps_what_was_taken_back_on_a_later_day(tmp_path):
    with opened(tmp_path, LINES) as (con, report):
        assert report["tables"] == ["refunds"]
        assert list(REFUNDS) == con.table("refunds").columns
        assert texts(con, "refunds") == [
            ("1", "10", "2017-01-01 00:00:00", "2017-01-09 00:00:00", 7.0, 2),
            ("2", "11", "2017-01-02 00:00:00", "2017-01-05 00:00:00", 4.0, 1),
        ]
    with opened(tmp_path, LOG) as (con, _):
        at, again = "2020-01-01 10:00:00", "2020-01-02 10:00:00"
        assert texts(con, "refunds") == [
            ("a", f"a@{at}#2", at, "2020-01-03 09:00:00", 30.0, None),
            ("b", f"b@{again}", again, "2020-01-06 09:00:00", 5.0, None),
        ]


def test_no_table_where_all_was_taken_back_on_the_day_of_the_order(tmp_path):
    rows = [row for row in LINES.splitlines(keepends=True) if ",10" not in row[10:13]]
    kept = "".join(r for r in rows if "102" not in r and "104" not in r)
    with opened(tmp_path, kept) as (con, report):
        assert (report["rows_netted"], report["tables"]) == (1, [])
        assert orders_then(con, date(2017, 1, 3)) == "orders"


ORDERS = [
    ("A", "1", "2020-01-01 10:00", 10.0),
    ("A", "2", "2020-01-20 09:00", 24.0),
    ("A", "4", "2020-02-05 09:00", 50.0),
    ("B", "5", "2020-01-02 12:00", 8.0),
    ("B", "6", "2020-02-10 12:00", 5.0),
]
#: Of A's second order 6 went before the origin and 4 after it; D's only order and B's second later;
#: what B had bought after the origin came back in part.
TAKEN = [
    ("A", "2", "2020-01-20 09:00", "2020-02-15 09:00", 4.0),
    ("D", "3", "2020-01-10 09:00", "2020-02-01 00:00", 7.0),
    ("B", "7", "2020-01-12 09:00", "2020-03-20 09:00", 30.0),
    ("B", "6", "2020-02-10 12:00", "2020-03-01 12:00", 2.0),
]
ORIGIN = Origin(date(2020, 1, 31), date(2020, 2, 29))


def filled(con, orders=ORDERS, taken=TAKEN):
    columns = "customer_id VARCHAR, order_id VARCHAR, ordered_at TIMESTAMP, "
    con.execute(f"CREATE TABLE orders ({columns} revenue DOUBLE, items BIGINT)")
    con.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, NULL)", orders)
    con.execute(
        f"CREATE TABLE refunds ({columns} refunded_at TIMESTAMP, revenue DOUBLE, items BIGINT)"
    )
    con.executemany("INSERT INTO refunds VALUES (?, ?, ?, ?, ?, NULL)", taken)
    con.execute("CREATE TABLE customers AS SELECT DISTINCT customer_id FROM orders")


def test_a_sample_knows_the_past_as_it_was_and_the_outcome_as_it_is():
    with engine.connect() as con:
        filled(con)
        found = sample(con, ORIGIN)
        then = sample(con, ORIGIN, known_by=ORIGIN.end)
    assert found.customer_id.to_pylist() == ["A", "B", "D"]
    assert found.history.histories.frequency.tolist() == [1, 1, 0]
    assert found.history.monetary_value.tolist() == [28, 30, 0]
    assert found.history.mean_value.tolist() == [19, 19, 7]
    assert found.history.recent_value.tolist() == [28, 30, 7]
    assert found.history.rhythm.late_value.tolist() == [38, 38, 7]
    np.testing.assert_allclose(found.history.log_gaps, np.log(19) + np.log(10))
    assert found.purchases.tolist() == then.purchases.tolist() == [1, 1, 0]
    assert found.value.tolist() == [50, 5, 0]
    assert then.value.tolist() == [50, 7, 0]  # B sent 2 back only in March.


def test_what_is_learned_from_ends_with_the_day_of_the_forecast():
    many = [(f"C{i:02}", f"{i}", "2020-01-02 12:00", 5.0) for i in range(60)]
    again = [(f"C{i:02}", f"{i}+", "2020-01-25 12:00", 5.0) for i in range(20)]
    back = [(f"C{i:02}", f"{i}!", "2020-01-26 12:00", "2020-02-03 12:00", 9.0) for i in range(30)]
    with engine.connect() as con:
        filled(con, many + again, back)
        one = past(con, Origin(date(2020, 1, 30), date(2020, 2, 18)), date(2020, 1, 1))
        two = past(con, Origin(date(2020, 2, 3), date(2020, 2, 18)), date(2020, 1, 1))
    assert (one.purchases.sum(), one.value.sum()) == (20 + 30, 20 * 5 + 30 * 9)
    assert (two.purchases.sum(), two.value.sum()) == (20, 20 * 5)


def test_whoever_sent_everything_back_is_known_on_earlier_dates_only():
    with engine.connect() as con:
        filled(con)
        draw(con, 2)
        later = Origin(ORIGIN.end, ORIGIN.end + timedelta(days=29))
        tests = [Backtest.at(con, one, date(2020, 1, 1)) for one in (ORIGIN, later)]
        con.execute("DROP SCHEMA drawn CASCADE")
    assert [b.sample.customer_id.to_pylist() for b in tests] == [["A", "B", "D"], ["A", "B"]]
    share = shares(tests, [{"x": np.array([1.0, 2.0, 6.0])}, {"x": np.array([4.0, 8.0])}])
    # Means 3 and 6: each origin counts half, for A, B and D.
    np.testing.assert_allclose(share["x"], 3 * np.array([1 / 6 + 1, 2 / 6 + 2, 1.0]))
    assert share["x"].mean() == pytest.approx(4.5)


def test_both_ways_to_a_run_test_the_same_past(tmp_path):
    rng = np.random.default_rng(5)
    rows, number = [], 0
    for customer in range(150):
        day = date(2020, 1, 1) + timedelta(days=int(rng.integers(0, 200)))
        while day < date(2021, 1, 1):
            number += 1
            rows.append((day, f"{customer},{number},{number},1,20,{day}"))
            if number % 5 == 0:
                back = min(day + timedelta(days=int(rng.integers(1, 120))), date(2020, 12, 31))
                rows.append((back, f"{customer},{number},{number}r,-1,-20,{back}"))
            day += timedelta(days=int(rng.exponential(40)) + 1)
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([LINES.splitlines()[0], *(row for _, row in rows)]) + "\n")
    store, settings = Store(tmp_path / "runs"), Settings(horizon_months=3)
    one = pipeline.run(store, store.new_draft(), [path], IngestOptions(), settings)
    draft = store.new_draft()
    pipeline.check(draft, [path], IngestOptions())
    two = pipeline.forecast(store, draft, settings)
    assert one.receipt == two.receipt
    for run in (one, two):
        assert run.report["tables"] == ["refunds"]
        assert (run.path / "refunds.parquet").exists()
        origin = date.fromisoformat(run.receipt["origins"][-1]["as_of"])
        told = {row.split(",")[0] for day, row in rows if day <= origin and ",-20," not in row}
        gone = {row.split(",")[1] for day, row in rows if day <= origin and ",-20," in row}
        kept = {
            row.split(",")[0]
            for day, row in rows
            if day <= origin and ",-20," not in row and row.split(",")[1] not in gone
        }
        assert run.receipt["origins"][-1]["customers"] == len(kept) <= len(told)
