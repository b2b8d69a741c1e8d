"""Why somebody is on a list, in one sentence.

The sentence is put together by the engine, for the page as for the file, so that a list of a million
rows needs no loop and both always say the same.
"""

from __future__ import annotations

from clv.core.segments import LATE


def reason_sql(months: int, *, active: bool) -> str:
    """Return SQL for the sentence that says why: what they did, and how likely what is.

    ``6 orders, about every 3 weeks; silent for 14 weeks; 23 % chance of still being active``.

    Parameters
    ----------
    months
        Horizon.
    active
        End with the chance of still being active, not of an order within the horizon.
    """
    silent = "(T - recency)"
    ago = f"CASE {silent} WHEN 0 THEN 'today' ELSE {duration_sql(silent)} || ' ago' END"
    times = "CASE orders WHEN 1 THEN '1 order' ELSE orders || ' orders' END"
    rhythm = duration_sql("(recency / frequency)", every=True)
    ahead = "the next month" if months == 1 else f"the next {months} months"
    chance, what = (
        ("p_alive", "still being active") if active else ("p_purchase", f"an order in {ahead}")
    )
    return (
        f"{times} || CASE WHEN frequency = 0 AND orders > 1 THEN ' on one day, ' || {ago} "
        f"WHEN frequency = 0 THEN ', ' || {ago} "
        f"WHEN p_silent < {LATE} THEN ', about every ' || {rhythm} || '; silent for ' "
        f"|| {duration_sql(silent)} ELSE ', about every ' || {rhythm} || '; last one ' || {ago} END "
        f"|| '; ' || {_percent_sql(chance)} || ' chance of {what}'"
    )


def duration_sql(days: str, *, every: bool = False) -> str:
    """Return SQL that writes a number of days in its natural unit: ``12 days``, ``14 weeks``.

    ``every`` leaves out a number of one: about every ``day``, ``week``.
    """
    units = (("day", 1.0, 13.5), ("week", 7.0, 129.5), ("month", 365.25 / 12, 715.0))
    cases = "".join(
        f" WHEN {days} < {limit!r} THEN {_number(f'greatest(round({days} / {size!r}), 1)', unit, every=every)}"
        for unit, size, limit in units
    )
    return f"CASE{cases} ELSE {_number(f'round({days} / 365.25)', 'year', every=every)} END"


def _number(number: str, unit: str, *, every: bool) -> str:
    one = unit if every else f"1 {unit}"
    return f"CASE {number} WHEN 1 THEN '{one}' ELSE {number}::BIGINT || ' {unit}s' END"


def _percent_sql(chance: str) -> str:
    """Return SQL for whole percentages that never says 0 or 100 of what is neither."""
    return (
        f"CASE WHEN {chance} < 0.005 THEN 'under 1 %' WHEN {chance} >= 1 THEN '100 %' "
        f"WHEN {chance} >= 0.995 THEN 'over 99 %' ELSE round({chance} * 100)::BIGINT || ' %' END"
    )
