"""Report and notebook on a page: made in the background on request, then there to be taken."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from clv.apps.ui import jobs, reports
from clv.report import analysis
from tests.shops import make_run, new_store, shop


def page():
    import streamlit as st

    from clv.apps.ui import reports
    from clv.runs import Store

    reports.buttons(Store().run(st.query_params["run"]))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    jobs._jobs.clear()
    return make_run(new_store(tmp_path), shop(customers=60))


@pytest.fixture
def at(run):
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["run"] = run.id
    return at.run()


def test_they_are_prepared_when_asked_for(at, run):
    assert not at.exception
    assert analysis.stored(run, ".html") is None
    assert at.get("download_button") == []
    at.button(key="prepare_report").click().run()
    for job in list(jobs._jobs.values()):
        assert jobs.wait(job, 60)
    at.run()
    assert not at.exception
    assert [b.label for b in at.button] == []
    labels = [b.proto.label for b in at.get("download_button")]
    assert labels == ["Report (HTML)", "Notebook (Jupyter)"]
    assert reports._reader(run, ".html")() == analysis.stored(run, ".html")
    assert json.loads(reports._reader(run, ".ipynb")())["cells"]


def test_why_they_could_not_be_made_is_said(at, run, monkeypatch):
    def broken(*_):
        msg = "boom"
        raise RuntimeError(msg)

    monkeypatch.setattr(analysis, "build", broken)
    at.button(key="prepare_report").click().run()
    for job in list(jobs._jobs.values()):
        assert jobs.wait(job, 60)
    at.run()
    assert not at.exception
    assert "boom" not in " ".join(e.value for e in at.error)
    assert [b.label for b in at.button] == ["Prepare them again"]
    assert at.error
