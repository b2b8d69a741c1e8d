"""One verdict on a forecast: good, usable or don't rely on it, with its one reason.

The rule: every finding below has a word; the worst word is the verdict, and the first finding with that
word, in this order, is its reason.

============================  ==========================================  =================================
looked at                     *usable* at best                            *don't rely on it*
============================  ==========================================  =================================
tested on past dates          on one date only (given last)               on none
every customer alike                                                      all were given the same forecast
the last past date alone      off by more than 10 %, and 10 points worse  off by more than 25 %, and 10
                              than the dates before                       points worse
total of orders and revenue   off by more than 10 % on average            off by more than 25 %
months tested                 fewer than the forecast's                   fewer than a third of them
range of the total            its high end is over 2 times the low one    over 5 times, or low end at 0
customers' ranges             surely 5 points fewer held than promised    surely 20 points fewer
order of the customers        less than 20 % of the way from chance to
                              perfect
rule of thumb                 as good on the last past date
drop-out near nothing         99 in 100 customers are active with a
                              chance of 95 % or more
============================  ==========================================  =================================

A total is off by the mean of its misses whatever their sign, of orders or of revenue, whichever is
larger: too high and too low do not make up for each other. "Surely" means that the whole interval of the
measured share lies below. The other assumptions (`clv.insights.assumptions`) say why a forecast misses;
that it misses is what the tests show, so that they have no say of their own.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Final

from clv.core.formatting import day, percent, plural, size, too
from clv.forecast import receipts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.schema import ForecastVerdict, Receipt, Summary, VerdictWord
    from clv.runs import Run

    Found = tuple[VerdictWord, str, str]

#: Shares of the total from which on it is off, and off too far for any plan.
TOTAL: Final = 0.10
TOTAL_LOST: Final = 0.25
#: By how much the last date must be worse than those before to be the reason.
LAST: Final = 0.10
#: Part of the forecast's months that tests must reach.
MONTHS_LOST: Final = 1 / 3
#: High over low end of the total's range.
WIDE: Final = 2.0
WIDE_LOST: Final = 5.0
#: Shares of customers by which ranges may hold fewer than promised.
HELD: Final = 0.05
HELD_LOST: Final = 0.20
#: Of the way from a ranking by chance to a perfect one.
RANKING: Final = 0.20
#: A chance of being active that is as good as certain, and the share of customers who have it.
ACTIVE: Final = 0.95
ALL_ACTIVE: Final = 0.99
#: Best first.
WORDS: Final[tuple[VerdictWord, ...]] = ("good", "usable", "don't rely on it")
_GOOD, _USABLE, _LOST = WORDS


def of_run(run: Run) -> ForecastVerdict | None:
    """Return the verdict on a run's forecast; None where nothing is forecast."""
    if run.summary.get("predicted_clv") is None and run.summary.get("predicted_purchases") is None:
        return None
    return judge(run.receipt, run.summary, all_active=everyone_active(run))


def cells(run: Run) -> dict[str, str | None]:
    """Return ``verdict`` and ``verdict_reason`` of a run, both None where nothing is forecast."""
    found = of_run(run)
    return {
        "verdict": found["word"] if found else None,
        "verdict_reason": found["reason"] if found else None,
    }


def everyone_active(run: Run) -> bool:
    """Return whether the fitted drop-out is near nothing, so that "still active" says nothing."""
    if run.summary.get("predicted_purchases") is None:
        return False
    share = run.query(f"SELECT avg((p_alive >= {ACTIVE})::INTEGER) AS share FROM forecasts")
    found = share["share"][0].as_py()
    return found is not None and found >= ALL_ACTIVE


def judge(
    receipt: Receipt | None, summary: Summary, *, all_active: bool = False
) -> ForecastVerdict:
    """Return the verdict that the rule above gives.

    Parameters
    ----------
    receipt
        ``Run.receipt``; None before the test.
    summary
        ``Run.summary``, for the range of the total.
    all_active
        See `everyone_active`.
    """
    found = list(_findings(receipt, summary, all_active=all_active))
    word, code, reason = max(found, key=lambda each: WORDS.index(each[0]))
    return {"word": word, "code": code, "reason": reason}


