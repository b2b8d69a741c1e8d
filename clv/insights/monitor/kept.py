"""What two runs have in common never changes: it is computed once, and kept beside the later of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.core.schema import Document
    from clv.runs import Run

#: Part of the name of what is kept: another one computes everything anew.
_VERSION: Final = 3


class NotYet(Exception):  # noqa: N818 - no error: it ends a look that must not compute
    """Something has not been computed yet."""


def kept(
    run: Run, name: str, kind: type[Document], make: Callable[[], Document] | None
) -> Document:
    """Return what is kept beside a run; ``make`` computes it where it is not there yet.

    Raises
    ------
    NotYet
        It is not there, and there is no ``make``.
    """
    found = run.derived(f"monitor-{_VERSION}-{name}", kind, make)
    if found is None:
        raise NotYet
    return found
