"""First-year value in a real browser: trained and stopped, costs uploaded, files taken, on a phone."""

from __future__ import annotations

import csv
import json
import zipfile

import pytest

from clv.insights.newcomers import training
from clv.learn.work import Work
from clv.runs import Store
from tests.apps.ui.test_first_year import labelled
from tests.insights.test_worth import QUICK
from tests.shops import make_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trained(server, store_root):
    """A run in the server's store with a training of three months."""
    assert server
    # So many that a training takes its time: it is left, come back to, and stopped.
    content = labelled(customers=4000, days=900)
    run = make_run(Store(store_root), content, currency="EUR", options={"labels": ("channel",)})
    training.make(run, QUICK, Work())
    return run


def show(v, view):
    v.tab.locator(".st-key-first_year_view").get_by_text(view).click()
    v.settle()


def test_worth_a_training_that_is_stopped_and_the_files(visit, trained):
    v = visit(height=4200)
    v.open(f"/First_year_value?run={trained.id}")
    v.chart("worth_groups")
    v.chart("ltv_curves")
    assert "A new customer brings €" in v.text()
    rows = list(csv.DictReader(v.download("download_worth").read_text("utf-8").splitlines()))
    assert {r["value"] for r in rows} == {"ads", "mail"}
    show(v, "Who will be worth it")
    for key in ("first_year_deciles", "first_year_gain", "first_year_importance"):
        v.chart(key)
    with zipfile.ZipFile(v.download("download_model")) as packed:
        assert "model/card.json" in packed.namelist()
    scored = v.download("download_first_year_predictions").read_text("utf-8").splitlines()
    assert len(scored) == 4001
    card = json.loads(v.download("download_card").read_text("utf-8"))
    assert card["report"]["as_of"] == trained.settings["as_of"]
    v.tab.get_by_text("Train another forecast").click()
    v.shows("train")
    v.click("train")
    v.shows("stop_job")
    # Whoever comes back finds it still going on.
    v.open(f"/First_year_value?run={trained.id}")
    show(v, "Who will be worth it")
    v.shows("stop_job")
    v.click("stop_job")
    v.tab.get_by_text("The training was stopped.").wait_for(timeout=30_000)
    show(v, "What to pay")
    v.shows("help_bids")
    v.settle()
    v.tab.get_by_text("Put advertising costs beside it").click()
    v.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "costs.csv", "mimeType": "text/csv", "buffer": b"channel,spend\nads,900\nmail,5\n"}
    )
    v.tab.get_by_text("2 of 2 channels earn back what they cost").wait_for(timeout=30_000)
    assert "Read “channel” as the channel" in v.text()


def test_nothing_sticks_out_on_a_phone(visit, trained):
    v = visit(width=390, height=6000)
    v.open(f"/First_year_value?run={trained.id}")
    for view, key in (
        ("What they are worth", "worth_groups"),
        ("Who will be worth it", "first_year_gain"),
        ("What to pay", "cards-first-year"),
    ):
        show(v, view)
        v.shows(key)
        v.settle()
        assert v.overflow() <= 0
