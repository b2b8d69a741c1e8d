"""The notebooks on first-year value: executed from a clean kernel, they say what is stored."""

from __future__ import annotations

import json
import re

import nbformat
import numpy as np
import pytest

from clv.core import metrics
from clv.learn import artefact
from clv.samples import DATA
from tests.notebooks import execute, plain, same, shown, stored
from tools.samples import SEED
from tools.samples.marketplace import first_year

CELLS = {
    "marketplace_ltv": [
        *("read", "newcomers", "category", "state", "payment", "second", "board", "gain"),
        *("looked-at", "truth", "bids", "score"),
    ],
    "ltv_demo": ["load", "prove", "one", "all", "worth"],
}


@pytest.fixture(scope="module")
def fresh(marketplace_notebook):
    executed = marketplace_notebook / "executed.ipynb"
    return {
        "marketplace_ltv": nbformat.read(executed, as_version=4),
        "ltv_demo": execute(stored("ltv_demo")),
    }


@pytest.mark.parametrize("name", CELLS)
def test_it_is_a_notebook_with_all_its_outputs(name):
    notebook = stored(name)
    nbformat.validate(notebook)
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    assert [c["id"] for c in code] == CELLS[name]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert cell["outputs"], cell["id"]
        for output in cell["outputs"]:
            assert output["output_type"] in {"display_data", "execute_result"}
            assert output["data"]["text/plain"]
    text = json.dumps(notebook)
    assert len(text) < 500_000
    assert set(re.findall(r"https?://[^\s\"'<\\]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"/(home|root|work|tmp|usr|var)/", text)


@pytest.mark.parametrize("name", CELLS)
def test_executed_again_it_says_the_same(name, fresh):
    again = f"Execute it again: jupyter execute --inplace notebooks/{name}.ipynb"
    before, after = shown(stored(name)), shown(fresh[name])
    for cell, outputs in before.items():
        assert [sorted(o) for o in after[cell]] == [sorted(o) for o in outputs], f"{cell}. {again}"
        for old, new in zip(outputs, after[cell], strict=True):
            # Data frames as HTML say nothing that their text does not say.
            kinds = [kind for kind in old if kind != "text/html" or len(old) == 1]
            assert all(same(old[kind], new[kind]) for kind in kinds), f"{cell}. {again}"


def test_what_was_planted_is_found(fresh):
    """Categories differ in worth, the way of paying does not (`tools.samples.market`)."""
    assert "watches_gifts brings most" in plain(fresh["marketplace_ltv"], "category")
    assert "No value of “payment_type”" in plain(fresh["marketplace_ltv"], "payment")
    assert "later brings R$" in plain(fresh["marketplace_ltv"], "second")


def test_the_truth_ranks_as_the_generator_says(fresh):
    rows = plain(fresh["marketplace_ltv"], "truth").splitlines()[1:]
    found = {row.rsplit(None, 2)[0]: int(row.rsplit(None, 2)[1][:-1]) for row in rows}
    best = max(share for name, share in found.items() if name != "The true expectation")
    assert abs(best - found["The true expectation"]) <= 3


def test_the_small_model_ranks_far_better_than_chance():
    """On customers of the committed model's test, against what they are worth in truth."""
    import pandas as pd

    rows = pd.read_csv(DATA / "ltv_demo/model_df.csv", dtype={"customer_id": str})
    truth = first_year(np.random.default_rng(SEED), 3).to_pandas()
    held = rows[rows["split"] == "test"].merge(truth, on="customer_id", suffixes=("", "_true"))
    assert len(held) == artefact.read_card(DATA / "ltv_demo")["report"]["dates"][-1]["tested"]
    expected = held["remaining_true"]
    said = held["prediction"] - held["observed"]
    oracle = metrics.capture(expected, expected, 0.1)
    assert metrics.capture(expected, said, 0.1) > 0.7 * oracle
    assert oracle > 0.4


def test_the_small_model_answers_the_example():
    model = artefact.load(DATA / "ltv_demo")
    asked = {"cohort_month_str": "2017-01", "customer_state": "SP", "rev_1m": 10}
    asked |= {"n_orders_1m": 1, "rev_3m": 10, "n_orders_3m": 1}
    (answer,) = model.score([asked])
    assert answer["observed"] == 10
    assert 10 <= answer["low"] <= answer["predicted_value"] <= answer["high"]
    (again,) = model.score([asked | {"rev_3m": 210, "n_orders_3m": 2}])
    assert again["predicted_remaining"] > 10 * answer["predicted_remaining"]
