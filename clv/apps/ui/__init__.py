"""What the pages of the dashboard share; apart from the pages, only this imports Streamlit."""
