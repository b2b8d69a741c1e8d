"""What a new customer brings by label, what one may cost, and when that is earned back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import streamlit as st

from clv.apps.ui import page, parts, session
from clv.core.formatting import day, money, symbol, with_unit
from clv.core.metrics import FEW
from clv.insights.newcomers import months_of_life
from clv.report import charts, explained
from clv.report.tables import newcomers as newcomer_tables
from clv.report.words import segments as words
from clv.runs import csv_of

if TYPE_CHECKING:
    from clv.insights.newcomers.curves import Newcomers
    from clv.insights.newcomers.months_of_life import NewcomersByGroup
    from clv.runs import Run

#: Months in which a new customer should have earned what they cost.
PAYBACK: Final = 12
_LINES: Final = 6
#: Stands for the quarter of the first order among the labels; no file's column has this name.
_COHORT: Final = "\0cohort"


@st.cache_data(max_entries=32, show_spinner=False)
def compared(run_id: str, label: str) -> NewcomersByGroup:
    """Return the same by the values of a label, or by quarter of the first order."""
    run = session.store().run(run_id)
    return (
        months_of_life.by_cohort(run) if label == _COHORT else months_of_life.by_label(run, label)
    )


def everyone(run: Run) -> Newcomers:
    """Return what new customers bring, all together."""
    # Every comparison has all customers in it: the one that is shown first serves here too.
    return compared(run.id, _labels(run)[0]).everyone


def _labels(run: Run) -> list[str]:
    return [*run.labels, _COHORT]


def show(run: Run) -> None:
    """Show the controls, the curves, the table, its download, the explanation."""
    has_value = run.has_value
    currency = run.settings["currency"]
    with st.spinner("Following the new customers…", show_time=False):
        total = everyone(run)
    heading = st.container()
    if not total.longest:
        with heading:
            title = words.newcomers_title(total, 1.0, 1, currency, has_money=has_value)
            st.subheader(title, anchor=False)
            st.caption(f"At least {FEW} customers must have been watched for a month.")
        return
    label, months, margin, cost = _controls(run, total)
    found = compared(run.id, label)
    most = total.ceiling(margin, months)
    price = cost if cost is not None else (most.mean if most else 0.0)
    with heading:
        _curves(run, found, months, margin, price)
    if note := words.short_history(total.longest, PAYBACK):
        st.caption(note)
    rows = [total, *found.groups]
    names = [words.value_name(g, label=i > 0) for i, g in enumerate(rows)]
    shown = newcomer_tables.acquisition(
        run, list(zip(names, rows, strict=True)), months, margin, price
    )
    parts.table(shown, "newcomers_table")
    st.download_button(
        "This table (CSV)",
        data=lambda: as_csv(rows, names, months, margin, price, has_value=has_value),
        file_name="new_customers.csv",
        mime="text/csv",
        key="download_newcomers",
        icon=":material/download:",
        on_click="ignore",
    )
    parts.explain(explained.newcomers(months), "help_newcomers")


def _controls(run: Run, total: Newcomers) -> tuple[str, int, float, float | None]:
    """Return label, payback in months, margin as a share, and cost: None for the ceiling."""
    names = {_COHORT: "Quarter of the first order"}
    currency = run.settings["currency"]
    boxes = st.columns(4 if run.has_value else 2, vertical_alignment="bottom")
    label = boxes[0].selectbox(
        "Compare by",
        _labels(run),
        # Options of a box are no Markdown: a name stands as it is.
        format_func=lambda name: names.get(name, name),
        key="newcomers_by",
        persist_state="session",
        help="The label of the customer's first order.",
    )
    months = boxes[1].number_input(
        "Earned back within (months)" if run.has_value else "Months",
        min_value=1,
        max_value=total.longest,
        value=min(PAYBACK, total.longest),
        key=f"payback_{run.id}",
        persist_state="session",
    )
    if not run.has_value:
        return str(label), int(months), 1.0, None
    with boxes[2]:
        margin = margin_of(run, "acquisition")
    most = total.ceiling(margin, int(months))
    cost = boxes[3].number_input(
        with_unit("What you pay for one", currency),
        min_value=0.0,
        value=None,
        key=f"acquisition_cost_{run.id}",
        persist_state="session",
        placeholder=f"{money(most.mean if most else None, currency)}, the ceiling",
        help="Cost of winning one new customer; empty: the most you could pay, over all customers.",
    )
    return str(label), int(months), margin, None if cost is None else float(cost)


def margin_of(run: Run, name: str) -> float:
    """Ask for the margin, at first that of the run.

    Margins and costs are a business's own: another run starts with its own.
    """
    percent = st.number_input(
        "Margin (%)",
        min_value=0.1,
        max_value=100.0,
        value=round(float(run.settings["margin"]) * 100, 1),
        step=1.0,
        format="%.1f",
        key=f"{name}_margin_{run.id}",
        persist_state="session",
        help="Share of revenue that is left to pay for the customer.",
    )
    return float(percent) / 100


def _curves(run: Run, found: NewcomersByGroup, months: int, margin: float, price: float) -> None:
    settings, has_value = run.settings, run.has_value
    currency = settings["currency"]
    known = [g for g in found.groups if g.longest and g.combined == 1][:_LINES]
    curves = [
        charts.Curve(
            words.value_name(g, label=i > 0),
            [margin * float(v) for v in g.brought[: g.longest]],
        )
        for i, g in enumerate([found.everyone, *known])
    ]
    axis = "Orders per new customer"
    if has_value:
        axis = "Revenue per new customer" if margin == 1 else "Margin per new customer"
    figure = charts.newcomers_figure(
        curves,
        cost=price if has_value else None,
        axis=axis,
        symbol=symbol(currency) if has_value else "",
        dark=page.dark(),
    )
    more = "" if len(known) == len(found.groups) else " The table has all."
    range_ = words.between(found.everyone.ceiling(margin, months), currency) if has_value else ""
    if range_:
        more = f" All customers in {words.first(months)}: {range_} in 4 of 5 cases.{more}"
    parts.chart(
        figure,
        words.newcomers_title(found.everyone, margin, months, currency, has_money=has_value),
        f"{axis} since the first order, not discounted, as of {day(settings['as_of'])}. A line ends "
        f"where fewer than {FEW} customers have been watched that long.{more}",
        "newcomers",
    )


def as_csv(
    rows: list[Newcomers],
    names: list[str],
    months: int,
    margin: float,
    price: float,
    *,
    has_value: bool,
) -> bytes:
    """Return the table with unrounded numbers; empty cells where there are too few customers."""
    after = [g.after(months) for g in rows]
    what = "revenue" if has_value else "orders"
    columns: dict[str, pa.Array] = {
        "value": pa.array(names, pa.string()),
        "customers": pa.array([g.customers for g in rows], pa.int64()),
        "second_purchase_rate": pa.array([g.second for g in rows], pa.float64()),
        f"watched_{months}_months": pa.array([g.watched_through(months) for g in rows], pa.int64()),
        f"{what}_{months}_months": pa.array([a and a.mean for a in after], pa.float64()),
        "standard_error": pa.array([a and a.error for a in after], pa.float64()),
        "mean_predicted_clv": pa.array([g.clv and g.clv.mean for g in rows], pa.float64()),
    }
    if has_value:
        most = [g.ceiling(margin, months) for g in rows]
        columns |= {
            "cac_ceiling": pa.array([m and m.mean for m in most], pa.float64()),
            "cac_ceiling_cautious": pa.array([m and m.low for m in most], pa.float64()),
            "payback_month": pa.array([g.payback(margin, price) for g in rows], pa.int64()),
        }
    return csv_of(pa.table(columns))
