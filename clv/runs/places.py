"""Where the store and the models are, what a run consists of, and what it is called."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clv.core.orders import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the id of a draft or a run looks like.
ID: Final = re.compile(r"[0-9a-f]{32}")
_DATA: Final = Path(__file__).parents[2] / "data"
_TABLES: Final = ("orders", "rejects", "forecasts", "profiles")


def default_root() -> Path:
    """Return the store's folder: ``$CLV_RUNS``, else ``data/runs`` beside the package."""
    override = os.environ.get("CLV_RUNS")
    return Path(override) if override else _DATA / "runs"


def models_root() -> Path:
    """Return the folder of ready-made models: ``$CLV_MODELS``, else ``data/models``."""
    override = os.environ.get("CLV_MODELS")
    return Path(override) if override else _DATA / "models"


def demo_model() -> Path | None:
    """Return the folder of the small trained model that comes with the program; None without it."""
    found = _DATA / "ltv_demo"
    return found if found.is_dir() else None


def new_id() -> str:
    """Return an unguessable id: 128 random bits in hex."""
    return secrets.token_hex(16)


def tables(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a run's Parquet tables: those of every run, then what its files have more."""
    return (*_TABLES, *extras(report))


def extras(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which of `EXTRAS` a report's files have."""
    found = {*(report.get("tables") or ()), *(("labels",) if report.get("labels") else ())}
    return tuple(table for table in EXTRAS if table in found)
