"""Where things lie: the repository, and real files that not everybody has beside it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
RETAIL = SHARED / "online_retail" / "online_retail_2010-12_2011-12.csv.gz"
#: The data sets inside the installed lifetimes.
LIFETIMES = Path(find_spec("lifetimes").origin).parent / "datasets"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not there")
