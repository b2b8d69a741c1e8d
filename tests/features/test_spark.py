"""The feature code as Spark runs it: through PySpark's interface, which SQLFrame has over DuckDB.

narwhals takes SQLFrame's frames for Spark's and knows no more of them than of those; whatever Spark
can't do fails here, and the results must be those of DuckDB to the last digit.
"""

from __future__ import annotations

from datetime import date

import duckdb
import narwhals as nw
import numpy as np
import pyarrow.parquet as pq
import pytest
from sqlframe.duckdb import DuckDBSession

from clv.features.basket import basket
from clv.features.early import early
from clv.features.known import as_known
from clv.features.rfm import rfm
from clv.features.targets import ahead, first_year
from clv.features.windows import windows
from clv.insights.cohorts.history import customer_periods
from tests.learn.conftest import shop

AS_OF = date(2021, 12, 31)
#: The other tables, made of the orders.
MADE = {
    "lines": "SELECT order_id, 'c' || length(order_id || round(revenue)) AS category, revenue / 2 AS "
    "revenue, 1 AS items FROM orders UNION ALL SELECT order_id, 'a', revenue / 2, 2 FROM orders",
    "attributes": "SELECT order_id, 'p' || (hash(order_id) % 3) AS payment_type, "
    "1 + (hash(order_id) % 5)::INT AS installments FROM orders",
    "refunds": "SELECT customer_id, order_id || x AS order_id, ordered_at, "
    "ordered_at + INTERVAL 40 DAY AS refunded_at, revenue / 2 AS revenue, 1 AS items "
    "FROM orders, (VALUES (''), ('gone')) AS v(x) WHERE hash(order_id) % 5 = 0",
    "events": "SELECT customer_id, ordered_at - INTERVAL 30 HOUR AS at, "
    "CASE WHEN revenue > 30 THEN 'Login' ELSE 'view ' END AS event FROM orders",
}


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The same tables of both engines."""
    folder = tmp_path_factory.mktemp("spark")
    orders, labels = shop(400)
    session = DuckDBSession(conn=duckdb.connect())
    with duckdb.connect() as con:
        con.register("given", orders)
        con.execute("CREATE TABLE orders AS SELECT * FROM given")
        con.register("labels", labels)
        ours = {"orders": con.table("orders"), "labels": con.table("labels")}
        ours |= {name: con.sql(query) for name, query in MADE.items()}
        theirs = {}
        for name, table in ours.items():
            pq.write_table(table.to_arrow_table(), folder / f"{name}.parquet")
            theirs[name] = session.read.parquet(str(folder / f"{name}.parquet"))
        yield ours, theirs
        session._conn.close()


def table(native, *by):
    return nw.from_native(native).collect("pyarrow").sort(*by).to_native()


def test_frames_are_taken_for_sparks(engines):
    assert nw.from_native(engines[1]["orders"]).implementation.is_spark_like()


@pytest.mark.parametrize("of", [rfm, basket])
def test_tables_are_the_same(engines, of):
    ours, theirs = (table(of(one["orders"], AS_OF), "customer_id") for one in engines)
    assert ours.num_rows > 200
    assert ours.column_names == theirs.column_names
    assert ours.to_pydict() == theirs.to_pydict()


def test_orders_as_they_were_known_are_the_same(engines):
    day = date(2021, 6, 30)
    ours, theirs = (
        table(as_known(one["orders"], one["refunds"], day), "customer_id", "order_id")
        for one in engines
    )
    assert sum("gone" in number for number in ours["order_id"].to_pylist()) > 5
    assert ours.to_pydict() == theirs.to_pydict()


@pytest.mark.parametrize("grain", ["month", "quarter", "week"])
def test_cohorts_are_the_same(engines, grain):
    found = []
    for one in engines:
        periods = customer_periods(one["orders"], rfm(one["orders"], AS_OF), AS_OF, grain)
        found.append(table(periods, "customer_id", "mark"))
    ours, theirs = found
    assert ours.to_pydict() == theirs.select(ours.column_names).to_pydict()


def described(one, kind):
    shared = {name: one[name] for name in ("labels", "lines")}
    if kind == "early":
        return early(one["orders"], AS_OF, ("1m", "3m"), attributes=one["attributes"], **shared)
    return windows(one["orders"], AS_OF, (7, 30, 120), events=one["events"], **shared)


@pytest.mark.parametrize("kind", ["early", "windows"])
def test_features_are_the_same(engines, kind):
    ours, theirs = (described(one, kind) for one in engines)
    assert ours.spec == theirs.spec
    assert ours.names == theirs.names
    assert len(ours.names) > 20
    assert ours.customer_id.to_pylist() == theirs.customer_id.to_pylist()
    np.testing.assert_array_equal(ours.matrix.toarray(), theirs.matrix.toarray())


def test_targets_are_the_same(engines):
    for of, day in ((first_year, AS_OF), (ahead, date(2021, 6, 30))):
        ours, theirs = (of(one["orders"], day, 3) for one in engines)
        assert ours.customer_id.to_pylist() == theirs.customer_id.to_pylist()
        np.testing.assert_array_equal(ours.monthly, theirs.monthly)
        assert ours.monthly.sum() > 0
