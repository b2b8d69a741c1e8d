"""The files that come with the program: ``data/`` of a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_INSIDE: Final = Path(__file__).parents[1] / "samples" / "data"

#: Whether the program was installed from a wheel, in whose package the files then are.
INSTALLED: Final = _INSIDE.is_dir()
#: The folder of the files.
SHIPPED: Final = _INSIDE if INSTALLED else Path(__file__).parents[2] / "data"
