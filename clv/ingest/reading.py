"""Files → the engine's ``orders`` and ``rejects``, and the report that accounts for every row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv import engine
from clv.errors import InputError, LayoutError, NoRowsError
from clv.ingest import checks, dialect, layouts, netting, rows, source
from clv.ingest.checks import NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb

    from clv.settings import IngestOptions

    Progress = Callable[[str, int, int], None]

_PREVIEW_BYTES: Final = 1 << 20
_PREVIEW_ROWS: Final = 10
_EXAMPLES: Final = 20


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
    """

    files: tuple[FilePreview, ...]
    layout: str | None
    layout_title: str
    mapping: dict[str, str | None]
    date_format: str
    decimal: str
    date_ambiguous: bool
    problems: tuple[str, ...]


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
        try:
            match = _match(first_source, first, options)
            mapping |= match.mapping
            layout, title = match.layout.name, match.layout.title
            if match.missing:
                missing = layouts.explain_missing(
                    first_source.name, match, first.columns, header=first.header
                )
                problems.append(str(missing))
            if "ordered_at" in match.mapping:
                fmt = rows.choose_dates(first_source, first, match, options)
                dates, ambiguous = fmt.title, fmt.ambiguous
            decimal = rows.choose_numbers(first, match, options).decimal
        except InputError as error:
            problems.append(str(error))
    return Preview(files, layout, title, mapping, dates, decimal, ambiguous, tuple(problems))


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


def _match(opened: source.Source, found: dialect.Dialect, options: IngestOptions) -> layouts.Match:
    return layouts.match(
        opened.name,
        found.columns,
        found.head,
        header=found.header,
        layout=options.layout,
        mapping=options.mapping,
    )


