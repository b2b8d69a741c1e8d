"""How good is it: models and rules of thumb, tested on the file's own past."""

from clv.ui import parts, proof
from clv.ui.page import page

with page("How good is it?", name="proof") as here:
    if here.run is not None:
        proof.show(here.run)
    elif here.busy is not None:
        parts.still_working("How good is it?")
    else:
        parts.empty("How good is it?", "proof")
