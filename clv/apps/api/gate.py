"""What every request passes through: its id, who asks, how often, how much; then log and figures.

The log has a line of JSON for each request: which route, which answer, how long. It has no address
with ids in it, no query and no body: nothing that says who a customer is.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
import time
import traceback
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from clv.apps.api.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from clv.apps.api.metrics import Metrics
    from clv.apps.api.security import Guard, Limit

LOG: Final = logging.getLogger("clv.api")
_ID: Final = re.compile(rb"[A-Za-z0-9._\-]{1,64}")
#: What says nothing about anybody: whether the process answers, and how to ask it.
_OPEN: Final = ("/health", "/docs", "/openapi.json")
#: What a request with a body costs, in plain lookups.
_BODY_COST: Final = 10.0
_HEADERS: Final = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class Gate:
    """ASGI middleware around the whole API."""

    def __init__(
        self, app: ASGIApp, *, guard: Guard, limit: Limit, body_limit: int, metrics: Metrics
    ) -> None:
        self._app = app
        self._guard = guard
        self._limit = limit
        self._body_limit = body_limit
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":
            scope = dict(scope) | {"method": "GET"}  # The same answer, without its body.
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _ID.fullmatch(given) else uuid4().hex.encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                    message = _allowing(message, method)
                status = message["status"]
                own = [*_HEADERS, (b"x-request-id", request_id)]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            elif method == "HEAD" or status == HTTPStatus.NO_CONTENT:
                message = {**message, "body": b""}
            await send(message)

        try:
            receiving = await self._admitted(scope, headers, receive)
            await self._app(scope, receiving, sending)
        except Problem as problem:
            await problem.response()(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            if not status:
                detail = (
                    f"Something went wrong on our side; its log has it as {request_id.decode()}."
                )
                await Problem(500, detail).response()(scope, receive, sending)
            _log_error(request_id, error)
        finally:
            self._tell(scope, method, request_id, status, time.perf_counter() - begin)

    async def _admitted(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> Receive:
        """Return the request's body to be received, or refuse the request."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        with_body = scope["method"] not in {"GET", "HEAD", "OPTIONS"}
        cost = _BODY_COST if with_body else 1.0
        client = scope.get("client")
        address = f"address {client[0] if client else '?'}"
        if path in _OPEN or path.startswith("/docs/"):
            self._limit.take(address, cost)
            return receive
        try:
            caller = self._guard.admit(scope, headers)
        except Problem:
            # Guessing is limited as well.
            self._limit.take(address, cost)
            raise
        self._limit.take(caller, cost)
        return await self._body(headers, receive) if with_body else receive

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """Read the body, unless it is too long, and return it as one piece to be received."""
        packed = headers.get(b"content-encoding", b"identity").strip().lower()
        if packed not in {b"", b"identity"}:
            raise Problem(
                415,
                "Send the body as it is, without a Content-Encoding: packed ones are not read.",
                {"Accept-Encoding": "identity", "Connection": "close"},
            )
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._body_limit:
            raise self._too_long()
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            if len(body) > self._body_limit:
                raise self._too_long()
            more = message.get("more_body", False)
        pieces = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receiving() -> Message:
            return pieces.pop() if pieces else await receive()

        return receiving

    def _too_long(self) -> Problem:
        # The rest of the body is not waited for.
        return Problem(
            413, f"The body is longer than {self._body_limit:,} bytes.", {"Connection": "close"}
        )

    def _tell(
        self, scope: Scope, method: str, request_id: bytes, status: int, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = method if method in _METHODS else "other"
        self._metrics.count(method, route, status, seconds)
        if LOG.isEnabledFor(logging.INFO):
            line = {
                "request_id": request_id.decode(),
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
            }
            LOG.info(
                json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds")} | line)
            )


def _allowing(refused: Message, method: str) -> Message:
    """Return the head of an answer to a method that an address doesn't know, with all that it knows.

    To be asked which those are (``OPTIONS``) is no error.
    """
    headers = refused["headers"]
    allowed = dict(headers).get(b"allow")
    if allowed is None:
        return refused
    known = {word.strip() for word in allowed.decode("latin-1").split(",")} | {"OPTIONS"}
    known |= {"HEAD"} if "GET" in known else set()
    allow = (b"allow", ", ".join(sorted(known)).encode())
    if method == "OPTIONS":
        return {**refused, "status": int(HTTPStatus.NO_CONTENT), "headers": [allow]}
    return {**refused, "headers": [*(pair for pair in headers if pair[0] != b"allow"), allow]}


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _log_error(request_id: bytes, error: Exception) -> None:
    """Log where an error came from, but not what it says: that may be somebody's id."""
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    line = {"request_id": request_id.decode(), "error": type(error).__name__, "at": frames[-8:]}
    LOG.error(json.dumps(line))


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at the time: it may be replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def log_to_stderr() -> None:
    """Write the log to stderr, and keep uvicorn from logging addresses, which have ids in them."""
    if not LOG.handlers:
        handler = _Stderr()
        handler.setFormatter(logging.Formatter("%(message)s"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False
    logging.getLogger("uvicorn.access").disabled = True


class Beside:
    """ASGI middleware: what is below a prefix goes to another app, all else passes.

    Streamlit mounts routes as well, but inside its own middleware, which refuses addresses that look
    like paths of files: a customer's id may look like anything.
    """

    def __init__(self, app: ASGIApp, *, prefix: str, other: ASGIApp) -> None:
        self._app = app
        self._prefix = prefix
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it pass."""
        path = scope.get("path", "")
        if scope["type"] == "http" and (
            path == self._prefix or path.startswith(self._prefix + "/")
        ):
            _send_at_once(receive)
            scope = dict(scope) | {"root_path": scope.get("root_path", "") + self._prefix}
            await self._other(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _send_at_once(receive: Receive) -> None:
    """Switch off Nagle's algorithm for a connection, where it is uvicorn's.

    asyncio does so itself, but not for a port that somebody else opened, as Streamlit does. Head and
    body of an answer are two packets: the second would wait for the first to be acknowledged, and
    that takes 40 ms.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    connection = transport.get_extra_info("socket") if transport else None
    if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
