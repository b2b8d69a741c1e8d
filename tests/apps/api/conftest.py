"""Apps over tiny published runs, asked as from this machine."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from clv.apps.api import create
from clv.apps.api.config import Config
from clv.forecast import publish
from clv.learn import artefact
from clv.learn.plans import Design
from clv.learn.train import train
from tests.handmade import customer, handmade_run
from tests.learn.conftest import connected
from tests.learn.conftest import shop as young_shop
from tests.shops import make_run, new_store, shop

#: Ids as files have them; in the order of their bytes.
IDS = sorted(
    [
        *(" ", " a", "a b", "a%20b", "a+b", "+1", "0010", "10", "a&b=c", "a?b#c", "a\\b", "a\nb"),
        *("/", "//", "/a/b/", "a/b", "a//b", ".", "..", "../../etc/passwd", "a..b", "a.json"),
        *("'; DROP TABLE forecasts; --", '"', "é", "日本 語", "😀", "null", "health", "x" * 300),
    ],
    key=str.encode,
)


def client(config, **caller):
    """Ask an app as from this machine; ``client`` and ``base_url`` say otherwise."""
    local = {"base_url": "http://localhost:8501", "client": ("127.0.0.1", 50000)}
    return TestClient(create(config), **(local | caller))


def one(name, value=10.0, **more):
    """Return a customer whose forecast is in round numbers."""
    known = {
        "revenue": 30.0,
        "monetary_value": 15.0,
        "p_alive": 0.9,
        "p_purchase": 0.8,
        "predicted_purchases": 2.0,
        "predicted_order_value": value,
        "predicted_clv": 2 * value,
        "segment": "loyal",
        "p_silent": 0.5,
        "discounted_if_active": 1.0,
    }
    return customer(name, 2, 50, 100, **(known | more))


@pytest.fixture(scope="session")
def odd(tmp_path_factory):
    """A store whose published run has customers with odd ids, and an API over it."""
    store = new_store(tmp_path_factory.mktemp("odd"))
    run = handmade_run(store.root, [one(name, float(i)) for i, name in enumerate(IDS)])
    publish.publish(store, run)
    with client(Config(store.root)) as asked:
        yield asked


@pytest.fixture(scope="session")
def sold(tmp_path_factory):
    """A store whose published run was made from a file."""
    store = new_store(tmp_path_factory.mktemp("sold"))
    publish.publish(store, make_run(store, shop()))
    return store


@pytest.fixture(scope="session")
def api(sold):
    with client(Config(sold.root)) as asked:
        yield asked


@pytest.fixture
def nobody(tmp_path):
    """An API over an empty store."""
    with client(Config(tmp_path)) as asked:
        yield asked


@pytest.fixture(scope="session")
def ltv(tmp_path_factory):
    """A folder with a trained model of the six features that are asked for by name."""
    orders, labels = young_shop()
    features = ("cohort_month", "customer_state", "rev_1m", "n_orders_1m", "rev_3m", "n_orders_3m")
    with connected(orders, labels.rename_columns(["customer_id", "customer_state"])) as con:
        made = train(con, Design("early", 6, columns=features), learners=["lasso"])
        return artefact.save(made, artefact.fingerprint(con), tmp_path_factory.mktemp("ltv") / "m")
