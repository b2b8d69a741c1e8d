"""What was read: the files, and rows that were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, percent, plural
from clv.ingest import ROLES
from clv.report.tables.base import Column, Table
from clv.report.words.check import role, size, ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import ColumnReport, FileReport, Report

#: No sample value is longer.
_LONG: Final = 30
#: So many decisions are shown at once.
_MOST: Final = 12


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


def reasons(report: Report, advice: Mapping[str, str] | None = None) -> Table:
    """Return why rows were left out or pointed out, the most frequent reason first.

    ``advice`` takes the place of what the report advises, by code.
    """
    titles, total = report.get("reason_titles", {}), report["rows_total"]
    remedies = {**report.get("remedies", {}), **(advice or {})}
    rows = [
        (code, number, what)
        for counts, what in (
            (report.get("reasons", {}), "left out"),
            (report.get("noted", {}), "kept, pointed out"),
        )
        for code, number in by_size(counts)
    ]
    columns = [
        Column(
            lambda row: titles.get(row[0], row[0]),
            "What we found",
            words=True,
            paper="What was found",
        ),
        Column(lambda row: f"{count(row[1])} ({percent(row[1] / total)})", "Rows", on="page"),
        Column(lambda row: row[1], "Rows", "count", on="paper"),
        Column(lambda row: row[2], "What happened", words=True),
        Column(lambda row: remedies.get(row[0], ""), "What you can do", on="page"),
    ]
    accounted = (
        f"{count(report['rows_accepted'])} used + {count(report['rows_rejected'])} left out = "
        f"{count(total)} rows"
    )
    return Table(columns, rows, "Why rows were left out", f"{accounted}.")


def columns(report: Report) -> Table:
    """Return which column was read as what, with some of its values; what matters most comes first."""
    rows = [one for one in report.get("columns", []) if one["role"]]
    order = {role: i for i, role in enumerate(ROLES)}
    rows.sort(key=lambda one: order.get(one["role"], len(order)))
    return Table(
        [
            Column("column", "Column", words=True),
            Column(lambda one: role(one, report), "Read as", words=True),
            Column(_samples, "Values such as", words=True),
        ],
        rows,
        "What was read as what",
    )


def decisions(report: Report) -> Table:
    """Return what could have been read otherwise, what moves most first, and how to reverse it."""
    found = report.get("decisions", [])
    shown = found[:_MOST]
    more = f"{plural(len(found) - len(shown), 'more decision')} in the check of the file."
    return Table(
        [
            Column("sentence", "What was decided", words=True),
            Column(lambda one: size(one, report["currency"]), "Size", words=True),
            Column(lambda one: "; ".join(ways(one)), "To decide otherwise", words=True),
        ],
        shown,
        "What could have been read otherwise",
        more if len(found) > len(shown) else "",
    )


def unused(report: Report) -> Table:
    """Return the columns that play no role, with some of their values."""
    rows = [one for one in report.get("columns", []) if not one["role"]]
    shown = [Column("column", "Column", words=True), Column(_samples, "Values such as", words=True)]
    return Table(shown, rows, "Columns that were not used")


def _samples(one: ColumnReport) -> str:
    """Return a column's values as one text, none of them long."""
    return " · ".join(cell if len(cell) <= _LONG else f"{cell[:_LONG]}…" for cell in one["samples"])


def by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what was counted, the most frequent first."""
    return sorted(counts.items(), key=lambda item: -item[1])
