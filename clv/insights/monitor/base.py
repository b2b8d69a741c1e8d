"""What a check of the monitoring says, in figures; `clv.report.words.monitor` says it in sentences. And a run's days."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv.runs import Run

#: ``ok``; ``look``: somebody should look at it; ``stop``: don't use it before somebody has.
Verdict = Literal["ok", "look", "stop"]
VERDICTS: Final[tuple[Verdict, ...]] = ("ok", "look", "stop")


@dataclass(frozen=True)
class Check:
    """One figure of the earlier run beside that of the later one.

    Attributes
    ----------
    key
        What is checked, a key of `clv.report.words.monitor.CHECKS`.
    verdict
        See `Verdict`.
    before, now
        The figures; None where there is none.
    subject
        What of: a reason, a label; empty where there is one only.
    more
        Further figures and names that the sentence needs: JSON types.
    """

    key: str
    verdict: Verdict
    before: float | None
    now: float | None
    subject: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest of some verdicts; ``ok`` for none."""
    return max(verdicts, key=VERDICTS.index, default="ok")


def rising(value: float, look: float, stop: float) -> Verdict:
    """Return the verdict on a figure that is the worse the higher it is."""
    return "stop" if value >= stop else "look" if value >= look else "ok"


def as_of(run: Run) -> date:
    """Return the day on which a run's forecast stands."""
    return date.fromisoformat(str(run.settings["as_of"])[:10])


def first_order(run: Run) -> date:
    """Return the day of a run's first order."""
    return date.fromisoformat(str(run.report["first_order"])[:10])


def last_order(run: Run) -> date:
    """Return the day of a run's last order."""
    return date.fromisoformat(str(run.report["last_order"])[:10])
