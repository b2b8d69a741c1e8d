"""Ready-made models on the pages: choosing one, and what a run looks like that knows values only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, page, parts
from clv.core import names
from clv.core.choice import READY_MADE
from clv.core.errors import ModelFileError
from clv.core.formatting import (
    count,
    day,
    dollars,
    money,
    money_full,
    percent,
    plural,
    share_in_words,
)
from clv.core.segments import HIGH_SHARE, MIDDLE_SHARE
from clv.insights import value_tiers
from clv.learn.ready_made import comparison
from clv.learn.ready_made.shelf import Shelf
from clv.report import charts
from clv.report.tables import customers as customer_tables
from clv.report.tables import receipt as receipt_tables
from clv.report.tables import segments as segment_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from clv.core.schema import CustomerForecast, ReadyMadeComparison
    from clv.runs import Run

_MOST: Final = 1000
#: Value tier → its name on screen.
_TIERS: Final = {
    "high": f"Best {HIGH_SHARE * 100:.0f}\u00a0%",
    "middle": f"Next {(MIDDLE_SHARE - HIGH_SHARE) * 100:.0f}\u00a0%",
    "low": "The rest",
}
#: Stands wherever such a value is shown.


def choices() -> list[str]:
    """Return the allowed models as they are asked for, ``pretrained:NAME``; none if in trouble."""
    try:
        return [READY_MADE + entry.name for entry in Shelf().entries()]
    except ModelFileError:
        # The operator's command says what is wrong; every other model can still be chosen.
        return []


def sentence(run: Run) -> str:
    """Answer the summary's question: how much is there, and how unequal is it."""
    facts = run.summary
    whose = f"the ready-made model “{_name(run)}” says"
    total = money(facts["predicted_clv"], _currency(run))
    told = f"All {count(facts['customers'])} customers together are worth {total}, {whose}"
    if facts["customers"] == 1:
        told = f"The one customer is worth {total}, {whose}"
    top = facts.get("top20_share")
    if top is not None and facts["customers"] >= 20:
        told += f"; the best 20\u00a0% hold {percent(top)} of it"
    back = 1 - facts["one_time_share"]
    if 0 < back < 1:
        share = share_in_words(back)
        who = f"{share} customers has" if share.startswith("1 in") else f"{share} of customers have"
        told += f". {who[0].upper()}{who[1:]} come back so far"
    return f"{told}."


def card(run: Run) -> page.Card:
    """Return the summary's card of the total."""
    full = money_full(run.summary["predicted_clv"], _currency(run))
    return page.Card(
        "Worth in all",
        money(run.summary["predicted_clv"], _currency(run)),
        f"{full}. {customer_tables.WHOSE}",
    )


def concentration(run: Run) -> None:
    """Show how unequal the values are, and what one customer is worth."""
    facts, currency = run.summary, _currency(run)
    left, right = st.columns([3, 2], gap="large")
    if facts["concentration"] and facts["customers"] >= 20:
        with left:
            parts.chart(
                charts.concentration_figure(facts["concentration"], dark=page.dark()),
                f"The top 20\u00a0% of customers hold {percent(facts['top20_share'])} of the value",
                f"Share of the value that the model gives, as of {day(run.settings['as_of'])}.",
                "concentration",
            )
    with right:
        st.subheader("What one customer is worth", anchor=False)
        row = [
            page.Card(
                "Half are worth less than",
                money(facts["median_clv"], currency),
                customer_tables.WHOSE,
            ),
            page.Card("Average", money(facts["mean_clv"], currency), customer_tables.WHOSE),
        ]
        page.cards(row, "worth")


def customer_sentence(run: Run, facts: CustomerForecast) -> str:
    """Answer: what is this customer worth."""
    worth = money(facts["predicted_clv"], _currency(run))
    return (
        f"This customer is worth {worth}, the ready-made model “{_name(run)}” says; it knows no "
        "chances of buying and no dates."
    )


def customer_card(run: Run, facts: CustomerForecast) -> page.Card:
    """Return the card of one customer's value."""
    full = money_full(facts["predicted_clv"], _currency(run))
    return page.Card(
        "Worth",
        money(facts["predicted_clv"], _currency(run)),
        f"{full}. {customer_tables.WHOSE} (predicted CLV)",
    )


