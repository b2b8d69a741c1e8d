"""How good is it: the page shows the receipt's figures, and says where there is none."""

from __future__ import annotations

import csv
import io
import json

import pytest

from clv.apps.ui import coverage, jobs
from clv.apps.ui import receipt_downloads as files
from clv.backtest import evaluation
from clv.core.formatting import day, percent, plain
from clv.core.names import title
from clv.forecast import receipts
from clv.report import charts
from clv.report.words import ranges as range_words
from clv.report.words import receipt as words
from clv.runs import csv_of
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm
from tests.shops import make_run, new_store, shop

WHERE = "How_good_is_it"
TITLE = "How good is it?"


@pytest.fixture
def run(tested_run):
    return tested_run


@pytest.fixture
def found(run):
    return run.receipt


@pytest.fixture
def at(pages, monkeypatch, run):
    monkeypatch.setenv("CLV_RUNS", str(run.path.parents[1]))
    return pages.open(WHERE, run=run.id)


def table(at, first):
    """Return one of the page's tables, by the name of its first column."""
    (shown,) = [d.value for d in at.dataframe if d.value.columns[0] == first]
    return shown


def cards(at):
    return {m.label.replace("\u00a0", " "): m.value for m in at.metric}


def own(found, as_of=""):
    return next(r for r in receipts.leaderboard(found, as_of) if r["contender"] == found["model"])


def test_empty_page_leads_to_the_upload(pages):
    at = pages.open(WHERE)
    calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


def test_the_page_says_what_the_receipt_holds(at, found):
    read = calm(at)
    assert at.title[0].value == TITLE
    assert words.sentence(found).replace("\u00a0", " ") in read
    assert "so that the tests can look 9 months ahead, not 12" in read
    row = own(found)
    assert cards(at) == {
        "Predicted orders, % of actual": percent(1 + row["orders_bias"]),
        "Best 10 % brought": percent(row["orders_top10"]),
        "Ranking quality (Gini)": percent(row["orders_gini"]),
        "Buyers recognised (AUC)": percent(row["auc"]),
        "Monthly error": percent(row["orders_mape"]),
    }
    board = receipts.leaderboard(found)
    shown = table(at, "Model or rule")
    assert list(shown["Model or rule"]) == [title(r["contender"]) for r in board]
    assert list(shown["Behind the best"]) == [words.behind(r) for r in board]
    assert list(shown["Error per customer (MAE, orders)"]) == [r["orders_mae"] for r in board]
    assert list(shown["Revenue error per customer (MAE) ($)"]) == [r["revenue_mae"] for r in board]
    assert shown["Predicted orders, % of actual"][0] == pytest.approx(
        100 * (1 + board[0]["orders_bias"]), abs=0.06
    )
    assert len(at.get("plotly_chart")) == 3
    assert len(at.get("download_button")) == 6


def test_the_choice_is_told(at, found):
    read = calm(at)
    assert "How this forecast was chosen" in read
    told = at.get("table")[0].value
    assert told["Answer"].tolist() == [plain(v) for v in words.choice(found).values()]
    assert (
        "On 30 Sep 1997, which had no say in the choice, it forecast each customer better than"
        in (words.choice(found)["Checked"].replace("\u00a0", " "))
    )


def test_months_and_their_errors(at, found):
    shown = table(at, "Month to")
    months = found["origins"][-1]["months"]
    assert shown["Actual orders"].tolist() == [m["purchases"]["actual"] for m in months]
    said = [m["purchases"][found["model"]] for m in months]
    assert shown["Expected orders"].tolist() == [round(v) for v in said]
    mape = found["origins"][-1]["mape"][found["model"]]
    assert shown["Orders: off by"].abs().mean() == pytest.approx(100 * mape["purchases"], rel=1e-9)
    assert shown["Revenue ($): off by"].abs().mean() == pytest.approx(100 * mape["value"], rel=1e-9)


def test_orders_each_week(at, found):
    at.segmented_control(key="tracking_kind").set_value("each week").run()
    assert "Orders a week since" in calm(at)
    weeks = found["origins"][-1]["weeks"]
    figure = charts.tracking_figure(weeks, {found["model"]: "M"}, by_week=True)
    came, said = figure.data
    assert sum(came.y) == weeks[-1]["actual"]
    assert said.y[1] == weeks[1][found["model"]] - weeks[0][found["model"]]
    assert list(came.x) == [w["week"] for w in weeks]


def test_ranges_against_what_they_promise(at, found):
    at.session_state["receipt_view"] = "Ranges"
    read = calm(at.run())
    assert range_words.sentence(found).replace("\u00a0", " ") in read
    measured = found["ranges"]["measured"]
    rows = {r["group"]: r for r in measured["after"]}
    shown = table(at, "Customers")
    assert shown["Customers"].tolist() == [
        name for group, name in range_words.GROUPS.items() if group in rows
    ]
    inside = [rows[g]["inside"] * 100 for g in range_words.GROUPS if g in rows]
    assert shown["Within: calibrated on earlier dates"].tolist() == inside
    totals = table(at, "Tested as of")
    biases = [o["measures"][found["model"]]["value"]["bias"] for o in found["origins"]]
    assert totals["Predicted revenue, % of actual"].tolist() == [
        100 * (1 + bias) for bias in biases
    ]
    assert len(at.get("plotly_chart")) == 1
    written_rows = coverage.coverage_rows(found)
    assert len(written_rows) == len(measured["before"]) + len(measured["after"])


