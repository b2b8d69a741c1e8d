"""Where text that has to be made is written, and what every container's refusal ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

EXPORT_HINT: Final = "Export the orders as CSV, Excel (.xlsx) or Parquet and try again."


def new(spool: Path, ending: str) -> Path:
    """Return a path in the spool that nothing lies at yet."""
    return spool / f"{sum(1 for _ in spool.iterdir()):04d}{ending}"
