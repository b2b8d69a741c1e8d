"""Files → the engine's ``orders`` and ``rejects``, and the report that accounts for every row."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from clv import engine
from clv.errors import FileError, InputError, LayoutError, NoRowsError
from clv.ingest import checks, dialect, labels, layouts, matching, netting, rows, source
from clv.ingest.rejects import make_rejects
from clv.ingest.report import make_report
from clv.ingest.table import choose_dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb

    from clv.ingest.table import Table
    from clv.settings import IngestOptions

    Progress = Callable[[str, int, int], None]

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
        Columns of the first file by which customers can be compared.
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


def detect(inputs: Sequence[Path], options: IngestOptions) -> Preview:
    """Look at the heads of the files; fast, whatever their size.

    Raises
    ------
    FileError
        A file is not a table.
    """
    with TemporaryDirectory(prefix="clv-preview-") as folder:
        spool = Path(folder)
        found = list(_open(inputs, options, spool, head=_PREVIEW_BYTES))
        files = tuple(
            FilePreview(s.name, s.encoding, d.title, d.header, d.columns, d.head[:_PREVIEW_ROWS])
            for s, d in found
        )
        first_source, first = found[0]
        problems: list[str] = []
        mapping: dict[str, str | None] = dict.fromkeys(layouts.ROLES)
        layout, title, dates, decimal, ambiguous = None, "", "", ".", False
        grouping: tuple[str, ...] = ()
        try:
            match = _match(first_source, first, options)
            mapping |= match.mapping
            grouping = _labels([(first_source, first, match)], options)
            layout, title = match.layout.name, match.layout.title
            if match.missing:
                missing = matching.explain_missing(
                    first_source.name, match, first.columns, header=first.header
                )
                problems.append(f"{missing.message} {missing.hint}")
            if "ordered_at" in match.mapping:
                column = match.mapping["ordered_at"]
                fmt = choose_dates(first_source, first, column, options.date_order)
                dates, ambiguous = fmt.title, fmt.ambiguous
            decimal = rows.choose_numbers(first, match, options).decimal
        except InputError as error:
            problems.append(f"{error.message} {error.hint}")
    return Preview(
        files, layout, title, mapping, dates, decimal, ambiguous, tuple(problems), grouping
    )


def _open(
    inputs: Sequence[Path], options: IngestOptions, spool: Path, head: int | None = None
) -> Iterator[tuple[source.Source, dialect.Dialect]]:
    if not inputs:
        msg = "No file was given."
        raise NoRowsError(msg, "Name at least one file with orders.")
    for path in inputs:
        for opened in source.open_sources(path, spool, options.encoding, head):
            delimiter = options.delimiter if opened.kind == "text" else ","
            yield opened, dialect.detect(opened.path, opened.name, delimiter)


def _match(opened: source.Source, found: dialect.Dialect, options: IngestOptions) -> matching.Match:
    return matching.match(
        opened.name,
        found.columns,
        found.head,
        header=found.header,
        layout=options.layout,
        mapping=options.mapping,
    )


def _labels(
    tables: Sequence[tuple[source.Source, dialect.Dialect, matching.Match]], options: IngestOptions
) -> tuple[str, ...]:
    """Return the label columns: as asked for, else those found in any of the files."""
    if options.labels is not None:
        customers = [match.mapping.get("customer_id", "") for *_, match in tables]
        return labels.check(options.labels, [(s.name, d.columns) for s, d, _ in tables], customers)
    found = [
        c
        for _, d, match in tables  # A category may be both, what rows and what customers are of.
        for c in labels.find(d, {c for role, c in match.mapping.items() if role != "category"})
    ]
    return labels.distinct(found)[: labels.MOST_LABELS]


@contextmanager
def read(
    inputs: Sequence[Path], options: IngestOptions, as_of: date | None, progress: Progress
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    """Read and check the files.

    Yields
    ------
    (connection, report)
        The connection has the tables ``orders``, ``rejects`` and ``labels`` (see `clv.orders`).

    Raises
    ------
    InputError
        A file is not a table, a column is missing, a date is ambiguous…; a file whose rows are all
        rejected is not an error here: look at ``report["rows_accepted"]``.
    """
    with (
        TemporaryDirectory(prefix="clv-spool-") as folder,
        engine.connect() as con,
        ThreadPoolExecutor(1) as pool,
    ):
        spool = Path(folder)
        hashes = [pool.submit(source.sha256, path) for path in inputs if path.is_file()]
        if len(inputs) == len(hashes) > 1:
            _refuse_twins(inputs, [found.result() for found in hashes])
        tables = _prepare(inputs, options, spool, progress)
        has_order_id = all("order_id" in t.mapping for t in tables)
        rules = checks.rules(options, has_order_id=has_order_id)
        names = _labels([(t.source, t.dialect, t.match) for t in tables], options)
        rows.create(con, tables, names)
        latest = as_of or datetime.now(UTC).date()
        for number, table in enumerate(tables):
            progress(f"Reading {table.source.name}", number, len(tables))
            rows.load(con, number, table, latest, spool)
        settled = _settle(con, tables, rules, has_order_id=has_order_id, progress=progress)
        asked = options.labels is not None
        settled["labels"] = labels.build(con, names, asked=asked, has_order_id=has_order_id)
        progress("Listing rejected rows", 0, 0)
        make_rejects(con, tables)
        report = make_report(con, tables, settled, as_of)
        report["options"] = options.as_dict()
        report["inputs"] = [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": found.result()}
            for path, found in zip(inputs, hashes, strict=True)
        ]
        yield con, report


def _refuse_twins(inputs: Sequence[Path], hashes: Sequence[str]) -> None:
    """Refuse a file that was given twice: every order in it would count twice."""
    first = dict(zip(reversed(hashes), reversed(inputs), strict=True))
    for path, found in zip(inputs, hashes, strict=True):
        if first[found] is not path:
            msg = f"{path.name} and {first[found].name} have the same content."
            raise FileError(msg, "Give the file once.")


def _prepare(
    inputs: Sequence[Path], options: IngestOptions, spool: Path, progress: Progress
) -> list[Table]:
    tables: list[Table] = []
    progress("Opening files", 0, len(inputs))
    names: Counter[str] = Counter()
    for found_source, found in _open(inputs, options, spool):
        names[found_source.name] += 1
        again = names[found_source.name]
        opened = found_source
        if again > 1:  # Rejects name their file: two files of one name must be told apart.
            opened = replace(found_source, name=f"{found_source.name} ({again})")
        match = _match(opened, found, options)
        if match.missing:
            raise matching.explain_missing(opened.name, match, found.columns, header=found.header)
        if tables and match.layout is not tables[0].match.layout:
            msg = (
                f"{opened.name} and {tables[0].source.name} do not have the same layout "
                f"({match.layout.title}; {tables[0].match.layout.title})."
            )
            raise LayoutError(msg, "Files of one forecast need one layout: run them one by one.")
        if tables and ("revenue" in match.mapping) != ("revenue" in tables[0].mapping):
            msg = f"{opened.name} and {tables[0].source.name} do not both have a value column."
            raise LayoutError(msg, "Say which column it is.", "--map revenue=COLUMN")
        tables.append(rows.prepare(opened, found, match, options, spool))
    return tables


def _settle(
    con: duckdb.DuckDBPyConnection,
    tables: list[Table],
    rules: dict[str, checks.Rule],
    *,
    has_order_id: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run the checks that look at more than one row, and make ``orders``."""
    total = sum(t.rows for t in tables)
    progress("Checking rows", 0, total)
    one_total = tables[0].match.layout.one_total
    if one_total:
        netting.fill_orders(con)
    far = netting.drop_far_dates(con, rules["far_date"])
    currency = netting.drop_other_currencies(con)
    duplicates = 0
    if not one_total or rules["duplicate"] == "drop":
        duplicates = netting.find_duplicates(con, rules["duplicate"], has_order_id=has_order_id)
    netted = netting.settle_refunds(con, has_order_id=has_order_id)
    zeros = netting.drop_zero_values(con, rules["zero_value"], one_total=one_total)
    progress("Making orders", total, total)
    gone = netting.build_orders(con, has_order_id=has_order_id)
    noted = {
        "duplicate": duplicates if rules["duplicate"] == "keep" else 0,
        "zero_value": zeros if rules["zero_value"] == "keep" else 0,
        "far_date": sum(n for _, n in far) if rules["far_date"] == "keep" else 0,
    }
    return {
        "rules": rules,
        "noted": {code: n for code, n in noted.items() if n},
        "rows_netted": netted,
        "orders_cancelled": gone,
        "far_dates": [day.isoformat() for day, _ in far],
        "currency": currency or tables[0].numbers.currency,
        "has_order_id": has_order_id,
        "titles": sum(max(t.dialect.skip - t.dialect.header, 0) for t in tables),
        "doubtful": next((t.numbers.doubtful for t in tables if t.numbers.doubtful), ""),
    }
