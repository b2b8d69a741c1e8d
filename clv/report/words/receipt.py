"""What the page on accuracy says, from a receipt's figures (`clv.forecast.receipts`); pure functions."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Final

from clv.backtest import choose_model
from clv.backtest import dates as past
from clv.core import metrics, names
from clv.core.choice import ALL_ORDERS
from clv.core.formatting import count, day, percent, plural, too
from clv.core.names import who
from clv.forecast import receipts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import (
        AgainstRules,
        ByContender,
        Decile,
        LeaderboardRow,
        PastDate,
        Receipt,
        ReliabilityBin,
    )


#: A wider distance between two shares than this is said as a range.
_CLOSE: Final = 0.015
#: A total that is off by less was as expected.
_EXACT: Final = 0.005
#: Losses closer together are those of the same forecast.
_SAME: Final = 1e-9
#: A month that is off by less is counted as near.
_NEAR: Final = 0.10
_TRIED: Final = {
    "season": "the season of the year",
    "all_orders": "counting first orders in an order's value",
    "corrected": "a correction learned from earlier days",
}
#: How the default forecast is chosen (`clv.backtest.choose_model`).
RULE_OF_CHOICE: Final = (
    "**The choice.** MBG/NBD stays unless another model or rule forecast each customer's orders better "
    "by more than chance (“clearly better”) and was not clearly worse on the last date, which has no "
    "other say and shows what the choice is worth; then the one with the smallest error takes its place. "
    "It follows the season, and then a correction learned on the days before, where that in turn was "
    "better by more than chance. First orders always count in an order's value. Past dates whose "
    "following months "
    "overlap are not independent: chance is that of customers and of dates, and the fewer months there "
    "are, the harder MBG/NBD is to leave. Compared, and never chosen: BG/NBD, which counts everyone who "
    "ordered once as active for ever, and the rule that forecasts the same for everybody."
)


def ahead(found: Receipt) -> str:
    """Return ``the following 9 months``."""
    months = found["horizon_months"]
    return "the following month" if months == 1 else f"the following {months} months"


def missed(found: Receipt, contender: str) -> str:
    """Say how far totals of orders were off: ``19 % too low``, ``between 10 % too low and 4 % too high``.

    Empty where nobody ordered, or nothing is known.
    """
    measured = [o["measures"][contender]["purchases"] for o in found["origins"]]
    biases = [each["bias"] for each in measured]
    known = sorted(bias for bias in biases if bias is not None)
    if not known:
        return ""
    low, high = known[0], known[-1]
    if high - low < _CLOSE or _off(low) == _off(high):
        return _off(sum(known) / len(known))
    return f"between {_off(low)} and {_off(high)}"


def _off(bias: float) -> str:
    if abs(bias) < _EXACT:
        return "almost exactly right"
    return too(bias)


def sentence(found: Receipt) -> str:
    """Answer the question of the page: how good the forecast would have been."""
    model = receipts.subject(found)
    if model is None:
        return f"There is no test of this forecast. {found['reason']}"
    row = _row(found, model)
    number = len(found["origins"])
    dates = "1 past date" if number == 1 else f"{number} past dates"
    off = missed(found, model)
    if not off:
        return (
            f"Tested on {dates}: nobody known then ordered in {ahead(found)}, so that the forecast "
            "cannot be compared with orders."
        )
    parts = [f"{who(_orders_of(model))} was {off} for the orders of {ahead(found)}"]
    parts += filter(None, [against_rules(found, model)])
    if row["orders_top10"] is not None:
        parts.append(
            f"the 10\u00a0% of customers it ranked highest brought {percent(row['orders_top10'])} "
            "of the orders"
        )
    told = ", ".join(parts[:-1]) + f", and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"Tested on {dates}: {told}."


def against_rules(found: Receipt, model: str) -> str:
    """Say how a model did beside the rules of thumb, in forecasting each customer's orders."""
    together = found["together"]
    loss = together["loss"] if together else {}
    rules = [rule for rule in choose_model.RULES if rule in loss]
    if together is None or not rules or model.partition("+")[0] in choose_model.RULES:
        return ""
    rule = min(rules, key=lambda r: loss[r])
    if loss[rule] <= loss[model]:
        # The best of all may be the rule or another model: only the former has an interval here.
        sure = together["best"] == rule and metrics.differs(together["apart"][model], loss[rule])
        verdict = "was better" if sure else "was at least as good"
        return f"{who(rule)} {verdict} customer by customer"
    if together["best"] == model:
        sure = metrics.differs(together["apart"][rule], loss[model])
    else:
        # Compared with the best model, which is at least as good as this one.
        _, low, _ = together["apart"][rule]
        sure = low > loss[model] - loss[together["best"]]
    if not sure:
        return f"{who(rule)} was about as good customer by customer"
    ranks = _gini(found, model) > max((_gini(found, r) for r in rules), default=0.0)
    did = "forecast and ranked customers" if ranks else "forecast customers"
    return f"{did} better than every rule of thumb"


