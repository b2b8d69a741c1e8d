"""Every table that is shown: columns, headings, formats and order, a module a subject.

Pages, report, notebook and terminal only draw what is designed here.
"""

from clv.report.tables.base import Column, Table, ends

__all__ = ["Column", "Table", "ends"]
