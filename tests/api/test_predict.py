"""The value of new customers' first months, by a trained model: equal to the model's own answers."""

from __future__ import annotations

import shutil

import pytest

from clv.api.config import Config
from clv.learn import artefact
from tests.api.conftest import client
from tests.api.test_lookups import problem

ROW = {
    "cohort_month_str": "2022-03",
    "customer_state": "east",
    "rev_1m": 10,
    "n_orders_1m": 1,
    "rev_3m": 35.5,
    "n_orders_3m": 2,
}


@pytest.fixture(scope="module")
def asked(sold, ltv):
    with client(Config(sold.root, ltv_model=ltv)) as one:
        yield one


def test_one_object_and_many(asked, ltv):
    model = artefact.load(ltv)
    rows = [ROW | {"rev_3m": 35.5 + i, "customer_state": s} for i, s in enumerate(["east", "none"])]
    expected = model.score(rows)
    body = asked.post("/predict", json=rows).json()["predictions"]
    for found, same in zip(body, expected, strict=True):
        assert found["predicted_ltv"] == same["predicted_value"]
        for name in ("low", "high", "observed", "predicted_remaining"):
            assert found[name] == same[name]
        assert (found["horizon_months"], found["model"]) == (6, "lasso")
    assert asked.post("/predict", json=rows[0]).json() == body[0]
    assert body[0]["observed"] == 35.5
    # Who lives in the east buys six times a year, in the other state never again.
    assert body[0]["predicted_remaining"] > 2 * body[1]["predicted_remaining"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rev_3m": None}, "rev_3m"),
        ({"rev_3m": "much"}, "rev_3m"),
        ({"cohort_month_str": "March"}, "cohort_month"),
        ({"n_orders_1m": [1]}, "n_orders_1m"),
    ],
)
def test_what_cant_be_used_is_named(asked, change, field):
    body = problem(asked.post("/predict", json=[ROW, ROW | change]), 422)
    assert body["errors"][0]["field"] == f"[1].{field}"
    assert set(body["features"]) == {"cohort_month", *list(ROW)[1:]}


def test_too_many_or_none(asked):
    assert len(asked.post("/predict", json=[ROW] * 1000).json()["predictions"]) == 1000
    for rows in ([], [ROW] * 1001):
        problem(asked.post("/predict", json=rows), 422)
    problem(asked.post("/predict", json="text"), 422)


def test_without_a_model_the_answer_is_the_way_out(sold, tmp_path):
    for folder in (None, tmp_path / "nothing"):
        with client(Config(sold.root, ltv_model=folder)) as one:
            assert "CLV_LTV_MODEL" in problem(one.post("/predict", json=ROW), 409)["detail"]


def test_a_model_that_was_changed_is_refused(sold, ltv, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(ltv, folder)
    with (folder / "model_df.csv").open("a") as file:
        file.write("more\n")
    with client(Config(sold.root, ltv_model=folder)) as one:
        assert "changed" in problem(one.post("/predict", json=ROW), 409)["detail"]
        shutil.rmtree(folder)
        shutil.copytree(ltv, folder)
        assert one.post("/predict", json=ROW).status_code == 200
