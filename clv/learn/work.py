"""What every step of a training shares: the seed, where progress goes, and whether to go on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.core.types import Progress


#: Most threads of a learner, and rows from which on they are worth waiting for each other.
_THREADS: Final = min(2, os.cpu_count() or 1)
_MANY_ROWS: Final = 20_000
SEED: Final = 20_171_017


def threads(rows: int) -> int:
    """Return how many threads work on so many rows; the same always: sums depend on the number."""
    return _THREADS if rows >= _MANY_ROWS else 1


def _never() -> bool:
    return False


def _quiet(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Work:
    """One training's seed and its line to whoever waits for it.

    Attributes
    ----------
    seed
        The same seed and the same data give the same models, byte for byte.
    progress
        Called with a stage's sentence, how much of it is done, and of how much (0: unknown).
    stopped
        Asked between fits, and between the trees of a fit where the library allows it.
    """

    seed: int = SEED
    progress: Progress = _quiet
    stopped: Callable[[], bool] = _never

    def check(self) -> None:
        """Go on, or not.

        Raises
        ------
        StoppedError
            If the work was stopped.
        """
        if self.stopped():
            msg = "The training was stopped."
            raise StoppedError(msg, "Nothing was changed.")

    def say(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Report a stage, unless the work was stopped."""
        self.check()
        self.progress(stage, done, total)
