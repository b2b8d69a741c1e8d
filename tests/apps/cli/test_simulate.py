"""`python -m clv simulate`: the table, the choice of a run, seeds, errors."""

from __future__ import annotations

import csv
import sys

import pytest

from clv.apps import cli
from clv.insights import simulate
from tests.apps.ui.fakes import fake_run

COLUMNS = ["after"] + [
    f"{name}{part}"
    for name in ("alive", "purchases")
    for part in ("", "_mean", "_low", "_high", "_expected")
]


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run `clv simulate` in this process; return (code, stdout, stderr)."""
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("CLV_DEBUG", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", "simulate", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        return stopped.value.code or 0, out, err

    return run


@pytest.fixture
def made(tmp_path):
    return fake_run(tmp_path / "runs")


def test_the_table_is_that_of_the_simulation(call, made):
    code, out, err = call("--seed", 7, "--population", "yours", "--runs", 200)
    assert (code, err) == (0, "")
    model = simulate.purchase_model(made)
    one = simulate.one_run(made, model, "yours", seed=7)
    rows = simulate.table(one, simulate.outlook(made, model, "yours", runs=200, seed=7))
    lines = out.splitlines()
    assert " ".join(lines[0].split()) == "after 10 days 1 year 10 years 100 years"
    assert lines[1].split()[-4:] == [f"{row['alive']:,}" for row in rows]
    assert lines[2].split()[-4:] == [f"{row['alive_mean']:,.1f}" for row in rows]
    assert lines[4].split()[-4:] == [f"{row['alive_expected']:,.1f}" for row in rows]
    assert lines[5].split()[-4:] == [f"{row['purchases']:,}" for row in rows]
    assert lines[-1] == "100 customers, 200 runs; again with --seed 7"
    assert max(map(len, lines)) <= 80


def test_without_a_seed_every_run_is_another_one_and_says_how_to_repeat_it(call, made):
    first, second = (call("--runs", 20)[1] for _ in range(2))
    assert first != second
    seed = first.split("--seed ")[1].strip()
    assert call("--runs", 20, "--seed", seed)[1] == first


def test_csv(call, made, tmp_path):
    target = tmp_path / "table.csv"
    code, out, _ = call("--seed", 7, "--runs", 50, "--customers", 40, "--out", target)
    assert (code, out) == (0, f"{target}: 40 customers, 50 runs, seed 7.\n")
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert [row["after"] for row in rows] == list(simulate.CHECKPOINTS)
    assert all(int(row["alive"]) <= 40 for row in rows)


def test_a_run_is_chosen_as_elsewhere(call, tmp_path, made):
    newest = fake_run(tmp_path / "runs", customers=12)
    for chosen in ([], ["--run", "latest"], ["--run", newest.id]):
        _, out, _ = call("--population", "yours", "--runs", 5, *chosen)
        assert out.splitlines()[-1].startswith("12 customers, 5 runs")
    _, out, _ = call("--population", "yours", "--runs", 5, "--run", made.id)
    assert out.splitlines()[-1].startswith("100 customers")


def test_no_run_an_unknown_run_and_a_run_without_a_model(call, tmp_path):
    code, out, err = call()
    assert (code, out) == (2, "")
    assert err.startswith("Error: There is no run yet.")
    fake_run(tmp_path / "runs", forecast=False, notes=("Nobody came back.",))
    code, out, err = call()
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "Error: This run has no forecast of purchases, so nothing can be simulated.",
        "       Nobody came back.",
    ]
    code, _, err = call("--run", "nothing")
    assert code == 2
    assert 'There is no run "nothing"' in err
    assert "python -m clv runs list" in err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--population", "theirs"],
        ["--customers", "0"],
        ["--runs", "0"],
        ["--seed", "-1"],
        ["--out", "missing/folder/t.csv"],
    ],
)
def test_wrong_options(call, made, wrong):
    code, out, err = call(*wrong)
    assert (code, out) == (2, "")
    assert wrong[0] in err or wrong[1] in err
    assert "Traceback" not in err
