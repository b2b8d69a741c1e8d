"""What the comparison of two forecasts says, from its figures (`clv.insights.bins`); pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.backtest.past_dates import FEWEST_CUSTOMERS
from clv.core import names
from clv.core.formatting import count, day, percent, plain, plural
from clv.core.scores import CLIP, MORE_IS_BETTER
from clv.insights.bins import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import BinsReport, Came, Edges, OutsideForecast, ScoreName, Side


#: Two rankings closer than this are said to be the same.
_CLOSE: Final = 0.005
#: Where fewer are in different bins, nothing is said of who they are.
_FEW_APART: Final = 10
_VALUED: Final = "+all-orders"
#: Score → (name, what it is) for people.
SCORES: Final[Mapping[ScoreName, tuple[str, str]]] = {
    "brier": ("Error of the chance (Brier)", "Mean squared error of the chance; 0 is perfect."),
    "reliability": (
        "… from chances that are off (reliability)",
        "Mean squared distance of a group's mean chance from the share of it that bought.",
    ),
    "resolution": (
        "… saved by telling customers apart (resolution)",
        "Mean squared distance of the groups' shares of buyers from the share of all. More is better.",
    ),
    "uncertainty": (
        "… that everybody has (uncertainty)",
        "The error of giving everybody the share that bought; the same for all forecasts.",
    ),
    "within": (
        "… within the groups",
        "What grouping leaves out: chances that differ within a group. Negative where they are right to.",
    ),
    "log_loss": (
        "Surprise (log-loss)",
        "Mean of −log of the chance given to what happened. Chances are kept from 0.1 % to 99.9 %.",
    ),
    "auc": (
        "Buyers recognised (AUC)",
        "How often a buyer had the higher chance than somebody who did not buy; 50 % is chance.",
    ),
}


def title(name: str, outside: str = "") -> str:
    """Return a forecast's name as headings and tables write it; ``outside`` is a file's."""
    return f"{name} (from outside)" if name == outside else names.title(name)


def label(found: BinsReport, side: Side) -> str:
    """Return the name of one side of a comparison, see `title`."""
    return title(_name(found, side), _outside(found))


def who(found: BinsReport, side: Side) -> str:
    """Return one side's name within a sentence."""
    name = _name(found, side)
    if name == _outside(found):
        return f"the forecast in {name}"
    rule = names.rule(name, found.get("recency_days"))
    return f"the rule{rule.removeprefix('The rule')}" if rule.startswith("The rule") else rule


def _short(found: BinsReport, side: Side) -> str:
    """Return one side's name where both have been named already."""
    name, other = (_name(found, s) for s in (side, _other(side)))
    if name == _outside(found):
        return "your file"
    rule = names.who(name) != names.title(name)
    return "the rule" if rule and names.who(other) == names.title(other) else names.who(name)


def _name(found: BinsReport, side: Side) -> str:
    """Return a side's name without how it values orders, which has no say in who buys."""
    name, other = (found["names"][s] for s in (side, _other(side)))
    plain = name.removesuffix(_VALUED)
    return name if plain == other.removesuffix(_VALUED) else plain


def _outside(found: BinsReport) -> str:
    outside = found.get("outside")
    return outside["name"] if outside else ""


def ahead(found: BinsReport) -> str:
    """Return ``the 9 months after 30 Sep 1997``; a year is called one."""
    months = found["horizon_months"]
    span = {1: "month", 12: "year"}.get(months, f"{months} months")
    return f"the {span} after {day(found['as_of'])}"


def verdict(found: BinsReport) -> str:
    """Say in two sentences who predicts better who buys, and what to do with it."""
    return f"{_who_is_better(found)} {_what_to_do(found)}"


def _who_is_better(found: BinsReport) -> str:
    first, second = (who(found, side) for side in SIDES)
    if found["same"]:
        return _capital(
            f"{first} and {second} give every customer the same chance of buying in {ahead(found)}, so "
            "that there is nothing to choose between them here."
        )
    errors = {side: found["measures"][side]["brier"] for side in SIDES}
    better = found["better"]
    if found["differences"]["brier"] is None:
        return _capital(
            f"only {plural(found['customers'], 'customer')} can be compared, too few to tell whether "
            f"{first} or {second} predicts better who buys; at least {FEWEST_CUSTOMERS} are needed."
        )
    if better is None:
        return _capital(
            f"{first} and {second} predicted who bought in {ahead(found)} about equally well: the "
            f"errors of their chances differ by {percent(_less(errors))}, no more than chance would "
            f"make them{_pairs(found, *SIDES)}."
        )
    other = _other(better)
    return _capital(
        f"{who(found, better)} predicted who bought in {ahead(found)} better than {who(found, other)}, "
        f"by more than chance: the error of its chances is {percent(_less(errors))} "
        f"smaller{_pairs(found, better, other)}."
    )


