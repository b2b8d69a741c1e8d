"""Trees grown by scikit-learn's histogram boosting, which knows no offset.

It needs none. Of a count with the expectation m, the Poisson loss of m times a factor is m times that of
count / m: a weight. Amounts are taken as if their variance grew with their mean (quasi-Poisson). A
chance is corrected by the first step of Newton's method: the working response of logistic regression,
by weighted least squares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from clv.models.correction import examples
from clv.models.correction.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.models.correction.examples import Examples


def grown(
    who: Examples,
    trees: int,
    monotone: Sequence[int],
    unseen: Examples | None = None,  # noqa: ARG001 - as LightGBM's, which stops early
) -> list[Tree]:
    """Grow so many trees."""
    chance = who.loss == "binary"
    if chance:
        said = 1 / (1 + np.exp(-who.offset))
        weight = np.maximum(said * (1 - said), 1e-6)
        target = (who.outcome - said) / weight
    else:
        weight = np.exp(who.offset)
        target = who.outcome / weight
    model = HistGradientBoostingRegressor(
        loss="squared_error" if chance else "poisson",
        learning_rate=examples.RATE,
        max_iter=max(trees - 1, 1),  # The first one is a constant.
        max_leaf_nodes=examples.LEAVES,
        min_samples_leaf=examples.fewest_in_leaf(len(target)),
        l2_regularization=examples.PENALTY,
        max_bins=examples.BINS,
        monotonic_cst=list(monotone),
        early_stopping=False,
    )
    # Several threads would mostly wait for each other: on a busy machine they take many times as long.
    with threadpool_limits(1, "openmp"):
        found = model.fit(who.traits, target, sample_weight=weight)
    first = Tree.constant(float(np.ravel(found._baseline_prediction)[0]))  # noqa: SLF001 - no other way
    rest = [_tree(one.nodes) for (one,) in found._predictors]  # noqa: SLF001 - they are told nowhere
    return [first, *rest][:trees]


def _tree(nodes: Any) -> Tree:
    inner = nodes["is_leaf"] == 0
    sides = (np.where(inner, nodes[side].astype(np.intp), -1) for side in ("left", "right"))
    left, right = sides
    trait = np.where(inner, nodes["feature_idx"].astype(np.intp), 0)
    threshold = np.where(inner, nodes["num_threshold"], 0.0)
    return Tree(trait, threshold, left, right, np.where(inner, 0.0, nodes["value"]))
