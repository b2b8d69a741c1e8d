"""Workbooks (.xlsx, .xlsb, .xls, .ods) → one plain text table per filled sheet."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core.errors import FileError
from clv.ingest.files import spooling
from clv.ingest.files.spooling import EXPORT_HINT

if TYPE_CHECKING:
    from pathlib import Path

    from python_calamine import CalamineSheet

    Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
    Cells = list[list[Cell]]

#: What a cell shows where its formula fails; it holds nothing.
ERRORS: Final = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA", "#SPILL!")
)


@dataclass(frozen=True)
class Sheet:
    """One sheet as UTF-8 text with commas.

    Attributes
    ----------
    name
        ``book.xlsx/Sheet``; the workbook's own name where it has one sheet only.
    rows
        How many are filled.
    merged
        Rows in which a cell was filled from the merged one it is part of.
    """

    name: str
    path: Path
    rows: int
    merged: int


def sheets(path: Path, name: str, spool: Path) -> list[Sheet]:
    """Return the filled sheets of a workbook; every row keeps its number.

    Parameters
    ----------
    path
        The workbook; its content decides what it is.
    name
        What to call it.
    spool
        A folder for the text.

    Raises
    ------
    FileError
        It is damaged or protected, or no sheet holds anything.
    """
    import python_calamine as calamine  # noqa: PLC0415 - only spreadsheets pay for it

    found: list[Sheet] = []
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        titles = [s.name for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        for title in titles:
            sheet = book.get_sheet_by_name(title)
            rows: Cells = sheet.to_python(skip_empty_area=False)
            count = sum(any(cell != "" for cell in row) for row in rows)
            if not count:
                continue
            merged = _fill_merged(rows, sheet)
            text = spooling.new(spool, ".csv")
            _write(rows, text)
            called = f"{name}/{title}" if len(titles) > 1 else name
            found.append(Sheet(called, text, count, merged))
    except calamine.PasswordError:
        msg = f"{name} is protected by a password."
        raise FileError(msg, "Save it without a password and try again.") from None
    except (calamine.CalamineError, OSError) as error:
        msg = f"{name} cannot be read as a spreadsheet ({error})."
        raise FileError(msg, "Save it again as .xlsx or as CSV.") from None
    if not found:
        msg = f"{name} has no filled sheet."
        raise FileError(msg, EXPORT_HINT)
    return found


def _fill_merged(rows: Cells, sheet: CalamineSheet) -> int:
    """Give every cell of a merged one its value; return in how many rows.

    Only cells merged downwards within a column are filled. A column of fractions is one of amounts:
    one that spans several rows is one amount, not several.
    """
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right and top < bottom:
            spans.setdefault(left, []).append((top, min(bottom, len(rows) - 1)))
    filled: set[int] = set()
    for column, ranges in spans.items():
        values = [rows[top][column] for top, _ in ranges if top < len(rows)]
        if any(isinstance(v, float) and not v.is_integer() for v in values):
            continue
        for top, bottom in ranges:
            for number in range(top + 1, bottom + 1):
                if rows[number][column] == "" and rows[top][column] != "":
                    rows[number][column] = rows[top][column]
                    filled.add(number)
    return len(filled)


def _write(rows: Cells, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for row in rows:
            cells = [_text(cell) for cell in row]
            if any(cells):
                writer.writerow(cells)
            else:
                out.write("\n")


def _text(value: Cell) -> str:
    """Write a cell as one line of text: whole numbers without a point, dates in ISO form."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    text = " ".join(str(value).splitlines())
    return "" if text in ERRORS else text
