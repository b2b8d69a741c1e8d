"""The likelihood of an order within the horizon, by value tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import page, parts, session
from clv.backtest import sum_ranges
from clv.core.errors import SettingsError
from clv.core.formatting import day, plain
from clv.core.segments import LIKELIHOODS, TIERS, Thresholds, likelihood_sql
from clv.insights.segments import tables
from clv.insights.segments.lists import CampaignList
from clv.report import charts, explained
from clv.report.tables import segments as segment_tables
from clv.report.words import segments as words
from clv.report.words.run import next_months

if TYPE_CHECKING:
    from clv.insights.segments.tables import LikelyByTier
    from clv.runs import Run


@st.cache_data(max_entries=32, show_spinner=False)
def found(run_id: str, thresholds: Thresholds) -> list[LikelyByTier]:
    """Return the likelihoods of buying by value tier."""
    run = session.store().run(run_id)
    rows: list[LikelyByTier] = tables.likelihoods(run, thresholds).to_pylist()
    return rows


@st.cache_data(max_entries=32, show_spinner=False)
def worth(run_id: str, thresholds: Thresholds) -> dict[str, sum_ranges.Sum]:
    """Return the likelihoods' values with their ranges; empty without ranges."""
    return sum_ranges.by(session.store().run(run_id), likelihood_sql(thresholds))


def show(run: Run) -> None:
    """Show the limits, the likelihoods by value tier, the table, the lists."""
    settings, has_money = run.settings, tables.has_money(run)
    currency = settings["currency"]
    heading = st.container()
    limits = []
    defaults = Thresholds()
    boxes = zip(
        st.columns(3),
        LIKELIHOODS,
        (defaults.highly, defaults.somewhat, defaults.unlikely),
        strict=False,
    )
    for i, (column, name, chance) in enumerate(boxes):
        limits.append(
            column.number_input(
                f"{name.capitalize()} from (%)",
                min_value=1,
                max_value=100,
                value=round(chance * 100),
                step=5,
                key=f"limit_{i}",
                persist_state="session",
            )
        )
    try:
        thresholds = Thresholds(*(int(limit) / 100 for limit in limits))
    except SettingsError as error:
        st.warning(plain(error.message), icon=":material/info:")
        return
    rows = found(run.id, thresholds)
    customers = sum(int(r["customers"]) for r in rows)
    cells = [{**r, "label": words.cell(r, customers, currency)} for r in rows]
    by = "predicted value" if has_money else "expected orders"
    with heading:
        each = " with the mean lifetime value of one" if has_money else ""
        parts.chart(
            charts.likelihood_figure(cells, LIKELIHOODS, TIERS, dark=page.dark()),
            words.likelihood_title(rows, settings, thresholds.highly),
            f"Customers{each}, by their chance of at least one order in {next_months(settings)} and by "
            f"{by}: high is the best 20 %, middle the next 30 %, low the rest; as of "
            f"{day(settings['as_of'])}.",
            "likelihoods",
        )
        if note := words.tiers_note(rows):
            st.caption(note)
    ends = worth(run.id, thresholds) if has_money else None
    parts.table(segment_tables.likelihoods(run, rows, thresholds, ends), "likelihoods_table")
    sizes = [sum(int(r["customers"]) for r in rows if r["likelihood"] == n) for n in LIKELIHOODS]
    for column, name, size in zip(st.columns(4), LIKELIHOODS, sizes, strict=True):
        with column:
            if size:
                wanted = CampaignList(chance=thresholds.span(name))
                parts.download_run(
                    run,
                    wanted.filename,
                    f"{name.capitalize()} (CSV)",
                    f"list_{name.replace(' ', '_')}",
                )
    ranged = bool(run.summary.get("ranges"))
    told = explained.likelihoods(settings, has_money=has_money, ranged=ranged)
    parts.explain(told, "help_likelihoods")
