"""Write the made-up sample files in ``data/`` again: ``python -m tools.samples``."""

from __future__ import annotations

from clv.samples import DATA, SAMPLES
from tools.samples import GENERATORS, generate

for name in GENERATORS:
    path = generate(name, DATA / SAMPLES[name].filename)
    print(f"{path.name}: {path.stat().st_size:,} bytes")
