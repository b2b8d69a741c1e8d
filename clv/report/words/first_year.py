"""What the page on first-year value says. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from clv.core import names
from clv.core.formatting import count, day, money, month, percent, plural
from clv.features.spans import Span
from clv.insights.newcomers import FEW, QUARTER
from clv.learn.plans import Design, said
from clv.report.words.segments import first, value_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import (
        BoardRow,
        Decile,
        Effect,
        EffectPoint,
        Importance,
        Leaderboard,
        MonthsOfValue,
        ValuePart,
    )
    from clv.insights.newcomers import Channel, Compared, Group, Mark, SecondOrder
    from clv.insights.newcomers.curves import Newcomers
    from clv.insights.newcomers.second_order import Difference
    from clv.insights.newcomers.training import Kept


NO_MONEY: Final = (
    "The file has no amounts, so that there is no value to look at. The pages on cohorts and on "
    "customers show what is known without."
)
CORRELATION: Final = (
    "A correlation, not an effect: whoever comes back early may have been the better customer from the "
    "start, in ways that no file shows. Making others order again need not bring as much."
)
STANDINGS: Final = {
    "more": "▲ more than the others",
    "less": "▼ less than the others",
    "same": "no more than chance",
    "few": "too few to compare",
}
_PART_NAMES: Final = {10: "tenth", 5: "fifth", 4: "quarter", 3: "third", 2: "half"}
VERDICTS: Final = {
    "pays": "✓ earned back",
    "loses": "✗ not earned back",
    "open": "? can't be told yet",
    "few": "too few customers",
}
DESIGNS: Final = {
    "early": "New customers, from their first weeks",
    "window": "All customers, from their past",
}
_SPAN: Final = re.compile(r"[1-9]\d{0,3}[dwm]")
_PLAIN: Final = {
    "cohort_month": "Month of the first order",
    "first_value": "Value of the first order",
    "second_order": "A second order by then",
    "days_to_second": "Days to the second order",
    "days_since_last": "Days since the last order",
    "orders": "Orders so far",
    "revenue": "Revenue so far",
    "frequency": "Days with a repeat order (frequency)",
    "recency": "Days from first to last order (recency)",
    "T": "Days since the first order (T)",
    "monetary_value": "Mean value of the repeat orders",
    "gap_mean": "Days between orders, mean",
    "gap_last": "Days between the last two orders",
    "gap_longest": "Longest gap between orders",
    "n_categories": "Categories bought from",
}
_SPANNED: Final = {
    "rev": "Revenue in {}",
    "n_orders": "Orders in {}",
    "days": "Days with an order in {}",
    "items": "Items in {}",
    "n_categories": "Categories in {}",
    "share": "Share of revenue in {}",
    "mean": "Mean order in {}",
    "trend": "Revenue in {} less that before",
    "events": "Events in {}",
}


def sentence(everyone: Newcomers, months: int, kept: Kept | None, currency: str) -> str:
    """Answer: what a new customer brings, and whom the best tenth by the forecast stands for."""
    found = everyone.after(months)
    if found is None:
        return (
            f"Too few customers were watched for {plural(months, 'month')} to say what one brings."
        )
    low, high = (money(v, currency) for v in (found.low, found.high))
    told = (
        f"A new customer brings {money(found.mean, currency)} in {plural(months, 'month')} "
        f"(on average between {low} and {high})"
    )
    share = best_share(kept) if kept and kept.foresees(months) else None
    if share is None:
        return f"{told}."
    return f"{told}; the best tenth by our forecast brings {percent(share)} of that value."


def best_share(kept: Kept, part: ValuePart = "whole") -> float | None:
    """Return the share that the best tenth of the held-out customers brought."""
    return chosen_row(kept)[part]["top10"]


def chosen_row(kept: Kept) -> BoardRow:
    """Return the chosen model's row of the leaderboard."""
    name = kept.report["choice"]["name"]
    return next(r for r in kept.report["board"]["rows"] if r["name"] == name)


def rival_row(kept: Kept) -> BoardRow | None:
    """Return the best forecast that learns nothing from features; None where there is none."""
    found = (r for r in kept.report["board"]["rows"] if not r["learned"])
    return next(found, None)


def by_name(by: str) -> str:
    """Name what customers are compared by, as a choice."""
    return "Quarter of the first order" if by == QUARTER else by


def groups_title(found: Compared, by: str, months: int, currency: str) -> str:
    """Say which group brings most, or that none stands out."""
    best, worst = found.best, found.worst
    what = by_name(by)
    if best is None and worst is None:
        return f"No value of “{what}” brings more or less than the others by more than chance"
    told = [
        f"{_named(g)} {verb} {_mean(g, months, currency)}"
        for g, verb in ((best, "brings most:"), (worst, "least:"))
        if g is not None
    ]
    return f"By “{what}”: {', '.join(told)}"


def _named(group: Group) -> str:
    return value_name(group.newcomers)


def _mean(group: Group, months: int, currency: str) -> str:
    found = group.newcomers.after(months)
    return money(None if found is None else found.mean, currency)


