"""The REST API; `server.py` mounts it at ``/api``, beside the dashboard and in its process."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

from clv import __version__

#: No documentation pages: they would load scripts from the internet. ``/openapi.json`` stays.
app = FastAPI(title="CLV workbench", version=__version__, docs_url=None, redoc_url=None)


class Health(BaseModel):
    """The process answers."""

    status: str
    version: str


@app.get("/health")
async def health() -> Health:
    """Tell that the process answers, and which version it is."""
    return Health(status="ok", version=__version__)
