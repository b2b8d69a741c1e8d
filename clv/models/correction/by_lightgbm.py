"""Trees grown by LightGBM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np

from clv.models.correction import examples
from clv.models.correction.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.models.correction.examples import Examples


def grown(
    who: Examples, trees: int, monotone: Sequence[int], unseen: Examples | None = None
) -> list[Tree]:
    """Grow up to so many trees; with unseen customers, no more than while their loss falls."""
    rows = len(who.outcome)
    asked = {
        "objective": who.loss,
        "tweedie_variance_power": examples.TWEEDIE_POWER,
        "learning_rate": examples.RATE,
        "num_leaves": examples.LEAVES,
        "min_data_in_leaf": examples.fewest_in_leaf(rows),
        "lambda_l2": examples.PENALTY,
        "max_bin": examples.BINS,
        "monotone_constraints": list(monotone),
        "boost_from_average": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,  # The same trees on every computer.
        "verbosity": -1,
    }
    data = _data(who, asked)
    late: list[Any] | None = None
    watch: list[Any] = []
    if unseen is not None:
        late = [_data(unseen, asked, data)]
        watch = [lightgbm.early_stopping(examples.PATIENCE, verbose=False)]
    found = lightgbm.train(asked, data, trees, valid_sets=late, callbacks=watch)
    told = found.dump_model(num_iteration=found.current_iteration())["tree_info"]
    return [_tree(one["tree_structure"]) for one in told]


def _data(who: Examples, asked: dict[str, Any], like: Any = None) -> Any:
    return lightgbm.Dataset(
        who.traits, who.outcome, init_score=who.offset, reference=like, params=asked
    )


def _tree(root: dict[str, Any]) -> Tree:
    """Return a tree as LightGBM tells it, its nodes numbered, the root first."""
    rows: list[list[float]] = []

    def add(node: dict[str, Any]) -> int:
        place = len(rows)
        if "leaf_value" in node:
            rows.append([0, 0.0, -1, -1, node["leaf_value"]])
            return place
        row = [node["split_feature"], node["threshold"], 0, 0, 0.0]
        rows.append(row)
        row[2], row[3] = add(node["left_child"]), add(node["right_child"])
        return place

    add(root)
    trait, threshold, left, right, value = np.array(rows, dtype=float).T
    whole = (part.astype(np.intp) for part in (trait, left, right))
    trait, left, right = whole
    return Tree(trait, threshold, left, right, value)
