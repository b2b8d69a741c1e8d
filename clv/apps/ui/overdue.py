"""Overdue customers, ranked by what is at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import parts, session
from clv.core.formatting import count, day, plural
from clv.insights.segments import tables
from clv.insights.segments.lists import CampaignList
from clv.report import explained
from clv.report.tables import customers as customer_tables
from clv.report.words import segments as words

if TYPE_CHECKING:
    from clv.insights.segments.tables import OverdueCustomer, OverdueTotals
    from clv.runs import Run


_LISTED: Final = 100
_FIRST: Final = 25


@st.cache_data(max_entries=32, show_spinner=False)
def totals_of(run_id: str, least_active: float) -> OverdueTotals:
    """Return what the overdue customers amount to."""
    return tables.overdue_totals(session.store().run(run_id), least_active, _FIRST)


@st.cache_data(max_entries=32, show_spinner=False)
def found(run_id: str, least_active: float) -> list[OverdueCustomer]:
    """Return the overdue customers with most at risk."""
    return tables.overdue(session.store().run(run_id), least_active, _LISTED)


def show(run: Run) -> None:
    """Show who is overdue, why, until when, and the list."""
    settings, has_money = run.settings, tables.has_money(run)
    currency = settings["currency"]
    heading = st.container()
    least = st.number_input(
        "Leave out customers whose chance of still being active is below (%)",
        min_value=0,
        max_value=100,
        value=round(tables.LEAST_ACTIVE * 100),
        step=5,
        key="least_active",
        persist_state="session",
        width=420,
    )
    totals, rows = totals_of(run.id, int(least) / 100), found(run.id, int(least) / 100)
    with heading:
        st.subheader(
            words.overdue_title(totals, currency, has_money=has_money).replace("$", r"\$"),
            anchor=False,
        )
        st.caption(
            "Repeat buyers silent for longer than 9 out of 10 of their usual gaps, those with most "
            f"at risk first, as of {day(settings['as_of'])}."
        )
    if totals["left_out"]:
        st.caption(
            f"{plural(totals['left_out'], 'more customer')} would be overdue, but "
            f"{'is' if totals['left_out'] == 1 else 'are'} most probably lost: formally much is at "
            "risk, and little can be won back."
        )
    if rows:
        told = ""
        if len(rows) < totals["customers"]:
            told = (
                f"The first {count(len(rows))} of {count(totals['customers'])}; the list has all."
            )
        shown = customer_tables.overdue(run, rows, has_money=has_money)
        parts.customers(run, shown, "overdue_table", told)
        wanted = CampaignList(least_active=int(least) / 100)
        label = f"All {plural(totals['customers'], 'overdue customer')} (CSV)"
        parts.download_run(run, wanted.filename, label, "list_overdue")
    parts.explain(explained.overdue(settings), "help_overdue")
