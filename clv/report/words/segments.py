"""What the page of segments and actions says, computed from its tables. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from clv.core.formatting import count, expected, money, percent, plural
from clv.core.metrics import FEW
from clv.core.segments import LIKELIHOODS, TO_SAVE, Thresholds
from clv.report.words.run import next_months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import RunSettings
    from clv.insights.newcomers.curves import Interval, Newcomers
    from clv.insights.segments.tables import LikelyByTier, OverdueTotals, SegmentGroup

#: From this share of customers on, a tier named after fewer is said to be larger than meant.
_LARGE_TIER = 0.3
#: Below this share of what all would bring if active, what is at risk is next to nothing.
_HARDLY = 0.01


class GroupShares(TypedDict):
    """One group's shares of all customers, of what is forecast, and of what is at risk."""

    segment: str
    customers: float
    forecast: float
    risk: float


def amount(value: float | None, currency: str, *, has_money: bool) -> str:
    """Write a sum of the run's measure: money, or orders where the file has no amounts."""
    return money(value, currency) if has_money else _orders(value)


def _orders(value: float | None) -> str:
    text = expected(value)
    return f"{text} order" if text == "1" else f"{text} orders"


def sentence(
    groups: Sequence[SegmentGroup],
    overdue: OverdueTotals,
    settings: RunSettings,
    *,
    has_money: bool,
) -> str:
    """Answer: how many customers need something done, and what depends on it.

    Parameters
    ----------
    groups
        Rows of `clv.insights.segments.tables.groups`.
    overdue
        From `clv.insights.segments.tables.overdue_totals`.
    """
    currency = settings["currency"]
    customers = sum(g["customers"] for g in groups)
    rows = [g for g in groups if g["segment"] in TO_SAVE]
    number = sum(g["customers"] for g in rows)
    if customers == 1:
        return f"The only customer is in the group “{groups[0]['segment']}”."
    if not number:
        biggest = max(groups, key=lambda g: g["customers"])
        return (
            f"No customer is at risk or needs attention; the largest group, “{biggest['segment']}”, "
            f"has {count(biggest['customers'])} of the {count(customers)} customers."
        )
    worth = amount(sum(g["if_active"] for g in rows), currency, has_money=has_money)
    verb = "is at risk or needs" if number == 1 else "are at risk or need"
    who, is_ = ("it", "is") if number == 1 else ("they", "are")
    kept = f"{who} {is_} worth {worth} over" if has_money else f"{who} should place {worth} in"
    text = (
        f"{plural(number, 'customer')} ({percent(number / customers)}) {verb} attention: kept "
        f"active, {kept} {next_months(settings)}"
    )
    top = overdue["first"]
    if top:
        who = "overdue customer" if top == 1 else f"{count(top)} overdue customers"
        account = "accounts" if top == 1 else "account"
        most = amount(overdue["first_worth"], currency, has_money=has_money)
        text += f"; the {who} with the most at risk {account} for {most}{' of that' if has_money else ''}"
    return f"{text}."


def groups_title(rows: Sequence[GroupShares], forecast: str) -> str:
    """Say which group stands for most of the forecast; ``rows`` hold shares."""
    top = max(rows, key=lambda row: row["forecast"])
    name = top["segment"].capitalize()
    return (
        f"“{name}” holds {percent(top['customers'])} of the customers and "
        f"{percent(top['forecast'])} of the {forecast}"
    )


def few_leave(groups: Sequence[SegmentGroup]) -> str:
    """Say so where the model finds that hardly anybody leaves: then little is formally at risk."""
    risk, worth = sum(g["at_risk"] for g in groups), sum(g["if_active"] for g in groups)
    if risk < _HARDLY * worth:
        return (
            "In this history the model finds hardly anybody leaving, so little is formally at risk; "
            "go by what the customers are worth and by how long they have been silent."
        )
    return ""


def overdue_title(totals: OverdueTotals, currency: str, *, has_money: bool) -> str:
    """Say how many are overdue and what is at risk."""
    number = totals["customers"]
    if not number:
        return "Nobody is overdue"
    risk = amount(totals["at_risk"], currency, has_money=has_money)
    verb = "customer is" if number == 1 else "customers are"
    return f"{count(number)} {verb} overdue, with {risk} at risk"


