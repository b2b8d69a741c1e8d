"""Segments: `tables` over a run, `lists` to act on."""
