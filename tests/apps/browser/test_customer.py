"""One customer's page in a real browser: ids of all kinds, downloads, a phone."""

import csv
from urllib.parse import quote

import pytest

from clv.runs import Store
from tests.shops import make_run

pytestmark = pytest.mark.browser

ODD = ["a/b/c", "Ünïcödé 客户 *x*", '=1+1"', "me@example.com", "x" * 300]


@pytest.fixture(scope="module")
def odd(store_root):
    """Twelve customers who came back once, in the store that the server reads."""
    rows = [
        '"{}",{},{}'.format(name.replace('"', '""'), when, 5 + i)
        for i, name in enumerate([*ODD, *(f"N{i}" for i in range(7))])
        for when in (f"2017-01-{i + 1:02d}", f"2017-03-{i + 1:02d}")
    ]
    return make_run(Store(store_root), "customer_id,date,value\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize("name", ODD)
def test_deep_link_to_any_id_on_a_phone(visit, odd, name):
    v = visit(width=390, height=4000)
    v.open(f"/Customer_lookup?run={odd.id}&customer={quote(name, safe='')}")
    v.chart("monthly")
    heading = v.tab.locator("h2").first
    assert heading.inner_text() == name
    assert heading.locator("a").count() == 0
    assert v.tab.get_by_label("Customer id").input_value() == name
    assert v.overflow() <= 0


def test_downloads_hold_this_customer_only(visit, odd):
    v = visit()
    v.open(f"/Customer_lookup?run={odd.id}&customer={quote(ODD[2], safe='')}")
    v.chart("monthly")
    for key, label, rows in (("orders", "orders", 2), ("monthly", "forecast", 12)):
        v.tab.get_by_text(f"The {label} as a table").click()
        found = list(csv.DictReader(v.download(f"download_{key}").read_text("utf-8").splitlines()))
        assert {row["customer_id"] for row in found} == {f"'{ODD[2]}"}
        assert len(found) == rows


def test_the_path_of_being_active_is_drawn(visit, run_id, store_root):
    run = Store(store_root).run(run_id)
    best = run.top("buyers", 1)["customer_id"][0].as_py()
    v = visit()
    v.open(f"/Customer_lookup?run={run.id}&customer={quote(best, safe='')}")
    v.chart("path")
    assert v.tab.locator(".st-key-path .legendtext").all_text_contents() == [
        *("So far", "If no order comes", "Order"),
    ]
    assert "What comes next" in v.text()
    assert "Compared with others" in v.text()
