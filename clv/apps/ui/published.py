"""The published forecast in the dashboard: the way to it, and the button that publishes another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import access, session, trouble
from clv.core.errors import BusyError, NothingPublishedError
from clv.core.formatting import day, plural
from clv.forecast import publish

if TYPE_CHECKING:
    from clv.runs import Run


def link() -> None:
    """Offer the published forecast to whoever has just come; nothing where there is none."""
    try:
        run = publish.published(session.store())
    except NothingPublishedError:
        return
    # A link to the page that one is on would not put the run into its address.
    asked = st.button(
        f"See the published forecast, as of {day(run.settings['as_of'])}",
        icon=":material/public:",
        key="published",
        help=f"{plural(run.summary['customers'], 'customer')}; published for everybody who comes here.",
    )
    if asked:
        st.query_params.from_dict({"run": run.id})
        st.rerun()


def offer(run: Run) -> None:
    """Let an operator publish a run; others see nothing."""
    if not access.is_operator():
        return
    store = session.store()
    shown = None
    with suppress(NothingPublishedError):  # Publishing mends a damaged note.
        shown = publish.published_id(store)
    if shown == run.id:
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
