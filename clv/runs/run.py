"""Immutable run folders: all of them, and each of them.

A *draft* holds uploaded files and what the check made of them; a *run* holds a finished forecast.
Both are written under a hidden name and renamed into place, so that nothing half-made is ever
visible. Ids are unguessable: whoever knows one may read it.

::

    <store>/drafts/<id>/          uploads/, then orders, rejects, and of labels, lines, attributes
                                  and events what the files have (Parquet); report.json
    <store>/runs/<id>/            orders, rejects, forecasts, profiles, and those of the draft
                                  (Parquet); report.json, model.json, settings.json, summary.json
    <store>/exports/<id>/         CSV downloads and what lookups need, made on demand, safe to delete
    <store>/trainings/<id>/       models trained on the run's orders, kept as long as the run
    <store>/published.json        which run is published; see `clv.publish`
    <store>/job.lock              held by the scheduled job at work
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import duckdb
import pyarrow as pa
from pyarrow import ipc, parquet

from clv import engine
from clv.errors import DamagedRunError, InputError, OutdatedRunError, RunNotFoundError
from clv.orders import EXTRAS, FORECASTS, MONTHLY, PROFILES, REJECTS
from clv.runs import soundness
from clv.runs.disk import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


Kind = Literal["buyers", "spenders"]
Table = Literal["forecasts", "monthly", "rejects"]

_ID: Final = re.compile(r"[0-9a-f]{32}")
_DAY_SECONDS: Final = 86_400
#: Cells that a spreadsheet would run as a formula get an apostrophe in front.
_FORMULA: Final = "'=', '+', '-', '@', chr(9), chr(13)"
_TABLES: Final = ("orders", "rejects", "forecasts", "profiles")
_RECEIPT: Final = "backtest.json"
_TESTED: Final = "tested.parquet"
_COLUMNS: Final = {"forecasts": FORECASTS, "monthly": MONTHLY, "rejects": REJECTS}
_ORDER_BY: Final[dict[str, tuple[str, str]]] = {
    "buyers": ("predicted_purchases", "predicted_clv"),
    "spenders": ("predicted_revenue", "predicted_purchases"),
}


def default_root() -> Path:
    """Return the store's folder: ``$CLV_RUNS``, else ``data/runs`` beside the package."""
    override = os.environ.get("CLV_RUNS")
    return Path(override) if override else Path(__file__).parents[2] / "data" / "runs"


def models_root() -> Path:
    """Return the folder of ready-made models: ``$CLV_MODELS``, else ``data/models``."""
    override = os.environ.get("CLV_MODELS")
    return Path(override) if override else Path(__file__).parents[2] / "data" / "models"


def demo_model() -> Path | None:
    """Return the folder of the small trained model that comes with the program; None without it."""
    found = Path(__file__).parents[2] / "data" / "ltv_demo"
    return found if found.is_dir() else None


def new_id() -> str:
    """Return an unguessable id: 128 random bits in hex."""
    return secrets.token_hex(16)


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object."""
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write one JSON object, readable by people; NaN is refused."""
    body = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(body + "\n", encoding="utf-8")


def replace_json(path: Path, content: Mapping[str, Any]) -> None:
    """Put one JSON object in the place of another, all at once; it outlasts a loss of power."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        write_json(partial, content)
        _flush(partial)
        partial.replace(path)
        _flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """See to it that a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def safe_cells(columns: Mapping[str, str], prefix: str = "") -> str:
    """Return an SQL select list in which no text cell starts a spreadsheet formula."""
    cells = []
    for column, kind in columns.items():
        source = f"{prefix}{engine.name(column)}"
        if kind == "VARCHAR":
            test = f"{source}[1] IN ({_FORMULA})"
            source = f"CASE WHEN {test} THEN '''' || {source} ELSE {source} END"
        cells.append(f"{source} AS {engine.name(column)}")
    return ", ".join(cells)


