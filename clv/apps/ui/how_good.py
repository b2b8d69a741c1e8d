"""The page on accuracy: what the forecast would have said on past dates, and what came."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import accuracy, bins, coverage, jobs, page, pretrained, receipt_downloads, reports
from clv.core.formatting import plain
from clv.forecast import pipeline, receipts
from clv.report.words import receipt as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.runs import Run


def show(run: Run) -> None:
    """Show the answer and three ways to look at the tests; test first if need be."""
    page.title("How good is it?", run)
    if run.only_value:
        pretrained.how_good(run)
        return
    if not run.model.get("purchases"):
        page.answer("There is no forecast for this file, so that there is nothing to test.")
        page.notes(run)
        return
    found = run.receipt
    if found is None:
        page.answer("The forecast is being tested on this file's own past.")
        jobs.do(f"receipt:{run.id}", lambda p: pipeline.receipt(run, p), again="Test again")
        return
    page.answer(plain(words.sentence(found)))
    model = receipts.subject(found)
    if model is None:
        return
    notes = (words.shorter(found), words.some(found), words.untested(found))
    if told := " ".join(filter(None, notes)):
        st.caption(plain(told))
    # Only what is seen is drawn and computed.
    views = st.tabs(
        ["Accuracy", "Ranges", "Two models compared"], key="receipt_view", on_change="rerun"
    )
    draws: tuple[Callable[[], None], ...] = (
        partial(accuracy.show, found, model),
        partial(coverage.show, run, found),
        partial(bins.show, run, found),
    )
    for view, draw in zip(views, draws, strict=True):
        if view.open:
            with view:
                draw()
    st.subheader("Download", anchor=False)
    receipt_downloads.show(run, found)
    reports.buttons(run)
