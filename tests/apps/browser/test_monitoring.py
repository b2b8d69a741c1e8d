"""Monitoring in a real browser: two runs of a file, their pictures and files, on a phone."""

from __future__ import annotations

import csv
import json

import pytest

from tests.insights.test_monitor import EARLY, LAST, change
from tests.shops import make_run, new_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def watched(store_root):
    """Put two runs of one shop beside the others of the server's store; return the later one."""
    store = new_store(store_root)
    for when in (EARLY, LAST):
        run = make_run(store, change(lambda r: [r]), as_of=when, horizon_months=3, currency="EUR")
    return run


def test_from_the_navigation_to_pictures_and_files(visit, watched):
    v = visit(height=3000)
    v.open(f"/?run={watched.id}")
    v.chart("history")
    v.tab.get_by_role("link", name="Monitoring").click()
    v.tab.wait_for_url(f"**/Monitoring?run={watched.id}")
    v.shows("cards-monitoring")
    v.chart("monitor_months")
    v.chart("monitor_history")
    assert "The forecast of 31 Oct 2016 expected" in v.text()
    rows = list(csv.DictReader(v.download("download_monitor_csv").read_text("utf-8").splitlines()))
    found = json.loads(v.download("download_monitor_json").read_text("utf-8"))
    assert len([r for r in rows if r["kind"] == "data"]) == len(found["data"])
    v.tab.get_by_role("radio", name="Chances of buying").click()
    v.chart("monitor_chances")


def test_nothing_sticks_out_on_a_phone(visit, watched):
    v = visit(width=390, height=4000)
    v.open(f"/Monitoring?run={watched.id}")
    v.chart("monitor_history")
    v.settle()
    assert v.overflow() <= 0


def test_a_run_alone_says_what_there_will_be(visit, run_id):
    v = visit()
    v.open(f"/Monitoring?run={run_id}")
    v.tab.get_by_text("first forecast of these customers").wait_for()