def test_coverage_figure():
    kinds = {
        "before": {"inside": 0.7, "low": 0.6, "high": 0.78},
        "after": {"inside": 0.8, "low": 0.75, "high": 0.9},
    }
    rows = [{"group": "All customers", "kinds": kinds}]
    figure = charts.coverage_figure(rows, level=0.8, names={"before": "B", "after": "A"})
    before, after = figure.data
    assert (list(before.x), list(after.x)) == ([0.7], [0.8])
    assert after.error_x.array == pytest.approx([0.1])
    assert after.error_x.arrayminus == pytest.approx([0.05])
    assert (before.y[0], after.y[0]) == pytest.approx((-0.14, 0.14))
    assert figure.layout.shapes[0].x0 == 0.8
    assert figure.layout.meta["alt"].endswith("All customers 80%.")
    (only,) = charts.coverage_figure(rows, level=0.8, names={"before": "B"}).data
    assert (only.y[0], only.marker.symbol) == (0.0, "circle")


def test_two_models_are_compared(at):
    at.session_state["receipt_view"] = "Two models compared"
    calm(at.run())
    assert at.selectbox(key="bins_first_").value


def test_one_past_date(at, found):
    at.selectbox(key="receipt_origin").set_value("1997-06-30").run()
    read = calm(at)
    assert cards(at)["Best 10 % brought"] == percent(own(found, "1997-06-30")["orders_top10"])
    assert f"as of {day('1997-06-30')}".replace("\u00a0", " ") in read
    charts = [c.proto.spec for c in at.get("plotly_chart")]
    customers = found["origins"][0]["measures"][found["model"]]["deciles"][0]["customers"]
    assert f'"{customers}"' in charts[0]


def test_the_visit_starts_the_test_and_finds_it_again(pages, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    run = make_run(new_store(tmp_path), shop())
    at = pages.open(WHERE, run=run.id)
    assert "is being tested" in calm(at)
    calm(pages.settle(at))
    found = run.receipt
    assert words.sentence(found).replace("\u00a0", " ") in calm(at)
    # A receipt that was deleted is made anew.
    for path in run.exports.iterdir():
        path.unlink()
    at = pages.open(WHERE, run=run.id)
    assert words.sentence(found).replace("\u00a0", " ") in calm(pages.settle(at))


def test_a_test_that_fails_can_be_started_again(pages, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    run = make_run(new_store(tmp_path), shop())

    def broken(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "evaluate", broken)
        at = pages.settle(pages.open(WHERE, run=run.id))
    assert "something went wrong on our side" in at.error[0].value
    at.button(key="again").click().run()
    calm(pages.settle(at))
    assert jobs.find(f"receipt:{run.id}").failure is None


def test_without_amounts_there_is_no_money(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(value=""))
    at = pages.settle(pages.open(WHERE, run=run.id))
    assert "evenue per customer" not in calm(at)
    assert not [c for c in at.dataframe[0].value.columns if "evenue" in c]
    assert "Orders each" in calm(at)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (shop(customers=30), "a test needs at least 50"),
        ("customer_id,order_date,revenue\na,2017-01-01,10\na,2017-06-01,10\n", ""),
    ],
)
def test_few_customers(pages, tmp_path, content, reason):
    run = make_run(new_store(tmp_path), content)
    at = pages.settle(pages.open(WHERE, run=run.id))
    read = calm(at)
    assert reason in read
    assert "There is no test of this forecast" in read or "nothing to test" in read
    assert not at.get("plotly_chart")


def test_history_only(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False)
    at = pages.open(WHERE, run=run.id)
    assert "There is no forecast for this file, so that there is nothing to test." in calm(at)
    assert jobs.find(f"receipt:{run.id}") is None


def test_downloads(found):
    rows = list(csv.DictReader(io.StringIO(csv_of(receipts.boards(found)).decode())))
    assert len(rows) == len(found["together"]["loss"]) * 3
    loss = found["together"]["loss"][rows[0]["contender"]]
    assert float(rows[0]["loss"]) == pytest.approx(loss, rel=1e-14)
    groups = list(csv.DictReader(io.StringIO(csv_of(files.bin_rows(found)).decode())))
    best = next(g for g in groups if g["contender"] == "mbg-nbd" and g["of"] == "chance")
    top = found["origins"][0]["measures"]["mbg-nbd"]["reliability"]
    assert (best["bin"], float(best["predicted"])) == (str(len(top)), top[0]["predicted"])
    weeks = list(csv.DictReader(io.StringIO(csv_of(files.week_rows(found)).decode())))
    last = found["origins"][-1]["weeks"][-1]
    assert (int(weeks[-1]["actual"]), float(weeks[-1]["bg-nbd"])) == (
        last["actual"],
        last["bg-nbd"],
    )
    months = files.month_rows(found)
    assert len(months) == 2 * sum(len(o["months"]) for o in found["origins"])
    assert months[0]["actual"] == found["origins"][0]["months"][0]["purchases"]["actual"]
    assert json.dumps(found, allow_nan=False)
