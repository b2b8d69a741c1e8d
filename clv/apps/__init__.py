"""The three edges: `ui` (Streamlit), `cli` (typer), `api` (FastAPI)."""
