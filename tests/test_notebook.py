"""The notebooks: executed from a clean kernel, they say what is stored and what is known."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from clv.report import analysis
from clv.report.analysis.plan import STEPS
from tests import notebooks
from tests.notebooks import execute, plain, same, shown
from tests.places import ROOT
from tests.shops import make_run, new_store, shop

STORED = ROOT / "notebooks/purchase_forecast.ipynb"
AGAIN = "Execute it again: jupyter execute --inplace notebooks/purchase_forecast.ipynb"


@pytest.fixture(scope="module")
def stored():
    return notebooks.stored(STORED.stem)


@pytest.fixture(scope="module")
def fresh(stored):
    return execute(stored)


# -- the notebook of the repository -----------------------------------------------------------------


def test_it_is_a_notebook_with_all_its_outputs(stored):
    nbformat.validate(stored)
    code = [c for c in stored["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert cell["outputs"], cell["id"]
        for output in cell["outputs"]:
            assert output["output_type"] in {"display_data", "execute_result"}
            assert output["data"]["text/plain"]
    assert STORED.stat().st_size < 2_000_000


def test_the_questions_are_answered_in_order(stored):
    asked = [
        *("read", "fit", "check", "outlook", "buyers", "spenders", "assumptions", "survival"),
        *("evidence", "held", "verdict", "ideas", "bins", "twins"),
    ]
    assert [c["id"] for c in stored["cells"] if c["cell_type"] == "code"] == asked


def test_it_shows_without_a_network_and_tells_nobody_where_it_was_made(stored):
    text = json.dumps(stored)
    assert set(re.findall(r"https?://[^\s\"'<\\]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in text
    assert not re.search(r"/(home|root|work|tmp|usr|var)/", text)
    pictures = [o for outputs in shown(stored).values() for o in outputs if "image/svg+xml" in o]
    assert len(pictures) >= 15
    assert all(p["image/svg+xml"].startswith("<svg") for p in pictures)


def test_executed_again_it_says_the_same(stored, fresh):
    before, after = shown(stored), shown(fresh)
    for cell, outputs in before.items():
        kinds = [sorted(o) for o in outputs]
        assert [sorted(o) for o in after[cell]] == kinds, f"{cell}. {AGAIN}"
        for old, new in zip(outputs, after[cell], strict=True):
            assert all(same(old[kind], new[kind]) for kind in old), f"{cell}. {AGAIN}"


def numbers(text):
    """Return a printed data frame: row → numbers."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return {row[0]: [float(v) for v in row[1:]] for row in rows if len(row) > 1}


def test_the_parameters_are_those_of_lifetimes(fresh):
    """CDNOW master, 39 weeks, in weeks; LL −95,336.96."""
    found = numbers(plain(fresh, "check"))
    for name, value in {"r": 0.6371, "alpha": 7.3103, "a": 0.8075, "b": 1.2284}.items():
        assert found[name] == [pytest.approx(value, abs=2e-4), value]


def test_the_hold_out_is_the_known_one(fresh):
    """CDNOW master, 39 weeks known, 39 weeks ahead."""
    found = numbers(plain(fresh, "held"))
    for name, (mae, rmse, bias, gini, top10) in {
        "mbg-nbd": (0.7945, 1.740, -0.191, 0.666, 0.459),
        "bg-nbd": (0.8187, 1.733, -0.143, 0.663, 0.456),
    }.items():
        assert found[name][0] == pytest.approx(mae, abs=1e-4)
        assert found[name][1:] == pytest.approx([rmse, bias, gini, top10], abs=1e-3)


def test_the_lists_have_a_hundred_customers(fresh):
    for cell in ("buyers", "spenders"):
        rows = [r for r in plain(fresh, cell).splitlines() if re.match(r" *\d+  \d{5} ", r)]
        assert [int(r.split()[0]) for r in rows] == list(range(1, 101))
        assert len({r.split()[1] for r in rows}) == 100


def test_the_simulation_is_asked_four_times(fresh):
    rows = [
        r
        for r in plain(fresh, "survival").splitlines()
        if re.match(r"10+ (days|years) |1 year ", r)
    ]
    assert [" ".join(r.split()[:2]) for r in rows] == ["10 days", "1 year", "10 years", "100 years"]
    alive = [int(r.split()[2]) for r in rows]
    assert alive == sorted(alive, reverse=True)
    assert 0 < alive[0] <= 100


def test_every_assumption_has_a_verdict(fresh):
    table = shown(fresh)["assumptions"][1]["text/plain"]
    assert len(re.findall(r"✓ Holds|\? Doubtful|✗ Violated|Too little data", table)) == 10


# -- the notebook of one's own forecast -------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(
        new_store(tmp_path_factory.mktemp("notebook")),
        shop(customers=120),
        currency="EUR",
        backtest=True,
    )


@pytest.fixture(scope="module")
def own(run):
    return json.loads(analysis.build(run, ".ipynb", lambda *_: None))


def test_the_outputs_are_what_the_cells_make(run, own):
    """Word for word: from the stored run, in a clean kernel."""
    nbformat.validate(own)
    begin = own["cells"][1]
    moved = begin["source"].replace("STORE = None", f"STORE = {str(run.path.parents[1])!r}")
    assert moved != begin["source"]
    copy = own | {"cells": [own["cells"][0], begin | {"source": moved}, *own["cells"][2:]]}
    assert shown(execute(copy)) == shown(own)
    assert [c["source"] for c in own["cells"] if c["cell_type"] == "code"][1:] == [
        step.code for step in STEPS
    ]


def test_it_can_be_made_from_the_order_file(run, own, tmp_path):
    (path,) = [tmp_path / "orders.csv"]
    path.write_text(shop(customers=120))
    source = own["cells"][1]["source"].replace("FILES = []", f"FILES = [{str(path)!r}]")
    names = {}
    exec(source, names)  # noqa: S102 - the notebook's first cell
    again = names["run"]
    assert again.id != run.id
    assert again.top("spenders").equals(run.top("spenders"))


def test_its_first_cell_holds_what_the_run_was_made_with(run, own):
    source = own["cells"][1]["source"]
    assert f"RUN = {run.id!r}" in source
    assert "'horizon_months': 12" in source
    assert "'currency': 'EUR'" in source
    assert str(run.path.parents[1]) not in json.dumps(own)
