"""A ready-made model from file to CSV: equal numbers from function, run and command line."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import typer

from clv.apps import cli
from clv.core import metrics
from clv.core.choice import Choice
from clv.core.errors import InputError, LayoutError, ModelFileError, ModelLimitError, SettingsError
from clv.core.schema import RankingMeasures
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.features import BASKET, basket_matrix
from clv.forecast import pipeline
from clv.insights import value_tiers
from clv.learn.ready_made import comparison
from clv.learn.ready_made.process import predict
from clv.learn.ready_made.shelf import Shelf
from clv.samples import ready_made
from tests.learn.ready_made.case import AS_OF, SUMS, dilled, kept, made, shop
from tests.places import ROOT


def sums_by_hand(file, as_of):
    """Return each customer's six figures added up, straight from the lines."""
    lines = pd.read_csv(file, parse_dates=["created_at_date"]).rename(
        columns={"created_at_date": "day", "num_items": "items"}
    )
    lines = lines[lines["day"] <= pd.Timestamp(as_of)]
    orders = lines.groupby(["customer_id", "order_id"], as_index=False).agg(
        items=("items", "sum"), revenue=("revenue", "sum"), day=("day", "min")
    )
    found, alone = {}, {}
    for who, own in orders.groupby("customer_id"):
        since = (pd.Timestamp(as_of) - own["day"].max()).days
        gaps = own["day"].sort_values().diff().dt.days.dropna()
        total = own["items"].max() + own["revenue"].max() + own["revenue"].sum() + len(own) + since
        found[who] = (total, gaps.max() if len(gaps) else None)
        alone[who] = since
    usual = np.mean([gap for _, gap in found.values() if gap is not None])
    return {
        who: total + (usual + alone[who] if gap is None else gap)
        for who, (total, gap) in found.items()
    }


@pytest.fixture
def file(tmp_path):
    return shop(tmp_path / "lines.csv")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def run(root, monkeypatch):
    """A run that all tests of this file share, with its shelf and its store."""
    found = kept(root)
    monkeypatch.setenv("CLV_MODELS", str(root / "models"))
    monkeypatch.setenv("CLV_RUNS", str(root / "runs"))
    return found


