"""Segments & actions in a real browser: by the navigation, its lists, on a phone."""

from __future__ import annotations

import csv

import pytest

pytestmark = pytest.mark.browser

TABS = {
    "Groups": "groups",
    "Overdue": "overdue_table",
    "Chance of buying": "likelihoods",
    "New customers": "newcomers",
}


def rows(path):
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_from_the_navigation_to_the_lists(visit, run_id):
    v = visit()
    v.open(f"/?run={run_id}")
    v.chart("history")
    v.tab.get_by_role("link", name="Segments & actions").click()
    v.tab.wait_for_url(f"**/Segments?run={run_id}")
    v.chart("groups")
    v.settle()
    assert "at risk or need attention" in v.text()
    listed = rows(v.download("list_at_risk"))
    assert list(listed[0]) == ["customer_id", "segment", "predicted_clv", "reason", "money_at_risk"]
    assert {r["segment"] for r in listed} == {"at risk"}
    v.tab.get_by_role("tab", name="Overdue").click()
    v.shows("list_overdue")
    risks = [float(r["money_at_risk"]) for r in rows(v.download("list_overdue"))]
    assert risks == sorted(risks, reverse=True)
    v.tab.get_by_role("tab", name="Chance of buying").click()
    v.chart("likelihoods")
    assert rows(v.download("list_highly_likely"))
    v.tab.get_by_role("tab", name="New customers").click()
    v.chart("newcomers")
    assert rows(v.download("download_newcomers"))[0]["value"] == "All customers"


def test_nothing_sticks_out_on_a_phone(visit, run_id):
    v = visit(width=390, height=3200)
    v.open(f"/Segments?run={run_id}")
    v.chart("groups")
    for name, key in TABS.items():
        v.tab.get_by_role("tab", name=name).click()
        v.shows(key)
        v.settle()
        assert v.overflow() <= 0, name
