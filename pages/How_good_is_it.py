"""How good is it: models and rules of thumb, tested on the file's own past."""

from clv.apps.ui import how_good, parts
from clv.apps.ui.page import page

with page("How good is it?", name="receipt") as here:
    if here.run is not None:
        how_good.show(here.run)
    elif here.busy is not None:
        parts.still_working("How good is it?")
    else:
        parts.empty("How good is it?", "receipt")
