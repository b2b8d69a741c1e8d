"""Ctrl-C, and a scheduler's wish that the work end: heard for sure, and with time to tidy up.

Python raises `KeyboardInterrupt` wherever the program happens to be at that moment. Inside an import
that the engine makes for itself, inside a callback or an object's end, the exception is dropped and the
work goes on. So the signal is noted as well, and whoever reports progress looks.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_heard: Final[list[int]] = []


@contextmanager
def listening() -> Iterator[None]:
    """Note signals to stop inside, and raise `KeyboardInterrupt` for each; those ignored stay so."""
    _heard.clear()
    before = {}
    if current_thread() is main_thread():
        wanted = [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
        before = {number: signal.signal(number, _note) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _note(number: int, _: FrameType | None) -> None:
    _heard.append(number)
    raise KeyboardInterrupt


def asked() -> int:
    """Return the number of the first signal to stop since `listening` began; 0 for none."""
    return _heard[0] if _heard else 0


def check() -> None:
    """Raise `KeyboardInterrupt` if a signal to stop was heard, even if nobody saw it then."""
    if _heard:
        raise KeyboardInterrupt
