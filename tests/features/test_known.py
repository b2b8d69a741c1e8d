"""The orders as they were known on a day: what was taken back later still counted then."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import narwhals as nw
import pandas as pd
import pytest

from clv.features.known import as_known

ORDERS = [
    ("a", "1", "2020-01-01 10:00", 60.0, 3),
    ("a", "2", "2020-02-01 23:59:59", 5.0, None),
    ("b", "1", "2020-01-05 00:00", None, None),
    ("c", "3", "2020-02-02 00:00", 8.0, 1),
]
#: Of a's first order 25 and 15 were taken back; d's only order went, and c's after a day.
REFUNDS = [
    ("a", "1", "2020-01-01 10:00", "2020-01-10 08:00", 25.0, 1),
    ("a", "1", "2020-01-01 10:00", "2020-02-01 23:59:59", 15.0, None),
    ("c", "3", "2020-02-02 00:00", "2020-02-03 00:00", 2.0, 0),
    ("d", "4", "2020-01-07 12:00", "2020-02-02 00:00", 9.0, 2),
]


def frame(rows, columns):
    kinds = {c: "datetime64[us]" for c in columns if c.endswith("_at")} | {"items": "Int64"}
    return pd.DataFrame(rows, columns=columns).astype(kinds)


@pytest.fixture(params=["duckdb", "pandas"])
def tables(request):
    """Return both tables in an engine."""
    names = ["customer_id", "order_id", "ordered_at", "revenue", "items"]
    orders = frame(ORDERS, names)
    refunds = frame(REFUNDS, [*names[:3], "refunded_at", *names[3:]])
    if request.param == "pandas":
        return orders, refunds
    return duckdb.from_df(orders), duckdb.from_df(refunds)


@pytest.mark.parametrize(
    ("day", "known"),
    [
        ("2020-01-09", [("a", "1", 100.0, 4), ("b", "1", None, None), ("d", "4", 9.0, 2)]),
        ("2020-01-10", [("a", "1", 75.0, 3), ("b", "1", None, None), ("d", "4", 9.0, 2)]),
        (
            "2020-02-01",
            [
                ("a", "1", 60.0, 3),
                ("a", "2", 5.0, None),
                ("b", "1", None, None),
                ("d", "4", 9.0, 2),
            ],
        ),
        (
            "2020-02-02",
            [
                ("a", "1", 60.0, 3),
                ("a", "2", 5.0, None),
                ("b", "1", None, None),
                ("c", "3", 10.0, 1),
            ],
        ),
        (
            "2020-02-03",
            [
                ("a", "1", 60.0, 3),
                ("a", "2", 5.0, None),
                ("b", "1", None, None),
                ("c", "3", 8.0, 1),
            ],
        ),
    ],
)
def test_a_refund_counts_from_its_own_day_on(tables, day, known):
    found = nw.from_native(as_known(*tables, date.fromisoformat(day))).lazy().collect("pyarrow")
    rows = found.sort("customer_id", "order_id").rows()
    moments = {tuple(r[:2]): datetime.fromisoformat(r[2]) for r in ORDERS + REFUNDS}
    assert rows == [(c, o, moments[c, o], value, items) for c, o, value, items in known]


def test_without_refunds_the_orders_are_as_they_are(tables):
    orders, _ = tables
    assert as_known(orders, None, date(2020, 1, 9)) is orders
