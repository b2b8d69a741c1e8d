"""Segments of a run: `tables` of what they amount to, `lists` to act on, `reasons` in words."""
