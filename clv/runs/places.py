"""Where the store and the models are, what a run consists of, and what it is called."""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clv.core.orders import EXTRAS
from clv.core.shipped import INSTALLED, SHIPPED

if TYPE_CHECKING:
    from clv.core.schema import Report

#: What the id of a draft or a run looks like.
ID: Final = re.compile(r"[0-9a-f]{32}")
_TABLES: Final = ("orders", "rejects", "forecasts", "profiles")


def default_root() -> Path:
    """Return the store's folder: ``$CLV_RUNS``, else ``runs`` in `home`."""
    override = os.environ.get("CLV_RUNS")
    return Path(override) if override else home() / "runs"


def models_root() -> Path:
    """Return the folder of ready-made models: ``$CLV_MODELS``, else ``models`` in `home`."""
    override = os.environ.get("CLV_MODELS")
    return Path(override) if override else home() / "models"


def home() -> Path:
    """Return where the program keeps what it makes.

    ``data`` of a checkout; of an installed program the user's own folder for data, as the system
    has it.
    """
    if not INSTALLED:
        return SHIPPED
    folders = {
        "darwin": Path("~/Library/Application Support"),
        "win32": Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local"),
    }
    other = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
    return folders.get(sys.platform, other).expanduser() / "clv-workbench"


def new_id() -> str:
    """Return an unguessable id: 128 random bits in hex."""
    return secrets.token_hex(16)


def tables(report: Report) -> tuple[str, ...]:
    """Return the names of a run's Parquet tables: those of every run, then what its files have more."""
    return (*_TABLES, *extras(report))


def extras(report: Report) -> tuple[str, ...]:
    """Return which of `EXTRAS` a report's files have."""
    found = {*(report.get("tables") or ()), *(("labels",) if report.get("labels") else ())}
    return tuple(table for table in EXTRAS if table in found)
