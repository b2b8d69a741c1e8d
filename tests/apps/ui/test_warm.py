"""What a server loads before anybody comes, and how long the collector may hold up whoever asks it."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.places import ROOT

LOADED = """
import gc, sys
from clv.apps.ui import warm
warm.load()
assert {"clv.apps.ui.first_year", "clv.apps.ui.summary", "pandas"} <= set(sys.modules)
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_out_of_the_collectors_sight():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    frozen, looked_at = map(int, done.stdout.split())
    assert "leaked" not in done.stderr
    assert frozen > 100_000
    assert looked_at < frozen / 100


def test_no_page_makes_everybody_wait_for_the_collector():
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert settings["runner"]["postScriptGC"] is False
    assert "warm.start()" in (ROOT / "server.py").read_text(encoding="utf-8")
