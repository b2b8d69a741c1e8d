"""The cohorts page: how customers of one month went on, fact and forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from clv.apps.ui import cohort_downloads, page, parts, session
from clv.apps.ui import cohort_pictures as pictures
from clv.core import engine
from clv.core.formatting import (
    count,
    day,
    dollars,
    money,
    money_full,
    percent,
    plain,
    plural,
    symbol,
    unit,
    with_unit,
)
from clv.insights.cohorts import report as reports
from clv.insights.cohorts.verdict import compare
from clv.report import charts, explained
from clv.report.tables import newcomers as tables
from clv.report.words import cohorts as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv.insights.cohorts.calendar import Grain
    from clv.insights.cohorts.report import CohortReport, FirstYear
    from clv.insights.cohorts.triangle import Measure, Triangle
    from clv.insights.cohorts.verdict import Verdict
    from clv.runs import Run

    Chosen = tuple[tuple[str, tuple[str | None, ...]], ...]

_MOST_VALUES: Final = 50
_MOST_CURVES: Final = 6


@st.cache_data(max_entries=48, show_spinner=False)
def report_of(run_id: str, grain: Grain, chosen: Chosen) -> CohortReport | None:
    """Return the cohorts of a run; a run never changes."""
    return reports.cohorts_of(session.store().run(run_id), grain, dict(chosen))


@st.cache_data(max_entries=64, show_spinner=False)
def values_of(run_id: str, label: str) -> list[tuple[str | None, int]]:
    """Return a label's most frequent values and their customers."""
    column = engine.name(label)
    table = (
        session.store()
        .run(run_id)
        .query(
            f"SELECT {column} AS value, count(*) AS n FROM labels GROUP BY 1 "
            "ORDER BY n DESC, value LIMIT ?",
            [_MOST_VALUES],
        )
    )
    return list(zip(table["value"].to_pylist(), table["n"].to_pylist(), strict=True))


def show(run: Run) -> None:
    """Show the answer, the choices, the figures, the triangle, curves, sizes, tables."""
    page.title("Cohorts", run)
    answer = st.container()
    grain, measure = _controls(run)
    chosen = _filters(run)
    with st.spinner("Following the cohorts…", show_time=False):
        found = report_of(run.id, grain, chosen)
    if found is None:
        with answer:
            page.answer("No customer has all of these labels.")
        return
    currency = run.settings["currency"]
    trait = words.TRAITS[measure]
    verdict = None if found.age is None else compare(found.facts, found.totals, trait, found.age)
    year = reports.first_year(found.facts)
    with answer:
        told = words.sentence(
            year,
            found.seconds[None],
            verdict,
            trait,
            grain,
            int(found.facts.cohorts[0]),
            currency,
        )
        page.answer(dollars(told))
        if found.ahead is None:
            st.caption("There is no forecast for this file: the page shows what happened so far.")
    page.cards(_cards(found, year, grain, currency), "cohorts")
    with_forecast = found.ahead is not None and st.toggle(
        "Show forecast", value=True, key="cohort_forecast", persist_state="session"
    )
    shown = found.continued if with_forecast else found.facts
    _heatmap(found, shown, measure, currency)
    _curves(found, shown, measure, verdict, currency)
    _sizes(found.facts)
    _table(run, found)
    cohort_downloads.show(run, found, shown, measure, dict(chosen))
    parts.explain(explained.cohorts(grain))


def _controls(run: Run) -> tuple[Grain, Measure]:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    grain: Grain = left.segmented_control(
        "Cohorts by",
        list(words.GRAINS),
        default="month",
        required=True,
        format_func=lambda g: words.GRAINS[g],
        key="cohort_grain",
        persist_state="session",
    )
    measures = [m for m in words.MEASURES if run.has_value or "revenue" not in m]
    measure: Measure = right.selectbox(
        "What to look at",
        measures,
        format_func=lambda m: words.MEASURES[m],
        key="cohort_measure",
        persist_state="session",
    )
    return grain, measure


def _filters(run: Run) -> Chosen:
    """Offer every label of the file; return the chosen values."""
    labels = run.labels
    if not labels:
        return ()
    chosen = []
    with st.expander("Only some customers", icon=":material/filter_alt:", key="cohort_filters"):
        for i, label in enumerate(labels):
            offered = values_of(run.id, label)
            picked = st.multiselect(
                plain(label),
                range(len(offered)),
                format_func=_value_name(offered),
                key=f"cohort_label_{i}",
                placeholder="All",
                help=f"Of the first order. The {_MOST_VALUES} most frequent values are listed."
                if len(offered) == _MOST_VALUES
                else "Of the first order.",
            )
            if picked:
                chosen.append((label, tuple(offered[j][0] for j in sorted(picked))))
    if chosen:
        names = "; ".join(
            f"{plain(label)}: {', '.join(plain('none' if v is None else v) for v in values)}"
            for label, values in chosen
        )
        st.caption(f"Only customers whose first order has {names}.")
    return tuple(chosen)


def _value_name(offered: Sequence[tuple[str | None, int]]) -> Callable[[int], str]:
    def named(i: int) -> str:
        value, customers = offered[i]
        return f"{'(none)' if value is None else value} · {count(customers)}"

    return named


