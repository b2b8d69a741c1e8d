"""Model health: whether the model's assumptions hold for the file, what it does well and poorly."""

from clv.apps.ui import health, parts
from clv.apps.ui.page import page

with page(health.TITLE, name="health") as here:
    if here.run is not None:
        health.show(here.run)
    elif here.busy is not None:
        parts.still_working(health.TITLE)
    else:
        parts.empty(health.TITLE, "health")
