"""The second view of the page on accuracy: do the ranges hold what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import day, dollars, percent, percent_number, plain
from clv.core.names import title
from clv.report import charts, explained
from clv.report.words import ranges as range_words
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import Coverage, MeasuredRanges, Receipt
    from clv.runs import Run

Kind = Literal["before", "after"]
#: Series of the picture, and their names.
_KINDS: Final[Mapping[Kind, str]] = {
    "before": "As the model has them",
    "after": "Calibrated on earlier dates",
}


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
        kind: {row["group"]: row for row in rows} for kind in _KINDS if (rows := measured[kind])
    }
    return [
        Group(name, {kind: known[kind][group] for kind in known})
        for group, name in range_words.GROUPS.items()
        if all(group in rows for rows in known.values())
    ]


def _picture(found: Receipt, measured: MeasuredRanges, rows: list[Group]) -> None:
    names: dict[str, str] = {k: v for k, v in _KINDS.items() if k in rows[0].kinds}
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
    last: Kind = "after" if measured["after"] else "before"
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    share = number(format="%.1f %%")
    shown: dict[str, tuple[list[Any], Any]] = {
        "Customers": ([row.name for row in rows], text(pinned=True)),
        "Number": ([row.kinds[last]["customers"] for row in rows], number(format="localized")),
        "Promised": ([found["ranges"]["level"] * 100] * len(rows), number(format="%.0f %%")),
    }
    for kind, name in _KINDS.items():
        if measured[kind]:
            inside = [percent_number(row.kinds[kind]["inside"]) for row in rows]
            shown[f"Within: {name[0].lower()}{name[1:]}"] = (inside, share)
    ends = [row.kinds[last] for row in rows]
    shown |= {
        "95\u00a0% interval": (
            [f"{percent(end['low'])} to {percent(end['high'])}" for end in ends],
            text(),
        ),
        "Brought less": ([percent_number(end["below"]) for end in ends], share),
        "Brought more": ([percent_number(end["above"]) for end in ends], share),
        "Range of nothing": ([percent_number(end["zero"]) for end in ends], share),
    }
    parts.table(shown, "coverage_table", "Coverage of the ranges by group of customers")
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
    return [{**head, "ranges": kind, **row} for kind in _KINDS for row in measured[kind] or []]


def _totals(run: Run, found: Receipt) -> None:
    """Show how far totals missed on every date, and the range of the total that follows."""
    model = found["choice"]["name"]
    origins = [o for o in found["origins"] if model in o["measures"]]
    if not origins:
        return
    st.subheader("The total", anchor=False)
    told = (range_words.total(run.summary, run.settings), range_words.totals(found))
    st.markdown(dollars(" ".join(filter(None, told))))
    share = st.column_config.NumberColumn(format="%.1f %%")
    shown: dict[str, tuple[list[Any], Any]] = {
        "Tested as of": ([day(o["as_of"]) for o in origins], st.column_config.TextColumn()),
    }
    measures = [o["measures"][model] for o in origins]
    for name, amounts in (
        ("Orders foretold", [m["purchases"] for m in measures]),
        ("Revenue foretold", [m["value"] for m in measures]),
    ):
        biases = [each["bias"] if each else None for each in amounts]
        if any(bias is not None for bias in biases):
            cells = [percent_number(None if bias is None else 1 + bias) for bias in biases]
            shown[name] = (cells, share)
    parts.table(shown, "totals_table", "Expected totals as shares of what came, date by date")
