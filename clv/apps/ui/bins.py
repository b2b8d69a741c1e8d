"""Two forecasts of who buys, side by side: part of the page on accuracy."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from clv.apps.ui import outside as from_outside
from clv.apps.ui import page, parts, trouble
from clv.core.errors import ClvError, SettingsError
from clv.core.formatting import day, money, plain, plural
from clv.core.segments import LIKELIHOODS, Thresholds
from clv.insights import bins
from clv.insights.bins import SIDES
from clv.report import explained
from clv.report.charts.bins import bins_figure, cells_figure
from clv.report.charts.reliability import reliabilities_figure
from clv.report.tables import bins as tables
from clv.report.words import bins as words
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from clv.core.schema import BinsReport, Receipt, Side
    from clv.ingest import Chances
    from clv.runs import Run

Row = TypeVar("Row")


def show(run: Run, receipt: Receipt) -> None:
    """Show the choice of two forecasts, the verdict, bins, disagreements and scores.

    Parameters
    ----------
    run
        Whose customers were tested.
    receipt
        Of that run.
    """
    tested = run.tested()
    if tested is None or not receipt["origins"]:
        st.markdown(
            "There is no test of this forecast, so that there is nothing to compare: "
            + plain(receipt["reason"] or "make the forecast again with a test on the past.")
        )
        return
    choice, answer, below = st.container(), st.container(), st.container()
    with below:
        outside = from_outside.show(run, receipt, tested)
    names = bins.contenders(tested) + ([outside.name] if outside else [])
    if len(names) < 2:
        answer.markdown("Only one forecast was tested; bring another one to compare it with.")
        return
    with choice:
        first, second = _choice(names, receipt, outside)
    limits = _limits()
    if limits is None:
        return
    with answer:
        found = _compared(run, receipt, tested, (first, second), outside, limits)
        if found is None:
            return
        with st.container(key="answer-bins"):
            st.markdown(plain(words.verdict(found)))
        if told := words.useless(found):
            st.caption(plain(told))
    _bins(found, limits)
    if not found["same"]:
        _cells(found)
        _disagreement(found)
    _scores(found)
    _downloads(found)
    parts.explain(explained.bins(words.test(found), words.clipped(found)), "help_bins")


def _choice(names: list[str], receipt: Receipt, outside: Chances | None) -> tuple[str, str]:
    """Let the visitor choose both sides: by default the run's own forecast and its best rival."""
    chosen = receipt["choice"]
    known = outside.name if outside else ""
    left, right = st.columns(2)

    def pick(column: Any, label: str, among: list[str], wanted: list[str | None]) -> str:  # noqa: ANN401
        # A new file from outside starts anew: it is the rival at once.
        return str(
            column.selectbox(
                label,
                among,
                index=next(among.index(n) for n in [*wanted, *among] if n in among),
                format_func=lambda n: words.title(n, known),
                key=f"bins_{label.lower()}_{known}",
            )
        )

    first = pick(left, "First", names, [chosen["name"], receipt["model"]])
    rivals = [known, chosen["as_good"], chosen["runner_up"], "recency-rule"]
    second = pick(right, "Second", [n for n in names if n != first], rivals)
    return first, second


def _limits() -> Thresholds | None:
    """Let the visitor move the limits of the bins; None where they don't fall."""
    picked = []
    boxes = zip(st.columns(3), LIKELIHOODS, astuple(Thresholds()), strict=False)
    for i, (column, name, chance) in enumerate(boxes):
        picked.append(
            column.number_input(
                f"{name.capitalize()} from (%)",
                min_value=1,
                max_value=100,
                value=round(chance * 100),
                step=5,
                key=f"bins_limit_{i}",
            )
        )
    try:
        return Thresholds(*(int(limit) / 100 for limit in picked))
    except SettingsError as error:
        st.warning(plain(error.message), icon=":material/info:")
        return None