@pytest.fixture
def call(store, tmp_path, monkeypatch, capfd):
    """Run the command line in this process; return (code, stdout, stderr)."""
    monkeypatch.delenv("CLV_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def say(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        return stopped.value.code or 0, out, err

    return say


def test_every_customer_has_the_models_value_and_nothing_that_it_does_not_say(run, file):
    rows = run.query("SELECT * FROM forecasts ORDER BY customer_id").to_pylist()
    expected = sums_by_hand(file, AS_OF)
    assert [r["customer_id"] for r in rows] == sorted(expected)
    values = [r["predicted_clv"] for r in rows]
    np.testing.assert_allclose(values, [expected[r["customer_id"]] for r in rows], rtol=1e-12)
    empty = {k for k in rows[0] if all(r[k] is None for r in rows)}
    assert empty == {
        *("p_alive", "p_purchase", "predicted_purchases", "predicted_order_value"),
        *("predicted_clv_low", "predicted_clv_high", "next_order_date", "segment"),
    }
    assert run.only_value
    assert run.summary["predicted_clv"] == pytest.approx(sum(expected.values()), rel=1e-12)
    assert run.summary["median_clv"] == pytest.approx(np.median(list(expected.values())), rel=1e-12)
    assert run.receipt is None
    assert run.settings["backtest"] is False


def test_the_card_names_the_bytes_and_shows_what_was_asked_and_answered(run):
    card = run.model["ready_made"]
    entry = Shelf().entry("sums")
    assert run.model["model"] == "pretrained:sums"
    assert (card["name"], card["sha256"], card["size"]) == ("sums", entry.sha256, entry.size)
    assert len(card["test_vectors"]) == 12
    for vector in card["test_vectors"]:
        assert vector["predicted_clv"] == pytest.approx(sum(vector[k] for k in BASKET), rel=1e-12)
    assert [note["code"] for note in run.model["notes"]] == ["ready-made"]


def test_values_below_zero_are_pointed_out(store, file):
    for name, body, whom in (
        ("minus", "return -X[:, 2]", "all customers"),
        ("some", "return X[:, 4] - X[:, 4].min() - 1", "1 of 60 customers"),
    ):
        Shelf().put(name, dilled(body))
        (note,) = made(store, file, f"pretrained:{name}").model["notes"][1:]
        assert note["code"] == "below-zero"
        assert f"says of {whom} that they cost more" in note["message"]


def test_the_command_line_gives_the_same_numbers(call, file, run):
    code, out, err = call(
        *("run", file, "--out", "p.csv", "--as-of", AS_OF, "--model", "pretrained:sums")
    )
    assert (code, err) == (0, "")
    assert "says pretrained:sums" in out
    assert "Values as of 2017-10-17" in out
    with Path("p.csv").open(encoding="utf-8") as written:
        rows = {r["customer_id"]: r for r in csv.DictReader(written)}
    expected = run.query("SELECT customer_id, predicted_clv FROM forecasts").to_pylist()
    assert {w: float(r["predicted_clv"]) for w, r in rows.items()} == {
        r["customer_id"]: r["predicted_clv"] for r in expected
    }
    code, out, err = call("top", "spenders", "--n", 3, "--run", run.id)
    assert (code, err) == (0, "")
    best = sorted(expected, key=lambda r: (-r["predicted_clv"], r["customer_id"]))[:3]
    assert [line.split()[1] for line in out.splitlines()[1:]] == [r["customer_id"] for r in best]


def test_a_scheduled_job_is_done_again_only_for_other_bytes(call, file, store):
    job = ("run", file, "--out", "p.csv", "--model", "pretrained:sums", "--publish")
    assert call(*job)[0] == 0
    assert "nothing was computed again" in call(*job)[1]
    assert len(store.runs()) == 1
    Shelf().put("sums", dilled("return X.sum(axis=1) + 1"))
    assert "nothing was computed again" not in call(*job)[1]
    after, before = [r.summary["mean_clv"] for r in store.runs()]
    assert after == pytest.approx(before + 1, rel=1e-12)


def test_commands_that_need_more_than_a_value_say_so(call, run):
    for command in (["top", "buyers"], ["segments"], ["simulate"]):
        code, out, err = call(*command)
        assert (code, out) == (2, "")
        assert "says what a customer is worth, and nothing else" in err


def test_names_that_are_not_there(call, file):
    code, _, err = call("run", file, "--out", "p.csv", "--model", "pretrained:sum")
    assert code == 2
    assert 'There is no ready-made model "sum". Did you mean "sums"?' in err
    code, _, err = call("run", file, "--out", "p.csv", "--model", "pretraned")
    assert code == 2
    assert 'Did you mean "pretrained:NAME"?' in err
    for name in ("pretrained:", "pretrained:sums+season"):
        with pytest.raises(SettingsError, match="There is no model"):
            Settings(model=name)
    assert Choice.parse("pretrained:sums").ready_made == "sums"
    assert Choice.parse("mbg-nbd").ready_made is None


def test_a_failing_model_leaves_no_run(store, file):
    Shelf().put("broken", dilled("import os\nos._exit(1)"))
    with pytest.raises(ModelLimitError, match="broke down"):
        made(store, file, "pretrained:broken")
    assert store.runs() == []


def test_a_changed_file_is_refused(store, file):
    path = Shelf().root / "sums.dill"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelFileError, match="is not the one that was allowed"):
        made(store, file, "pretrained:sums")
    assert store.runs() == []


