"""Segments & actions: who needs what, who is overdue, what a new customer may cost."""

from clv.apps.ui import parts, segments
from clv.apps.ui.page import page

with page("Segments & actions", name="segments") as here:
    if here.run is not None:
        segments.show(here.run)
    elif here.busy is not None:
        parts.still_working("Segments & actions")
    else:
        parts.empty("Segments & actions", "segments")
