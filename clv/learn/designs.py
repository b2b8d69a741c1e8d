"""Examples of both designs, read off the tables of a connection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clv.core.errors import LayoutError, NoRowsError, SettingsError
from clv.core.formatting import plural
from clv.core.orders import EXTRAS, LINES
from clv.features.early import early
from clv.features.known import as_known
from clv.features.targets import ahead, first_year
from clv.features.windows import windows
from clv.learn.examples import Examples, stacked
from clv.learn.plans import FEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb
    from numpy.typing import NDArray

    from clv.features.tables import Features, Spec
    from clv.features.targets import FirstYear
    from clv.learn.plans import Design, Split


@dataclass(frozen=True)
class Tables:
    """What features are made of; everything but ``orders`` is None where there is none."""

    orders: Any
    labels: Any = None
    lines: Any = None
    attributes: Any = None
    events: Any = None
    refunds: Any = None

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection) -> Self:
        """Take the tables and views of a connection; one without columns of its own is none.

        While files are read the lines of orders are called ``order_lines``.
        """
        named = con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog IN (current_database(), 'temp')"
        ).fetchall()
        there = {str(name) for (name,) in named}
        found = {n: con.table(n) for n in EXTRAS if n in there}
        if "order_lines" in there:
            found["lines"] = con.table("order_lines")
        elif "lines" in found and set(LINES) != set(found["lines"].columns):
            del found["lines"]
        return cls(con.table("orders"), **{n: t for n, t in found.items() if len(t.columns) > 1})


def features(tables: Tables, as_of: date, design: Design, spec: Spec | None = None) -> Features:
    """Return the features of a design as of a day; with a spec, its columns.

    Raises
    ------
    LayoutError
        A table or column that the spec needs, or a feature that is asked for, is not there.
    """
    if spec is not None and design.columns is not None:
        spec = pruned(spec, design.columns)
    orders = tables.orders
    if design.kind == "window":
        orders = as_known(orders, tables.refunds, as_of)
    make = (
        partial(early, orders, as_of, design.after, attributes=tables.attributes)
        if design.kind == "early"
        else partial(windows, orders, as_of, design.days, events=tables.events)
    )
    found = make(
        labels=tables.labels,
        lines=tables.lines,
        largest_categories=design.largest_categories,
        spec=spec,
    )
    return found if design.columns is None else picked(found, design.columns)


def pruned(spec: Spec, names: Sequence[str]) -> Spec:
    """Return a spec without what none of these features needs."""
    # Of a category or an event, whatever that is called; names of labels may hold a colon as well.
    kinds = {n.partition(":")[0] for n in names if ":" in n and n not in spec.levels}
    of_events = {kind for kind in kinds if "event" in kind}
    of_groups = bool(kinds - of_events) or any(n.startswith("n_categories") for n in names)
    return replace(
        spec,
        labels=tuple(n for n in spec.labels if n in names),
        levels={name: levels for name, levels in spec.levels.items() if name in names},
        fills={
            n: v for n, v in spec.fills.items() if {f"first_{n}", f"first_{n}_missing"} & {*names}
        },
        categories=spec.categories if of_groups else None,
        events=spec.events if of_events else None,
        items=spec.items and any(n.startswith("items_") for n in names),
    )


def picked(found: Features, names: Sequence[str]) -> Features:
    """Return the features of these names only, in their order.

    Raises
    ------
    LayoutError
        There is none of that name.
    """
    missing = [name for name in names if name not in found.names]
    if missing:
        msg = f"There is no feature {', '.join(missing)}."
        raise LayoutError(msg, f"There are: {', '.join(found.names[:40])}.")
    places = [found.names.index(name) for name in names]
    return replace(
        found,
        matrix=found.matrix[:, places],
        names=tuple(names),
        kinds=tuple(found.kinds[i] for i in places),
    )


@dataclass(frozen=True)
class _Examples:
    """A design's examples.

    Parameters
    ----------
    tables
        Of all orders.
    as_of
        Day up to which they are known.
    """

    tables: Tables
    as_of: date
    design: Design

    def spec(self, known: date) -> Spec:
        """Choose columns by what was known on a day."""
        return features(self.tables, known, self.design).spec


class Early(_Examples):
    """The early design's examples."""

    def split(self, split: Split) -> tuple[Examples, Examples, Examples]:
        """Return the examples to train and to test on, and everybody whose value is known by now."""
        everybody = self._all(self.spec(split.known))
        return _between(everybody, *split.train), _between(everybody, *split.test), everybody

    def final(self, days: Sequence[date]) -> Examples:
        """Return everybody whose value is known, described by columns chosen of today."""
        return _between(self._all(self.spec(self.as_of)), *days)

    def _all(self, spec: Spec) -> Examples:
        found = features(self.tables, self.as_of, self.design, spec)
        values = first_year(self.tables.orders, self.as_of, self.design.horizon_months)
        place = _places(values, found)
        over = place >= 0
        seen = observed(found, self.design)
        return Examples(found.rows(over), seen[over], values.monthly[place[over]])