def copy_csv(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    """Write a query as CSV under a temporary name, then rename it into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        engine.write_csv(con, sql, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_rows(rows: pa.Table, target: Path) -> None:
    """Write a table in memory as CSV, formula cells neutralised."""
    kinds = {f.name: "VARCHAR" if str(f.type) == "string" else "" for f in rows.schema}
    with engine.connect() as con:
        con.register("rows", rows)
        copy_csv(con, f"SELECT {safe_cells(kinds)} FROM rows", target)


def write_table(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    target: Path,
    order: str = "",
) -> None:
    """Write a view as Parquet or, with formula cells neutralised, as CSV: by the file's ending."""
    source = f"{table} AS t" + (f" ORDER BY {order}" if order else "")
    if target.suffix == ".parquet":
        con.execute(f"COPY (SELECT * FROM {source}) TO {engine.text(target)} (FORMAT parquet)")
    else:
        copy_csv(con, f"SELECT {safe_cells(columns, 't.')} FROM {source}", target)


class Draft:
    """Uploaded files and the result of checking them; may change until it becomes a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.uploads = path / "uploads"
        self.orders = path / "orders.parquet"
        self.rejects = path / "rejects.parquet"

    def optional(self, table: str) -> Path:
        """Return where one of `clv.orders.EXTRAS` lies, if the files have it."""
        return self.path / f"{table}.parquet"

    @property
    def inputs(self) -> list[Path]:
        """The uploaded files, in the order of their upload."""
        if not self.uploads.is_dir():
            return []
        return [next(slot.iterdir()) for slot in sorted(self.uploads.iterdir())]

    @property
    def checked(self) -> bool:
        """Whether the files have been checked."""
        return (self.path / "report.json").exists()

    @cached_property
    def report(self) -> dict[str, Any]:
        """The check's report."""
        return read_json(self.path / "report.json")

    def put_report(self, report: Mapping[str, Any]) -> None:
        """Store the check's report; from now on the draft is `checked`."""
        fresh = self.path / "report.new"
        write_json(fresh, report)
        fresh.replace(self.path / "report.json")
        self.__dict__.pop("report", None)

    def add_upload(self, filename: str, chunks: Iterator[bytes]) -> Path:
        """Store one uploaded file under its own base name; return where."""
        base = Path(filename.replace("\\", "/")).name.lstrip(".") or "upload"
        ending = "".join(Path(base).suffixes[-2:])[-20:]
        stem = base.removesuffix(ending).encode()[:150].decode(errors="ignore")
        name = stem + ending
        slot = self.uploads / f"{len(self.inputs):03d}"
        slot.mkdir(parents=True)
        target = slot / name
        with target.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
        return target

    def export_rejects(self, target: Path) -> None:
        """Write the rejected rows: CSV, or Parquet by the file's ending."""
        with engine.connect() as con:
            con.execute(
                f"CREATE VIEW rejects AS SELECT * FROM read_parquet({engine.text(self.rejects)})"
            )
            write_table(con, "rejects", REJECTS, target)

    def discard(self) -> None:
        """Delete the draft and its uploads."""
        shutil.rmtree(self.path, ignore_errors=True)


@dataclass(frozen=True)
class Run:
    """A finished forecast. Everything here only reads."""

    path: Path
    exports: Path

    @property
    def id(self) -> str:
        """The run's unguessable id."""
        return self.path.name

    @property
    def fault(self) -> str:
        """What is wrong with the run's JSON files, in words; empty if nothing is."""
        marks = []
        for name in soundness.NEEDED:
            with suppress(OSError):
                found = self.file(f"{name}.json").stat()
                marks.append((name, found.st_ino, found.st_mtime_ns, found.st_size))
        return _fault(self.path, tuple(marks))

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the check found: rows, rejects by reason, layout, period."""
        return read_json(self.path / "report.json")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings of the forecast, the as-of date filled in."""
        return read_json(self.path / "settings.json")

    @cached_property
    def model(self) -> dict[str, Any]:
        """The model card: parameters, data fingerprint, versions, notes, test vectors."""
        return read_json(self.path / "model.json")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Totals of the run and the concentration curve."""
        return read_json(self.path / "summary.json")

    @property
    def backtest(self) -> dict[str, Any] | None:
        """The receipt (`clv.proof.receipt`); None where the forecast was not tested yet."""
        found = self._proof_file(_RECEIPT)
        try:
            return None if found is None else read_json(found)
        except ValueError as error:
            raise _damaged(self, f"{_RECEIPT} is cut off, or is no JSON") from error

    def tested(self) -> pa.Table | None:
        """Return the customers of the last test, see `clv.trials.tested_customers`; None without."""
        found = self._proof_file(_TESTED)
        return None if found is None else parquet.read_table(found)

    def _proof_file(self, name: str) -> Path | None:
        """Return where a file of the tests is: in the run, or beside the exports if made later."""
        return next((f for f in (self.path / name, self.exports / name) if f.exists()), None)

    def add_proof(self, receipt: Mapping[str, Any], tested: pa.Table | None) -> None:
        """Keep a test that was made after the run, which itself never changes."""
        self.exports.mkdir(parents=True, exist_ok=True)
        _write_proof(self.exports, receipt, tested)

    @property
    def has_value(self) -> bool:
        """Whether the file had amounts; without them no money may be shown, not even 0."""
        return (
            bool(self.report.get("has_revenue", True)) and self.summary.get("revenue") is not None
        )

    @property
    def only_value(self) -> bool:
        """Whether the run says what customers are worth and nothing else: a ready-made model did."""
        return (
            self.summary["predicted_clv"] is not None
            and self.summary["predicted_purchases"] is None
        )

    @property
    def labels(self) -> list[str]:
        """Names of the columns by which customers can be compared, as in the file."""
        return list(self.report.get("labels") or [])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the run's Parquet tables: those of every run, then what its files have more."""
        return (*_TABLES, *_extras(self.report))

    def file(self, name: str) -> Path:
        """Return the path of one of the run's files, for instance ``model.json``."""
        return self.path / name

    def query(self, sql: str, parameters: Sequence[object] | None = None) -> pa.Table:
        """Run SQL over the views ``orders, rejects, labels, forecasts, profiles, monthly``.

        Those of ``lines``, ``attributes`` and ``events`` are there if `tables` names them.
        """
        with self.connect() as con:
            return con.sql(sql, params=parameters or None).to_arrow_table()

    def top(self, kind: Kind, n: int = 100) -> pa.Table:
        """Return the ``n`` customers predicted to buy or to spend most.

        The forecasts columns plus ``rank`` and ``predicted_revenue`` (expected purchases × expected
        order value, undiscounted, before margin). Empty when the run has no such forecast; a run
        that has values only is ranked by these.
        """
        return self.query(self._top_sql(kind, n))

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Return one customer's forecasts row, or None."""
        rows = self.query(
            "SELECT * FROM forecasts WHERE customer_id = ?", [customer_id]
        ).to_pylist()
        return rows[0] if rows else None

    def suggest(self, prefix: str, limit: int = 20) -> list[str]:
        """Return ids that start with ``prefix``, in order; for none, ids that contain it."""
        found = self._ids("starts_with(customer_id, $1) AND customer_id >= $1", prefix, limit)
        return found or self._ids("contains(lower(customer_id), lower($1))", prefix, limit)

    def nearest(self, customer_id: str, limit: int = 5) -> list[str]:
        """Return the ids with the smallest edit distance to an unknown one."""
        sql = (
            "SELECT customer_id FROM forecasts "
            "ORDER BY levenshtein(lower(customer_id), lower($1)), customer_id LIMIT $2"
        )
        return [str(i) for i in self.query(sql, [customer_id, limit])["customer_id"].to_pylist()]

    def customer_orders(self, customer_id: str) -> pa.Table:
        """Return one customer's orders, oldest first."""
        sql = "SELECT * FROM orders WHERE customer_id = ? ORDER BY ordered_at, order_id"
        return self.query(sql, [customer_id])

    def customer_monthly(self, customer_id: str) -> pa.Table:
        """Return one customer's forecast month by month."""
        return self.query(
            "SELECT * FROM monthly WHERE customer_id = ? ORDER BY month", [customer_id]
        )

    def export(self, table: Table, fmt: Literal["csv", "parquet"] = "csv") -> Path:
        """Write one whole table for download (once) and return the file."""
        stem = {"forecasts": "predictions", "monthly": "predictions_monthly"}.get(table, table)
        target = self.exports / f"{stem}.{fmt}"
        if not target.exists():
            self.write(table, target)
        return target

    def write(self, table: Table, target: Path) -> None:
        """Write one table where the caller wants it: CSV, or Parquet by the file's ending."""
        order = "t.customer_id, t.month" if table == "monthly" else ""
        with self.connect() as con:
            write_table(con, table, _COLUMNS[table], target, order)

    def write_top(self, kind: Kind, n: int, target: Path) -> None:
        """Write the top table as CSV."""
        columns = {"rank": "BIGINT"} | FORECASTS | {"predicted_revenue": "DOUBLE"}
        with self.connect() as con:
            inner = self._top_sql(kind, n)
            copy_csv(con, f"SELECT {safe_cells(columns)} FROM ({inner}) ORDER BY rank", target)

    def write_query(self, sql: str, columns: Mapping[str, str], target: Path, order: str) -> None:
        """Write the rows of a query over the run's views as CSV; ``t`` is the query in ``order``."""
        with self.connect() as con:
            cells = safe_cells(columns, "t.")
            copy_csv(con, f"SELECT {cells} FROM ({sql}) AS t ORDER BY {order}", target)

    def export_query(self, name: str, sql: str, columns: Mapping[str, str], order: str) -> Path:
        """Write a query for download (once) under its own name and return the file."""
        target = self.exports / name
        if not target.exists():
            self.write_query(sql, columns, target, order)
        return target

    def derived(
        self, name: str, make: Callable[[], Mapping[str, Any]] | None = None
    ) -> dict[str, Any] | None:
        """Return something costly that follows from the run (JSON), made once by ``make``.

        Without ``make``, None where it has not been made yet. Safe to delete, like every export.
        """
        target = self.exports / f"{name}.json"
        with suppress(FileNotFoundError, ValueError):  # A damaged one is made again.
            return read_json(target)
        if make is None:
            return None
        content = make()
        self.exports.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            write_json(partial, content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return read_json(target)

    def training(self, key: str) -> Path:
        """Return the folder of a training on the run's orders, whether it has been made or not."""
        return self._trainings / key

    @property
    def trainings(self) -> list[str]:
        """Keys of the trainings that have been made, the newest first."""
        found = self._trainings.glob("[!.]*/")
        return [p.name for p in sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))]

    @property
    def _trainings(self) -> Path:
        return self.exports.parents[1] / "trainings" / self.id

    def lookup(self) -> pa.Table:
        """Return the forecasts as columns mapped from disk, by ascending ``customer_id`` (bytes).

        Each column is one piece, and hardly any of it is in memory: for finding single customers
        quickly. What was returned stays readable even when the run is deleted.

        Raises
        ------
        OutdatedRunError
            The run lacks a column, because an earlier version made it.
        DamagedRunError
            The file of the forecasts is cut off, or something else.
        """
        target = self.exports / "lookup.arrow"
        with suppress(FileNotFoundError, pa.ArrowInvalid):  # A damaged one is made again.
            return _mapped(target)
        source = self.path / "forecasts.parquet"
        try:
            if not set(FORECASTS) <= set(parquet.read_schema(source).names):
                raise _outdated()
            table = parquet.read_table(source, columns=list(FORECASTS))
        except (pa.ArrowException, OSError) as error:
            if broken := self._broken():
                raise _damaged(self, f"{broken}.parquet can't be read") from error
            raise
        kinds = [
            field.with_type(pa.large_string()) if field.type == pa.string() else field
            for field in table.schema
        ]
        table = table.cast(pa.schema(kinds)).combine_chunks()
        self.exports.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with (
                pa.OSFile(str(partial), "wb") as sink,
                ipc.new_file(sink, table.schema) as out,
            ):
                out.write_table(table)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return _mapped(target)

    def _top_sql(self, kind: Kind, n: int) -> str:
        first, second = _ORDER_BY[kind]
        if kind == "spenders" and self.only_value:
            first, second = "predicted_clv", "revenue"
        ordering = f"{first} DESC, {second} DESC, customer_id"
        # Cut to the top first: ranking everybody would sort every column of every customer.
        return (
            f"SELECT row_number() OVER (ORDER BY {ordering}) AS rank, * FROM ("
            "SELECT *, predicted_purchases * predicted_order_value AS predicted_revenue "
            f"FROM forecasts WHERE {first} IS NOT NULL ORDER BY {ordering} LIMIT {int(n)}) "
            "ORDER BY rank"
        )

    def _ids(self, where: str, prefix: str, limit: int) -> list[str]:
        sql = f"SELECT customer_id FROM forecasts WHERE {where} ORDER BY customer_id LIMIT $2"
        return [str(i) for i in self.query(sql, [prefix, limit])["customer_id"].to_pylist()]

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the engine with the run's tables as views.

        Raises
        ------
        OutdatedRunError
            The run lacks something, because an earlier version made it.
        DamagedRunError
            One of its tables is cut off, or something else.
        """
        with engine.connect() as con:
            try:
                self._create_views(con)
                yield con
            except duckdb.Error as error:
                if broken := self._broken():
                    raise _damaged(self, f"{broken}.parquet can't be read") from error
                lacks = isinstance(error, duckdb.IOException | duckdb.BinderException)
                if not lacks or self._complete():
                    raise
                raise _outdated() from error

    def _create_views(self, con: duckdb.DuckDBPyConnection) -> None:
        for table in self.tables:
            source = engine.text(self.path / f"{table}.parquet")
            con.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({source})")
        if not self.labels:
            con.execute("CREATE VIEW labels AS SELECT customer_id FROM forecasts")
        rows = ", ".join(
            f"({m['month']}, DATE '{m['start']}', DATE '{m['end']}', {m['discount']!r}::DOUBLE)"
            for m in self.settings["months"]
        )
        margin = repr(float(self.settings["margin"]))
        con.execute(
            "CREATE VIEW monthly AS "
            "SELECT customer_id, month, month_start, month_end, "
            "p.purchases[month] AS predicted_purchases, "
            "p.purchases[month] * predicted_order_value AS predicted_revenue, "
            f"p.purchases[month] * predicted_order_value * discount * {margin} AS predicted_clv "
            "FROM forecasts JOIN profiles p USING (frequency, recency, T), "
            f"(VALUES {rows}) AS months(month, month_start, month_end, discount)"
        )

    def _broken(self) -> str:
        """Return the name of a table whose file is there, but no Parquet; empty if none is."""
        for table in self.tables:
            try:
                parquet.read_metadata(self.path / f"{table}.parquet")
            except FileNotFoundError:
                continue
            except (pa.ArrowException, OSError):
                return table
        return ""

    def _complete(self) -> bool:
        """Whether the run has all tables, and its profiles all columns, of this version."""
        if not all((self.path / f"{table}.parquet").exists() for table in self.tables):
            return False
        with engine.connect() as con:
            source = engine.text(self.path / "profiles.parquet")
            found = con.sql(f"SELECT * FROM read_parquet({source})").columns
        return set(PROFILES) <= set(found)


class Store:
    """All drafts and runs under one folder.

    Parameters
    ----------
    root
        The folder; made on first write. Default: see `default_root`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def new_draft(self) -> Draft:
        """Make an empty draft; forget drafts and leftovers older than a day.

        Raises
        ------
        StoreError
            Nothing can be written here.
        """
        draft = Draft(self.root / "drafts" / new_id())
        with usable(self.root):
            self._sweep()
            draft.path.mkdir(parents=True, mode=0o700)
        return draft

    def draft(self, draft_id: str) -> Draft:
        """Return a draft by id; `RunNotFoundError` when it is not (or no longer) there."""
        path = self.root / "drafts" / draft_id
        if not _ID.fullmatch(draft_id) or not path.is_dir():
            msg = "This upload is no longer here."
            raise RunNotFoundError(msg, "Uploads are kept for a day: upload the file again.")
        return Draft(path)

    def run(self, run_id: str) -> Run:
        """Return a run by id.

        Raises
        ------
        RunNotFoundError
            There is none.
        DamagedRunError
            It can't be read.
        """
        found = self._found(run_id)
        if fault := found.fault:
            if found.path.is_dir():
                raise _damaged(found, fault)
            self._found(run_id)  # Deleted while it was looked at.
        return found

    def runs(self) -> list[Run]:
        """Return every run that can be read, newest first; `damaged` has the others."""
        found = []
        for run in self._all():
            with suppress(FileNotFoundError):  # Deleted while it is looked at.
                if not run.fault:
                    found.append((str(run.settings["created_at"]), run))
        return [run for _, run in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def damaged(self) -> list[Run]:
        """Return the runs of which a file is missing, cut off or not what it should be, by id."""
        found = [run for run in self._all() if run.fault]
        # What is not there any more was deleted while it was looked at.
        return sorted((run for run in found if run.path.is_dir()), key=lambda run: run.id)

    def latest(self) -> Run:
        """Return the newest run; `RunNotFoundError` when there is none."""
        runs = self.runs()
        if runs:
            return runs[0]
        if self.damaged():
            msg = "Every stored run is damaged."
            raise RunNotFoundError(msg, "Which ones, and how: python -m clv runs list")
        msg = "There is no run yet."
        raise RunNotFoundError(msg, "Make one: python -m clv run ORDERS.csv --out predictions.csv")

    @property
    def published(self) -> Path:
        """The file that names the published run; see `clv.publish`."""
        return self.root / "published.json"

    @property
    def lock(self) -> Path:
        """The file that a scheduled job holds while it works; see `clv.publish`."""
        return self.root / "job.lock"

    def remove(self, run_id: str) -> None:
        """Delete a run, its exports and trainings: out of sight at once, off the disk in a moment."""
        gone = self._found(run_id)
        hidden = gone.path.with_name(f".partial-{run_id}")
        gone.path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
        for made in (gone.exports, gone._trainings):  # noqa: SLF001 - nobody else is to delete them
            shutil.rmtree(made, ignore_errors=True)

    def begin(
        self, draft: Draft, run_id: str | None = None, *, unfinished: bool = False
    ) -> RunWriter:
        """Start a run from a checked draft, or from one still being written; see `RunWriter`."""
        return RunWriter(self, draft, run_id or new_id(), unfinished=unfinished)

    def _found(self, run_id: str) -> Run:
        if not _ID.fullmatch(run_id) or not (self.root / "runs" / run_id).is_dir():
            self._all()  # Says so where nothing can be found at all.
            msg = f'There is no run "{run_id[:40]}".'
            raise RunNotFoundError(msg, "Check the link, or upload the file again.")
        return self._run(run_id)

    def _all(self) -> list[Run]:
        """Return every run, sound or not, in no order."""
        names: list[str] = []
        with usable(self.root), suppress(FileNotFoundError):
            names = [path.name for path in (self.root / "runs").iterdir()]
        return [self._run(name) for name in names if _ID.fullmatch(name)]

    def _run(self, run_id: str) -> Run:
        return Run(self.root / "runs" / run_id, self.root / "exports" / run_id)

    def _sweep(self) -> None:
        limit = time.time() - _DAY_SECONDS
        for pattern in ("drafts/*", "exports/*", "runs/.partial-*", "trainings/*/.*"):
            for path in self.root.glob(pattern):
                with suppress(FileNotFoundError):  # Somebody else may sweep at the same time.
                    if path.stat().st_mtime < limit:
                        shutil.rmtree(path, ignore_errors=True)


class RunWriter:
    """A run in the making: a context manager whose clean end makes it visible, all at once.

    Use ``writer.forecasts`` and ``writer.profiles`` as targets, ``put`` for the JSON files. The
    draft's files come along as they are at the beginning, those of an unfinished draft at the end.
    """

    def __init__(
        self, store: Store, draft: Draft, run_id: str, *, unfinished: bool = False
    ) -> None:
        if not _ID.fullmatch(run_id):
            msg = f'"{run_id}" is not a run id.'
            raise InputError(msg)
        self._store = store
        self._draft = draft
        self._unfinished = unfinished
        self.id = run_id
        self._partial = store.root / "runs" / f".partial-{run_id}"
        self.forecasts = self._partial / "forecasts.parquet"
        self.profiles = self._partial / "profiles.parquet"
        self.orders = draft.orders

    def __enter__(self) -> Self:
        with usable(self._store.root):
            self._partial.mkdir(parents=True, mode=0o700)
        if not self._unfinished:
            self._link_draft()
        return self

    def put(
        self, name: Literal["model", "settings", "summary"], content: Mapping[str, Any]
    ) -> None:
        """Write one of the run's JSON files."""
        write_json(self._partial / f"{name}.json", content)

    def put_proof(self, receipt: Mapping[str, Any], tested: pa.Table | None) -> None:
        """Write what the forecast's tests found (`clv.trials`)."""
        _write_proof(self._partial, receipt, tested)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                if self._unfinished:
                    self._link_draft()
                for path in self._partial.iterdir():
                    with path.open("rb") as handle:
                        os.fsync(handle.fileno())
                self._partial.rename(self._partial.with_name(self.id))
        finally:  # Renamed, there is nothing left to remove.
            shutil.rmtree(self._partial, ignore_errors=True)

    def _link_draft(self) -> None:
        extras = [f"{table}.parquet" for table in _extras(self._draft.report)]
        for name in ("orders.parquet", "rejects.parquet", "report.json", *extras):
            _link(self._draft.path / name, self._partial / name)

    @property
    def run(self) -> Run:
        """The finished run."""
        return self._store.run(self.id)


def _extras(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which of `EXTRAS` a report's files have."""
    found = {*(report.get("tables") or ()), *(("labels",) if report.get("labels") else ())}
    return tuple(table for table in EXTRAS if table in found)


@lru_cache(maxsize=10_000)
def _fault(folder: Path, _: tuple[object, ...]) -> str:
    """Look a run through once, and again if one of its files has changed."""
    return soundness.fault(folder)


def _damaged(run: Run, fault: str) -> DamagedRunError:
    msg = f"This forecast is damaged: {fault} (run {run.id})."
    return DamagedRunError(
        msg,
        "Make it again from its file, or restore its folder from a backup.",
        "Damaged runs are deleted by: python -m clv runs prune --damaged",
    )


def _outdated() -> OutdatedRunError:
    msg = "This forecast was made by an earlier version and lacks what is read here."
    return OutdatedRunError(msg, "Make it again from its file.")


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return ipc.open_file(source).read_all()


def _write_proof(folder: Path, receipt: Mapping[str, Any], tested: pa.Table | None) -> None:
    """Write the customers first: where there is a receipt, they are there as well."""
    if tested is not None:
        parquet.write_table(tested, folder / _TESTED)
    write_json(folder / _RECEIPT, receipt)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def now() -> str:
    """Return the current time in UTC, ISO 8601, microseconds: sortable."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
