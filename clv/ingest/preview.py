"""What the heads of the files tell, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from clv.core.errors import InputError, NotOrdersError
from clv.ingest import opening
from clv.ingest.columns import kinds, layouts, matching, not_orders
from clv.ingest.orders import date_cells, marketplace, order_files, rows, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import Switch
    from clv.core.settings import IngestOptions
    from clv.ingest.columns.kinds import Opened, Sorted

_PREVIEW_BYTES: Final = 1 << 20
_PREVIEW_ROWS: Final = 10


@dataclass(frozen=True)
class FilePreview:
    """The head of one table and how it is written."""

    name: str
    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Preview:
    """What was found out from the heads of the files, before anything is checked.

    Attributes
    ----------
    mapping
        Role → column of the first file, or None; every role is listed.
    date_ambiguous
        The head does not tell day from month (the whole file still may).
    problems
        Plain sentences on what keeps the files from being read.
    labels
        Columns by which customers are to be compared.
    groupings
        Columns by which they can be.
    fixed
        The tables are known by the names of their columns: none can be chosen.
    no_orders
        The first file is a table of something else: ``problems`` says of what.
    choices
        The answers, where the first of the ``problems`` is a question.
    """

    files: tuple[FilePreview, ...]
    layout: str | None
    layout_title: str
    mapping: dict[str, str | None]
    date_format: str
    decimal: str
    date_ambiguous: bool
    problems: tuple[str, ...]
    labels: tuple[str, ...] = ()
    groupings: tuple[str, ...] = ()
    fixed: bool = False
    no_orders: bool = False
    choices: tuple[Switch, ...] = ()


def detect(inputs: Sequence[Path], options: IngestOptions) -> Preview:
    """Look at the heads of the files; fast, whatever their size.

    Raises
    ------
    FileError
        A file is not a table.
    LayoutError
        Of tables that belong together a required one is missing.
    """
    with TemporaryDirectory(prefix="clv-preview-") as folder:
        opened = opening.open_all(inputs, options, Path(folder), head=_PREVIEW_BYTES)
        found = kinds.sort(opened, options)
        # The first file speaks for what can be chosen: a file of orders, if there are events as well.
        ranked = sorted(opened, key=found.events.__contains__)
        files = tuple(
            FilePreview(s.name, s.encoding, d.title, d.header, d.columns, d.head[:_PREVIEW_ROWS])
            for s, d in ranked
        )
        if found.market:
            return _market(files, found, options)
        return _orders(files, found.orders[0], options)


def _orders(files: tuple[FilePreview, ...], opened: Opened, options: IngestOptions) -> Preview:
    """Return what the first file of orders tells."""
    source, dialect = opened
    problems: list[str] = []
    mapping: dict[str, str | None] = dict.fromkeys(layouts.ROLES)
    layout, title, dates, decimal, ambiguous = None, "", "", ".", False
    grouping: tuple[str, ...] = ()
    refused = False
    choices: tuple[Switch, ...] = ()
    try:
        not_orders.refuse(source, dialect, options)
        match = order_files.match(source, dialect, options)
        mapping |= match.mapping
        grouping = order_files.label_names([(source, dialect, match)], options)
        layout, title = match.layout.name, match.layout.title
        if match.missing or match.doubts:
            missing = matching.explain_missing(
                source.name, match, dialect.columns, header=dialect.header
            )
            problems.append(f"{missing.message} {missing.hint}")
            choices = missing.choices
        if date_cells.there(match.mapping):
            day = date_cells.title(match.mapping)
            cells = date_cells.cells(dialect, match.mapping)
            fmt = table.choose_dates(source, dialect, day, options.date_order, cells)
            dates, ambiguous = fmt.title, fmt.ambiguous
        decimal = rows.choose_numbers(dialect, match, options).decimal
    except InputError as error:
        refused, choices = isinstance(error, NotOrdersError), error.choices
        problems.append(f"{error.message} {error.hint}")
    roles = {column for role, column in mapping.items() if role != "category"}
    free = tuple(c for c in dialect.columns if c not in roles)
    return Preview(
        files,
        layout,
        title,
        mapping,
        dates,
        decimal,
        ambiguous,
        tuple(problems),
        grouping,
        free,
        no_orders=refused,
        choices=choices,
    )


def _market(files: tuple[FilePreview, ...], found: Sorted, options: IngestOptions) -> Preview:
    """Return what the tables of a marketplace tell."""
    problems: list[str] = []
    grouping: tuple[str, ...] = ()
    dates, decimal, ambiguous = "", ".", False
    try:
        grouping = marketplace.grouping(found, options.labels)
        decimal = marketplace.choose_numbers(found, options).decimal
        fmt = marketplace.choose_dates(found, options)
        dates, ambiguous = fmt.title, fmt.ambiguous
    except InputError as error:
        problems.append(f"{error.message} {error.hint}")
    return Preview(
        files,
        kinds.RELATED.name,
        kinds.RELATED.title,
        dict.fromkeys(layouts.ROLES) | marketplace.ROLES,
        dates,
        decimal,
        ambiguous,
        tuple(problems),
        grouping,
        marketplace.groupings(found),
        fixed=True,
    )
