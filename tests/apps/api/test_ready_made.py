"""A published run of a ready-made model: the same numbers as from the function, and what it can't say."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from clv.apps.api.config import Config
from clv.core.engine import connect
from clv.features import basket_matrix
from clv.forecast import publish
from clv.runs import Store
from tests.apps.api.conftest import client
from tests.apps.api.test_lookups import problem
from tests.learn.ready_made.case import AS_OF, kept


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that the model which adds up the six figures made."""
    root = tmp_path_factory.mktemp("kept")
    run = kept(root)
    publish.publish(Store(root / "runs"), run)
    return run


@pytest.fixture(scope="module")
def asked(made):
    with client(Config(made.path.parents[1])) as api:
        yield api


def test_the_numbers_are_the_functions_and_those_of_the_file(asked, made, tmp_path):
    with connect() as con:
        orders = con.from_parquet(str(made.file("orders.parquet")))
        ids, figures = basket_matrix(orders, AS_OF)
    worth = dict(zip(ids.to_pylist(), np.sum(figures, axis=1), strict=True))
    assert len(worth) == 60
    made.write("forecasts", tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        written = {row["customer_id"]: float(row["predicted_clv"]) for row in csv.DictReader(file)}
    served = {name: asked.get(f"/customers/{name}").json() for name in worth}
    assert {name: row["predicted_clv"] for name, row in served.items()} == pytest.approx(
        worth, rel=1e-12
    )
    assert written == {name: row["predicted_clv"] for name, row in served.items()}
    unsaid = ("p_alive", "p_purchase", "predicted_purchases", "predicted_clv_low", "segment")
    assert {row[name] for row in served.values() for name in unsaid} == {None}
    top = asked.get("/top/spenders?n=60").json()["customers"]
    assert [row["predicted_clv"] for row in top] == sorted(written.values(), reverse=True)
    assert problem(asked.get("/top/buyers"), 409)["detail"] == (
        "The published run has no forecast of purchases. See /api/top/spenders instead."
    )


def test_the_model_is_named(asked, made):
    (row,) = asked.get("/runs").json()["runs"]
    assert (row["run"], row["model"]) == (made.id, "pretrained:sums")
    assert row["predicted_clv"] == made.summary["predicted_clv"]
    card = asked.get("/model").json()["card"]
    assert (card["model"], card["ready_made"]["name"]) == ("pretrained:sums", "sums")


def test_transactions_cant_be_scored_with_it(asked):
    body = {"transactions": [{"customer_id": "a", "ordered_at": "2017-01-01", "revenue": 5}]}
    said = problem(asked.post("/score", json=body), 409)["detail"]
    assert 'the ready-made model "sums"' in said
    assert "publish a forecast of another model" in said
