"""``python -m clv train`` and ``score``: from files to predictions, and what is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from typer.testing import CliRunner

from clv.apps import cli
from clv.core.errors import FileError, InputError, LayoutError, NoRowsError, SettingsError
from clv.samples import sample_path
from tests.learn.conftest import shop

RUNNER = CliRunner()


def clv(*arguments):
    """Run a command; an error of ours is raised, as `clv.apps.cli.main` would turn it into words."""
    found = RUNNER.invoke(cli.app, [str(one) for one in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def read(path):
    with Path(path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    orders, labels = shop()
    joined = orders.join(labels, "customer_id").sort_by("order_id")
    at = pa.array([str(t)[:19] for t in joined["ordered_at"].to_pylist()])
    table = pa.table(
        {
            "customer_id": joined["customer_id"],
            "order_id": joined["order_id"],
            "ordered_at": at,
            "revenue": joined["revenue"],
            "state": joined["state"],
        }
    )
    arrow_csv.write_csv(table, folder / "orders.csv")
    cut = pa.compute.less(table["ordered_at"], "2022-05-16")
    arrow_csv.write_csv(table.filter(cut), folder / "may.csv")
    few = pa.compute.less(table["customer_id"], "c00300")
    sold = pa.array([f"shelf {ord(one[-1]) % 5}" for one in table["order_id"].to_pylist()])
    arrow_csv.write_csv(table.append_column("category", sold).filter(few), folder / "few.csv")
    arrow_csv.write_csv(table.drop_columns("state"), folder / "stateless.csv")
    return folder


@pytest.fixture(scope="module")
def trained(place):
    said = clv(
        *("train", place / "orders.csv", "--horizon-months", 3, "--after", "2w", "--after", "4w"),
        *("--model", "lightgbm-two-part", "--model", "boosting", "--out", place / "model"),
        *("--label", "state"),
    )
    return place / "model", said


def test_training_tells_what_it_found(trained):
    folder, said = trained
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    held = card["report"]["dates"][-1]
    assert f"Held out: {held['tested']:,} customers; trained on {held['trained']:,}" in said
    for name in ("boosting", "lightgbm-two-part", "mbg-nbd", "cohort-mean", "observed-ratio"):
        assert name in said
    assert card["report"]["choice"]["reason"].split(".")[0][:40] in said.replace("\n", " ")
    assert "Ranges meant to hold 80 % of customers held" in said
    # Of a whole that has come in part every error looks small.
    row, board = card["report"]["board"]["rows"][0], card["report"]["board"]
    error, whole, left = (
        row["remaining"]["mae"] * n
        for n in (
            1,
            board["customers"] / board["total"] * 100,
            board["customers"] / board["remaining"] * 100,
        )
    )
    assert re.search(rf"{row['name']} +{error:,.2f} +{whole:.0f} % +{left:.0f} %", said)
    assert whole < left


def test_rows_that_are_left_out_are_accounted_for(place, trained, tmp_path):
    model, _ = trained
    rows = (place / "orders.csv").read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace("2021-", "2099-").replace("2022-", "2099-")
    (tmp_path / "late.csv").write_text("\n".join(rows), encoding="utf-8")
    said = clv("score", "--model", model, tmp_path / "late.csv", "--out", tmp_path / "out.csv")
    total = len(rows) - 1
    assert f"rows      {total:,} = {total - 1:,} accepted + 1 rejected" in said
    assert "1  future_date" in said
    # A single customer is one.
    who = read(tmp_path / "out.csv")[0]["customer_id"]
    one = [row for row in rows[1:] if who in row.partition(",")[0]]
    (tmp_path / "one.csv").write_text("\n".join([rows[0], *one]), encoding="utf-8")
    out = ("--as-of", "2022-06-30", "--out", tmp_path / "x.csv")
    said = clv("score", "--model", model, tmp_path / "one.csv", *out)
    assert "x.csv: 1 customer, as of 2022-06-30." in said


def test_everybody_is_scored_once_with_new(place, trained):
    model, _ = trained
    out = place / "first.csv"
    score = ("score", "--model", model, "--label", "state", "--new")
    clv(*score, place / "may.csv", "--out", out)
    first = {row["customer_id"] for row in read(out)}
    assert json.loads((model / "scored.json").read_text())["until"] == "2022-05-15"
    clv(*score, place / "orders.csv", "--out", out)
    second = read(out)
    clv("score", "--model", model, "--label", "state", place / "orders.csv", "--out", out)
    everybody = {row["customer_id"] for row in read(out)}
    new = {row["customer_id"] for row in second}
    assert first & new == set()
    assert first | new == everybody
    assert all("2022-05-15" < row["as_of"] <= "2022-06-30" for row in second)
    clv(*score, place / "orders.csv", "--out", out)
    assert read(out) == []
    with pytest.raises(SettingsError, match="is too late"):
        clv("score", "--model", model, place / "orders.csv", "--as-of", "9999-12-31", "--out", out)
    since = ("--since", "2022-05-16", "--by-month")
    clv("score", "--model", model, "--label", "state", place / "orders.csv", "--out", out, *since)
    assert {row["customer_id"] for row in read(out)} == new
    assert {"low", "high", "month_0", "month_2"} < set(read(out)[0])
    for other in ("{}", "[]", '{"until": "2022-05-15", "ids": 5}'):
        (model / "scored.json").write_text(other)
        with pytest.raises(InputError, match="does not say up to which day"):
            clv(*score, place / "orders.csv", "--out", out)
    (model / "scored.json").unlink()


def test_the_newest_file_is_enough_once_the_history_was_scored(place, trained):
    """Whoever bought long ago and again in the newest file is no new customer."""
    model, _ = trained
    table = arrow_csv.read_csv(place / "orders.csv")
    at = pa.compute.cast(table["ordered_at"], pa.string())
    newest = table.filter(pa.compute.greater_equal(at, "2022-04-10"))
    # Too few kinds of customers for the column to be found as one that groups them.
    arrow_csv.write_csv(newest, place / "newest.csv")
    one = newest.filter(pa.compute.equal(newest["state"], "west"))
    arrow_csv.write_csv(one, place / "west.csv")
    out, score = place / "newest_out.csv", ("score", "--model", model)
    said = clv(*score, place / "newest.csv", "--since", "2022-05-16", "--out", out)
    seemingly = {row["customer_id"]: row for row in read(out)}
    assert "The orders begin on 2022-04-10: whoever first ordered earlier and again" in said
    assert "begin on" not in clv(*score, "--new", place / "may.csv", "--out", out)
    old = {row["customer_id"] for row in read(out)}
    since = ("--since", "2022-05-16")
    assert "begin on" not in clv(*score, place / "orders.csv", *since, "--out", out)
    wanted = read(out)
    assert "begin on" not in clv(*score, "--new", place / "newest.csv", "--out", out)
    assert read(out) == wanted
    assert seemingly.keys() - {row["customer_id"] for row in wanted} <= old
    assert len(seemingly) > len(wanted) + 20
    clv(*score, place / "west.csv", *since, "--out", out)
    states = {row["customer_id"]: row for row in read(out)}
    assert all(states[one["customer_id"]] == one for one in wanted if one["customer_id"] in states)
    assert len(states) > 20
    (model / "scored.json").unlink()


def test_files_without_what_the_model_needs_are_refused(place, trained):
    model, _ = trained
    with pytest.raises(LayoutError, match='has no column "state"') as refused:
        clv("score", "--model", model, place / "stateless.csv", "--out", place / "x.csv")
    assert refused.value.hint.startswith("The model was trained with this column. Its columns: ")
    (place / "no_customer.csv").write_text(
        "order_id,ordered_at,revenue,state\n1,2022-01-01,5,east\n"
    )
    with pytest.raises(LayoutError, match="no column for the customer") as refused:
        clv("score", "--model", model, place / "no_customer.csv", "--out", place / "x.csv")
    assert "trained" not in refused.value.hint
    assert not (place / "x.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("train",), InputError, "Name order files"),
        (("train", "orders.csv", "--horizon-months", "30"), SettingsError, "cover 18 months"),
        (("train", "orders.csv", "--after", "soon"), SettingsError, "not a length of time"),
        (("train", "orders.csv", "--level", "2"), SettingsError, "level of the ranges"),
        (("train", "orders.csv", "--as-of", "noon"), SettingsError, "is not a date"),
        (("train", "orders.csv", "--as-of", "9999-12-31"), SettingsError, "is too late"),
        (("train", "orders.csv", "--map", "x"), SettingsError, "not ROLE=COLUMN"),
        (("train", "none.csv", "--out", "."), FileError, "can't be a trained model's folder"),
        (("train", "none.csv", "--out", "orders.csv"), FileError, "holds something else"),
        (("train", "o.csv", "--design", "window", "--after", "1m"), SettingsError, "any age"),
        (
            ("train", "o.csv", "--categories", "201"),
            SettingsError,
            "^201 categories .* 0 to 200 can",
        ),
        (("train", "orders.csv", "--run", "latest"), InputError, "Files and a run are named"),
        (("score", "orders.csv", "--model", ".", "--out", "x.csv"), FileError, "no trained model"),
        (
            ("score", "o.csv", "--model", "m", "--out", "x.csv", "--new", "--since", "2022-01-01"),
            SettingsError,
            "both given",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(place, monkeypatch, arguments, error, says):
    monkeypatch.chdir(place)
    with pytest.raises(error, match=says):
        clv(*arguments)


def test_a_log_of_customers_won_in_one_quarter_needs_the_other_design(tmp_path):
    """CDNOW: all customers first ordered in January to March 1997, so nobody is new later."""
    with pytest.raises(NoRowsError) as refused:
        clv(
            *("train", sample_path("cdnow"), "--horizon-months", 6, "--after", "1m"),
            *("--out", tmp_path / "model"),
        )
    assert refused.value.message.startswith("There are 0 customers to test on who first ordered")
    assert refused.value.option.endswith("--design window")
    assert not (tmp_path / "model").exists()


def test_a_window_model_scores_everybody_each_time(place, monkeypatch):
    monkeypatch.chdir(place)
    told = clv(
        *("train", "few.csv", "--design", "window", "--horizon-months", 3),
        *("--model", "lightgbm-two-part", "--out", "window", "--label", "state"),
        *("--categories", 2),
    )
    # A customer is an example on each of several days, and is not counted as several customers.
    report = json.loads(Path("window/card.json").read_text(encoding="utf-8"))["report"]
    assert f"trained on {report['dates'][-1]['trained']:,} customer-days, as known on" in told
    assert f"trained on {report['ready']:,} customer-days." in told
    # The two that sold most by the held-out day have columns of their own; the rest is one.
    asked = json.loads(Path("window/card.json").read_text(encoding="utf-8"))
    assert len(asked["spec"]["categories"]) == 2
    clv("score", "few.csv", "--model", "window", "--out", "all.csv", "--label", "state")
    rows = read("all.csv")
    assert len(rows) == 300
    assert {row["as_of"] for row in rows} == {"2022-06-30"}
    assert {float(row["observed"]) for row in rows} == {0.0}
    options = ("--model", "window", "--out", "x.csv", "--label", "state")
    with pytest.raises(SettingsError, match="scores every customer each time"):
        clv("score", "few.csv", *options, "--new")
    with pytest.raises(SettingsError, match="scores every customer each time"):
        clv("score", "few.csv", *options, "--since", "2022-01-01")
