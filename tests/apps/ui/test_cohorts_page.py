"""The cohorts page: its figures are the run's, and it works with little data."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from clv.apps.ui import cohort_downloads as downloads
from clv.core.formatting import count, money, percent
from clv.insights.cohorts.calendar import period_name, period_of
from clv.insights.cohorts.report import cohorts_of, first_year
from clv.insights.cohorts.verdict import compare
from clv.report.words import cohorts as words
from clv.runs import csv_of
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm


def plots(at):
    return [json.loads(c.proto.spec) for c in at.get("plotly_chart")]


def clean(text):
    return text.replace("\u00a0", " ")


def test_figures_on_the_page_are_the_runs(pages, tmp_path):
    run = fake_run(tmp_path, customers=2000)
    read = calm(pages.open("Cohorts", run=run.id))
    found = cohorts_of(run, "month")
    year, everybody = first_year(found.facts), found.seconds[None]
    for value in (
        f"Customers {count(run.summary['customers'])}",
        f"Ever came back {percent(1 - run.summary['one_time_share'])}",
        f"Revenue per customer in the first month {money(float(year.revenue[0]), 'EUR')}",
        f"Revenue per customer in 12 months {money(float(year.revenue.sum()), 'EUR')}",
        f"Median time to the second order {words.waiting(everybody)}",
    ):
        assert clean(value) in read
    verdict = compare(found.facts, found.totals, "returned", found.age)
    said = words.sentence(
        year, everybody, verdict, "returned", "month", int(found.facts.cohorts[0]), "EUR"
    )
    assert clean(said) in read


def test_the_heatmap_holds_the_runs_cells_to_the_last_digit(pages, tmp_path):
    run = fake_run(tmp_path)
    at = pages.open("Cohorts", run=run.id)
    heat = plots(at)[0]["data"]
    sql = (
        "WITH each AS (SELECT o.customer_id, "
        "datediff('month', date_trunc('month', f.first_order), date_trunc('month', ordered_at)) AS k, "
        "strftime(f.first_order, '%Y-%m') AS cohort FROM orders o JOIN forecasts f USING (customer_id)) "
        "SELECT cohort, k, count(DISTINCT customer_id) AS n FROM each GROUP BY 1, 2"
    )
    rows = run.query(sql).to_pylist()
    size = {r["cohort"]: r["n"] for r in rows if r["k"] == 0}
    active = {(r["cohort"], r["k"]): r["n"] for r in rows}
    as_of = period_of(date.fromisoformat(run.settings["as_of"]), "month")
    cohorts = sorted(size)[-24:]
    assert len(heat[0]["z"]) == 1 + len(cohorts)
    for line, cohort in zip(heat[0]["z"][1:], cohorts, strict=True):
        start = period_of(date.fromisoformat(f"{cohort}-01"), "month")
        for k, value in enumerate(line):
            over = start + k <= as_of  # 31 December is the last day of its month
            wanted = active.get((cohort, k), 0) / size[cohort] if over else None
            assert value == wanted
    # Forecast cells lie beyond, in the paler trace; a switch hides them.
    assert any(v is not None for line in heat[1]["z"] for v in line)
    at.toggle(key="cohort_forecast").set_value(False).run()
    calm(at)
    heat = plots(at)[0]["data"]
    assert all(v is None for line in heat[1]["z"] for v in line)


@pytest.mark.parametrize("grain", ["month", "quarter", "week"])
@pytest.mark.parametrize("measure", list(words.MEASURES))
def test_every_view_works(pages, tmp_path, grain, measure):
    run = fake_run(tmp_path, customers=80)
    at = pages.open("Cohorts", run=run.id)
    at.get("button_group")[0].set_value(grain)
    at.selectbox(key="cohort_measure").set_value(measure).run()
    calm(at)
    assert len(plots(at)) == 3
    assert len(at.dataframe[0].value) == len(cohorts_of(run, grain).facts.cohorts)


def test_labels_restrict_everything(pages, tmp_path):
    run = fake_run(tmp_path)
    at = pages.open("Cohorts", run=run.id)
    (label,) = run.labels
    box = at.multiselect(key="cohort_label_0")
    assert box.label == label
    table = run.query(
        f'SELECT "{label}" AS v, count(*) AS n FROM labels GROUP BY 1 ORDER BY n DESC, v'
    ).to_pylist()
    box.set_value([0]).run()
    read = calm(at)
    assert f"Customers {count(table[0]['n'])}" in read
    chosen = cohorts_of(run, "month", {label: [table[0]["v"]]})
    assert chosen.seconds[None].customers == table[0]["n"]
    assert f"Ever came back {clean(percent(chosen.seconds[None].rate))}" in read


def test_downloads_hold_all_cells(tmp_path):
    run = fake_run(tmp_path)
    found = cohorts_of(run, "month")
    long = list(csv.DictReader(io.StringIO(csv_of(downloads.long_rows(found)).decode())))
    facts = [r for r in long if r["status"] != "forecast"]
    assert sum(int(float(r["orders"])) for r in facts) == run.summary["orders"]
    assert sum(float(r["revenue"]) for r in facts) == pytest.approx(
        run.summary["revenue"], rel=1e-9
    )
    newest = facts[-1]
    assert newest["cohort"] == period_name(int(found.facts.cohorts[-1]), "month")
    triangle = downloads.triangle_rows(found.facts, "cumulative_revenue")
    assert [r["cohort"] for r in triangle] == sorted(r["cohort"] for r in triangle)
    assert {r["forecast_from"] for r in triangle} == {None}
    assert triangle[-1]["month_1"] is None
    assert downloads.triangle_rows(found.continued, "retention")[-1]["forecast_from"] == 1
    each = downloads.cohort_rows(found)
    assert sum(r["customers"] for r in each) == run.summary["customers"]
    total = sum(r["revenue_per_customer"] * r["customers"] for r in each)
    assert total == pytest.approx(run.summary["revenue"], rel=1e-9)


def test_without_amounts_no_money_is_shown(pages, tmp_path):
    run = fake_run(tmp_path, value=False)
    at = pages.open("Cohorts", run=run.id)
    read = calm(at)
    assert "€" not in read
    assert "per customer in" not in read
    assert "Revenue per customer" not in at.selectbox(key="cohort_measure").options
    assert "Revenue per customer (€)" not in at.dataframe[0].value.columns


def test_without_a_forecast_the_page_shows_history(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False)
    at = pages.open("Cohorts", run=run.id)
    assert "There is no forecast for this file" in calm(at)
    assert not [t for t in at.toggle if t.key == "cohort_forecast"]
    assert len(plots(at)) == 3


@pytest.mark.parametrize("customers", [1, 2, 5])
def test_few_customers(pages, tmp_path, customers):
    run = fake_run(tmp_path, customers=customers)
    read = calm(pages.open("Cohorts", run=run.id))
    assert "There are not two cohorts of 30 customers or more" in read


def test_curves_can_be_chosen(pages, tmp_path):
    run = fake_run(tmp_path)
    at = pages.open("Cohorts", run=run.id)
    chosen = next(m for m in at.multiselect if m.label == "Cohorts to compare")
    assert 1 <= len(chosen.value) <= 4
    chosen.set_value([]).run()
    calm(at)
    assert [t["name"] for t in plots(at)[1]["data"]] == ["Average"]


def test_no_run_leads_to_the_upload(pages):
    at = pages.open("Cohorts")
    assert "comes back, and what they bring" in calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in texts(at)


def test_unknown_run(pages):
    at = pages.open("Cohorts", run="abc")
    assert "There is no run" in at.error[0].value


def test_no_download_holds_a_formula(tmp_path):
    """Whatever a cohort or a label is called, a spreadsheet shows it and runs nothing."""
    found = cohorts_of(fake_run(tmp_path), "month")
    formula = '=HYPERLINK("http://localhost/?"&A2,"Total")'
    rows = [row | {"label": formula, formula: None} for row in downloads.cohort_rows(found)]
    read = list(csv.DictReader(io.StringIO(csv_of(rows).decode())))
    assert {row["label"] for row in read} == {f"'{formula}"}
    assert list(read[0])[-1] == f"'{formula}"
    assert [float(row["customers"]) for row in read] == [row["customers"] for row in rows]


def test_a_download_of_nothing_is_empty():
    assert csv_of([]) == b""
