"""The trained model that answers ``/predict``, loaded once and again when its folder changes."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from clv.api.problems import Problem
from clv.errors import FileError, LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clv.learn.model import Model


class Supervised:
    """A folder with a model of ``python -m clv train``; see `clv.learn.artefact`.

    Parameters
    ----------
    folder
        None where the operator has set none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
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

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Foresee customers' values, in order.

        Raises
        ------
        Problem
            422, where a row lacks a feature or has a value that is none; names both.
        """
        model = self.model()
        for i, row in enumerate(rows):
            try:
                model.features([row])
            except LayoutError as error:
                raise _unusable(error, i, model) from error
        about = {"horizon_months": model.design.horizon_months, "model": model.chosen}
        return [
            {"predicted_ltv": found["predicted_value"]}
            | {k: found[k] for k in ("low", "high", "observed", "predicted_remaining")}
            | about
            for found in model.score(rows)
        ]


def _unusable(error: LayoutError, place: int, model: Model) -> Problem:
    """Return a row that can't be used as a problem that names its field."""
    named = [*error.missing, *re.findall(r'"(.+?)"', error.message)]
    field = next((name for name in named if name in model.names), "")
    message = " ".join(part for part in (error.message, error.hint) if part)
    return Problem(
        422,
        f"Row {place}: {message}",
        errors=[{"field": f"[{place}].{field}" if field else f"[{place}]", "message": message}],
        features=list(model.names),
    )
