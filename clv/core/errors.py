"""Every error the package raises on purpose.

::

    ClvError                    base: catch this at an edge (page, command line, HTTP)
    ├── InputError              the user can mend it; exit code 2
    │   ├── FileError           the file cannot be read as a table at all
    │   ├── LayoutError         columns are missing or cannot be told apart
    │   │   ├── NotOrdersError  the table is something else; says what, and what to do instead
    │   │   └── FeatureError    a customer described by hand lacks a feature, or nobody can be like that
    │   ├── AmbiguousDateError  day and month cannot be told apart; says which option decides
    │   ├── AmbiguousAmountError  thousands cannot be told from decimals; says which option decides
    │   ├── NoRowsError         nothing usable is left; says what was rejected and why
    │   ├── SettingsError       a setting is out of its range
    │   ├── ModelFileError      a ready-made model: its file is not allowed, or can't be loaded
    │   ├── ModelAnswerError    it was loaded, but its answer is no value per customer
    │   ├── ModelLimitError     it took too long or too much, or broke down
    │   ├── RunNotFoundError    no such run, or no run yet
    │   │   └── NothingPublishedError  no run is published
    │   ├── OutdatedRunError    an earlier version made the run, without what is asked for
    │   ├── DamagedRunError     a file of a stored run is missing, cut off or not what it should be
    │   ├── StoreError          the folder of runs can't be read or written
    │   └── BusyError           another scheduled job is at work
    ├── FitError                a model cannot be fitted to these customers; the ladder steps down
    └── StoppedError            the user stopped the work; nothing was changed

A message says what is wrong, where, and what to do next. It is written for the person who holds
the file.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clv.core.schema import Switch


class ClvError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        What is wrong and where.
    hint
        What to do next; shown on a line of its own.
    option
        The command line's way of doing it; pages have their own.
    choices
        The answers, where it is a question: a page offers them.
    """

    def __init__(
        self, message: str, hint: str = "", option: str = "", *, choices: Sequence[Switch] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.option = option
        self.choices = tuple(choices)

    def __str__(self) -> str:
        return "\n".join(part for part in (self.message, self.hint, self.option) if part)


class InputError(ClvError):
    """Something the user gave can't be used as it is."""


class FileError(InputError):
    """A file that is not a table we can read."""


class LayoutError(InputError):
    """Required columns are missing, or which column is which is not clear.

    Parameters
    ----------
    missing
        The canonical roles without a column (``customer_id``, ``ordered_at``…).
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        option: str = "",
        missing: Iterable[str] = (),
        *,
        choices: Sequence[Switch] = (),
    ) -> None:
        super().__init__(message, hint, option, choices=choices)
        self.missing = tuple(missing)


class NotOrdersError(LayoutError):
    """A table that holds no orders: a summary, a column per month, a list."""


class FeatureError(LayoutError):
    """A customer described by hand can't be understood, or is one that there can't be.

    Parameters
    ----------
    feature
        Which feature, as the description calls it.
    """

    def __init__(self, feature: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.feature = feature


class AmbiguousDateError(InputError):
    """A date column that reads equally well as day-month and as month-day."""


class AmbiguousAmountError(InputError):
    """Amounts such as 1.234 that read equally well as thousands and as decimals."""


class NoRowsError(InputError):
    """No data rows, or every one of them was rejected."""


class SettingsError(InputError):
    """A setting outside its range."""


class RunNotFoundError(InputError):
    """No run with this id, or no run at all yet."""


class NothingPublishedError(RunNotFoundError):
    """No run is published, so there is nothing to serve."""


class BusyError(InputError):
    """Another job is at work on the same store."""


class ModelFileError(InputError):
    """A ready-made model that is not known, not the one that was allowed, or can't be loaded."""


class ModelAnswerError(InputError):
    """A ready-made model whose answer is not one number per customer."""


class ModelLimitError(InputError):
    """A ready-made model that took too long, too much memory, or broke down."""


class OutdatedRunError(InputError):
    """A run of an earlier version, without a table or column that this version reads."""


class DamagedRunError(InputError):
    """A stored run of which a file is missing, cut off or not what it should be."""


class StoreError(InputError):
    """The folder of runs can't be read or written."""


class FitError(ClvError):
    """A model can't be fitted to these customers."""


class StoppedError(ClvError):
    """The user stopped the work before its end."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``' Did you mean "…"?'`` for the closest choice, or an empty string."""
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f' Did you mean "{by_lower[close[0]]}"?' if close else ""
