"""Monitoring: is the new file as usual, and did earlier forecasts come true."""

from clv.apps.ui import monitoring, parts
from clv.apps.ui.page import page

with page(monitoring.TITLE, name="monitoring") as here:
    if here.run is not None:
        monitoring.show(here.run)
    elif here.busy is not None:
        parts.still_working(monitoring.TITLE)
    else:
        parts.empty(monitoring.TITLE, "monitoring")