def difference(found: Difference | None, currency: str) -> str:
    """Write a difference with its 95 % interval: ``+€12 (€8 to €16)``."""
    if found is None:
        return "too few alike"
    sign = "+" if found.mean > 0 else ""
    return f"{sign}{money(found.mean, currency)} ({money(found.low, currency)} to {money(found.high, currency)})"


def second_title(found: Sequence[SecondOrder], currency: str) -> str:
    """Say what a second order within the shortest time goes along with."""
    if not found:
        return "Too few customers ordered again early to say what that goes along with"
    one = found[0]
    who = f"Who orders again within {one.days} days"
    if one.matched is None:
        return f"{who} brings {money(one.raw.mean, currency)} more later; too few began alike to compare"
    if not one.matched.certain:
        return f"{who} brings no more later than customers who began alike, as far as can be told"
    more = "more" if one.matched.mean > 0 else "less"
    return (
        f"{who} later brings {money(abs(one.matched.mean), currency)} {more} than customers who "
        "began alike"
    )


def marks_title(found: Sequence[Mark], months: int) -> str:
    """Say how much of the value has come after the first month, and after the third."""
    told = {m.month: percent(m.value.mean) for m in found if m.value is not None}
    if 1 not in told:
        return "When the value comes can't be told from so short a time"
    later = f", {told[3]} after month 3" if 3 in told else ""
    return f"{told[1]} of the value of {first(months)} has come in after month 1{later}"


def onboarding(found: Sequence[Mark]) -> str:
    """Say what the marks mean for whoever welcomes new customers."""
    back = [m for m in found if m.returned is not None]
    if not back:
        return "Nobody has come back within these months: there is nothing to time by."
    half = next((m for m in back if m.returned is not None and m.returned >= 0.5), None)
    if half is None:
        last = back[-1]
        return (
            f"Of those who come back, only {percent(last.returned)} have done so after month "
            f"{last.month}: welcoming them pays for longer than that."
        )
    return (
        f"Half of those who come back have done so by the end of month {half.month}: reach new "
        "customers before then."
    )


def design_title(kept: Kept) -> str:
    """Say in a line what a training foresees from what."""
    design, report = kept.wish.design, kept.report
    held = report["dates"][-1]
    # In the window design one customer is an example on each of several days.
    example, later = (
        ("customer", "later ones")
        if design.kind == "early"
        else ("customer-day", "customers on a later day")
    )
    what = (
        f"{first(design.horizon_months)} of a new customer, predicted after {point(design)}"
        if design.kind == "early"
        else f"the {plural(design.horizon_months, 'month')} after a day, predicted for every customer"
    )
    return (
        f"{what[0].upper()}{what[1:]}. Trained on {plural(held['trained'], example)} as known on "
        f"{day(held['known'])}, tested on {count(held['tested'])} {later}. {thin(report['board'])}"
    ).rstrip()


def means(board: Leaderboard) -> dict[ValuePart, float]:
    """Return what a tested customer brought on average, in all and after the prediction point."""
    customers = board["customers"]
    return {"whole": board["total"] / customers, "remaining": board["remaining"] / customers}


def thin(board: Leaderboard) -> str:
    """Warn where few of the tested customers brought anything of what was to be foreseen."""
    returned = board.get("returned", FEW)
    if returned >= FEW:
        return ""
    return (
        f"Only {count(returned)} of those held out spent anything that could be predicted: too few to "
        "tell forecasts apart."
    )


def point(design: Design) -> str:
    """Name the prediction point: ``the first 3 months``."""
    return span(design.point)


def span(found: Span) -> str:
    """Name the beginning of a life: ``the first 3 months``."""
    return f"the first {said(found)}"


def remaining_name(design: Design) -> str:
    """Name the part of the value that is yet to come at the prediction point."""
    return f"After {point(design)}" if design.kind == "early" else "Next months"


def parts(kept: Kept) -> dict[ValuePart, str]:
    """Return the parts of the value that are told apart: in the window design there is one."""
    remaining = remaining_name(kept.wish.design)
    if kept.wish.design.kind == "window":
        return {"remaining": remaining}
    return {"whole": "Whole value", "remaining": remaining}


def as_share(row: Importance) -> Importance:
    """Return an importance with its smallest and largest shuffle as shares of the error, too."""
    scale = row["share"] / row["increase"] if row["increase"] else 0.0
    return {**row, "low": row["low"] * scale, "high": row["high"] * scale}


def gain_title(kept: Kept, part: ValuePart) -> str:
    """Say what the best customers by forecast brought."""
    row = chosen_row(kept)[part]
    if row["top10"] is None:
        return "The held-out customers brought nothing, so that nothing can be ranked"
    return (
        f"The best 10\u00a0% by forecast brought {percent(row['top10'])} of the value, the best 20\u00a0% "
        f"{percent(row['top20'])}"
    )


def deciles_title(rows: Sequence[Decile], currency: str) -> str:
    """Say what the best and the last group brought."""
    best, last = rows[0], rows[-1]
    return (
        f"The best group by forecast came to {money(best['actual'], currency)} each, the last to "
        f"{money(last['actual'], currency)}"
    )


