"""What a check of the monitoring says, in figures; `clv.report.words.monitor` says it in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clv.core.schema import CheckDetails, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv.core.schema import FoundByCheck, SaidAndCame, TrackedMeasure

VERDICTS: Final[tuple[Verdict, ...]] = ("ok", "look", "stop")


@dataclass(frozen=True)
class Check:
    """One figure of the earlier run beside that of the later one.

    Attributes
    ----------
    key
        What is checked, a key of `clv.report.words.monitor.CHECKS`.
    verdict
        See `clv.core.schema.Verdict`.
    before, now
        The figures; None where there is none.
    subject
        What of: a reason, a label; empty where there is one only.
    more
        Further figures and names that the sentence needs.
    """

    key: str
    verdict: Verdict
    before: float | None
    now: float | None
    subject: str = ""
    more: CheckDetails = field(default_factory=CheckDetails)

    def as_dict(self) -> FoundByCheck:
        """Return plain JSON types."""
        return {
            "key": self.key,
            "verdict": self.verdict,
            "before": self.before,
            "now": self.now,
            "subject": self.subject,
            "more": self.more,
        }


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest of some verdicts; ``ok`` for none."""
    return max(verdicts, key=VERDICTS.index, default="ok")


def rising(value: float, look: float, stop: float) -> Verdict:
    """Return the verdict on a figure that is the worse the higher it is."""
    return "stop" if value >= stop else "look" if value >= look else "ok"


def said_and_came(row: SaidAndCame, measure: TrackedMeasure) -> tuple[float | None, float | None]:
    """Return what was forecast of a measure, and what came; None where no order had an amount."""
    if measure == "purchases":
        return row["predicted_purchases"], row["purchases"]
    return row["predicted_revenue"], row["revenue"]
