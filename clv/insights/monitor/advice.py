"""What to do now, by a stated rule: the first that applies.

1. **mend**: the upload's verdict is *stop*. A model fitted on a broken file is broken as well.
2. **model**: the last two tracked forecasts missed the total by more than 10 %, both to the same side, and
   this run's model is theirs. Fitting it again does not end what it gets wrong every time.
3. **refit**: they did, and this run's model is another one; or the forecast in use is off. Its total lies outside its range (or, without ranges, is
   missed by more than 20 %), or its chances of buying are off by more than 5 points on average, or
   what a new customer is expected to do moved by more than 15 %.
4. **keep**: nothing of that.
5. **wait**: no older forecast has a month that is over, and nothing else speaks against this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import Action, TrackedForecast
    from clv.insights.monitor.base import Check

#: Miss of the total, as a share of what came, that counts as systematic if it comes twice.
AGAIN: Final = 0.10
#: The same for a forecast without a range.
OFF: Final = 0.20
#: Mean distance of the chances from the shares that bought.
CHANCES_OFF: Final = 0.05


class Advice(NamedTuple):
    """An action, and the keys of what speaks for it (`clv.report.words.monitor.REASONS`)."""

    action: Action
    reasons: tuple[str, ...]


def advise(
    data: Sequence[Check],
    model: Sequence[Check],
    tracked: Sequence[TrackedForecast],
    name: str | None,
) -> Advice:
    """Apply the rule.

    Parameters
    ----------
    data, model
        Checks of the upload (`clv.insights.monitor.uploads`) and of the model (`clv.insights.monitor.models.drift`).
    tracked
        `clv.insights.monitor.tracking.track` of older runs, the latest as-of date first.
    name
        The model of the run that is looked at.
    """
    if any(check.verdict == "stop" for check in data):
        return Advice("mend", ("data",))
    misses = [bias for one in tracked[:2] if (bias := miss(one)) is not None]
    again = len(misses) == 2 and (min(misses) > AGAIN or max(misses) < -AGAIN)
    if again and all(one["model"] == name for one in tracked[:2]):
        return Advice("model", ("again",))
    reasons = [*(("again",) if again else ()), *(off(tracked[0]) if tracked else ())]
    reasons += [check.key for check in model if check.verdict != "ok" and check.key != "choice"]
    if reasons:
        return Advice("refit", tuple(reasons))
    return Advice("keep", ("held",)) if tracked else Advice("wait", ("young",))


def miss(one: TrackedForecast) -> float | None:
    """Return by which share a tracked forecast's total missed: of revenue if known, else of orders."""
    total = one["total"]
    return total.get("revenue", total["purchases"])["bias"]


def off(one: TrackedForecast) -> list[str]:
    """Return what speaks against a tracked forecast."""
    reasons = []
    value = one["value"]
    if value is not None and value["low"] is not None and value["high"] is not None:
        if not value["low"] <= value["actual"] <= value["high"]:
            reasons.append("range")
    elif (bias := miss(one)) is not None and abs(bias) > OFF:
        reasons.append("total")
    if one["chances"]["ece"] > CHANCES_OFF:
        reasons.append("chances")
    return reasons
