"""The check's report as a marketer reads it: what counts, what doesn't, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import (
    count,
    money,
    money_full,
    period,
    plain,
    short_count,
)
from clv.report.tables import reading as tables

if TYPE_CHECKING:
    from clv.core.schema import Report

#: Where the page itself offers the means, it says so instead of the check's general remedy.
_ADVICE: Final = {
    "duplicate": "Decide below whether exact repeats are real orders.",
    "zero_value": "Decide below whether orders without a value count.",
    "far_date": "Correct the date, or decide below to keep such rows.",
    "future_date": "Correct the date, or choose a later as-of date below.",
}
_RULES: Final = {
    "duplicate": ("Count exact repeats of a row", "Off: only the first of identical rows counts."),
    "zero_value": ("Count orders of value zero", "Free samples and replacements, for instance."),
    "far_date": (
        "Count dates far away from all others",
        "Usually typing errors; the latest date also sets the as-of date.",
    ),
}


def cards(report: Report) -> None:
    """Show the check's figures."""
    currency = report["currency"]
    dates = period(report.get("first_order"), report.get("last_order"))
    row = [
        page.Card(
            "Rows used",
            short_count(report["rows_accepted"]),
            f"{count(report['rows_accepted'])} of {count(report['rows_total'])} rows.",
        ),
        page.Card(
            "Rows left out",
            short_count(report["rows_rejected"]),
            f"{count(report['rows_rejected'])} rows; every one is listed with its reason.",
        ),
        page.Card("Customers", short_count(report["customers"]), count(report["customers"])),
        page.Card("Orders", short_count(report["orders"]), f"{count(report['orders'])}, {dates}."),
    ]
    if report.get("revenue") is not None:
        full = money_full(report["revenue"], currency)
        row.append(
            page.Card("Revenue", money(report["revenue"], currency), f"{full}, refunds deducted.")
        )
    page.cards(row, "report")
    st.caption(f"Orders from {dates}.")


def table(report: Report, *, deciding: bool = False) -> None:
    """Show how many rows were left out or pointed out, with reason and advice.

    ``deciding`` says that the switches of `rules` stand below the table.
    """
    shown = tables.reasons(report, _ADVICE if deciding else None)
    if shown.rows:
        parts.still(shown)
    st.caption(f"{shown.caption.removesuffix('.')} in the file.")


def messages(report: Report) -> None:
    """Show the check's remarks."""
    found = [plain(message) for message in report.get("messages", [])]
    if found:
        body = found[0] if len(found) == 1 else "\n".join(f"- {message}" for message in found)
        st.info(body, icon=":material/info:")


def rules(report: Report, key: str) -> dict[str, bool]:
    """Show a switch for every check whose rule can be changed; return code → keep."""
    chosen: dict[str, bool] = {}
    shown = {c: r for c, r in report.get("rules", {}).items() if c in _RULES}
    touched = {*report.get("reasons", {}), *report.get("noted", {})}
    shown = {code: rule for code, rule in shown.items() if code in touched}
    if not shown:
        return chosen
    st.markdown("**Your decision**")
    for code, rule in shown.items():
        label, more = _RULES[code]
        chosen[code] = st.toggle(label, value=rule == "keep", key=f"{key}-{code}", help=more)
    return chosen


def examples(report: Report) -> None:
    """Show some of the rejected rows as they stand in the file."""
    rows = report.get("examples", [])
    if not rows:
        return
    with st.expander(f"Examples of rows left out ({len(rows)})", icon=":material/table_rows:"):
        parts.table(tables.examples(report), "examples")


def files(report: Report) -> None:
    """Show what was found in each file, where there are several."""
    shown = tables.files(report)
    if len(shown.rows) > 1:
        parts.table(shown, "report_files")