def top(run: Run, ranked: pa.Table) -> int:
    """Show the customers of the highest value; return how many.

    Parameters
    ----------
    ranked
        The 1,000 first, as `clv.runs.Run.top` returns them.
    """
    sentence = st.container()
    number = st.number_input(
        "How many",
        min_value=10,
        max_value=_MOST,
        value=100,
        step=10,
        key="how_many",
        persist_state="session",
        width=200,
    )
    rows = ranked.slice(0, int(number)).to_pydict()
    found, worth = len(rows["rank"]), sum(rows["predicted_clv"])
    total, currency = run.summary.get("predicted_clv") or 0.0, _currency(run)
    who = "The customer at the top is" if found == 1 else f"These {count(found)} customers are"
    told = f"{who} worth {money(worth, currency)}"
    if total > 0 and found < run.summary["customers"]:
        told += (
            f": {percent(worth / total)} of the total, from "
            f"{percent(found / run.summary['customers'])} of the customers"
        )
    with sentence:
        page.answer(dollars(f"{told}."))
        page.notes(run)
    shown = customer_tables.worth(run, ranked.slice(0, int(number)).to_pylist())
    parts.customers(run, shown, f"top_worth_{found}", parts.SORTS, height=560)
    return found


def groups(run: Run) -> None:
    """Show the customers in tiers of value, each with its list."""
    rows = value_tiers.sizes(run)
    customers, total = run.summary["customers"], run.summary.get("predicted_clv") or 0.0
    best = rows[0]
    told = f"The best {percent(best['customers'] / customers)} of customers"
    if total > 0:
        told += f" hold {percent(best['predicted_clv'] / total)} of the value"
    page.answer(f"{told}; the model tells no more groups apart, for it knows no chances.")
    page.notes(run)
    parts.table(segment_tables.tiers(run, rows, _TIERS), "tiers")
    for column, row in zip(st.columns(3), rows, strict=False):
        with column:
            tier = row["tier"]
            parts.download_made(
                f"{_TIERS[tier]} (CSV)",
                partial(_list_of, run, tier),
                f"value-{tier}.csv",
                f"download_{tier}",
            )


def _list_of(run: Run, tier: str) -> bytes:
    return value_tiers.export(run, tier).read_bytes()


def how_good(run: Run) -> None:
    """Show how well the model found the best customers on past dates, beside what this program has."""
    found = comparison.stored(run)
    if found is None:
        page.answer("The ready-made model is being asked about this file's own past.")
        work = f"ready-made:{run.id}"
        jobs.do(work, lambda p: comparison.compared(run, p), again="Compare again")
        return
    page.answer(dollars(told(found)))
    page.notes(run)
    if not found["origins"]:
        return
    rows = comparison.together(found)
    parts.table(receipt_tables.ready_made(rows, run.currency), "ready_made")
    dates = ", ".join(day(origin["as_of"]) for origin in found["origins"])
    st.caption(
        f"Mean over {plural(len(found['origins']), 'past date')} ({dates}), compared with the revenue "
        f"of the {plural(found['horizon_months'], 'month')} after each. {found['reason']} A model whose "
        "values run over another time is still judged fairly by the order of customers and by whom it "
        "catches, not by how far the total is off. Its file may have been made with the very orders "
        "that it is tested on here; then it looks better than it is."
    )


def told(found: ReadyMadeComparison) -> str:
    """Say in a sentence or two how the model compares."""
    if not found["origins"]:
        return f"There is no test of this model. {found['reason']}"
    rows = {row["contender"]: row for row in comparison.together(found)}
    own = rows.pop(found["name"])
    others = {name: row["top10"] for name, row in rows.items() if row["top10"] is not None}
    if own["top10"] is None or not others:
        return (
            "The model gives everybody the same value, or nobody bought: there is nothing to rank."
        )
    best = max(others, key=lambda name: others[name])
    who = names.who(best)
    months = plural(found["horizon_months"], "month")
    return (
        f"On past dates the best tenth of customers by the ready-made model brought "
        f"{percent(own['top10'])} of the next {months}' revenue; by {who}, "
        f"the best of the others, {percent(others[best])}."
    )


def _name(run: Run) -> str:
    return str(run.model["ready_made"]["name"])


def _currency(run: Run) -> str:
    return run.settings["currency"]