def rivals(found: Receipt) -> str:
    """Say who was best customer by customer, whether the next one is really apart, whose total."""
    together, second = found["together"], found["runner_up"]
    if together is None or second is None:
        return ""
    several = " over all dates" if len(found["origins"]) > 1 else ""
    told = f"The smallest error customer by customer{several} was that of {who(together['best'])}"
    told += (
        f", but the difference to {who(second)} is too small to tell them apart."
        if found["noise"]
        else f", ahead of {who(second)} by more than chance."
    )
    total = receipts.closest_total(found)
    if total is None or total == together["best"]:
        return told
    return f"{told} Closest to the total was {who(total)}: {missed(found, total)}."


def shorter(found: Receipt) -> str:
    """Say where the tests look less far ahead than the forecast, or dates were left out."""
    if not found["origins"] or not found["reason"]:
        return ""
    return found["reason"]


def untested(found: Receipt) -> str:
    """Say where the answer is about another model than the forecast's own."""
    if receipts.subject(found) in {None, found["model"]}:
        return ""
    return (
        "The forecast's own model could not be tested on every date; the answer is about the best "
        "of those that could."
    )


def some(found: Receipt) -> str:
    """Say where not everybody was tested; empty otherwise."""
    known, tested = found["customers_known"], found["customers_tested"]
    if tested >= known:
        return ""
    return (
        f"Tested on {count(tested)} of {plural(known, 'customer')}, drawn by a hash of their ids."
    )


def choice(found: Receipt) -> dict[str, str]:
    """Tell how the forecast was chosen: question → answer."""
    made = found["choice"]
    by = "by the tests on past dates" if made["asked"] == "auto" else "by name, in the settings"
    told = {
        "Forecast": names.title(made["name"]),
        # Receipts of earlier versions say less.
        "Chosen": "before there were tests" if made.get("made_before") else by,
        "Why": made["reason"],
    }
    if made["runner_up"]:
        told["Next best"] = names.title(made["runner_up"])
    if made["tried"]:
        told["Tried as well"] = "; ".join(
            f"{_TRIED[what]}: {'better' if better else 'no better'}"
            for what, better in made["tried"].items()
        )
    if moved := levels(found):
        told["Levels"] = moved
    if shared := overlap(found):
        told["Dates"] = shared
    if checked := found["checked"]:
        told["Rules of thumb"] = (
            f"{names.rule(made['as_good'], found['recency_days'])} is {_as_good(checked)}."
            if made["as_good"]
            else "None is as good."
        )
        told["Checked"] = check(found)
    return told