def _cards(
    found: CohortReport, year: FirstYear | None, grain: Grain, currency: str
) -> list[page.Card]:
    seconds = found.seconds[None]
    row = [
        page.Card(
            "Customers",
            count(seconds.customers),
            f"In {plural(len(found.facts.cohorts), 'cohort')}.",
        ),
        page.Card("Ever came back", percent(seconds.rate), words.coming_back(seconds)),
        page.Card(
            "Median time to the second order", words.waiting(seconds), words.waiting_more(seconds)
        ),
    ]
    if year is not None and year.revenue is not None:
        total = float(year.revenue.sum())
        who = (
            f"Mean of the {plural(year.customers, 'customer')} in cohorts that were seen for "
            f"{plural(year.periods, grain)}; before margin."
        )
        first = float(year.revenue[0])
        row.append(
            page.Card(
                f"Revenue per customer in the first {grain}",
                money(first, currency),
                f"{money_full(first, currency)}. {who}",
            )
        )
        if year.periods > 1:
            row.append(
                page.Card(
                    f"Revenue per customer in {plural(year.periods, grain)}",
                    money(total, currency),
                    f"{money_full(total, currency)}: lifetime value so far (LTV). {who}",
                )
            )
    return row


def _heatmap(found: CohortReport, shown: Triangle, measure: Measure, currency: str) -> None:
    grain, average = shown.grain, shown.average(measure)
    cells = pictures.cells(found.facts, shown, measure, currency)
    facts = np.array([c.value for c in cells if c.kind == "fact" and c.period > 0] or [0.0])
    low = float(facts.min()) if measure.startswith("cumulative") else 0.0
    figure = charts.cohort_heatmap_figure(
        cells,
        # A few outliers must not take the colours from all the others.
        low=low,
        high=float(np.quantile(facts, 0.98)),
        periods=words.periods_title(grain),
        dark=page.dark(),
    )
    partial = any(c.kind == "partial" for c in cells)
    caption = words.heatmap_caption(
        measure,
        grain,
        unit(currency),
        shown.as_of,
        partial=partial,
        forecast=any(c.kind == "forecast" for c in cells),
    )
    left_out = []
    if len(shown.cohorts) > pictures.MOST_COHORTS:
        left_out.append(
            f"the newest {pictures.MOST_COHORTS} of {count(len(shown.cohorts))} cohorts"
        )
    if shown.kind.shape[1] > pictures.MOST_PERIODS:
        left_out.append(f"the first {pictures.MOST_PERIODS} {grain}s")
    if left_out:
        caption += f" Shown are {' and '.join(left_out)}; the downloads hold all."
    parts.chart(
        figure,
        words.heatmap_statement(average.tolist(), found.age, measure, grain, currency),
        caption,
        "heatmap",
        min_width=charts.heatmap_width(cells),
    )


def _curves(
    found: CohortReport,
    shown: Triangle,
    measure: Measure,
    verdict: Verdict | None,
    currency: str,
) -> None:
    facts, grain = found.facts, shown.grain
    cohorts = [int(c) for c in facts.cohorts]
    picked = st.multiselect(
        "Cohorts to compare",
        cohorts[::-1],
        default=pictures.typical(facts, verdict),
        max_selections=_MOST_CURVES,
        format_func=lambda c: words.cohort_name(c, grain),
        # A choice belongs to the cohorts it was made from.
        key=f"cohort_curves_{grain}_{measure}_{cohorts[0]}_{len(cohorts)}",
        help=f"At most {_MOST_CURVES}, beside the average.",
    )

    lines = pictures.curves(facts, shown, measure, sorted(picked), currency)
    figure = charts.cohort_curves_figure(
        lines,
        average=pictures.average_curve(facts, measure, currency),
        periods=words.periods_title(grain),
        title=with_unit(words.MEASURES[measure], currency)
        if "revenue" in measure
        else words.MEASURES[measure],
        first=pictures.first_period(measure),
        share=measure == "retention",
        symbol=symbol(currency) if "revenue" in measure else "",
        dark=page.dark(),
    )
    dashed = " Dashed: forecast." if any(c.forecast for c in lines) else ""
    parts.chart(
        figure,
        words.curves_statement(verdict, words.TRAITS[measure], grain),
        f"{words.MEASURES[measure]}, as of {day(shown.as_of)}; only {grain}s that are over. The end "
        f"of the average rests on the few oldest cohorts.{dashed}",
        "curves",
    )


def _sizes(facts: Triangle) -> None:
    names = [words.cohort_name(int(c), facts.grain) for c in facts.cohorts]
    sizes = [int(n) for n in facts.customers]
    most = int(np.argmax(sizes))
    parts.chart(
        charts.cohort_sizes_figure(names, sizes, dark=page.dark()),
        f"The largest cohort is {names[most]} with {plural(sizes[most], 'customer')}",
        f"Customers by the {facts.grain} of their first order, as of {day(facts.as_of)}.",
        "sizes",
    )


def _table(run: Run, found: CohortReport) -> None:
    facts = found.facts
    rows = [
        {"name": words.cohort_name(int(cohort), facts.grain)} | row
        for cohort, row in zip(facts.cohorts, cohort_downloads.cohort_rows(found), strict=True)
    ]
    parts.table(tables.cohorts(run, rows[::-1], day(facts.as_of)), "cohort_table")
