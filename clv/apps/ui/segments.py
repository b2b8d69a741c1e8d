"""Segments and actions: who needs what, who is overdue, who will buy, what a new customer may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import likelihoods, newcomers, overdue, page, parts, pretrained, session
from clv.core.formatting import (
    count,
    day,
    expected,
    money,
    money_full,
    percent,
    plural,
)
from clv.core.segments import ACTIONS, TO_SAVE, rule
from clv.insights.segments import tables
from clv.insights.segments.lists import CampaignList
from clv.report import charts, explained
from clv.report.tables import segments as segment_tables
from clv.report.words import ranges as range_words
from clv.report.words import segments as words
from clv.report.words.run import ORDER_DAYS, horizon, next_months, span

if TYPE_CHECKING:
    from clv.insights.segments.tables import OverdueTotals, SegmentGroup
    from clv.runs import Run


@st.cache_data(max_entries=32, show_spinner=False)
def groups(run_id: str) -> list[SegmentGroup]:
    """Return the named groups of a run."""
    rows: list[SegmentGroup] = tables.groups(session.store().run(run_id)).to_pylist()
    return rows


def show(run: Run) -> None:
    """Show the answer, the figures, and the four ways to look at the customers."""
    page.title("Segments & actions", run)
    if run.only_value:
        pretrained.groups(run)
        return
    if not tables.has_forecast(run):
        _history_only(run)
        return
    rows = groups(run.id)
    totals = overdue.totals_of(run.id, tables.LEAST_ACTIVE)
    has_money = tables.has_money(run)
    page.answer(words.sentence(rows, totals, run.settings, has_money=has_money).replace("$", r"\$"))
    page.cards(_cards(run, rows, totals), "segments")
    page.notes(run)
    if told := range_words.missing(run.summary):
        st.caption(told)
    # Only what is seen is computed: with a million customers each view takes its time.
    names = ["Groups", "Overdue", "Chance of buying", "New customers"]
    views = st.tabs(names, key="view", on_change="rerun")
    draws = (_groups, overdue.show, likelihoods.show, newcomers.show)
    for view, draw in zip(views, draws, strict=True):
        if view.open:
            with view:
                draw(run)


def _history_only(run: Run) -> None:
    summary = run.summary
    page.answer(
        f"There is no forecast for this file, so nobody can be put into a group: what is known are "
        f"{plural(summary['orders'], 'order')} of {plural(summary['customers'], 'customer')}, the last "
        f"on {day(summary['last_order'])}."
    )
    page.notes(run)
    newcomers.show(run)


def _cards(
    run: Run,
    rows: list[SegmentGroup],
    totals: OverdueTotals,
) -> list[page.Card]:
    settings, has_money = run.settings, tables.has_money(run)
    currency, ahead = settings["currency"], span(settings)
    customers = sum(int(r["customers"]) for r in rows)
    fading = [r for r in rows if r["segment"] in TO_SAVE]
    number = sum(int(r["customers"]) for r in fading)
    risk = sum(float(r["at_risk"]) for r in fading)
    buyers = run.summary.get("expected_buyers") or 0.0
    what = "money" if has_money else "orders"
    full = money_full(risk, currency) if has_money else expected(risk)
    return [
        page.Card(
            "At risk or need attention",
            count(number),
            f"{percent(number / customers)} of all customers.",
        ),
        page.Card(
            f"Their {what} at risk, {ahead}",
            money(risk, currency) if has_money else expected(risk),
            f"{full}: what these customers would bring, were they known to be active, beyond what "
            f"is expected of them now. {'Discounted, at your margin' if has_money else ORDER_DAYS}.",
        ),
        page.Card(
            "Overdue",
            count(totals["customers"]),
            "The group “at risk”: repeat buyers silent for longer than 9 out of 10 of their usual gaps, "
            f"but still active with a chance of {percent(tables.LEAST_ACTIVE)} or more.",
        ),
        page.Card(
            f"Should order, {ahead}",
            count(buyers),
            f"Of {plural(customers, 'customer')}: the chances of all, added up.",
        ),
    ]


def _groups(run: Run) -> None:
    rows, settings = groups(run.id), run.settings
    has_money = tables.has_money(run)
    forecast, risk = (
        ("Forecast revenue", "Money at risk")
        if has_money
        else ("Expected orders", "Orders at risk")
    )
    customers, at_risk = sum(r["customers"] for r in rows), sum(r["at_risk"] for r in rows)
    ahead = [r["predicted_revenue"] if has_money else r["predicted_purchases"] for r in rows]
    whole = tables.total(ahead) or 0.0
    shares: list[words.GroupShares] = [
        {
            "segment": r["segment"],
            "customers": segment_tables.share(r["customers"], customers),
            "forecast": segment_tables.share(forecast_of_group, whole),
            "risk": segment_tables.share(r["at_risk"], at_risk),
        }
        for r, forecast_of_group in zip(rows, ahead, strict=True)
    ]
    parts.chart(
        charts.groups_figure(shares, forecast=forecast, risk=risk, dark=page.dark()),
        words.groups_title(shares, forecast.lower()),
        f"Shares of all customers, of {forecast.lower()} and of {risk.lower()} in "
        f"{next_months(settings)}, as of {day(settings['as_of'])}.",
        "groups",
    )
    if note := words.few_leave(rows):
        st.caption(note)
    parts.table(segment_tables.groups(run, rows), "groups_table")
    st.subheader("Who is in each group, and what to do", anchor=False)
    st.caption(
        "Each list has id, segment, CLV and the reason, the most valuable first; at risk and "
        "needs attention: those with the most at risk first."
    )
    for row in rows:
        name = row["segment"]
        with st.container(border=True):
            left, right = st.columns([3, 1], vertical_alignment="center")
            left.markdown(
                f"**{name.capitalize()}** · {plural(row['customers'], 'customer')} "
                f"({percent(segment_tables.share(row['customers'], customers))})  \n"
                f"{rule(name, run.summary['cuts'], horizon(settings))}  \n"
                f"*{ACTIONS[name]}*"
            )
            with right:
                wanted = CampaignList(group=name)
                parts.download_run(
                    run, wanted.filename, "List (CSV)", f"list_{name.replace(' ', '_')}"
                )
    ranged = bool(run.summary.get("ranges"))
    parts.explain(explained.segments(run.settings, ranged=ranged))
