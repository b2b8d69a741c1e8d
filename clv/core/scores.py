"""Scores of chances under any weighting of the customers: sorted once, then cheap to draw again.

Every score of a forecast depends on the customers only through how many of those with each chance
bought and how many did not. So they are counted by distinct chance, and a bootstrap weighting costs
one count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from clv.core.schema import Edges, Scored, ScoreName
    from clv.core.types import Floats


#: What `Scores` returns, in this order.
NAMES: Final[tuple[ScoreName, ...]] = (
    "brier",
    "reliability",
    "resolution",
    "uncertainty",
    "within",
    "log_loss",
    "auc",
)
#: Of these more is better; of `uncertainty` there is no better, of the others less is.
MORE_IS_BETTER: Final[tuple[ScoreName, ...]] = ("resolution", "auc")
#: In the log-loss no chance is nearer to 0 or 1: one buyer who was said never to buy would make it
#: infinite.
CLIP: Final = 0.001


class Scores:
    """Scores of one forecast of who buys.

    Parameters
    ----------
    bought
        Shape (n,): True where the customer bought.
    chance
        Shape (n,): as forecast, 0 to 1.
    bins
        Quantile bins of the forecast in which reliability and resolution are taken; customers with
        the same chance share one (`clv.core.metrics.quantile_bins`).

    Notes
    -----
    ``brier`` is the mean squared error of the chance. It is the sum of its parts (Murphy 1973;
    Stephenson, Coelho & Jolliffe 2008)::

        brier = reliability − resolution + uncertainty + within

    ``reliability``: mean squared distance of a bin's mean chance from its share of buyers;
    ``resolution``: that of the bins' shares from the share of all; ``uncertainty``: variance of
    buying, whoever forecasts; ``within``: variance of the chances within their bins less twice
    their covariance with buying there, which is nothing where all chances of a bin are equal.
    ``log_loss``: mean of −log(chance given to what happened), chances kept from `CLIP` to
    1 − `CLIP`. ``auc``: how often a buyer had the higher chance than a non-buyer, ties half.
    """

    def __init__(self, bought: ArrayLike, chance: ArrayLike, bins: int = metrics.BINS) -> None:
        y, p = np.asarray(bought, dtype=bool).ravel(), np.asarray(chance, dtype=float).ravel()
        self._level, first, level = np.unique(p, return_index=True, return_inverse=True)
        #: Each customer's cell in a table of distinct chance × (stayed away, bought).
        self._cell = level * 2 + y
        self._bin = metrics.quantile_bins(p, bins)[first]
        # Distinct chances rise, and so do their bins: each bin is one slice.
        self._starts = np.flatnonzero(np.diff(self._bin, prepend=-1))
        clipped = np.clip(self._level, CLIP, 1 - CLIP)
        self._wrong = self._level**2, (1 - self._level) ** 2
        self._surprise = -np.log(1 - clipped), -np.log(clipped)
        self.customers = y.size
        #: Customers whose chance the log-loss moves.
        self.clipped = int(((p < CLIP) | (p > 1 - CLIP)).sum())

    def __call__(self, weights: Floats | None = None) -> Floats:
        """Return the scores `NAMES`; ``auc`` is NaN where all customers drawn did the same.

        Parameters
        ----------
        weights
            Shape (n,): how often each customer counts; once by default.
        """
        counts = np.bincount(self._cell, weights, minlength=2 * self._level.size).astype(float)
        stayed, bought = counts[::2], counts[1::2]
        p, size = self._level, stayed + bought
        total, buyers = size.sum(), bought.sum()
        rate = buyers / total
        in_bin, bin_bought, bin_said = (
            np.add.reduceat(each, self._starts) for each in (size, bought, size * p)
        )
        filled = np.maximum(in_bin, 1e-300)  # A bin of which nobody was drawn weighs nothing.
        said, seen = bin_said / filled, bin_bought / filled
        off = p - said[self._bin]
        spread = size * off - 2 * (bought - size * seen[self._bin])
        pairs = buyers * (total - buyers)
        below = np.cumsum(stayed) - stayed / 2
        result = np.array(
            [
                _dot(stayed, self._wrong[0]) + _dot(bought, self._wrong[1]),
                _dot(in_bin, (said - seen) ** 2),
                _dot(in_bin, (seen - rate) ** 2),
                total * rate * (1 - rate),
                _dot(spread, off),
                _dot(stayed, self._surprise[0]) + _dot(bought, self._surprise[1]),
                total * (_dot(bought, below) / pairs if pairs > 0 else np.nan),
            ]
        )
        result /= total
        return result


def _dot(first: Floats, second: Floats) -> float:
    """Return a scalar product; by the library's, threads would wait for each other at this size."""
    return float((first * second).sum())


def named(values: Sequence[float] | Floats) -> Scored:
    """Return scores under their names; ``auc`` None where it is not defined."""
    brier, reliability, resolution, uncertainty, within, log_loss, auc = map(float, values)
    return {
        "brier": brier,
        "reliability": reliability,
        "resolution": resolution,
        "uncertainty": uncertainty,
        "within": within,
        "log_loss": log_loss,
        "auc": auc if np.isfinite(auc) else None,
    }


def apart(
    first: Scores, second: Scores, draws: int = 500, level: float = 0.95
) -> dict[ScoreName, Edges | None]:
    """Compare the scores of two forecasts of the same customers.

    Parameters
    ----------
    first, second
        Of the same customers in the same order.
    draws
        Weightings of the customers, the same ones for both (`clv.core.metrics.bootstrap`).
    level
        Of the interval.

    Returns
    -------
    dict
        Score → [first − second, low, high]; None where it is not defined. The interval is the
        spread of the draws set around the measured difference: drawing customers adds noise to the
        bins' shares, which would shift reliability and resolution of both.
    """
    found = first() - second()
    drawn = metrics.bootstrap(lambda w: first(w) - second(w), first.customers, draws)
    # Where next to nobody bought, a few draws have no buyer: they say nothing of the ranking.
    usable = np.isfinite(drawn).sum(axis=0) >= 0.9 * draws
    result: dict[ScoreName, Edges | None] = {}
    for i, name in enumerate(NAMES):
        if not (np.isfinite(found[i]) and usable[i]):
            result[name] = None
            continue
        values = drawn[np.isfinite(drawn[:, i]), i]
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]) - values.mean()
        result[name] = [float(found[i]), float(found[i] + low), float(found[i] + high)]
    return result
