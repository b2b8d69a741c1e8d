"""What may be paid for customers as good as a forecast says: by tenth of the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.core.metrics import FEW, quantile_bins
from clv.insights.newcomers.curves import summed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.insights.newcomers.curves import Newcomers

#: Groups are as many of these as have `FEW` customers each.
_PARTS: Final = (10, 5, 4, 3, 2, 1)


class Tenth(NamedTuple):
    """One group of customers by forecast: 1 is the best; what was said, and what came by month."""

    rank: int
    predicted: float
    came: Newcomers


def tenths(predicted: ArrayLike, monthly: ArrayLike) -> list[Tenth]:
    """Return tested customers by tenth of their forecast, best first; by larger parts of few customers.

    Parameters
    ----------
    predicted
        Shape (n,): forecast of the whole value.
    monthly
        Shape (n, H): what each month brought in fact.

    Notes
    -----
    Equal forecasts share a group. `clv.insights.newcomers.curves.Newcomers.ceiling` and ``payback`` of what *came* say what may be paid for such a
    customer: they rest on what forecasts of this kind were followed by, not on what they promise.
    """
    said, came = np.asarray(predicted, dtype=float), np.asarray(monthly, dtype=float)
    parts = next((p for p in _PARTS if said.size >= p * FEW), 1)
    place = quantile_bins(said, parts)
    highest = int(place.max())
    return [
        Tenth(
            rank,
            float(said[place == b].mean()),
            summed(came[place == b], value=str(rank)),
        )
        for rank, b in enumerate(range(highest, -1, -1), start=1)
    ]