def likelihood_title(rows: Sequence[LikelyByTier], settings: RunSettings, limit: float) -> str:
    """Say how many are highly likely to order."""
    customers = sum(r["customers"] for r in rows)
    number = sum(r["customers"] for r in rows if r["likelihood"] == LIKELIHOODS[0])
    verb = "orders" if number == 1 else "order"
    return (
        f"{count(number)} of {plural(customers, 'customer')} {verb} again in {next_months(settings)} with a "
        f"chance of {percent(limit)} or more"
    )


def chances(likelihood: str, thresholds: Thresholds) -> str:
    """Write from which to which chance a likelihood goes."""
    low, high = thresholds.span(likelihood)
    if high >= 1:
        return f"{percent(low)} or more"
    if low <= 0:
        return f"under {percent(high)}"
    return f"{percent(low)} to under {percent(high)}"


def cell(row: LikelyByTier, customers: int, currency: str) -> str:
    """Write a cell of likelihood by tier: how many, their share, the mean CLV where there is one."""
    number = row["customers"]
    lines = [count(number), percent(number / customers)] if number else [count(0)]
    if number and row["predicted_clv"] is not None:
        lines.append(f"{money(row['predicted_clv'] / number, currency)} each")
    return "<br>".join(lines)


def tiers_note(rows: Sequence[LikelyByTier]) -> str:
    """Warn where many customers are forecast alike, so that the tiers aren't 20, 30 and 50 %."""
    customers = sum(r["customers"] for r in rows)
    high = sum(r["customers"] for r in rows if r["tier"] == "high")
    if customers and high / customers > _LARGE_TIER and high > 1:
        return (
            f"Many customers have the same predicted value, so the high tier holds "
            f"{percent(high / customers)} of them instead of the best 20\u00a0%."
        )
    return ""


def value_name(group: Newcomers, *, label: bool = True) -> str:
    """Name the customers of a row: the label's value, or what stands for it."""
    if not label:
        return "All customers"
    if group.combined > 1:
        return f"{count(group.combined)} others together"
    return "not stated" if group.value is None else group.value


def too_few(number: int) -> str:
    """Say that there are too few customers for a figure."""
    return f"too few customers ({count(number)})"


def ceiling(found: Interval | None, group: Newcomers, months: int, currency: str) -> str:
    """Write the most one customer may cost, or why it can't be said."""
    if found is None:
        return too_few(group.watched_through(months))
    return money(found.mean, currency)


def between(found: Interval | None, currency: str) -> str:
    """Write an interval: ``€31 to €38``."""
    if found is None:
        return ""
    return f"{money(found.low, currency)} to {money(found.high, currency)}"


def payback(group: Newcomers, margin: float, cost: float) -> str:
    """Write in which month of a customer's life the cost is earned back."""
    if not group.longest:
        return too_few(group.watched_through(1))
    month = group.payback(margin, cost)
    if month is None:
        return f"not within {plural(group.longest, 'month')}"
    return f"month {month}"


def newcomers_title(
    everyone: Newcomers, margin: float, months: int, currency: str, *, has_money: bool
) -> str:
    """Say what a new customer brings."""
    found = everyone.after(months)
    if found is None:
        return (
            f"Too few customers ({count(everyone.watched_through(1))}) to say what a new one brings"
        )
    if not has_money:
        return f"A new customer places {_orders(found.mean)} in {first(months)}"
    earned = money(margin * found.mean, currency)
    if margin == 1:
        return f"A new customer brings {earned} in {first(months)}: pay no more to win one"
    return (
        f"A new customer brings {money(found.mean, currency)} in {first(months)}, {earned} at a "
        f"margin of {percent(margin)}: pay no more to win one"
    )


def first(months: int) -> str:
    """Return ``the first 12 months``."""
    return "the first month" if months == 1 else f"the first {months} months"


def short_history(longest: int, wanted: int) -> str:
    """Say how far the history reaches, where it is shorter than wanted."""
    if longest >= wanted:
        return ""
    return (
        f"The history is too short for {plural(wanted, 'month')}: at least {FEW} customers have been "
        f"watched for {plural(longest, 'month')}, so that is the longest payback."
    )
