"""Which days a model is trained and tested on: strictly by time, or refused.

*Early* foresees the value of months 0 to H − 1 of a life from its first X. The model that is tested
was trained only on what was known on the day on which the first of the tested customers reached X:
on customers whose H months were over by then.

*Window* foresees the H months after a day, for customers of any age. The last day that lies H months
back is held out; the training days lie so early that their own H months were over by then.

Where the history is long enough the same is done once more, earlier: that date decides between
models, and the held-out one has no say.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from clv.backtest.past_dates import months_before
from clv.core.errors import SettingsError
from clv.core.formatting import plural
from clv.core.horizon import add_months
from clv.features.spans import Span, spans_of

if TYPE_CHECKING:
    from clv.core.schema import DesignKind, TrainingDesign
    from clv.core.types import Days

_DAY: Final = timedelta(days=1)
#: Months of cohorts that are tested together, as many as the history allows.
_TESTED_MONTHS: Final = (3, 2, 1)
#: Fewest customers to learn from, and to test on.
FEWEST: Final = 100
#: Most days that a window model is trained on.
_MOST_ORIGINS: Final = 4


@dataclass(frozen=True)
class Design:
    """What is foreseen from what.

    Parameters
    ----------
    kind
        ``early``: the first H months of a life from its first X; ``window``: the next H months of
        any customer.
    horizon_months
        H, 1 to 36.
    after
        Early: the X, such as ``1m``, ``2w``, ``14d``; the longest is the prediction point.
    days
        Window: lengths of the past windows.
    largest_categories
        How many categories, the largest by revenue, have columns of their own: up to 200.
    columns
        Names of the features that are used; None for all.
    """

    kind: DesignKind = "early"
    horizon_months: int = 12
    after: tuple[str, ...] = ("1m", "3m")
    days: tuple[int, ...] = (1, 7, 30, 60, 120)
    largest_categories: int = 20
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_months <= 36:
            msg = f"The horizon is {self.horizon_months} months; it must lie between 1 and 36."
            raise SettingsError(msg)
        if not 0 <= self.largest_categories <= 200:
            msg = f"{self.largest_categories:,} categories with features of their own; 0 to 200 can be."
            raise SettingsError(msg)
        object.__setattr__(self, "after", tuple(str(one) for one in spans_of(self.after)))
        if self.kind == "early" and self.point.end(_ANY) >= add_months(_ANY, self.horizon_months):
            first, all_of_it = said(self.point), plural(self.horizon_months, "month")
            msg = (
                f"The first {first} {'are' if self.point.count > 1 else 'is'} no shorter than the "
                f"{all_of_it} to be predicted."
            )
            longest = _written(_longest_point(self.horizon_months, self.point.unit))
            raise SettingsError(msg, f"The longest prediction point possible is {longest}.")

    @property
    def point(self) -> Span:
        """The prediction point of the early design: the longest X."""
        return spans_of(self.after)[-1]

    def as_dict(self) -> TrainingDesign:
        """Return plain JSON types."""
        return {
            "kind": self.kind,
            "horizon_months": self.horizon_months,
            "after": list(self.after),
            "days": list(self.days),
            "largest_categories": self.largest_categories,
            "columns": None if self.columns is None else list(self.columns),
        }

    @classmethod
    def from_dict(cls, content: TrainingDesign) -> Design:
        """Rebuild from `as_dict`."""
        columns = content["columns"]
        return cls(
            content["kind"],
            content["horizon_months"],
            tuple(content["after"]),
            tuple(content["days"]),
            content["largest_categories"],
            None if columns is None else tuple(columns),
        )


#: Lengths of months are compared from a day on which each is as short as can be.
_ANY: Final = date(2015, 2, 1)


@dataclass(frozen=True)
class Split:
    """One date's training and test.

    Attributes
    ----------
    known
        The last day of which the tested model knows anything.
    train
        Early: first and last day on which the training customers first bought. Window: the training
        days, oldest first.
    test
        Early: the same of the tested customers. Window: the held-out day.
    """

    known: date
    train: tuple[date, ...]
    test: tuple[date, ...]


@dataclass(frozen=True)
class Plan:
    """What a history supports.

    Attributes
    ----------
    splits
        One, or two where the history is long enough; the last is the held-out one.
    final
        What the model that is kept is trained on: early, first and last day of the first orders;
        window, the days.
    longest
        The history is long enough, but there are too few customers: the longest horizon for which
        there are enough, if there is one.
    """

    splits: tuple[Split, ...]
    final: tuple[date, ...] = field(default=())
    longest: int | None = None


def said(span: Span) -> str:
    """Return a length of time in words, for after "first"."""
    return f"{span.count} {span.noun}s" if span.count > 1 else span.noun


def _written(span: Span) -> str:
    """Return a length of time in words and as it is given: ``2 weeks (2w)``."""
    return f"{plural(span.count, span.noun)} ({span})"


def _longest_point(horizon: int, unit: Literal["d", "w", "m"]) -> Span:
    """Return the longest X of a unit that is over before any such months are; else of days."""
    days = (add_months(_ANY, horizon) - _ANY).days - 1
    count = {"d": days, "w": days // 7, "m": horizon - 1}[unit]
    return Span(count, unit) if count else Span(days, "d")


def check_day(as_of: date) -> None:
    """See that there is a day after it.

    Raises
    ------
    SettingsError
        It is the last that a calendar has.
    """
    if as_of == date.max:
        msg = f"The as-of date {as_of} is too late: there is no day after it."
        raise SettingsError(msg, "Set an earlier as-of date.")


def plan(first_order: date, as_of: date, design: Design, born: Days | None = None) -> Plan:
    """Choose the days, or refuse.

    Parameters
    ----------
    first_order, as_of
        The observed period.
    born
        Shape (n,), sorted: day of every customer's first order. With it dates count only if there are
        `FEWEST` customers to learn from and to test on.

    Raises
    ------
    SettingsError
        The history is too short; says which horizon it supports.
    """
    check_day(as_of)
    found = _plan(first_order, as_of, design, born)
    if found is not None:
        return found
    shorter = _longest_horizon(first_order, as_of, design, born)
    found = _plan(first_order, as_of, design)
    if found is not None:
        return replace(found, longest=shorter)
    wanted = plural(design.horizon_months, "month")
    from_what = f" from the first {said(design.point)}" if design.kind == "early" else ""
    msg = (
        f"The orders cover {plural((as_of - first_order).days / 30.4375, 'month')}. That is too short "
        f"to predict {wanted}{from_what} and to test it: customers to learn from must have lived "
        "through all of it before the tested ones reach the prediction point."
    )
    if shorter:
        hint = f"The longest horizon that these orders support is {plural(shorter, 'month')}."
        raise SettingsError(msg, hint)
    nothing = "These orders support no horizon"
    nothing += "." if design.kind == "window" else " at this prediction point."
    if born is not None and born.size and _plan(first_order, as_of, _with(design, _least(design))):
        nothing = (
            f"For a shorter one there are too few customers: {FEWEST} to learn from, and {FEWEST} to "
            "test on, are needed."
        )
    raise SettingsError(msg, nothing + _earlier_point(first_order, as_of, design, born))


def _longest_horizon(
    first_order: date, as_of: date, design: Design, born: Days | None
) -> int | None:
    """Return the longest horizon below a design's that is supported, if there is one."""
    shorter = (h for h in range(design.horizon_months - 1, 0, -1) if _fits(design, h))
    return next((h for h in shorter if _plan(first_order, as_of, _with(design, h), born)), None)


