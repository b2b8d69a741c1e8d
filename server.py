"""One process, one port: the dashboard at ``/``, its downloads, the REST API at ``/api``.

Start it with ``streamlit run server.py``; ``uvicorn server:app`` works as well.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from clv.apps.api import app as api
from clv.apps.api.gate import Beside
from clv.apps.ui import downloads, warm

downloads.enable()
warm.start()
app = st.App(
    Path(__file__).with_name("app.py"),
    routes=downloads.routes,
    middleware=[Middleware(Beside, prefix="/api", other=api)],
)
