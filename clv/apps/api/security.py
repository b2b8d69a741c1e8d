"""Who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from clv.apps.api.problems import Problem
from clv.core.access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import Scope

#: Callers that are remembered; the one not heard of for longest is forgotten.
_CALLERS: Final = 10_000
#: Their presence says that somebody else asks than the address says.
_PROXIED: Final = (b"x-forwarded-for", b"x-real-ip", b"forwarded")
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def host_name(header: str) -> str:
    """Return the name in a ``Host`` header, without port and brackets."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    return name.strip("[]").lower()


class Guard:
    """Lets requests with a token pass; without tokens, those of this machine alone.

    Parameters
    ----------
    tokens
        Any of them will do.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._digests = [_digest(token.encode()) for token in tokens]

    def admit(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return a name for whoever asks, for `Limit`.

        Raises
        ------
        Problem
            401 for no token or a wrong one, 403 for a call from elsewhere where none is set.
        """
        if self._digests:
            return self._with_token(headers)
        if not _local(scope, headers):
            raise Problem(
                403,
                "Without a token the API answers calls from its own machine only. "
                "Set CLV_API_TOKEN where it runs, and send it: Authorization: Bearer TOKEN.",
            )
        return "local"

    def _with_token(self, headers: Mapping[bytes, bytes]) -> str:
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        digest = _digest(given.strip())
        # All of them are compared, each in constant time: how long it takes tells nothing.
        same = [hmac.compare_digest(digest, known) for known in self._digests]
        if kind.lower() != b"bearer" or not any(same):
            raise Problem(
                401,
                "This needs a token. Send it: Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": 'Bearer realm="clv"'},
            )
        return f"token {same.index(True)}"


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _local(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a call comes from this machine, and not through a proxy on it.

    Both ends of the connection are looked at, so that it doesn't matter who opened the port; and the
    name that was called, so that no web page can lead a browser here under a name of its own.
    """
    ends = (scope.get("client"), scope.get("server"))
    if not all(end and is_loopback(str(end[0])) for end in ends):
        return False
    if any(header in headers for header in _PROXIED):
        return False
    return host_name(headers.get(b"host", b"").decode("latin-1")) in _LOCAL_NAMES


class Limit:
    """A token bucket for each caller (Turner 1986): ``rate`` a second, twice as many at once.

    Parameters
    ----------
    rate
        0 for no limit.
    clock
        Seconds, ever rising.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: float = 1.0) -> None:
        """Take a request's cost out of its caller's bucket.

        Raises
        ------
        Problem
            429, when there is too little left; says when to come again.
        """
        if not self._rate:
            return
        full = max(2 * self._rate, 1.0)
        cost = min(cost, full)
        now = self._clock()
        left, then = self._buckets.pop(caller, (full, now))
        left = min(full, left + (now - then) * self._rate)
        enough = left >= cost
        self._buckets[caller] = (left - cost if enough else left, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        if not enough:
            wait = max(1, round((cost - left) / self._rate + 0.5))
            raise Problem(
                429,
                f"Too many requests: this caller may make {self._rate:g} a second.",
                {"Retry-After": str(wait)},
            )

    def __len__(self) -> int:
        return len(self._buckets)