@contextmanager
def read(
    inputs: Sequence[Path], options: IngestOptions, as_of: date | None, progress: Progress
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    """Read and check the files.

    Yields
    ------
    (connection, report)
        The connection has the tables ``orders`` and ``rejects`` (see `clv.orders`).

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
        tables = _prepare(inputs, options, spool, progress)
        has_order_id = all("order_id" in t.mapping for t in tables)
        rules = checks.rules(options, has_order_id=has_order_id)
        con.execute(rows.CREATE)
        latest = as_of or datetime.now(UTC).date()
        for number, table in enumerate(tables):
            progress(f"Reading {table.source.name}", number, len(tables))
            rows.load(con, number, table, latest, spool)
        settled = _settle(con, tables, rules, has_order_id=has_order_id, progress=progress)
        progress("Listing rejected rows", 0, 0)
        _make_rejects(con, tables)
        report = _report(con, tables, settled, as_of)
        report["options"] = options.as_dict()
        report["inputs"] = [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": found.result()}
            for path, found in zip(inputs, hashes, strict=True)
        ]
        yield con, report


def _prepare(
    inputs: Sequence[Path], options: IngestOptions, spool: Path, progress: Progress
) -> list[rows.Table]:
    tables: list[rows.Table] = []
    progress("Opening files", 0, len(inputs))
    for opened, found in _open(inputs, options, spool):
        match = _match(opened, found, options)
        if match.missing:
            raise layouts.explain_missing(opened.name, match, found.columns, header=found.header)
        if tables and match.layout is not tables[0].match.layout:
            msg = (
                f"{opened.name} looks like {match.layout.title}, "
                f"{tables[0].source.name} like {tables[0].match.layout.title}."
            )
            raise LayoutError(msg, "Files of one forecast need one layout: run them one by one.")
        if tables and ("revenue" in match.mapping) != ("revenue" in tables[0].mapping):
            msg = f"{opened.name} and {tables[0].source.name} do not both have a value column."
            raise LayoutError(msg, "Map it: --map revenue=COLUMN")
        tables.append(rows.prepare(opened, found, match, options, spool))
    return tables


def _settle(
    con: duckdb.DuckDBPyConnection,
    tables: list[rows.Table],
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
    currency = netting.drop_other_currencies(con) if "currency" in tables[0].mapping else ""
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
    }


def _make_rejects(con: duckdb.DuckDBPyConnection, tables: list[rows.Table]) -> None:
    """Give every rejected row its file, line, reason and original text."""
    parts = []
    for number, table in enumerate(tables):
        first, last = table.first_row, table.first_row + table.rows
        query = "SELECT rowid FROM lines WHERE code <> 0 AND rowid >= ? AND rowid < ? ORDER BY 1"
        found = con.execute(query, [first, last]).fetchnumpy()["rowid"]
        ids = np.asarray(found, dtype=np.int64)
        if not len(ids) and not table.faults:
            continue
        index = table.index()
        usable = table.rows if table.fine is None else len(table.fine)
        if usable != (len(index) if table.fine is None else table.rows):
            msg = f"{table.source.name}: {len(index)} records, but {table.rows} rows."
            raise NoRowsError(msg, "Export the file again.")
        where = ids - first if table.fine is None else table.fine[ids - first]
        parts.append(_located(number, ids, index.line[where], index.text(where), None))
        if table.faults:
            broken = np.flatnonzero(index.fault != 0)
            parts.append(
                _located(
                    number,
                    np.full(len(broken), -1, dtype=np.int64),
                    index.line[broken],
                    index.text(broken),
                    rows.fault_codes(index.fault[broken]),
                )
            )
    if not parts:
        none = np.empty(0, np.int64)
        parts.append(_located(0, none, none, pa.array([], pa.large_string()), None))
    located = pa.concat_tables(parts)
    con.register("located", located)
    con.execute(
        "CREATE TEMP TABLE wording(file INTEGER, code INTEGER, before VARCHAR, after VARCHAR, empty VARCHAR)"
    )
    con.executemany("INSERT INTO wording VALUES (?, ?, ?, ?, ?)", _wording(tables))
    names = ", ".join(f"({i}, {engine.text(t.source.name)})" for i, t in enumerate(tables))
    codes = ", ".join(f"({number}, {engine.text(code)})" for code, number in NUMBER.items())
    con.execute(
        "CREATE TABLE rejects AS SELECT n.name AS file, r.line, c.name AS code, CASE "
        "WHEN coalesce(r.detail, '') = '' THEN w.empty "
        "ELSE w.before || left(r.detail, 100) || w.after END AS reason, r.text FROM ("
        "SELECT l.file, l.line, coalesce(l.code, x.code) AS code, x.detail, l.text "
        "FROM located l LEFT JOIN lines x ON x.rowid = l.id) r "
        "JOIN wording w ON w.file = r.file AND w.code = r.code "
        f"JOIN (VALUES {names}) n(file, name) ON n.file = r.file "
        f"JOIN (VALUES {codes}) c(number, name) ON c.number = r.code ORDER BY r.file, r.line"
    )
    con.unregister("located")


def _located(
    number: int,
    ids: np.ndarray[Any, Any],
    lines: np.ndarray[Any, Any],
    text: pa.LargeStringArray,
    codes: np.ndarray[Any, Any] | None,
) -> pa.Table:
    none = pa.nulls(len(ids), pa.uint8())
    return pa.table(
        {
            "file": pa.array(np.full(len(ids), number, dtype=np.int32)),
            "id": pa.array(ids),
            "line": pa.array(lines),
            "text": text,
            "code": none if codes is None else pa.array(codes),
        }
    )


def _wording(tables: list[rows.Table]) -> list[tuple[int, int, str, str, str]]:
    """Return, per file and code, the reason around the value at fault."""
    result = []
    for number, table in enumerate(tables):
        for check in checks.CHECKS:
            column = table.mapping.get(check.role, "")
            if check.code == "unreadable_number" and "revenue" not in table.mapping:
                column = table.mapping.get("unit_price", column)
            quoted = f"`{column}`" if column else "The value"
            before, after = {
                "unreadable_date": (
                    f"{quoted} is '",
                    f"', not a date. Expected {table.dates.title}.",
                ),
                "unreadable_number": ("'", f"' is not an amount. {check.remedy}"),
                "future_date": (f"{quoted} is '", f"', after the as-of date. {check.remedy}"),
                "far_date": (f"{quoted} is ", f", decades from all other dates. {check.remedy}"),
                "other_currency": (f"{quoted} is ", f", most rows are in another. {check.remedy}"),
                "negative_without_order": ("The value is ", f", without an order. {check.remedy}"),
                "cancelled": ("Cancelled (", f"). {check.remedy}"),
            }.get(check.code, ("", ""))
            empty = {
                "missing_customer": f"{quoted} is empty. {check.remedy}",
                "unreadable_date": f"{quoted} is empty. Expected {table.dates.title}.",
                "unreadable_number": f"{quoted} is empty. {check.remedy}",
            }.get(check.code, f"{check.title}. {check.remedy}")
            width = len(table.dialect.columns)
            if check.code in {"too_few_fields", "too_many_fields"}:
                empty = f"{check.title}: {width} are expected. {check.remedy}"
            result.append((number, NUMBER[check.code], before, after, empty))
    return result


def _report(
    con: duckdb.DuckDBPyConnection,
    tables: list[rows.Table],
    settled: dict[str, Any],
    as_of: date | None,
) -> dict[str, Any]:
    counts = dict(con.execute("SELECT code, count(*) FROM rejects GROUP BY 1").fetchall())
    per_file = dict(con.execute("SELECT file, count(*) FROM rejects GROUP BY 1").fetchall())
    total = sum(t.rows + t.faults for t in tables)
    rejected = sum(counts.values())
    orders, customers, revenue, first, last = engine.row(
        con,
        "SELECT count(*), count(DISTINCT customer_id), sum(revenue), min(ordered_at), max(ordered_at) "
        "FROM orders",
    )
    examples = con.execute(f"SELECT * FROM rejects LIMIT {_EXAMPLES}").fetchall()
    head = tables[0]
    report: dict[str, Any] = {
        "rows_total": total,
        "rows_accepted": total - rejected,
        "rows_rejected": rejected,
        "reasons": {c.code: counts[c.code] for c in checks.CHECKS if c.code in counts},
        "noted": settled["noted"],
        "reason_titles": {c.code: c.title for c in checks.CHECKS},
        "remedies": {c.code: c.remedy for c in checks.CHECKS},
        "rules": settled["rules"],
        "files": [
            {
                "name": t.source.name,
                "rows_total": t.rows + t.faults,
                "rows_accepted": t.rows + t.faults - per_file.get(t.source.name, 0),
                "rows_rejected": per_file.get(t.source.name, 0),
                "encoding": t.source.encoding,
                "delimiter": t.dialect.title,
                "header": t.dialect.header,
                "date_format": t.dates.title,
                "decimal": t.numbers.decimal,
                "mapping": t.mapping,
            }
            for t in tables
        ],
        "layout": head.match.layout.name,
        "layout_title": head.match.layout.title,
        "encoding": head.source.encoding,
        "delimiter": head.dialect.title,
        "date_format": head.dates.title,
        "decimal": head.numbers.decimal,
        "mapping": head.mapping,
        "currency": settled["currency"],
        "has_revenue": "revenue" in head.mapping or "unit_price" in head.mapping,
        "rows_netted": settled["rows_netted"],
        "orders_cancelled": settled["orders_cancelled"],
        "far_dates": settled["far_dates"],
        "orders": orders,
        "customers": customers,
        "revenue": revenue,
        "first_order": first.date().isoformat() if first else None,
        "last_order": last.date().isoformat() if last else None,
        "as_of": (as_of or (last.date() if last else None)),
        "examples": [
            dict(zip(("file", "line", "code", "reason", "text"), e, strict=True)) for e in examples
        ],
    }
    report["as_of"] = report["as_of"].isoformat() if report["as_of"] else None
    report["messages"] = _messages(report, settled)
    return report


def _messages(report: dict[str, Any], settled: dict[str, Any]) -> list[str]:
    """Say in plain sentences what was done without being asked."""
    result = []
    total, rejected = report["rows_total"], report["rows_rejected"]
    if rejected and rejected > 0.05 * total:
        worst = max(report["reasons"], key=report["reasons"].get)
        result.append(
            f"{rejected:,} of {total:,} rows ({rejected / total:.0%}) were rejected, most often for: "
            f"{checks.TITLES[worst].lower()} ({report['reasons'][worst]:,})."
        )
    if not settled["has_order_id"]:
        result.append("The file has no order number: every row is one order.")
    noted, rules = report["noted"], report["rules"]
    if n := noted.get("duplicate"):
        result.append(
            f"{n:,} rows repeat an earlier row exactly. They were kept, because without an order "
            "number two equal purchases may both be real."
        )
    if (n := report["reasons"].get("duplicate")) and rules["duplicate"] == "drop":
        result.append(f"{n:,} rows repeat an earlier row exactly and were dropped.")
    if n := noted.get("zero_value"):
        result.append(f"{n:,} rows have the value 0. They were kept: purchases without revenue.")
    if report["far_dates"]:
        days = ", ".join(report["far_dates"][:5])
        what = "rejected" if rules["far_date"] == "drop" else "kept"
        result.append(f"A few dates lie decades from all others ({days}); their rows were {what}.")
    if n := report["rows_netted"]:
        result.append(f"{n:,} refund or cancellation rows were taken off the order they belong to.")
    if n := report["orders_cancelled"]:
        result.append(f"{n:,} orders were cancelled in full and do not count as orders.")
    if not report["has_revenue"]:
        result.append("No value column was found: purchases are forecast, money is not.")
    return result


def refuse_no_orders(report: dict[str, Any]) -> None:
    """Raise `NoRowsError` when nothing usable is left, with what was rejected and why."""
    if report["orders"]:
        return
    names = ", ".join(f["name"] for f in report["files"])
    if not report["rows_total"]:
        msg = f"{names}: there is a header, but no data row."
        raise NoRowsError(msg, "Export the orders again, with at least one order.")
    why = ", ".join(f"{checks.TITLES[c].lower()}: {n:,}" for c, n in report["reasons"].items())
    first = report["examples"][0] if report["examples"] else None
    msg = f"{names}: none of the {report['rows_total']:,} rows can be used ({why or 'all cancelled'})."
    hint = f"First one: {first['file']}, line {first['line']}: {first['reason']}" if first else ""
    raise NoRowsError(msg, hint)
