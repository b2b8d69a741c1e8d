"""The way in: upload files or take a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import page, published, session
from clv.samples import SAMPLES, sample_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

TYPES: Final = ("csv", "tsv", "txt", "gz", "zip", "xlsx", "parquet")
_CHUNK: Final = 1 << 20


def show() -> None:
    """Show the pitch, the uploader and the samples."""
    page.title("What are your customers worth?")
    page.answer(
        "Upload your orders and see who will buy again, who will spend most, and what every "
        "customer is worth over the next 12 months."
    )
    published.link()
    # A fresh key after each upload frees the bytes that Streamlit keeps in memory for the widget.
    turn = st.session_state.setdefault("clv_upload_turn", 0)
    left, right = st.columns([3, 2], gap="large")
    uploaded = left.file_uploader(
        "Order files",
        type=list(TYPES),
        accept_multiple_files=True,
        key=f"upload_{turn}",
        max_upload_size=500,
        help="One or several files of the same kind, or all tables of a marketplace together; a file "
        "of visits or logins may lie beside them. Up to 500 MB each.",
    )
    left.caption(
        "A column for the customer and one for the date are enough; with a value column you also see "
        "money. Exports of Shopify and WooCommerce and the tables of Olist work as they are. Your file "
        "stays on this server."
    )
    if uploaded:
        names = [(file.name, _chunks(file)) for file in uploaded]
        st.session_state["clv_upload_turn"] = turn + 1
        _begin(names)
    first, *others = SAMPLES
    with right, st.container(border=True):
        st.markdown("**No file at hand? Try a sample.**")
        _offer(first)
    st.subheader("Other samples", anchor=False)
    for start in range(0, len(others), 3):
        for column, name in zip(st.columns(3), others[start : start + 3], strict=False):
            with column, st.container(border=True, height="stretch"):
                _offer(name)


def _offer(name: str) -> None:
    """Show a sample and the button that takes it."""
    sample = SAMPLES[name]
    st.markdown(f"**{sample.title}**")
    st.caption(sample.description)
    if st.button("Use this sample", key=f"sample_{name}", width="stretch"):
        with sample_path(name).open("rb") as handle:
            _begin([(sample.filename, _chunks(handle))])


def _begin(files: Iterable[tuple[str, Iterator[bytes]]]) -> None:
    draft = session.store().new_draft()
    for name, chunks in files:
        draft.add_upload(name, chunks)
    session.open_draft(draft)
    st.rerun()


def _chunks(handle: BinaryIO) -> Iterator[bytes]:
    while block := handle.read(_CHUNK):
        yield block
