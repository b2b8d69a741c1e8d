"""The REST API over the published run; `server.py` serves it at ``/api``, in the dashboard's process.

Alone: ``uvicorn clv.apps.api:app``.
"""

from clv.apps.api.app import app, create

__all__ = ["app", "create"]
