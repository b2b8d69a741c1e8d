"""The home page's three states: nothing yet, a file being checked, a finished forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import (
    decisions,
    intake,
    jobs,
    page,
    parts,
    plan,
    published,
    reading,
    report,
    session,
    summary,
    trouble,
)
from clv.core.errors import InputError, RunNotFoundError
from clv.core.formatting import files, plain
from clv.forecast import pipeline
from clv.ingest import ROLES
from clv.report.words.run import rows_sentence

if TYPE_CHECKING:
    from clv.core.settings import IngestOptions
    from clv.core.types import Progress
    from clv.ingest import Preview
    from clv.runs import Draft


def show(here: page.Here) -> None:
    """Show what the address asks for."""
    wanted = st.query_params.get("draft")
    if wanted and "run" not in st.query_params:
        _draft(wanted)
    elif here.busy is not None:
        _busy(here.busy)
    elif here.run is not None:
        summary.show(here.run)
        published.offer(here.run)
    else:
        intake.show()


def _busy(job: jobs.Job) -> None:
    page.title("Forecasting")
    if job.failure is None:
        page.answer("Your forecast is being tested on the file's own past, and made.")
        jobs.watch(job)
        return
    trouble.show(job.failure)
    draft_id = str(job.about.get("draft", ""))
    if st.button("Back to the settings", icon=":material/arrow_back:", key="back"):
        session.open_draft(session.store().draft(draft_id))
        st.rerun()


def _draft(draft_id: str) -> None:
    try:
        draft = session.store().draft(draft_id)
    except RunNotFoundError as error:
        page.title("This upload isn't here any more")
        trouble.show(trouble.explain(error))
        _again("Upload a file")
        return
    page.title(plain(files([path.name for path in draft.inputs])) or "Your file")
    options = reading.options_of(draft)
    try:
        found = reading.preview(draft, options)
    except InputError as error:
        trouble.show(trouble.explain(error))
        _again("Upload another file")
        return
    if found.no_orders:
        _no_orders(draft, options, found)
        return
    if found.date_ambiguous and options.date_order is None:
        reading.ask_date_order(draft, options, found)
        reading.head(found)
        return
    if found.choices:
        reading.ask(draft, options, found.problems[-1], found.choices)
        with st.expander("How the file was read", icon=":material/tune:"):
            reading.form(draft, options, found)
        reading.head(found)
        return
    if missing := reading.missing_roles(found):
        _ask_columns(draft, options, found, missing)
        return
    if _checked(draft, options, found):
        _report(draft, options, found)


def _no_orders(draft: Draft, options: IngestOptions, found: Preview) -> None:
    """Say what the table is, and what to upload instead; whoever knows better chooses the columns."""
    for problem in found.problems:
        st.error(plain(problem), icon=":material/table_rows:")
    with st.expander("It is a table of orders: choose its columns", icon=":material/tune:"):
        reading.form(draft, options, found)
    reading.head(found)
    _again("Upload another file")


def _ask_columns(draft: Draft, options: IngestOptions, found: Preview, missing: list[str]) -> None:
    """Say which column is missing and let the visitor point at it."""
    titles = " and ".join(ROLES[role].title.lower() for role in missing)
    st.warning(
        f"No column could be recognised as: {titles}. Choose it below, or upload a file that has it.",
        icon=":material/help:",
    )
    for problem in found.problems:
        st.caption(plain(problem))
    reading.form(draft, options, found)
    reading.head(found)
    _again("Upload another file")


def _checked(draft: Draft, options: IngestOptions, found: Preview) -> bool:
    """See to it that the draft has been checked with these options; return whether it has."""
    key = f"check:{draft.id}:{reading.digest(options)}"
    job = jobs.find(key)
    if job is not None and job.failure is not None:
        if choices := job.failure.choices:
            reading.ask(draft, options, job.failure.message, choices)
        else:
            trouble.show(job.failure)
        if draft.checked and not choices:
            # Not one order is left; the rows and their reasons can still be looked at.
            report.table(draft.report)
            report.examples(draft.report)
            parts.download_rejects(draft, "All rows left out (CSV)", "download_rejects")
        with st.expander("How the file was read", expanded=not choices, icon=":material/tune:"):
            reading.form(draft, options, found)
            reading.head(found)
        _again("Upload another file")
        return False
    if draft.checked and draft.report["options"] == options.as_dict():
        return True
    # The same options may have been checked before others: that report is gone.
    jobs.forget(key)

    def work(progress: Progress) -> object:
        return pipeline.check(draft, draft.inputs, options, progress=progress)

    page.answer("Every row is being checked.")
    jobs.watch(jobs.start(key, work))
    return False


def _report(draft: Draft, options: IngestOptions, found: Preview) -> None:
    facts = draft.report
    page.answer(rows_sentence(facts))
    report.cards(facts)
    decisions.warnings(draft, options, facts)
    decisions.undo(draft, options)
    decisions.columns(facts)
    decisions.others(draft, options, facts)
    decisions.statuses(draft, options, facts)
    decisions.oddities(facts)
    report.messages(facts)
    st.header("What happened to every row", anchor="rows")
    report.table(facts, deciding=True)
    key = f"rule_{draft.id}_{reading.digest(options)}"
    chosen = report.rules(facts, key)
    for code, keep in chosen.items():
        if keep != (facts["rules"][code] == "keep"):
            changed = replace(
                options,
                keep=options.keep | {code} if keep else options.keep - {code},
                drop=options.drop - {code} if keep else options.drop | {code},
            )
            reading.set_options(draft, changed)
    if facts["rows_rejected"]:
        left, _ = st.columns([1, 2])
        with left:
            parts.download_rejects(draft, "All rows left out (CSV)", "download_rejects")
    report.examples(facts)
    report.files(facts)
    with st.expander("How the file was read", icon=":material/tune:"):
        reading.form(draft, options, found)
        reading.head(found)
    plan.show(draft, facts, options)
    _again("Upload another file")


def _again(label: str) -> None:
    if st.button(label, icon=":material/upload_file:", key="start_over"):
        session.start_over()
        st.rerun()
