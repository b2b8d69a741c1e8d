"""What a correction sees of a customer: nothing that has a unit, so that it can be used elsewhere.

Times are measured in horizons, values in the shop's mean purchase. So what was learned on an earlier
day with a shorter horizon holds for a longer one today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.models.histories import Histories

#: Trait → whether the chance of a purchase must rise with it (1), must fall (-1), or may do as it does.
#: What changes while a customer is silent is among the former: silence never raises a chance.
TRAITS: Final = {
    "expected": 1,
    "p_alive": 1,
    "p_purchase": 1,
    "order_value": 0,
    "frequency": 0,
    "recency": 0,
    "silence": -1,
    "silence_in_gaps": -1,
    "late_purchases": 0,
    "latest_purchases": 0,
    "late_value": 0,
    "mean_value": 0,
}
#: Expectations below this are not told apart.
NEXT_TO_NOTHING: Final = 1e-9


class Rhythm(NamedTuple):
    """How fast customers bought when they were last seen (`clv.features.rhythm.rhythm`), shape (n,).

    Attributes
    ----------
    late_purchases, latest_purchases
        Purchase days in a window that ends with the last one, and in its last quarter.
    late_value
        Revenue of the window, currency units.
    """

    late_purchases: Floats
    latest_purchases: Floats
    late_value: Floats


class Expectations(NamedTuple):
    """What is said of customers within the horizon, plain or corrected; shape (n,) each.

    Attributes
    ----------
    purchases, p_purchase, p_alive
        As in `clv.models.base.PurchaseScores`.
    order_value
        Expected value of a purchase, currency units; None without amounts.
    """

    purchases: Floats
    p_purchase: Floats
    p_alive: Floats
    order_value: Floats | None

    @property
    def value(self) -> Floats | None:
        """Expected revenue, shape (n,)."""
        return None if self.order_value is None else self.purchases * self.order_value


def traits(
    histories: Histories,
    mean_value: Floats | None,
    rhythm: Rhythm,
    plain: Expectations,
    days: float,
    shop_value: float,
) -> Floats:
    """Return the traits of customers, shape (n, ``len(TRAITS)``), in the order of `TRAITS`.

    Parameters
    ----------
    histories
        Row for row, days.
    mean_value
        Mean revenue of each one's purchase days; None without amounts.
    days
        Length of the horizon; the rhythm's window is as long.
    shop_value
        Mean revenue of all purchase days of the shop; 0 without amounts.
    """
    x, silence = histories.frequency, histories.silence
    gap = histories.recency / np.maximum(x, 1)
    unit = shop_value if shop_value > 0 else 1.0
    nothing = np.zeros(x.size)
    worth = nothing if plain.order_value is None else plain.order_value / unit
    found = {
        "expected": np.log(np.maximum(plain.purchases, NEXT_TO_NOTHING)),
        "p_alive": plain.p_alive,
        "p_purchase": plain.p_purchase,
        "order_value": np.log(np.maximum(worth, NEXT_TO_NOTHING)),
        "frequency": x,
        "recency": histories.recency / days,
        "silence": silence / days,
        # Without a second purchase there is no gap to compare with.
        "silence_in_gaps": np.where(x > 0, silence / np.maximum(gap, 1.0), -1.0),
        "late_purchases": rhythm.late_purchases,
        "latest_purchases": rhythm.latest_purchases,
        "late_value": rhythm.late_value / unit,
        "mean_value": nothing if mean_value is None else mean_value / unit,
    }
    return np.column_stack([found[name] for name in TRAITS])


def factor(corrected: Floats, plain: Floats) -> Floats:
    """Return what the plain expectations of customers were multiplied with, shape (n,); 1 of nothing."""
    result: Floats = np.where(plain > 0, corrected / np.where(plain > 0, plain, 1.0), 1.0)
    return result
