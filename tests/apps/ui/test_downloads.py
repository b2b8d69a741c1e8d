import csv
import io

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from clv.apps.ui import downloads
from clv.runs import Store
from tests.apps.ui.fakes import fake_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    return fake_run(tmp_path, customers=40)


@pytest.fixture
def client():
    return TestClient(Starlette(routes=downloads.routes))


@pytest.mark.parametrize(
    ("name", "rows"),
    [("predictions.csv", 40), ("predictions_monthly.csv", 480), ("rejects.csv", 1)],
)
def test_tables(run, client, name, rows):
    answer = client.get(f"/download/{run.id}/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    assert len(list(csv.DictReader(io.StringIO(answer.text)))) == rows


def test_cards(run, client):
    answer = client.get(f"/download/{run.id}/model.json")
    assert answer.json() == run.model
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "path",
    [
        "/download/{run}/orders.parquet",
        "/download/{run}/..%2F..%2Fsettings.json",
        "/download/{other}/predictions.csv",
        "/download/abc/predictions.csv",
        "/download/draft/{other}/rejects.csv",
    ],
)
def test_nothing_else(run, client, path):
    answer = client.get(path.format(run=run.id, other="0" * 32))
    assert answer.status_code == 404
    assert str(run.path.parent) not in answer.text


def test_rejects_of_a_draft(run, client):
    draft = Store().new_draft()
    assert client.get(f"/download/draft/{draft.id}/rejects.csv").status_code == 404


def test_only_get(run, client):
    assert client.post(f"/download/{run.id}/predictions.csv").status_code == 405
