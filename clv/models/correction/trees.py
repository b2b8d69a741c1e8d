"""Boosted trees as plain numbers: they are grown by a library and scored without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv.core.schema import TreeRecord
    from clv.core.types import Floats

#: Rows that are scored together: their columns stay in the processor's cache.
CHUNK: Final = 16_384


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree; a node is a leaf where ``left`` is negative.

    Attributes
    ----------
    trait, threshold, left, right, value
        Shape (nodes,), the root first: which trait is looked at; not above the threshold goes left,
        else right; the leaf's value.
    """

    trait: NDArray[np.intp]
    threshold: Floats
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    value: Floats

    @classmethod
    def constant(cls, value: float) -> Self:
        """Return a tree that says the same of everybody."""
        none = np.zeros(1, dtype=np.intp)
        return cls(none, np.zeros(1), none - 1, none - 1, np.array([value]))

    def predict(self, columns: Sequence[Floats]) -> Floats | float:
        """Return the value of each row; ``columns`` are the traits, shape (n,) each."""
        return self._at(0, columns)

    def _at(self, node: int, columns: Sequence[Floats]) -> Floats | float:
        if self.left[node] < 0:
            return float(self.value[node])
        small = columns[self.trait[node]] <= self.threshold[node]
        left, right = (self._at(int(side[node]), columns) for side in (self.left, self.right))
        result: Floats = np.where(small, left, right)
        return result

    def share_out(self, traits: Floats, moved: Floats) -> None:
        """Add to ``moved``, shape (n, k), what each trait contributed to the value of each row."""
        expected = self.value.copy()
        for node in range(expected.size - 1, -1, -1):  # Branches come after what they leave.
            if self.left[node] >= 0:
                expected[node] = (expected[self.left[node]] + expected[self.right[node]]) / 2
        rows = np.arange(len(traits))
        at = np.zeros(rows.size, dtype=np.intp)
        while (going := self.left[at] >= 0).any():
            here, who = at[going], rows[going]
            small = traits[who, self.trait[here]] <= self.threshold[here]
            there = np.where(small, self.left[here], self.right[here])
            moved[who, self.trait[here]] += expected[there] - expected[here]
            at[going] = there

    def as_dict(self) -> TreeRecord:
        """Return plain JSON types."""
        return {
            "trait": self.trait.tolist(),
            "threshold": self.threshold.tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "value": self.value.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: TreeRecord) -> Self:
        """Rebuild from `as_dict`.

        Raises
        ------
        ValueError
            The numbers are no tree: not all are there, or a branch leads back.
        """
        whole = [np.array(stored[key], dtype=np.intp) for key in ("trait", "left", "right")]
        trait, left, right = whole
        threshold = np.array(stored["threshold"], dtype=float)
        value = np.array(stored["value"], dtype=float)
        size = {part.size for part in (trait, left, right, threshold, value)}
        nodes = np.arange(trait.size)
        inner = left >= 0
        sound = (
            len(size) == 1
            and trait.size > 0
            and bool(np.isfinite(value).all() and np.isfinite(threshold).all())
            and bool((trait >= 0).all())
            and all(
                ((side[inner] > nodes[inner]) & (side[inner] < trait.size)).all()
                for side in (left, right)
            )
        )
        if not sound:
            msg = "a tree of the correction is damaged"
            raise ValueError(msg)
        return cls(trait, threshold, left, right, value)


def predict(trees: Sequence[Tree], traits: Floats) -> Floats:
    """Return the sum over trees, shape (n,); ``traits`` has shape (n, k)."""
    result = np.zeros(len(traits))
    for start in range(0, len(traits), CHUNK):
        rows = slice(start, start + CHUNK)
        columns = [np.ascontiguousarray(column) for column in traits[rows].T]
        for tree in trees:
            result[rows] += tree.predict(columns)
    return result