class Window(_Examples):
    """The window design's examples."""

    def split(self, split: Split) -> tuple[Examples, Examples, Examples]:
        """Return the examples to train and to test on, and again those to test on: everybody known."""
        spec = self.spec(split.known)
        test = self._at(split.test, spec)
        return self._at(split.train, spec), test, test

    def final(self, days: Sequence[date]) -> Examples:
        """Return everybody whose value is known, described by columns chosen of today."""
        return self._at(days, self.spec(self.as_of))

    def _at(self, days: Sequence[date], spec: Spec) -> Examples:
        parts = []
        for day in days:
            found = features(self.tables, day, self.design, spec)
            then = as_known(self.tables.orders, self.tables.refunds, day)
            came = ahead(self.tables.orders, day, self.design.horizon_months, known=then)
            parts.append(Examples(found, np.zeros(len(found)), came.monthly))
        return stacked(parts)


def observed(found: Features, design: Design) -> NDArray[np.float64]:
    """Return the part of the value that features know already, shape (n,)."""
    name = f"rev_{design.point}"
    if design.kind == "window":
        return np.zeros(len(found))
    if name not in found.names:
        msg = f"The feature {name} is needed: it is the part of the value that is known already."
        raise SettingsError(msg, "Choose it among the columns.")
    return found.column(name)


def check_time(train: Examples, test: Examples, design: Design) -> None:
    """See that nothing is trained on that was not over when the first test forecast was made.

    Raises
    ------
    AssertionError
        Training and test are not split by time.
    """
    begin = (
        train.features.first_day if design.kind == "early" else train.day + np.timedelta64(1, "D")
    )
    months = begin.astype("datetime64[M]") + np.timedelta64(design.horizon_months, "M")
    # The same day of the month, or the last of a shorter one.
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int)
    day = np.minimum((begin - begin.astype("datetime64[M]")).astype(int), length - 1)
    ends = months.astype("datetime64[D]") + day - 1
    first = test.day.min()
    if (ends > first).any() or (train.day > first).any():
        late = int((ends > first).sum())
        msg = (
            f"{late:,} of {len(train):,} training customers had values that were not over on "
            f"{first}, when the first test forecast was made: the split is not by time."
        )
        raise AssertionError(msg)


def check_sizes(
    train: Examples, test: Examples, split: Split, design: Design, longest: int | None = None
) -> None:
    """See that there are customers enough, and something to learn.

    Parameters
    ----------
    longest
        The horizon that there are customers enough for, if there is one.

    Raises
    ------
    NoRowsError
        Too few customers, or none brought anything after the prediction point.
    """
    for who, days, what in (
        (train, split.train, "to learn from"),
        (test, split.test, "to test on"),
    ):
        if len(who) >= FEWEST:
            continue
        if design.kind == "window":
            msg = f"There are {len(who)} customers {what}; at least {FEWEST} are needed."
            raise NoRowsError(msg, _instead("Upload more orders.", longest))
        # A log of customers won in a few weeks has new ones in no other months, whatever the horizon.
        msg = (
            f"There are {len(who)} customers {what} who first ordered from {days[0]} to {days[-1]}; "
            f"at least {FEWEST} are needed."
        )
        hint = (
            "Upload more orders, or predict all customers from their past: that needs no new ones."
        )
        raise NoRowsError(
            msg, _instead(hint, longest), option="On the command line: --design window"
        )
    if not (train.remaining > 0).any():
        msg = "Nobody of the customers to learn from spent anything after the prediction point."
        raise NoRowsError(msg, "Choose an earlier prediction point or a longer horizon.")


def _instead(hint: str, longest: int | None) -> str:
    """Return a hint that begins with the longest horizon possible, if there is one."""
    if longest is None:
        return hint
    return f"The longest horizon that these orders support is {plural(longest, 'month')}. {hint}"


def _places(values: FirstYear, found: Features) -> NDArray[np.int64]:
    """Return the position of each one of the features among the values, −1 for none."""
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import

    place = pc.index_in(found.customer_id, value_set=values.customer_id).fill_null(-1)
    return np.asarray(place, dtype=np.int64)


def _between(who: Examples, begin: date, end: date) -> Examples:
    days = who.features.first_day
    return who.rows((days >= np.datetime64(begin)) & (days <= np.datetime64(end)))


def design_of(tables: Tables, as_of: date, design: Design) -> Early | Window:
    """Return the reader of a design's examples."""
    return (Early if design.kind == "early" else Window)(tables, as_of, design)
