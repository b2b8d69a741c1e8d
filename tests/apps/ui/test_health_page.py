"""Model health: the page says what the checks and the receipt hold, for every kind of run."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from clv.apps.ui import health, jobs
from clv.backtest import evaluation
from clv.insights import assumptions
from clv.report import findings
from clv.report.findings import health as health_words
from clv.report.words import assumptions as words
from clv.runs import csv_of
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm
from tests.forecast.test_receipts import cdnow_sample
from tests.shops import make_run, new_store, shop

WHERE = "Model_health"
HEADINGS = {"Does well", "Does poorly", "What would help"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = new_store(tmp_path_factory.mktemp("health_page"))
    return make_run(store, cdnow_sample(), as_of=date(1998, 6, 30), currency="USD", backtest=True)


@pytest.fixture(scope="module")
def checks(run):
    return assumptions.checked(run)


@pytest.fixture
def at(pages, monkeypatch, run, checks):
    assert checks
    monkeypatch.setenv("CLV_RUNS", str(run.path.parents[1]))
    return pages.open(WHERE, run=run.id)


def plain(text):
    return text.replace("\u00a0", " ")


def cards(at):
    return {m.label: m.value for m in at.metric}


def headings(at):
    return {h.value for h in at.subheader}


def test_empty_page_leads_to_the_upload(pages):
    at = pages.open(WHERE)
    assert "takes for granted" in calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


def test_the_page_says_what_the_checks_found(at, checks):
    read = calm(at)
    assert at.title[0].value == "Model health"
    assert plain(words.summary(checks)) in read
    counted = [c.verdict for c in checks]
    assert cards(at) == {
        "Hold": str(counted.count("holds")),
        "Doubtful": str(counted.count("doubtful")),
        "Violated": str(counted.count("violated")),
        "Too little data to say": str(counted.count("too little data")),
    }
    for check in checks:
        for text in (words.WORDS[check.key].name, words.label(check), words.finding(check)):
            assert plain(text) in read
        assert plain(words.meaning(check)) in read
    places = [
        read.index(f"· **{words.WORDS[c.key].name}**") for c in health_words.by_weight(checks)
    ]
    assert places == sorted(places)
    # The worst comes first, and is named in the answer.
    assert health_words.by_weight(checks)[0] == words.heaviest(checks)


def test_the_page_says_what_the_receipt_found(at, run, checks):
    read = calm(at)
    receipt, tested = run.receipt, run.tested()
    for found in (
        findings.does_well(receipt, tested),
        findings.does_poorly(receipt, tested),
        findings.would_help(receipt, checks),
    ):
        assert found
        for each in found:
            assert plain(each.sentence) in read
    assert headings(at) >= HEADINGS


def test_pictures_are_drawn_when_they_are_asked_for(at, checks):
    assert at.get("plotly_chart") == []
    key = checks[1].key
    at.session_state[f"fold_{key}"] = True
    at.run()
    assert len(at.get("plotly_chart")) == 1
    assert words.picture_title(checks[1]) in calm(at)


def test_the_visit_starts_the_checks_and_finds_them_again(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(), backtest=False)
    at = pages.open(WHERE, run=run.id)
    assert "are being checked on this file" in calm(at)
    calm(pages.settle(at))
    checks = assumptions.stored(run)
    at = pages.open(WHERE, run=run.id)
    read = calm(at)
    assert plain(words.summary(checks)) in read
    # Without a test there are no findings, but a way to it.
    assert "it has not been yet" in read
    assert not headings(at) & HEADINGS


def test_checks_that_fail_can_be_started_again(pages, tmp_path, monkeypatch):
    run = make_run(new_store(tmp_path), shop(customers=60), backtest=False)

    def broken(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(assumptions, "checked", broken)
        at = pages.settle(pages.open(WHERE, run=run.id))
    assert "something went wrong on our side" in at.error[0].value
    at.button(key="again").click().run()
    calm(pages.settle(at))
    assert jobs.find(f"health:{run.id}").failure is None


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (shop(customers=30), {}),
        (shop(value="", customers=120), {}),
        (shop(customers=120), {"model": "recency-rule"}),
        (shop(customers=120), {"model": "mbg-nbd+season+all-orders", "backtest": False}),
        ("customer_id,order_date,revenue\na,2017-01-01,10\nb,2017-06-01,10\n", {}),
    ],
    ids=["few", "no-amounts", "rule", "season", "history-only"],
)
def test_every_kind_of_run(pages, tmp_path, monkeypatch, content, settings):
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    run = make_run(new_store(tmp_path), content, **{"backtest": True} | settings)
    checks = assumptions.checked(run)
    at = pages.open(WHERE, run=run.id)
    read = calm(at)
    assert plain(words.summary(checks)) in read
    for check in checks:
        at.session_state[f"fold_{check.key}"] = True
    calm(at.run())
    if not run.has_value:
        told = [m.value for m in at.markdown if m.value.startswith("- ")]
        assert told
        assert not [text for text in told if "revenue" in text]


def test_a_history_without_a_forecast_has_no_findings(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False)
    assumptions.checked(run)
    at = pages.open(WHERE, run=run.id)
    read = calm(at)
    assert not headings(at) & HEADINGS
    assert "Test it on" not in read


def test_downloads(run, checks):
    rows = list(csv.DictReader(io.StringIO(csv_of(health_words.rows(checks)).decode())))
    assert [r["assumption"] for r in rows] == [words.WORDS[c.key].name for c in checks]
    assert [r["verdict"] for r in rows] == [c.verdict for c in checks]
    assert [float(r["estimate"]) for r in rows] == [c.effect.estimate for c in checks]
    found = {"well": findings.does_well(run.receipt)}
    told = json.loads(json.dumps(health_words.everything(checks, found), allow_nan=False))
    assert [a["key"] for a in told["assumptions"]] == [c.key for c in checks]
    assert told["assumptions"][0]["rows"] == [dict(r) for r in checks[0].rows]
    assert told["well"][0]["sentence"] == found["well"][0].sentence
    assert "well" not in health_words.everything(checks, None)


def test_the_page_is_in_the_navigation():
    from clv.apps.ui import page

    names = [label for _, label, _ in page._PAGES]
    assert names[names.index("How good is it?") + 1] == health.TITLE
