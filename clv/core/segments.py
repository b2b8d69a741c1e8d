"""Plain rules that give every customer one named group, one value tier, one likelihood of buying.

The rules use nothing but the history and the model's probabilities, so that a marketer can check
them by hand; the few numbers in them are constants here or are read off the run's own data
(`Cuts`) and recorded with it.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

from clv.core.errors import SettingsError

if TYPE_CHECKING:
    from clv.core.schema import CutsRecord

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

#: Name → the rule in words; ``{new_days}`` and ``{horizon}`` stand for the run's own numbers. In
#: the order in which the page lists them.
GROUPS: Final = {
    "champions": "Repeat buyers on schedule, among the best 20\u00a0% by predicted value.",
    "loyal": "Repeat buyers on schedule who have ordered on three days or more.",
    "promising": (
        "Ordered on two days and on schedule; or on one day only, but more likely than not to order "
        "again within {horizon}."
    ),
    "new": "First and only order within the last {new_days}.",
    "needs attention": (
        "Repeat buyers not yet overdue, but silent for longer than 3 out of 4 of their usual gaps or "
        "with less than an even chance of still being active."
    ),
    "at risk": (
        "Repeat buyers who are overdue, silent for longer than 9 out of 10 of their usual gaps, but "
        "still active with a chance of 20\u00a0% or more."
    ),
    "one-time": (
        "Ordered on one day only, more than {new_days} ago, and less likely than not to order again "
        "within {horizon}."
    ),
    "inactive": (
        "Repeat buyers who have probably left: the chance of still being active is below 20\u00a0%."
    ),
}

#: What to do with each group, one plain sentence each.
ACTIONS: Final = {
    "champions": "Thank them and keep them: early access and good service, no discounts.",
    "loyal": "Show them what goes with what they buy, so that orders grow larger.",
    "promising": "Give them a reason for the next order soon: a second one makes a habit likelier.",
    "new": "Welcome them and see that the first order went well before selling again.",
    "needs attention": "Remind them now, while a reminder is enough; no discount yet.",
    "at risk": "Win them back one by one, those with the most money at risk first.",
    "one-time": "Include them in cheap, broad mailings only, and see who answers.",
    "inactive": "Spend no more than one last offer on them, then leave them out.",
}

#: The groups that something can still be done about.
TO_SAVE: Final = ("at risk", "needs attention")

TIERS: Final = ("high", "middle", "low")
LIKELIHOODS: Final = ("highly likely", "somewhat likely", "unlikely", "highly unlikely")


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

    def as_dict(self) -> CutsRecord:
        """Return plain JSON types."""
        return {
            "new_days": self.new_days,
            "high_value": self.high_value,
            "middle_value": self.middle_value,
        }


@dataclass(frozen=True)
class Thresholds:
    """Chances of an order within the horizon that part the four likelihoods.

    Attributes
    ----------
    highly, somewhat, unlikely
        Lowest chance, 0 to 1, that counts as highly likely, somewhat likely, unlikely; below the
        last one an order is highly unlikely.

    Raises
    ------
    SettingsError
        Unless ``1 >= highly > somewhat > unlikely > 0``.
    """

    highly: float = 0.75
    somewhat: float = 0.50
    unlikely: float = 0.25

    def __post_init__(self) -> None:
        if not 1 >= self.highly > self.somewhat > self.unlikely > 0:
            found = ", ".join(f"{chance * 100:g}\u00a0%" for chance in astuple(self))
            msg = f"The limits of the likelihoods are {found}: they must fall from left to right."
            raise SettingsError(msg, "For instance 75, 50 and 25.")

    def span(self, likelihood: str) -> tuple[float, float]:
        """Return the chances from (included) and to (excluded but for 1) which a likelihood goes."""
        edges = (1.0, *astuple(self), 0.0)
        place = LIKELIHOODS.index(likelihood)
        return edges[place + 1], edges[place]


def rule(group: str, cuts: CutsRecord, horizon: str) -> str:
    """Return a group's rule with the run's own numbers; ``horizon`` is ``12 months``."""
    days = cuts["new_days"]
    return GROUPS[group].format(new_days="day" if days == 1 else f"{days} days", horizon=horizon)


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


def tier_sql(cuts: CutsRecord, value: str) -> str:
    """Return SQL for a customer's value tier, one of `TIERS`; ``cuts`` as a run records them."""
    return (
        f"CASE WHEN {value} >= {float(cuts['high_value'])!r} THEN 'high' "
        f"WHEN {value} >= {float(cuts['middle_value'])!r} THEN 'middle' ELSE 'low' END"
    )


def likelihood_sql(thresholds: Thresholds) -> str:
    """Return SQL for a customer's likelihood of buying, one of `LIKELIHOODS`."""
    limits = zip(LIKELIHOODS, astuple(thresholds), strict=False)
    cases = " ".join(f"WHEN p_purchase >= {chance!r} THEN '{name}'" for name, chance in limits)
    return f"CASE {cases} ELSE '{LIKELIHOODS[-1]}' END"


def if_active_sql(margin: float | None) -> str:
    """Return SQL for what a customer would bring within the horizon, were they known to be active.

    ``discounted_if_active * predicted_order_value * margin``: their CLV if active. Without a margin
    it counts orders, for runs without amounts.
    """
    worth = "" if margin is None else f" * predicted_order_value * {float(margin)!r}"
    return f"discounted_if_active{worth}"


def at_risk_sql(margin: float | None) -> str:
    """Return SQL for money at risk: ``(1 - p_alive)`` times the CLV if active.

    What a customer would bring, were they known to be active, less what is expected now.
    """
    return f"(1 - p_alive) * {if_active_sql(margin)}"
