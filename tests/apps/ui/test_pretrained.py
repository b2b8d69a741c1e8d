"""Ready-made models in the dashboard: chosen among the models, shown for what they know."""

from __future__ import annotations

import pytest

from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.learn.ready_made import comparison
from clv.learn.ready_made.shelf import Shelf
from clv.runs import Store
from tests.apps.ui.conftest import texts
from tests.learn.ready_made.case import AS_OF, SUMS, dilled, kept, made, shop


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_MODELS", str(tmp_path / "models"))
    Shelf().put("sums", dilled(SUMS))
    return Shelf()


@pytest.fixture
def file(tmp_path):
    return shop(tmp_path / "lines.csv")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def run(pages, root, monkeypatch):
    """A run that all tests of this file share, with its shelf and its store."""
    found = kept(root)
    monkeypatch.setenv("CLV_MODELS", str(root / "models"))
    monkeypatch.setenv("CLV_RUNS", str(root / "runs"))
    return found


def test_it_is_one_more_model_to_choose_and_gives_the_functions_numbers(pages, shelf, file):
    store = Store()
    draft = store.new_draft()
    draft.add_upload(file.name, iter([file.read_bytes()]))
    pipeline.check(draft, draft.inputs, IngestOptions(), AS_OF)
    at = pages.settle(pages.open(draft=draft.id))
    assert "Ready-made model “sums”" in at.selectbox(key="model").options
    at.selectbox(key="model").set_value("pretrained:sums")
    at.button(key="run_forecast").click().run()
    at = pages.settle(at)
    assert not at.exception
    run = store.latest()
    expected = made(store, file, "pretrained:sums").summary
    assert run.settings["model"] == "pretrained:sums"
    assert run.summary == expected
    read = texts(at)
    assert f"Worth in all {expected['predicted_clv']:,.0f}" in read
    assert "the ready-made model “sums” says" in read


def test_without_a_shelf_or_with_a_damaged_one_the_other_models_are_there(pages, shelf, file):
    store = Store()
    draft = store.new_draft()
    draft.add_upload(file.name, iter([file.read_bytes()]))
    pipeline.check(draft, draft.inputs, IngestOptions(), AS_OF)
    (shelf.root / "manifest.json").write_text("{")
    at = pages.settle(pages.open(draft=draft.id))
    assert not at.exception
    assert not [o for o in at.selectbox(key="model").options if "Ready-made" in o]


@pytest.mark.parametrize(
    "page",
    ["", "Cohorts", "Top_customers", "Survival", "Segments", "How_good_is_it", "Model_health"],
)
def test_every_page_copes(pages, run, page):
    at = pages.settle(pages.open(page, run=run.id))
    assert not at.exception
    assert not at.error
    read = texts(at)
    assert "None" not in read
    assert "nan" not in read.lower().split()
    # The horizon of the settings is not the model's.
    assert "No ranges" not in read


def test_top_customers_are_ranked_by_value(pages, run):
    at = pages.open("Top_customers", run=run.id)
    (table,) = at.dataframe
    shown = table.value
    top = run.top("spenders", 1000)
    assert list(shown["Customer"]) == top["customer_id"].to_pylist()
    assert list(shown["Worth (€)"]) == [round(v) for v in top["predicted_clv"].to_pylist()]
    total = run.summary["predicted_clv"]
    assert f"These 60 customers are worth €{total:,.0f}." in texts(at)
    at.number_input(key="how_many").set_value(10).run()
    best = sum(top["predicted_clv"].to_pylist()[:10])
    assert f"These 10 customers are worth €{best:,.0f}: " in texts(at)


def test_one_customer_has_a_value_and_a_history(pages, run):
    worth = run.customer("c07")["predicted_clv"]
    at = pages.open("Customer_lookup", run=run.id, customer="c07")
    assert not at.exception
    read = texts(at)
    assert f"This customer is worth €{worth:,.0f}" in read.replace(
        f"€{worth:,.2f}", f"€{worth:,.0f}"
    )
    assert "What it is asked with" in read
    assert "Chance of buying" not in read
    assert "12 months" not in read


def test_segments_are_tiers_of_value(pages, run):
    at = pages.open("Segments", run=run.id)
    (table,) = at.dataframe
    assert list(table.value["Customers"]) == [12, 18, 30]
    assert [b.proto.label for b in at.get("download_button")] == [
        "Best 20\u00a0% (CSV)",
        "Next 30\u00a0% (CSV)",
        "The rest (CSV)",
    ]


def test_the_comparison_on_past_dates(pages, run):
    at = pages.settle(pages.open("How_good_is_it", run=run.id))
    found = comparison.stored(run)
    rows = comparison.together(found)
    (table,) = at.dataframe
    shown = table.value
    assert "Ready-made model “sums”" in set(shown["Forecast"])
    own = next(r for r in rows if r["contender"] == "pretrained:sums")
    at_place = list(shown["Forecast"]).index("Ready-made model “sums”")
    assert shown["Caught by its best 10 % (%)"][at_place] == pytest.approx(
        own["top10"] * 100, abs=0.06
    )
    assert "On past dates the best tenth of customers by the ready-made model brought" in texts(at)
