"""The trained model that answers ``/predict``, loaded once and again when its folder changes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from clv.apps.api.problems import Problem
from clv.core.errors import FeatureError, FileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clv.learn.model import Model


class Supervised:
    """A folder with a model of ``python -m clv train``; see `clv.learn.artefact`.

    Parameters
    ----------
    folder
        None where there is none.
    demo
        Whether it is the one that comes with the program: every answer says so.
    """

    def __init__(self, folder: Path | None, *, demo: bool = False) -> None:
        self._folder = folder
        self._demo = demo
        self._lock = threading.Lock()
        self._loaded: tuple[object, Model] | None = None

    def model(self) -> Model:
        """Return the model.

        Raises
        ------
        Problem
            409 where there is none, or one that is damaged or was changed after its training.
        """
        from clv.learn import artefact  # noqa: PLC0415 - only this address needs the learners

        if self._folder is None or not (self._folder / artefact.CARD).is_file():
            raise Problem(
                409,
                "There is no trained model here. Train one: python -m clv train ORDERS.csv --out "
                "model; and set CLV_LTV_MODEL to its folder where the API runs.",
            )
        found = (self._folder / artefact.CARD).stat()
        mark = (found.st_ino, found.st_mtime_ns)
        with self._lock:
            if self._loaded is None or self._loaded[0] != mark:
                try:
                    self._loaded = (mark, artefact.load(self._folder))
                except FileError as error:
                    raise Problem(409, f"{error.message} {error.hint}") from error
            return self._loaded[1]

    def predict(
        self, rows: Sequence[Mapping[str, object]], *, alone: bool = False
    ) -> list[dict[str, object]]:
        """Foresee customers' values, in order.

        Parameters
        ----------
        rows
            Customers described by hand.
        alone
            Whether it is one that was sent without a list around it: problems name no place in one.

        Raises
        ------
        Problem
            422, where a row lacks a feature or has a value that is none; names both.
        """
        model = self.model()
        try:
            scored = model.score(rows)
        except FeatureError:
            for place, row in enumerate(rows):  # Which one was it?
                try:
                    model.features([row])
                except FeatureError as error:
                    raise _unusable(error, None if alone else place, model) from error
            raise
        return [
            {
                "predicted_ltv": found["predicted_value"],
                "low": found["low"],
                "high": found["high"],
                "observed": found["observed"],
                "predicted_remaining": found["predicted_remaining"],
                "unknown": _unknown(row, model),
                "horizon_months": model.design.horizon_months,
                "model": model.chosen,
                "demo": self._demo,
            }
            for row, found in zip(rows, scored, strict=True)
        ]


def _unknown(row: Mapping[str, object], model: Model) -> list[str]:
    """Return the categories whose value the model has not learned: they count as ``other``."""
    levels = model.spec.levels
    return [name for name in model.names if name in levels and str(row[name]) not in levels[name]]


def _unusable(error: FeatureError, place: int | None, model: Model) -> Problem:
    """Return a row that can't be used as a problem that names its field, and its place in a list."""
    message = " ".join(part for part in (error.message, error.hint) if part)
    where, field = (
        ("", error.feature) if place is None else (f"Row {place}: ", f"[{place}].{error.feature}")
    )
    return Problem(
        422,
        f"{where}{message}",
        errors=[{"field": field, "message": message}],
        features=list(model.names),
    )
