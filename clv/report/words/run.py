"""The sentences that answer a page's question, computed from a run. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from typing_extensions import TypedDict

from clv.core.formatting import (
    count,
    day,
    expected,
    money,
    money_range,
    month,
    percent,
    plural,
    share_in_words,
)

if TYPE_CHECKING:
    from clv.core.schema import AnySettings, Report, RunSettings, Summary
    from clv.runs import Kind

    Ahead = Literal["predicted_purchases", "predicted_revenue"]


MODEL_TITLES: Final = {
    "auto": "Automatic: whichever forecast this file's own past best",
    "mbg-nbd": "MBG/NBD: customers may leave at any time, also right after the first order",
    "bg-nbd": "BG/NBD: customers may leave only after a repeat order",
    "pareto-nbd": "Pareto/NBD: customers may leave on any day",
    "mbg-cnbd": "MBG/CNBD-k: as MBG/NBD, with orders at regular intervals",
    "bg-cnbd": "BG/CNBD-k: as BG/NBD, with orders at regular intervals",
}

#: What an expected order is: stands wherever one is shown.
ORDER_DAYS: Final = "Days with an order; several orders on one day count once"


class Shown(TypedDict):
    """Customers of a list together; None where nothing of it is forecast."""

    n: int
    purchases: float | None
    revenue: float | None


def horizon(settings: AnySettings) -> str:
    """Return ``12 months``."""
    return plural(settings["horizon_months"], "month")


def span(settings: AnySettings) -> str:
    """Return ``next 12 months``, for labels."""
    months = settings["horizon_months"]
    return "next month" if months == 1 else f"next {months} months"


def next_months(settings: AnySettings) -> str:
    """Return ``the next 12 months``, or ``the next month``."""
    months = settings["horizon_months"]
    return "the next month" if months == 1 else f"the next {months} months"


def horizon_end(settings: RunSettings) -> str:
    """Return the last day of the horizon, written out."""
    months = settings["months"]
    return day(months[-1]["end"]) if months else ""


def headline(summary: Summary, settings: RunSettings) -> str:
    """Say what all customers should be worth, with the range, and each of them; empty without value."""
    total, customers = summary.get("predicted_clv"), summary["customers"]
    if total is None or not customers:
        return ""
    currency, ranges = settings["currency"], summary.get("ranges")
    who = f"Your {plural(customers, 'customer')}"
    said = f"{who} should be worth {money(total, currency)} in {next_months(settings)}"
    if ranges is not None:
        wide = money_range(ranges["total"]["low"], ranges["total"]["high"], currency)
        said += f" ({percent(ranges['level'])} range: {wide})"
    return f"{said}, {money(total / customers, currency)} each." if customers > 1 else f"{said}."


def summary_sentence(summary: Summary, settings: RunSettings) -> str:
    """Say how many came back and what the best fifth will bring."""
    customers = summary["customers"]
    if customers == 0:
        return "No order was left to count."
    back = 1 - summary.get("one_time_share", 0)
    if customers == 1:
        first = "There is one customer in this file."
    elif back <= 0:
        first = f"None of the {count(customers)} customers has ordered a second time so far"
    elif back >= 1:
        first = f"All {count(customers)} customers have come back so far"
    else:
        share = share_in_words(back)
        verb = "has" if share.startswith("1 in") else "of customers have"
        noun = f"{share} customers {verb}" if share.startswith("1 in") else f"{share} {verb}"
        first = f"{noun} come back so far"
    if customers == 1:
        return first
    top = summary.get("top20_share")
    if top is not None and back > 0 and customers >= 20:
        if top < 0.22:
            return f"{first}; all are expected to bring about the same in {next_months(settings)}."
        return (
            f"{first}; the best 20\u00a0% of customers should bring {percent(top)} of the value of "
            f"{next_months(settings)}."
        )
    purchases = summary.get("predicted_purchases")
    if purchases is not None:
        return f"{first}; {expected(purchases)} orders are expected in {next_months(settings)}."
    return f"{first}."


def history_title(
    summary: Summary, settings: RunSettings, measure: Literal["revenue", "orders"]
) -> str:
    """Say what the month-by-month chart shows for ``"revenue"`` or ``"orders"``."""
    currency = settings["currency"]
    key: Ahead = "predicted_revenue" if measure == "revenue" else "predicted_purchases"
    figure = summary.get(key)
    rows = summary.get("history_monthly", [])
    if figure is not None:
        amount = f"{expected(figure)} orders"
        if measure == "revenue":
            amount = f"{money(figure, currency)} of revenue"
        return f"Today's customers should bring {amount} in {next_months(settings)}"
    known = [(float(value), r) for r in rows if (value := r[measure]) is not None]
    if not known:
        return "Orders by month"
    most, best = max(known, key=lambda pair: pair[0])
    amount = money(most, currency) if measure == "revenue" else plural(best["orders"], "order")
    return f"The best month so far was {month(best['month'])} with {amount}"


def concentration_title(summary: Summary) -> str:
    """Say how concentrated value is."""
    return f"The top 20\u00a0% of customers hold {percent(summary.get('top20_share'))} of the value"


def top_sentence(shown: Shown, kind: Kind, summary: Summary, settings: RunSettings) -> str:
    """Say what the customers at the top will bring together.

    Parameters
    ----------
    shown
        The customers shown, together.
    """
    number = shown["n"]
    who = "The customer at the top" if number == 1 else f"These {count(number)} customers"
    if kind == "buyers":
        figure, total = shown["purchases"] or 0, summary.get("predicted_purchases") or 0
        does = f"should place {expected(figure)} orders"
    else:
        figure, total = shown["revenue"] or 0, summary.get("predicted_revenue") or 0
        does = f"should spend {money(figure, settings['currency'])}"
    sentence = f"{who} {does} in {next_months(settings)}"
    customers = summary["customers"]
    if not total or customers <= number:
        return f"{sentence}."
    return (
        f"{sentence}: {percent(figure / total)} of the total, "
        f"from {percent(number / customers)} of the customers."
    )


def rows_sentence(report: Report) -> str:
    """Answer the check's question: how much of the file counts."""
    total, used = report["rows_total"], report["rows_accepted"]
    what = f"{plural(report['orders'], 'order')} of {plural(report['customers'], 'customer')}"
    if total == used:
        return f"All {plural(total, 'row')} can be used: {what}."
    share = percent(used / total) if total else percent(0)
    return f"{count(used)} of {plural(total, 'row')} ({share}) can be used: {what}."
