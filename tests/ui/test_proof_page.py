"""How good is it: the page shows the receipt's figures, and says where there is none."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from clv import proof
from clv.pipeline import quiet
from clv.ui import jobs
from clv.ui import proof as shown
from clv.ui import proof_words as words
from clv.ui.cohort_downloads import written
from clv.ui.formatting import day, percent
from tests.test_pipeline import make_run, new_store, shop
from tests.test_proof import cdnow_sample
from tests.ui.fakes import fake_run
from tests.ui.test_pages import calm

WHERE = "How_good_is_it"
TITLE = "How good is it?"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = new_store(tmp_path_factory.mktemp("proof_page"))
    return make_run(store, cdnow_sample(), as_of=date(1998, 6, 30), currency="USD")


@pytest.fixture(scope="module")
def found(run):
    return proof.receipt(run, quiet)


@pytest.fixture
def at(pages, monkeypatch, run, found):
    monkeypatch.setenv("CLV_RUNS", str(run.path.parents[1]))
    return pages.open(WHERE, run=run.id)


def cards(at):
    return {m.label.replace("\u00a0", " "): m.value for m in at.metric}


def own(found, as_of=""):
    return next(r for r in proof.leaderboard(found, as_of) if r["contender"] == "mbg-nbd")


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
        "Orders foretold": percent(1 + row["orders_bias"]),
        "Best 10 % brought": percent(row["orders_top10"]),
        "Ranking quality (Gini)": percent(row["orders_gini"]),
        "Buyers told apart (AUC)": percent(row["auc"]),
        "Monthly error": percent(row["orders_mape"]),
    }
    (table,) = [d.value for d in at.dataframe]
    board = proof.leaderboard(found)
    assert list(table["Model or rule"]) == [words.name(r["contender"]) for r in board]
    assert list(table["Behind the best"]) == [shown.behind(r) for r in board]
    assert list(table["Error per customer (MAE, orders)"]) == [r["orders_mae"] for r in board]
    assert list(table["Revenue error per customer (MAE) ($)"]) == [r["revenue_mae"] for r in board]
    assert table["Orders foretold"][0] == pytest.approx(
        100 * (1 + board[0]["orders_bias"]), abs=0.06
    )
    assert len(at.get("plotly_chart")) == 3
    assert len(at.get("download_button")) == 4


def test_one_past_date(at, found):
    at.selectbox(key="proof_origin").set_value("1997-06-30").run()
    read = calm(at)
    assert cards(at)["Best 10 % brought"] == percent(own(found, "1997-06-30")["orders_top10"])
    assert f"as of {day('1997-06-30')}".replace("\u00a0", " ") in read
    charts = [c.proto.spec for c in at.get("plotly_chart")]
    customers = found["origins"][0]["measures"]["mbg-nbd"]["deciles"][0]["customers"]
    assert f'"{customers}"' in charts[0]


def test_the_visit_starts_the_test_and_finds_it_again(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop())
    at = pages.open(WHERE, run=run.id)
    assert "is being tested" in calm(at)
    calm(pages.settle(at))
    found = proof.stored(run)
    assert words.sentence(found).replace("\u00a0", " ") in calm(at)
    # A receipt that was deleted is made anew.
    for path in run.exports.iterdir():
        path.unlink()
    at = pages.open(WHERE, run=run.id)
    assert words.sentence(found).replace("\u00a0", " ") in calm(pages.settle(at))


def test_a_test_that_fails_can_be_started_again(pages, tmp_path, monkeypatch):
    run = make_run(new_store(tmp_path), shop())

    def broken(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(proof, "_tested", broken)
        at = pages.settle(pages.open(WHERE, run=run.id))
    assert "something went wrong on our side" in at.error[0].value
    at.button(key="test_again").click().run()
    calm(pages.settle(at))
    assert jobs.find(f"proof:{run.id}").failure is None


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
    assert jobs.find(f"proof:{run.id}") is None


def test_downloads(found):
    rows = list(csv.DictReader(io.StringIO(written(proof.boards(found)).decode())))
    assert len(rows) == 8 * 3
    assert float(rows[0]["loss"]) == found["together"]["loss"][rows[0]["contender"]]
    groups = list(csv.DictReader(io.StringIO(written(shown.bin_rows(found)).decode())))
    best = next(g for g in groups if g["contender"] == "mbg-nbd" and g["of"] == "chance")
    top = found["origins"][0]["measures"]["mbg-nbd"]["reliability"]
    assert (best["bin"], float(best["predicted"])) == (str(len(top)), top[0]["predicted"])
    weeks = list(csv.DictReader(io.StringIO(written(shown.week_rows(found)).decode())))
    last = found["origins"][-1]["weeks"][-1]
    assert (int(weeks[-1]["actual"]), float(weeks[-1]["bg-nbd"])) == (
        last["actual"],
        last["bg-nbd"],
    )
    assert json.dumps(found, allow_nan=False)
