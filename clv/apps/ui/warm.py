"""What a server does once, while nobody waits: load what pages need, and put it out of the collector's sight.

A full collection of garbage looks at every object there is: with all packages loaded a tenth of a second
in which the whole process, the API with it, answers nobody. What is loaded stays loaded, so it needn't be
looked at. (Streamlit's own collection after every page is switched off, see ``.streamlit/config.toml``.)
"""

from __future__ import annotations

import atexit
import gc
import pkgutil
import time
from importlib import import_module
from threading import Thread
from typing import Final

from streamlit import runtime

from clv.apps import ui

#: What Streamlit loads for the first table, beside the pages' own modules.
_TABLES: Final = "pandas"


def start() -> None:
    """Begin in the background; who comes before it is done waits for no more than their own page needs."""
    Thread(target=_begin, name="clv-warm", daemon=True).start()


def _begin() -> None:
    while not runtime.exists():  # Caches want to know where they live.
        time.sleep(0.1)
    load()


def load() -> None:
    """Import what pages need, and hide all that is loaded from the collector until the process ends."""
    for name in (_TABLES, *(m.name for m in pkgutil.iter_modules(ui.__path__, f"{ui.__name__}."))):
        import_module(name)
    gc.collect()
    gc.freeze()
    # What is never looked at is never tidied up either, and some packages complain of that at the end.
    atexit.register(gc.unfreeze)
