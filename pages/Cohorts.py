"""Cohorts: how customers of one month went on, and whether some months were better."""

from clv.apps.ui import cohorts, parts
from clv.apps.ui.page import page

with page("Cohorts", name="cohorts") as here:
    if here.run is not None:
        cohorts.show(here.run)
    elif here.busy is not None:
        parts.still_working("Cohorts")
    else:
        parts.empty("Cohorts", "cohorts")
