"""What feature functions return: a sparse table with its column names, and the memory to rebuild it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from clv.core.types import Days, Floats


#: What a column holds: a number; 0 or 1; the code of a level; a calendar month as
#: `clv.insights.cohorts.calendar.period_of` counts.
Kind = Literal["number", "flag", "category", "month"]

#: Level of whatever was not seen, or not often enough, when the columns were chosen.
OTHER: Final = "other"
#: Level of customers and lines of which nothing is known.
UNKNOWN: Final = "unknown"
#: Most levels that a categorical column keeps, `OTHER` aside.
MOST_LEVELS: Final = 60


@dataclass(frozen=True)
class Spec:
    """Everything about a set of columns that was learned from data; plain JSON types.

    The same spec gives the same columns in the same order, whatever the data.

    Attributes
    ----------
    design
        ``early`` or ``windows``.
    spans
        Lengths of the windows, shortest first, as `clv.features.spans.Span` writes them.
    labels
        Which labels of customers are used.
    levels
        Of each categorical column, in the order of their codes; the last is `OTHER`.
    fills
        Of each attribute that is a number, what stands for a missing one: the median.
    categories, events
        Names of the categories of goods and of the events that have columns of their own, most
        important first; the rest shares those of `OTHER`. None where none are used.
    items
        Whether numbers of items are known.
    """

    design: Literal["early", "windows"]
    spans: tuple[str, ...]
    labels: tuple[str, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fills: Mapping[str, float] = field(default_factory=dict)
    categories: tuple[str, ...] | None = None
    events: tuple[str, ...] | None = None
    items: bool = False

    def to_json(self) -> str:
        """Return the spec as text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """Read what `to_json` wrote."""
        read: dict[str, Any] = json.loads(text)
        read["levels"] = {name: tuple(found) for name, found in read["levels"].items()}
        for name in ("spans", "labels", "categories", "events"):
            read[name] = None if read[name] is None else tuple(read[name])
        return cls(**read)

    def need(self, what: str, *, wanted: bool, given: bool) -> None:
        """Refuse data that lack a table or column from which columns were made.

        Raises
        ------
        LayoutError
            Wanted, but not given.
        """
        if wanted and not given:
            msg = f"The features were chosen with {what}, and these files have none."
            raise LayoutError(msg, f"Add {what}, or choose the features again without.")


@dataclass(frozen=True)
class Features:
    """p features of n customers, sorted by id; no value is missing.

    Attributes
    ----------
    customer_id
        Arrow column of length n.
    matrix
        Shape (n, p), sparse by rows. Categorical columns hold codes, from 0.
    names, kinds
        Length p.
    first_day
        Shape (n,): day of the first order.
    known_until
        Shape (n,): the last day of which the features know anything: the prediction point.
    spec
        With it the same columns are made of other data.
    """

    customer_id: pa.Array
    matrix: sparse.csr_matrix
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    first_day: Days
    known_until: Days
    spec: Spec

    def __len__(self) -> int:
        return len(self.customer_id)

    def column(self, name: str) -> Floats:
        """Return one column as plain numbers, shape (n,)."""
        one: Floats = self.matrix[:, [self.names.index(name)]].toarray().ravel()
        return one

    def rows(self, chosen: NDArray[Any]) -> Features:
        """Return some of the customers: a mask of shape (n,), or their positions in rising order."""
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Features(
            self.customer_id.take(pa.array(places)),
            self.matrix[places],
            self.names,
            self.kinds,
            self.first_day[places],
            self.known_until[places],
            self.spec,
        )

    def table(self, names: Sequence[str] | None = None) -> pa.Table:
        """Return columns as people read them: levels and months by name, counts as numbers.

        Parameters
        ----------
        names
            All where not given: dense, so name a few where there are hundreds.
        """
        chosen = self.names if names is None else names
        shown = {name: self._shown(name) for name in chosen}
        return pa.table({"customer_id": self.customer_id} | shown)

    def _shown(self, name: str) -> pa.Array:
        values = self.column(name)
        kind = self.kinds[self.names.index(name)]
        if kind == "category":
            return pa.array(self.spec.levels[name]).take(pa.array(values.astype(np.int64)))
        if kind == "month":
            months = values.astype(np.int64)
            return pa.array([f"{m // 12}-{m % 12 + 1:02d}" for m in months.tolist()], pa.string())
        return pa.array(values)


