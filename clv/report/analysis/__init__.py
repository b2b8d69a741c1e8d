"""The whole analysis of a run, section by section: for notebooks, and as a report in one file.

Each section is a function from a run to a `Section`, which shows itself in a notebook::

    from clv import analysis, forecast_files

    run = forecast_files(["orders.csv"])
    analysis.top_spenders(run)

`write` puts all of them into one HTML page or a notebook.
"""

from clv.report.analysis.comparison import four_bins
from clv.report.analysis.figures import data, fit, outlook, top_buyers, top_spenders
from clv.report.analysis.files import NAMES, build, stored, write
from clv.report.analysis.health import assumptions, survival
from clv.report.analysis.pieces import Section
from clv.report.analysis.receipt import evidence, ideas, verdict

__all__ = [
    "NAMES",
    "Section",
    "assumptions",
    "build",
    "data",
    "evidence",
    "fit",
    "four_bins",
    "ideas",
    "outlook",
    "stored",
    "survival",
    "top_buyers",
    "top_spenders",
    "verdict",
    "write",
]
