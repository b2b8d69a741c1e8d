"""A trained model as it is used: features in, expected value with its range and months out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.errors import LayoutError
from clv.features.tables import OTHER, Features
from clv.learn.designs import observed
from clv.learn.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from clv.features.tables import Kind, Spec
    from clv.learn.learners import Learner
    from clv.learn.plans import Design
    from clv.learn.ranges import Ranges

    Floats = NDArray[np.float64]

#: What a row given by hand may call the month of the first order.
_MONTH: Final = ("cohort_month", "cohort_month_str")


@dataclass(frozen=True)
class Model:
    """What scores customers.

    Attributes
    ----------
    design
        What it foresees from what.
    spec
        With it the same columns are made of other data.
    names, kinds
        Of the features, length p.
    chosen
        Name of the learner that forecasts.
    learners
        By name: the chosen one, and the baseline.
    ranges
        Of the remaining value.
    shape
        Length H: share of the remaining value that each month brings.
    """

    design: Design
    spec: Spec
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    chosen: str
    learners: Mapping[str, Learner]
    ranges: Ranges
    shape: tuple[float, ...]

    @property
    def value_name(self) -> str:
        """Name of the whole value's column: ``LTV_12m``."""
        return f"LTV_{self.design.horizon_months}m"

    def predict(self, features: Features) -> dict[str, Floats]:
        """Foresee customers' values.

        Parameters
        ----------
        features
            With this model's columns, n customers.

        Returns
        -------
        dict
            Shape (n,) each, revenue in currency units: ``observed`` by the prediction point,
            ``predicted_remaining``, ``predicted_value`` (their sum: the whole), ``low`` and ``high``
            of the whole.
        """
        seen = observed(features, self.design)
        if not len(features):
            names = ("observed", "predicted_remaining", "predicted_value", "low", "high")
            return dict.fromkeys(names, seen)
        who = Examples(features, seen, np.zeros((len(features), 1)))
        rest = self.learners[self.chosen].predict(who)
        low, high = self.ranges.predict(who, rest)
        return {
            "observed": seen,
            "predicted_remaining": rest,
            "predicted_value": seen + rest,
            "low": seen + low,
            "high": seen + high,
        }

    def table(self, features: Features, *, by_month: bool = False) -> pa.Table:
        """Foresee customers' values, one row each.

        Returns
        -------
        Table
            ``customer_id``; ``cohort_month`` (early); ``as_of``: the prediction point;
            and `predict`. Month by month also ``month_0, month_1``…: the remaining revenue of each
            month of life (early) or after the day (window), by the average share of each month.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        found = self.predict(features)
        columns: dict[str, Any] = {"customer_id": features.customer_id}
        if self.design.kind == "early":
            months = features.first_day.astype("datetime64[M]").astype(str)
            columns["cohort_month"] = pa.array(months.tolist(), pa.string())
        columns["as_of"] = pa.array(features.known_until)
        columns |= {name: pa.array(np.round(values, 6)) for name, values in found.items()}
        if by_month:
            each = monthly(np.array(self.shape), found["predicted_remaining"])
            columns |= {f"month_{i}": pa.array(each[:, i]) for i in range(each.shape[1])}
        return pa.table(columns)

    def score(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
        """Foresee customers described by hand: feature → value, months as ``2017-01``.

        Returns
        -------
        list of dict
            `predict`, a number each.

        Raises
        ------
        LayoutError
            A feature is missing, or its value is none that it can have; says which.
        """
        found = self.predict(self.features(rows))
        return [
            {name: float(values[i]) for name, values in found.items()} for i in range(len(rows))
        ]

    def features(self, rows: Sequence[Mapping[str, Any]]) -> Features:
        """Return features described by hand; unknown levels count as `OTHER`. See `score`."""
        width = len(self.names)
        cells = [[self._cell(row, i) for i in range(width)] for row in rows]
        return self.plain(np.array(cells, dtype=float).reshape(len(rows), width))

    def plain(self, matrix: Floats) -> Features:
        """Return numbers of shape (n, p) as features of nobody in particular."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import
        from scipy import sparse  # noqa: PLC0415

        days = np.zeros(len(matrix), dtype="datetime64[D]")
        if "cohort_month" in self.names:
            month = matrix[:, self.names.index("cohort_month")].astype(int) - 1970 * 12
            days = month.astype("datetime64[M]").astype("datetime64[D]")
        ids = pa.array([str(i) for i in range(len(matrix))], pa.string())
        return Features(
            ids, sparse.csr_matrix(matrix), self.names, self.kinds, days, days, self.spec
        )

    def _cell(self, row: Mapping[str, Any], place: int) -> float:
        """Return one feature of a row as the number that stands for it."""
        name, kind = self.names[place], self.kinds[place]
        keys = _MONTH if kind == "month" else (name,)
        value = next((row[key] for key in keys if row.get(key) is not None), None)
        if value is None:
            msg = f'The feature "{name}" is missing.'
            raise LayoutError(msg, f"Needed are: {', '.join(self.names)}.", missing=[name])
        if kind == "category":
            levels = self.spec.levels[name]
            return float(levels.index(str(value)) if str(value) in levels else levels.index(OTHER))
        number = _month(str(value)) if kind == "month" else _number(value)
        if number is None:
            wanted = "a month such as 2017-01" if kind == "month" else "a number"
            msg = f'The feature "{name}" is "{value}", which is not {wanted}.'
            raise LayoutError(msg)
        return number


def _month(text: str) -> float | None:
    """Return a calendar month as `clv.cohorts.calendar.period_of` counts; None if it is none."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(-.*)?", text.strip())
    return None if found is None else float(int(found[1]) * 12 + int(found[2]) - 1)


def _number(value: object) -> float | None:
    """Return a finite number; None if it is none."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def monthly(shape: Floats, remaining: Floats) -> Floats:
    """Share out remaining values over the months as the average customer's, shape (n, H)."""
    shared: Floats = np.round(remaining[:, None] * shape, 6)
    return shared
