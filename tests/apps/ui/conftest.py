import functools
import re
from datetime import date

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from clv.apps.ui import jobs
from tests.forecast.test_receipts import cdnow_sample
from tests.places import ROOT
from tests.shops import make_run, new_store


class Pages:
    """The dashboard without a browser."""

    def open(self, page: str = "", **query: str) -> AppTest:
        """Open a page cold, as a link does."""
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in query.items():
            at.query_params[name] = value
        if page:
            at.switch_page(f"pages/{page}.py")
        return at.run()

    def settle(self, at: AppTest) -> AppTest:
        """Wait for background jobs, then show the page as a browser would by now."""
        for job in list(jobs._jobs.values()):
            jobs.wait(job, 60)
        return at.run()


@pytest.fixture(scope="session", autouse=True)
def components():
    """Search the installed packages for components of Streamlit's once, not with every visit."""
    once = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def pages(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    jobs._jobs.clear()
    return Pages()


def texts(at):
    """Return everything a visitor reads, joined."""
    parts = [m.value for m in at.markdown]
    for kind in ("title", "header", "subheader", "caption", "info", "warning", "error"):
        parts += [e.value for e in getattr(at, kind)]
    parts += [f"{m.label} {m.value}" for m in at.metric]
    read = "\n".join(str(p) for p in parts).replace("\u00a0", " ")
    return re.sub(r"\\([^\w\s])", r"\1", read)


@pytest.fixture(scope="session")
def tested_run(tmp_path_factory):
    """The published CDNOW sample, forecast as a visitor would: the tests choose."""
    store = new_store(tmp_path_factory.mktemp("tested"))
    settings = {"model": "auto", "backtest": True, "currency": "USD"}
    return make_run(store, cdnow_sample(), as_of=date(1998, 6, 30), **settings)
