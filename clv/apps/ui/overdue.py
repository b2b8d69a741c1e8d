"""Overdue customers, ranked by what is at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from clv.apps.ui import page, parts, session
from clv.core.formatting import count, day, percent_number, plural, with_unit
from clv.insights.segments import tables
from clv.insights.segments.lists import CampaignList
from clv.report import explained
from clv.report.words import segments as words
from clv.report.words.run import ORDER_DAYS, next_months

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
        _table(run, totals, rows)
        wanted = CampaignList(least_active=int(least) / 100)
        label = f"All {plural(totals['customers'], 'overdue customer')} (CSV)"
        parts.download_run(run, wanted.filename, label, "list_overdue")
    parts.explain(explained.overdue(settings), "help_overdue")


def _table(run: Run, totals: OverdueTotals, rows: list[OverdueCustomer]) -> None:
    """Show who is overdue; a ticked row opens that customer."""
    settings, has_money = run.settings, tables.has_money(run)
    currency = settings["currency"]
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    date_column = st.column_config.DateColumn(format="D MMM YYYY")
    shown: dict[str, tuple[list[Any], Any]] = {
        "Customer": ([r["customer_id"] for r in rows], text(pinned=True)),
    }
    if has_money:
        shown |= {
            with_unit("At risk", currency): (
                [round(r["at_risk"]) for r in rows],
                number(format="localized", help="Worth if active − worth now (money at risk)."),
            ),
            with_unit("Worth if active", currency): (
                [round(r["if_active"]) for r in rows],
                number(
                    format="localized",
                    help=f"CLV of {next_months(settings)}, were the customer known to be active.",
                ),
            ),
        }
    else:
        shown["Orders at risk"] = (
            [round(r["at_risk"], 1) for r in rows],
            number(format="%.1f", help=f"{ORDER_DAYS}."),
        )
    shown |= {
        "Still active (%)": (
            [percent_number(r["p_alive"]) for r in rows],
            number(format="%.1f %%", help="Chance of still being active (p_alive)."),
        ),
        "Silent (days)": ([r["silent_days"] for r in rows], number(format="localized")),
        "Usual gap (days)": ([round(r["gap_days"], 1) for r in rows], number(format="%.0f")),
        "Due by": (
            [r["due"] for r in rows],
            st.column_config.DateColumn(
                format="D MMM YYYY",
                help="9 out of 10 active customers with this history would have ordered by then.",
            ),
        ),
        "If active, next order from": ([r["next_from"] for r in rows], date_column),
        "to": (
            [r["next_to"] for r in rows],
            st.column_config.DateColumn(
                format="D MMM YYYY", help="In 4 of 5 cases between these two days, if active."
            ),
        ),
        "Why": ([r["reason"] for r in rows], text(width="large")),
    }
    event = st.dataframe(
        {name: values for name, (values, _) in shown.items()},
        column_config={name: config for name, (_, config) in shown.items()},
        hide_index=True,
        width="stretch",
        key="overdue_table",
        alt="Overdue customers, those with most at risk first",
        on_select="rerun",
        selection_mode="single-row",
    )
    if len(rows) < totals["customers"]:
        st.caption(
            f"The first {count(len(rows))} of {count(totals['customers'])}; the list has all."
        )
    if chosen := event.selection.rows:
        st.switch_page(
            page.ONE, query_params={"run": run.id, "customer": rows[chosen[0]]["customer_id"]}
        )
