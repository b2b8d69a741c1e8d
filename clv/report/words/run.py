"""The sentences that answer a page's question, computed from a run. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import (
    count,
    day,
    expected,
    money,
    month,
    percent,
    plural,
    share_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Facts


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


def horizon(settings: Facts) -> str:
    """Return ``12 months``."""
    return plural(int(settings["horizon_months"]), "month")


def span(settings: Facts) -> str:
    """Return ``next 12 months``, for labels."""
    months = int(settings["horizon_months"])
    return "next month" if months == 1 else f"next {months} months"


def next_months(settings: Facts) -> str:
    """Return ``the next 12 months``, or ``the next month``."""
    months = int(settings["horizon_months"])
    return "the next month" if months == 1 else f"the next {months} months"


def horizon_end(settings: Facts) -> str:
    """Return the last day of the horizon, written out."""
    months = settings.get("months") or []
    return day(months[-1]["end"]) if months else ""


def summary_sentence(summary: Facts, settings: Facts) -> str:
    """Say how many came back and what the best fifth will bring."""
    customers = int(summary.get("customers") or 0)
    if customers == 0:
        return "No order was left to count."
    back = 1 - float(summary.get("one_time_share") or 0)
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


def history_title(summary: Facts, settings: Facts, measure: str) -> str:
    """Say what the month-by-month chart shows for ``"revenue"`` or ``"orders"``."""
    currency = str(settings.get("currency") or "")
    key = "predicted_revenue" if measure == "revenue" else "predicted_purchases"
    figure = summary.get(key)
    rows: Sequence[Facts] = summary.get("history_monthly") or []
    if figure is not None:
        amount = f"{expected(figure)} orders"
        if measure == "revenue":
            amount = f"{money(figure, currency)} of revenue"
        return f"Today's customers should bring {amount} in {next_months(settings)}"
    known = [r for r in rows if r.get(measure) is not None]
    if not known:
        return "Orders by month"
    best = max(known, key=lambda r: float(r[measure]))
    amount = (
        money(best[measure], currency) if measure == "revenue" else plural(best[measure], "order")
    )
    return f"The best month so far was {month(best['month'])} with {amount}"


def concentration_title(summary: Facts) -> str:
    """Say how concentrated value is."""
    return f"The top 20\u00a0% of customers hold {percent(summary['top20_share'])} of the value"


def top_sentence(rows: Facts, kind: str, summary: Facts, settings: Facts) -> str:
    """Say what the customers at the top will bring together.

    Parameters
    ----------
    rows
        ``n``, ``purchases`` and ``revenue`` of the customers shown.
    kind
        ``"buyers"`` or ``"spenders"``.
    """
    number = int(rows["n"])
    who = "The customer at the top" if number == 1 else f"These {count(number)} customers"
    key, total_key = (
        ("purchases", "predicted_purchases")
        if kind == "buyers"
        else ("revenue", "predicted_revenue")
    )
    figure = float(rows[key] or 0)
    total = float(summary.get(total_key) or 0)
    amount = (
        f"{expected(figure)} orders"
        if kind == "buyers"
        else money(figure, str(settings.get("currency") or ""))
    )
    verb = "should place" if kind == "buyers" else "should spend"
    sentence = f"{who} {verb} {amount} in {next_months(settings)}"
    customers = int(summary.get("customers") or 0)
    if not total or customers <= number:
        return f"{sentence}."
    return (
        f"{sentence}: {percent(figure / total)} of the total, "
        f"from {percent(number / customers)} of the customers."
    )


def rows_sentence(report: Facts) -> str:
    """Answer the check's question: how much of the file counts."""
    total, used = int(report["rows_total"]), int(report["rows_accepted"])
    what = f"{plural(int(report['orders']), 'order')} of {plural(int(report['customers']), 'customer')}"
    if total == used:
        return f"All {plural(total, 'row')} can be used: {what}."
    share = percent(used / total) if total else percent(0)
    return f"{count(used)} of {plural(total, 'row')} ({share}) can be used: {what}."
