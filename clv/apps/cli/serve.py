"""The command that serves the API alone, without the dashboard."""

from __future__ import annotations

from typing import Annotated

import typer

from clv.core import access
from clv.core.errors import InputError


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the REST API alone; `make run` serves it beside the dashboard, at /api.

    Example: python -m clv serve --port 8000
    """
    import uvicorn  # noqa: PLC0415 - `--help` needs none of this

    if not access.tokens() and not access.is_loopback(host):
        msg = f"Without a token the API is not served beyond this machine, and {host} is beyond it."
        raise InputError(msg, "Set CLV_API_TOKEN, or leave --host out.")
    typer.echo(f"http://{host}:{port}/docs")
    # Its own log has addresses in it, and those have customers' ids.
    uvicorn.run("clv.apps.api:app", host=host, port=port, log_level="warning", access_log=False)
