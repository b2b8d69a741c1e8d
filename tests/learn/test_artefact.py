"""A training as a folder: it proves itself, or it is refused; new customers are scored with it."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from clv.core.errors import FileError, LayoutError, NoRowsError, SettingsError, StoppedError
from clv.learn import artefact, scoring
from clv.learn.designs import features
from clv.learn.plans import Design
from clv.learn.train import train
from clv.learn.work import Work
from tests.learn.conftest import QUICK, connected, shop


@pytest.fixture(scope="module")
def folder(small, small_trained, tmp_path_factory):
    target = tmp_path_factory.mktemp("models") / "early"
    return artefact.save(small_trained, artefact.fingerprint(small), target)


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_a_loaded_model_says_the_same(folder, small_trained):
    model = artefact.load(folder)
    sample = small_trained.sample
    for name, said in small_trained.model.predict(sample).items():
        assert np.array_equal(model.predict(sample)[name], said)
    assert model.names == small_trained.model.names
    assert model.design == small_trained.model.design


def test_the_folder_holds_what_is_promised_and_nothing_that_could_run(folder):
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    card = artefact.read_card(folder)
    assert files == {*card["files"], "card.json"}
    assert {"model_df.csv", "models/boosting/model.skops", "models/ranges/low.txt"} <= files
    assert {name.rpartition(".")[2] for name in files} <= {"csv", "json", "skops", "txt"}
    assert card["data"]["customers"] == 1500
    assert set(card["versions"]) == {"lightgbm", "numpy", "scikit-learn", "scipy", "skops"}
    assert len(card["tests"]["predictions"]["predicted_value"]) == 8


def test_model_df_has_one_row_per_customer_with_the_documented_columns(folder, small):
    with (folder / "model_df.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    assert names[:2] == ["customer_id", "cohort_month"]
    assert {"state", "rev_2w", "n_orders_2w", "rev_4w", "n_orders_4w"} <= set(names)
    assert names[-5:] == ["LTV_3m", "observed", "remaining", "split", "prediction"]
    assert len({row["customer_id"] for row in rows}) == len(rows)
    expected = dict(
        small.execute(
            "SELECT customer_id, round(sum(revenue), 2) FROM orders JOIN (SELECT customer_id, "
            "min(ordered_at)::DATE AS born FROM orders GROUP BY 1) USING (customer_id) "
            "WHERE born + INTERVAL 3 MONTH <= DATE '2022-07-01' AND "
            "ordered_at < born + INTERVAL 3 MONTH GROUP BY 1"
        ).fetchall()
    )
    assert {r["customer_id"]: round(float(r["LTV_3m"]), 2) for r in rows} == expected
    assert {row["split"] for row in rows} == {"train", "between", "test"}
    for row in rows:
        observed = float(row["observed"])
        assert observed == float(row["rev_4w"])
        assert float(row["remaining"]) == pytest.approx(float(row["LTV_3m"]) - observed, abs=1e-6)
        assert float(row["prediction"]) >= observed - 1e-9


def test_the_tested_predictions_are_those_of_the_leaderboard(small_trained):
    rows, report = small_trained.rows, small_trained.report
    test = np.array(rows["split"].to_pylist()) == "test"
    error = np.abs(np.array(rows["prediction"]) - np.array(rows["LTV_3m"]))[test].mean()
    board = {row["name"]: row for row in report["board"]["rows"]}
    assert board[report["choice"]["name"]]["whole"]["mae"] == pytest.approx(error)
    assert report["dates"][-1]["tested"] == test.sum()


@pytest.mark.parametrize(
    "name", ["model_df.csv", "models/boosting/model.skops", "models/ranges/low.txt"]
)
def test_a_changed_file_is_refused(copy, name):
    path = copy / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FileError, match="was changed after the training"):
        artefact.load(copy)
    path.unlink()
    with pytest.raises(FileError, match="is missing"):
        artefact.load(copy)


def test_files_that_the_card_does_not_know_are_not_looked_at(copy, folder):
    (copy / "models" / "boosting" / ".checkpoints").mkdir()
    (copy / "models" / "boosting" / "more.skops").write_bytes(b"anything")
    assert artefact.load(copy).chosen == artefact.load(folder).chosen


def test_who_was_scored_is_not_new_for_a_newer_model_of_the_same_design(
    copy, small, small_trained, window_trained
):
    (copy / "scored.json").write_text('{"until": "2022-05-15"}')
    before = artefact.fingerprint(small)
    artefact.save(small_trained, before, copy)
    assert scoring.scored(copy).until == date(2022, 5, 15)
    artefact.save(window_trained, before, copy)
    assert scoring.scored(copy).until is None


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_that_somebody_stands_in_is_not_replaced(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="Name a new folder"):
        artefact.check_place(Path(name))


def rewritten(copy, change):
    """Change a card and give it a new seal: what is left to notice it are the test vectors."""
    card = json.loads((copy / "card.json").read_text(encoding="utf-8"))
    del card["sha256"]
    change(card)
    (copy / "card.json").write_text(json.dumps(card | {"sha256": artefact._own(card)}))


def test_a_changed_card_is_refused(copy):
    path = copy / "card.json"
    path.write_text(path.read_text(encoding="utf-8").replace("2w", "3w", 1), encoding="utf-8")
    with pytest.raises(FileError, match="was changed after the training"):
        artefact.load(copy)
    for other in ("{", "[]", "5"):
        path.write_text(other, encoding="utf-8")
        with pytest.raises(FileError, match="holds no trained model"):
            artefact.load(copy)
    path.unlink()
    with pytest.raises(FileError, match="holds no trained model"):
        artefact.load(copy)


def test_a_model_that_says_something_else_is_refused(copy):
    rewritten(copy, lambda card: card["states"]["ranges"].update(wider=99.0))
    with pytest.raises(FileError, match="does not reproduce its test vectors"):
        artefact.load(copy)


def test_a_card_of_another_version_is_refused(copy):
    rewritten(copy, lambda card: card.update(format=0))
    with pytest.raises(FileError, match="another version"):
        artefact.load(copy)


def test_another_folder_is_not_written_over(small, small_trained, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FileError, match="something else"):
        artefact.save(small_trained, artefact.fingerprint(small), tmp_path / "mine")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_the_same_seed_gives_the_same_files(small, small_trained, early_design, tmp_path, folder):
    stages = []
    work = Work(progress=lambda stage, *_: stages.append(stage))
    again = train(small, early_design, learners=QUICK, work=work)
    assert any(stage.startswith("Training LightGBM") for stage in stages)
    assert stages[-1] == "Training ranges"
    artefact.save(again, artefact.fingerprint(small), tmp_path / "again")
    first, second = (artefact.read_card(path)["files"] for path in (folder, tmp_path / "again"))
    assert first == second
    assert again.report == small_trained.report


def test_a_stopped_training_leaves_nothing(small, early_design):
    stages = []
    work = Work(progress=lambda stage, *_: stages.append(stage), stopped=lambda: len(stages) >= 4)
    with pytest.raises(StoppedError):
        train(small, early_design, learners=QUICK, work=work)
    assert len(stages) == 4
    # Days as people write them.
    known = "29\u00a0Oct\u00a02021"
    assert stages[:2] == [
        f"Reading what was known on {known}",
        f"Training Gradient boosting as of {known}",
    ]


def test_scoring_needs_no_more_than_the_orders_since_the_first_ones(folder, small):
    model = artefact.load(folder)
    since = date(2022, 5, 1)
    found = scoring.to_score(small, model, since=since)
    everybody = scoring.to_score(small, model)
    late = everybody.rows(everybody.known_until >= np.datetime64(since))
    assert found.customer_id == late.customer_id
    assert (found.matrix != late.matrix).nnz == 0
    assert 50 < len(found) < len(everybody) / 3
    orders, labels = (small.table(name).to_arrow_table() for name in ("orders", "labels"))
    with connected(orders, labels) as lean:
        born = "SELECT customer_id FROM orders GROUP BY 1 HAVING min(ordered_at) >= '2022-04-03'"
        lean.execute(f"DELETE FROM orders WHERE customer_id NOT IN ({born})")
        less = scoring.to_score(lean, model, since=since)
    assert model.table(less).equals(model.table(found))


def test_a_table_of_predictions_adds_up(folder, small):
    model = artefact.load(folder)
    table = model.table(scoring.to_score(small, model), by_month=True)
    assert table.column_names[:3] == ["customer_id", "cohort_month", "as_of"]
    columns = {name: np.array(table[name]) for name in table.column_names[3:]}
    assert not any(np.isnan(c).any() for c in columns.values())
    whole = columns["observed"] + columns["predicted_remaining"]
    assert columns["predicted_value"] == pytest.approx(whole, abs=1e-5)
    months = sum(columns[f"month_{i}"] for i in range(3))
    assert months == pytest.approx(columns["predicted_remaining"], abs=1e-5)
    assert (columns["low"] <= columns["predicted_value"] + 1e-5).all()
    assert (columns["predicted_value"] <= columns["high"] + 1e-5).all()


def test_input_without_a_column_of_the_model_is_refused(folder):
    orders, labels = shop(200)
    model = artefact.load(folder)
    with (
        connected(orders, labels.rename_columns(["customer_id", "region"])) as con,
        pytest.raises(LayoutError, match="state"),
    ):
        scoring.to_score(con, model)


def test_customers_described_by_hand(folder, small):
    model = artefact.load(folder)
    some = features(scoring.Tables.of(small), date(2022, 6, 30), model.design, model.spec)
    table = some.rows(np.arange(3)).table().to_pylist()
    said = model.score(table)
    assert [row["predicted_value"] for row in said] == pytest.approx(
        model.predict(some.rows(np.arange(3)))["predicted_value"].tolist()
    )
    named = {("cohort_month_str" if k == "cohort_month" else k): v for k, v in table[0].items()}
    assert model.score([named]) == said[:1]
    elsewhere, other = (model.score([table[0] | {"state": s}]) for s in ("moon", "other"))
    assert elsewhere == other
    with pytest.raises(LayoutError, match='"rev_4w" is missing'):
        model.score([{k: v for k, v in table[0].items() if k != "rev_4w"}])
    with pytest.raises(LayoutError, match="not a month such as 2017-01"):
        model.score([table[0] | {"cohort_month": "2017-13"}])
    with pytest.raises(LayoutError, match="not a number"):
        model.score([table[0] | {"rev_4w": "much"}])
    with pytest.raises(LayoutError, match="not a number"):
        model.score([table[0] | {"rev_4w": float("nan")}])


def test_a_model_of_named_features_asks_for_no_others(small, tmp_path):
    columns = ("cohort_month", "rev_2w", "n_orders_2w", "rev_4w", "n_orders_4w")
    design = Design("early", 3, after=("2w", "4w"), columns=columns)
    made = train(small, design, learners=("boosting",))
    artefact.save(made, artefact.fingerprint(small), tmp_path / "few")
    model = artefact.load(tmp_path / "few")
    assert model.names == columns
    row = {"cohort_month_str": "2022-01", "rev_2w": 10, "n_orders_2w": 1, "rev_4w": 10}
    (said,) = model.score([row | {"n_orders_4w": 1}])
    assert said["observed"] == 10
    assert said["low"] <= said["predicted_value"] <= said["high"]
    orders, labels = shop(300, seed=5)
    with connected(orders, labels.select(["customer_id"])) as con:
        assert len(scoring.to_score(con, model)) > 200


def test_what_cannot_be_trained_is_refused(small, early_design):
    with pytest.raises(SettingsError, match="no model svm"):
        train(small, early_design, learners=("svm",))
    with pytest.raises(LayoutError, match="no feature height"):
        train(small, Design("early", 3, after=("4w",), columns=("rev_4w", "height")))
    orders, labels = shop(150)
    with (
        connected(orders, labels) as con,
        pytest.raises(NoRowsError, match="at least 100 are needed"),
    ):
        train(con, early_design, learners=QUICK)
    with connected(*shop()) as con:
        con.execute("UPDATE orders SET revenue = NULL")
        with pytest.raises(SettingsError, match="no amounts"):
            train(con, early_design, learners=QUICK)
    with connected(*shop()) as con:
        con.execute(
            "DELETE FROM orders WHERE (customer_id, ordered_at) NOT IN "
            "(SELECT (customer_id, min(ordered_at)) FROM orders GROUP BY customer_id)"
        )
        with pytest.raises(NoRowsError, match="Nobody of the customers to learn from"):
            train(con, early_design, learners=QUICK)
