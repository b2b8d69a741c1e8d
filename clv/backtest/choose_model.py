"""Which forecast is to be the default: chosen by what each said on past dates, and what came.

The rule, in full. MBG/NBD is the standard; it stays unless another one forecast the customers' orders
better on the past dates by more than chance, and was not worse by more than chance on the last date,
which has no other say; then the one with the smallest loss takes its place. The chosen one wears the
season where that in turn was better on dates of its own (`clv.backtest.past_dates.season_dates`), and
the correction where that was. The loss is a mean deviance per customer (`clv.backtest.moving_origin.losses`;
month by month for the season). First orders always count in an order's value; the classic Gamma-Gamma, of
repeat orders alone, is asked for by name.

*By more than chance* is a difference of at least a thousandth of the loss, and a paired 95 % interval
that leaves 0 out. Two things are drawn by chance: the customers, and the dates (`clv.backtest.dates`).
The fewer dates there are that share no outcome month, the harder the standard is to leave.

Some are compared and can be asked for, but are never chosen. BG/NBD and BG/CNBD-k take everybody with
a single order for active, for ever, so that nobody could be told who is slipping away. The rule that
everybody does as the average ranks nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.backtest import dates
from clv.backtest.moving_origin import losses, shares
from clv.core import metrics, names
from clv.core.choice import PURCHASES, STANDARD, Choice
from clv.models.purchase.rules import HEURISTICS, PopulationMean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.backtest.moving_origin import Backtest
    from clv.core.schema import AgainstRules, Closeness, Together, Tried
    from clv.core.types import Floats

#: Losses of the same forecast are further apart by no more than this share of them, and by this.
_ALIKE: Final = 1e-3
_NOTHING: Final = 1e-9
RULES: Final = tuple(rule.name for rule in HEURISTICS)
#: Forecasts the same for everybody.
CONSTANT: Final = PopulationMean.name
CHOSEN_FROM: Final = tuple(
    name for name in PURCHASES if not name.startswith("bg-") and name != CONSTANT
)


class Ranking(NamedTuple):
    """Who forecast the customers' orders how well, on dates that may decide.

    Attributes
    ----------
    winner
        By the rule above.
    runner_up
        The smallest loss of the others that could be the forecast and don't forecast the same; None
        if there is none.
    challengers
        Who was better than the standard by more than chance, and not worse on the last date; the
        best first.
    loss
        Mean loss by contender.
    barred
        Who was better even than the winner by more than chance, but is never chosen; the best first.
    """

    winner: str
    runner_up: str | None
    challengers: list[str]
    loss: Mapping[str, float]
    barred: list[str]


def deciding(backtests: Sequence[Backtest]) -> Sequence[Backtest]:
    """Return the backtests that may decide: all but the last, or the only one."""
    return backtests[:-1] or backtests


def rank(backtests: Sequence[Backtest], last: Backtest | None = None) -> Ranking | None:
    """Rank the contenders of some dates; None where none that can be the forecast was tested.

    Parameters
    ----------
    backtests
        The dates that decide.
    last
        The date that has no say but one: who is worse there than the standard by more than chance
        doesn't take its place.
    """
    share = (
        shares(backtests, [backtest.losses(losses) for backtest in backtests]) if backtests else {}
    )
    loss = {name: float(values.mean()) for name, values in share.items()}
    ranked = sorted(loss, key=lambda n: metrics.comparable(loss[n]))
    able = [n for n in ranked if can_be_chosen(n)]
    if not able:
        return None
    standard = STANDARD if STANDARD in able else able[0]
    better = _better(share, standard, _between(backtests, standard))
    worse = _worse_on(last, standard) if last else set()
    challengers = [n for n in able if n in better - worse]
    winner = challengers[0] if challengers else standard
    others = [n for n in able if not _alike(share[n], share[winner])]
    ahead = _better(share, winner, _between(backtests, winner))
    barred = [n for n in ranked if n in ahead and not can_be_chosen(n)]
    return Ranking(winner, others[0] if others else None, challengers, loss, barred)


def can_be_chosen(name: str) -> bool:
    """Return whether a contender can be the forecast; it may wear something."""
    try:
        return Choice.parse(name).purchases in CHOSEN_FROM
    except ValueError:
        return False


def _alike(one: Floats, other: Floats) -> bool:
    """Return whether two forecasts are the same one, as Erlang-1 is Poisson."""
    return bool(np.abs(one - other).mean() < _ALIKE * np.abs(other).mean() + _NOTHING)


def _better(
    share: Mapping[str, Floats], holder: str, between: Mapping[str, float] | None = None
) -> set[str]:
    """Return who loses less than the holder by more than chance, given each customer's losses.

    ``between``: the standard errors of the differences for what happens to dates, by contender.
    """
    apart = metrics.paired_difference(share, holder)
    return {
        name
        for name, edges in apart.items()
        if metrics.differs(
            dates.wider(dates.mirrored(edges), (between or {}).get(name, 0.0)),
            float(share[holder].mean()),
        )
    }


def _between(backtests: Sequence[Backtest], holder: str) -> dict[str, float]:
    """Return how unsure the dates leave each contender's difference to the holder."""
    number = dates.independent([(b.origin.as_of, b.origin.end) for b in backtests])
    result = {}
    for name in backtests[-1].tested:
        if not all(name in b.tested and holder in b.tested for b in backtests):
            continue
        apart, moved = [], []
        for b in backtests:
            one, other = (b.tested[n].forecast for n in (name, holder))
            apart.append(float((losses(b.sample, one) - losses(b.sample, other)).mean()))
            moved.append(dates.moved(b.sample.purchases, one.purchases, other.purchases))
        result[name] = dates.between(apart, moved, number)
    return result


