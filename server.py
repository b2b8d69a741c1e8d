"""One process, one port: the dashboard at ``/``, the REST API at ``/api``.

Start it with ``streamlit run server.py``; ``uvicorn server:app`` works as well.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.routing import Mount

from clv.api import app as api

app = st.App(Path(__file__).with_name("app.py"), routes=[Mount("/api", app=api)])
