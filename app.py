"""Upload & summary: orders in, answers out."""

from clv.ui import home
from clv.ui.page import page

with page("Upload & summary", name="home") as here:
    home.show(here)
