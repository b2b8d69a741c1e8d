"""What every page starts with: configuration, navigation, the context line, the error edge."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import access, jobs, session, trouble
from clv.core import names
from clv.core.errors import DamagedRunError, RunNotFoundError
from clv.core.formatting import day, files, plain, plural, unit
from clv.insights import verdict
from clv.report.words import verdict as verdict_words
from clv.report.words.run import horizon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clv.runs import Run

HOME: Final = "app.py"
COHORTS: Final = "pages/Cohorts.py"
TOP: Final = "pages/Top_customers.py"
ONE: Final = "pages/Customer_lookup.py"
SURVIVAL: Final = "pages/Survival.py"
SEGMENTS: Final = "pages/Segments.py"
HOW_GOOD: Final = "pages/How_good_is_it.py"
HEALTH: Final = "pages/Model_health.py"
FIRST_YEAR: Final = "pages/First_year_value.py"
MONITORING: Final = "pages/Monitoring.py"
_PAGES: Final = (
    (HOME, "Upload & summary", ":material/upload_file:"),
    (COHORTS, "Cohorts", ":material/grid_on:"),
    (TOP, "Top customers", ":material/leaderboard:"),
    (ONE, "One customer", ":material/person_search:"),
    (SURVIVAL, "Survival", ":material/hourglass_bottom:"),
    (SEGMENTS, "Segments & actions", ":material/groups:"),
    (HOW_GOOD, "How good is it?", ":material/fact_check:"),
    (HEALTH, "Model health", ":material/stethoscope:"),
    (FIRST_YEAR, "First-year value", ":material/trending_up:"),
    (MONITORING, "Monitoring", ":material/monitoring:"),
)

# Streamlit stacks columns on a phone; metric cards stay two abreast. Test ids are Streamlit's own
# stable hooks. Colours come from the theme: everything here works with `currentColor`.
_STYLE: Final = """<style>
.st-key-answer p { font-size: 1.2rem; line-height: 1.5; max-width: 46rem; }
.st-key-context p { font-size: 0.875rem; line-height: 1.6; overflow-wrap: anywhere; }
.st-key-context a { color: inherit !important; text-underline-offset: 0.2em;
  text-decoration-color: color-mix(in srgb, currentColor 35%, transparent) !important; }
