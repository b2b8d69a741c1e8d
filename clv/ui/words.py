"""The sentences that answer a page's question, computed from a run. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clv.ui.formatting import (
    count,
    day,
    duration,
    expected,
    money,
    money_range,
    month,
    percent,
    plain,
    plural,
    share_in_words,
    to_date,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Facts = Mapping[str, Any]

MODEL_TITLES: Final = {
    "mbg-nbd": "MBG/NBD: customers may leave at any time, also right after the first order",
    "bg-nbd": "BG/NBD: customers may leave only after a repeat order",
}
_TEN_YEARS: Final = 3653


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


def next_order(customer: Facts, as_of: object) -> str:
    """Say when the next order may come; ``not expected`` beyond ten years."""
    when = to_date(customer.get("next_order_date"))
    start = to_date(as_of)  # type: ignore[arg-type]
    if when is None or start is None or (when - start).days > _TEN_YEARS:
        return "not expected"
    return day(when)


def customer_sentence(customer: Facts, settings: Facts) -> str:
    """Answer: what is this customer worth, and will they buy."""
    currency = str(settings.get("currency") or "")
    chance, value = customer.get("p_purchase"), customer.get("predicted_clv")
    span = next_months(settings)
    if chance is None:
        return "There is no forecast for this customer, only what happened so far."
    first = f"The chance of at least one order in {span} is {percent(chance)}"
    orders = customer.get("predicted_purchases")
    if value is None:
        return f"{first}; {expected(orders)} orders are expected."
    wide = money_range(
        customer.get("predicted_clv_low"), customer.get("predicted_clv_high"), currency
    )
    worth = f"{money(value, currency)}{f' ({wide})' if wide else ''}"
    return f"{first}, and the customer is worth {worth} over that time."


def customer_reason(customer: Facts, settings: Facts) -> str:
    """Explain in one or two sentences where the chance comes from."""
    as_of = settings["as_of"]
    orders = int(customer["orders"])
    first, last = to_date(customer["first_order"]), to_date(customer["last_order"])
    start = to_date(as_of)
    if first is None or last is None or start is None:
        return ""
    quiet = max((start - last).days, 0)
    days, repeats = int(customer["recency"]), int(customer["frequency"])
    if repeats == 0:
        times = "once" if orders == 1 else f"{count(orders)} times, all on one day"
        told = f"Ordered {times}, {_when(quiet, as_of)}."
        if customer.get("p_purchase") is None:
            return told
        return (
            f"{told} With one order day nobody's rhythm is known, so the forecast rests on how "
            "other customers with a single order went on."
        )
    gap = days / repeats
    told = (
        f"Ordered {count(orders)} times since {day(first)}, about every {duration(gap)}; "
        f"the last order was {_when(quiet, as_of)}."
    )
    alive = customer.get("p_alive")
    if alive is None:
        return told
    if quiet > 2 * gap + 7:
        return f"{told} That is longer than usual, so the chance of still being active is {percent(alive)}."
    return f"{told} That fits the rhythm, so the chance of still being active is {percent(alive)}."


def _when(quiet: int, as_of: str) -> str:
    return f"on {day(as_of)}" if quiet == 0 else f"{duration(quiet)} before {day(as_of)}"


def not_found(customer_id: str) -> str:
    """Say that nobody has this id."""
    return f"No customer has the id “{plain(customer_id)}”."


def rows_sentence(report: Facts) -> str:
    """Answer the check's question: how much of the file counts."""
    total, used = int(report["rows_total"]), int(report["rows_accepted"])
    what = f"{plural(int(report['orders']), 'order')} of {plural(int(report['customers']), 'customer')}"
    if total == used:
        return f"All {plural(total, 'row')} can be used: {what}."
    share = percent(used / total) if total else percent(0)
    return f"{count(used)} of {plural(total, 'row')} ({share}) can be used: {what}."
