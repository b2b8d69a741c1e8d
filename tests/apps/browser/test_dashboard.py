import csv
import re

import pytest

from clv.runs import Store
from tests.apps.browser.conftest import serve
from tests.places import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture
def run(run_id, store_root):
    return Store(store_root).run(run_id)


def test_the_whole_path(visit, store_root, tmp_path):
    v = visit()
    v.open()
    v.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        ROOT / "data" / "order_lines.csv"
    )
    # The report accounts for every row of the file.
    v.shows("run_forecast")
    v.settle()
    assert "left out = 21,673 rows in the file" in v.text()
    rejects = v.download("download_rejects").read_text(encoding="utf-8")
    assert rejects.startswith("file,line,code,reason,text\n")

    v.click("run_forecast")
    v.chart("history")
    v.chart("concentration")
    run = Store(store_root).run(re.search(r"run=([0-9a-f]{32})", v.tab.url)[1])
    assert f"{run.summary['customers']:,} customers" in v.text()

    # All predictions, exactly as the run exports them.
    expected = tmp_path / "expected.csv"
    run.write("forecasts", expected)
    assert v.download("download_predictions").read_bytes() == expected.read_bytes()
    assert v.download("download_model").read_bytes() == run.file("model.json").read_bytes()

    # Every page, by the navigation; the run comes along.
    v.tab.get_by_role("link", name="Top customers").click()
    v.tab.wait_for_url(f"**/Top_customers?run={run.id}")
    v.shows("download_top")
    v.settle()
    assert "These 100 customers should place" in v.text()
    rows = list(csv.DictReader(v.download("download_top").read_text("utf-8").splitlines()))
    assert [r["customer_id"] for r in rows] == run.top("buyers", 100)["customer_id"].to_pylist()
    assert v.download("download_predictions").read_bytes() == expected.read_bytes()

    v.tab.get_by_role("link", name="One customer").click()
    v.tab.wait_for_url(f"**/Customer_lookup?run={run.id}*")
    best = rows[0]["customer_id"]
    v.tab.get_by_label("Customer id").fill(best[:3])
    v.tab.get_by_text(re.compile("start like this or contain it")).wait_for()
    v.tab.get_by_label("Customer id").fill(best)
    v.chart("timeline")
    v.chart("monthly")
    assert "the chance of at least one order in the next 12 months" in v.text()
    assert f"customer={best}" in v.tab.url

    # A refresh loses nothing.
    v.tab.reload()
    v.chart("timeline")
    assert v.tab.get_by_label("Customer id").input_value() == best
    v.tab.get_by_role("link", name="Upload & summary").click()
    v.chart("history")


def test_deep_links_work_cold(visit, run):
    best = run.top("spenders", 1)["customer_id"][0].as_py()
    v = visit()
    v.open(f"/Customer_lookup?run={run.id}&customer={best}")
    v.chart("timeline")
    assert best in v.text()
    v = visit()
    v.open(f"/?run={run.id}")
    v.chart("history")
    v = visit()
    v.open(f"/Top_customers?run={run.id}")
    v.shows("download_top")


def test_context_line_leads_to_the_settings(visit, run):
    v = visit()
    v.open(f"/Top_customers?run={run.id}")
    v.shows("download_top")
    v.tab.locator(".st-key-context a").first.click()
    v.chart("history")
    assert f"run={run.id}" in v.tab.url


def test_unknown_customer_gets_suggestions(visit, run):
    v = visit()
    v.open(f"/Customer_lookup?run={run.id}&customer=nobody")
    v.tab.get_by_text("No customer has the id").wait_for()
    v.tab.locator(".st-key-nearest button").first.click()
    v.chart("timeline")
    assert "customer=nobody" not in v.tab.url


def test_progress_survives_a_refresh(visit):
    v = visit()
    v.open()
    v.click("sample_transactions")
    v.tab.wait_for_url("**/?draft=*")
    v.tab.reload()
    v.shows("run_forecast")
    v.click("run_forecast")
    v.tab.wait_for_url("**/?run=*")
    v.tab.reload()
    v.chart("history")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("doc.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\x00\x01", "PDF"),
        ("none.csv", b"customer_id,date,value\n,2017-01-01,4\nA,zzz,3\n", "none of the 2 rows"),
    ],
)
def test_broken_files_get_a_message(visit, name, content, said):
    v = visit()
    v.open()
    v.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    v.tab.get_by_test_id("stAlert").first.wait_for()
    v.settle()
    assert said in v.text()
    assert "Traceback" not in v.text()
    v.click("start_over")
    v.shows("sample_order-lines")


@pytest.mark.parametrize("address", ["/?run=abc", "/Top_customers?run=abc", "/?draft=abc"])
def test_dead_links_get_a_message(visit, address):
    v = visit()
    v.open(address)
    v.tab.get_by_test_id("stAlert").first.wait_for()
    assert "Traceback" not in v.text()


def test_nothing_sticks_out_on_a_phone(visit, run):
    best = run.top("spenders", 1)["customer_id"][0].as_py()
    v = visit(width=390, height=4000)
    for path, key in (
        ("/", "sample_order-lines"),
        (f"/?run={run.id}", "download_predictions"),
        (f"/Top_customers?run={run.id}", "download_top"),
        (f"/Customer_lookup?run={run.id}&customer={best}", "monthly"),
        ("/Top_customers", "to_upload"),
    ):
        v.open(path)
        v.shows(key)
        assert v.overflow() <= 0, path
    v.open()
    v.click("sample_order-lines")
    v.shows("run_forecast")
    assert v.overflow() <= 0


def test_metric_cards_stand_two_abreast_on_a_phone(visit, run):
    v = visit(width=390, height=4000)
    v.open(f"/?run={run.id}")
    v.chart("history")
    boxes = [c.bounding_box() for c in v.tab.get_by_test_id("stMetric").all()[:2]]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"] - 1


def test_plain_streamlit_downloads_too(visit, run_id, store_root, tmp_path):
    with serve("app.py", store_root) as address:
        v = visit(address)
        v.open(f"/?run={run_id}")
        v.chart("history")
        expected = tmp_path / "expected.csv"
        Store(store_root).run(run_id).write("forecasts", expected)
        assert v.download("download_predictions").read_bytes() == expected.read_bytes()
        v.leave()
