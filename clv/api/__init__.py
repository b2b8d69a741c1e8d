"""The REST API over the published run; `server.py` serves it at ``/api``, in the dashboard's process.

Alone: ``uvicorn clv.api:app``.
"""

from clv.api.app import app, create

__all__ = ["app", "create"]
