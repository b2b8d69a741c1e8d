"""What the trees of a correction are grown on, and how large they may become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Floats

#: Trees and their leaves: more would learn chance.
MOST_TREES: Final = 120
LEAVES: Final = 8
RATE: Final = 0.1
#: A leaf holds at least so many customers, and this share of them.
FEWEST_IN_LEAF: Final = 20
LEAF_SHARE: Final = 1 / 200
#: Penalty on the squares of the leaves' values.
PENALTY: Final = 1.0
#: Distinct values of a trait that are told apart.
BINS: Final = 63
#: Parts that the customers are cut into to choose the number of trees.
FOLDS: Final = 3
#: Share of what trees can gain on unseen customers that is enough; the chance of another day is told best
#: by fewer of them (benchmarks/holdout.py, Ta-Feng).
ENOUGH: Final[dict[Loss, float]] = {"poisson": 0.95, "tweedie": 0.95, "binary": 0.9}
#: Standard errors by which the gain on unseen customers must be above nothing.
SURE: Final = 1.5
#: Trees without a gain after which no more are grown.
PATIENCE: Final = 15
#: Variance grows with the mean to this power: between counts (1) and amounts (2).
TWEEDIE_POWER: Final = 1.5
#: Logarithms beyond this are cut: nobody is expected to buy so often.
_FAR: Final = 30.0

Loss = Literal["poisson", "tweedie", "binary"]


def fewest_in_leaf(rows: int) -> int:
    """Return how many of so many customers a leaf holds at least."""
    return max(FEWEST_IN_LEAF, int(rows * LEAF_SHARE))


class Examples(NamedTuple):
    """What trees are grown on; see `grow`."""

    traits: Floats
    outcome: Floats
    offset: Floats
    loss: Loss

    def lost(self, added: Floats | float) -> Floats:
        """Return each one's loss, but for what no forecast moves, of the offset and what trees add."""
        z, y = self.offset + added, self.outcome
        if self.loss == "binary":
            return np.asarray(np.logaddexp(0, z) - y * z)
        z = np.clip(z, -_FAR, _FAR)
        if self.loss == "poisson":
            return np.asarray(np.exp(z) - y * z)
        low, high = 1 - TWEEDIE_POWER, 2 - TWEEDIE_POWER
        return np.asarray(np.exp(high * z) / high - y * np.exp(low * z) / low)
