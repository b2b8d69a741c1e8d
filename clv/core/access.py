"""Who may ask over HTTP: holders of a token that the operator has set, else this machine alone."""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMEMBERED: Final = 10_000


def tokens(given: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the tokens in ``CLV_API_TOKEN``, which commas separate."""
    env = os.environ if given is None else given
    return tuple(t for t in map(str.strip, env.get("CLV_API_TOKEN", "").split(",")) if t)


@lru_cache(_REMEMBERED)
def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
