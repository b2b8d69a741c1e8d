"""Model health in a real browser: by the navigation, its pictures and files, on a phone."""

from __future__ import annotations

import csv
import json

import pytest

pytestmark = pytest.mark.browser


def test_from_the_navigation_to_a_picture_and_the_files(visit, run_id):
    v = visit(height=3600)
    v.open(f"/?run={run_id}")
    v.chart("history")
    v.tab.get_by_role("link", name="Model health").click()
    v.tab.wait_for_url(f"**/Model_health?run={run_id}")
    v.shows("cards-health")
    assert "assumption" in v.text()
    rows = list(csv.DictReader(v.download("download_health_csv").read_text("utf-8").splitlines()))
    told = json.loads(v.download("download_health_json").read_text("utf-8"))
    assert [r["assumption"] for r in rows] == [a["assumption"] for a in told["assumptions"]]
    key = next(a["key"] for a in told["assumptions"] if a["rows"])
    v.tab.locator(f".st-key-fold_{key} summary").click()
    v.chart(f"picture_{key}")


def test_nothing_sticks_out_on_a_phone(visit, run_id):
    v = visit(width=390, height=6000)
    v.open(f"/Model_health?run={run_id}")
    v.shows("cards-health")
    v.settle()
    assert v.overflow() <= 0
