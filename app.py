"""Upload & summary: orders in, answers out."""

from clv.apps.ui import home
from clv.apps.ui.page import page

with page("Upload & summary", name="home") as here:
    home.show(here)
