"""A small invented shop with planted effects, and what is learned from it."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from clv.learn.plans import Design
from clv.learn.train import train

FIRST, LAST = date(2021, 1, 1), date(2022, 6, 30)
STATES = ("east", "west", "none")
#: Expected further orders a year by state.
RATES = {"east": 6.0, "west": 2.0, "none": 0.0}
#: How quick tests learn.
QUICK = ("boosting", "lasso", "lightgbm-two-part")


def shop(customers: int = 1500, seed: int = 3) -> tuple[pa.Table, pa.Table]:
    """Return orders and labels: what somebody buys again depends on the state alone."""
    rng = np.random.default_rng(seed)
    days = (LAST - FIRST).days
    first = rng.integers(0, days, customers)
    state = rng.integers(0, len(STATES), customers)
    rate = np.array([RATES[s] for s in STATES])[state]
    many = rng.poisson(rate * (days - first) / 365.25)
    who = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), many)])
    later = first[who[customers:]]
    day = np.concatenate([first, later + 1 + rng.random(len(later)) * (days - later)])
    at = np.datetime64(FIRST, "s") + np.minimum(day * 86_400, days * 86_400 + 80_000).astype(int)
    value = np.round(np.exp(rng.normal(3.5, 0.5, customers)[who] + rng.normal(0, 0.2, len(who))), 2)
    orders = pa.table(
        {
            "customer_id": [f"c{i:05d}" for i in who],
            "order_id": [f"o{i:06d}" for i in range(len(who))],
            "ordered_at": pa.array(at.astype("datetime64[us]")),
            "revenue": value,
            "items": np.ones(len(who), dtype=np.int64),
        }
    )
    labels = pa.table(
        {
            "customer_id": [f"c{i:05d}" for i in range(customers)],
            "state": [STATES[i] for i in state],
        }
    )
    return orders, labels


def connected(orders: pa.Table, labels: pa.Table) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    for name, rows in (("orders", orders), ("labels", labels)):
        con.register(f"{name}_given", rows)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_given")
    return con


@pytest.fixture(scope="session")
def small():
    with connected(*shop()) as con:
        yield con


@pytest.fixture(scope="session")
def early_design():
    return Design("early", 3, after=("2w", "4w"))


@pytest.fixture(scope="session")
def small_trained(small, early_design):
    return train(small, early_design, learners=QUICK)


@pytest.fixture(scope="session")
def window_trained():
    # Of one window: five of them are hundreds of features, which take their time.
    with connected(*shop(600)) as con:
        return train(
            con, Design("window", 3, days=(30,)), learners=("boosting", "lightgbm-tweedie")
        )
