"""The trained model that answers ``/predict``, loaded once and again when its folder changes."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

from clv.api.problems import Problem
from clv.errors import FileError, LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clv.learn.model import Model


#: Figures beyond this are nobody's.
_MOST: Final = 1e12
#: What numbers of orders within a time are called; of single categories there is a ``:`` in it.
_ORDERS: Final = "n_orders_"
_NUMBER: Final = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


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

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Foresee customers' values, in order.

        Raises
        ------
        Problem
            422, where a row lacks a feature or has a value that is none; names both.
        """
        model = self.model()
        try:
            scored = model.score([_plausible(row, model) for row in rows])
        except LayoutError:
            for i, row in enumerate(rows):  # Which one was it?
                try:
                    model.features([_plausible(row, model)])
                except LayoutError as error:
                    raise _unusable(error, i, model) from error
            raise
        about = {
            "horizon_months": model.design.horizon_months,
            "model": model.chosen,
            "demo": self._demo,
        }
        return [
            {"predicted_ltv": found["predicted_value"]}
            | {k: found[k] for k in ("low", "high", "observed", "predicted_remaining")}
            | {"unknown": _unknown(row, model)}
            | about
            for row, found in zip(rows, scored, strict=True)
        ]


def _plausible(row: Mapping[str, Any], model: Model) -> Mapping[str, Any]:
    """Return a row, unless no customer can be like that.

    Raises
    ------
    LayoutError
        Names the feature.
    """
    bought = 0.0
    for name, kind in zip(model.names, model.kinds, strict=True):
        value = row.get(name)
        if value is None:
            continue  # Whether it may be missing is the model's to say.
        if kind == "category":
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise _wrong(name, value, "text")
            continue
        if kind != "number":
            continue
        number = _number(value)
        if number is None or abs(number) > _MOST:
            raise _wrong(name, value, "a number")
        if name.startswith(_ORDERS) and ":" not in name:
            if number < 0 or number != int(number):
                raise _wrong(name, value, "a number of orders")
            # Spans go from the shortest to the longest, and each holds the one before.
            if number < bought:
                raise _wrong(name, value, f"as many as in a shorter time, {bought:g}")
            bought = number
    return row


def _number(value: object) -> float | None:
    """Return a finite number, also if it was written as text; None for anything else."""
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        return None
    return float(str(value))


def _wrong(name: str, value: object, wanted: str) -> LayoutError:
    return LayoutError(f'The feature "{name}" is "{str(value)[:60]}", which is not {wanted}.')


def _unknown(row: Mapping[str, Any], model: Model) -> list[str]:
    """Return the categories whose value the model has not learned: they count as ``other``."""
    levels = model.spec.levels
    return [name for name in model.names if name in levels and str(row[name]) not in levels[name]]


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
