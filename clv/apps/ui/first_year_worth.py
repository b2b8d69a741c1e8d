"""What new customers have brought: by cohort, by what was known on the first day, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import streamlit as st

from clv.apps.ui import cohort_pictures as pictures
from clv.apps.ui import cohorts as cohorts_page
from clv.apps.ui import page, parts
from clv.core.formatting import day, plural, symbol, with_unit
from clv.insights import newcomers
from clv.insights.cohorts.verdict import compare
from clv.report import charts, explained
from clv.report.charts.newcomer_pictures import groups_figure
from clv.report.tables import first_year as tables
from clv.report.words import cohorts as cohort_words
from clv.report.words import first_year as words
from clv.report.words.segments import first, value_name
from clv.runs import csv_of

if TYPE_CHECKING:
    from clv.insights.newcomers import Compared, Lives
    from clv.runs import Run

_MOST_SHOWN: Final = 12


def show(run: Run, lives: Lives) -> None:
    """Show cohorts' curves, groups, second orders, and when the value comes."""
    currency = run.settings["currency"]
    _curves(run, currency)
    _groups(lives, currency)
    _second(lives, currency)
    _marks(lives)
    parts.explain(explained.worth(lives.months), "help_worth")


def _curves(run: Run, currency: str) -> None:
    found = cohorts_page.report_of(run.id, "month", ())
    if found is None:
        return
    facts = found.facts
    verdict = None if found.age is None else compare(facts, found.totals, "revenue", found.age)
    lines = pictures.curves(
        facts, facts, "cumulative_revenue", sorted(pictures.typical(facts, verdict)), currency
    )
    figure = charts.cohort_curves_figure(
        lines,
        average=pictures.average_curve(facts, "cumulative_revenue", currency),
        periods=cohort_words.periods_title("month"),
        title=with_unit(cohort_words.MEASURES["cumulative_revenue"], currency),
        symbol=symbol(currency),
        dark=page.dark(),
    )
    parts.chart(
        figure,
        cohort_words.curves_statement(verdict, "revenue", "month"),
        f"Revenue per original customer of a month's cohort, added up, as of {day(facts.as_of)}; "
        "calendar months that are over. The page on cohorts shows all of them.",
        "ltv_curves",
    )


def _groups(lives: Lives, currency: str) -> None:
    heading = st.container()
    by = st.selectbox(
        "Compare by",
        sorted(lives.known, key=lambda name: (name == newcomers.QUARTER, name)),
        # Options of a box are no Markdown: a name stands as it is.
        format_func=words.by_name,
        key="first_year_by",
        persist_state="session",
        width=320,
        help="What was known on the day of the first order.",
    )
    found = newcomers.compare(lives, by)
    months = lives.months
    shown = [g for g in found.groups if g.newcomers.after(months) is not None][:_MOST_SHOWN]
    with heading:
        if shown:
            _groups_picture(found, shown, by, months, currency)
        else:
            st.subheader(words.groups_title(found, by, months, currency), anchor=False)
    parts.table(tables.groups(found, by, months, currency), "worth_table")
    left, _ = st.columns([1, 2])
    with left:
        parts.download_made(
            "This table (CSV)",
            lambda: csv_of(groups_table(found, months)),
            "worth_by_group.csv",
            "download_worth",
        )


def _groups_picture(
    found: Compared, shown: list[newcomers.Group], by: str, months: int, currency: str
) -> None:
    left_out = len(found.groups) - len(shown)
    more = f" {plural(left_out, 'more group')}: see the table." if left_out else ""
    parts.chart(
        groups_figure(found, shown, by, months, currency, dark=page.dark()),
        words.groups_title(found, by, months, currency),
        f"Revenue per customer in {first(months)}, of customers watched for all of it; before "
        f"margin.{more}",
        "worth_groups",
        min_width=60 * len(shown) + 80,
    )


def groups_table(found: Compared, months: int) -> pa.Table:
    """Return the groups with unrounded numbers; null where there are too few customers."""
    rows = found.groups
    after = [g.newcomers.after(months) for g in rows]
    return pa.table(
        {
            "value": pa.array([value_name(g.newcomers) for g in rows], pa.string()),
            "customers": pa.array([g.newcomers.customers for g in rows], pa.int64()),
            f"revenue_{months}_months": pa.array([a and a.mean for a in after], pa.float64()),
            "low": pa.array([a and a.low for a in after], pa.float64()),
            "high": pa.array([a and a.high for a in after], pa.float64()),
            "standard_error": pa.array([a and a.error for a in after], pa.float64()),
            "beside_the_others": pa.array([g.standing for g in rows], pa.string()),
            "second_order_share": pa.array([g.newcomers.second for g in rows], pa.float64()),
        }
    )


def _second(lives: Lives, currency: str) -> None:
    heading = st.container()
    labels = [name for name in lives.known if name != newcomers.QUARTER]
    label = st.selectbox(
        "Compare with customers who also had the same",
        [None, *labels],
        index=1 if labels else 0,
        format_func=lambda name: "(nothing more)" if name is None else name,
        key="first_year_alike",
        persist_state="session",
        width=320,
        help="Besides the value of the first day (fifths) and the quarter of the first order.",
    )
    found = [
        s for d in newcomers.SOON if (s := newcomers.second_order(lives, d, label)) is not None
    ]
    with heading:
        st.subheader(words.second_title(found, currency).replace("$", r"\$"), anchor=False)
        st.caption(words.CORRELATION)
    if not found:
        return
    parts.table(tables.second_orders(found, label, currency), "second_table")


def _marks(lives: Lives) -> None:
    found = newcomers.marks(lives)
    st.subheader(words.marks_title(found, lives.months), anchor=False)
    if not found:
        return
    st.markdown(words.onboarding(found))
    parts.table(tables.marks(found, lives.months), "marks_table")
