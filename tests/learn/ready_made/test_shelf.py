"""Only the bytes that were allowed are ever handed out."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest

from clv.core.errors import ModelFileError, SettingsError
from clv.learn.ready_made.shelf import Shelf, name_of


def test_what_is_put_is_what_is_loaded(shelf):
    entry = shelf.put("spring", b"abc")
    assert (entry.name, entry.size, entry.file) == ("spring", 3, "spring.dill")
    assert entry.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert Shelf().load("spring") == (entry, b"abc")
    assert stat.S_IMODE((shelf.root / "spring.dill").stat().st_mode) == 0o600
    assert sorted(p.name for p in shelf.root.iterdir()) == ["manifest.json", "spring.dill"]


def test_a_file_that_was_changed_or_taken_away_is_not_loaded(shelf):
    shelf.put("spring", b"abc")
    (shelf.root / "spring.dill").write_bytes(b"abd")
    with pytest.raises(ModelFileError, match="is not the one that was allowed"):
        shelf.load("spring")
    (shelf.root / "spring.dill").unlink()
    with pytest.raises(ModelFileError, match=r"is missing: spring\.dill"):
        shelf.load("spring")


def test_a_file_beside_the_manifest_is_not_allowed(shelf):
    shelf.put("spring", b"abc")
    (shelf.root / "summer.dill").write_bytes(b"abc")
    with pytest.raises(ModelFileError, match='no ready-made model "summer"') as caught:
        shelf.load("summer")
    assert caught.value.hint.startswith("There are: spring.")


def test_the_closest_name_is_offered(shelf):
    with pytest.raises(ModelFileError, match='no ready-made model "sprin"') as caught:
        shelf.entry("sprin")
    assert caught.value.hint.startswith("There are none yet.")
    shelf.put("spring", b"abc")
    with pytest.raises(ModelFileError, match='Did you mean "spring"'):
        shelf.entry("sprin")


def test_a_new_file_takes_the_place_of_the_old_one(shelf):
    shelf.put("spring", b"abc")
    shelf.put("autumn", b"def")
    shelf.put("spring", b"xyz")
    assert [e.name for e in shelf.entries()] == ["autumn", "spring"]
    assert shelf.load("spring")[1] == b"xyz"
    shelf.remove("spring")
    assert [e.name for e in shelf.entries()] == ["autumn"]
    assert not (shelf.root / "spring.dill").exists()
    with pytest.raises(ModelFileError):
        shelf.remove("spring")


@pytest.mark.parametrize("name", ["../spring", "", "Spring", "a b", ".hidden", "a/b", "x" * 61])
def test_names_are_no_paths(shelf, name):
    with pytest.raises(SettingsError, match="can't be the name of a model"):
        shelf.put(name, b"abc")
    assert not shelf.root.exists()


def test_names_in_a_manifest_written_by_hand_are_no_paths_either(shelf):
    shelf.put("spring", b"abc")
    manifest = shelf.root / "manifest.json"
    content = json.loads(manifest.read_text())
    content["models"]["../../spring"] = content["models"]["spring"]
    manifest.write_text(json.dumps(content))
    assert [e.name for e in shelf.entries()] == ["spring"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"models": {"a": {}}}', '{"models": []}'])
def test_a_damaged_manifest_is_said(shelf, content):
    shelf.put("spring", b"abc")
    (shelf.root / "manifest.json").write_text(content)
    with pytest.raises(ModelFileError, match="list of allowed models is damaged"):
        shelf.entries()


def test_names_made_of_file_names():
    made = [
        name_of(text) for text in ("CLV Model (final)", "model_v1.2", "Übergröße", "…", "a" * 70)
    ]
    assert made == ["clv-model-final", "model_v1.2", "ubergrosse", "model", "a" * 60]
