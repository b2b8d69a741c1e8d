"""What the checks of the assumptions say: names, questions, findings, meanings. Pure functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from clv.core.formatting import MISSING, count, percent, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv.insights.assumptions import Check, Effect, Verdict

MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)


class Words(NamedTuple):
    """A check's name and question; what it means if it holds, and if it fails upwards or downwards."""

    name: str
    question: str
    holds: str
    above: str
    below: str
    help_above: str
    help_below: str


_SAME = "Compare the models on “How good is it?”; where one did better, take that one."
WORDS: Final = {
    "timing": Words(
        "Irregular gaps",
        "Do customers order at random times, as the model says, or to a rhythm, or in bursts?",
        "The chance of still being active can be read as it stands.",
        "Customers keep a rhythm, so silence says more than the forecast reads into it: who is past "
        "their usual gap is less likely to be active than shown.",
        "Customers order in bursts with long breaks, so some who look lost are only on a break, and a "
        "busy spell promises less than it seems.",
        "A model with regular gaps (MBG/CNBD-k) fits such customers; “How good is it?” says how it did.",
        "Give silent customers longer before you give them up, and don't extrapolate a busy month.",
    ),
    "season": Words(
        "No season",
        "Do customers order evenly over the year, or does the calendar decide?",
        "The months of the forecast can be compared as they are.",
        "The forecast knows no season: twelve months together are hardly touched, but single months "
        "come out too high or too low.",
        "",
        "Plan with twelve months together, or forecast with the season of the year.",
        "",
    ),
    "cohorts": Words(
        "Customers of all times alike",
        "Do customers who came lately buy as often as earlier ones did at the same age?",
        "New customers can be expected to do as earlier ones did.",
        "Later customers buy more than earlier ones did at the same age; the forecast treats everyone "
        "the same, and so is too low for new ones and too high for old ones.",
        "Later customers buy less than earlier ones did at the same age; the forecast treats everyone "
        "the same, and so is too high for new ones and too low for old ones. If the file begins in the "
        "middle of the shop's life, its first customers are old ones already.",
        "Forecast from the later customers' orders alone, and see whether it changes what you plan.",
        "Forecast from the later customers' orders alone, and see whether it changes what you plan.",
    ),
    "dropout": Words(
        "Leaving apart from buying",
        "Do frequent buyers stay as long as the model says?",
        "Forecasts of frequent and of rare buyers can be trusted alike.",
        "Frequent buyers go on for longer than the model says: the best customers' forecasts are too "
        "low, those of the rare ones too high.",
        "Frequent buyers slow down sooner than the model says: the best customers' forecasts are too "
        "high, those of the rare ones too low.",
        _SAME,
        _SAME,
    ),
    "frequencies": Words(
        "How many order how often",
        "Are there as many customers with one, two, three… orders as the model says?",
        "The model's picture of who buys how often is that of your customers.",
        "The model takes some customers for more, or for less, frequent than they are; totals hold "
        "better than single customers' figures.",
        "",
        _SAME,
        "",
    ),
    "first_repeat": Words(
        "When they come back",
        "Do customers make their second order as soon as the model says?",
        "The model's picture of when customers come back is that of your customers.",
        "Second orders come sooner, or later, than the model says; forecasts of recent customers are "
        "off most.",
        "",
        "Read the forecast of customers with a single order with care.",
        "",
    ),
    "frequency_value": Words(
        "Value apart from frequency",
        "Do frequent buyers spend the same per order as rare ones?",
        "How often and how much can be forecast apart, as it is done.",
        "Frequent buyers spend more per order: the value of customers with few orders is somewhat "
        "overestimated.",
        "Frequent buyers spend less per order: the value of customers with few orders is somewhat "
        "underestimated.",
        "Read the order values of one-time buyers as an upper estimate.",
        "Read the order values of one-time buyers as a lower estimate.",
    ),
    "spend_shape": Words(
        "How order values are spread",
        "Are order values spread as the model says?",
        "Order values are spread as the model says.",
        "Order values cluster where the model doesn't expect them (a fixed price, a free-delivery "
        "threshold) or reach further out. Averages suffer little; ranges and single orders more.",
        "",
        "Trust sums and averages over many customers rather than one customer's expected value.",
        "",
    ),
    "spend_spread": Words(
        "One customer's order values",
        "Do a customer's orders differ from each other as much as the model says?",
        "A customer's own average gets the weight that it deserves.",
        "A customer's orders are more alike than the model says: the forecast draws customers closer "
        "to the average of all than it should.",
        "A customer's orders differ more than the model says: the forecast believes a few orders of a "
        "customer too much.",
        "Big spenders are probably worth more than shown, small ones less.",
        "Values of customers with two or three orders are probably closer to the average than shown.",
    ),
    "outliers": Words(
        "No customer decides alone",
        "Do a handful of customers decide the forecast of all others?",
        "The forecast doesn't hang on a few customers.",
        "A few extreme customers raise everybody else's forecast.",
        "A few extreme customers lower everybody else's forecast.",
        "See whether they are what they seem (resellers, test accounts, staff); leave them out of the "
        "file if not.",
        "See whether they are what they seem (resellers, test accounts, staff); leave them out of the "
        "file if not.",
    ),
}
_LABELS: Final[Mapping[Verdict, str]] = {
    "holds": "✓ Holds",
    "doubtful": "? Doubtful",
    "violated": "✗ Violated",
    "too little data": "– Too little data to say",
}


