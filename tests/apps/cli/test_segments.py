"""`python -m clv segments`: sizes, lists, mistakes."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from clv.apps import cli
from clv.core.segments import GROUPS
from clv.insights.segments import tables
from tests.shops import make_run, new_store, shop


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def run(store):
    return make_run(store, shop())


@pytest.fixture
def call(store, tmp_path, monkeypatch, capfd):
    """Run `clv segments` in this process; return (code, stdout, stderr)."""
    monkeypatch.setenv("CLV_RUNS", str(store.root))
    monkeypatch.delenv("CLV_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def say(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", "segments", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        return stopped.value.code or 0, out, err

    return say


def read(name):
    with Path(name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_sizes_of_all_groups(run, call):
    code, out, err = call()
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert header.split() == [
        *("segment", "customers", "p_purchase", "predicted_purchases", "predicted_revenue"),
        *("predicted_clv", "money_at_risk"),
    ]
    rows = tables.groups(run).to_pylist()
    for line, row in zip(lines, rows, strict=False):
        assert line.split() == [
            *row["segment"].split(),
            str(row["customers"]),
            *(f"{row[c]:.3f}" for c in header.split()[2:-1]),
            f"{row['at_risk']:.3f}",
        ]
    totals = tables.overdue_totals(run)
    last = lines[-1].split()
    assert last[:5] == ["overdue,", "at", "least", "20", "%"]
    assert last[6:] == [str(totals["customers"]), f"{totals['at_risk']:.3f}"]


def test_one_segment_as_a_list(run, call):
    code, out, err = call("--segment", "At risk", "--out", "list.csv", "--run", run.id)
    assert (code, err) == (0, "")
    rows = read("list.csv")
    assert list(rows[0]) == ["customer_id", "segment", "predicted_clv", "reason", "money_at_risk"]
    assert {r["segment"] for r in rows} == {"at risk"}
    assert out == f"list.csv: {len(rows)} of 300 customers.\n"
    expected = run.query(
        "SELECT customer_id FROM forecasts JOIN profiles USING (frequency, recency, T) "
        "WHERE segment = 'at risk' ORDER BY (1 - p_alive) * discounted_if_active "
        "* predicted_order_value DESC, customer_id"
    )
    assert [r["customer_id"] for r in rows] == expected["customer_id"].to_pylist()
    code, shown, err = call("--segment", "at-risk")
    assert (code, err) == (0, "")
    assert len(shown.splitlines()) == min(len(rows), 20) + 1
    assert rows[0]["reason"] in shown


def test_overdue_and_likelihoods(run, call):
    assert call("--segment", "overdue", "--out", "o.csv")[0] == 0
    assert len(read("o.csv")) == tables.overdue_totals(run)["customers"]
    assert call("--segment", "highly likely", "--out", "h.csv")[0] == 0
    number = run.query("SELECT count(*) AS n FROM forecasts WHERE p_purchase >= 0.75")["n"][0]
    assert len(read("h.csv")) == number.as_py()


def test_a_segment_of_nobody_is_an_empty_list(run, call):
    present = {r["segment"] for r in tables.groups(run).to_pylist()}
    for name in [g for g in GROUPS if g not in present]:
        assert call("--segment", name, "--out", "e.csv")[0] == 0
        assert read("e.csv") == []
        assert call("--segment", name) == (0, "Nobody.\n", "")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--segment", "loyl"], ['no segment "loyl"', "Did you mean", "champions, loyal"]),
        (["--out", "x.csv"], ["none is named", '--segment "at risk"']),
        (["--segment", "new", "--out", "none/x.csv"], ["folder does not exist"]),
        (["--run", "0" * 32], ["no run"]),
    ],
)
def test_mistakes_are_explained(run, call, arguments, parts):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    for part in parts:
        assert part in err


def test_without_a_forecast(tmp_path, call):
    rows = "".join(f"c{i},2017-01-{i + 1:02d},5\n" for i in range(9))
    make_run(new_store(tmp_path / "runs"), "customer_id,date,value\n" + rows)
    for arguments in ([], ["--segment", "new"]):
        code, out, err = call(*arguments, "--store", tmp_path / "runs")
        assert (code, out) == (2, "")
        assert "nobody is in a segment" in err
