"""The order in which the suite runs, and what it starts with."""

from __future__ import annotations

import signal
from pathlib import Path

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
