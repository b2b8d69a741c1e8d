"""How the verdict on a forecast is told (`clv.insights.verdict`), the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.core.schema import ForecastVerdict


def told(found: ForecastVerdict | None) -> str:
    """Return ``Usable: on 3 past dates the forecast was 16 % too low on average.``; empty for none."""
    if found is None:
        return ""
    return f"{found['word'].capitalize()}: {found['reason']}"
