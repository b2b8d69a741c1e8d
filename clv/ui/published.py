"""The published forecast in the dashboard: the way to it, and the button that publishes another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from clv import publish
from clv.errors import BusyError, NothingPublishedError
from clv.formatting import day, plural
from clv.ui import access, page, session, trouble

if TYPE_CHECKING:
    from clv.runs import Run


def link() -> None:
    """Offer the published forecast to whoever has just come; nothing where there is none."""
    try:
        run = publish.published(session.store())
    except NothingPublishedError:
        return
    who = plural(run.summary["customers"], "customer")
    st.page_link(
        page.HOME,
        label=f"See the published forecast: {who}, as of {day(run.settings['as_of'])}",
        icon=":material/public:",
        query_params={"run": run.id},
    )


def offer(run: Run) -> None:
    """Let an operator publish a run; others see nothing."""
    if not access.is_operator():
        return
    store = session.store()
    if publish.published_id(store) == run.id:
        st.caption("This is the published forecast: the API and every new visit show it.")
        return
    asked = st.button(
        "Publish this forecast",
        icon=":material/public:",
        key="publish",
        help="From then on the API answers from it, and every new visit is shown the way to it.",
    )
    if not asked:
        return
    try:
        with publish.job(store):
            publish.publish(store, run)
    except BusyError as error:
        trouble.show(trouble.explain(error))
        return
    st.rerun()
