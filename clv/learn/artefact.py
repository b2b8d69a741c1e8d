"""A training as a folder: models in safe formats, a card that proves them, one row per customer.

::

    card.json               design, features, data fingerprint, versions, report, test vectors, and the
                            SHA-256 of every other file
    model_df.csv            one row per customer whose value is known (`clv.learn.train.model_df`)
    models/NAME/…           scikit-learn in skops' format, LightGBM in its own text: nothing is pickled
    models/ranges/…

Written under a hidden name and renamed into place. A model that has changed on its way, or that does
not reproduce its test vectors here, is refused.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from importlib.metadata import version
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, Final

import numpy as np

from clv import __version__
from clv.core import engine
from clv.core.errors import FileError
from clv.core.schema import TrainingCard, checked
from clv.features.tables import Spec
from clv.learn.boosted import missing
from clv.learn.model import Model
from clv.learn.plans import Design
from clv.learn.ranges import Ranges
from clv.learn.train import LEARNERS
from clv.runs import now, read_json, write_json, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from clv.core.schema import OrdersFingerprint, ProofVectors
    from clv.features.tables import Features
    from clv.learn.learners import Learner
    from clv.learn.train import Trained

FORMAT: Final = 1
CARD: Final = "card.json"
ROWS: Final = "model_df.csv"
SCORED: Final = "scored.json"
_LIBRARIES: Final = ("lightgbm", "numpy", "scikit-learn", "scipy", "skops")
_VECTORS: Final = 8
_NEAR: Final = 1e-7


def fingerprint(con: duckdb.DuckDBPyConnection) -> OrdersFingerprint:
    """Return what tells one set of ``orders`` from another: figures, and a hash of all rows."""
    orders, customers, revenue, first_order, last_order, hashed = engine.row(
        con,
        "SELECT count(*), count(DISTINCT customer_id), round(sum(revenue), 2), "
        "min(ordered_at)::DATE::VARCHAR, max(ordered_at)::DATE::VARCHAR, "
        "bit_xor(hash(customer_id, ordered_at, round(revenue, 6)))::VARCHAR FROM orders",
    )
    return {
        "orders": orders,
        "customers": customers,
        "revenue": revenue,
        "first_order": first_order,
        "last_order": last_order,
        "hash": hashed,
    }


def save(trained: Trained, data: OrdersFingerprint, folder: Path) -> Path:
    """Write a training to a folder of its own, replacing an earlier training there.

    Parameters
    ----------
    data
        `fingerprint` of what it was trained on.

    Raises
    ------
    FileError
        The folder holds something else.
    """
    check_place(folder)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.old")
    try:
        partial.mkdir(parents=True)
        _write(trained, data, partial)
        if _asks_the_same(folder, trained.model.design):  # Nobody is new again for a newer model.
            shutil.copy2(folder / SCORED, partial / SCORED)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def check_place(folder: Path) -> None:
    """See that a training can be written to a folder; to be asked before the work, not after it.

    Raises
    ------
    FileError
        The folder holds something else, or is the one that somebody works in.
    """
    if folder.name in {"", ".."}:
        msg = f"{folder} can't be a trained model's folder."
        raise FileError(msg, "Name a new folder.")
    if folder.exists() and not (folder.is_dir() and _ours(folder)):
        msg = f"{folder} holds something else than a trained model."
        raise FileError(msg, "Name a new folder.")


def _ours(folder: Path) -> bool:
    return (folder / CARD).exists() or not any(folder.iterdir())


def _asks_the_same(folder: Path, design: Design) -> bool:
    """Return whether an earlier model there, some of whose customers were scored, has this design."""
    if not (folder / SCORED).is_file():
        return False
    try:
        return Design.from_dict(read_card(folder)["design"]) == design
    except FileError:
        return False


def _write(trained: Trained, data: OrdersFingerprint, folder: Path) -> None:
    model = trained.model
    write_rows(trained.rows, folder / ROWS)
    parts: dict[str, Learner | Ranges] = {**model.learners, "ranges": model.ranges}
    for name, part in parts.items():
        for file, content in part.files().items():
            target = folder / "models" / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    card: TrainingCard = {
        "format": FORMAT,
        "made_by": f"clv {__version__}",
        "made_at": now(),
        "design": model.design.as_dict(),
        "spec": json.loads(model.spec.to_json()),
        "features": [{"name": n, "kind": k} for n, k in zip(model.names, model.kinds, strict=True)],
        "chosen": model.chosen,
        "states": {name: part.state() for name, part in parts.items()},
        "shape": list(model.shape),
        "data": data,
        "versions": _versions(),
        "report": trained.report,
        "tests": _vectors(model, trained.sample),
        "files": {name: _sha256(folder / name) for name in files},
    }
    write_json(folder / CARD, {**card, "sha256": _own(card)})


def _versions() -> dict[str, str]:
    """Return the versions of what has made models here."""
    return {n: version(n) for n in _LIBRARIES if not (n == "lightgbm" and missing())}


def _vectors(model: Model, sample: Features) -> ProofVectors:
    """Return rows of features and what the model says of them."""
    places = np.unique(np.linspace(0, len(sample) - 1, _VECTORS).astype(int))
    some = sample.rows(places)
    return {
        "features": some.matrix.toarray().tolist(),
        "predictions": {name: v.tolist() for name, v in model.predict(some).items()},
    }


def _own(card: object) -> str:
    """Return the SHA-256 of a card's content."""
    text = json.dumps(card, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_card(folder: Path) -> TrainingCard:
    """Return a training's card, checked to be whole.

    Raises
    ------
    FileError
        There is none, it is of another version, or it was changed.
    """
    try:
        card = read_json(folder / CARD)
        claimed = card.pop("sha256", None)
        if claimed != _own(card):
            msg = f"{folder / CARD} was changed after the training."
            raise FileError(msg, "It was not loaded. Train the model again.")
    except (OSError, ValueError) as error:
        msg = f"{folder} holds no trained model: {CARD} is missing or can't be read."
        raise FileError(
            msg, "Train one: python -m clv train", "Or name its folder: --model DIR"
        ) from error
    if card.get("format") != FORMAT:
        msg = f"{folder} was written by another version of this program ({card.get('made_by')})."
        raise FileError(msg, "Train the model again.")
    try:
        return checked(TrainingCard, card)
    except ValueError as error:
        msg = f"{folder / CARD} has {error}."
        raise FileError(msg, "Train the model again.") from error


def load(folder: Path) -> Model:
    """Return the model of a folder, after it has proved to be the one that was trained.

    Raises
    ------
    FileError
        A file is missing or was changed, or the model does not reproduce its test vectors.
    """
    card = read_card(folder)
    for name, claimed in card["files"].items():
        path = folder / name
        if not path.is_file():
            msg = f"{path} is missing."
            raise FileError(msg, "The model was not loaded. Train it again.")
        if _sha256(path) != claimed:
            msg = f"{path} was changed after the training."
            raise FileError(msg, "The model was not loaded. Train it again.")
    states = card["states"]
    if any(name.endswith(".txt") for name in card["files"]) and (why := missing()):
        msg = f"The model in {folder} was trained with LightGBM. {why}"
        raise FileError(msg, "Install what is missing, or train a model here.")
    learners = {
        name: LEARNERS[name].restore(state, _files(folder, name, card["files"]))
        for name, state in states.items()
        if name != "ranges"
    }
    model = Model(
        Design.from_dict(card["design"]),
        Spec.from_json(json.dumps(card["spec"])),
        tuple(one["name"] for one in card["features"]),
        tuple(one["kind"] for one in card["features"]),
        card["chosen"],
        learners,
        Ranges.restore(states["ranges"], _files(folder, "ranges", card["files"])),
        tuple(card["shape"]),
    )
    _prove(model, card["tests"], folder)
    return model


def _files(folder: Path, name: str, sealed: Iterable[str]) -> dict[str, bytes]:
    """Return the files of one part of the model: those that the card knows, whatever else is there."""
    inside = f"models/{name}/"
    return {
        file.removeprefix(inside): (folder / file).read_bytes()
        for file in sealed
        if file.startswith(inside)
    }


def _prove(model: Model, tests: ProofVectors, folder: Path) -> None:
    """Refuse a model that says something else here than where it was trained."""
    found = model.predict(model.plain(np.array(tests["features"])))
    for name, said in tests["predictions"].items():
        if not np.allclose(found[name], said, rtol=_NEAR, atol=_NEAR):
            apart = float(np.abs(found[name] - np.array(said)).max())
            msg = f"The model in {folder} does not reproduce its test vectors ({name} is off by {apart:g})."
            raise FileError(msg, "It was not loaded. Train the model again.")
