"""The survival simulation: new customers and your own, one run and what many runs come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import page, parts, session
from clv.core.formatting import count, duration, plural
from clv.insights import simulate
from clv.models.base import MARKS
from clv.report import charts, explained
from clv.report.tables import forecast as tables
from clv.report.words import survival as words
from clv.runs import csv_of

if TYPE_CHECKING:
    from clv.insights.simulate import Checkpoint, Kind, OneRun, Outlook
    from clv.runs import Run

_KINDS: Final[dict[Kind, str]] = {"new": "New customers", "yours": "Your customers"}
#: Bands stay the same from run to run unless the visitor sets a seed.
_BAND_SEED: Final = 0
_FRESH: Final = "survival_fresh"


@st.cache_data(max_entries=64, show_spinner=False)
def outlook(run_id: str, kind: Kind, seed: int) -> Outlook:
    """Return mean, band and expectation of 1,000 runs."""
    run = session.store().run(run_id)
    return simulate.outlook(run, simulate.purchase_model(run), kind, seed=seed)


def show(run: Run) -> None:
    """Show the answer, this run, the curves, everybody's life, the table, its download."""
    page.title("Survival", run)
    if not run.model.get("purchases"):
        page.nothing_ahead(run, "There is no forecast for this file, so nothing can be simulated.")
        return
    answer = st.container()
    kind, fixed = _controls()
    seed = _fresh() if fixed is None else fixed
    ahead = outlook(run.id, kind, _BAND_SEED if fixed is None else fixed)
    one = simulate.one_run(run, simulate.purchase_model(run), kind, seed=seed)
    rows = simulate.table(one, ahead)
    in_file = int(run.summary["customers"])
    with answer:
        page.answer(words.sentence(rows, kind, ahead.customers, in_file))
        page.notes(run)
    page.cards(
        [page.Card(f"After {r['after']}", words.card_value(r), words.card_more(r)) for r in rows],
        "survival",
    )
    if kind == "yours" and ahead.customers == in_file < simulate.CUSTOMERS:
        st.caption(f"The file has {plural(in_file, 'customer')}: every run follows all of them.")
    _curves(run, kind, one, ahead, rows, seed)
    _lives(run, kind, one)
    parts.table(tables.simulated(rows), "checkpoints")
    _download(kind, one, seed)
    fitted = run.model["purchases"]
    pooled = fitted is not None and fitted["name"] == "pooled-rate"
    parts.explain(explained.survival(kind, pooled=pooled))


def _controls() -> tuple[Kind, int | None]:
    """Return the population and the seed, None where every run is to be a new one."""
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    # Streamlit's own binding would put the label into the address, not the name.
    asked: Kind = "yours" if st.query_params.get("population") == "yours" else "new"
    kind: Kind = left.segmented_control(
        "Whom to follow",
        list(_KINDS),
        default=asked,
        required=True,
        format_func=lambda k: _KINDS[k],
        key="population_of",
    )
    if kind != asked:
        st.query_params["population"] = kind
    fixed = middle.number_input(
        "Seed (optional)",
        min_value=0,
        max_value=2**53 - 1,
        value=None,
        step=1,
        key="seed",
        bind="query-params",
        placeholder="Different each time",
        help="The same seed gives the same run again; the link in the address bar keeps it.",
    )
    right.button(
        "Run again",
        key="run_again",
        icon=":material/refresh:",
        type="primary",
        width="stretch",
        disabled=fixed is not None,
        help=None if fixed is None else "Empty the seed for another run.",
        on_click=_forget,
    )
    return kind, fixed


def _fresh() -> int:
    """Return this visit's seed: it stays until the visitor asks for another run."""
    if _FRESH not in st.session_state:
        st.session_state[_FRESH] = simulate.fresh_seed()
    return int(st.session_state[_FRESH])


def _forget() -> None:
    st.session_state.pop(_FRESH, None)


def _curves(
    run: Run, kind: Kind, one: OneRun, ahead: Outlook, rows: list[Checkpoint], seed: int
) -> None:
    days = simulate.GRID.tolist()
    names = [duration(d) for d in days]
    since = words.since(kind, run.settings["as_of"])
    lifetimes = one.lifetime.tolist()
    alive = charts.alive_figure(
        days,
        names,
        mean=ahead.alive.mean.tolist(),
        low=ahead.alive.low.tolist(),
        high=ahead.alive.high.tolist(),
        lifetimes=lifetimes,
        since=since,
        dark=page.dark(),
    )
    orders = charts.purchases_figure(
        days,
        names,
        mean=ahead.purchases.mean.tolist(),
        low=ahead.purchases.low.tolist(),
        high=ahead.purchases.high.tolist(),
        this=one.total.tolist(),
        since=since,
        dark=page.dark(),
    )
    left, right = st.columns(2)
    told = f"This run has the seed {seed}; the band is that of {count(simulate.RUNS)} others."
    with left:
        parts.chart(
            alive,
            words.half_life(lifetimes, since),
            f"Customers alive, days since {since}. {told}",
            "alive",
        )
    with right:
        what = "after the first one" if kind == "new" else f"after {since}"
        parts.chart(
            orders, words.orders_title(rows), f"Days with an order, {what}. {told}", "purchases"
        )


def _lives(run: Run, kind: Kind, one: OneRun) -> None:
    lifetimes = one.lifetime.tolist()
    totals = one.purchases[:, -1].tolist()
    since = words.since(kind, run.settings["as_of"])
    figure = charts.lives_figure(
        lifetimes,
        [words.life(*each, kind) for each in zip(one.customer_id, lifetimes, totals, strict=True)],
        one.mark_customer.tolist(),
        one.mark_day.tolist(),
        since=since,
        dark=page.dark(),
    )
    caption = "One line a customer, a stroke for each day with an order, a cross where they leave."
    if sum(totals) > len(one.mark_day):
        caption += (
            f" {count(len(one.mark_day))} of {count(sum(totals))} orders are drawn: at most "
            f"{MARKS} a customer on each sixtieth of the axis, more could not be told apart."
        )
    parts.chart(figure, words.lives_title(lifetimes, totals, kind), caption, "lives")


def _download(kind: Kind, one: OneRun, seed: int) -> None:
    st.download_button(
        f"The {plural(len(one.customer_id), 'customer')} of this run (CSV)",
        data=lambda: csv_of(simulate.customer_table(one)),
        file_name=f"survival_{kind}_{seed}.csv",
        mime="text/csv",
        key="download_survival",
        icon=":material/download:",
        on_click="ignore",
    )