def _less(errors: Mapping[Side, float]) -> float:
    """Return by which share of the larger error the smaller one is smaller."""
    largest = max(errors.values())
    return 1 - min(errors.values()) / largest if largest else 0.0


def _pairs(found: BinsReport, side: Side, other: Side) -> str:
    """Say how often either puts a buyer above a non-buyer; nothing where nobody or all bought."""
    own, its = (found["measures"][s]["auc"] for s in (side, other))
    if own is None or its is None:
        return ""
    if abs(own - its) < _CLOSE or percent(own) == percent(its):
        return f", and both put a buyer above a non-buyer in {percent(own)} of pairs"
    if found["better"] is None:
        return f", and they put a buyer above a non-buyer in {percent(own)} and {percent(its)} of pairs"
    joint = "and" if own > its else "although"
    told = f", {joint} it puts a buyer above a non-buyer in {percent(own)} of pairs, against {percent(its)}"
    edges = found["differences"]["auc"]
    sure = edges is not None and (edges[1] > 0 or edges[2] < 0)
    return told if sure else f"{told} (no more than chance)"


def _what_to_do(found: BinsReport) -> str:
    apart = found["disagreement"]
    most = apart["largest"]
    if most is None:
        return (
            "They put every customer in the same bin, so that for a mailing by bins it does not matter "
            "which of them you use."
        )
    put = f"They put {plural(apart['customers'], 'customer')} ({percent(apart['share'])}) in different bins"
    if apart["customers"] < _FEW_APART:
        return (
            f"{put}, so that for a mailing by bins it hardly matters which of them you use; these are "
            "too few to say who was right."
        )
    first, second = (_short(found, side) for side in SIDES)
    number = most["customers"]
    which = f"the {count(number)}" if number > 1 else "the one"
    if most["right"] is not None:
        advice = f"so go by {_short(found, most['right'])} there"
    elif most["difference"] is None:
        advice = "but these are too few to say who was right"
    else:
        advice = "and neither was closer by more than chance"
    return (
        f"{put}, most often {which} whose order {first} calls {most['first']} and {second} "
        f"{most['second']}: {percent(most['actual'])} bought where {first} had said "
        f"{percent(most['predicted_first'])} and {second} {percent(most['predicted_second'])}, {advice}."
    )


def useless(found: BinsReport) -> str:
    """Say so where a forecast's chances are no better than the share of buyers for everybody."""
    level = found["measures"]["first"]["uncertainty"]
    bad = [who(found, s) for s in SIDES if found["measures"][s]["brier"] >= level]
    if not bad or level == 0:
        return ""
    rest = f"no better here than giving everybody the same chance of {percent(found['rate'])}."
    if len(bad) == 1:
        return _capital(f"the chances of {bad[0]} are {rest}")
    return _capital(f"the chances of {bad[0]} and of {bad[1]} are {rest}")


def bins_title(found: BinsReport) -> str:
    """Say how many of those called highly likely bought, by either forecast."""
    told = []
    for side in SIDES:
        top = found["bins"][side][0]
        name = _short(found, side)
        if not top["customers"]:
            told.append(f"{name} calls nobody highly likely to buy")
        else:
            told.append(
                f"{percent(top['actual'])} of the {plural(top['customers'], 'customer')} bought "
                f"that {name} calls highly likely to buy"
            )
    if found["same"]:
        return _capital(told[0])
    return _capital("; ".join(told))


def cells_title(found: BinsReport) -> str:
    """Say on how many customers both agree."""
    agree = 1 - found["disagreement"]["share"]
    return f"Both put {percent(agree)} of the customers in the same bin"


def right_title(found: BinsReport) -> str:
    """Say who was closer, over all customers in different bins."""
    apart = found["disagreement"]
    if apart["right"] is not None:
        return f"Where they disagree, {_short(found, apart['right'])} was closer"
    if apart["difference"] is None:
        return "They disagree about too few customers to say who was closer"
    return "Where they disagree, neither was closer by more than chance"


