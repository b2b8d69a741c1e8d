"""Lengths of time in a customer's life, as people write them: ``1m``, ``2w``, ``14d``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from clv.core.errors import SettingsError
from clv.core.horizon import add_months

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_WRITTEN: Final = re.compile(
    r"\s*([1-9]\d{0,3})\s*(d|days?|w|weeks?|m|mo|months?)\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class Span:
    """The first days, weeks or calendar months of something."""

    count: int
    unit: Literal["d", "w", "m"]

    @classmethod
    def of(cls, written: str | int | Span) -> Span:
        """Read ``14d``, ``2 weeks``, ``3m``; a number means months.

        Raises
        ------
        SettingsError
            Anything else, with what is expected.
        """
        if isinstance(written, Span):
            return written
        found = _WRITTEN.fullmatch(f"{written}m" if isinstance(written, int) else written)
        if found is None:
            msg = f'"{written}" is not a length of time.'
            raise SettingsError(msg, "Write days, weeks or months as 14d, 2w or 3m.")
        unit: Literal["d", "w", "m"] = found[2][0].lower()  # type: ignore[assignment]
        return cls(int(found[1]), unit)

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def offset(self) -> str:
        """The same for narwhals' ``dt.offset_by``, which shortens months as `add_months` does."""
        return f"{self.count * 7 if self.unit == 'w' else self.count}{'mo' if self.unit == 'm' else 'd'}"

    @property
    def noun(self) -> str:
        """What it is counted in: ``day``, ``week``, ``month``."""
        return {"d": "day", "w": "week", "m": "month"}[self.unit]

    def end(self, day: date) -> date:
        """Return the first day after the span that begins on a day."""
        if self.unit == "m":
            return add_months(day, self.count)
        return day + timedelta(days=self.count * (7 if self.unit == "w" else 1))


def spans_of(written: Iterable[str | int | Span]) -> tuple[Span, ...]:
    """Read several spans; shortest first, each once.

    Raises
    ------
    SettingsError
        None at all; or months beside days or weeks: the longest must end last in every month.
    """
    found = {Span.of(each) for each in written}
    units = {span.unit for span in found}
    if not found:
        msg = "No length of time is given."
        raise SettingsError(msg, "Give at least one, such as 1m.")
    if "m" in units and len(units) > 1:
        msg = "Months can't be mixed with days or weeks, for a month has 28 to 31 days."
        raise SettingsError(msg, "Use months only, or days and weeks only.")
    return tuple(sorted(found, key=lambda s: (s.count * (7 if s.unit == "w" else 1), s.unit)))