def test_files_without_items_or_amounts(store, tmp_path):
    settings = Settings(as_of=AS_OF, model="pretrained:sums")
    rows = "customer_id,ordered_at,revenue\na,2017-10-01,5\na,2017-10-03,6\nb,2017-10-17,7\n"
    (tmp_path / "plain.csv").write_text(rows)
    run = pipeline.run(
        store, store.new_draft(), [tmp_path / "plain.csv"], IngestOptions(), settings
    )
    said = [note["message"] for note in run.model["notes"]]
    assert said[1].startswith("This file has no numbers of items: ")
    # Customer a: 1, 6, 11, 2, 14, 2; customer b: 1, 7, 7, 1, 0, 2.
    found = run.query("SELECT predicted_clv FROM forecasts ORDER BY customer_id")
    assert found["predicted_clv"].to_pylist() == [36.0, 18.0]
    (tmp_path / "bare.csv").write_text("customer_id,ordered_at\na,2017-10-01\nb,2017-10-03\n")
    with pytest.raises(LayoutError, match="have no amounts"):
        pipeline.run(store, store.new_draft(), [tmp_path / "bare.csv"], IngestOptions(), settings)


def test_tiers_add_up(run):
    rows = value_tiers.sizes(run)
    values = sorted(
        run.query("SELECT predicted_clv FROM forecasts")["predicted_clv"].to_pylist(), reverse=True
    )
    assert [(r["tier"], r["customers"]) for r in rows] == [
        ("high", 12),
        ("middle", 18),
        ("low", 30),
    ]
    assert [r["predicted_clv"] for r in rows] == pytest.approx(
        [sum(values[:12]), sum(values[12:30]), sum(values[30:])], rel=1e-12
    )
    with value_tiers.export(run, "high").open(encoding="utf-8") as file:
        listed = [float(r["predicted_clv"]) for r in csv.DictReader(file)]
    assert listed == pytest.approx(values[:12], rel=1e-12)


def test_the_comparison_measures_what_came_after_each_past_date(call, run, file):
    found = comparison.compared(run, quiet)
    assert (found["name"], found["horizon_months"]) == ("pretrained:sums", 4)
    assert found == comparison.stored(run)
    lines = pd.read_csv(file, parse_dates=["created_at_date"])
    assert len(found["origins"]) >= 1
    for origin in found["origins"]:
        said = sums_by_hand(file, origin["as_of"])
        after = lines["created_at_date"].between(
            pd.Timestamp(origin["as_of"]), pd.Timestamp(origin["end"]), inclusive="right"
        )
        came = lines[after].groupby("customer_id")["revenue"].sum()
        ids = sorted(said)
        assert origin["customers"] == len(ids)
        expected = metrics.amounts([came.get(i, 0.0) for i in ids], [said[i] for i in ids])
        measured = origin["measures"]["pretrained:sums"]
        assert measured == pytest.approx(
            {k: expected[k] for k in RankingMeasures.__annotations__}, rel=1e-9
        )
    code, _, err = call("backtest", "--run", run.id, "--out", "c.csv")
    assert (code, err) == (0, "")
    with Path("c.csv").open(encoding="utf-8") as written:
        rows = list(csv.DictReader(written))
    assert [r["contender"] for r in rows] == [r["contender"] for r in comparison.together(found)]
    assert {"pretrained:sums", "rate-so-far", "same-period"} <= {r["contender"] for r in rows}


def test_it_has_no_receipt_for_orders(run):
    with pytest.raises(InputError, match="says nothing of orders"):
        pipeline.receipt(run, quiet)


def test_an_operator_adds_lists_and_removes(call, tmp_path, monkeypatch):
    (tmp_path / "Spring.dill").write_bytes(dilled("import os\nreturn X[:, 2]"))
    monkeypatch.setattr("typer.confirm", lambda question: question != 'Allow it as "spring"?')
    code, out, err = call("model", "add", "Spring.dill")
    # Not done, so that a script doesn't go on.
    assert (code, err) == (2, "")
    assert "WARNING   It reaches beyond numbers: os." in out
    assert out.endswith("Not allowed. Nothing was changed.\n")
    assert [e.name for e in Shelf().entries()] == ["sums"]
    code, out, _ = call("model", "add", "Spring.dill", "--name", "may", "--yes")
    entry = Shelf().entry("may")
    assert code == 0
    assert f"sha256    {entry.sha256}" in out
    assert out.endswith("Allowed: --model pretrained:may\n")
    (Shelf().root / "sums.dill").write_bytes(b"x")
    code, out, _ = call("model", "list")
    header, may, sums = out.splitlines()
    assert (code, header.split()) == (0, ["name", "size", "sha256", "added", "state"])
    assert may.split()[0] == "may"
    assert may.endswith("ready")
    assert "is not the one that was allowed" in sums
    assert call("model", "remove", "may")[:2] == (0, "may: removed.\n")
    assert [e.name for e in Shelf().entries()] == ["sums"]
    code, _, err = call("model", "add", "nothing.dill")
    assert code == 2
    assert "nothing.dill" in err


