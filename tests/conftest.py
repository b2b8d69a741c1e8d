"""The order in which the suite runs, what it starts with, and what its processes share."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import execute, stored
from tests.places import RETAIL
from tests.shops import make_run, new_store

#: Files and folders of long tests. Two processes share the suite, a file at a time: what takes long
#: comes first, so that neither is left with it alone at the end.
_LONG = (
    "test_ltv_notebooks.py",
    "test_cases.py",
    "browser",
    "test_evaluation.py",
    "learn",
    "test_cli.py",
    "test_season.py",
    "test_ranges.py",
    "test_monitor.py",
    "test_assumptions.py",
    "test_spark.py",
    "test_cohorts.py",
    "test_deploy.py",
    "test_as_of.py",
    "test_first_year.py",
    "test_backtest.py",
    "test_notebook.py",
    "test_simulate.py",
    "test_troubles.py",
    "test_html_report.py",
    "test_readme.py",
    "test_damage.py",
    "test_worth.py",
    "test_package.py",
    "test_docs.py",
    "test_health_page.py",
    "test_forecast_ranges.py",
    "test_every_row.py",
    "test_real_files.py",
    "test_pipeline.py",
    "ui",
    "test_acquisition.py",
    "test_runs.py",
    "test_beta_geo_fit.py",
    "test_pareto_nbd.py",
    "test_cnbd.py",
    "api",
)


def _place(item) -> int:
    parts = Path(item.path).parts
    return next((i for i, name in enumerate(_LONG) if name in parts), len(_LONG))


def pytest_collection_modifyitems(items):
    items.sort(key=_place)


def pytest_configure():
    # A shell starts what it puts in the background with Ctrl-C ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that fills a folder once for all processes of the session.

    Whoever looks at what is there leaves it as it is.
    """
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def filled(name, fill):
        folder, begun = root / name, root / f"{name}.begun"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                shutil.rmtree(begun, ignore_errors=True)
                begun.mkdir()
                fill(begun)
                begun.rename(folder)
        return folder

    return filled


@pytest.fixture(scope="session")
def online_retail(once):
    """The run of Online Retail, the real file that takes longest to read."""
    if not RETAIL.is_file():
        pytest.skip("../shared is not there")
    folder = once("online-retail", lambda root: make_run(new_store(root), RETAIL))
    return new_store(folder).latest()


@pytest.fixture(scope="session")
def marketplace_notebook(once):
    """A folder with the marketplace's notebook, executed, and the ``training`` that it made."""

    def fill(root):
        copied = (
            f"import shutil\nshutil.copytree(run.training(kept.key), {str(root / 'training')!r})"
        )
        done = execute(stored("marketplace_ltv"), copied)
        (root / "executed.ipynb").write_text(nbformat.writes(done), encoding="utf-8")

    return once("marketplace-notebook", fill)
