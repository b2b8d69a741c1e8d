"""What a user is told when a forecast rests on less than the full models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.core.schema import NoteRecord, Step


@dataclass(frozen=True)
class Note:
    """One plain sentence or two for the person who reads the forecast.

    Attributes
    ----------
    code
        For programs, e.g. ``few-repeat-buyers``.
    message
        What is missing, why, and what is shown instead.
    step
        The rung of the ladder that was taken.
    """

    code: str
    message: str
    step: Step

    def as_dict(self) -> NoteRecord:
        """Return plain JSON types."""
        return {"code": self.code, "message": self.message, "step": self.step}