def test_an_operator_is_asked_only_what_can_be_answered(call, tmp_path, monkeypatch):
    (tmp_path / "Spring.dill").write_bytes(dilled(SUMS))
    asked = []

    def confirm(question):
        asked.append(question)
        raise typer.Abort

    monkeypatch.setattr("typer.confirm", confirm)
    # A name that can't be one is said before anything else.
    code, out, err = call("model", "add", "Spring.dill", "--name", "Spring")
    assert (code, out, asked) == (2, "", [])
    assert '"Spring" can\'t be the name of a model.' in err
    day = Shelf().entry("sums").added_at[:10]
    code, _, err = call("model", "add", "Spring.dill", "--name", "sums")
    assert asked == [f'Allow it as "sums", in place of the one added on {day}?']
    assert code == 2
    assert "Nobody answered; nothing was changed." in err
    assert "--yes" in err


def test_a_file_of_another_python_is_not_allowed(call, tmp_path):
    body = dilled(SUMS)
    # The number with which this Python begins functions, changed to that of 3.14.
    (tmp_path / "later.dill").write_bytes(body.replace(b"\x97\x00", b"\x80\x00"))
    code, _, err = call("model", "add", "later.dill", "--yes")
    assert code == 2
    assert "written under Python 3.14" in err
    assert [e.name for e in Shelf().entries()] == ["sums"]


def test_the_sample_model_is_what_its_coefficients_say(shelf):
    figures, revenue = ready_made.figures_and_revenue()
    coefficients = ready_made.fit(figures, revenue)
    # Where the mean's slope is zero: no coefficient can be moved to a better fit.
    logs = np.column_stack([np.ones(len(figures)), np.log1p(np.maximum(figures, 0))])
    mean = np.exp(logs @ np.array(coefficients))
    assert mean.sum() == pytest.approx(revenue.sum(), rel=1e-4)
    spread = logs[:, 1:].std(axis=0)
    gradient = logs.T @ (revenue - mean)
    penalty = revenue.mean() * np.array(coefficients[1:]) * spread**2
    np.testing.assert_allclose(gradient[1:] / revenue.sum(), penalty / revenue.sum(), atol=2e-5)
    # As a program of its own, the way that `make run` calls it; the second time there is one.
    for _ in range(2):
        told = subprocess.run(
            [sys.executable, "-m", "clv.samples.ready_made"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout == ""
    entry, content = shelf.load("sample")
    np.testing.assert_allclose(predict("sample", content, figures), mean, rtol=1e-12)
    two = np.array([[3, 92.6, 109.3, 2, 12, 26], [2, 10.4, 43.5, 3, 26, 5]])
    worth = predict("sample", content, two)
    assert worth.shape == (2,)
    assert (worth > 0).all()
    assert worth[0] > worth[1]
    assert json.loads((shelf.root / "manifest.json").read_text())["models"].keys() == {"sample"}
    assert entry.size == len(content)


def test_the_sample_leaves_an_operators_shelf_alone(store, capsys):
    ready_made.main()
    assert [e.name for e in Shelf().entries()] == ["sums"]
    assert capsys.readouterr().out == ""


def test_the_engines_table_and_the_matrix_agree_on_who_is_who(run):
    with duckdb.connect() as con:
        con.execute(
            f"CREATE VIEW orders AS SELECT * FROM read_parquet('{run.file('orders.parquet')}')"
        )
        ids, figures = basket_matrix(con.table("orders"), AS_OF)
    rows = run.query("SELECT customer_id, predicted_clv FROM forecasts")
    assert rows["customer_id"].to_pylist() == ids.to_pylist()
    np.testing.assert_allclose(figures.sum(axis=1), rows["predicted_clv"].to_numpy(), rtol=1e-12)