def closer(found: Receipt) -> str:
    """Say how much closer the forecast was than the plain model, and than the best rule of thumb.

    Empty without a test, and for receipts of earlier versions.
    """
    lost = found["choice"].get("losses")
    chosen = lost["chosen"] if lost else None
    if not lost or chosen is None:
        return ""
    plain, rule = lost["plain"], lost["rule"]
    parts = []
    if plain and abs(chosen / plain - 1) > _SAME:
        parts.append(f"{_distance(chosen, plain)} the plain model")
    if rule:
        parts.append(f"{_distance(chosen, rule)} the best rule of thumb")
    if not parts:
        return ""
    return f"On past dates this forecast was {' and '.join(parts)}."


def _distance(loss: float, other: float) -> str:
    """Say ``6 % closer than``, ``as close as`` or ``2 % further off than``."""
    apart = 1 - loss / other
    if abs(apart) < _EXACT:
        return "as close as"
    return f"{percent(abs(apart))} {'closer' if apart > 0 else 'further off'} than"


def levels(found: Receipt) -> str:
    """Say by how much chances to buy and order values were moved for everybody; empty where not."""
    steps = found["choice"].get("steps")
    if not steps:
        return ""
    buyers, order_value = math.expm1(steps["buyers"]), math.expm1(steps["order_value"])
    parts = []
    if by := _moved(buyers):
        more = "more" if buyers > 0 else "fewer"
        parts.append(
            f"{more} customers bought than predicted for the number of orders, so chances to buy are {by}"
        )
    if by := _moved(order_value):
        more = "more" if order_value > 0 else "less"
        parts.append(f"{more} was spent per order than predicted, so order values are {by}")
    if not parts:
        return ""
    return f"On every past date {'; '.join(parts)}. The tests' figures are without this."


def _moved(share: float) -> str:
    """Say ``raised by 6 %`` or ``lowered by 6 %``; empty below a tenth of a per cent."""
    if not round(abs(share), 3):
        return ""
    return f"{'raised' if share > 0 else 'lowered'} by {percent(abs(share))}"


def overlap(found: Receipt) -> str:
    """Say that dates which share months are not independent; empty where they are, or there is one."""
    tested = found["origins"][:-1] or found["origins"]
    if len(tested) < 2:
        return ""
    windows = [(date.fromisoformat(o["as_of"]), date.fromisoformat(o["end"])) for o in tested]
    number = past.independent(windows)
    if number > len(tested) - 0.05:
        return ""
    return (
        f"The {len(tested)} dates that decide share months and are not independent: they count as "
        f"{number:.1f}."
    )


def _as_good(seen: AgainstRules) -> str:
    return "better" if seen["high"] < 0 else "as good"


def check(found: Receipt) -> str:
    """Say how the choice did beside the best rule of thumb on the last date; empty without one."""
    seen = found["checked"]
    if seen is None:
        return ""
    rule = names.rule(seen["rule"], found["recency_days"])
    rule = rule[0].lower() + rule[1:]
    when = (
        f"On {day(seen['as_of'])}, which had no say in the choice,"
        if found["unseen"]
        else f"On {day(seen['as_of'])}, the only date there is,"
    )
    low, high = signed(seen["low"]), signed(seen["high"])
    size = f"(difference in loss {signed(seen['difference'])}, from {low} to {high})"
    if not seen["as_good"]:
        return f"{when} it forecast each customer better than {rule}, by more than chance {size}."
    if seen["high"] < 0:
        return f"{when} {rule} forecast each customer better, by more than chance {size}."
    return f"{when} it could not be told apart from {rule} {size}."


def signed(value: float) -> str:
    """Write a difference in loss: ``0.016``, ``−0.016``."""
    return f"{value:z.3f}".replace("-", "\u2212")


def behind(row: LeaderboardRow) -> str:
    """Write the difference to the best: ``0.016 (0.012 to 0.021)``."""
    if row["difference"] is None:
        return "best"
    if round(row["difference"], 3) == 0:
        return "as good"
    low, high = row["difference_low"] or 0.0, row["difference_high"] or 0.0
    return f"{signed(row['difference'])} ({signed(low)} to {signed(high)})"


