"""How boosted trees are grown: by LightGBM, or by scikit-learn where there is none on this computer.

The trees start from what is expected without them, and their number is the one with the smallest loss
on customers that they have not seen: no customer is on both sides, on whatever day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.models.correction.examples import ENOUGH, FOLDS, MOST_TREES, SURE, Examples
from clv.models.correction.trees import predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv.core.types import Floats
    from clv.models.correction.examples import Loss
    from clv.models.correction.trees import Tree


def grow(
    traits: Floats,
    outcome: Floats,
    offset: Floats,
    fold: NDArray[np.intp],
    loss: Loss,
    monotone: Sequence[int],
) -> list[Tree]:
    """Grow as few trees as bring most of what can be gained on customers that they have not seen.

    Not all of it: the last trees tell more of one past day than of any other.

    Parameters
    ----------
    traits
        Shape (n, k).
    outcome
        Shape (n,): counts (``poisson``), amounts from 0 (``tweedie``), 0 or 1 (``binary``).
    offset
        Shape (n,): what is expected without the trees, as a logarithm (``binary``: log odds). The trees
        start from there.
    fold
        Shape (n,): the part of each row, 0 to ``FOLDS - 1``; all rows of a customer have the same.
    loss
        One of the three.
    monotone
        For every trait 1, -1 or 0: the sum must rise with it, must fall, or may do what it does.

    Returns
    -------
    list of Tree
        Empty where none helps by more than chance.
    """
    curves = np.zeros(MOST_TREES + 1)
    tried: list[tuple[list[Tree], Examples]] = []
    for i in range(FOLDS):
        learn, test = fold != i, fold == i
        if not (learn.any() and test.any() and np.ptp(outcome[learn]) > 0):
            return []
        seen, unseen = (Examples(traits[r], outcome[r], offset[r], loss) for r in (learn, test))
        tried.append((_grown(seen, MOST_TREES, monotone, unseen), unseen))
        curves += _curve(*tried[-1])
    best = int((curves <= curves[0] - ENOUGH[loss] * (curves[0] - curves.min())).argmax())
    gained = np.concatenate(
        [who.lost(0.0) - who.lost(predict(trees[:best], who.traits)) for trees, who in tried]
    )
    if not gained.mean() > SURE * gained.std() / np.sqrt(gained.size):
        return []
    return _grown(Examples(traits, outcome, offset, loss), best, monotone)


def _curve(trees: Sequence[Tree], unseen: Examples) -> Floats:
    """Return the loss by number of trees, shape (MOST_TREES + 1,); beyond the last one it stays."""
    columns = [np.ascontiguousarray(column) for column in unseen.traits.T]
    added = np.zeros(len(unseen.outcome))
    losses = [unseen.lost(added).sum()]
    for tree in trees:
        added += tree.predict(columns)
        losses.append(unseen.lost(added).sum())
    return np.pad(losses, (0, MOST_TREES + 1 - len(losses)), mode="edge")


def _grown(
    who: Examples, trees: int, monotone: Sequence[int], unseen: Examples | None = None
) -> list[Tree]:
    """Grow trees by LightGBM, or by scikit-learn where there is none on this computer."""
    try:
        import lightgbm  # noqa: F401, PLC0415 - slow to import
    except (ImportError, OSError):  # its wheel brings all but the library of threads
        from clv.models.correction import by_scikit_learn as library  # noqa: PLC0415
    else:
        from clv.models.correction import by_lightgbm as library  # type: ignore[no-redef]  # noqa: PLC0415
    return library.grown(who, trees, monotone, unseen)
