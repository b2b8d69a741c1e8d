"""Who may see the dashboard, and who may publish from it.

Both rest on Streamlit's own sign-in with OpenID Connect, where ``[auth]`` is in its secrets. Without,
everybody who reaches the dashboard may see it, and nobody may publish from it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping


def configured() -> bool:
    """Return whether visitors have to sign in."""
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def _visitor() -> Mapping[str, object]:
    """Return what the sign-in says of whoever looks at the page."""
    return dict(st.user.to_dict())


def admitted() -> bool:
    """Return whether the visitor may see the page; if not, offer the sign-in instead."""
    if not configured() or _visitor().get("is_logged_in"):
        return True
    st.title("CLV workbench", anchor=False)
    st.markdown("Forecasts are shown to people who have signed in.")
    st.button("Sign in", icon=":material/login:", key="sign_in", on_click=st.login)
    return False


def farewell() -> None:
    """Say in the sidebar who has signed in, and offer to sign out; nothing where nobody has to."""
    if not configured():
        return
    visitor = _visitor()
    st.caption(f"Signed in as {visitor.get('email') or visitor.get('name') or 'somebody'}")
    st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)


def operators() -> frozenset[str]:
    """Return the e-mail addresses in ``CLV_OPERATORS``, lower case."""
    listed = os.environ.get("CLV_OPERATORS", "").split(",")
    return frozenset(one.strip().lower() for one in listed) - {""}


def is_operator() -> bool:
    """Return whether the visitor has signed in as one of `operators`.

    An address that the provider calls unverified is nobody's.
    """
    if not configured():
        return False
    visitor = _visitor()
    verified = str(visitor.get("email_verified", True)).lower() == "true"
    email = str(visitor.get("email") or "").lower()
    return bool(visitor.get("is_logged_in")) and verified and email in operators()
