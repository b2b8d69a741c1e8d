"""What was decided while files became orders: the report tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import Decision, Rule, StatusReport, Switch

#: From this share of the money, or of the rows, a decision is said at the top.
WEIGHTY: Final = 0.05


@dataclass(frozen=True)
class Decisions:
    """What was decided on the way, and how much it touched.

    Attributes
    ----------
    rules
        Of the checks that can be turned round.
    noted
        Code of a check → rows that were kept and are pointed out.
    far_dates
        Days more than ten years from all others, in ISO form.
    has_order_id
        Every file has a column of order numbers.
    titles
        Lines above headers that were passed over.
    mapping
        Role → column of the first file.
    tables
        Which of `clv.core.orders.EXTRAS` there are beside the labels.
    labels
        Columns by which customers are to be compared; once they are built, by which they can be.
    unreadable
        Cells of related tables that count as unknown.
    not_needed
        File → rows that were looked up for nothing.
    statuses
        File → status → orders that don't count for it.
    unused
        Files that were not read.
    events_alone
        Events came without orders, and count as orders.
    made
        What could have been read otherwise, with its size and how to reverse it.
    statuses_found
        Words of statuses and kinds, and what they were taken for.
    grain
        What an amount in a row was for.
    """

    rules: Mapping[str, Rule]
    noted: Mapping[str, int]
    orders_cancelled: int
    far_dates: Sequence[str]
    currency: str
    decimal: str
    has_order_id: bool
    titles: int
    mapping: Mapping[str, str]
    tables: Sequence[str]
    labels: Sequence[str]
    rows_netted: int = 0
    unreadable: int = 0
    not_needed: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unused: Sequence[str] = ()
    events_alone: bool = False
    made: Sequence[Decision] = ()
    statuses_found: Sequence[StatusReport] = ()
    grain: Literal["order", "line", "unit", ""] = ""


def decision(
    code: str,
    sentence: str,
    rows: int = 0,
    money: float | None = None,
    switches: Sequence[Switch] = (),
    *,
    weighty: bool = False,
) -> Decision:
    """Return something that could have been read otherwise; see `clv.core.schema.Decision`."""
    return {
        "code": code,
        "sentence": sentence,
        "rows": rows,
        "money": money,
        "switches": [*switches],
        "weighty": weighty,
    }


def switch(label: str, *options: str) -> Switch:
    """Return a way to read the file otherwise: what it does, and the options that do it."""
    return {"label": label, "options": [*options]}


def turned(code: str, rule: Rule, keep: str, drop: str) -> Switch:
    """Return the switch that turns a rule round.

    Parameters
    ----------
    keep, drop
        What to call keeping such rows, and leaving them out.
    """
    return switch(keep, "--keep", code) if rule == "drop" else switch(drop, "--drop", code)


def moves_much(part: float | None, whole: float | None) -> bool:
    """Whether a part of the money, or of the rows, is so large that it is said at the top."""
    return (part or 0.0) > WEIGHTY * (whole or 0.0)


def noted(rules: Mapping[str, Rule], **found: int) -> dict[str, int]:
    """Return what is pointed out of the rows found: those that the rules keep."""
    return {code: rows for code, rows in found.items() if rows and rules[code] == "keep"}
