"""The accuracy receipt: published figures through this path, stored once, honest where it can't be."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from functools import cache
from importlib.resources import files

import pytest

from clv.apps import cli
from clv.backtest import evaluation
from clv.backtest.choose_model import RULES
from clv.core import metrics
from clv.core.errors import ClvError
from clv.core.types import quiet
from clv.forecast import pipeline, receipts
from clv.report import charts
from clv.report.words import receipt as words
from tests.shops import make_run, new_store, shop

CORRECTED = "mbg-nbd+corrected"


@cache
def cdnow_sample(*, value=True):
    """Return the published sample of every tenth CDNOW customer as CSV."""
    log = (files("lifetimes") / "datasets" / "CDNOW_sample.txt").read_text()
    rows = [line.split() for line in log.splitlines() if line.strip()]
    lines = ["customer_id,order_date" + (",revenue" if value else "")]
    for customer, _, day, _, paid in rows:
        end = f",{paid}" if value else ""
        lines.append(f"{customer},{day[:4]}-{day[4:6]}-{day[6:]}{end}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = new_store(tmp_path_factory.mktemp("receipts"))
    return make_run(store, cdnow_sample(), as_of=date(1998, 6, 30), currency="USD")


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def found(run, told):
    return pipeline.receipt(run, lambda *said: told.append(said))


def test_published_figures_come_out(found):
    """As in tests/backtest/test_backtest.py, here from a file, through a run."""
    assert [o["as_of"] for o in found["origins"]] == ["1997-06-30", "1997-09-30"]
    assert (found["horizon_months"], found["forecast_months"]) == (9, 12)
    assert found["model"] == receipts.subject(found) == "mbg-nbd"
    rows = {r["contender"]: r for r in receipts.leaderboard(found, "1997-09-30")}
    for name, mae, bias, gini, top10 in (
        ("mbg-nbd", 0.7648, -0.162, 0.664, 0.475),
        ("pareto-nbd", 0.7545, -0.115, 0.673, 0.470),
        ("rate-so-far", 1.024, 0.56, 0.666, 0.458),
    ):
        assert rows[name]["orders_mae"] == pytest.approx(mae, abs=1e-3)
        assert rows[name]["orders_bias"] == pytest.approx(bias, abs=1e-2)
        assert rows[name]["orders_gini"] == pytest.approx(gini, abs=1e-3)
        assert rows[name]["orders_top10"] == pytest.approx(top10, abs=1e-3)
    assert rows["mbg-nbd"]["auc"] == pytest.approx(0.760, abs=1e-3)
    assert rows["mbg-nbd"]["brier"] == pytest.approx(0.161, abs=1e-3)


def test_everybody_is_compared(found):
    """No season: after 6 and 9 months no year has been seen in which to find one."""
    assert {r["contender"] for r in receipts.leaderboard(found)} == {
        *evaluation.MODELS,
        CORRECTED,
        *RULES,
    }
    twin, own = (
        next(r for r in receipts.leaderboard(found) if r["contender"] == name)
        for name in (CORRECTED, "mbg-nbd")
    )
    # A correction keeps the total and shares it out otherwise.
    assert twin["orders_bias"] == pytest.approx(own["orders_bias"], rel=1e-6)
    assert twin["orders_gini"] != own["orders_gini"]
    assert not found["runner_up"].endswith("+all-orders")
    assert receipts.failures(found) == {}


def test_the_mean_over_origins(found):
    assert [tuple(r) for r in receipts.leaderboard(found)] == [receipts.COLUMNS] * 9
    for row in receipts.leaderboard(found):
        each = [o["measures"][row["contender"]] for o in found["origins"]]
        assert row["loss"] == pytest.approx(sum(m["loss"] for m in each) / 2, rel=1e-12)
        assert found["together"]["loss"][row["contender"]] == pytest.approx(row["loss"], rel=1e-9)
        if row["difference"] is None:
            best = row
    assert best["contender"] == found["together"]["best"]
    for row in receipts.leaderboard(found):
        if row is not best and row["difference"] is not None:
            assert row["difference"] == pytest.approx(row["loss"] - best["loss"], abs=1e-9)
            assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    edges = found["together"]["apart"][found["runner_up"]]
    assert found["noise"] is not metrics.differs(edges, best["loss"])


def test_error_by_month(found):
    origin = found["origins"][-1]
    off = [abs(m["purchases"]["mbg-nbd"] / m["purchases"]["actual"] - 1) for m in origin["months"]]
    assert origin["mape"]["mbg-nbd"]["purchases"] == pytest.approx(sum(off) / 9, rel=1e-12)


def test_stored_once(run, found, told):
    fits = [done for stage, done, total in told if total == 16]
    assert fits == list(range(16))
    file, customers = (run.exports / name for name in ("backtest.json", "tested.parquet"))
    before = file.read_bytes()
    assert run.tested().num_rows == found["customers_tested"] == found["customers_known"] == 2357

    def never(*_):
        pytest.fail("tested again")

    assert pipeline.receipt(run, never) == found == run.receipt
    assert file.read_bytes() == before
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    file.unlink()
    customers.unlink()
    assert (run.receipt, run.tested()) == (None, None)
    assert pipeline.receipt(run, quiet) == found
    assert file.read_bytes() == before
    assert {p.name for p in run.exports.iterdir()} == {file.name, customers.name}


def test_without_amounts(tmp_path):
    run = make_run(new_store(tmp_path), shop(value=""))
    found = pipeline.receipt(run, quiet)
    rows = receipts.leaderboard(found)
    assert not found["has_value"]
    assert {r["contender"] for r in rows} == {*evaluation.MODELS, *RULES}
    assert "all_orders" not in found["choice"]["tried"]
    assert all(r[c] is None for r in rows for c in receipts.COLUMNS if c.startswith("revenue"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (shop(customers=30), "were known on any past date; a test needs at least 50."),
        ("customer_id,order_date,revenue\na,2017-01-01,10\na,2017-06-01,10\n", "At most 1 customer was"),
        ("customer_id,order_date,revenue\na,2017-01-01,10\nb,2017-01-20,10\n", "The orders cover 20 days"),
    ],
)  # fmt: skip
def test_no_test_is_possible(tmp_path, content, reason):
    found = pipeline.receipt(make_run(new_store(tmp_path), content), quiet)
    assert found["origins"] == []
    assert (found["together"], found["runner_up"], found["noise"]) == (None, None, None)
    assert receipts.leaderboard(found) == receipts.boards(found) == []
    assert reason in found["reason"]
    assert words.sentence(found) == f"There is no test of this forecast. {found['reason']}"


def test_command_line(run, found, tmp_path, monkeypatch, capfd):
    def call(*arguments):
        store = run.path.parents[1]
        monkeypatch.setattr(
            sys, "argv", ["clv", "backtest", "--store", str(store), *map(str, arguments)]
        )
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, *capfd.readouterr()

    code, out, err = call()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == list(receipts.COLUMNS)
    assert lines[1].split()[:2] == [found["together"]["best"], f"{found['together']['loss'][found['together']['best']]:.3f}"]  # fmt: skip
    assert lines[10] == "Tested as of 1997-06-30, 1997-09-30, 9 months ahead."
    target = tmp_path / "board.csv"
    assert call("--run", "latest", "--out", target)[0] == 0
    with target.open() as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["as_of"], r["contender"]) for r in rows] == [
        (r["as_of"], r["contender"]) for r in receipts.boards(found)
    ]
    assert call("--run", run.id, "--out", tmp_path / "all.json")[0] == 0
    assert json.loads((tmp_path / "all.json").read_text()) == found
    code, _, err = call("--run", "0" * 32)
    assert (code, "There is no run" in err) == (2, True)


def test_command_line_without_a_test(tmp_path, monkeypatch):
    make_run(new_store(tmp_path), shop(customers=20))
    with pytest.raises(ClvError, match="supports no test"):
        cli.backtest(run_id=None, out=None, store=tmp_path)


# -- words ------------------------------------------------------------------------------------------


def plain(text):
    return text.replace("\u00a0", " ")


def receipt(losses, apart, best, bias=(-0.19, -0.19), gini=None, model="mbg-nbd", months=9):
    """Write a receipt by hand: what the words look at."""
    ginis = dict.fromkeys(losses, 0.5) | (gini or {})

    def measures(name, off):
        amounts = {"bias": off, "mae": 1.0, "gini": ginis[name], "top10": 0.46}
        return {"loss": losses[name], "purchases": amounts, "value": None} | {
            "chance": {"auc": 0.7, "brier": 0.2}
        }

    origins = [
        {"as_of": f"1997-0{6 + 3 * i}-30", "end": "1998-06-30", "customers": 100, "failed": {}}
        | {"measures": {name: measures(name, off) for name in losses}, "apart": apart}
        | {"mape": {name: {"purchases": 0.2, "value": None} for name in losses}}
        for i, off in enumerate(bias)
    ]
    together = {"loss": losses, "best": best, "apart": apart}
    second, noise = evaluation._runner_up(together)
    rest = {"runner_up": second, "noise": noise}
    head = {"horizon_months": months, "reason": "", "model": model, "has_value": False}
    return head | {"origins": origins, "together": together} | rest


def test_a_model_that_beats_every_rule():
    found = receipt(
        {"mbg-nbd": 1.0, "rate-so-far": 2.0},
        {"rate-so-far": [1.0, 0.9, 1.1]},
        "mbg-nbd",
        gini={"mbg-nbd": 0.6},
    )
    assert plain(words.sentence(found)) == (
        "Tested on 2 past dates: MBG/NBD was 19 % too low for the orders of the following 9 months, "
        "forecast and ranked customers better than every rule of thumb, and the 10 % of customers "
        "it ranked highest brought 46 % of the orders."
    )
    # Better by customer, but not in ranking.
    same = receipt(
        {"mbg-nbd": 1.0, "rate-so-far": 2.0}, {"rate-so-far": [1.0, 0.9, 1.1]}, "mbg-nbd"
    )
    assert ", forecast customers better than every rule of thumb," in words.sentence(same)


@pytest.mark.parametrize(
    ("losses", "apart", "best", "said"),
    [
        ({"mbg-nbd": 1.0, "same-period": 1.01}, {"same-period": [0.01, -0.1, 0.1]}, "mbg-nbd", "about as good"),
        ({"mbg-nbd": 1.2, "same-period": 1.0}, {"mbg-nbd": [0.2, 0.1, 0.3]}, "same-period", "better"),
        ({"mbg-nbd": 1.02, "same-period": 1.0}, {"mbg-nbd": [0.02, -0.1, 0.1]}, "same-period", "at least as good"),
    ],
)  # fmt: skip
def test_a_rule_that_is_as_good_is_named(losses, apart, best, said):
    told = words.sentence(receipt(losses, apart, best))
    expected = f"the rule of thumb that everybody repeats the last period was {said} customer by"
    assert expected in told


def test_a_rule_is_not_compared_with_itself_in_other_clothes():
    losses = {"recency-rule": 1.0, "recency-rule+all-orders": 1.0, "rate-so-far": 1.5}
    apart = {"recency-rule": [0.0, 0.0, 0.0], "rate-so-far": [0.5, 0.4, 0.6]}
    told = words.sentence(receipt(losses, apart, "recency-rule+all-orders"))
    assert told.count("the rule of thumb that who bought lately is active") == 1


def test_other_sentences():
    one = {"mbg-nbd": 1.0}
    ranged = receipt(one, {}, "mbg-nbd", bias=(-0.1, 0.2), months=1)
    assert plain(words.sentence(ranged)).startswith(
        "Tested on 2 past dates: MBG/NBD was between 10 % too low and 20 % too high for the orders of "
        "the following month, and the 10 %"
    )
    nobody = receipt(one, {}, "mbg-nbd", bias=(None,))
    assert "Tested on 1 past date: nobody known then ordered" in words.sentence(nobody)
    rule = receipt({"same-period": 1.0}, {}, "same-period", model="pooled-rate")
    assert "the rule of thumb that everybody repeats the last period was 19" in words.sentence(rule)
    assert words.untested(rule)
    assert not words.untested(ranged)
    pair = {"mbg-nbd": 1.0, "bg-nbd": 1.0}
    close = receipt(pair, {"bg-nbd": [1e-9, 1e-10, 2e-9]}, "mbg-nbd")
    assert "too small to tell them apart" in words.rivals(close)
    apart = receipt(pair | {"bg-nbd": 2.0}, {"bg-nbd": [1.0, 0.5, 1.5]}, "mbg-nbd")
    assert "ahead of BG/NBD by more than chance" in words.rivals(apart)
    total = receipt(pair, {"bg-nbd": [0.2, 0.1, 0.3]}, "mbg-nbd")
    for origin in total["origins"]:
        origin["measures"]["bg-nbd"]["purchases"] = {"bias": 0.02}
    assert words.rivals(total).endswith("Closest to the total was BG/NBD: 2\u00a0% too high.")


def test_titles():
    assert words.ranking_title([{"actual": 28.0}, {"actual": 2.0}]).endswith("14 times as much as those ranked lowest")  # fmt: skip
    assert "did not bring more" in words.ranking_title([{"actual": 1.0}, {"actual": 2.0}])
    assert words.ranking_title([{"actual": 1.0}]) == "All customers were forecast the same"
    weeks = [
        {"week": 1, "actual": 60, "mbg-nbd": 50.0},
        {"week": 2, "actual": 100, "mbg-nbd": 80.0},
    ]
    assert plain(words.tracking_title(weeks, "mbg-nbd")) == "After 2 weeks 25 % more orders had come than expected"  # fmt: skip
    bins = [
        {"customers": 30, "actual": 0.1, "predicted": 0.2, "low": 0.05, "high": 0.15},
        {"customers": 10, "actual": 0.5, "predicted": 0.6, "low": 0.3, "high": 0.7},
    ]
    assert plain(words.chance_title(bins)) == "20 % of the customers bought; their chances had said 30 %"  # fmt: skip
    assert words.within(bins) == "the forecast lies within them in 1 of 2 groups"


# -- charts -----------------------------------------------------------------------------------------


def test_charts_hold_the_figures(found):
    origin = found["origins"][-1]
    measures = origin["measures"]["mbg-nbd"]
    came, said = charts.ranking_figure(measures["deciles"], measure="revenue", symbol="$").data
    assert list(came.y) == [d["actual"] for d in measures["deciles"]]
    assert list(said.y) == [d["predicted"] for d in measures["deciles"]]
    _, dots = charts.reliability_figure(measures["reliability"], dark=True).data
    first = measures["reliability"][0]
    assert (dots.x[0], dots.y[0]) == (first["predicted"], first["actual"])
    assert dots.y[0] + dots.error_y.array[0] == pytest.approx(first["high"])
    figure = charts.tracking_figure(origin["weeks"], {"mbg-nbd": "MBG/NBD", "bg-nbd": "BG/NBD"})
    assert [line.y[-1] for line in figure.data] == [
        origin["weeks"][-1][key] for key in ("actual", "mbg-nbd", "bg-nbd")
    ]
    assert len({line.line.dash for line in figure.data}) == 3
    assert "after 39 weeks" in figure.layout.meta["alt"]
