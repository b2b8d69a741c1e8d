"""One customer: found by id, told in words, drawn, compared. Layout only.

What is said is in `clv.report.words.customer`, what is computed in `clv.insights.customer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import customer_parts, page, parts, pretrained, session, top
from clv.core.formatting import (
    count,
    day,
    dollars,
    expected,
    money,
    money_full,
    money_range,
    percent,
    plain,
    plural,
)
from clv.insights import customer as one
from clv.models.card import from_card
from clv.report import explained
from clv.report.words import customer as words
from clv.report.words import ranges as range_words
from clv.report.words.run import ORDER_DAYS, horizon_end, span

if TYPE_CHECKING:
    from clv.core.schema import CustomerForecast
    from clv.runs import Kind, Run

_SUGGESTIONS: Final = 12
_NAME: Final = "margin:0;padding:0.5rem 0;font-size:1.75rem;font-weight:600;overflow-wrap:anywhere"
#: Longer ids are cut where they are offered, not where they are looked up.
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class Known:
    """All that one customer's page shows but the orders; see `clv.insights.customer`."""

    facts: CustomerForecast
    labels: dict[str, str]
    where: one.Standing | None
    p_silent: float | None
    at_risk: float | None
    outlook: one.Outlook | None
    path: one.AlivePath | None
    moved: one.Moved | None
    cohort: one.Peers | None
    group: one.Peers | None


@st.cache_data(max_entries=256, show_spinner=False)
def known(run_id: str, customer_id: str) -> Known | None:
    """Return everything about one customer; a run never changes, so it is read once."""
    run = session.store().run(run_id)
    facts = run.customer(customer_id)
    if facts is None:
        return None
    p_silent, at_risk = one.silence(run, facts)
    where = one.standing(facts, p_silent, new_days(run))
    outlook = path = moved = None
    if where is not None:
        model = from_card(run.model["purchases"])
        past = one.corrected(run, facts)
        outlook = one.outlook(model, facts["frequency"], facts["recency"], facts["T"], past)
        ahead = (run.horizon_end - run.as_of).days
        ages = one.purchase_ages(run, facts)
        path = one.alive_path(model, ages, facts["T"], ahead, corrected=past)
        moved = None if past is None else one.moved(model, facts, ages, past)
    return Known(
        facts,
        one.labels(run, customer_id),
        where,
        p_silent,
        at_risk,
        outlook,
        path,
        moved,
        one.peers(run, facts, "cohort"),
        one.peers(run, facts, "segment"),
    )


def new_days(run: Run) -> int:
    """Return the usual days between two orders of this run's repeat buyers."""
    return run.summary["cuts"]["new_days"]


def show(run: Run) -> None:
    """Show the search box and, for a known id, everything about that customer."""
    page.title("One customer", run)
    wanted = st.text_input(
        "Customer id",
        key="customer",
        bind="query-params",
        live="300ms",
        placeholder="Type the beginning of an id",
        icon=":material/search:",
    )
    typed, wanted = wanted or "", (wanted or "").strip()
    if not wanted:
        _examples(run)
        return
    # An id may begin or end with a tab; spaces around one are a slip of the hand.
    found = (known(run.id, typed) if typed != wanted else None) or known(run.id, wanted)
    if found is None:
        _suggest(run, wanted)
        return
    _everything(run, found)


def _everything(run: Run, found: Known) -> None:
    settings, facts = run.settings, found.facts
    fitted = run.model["purchases"]
    model = fitted["name"] if fitted else ""
    # Not st.header: in Markdown an e-mail address becomes a link, however it is escaped.
    st.html(f'<h2 style="{_NAME}">{escape(facts["customer_id"])}</h2>')
    told = words.customer_sentence(facts, settings, found.where)
    page.answer(dollars(pretrained.customer_sentence(run, facts) if run.only_value else told))
    page.cards(_cards(run, found), "customer")
    why = words.reasons(
        facts,
        settings,
        found.where,
        p_silent=found.p_silent,
        new_days=new_days(run),
        model=model,
    )
    if found.moved is not None and (
        different := words.moved_sentence(facts, settings, found.moved)
    ):
        why.append(different)
    st.markdown(dollars(" ".join(why)))
    ranges, currency = run.summary.get("ranges"), settings["currency"]
    told = range_words.customer(facts, ranges, run.receipt, currency)
    if told := " ".join(filter(None, (told, range_words.missing(run.summary)))):
        st.caption(dollars(told))
    page.notes(run)
    if found.path is not None:
        customer_parts.activity(run, facts, found.path, model)
    left, right = st.columns(2, gap="large")
    with left:
        customer_parts.who(run, facts, found.labels)
    with right:
        if found.outlook is not None:
            customer_parts.next_steps(run, facts, found.outlook, found.p_silent, found.at_risk)
    customer_parts.timeline(run, facts, found.outlook)
    customer_parts.monthly(run, facts)
    customer_parts.comparison(run, facts, found.cohort, found.group)
    if run.only_value:
        parts.explain(explained.ready_made())
    else:
        text = explained.customer(
            settings,
            forecast=facts["p_alive"] is not None,
            valued=facts["predicted_clv"] is not None,
            ranged=facts["predicted_clv_high"] is not None,
        )
        parts.explain(text)