def reliability_title(found: BinsReport) -> str:
    """Say in how many groups either forecast's chance came true."""
    told = []
    for side in SIDES:
        rows = found["reliability"][side]
        inside = sum(r["low"] <= r["predicted"] <= r["high"] for r in rows)
        told.append(f"{inside} of {plural(len(rows), 'group')} of {_short(found, side)}")
    if found["same"]:
        return f"The chances came true in {told[0]}"
    return f"The chances came true in {told[0]}, and in {told[1]}"


def interval(row: Came) -> str:
    """Write the interval of a share: ``28 % to 34 %``; a dash is for the table to show."""
    return "" if row["low"] is None else f"{percent(row['low'])} to {percent(row['high'])}"


def apart(name: ScoreName, edges: Edges | None) -> str:
    """Write a difference, first less second, with its interval; of the AUC in percentage points."""
    if edges is None:
        return ""
    if name == "auc":
        found, low, high = (f"{edge * 100:+.1f}" for edge in edges)
        found += " points"
    else:
        found, low, high = (f"{edge:+.4f}" for edge in edges)
    return f"{found} ({low} to {high})".replace("-", "\u2212")


def score(name: ScoreName, value: float | None) -> str:
    """Write one score: the AUC as a percentage, the others with four decimals."""
    if value is None:
        return ""
    shown = f"{value * 100:.1f}\u00a0%" if name == "auc" else f"{value:.4f}"
    return shown.replace("-", "\u2212")


def closer(found: BinsReport, name: ScoreName) -> str:
    """Say whose score is better by more than chance."""
    edges = found["differences"][name]
    if found["same"] or name == "uncertainty":
        return "the same"
    if edges is None:
        return ""
    if edges[1] <= 0 <= edges[2]:
        return "too close to tell"
    first = (edges[0] > 0) == (name in MORE_IS_BETTER)
    return label(found, "first" if first else "second")


def read(outside: OutsideForecast) -> str:
    """Say what became of the rows of a file from outside; every one is counted."""
    rows, matched = outside["rows"], outside["matched"]
    left = rows - matched
    told = f"{outside['read_as']} {plural(rows, 'row')} = {count(matched)} used"
    told += f" + {count(left)} left out."
    if missing := outside["missing"]:
        tested = missing + matched
        told += (
            f" {count(missing)} of the {plural(tested, 'tested customer')} have no chance in the file: "
            f"both forecasts are compared on the other {count(matched)}."
        )
    return told


#: Code of a rejected row → how a sentence counts it.
REASONS: Final = {
    "missing_customer": "without a customer",
    "unreadable_probability": "with a chance that is no number",
    "unclear_unit": "in another unit than the rest (percent sign or none)",
    "outside_range": "with a chance outside the range",
    "unknown_customer": "of customers who were not tested",
    "duplicate_customer": "of a customer who had a row already",
    "too_few_fields": "with too few fields",
    "too_many_fields": "with too many fields",
    "broken_quotes": "with a quote that is not closed",
}


def left_out(outside: OutsideForecast) -> str:
    """Say why rows were left out: ``3 of customers who were not tested, 1 without a customer``."""
    return ", ".join(f"{count(n)} {REASONS[code]}" for code, n in outside["rejected"].items())


def _other(side: Side) -> Side:
    return SIDES[1 - SIDES.index(side)]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def test(found: BinsReport) -> str:
    """Say what both forecasts saw, and of whom they spoke; ends with a space."""
    return (
        f"Both forecasts saw the orders up to {day(found['as_of'])} and nothing later. "
        f"Each of {plural(found['customers'], 'customer')} known then gets a chance of at least one "
        f"order up to {day(found['end'])}; {count(found['buyers'])} ({percent(found['rate'])}) did "
        "order. "
    )


def clipped(found: BinsReport) -> str:
    """Say of how many chances the log-loss would be beyond all bounds; ends a paragraph."""
    moved = " and ".join(
        f"{count(found['measures'][side]['clipped'])} of {label(found, side)}" for side in SIDES
    )
    return (
        f"Chances moved for the log-loss, being nearer to 0 or 1 than {percent(CLIP)}: "
        f"{plain(moved)}.\n\n"
    )
