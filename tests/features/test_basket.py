"""The six figures that ready-made models take: a table by hand, and twenty real order lines."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from clv.core import engine as engines
from clv.core.errors import LayoutError
from clv.core.settings import IngestOptions
from clv.features import BASKET, basket, basket_matrix
from clv.forecast import pipeline
from clv.runs import Draft
from tests.places import SHARED

AS_OF = date(2017, 10, 17)
NAMES = ["customer_id", "order_id", "ordered_at", "items", "revenue"]

#: customer, order, when, items, revenue: a line each, in no order.
LINES = [
    # Two lines make the largest order; the most expensive line lies in another one.
    ("ann", "1", "2017-09-01 08:00:00", 2, 30.0),
    ("ann", "2", "2017-09-11 23:59:59", 4, 50.0),
    ("ann", "1", "2017-09-01 08:00:00", 3, 25.0),
    ("ann", "3", "2017-10-17 23:00:00", 1, 5.0),
    # Two orders on one day, one of two lines; nothing else.
    ("bob", "4", "2017-10-10 09:00:00", 1, 10.0),
    ("bob", "5", "2017-10-10 21:00:00", 2, 7.0),
    ("bob", "5", "2017-10-10 21:00:00", 2, 7.5),
    # A day with two orders, then a day with one.
    ("cid", "6", "2017-09-30 00:00:00", 1, 20.0),
    ("cid", "7", "2017-09-30 12:00:00", 1, 21.0),
    ("cid", "8", "2017-10-06 00:00:00", 1, 22.0),
    # One order each: two lines; one line.
    ("dan", "9", "2017-10-05 00:00:00", 1, 40.0),
    ("dan", "9", "2017-10-05 00:00:00", 6, 1.25),
    ("eve", "10", "2017-10-17 00:00:00", 1, 8.0),
    # Only one of two orders is known as of that day.
    ("fay", "11", "2017-10-16 00:00:00", 1, 3.0),
    ("fay", "12", "2017-10-18 00:00:00", 9, 900.0),
    # Nobody known as of that day.
    ("gus", "13", "2017-12-01 00:00:00", 1, 1.0),
]
#: Longest intervals: ann 36 (11 Sep to 17 Oct), bob 0, cid 6; their mean is 14.
EXPECTED = [
    ("ann", 5.0, 55.0, 110.0, 3.0, 0.0, 36.0),
    ("bob", 4.0, 14.5, 24.5, 2.0, 7.0, 0.0),
    ("cid", 1.0, 22.0, 63.0, 3.0, 11.0, 6.0),
    ("dan", 7.0, 41.25, 41.25, 1.0, 12.0, 26.0),
    ("eve", 1.0, 8.0, 8.0, 1.0, 0.0, 14.0),
    ("fay", 1.0, 3.0, 3.0, 1.0, 1.0, 15.0),
]


def frame(rows):
    table = pd.DataFrame(rows, columns=NAMES)
    kinds = {"items": "float64", "revenue": "float64"}
    return table.assign(ordered_at=pd.to_datetime(table["ordered_at"])).astype(kinds)


def on_duckdb(table, as_of):
    with duckdb.connect() as con:
        con.register("given", table)
        con.execute(
            "CREATE TABLE orders AS SELECT customer_id::VARCHAR AS customer_id, "
            "order_id::VARCHAR AS order_id, ordered_at::TIMESTAMP AS ordered_at, "
            "nullif(items, 'nan')::BIGINT AS items, nullif(revenue, 'nan')::DOUBLE AS revenue "
            "FROM given"
        )
        found = basket(con.table("orders"), as_of)
        assert found.columns == ["customer_id", *BASKET]
        ids, matrix = basket_matrix(con.table("orders"), as_of)
        assert [
            (i, *row) for i, row in zip(ids.to_pylist(), matrix.tolist(), strict=True)
        ] == sorted(found.fetchall())
        return found.fetchall()


def on_pandas(table, as_of):
    found = basket(table, as_of)
    assert list(found.columns) == ["customer_id", *BASKET]
    return list(found.itertuples(index=False, name=None))


both = pytest.mark.parametrize("of", [on_duckdb, on_pandas])


@both
def test_six_customers_by_hand(of):
    assert sorted(of(frame(LINES), AS_OF)) == EXPECTED


@both
def test_rows_in_any_order_give_the_same(of):
    assert sorted(of(frame(LINES[::-1]), AS_OF)) == EXPECTED


@both
def test_another_day_knows_other_orders(of):
    found = {row[0]: row[1:] for row in of(frame(LINES), date(2017, 10, 18))}
    assert found["fay"] == (9.0, 900.0, 903.0, 2.0, 0.0, 2.0)
    # Two days apart: the mean of 36, 0, 6 and 2 is 11.
    assert found["dan"] == (7.0, 41.25, 41.25, 1.0, 13.0, 24.0)


@both
def test_where_nobody_has_two_orders_the_days_since_the_last_one_stand_alone(of):
    rows = [("a", "1", "2017-10-01", 1, 2.0), ("b", "2", "2017-10-17", 3, 4.0)]
    assert sorted(of(frame(rows), AS_OF)) == [
        ("a", 1.0, 2.0, 2.0, 1.0, 16.0, 16.0),
        ("b", 3.0, 4.0, 4.0, 1.0, 0.0, 0.0),
    ]


@both
def test_what_a_file_does_not_tell_is_never_missing(of):
    rows = [
        ("a", "1", "2017-10-01", None, 2.0),
        ("a", "1", "2017-10-01", None, 3.0),
        ("a", "2", "2017-10-03", None, None),
        ("b", "3", "2017-10-17", None, 4.0),
        ("b", "3", "2017-10-17", 5, 4.5),
    ]
    assert sorted(of(frame(rows), AS_OF)) == [
        ("a", 1.0, 5.0, 5.0, 2.0, 14.0, 2.0),
        ("b", 5.0, 8.5, 8.5, 1.0, 0.0, 2.0),
    ]


def test_the_matrix_has_the_documented_order_and_one_row_per_sorted_id():
    ids, matrix = basket_matrix(frame(LINES), AS_OF)
    assert ids.to_pylist() == [row[0] for row in EXPECTED]
    assert matrix.dtype == np.float64
    assert matrix.tolist() == [list(row[1:]) for row in EXPECTED]


def test_without_any_amount_it_is_refused():
    rows = [("a", "1", "2017-10-01", 1, None)]
    with pytest.raises(LayoutError, match="have no amounts") as caught:
        basket_matrix(frame(rows), AS_OF)
    assert caught.value.missing == ("revenue",)


def test_twenty_real_order_lines():
    path = SHARED / "lesara" / "orders_sample.csv"
    if not path.exists():
        pytest.skip("the real file is not here")
    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(Path(folder))
        pipeline.check(draft, [path], IngestOptions(), AS_OF)
        with engines.connect() as con:
            source = f"read_parquet({engines.text(draft.orders)})"
            ids, matrix = basket_matrix(con.sql(f"SELECT * FROM {source}"), AS_OF)
    # One customer, one order of twenty lines, 45 days before the day; nobody has two orders.
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").split()]
    assert ids.to_pylist() == ["d951a5c5ceef8610d13534f41f7e083d"]
    assert sum(int(line[3]) for line in lines) == 21
    assert matrix.tolist() == [[21.0, 198.99, 198.99, 1.0, 45.0, 45.0]]
