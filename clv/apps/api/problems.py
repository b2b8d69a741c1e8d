"""What goes wrong over HTTP, always in the form of RFC 9457: ``application/problem+json``."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import duckdb
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from clv.core.errors import (
    ClvError,
    DamagedRunError,
    InputError,
    NothingPublishedError,
    OutdatedRunError,
    StoreError,
)
from clv.runs.disk import store_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

_LOG: Final = logging.getLogger("clv.api")
_KIND: Final = "application/problem+json"
#: Seconds after which it is worth asking again where a disk has failed.
_SOON: Final = "30"
#: Errors of one request that are listed.
_MOST: Final = 100
_NO_JSON: Final = "The body can't be read as JSON."


class Problem(Exception):  # noqa: N818 - the standard's word
    """A request that can't be answered as asked.

    Parameters
    ----------
    status
        HTTP status.
    detail
        What is wrong, and what to do.
    headers
        To send along.
    more
        Further members, for programs.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """Return it as it is sent."""
        phrase = HTTPStatus(self.status).phrase
        body = {"title": phrase, "status": self.status, "detail": self.detail} | self.more
        content = json.dumps(body, ensure_ascii=False, allow_nan=False)
        return Response(content, self.status, self.headers, _KIND)


def install(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    app.add_exception_handler(Problem, _as_it_is)
    app.add_exception_handler(ClvError, _ours)
    for kind in (OSError, duckdb.Error):
        app.add_exception_handler(kind, _of_the_system)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def of(error: ClvError) -> Problem:
    """Return an error of the core as a problem."""
    said = " ".join(part for part in (error.message, error.hint) if part)
    if isinstance(error, StoreError):
        return Problem(503, said, {"Retry-After": _SOON})
    unready = isinstance(error, NothingPublishedError | OutdatedRunError | DamagedRunError)
    status = 409 if unready else 422 if isinstance(error, InputError) else 500
    return Problem(status, said)


async def _as_it_is(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - what the handler is installed for
    return error.response()


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClvError)  # noqa: S101
    return of(error).response()


async def _of_the_system(_: Request, error: Exception) -> Response:
    """Answer for the disk, if it is that; anything else is ours, and the gate's to tell."""
    found = store_error(error)
    if found is None:
        raise error
    _LOG.error(json.dumps({"error": type(error).__name__, "store": found.message}))
    return of(found).response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if request.method == "POST" and not _is_json(request):
        said = "Send the body as JSON, with the header Content-Type: application/json."
        return Problem(415, said).response()
    unread = next((e for e in error.errors() if e["type"] == "json_invalid"), None)
    if unread is not None:
        why, place = unread["ctx"]["error"], unread["loc"][-1]
        return Problem(400, f"{_NO_JSON[:-1]}: {why}, at character {place + 1}.").response()
    errors = [
        {"field": _field(found["loc"]), "message": _message(found)} for found in error.errors()
    ]
    # Of what may be one thing or a list, what it is not says less than where it goes wrong.
    errors = ([e for e in errors if e["field"]] or errors[:1])[:_MOST]
    first = errors[0]
    detail = f"{first['field'] or 'The body'}: {first['message']}"
    return Problem(422, detail, errors=errors).response()


def _message(found: Mapping[str, Any]) -> str:
    """Return what is wrong, in words for who sends it."""
    if found["type"] == "missing" and tuple(found["loc"]) == ("body",):
        return "There is none."
    if found["type"] in {"model_attributes_type", "model_type", "dict_type"}:
        return "Input should be a JSON object"
    return str(found["msg"]).removeprefix("Value error, ")


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _field(place: tuple[int | str, ...]) -> str:
    """Return where in a request something is: ``transactions[3].ordered_at``."""
    words = place[1:] if place and place[0] in {"body", "query", "path", "header"} else place
    said = ""
    for word in words:
        if isinstance(word, int):
            said += f"[{word}]"
        elif word.isidentifier() and not word[0].isupper():
            said += f".{word}" if said else word
        # Others are pydantic's names of the alternatives that it tried.
    return said


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    # Of the whole app: what is mounted in it has a root of its own.
    root = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    docs = f"{root}/docs"
    details = {
        400: _NO_JSON,
        404: f"There is nothing at this address; {docs} shows what there is.",
        405: "This address knows other methods.",
    }
    detail = details.get(error.status_code, str(error.detail))
    return Problem(error.status_code, detail, error.headers).response()
