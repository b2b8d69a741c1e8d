"""A trained model as it is used: features in, expected value with its range and months out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.errors import FeatureError
from clv.features.tables import OTHER, Features
from clv.learn.designs import observed
from clv.learn.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from clv.core.types import Floats
    from clv.features.tables import Kind, Spec
    from clv.learn.learners import Learner
    from clv.learn.plans import Design
    from clv.learn.ranges import Ranges


#: What a row given by hand may call the month of the first order.
_MONTH: Final = ("cohort_month", "cohort_month_str")
#: Months from 1900 to 2199; a day in it, and a time, may follow.
_MONTHS: Final = re.compile(r"(19\d\d|2[01]\d\d)-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])([T ].*)?)?")
_NUMBERS: Final = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
#: Figures beyond this are nobody's.
_MOST: Final = 1e12


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
        columns: dict[str, pa.Array] = {"customer_id": features.customer_id}
        if self.design.kind == "early":
            months = features.first_day.astype("datetime64[M]").astype(str)
            columns["cohort_month"] = pa.array(months.tolist(), pa.string())
        columns["as_of"] = pa.array(features.known_until)
        columns |= {name: pa.array(np.round(values, 6)) for name, values in found.items()}
        if by_month:
            each = monthly(np.array(self.shape), found["predicted_remaining"])
            columns |= {f"month_{i}": pa.array(each[:, i]) for i in range(each.shape[1])}
        return pa.table(columns)

    def score(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, float]]:
        """Foresee customers described by hand: feature → value, months as ``2017-01``.

        Returns
        -------
        list of dict
            `predict`, a number each.

        Raises
        ------
        FeatureError
            A feature is missing, its value is none that it can have, or no customer can be like that:
            has parts of orders, or fewer in a longer time.
        """
        found = self.predict(self.features(rows))
        return [
            {name: float(values[i]) for name, values in found.items()} for i in range(len(rows))
        ]

    def features(self, rows: Sequence[Mapping[str, object]]) -> Features:
        """Return features described by hand; unknown levels count as `OTHER`. See `score`."""
        cells = [self._cells(row) for row in rows]
        return self.plain(np.array(cells, dtype=float).reshape(len(rows), len(self.names)))

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

    def _cells(self, row: Mapping[str, object]) -> list[float]:
        """Return a row's features as the numbers that stand for them."""
        cells = [self._cell(row, place) for place in range(len(self.names))]
        known = dict(zip(self.names, cells, strict=True))
        early, days = self.design.kind == "early", sorted(self.design.days)
        bought = 0.0  # Each length of time holds the shorter ones.
        for span in self.design.after if early else [f"{one}d" for one in days]:
            name = f"n_orders_{span}"
            number = known.get(name, bought)
            if number < 0 or number != int(number):
                msg = f'The feature "{name}" is {number:g}, which is not a number of orders.'
                raise FeatureError(name, msg)
            if number < bought:
                msg = f'The feature "{name}" is {number:g}, fewer than the {bought:g} of a shorter time.'
                raise FeatureError(name, msg)
            bought = number
        return cells

    def _cell(self, row: Mapping[str, object], place: int) -> float:
        """Return one feature of a row as the number that stands for it."""
        name, kind = self.names[place], self.kinds[place]
        keys = _MONTH if kind == "month" else (name,)
        key = next((key for key in keys if row.get(key) is not None), None)
        if key is None:
            msg = f'The feature "{name}" is missing.'
            raise FeatureError(name, msg, f"Needed are: {', '.join(self.names)}.")
        value = row[key]
        number = self._level(name, value) if kind == "category" else _READ.get(kind, _number)(value)
        if number is None:
            msg = f'The feature "{key}" is "{str(value)[:60]}", which is not {_WANTED.get(kind, "a number")}.'
            raise FeatureError(key, msg)
        return number

    def _level(self, name: str, value: object) -> float | None:
        """Return the place of a category among those learned; None for what is no name of one."""
        if isinstance(value, bool) or not isinstance(value, str | Integral):
            return None
        levels = self.spec.levels[name]
        return float(levels.index(str(value)) if str(value) in levels else levels.index(OTHER))


def _month(value: object) -> float | None:
    """Return a calendar month as `clv.insights.cohorts.calendar.period_of` counts; None if it is none."""
    found = _MONTHS.fullmatch(str(value).strip())
    return None if found is None else float(int(found[1]) * 12 + int(found[2]) - 1)


def _number(value: object) -> float | None:
    """Return a number, also if it was written as text; None for anything else, and nobody's figures."""
    if isinstance(value, bool) or not _NUMBERS.fullmatch(str(value)):
        return None
    number = float(str(value))
    return number if abs(number) <= _MOST else None


#: How values are read by the kind of their feature, and what they should be; `_number` if not here.
_READ: Final = {"month": _month}
_WANTED: Final = {"month": "a month such as 2017-01", "category": "text"}


def monthly(shape: Floats, remaining: Floats) -> Floats:
    """Share out remaining values over the months as the average customer's, shape (n, H)."""
    shared: Floats = np.round(remaining[:, None] * shape, 6)
    return shared