def importance_title(rows: Sequence[Importance], design: Design) -> str:
    """Say what the forecast looks at most."""
    if not rows or rows[0]["share"] <= 0:
        return "No single feature makes the forecast better on customers that were held out"
    return f"The forecast looks most at: {feature(rows[0]['name'], design).lower()}"


def months_title(told: MonthsOfValue, currency: str) -> str:
    """Say how close the months' totals came."""
    came = sum(r["actual"] for r in told["rows"])
    expected = sum(r["expected"] for r in told["rows"])
    return (
        f"Month by month: {money(expected, currency)} were expected of the held-out customers, "
        f"{money(came, currency)} came"
    )


def part(kept: Kept) -> str:
    """Name what the held-out customers are parted into: ``tenth``."""
    return _PART_NAMES.get(len(kept.bids), "group")


def bids_title(kept: Kept, margin: float, months: int, currency: str) -> str:
    """Say what may be paid for a customer of the best tenth, and of the last."""
    best, last = (t.came.ceiling(margin, months) for t in (kept.bids[0], kept.bids[-1]))
    if best is None or last is None:
        return "Too few customers were held out to say what one may cost"
    return (
        f"A customer of the best {part(kept)} may cost {money(best.mean, currency)}, one of the last "
        f"{money(last.mean, currency)}"
    )


def channels_title(found: Sequence[Channel]) -> str:
    """Say how many channels earn back what they cost."""
    pays, loses = (sum(c.verdict == v for c in found) for v in ("pays", "loses"))
    what = "earns back what it costs" if pays == 1 else "earn back what they cost"
    told = f"{count(pays)} of {plural(len(found), 'channel')} {what}"
    return f"{told}, {count(loses)} surely {'does' if loses == 1 else 'do'} not" if loses else told


def feature(name: str, design: Design) -> str:
    """Return a feature's name as people read it: ``Revenue in the first 3 months``."""
    base, _, group = name.partition(":")
    told = _feature(base, "first" if design.kind == "early" else "last")
    return f"{told}, {group}" if group else told


def _feature(base: str, which: str) -> str:
    if base in _PLAIN:
        return _PLAIN[base]
    head, _, tail = base.rpartition("_")
    if head in _SPANNED and _SPAN.fullmatch(tail):
        return _SPANNED[head].format(f"the {which} {said(Span.of(tail))}")
    if base.startswith("days_since_event"):
        return "Days since the last event"
    missing = base.endswith("_missing")
    told = base.removesuffix("_missing").removeprefix("first_").replace("_", " ")
    where = " of the first order" if base.startswith("first_") else ""
    told = f"{told[:1].upper()}{told[1:]}{where}"
    return f"{told} not known" if missing else told


def points(effect: Effect) -> list[EffectPoint]:
    """Return an effect's points with values as people read them: months and flags in words."""

    def told(value: float | str) -> float | str:
        if effect["kind"] == "month":
            number = round(float(value))
            return month(f"{number // 12}-{number % 12 + 1:02d}").replace("\u00a0", " ")
        if effect["kind"] == "flag":
            return "yes" if float(value) >= 0.5 else "no"
        return value

    # Steps that are added up can lead below nothing; nobody brings less.
    return [
        {**p, "value": told(p["value"]), "expected": max(p["expected"], 0.0)}
        for p in effect["points"]
    ]


def verdict(kept: Kept) -> str:
    """Say which model was chosen, and why."""
    choice = kept.report["choice"]
    # Where they had, the reason says so.
    unseen = " The customers of this table had no say in it." if choice["unseen"] else ""
    return f"**{choice['title']}** is the forecast. {choice['reason']}{unseen}"


def tuning(kept: Kept) -> str:
    """Say what tuning the forest gained, and what the Lasso kept."""
    forest, lasso = kept.report["forest"], kept.report["lasso"]
    told = []
    if forest:
        gain = forest["gain"]["rmse"]
        verb = "lowered" if gain >= 0 else "raised"
        told.append(
            f"Tuning the random forest {verb} its error (RMSE, remaining value) by "
            f"{percent(abs(gain))} against the library's defaults."
        )
    if lasso:
        kept_names = ", ".join(
            feature(one["name"].partition(": ")[0], kept.wish.design).lower()
            for one in lasso["kept"][:5]
        )
        more = f", most of all {kept_names}" if kept_names else ""
        told.append(
            f"The Lasso kept {count(len(lasso['kept']))} of {count(lasso['columns'])} columns{more}."
        )
    return " ".join(told)


def ranges(kept: Kept) -> str:
    """Say how the customers' ranges held."""
    told = kept.report["ranges"]
    return (
        f"Ranges meant to hold {percent(told['level'])} of customers held {percent(told['within'])} of "
        "those held out."
    )


def row_title(name: str, chosen: str) -> str:
    """Return a forecast's name in the leaderboard; the chosen one has a mark."""
    return f"✓ {names.title(name)}" if name == chosen else names.title(name)