def _compared(
    run: Run,
    receipt: Receipt,
    tested: pa.Table,
    names: tuple[str, str],
    outside: Chances | None,
    limits: Thresholds,
) -> BinsReport | None:
    """Return the comparison, kept in the session while nothing of it changes."""
    used = outside if outside is not None and outside.name in names else None
    key = (run.id, names, limits, used and st.session_state.get("bins_outside_id"))
    kept = st.session_state.get("bins_found")
    if kept is not None and kept[0] == key:
        found: BinsReport = kept[1]
        return found
    try:
        found = bins.report(receipt, tested, *names, outside=used, limits=limits)
    except ClvError as error:
        trouble.show(trouble.explain(error))
        return None
    st.session_state["bins_found"] = (key, found)
    return found


def _sides(found: BinsReport, rows: Mapping[Side, list[Row]]) -> dict[str, list[Row]]:
    """Return both forecasts' rows under their names."""
    return {words.label(found, side): rows[side] for side in SIDES}


def _bins(found: BinsReport, limits: Thresholds) -> None:
    when = f"{words.ahead(found)}, known up to {day(found['end'])}"
    parts.chart(
        bins_figure(_sides(found, found["bins"]), dark=page.dark()),
        words.bins_title(found),
        f"Bars: share of each bin's customers who bought in {when}, with 95\u00a0% intervals; marks: "
        f"mean forecast chance. {plural(found['customers'], 'customer')}.",
        "bins",
    )
    parts.table(tables.both(found, limits), "bins_table")


def _cells(found: BinsReport) -> None:
    names = words.label(found, "first"), words.label(found, "second")
    parts.chart(
        cells_figure(found["cells"], LIKELIHOODS, names, dark=page.dark()),
        words.cells_title(found),
        f"Customers by the bin that {names[0]} (rows) and {names[1]} (columns) put them in, and the "
        f"share of them that bought in {words.ahead(found)}.",
        "bins_cells",
    )


def _disagreement(found: BinsReport) -> None:
    apart = found["disagreement"]
    if apart["largest"] is None:
        return
    st.subheader(plain(words.right_title(found)), anchor=False)
    parts.table(tables.split(found), "bins_split")
    worth = ""
    if apart["value"] is not None:
        worth = f" They brought {money(apart['value'], found['currency'])}."
    st.caption(
        f"{plural(apart['customers'], 'customer')} in different bins, the most frequent difference "
        f"first.{worth.replace('$', chr(92) + '$')} Mean squared error of the chance: "
        f"{words.score('brier', apart['error_first'])} and "
        f"{words.score('brier', apart['error_second'])}; difference "
        f"{words.apart('brier', apart['difference']) or 'not told for so few'}."
    )


def _scores(found: BinsReport) -> None:
    parts.chart(
        reliabilities_figure(_sides(found, found["reliability"]), dark=page.dark()),
        words.reliability_title(found),
        f"Share of customers who bought in {words.ahead(found)}, by forecast chance, in groups of a "
        "tenth of the customers, or more where chances are equal, with 95\u00a0% intervals.",
        "bins_reliability",
    )
    parts.table(tables.scores(found), "bins_scores")
    st.caption(
        "Error of the chance = reliability − resolution + uncertainty + within the groups. The smaller "
        "the better, but of resolution and of buyers recognised: there more is better."
    )


def _downloads(found: BinsReport) -> None:
    left, middle, right = st.columns(3)
    with left:
        parts.download_made(
            "Four bins (CSV)",
            lambda: csv_of(bins.rows(found)),
            "bins.csv",
            "download_bins",
        )
    with middle:
        parts.download_made(
            "Who is in which bin (CSV)",
            lambda: csv_of(bins.cell_rows(found)),
            "bins_of_both.csv",
            "download_bins_cells",
        )
    with right:
        parts.download_made(
            "Everything (JSON)",
            lambda: json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False).encode(),
            "bins.json",
            "download_bins_json",
        )
