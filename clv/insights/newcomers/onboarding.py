"""When a customer's first year is decided: how much has come, and how much can be told, by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.metrics import capture
from clv.insights.newcomers.curves import Interval

if TYPE_CHECKING:
    from clv.insights.newcomers.lives import Lives

_TENTH: Final = 0.10


@dataclass(frozen=True)
class Mark:
    """What is so by the end of some month of customers' lives.

    Attributes
    ----------
    month
        From 1.
    value
        Share of the revenue of all months that has come in; None where nothing ever does.
    returned
        Share of those who come back within all months who have done so by then; None where nobody
        does.
    recognised
        Share of what the best tenth of customers bring that the best tenth by revenue so far bring:
        1 where the best can be told already. None where nothing is brought.
    """

    month: int
    value: Interval | None
    returned: float | None
    recognised: float | None


def marks(lives: Lives, months: tuple[int, ...] = (1, 2, 3, 6)) -> list[Mark]:
    """Return what is so by the end of each of these months, as far as they are before the last.

    The share of the value is a ratio of sums, R; its standard error is that of the mean of
    ``so far - R * whole`` over the mean of the whole.
    """
    whole, total = lives.value, float(lives.value.sum())
    back = lives.second_month[lives.second_month >= 0]
    best = capture(whole, whole, _TENTH) if total > 0 else None
    found = []
    for month in months:
        if month >= lives.months:
            continue
        so_far = lives.monthly[:, :month].sum(axis=1)
        value = None
        if total > 0:
            share = float(so_far.sum()) / total
            apart = so_far - share * whole
            value = Interval(share, float(apart.std(ddof=1) / np.sqrt(whole.size) / whole.mean()))
        seen = capture(whole, so_far, _TENTH) if best else None
        found.append(
            Mark(
                month,
                value,
                float((back < month).mean()) if back.size else None,
                None if not best or seen is None else seen / best,
            )
        )
    return found
