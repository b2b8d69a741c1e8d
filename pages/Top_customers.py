"""Top customers: who will buy most, who will spend most."""

from clv.apps.ui import parts, top
from clv.apps.ui.page import page

with page("Top customers", name="top") as here:
    if here.run is not None:
        top.show(here.run)
    elif here.busy is not None:
        parts.still_working("Top customers")
    else:
        parts.empty("Top customers", "top")
