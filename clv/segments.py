"""Segments: plain rules that give every customer one named group.

The rules use nothing but the history and the model's probabilities, so that a marketer can check
them by hand; the few numbers in them are constants here or are read off the run's own data
(`Cuts`) and recorded with it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

#: Of a customer who stayed active after the last order: chance of having been silent this long.
OVERDUE: Final = 0.10
LATE: Final = 0.25
#: Chance of still being active.
ACTIVE: Final = 0.50
GONE: Final = 0.20
#: Chance of another order within the horizon from which a one-time buyer counts as promising.
PROMISING: Final = 0.50
#: Shares of customers, best first, that make the value tiers.
HIGH_SHARE: Final = 0.20
MIDDLE_SHARE: Final = 0.50
#: Days in which a one-time buyer is new where nobody has come back yet.
NEW_DAYS: Final = 30

#: Name → the rule in words; ``{new_days}`` and the like stand for the run's own numbers. In the
#: order in which the page lists them.
GROUPS: Final = {
    "champions": "Repeat buyers on schedule, among the best 20\u00a0% by predicted value.",
    "loyal": "Three or more orders and on schedule.",
    "promising": (
        "Two orders and on schedule; or one order, and more likely than not to order again."
    ),
    "new": "One order, placed within the last {new_days}.",
    "needs attention": (
        "Repeat buyers silent for longer than 3 out of 4 of their usual gaps, or with less than an "
        "even chance of still being active."
    ),
    "at risk": (
        "Repeat buyers who are overdue: silent for longer than 9 out of 10 of their usual gaps."
    ),
    "one-time": "One order, some time ago, and no second one likely.",
    "inactive": (
        "Repeat buyers who have probably left: the chance of still being active is below 20\u00a0%."
    ),
}


@dataclass(frozen=True)
class Cuts:
    """The numbers in the rules that come from the run's own data.

    Attributes
    ----------
    new_days
        Usual time between two orders: the median over repeat buyers of their mean gap, in days.
    high_value, middle_value
        Predicted value (CLV, or purchases where there is no value) from which a customer belongs to
        the best fifth, the best half.
    """

    new_days: int
    high_value: float
    middle_value: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def group_sql(cuts: Cuts, value: str) -> str:
    """Return SQL for a customer's named group.

    Parameters
    ----------
    cuts
        Of this run.
    value
        The column whose best fifth are the champions. Beside it the SQL needs ``frequency, T,
        p_alive, p_purchase, p_silent``; null where there is no forecast.
    """
    return f"""CASE
        WHEN p_alive IS NULL THEN NULL
        WHEN frequency = 0 AND T <= {cuts.new_days} THEN 'new'
        WHEN frequency = 0 AND p_purchase >= {PROMISING} THEN 'promising'
        WHEN frequency = 0 THEN 'one-time'
        WHEN p_alive < {GONE} THEN 'inactive'
        WHEN p_silent < {OVERDUE} THEN 'at risk'
        WHEN p_alive < {ACTIVE} OR p_silent < {LATE} THEN 'needs attention'
        WHEN {value} >= {cuts.high_value!r} THEN 'champions'
        WHEN frequency >= 2 THEN 'loyal'
        ELSE 'promising' END"""
