"""Which run and which draft this page is about: first the address, then the session."""

from __future__ import annotations

from typing import Final

import streamlit as st

from clv.core.errors import RunNotFoundError
from clv.runs import Draft, Run, Store

_KEYS: Final = ("run", "draft")


def store() -> Store:
    """Return the store of drafts and runs."""
    return Store()


def remember() -> None:
    """Carry ids from the address into the session, and back where the address lost them."""
    for key in _KEYS:
        if given := st.query_params.get(key):
            st.session_state[f"clv_{key}"] = given
    if "run" not in st.query_params and "draft" not in st.query_params:
        for key in _KEYS:
            if known := st.session_state.get(f"clv_{key}"):
                st.query_params[key] = known
                return


def run_id() -> str:
    """Return the id of the run this page is about; empty for none."""
    return str(st.query_params.get("run") or st.session_state.get("clv_run") or "")


def draft_id() -> str:
    """Return the id of the draft last worked on; empty for none."""
    return str(st.query_params.get("draft") or st.session_state.get("clv_draft") or "")


def run() -> Run | None:
    """Return the run this page is about, None for none; `RunNotFoundError` for a wrong id."""
    found = run_id()
    return store().run(found) if found else None


def draft_of_run(found: Run) -> Draft | None:
    """Return the draft a run was made from, while this session knows it and it is still kept."""
    if st.session_state.get("clv_draft_of") != found.id or not draft_id():
        return None
    try:
        return store().draft(draft_id())
    except RunNotFoundError:
        return None


def open_draft(draft: Draft) -> None:
    """Make a draft the current one; a run opened before steps back."""
    st.session_state["clv_draft"] = draft.id
    st.session_state.pop("clv_run", None)
    st.query_params.from_dict({"draft": draft.id})


def open_run(new_id: str, draft: Draft) -> None:
    """Make a run, finished or about to be made, the current one."""
    st.session_state["clv_run"] = new_id
    st.session_state["clv_draft"] = draft.id
    st.session_state["clv_draft_of"] = new_id
    st.query_params.from_dict({"run": new_id})


def start_over() -> None:
    """Forget run and draft; both stay on the server under their ids."""
    for key in ("clv_run", "clv_draft", "clv_draft_of"):
        st.session_state.pop(key, None)
    st.query_params.clear()
