"""Sign-in and publishing in the dashboard: who sees what, and what the button does."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from clv.apps.ui import access
from clv.forecast import publish
from clv.runs import Store
from tests.apps.ui.fakes import fake_run
from tests.places import ROOT

ANN = {"is_logged_in": True, "email": "Ann@Example.com"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    monkeypatch.setenv("CLV_OPERATORS", "bob@example.com, ann@example.com")
    return fake_run(tmp_path)


def visit(monkeypatch, visitor, run=None, page="app.py"):
    """Open a page as a visitor; None where no sign-in is configured."""
    at = AppTest.from_file(ROOT / page, default_timeout=30)
    if visitor is not None:
        monkeypatch.setattr("clv.apps.ui.access._visitor", lambda: visitor)
        monkeypatch.setattr("clv.apps.ui.access.configured", lambda: True)
    if run is not None:
        at.query_params["run"] = run.id
    at.run()
    assert not at.exception
    return at


def keys(at):
    return {button.key for button in at.button}


@pytest.mark.parametrize(
    ("visitor", "operator"),
    [
        (ANN, True),
        (ANN | {"email_verified": True}, True),
        (ANN | {"email_verified": "true"}, True),
        (ANN | {"email_verified": False}, False),
        (ANN | {"email_verified": "false"}, False),
        (ANN | {"email": "ann@example.com.evil.org"}, False),
        (ANN | {"email": ""}, False),
        ({"is_logged_in": True}, False),
        (ANN | {"is_logged_in": False}, False),
    ],
)
def test_operators_are_who_signed_in_with_a_listed_address(run, monkeypatch, visitor, operator):
    monkeypatch.setattr("clv.apps.ui.access.configured", lambda: True)
    monkeypatch.setattr("clv.apps.ui.access._visitor", lambda: visitor)
    assert access.is_operator() is operator


def test_an_empty_list_makes_nobody_an_operator(monkeypatch):
    monkeypatch.setattr("clv.apps.ui.access.configured", lambda: True)
    monkeypatch.setattr("clv.apps.ui.access._visitor", lambda: {"is_logged_in": True, "email": ""})
    for listed in ("", " , "):
        monkeypatch.setenv("CLV_OPERATORS", listed)
        assert access.is_operator() is False


@pytest.mark.parametrize("page", ["app.py", "pages/Top_customers.py", "pages/Customer_lookup.py"])
def test_who_has_not_signed_in_sees_the_sign_in_and_nothing_else(run, monkeypatch, page):
    at = visit(monkeypatch, {"is_logged_in": False}, run, page)
    assert keys(at) == {"sign_in"}
    assert [title.value for title in at.title] == ["CLV workbench"]
    assert not at.metric
    assert not at.sidebar.children


def test_who_has_signed_in_is_told_so_and_can_sign_out(run, monkeypatch):
    assert "sign_out" not in keys(visit(monkeypatch, None, run))
    left = []
    monkeypatch.setattr("clv.apps.ui.access.st.logout", lambda: left.append(True))
    at = visit(monkeypatch, ANN, run)
    assert "Signed in as Ann@Example.com" in [c.value for c in at.sidebar.caption]
    at.button(key="sign_out").click().run()
    assert left == [True]


def test_without_a_sign_in_everybody_sees_and_nobody_publishes(run, monkeypatch):
    at = visit(monkeypatch, None, run)
    assert at.metric
    assert "publish" not in keys(at)
    assert access.configured() is False


def test_secrets_say_whether_there_is_a_sign_in(run):
    at = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    at.secrets["auth"] = {"redirect_uri": "http://localhost:8501/oauth2callback"}
    at.run()
    assert keys(at) == {"sign_in"}


def test_who_is_no_operator_sees_no_button(run, monkeypatch):
    at = visit(monkeypatch, {"is_logged_in": True, "email": "eve@example.com"}, run)
    assert at.metric
    assert "publish" not in keys(at)


def test_an_operator_publishes_and_a_fresh_visit_finds_it(run, monkeypatch, tmp_path):
    store = Store(tmp_path)
    at = visit(monkeypatch, ANN, run)
    with publish.job(store):  # A scheduled job is at work: said, and nothing changes.
        at.button(key="publish").click().run()
        assert any("Another job is at work" in error.value for error in at.error)
    assert publish.published_id(store) is None
    at.button(key="publish").click().run()
    assert publish.published_id(store) == run.id
    assert "publish" not in keys(at)
    assert any("This is the published forecast" in caption.value for caption in at.caption)

    fresh = visit(monkeypatch, ANN)
    said = fresh.button(key="published").label.replace("\u00a0", " ")
    assert said == "See the published forecast, as of 31 Dec 2017"
    fresh.button(key="published").click().run()
    assert fresh.metric
    assert fresh.query_params["run"] == run.id


def test_a_fresh_visit_without_a_published_run_is_as_ever(run, monkeypatch):
    assert "published" not in keys(visit(monkeypatch, None))
