"""The survival page in a real browser: by the navigation, by link, on a phone."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_from_the_navigation_to_a_link_that_shows_the_same_run(visit, run_id):
    v = visit()
    v.open(f"/?run={run_id}")
    v.chart("history")
    v.tab.get_by_role("link", name="Survival").click()
    v.tab.wait_for_url(f"**/Survival?run={run_id}")
    for key in ("alive", "purchases", "lives"):
        v.chart(key)
    assert "Of 100 new customers" in v.text()
    before = v.tab.get_by_test_id("stMetricValue").all_inner_texts()
    v.click("run_again")
    expect(v.tab.get_by_test_id("stMetricValue").last).not_to_have_text(before[-1])
    v.tab.get_by_text("Your customers", exact=True).click()
    v.tab.get_by_text("Of 100 of your customers").wait_for()
    seed = v.tab.get_by_test_id("stNumberInputField")
    seed.fill("42")
    seed.press("Enter")
    v.tab.wait_for_url(re.compile("seed=42"))
    v.tab.get_by_text("This run has the seed 42").first.wait_for()
    v.settle()
    cards = v.tab.get_by_test_id("stMetricValue").all_inner_texts()
    rows = list(csv.DictReader(v.download("download_survival").read_text("utf-8").splitlines()))
    assert len(rows) == 100
    alive = sum(row["alive_after_1_year"] == "true" for row in rows)
    orders = sum(int(row["purchases_after_1_year"]) for row in rows)
    assert cards[1].replace("\u00a0", " ").startswith(f"{alive} alive, {orders:,} order")
    # Somebody who gets the link sees the very same run.
    link = v.tab.url.removeprefix(v.address)
    other = visit()
    other.open(link)
    other.chart("lives")
    assert other.tab.get_by_test_id("stMetricValue").all_inner_texts() == cards


@pytest.mark.parametrize("population", ["new", "yours"])
def test_nothing_sticks_out_on_a_phone(visit, run_id, population):
    v = visit(width=390, height=3200)
    v.open(f"/Survival?run={run_id}&population={population}")
    v.chart("lives")
    assert v.overflow() <= 0
