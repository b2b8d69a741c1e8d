"""First-year value: what new customers bring, who of them will be worth it, what one may cost."""

from clv.apps.ui import first_year, parts
from clv.apps.ui.page import page

with page(first_year.TITLE, name="first-year") as here:
    if here.run is not None:
        first_year.show(here.run)
    elif here.busy is not None:
        parts.still_working(first_year.TITLE)
    else:
        parts.empty(first_year.TITLE, "first-year")
