"""The page on first-year value: what new customers bring, who of them will, what one may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import first_year_bids as bids
from clv.apps.ui import first_year_model as model
from clv.apps.ui import first_year_worth as history
from clv.apps.ui import page, session, trouble
from clv.core.errors import ClvError
from clv.core.formatting import count, dollars, money, money_full, percent, plural
from clv.features.spans import Span
from clv.insights import newcomers
from clv.insights.newcomers import Lives, training
from clv.report.words import first_year as words
from clv.report.words.segments import between, first

if TYPE_CHECKING:
    from clv.insights.newcomers.curves import Newcomers
    from clv.insights.newcomers.training import Kept
    from clv.runs import Run

TITLE: Final = "First-year value"
_YEAR: Final = 12
_VIEWS: Final = {
    "worth": "What they are worth",
    "forecast": "Who will be worth it",
    "bids": "What to pay",
}


@st.cache_resource(max_entries=4, show_spinner=False)
def lives_of(run_id: str, months: int) -> Lives:
    """Return the customers of a run whose first months are over; a run never changes."""
    return newcomers.lives_of(session.store().run(run_id), months)


def show(run: Run) -> None:
    """Show the answer, the months, the figures, and one of three views."""
    page.title(TITLE, run)
    if not run.has_value:
        page.answer(words.NO_MONEY)
        return
    longest = newcomers.longest(run)
    if not longest:
        page.answer(
            f"Fewer than {newcomers.FEW} customers have been watched for a month: it is too early to say "
            "what a new one brings."
        )
        return
    answer = st.container()
    months = _months(run, longest)
    with st.spinner("Following the customers' first months…", show_time=False):
        lives = lives_of(run.id, months)
    everyone = newcomers.newcomers_of(lives)
    newest = _kept(run)
    # What another training foresees has no say in what these months are worth.
    kept = newest if newest is None or newest.foresees(months) else _kept(run, months)
    currency = run.settings["currency"]
    with answer:
        page.answer(dollars(words.sentence(everyone, months, kept, currency)))
    page.cards(_cards(run, lives, everyone, kept, longest), "first-year")
    view = st.segmented_control(
        "Show",
        list(_VIEWS),
        default="worth",
        required=True,
        format_func=lambda name: _VIEWS[name],
        key="first_year_view",
        persist_state="session",
    )
    if view == "worth":
        history.show(run, lives)
    elif view == "forecast":
        model.show(run, months, newest)
    else:
        bids.show(run, lives, kept)


def _kept(run: Run, months: int | None = None) -> Kept | None:
    """Return the newest training, of so many months; one that can't be trusted is said and left out."""
    try:
        return training.latest(run, months)
    except ClvError as error:
        trouble.show(trouble.explain(error))
        return None


def _months(run: Run, longest: int) -> int:
    return int(
        st.number_input(
            "Value of the first (months)",
            min_value=1,
            max_value=longest,
            value=min(_YEAR, longest),
            key=f"first_year_months_{run.id}",
            persist_state="session",
            width=240,
            help=f"At most {longest}: no more than that have at least {newcomers.FEW} customers been "
            "watched for.",
        )
    )


def _cards(
    run: Run, lives: Lives, everyone: Newcomers, kept: Kept | None, longest: int
) -> list[page.Card]:
    currency, months = run.settings["currency"], lives.months
    found = everyone.after(months)
    mean = None if found is None else found.mean
    point = Span.of("3m" if months > 3 else "1m")
    if kept is not None:
        point = kept.wish.design.point
    row = [
        page.Card(
            f"Worth in {plural(months, 'month')}",
            money(mean, currency),
            f"{money_full(mean, currency)} of revenue per new customer, the first order included; "
            f"{between(found, currency)} in 4 of 5 cases. Before margin, not discounted.",
        ),
        page.Card(
            f"Watched for {plural(months, 'month')}",
            count(len(lives)),
            f"Customers whose first {plural(months, 'month')} are over; {count(lives.waiting)} are "
            "younger and left out of all figures here.",
        ),
        page.Card(
            f"Completed {words.span(point)}",
            count(newcomers.completed(run, point)),
            "Customers whose value can be predicted from there.",
        ),
        page.Card(
            "Months that can be looked at",
            count(longest),
            f"At least {newcomers.FEW} customers have been watched for so long.",
        ),
    ]
    share = words.best_share(kept) if kept else None
    if share is not None:
        row.append(
            page.Card(
                "Best tenth brings",
                percent(share),
                f"Share of the value of {first(months)} that the best 10\u00a0% by forecast brought, "
                "among customers held out; 10\u00a0% is chance.",
            )
        )
    return row
