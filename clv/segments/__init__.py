"""Segments: `rules` in words, numbers and SQL; `tables` over a run; `lists` to act on.

The rules are exported here, because the forecast writes the named group with every customer.
"""

from clv.segments.rules import (
    ACTIONS,
    ACTIVE,
    GONE,
    GROUPS,
    HIGH_SHARE,
    LATE,
    LIKELIHOODS,
    MIDDLE_SHARE,
    NEW_DAYS,
    OVERDUE,
    PROMISING,
    TIERS,
    TO_SAVE,
    Cuts,
    Thresholds,
    group_sql,
    rule,
)

__all__ = [
    "ACTIONS",
    "ACTIVE",
    "GONE",
    "GROUPS",
    "HIGH_SHARE",
    "LATE",
    "LIKELIHOODS",
    "MIDDLE_SHARE",
    "NEW_DAYS",
    "OVERDUE",
    "PROMISING",
    "TIERS",
    "TO_SAVE",
    "Cuts",
    "Thresholds",
    "group_sql",
    "rule",
]
