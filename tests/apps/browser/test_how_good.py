"""How good is it, in a real browser: the receipt at once, or made in the background; tabs; phone."""

from __future__ import annotations

import csv
import json
import re

import pytest

from clv.runs import Store
from tests.shops import make_run, shop

pytestmark = pytest.mark.browser

WHERE = "/How_good_is_it?run="


def tab(one, name):
    one.tab.get_by_role("tab", name=name).click()
    one.settle()


@pytest.fixture(scope="module")
def untested(store_root):
    return make_run(Store(store_root), shop(), currency="EUR").id


def test_a_tested_run_shows_its_receipt_at_once(visit, store_root, run_id):
    one = visit()
    one.open(WHERE + run_id)
    one.chart("ranking")
    found = Store(store_root).run(run_id).receipt
    number = len(found["origins"])
    assert f"Tested on {number} past date{'s' if number > 1 else ''}" in one.text()
    assert "How this forecast was chosen" in one.text()
    tab(one, "Ranges")
    one.chart("coverage")
    assert "Ranges meant to hold for 8 in 10 customers held for" in one.text()
    tab(one, "Two models compared")
    one.chart("bins")
    files = {
        "download_backtest_json": lambda path: json.loads(path.read_text())["choice"],
        "download_backtest_customers_csv": lambda path: list(
            csv.DictReader(path.read_text("utf-8").splitlines())
        ),
    }
    read = {key: parse(one.download(key)) for key, parse in files.items()}
    assert read["download_backtest_json"] == found["choice"]
    assert len(read["download_backtest_customers_csv"]) == found["origins"][-1]["customers"]


def test_an_untested_run_is_tested_in_the_background(visit, store_root, untested):
    one = visit()
    one.tab.goto(one.address + WHERE + untested)
    # Progress first: what is done, and how much of it.
    one.shows("job")
    one.chart("ranking")
    assert "MBG/NBD was " in one.text()
    assert Store(store_root).run(untested).receipt["customers_tested"] == 300
    # It is there at once the next time.
    again = visit()
    again.open(WHERE + untested)
    again.chart("ranking")


def test_nothing_sticks_out_on_a_phone(visit, run_id):
    one = visit(width=390, height=6000)
    one.open(WHERE + run_id)
    for view, key in (
        ("Accuracy", "tracking"),
        ("Ranges", "coverage"),
        ("Two models compared", "bins"),
    ):
        tab(one, view)
        one.chart(key)
        assert one.overflow() <= 0, view


def test_the_summary_leads_here(visit, run_id):
    one = visit()
    one.open(f"/?run={run_id}")
    one.chart("history")
    one.tab.get_by_test_id("stMain").get_by_role("link", name="How good is it?").click()
    one.chart("ranking")
    assert re.search(rf"/How_good_is_it\?run={run_id}", one.tab.url)
