"""The customers predicted to buy most and to spend most."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import page, parts, pretrained, session
from clv.backtest import sum_ranges
from clv.core.formatting import (
    count,
    dollars,
    expected,
    money,
    money_full,
    percent,
)
from clv.report import explained
from clv.report.tables import customers as tables
from clv.report.words import ranges as range_words
from clv.report.words.run import ORDER_DAYS, Shown, span, top_sentence

if TYPE_CHECKING:
    import pyarrow as pa

    from clv.core.schema import RunSettings
    from clv.runs import Kind, Run

_MOST: Final = 1000


@st.cache_data(max_entries=32, show_spinner=False)
def worth(run_id: str, kind: Kind, number: int) -> sum_ranges.Sum | None:
    """Return what the first customers of a ranking are worth together, with its range."""
    ids = ranked(run_id, kind)["customer_id"].slice(0, number).to_pylist()
    return sum_ranges.together(session.store().run(run_id), ids)


class Figures(Shown):
    """What a list amounts to."""

    clv: float | None
    buyers: float | None


@st.cache_data(max_entries=32, show_spinner=False)
def ranked(run_id: str, kind: Kind) -> pa.Table:
    """Return the 1,000 customers predicted to buy or to spend most."""
    # A run never changes: its id is key enough. Any shorter list is a slice of this one.
    return session.store().run(run_id).top(kind, _MOST)


def show(run: Run) -> None:
    """Show the answer, the figures, the table, its download."""
    page.title("Top customers", run)
    settings, summary = run.settings, run.summary
    if run.only_value:
        found = pretrained.top(run, ranked(run.id, "spenders"))
        _downloads(run, "spenders", found, found)
        return
    if summary.get("predicted_purchases") is None:
        page.nothing_ahead(
            run, "There is no forecast for this file, so nobody can be ranked by it."
        )
        return
    sentence = st.container()
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    kinds: list[Kind] = list(tables.KINDS)
    if summary.get("predicted_revenue") is None:
        kinds = ["buyers"]
    kind = left.segmented_control(
        "Ranked by",
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda k: tables.KINDS[k],
        key="kind",
        persist_state="session",
    )
    number = right.number_input(
        "How many",
        min_value=10,
        max_value=_MOST,
        value=100,
        step=10,
        key="how_many",
        persist_state="session",
    )
    table = ranked(run.id, kind).slice(0, int(number))
    figures = _totals(table)
    with sentence:
        page.answer(top_sentence(figures, kind, summary, settings))
        page.cards(_cards(figures, settings), "top")
        page.notes(run)
        for told in filter(None, (_range(run, kind, int(number)), range_words.missing(summary))):
            st.caption(dollars(told))
    if len(kinds) == 1:
        st.caption("The file has no value column, so customers are ranked by orders only.")
    shown = tables.top(run, kind, table.to_pylist())
    parts.customers(run, shown, f"top_{kind}_{table.num_rows}", parts.SORTS, height=560)
    _downloads(run, kind, int(number), table.num_rows)
    parts.explain(explained.top(settings))


def _range(run: Run, kind: Kind, number: int) -> str:
    """Say between what the list's value should lie; empty without ranges."""
    found, ranges = worth(run.id, kind, number), run.summary.get("ranges")
    if found is None or ranges is None:
        return ""
    wide = range_words.together(found, ranges, run.settings["currency"])
    return f"Together they should be worth {wide}."


def _totals(table: pa.Table) -> Figures:
    def total(name: str) -> float | None:
        known = [v for v in table[name].to_pylist() if v is not None]
        return sum(known) if known else None

    return {
        "n": table.num_rows,
        "purchases": total("predicted_purchases"),
        "revenue": total("predicted_revenue"),
        "clv": total("predicted_clv"),
        "buyers": total("p_purchase"),
    }


def _cards(figures: Figures, settings: RunSettings) -> list[page.Card]:
    currency, ahead = settings["currency"], span(settings)
    number = figures["n"]
    row = [
        page.Card(
            f"Expected orders, {ahead}",
            expected(figures["purchases"]),
            f"Of all in this list. {ORDER_DAYS}.",
        ),
        page.Card(
            "Should order at least once",
            f"{count(figures['buyers'])} of {count(number)}",
            "The chances of everybody in this list, added up.",
        ),
    ]
    if figures["revenue"] is not None:
        row += [
            page.Card(
                f"Expected revenue, {ahead}",
                money(figures["revenue"], currency),
                f"{money_full(figures['revenue'], currency)}, before discounting and margin.",
            ),
            page.Card(
                "Lifetime value",
                money(figures["clv"], currency),
                f"{money_full(figures['clv'], currency)}: revenue of the {ahead}, discounted at "
                f"{percent(settings['discount_rate'])} a year, at a margin of "
                f"{percent(settings['margin'])}.",
            ),
        ]
    return row


def _downloads(run: Run, kind: Kind, number: int, rows: int) -> None:
    def written() -> bytes:
        out = io.BytesIO()
        run.write_top(kind, number, out)
        return out.getvalue()

    left, right = st.columns(2)
    with left:
        st.download_button(
            f"These {count(rows)} customers (CSV)",
            data=written,
            file_name=f"top_{number}_{kind}.csv",
            mime="text/csv",
            key="download_top",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
    with right:
        label = f"All {count(run.summary['customers'])} customers (CSV)"
        parts.download_run(run, "predictions.csv", label, "download_predictions")
