"""The whole analysis of a run to take along: an HTML report and a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs
from clv.report import analysis

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.runs import Run

_FILES: Final = (
    (".html", "Report (HTML)", "text/html", "One page to read, print or send; needs no network."),
    (
        ".ipynb",
        "Notebook (Jupyter)",
        "application/x-ipynb+json",
        "The same, to be worked on in Python.",
    ),
)


def buttons(run: Run) -> None:
    """Show a button for either file; they are made in the background when first asked for."""
    if analysis.stored(run, ".html") is not None:
        for column, (ending, label, kind, what) in zip(st.columns(2), _FILES, strict=True):
            with column:
                st.download_button(
                    label,
                    data=_reader(run, ending),
                    file_name=analysis.NAMES[ending],
                    mime=kind,
                    key=f"download_{ending[1:]}",
                    icon=":material/download:",
                    on_click="ignore",
                    width="stretch",
                )
                st.caption(what)
        return
    key = f"analysis:{run.id}"
    asked = jobs.find(key) is not None or st.button(
        "Prepare report and notebook",
        icon=":material/description:",
        key="prepare_report",
        help="All sections of the analysis in one HTML page, and as a Jupyter notebook.",
    )
    if asked:
        jobs.do(key, lambda to: analysis.build(run, ".html", to), again="Prepare them again")


def _reader(run: Run, ending: str) -> Callable[[], bytes]:
    def read() -> bytes:
        return analysis.build(run, ending, lambda *_: None)

    return read