def _cards(run: Run, found: Known) -> list[page.Card]:
    settings, facts = run.settings, found.facts
    currency, ahead = settings["currency"], span(settings)
    row = []
    if run.only_value:
        row.append(pretrained.customer_card(run, facts))
    elif facts["predicted_clv"] is not None:
        wide = money_range(facts["predicted_clv_low"], facts["predicted_clv_high"], currency)
        row.append(
            page.Card(
                f"Worth, {ahead}",
                money(facts["predicted_clv"], currency),
                f"{money_full(facts['predicted_clv'], currency)}"
                f"{', its range ' + wide if wide else ''}: expected revenue, discounted at "
                f"{percent(settings['discount_rate'])} a year, at a margin of "
                f"{percent(settings['margin'])} (predicted CLV).",
            )
        )
    elif facts["predicted_purchases"] is not None:
        row.append(
            page.Card(
                f"Expected orders, {ahead}",
                expected(facts["predicted_purchases"]),
                f"{ORDER_DAYS} (predicted_purchases).",
            )
        )
    if facts["p_purchase"] is not None:
        row += [
            page.Card(
                f"Chance of buying, {ahead}",
                percent(facts["p_purchase"]),
                f"At least one order by {horizon_end(settings)} (p_purchase).",
            ),
            page.Card(
                "Still active",
                percent(facts["p_alive"]),
                "Chance that the customer has not left for good (p_alive). An active customer may "
                "still not order within the horizon.",
            ),
            page.Card(
                "Next order, if active",
                words.next_order(facts, settings["as_of"]),
                "As likely before this day as after it, for a customer who is still active.",
            ),
        ]
    told = (
        f"{plural(facts['orders'], 'order')} since {day(facts['first_order'])}, "
        f"the last on {day(facts['last_order'])}."
    )
    if run.has_value:
        row.append(page.Card("Spent so far", money(facts["revenue"], currency), told))
    else:
        row.append(page.Card("Orders so far", count(facts["orders"]), told))
    return row


def _pick(key: str) -> None:
    """Take a suggestion over into the search box."""
    if choice := st.session_state.get(key):
        st.session_state["customer"] = choice
        st.session_state[key] = None


def _name(customer_id: str) -> str:
    cut = customer_id[:_LONGEST_NAME] + ("…" if len(customer_id) > _LONGEST_NAME else "")
    return plain(cut)


def _pills(label: str, ids: list[str], key: str) -> None:
    st.pills(
        label,
        ids,
        key=key,
        format_func=_name,
        on_change=_pick,
        args=(key,),
        selection_mode="single",
    )


def _examples(run: Run) -> None:
    ids = _best(run)
    page.answer("Look one customer up: what they did, what comes next, what they are worth.")
    if ids:
        _pills("For example, the most valuable ones", ids, "examples")


def _best(run: Run) -> list[str]:
    valued = run.only_value or run.summary.get("predicted_revenue") is not None
    kind: Kind = "spenders" if valued else "buyers"
    ids = [str(i) for i in top.ranked(run.id, kind)["customer_id"].slice(0, 6).to_pylist()]
    return ids or run.suggest("", 6)


def _suggest(run: Run, wanted: str) -> None:
    ids = run.suggest(wanted, _SUGGESTIONS)
    if ids:
        more = "at least " if len(ids) == _SUGGESTIONS else ""
        st.markdown(f"No customer has the ID “{_name(wanted)}”.")
        noun = "id" if len(ids) == 1 else "ids"
        verb = (
            "starts like this or contains it" if len(ids) == 1 else "start like this or contain it"
        )
        _pills(f"{more}{len(ids)} {noun} {verb}".capitalize(), ids, "suggestions")
        return
    st.warning(f"No customer has the id “{_name(wanted)}”.", icon=":material/search_off:")
    if near := run.nearest(wanted[:_LONGEST_NAME]):
        _pills("The closest ids in this file", near, "nearest")
