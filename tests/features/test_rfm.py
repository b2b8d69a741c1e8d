"""Frequency, recency, T and monetary value: a whole table by hand, and lifetimes' own answer."""

from __future__ import annotations

import tempfile
import warnings
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from clv.core.settings import IngestOptions
from clv.features import rfm
from clv.forecast import pipeline
from clv.runs import Draft
from tests.places import LIFETIMES, SHARED

COLUMNS = [
    *("customer_id", "orders", "revenue", "first_order", "last_order"),
    *("frequency", "recency", "T", "monetary_value"),
]

#: Fourteen orders, in no order.
ORDERS = [
    ("b", "2017-01-20 23:59:59", 7.0),
    ("a", "2017-01-01 10:00:00", 10.0),
    ("a", "2017-01-01 18:00:00", 5.0),
    ("a", "2017-01-11 00:00:00", 20.0),
    ("a", "2017-01-31 12:00:00", 30.0),
    ("a", "2017-01-31 13:00:00", 10.0),
    ("b", "2017-01-05 00:00:00", 3.0),
    ("c", "2017-01-31 23:59:59", 1.5),
    ("d", "2017-01-02 00:00:00", 0.0),
    ("d", "2017-01-03 00:00:00", 0.0),
    ("e", "2017-01-10 08:00:00", 4.0),
    ("e", "2017-01-10 09:00:00", 6.0),
    ("f", "2017-01-30 00:00:00", 2.0),
    ("f", "2017-02-02 00:00:00", 99.0),
]
D = date


