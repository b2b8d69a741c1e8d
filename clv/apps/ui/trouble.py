"""Errors at the edge of the dashboard: what went wrong becomes a sentence, never a traceback."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.core.errors import ClvError, StoreError
from clv.core.formatting import plain
from clv.runs.disk import store_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.schema import Switch

_log: Final = logging.getLogger("clv.ui")


@dataclass(frozen=True)
class Failure:
    """An error as the visitor reads it.

    ``reference`` is set for errors that are ours; the server's log has the same reference.
    ``missing`` lists the roles that no column fills, where that was the trouble; ``choices`` the
    answers, where it is a question.
    """

    message: str
    hint: str = ""
    reference: str = ""
    missing: tuple[str, ...] = ()
    choices: tuple[Switch, ...] = ()


def explain(error: BaseException) -> Failure:
    """Translate an error; write the unexpected ones to the log with their traceback."""
    unusable = error if isinstance(error, StoreError) else None
    if isinstance(error, OSError):
        unusable = store_error(error)
    if unusable:
        _log.error("%s", unusable, exc_info=error)
        return Failure(unusable.message, "Tell whoever runs this server, then try again.")
    if isinstance(error, ClvError):
        return Failure(
            error.message,
            error.hint,
            missing=tuple(getattr(error, "missing", ())),
            choices=error.choices,
        )
    reference = secrets.token_hex(4)
    _log.error("unexpected error, reference %s", reference, exc_info=error)
    return Failure(
        "Sorry, something went wrong on our side.",
        "Your files are safe. Try again; if it happens again, pass this reference on to whoever "
        f"runs this server: {reference}.",
        reference,
    )


def show(failure: Failure) -> None:
    """Show an error with what to do next."""
    body = plain(failure.message)
    if failure.hint:
        body += f"\n\n{plain(failure.hint)}"
    st.error(body, icon=":material/error:")


@contextmanager
def guard() -> Iterator[None]:
    """Show whatever goes wrong inside as a sentence.

    Streamlit's own control flow (``st.stop``, ``st.rerun``) is no `Exception` and passes.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the edge: nothing may reach the visitor raw
        show(explain(error))
