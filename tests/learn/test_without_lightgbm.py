"""A computer on which LightGBM can't be loaded: the others train, and what is left out is said."""

from __future__ import annotations

import builtins
import json

import pytest

from clv.core.errors import FileError, SettingsError
from clv.learn import artefact
from clv.learn.boosted import missing
from clv.learn.train import train

WHY = "LightGBM can't be loaded on this computer: the library libgomp is missing."


@pytest.fixture
def absent(monkeypatch):
    """Fail as the import does where the library of threads is missing."""
    real = builtins.__import__

    def importing(name, *rest, **more):
        if name.partition(".")[0] == "lightgbm":
            msg = "libgomp.so.1: cannot open shared object file: No such file or directory"
            raise OSError(msg)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_the_others_train_are_kept_and_hold_their_ranges(small, early_design, absent, tmp_path):
    names = ("lasso", "lightgbm-tweedie", "lightgbm-two-part")
    made = train(small, early_design, learners=names)
    report = made.report
    learned = {row["name"] for row in report["board"]["rows"] if row["learned"]}
    assert learned == {"lasso"}
    assert report["failed"] == {"lightgbm-tweedie": WHY, "lightgbm-two-part": WHY}
    assert report["choice"]["name"] == "lasso"
    assert 0.75 < report["ranges"]["within"] < 0.95
    folder = artefact.save(made, artefact.fingerprint(small), tmp_path / "model")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert "lightgbm" not in card["versions"]
    assert {name for name in card["files"] if "ranges" in name} == {
        "models/ranges/high.skops",
        "models/ranges/low.skops",
    }
    said = made.model.table(made.sample)
    assert artefact.load(folder).table(made.sample).equals(said)


def test_what_was_made_with_it_is_refused_in_words(
    small, small_trained, early_design, tmp_path, request
):
    folder = artefact.save(small_trained, artefact.fingerprint(small), tmp_path / "model")
    request.getfixturevalue("absent")
    with pytest.raises(FileError, match=r"trained with LightGBM.*can't be loaded"):
        artefact.load(folder)
    with pytest.raises(SettingsError, match="libgomp") as refused:
        train(small, early_design, learners=("lightgbm-two-part",))
    assert "boosting, forest, lasso" in refused.value.hint


def test_where_it_is_there_nothing_is_missing():
    assert missing() is None