def _findings(receipt: Receipt | None, summary: Summary, *, all_active: bool) -> Iterator[Found]:
    """Return what has a word, in the order of the rule; what is good comes last."""
    name = None if receipt is None else receipts.subject(receipt)
    if receipt is None or name is None:
        why = receipt["reason"] if receipt and receipt["reason"] else ""
        told = "the forecast was not tested on past dates"
        yield _LOST, "untested", f"{told}. {why}" if why else f"{told}."
        return
    yield from _alike(receipt, name)
    yield from _total(receipt, name)
    yield from _months(receipt)
    yield from _range(summary)
    yield from _held(receipt)
    yield from _ranking(receipt, name)
    if (checked := receipt["checked"]) and checked["as_good"]:
        yield _USABLE, "rule", "a simple rule of thumb was as good on the last past date."
    if all_active:
        yield (
            _USABLE,
            "drop-out",
            "the model sees hardly any customer leave, so it can't tell who has left.",
        )
    if len(receipt["origins"]) == 1:
        yield _USABLE, "one date", "it could be tested on one past date only."
    if misses := _misses(receipt, name):
        yield _GOOD, "total", _off(misses)


def _alike(receipt: Receipt, name: str) -> Iterator[Found]:
    amounts = [o["measures"][name]["purchases"] for o in receipt["origins"]]
    # Without a Gini all customers did the same, and no ranking could be told from another.
    known = [a["spearman"] for a in amounts if a["gini"] is not None]
    if known and all(rank is None for rank in known):
        yield _LOST, "alike", "it says the same of every customer."


def _misses(receipt: Receipt, name: str) -> list[float]:
    """Return how far the total was off on each date, of orders or of revenue, the worse of the two."""
    kinds: list[list[float]] = []
    for kind in ("purchases", "value"):
        amounts = [o["measures"][name][kind] for o in receipt["origins"]]
        biases = [a["bias"] for a in amounts if a is not None and a["bias"] is not None]
        if len(biases) == len(receipt["origins"]):
            kinds.append(biases)
    return max(kinds, key=lambda biases: fmean(map(abs, biases)), default=[])


def _total(receipt: Receipt, name: str) -> Iterator[Found]:
    misses = _misses(receipt, name)
    if not misses:
        yield _LOST, "nothing", "nobody ordered after the past dates, so nothing could be compared."
        return
    off, last = fmean(map(abs, misses)), abs(misses[-1])
    if len(misses) > 1 and last > TOTAL and last - fmean(map(abs, misses[:-1])) > LAST:
        word = _LOST if last > TOTAL_LOST else _USABLE
        when = day(receipt["origins"][-1]["as_of"])
        yield (
            word,
            "last date",
            f"on the last past date ({when}) the forecast was {too(misses[-1])}, worse than before.",
        )
    if off > TOTAL:
        yield _LOST if off > TOTAL_LOST else _USABLE, "total", _off(misses)


def _off(misses: list[float]) -> str:
    """Write how far totals were off, as their mean: ``on 3 past dates the forecast was 6 % too low``."""
    by = fmean(map(abs, misses))
    dates = f"on {plural(len(misses), 'past date')}"
    over = " on average" if len(misses) > 1 else ""
    if min(misses) < 0 < max(misses):
        return f"{dates} the forecast was off by {size(by)}{over}."
    return f"{dates} the forecast was {too(by if misses[0] > 0 else -by)}{over}."


def _months(receipt: Receipt) -> Iterator[Found]:
    tested, wanted = receipt["horizon_months"], receipt["forecast_months"]
    if tested < wanted:
        word = _LOST if tested < wanted * MONTHS_LOST else _USABLE
        yield (
            word,
            "months",
            (
                f"the file's history is too short to test more than {plural(tested, 'month')} of the "
                f"{wanted} that are forecast."
            ),
        )


def _range(summary: Summary) -> Iterator[Found]:
    ranges = summary.get("ranges")
    if ranges is None:
        return
    low, high = ranges["total"]["low"], ranges["total"]["high"]
    if high > 0 and (low <= 0 or high > low * WIDE):
        lost = low <= 0 or high > low * WIDE_LOST
        many = "" if low <= 0 else f": its high end is {high / low:.1f} times its low end"
        yield _LOST if lost else _USABLE, "range", f"the range of the total is wide{many}."


def _held(receipt: Receipt) -> Iterator[Found]:
    measured = receipt["ranges"]["measured"]
    if measured is None:
        return
    rows = {row["group"]: row for row in measured["after"] or measured["before"]}
    row, level = rows.get("wider") or rows.get("all"), receipt["ranges"]["level"]
    if row is not None and row["high"] < level - HELD:
        word = _LOST if row["high"] < level - HELD_LOST else _USABLE
        yield (
            word,
            "ranges",
            f"{percent(level)} ranges held only {percent(row['inside'])} of the customers.",
        )


def _ranking(receipt: Receipt, name: str) -> Iterator[Found]:
    ranks = [o["measures"][name]["purchases"]["gini"] for o in receipt["origins"]]
    known = [rank for rank in ranks if rank is not None]
    if known and fmean(known) < RANKING:
        yield _USABLE, "ranking", "it hardly tells good customers from others."
