"""The page on monitoring says what the monitoring found, for every kind of run."""

from __future__ import annotations

import csv
import io
import json

import pytest

from clv.insights import monitor
from clv.report.charts import monitoring as charts
from clv.report.words import monitor as words
from clv.runs import csv_of
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm
from tests.insights.test_monitor import EARLY, LAST, LATE, cells, change
from tests.shops import make_run, new_store, shop

WHERE = "Monitoring"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("monitoring_page"))


@pytest.fixture(scope="module")
def early(store):
    return make_run(store, change(lambda r: [r]), as_of=EARLY, currency="EUR", horizon_months=6)


@pytest.fixture(scope="module")
def last(store, early):
    make_run(store, change(lambda r: [r]), as_of=LATE, currency="EUR", horizon_months=3)
    return make_run(store, change(lambda r: [r]), as_of=LAST, currency="EUR", horizon_months=3)


@pytest.fixture(scope="module")
def found(store, last):
    return monitor.observe(store, last)


@pytest.fixture
def at(pages, monkeypatch, store, last, found):
    monkeypatch.setenv("CLV_RUNS", str(store.root))
    return pages.open(WHERE, run=last.id)


def plain(text):
    return text.replace("\u00a0", " ")


def test_empty_page_leads_to_the_upload(pages):
    at = pages.open(WHERE)
    assert "earlier forecasts came true" in calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


def test_the_answer_the_cards_and_the_tables(at, found):
    read = calm(at)
    assert plain(words.sentence(found)) in read
    cards = {m.label: plain(m.value).replace("\\$", "$") for m in at.metric}
    assert cards == {label: plain(value) for label, value, _ in words.cards(found)}
    tables = [d.value for d in at.dataframe]
    assert list(tables[0]["Check"]) == [
        r["check"] for r in words.check_rows([*found["data"], *found["model"]], "EUR")
    ]
    assert list(tables[1]["As of"].astype(str).str[:10]) == [str(d) for d in (LAST, LATE, EARLY)]
    assert f"What to do: {words.advice(found)[0].lower()}" in read.replace("*", "")


@pytest.mark.parametrize("view", ["By month", "By segment", "Chances of buying", "Best customers"])
def test_every_view_of_every_forecast(at, found, view):
    at.selectbox(key="monitor_forecast").set_value(1).run()
    at.segmented_control(key="monitor_view").set_value(view).run()
    read = calm(at)
    one = found["tracked"][1]
    assert f"{one['customers']} customers known on 31 Oct 2016" in read
    if view == "By segment":
        assert [r["segment"] for r in one["segments"]] == list(at.dataframe[0].value["Segment"])


def test_downloads(found):

    rows = list(csv.DictReader(io.StringIO(csv_of(monitor.table(found)).decode())))
    assert {r["kind"] for r in rows} == {"data", "model", "forecast"}
    assert json.loads(json.dumps(found, allow_nan=False))["run"] == found["run"]


def test_the_first_look_is_computed_in_the_background(pages, monkeypatch, tmp_path):
    store = new_store(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    for when in (EARLY, LATE):
        run = make_run(store, change(lambda r: [r]), as_of=when, horizon_months=3)
    at = pages.settle(pages.open(WHERE, run=run.id))
    assert "The forecast of 31 Oct 2016 expected" in calm(at)


def test_a_single_run_says_what_there_will_be(pages, monkeypatch, store, early):
    monkeypatch.setenv("CLV_RUNS", str(store.root))
    at = pages.settle(pages.open(WHERE, run=early.id))
    read = calm(at)
    assert "first forecast of these customers" in read
    assert "of this one from 30 Nov 2016 on" in read
    assert not at.metric


def test_runs_of_other_files_are_not_shown(pages, monkeypatch, tmp_path):
    store = new_store(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    make_run(store, shop(seed=11), as_of=EARLY)
    run = make_run(store, change(lambda r: [r]), as_of=LATE)
    read = calm(pages.settle(pages.open(WHERE, run=run.id)))
    assert "Forecasts from other files can't be compared with this one" in read
    assert "31 Oct 2016" not in read


def test_a_broken_file_is_named(pages, monkeypatch, tmp_path):
    store = new_store(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    make_run(store, change(lambda r: [r]), as_of=LATE)
    cents = change(lambda r: [cells(r, revenue=f"{float(r.split(',')[2]) * 100:.0f}")])
    run = make_run(store, cents, as_of=LAST)
    read = calm(pages.settle(pages.open(WHERE, run=run.id)))
    assert "should be cleared up: “Value of an order”" in read
    assert "New upload Don't use it yet" in read
    assert "What to do Look at the file first" in read


def test_what_the_file_calls_things_is_shown_as_it_stands(pages, monkeypatch, tmp_path):
    store = new_store(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    named = {"options": {"labels": ("*[x](y)*",)}}
    column = "channel", "*[x](y)*"
    make_run(store, change(lambda r: [r]).replace(*column), as_of=LATE, **named)
    odd = change(lambda r: [cells(r, channel="<b>$5$</b>")]).replace(*column)
    at = pages.settle(pages.open(WHERE, run=make_run(store, odd, as_of=LAST, **named).id))
    shown = "\n".join(m.value for m in at.markdown)
    assert r"\*\[x\]\(y\)\*" in shown
    assert r"\<b\>\$5\$\</b\>" in shown
    assert "*[x](y)*" in calm(at)


@pytest.mark.parametrize("kind", [{"value": False}, {"forecast": False}, {}])
def test_degraded_runs(pages, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path))
    run = fake_run(tmp_path, **kind)
    at = pages.settle(pages.open(WHERE, run=run.id))
    assert not at.exception
    assert "first forecast of these customers" in texts(at)


def test_months_chart(found):
    one = found["tracked"][0]
    figure = charts.months_figure(one["by_month"], measure="revenue", symbol="€")
    came, said = figure.data
    assert list(came.y) == [r["revenue"] for r in one["by_month"]]
    assert list(said.y) == [r["predicted_revenue"] for r in one["by_month"]]
    assert list(came.x) == ["28 Feb 2017", "31 Mar 2017", "30 Apr 2017"]
    assert figure.layout.yaxis.title.text == "Revenue (€)"
    orders = charts.months_figure(one["by_month"], measure="orders", dark=True)
    assert list(orders.data[0].y) == [r["purchases"] for r in one["by_month"]]


def test_history_chart():
    rows = [
        {"as_of": "2017-01-31", "share": 1.1, "months": 3, "low": 0.8, "high": 1.25},
        {"as_of": "2017-02-28", "share": 7.0, "months": 2, "low": None, "high": None},
    ]
    band, came = charts.history_figure(rows).data
    assert (list(band.x), list(band.base), list(band.y)) == (
        ["31 Jan 2017"],
        [0.8],
        [pytest.approx(0.45)],
    )
    assert list(came.y) == [1.1, 3.0], "far out stays in sight"
    assert came.customdata[1][0] == 7.0
    assert len(charts.history_figure(rows[1:]).data) == 1
    late_range = charts.history_figure(rows[::-1])
    assert list(late_range.layout.xaxis.categoryarray) == list(late_range.data[-1].x), "by date"
    assert late_range.layout.xaxis.categoryorder == "array"
