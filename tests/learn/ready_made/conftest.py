import pytest

from clv.learn.ready_made.shelf import Shelf
from clv.runs import Store
from tests.learn.ready_made.case import SUMS, dilled


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty shelf, the one that everything uses."""
    monkeypatch.setenv("CLV_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    return Shelf()


@pytest.fixture
def store(shelf):
    """An empty store, and a shelf with the model that adds up the figures."""
    shelf.put("sums", dilled(SUMS))
    return Store()
