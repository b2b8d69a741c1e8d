"""One process, one port: the dashboard at ``/``, its downloads, the REST API at ``/api``.

Start it with ``streamlit run server.py``; ``uvicorn server:app`` works as well.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.routing import Mount

from clv import downloads
from clv.api import app as api

downloads.enable()
app = st.App(Path(__file__).with_name("app.py"), routes=[Mount("/api", app=api), *downloads.routes])