class Columns:
    """Columns of n customers as they are put together, one or many at a time."""

    def __init__(self, customer_id: pa.Array) -> None:
        self.customer_id = customer_id
        self._dense: list[Floats] = []
        self._blocks: list[Any] = []
        self._names: list[str] = []
        self._kinds: list[Kind] = []
        self._block_names: list[str] = []

    def of(self, table: pa.Table, column: str, default: float = 0.0) -> Floats:
        """Return a column of another table by customer, shape (n,), where there is none a default."""
        place = self._places(table)
        found = np.full(len(self.customer_id), default)
        values = numbers(table[column])
        known = (place >= 0) & ~np.isnan(values)
        found[place[known]] = values[known]
        return found

    def text(self, table: pa.Table, column: str) -> NDArray[Any]:
        """Return a column of another table by customer as text, `UNKNOWN` where there is none."""
        place = self._places(table)
        found = np.full(len(self.customer_id), UNKNOWN, dtype=object)
        values = np.array(table[column].to_pylist(), dtype=object)
        known = (place >= 0) & np.array([v is not None for v in values], dtype=bool)
        found[place[known]] = values[known]
        return found

    def total(self, table: pa.Table, values: Floats) -> Floats:
        """Return for each row of another table the sum of the values of its customer's rows."""
        place = self._places(table)
        there = place >= 0
        sums = np.bincount(place[there], values[there], len(self.customer_id))
        return _rounded(np.where(there, sums[place], 0.0))

    def number(self, name: str, values: NDArray[Any], kind: Kind = "number") -> None:
        """Add a column of shape (n,).

        Raises
        ------
        LayoutError
            There is one of this name: only a label can have the name of another feature.
        """
        if name in self._names:
            msg = f"A label is called {name}, as a feature is."
            raise LayoutError(msg, "Rename the column in the file.")
        self._dense.append(np.asarray(values, dtype=float))
        self._names.append(name)
        self._kinds.append(kind)

    def category(self, name: str, values: NDArray[Any], levels: Sequence[str]) -> None:
        """Add a column of text as codes; what is not among the levels has the last one's."""
        codes = {level: code for code, level in enumerate(levels)}
        last = len(levels) - 1
        self.number(name, np.array([codes.get(v, last) for v in values], dtype=float), "category")

    def groups(
        self, table: pa.Table, groups: Sequence[str], columns: Iterable[tuple[str, NDArray[Any]]]
    ) -> None:
        """Add the columns ``NAME:GROUP`` of every group, zero where a customer has no row.

        Parameters
        ----------
        table
            At most one row for each ``customer_id`` and ``group``.
        groups
            Those that have columns; other rows are left out.
        columns
            Pairs of a name and its values, one for each row of the table.
        """
        from scipy import sparse  # noqa: PLC0415 - slow to import

        place = self._places(table)
        index = pc.index_in(table["group"].cast(pa.string()), value_set=pa.array(groups))
        group = np.asarray(index.fill_null(-1), dtype=np.int64)
        rows, slots, values, names = [], [], [], []
        for name, column in columns:
            there = (place >= 0) & (group >= 0) & (column != 0)
            rows.append(place[there].astype(np.int32))
            slots.append(group[there].astype(np.int32))
            values.append(column[there])
            names.append(name)
        wide = len(names)
        cells = np.concatenate([slot * wide + i for i, slot in enumerate(slots)])
        joined = (np.concatenate(values), (np.concatenate(rows), cells))
        shape = (len(self.customer_id), len(groups) * wide)
        self._blocks.append(sparse.csr_matrix(joined, shape=shape, dtype=float))
        self._block_names += [f"{name}:{each}" for each in groups for name in names]

    def features(self, first_day: Days, known_until: Days, spec: Spec) -> Features:
        """Return everything that was added, plain columns before those of groups."""
        from scipy import sparse  # noqa: PLC0415 - slow to import

        dense = np.column_stack(self._dense)
        matrix = sparse.hstack([sparse.csr_matrix(dense), *self._blocks], format="csr")
        matrix.sort_indices()
        plain: Kind = "number"
        return Features(
            self.customer_id,
            matrix,
            (*self._names, *self._block_names),
            (*self._kinds, *[plain] * len(self._block_names)),
            first_day,
            known_until,
            spec,
        )

    def _places(self, table: pa.Table) -> NDArray[np.int64]:
        """Return the position of each row's customer, −1 for none of these."""
        ids = table["customer_id"].cast(pa.string())
        found = pc.index_in(ids, value_set=self.customer_id).fill_null(-1)
        return np.asarray(found, dtype=np.int64)


def collected(frame: Any) -> pa.Table:  # noqa: ANN401 - narwhals' lazy frame of any engine
    """Run a narwhals query and return its rows."""
    table: pa.Table = frame.collect("pyarrow").to_native()
    return table


def numbers(column: Any) -> Floats:  # noqa: ANN401 - an Arrow column
    """Return an Arrow column as floats, NaN where null, rounded to what every engine agrees on.

    Threads and engines add up in any order. A millionth of a currency unit is the same in all of
    them, up to sums of thousands of millions.
    """
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return _rounded(values)


def days_of(column: Any) -> Days:  # noqa: ANN401 - an Arrow column
    """Return an Arrow column of timestamps as days."""
    days: Days = np.asarray(column.to_numpy()).astype("datetime64[D]")
    return days


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Return part / whole, 0 where the whole is 0."""
    result: Floats = np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
    return _rounded(result)


def _rounded(values: NDArray[Any]) -> Floats:
    rounded: Floats = np.round(np.asarray(values, dtype=float), 6)
    return rounded


def levels_of(values: Iterable[str]) -> tuple[str, ...]:
    """Return the most frequent levels, ties by name, and `OTHER` as the last."""
    found, count = np.unique(np.asarray(list(values), dtype=str), return_counts=True)
    ranked = sorted(zip((-count).tolist(), found.tolist(), strict=True))
    return (*[name for _, name in ranked if name != OTHER][:MOST_LEVELS], OTHER)
