"""Chances of buying from outside: what to score, the upload, what became of its rows.

What a visitor uploads stays in their session, as chances of customers; the file itself is gone once
it is read.
"""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import parts, trouble
from clv.core.errors import ClvError
from clv.core.formatting import count, day, plain, plural
from clv.ingest import Chances, read_chances
from clv.insights.bins import accounted
from clv.report.words import bins as words
from clv.runs import csv_of

if TYPE_CHECKING:
    import pyarrow as pa

    from clv.core.schema import Receipt
    from clv.runs import Run


_TYPES: Final = ("csv", "tsv", "txt", "gz", "zip", "xlsx", "parquet")
_MOST_MB: Final = 100


def show(run: Run, receipt: Receipt, tested: pa.Table) -> Chances | None:
    """Let the visitor bring chances from outside; return those that this session has.

    Parameters
    ----------
    run, receipt
        Whose last test the chances are for.
    tested
        Its customers.

    Returns
    -------
    Chances or None
        None without a file, or where it has a chance for nobody.
    """
    origin = receipt["origins"][-1]
    months = plural(receipt["horizon_months"], "month")
    as_of, end = day(origin["as_of"]), day(origin["end"])
    given: tuple[str, Chances] | None = st.session_state.get("bins_outside")
    kept = given[1] if given is not None and given[0] == run.id else None
    with st.expander("Compare a forecast from outside", icon=":material/upload:"):
        st.markdown(
            f"Bring a table `customer_id, probability`: the chance that each customer buys between "
            f"the day after **{as_of}** and **{end}** ({months}), made from orders up to and including "
            f"**{as_of}** only. Write 0.73 or 73\u00a0%. Customers to score are in the list below; the "
            "file is read, not kept."
        )
        head = tested.select(["customer_id", "frequency", "recency", "T"])
        parts.download_made(
            f"{count(tested.num_rows)} customers to score, as of {as_of} (CSV)",
            lambda: csv_of(head),
            f"customers_to_score_{origin['as_of']}.csv",
            "download_to_score",
        )
        st.caption(
            "frequency: days with a repeat order; recency: days from the first to the last order; T: "
            f"days from the first order to {as_of}."
        )
        turn = st.session_state.setdefault("bins_turn", 0)
        uploaded = st.file_uploader(
            "Chances from outside",
            type=list(_TYPES),
            key=f"bins_upload_{turn}",
            max_upload_size=_MOST_MB,
        )
        if uploaded is not None:
            content = uploaded.getvalue()
            try:
                kept = _read(content, uploaded.name, tested)
            except ClvError as error:
                trouble.show(trouble.explain(error))
                return None
            st.session_state["bins_outside"] = (run.id, kept)
            st.session_state["bins_outside_id"] = sha256(content).hexdigest()
            # A fresh key frees the bytes that Streamlit keeps in memory for the widget.
            st.session_state["bins_turn"] = turn + 1
            st.rerun()
        if kept is None:
            return None
        _received(kept, tested)
        if st.button("Forget this file", icon=":material/delete:", key="bins_forget"):
            for name in ("bins_outside", "bins_outside_id", "bins_found"):
                st.session_state.pop(name, None)
            st.rerun()
    return kept if len(kept.place) else None


def _read(content: bytes, name: str, tested: pa.Table) -> Chances:
    """Read an upload; its bytes touch the disk only while they are read."""
    with tempfile.TemporaryDirectory(prefix="clv-outside-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return read_chances(path, tested["customer_id"], Path(name.replace("\\", "/")).name)


def _received(kept: Chances, tested: pa.Table) -> None:
    """Say what became of every row of the file, and offer those left out."""
    told = accounted(kept, tested.num_rows)
    st.markdown(plain(f"{kept.name}: {words.read(told)}"))
    if not kept.rejects.num_rows:
        return
    st.markdown(plain(f"Left out: {words.left_out(told)}."))
    if not len(kept.place):
        st.warning(plain(f"No tested customer has a chance. {kept.advice}"), icon=":material/info:")
    parts.download_made(
        f"{plural(kept.rejects.num_rows, 'row')} left out, with line and reason (CSV)",
        lambda: csv_of(kept.rejects),
        "rows_left_out.csv",
        "download_outside_rejects",
    )
