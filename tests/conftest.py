"""The order in which the suite runs."""

from __future__ import annotations

from pathlib import Path

#: Files and folders of long tests. Two processes share the suite, a file at a time: what takes long
#: comes first, so that neither is left with it alone at the end.
_LONG = (
    "browser",
    "test_ltv_notebooks.py",
    "learn",
    "test_notebook.py",
    "test_trials.py",
    "test_readme.py",
    "test_cli.py",
    "test_real_files.py",
    "test_beta_geo_fit.py",
    "api",
)


def _place(item) -> int:
    parts = Path(item.path).parts
    return next((i for i, name in enumerate(_LONG) if name in parts), len(_LONG))


def pytest_collection_modifyitems(items):
    items.sort(key=_place)
