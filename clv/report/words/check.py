"""The words of a check: what columns were read as, what statuses mean, what somebody chose."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from clv.core.formatting import money, plural
from clv.ingest import CHECKS, LAYOUTS, ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv.core.schema import ColumnReport, Decision, Report

#: What a status or kind means for its rows.
MEANINGS: Final[dict[str, str]] = {
    "counts": "Counts",
    "no": "Doesn't count",
    "refund": "Is a refund",
}
#: What an amount in a row is for.
GRAINS: Final[dict[str, str]] = {
    "order": "the whole order",
    "line": "the row",
    "unit": "one item in the row",
}
ORDERS: Final[dict[str, str]] = {
    "dmy": "day first",
    "mdy": "month first",
    "ymd": "year first",
}
DECIMALS: Final[dict[str, str]] = {".": "point: 1,234.56", ",": "comma: 1.234,56"}
DELIMITERS: Final[dict[str, str]] = {
    "comma": "comma ,",
    "semicolon": "semicolon ;",
    "tab": "tab",
    "pipe": "pipe |",
    "spaces": "spaces",
}
_TITLES: Final = {check.code: check.title for check in CHECKS}


def role(column: ColumnReport, report: Report) -> str:
    """Return what a column was read as: ``Value of the whole order``."""
    found = ROLES.get(column["role"])
    title = found.title if found else column["role"]
    grain = report.get("grain", "")
    if column["role"] == "revenue" and grain:
        return f"{title} of {GRAINS[grain]}"
    return title


def size(decision: Decision, currency: str) -> str:
    """Return how much a decision touches: ``12 rows · €340``; empty where nothing is counted."""
    found = [plural(decision["rows"], "row")] if decision["rows"] else []
    if decision["money"] is not None:
        found.append(money(decision["money"], currency))
    return " · ".join(found)


def ways(decision: Decision) -> list[str]:
    """Return how a decision is reversed: ``Keep them apart: --apart``."""
    return [f"{one['label']}: {shlex.join(one['options'])}" for one in decision["switches"]]


def choice(words: Sequence[str]) -> str:
    """Return what an option of the command line says, as part of a sentence."""
    name, value = words[0], words[1] if len(words) > 1 else ""
    key, _, rest = value.rpartition("=")
    if name == "--map":
        key, _, rest = value.partition("=")
        title = ROLES[key].title.lower() if key in ROLES else key
        return f"“{rest}” is the {title}" if rest else f"no column is the {title}"
    if name == "--status":
        return f"“{key}” {MEANINGS[rest].lower()}"
    said: dict[str, Callable[[], str]] = {
        "--amount": lambda: f"an amount is that of {GRAINS[value]}",
        "--keep": lambda: f"rows count although: {_TITLES.get(value, value).lower()}",
        "--drop": lambda: f"rows are left out: {_TITLES.get(value, value).lower()}",
        "--timezone": lambda: f"the shop's clock is that of {value}",
        "--layout": lambda: f"the file is: {LAYOUTS[value].title if value in LAYOUTS else value}",
        "--date-order": lambda: f"dates have the {ORDERS[value]}",
        "--decimal": lambda: f"the decimal mark is a {DECIMALS[value].partition(':')[0]}",
        "--delimiter": lambda: f"columns are separated by: {DELIMITERS.get(value, value)}",
        "--encoding": lambda: f"the encoding is {value}",
        "--apart": lambda: "no customers are merged",
    }
    return said[name]() if name in said else " ".join(words)
