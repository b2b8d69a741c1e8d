"""Customers to learn from or to be tested on: features, what has been observed, what came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv.core.types import Floats, Places
    from clv.features.tables import Features


class Columns(NamedTuple):
    """Features as plain numbers, one column for each level of a categorical one.

    Attributes
    ----------
    matrix
        Shape (n, q).
    names
        Length q; ``customer_state: SP`` for a level.
    features
        Length q: the feature that each was made of, whose own name may hold a colon as well.
    """

    matrix: Floats
    names: tuple[str, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class Examples:
    """n customers, or n times customers on several days, with H months of outcome.

    Attributes
    ----------
    features
        What is known at each one's prediction point.
    observed
        Shape (n,): the part of the value that had come in by then; 0 where the value lies wholly
        ahead.
    monthly
        Shape (n, H): revenue of each month of the value. Whoever forecasts must not look at it.
    """

    features: Features
    observed: Floats
    monthly: Floats

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def whole(self) -> Floats:
        """Revenue of all H months, shape (n,)."""
        total: Floats = np.round(self.monthly.sum(axis=1), 6)
        return total

    @cached_property
    def remaining(self) -> Floats:
        """The part of it that comes after the prediction point, shape (n,)."""
        left: Floats = np.round(self.whole - self.observed, 6)
        return left

    @property
    def shape(self) -> Floats:
        """Share of all customers' remaining value that each month brought, shape (H,)."""
        reached = np.maximum(np.cumsum(self.monthly, axis=1) - self.observed[:, None], 0.0)
        each: Floats = np.diff(reached, axis=1, prepend=0.0).sum(axis=0).clip(0.0)
        total = float(each.sum())
        return each / total if total > 0 else np.full(each.size, 1 / each.size)

    @property
    def day(self) -> NDArray[np.datetime64]:
        """Day of each one's forecast, shape (n,)."""
        return self.features.known_until

    def rows(self, chosen: Places | NDArray[np.bool_]) -> Examples:
        """Return some of them: a mask, or positions in rising order."""
        return replace(
            self,
            features=self.features.rows(chosen),
            observed=self.observed[chosen],
            monthly=self.monthly[chosen],
        )

    def few(self, most: int, seed: int) -> Examples:
        """Return at most so many of them, drawn at random; all where there are no more."""
        if len(self) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), most, replace=False)
        return self.rows(np.sort(drawn))


def stacked(parts: Sequence[Examples]) -> Examples:
    """Return examples of several days as one, in the order given; they have the same columns."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from scipy import sparse  # noqa: PLC0415

    if len(parts) == 1:
        return parts[0]
    each = [part.features for part in parts]
    features = replace(
        each[0],
        customer_id=pa.concat_arrays([f.customer_id for f in each]),
        matrix=sparse.vstack([f.matrix for f in each], format="csr"),
        first_day=np.concatenate([f.first_day for f in each]),
        known_until=np.concatenate([f.known_until for f in each]),
    )
    return Examples(
        features,
        np.concatenate([part.observed for part in parts]),
        np.concatenate([part.monthly for part in parts]),
    )


def plain(features: Features) -> Columns:
    """Return features as numbers for models that know no categories."""
    dense = features.matrix.toarray()
    columns, names, made_of = [], [], []
    for i, (name, kind) in enumerate(zip(features.names, features.kinds, strict=True)):
        if kind == "category":
            levels = features.spec.levels[name]
            columns.append(dense[:, [i]] == np.arange(len(levels)))
            names += [f"{name}: {level}" for level in levels]
            made_of += [name] * len(levels)
        else:
            columns.append(dense[:, [i]])
            names.append(name)
            made_of.append(name)
    return Columns(np.hstack(columns).astype(float), tuple(names), tuple(made_of))


def categorical(features: Features) -> list[int]:
    """Return the positions of the columns that hold codes."""
    return [i for i, kind in enumerate(features.kinds) if kind == "category"]


def folds(who: Examples, number: int = 3) -> list[tuple[Places, Places]]:
    """Return (learn, test) positions in the order of time: a test lies after all it is learned from.

    The first 40 % of the customers by day are only learned from; the rest is tested part by part.
    No day is in both. Where all were seen on the same day there is no time between them, and the
    parts are drawn by a hash of the customer's id.
    """
    days = np.unique(who.day)
    if days.size == 1:
        ids = who.features.customer_id.to_pylist()
        part = np.array([crc32(str(one).encode()) % number for one in ids])
        return [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(number)]
    reached = np.searchsorted(np.sort(who.day), days, side="right") / len(who)
    cuts = [0.4 + 0.6 * i / number for i in range(number)]
    ends = np.minimum([int(np.searchsorted(reached, c)) for c in cuts], days.size - 2)
    ends = np.append(np.unique(ends), days.size - 1)
    return [
        (
            np.flatnonzero(who.day <= days[a]),
            np.flatnonzero((who.day > days[a]) & (who.day <= days[b])),
        )
        for a, b in pairwise(ends.tolist())
    ]
