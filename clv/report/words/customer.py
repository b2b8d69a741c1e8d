"""The sentences of one customer's page. Pure functions; conclusions follow `clv.insights.customer.Standing`.

Every word on where a customer stands is looked up under their standing, which the named groups
share: page, group and sentence cannot contradict each other.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

from clv.core.formatting import (
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
    to_date,
)
from clv.core.segments import OVERDUE
from clv.insights.customer import FEWEST_PEERS, Standing
from clv.report.words.ranges import most_likely_nothing
from clv.report.words.run import next_months

if TYPE_CHECKING:
    from datetime import date

    from clv.core.schema import CustomerForecast, RunSettings
    from clv.insights.customer import Moved, Outlook, Peers


_TEN_YEARS: Final = 3653
#: A correction by less than this share is not worth a word.
_HARDLY: Final = 0.10
#: Nor is a difference of fewer orders.
_FEW: Final = 0.05
#: From so many order days on, a customer's own history outweighs what others did.
_WELL_KNOWN: Final = 10
#: How others compare: the verb, and what they do less, more, or as much.
_COMPARED: Final = {
    "revenue": ("have spent", "less", "more", "the same"),
    "orders": ("have ordered", "less often", "more often", "as often"),
    "predicted_clv": ("are worth", "less", "more", "the same"),
    "p_purchase": ("are", "less likely to order", "more likely to order", "as likely to order"),
}
#: How the answer begins.
VERDICTS: Final = {
    Standing.NEW: "New",
    Standing.PROMISING: "Likely to order again",
    Standing.ONCE: "A second order is less likely than not",
    Standing.GONE: "Probably gone",
    Standing.OVERDUE: "Overdue",
    Standing.LATE: "Later than usual",
    Standing.DOUBTFUL: "May well have left",
    Standing.ON_SCHEDULE: "On schedule",
}


def customer_sentence(
    customer: CustomerForecast, settings: RunSettings, where: Standing | None
) -> str:
    """Answer: where does this customer stand, will they buy, what are they worth."""
    currency = settings["currency"]
    chance, value = customer.get("p_purchase"), customer.get("predicted_clv")
    if chance is None or where is None:
        return "There is no forecast for this customer, only what happened so far."
    span = next_months(settings)
    first = f"{VERDICTS[where]}: the chance of at least one order in {span} is {percent(chance)}"
    if value is None:
        return f"{first}; {_orders(customer['predicted_purchases'])} expected."
    low, high = customer.get("predicted_clv_low"), customer.get("predicted_clv_high")
    wide = money_range(low, high, currency)
    if most_likely_nothing(customer):
        return f"{first}; most likely nothing comes, on average {money(value, currency)}."
    worth = f"{money(value, currency)}{f' ({wide})' if wide else ''}"
    return f"{first}, and the customer is worth {worth} over that time."


def _orders(number: float | None) -> str:
    amount = expected(number)
    return "1 order is" if amount == "1" else f"{amount} orders are"


def _order_days(number: float | None) -> str:
    amount = expected(number)
    return "1 day with an order is" if amount == "1" else f"{amount} days with an order are"


def reasons(
    customer: CustomerForecast,
    settings: RunSettings,
    where: Standing | None,
    *,
    p_silent: float | None = None,
    new_days: int = 30,
    model: str = "",
) -> list[str]:
    """Say in up to three sentences why the numbers are what they are.

    Parameters
    ----------
    customer
        A row of the forecasts.
    where
        From `clv.insights.customer.standing`; None: history only, one sentence.
    p_silent
        Chance of a silence this long, had the customer stayed active.
    new_days
        Usual time between two orders, days.
    model
        Name of the purchase model; one that treats everybody alike is said to.
    """
    first, as_of = to_date(customer["first_order"]), to_date(settings["as_of"])
    last = to_date(customer["last_order"])
    if first is None or last is None or as_of is None:
        return []
    quiet = max((as_of - last).days, 0)
    told = _history(customer, quiet, as_of)
    if where is None:
        return [f"{told}."]
    if model == "pooled-rate":
        why = _pooled(where)
    else:
        why = _conclusion(customer, settings, where, p_silent or 0.0, new_days)
    return [f"{told}{why}", *_value(customer, settings)]


def moved_sentence(customer: CustomerForecast, settings: RunSettings, found: Moved) -> str | None:
    """Say how far a corrected forecast is from the plain model's, and why; None where it hardly is."""
    more = (customer["predicted_purchases"] or 0.0) * (1 - 1 / found.factor)
    if abs(found.factor - 1) < _HARDLY or abs(more) < _FEW:
        return None
    far = f"{found.factor:.1f} times" if found.factor < 10 else "more than ten times"
    if found.factor < 2:
        far = f"{percent(abs(found.factor - 1))} {'higher' if found.factor > 1 else 'lower'} than"
    because = _because(customer, settings, found)
    return f"The expected orders are {far} the plain model's, mostly because {because}."


