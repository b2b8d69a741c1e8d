"""What the cohorts page says, computed from its report. Pure functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, day, expected, money, month, percent, plural
from clv.insights.cohorts.calendar import period_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.insights.cohorts.calendar import Grain
    from clv.insights.cohorts.report import FirstYear, SecondOrders
    from clv.insights.cohorts.triangle import Measure
    from clv.insights.cohorts.verdict import Standing, Trait, Verdict

MEASURES: Final[dict[Measure, str]] = {
    "retention": "Customers who ordered",
    "revenue": "Revenue per customer",
    "cumulative_revenue": "Revenue per customer, added up",
    "orders": "Orders per customer",
    "cumulative_orders": "Orders per customer, added up",
}
GRAINS: Final[dict[Grain, str]] = {"month": "Months", "quarter": "Quarters", "week": "Weeks"}
TRAITS: Final[dict[Measure, Trait]] = {
    "retention": "returned",
    "revenue": "revenue",
    "cumulative_revenue": "revenue",
    "orders": "orders",
    "cumulative_orders": "orders",
}
_TOO_FEW: Final = (
    "There are not two cohorts of 30 customers or more to compare with each other yet."
)


def cohort_name(cohort: int, grain: Grain) -> str:
    """Name a cohort: ``Dec 2017``, ``Q4 2017``; a week by its Monday, ``4 Dec 2017``."""
    start = period_start(cohort, grain)
    if grain == "week":
        return day(start)
    if grain == "quarter":
        return f"Q{(start.month + 2) // 3}\u00a0{start.year}"
    return month(start)


def periods_title(grain: Grain) -> str:
    """Name what the columns count."""
    return f"{GRAINS[grain]} since the {grain} of the first order"


def number(value: float) -> str:
    """Write orders per customer: two decimals, one from 10 on."""
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:,.1f}"


def written(value: float, measure: Measure, currency: str) -> str:
    """Write one value of a measure with its unit."""
    if measure == "retention":
        return percent(value)
    return number(value) if measure.endswith("orders") else money(value, currency)


def in_cell(value: float, measure: Measure) -> str:
    """Write a value as short as a cell of the heatmap wants it."""
    short = written(value, measure, "")
    return short.replace("under ", "<").replace("over ", ">")


def sentence(
    year: FirstYear | None,
    seconds: SecondOrders,
    verdict: Verdict | None,
    trait: Trait,
    grain: Grain,
    first_cohort: int,
    currency: str,
) -> str:
    """Say how revenue is front-loaded, how many come back, and which cohort stands out."""
    told = [f"{_back(seconds)}."]
    if year is not None and year.revenue is not None and year.periods > 1:
        total = float(year.revenue.sum())
        if total > 0:
            share, back = percent(float(year.revenue[0]) / total), _back(seconds)
            front = (
                f"{share} of what a customer brings in the first {plural(year.periods, grain)} "
                f"comes in the {grain} of the first order"
            )
            if year.customers < seconds.customers / 2:
                who = plural(year.customers, "customer")
                front += f" (as seen in the {who} known that long)"
            told = [f"{front}; {back[0].lower()}{back[1:]}."]
    told.append(_compared(verdict, trait, grain, first_cohort, currency))
    return " ".join(told)


def _back(seconds: SecondOrders) -> str:
    if seconds.customers == 1:
        return (
            "The one customer has come back" if seconds.returned else "Nobody has come back so far"
        )
    if not seconds.returned:
        return f"None of {count(seconds.customers)} customers has come back so far"
    if seconds.returned == seconds.customers:
        return f"All {count(seconds.customers)} customers have come back"
    return f"So far {percent(seconds.rate)} of customers have come back"


def _compared(
    verdict: Verdict | None, trait: Trait, grain: Grain, first_cohort: int, currency: str
) -> str:
    if verdict is None or not verdict.standings:
        return _TOO_FEW
    when = f"in the {grain} of the first order"
    if verdict.last:
        when = f"{plural(verdict.last, grain)} after the first order"
    best, worst = verdict.best, verdict.worst
    if best is None and worst is None:
        return f"Compared {when}, no cohort differs from the others by more than chance would do."
    parts = []
    if best:
        older = (
            " (the file begins there, so it may hold older customers)"
            if best.cohort == first_cohort
            else ""
        )
        parts.append(f"the best cohort is {_standing(best, trait, grain, currency)}{older}")
    if worst:
        parts.append(
            f"the worst {'' if best else 'cohort '}is {_standing(worst, trait, grain, currency)}"
        )
    average = _amount(verdict.average, trait, currency)
    both = "both differ" if best and worst else "it differs"
    told = " and ".join(parts)
    return (
        f"Compared {when}, {told}, against {average} on average: {both} from the others by more than "
        "chance would do."
    )


def _standing(standing: Standing, trait: Trait, grain: Grain, currency: str) -> str:
    name = cohort_name(standing.cohort, grain)
    return f"{name} with {_amount(standing.value, trait, currency)}"


def _amount(value: float, trait: Trait, currency: str) -> str:
    if trait == "returned":
        return f"{percent(value)} back"
    if trait == "orders":
        return f"{number(value)} orders a customer"
    return f"{money(value, currency)} a customer"


def heatmap_statement(
    average: Sequence[float], age: int | None, measure: Measure, grain: Grain, currency: str
) -> str:
    """Say what the average row shows, early and at the age at which cohorts are compared."""
    # Beyond that age the average rests on the few oldest cohorts.
    upto = len(average) if age is None else age + 1
    known = [i for i, v in enumerate(average[:upto]) if math.isfinite(v)]
    if not known:
        return f"The first {grain} is not over yet"
    last = known[-1]
    figures = [written(average[i], measure, currency) for i in (0, min(1, last), last)]
    if measure == "retention":
        if last == 0:
            return f"No {grain} after that of the first order is over yet"
        late = f" and {figures[2]} {last} {grain}s after it" if last > 1 else ""
        return (
            f"On average {figures[1]} of customers order in the {grain} after the first order{late}"
        )
    what = "orders" if measure.endswith("orders") else ""
    verb = f"places {figures[0]} {what}" if what else f"brings {figures[0]}"
    first = f"On average a customer {verb} in the {grain} of the first order"
    if last == 0:
        return first
    if measure.startswith("cumulative"):
        return f"{first}, {figures[2]} by {plural(last, grain)} after it"
    return f"{first} and {figures[1]} in the next"


def heatmap_caption(
    measure: Measure, grain: Grain, unit: str, as_of: object, *, partial: bool, forecast: bool
) -> str:
    """Say what a cell holds, and what blank, pale and italic cells are."""
    what = {
        "retention": f"Share of a cohort's customers with an order in the {grain}",
        "revenue": f"Revenue of the {grain} per original customer of the cohort, in {unit}",
        "cumulative_revenue": (
            f"Revenue up to and including the {grain} per original customer of the cohort, in {unit}"
        ),
        "orders": f"Orders in the {grain} per original customer of the cohort",
        "cumulative_orders": (
            f"Orders up to and including the {grain} per original customer of the cohort"
        ),
    }[measure]
    told = [f"{what}, as of {day(as_of)}."]  # type: ignore[arg-type]
    if forecast:
        told.append("Pale cells in italics are forecast.")
    if partial:
        told.append(f"A star marks a {grain} that is not over.")
    told.append("Blank cells lie in the future. The average counts periods that are over.")
    if grain == "week":
        told.append("Weeks are named by their Monday.")
    return " ".join(told)


def waiting(seconds: SecondOrders) -> str:
    """Write the median wait for the second order; a dash where nobody came back."""
    if seconds.quartiles is None:
        return "–"
    return plural(round(seconds.quartiles[1]), "day")


def waiting_more(seconds: SecondOrders) -> str:
    """Say between which days half of the second orders came, and how many came soon."""
    if seconds.quartiles is None:
        return "Nobody has ordered on a second day so far."
    first, _, third = seconds.quartiles
    return (
        f"Of the {count(seconds.returned)} customers who came back, half did so between "
        f"{expected(first)} and {plural(third, 'day')} after the first order."
    )


def coming_back(seconds: SecondOrders) -> str:
    """Say how many came back, and within 90 days where all were seen for so long."""
    told = f"{count(seconds.returned)} of {count(seconds.customers)} customers ordered on a second day."
    if seconds.soon is not None:
        told += f" Within 90 days of the first order: {percent(seconds.soon)}."
    return told


def curves_statement(verdict: Verdict | None, trait: Trait, grain: Grain) -> str:
    """Say which cohort lies highest at the age at which all are compared."""
    if verdict is None or not verdict.standings:
        return "Cohorts side by side"
    top = verdict.standings[0]
    name = cohort_name(top.cohort, grain)
    what = {"returned": "most customers back", "revenue": "most revenue per customer"}
    told = what.get(trait, "most orders per customer")
    when = f"{plural(verdict.last, grain)} after the first order" if verdict.last else "at first"
    doubt = "" if verdict.best else ", though chance alone could do that"
    return f"{name} has the {told} {when}{doubt}"
