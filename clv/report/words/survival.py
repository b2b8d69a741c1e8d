"""What the survival page says, computed from a simulation. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, day, duration, expected, percent, plural, short_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.insights.simulate import Checkpoint

#: ``100 years`` is as far as anybody looks.
_LAST: Final = 36_525


def who(kind: str, customers: int) -> str:
    """Name the customers of a run: ``100 new customers``, ``100 of your customers``."""
    if kind == "new":
        return plural(customers, "new customer")
    return f"{count(customers)} of your customers"


def since(kind: str, as_of: str) -> str:
    """Return what time counts from: the first order, or the as-of date."""
    return "the first order" if kind == "new" else day(as_of)


def sentence(rows: Sequence[Checkpoint], kind: str, customers: int, of: int) -> str:
    """Answer: how many are alive after a year and after ten, and what have they ordered.

    Parameters
    ----------
    rows
        From `clv.insights.simulate.table`: 10 days, 1 year, 10 years, 100 years.
    kind
        ``"new"`` or ``"yours"``.
    customers, of
        Customers in a run, and in the file.
    """
    year, decade = rows[1], rows[2]
    orders = expected(year["purchases_expected"])
    times = "time" if orders == "1" else "times"
    if customers == 1:
        name = "A new customer" if kind == "new" else "Your only customer"
        return (
            f"{name} is still alive after a year with a chance of "
            f"{percent(year['alive_expected'])} and will have ordered {orders} more {times}; after "
            f"10 years the chance is {percent(decade['alive_expected'])}."
        )
    whole = kind == "yours" and customers == of
    group = f"your {count(customers)} customers" if whole else who(kind, customers)
    alive, verb = _alive(year["alive_expected"], customers)
    later, _ = _alive(decade["alive_expected"], customers)
    low, high = decade["alive_low"], decade["alive_high"]
    range_ = f" (between {count(low)} and {count(high)} in 9 out of 10 runs)" if high > low else ""
    return (
        f"Of {group}, {alive} {verb} still alive after a year, and they will have ordered {orders} "
        f"more {times} in all; after 10 years {later}{range_}."
    )


def _alive(number: float, customers: int) -> tuple[str, str]:
    """Say how many of the customers are alive, with the verb that goes with it."""
    if number > customers - 1e-6:
        return "all", "are"
    if round(number) == customers and customers >= 10:
        return "nearly all", "are"
    if number < 0.05:
        return "hardly anyone", "is"
    said = expected(number)
    return f"about {said}", "is" if said == "1" else "are"


def card_value(row: Checkpoint) -> str:
    """Write one checkpoint of this run: ``61 alive, 117 orders``; may break after the comma."""
    noun = "order" if row["purchases"] == 1 else "orders"
    return f"{count(row['alive'])}\u00a0alive, {short_count(row['purchases'])}\u00a0{noun}"


def card_more(row: Checkpoint) -> str:
    """Say beside it what other runs come to."""
    alive = _between(row["alive_low"], row["alive_high"])
    orders = _between(row["purchases_low"], row["purchases_high"])
    return (
        f"In this run. In 9 out of 10 runs {alive} alive and {orders} orders; on average "
        f"{expected(row['alive_expected'])} alive and {expected(row['purchases_expected'])} orders."
    )


def _between(low: float, high: float) -> str:
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def band(low: float, high: float) -> str:
    """Write a band in a table cell: ``36–52``."""
    return count(low) if low == high else f"{count(low)}–{count(high)}"


def half_life(lifetimes: Sequence[float], since: str) -> str:
    """Say, as the chart's title, when half of this run's customers have left."""
    ends = sorted(lifetimes)
    half = ends[(len(ends) - 1) // 2]
    if half <= 0:
        when = f"by {since}" if since[:1].isdigit() else f"right after {since}"
        return f"This run: half have left {when}"
    if ends[0] > _LAST:
        return "This run: all are alive after 100 years"
    if half > _LAST:
        return "This run: most are alive after 100 years"
    return f"This run: half have left after {_span(half)}"


def orders_title(rows: Sequence[Checkpoint]) -> str:
    """Say, as the chart's title, what this run's customers have ordered after 10 years."""
    return f"This run: {plural(rows[2]['purchases'], 'order')} in 10 years"


def lives_title(lifetimes: Sequence[float], purchases: Sequence[int], kind: str) -> str:
    """Say, as the picture's title, how many left at once and how many never order again."""
    total = len(lifetimes)
    gone = sum(t <= 0 for t in lifetimes)
    silent = sum(n == 0 for n in purchases)
    if total == 1:
        return f"This run: {plural(purchases[0], 'order')} in 100 years"
    never = f"{count(silent)} of {count(total)} never order again"
    if gone:
        when = "leave right after the first order" if kind == "new" else "had left already"
        rest = (
            f"; {never}" if silent > gone else "; all others order again" if silent < total else ""
        )
        return f"This run: {count(gone)} of {count(total)} {when}{rest}"
    return f"This run: {never if silent else f'all {count(total)} order again'}"


def life(name: str, lifetime: float, purchases: int, kind: str) -> str:
    """Say of one customer in the picture how often they order and when they leave."""
    orders = plural(purchases, "order")
    label = f"Customer {name}"
    if lifetime <= 0:
        left = "left right after the first order" if kind == "new" else "had left before"
        return f"{label}: {left}"
    if lifetime > _LAST:
        return f"{label}: {orders}, still alive after 100 years"
    return f"{label}: {orders}, left after {_span(lifetime)}"


def _span(days: float) -> str:
    return duration(days) if days >= 1 else "less than a day"
