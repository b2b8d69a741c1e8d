"""The second view of the page on accuracy: do the ranges hold what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import day, dollars, percent, plain
from clv.core.names import title
from clv.report import charts, explained
from clv.report.tables import receipt as tables
from clv.report.words import ranges as range_words
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import Coverage, MeasuredRanges, Receipt
    from clv.runs import Run


def show(run: Run, found: Receipt) -> None:
    """Show the answer, coverage by group as picture and table, the totals, the file."""
    with st.container(key="answer-ranges"):
        st.markdown(plain(range_words.sentence(found)))
    told = range_words.missing(run.summary)
    if not found["has_value"]:
        told = "Without amounts no values are forecast; what is measured here are ranges of orders."
    if told:
        st.caption(told)
    if measured := found["ranges"]["measured"]:
        rows = groups(measured)
        _picture(found, measured, rows)
        _table(found, measured, rows)
    _totals(run, found)
    ranges = found["ranges"]
    tested = sum(ranges["customers"].values())
    parts.explain(explained.ranges(ranges["levels"], tested), "help_ranges")


class Group(NamedTuple):
    """A group's name, and its coverage before and, where there is one, after calibration."""

    name: str
    kinds: Mapping[str, Coverage]


def groups(measured: MeasuredRanges) -> list[Group]:
    """Return one row a group, in the order of `range_words.GROUPS`."""
    known = {
        kind: {row["group"]: row for row in rows}
        for kind in tables.KINDS
        if (rows := measured[kind])
    }
    return [
        Group(name, {kind: known[kind][group] for kind in known})
        for group, name in range_words.GROUPS.items()
        if all(group in rows for rows in known.values())
    ]


def _picture(found: Receipt, measured: MeasuredRanges, rows: list[Group]) -> None:
    names: dict[str, str] = {k: v for k, v in tables.KINDS.items() if k in rows[0].kinds}
    level, last = found["ranges"]["level"], list(names)[-1]
    parts.chart(
        charts.coverage_figure(
            [{"group": row.name, "kinds": row.kinds} for row in rows],
            level=level,
            names=names,
            dark=page.dark(),
        ),
        range_words.coverage_title([row.kinds[last] for row in rows], level),
        f"Share of customers whose {'revenue' if found['has_value'] else 'orders'} lay within their range, with 95\u00a0% intervals; dashed: the "
        f"{percent(level)} promised. {title(found['choice']['name'])}, as of "
        f"{day(measured['as_of'])}.",
        "coverage",
    )


def _table(found: Receipt, measured: MeasuredRanges, rows: list[Group]) -> None:
    parts.table(tables.coverage(found["ranges"]["level"], measured, rows), "coverage_table")
    left, _ = st.columns([1, 2])
    with left:
        parts.download_made(
            "Coverage, every group (CSV)",
            lambda: csv_of(coverage_rows(found)),
            "ranges.csv",
            "download_ranges",
        )


def coverage_rows(found: Receipt) -> list[Mapping[str, object]]:
    """Return every group's coverage, before and after calibration, one below the other."""
    measured = found["ranges"]["measured"]
    if measured is None:
        return []
    head = {"as_of": measured["as_of"], "level": found["ranges"]["level"]}
    return [
        {**head, "ranges": kind, **row} for kind in tables.KINDS for row in measured[kind] or []
    ]


def _totals(run: Run, found: Receipt) -> None:
    """Show how far totals missed on every date, and the range of the total that follows."""
    model = found["choice"]["name"]
    origins = [o for o in found["origins"] if model in o["measures"]]
    if not origins:
        return
    st.subheader("The total", anchor=False)
    told = (range_words.total(run.summary, run.settings), range_words.totals(found))
    st.markdown(dollars(" ".join(filter(None, told))))
    parts.table(tables.totals(model, origins), "totals_table")
