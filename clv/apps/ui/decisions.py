"""What was decided on reading a file, and the switches that decide otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import parts, reading
from clv.core.formatting import money, plain, plural
from clv.core.options import chosen, switched
from clv.report.tables import reading as tables
from clv.report.words.check import MEANINGS, choice, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import Decision, Report, StatusReport
    from clv.core.settings import IngestOptions, StatusMeaning
    from clv.runs import Draft

#: Rules with a switch of their own among the rejected rows.
_RULES: Final = ("duplicate", "zero_value", "far_date")
_MOST_STATUSES: Final = 6


def warnings(draft: Draft, options: IngestOptions, report: Report) -> None:
    """Show the decisions that move much, each with its switches."""
    for i, decision in enumerate(report.get("decisions", [])):
        if decision["weighty"]:
            st.warning(plain(decision["sentence"]), icon=":material/warning:")
            if decision["switches"]:
                _switches(draft, options, decision, f"weighty_{i}", report["currency"])


def undo(draft: Draft, options: IngestOptions) -> None:
    """Show what was chosen on this page, each with the way back."""
    for i, one in enumerate(chosen(options)):
        if one.words[0] in {"--keep", "--drop"} and one.words[1] in _RULES:
            continue
        with st.container(horizontal=True, vertical_alignment="center", key=f"chosen_{i}"):
            st.markdown(f"You chose: {plain(choice(one.words))}.", width="content")
            if st.button("Undo", icon=":material/undo:", type="tertiary", key=f"undo_{i}"):
                reading.set_options(draft, one.without)


def columns(report: Report) -> None:
    """Show what was read as what, and what was not used."""
    shown = tables.columns(report)
    if not shown.rows:
        return
    st.header("What was read as what", anchor="columns")
    parts.still(shown)
    rest = tables.unused(report)
    if rest.rows:
        with st.expander(f"Columns not used ({len(rest.rows)})", icon=":material/view_column:"):
            parts.still(rest)


def others(draft: Draft, options: IngestOptions, report: Report) -> None:
    """Show the decisions that move less."""
    found = [(i, d) for i, d in enumerate(report.get("decisions", [])) if not d["weighty"]]
    if not found:
        return
    st.header("Decisions", anchor="decisions")
    for i, decision in found:
        st.markdown(plain(decision["sentence"]))
        _switches(draft, options, decision, f"decision_{i}", report["currency"])


def _switches(
    draft: Draft, options: IngestOptions, decision: Decision, key: str, currency: str
) -> None:
    """Show the buttons that reverse a decision, and how much it touches."""
    touched = size(decision, currency)
    if not touched and not decision["switches"]:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=key):
        for j, switch in enumerate(decision["switches"]):
            if st.button(plain(switch["label"]), icon=":material/sync_alt:", key=f"{key}_{j}"):
                reading.set_options(draft, switched(options, switch["options"]))
        if touched:
            st.caption(plain(touched), width="content")


def statuses(draft: Draft, options: IngestOptions, report: Report) -> None:
    """Show the words of statuses and kinds, what each was taken for, and a list to say otherwise."""
    found = sorted(report.get("statuses", []), key=lambda s: (s["known"], -s["rows"]))
    if not found:
        return
    st.header("Statuses", anchor="statuses")
    unknown = sum(not s["known"] for s in found)
    first = found[: max(_MOST_STATUSES, unknown)]
    _meanings(draft, options, report, first)
    if rest := found[len(first) :]:
        with st.expander(f"More statuses ({len(rest)})"):
            _meanings(draft, options, report, rest)


def _meanings(
    draft: Draft, options: IngestOptions, report: Report, found: Sequence[StatusReport]
) -> None:
    choices: list[StatusMeaning] = ["counts", "no", "refund"]
    digest = reading.digest(options)
    for status in found:
        word = status["word"]
        left, right = st.columns([3, 2], vertical_alignment="center")
        counted = plural(status["rows"], "row")
        if status["money"] is not None:
            counted += f" · {money(status['money'], report['currency'])}"
        doubt = "" if status["known"] else " · :orange-badge[not understood]"
        left.markdown(f"**{plain(word)}** · {plain(counted)} · {plain(status['column'])}{doubt}")
        meaning = right.selectbox(
            f"What “{word}” means",
            choices,
            index=choices.index(status["meaning"]),
            format_func=MEANINGS.__getitem__,
            label_visibility="collapsed",
            key=f"status_{status['column']}_{word}_{digest}",
        )
        if meaning != status["meaning"]:
            said = {**options.statuses, word: meaning}
            reading.set_options(draft, replace(options, statuses=said))


def oddities(report: Report) -> None:
    """Show what looks odd about the orders."""
    found = report.get("oddities", [])
    if not found:
        return
    st.header("Does this look right?", anchor="oddities")
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in found))
