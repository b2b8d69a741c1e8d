"""What was read: the files, and rows that were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.core.formatting import count
from clv.report.tables.base import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import FileReport, Report


def files(report: Report) -> Table:
    """Return what was found in each file."""
    titles = report.get("reason_titles", {})

    def why(file: FileReport) -> str:
        found = by_size(file.get("reasons", {}))
        return ", ".join(f"{titles.get(code, code)} ({count(n)})" for code, n in found)

    columns = [
        Column("name", "File"),
        Column("rows_total", "Rows", "count"),
        Column("rows_accepted", "Used", "count"),
        Column("rows_rejected", "Left out", "count"),
        Column(why, "Why"),
    ]
    return Table(columns, report.get("files", []), "Rows used and left out for each file")


def examples(report: Report) -> Table:
    """Return some of the rejected rows as they stand in the file."""
    rows = report.get("examples", [])
    columns = [
        Column("line", "Line", "count", width="small"),
        Column("reason", "Reason"),
        Column("text", "The row as it stands in the file"),
    ]
    if len({row["file"] for row in rows}) > 1:
        columns.insert(0, Column("file", "File"))
    return Table(columns, rows, "Rows left out with line, reason and text")


def by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what was counted, the most frequent first."""
    return sorted(counts.items(), key=lambda item: -item[1])
