"""The page on the model's health: do its assumptions hold here, and what does it do well and poorly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, page, parts
from clv.core.formatting import dollars, plural
from clv.forecast import receipts
from clv.insights import assumptions
from clv.report import explained, findings
from clv.report.charts import assumption_pictures as pictures
from clv.report.findings import health as health_words
from clv.report.words import assumptions as words
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.insights.assumptions import Check
    from clv.report.findings import Finding
    from clv.runs import Run

TITLE: Final = "Model health"


def show(run: Run) -> None:
    """Show the answer, the counts, what works and what doesn't, and every assumption."""
    page.title(TITLE, run)
    checks = assumptions.stored(run)
    if checks is None:
        page.answer("The model's assumptions are being checked on this file.")
        jobs.do(f"health:{run.id}", lambda p: assumptions.checked(run, p), again="Check again")
        return
    page.answer(words.summary(checks))
    page.notes(run)
    if checks:
        cards = [page.Card(*card) for card in health_words.cards(checks)]
        page.cards(cards, "health")
    found = _findings(run, checks)
    _assumptions(run, checks)
    _downloads(checks, found)
    parts.explain(explained.health())


def _findings(run: Run, checks: Sequence[Check]) -> dict[str, list[Finding]] | None:
    """Show what the forecast does well and poorly, and what would help; None without a test."""
    if not run.model.get("purchases"):
        return None
    receipt = run.receipt
    if receipt is None:
        st.subheader("What the forecast does well, and what poorly", anchor=False)
        st.markdown("That shows when the forecast is tested on the past: it has not been yet.")
        st.page_link(
            page.HOW_GOOD,
            label="Test it on this file's own past",
            icon=":material/fact_check:",
            query_params={"run": run.id},
        )
        return None
    tested = run.tested()
    found = {
        "well": findings.does_well(receipt, tested),
        "poorly": findings.does_poorly(receipt, tested),
        "help": findings.would_help(receipt, checks),
    }
    if receipts.subject(receipt) is None:
        st.caption(dollars(f"There is no test of this forecast. {receipt['reason']}"))
        found = {kind: some for kind, some in found.items() if some}
    if not found:
        return found
    for column, (kind, some) in zip(st.columns(len(found)), found.items(), strict=True):
        with column, st.container(border=True, height="stretch", key=f"findings-{kind}"):
            st.subheader(health_words.HEADINGS[kind], anchor=False)
            for sentence in health_words.sentences(some, kind):
                st.markdown(f"- {dollars(sentence)}")
    return found


def _assumptions(run: Run, checks: Sequence[Check]) -> None:
    if not checks:
        return
    st.subheader("The assumptions, the most doubtful first", anchor=False)
    for check in health_words.by_weight(checks):
        with st.container(border=True, key=f"check-{check.key}"):
            told = words.WORDS[check.key]
            st.markdown(
                f"**{words.label(check)}** · **{told.name}**  \n*{told.question}*  \n"
                + dollars(f"{words.finding(check)}  \n")
                + dollars(f"**What it means.** {words.meaning(check)} {words.advice(check)}")
            )
            _picture(run, check)


def _picture(run: Run, check: Check) -> None:
    """Draw a check's picture once it is asked for."""
    if check.effect is None and not check.rows:
        return
    fold = st.expander(
        "Picture and figures",
        icon=":material/bar_chart:",
        key=f"fold_{check.key}",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        figure = pictures.figure(check, run.settings["currency"], dark=page.dark())
        if figure is None:
            st.markdown(words.statistic(check))
            return
        parts.chart(
            figure, words.picture_title(check), words.statistic(check), f"picture_{check.key}"
        )


def _downloads(checks: Sequence[Check], found: dict[str, list[Finding]] | None) -> None:
    left, right = st.columns(2)
    with left:
        parts.download_made(
            f"{plural(len(checks), 'assumption')} with figures (CSV)",
            lambda: csv_of(health_words.rows(checks)),
            "model_health.csv",
            "download_health_csv",
        )
    with right:
        parts.download_made(
            "Everything (JSON)",
            lambda: json.dumps(
                health_words.everything(checks, found), indent=2, ensure_ascii=False
            ).encode(),
            "model_health.json",
            "download_health_json",
        )
