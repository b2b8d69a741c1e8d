"""Bytes → canonical orders and rejects. Nothing else in the package knows what a CSV is."""

from clv.ingest.columns.layouts import LAYOUTS, ROLES, Layout, Role
from clv.ingest.orders.checks import CHECKS, Check
from clv.ingest.preview import FilePreview, Preview, detect
from clv.ingest.reading import read
from clv.ingest.report import refuse_no_orders
from clv.ingest.side_tables.chances import Chances, read_chances
from clv.ingest.side_tables.spend import Spend, read_spend

__all__ = [
    "CHECKS",
    "LAYOUTS",
    "ROLES",
    "Chances",
    "Check",
    "FilePreview",
    "Layout",
    "Preview",
    "Role",
    "Spend",
    "detect",
    "read",
    "read_chances",
    "read_spend",
    "refuse_no_orders",
]