[data-testid="stMetricValue"], [data-testid="stMetricValue"] * {
  white-space: normal !important; overflow: visible !important; line-height: 1.25; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
[data-testid="stMetricLabel"], [data-testid="stMetricLabel"] * { white-space: normal !important; }
.st-key-cards-customer [data-testid="stMetricValue"] { font-size: 1.4rem; }
/* Chosen by frame and tint; the accent as text would be too faint in the dark. */
button[data-variant="segmented_control"][data-selected="true"] p {
  color: color-mix(in srgb, currentColor 45%, light-dark(#000, #fff)); font-weight: 600; }
[data-testid="stMainBlockContainer"] { max-width: 72rem; }
[data-testid="stTable"] { overflow-x: auto; }
/* Addresses in a file's cells lead nowhere. */
[data-testid="stTable"] a { color: inherit !important; text-decoration: none !important;
  pointer-events: none; }
[data-testid="stTable"] td, [data-testid="stTable"] th { vertical-align: top; text-align: left; }
a.clv-download { display: flex; align-items: center; justify-content: center; gap: 0.5rem;
  box-sizing: border-box; min-height: 2.5rem; padding: 0.25rem 0.75rem; font-size: 0.875rem;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: 0.5rem;
  color: inherit !important; text-decoration: none !important; line-height: 1.4; }
a.clv-download::before { content: ""; flex: none; width: 1rem; height: 1rem;
  background: currentColor; mask: var(--clv-arrow) center / contain no-repeat;
  --clv-arrow: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%23000' stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11'/%3E%3C/svg%3E"); }
a.clv-download:hover, a.clv-download:focus-visible { border-color: currentColor; }
[class*="st-key-cards"] [data-testid="stHorizontalBlock"] { flex-wrap: wrap; gap: 0.75rem; }
[class*="st-key-cards"] [data-testid="stColumn"] {
  flex: 1 1 8.5rem !important; min-width: 8.5rem !important; width: auto !important; }
@media (max-width: 640px) {
  [class*="st-key-cards"] [data-testid="stColumn"] {
    flex: 1 1 calc(50% - 0.75rem) !important; min-width: calc(50% - 0.75rem) !important; }
  [data-testid="stMetricValue"], .st-key-cards-customer [data-testid="stMetricValue"] {
    font-size: 1.3rem; }
}
</style>"""


@dataclass(frozen=True)
class Here:
    """What a page knows about where it is.

    ``run`` is the finished run, None without one; ``busy`` a run still being made.
    """

    run: Run | None
    busy: jobs.Job | None


@dataclass(frozen=True)
class Card:
    """One metric card: label, value, and what the tooltip adds."""

    label: str
    value: str
    more: str = ""


@contextmanager
def page(title: str, *, name: str) -> Iterator[Here]:
    """Set a page up; use as ``with page("Top customers", name="top") as here:``.

    Whatever goes wrong inside is shown as a sentence.
    """
    st.set_page_config(page_title=f"{title} · CLV workbench", page_icon="📈", layout="wide")
    session.remember()
    st.html(_STYLE)
    if not access.admitted():
        st.stop()
    _navigation()
    here: Here | None = None
    with trouble.guard(), st.container(key=f"page-{name}"):
        here = _resolve()
        if here is not None:
            yield here
    if here is None:
        # The address names no run; that has been said, and the page's body has nothing to show.
        st.stop()


def _resolve() -> Here | None:
    """Find the run the address names; say so where there is none and return None."""
    wanted = session.run_id()
    if not wanted:
        return Here(None, None)
    try:
        return Here(session.store().run(wanted), None)
    except RunNotFoundError as error:
        job = jobs.find(f"run:{wanted}")
        if job is not None and (job.failure is not None or not job.finished):
            return Here(None, job)
        if job is not None:
            # It finished between the two looks.
            return Here(session.store().run(wanted), None)
        _gone("This forecast isn't here", error)
    except DamagedRunError as error:
        _gone("This forecast can't be opened", error)
    return None


def _gone(title: str, error: Exception) -> None:
    """Say why there is no forecast to show, and offer a new beginning."""
    st.title(title)
    trouble.show(trouble.explain(error))
    session.start_over()
    st.page_link(HOME, label="Upload a file", icon=":material/upload_file:")


def _navigation() -> None:
    carry = {k: v for k in ("run", "draft") if (v := st.query_params.get(k))}
    with st.sidebar:
        st.markdown("**CLV workbench**")
        for path, label, icon in _PAGES:
            keep = carry if path == HOME else {k: v for k, v in carry.items() if k == "run"}
            st.page_link(path, label=label, icon=icon, query_params=keep, width="stretch")
        access.farewell()


def title(text: str, run: Run | None = None) -> None:
    """Write the page's title and, under it, the quiet line that says what the figures mean."""
    st.title(text, anchor=False)
    if run is not None:
        context_line(run)
        judged(run)


def context_line(run: Run) -> None:
    """Write file · customers · as of · horizon · currency · model, each linking to its setting."""
    settings, summary = run.settings, run.summary
    model = names.of_card(run.model)
    draft = session.draft_of_run(run)
    back = f"./?draft={draft.id}#forecast-settings" if draft else f"./?run={run.id}#settings"
    rows = f"./?run={run.id}#rows"
    parts = (
        (files(settings.get("inputs", [])), rows),
        (plural(summary["customers"], "customer"), rows),
        (f"as of {day(settings['as_of'])}", back),
        ("" if run.only_value else f"next {horizon(settings)}", back),
        (unit(currency) if (currency := settings["currency"]) else "currency not stated", back),
        (str(model), back),
    )
    links = [
        f'<a href="{escape(target)}" target="_self">{escape(text)}</a>'
        for text, target in parts
        if text
    ]
    with st.container(key="context"):
        st.html(f'<p style="margin:0;opacity:.8">{" · ".join(links)}</p>')


def judged(run: Run) -> None:
    """Write what the forecast is fit for, and why: the one verdict, the same on every page."""
    if told := verdict_words.told(verdict.of_run(run)):
        with st.container(key="verdict"):
            st.markdown(f"*{plain(told)}*")


def answer(text: str) -> None:
    """Write the sentence that answers the page's question."""
    with st.container(key="answer"):
        st.markdown(text)


def cards(row: Sequence[Card], name: str) -> None:
    """Write up to five metric cards abreast; two abreast on a phone."""
    with st.container(key=f"cards-{name}"):
        for column, card in zip(st.columns(len(row)), row, strict=True):
            column.metric(
                card.label,
                card.value.replace("$", r"\$"),
                help=card.more.replace("$", r"\$") or None,
                border=True,
                height="stretch",
            )


def nothing_ahead(run: Run, sentence: str) -> None:
    """Say that there is no forecast for this page, why, and where the history is."""
    answer(sentence)
    notes(run)
    st.page_link(
        HOME,
        label="See what happened so far",
        icon=":material/arrow_forward:",
        query_params={"run": run.id},
    )


def notes(run: Run) -> None:
    """Show where the forecast had to step down, and why; nothing is hidden in a log."""
    for note in run.model["notes"]:
        st.warning(plain(note["message"]), icon=":material/info:")


def dark() -> bool:
    """Return whether the visitor's page is dark."""
    return bool(st.context.theme.type == "dark")
