"""Which forecast is to be the default: chosen by what each said on past dates, and what came.

The rule, in full. MBG/NBD is the standard; it stays unless another one forecast the customers' orders
better on the past dates by more than chance, and then the one with the smallest loss takes its place.
The chosen one wears the season, or counts the first order in an order's value, where that in turn
was better by more than chance. The loss is a mean deviance per customer (`clv.backtest.moving_origin.losses`; month
by month for the season, of revenue for the order's value); *by more than chance* is a paired 95 %
interval over customers that leaves 0 out, and a difference of at least a thousandth of the loss.

BG/NBD and BG/CNBD-k are compared and can be asked for, but are never chosen: they take everybody with
a single order for active, for ever, so that nobody could be told who is slipping away.

Where there are several dates, the last one has no say: it stays unseen, to check the choice with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.backtest.moving_origin import losses, shares
from clv.core import metrics, names
from clv.core.choice import PURCHASES, STANDARD
from clv.models.purchase.rules import HEURISTICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.backtest.moving_origin import Backtest
    from clv.core.choice import Choice
    from clv.core.schema import AgainstRules, Tried
    from clv.core.types import Floats

#: Losses of the same forecast are further apart by no more than this share of them, and by this.
_ALIKE: Final = 1e-3
_NOTHING: Final = 1e-9
RULES: Final = tuple(rule.name for rule in HEURISTICS)
CHOSEN_FROM: Final = tuple(name for name in PURCHASES if not name.startswith("bg-"))


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
        Who was better than the standard by more than chance, the best first.
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


def rank(backtests: Sequence[Backtest]) -> Ranking | None:
    """Rank the contenders of some dates; None where none that can be the forecast was tested."""
    share = (
        shares(backtests, [backtest.losses(losses) for backtest in backtests]) if backtests else {}
    )
    loss = {name: float(values.mean()) for name, values in share.items()}
    ranked = sorted(loss, key=lambda n: metrics.comparable(loss[n]))
    able = [n for n in ranked if n in CHOSEN_FROM]
    if not able:
        return None
    standard = STANDARD if STANDARD in able else able[0]
    challengers = [n for n in able if n in _better(share, standard)]
    winner = challengers[0] if challengers else standard
    others = [n for n in able if not _alike(share[n], share[winner])]
    ahead = _better(share, winner)
    barred = [n for n in ranked if n in ahead and n not in CHOSEN_FROM]
    return Ranking(winner, others[0] if others else None, challengers, loss, barred)


def _alike(one: Floats, other: Floats) -> bool:
    """Return whether two forecasts are the same one, as Erlang-1 is Poisson."""
    return bool(np.abs(one - other).mean() < _ALIKE * np.abs(other).mean() + _NOTHING)


def _better(share: Mapping[str, Floats], holder: str) -> set[str]:
    """Return who loses less than the holder by more than chance, given each customer's losses."""
    apart = metrics.paired_difference(share, holder)
    return {
        name
        for name, (difference, low, high) in apart.items()
        if metrics.differs((-difference, -high, -low), float(share[holder].mean()))
    }


def better_with(
    backtests: Sequence[Backtest], lost: Sequence[Mapping[str, Floats]], plain: str, other: str
) -> bool:
    """Return whether one variant of a forecast lost less than the plain one by more than chance.

    Parameters
    ----------
    lost
        Each origin's losses by contender, of the kind that the variant is about.
    """
    two = [{name: by[name] for name in (plain, other) if name in by} for by in lost]
    return all(len(by) == 2 for by in two) and other in _better(shares(backtests, two), plain)


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
        ``season`` and ``all_orders`` where they were tried: whether they were better.
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
        return f"{why}; {mine} was asked for." if asked else f"{why}, so {mine} is used."
    given = asked or made
    told = [_why_given(ranking, choice, asked=asked) if given else _why(ranking, choice)]
    told += [_GAIN[what] for what, better in tried.items() if better and not given]
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
    if choice.purchases in ranking.challengers:
        why = (
            f"On past dates {who} forecast customers' orders clearly better than "
            f"{names.title(STANDARD)}."
        )
    else:
        other = "other model that can be chosen" if ranking.barred else "other model"
        why = f"On past dates no {other} was clearly better than {who}."
    return " ".join([why, *(_barred(name) for name in ranking.barred[:1])])


def _barred(name: str) -> str:
    because = (
        "it can't forecast a period of another length"
        if name in RULES
        else "it counts everyone who ordered once as active for ever"
    )
    return f"{names.rule(name)} was clearly better still, but is never chosen: {because}."


_GAIN: Final = {
    "corrected": "A correction learned on the days before made it clearly more accurate.",
    "season": "Following the season of the year made the monthly totals clearly more accurate.",
    "all_orders": "Counting first orders in an order's value made revenue clearly more accurate.",
}
_NO_GAIN: Final = {
    "corrected": "A correction learned on the days before was tried too: not clearly better.",
    "season": "The season of the year was tried too: not clearly better.",
    "all_orders": "Counting first orders in an order's value was tried too: not clearly better.",
}