def _because(customer: CustomerForecast, settings: RunSettings, found: Moved) -> str:
    last, as_of = to_date(customer["last_order"]), to_date(settings["as_of"])
    quiet = max((as_of - last).days, 0) if last and as_of else 0
    gap = customer["recency"] / max(customer["frequency"], 1)
    ordered = "this customer ordered on {} in the {} up to the last order"
    told = {
        "late_purchases": ordered.format(plural(found.late_purchases, "day"), rhythm(found.days)),
        "latest_purchases": ordered.format(
            plural(found.latest_purchases, "day"), rhythm(found.days / 4)
        ),
        "silence": f"the last order was {rhythm(quiet)} ago"
        if quiet
        else "the last order was today",
        "silence_in_gaps": (
            f"the silence of {rhythm(quiet)} compares with a usual {rhythm(max(gap, 1))}"
            if customer["frequency"]
            else "there is no second order yet"
        ),
        "frequency": f"there are {plural(customer['frequency'] + 1, 'order day')} so far",
        "recency": f"first and last order are {rhythm(customer['recency'])} apart",
    }
    if found.trait in told:
        return told[found.trait]
    if found.trait.endswith("value") and customer["revenue"] is not None:
        each = customer["revenue"] / (customer["frequency"] + 1)
        return (
            f"an order day of this customer is worth {money(each, settings['currency'])} on average"
        )
    more = "more" if found.factor > 1 else "less"
    return f"customers of whom it expects as much ordered {more} often than it said"


def rhythm(days: float) -> str:
    """Write a length of time in the unit people count gaps in: ``12 days``, ``14 weeks``."""
    return plural(days / 7, "week") if 14 <= days < 183 else duration(days)


def _history(customer: CustomerForecast, quiet: int, as_of: date) -> str:
    """Say how often, how regularly, and for how long not: no full stop yet."""
    orders, repeats = customer["orders"], customer["frequency"]
    if repeats == 0:
        times = "once" if orders == 1 else f"{count(orders)} times, all on one day"
        when = f"on {day(as_of)}" if quiet == 0 else f"{rhythm(quiet)} before {day(as_of)}"
        return f"Ordered {times}, {when}"
    gap = customer["recency"] / repeats
    times = "twice" if orders == 2 else f"{count(orders)} times"
    if orders > repeats + 1:
        times += f" on {count(repeats + 1)} days"
    every = f"about every {rhythm(gap)}"
    if repeats == 1:
        every = f"{rhythm(gap)} apart"
    elif gap < 1.5:
        every = "nearly every day"
    since = f"silent for {rhythm(quiet)}" if quiet else f"the last time on {day(as_of)}"
    return f"Ordered {times}, {every}; {since}"


