"""Monitoring: an upload beside the last one, the model beside the last one, forecasts beside what came.

Everything is read off stored runs.
"""

from clv.insights.monitor.earlier import (
    family,
    published_before,
    published_now,
    same_customers,
)
from clv.insights.monitor.findings import EXIT, observe, observed, table

__all__ = [
    "EXIT",
    "family",
    "observe",
    "observed",
    "published_before",
    "published_now",
    "same_customers",
    "table",
]
