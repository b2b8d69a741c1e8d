"""Files → the engine's ``orders`` and ``rejects``, and the report that accounts for every row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from clv.core import engine
from clv.core.errors import FileError
from clv.ingest import opening
from clv.ingest.columns import kinds, labels
from clv.ingest.files import source
from clv.ingest.orders import checks, marketplace, order_files, states
from clv.ingest.orders.companions import Companion
from clv.ingest.rejects import make_rejects
from clv.ingest.report import make_report
from clv.ingest.side_tables import events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from clv.core.schema import Report
    from clv.core.settings import IngestOptions
    from clv.core.types import Progress
    from clv.ingest.columns.kinds import Sorted
    from clv.ingest.orders.decisions import Decisions
    from clv.ingest.orders.table import Table


@contextmanager
def read(
    inputs: Sequence[Path], options: IngestOptions, as_of: date | None, progress: Progress
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Report]]:
    """Read and check the files.

    Yields
    ------
    (connection, report)
        The connection has the tables ``orders``, ``rejects`` and ``labels`` (see `clv.core.orders`), and
        those that ``report["tables"]`` names; its ``lines`` is called ``order_lines`` here.

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
        progress("Opening files", 0, len(inputs))
        found = kinds.sort(opening.open_all(inputs, options, spool), options)
        tables, decided = _orders(con, found, options, as_of, spool, progress)
        if found.events:
            tables += _events(con, found, options, as_of, spool, len(tables))
        told = bool(found.events) or (not found.market and states.events(con))
        asked, has_order_id = options.labels is not None, decided.has_order_id
        decided = replace(
            decided,
            tables=[*decided.tables, *(["events"] if told else [])],
            labels=labels.build(con, decided.labels, asked=asked, has_order_id=has_order_id),
            unused=found.unused,
            events_alone=found.events_alone,
        )
        progress("Listing rejected rows", 0, 0)
        make_rejects(con, tables)
        report = make_report(con, tables, decided, as_of)
        report["options"] = options.as_dict()
        report["inputs"] = [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": found.result()}
            for path, found in zip(inputs, hashes, strict=True)
        ]
        yield con, report


def _latest(as_of: date | None) -> date:
    """Return the day after which nothing can have happened."""
    return as_of or datetime.now(UTC).date()


def _orders(
    con: duckdb.DuckDBPyConnection,
    found: Sorted,
    options: IngestOptions,
    as_of: date | None,
    spool: Path,
    progress: Progress,
) -> tuple[list[Table], Decisions]:
    """Make ``orders`` from what the files are; return the tables and what was decided."""
    if found.market:
        rules = checks.rules(options, has_order_id=True)
        parts = marketplace.prepare(found, options, spool)
        names = marketplace.grouping(found, options.labels)
        decided = marketplace.settle(
            con, found, parts, names, rules, _latest(as_of), spool, progress
        )
        return [part.table for part in parts], decided
    tables = order_files.prepare(found.orders, options, spool)
    names = order_files.label_names([(t.source, t.dialect, t.match) for t in tables], options)
    decided = order_files.settle(con, tables, names, options, _latest(as_of), spool, progress)
    return tables, decided


def _events(
    con: duckdb.DuckDBPyConnection,
    found: Sorted,
    options: IngestOptions,
    as_of: date | None,
    spool: Path,
    first: int,
) -> list[Table]:
    parts = [Companion(kinds.EVENTS, opened, options, spool) for opened in found.events]
    events.load(con, parts, first, _latest(as_of), spool)
    return [part.table for part in parts]


def _refuse_twins(inputs: Sequence[Path], hashes: Sequence[str]) -> None:
    """Refuse a file that was given twice: every order in it would count twice."""
    first = dict(zip(reversed(hashes), reversed(inputs), strict=True))
    for path, found in zip(inputs, hashes, strict=True):
        if first[found] is not path:
            msg = f"{path.name} and {first[found].name} have the same content."
            raise FileError(msg, "Give the file once.")
