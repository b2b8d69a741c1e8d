"""What pages say of ranges: what they promise, and what was measured; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import day, money, money_range, of_ten, percent, plural
from clv.report.words.run import next_months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.backtest.sum_ranges import Sum
    from clv.core.schema import Coverage, CustomerForecast, Receipt, RunSettings, Summary, SumRanges


#: Groups of customers whose coverage is shown (`clv.backtest.calibration.coverage`), and their names.
GROUPS: Final = {
    "all": "All customers",
    "wider": "Range wider than zero",
    "one-time": "One order day so far",
    "repeat": "Two order days or more",
    "whales": "Highest 5\u00a0% by forecast",
    "nothing": "Most likely nothing comes",
}

#: How the range of a group comes about.
OF_SUMS: Final = (
    "**Low and high end** of a group's value: chance, which is little for many customers; what is not "
    "known of the model's parameters; and by how much tests on past dates missed the total beyond the "
    "two, taken to be the same for every group. The ends of groups don't add up to those of all."
)


def level(ranges: SumRanges) -> str:
    """Return the promised share within a sentence: ``8 in 10``."""
    return of_ten(ranges["level"])


def total(summary: Summary, settings: RunSettings) -> str:
    """Say how sure the total is; empty without ranges."""
    ranges = summary.get("ranges")
    if ranges is None:
        return ""
    currency = settings["currency"]
    wide = money_range(ranges["total"]["low"], ranges["total"]["high"], currency)
    return (
        f"All customers together should be worth {wide} in {next_months(settings)} "
        f"({percent(ranges['level'])} range around {money(summary.get('predicted_clv'), currency)})."
    )


def together(found: Sum | None, ranges: SumRanges, currency: str) -> str:
    """Write the range of a sum: ``between €40,000 and €310,000 (80 % range)``; empty for none."""
    if found is None:
        return ""
    return f"{money_range(found.low, found.high, currency)} ({percent(ranges['level'])} range)"


def missing(summary: Summary) -> str:
    """Say that there are no ranges where there could be some, or what they lack."""
    # Who says values only, as a ready-made model does, has nothing that a range could be made of.
    if summary.get("predicted_clv") is None or summary.get("predicted_purchases") is None:
        return ""
    ranges = summary.get("ranges")
    if ranges is None:
        return "No ranges: this forecast was made without a test on past dates."
    if not ranges["tests"]:
        return (
            "The ranges are the model's own: they could not be tested on past dates, and what comes "
            "may lie outside more often than they say."
        )
    return ""


def customer(
    facts: CustomerForecast, ranges: SumRanges | None, found: Receipt | None, currency: str
) -> str:
    """Say what one customer's range means, and how such ranges did; empty without one.

    Parameters
    ----------
    facts
        A row of the forecasts.
    ranges
        Of the run's summary.
    found
        The run's receipt.
    """
    wide = money_range(facts["predicted_clv_low"], facts["predicted_clv_high"], currency)
    if not wide or ranges is None:
        return ""
    row, as_of = measured(found, "nothing" if most_likely_nothing(facts) else "wider")
    if most_likely_nothing(facts):
        told = (
            f"Most likely nothing comes: that is to be expected of at least {level(ranges)} "
            "customers like this one."
        )
        did = "brought nothing"
    else:
        told = f"The range, {wide}, should hold for {level(ranges)} customers like this one."
        did = "did bring a value within their range"
    if row is None:
        return told
    return f"{told} Tested as of {day(as_of)}, {percent(row['inside'])} of such customers {did}."


def most_likely_nothing(facts: CustomerForecast) -> bool:
    """Return whether a range goes from nothing to no more than what is expected."""
    low, high, value = (
        facts["predicted_clv_low"],
        facts["predicted_clv_high"],
        facts["predicted_clv"],
    )
    if low is None or high is None or value is None:
        return False
    return money_range(low, low) == money_range(0, 0) and high <= value


def measured(found: Receipt | None, group: str) -> tuple[Coverage | None, str]:
    """Return a group's coverage and the date on which it was measured."""
    tests = found["ranges"]["measured"] if found else None
    if tests is None:
        return None, ""
    rows = tests["after"] or tests["before"]
    return next((r for r in rows if r["group"] == group), None), tests["as_of"]


def sentence(found: Receipt) -> str:
    """Answer whether the ranges hold what they promise."""
    all_, as_of = measured(found, "all")
    if all_ is None:
        return "Whether the ranges hold what they promise could not be measured: there was no test."
    wider, _ = measured(found, "wider")
    promised = found["ranges"]["level"]
    told = (
        f"Ranges meant to hold for {of_ten(promised)} customers held for {percent(all_['inside'])} "
        f"as of {day(as_of)}"
    )
    if wider is None:
        return f"{told}; none of them was wider than zero."
    verdict = "as promised"
    if not wider["low"] <= promised <= wider["high"]:
        points = abs(wider["inside"] - promised) * 100
        apart = "less than a point" if points < 1 else plural(points, "point")
        verdict = f"{apart} {'fewer' if wider['inside'] < promised else 'more'} than promised"
    return f"{told}; where they were wider than zero, for {percent(wider['inside'])}: {verdict}."


def coverage_title(rows: Sequence[Coverage], promised: float) -> str:
    """Say how many groups had the promised share within their ranges, or more."""
    some = [r for r in rows if r["group"] not in {"all", "nothing"}]
    held = sum(r["high"] >= promised for r in some)
    return (
        f"In {held} of {plural(len(some), 'group')} the ranges held for {percent(promised)} or more, "
        "within chance"
    )


def totals(found: Receipt) -> str:
    """Say by how much tests of the total missed, which makes its range."""
    ranges = found["ranges"]
    if not ranges["tests"]:
        return ""
    number = plural(ranges["tests"], "past date")
    error = ranges["model_error"]
    if error < 0.005:
        return f"On {number} the total was off by no more than chance explains."
    return (
        f"On {number} the total was off by {percent(error)} more than chance explains. That makes the "
        "total's range as wide as it is: of so many customers, chance alone would move it little."
    )
