"""What a check of the monitoring says, in figures; `clv.report.words.monitor` says it in sentences. And a run's days."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


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
