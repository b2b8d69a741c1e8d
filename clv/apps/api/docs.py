"""The documentation page: Swagger UI from an installed package, so that it works without internet."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it at run time
from starlette.responses import HTMLResponse  # noqa: TC002
from starlette.staticfiles import StaticFiles

#: Where the package keeps Swagger UI.
_ASSETS: Final = ("fastapi_offline", "static")
_PROBLEM: Final = "application/problem+json"
_THEIRS: Final = "Validation Error"
#: What any address may answer, by status.
_EVERYWHERE: Final = {
    "401": "No token, or a wrong one",
    "403": "No token is set where the API runs, and this is another machine",
    "429": "Too many requests; Retry-After says when to come again",
    "500": "Our fault; the log has it under the X-Request-ID",
    "503": "The store of forecasts can't be read or written",
}
_WITH_BODY: Final = {"400": "Not JSON", "413": "Longer than CLV_API_BODY_LIMIT"}


def install(app: FastAPI, *, guarded: bool) -> None:
    """Add the page at ``/docs``; ``guarded``: a token is asked for."""
    app.openapi = lambda: _described(app, guarded=guarded)  # type: ignore[method-assign]
    app.mount("/docs/assets", StaticFiles(packages=[_ASSETS]), name="assets")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon.png",
        )


def _described(app: FastAPI, *, guarded: bool) -> dict[str, Any]:
    """Return the app's description, with what `clv.apps.api.gate` and `clv.apps.api.problems` answer."""
    if app.openapi_schema is None:
        found = FastAPI.openapi(app)
        parts = found["components"]
        scheme = {"type": "http", "scheme": "bearer", "description": "One of CLV_API_TOKEN."}
        parts["securitySchemes"] = {"token": scheme}
        found["security"] = [{"token": []}] if guarded else [{}]
        for path, methods in found["paths"].items():
            for method, operation in methods.items():
                _add_problems(operation, _EVERYWHERE | (_WITH_BODY if method == "post" else {}))
                if path == "/health":
                    operation["security"] = []
                    operation["responses"] = {"200": operation["responses"]["200"]}
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        app.openapi_schema = found
    return app.openapi_schema


def _add_problems(operation: dict[str, Any], common: dict[str, str]) -> None:
    """Let an operation name all its problems, each in the one form that they have."""
    answers = operation["responses"]
    # FastAPI's own says that it could be of another form.
    said = {code: one for code, one in answers.items() if one["description"] != _THEIRS}
    said |= {code: {"description": text} for code, text in common.items() if code not in said}
    for code, one in said.items():
        if int(code) >= 400:
            one["content"] = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    operation["responses"] = dict(sorted(said.items()))