def _worse_on(last: Backtest, standard: str) -> set[str]:
    """Return who lost more than the standard on one date, by more than what customers do by chance."""
    lost = last.losses(losses)
    if standard not in lost:
        return set()
    apart = metrics.paired_difference(lost, standard)
    loss = float(lost[standard].mean())
    return {name for name, edges in apart.items() if metrics.differs(edges, loss)}


def better_with(
    backtests: Sequence[Backtest],
    lost: Sequence[Mapping[str, Floats]],
    plain: str,
    other: str,
    *,
    by_customers_alone: bool = False,
) -> bool:
    """Return whether one variant of a forecast lost less than the plain one by more than chance.

    Parameters
    ----------
    lost
        Each origin's losses by contender, of the kind that the variant is about.
    by_customers_alone
        Whether dates are no draws of chance, as the quarters of a year are none.
    """
    two = [{name: by[name] for name in (plain, other) if name in by} for by in lost]
    if not all(len(by) == 2 for by in two):
        return False
    number = dates.independent([(b.origin.as_of, b.origin.end) for b in backtests])
    apart = [float((by[other] - by[plain]).mean()) for by in two]
    between = {} if by_customers_alone else {other: dates.between(apart, [], number)}
    return other in _better(shares(backtests, two), plain, between)


def against_rules(backtest: Backtest, choice: Choice) -> AgainstRules | None:
    """Compare the choice with the best rule of thumb at one date, best one that had no say.

    Where it could not wear its season then, it is compared as it would have forecast: without.

    Returns
    -------
    AgainstRules
        ``as_of``, ``rule`` and the rule's loss less the choice's with its 95 % interval:
        ``difference, low, high``; ``as_good``: the rule is as good as the choice, or better, within
        chance. None where no rule was tested.
    """
    lost = backtest.losses(losses)
    chosen = choice.name if choice.name in lost else choice.purchases
    rules = [name for name in RULES if name in lost and name != choice.purchases]
    if not rules or chosen not in lost:
        return None
    rule = min(rules, key=lambda name: float(lost[name].mean()))
    edges = metrics.paired_difference({n: lost[n] for n in (chosen, rule)}, chosen)[rule]
    difference, low, high = edges
    return {
        "as_of": backtest.origin.as_of.isoformat(),
        "rule": rule,
        "difference": difference,
        "low": low,
        "high": high,
        "as_good": not metrics.differs(edges, float(lost[chosen].mean())),
    }