def _earlier_point(first_order: date, as_of: date, design: Design, born: Days | None) -> str:
    """Say which is the longest prediction point that supports a horizon; nothing if none does."""
    few = born is not None and born.size < 2 * FEWEST
    if design.kind == "window" or few:
        return ""
    point = design.point
    # No life is longer than the orders reach; what an earlier point allows are shorter horizons.
    for count in range(min(point.count, (as_of - first_order).days) - 1, 0, -1):
        tried = replace(design, after=(str(Span(count, point.unit)),))
        longest = _longest_horizon(first_order, as_of, tried, born)
        if longest:
            return (
                f" The longest prediction point that they support is {_written(tried.point)}, with a "
                f"horizon of {plural(longest, 'month')}."
            )
    return ""


def _plan(first_order: date, as_of: date, design: Design, born: Days | None = None) -> Plan | None:
    return (_early if design.kind == "early" else _window)(first_order, as_of, design, born)


def _enough(split: Split, born: Days | None, kind: DesignKind) -> bool:
    """Tell whether there are customers enough to learn from, and to test on."""
    if born is None:
        return True
    for days in (split.train, split.test):
        known = np.searchsorted(born, np.array(days, dtype="datetime64[D]"), side="right")
        count = int(known.sum())
        if kind == "early":
            count = int(known[-1] - np.searchsorted(born, np.datetime64(days[0], "D")))
        if count < FEWEST:
            return False
    return True


def _with(design: Design, horizon: int) -> Design:
    return replace(design, horizon_months=horizon)


def _fits(design: Design, horizon: int) -> bool:
    return design.kind == "window" or design.point.end(_ANY) < add_months(_ANY, horizon)


def _least(design: Design) -> int:
    """Return the shortest horizon that reaches beyond the prediction point."""
    return next(h for h in range(1, design.horizon_months + 1) if _fits(design, h))


def last_complete(known: date, months: int) -> date:
    """Return the latest first day of whoever has lived through so many months by the end of a day."""
    over = known + _DAY
    day = add_months(over, -months)
    while add_months(day + _DAY, months) <= over:  # the end of a month may be over sooner
        day += _DAY
    while add_months(day, months) > over:
        day -= _DAY
    return day


def _early(first_order: date, as_of: date, design: Design, born: Days | None) -> Plan | None:
    """Test the latest cohorts whose months are over; train on at least as many months of cohorts."""
    end = last_complete(as_of, design.horizon_months)
    for months in _TESTED_MONTHS:
        splits = []
        for back in (months, 0):
            last = add_months(end, -back)
            begin = add_months(last + _DAY, -months)
            known = design.point.end(begin) - _DAY
            train_end = last_complete(known, design.horizon_months)
            split = Split(known, (first_order, train_end), (begin, last))
            long = add_months(first_order, months) <= train_end + _DAY
            if long and _enough(split, born, design.kind):
                splits.append(split)
        if splits and splits[-1].test[1] == end:
            return Plan(tuple(splits), (first_order, end))
    return None


def _window(first_order: date, as_of: date, design: Design, born: Days | None) -> Plan | None:
    """Hold out the last possible day; train on earlier ones a third of the horizon apart."""
    months = design.horizon_months
    step = max(months // 3, 1)
    # A training day knows at least half as long a time as it looks ahead.
    earliest = add_months(first_order, max((months + 1) // 2, 1)) - _DAY
    splits = []
    for back in (step, 0):
        test = months_before(as_of, months + back)
        days = [months_before(test, months + i * step) for i in range(_MOST_ORIGINS)]
        train = tuple(sorted(day for day in days if day >= earliest))
        split = Split(test, train, (test,))
        if train and _enough(split, born, design.kind):
            splits.append(split)
    if not splits:
        return None
    latest = months_before(as_of, months)
    return Plan(tuple(splits), (*splits[-1].train, latest))
