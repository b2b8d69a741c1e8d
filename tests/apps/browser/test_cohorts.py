import csv

import pytest

from clv.insights.cohorts.report import cohorts_of
from clv.runs import Store

pytestmark = pytest.mark.browser


@pytest.fixture
def run(run_id, store_root):
    return Store(store_root).run(run_id)


def test_cohorts_in_full(visit, run):
    v = visit()
    v.open(f"/Cohorts?run={run.id}")
    for chart in ("heatmap", "curves", "sizes"):
        v.chart(chart)
    found = cohorts_of(run, "month")
    rows = list(csv.DictReader(v.download("download_cohorts").read_text("utf-8").splitlines()))
    facts = [r for r in rows if r["status"] != "forecast"]
    assert sum(float(r["orders"]) for r in facts) == run.summary["orders"]
    customers = v.download("download_cohort_customers").read_text("utf-8").splitlines()
    assert len(customers) == run.summary["customers"] + 1
    triangle = v.download("download_triangle").read_text("utf-8").splitlines()
    assert len(triangle) == len(found.facts.cohorts) + 1


def test_on_a_phone_the_triangle_scrolls_inside_itself(visit, run):
    v = visit(width=390)
    v.open(f"/Cohorts?run={run.id}")
    v.chart("heatmap")
    v.settle()
    assert v.overflow() <= 0
    inside = v.tab.evaluate(
        "(() => { const m = document.querySelector('.st-key-scroll-heatmap');"
        " return m.scrollWidth - m.clientWidth; })()"
    )
    assert inside > 100
