"""What an operating system's complaint about a folder means, and what to do about it."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from clv.core.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL: Final = ("its disk is full", "Make room there: python -m clv runs prune deletes old runs.")
_DENIED: Final = (
    "it may not be read or written",
    "Let the user that runs this program read and write its folder (CLV_RUNS).",
)
_NO_FOLDER: Final = ("its path is a file, or leads through one", "Set CLV_RUNS to a folder.")
_GONE: Final = (
    "its disk is gone, or doesn't answer",
    "See to it that the disk is there and CLV_RUNS leads to it.",
)
_MEANS: Final = (
    dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL)
    | dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _DENIED)
    | dict.fromkeys((errno.ENOTDIR, errno.EEXIST, errno.EISDIR), _NO_FOLDER)
    | dict.fromkeys(
        (errno.ENOENT, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN), _GONE
    )
)
#: As the engine and Arrow put it, which have no numbers for it.
_SAID: Final = {
    "no space left": _FULL,
    "disk full": _FULL,
    "permission denied": _DENIED,
    "read-only file system": _DENIED,
    "input/output error": _GONE,
}


def store_error(error: Exception, root: Path | None = None) -> StoreError | None:
    """Return what an error says of the run store; None if it says nothing of it.

    Parameters
    ----------
    error
        An `OSError`, or one of the engine's or Arrow's.
    root
        The store's folder; only the command line names it.
    """
    number = error.errno if isinstance(error, OSError) else None
    said = str(error).lower()
    means = _MEANS.get(number or 0) or next(
        (m for words, m in _SAID.items() if words in said), None
    )
    if means is None:
        return None
    what, hint = means
    where = f"The store is {root}" if root else ""
    return StoreError(f"The store of forecasts can't be used: {what}.", hint, where)


def full(error: BaseException) -> InputError | None:
    """Return an error of the engine's that says that a disk is full, so that the user can mend it."""
    if "no space left on device" not in str(error).lower():
        return None
    return InputError("The disk is full.", "Make room, or set TMPDIR and --store.")


@contextmanager
def usable(root: Path) -> Iterator[None]:
    """Turn what goes wrong with a store's folder inside into a `StoreError` that names it."""
    try:
        yield
    except OSError as error:
        found = store_error(error, root)
        if found is None:
            raise
        raise found from error
