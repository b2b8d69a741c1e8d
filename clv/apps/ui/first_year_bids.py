"""What to pay for a customer: by tenth of the forecast, and by channel beside what was spent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from clv.apps.ui import page, parts, trouble
from clv.apps.ui.newcomers import margin_of
from clv.core import engine
from clv.core.errors import ClvError
from clv.core.formatting import dollars, money, percent, plain, plural, symbol, with_unit
from clv.ingest import Spend, read_spend
from clv.insights import newcomers
from clv.report import charts, explained
from clv.report.tables import first_year as tables
from clv.report.words import first_year as words
from clv.report.words.segments import first
from clv.runs import csv_of

if TYPE_CHECKING:
    from clv.insights.newcomers import Lives
    from clv.insights.newcomers.training import Kept
    from clv.runs import Run

_TYPES: Final = ("csv", "tsv", "txt", "gz", "zip", "xlsx", "parquet")
_MOST_MB: Final = 10
#: Tenths that have a line of their own.
_DRAWN: Final = (1, 2, 5, 10)


def show(run: Run, lives: Lives, kept: Kept | None) -> None:
    """Show margin and cost, what a customer of each tenth may cost, and the channels."""
    currency = run.settings["currency"]
    everyone = newcomers.newcomers_of(lives)
    most = everyone.after(lives.months)
    left, right = st.columns(2)
    with left:
        margin = margin_of(run, "first_year")
    mean = None if most is None else margin * most.mean
    cost = right.number_input(
        with_unit("What you pay for a new customer", currency),
        min_value=0.0,
        value=None,
        key=f"first_year_cost_{run.id}",
        persist_state="session",
        placeholder=f"{money(mean, currency)}, what one brings in {first(lives.months)}",
    )
    price = float(cost) if cost is not None else (mean or 0.0)
    if kept is None or not kept.bids or not kept.foresees(lives.months):
        st.subheader(
            "What a customer may cost, by how good the forecast says they are", anchor=False
        )
        st.markdown(
            f"That shows once a forecast of {first(lives.months)} of new customers has been trained: see "
            "“Who will be worth it”."
        )
    else:
        _tenths(kept, margin, price, currency)
    _channels(run, lives, margin, currency)
    parts.explain(explained.bids(lives.months), "help_bids")


def _tenths(kept: Kept, margin: float, price: float, currency: str) -> None:
    part = words.part(kept).capitalize()
    rows, months = kept.bids, kept.wish.design.horizon_months
    customers = sum(t.came.customers for t in rows)
    together = np.sum([t.came.brought * t.came.customers for t in rows], axis=0) / customers
    curves = [charts.Curve("All held-out customers", [margin * float(v) for v in together])]
    drawn = [t for t in rows if t.rank in _DRAWN and t.came.longest] or rows[:1]
    curves += [
        charts.Curve(
            f"{part} {t.rank}" + (" (best)" if t.rank == 1 else ""),
            [margin * float(v) for v in t.came.brought],
        )
        for t in drawn
    ]
    parts.chart(
        charts.newcomers_figure(
            curves,
            cost=price,
            axis="Margin per customer" if margin < 1 else "Revenue per customer",
            symbol=symbol(currency),
            dark=page.dark(),
        ),
        words.bids_title(kept, margin, months, currency),
        f"What held-out customers brought by month of life, by {words.part(kept)} of the forecast made after "
        f"{words.point(kept.wish.design)}; at a margin of {percent(margin)}.",
        "first_year_bids",
    )
    parts.table(tables.bids(kept, margin, price, currency), "bids_table")


def _channels(run: Run, lives: Lives, margin: float, currency: str) -> None:
    labels = [name for name in lives.known if name in run.labels]
    if not labels:
        st.caption(
            "With a label such as the channel in the orders, what was spent on each can be put beside "
            "what its customers bring."
        )
        return
    with st.expander("Put advertising costs beside it", icon=":material/upload:", key="spend_fold"):
        st.markdown(
            "Bring a table `channel, spend`: what was spent on each channel over the time that the orders "
            "cover. The file is read, not kept."
        )
        label = st.selectbox(
            "The channel is called",
            labels,
            index=next((i for i, n in enumerate(labels) if "channel" in n.lower()), 0),
            key="spend_label",
            width=320,
        )
        spend = _spend(run)
        if spend is None:
            return
        _spend_table(run, lives, str(label), spend, margin, currency)


def _spend(run: Run) -> Spend | None:
    """Return the costs of this session, after an upload if there is one."""
    given: tuple[str, Spend] | None = st.session_state.get("first_year_spend")
    turn = st.session_state.setdefault("spend_turn", 0)
    uploaded = st.file_uploader(
        "What was spent", type=list(_TYPES), key=f"spend_upload_{turn}", max_upload_size=_MOST_MB
    )
    if uploaded is not None:
        try:
            with tempfile.TemporaryDirectory(prefix="clv-costs-") as folder:
                path = Path(folder) / "upload"
                path.write_bytes(uploaded.getvalue())
                found = read_spend(path, Path(uploaded.name.replace("\\", "/")).name)
        except ClvError as error:
            trouble.show(trouble.explain(error))
            return None
        st.session_state["first_year_spend"] = (run.id, found)
        # A fresh key frees the bytes that Streamlit keeps in memory for the widget.
        st.session_state["spend_turn"] = turn + 1
        st.rerun()
    return given[1] if given is not None and given[0] == run.id else None


def _spend_table(
    run: Run, lives: Lives, label: str, spend: Spend, margin: float, currency: str
) -> None:
    column = engine.name(label)
    rows = run.query(
        f"SELECT {column} AS value, count(*) AS n FROM labels WHERE {column} IS NOT NULL GROUP BY 1"
    )
    won = dict(zip(rows["value"].to_pylist(), rows["n"].to_pylist(), strict=True))
    groups = [g.newcomers for g in newcomers.compare(lives, label, most=len(won) + 1).groups]
    found, unknown = newcomers.channels(spend.by_channel, won, groups, margin, lives.months)
    st.markdown(plain(f"{spend.name}: {spend.read_as}"))
    if spend.rejects.num_rows:
        st.markdown(plain(f"{plural(spend.rejects.num_rows, 'row')} of {spend.rows:,} left out."))
        parts.download_made(
            "Rows left out, with line and reason (CSV)",
            lambda: csv_of(spend.rejects),
            "rows_left_out.csv",
            "download_spend_rejects",
        )
    if not spend.by_channel:
        why = spend.rejects["reason"][0].as_py() if spend.rejects.num_rows else "It has no rows."
        hint = "Write a table with two columns, channel and spend, as CSV."
        st.warning(plain(f"Nothing of this file can be used. {why} {hint}"), icon=":material/info:")
    if unknown:
        st.warning(
            plain(f"No customer has the {label} {', '.join(unknown[:10])}: left out."),
            icon=":material/info:",
        )
    if not found:
        return
    st.subheader(words.channels_title(found), anchor=False)
    parts.table(tables.channels(found, lives, currency), "channels_table")
    st.caption(
        dollars(
            f"Worth is that of customers watched for {plural(lives.months, 'month')}; costs are those of "
            "everybody won."
        )
    )
