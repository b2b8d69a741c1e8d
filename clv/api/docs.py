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


def install(app: FastAPI) -> None:
    """Add the page at ``/docs``."""
    app.openapi = lambda: _with_token(app)  # type: ignore[method-assign]
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


def _with_token(app: FastAPI) -> dict[str, Any]:
    """Return the app's description, with the token that `clv.api.gate` asks for."""
    if app.openapi_schema is None:
        found = FastAPI.openapi(app)
        scheme = {"type": "http", "scheme": "bearer", "description": "One of CLV_API_TOKEN."}
        found.setdefault("components", {})["securitySchemes"] = {"token": scheme}
        found["security"] = [{"token": []}]
        app.openapi_schema = found
    return app.openapi_schema
