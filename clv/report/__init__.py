"""How a run is told: charts, sentences, findings, sections. Nothing of Streamlit."""
