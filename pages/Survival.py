"""Survival: how many of 100 customers are still there, and what they have ordered by then."""

from clv.apps.ui import parts, survival
from clv.apps.ui.page import page

with page("Survival", name="survival") as here:
    if here.run is not None:
        survival.show(here.run)
    elif here.busy is not None:
        parts.still_working("Survival")
    else:
        parts.empty("Survival", "survival")