def _conclusion(
    customer: CustomerForecast,
    settings: RunSettings,
    where: Standing,
    p_silent: float,
    new_days: int,
) -> str:
    alive = customer["p_alive"] or 0.0
    still = f"the chance of still being active is {percent(alive)}"
    # Overdue and yet nearly surely active: possible where hardly anybody leaves after an order.
    loyal = "customers with such a history seldom leave, and " if alive >= 0.9 else ""
    by_now = (
        "An active customer of that rhythm would have ordered by now with a chance of "
        f"{percent(1 - p_silent)}"
    )
    position = (
        "With one order day no rhythm is known; of customers in the same position, "
        f"{percent(customer['p_purchase'])} order again in {next_months(settings)}"
    )
    days = customer["frequency"] + 1
    if where is Standing.ON_SCHEDULE and days >= _WELL_KNOWN:
        return f". That fits a rhythm well known from {count(days)} order days, so {still}."
    if where is Standing.GONE and p_silent >= OVERDUE:
        return (
            ". That silence alone is no proof, but most customers with such a history have left: "
            f"so probably gone, {still}."
        )
    return {
        Standing.ON_SCHEDULE: f". That fits the rhythm, so {still}.",
        Standing.DOUBTFUL: (
            f". That silence is not unusual, but many customers with such a history leave: {still}."
        ),
        Standing.LATE: f". {by_now}, so this is later than usual: {loyal}{still}.",
        Standing.OVERDUE: f". {by_now}, so overdue: {loyal}{still}.",
        Standing.GONE: f"; so probably gone: {still}.",
        Standing.NEW: (
            f". Customers usually take {rhythm(new_days)} from one order to the next, so it is too "
            "early to miss a second one."
        ),
        Standing.PROMISING: f". {position}: more likely than not.",
        Standing.ONCE: f". {position}.",
    }[where]


def _pooled(where: Standing) -> str:
    """Say that the model knows nothing of this customer in particular."""
    same = (
        ". There are too few customers to tell them apart: the forecast gives all the same average "
        "rate and assumes that nobody has left"
    )
    rare = {
        Standing.OVERDUE: "; at that rate so long a silence is rare, so overdue",
        Standing.LATE: "; at that rate most silences are shorter, so later than usual",
    }
    return f"{same}{rare.get(where, '')}."


def _value(customer: CustomerForecast, settings: RunSettings) -> list[str]:
    """Say what the value is made of; nothing without amounts."""
    worth, each = customer.get("predicted_clv"), customer.get("predicted_order_value")
    if worth is None or each is None:
        return []
    currency = settings["currency"]
    own = customer.get("monetary_value")
    whose, days = "the average of all customers", customer["orders"] > customer["frequency"] + 1
    if customer["frequency"] and own is not None:
        what = "repeat days with an order" if days else "repeat orders"
        whose = f"{what} so far brought {money(own, currency)} on average"
    number = _orders(customer["predicted_purchases"])
    if days:
        # Where orders and days with one differ, each is called by its name.
        number = _order_days(customer["predicted_purchases"])
    margin = settings["margin"]
    kept = "" if margin == 1 else f" and a margin of {percent(margin)} taken"
    told = (
        f"Worth {money(worth, currency)}: {number} expected, of "
        f"about {money(each, currency)} each ({whose}), discounted at "
        f"{percent(settings['discount_rate'])} a year{kept}."
    )
    return [told]


def next_order(customer: CustomerForecast, as_of: object) -> str:
    """Say when the next order may come; ``not expected`` beyond ten years."""
    when = to_date(customer.get("next_order_date"))
    start = to_date(as_of)  # type: ignore[arg-type]
    if when is None or start is None or (when - start).days > _TEN_YEARS:
        return "not expected"
    return day(when)


def window_days(seen: Outlook, as_of: date) -> tuple[date, date] | None:
    """Return the first and last day of the next order's window; None beyond ten years."""
    first, _, last = seen.window
    if last > _TEN_YEARS:
        return None
    return as_of + timedelta(days=ceil(first)), as_of + timedelta(days=ceil(last))


