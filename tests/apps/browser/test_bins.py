"""Two models compared, in a real browser: another rival, other limits, chances from outside, files."""

from __future__ import annotations

import csv

import pytest
from playwright.sync_api import expect

from clv.runs import Store
from tests.shops import make_run, shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tested(store_root):
    return make_run(Store(store_root), shop(), backtest=True, currency="EUR")


@pytest.fixture
def one(visit, tested):
    one = visit()
    one.open(f"/How_good_is_it?run={tested.id}")
    one.tab.get_by_role("tab", name="Two models compared").click()
    one.chart("bins")
    return one


def verdict(one):
    return one.tab.locator(".st-key-answer-bins")


def test_another_rival_and_other_limits(one):
    average = "everybody does what the average customer did"
    expect(verdict(one)).not_to_contain_text(average)
    one.choose("bins_second", "Rule: everybody as the average")
    expect(verdict(one)).to_contain_text(average)
    box = one.tab.locator(".st-key-bins_limit_0 input")
    box.fill("10")
    box.press("Tab")
    expect(one.tab.get_by_test_id("stAlert")).to_be_visible()


def test_chances_from_outside(one, tested, tmp_path):
    known = tested.receipt["origins"][-1]["customers"]
    one.tab.get_by_text("Compare a forecast from outside").click()
    listed = one.download("download_to_score")
    customers = [
        row["customer_id"] for row in csv.DictReader(listed.read_text("utf-8").splitlines())
    ]
    assert len(customers) == known
    rows = [f"{name},{30 + 40 * (i % 2)}%" for i, name in enumerate(customers)]
    mine = tmp_path / "mine.csv"
    head, nobody = "customer_id,probability", "nobody,50%"
    mine.write_text("\n".join([head, *rows[1:], nobody]) + "\n", "utf-8")
    one.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(mine)
    one.tab.get_by_text("Forget this file").wait_for()
    one.chart("bins")
    told = one.text()
    expect(verdict(one)).to_contain_text("mine.csv")
    assert f"{known:,} rows = {known - 1:,} used + 1 left out." in told
    left = list(
        csv.DictReader(one.download("download_outside_rejects").read_text("utf-8").splitlines())
    )
    assert len(left) == 1
    assert "nobody" in str(left[0])
    one.tab.get_by_text("Forget this file").click()
    one.tab.get_by_text("Forget this file").wait_for(state="detached")
    one.chart("bins")
    expect(verdict(one)).not_to_contain_text("mine.csv")


def test_the_report_is_offered_on_either_page(visit, tested):
    one = visit()
    for where in ("How_good_is_it", ""):
        one.open(f"/{where}?run={tested.id}")
        one.shows("prepare_report")
