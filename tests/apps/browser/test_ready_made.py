"""The sample ready-made model, as `make run` puts it on the shelf: one answer by three ways."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import urllib.request

import pytest

from tests.apps.browser.conftest import serve
from tests.places import ROOT

pytestmark = pytest.mark.browser

FILE = ROOT / "data" / "order_lines.csv"


def command(module, *arguments):
    asked = [sys.executable, "-m", module, *map(str, arguments)]
    subprocess.run(asked, cwd=ROOT, capture_output=True, check=True)


def test_browser_command_line_and_api_say_the_same(visit, tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    command("clv.samples.ready_made")
    with serve("server.py", tmp_path) as address:
        v = visit(address)
        v.open()
        v.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(FILE)
        v.shows("run_forecast")
        v.settle()
        v.tab.get_by_text("Discounting, margin and model").click()
        v.choose("model", "Ready-made model “sample”")
        v.click("run_forecast")
        v.tab.wait_for_url(re.compile(r"\?run=[0-9a-f]{32}"))
        v.shows("download_predictions")
        browser = v.download("download_predictions").read_bytes()
        v.leave()
        assert v.wrong == []

        out = tmp_path / "predictions.csv"
        command("clv", "run", FILE, "--model", "pretrained:sample", "--out", out, "--publish")
        assert browser == out.read_bytes()

        rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
        assert len(rows) > 1000
        for row in rows[:: len(rows) // 20]:
            url = f"{address}/api/customers/{row['customer_id']}"
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server
                assert json.loads(answer.read())["predicted_clv"] == float(row["predicted_clv"])
