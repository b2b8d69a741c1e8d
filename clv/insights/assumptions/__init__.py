"""The models' statistical assumptions, checked on the data of a run.

One check per module; `checks` runs those that apply. Numbers only: the words are the page's.
"""

from clv.insights.assumptions.base import Check, Effect, Verdict
from clv.insights.assumptions.report import checked, checks, stored

__all__ = ["Check", "Effect", "Verdict", "checked", "checks", "stored"]