def frame(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    return table.assign(ordered_at=pd.to_datetime(table["ordered_at"]))


def on_duckdb(table, as_of):
    with duckdb.connect() as con:
        con.register("given", table)
        con.execute(
            "CREATE TABLE orders AS SELECT customer_id::VARCHAR AS customer_id, "
            "ordered_at::TIMESTAMP AS ordered_at, revenue::DOUBLE AS revenue FROM given"
        )
        found = rfm(con.table("orders"), as_of)
        return found.fetchall(), list(found.columns)


def on_pandas(table, as_of):
    found = rfm(table, as_of)
    rows = [
        tuple(x.date() if isinstance(x, datetime) else x for x in row)
        for row in found.itertuples(index=False)
    ]
    return rows, list(found.columns)


both = pytest.mark.parametrize("engine", [on_duckdb, on_pandas])


@both
def test_fourteen_orders_by_hand(engine):
    rows, columns = engine(frame(ORDERS), D(2017, 1, 31))
    assert columns == COLUMNS
    jan = [D(2017, 1, day) if day else None for day in range(32)]
    assert sorted(rows) == [
        ("a", 5, 75.0, jan[1], jan[31], 2, 30, 30, 30.0),
        ("b", 2, 10.0, jan[5], jan[20], 1, 15, 26, 7.0),
        ("c", 1, 1.5, jan[31], jan[31], 0, 0, 0, 0.0),
        ("d", 2, 0.0, jan[2], jan[3], 1, 1, 29, 0.0),
        ("e", 2, 10.0, jan[10], jan[10], 0, 0, 21, 0.0),
        ("f", 1, 2.0, jan[30], jan[30], 0, 0, 1, 0.0),
    ]


@both
def test_a_later_as_of_day_takes_in_later_orders_and_ages_everybody(engine):
    rows, _ = engine(frame(ORDERS), D(2017, 2, 10))
    by_customer = {row[0]: row for row in rows}
    assert by_customer["f"] == ("f", 2, 101.0, D(2017, 1, 30), D(2017, 2, 2), 1, 3, 11, 99.0)
    assert by_customer["c"][5:] == (0, 0, 10, 0.0)


@both
def test_an_earlier_as_of_day_leaves_out_orders_and_customers(engine):
    rows, _ = engine(frame(ORDERS), D(2017, 1, 10))
    assert sorted(row[0] for row in rows) == ["a", "b", "d", "e"]
    assert {row[0]: row[5:] for row in rows}["a"] == (0, 0, 9, 0.0)


@both
def test_the_first_purchase_counts_towards_neither_frequency_nor_value(engine):
    days = [("a", "2017-01-01", 1000.0), ("a", "2017-01-02", 10.0), ("a", "2017-01-05", 20.0)]
    rows, _ = engine(frame(days), D(2017, 1, 5))
    assert [row[5:] for row in rows] == [(2, 4, 4, 15.0)]


@both
def test_the_grouping_does_not_depend_on_the_order_of_the_rows(engine):
    forward, _ = engine(frame(ORDERS), D(2017, 1, 31))
    backward, _ = engine(frame(ORDERS[::-1]), D(2017, 1, 31))
    assert sorted(forward) == sorted(backward)


def test_without_a_value_column_there_is_no_revenue_rather_than_zero():
    rows, _ = on_duckdb(
        frame([("a", "2017-01-01", None), ("a", "2017-01-03", None)]), D(2017, 1, 3)
    )
    ((customer, orders, revenue, *_rest, value),) = rows
    assert (customer, orders, revenue) == ("a", 2, None)
    assert value is None


def ingested(*paths, **options):
    """Return the orders that the ingest makes of real files."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(Path(folder))
        pipeline.check(draft, list(paths), IngestOptions(**options))
        return pd.read_parquet(draft.orders)[["customer_id", "ordered_at", "revenue"]]


def example_transactions():
    return ingested(LIFETIMES / "example_transactions.csv")


def cdnow_master():
    return ingested(LIFETIMES / "CDNOW_master.txt")


def cdnow_sample():
    mapping = {"customer_id": "column_1", "ordered_at": "column_3", "revenue": "column_5"}
    return ingested(LIFETIMES / "CDNOW_sample.txt", mapping=mapping)


def apparel():
    return ingested(SHARED / "apparel" / "apparelTrans.csv")


def lesara():
    return ingested(SHARED / "lesara" / "orders_sample.csv")


def olist_excerpt():
    folder = SHARED / "olist_excerpt"
    names = ("orders", "customers", "order_payments")
    orders, customers, payments = (pd.read_csv(folder / f"olist_{n}_dataset.csv") for n in names)
    paid = payments.groupby("order_id", as_index=False)["payment_value"].sum()
    joined = orders[orders["order_status"] == "delivered"].merge(customers).merge(paid)
    return frame(
        joined[["customer_unique_id", "order_purchase_timestamp", "payment_value"]].to_numpy()
    ).astype({"revenue": float})


def lifetimes_summary(table, as_of):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes.utils import summary_data_from_transaction_data

        return summary_data_from_transaction_data(
            table.sort_values("ordered_at", kind="stable"),
            "customer_id",
            "ordered_at",
            "revenue" if table["revenue"].notna().any() else None,
            observation_period_end=pd.Timestamp(as_of),
        )


@pytest.mark.parametrize(
    "dataset",
    [
        example_transactions,
        cdnow_sample,
        cdnow_master,
        apparel,
        lesara,
        olist_excerpt,
    ],
    ids=lambda f: f.__name__,
)
def test_equal_to_lifetimes_on_real_data(dataset):
    if dataset.__name__ in {"apparel", "lesara", "olist_excerpt"} and not SHARED.is_dir():
        pytest.skip("../shared is not there")
    equal_to_lifetimes(dataset())


def test_equal_to_lifetimes_on_online_retail(online_retail):
    orders = pd.read_parquet(online_retail.file("orders.parquet"))
    equal_to_lifetimes(orders[["customer_id", "ordered_at", "revenue"]])


def equal_to_lifetimes(table):
    last = table["ordered_at"].max().date()
    middle = (
        table["ordered_at"].min() + (pd.Timestamp(last) - table["ordered_at"].min()) / 2
    ).date()
    for as_of in (last, date(last.year + 1, 1, 1), middle):
        wanted = lifetimes_summary(table, as_of).sort_index()
        for engine in (on_duckdb, on_pandas):
            rows, columns = engine(table, as_of)
            found = pd.DataFrame(rows, columns=columns).set_index("customer_id").sort_index()
            assert list(found.index) == list(wanted.index)
            for column in ("frequency", "recency", "T"):
                assert (found[column] == wanted[column]).all(), (engine, as_of, column)
            if "monetary_value" in wanted:
                gap = (found["monetary_value"].astype(float) - wanted["monetary_value"]).abs()
                assert gap.max() <= 1e-9 * max(1, wanted["monetary_value"].abs().max())
