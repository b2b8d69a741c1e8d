"""One customer: what they did, what they will probably do, what they are worth."""

from clv.apps.ui import customer, parts
from clv.apps.ui.page import page

with page("One customer", name="one") as here:
    if here.run is not None:
        customer.show(here.run)
    elif here.busy is not None:
        parts.still_working("One customer")
    else:
        parts.empty("One customer", "one")
