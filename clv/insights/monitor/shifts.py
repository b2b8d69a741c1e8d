"""How far two samples are apart: the population stability index and Kolmogorov and Smirnov's distance.

Both are sizes, not tests: a million orders make any difference certain, and most differences don't
matter. So a shift counts where it is large *and* more than chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats


#: Quantile bins of the earlier sample.
BINS: Final = 10
#: Index from which a shift is worth a look, and from which it is large (Siddiqi 2006).
LOOK: Final = 0.10
LARGE: Final = 0.25
#: Kolmogorov and Smirnov's distance from which a shift is worth a look.
APART: Final = 0.10
#: Chance of such a shift between two samples of one population from which on it is taken for one, and
#: for a large one.
CHANCE: Final = (0.01, 0.001)


class Shift(NamedTuple):
    """How far a later sample is from an earlier one.

    Attributes
    ----------
    psi
        Population stability index, 0 for none.
    psi_chance
        Probability of an index as large if nothing had changed.
    distance
        Largest distance of the two distribution functions, 0 to 1; None for categories.
    distance_chance
        The same for the distance.
    """

    psi: float
    psi_chance: float
    distance: float | None = None
    distance_chance: float | None = None

    @property
    def looks(self) -> bool:
        """Whether it is worth a look: of some size, and more than chance."""
        if self.psi >= LOOK and self.psi_chance < CHANCE[0]:
            return True
        if self.distance is None or self.distance_chance is None:
            return False
        return self.distance >= APART and self.distance_chance < CHANCE[0]

    @property
    def large(self) -> bool:
        """Whether it is so large that two populations must be reckoned with."""
        return self.psi >= LARGE and self.psi_chance < CHANCE[1]


def of_counts(before: ArrayLike, now: ArrayLike) -> Shift:
    """Compare two samples by category.

    The index is the sum over categories of (q - p) log(q / p), with half a case added to every
    category that was seen at all, so that one that is empty in one of them stays finite. If nothing changed, n m / (n + m) times the index is
    chi-squared with one degree of freedom less than there are categories (Yurdakul 2018).

    Parameters
    ----------
    before, now
        Shape (categories,): how often each was seen.
    """
    from scipy.stats import chi2  # noqa: PLC0415 - slow to import

    first, second = (np.asarray(v, dtype=float).ravel() for v in (before, now))
    seen = first + second > 0
    first, second = first[seen], second[seen]
    n, m = first.sum(), second.sum()
    if first.size < 2 or not (n and m):
        return Shift(0.0, 1.0)
    p, q = ((v + 0.5) / (v.sum() + 0.5 * v.size) for v in (first, second))
    index = float(((q - p) * np.log(q / p)).sum())
    return Shift(index, float(chi2.sf(index * n * m / (n + m), first.size - 1)))


def of_numbers(before: ArrayLike, now: ArrayLike) -> Shift:
    """Compare two samples of numbers, by tenths of the earlier one and by their distributions.

    Parameters
    ----------
    before, now
        Shape (n,) and (m,), finite. Values that are frequent share a bin.
    """
    from scipy.stats import ks_2samp  # noqa: PLC0415

    first, second = (np.asarray(v, dtype=float).ravel() for v in (before, now))
    if not (first.size and second.size):
        return Shift(0.0, 1.0, 0.0, 1.0)
    edges = np.unique(np.quantile(first, np.arange(1, BINS) / BINS, method="lower"))
    binned = of_counts(_counted(first, edges), _counted(second, edges))
    found = ks_2samp(first, second, method="asymp")
    return Shift(
        binned.psi, binned.psi_chance, float(found.statistic), min(float(found.pvalue), 1.0)
    )


def _counted(values: Floats, edges: Floats) -> NDArray[np.intp]:
    """Count values up to each edge and above the last one."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=edges.size + 1)