def label(check: Check) -> str:
    """Return the verdict as the page writes it, with a sign: colour is not needed to read it."""
    return _LABELS[check.verdict]


def summary(checks: Sequence[Check]) -> str:
    """Answer: how many assumptions hold or don't, and what the heaviest that doesn't means for the user."""
    if not checks:
        return "There is no model whose assumptions could be checked."
    by = {v: [c for c in checks if c.verdict == v] for v in _LABELS}
    if len(by["too little data"]) == len(checks):
        return "There are too few orders to say whether the model's assumptions hold."
    good = len(by["holds"])
    parts = [f"{count(good)} of {plural(len(checks), 'assumption')} hold{'s' if good == 1 else ''}"]
    parts += [
        f"{count(len(by[v]))} {'is' if len(by[v]) == 1 else 'are'} {v}"
        for v in ("doubtful", "violated")
        if by[v]
    ]
    if by["too little data"]:
        parts.append(f"for {count(len(by['too little data']))} there is too little data")
    text = ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else parts[0]
    worst = heaviest(checks)
    if worst is None:
        return f"{text}."
    means = meaning(worst)
    return f"{text}. What matters most for this file: {means[:1].lower()}{means[1:]}"


def heaviest(checks: Sequence[Check]) -> Check | None:
    """Return what matters most of what is violated, else of what is doubtful; None if all is well."""
    for verdict in ("violated", "doubtful"):
        some = [c for c in checks if c.verdict == verdict]
        if some:
            return max(some, key=lambda c: c.weight)
    return None


def picture_title(check: Check) -> str:
    """Return what stands above the picture: what it shows, and how it is."""
    how = {
        "holds": "as the model says",
        "doubtful": "not quite as the model says",
        "violated": "not as the model says",
        "too little data": "too few to compare with the model",
    }
    return f"{_SHOWN[check.key]}: {how[check.verdict]}"


_SHOWN: Final = {
    "timing": "Gaps between orders",
    "season": "Orders by month of the year",
    "cohorts": "Orders of earlier and later customers",
    "dropout": "Later orders of busy and of rare buyers",
    "frequencies": "Customers by number of repeat orders",
    "first_repeat": "Waits for the second order",
    "frequency_value": "Order values by number of orders",
    "spend_shape": "Values of second orders",
    "spend_spread": "How much a customer's order values differ",
    "outliers": "Everybody else's forecast with the most extreme customers",
}


def finding(check: Check) -> str:
    """Say what was found, with its number and range."""
    return _FINDINGS[check.key](check, check.effect) if check.effect else _nothing(check)


def _timing(check: Check, effect: Effect) -> str:
    del effect
    spread = math.sqrt(float(check.facts["spread"])) - 1
    told = (
        "those of the model"
        if check.facts.get("model_k", 1) > 1
        else "chance alone would make them"
    )
    return (
        f"The gaps between a customer's orders vary {_by(spread, 'more', 'less')} than {told} "
        f"({plural(check.customers, 'customer')} with three orders or more)."
    )


def _season(check: Check, effect: Effect) -> str:
    facts, caveat = check.facts, ""
    if facts["together"]:
        caveat = " Most customers came at the same time: season and their age can't be told apart."
    elif facts["years"] < 1.9:
        caveat = " The file covers the year hardly more than once: this may be a single event."
    beside = "Beside the season that the forecast knows, a" if facts.get("worn") else "A"
    return (
        f"{beside} typical month is {_size(effect.estimate)} away from the average (between "
        f"{_size(effect.low)} and {_size(effect.high)}); the busiest is {MONTHS[facts['best'] - 1]} "
        f"with {_by(facts['best_ratio'] - 1, 'more', 'less')}, the quietest "
        f"{MONTHS[facts['worst'] - 1]} with {_by(facts['worst_ratio'] - 1, 'more', 'less')}.{caveat}"
    )


def _cohorts(check: Check, effect: Effect) -> str:
    season = "season taken out" if check.facts["seasonal"] else "season not taken out"
    return (
        f"In their first {plural(check.facts['age'], 'day')} the later half of the customers bought "
        f"{_ratio(effect.estimate)} than the earlier half ({_between(effect)}), {season}."
    )


def _dropout(check: Check, effect: Effect) -> str:
    del check
    return (
        "With every doubling of orders in the first half of their time, customers bought "
        f"{_ratio(effect.estimate)} in the second half, beside the forecast ({_between(effect)})."
    )


def _misplaced(check: Check, effect: Effect) -> str:
    what = "how often they buy" if check.key == "frequencies" else "when they come back"
    return (
        f"The model is wrong about {what} for {percent(effect.estimate)} of the customers (at most "
        f"{percent(min(effect.high, 1.0))})."
    )


