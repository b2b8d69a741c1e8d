"""The value of new customers' first months, by a trained model: equal to the model's own answers."""

from __future__ import annotations

import json
import shutil

import pytest

from clv.apps.api.config import Config
from clv.learn import artefact
from clv.samples import demo_model
from tests.apps.api.conftest import client
from tests.apps.api.test_lookups import problem

ROW = {
    "cohort_month_str": "2022-03",
    "customer_state": "east",
    "rev_1m": 10,
    "n_orders_1m": 1,
    "rev_3m": 35.5,
    "n_orders_3m": 2,
}


JSON = {"Content-Type": "application/json"}


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
        ({"cohort_month_str": "March"}, "cohort_month_str"),
        ({"n_orders_1m": [1]}, "n_orders_1m"),
        ({"n_orders_1m": -1}, "n_orders_1m"),
        ({"n_orders_1m": 1.5}, "n_orders_1m"),
        ({"n_orders_1m": 3}, "n_orders_3m"),
        ({"rev_1m": True}, "rev_1m"),
        ({"rev_1m": "1_000"}, "rev_1m"),
        ({"rev_1m": "10,5"}, "rev_1m"),
        ({"rev_1m": "NaN"}, "rev_1m"),
        ({"rev_1m": 1e300}, "rev_1m"),
        ({"customer_state": ["east"]}, "customer_state"),
        ({"customer_state": None}, "customer_state"),
        ({"cohort_month_str": 202203}, "cohort_month_str"),
        ({"cohort_month_str": "2022-13"}, "cohort_month_str"),
        ({"cohort_month_str": "2022-03-32"}, "cohort_month_str"),
        ({"cohort_month_str": "9999-12"}, "cohort_month_str"),
        ({"cohort_month_str": None}, "cohort_month"),
    ],
)
def test_what_cant_be_used_is_named(asked, change, field):
    body = problem(asked.post("/predict", json=[ROW, ROW | change]), 422)
    assert body["errors"][0]["field"] == f"[1].{field}"
    assert set(body["features"]) == {"cohort_month", *list(ROW)[1:]}
    assert body["detail"].startswith("Row 1: ")
    # The same of one alone, which has no place in a list.
    alone = problem(asked.post("/predict", json=ROW | change), 422)
    assert [e["field"] for e in alone["errors"]] == [field]
    assert f"Row 1: {alone['detail']}" == body["detail"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_no_number(asked, word):
    content = json.dumps(ROW).replace("35.5", word)
    body = problem(asked.post("/predict", content=content, headers=JSON), 422)
    assert body["errors"][0]["field"] == "rev_3m"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(("text", ""), (1, ""), (None, ""), ([1], "[0]"), ([ROW, None], "[1]"), ([[ROW]], "[0]")),
        *(({}, "cohort_month"), ({"rows": [ROW]}, "cohort_month")),
    ],
)
def test_what_is_no_customer_is_refused(asked, body, field):
    found = problem(asked.post("/predict", content=json.dumps(body), headers=JSON), 422)
    assert [e["field"] for e in found["errors"]] == [field]
    assert "dictionary" not in found["detail"]


def test_of_many_that_are_none_some_are_named(asked):
    found = problem(asked.post("/predict", json=[1] * 1000), 422)
    assert [e["field"] for e in found["errors"]] == [f"[{i}]" for i in range(100)]


def test_an_empty_body_is_said(asked):
    assert (
        problem(asked.post("/predict", headers=JSON), 422)["detail"] == "The body: There is none."
    )


def test_what_the_model_has_not_learned_is_told(asked):
    known, unknown = asked.post("/predict", json=[ROW, ROW | {"customer_state": "Mars"}]).json()[
        "predictions"
    ]
    assert (known["unknown"], unknown["unknown"]) == ([], ["customer_state"])
    other = asked.post("/predict", json=ROW | {"customer_state": "other"}).json()
    assert unknown["predicted_ltv"] == other["predicted_ltv"]
    assert (other["unknown"], other["demo"]) == ([], False)


def test_numbers_may_be_text_and_more_may_come_along(asked):
    text = {k: str(v) for k, v in ROW.items()} | {"customer_id": "C1", "rev_12m": 99}
    assert asked.post("/predict", json=text).json() == asked.post("/predict", json=ROW).json()


#: The specification's own example.
ASKED = {
    "cohort_month_str": "2017-01",
    "customer_state": "SP",
    "rev_1m": 10,
    "n_orders_1m": 1,
    "rev_3m": 10,
    "n_orders_3m": 1,
}


def test_with_nothing_set_the_demo_model_answers_and_says_so(sold, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(sold.root))
    model = artefact.load(demo_model())
    for given in ({}, {"CLV_LTV_MODEL": ""}):
        with client(Config.from_environment(given)) as one:
            body = one.post("/predict", json=ASKED).json()
        expected = model.score([ASKED])[0]
        assert body["predicted_ltv"] == expected["predicted_value"] >= body["observed"] == 10.0
        assert body["low"] <= body["high"]
        assert (body["demo"], body["unknown"], body["horizon_months"]) == (True, [], 12)


def test_with_a_folder_set_nothing_else_answers(sold, tmp_path):
    config = Config.from_environment({"CLV_LTV_MODEL": str(tmp_path / "nothing")})
    assert (config.demo, config.ltv_model) == (False, tmp_path / "nothing")
    with client(Config(sold.root, ltv_model=config.ltv_model)) as one:
        problem(one.post("/predict", json=ASKED), 409)


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