def compared(found: Receipt, origin: PastDate, model: str) -> list[str]:
    """Return whose lines are drawn: the forecast's own, the best other model, the best rule."""
    rows = receipts.leaderboard(found, origin["as_of"])
    own = next(r["loss"] for r in rows if r["contender"] == model)
    # The same loss is the same forecast of orders under another name.
    others = [r["contender"] for r in rows if abs(r["loss"] - own) > _SAME]
    models = [n for n in others if n not in choose_model.RULES]
    return [model, *models[:1], *[n for n in others if n in choose_model.RULES][:1]]


def dates(origin: PastDate) -> str:
    """Return ``as of 30 Sep 1997, compared up to 30 Jun 1998``."""
    return f"as of {day(origin['as_of'])}, compared up to {day(origin['end'])}"


def ranking_title(rows: Sequence[Decile]) -> str:
    """Say what the best group by forecast really brought, beside the last."""
    if len(rows) < 2:
        return "All customers were forecast the same"
    best, last = rows[0]["actual"], rows[-1]["actual"]
    if best <= last:
        return "Customers ranked highest did not bring more than those ranked lowest"
    if last <= 0:
        return "Customers ranked lowest brought nothing; those ranked highest brought the most"
    ratio = best / last
    if ratio < 2:
        return "Customers ranked highest brought more than those ranked lowest"
    return f"Customers ranked highest brought {ratio:,.0f} times as much as those ranked lowest"


def chance_title(rows: Sequence[ReliabilityBin]) -> str:
    """Say which share of the customers bought, and which the chances had said."""
    customers = sum(r["customers"] for r in rows)
    came = percent(sum(r["customers"] * r["actual"] for r in rows) / customers)
    said = percent(sum(r["customers"] * r["predicted"] for r in rows) / customers)
    if came == said:
        return f"{came} of the customers bought, as their chances had said"
    return f"{came} of the customers bought; their chances had said {said}"


def within(rows: Sequence[ReliabilityBin]) -> str:
    """Say in how many groups the forecast chance lies within the interval of what came."""
    inside = sum(r["low"] <= r["predicted"] <= r["high"] for r in rows)
    return f"the forecast lies within them in {inside} of {plural(len(rows), 'group')}"


def tracking_title(weeks: Sequence[ByContender], contender: str) -> str:
    """Say how far the expected total was off when the test ended."""
    actual, said = weeks[-1]["actual"], weeks[-1][contender]
    if actual <= 0:
        return "No order came in the weeks of the test"
    off = said / actual - 1
    if abs(off) < _EXACT:
        return f"After {plural(len(weeks), 'week')} the expected orders had come"
    more = "more" if off < 0 else "fewer"
    return (
        f"After {plural(len(weeks), 'week')} {percent(abs(actual / said - 1)) if said else 'many'} "
        f"{more} orders had come than expected"
    )


def months_title(origin: PastDate, contender: str) -> str:
    """Say how far a month's orders were off on average, and how many months by less than a tenth."""
    off = origin["mape"][contender]["purchases"]
    if off is None:
        return "Month by month"
    pairs = [m["purchases"] for m in origin["months"]]
    near = sum(abs(p[contender] / p["actual"] - 1) < _NEAR for p in pairs)
    return (
        f"A month's orders were off by {percent(off)} on average; {near} of "
        f"{plural(len(pairs), 'month')} by less than {percent(_NEAR)}"
    )


def _orders_of(name: str) -> str:
    """Return a forecast's name without what only its values know of."""
    return name.removesuffix(f"+{ALL_ORDERS}")


def _row(found: Receipt, contender: str) -> LeaderboardRow:
    return next(r for r in receipts.leaderboard(found) if r["contender"] == contender)


def _gini(found: Receipt, contender: str) -> float:
    value = _row(found, contender)["orders_gini"]
    return float("-inf") if value is None else value
