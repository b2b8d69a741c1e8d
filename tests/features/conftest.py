"""A small shop with everything that features are made of, in both engines."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

ORDERS = [
    ("a", "a1", "2017-01-31 10:00:00", 10.0, 2),
    ("a", "a2", "2017-02-27 20:00:00", 5.0, None),
    ("a", "a3", "2017-02-28 00:00:00", 7.0, 1),
    ("a", "a4", "2017-04-30 00:00:00", 100.0, 9),
    ("b", "b1", "2017-03-31 23:59:59", 3.0, 1),
    ("c", "c1", "2017-04-01 08:00:00", 1.0, 1),
    ("c", "c2", "2017-04-01 09:00:00", 2.0, 1),
    ("c", "c3", "2017-06-30 23:59:59", 4.0, 3),
    ("d", "d1", "2017-04-02 00:00:00", 50.0, 5),
]
LINES = [
    ("a1", "toys", 6.0, 1),
    ("a1", "books", 2.0, 1),
    ("a2", "toys", 4.0, None),
    ("a3", None, 4.0, 1),
    ("a4", "garden", 100.0, 9),
    ("b1", "books", 3.0, 1),
    ("c1", "toys", 1.0, 1),
    ("c2", "toys", 1.0, 1),
    ("c3", "games", 2.0, 3),
    ("d1", "music", 50.0, 5),
]
#: b's first parcel and review came on the last day of three months, c's a day late.
ATTRIBUTES = [
    ("a1", "card", 1.5, None, None, 6.0),
    ("a4", "slip", 9.9, 5.0, 1.0, 1.0),
    ("b1", "slip", 0.5, 4.0, 90.0, 90.0),
    ("c1", "card", None, 1.0, 91.0, 91.0),
    ("d1", "coupon", 7.0, 2.0, 1.0, 1.0),
]
LABELS = [("a", "SP"), ("b", "RJ"), ("c", None), ("d", "XX"), ("z", "ZZ")]
EVENTS = [
    ("a", "2017-06-24 00:00:00", "Login"),
    ("a", "2017-06-23 23:59:59", " login "),
    ("a", "2017-07-01 00:00:00", "login"),
    ("b", "2017-06-30 23:59:59", "view"),
    ("z", "2017-06-30 00:00:00", "login"),
]
KINDS = {
    "orders": "customer_id VARCHAR, order_id VARCHAR, ordered_at TIMESTAMP, revenue DOUBLE, "
    "items BIGINT",
    "lines": "order_id VARCHAR, category VARCHAR, revenue DOUBLE, items BIGINT",
    "attributes": "order_id VARCHAR, payment_type VARCHAR, freight DOUBLE, review_score DOUBLE, "
    "review_days DOUBLE, delivery_days DOUBLE",
    "labels": "customer_id VARCHAR, customer_state VARCHAR",
    "events": 'customer_id VARCHAR, "at" TIMESTAMP, event VARCHAR',
}


def frames(rows):
    """Return rows of the tables as pandas frames of the right types, empty ones as well."""
    found = {}
    for name, columns in KINDS.items():
        if name in rows:
            pairs = [pair.split() for pair in columns.split(", ")]
            table = pd.DataFrame(rows[name], columns=[column.strip('"') for column, _ in pairs])
            kinds = {"VARCHAR": "str", "TIMESTAMP": "datetime64[us]", "DOUBLE": "float"}
            types = {c.strip('"'): kinds[kind] for c, kind in pairs if kind in kinds}
            found[name] = table.astype(types | ({"items": "Int64"} if "items" in table else {}))
    return found


class Pandas:
    """The tables as they are."""

    def __call__(self, rows):
        return SimpleNamespace(**frames(rows))


class DuckDB:
    """The tables in an embedded database."""

    def __init__(self, con):
        self.con = con

    def __call__(self, rows):
        for name, table in frames(rows).items():
            self.con.register("given", table)
            self.con.execute(f"CREATE OR REPLACE TABLE {name} ({KINDS[name]})")
            self.con.execute(f"INSERT INTO {name} SELECT * FROM given")
            self.con.unregister("given")
        return SimpleNamespace(**{name: self.con.table(name) for name in rows})


@pytest.fixture(params=["duckdb", "pandas"])
def engine(request):
    """Return a function that brings rows of the tables into an engine."""
    if request.param == "pandas":
        yield Pandas()
        return
    with duckdb.connect() as con:
        yield DuckDB(con)


@pytest.fixture
def rows():
    """Return the rows of every table."""
    return {
        "orders": ORDERS,
        "lines": LINES,
        "attributes": ATTRIBUTES,
        "labels": LABELS,
        "events": EVENTS,
    }


@pytest.fixture
def shop(engine, rows):
    """Return the shop's tables in an engine."""
    return engine(rows)
