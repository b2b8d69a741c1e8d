"""What a finding is, and one contender of a receipt seen over all dates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Final, Literal

from clv.backtest.choose_model import RULES
from clv.core.formatting import size
from clv.core.names import who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import Receipt


#: What a finding rests on, by name.
Figures = dict[str, float | str | None]
Kind = Literal["purchases", "value"]
Measure = Literal["rmse", "bias", "gini", "top10"]
#: Of a 95 % interval.
Z: Final = 1.96


@dataclass(frozen=True)
class Finding:
    """One thing that the test shows.

    Attributes
    ----------
    code
        ``total``, ``ranking``…: what it is about.
    sentence
        In plain words, with its figures.
    figures
        The same as numbers: shares of 1, names, ISO dates.
    """

    code: str
    sentence: str
    figures: Mapping[str, float | str | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON types."""
        return asdict(self)


class Subject:
    """One contender of a receipt, at the dates it was tested on."""

    def __init__(self, receipt: Receipt, name: str) -> None:
        self.receipt = receipt
        self.name = name
        self.origins = [o for o in receipt["origins"] if name in o["measures"]]
        months = receipt["horizon_months"]
        self.ahead = f"the following {months} months" if months > 1 else "the following month"
        self.over = f" (mean of {len(self.origins)} past dates)" if len(self.origins) > 1 else ""
        self.who = who(name)
        self.what = "revenue" if self._has("value") else "orders"

    def each(self, kind: Kind, measure: Measure) -> list[float]:
        """Return a measure at every date; empty where one date lacks it."""
        amounts = [o["measures"][self.name][kind] for o in self.origins]
        values = [None if each is None else each[measure] for each in amounts]
        known = [v for v in values if v is not None]
        return known if len(known) == len(values) else []

    def mean(self, kind: Kind, measure: Measure) -> float | None:
        """Return the mean of a measure over the dates; None where one date lacks it."""
        values = self.each(kind, measure)
        return fmean(values) if values else None

    def chance(self, kind: Kind) -> float | None:
        """Return how far chance alone takes the total off, as a share of it: 95 in 100 stay within.

        1.96 standard errors of the customers' errors added up; dates overlap, so that their mean is
        taken to be no surer than one of them.
        """
        errors = self.each(kind, "rmse")
        actual = [sum(m[kind]["actual"] for m in o["months"]) for o in self.origins]
        if not errors or not all(actual):
            return None
        people = [o["customers"] for o in self.origins]
        return fmean(Z * e * n**0.5 / a for e, n, a in zip(errors, people, actual, strict=True))

    def mape(self) -> float | None:
        """Return the mean distance of a month's orders from what was said."""
        values = [o["mape"][self.name]["purchases"] for o in self.origins]
        known = [v for v in values if v is not None]
        return fmean(known) if known and len(known) == len(values) else None

    def _has(self, kind: Kind) -> bool:
        return all(o["measures"][self.name][kind] for o in self.origins)


def off(ratio: float, what: str) -> str:
    """Write a forecast over outcome, less 1: ``16 % fewer orders than came``."""
    fewer = "fewer" if what == "orders" else "less"
    return f"{size(ratio)} {'more' if ratio >= 0 else fewer} {what} than came"


def best_rule(one: Subject, kind: Kind, measure: Measure) -> str | None:
    """Return the rule of thumb with the highest measure, of those tested on every date."""
    rules = {
        r: Subject(one.receipt, r).mean(kind, measure)
        for r in RULES
        if r != one.name.partition("+")[0]
    }
    known = {
        r: v
        for r, v in rules.items()
        if v is not None and len(Subject(one.receipt, r).origins) == len(one.origins)
    }
    return max(known, key=lambda r: known[r]) if known else None