def closeness(together: Together, choice: Choice, runner_up: str | None) -> Closeness:
    """Say how close those came who matter to the reader: mean loss over all dates, the last included.

    Where the choice could not wear its season on every date, what it would have worn counts.
    """
    loss = together["loss"]
    stood_for = (choice, replace(choice, season=False), Choice(choice.purchases))
    rules = [name for name in RULES if name in loss and name != choice.purchases]
    rule = min(rules, key=lambda name: loss[name], default=None)
    return {
        "chosen": next((loss[one.name] for one in stood_for if one.name in loss), None),
        "runner_up": loss.get(runner_up or ""),
        "plain": loss.get(STANDARD),
        "rule": loss[rule] if rule else None,
        "rule_name": rule,
    }


def reason(
    ranking: Ranking | None,
    choice: Choice,
    *,
    asked: bool,
    tried: Tried,
    rule: AgainstRules | None,
    recency_days: float | None,
    made: bool = False,
) -> str:
    """Say in plain sentences why the forecast is what it is.

    Parameters
    ----------
    ranking
        None where no test was possible.
    asked
        Whether the user asked for it by name.
    tried
        ``season`` and ``corrected`` where they were tried: whether they were better.
    rule
        From `against_rules`.
    recency_days
        The recency rule's N, to name it.
    made
        Whether the forecast had been made, without a test, before these tests were.
    """
    mine = names.title(choice.name)
    if ranking is None:
        why = "No test on past dates was possible"
        usual = names.title(choice.purchases)
        return f"{why}; {mine} was asked for." if asked else f"{why}, so {usual} is used."
    given = asked or made
    told = [_why_given(ranking, choice, asked=asked) if given else _why(ranking, choice)]
    told += [
        _GAIN[what] for what, better in tried.items() if what in _GAIN and better and not given
    ]
    told += [_NO_GAIN[what] for what, better in tried.items() if not better]
    if rule is not None and rule["as_good"]:
        good = "was better on the last date" if rule["high"] < 0 else "is as good here"
        told.append(f"{names.rule(rule['rule'], recency_days)} {good}.")
    return " ".join(told)


def _why_given(ranking: Ranking, choice: Choice, *, asked: bool) -> str:
    other = names.who(ranking.winner)
    same = ranking.winner == choice.purchases
    instead = "" if same else f"; the tests on past dates would have chosen {other}"
    why = "was asked for" if asked else "was used without a test"
    return f"{names.rule(choice.name)} {why}{instead}."


def _why(ranking: Ranking, choice: Choice) -> str:
    who = names.who(choice.purchases)
    if ranking.winner in ranking.challengers:
        why = (
            f"On past dates {who} forecast customers' orders clearly better than "
            f"{names.title(STANDARD)}."
        )
    else:
        other = "other model that can be chosen" if ranking.barred else "other model"
        why = f"On past dates no {other} was clearly better than {who}."
    return " ".join([why, *(_barred(name) for name in ranking.barred[:1])])


def _barred(name: str) -> str:
    base = name.partition("+")[0]
    if base == CONSTANT:
        because = "it forecasts the same for everybody, and so ranks nobody"
    elif base in RULES:
        because = "it can't forecast a period of another length"
    else:
        because = "it counts everyone who ordered once as active for ever"
    return f"{names.rule(name)} was clearly better still, but is never chosen: {because}."


_GAIN: Final = {
    "corrected": "A correction learned on the days before made it clearly more accurate.",
    "season": "Following the season of the year made the monthly totals clearly more accurate.",
}
_NO_GAIN: Final = {
    "corrected": "A correction learned on the days before was tried too: not clearly better.",
    "season": "The season of the year was tried too: not clearly better.",
}
