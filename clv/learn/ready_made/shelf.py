"""The shelf of ready-made models: a folder, and a manifest of the bytes that an operator has allowed."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from clv.core.choice import READY_MADE
from clv.core.errors import ModelFileError, SettingsError, did_you_mean
from clv.core.schema import ShelfManifest, checked
from clv.runs import models_root, now, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

_MANIFEST: Final = "manifest.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_HOW: Final = "python -m clv model add FILE"


@dataclass(frozen=True)
class Entry:
    """One allowed model.

    Attributes
    ----------
    name
        As in ``pretrained:NAME``.
    sha256
        Of the bytes that were looked at and allowed, in hex.
    size
        In bytes.
    added_at
        UTC, ISO 8601.
    """

    name: str
    sha256: str
    size: int
    added_at: str

    @property
    def file(self) -> str:
        """Name of its file in the folder."""
        return f"{self.name}.dill"


def fingerprint(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def name_of(text: str) -> str:
    """Return a model's name made of a file's: small plain letters, dashes for what a name can't have."""
    plain = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text.casefold()))
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:60] or "model"


def allowed(model: str) -> str | None:
    """Return the hash of the bytes that stand for a ready-made model, None for every other one.

    Parameters
    ----------
    model
        As in the settings of a forecast.
    """
    if not model.startswith(READY_MADE):
        return None
    name = model.removeprefix(READY_MADE)
    return next((e.sha256 for e in Shelf().entries() if e.name == name), None)


class Shelf:
    """The allowed models of a folder.

    Parameters
    ----------
    root
        The folder; default: see `clv.runs.models_root`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or models_root()

    def entries(self) -> list[Entry]:
        """Return what is allowed, by name.

        Raises
        ------
        ModelFileError
            The manifest is damaged.
        """
        path = self.root / _MANIFEST
        if not path.exists():
            return []
        try:
            models = checked(ShelfManifest, read_json(path))["models"]
        except ValueError as error:
            msg = f"The list of allowed models is damaged: {path}."
            raise ModelFileError(msg, f"Delete it, and add the models again: {_HOW}") from error
        found = (
            Entry(name, facts["sha256"], facts["size"], facts["added_at"])
            for name, facts in models.items()
        )
        return sorted((e for e in found if _NAME.fullmatch(e.name)), key=lambda e: e.name)

    def entry(self, name: str) -> Entry:
        """Return one allowed model.

        Raises
        ------
        ModelFileError
            There is none of this name; says which there are.
        """
        known = {entry.name: entry for entry in self.entries()}
        if name not in known:
            msg = f'There is no ready-made model "{name}".{did_you_mean(name, known)}'
            there = f"There are: {', '.join(known)}." if known else "There are none yet."
            raise ModelFileError(msg, f"{there} An operator adds one: {_HOW}")
        return known[name]

    def load(self, name: str) -> tuple[Entry, bytes]:
        """Return an allowed model and its bytes, which are those that were allowed.

        Raises
        ------
        ModelFileError
            It is not known, its file is missing, or its file has changed since it was allowed.
        """
        entry = self.entry(name)
        try:
            content = (self.root / entry.file).read_bytes()
        except FileNotFoundError as error:
            msg = f'The file of the ready-made model "{name}" is missing: {entry.file}.'
            raise ModelFileError(msg, f"An operator adds it again: {_HOW} --name {name}") from error
        if fingerprint(content) != entry.sha256:
            msg = (
                f'The file of the ready-made model "{name}" is not the one that was allowed: its '
                "contents have changed since. It was not loaded."
            )
            hint = f"If the change is meant, an operator allows it again: {_HOW} --name {name}"
            raise ModelFileError(msg, hint)
        return entry, content

    @staticmethod
    def check(name: str) -> None:
        """See that a name can be one.

        Raises
        ------
        SettingsError
            It can't.
        """
        if not _NAME.fullmatch(name):
            msg = f'"{name}" can\'t be the name of a model.'
            raise SettingsError(msg, "Use small letters, digits, dots and dashes: spring-model.")

    def put(self, name: str, content: bytes) -> Entry:
        """Keep a model and allow exactly these bytes; one of the same name is replaced.

        Raises
        ------
        SettingsError
            The name can't be one.
        """
        self.check(name)
        entry = Entry(name, fingerprint(content), len(content), now())
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.root / f".{entry.file}.new"
        fresh.write_bytes(content)
        fresh.chmod(0o600)
        fresh.replace(self.root / entry.file)
        self._write([e for e in self.entries() if e.name != name] + [entry])
        return entry

    def remove(self, name: str) -> None:
        """Forbid a model and delete its file.

        Raises
        ------
        ModelFileError
            There is none of this name.
        """
        entry = self.entry(name)
        self._write([e for e in self.entries() if e != entry])
        (self.root / entry.file).unlink(missing_ok=True)

    def _write(self, entries: list[Entry]) -> None:
        models = {e.name: {k: v for k, v in asdict(e).items() if k != "name"} for e in entries}
        fresh = self.root / f".{_MANIFEST}.{os.getpid()}.new"
        write_json(fresh, {"format": 1, "models": models})
        fresh.replace(self.root / _MANIFEST)
