"""Are the newest days all there? An export that runs too early, or breaks off, loses some of their rows.

What is lost at the end is too little to be seen among all rows. So the newest week, and the newest four
weeks, are held against the four before. That a season ends is no fault, nor that a shop was closed: a
fall is grave only where the history has a year of such weeks, none fell nearly as far, and the days on
which the shop was open fell as well. And of orders that are listed only once they are delivered the newest
days always lack some: as many as they lacked in the file before are expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.insights.monitor.base import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from clv.core.schema import Verdict
    from clv.core.types import Floats


#: Lengths that are looked at, in days: whole weeks, since weekdays differ.
LENGTHS: Final = (7, 28)
#: Spans of the same length before, the least of which is what can be expected.
SPANS: Final = 4
#: Share of it that should be there.
FALL: Final = 0.70
#: Chance of such a fall from which on it is more than chance: to look at it, and to stop.
CHANCE: Final = (0.01, 0.001)
#: Earlier spans, one ending on each day, that must be known before a fall counts as unheard of.
YEAR: Final = 365
#: Share of what was left by the deepest of their falls that is less than any season leaves.
UNHEARD: Final = 0.80


class Newest(NamedTuple):
    """The newest days beside those before.

    Attributes
    ----------
    verdict
        Whether there are too few orders.
    days
        Length of the spans.
    least
        Fewest orders of the `SPANS` spans before.
    now
        Orders in the newest.
    """

    verdict: Verdict
    days: int
    least: float
    now: float


def newest(daily: ArrayLike, listed: Mapping[int, float] | None = None) -> Newest | None:
    """Hold the newest days against those before.

    Of the lengths the one with the gravest verdict is told of, then the one that fell furthest.

    Parameters
    ----------
    daily
        Shape (days,): orders of each day that is over, the earliest first.
    listed
        `listed_at_once`; None where nothing is known of it.

    Returns
    -------
    Newest or None
        None where the history is too short to compare anything.
    """
    counts = np.asarray(daily, dtype=float)
    found = []
    for days in LENGTHS:
        now, least = _spans(counts, days)
        if not now.size or not least[-1]:
            continue
        fall, part = now[-1] / least[-1], (listed or {}).get(days, 1.0)
        verdict: Verdict = "ok"
        if _fell(now[-1], least[-1], CHANCE[0], part):
            verdict = "look"
            # What overlaps the newest days lacks the same rows.
            past = now[:-days] / np.maximum(least[:-days], 1.0)
            unheard = past.size >= YEAR and fall < UNHEARD * part * past.min()
            if unheard and _fell(now[-1], least[-1], CHANCE[1], part * _open(counts, days)):
                verdict = "stop"
        found.append((VERDICTS.index(verdict), -fall, Newest(verdict, days, least[-1], now[-1])))
    return max(found)[-1] if found else None


def listed_at_once(then: ArrayLike, later: ArrayLike) -> dict[int, float]:
    """Return, by length, the part of the newest days' orders that a file knew of those known later.

    Parameters
    ----------
    then, later
        Orders of each day in the file and in a later one, ending on the same day.
    """
    first, second = (np.asarray(v, dtype=float) for v in (then, later))
    sums = {days: (first[-days:].sum(), second[-days:].sum()) for days in LENGTHS}
    return {days: min(a / b, 1.0) if b else 1.0 for days, (a, b) in sums.items()}


def _fell(now: float, least: float, chance: float, part: float) -> bool:
    """Return whether the newest count lies below the least before it, by more than chance.

    With the same rate in both, it is binomial given the sum of both; ``part`` is the part that there can
    be of it.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - slow to import

    if now >= FALL * part * least:
        return False
    return float(bdtr(now, int(now + least), part / (1 + part))) < chance


def _open(counts: Floats, days: int) -> float:
    """Return the part of the newest days without a pause that is over and longer than any just before.

    A pause that goes on to the end is none that is known: the file may have ended.
    """
    *before, last = (_pause(span) for span in np.split(counts[-(SPANS + 1) * days :], SPANS + 1))
    return 1.0 - max(last - max(before), 0) / days


def _pause(counts: Floats) -> int:
    """Return the longest time without an order, in days, that one ended."""
    return int(np.diff(np.flatnonzero(counts), prepend=-1).max(initial=1)) - 1


def _spans(counts: Floats, days: int) -> tuple[Floats, Floats]:
    """Return, by last day, the orders of a span and the fewest of the `SPANS` spans before it."""
    if counts.size < (SPANS + 1) * days:
        return np.empty(0), np.empty(0)
    sums = np.convolve(counts, np.ones(days), "valid")
    last = sums.size - SPANS * days
    before = np.stack([sums[i * days : i * days + last] for i in range(SPANS)])
    return sums[SPANS * days :], before.min(axis=0)
