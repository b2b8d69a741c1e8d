"""Write the invented sample files in ``data/`` again: ``python -m clv.samples``."""

from __future__ import annotations

from clv.samples import DATA, SAMPLES, generate

for name, sample in SAMPLES.items():
    if sample.write is not None:
        path = generate(name, DATA / sample.filename)
        print(f"{path.name}: {path.stat().st_size:,} bytes")  # noqa: T201