def _frequency_value(check: Check, effect: Effect) -> str:
    return (
        f"With every doubling of repeat orders an order is worth {_ratio(effect.estimate)} "
        f"({_between(effect)}; {plural(check.customers, 'repeat buyer')})."
    )


def _spend_shape(check: Check, effect: Effect) -> str:
    del check
    return (
        f"{percent(effect.estimate)} of second orders (at most {percent(min(effect.high, 1.0))}) have "
        "a value where the model doesn't expect them."
    )


def _spend_spread(check: Check, effect: Effect) -> str:
    del effect
    return (
        f"After three repeat orders a customer's own average should count {percent(check.facts['own'])}; "
        f"the model counts it {percent(check.facts['own_model'])}."
    )


def _outliers(check: Check, effect: Effect) -> str:
    facts = check.facts
    share = facts["value_share"] if facts["value_share"] is not None else facts["purchase_share"]
    what = "value" if facts["value_share"] is not None else "number"
    return (
        f"Without the {plural(facts['few'], 'most extreme customer')}, who hold {percent(share)} of the "
        f"{what} of repeat orders, the others' forecast would be "
        f"{_by(math.expm1(-effect.estimate), 'higher', 'lower')}, leaving aside what the same would do "
        "among customers as the model draws them."
    )


_FINDINGS: Final[Mapping[str, Callable[[Check, Effect], str]]] = {
    "timing": _timing,
    "season": _season,
    "cohorts": _cohorts,
    "dropout": _dropout,
    "frequencies": _misplaced,
    "first_repeat": _misplaced,
    "frequency_value": _frequency_value,
    "spend_shape": _spend_shape,
    "spend_spread": _spend_spread,
    "outliers": _outliers,
}


def _nothing(check: Check) -> str:
    if check.key == "season" and check.facts.get("short"):
        return "The file covers less than a year: a season can't be seen yet."
    if check.key == "cohorts":
        return (
            "There are not two groups of customers yet who came at different times and were seen for "
            f"{plural(check.facts['age'], 'day')} each."
        )
    return "There are too few orders to say anything."


def meaning(check: Check) -> str:
    """Say what the verdict means for the forecast."""
    words = WORDS[check.key]
    if check.verdict == "holds":
        return words.holds
    if check.effect is None or check.verdict == "too little data":
        return "The forecast takes it for granted; more customers or a longer time would tell."
    if check.facts.get("worn"):
        return "The forecast's season is not quite that of the file: single months are off by the rest."
    return words.above if check.effect.estimate >= 0 else words.below


def advice(check: Check) -> str:
    """Say what would help; empty where nothing has to."""
    if check.effect is None or check.verdict in ("holds", "too little data"):
        return ""
    words = WORDS[check.key]
    return words.help_above if check.effect.estimate >= 0 else words.help_below


#: What a check estimates, in the field's terms.
STATISTICS: Final = {
    "timing": "k of Erlang-k gaps",
    "season": "Root mean square of the seasonal log ratio",
    "cohorts": "Later over earlier customers, ratio",
    "dropout": "Ratio of orders to forecast, per doubling of earlier orders",
    "frequencies": "Total variation between histogram and model",
    "first_repeat": "Total variation between waiting times and model",
    "frequency_value": "Ratio of order values per doubling of repeat orders",
    "spend_shape": "Total variation between order values and model",
    "spend_spread": "Weight of the own average, observed less model's",
    "outliers": "Others' forecast with the few over that without, ratio",
}


def statistic(check: Check) -> str:
    """Return the technical line: what was estimated, its 99 % interval, whose orders it rests on."""
    if check.effect is None:
        return MISSING
    e = check.effect
    logs = check.key in ("timing", "cohorts", "dropout", "frequency_value", "outliers")
    values = [math.exp(v) if logs else v for v in (e.estimate, e.low, e.high)]
    sizes = [math.exp(v) if logs else v for v in (check.trivial, check.large)]
    shown = [f"{v:.2f}".replace("-", "\u2212") for v in (*values, *sizes)]
    return (
        f"{STATISTICS[check.key]}: {shown[0]} (99\u00a0% interval {shown[1]} to {shown[2]}; trivial up to "
        f"{shown[3]}, large from {shown[4]}); {plural(check.customers, 'customer')}."
    )


def _by(share: float, more: str, less: str) -> str:
    return f"{percent(abs(share))} {more if share >= 0 else less}"


def _size(log_ratio: float) -> str:
    return percent(math.expm1(log_ratio))


def _ratio(log_ratio: float) -> str:
    return _by(math.expm1(log_ratio), "more", "less")


def _between(effect: Effect) -> str:
    low, high = effect.low, effect.high
    if (low < 0) == (high < 0):
        ends = sorted((abs(math.expm1(low)), abs(math.expm1(high))))
        return f"between {percent(ends[0])} and {percent(ends[1])} {'less' if low < 0 else 'more'}"
    return f"between {_ratio(low)} and {_ratio(high)}"
