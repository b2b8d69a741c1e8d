"""What a forecast did well and poorly on a file's own past: one judgement a function."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest.choose_model import RULES
from clv.core.formatting import count, day, percent, plural, size
from clv.core.names import who
from clv.forecast import receipts
from clv.insights.verdict import TOTAL
from clv.report.findings.base import Figures, Finding, Kind, Subject, Z, best_rule, off

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from clv.core.schema import Receipt, ReceiptRanges
    from clv.core.types import Floats


#: A group's mean off by more is seen by whoever looks at the group; by less, by nobody.
GROUP: Final = 0.15
#: Single months swing more than a year: off by a tenth is good, by a fifth of little use.
MONTHS_WELL: Final = 0.10
MONTHS_POORLY: Final = 0.20
#: Shares (rankings, captures) closer than a point are the same to anybody who acts on them.
POINT: Final = 0.01
#: A ranking that gets less than a fifth of the way from chance to perfect hardly sorts.
WEAK_RANKING: Final = 0.20
#: The best tenth brings a tenth by chance: a quarter or more is worth a list of its own, less than
#: 15 % isn't.
CAPTURE_WELL: Final = 0.25
CAPTURE_POORLY: Final = 0.15
#: Mean distance of chances from what came. Nobody acts on three points; five mistake one in twenty.
CHANCE_WELL: Final = 0.03
CHANCE_POORLY: Final = 0.05
#: Totals that lie so far apart on different dates: no date tells what the next one will bring.
DATES_APART: Final = 0.15
#: Ranges that hold so many fewer or more than promised promise something else.
COVERAGE: Final = 0.03
COVERAGE_WHALES: Final = 0.05
#: Fewest customers of a group that is spoken of.
FEWEST: Final = 30


def does_well(receipt: Receipt, tested: pa.Table | None = None) -> list[Finding]:
    """Return what the forecast does well on this file.

    Parameters
    ----------
    receipt
        ``Run.receipt``.
    tested
        `clv.runs.Run.tested`: the customers of the last date. With it, one-time buyers, repeat buyers
        and the best tenth are looked at apart.

    Returns
    -------
    list of Finding
        Empty without a test.
    """
    return [found for good, found in _judged(receipt, tested) if good]


def does_poorly(receipt: Receipt, tested: pa.Table | None = None) -> list[Finding]:
    """Return what the forecast does poorly on this file; parameters as in `does_well`."""
    return [found for good, found in _judged(receipt, tested) if not good]


def _judged(receipt: Receipt, tested: pa.Table | None) -> list[tuple[bool, Finding]]:
    name = receipts.subject(receipt)
    if name is None:
        return []
    one = Subject(receipt, name)
    found = [
        *(_total(one, "purchases"), _total(one, "value")),
        *(_dates(one), _months(one)),
        *(_rules(one), _ranking(one), _capture(one)),
        *_groups(one, tested),
        _chance(one),
        *_ranges(receipt["ranges"]),
    ]
    return [each for each in found if each is not None]


def _total(one: Subject, kind: Kind) -> tuple[bool, Finding] | None:
    """Judge the total, and say what chance alone would explain."""
    biases, chance = one.each(kind, "bias"), one.chance(kind)
    if not biases or chance is None:
        return None
    bias, what = fmean(biases), "orders" if kind == "purchases" else "revenue"
    # As the verdict does: too high on one date does not make up for too low on another.
    missed = fmean(map(abs, biases))
    figures: Figures = {"bias": bias, "missed": missed, "chance": chance, "dates": len(biases)}
    good = missed <= TOTAL
    mixed = min(biases) < 0 < max(biases)
    fewer = off(bias, what).replace(" than came", " were expected than came", 1)
    fewer = fewer if what == "orders" else fewer.replace("were", "was")
    both = f"off by {size(missed)}, too high on some dates and too low on others"
    if good:
        text = both if mixed else fewer
        said = f"The total of {what} was close in {one.ahead}{one.over}: {text}"
    elif mixed:
        said = f"The total of {what} was {both}, in {one.ahead}{one.over}"
    else:
        said = f"In total {fewer} in {one.ahead}{one.over}"
    if missed <= chance:
        said += f"; chance alone explains up to {size(chance)}"
    else:
        said += f", more than the {size(chance)} that chance alone explains"
    return good, Finding(f"total-{what}", f"{said}.", figures)


def _dates(one: Subject) -> tuple[bool, Finding] | None:
    """Judge whether the total was as far off on every date."""
    biases, chance = one.each("purchases", "bias"), one.chance("purchases")
    if len(biases) < 2 or chance is None:
        return None
    days = [o["as_of"] for o in one.origins]
    low, high = int(np.argmin(biases)), int(np.argmax(biases))
    apart = biases[high] - biases[low]
    figures: Figures = {"apart": apart, "low": biases[low], "high": biases[high]}
    figures |= {"low_as_of": days[low], "high_as_of": days[high]}
    good = apart <= DATES_APART
    if good and fmean(map(abs, biases)) > TOTAL:
        return None  # Steady, but steadily wrong: the total says so.
    if not good and apart <= chance * 2**0.5:
        return None  # Two totals may lie that far apart by chance.
    every = "both" if len(days) == 2 else f"all {len(days)}"
    said = (
        f"The total was about as far off on {every} past dates: from "
        if good
        else "How far the total was off depends on the date: from "
    )
    said += f"{_too(biases[low])} (as of {day(days[low])}) to {_too(biases[high])} (as of {day(days[high])})"
    if not good and abs(biases[-1]) > max(map(abs, biases[:-1])) + DATES_APART / 3:
        said += "; the latest date was the worst"
    return good, Finding("dates", f"{said}.", figures)


def _too(bias: float) -> str:
    return f"{size(bias)} too {'many' if bias >= 0 else 'few'}"


def _months(one: Subject) -> tuple[bool, Finding] | None:
    """Judge single months, and name the worst of the last test."""
    error = one.mape()
    if error is None or MONTHS_WELL < error <= MONTHS_POORLY:
        return None
    good = error <= MONTHS_WELL
    said = "Single months were close, off" if good else "Single months were off"
    said += f" by {percent(error)} on average"
    figures: Figures = {"mape": error}
    rows = one.origins[-1]["months"]
    if not good and len(rows) > 1:
        misses = [m["purchases"][one.name] / m["purchases"]["actual"] - 1 for m in rows]
        worst = int(np.argmax(np.abs(misses)))
        figures |= {"worst": misses[worst], "worst_end": rows[worst]["end"]}
        said += (
            f"; the worst, the month up to {day(rows[worst]['end'])}, was expected to bring "
            f"{off(misses[worst], 'orders')}"
        )
    return good, Finding("months", f"{said}.", figures)


def _rules(one: Subject) -> tuple[bool, Finding] | None:
    """Judge the forecast of each customer beside the best rule of thumb, on the last date.

    Where there are several dates, the last one had no say in the choice of the forecast.
    """
    checked = one.receipt["checked"]
    if not checked or not one.origins or one.origins[-1]["as_of"] != checked["as_of"]:
        return None
    rule, measures = checked["rule"], one.origins[-1]["measures"]
    gain = checked["difference"] / max(measures[rule]["loss"], 1e-300)
    figures: Figures = {"rule": rule, "gain": gain, "as_of": checked["as_of"]}
    said = f"Customer by customer, as of {day(checked['as_of'])}, "
    other = "other " if one.name.partition("+")[0] in RULES else ""
    if not checked["as_good"]:
        said += (
            f"its error is {percent(gain)} smaller than that of the best {other}rule of thumb "
            f"({_of_rule(rule)}), more than chance"
        )
        return True, Finding("rules", f"{said}.", figures)
    better = checked["high"] < 0
    said += f"{who(rule)} {'was better' if better else 'was as good within chance'}"
    return False, Finding("rules", f"{said}.", figures)


def _of_rule(rule: str) -> str:
    return who(rule).removeprefix("the rule of thumb ")


def _ranking(one: Subject) -> tuple[bool, Finding] | None:
    """Judge how customers are ranked, beside the best rule of thumb."""
    gini = one.mean("purchases", "gini")
    if gini is None:
        return None
    rule = best_rule(one, "purchases", "gini")
    other = None if rule is None else Subject(one.receipt, rule).mean("purchases", "gini")
    figures: Figures = {"gini": gini, "rule": rule, "rule_gini": other}
    said = f"Its ranking of customers is {percent(gini)} of the way from chance to perfect"
    if rule is None or other is None:
        return gini >= WEAK_RANKING, Finding("ranking", f"{said}.", figures)
    best = f"the best rule of thumb for it ({_of_rule(rule)})"
    if gini - other >= POINT and gini >= WEAK_RANKING:
        return True, Finding("ranking", f"{said}; {best} gets {percent(other)}.", figures)
    if gini < WEAK_RANKING:
        return False, Finding("ranking", f"{said}: that hardly sorts them.", figures)
    if other - gini >= POINT:
        return False, Finding("ranking", f"{said}; {best} gets further, {percent(other)}.", figures)
    return False, Finding("ranking", f"{said}, no better than {best}: {percent(other)}.", figures)


def _capture(one: Subject) -> tuple[bool, Finding] | None:
    """Judge what the best tenth by forecast brought."""
    kind: Kind = "value" if one.what == "revenue" else "purchases"
    share = one.mean(kind, "top10")
    if share is None or CAPTURE_POORLY <= share < CAPTURE_WELL:
        return None
    good = share >= CAPTURE_WELL
    said = f"The 10\u00a0% of customers it ranked highest brought {'' if good else 'only '}{percent(share)} of the {one.what}"
    return good, Finding("best-tenth", f"{said}.", {"share": share, "of": one.what})


def _groups(one: Subject, tested: pa.Table | None) -> Iterator[tuple[bool, Finding]]:
    """Judge one-time and repeat buyers and the best tenth apart, at the last date."""
    if tested is None or f"purchases:{one.name}" not in tested.column_names:
        return

    def column(name: str) -> Floats:
        return np.asarray(tested[name], dtype=float)

    x = column("frequency")
    kind = "value" if one.what == "revenue" else "purchases"
    said = column(f"{kind}:{one.name}")
    for code, inside, what, people in (
        ("one-time", x == 0, "purchases", "Customers with a single order"),
        ("repeat", x > 0, "purchases", "Customers with two orders or more"),
        ("best-group", said >= np.quantile(said, 0.9), kind, "The 10\u00a0% ranked highest"),
    ):
        came, expected = (column(n)[inside] for n in (what, f"{what}:{one.name}"))
        actual, n = float(came.sum()), int(inside.sum())
        if n < FEWEST or actual <= 0:
            continue
        ratio = float(expected.sum()) / actual - 1
        chance = Z * float(np.std(came - expected)) * n**0.5 / actual
        figures: Figures = {"ratio": ratio, "chance": chance, "customers": n}
        unit = "revenue" if what == "value" else "orders"
        text = f"{people} ({count(n)}) were expected to bring {off(ratio, unit)}"
        if abs(ratio) > GROUP and abs(ratio) > chance:
            yield (
                False,
                Finding(
                    code, f"{text}, more than the {size(chance)} that chance explains.", figures
                ),
            )
        elif abs(ratio) <= TOTAL and chance <= GROUP:
            close = f"{people} ({count(n)}) were forecast closely: {off(ratio, unit)}"
            yield True, Finding(code, f"{close}.", figures)


def _chance(one: Subject) -> tuple[bool, Finding] | None:
    """Judge the chances of buying, and name the group that is off most."""
    if not one.origins:
        return None
    error = fmean(o["measures"][one.name]["chance"]["ece"] for o in one.origins)
    tables = [o["measures"][one.name]["reliability"] for o in one.origins]
    # Groups of few customers differ from the best of chances, too.
    chance = fmean(
        sum((r["customers"] * r["predicted"] * (1 - r["predicted"])) ** 0.5 for r in rows)
        * (2 / np.pi) ** 0.5
        / sum(r["customers"] for r in rows)
        for rows in tables
    )
    said = f"Its chances of buying were {_points(error)} from what happened, on average"
    figures: Figures = {"ece": error, "chance": chance}
    if error <= CHANCE_WELL:
        return True, Finding("chance", f"{said}: they can be taken at their word.", figures)
    if error - chance <= CHANCE_POORLY:
        return None
    said += f", where perfect ones would have been {_points(chance)}"
    outside = [r for r in tables[-1] if not r["low"] <= r["predicted"] <= r["high"]]
    if outside:
        worst = max(outside, key=lambda r: r["customers"] * abs(r["actual"] - r["predicted"]))
        figures |= {
            "customers": worst["customers"],
            "predicted": worst["predicted"],
            "actual": worst["actual"],
        }
        said += (
            f"; of {plural(worst['customers'], 'customer')} with a chance of about "
            f"{percent(worst['predicted'])}, {percent(worst['actual'])} bought"
        )
    return False, Finding("chance", f"{said}.", figures)


def _points(share: float) -> str:
    """Write a difference of percentages: ``5.8 points``."""
    return percent(share).replace("%", "points")


def _ranges(ranges: ReceiptRanges) -> Iterator[tuple[bool, Finding]]:
    """Judge whether the ranges held what they promised, for all and for the largest customers."""
    measured = ranges["measured"]
    if measured is None:
        return
    rows = {r["group"]: r for r in measured["after"] or measured["before"]}
    level = ranges["level"]
    for code, group, people, slack in (
        ("ranges", "wider", "customers", COVERAGE),
        ("ranges-whales", "whales", "customers with the highest forecasts", COVERAGE_WHALES),
    ):
        row = rows.get(group)
        if row is None or row["customers"] < FEWEST:
            continue
        inside = row["inside"]
        good = abs(inside - level) <= slack or row["low"] <= level <= row["high"]
        if good and group == "whales":
            continue
        said = (
            f"Ranges that promise {percent(level)} held {percent(inside)} of {people} as of "
            f"{day(measured['as_of'])}"
        )
        if not good and inside < level:
            side = "above" if row["above"] > row["below"] else "below"
            said += f"; most of the others came out {side} their range"
        elif not good:
            said += ": they are wider than they need be"
        figures: Figures = {
            "level": level,
            "inside": inside,
            "low": row["low"],
            "high": row["high"],
        }
        yield good, Finding(code, f"{said}.", figures)
