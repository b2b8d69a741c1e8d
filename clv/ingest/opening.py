"""The tables in the files of an upload, opened and told apart by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from clv.core.errors import LayoutError, NoRowsError
from clv.ingest.columns import kinds, not_orders
from clv.ingest.columns.layouts import ROLES
from clv.ingest.columns.names import normalise
from clv.ingest.files import dialect, source
from clv.ingest.orders import order_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv.core.settings import IngestOptions
    from clv.ingest.columns.kinds import Opened
    from clv.ingest.columns.matching import Match


def open_all(
    inputs: Sequence[Path], options: IngestOptions, spool: Path, head: int | None = None
) -> list[Opened]:
    """Open every table in the files.

    Of a workbook or an archive the tables of orders are read, and those that are known beside them;
    lists to look things up in are left alone, and named in ``skipped`` of the first table that is read.

    Parameters
    ----------
    spool
        A folder for text that has to be made.
    head
        Read about this many bytes of each only, for a preview.

    Raises
    ------
    FileError
        A file is not a table.
    NoRowsError
        There is no file.
    """
    if not inputs:
        msg = "No file was given."
        raise NoRowsError(msg, "Name at least one file with orders.")
    result: list[Opened] = []
    names: Counter[str] = Counter()
    for path in inputs:
        tables: list[Opened] = []
        for opened in source.open_sources(path, spool, options.encoding, head):
            names[opened.name] += 1
            again = names[opened.name]
            # Rejects name their file: two files of one name must be told apart.
            name = f"{opened.name} ({again})" if again > 1 else opened.name
            delimiter = options.delimiter if opened.kind == "text" else ","
            found = dialect.detect(opened.path, name, delimiter)
            tables.append((replace(opened, name=name), found))
        result += _with_orders(tables, options)
    return result


def _with_orders(tables: list[Opened], options: IngestOptions) -> list[Opened]:
    """Return the tables of one file that hold orders; what else it holds is said of the first.

    They are those that have the columns of the largest one. An archive may hold orders that are
    written in several ways; of a workbook the others are left out, which is said aloud.
    """
    dialects = [found for _, found in tables]
    if len(tables) < 2 or kinds.is_market(dialects):
        return tables
    matches = [_match(one, options) for one in tables]
    missing = [len(match.missing) if match else len(ROLES) for match in matches]
    fewest = min(missing)
    book = tables[0][0].kind == "excel"
    if fewest and not book:
        return tables
    best = max(range(len(tables)), key=lambda i: (-missing[i], tables[i][0].rows, -i))
    wanted = _columns(tables[best], matches[best])
    read: list[Opened] = []
    skipped: list[str] = [*tables[0][0].skipped]
    left: list[tuple[str, int]] = []
    for i, (opened, found) in enumerate(tables):
        if continued := _continued(found, tables[best][1]):
            read.append((opened, continued))
        elif kinds.is_events(found) or wanted <= {normalise(c) for c in found.columns}:
            read.append((opened, found))
        elif missing[i] > fewest or fewest:
            skipped.append(opened.name)
        elif book:
            left.append((opened.name, opened.rows - found.skip))
        else:
            read.append((opened, found))
    first, found = read[0]
    noted = replace(first, skipped=tuple(skipped), left_out=tuple(left))
    return [(noted, found), *read[1:]]


def _match(opened: Opened, options: IngestOptions) -> Match | None:
    """Return which column is what; None for a table of something else, or where a choice doesn't fit."""
    try:
        not_orders.refuse(*opened, options)
        return order_files.match(*opened, options)
    except LayoutError:
        return None


def _columns(opened: Opened, match: Match | None) -> set[str]:
    """Return the columns that a table needs to be read like another: those that mean something."""
    whole = match is not None and not match.missing
    return {
        normalise(c) for c in (match.mapping.values() if match and whole else opened[1].columns)
    }


def _continued(found: dialect.Dialect, first: dialect.Dialect) -> dialect.Dialect | None:
    """Return a table without header as the continuation of one that has as many columns."""
    if found.header or not first.header or len(found.columns) != len(first.columns):
        return None
    return replace(found, columns=first.columns, header=True)
