"""What forecasts are called when people read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.choice import READY_MADE

if TYPE_CHECKING:
    from clv.core.schema import ModelCard


TITLES: Final = {
    "mbg-nbd": "MBG/NBD",
    "bg-nbd": "BG/NBD",
    "pareto-nbd": "Pareto/NBD",
    "mbg-cnbd": "MBG/CNBD-k",
    "bg-cnbd": "BG/CNBD-k",
    "population-mean": "Rule: everybody as the average",
    "rate-so-far": "Rule: everybody goes on as so far",
    "same-period": "Rule: the same as last period",
    "recency-rule": "Rule: who bought lately is active",
    "pooled-rate": "One rate for everybody",
    "boosting": "Gradient boosting",
    "forest": "Random forest",
    "lasso": "Lasso",
    "lightgbm-tweedie": "LightGBM (Tweedie)",
    "lightgbm-two-part": "LightGBM (chance × amount)",
    "cohort-mean": "Rule: everybody as the average of their cohort",
    "observed-ratio": "Rule: so far, times the usual ratio",
}
_RULES: Final = {
    "population-mean": "that everybody does what the average customer did",
    "rate-so-far": "that everybody goes on at the rate so far",
    "same-period": "that everybody repeats the last period",
    "recency-rule": "that who bought lately is active",
    "cohort-mean": "that everybody does as the average of their cohort",
    "observed-ratio": "that what somebody brought so far grows by the usual ratio",
}
_EXTRAS: Final = {
    "season": "with the season",
    "all-orders": "first orders valued too",
    "corrected": "with a learned correction",
}


def title(name: str) -> str:
    """Return a forecast's title: ``MBG/NBD, with the season``."""
    if name.startswith(READY_MADE):
        return f"Ready-made model “{name.removeprefix(READY_MADE)}”"
    base, *extras = name.split("+")
    return ", ".join([TITLES.get(base, base), *(_EXTRAS.get(e, e) for e in extras)])


def who(name: str) -> str:
    """Return a forecast's name within a sentence."""
    base, *extras = name.split("+")
    if base not in _RULES:
        return title(name)
    return ", ".join([f"the rule of thumb {_RULES[base]}", *(_EXTRAS[e] for e in extras)])


def rule(name: str, recency_days: float | None = None) -> str:
    """Return a rule of thumb at the beginning of a sentence, with the recency rule's days."""
    if name == "recency-rule" and recency_days is not None:
        return f"The rule of thumb that who bought {_within(recency_days)} is active"
    return who(name)[0].upper() + who(name)[1:]


def _within(days: float) -> str:
    if days < 1:
        return "on the very last day"
    return "since the day before" if days < 2 else f"in the last {days:,.0f} days"


def of_card(card: ModelCard) -> str:
    """Return the title of a run's forecast, as it was made: after every step down."""
    purchases = card["purchases"]
    if card.get("ready_made"):
        return title(card["model"])
    if purchases is None:
        return "history only"
    spend = card["spend"]
    extra = "+all-orders" if spend and spend["name"] == "gamma-gamma-all" else ""
    extra += "+corrected" if "correction" in card else ""
    return title(purchases["name"] + extra)