def window_sentence(seen: Outlook, as_of: date) -> str:
    """Say when the next order will come if the customer is still active."""
    first, middle, _ = seen.window
    if middle > _TEN_YEARS:
        return "Even if still active, no order is to be expected within ten years."
    early, even = (day(as_of + timedelta(days=ceil(wait))) for wait in (first, middle))
    window = window_days(seen, as_of)
    reach = f"and {day(window[1])}" if window else "and some day more than ten years ahead"
    return (
        f"If still active, the next order should come between {early} {reach} (8 times out of 10), "
        f"as likely before {even} as after it."
    )


def due_sentence(
    customer: CustomerForecast, seen: Outlook, p_silent: float | None, as_of: date
) -> str:
    """Say from when on a repeat buyer is overdue; empty for others."""
    last = to_date(customer["last_order"])
    if customer["frequency"] == 0 or p_silent is None or last is None:
        return ""
    if seen.due_days > _TEN_YEARS:
        return "So irregular a customer is not overdue for years."
    due = last + timedelta(days=ceil(seen.due_days))
    if p_silent < OVERDUE:
        return f"Overdue: 9 out of 10 such customers, if active, would have ordered by {day(due)}."
    verb = "would have ordered" if due <= as_of else "will order"
    return f"Not overdue: 9 out of 10 such customers, if active, {verb} by {day(due)}."


def risk_sentence(at_risk: float | None, settings: RunSettings) -> str:
    """Say what is lost if the customer has left; empty without amounts."""
    if at_risk is None:
        return ""
    amount = money(at_risk, settings["currency"])
    return (
        f"Money at risk: {amount} more would be expected in {next_months(settings)} if they were "
        "known to be active."
    )


def path_statement(customer: CustomerForecast, then: float, model: str) -> str:
    """Say how the chance of being active went; ``then`` is that on the day of the last order."""
    now = customer["p_alive"]
    if model == "bg-nbd" and customer["frequency"] == 0:
        return (
            "In this model customers leave only after a repeat order, so this one is still active"
        )
    before, after = percent(then), percent(now)
    if before == after:
        return f"The chance of still being active is {after}"
    return (
        f"Since the last order the chance of still being active has fallen from {before} to {after}"
    )


def peers_sentence(
    customer: CustomerForecast, cohort: Peers | None, group: Peers | None, *, valued: bool
) -> str:
    """Say how a customer compares with those who came in the same month, and with the group.

    ``valued``: the file has amounts; without them orders are compared.
    """
    said = []
    when = month(customer["first_order"])
    if cohort is not None:
        others = cohort.customers - 1
        if others < FEWEST_PEERS:
            number = f"Only {plural(others, 'other customer')}" if others else "Nobody else"
            said.append(f"{number} first ordered in {when}: too few to compare with.")
        else:
            whom = f"the {count(others)} others who first ordered in {when}"
            said.append(_compared(cohort, "revenue" if valued else "orders", whom))
    if group is not None and group.customers > FEWEST_PEERS:
        key = "p_purchase" if customer.get("predicted_clv") is None else "predicted_clv"
        whom = (
            f"the {count(group.customers - 1)} others in the group “{plain(customer['segment'])}”"
        )
        said.append(_compared(group, key, whom))
    return " ".join(said)


def _compared(peers: Peers, measure: str, whom: str) -> str:
    verb, less, more, same = _COMPARED[measure]
    below, above = peers.below[measure] or 0.0, peers.above[measure] or 0.0
    if below == above == 0:
        return f"All {whom} {verb} {same}."
    share, word = (below, less) if below >= above else (above, more)
    number = "All" if share == 1 else f"{percent(share)} of"
    return f"{number} {whom} {verb} {word}."


def rank(peers: Peers, measure: str) -> str:
    """Say what share of the others lies below a customer, for a table's cell."""
    below, above = peers.below[measure], peers.above[measure]
    if below is None or above is None:
        return ""
    if below == above == 0:
        return "all the same"
    share, side = (below, "lower") if below >= above else (above, "higher")
    word = f"{'all' if share == 1 else percent(share)} {side}"
    return word.replace(" ", "\u00a0")
