"""A finished run: everything that can be read off it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, overload

import pyarrow as pa

from clv.core.orders import FORECASTS, MONTHLY, REJECTS
from clv.core.schema import checked
from clv.runs import lookups, places, receipt, soundness, views
from clv.runs.files import read_json, whole, write_csv, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    import duckdb

    from clv.core.schema import (
        CustomerForecast,
        Document,
        ModelCard,
        Receipt,
        Report,
        RunSettings,
        Summary,
    )

Kind = Literal["buyers", "spenders"]
Table = Literal["forecasts", "monthly", "rejects"]

_COLUMNS: Final = {"forecasts": FORECASTS, "monthly": MONTHLY, "rejects": REJECTS}
_ORDER_BY: Final[dict[str, tuple[str, str]]] = {
    "buyers": ("predicted_purchases", "predicted_clv"),
    "spenders": ("predicted_revenue", "predicted_purchases"),
}


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
        """What is wrong with the run's files, in words; empty if nothing is."""
        return soundness.fault(self.path)

    @cached_property
    def report(self) -> Report:
        """What the check found: rows, rejects by reason, layout, period."""
        found: Report = read_json(self.path / "report.json")
        return found

    @cached_property
    def settings(self) -> RunSettings:
        """The settings of the forecast, the as-of date filled in."""
        found: RunSettings = read_json(self.path / "settings.json")
        return found

    @property
    def as_of(self) -> date:
        """The day on which the forecast stands."""
        return _day(self.settings["as_of"])

    @property
    def horizon_end(self) -> date:
        """The last day that the forecast looks ahead to."""
        return _day(self.settings["months"][-1]["end"])

    @property
    def first_order(self) -> date:
        """The day of the first order."""
        return _day(self.report["first_order"])

    @property
    def last_order(self) -> date:
        """The day of the last order."""
        return _day(self.report["last_order"])

    @property
    def currency(self) -> str:
        """The code of the currency of its amounts; empty where it is not known."""
        return self.settings["currency"]

    @cached_property
    def model(self) -> ModelCard:
        """The model card: parameters, data fingerprint, versions, notes, test vectors."""
        found: ModelCard = read_json(self.path / "model.json")
        return found

    @cached_property
    def summary(self) -> Summary:
        """Totals of the run and the concentration curve."""
        found: Summary = read_json(self.path / "summary.json")
        return found

    @property
    def receipt(self) -> Receipt | None:
        """What the tests of the forecast left; None where it was not tested yet."""
        return receipt.read(self.id, self.path, self.exports)

    def tested(self) -> pa.Table | None:
        """Return the customers of the last test, see `clv.backtest.evaluation.tested_customers`; None without."""
        return receipt.read_tested(self.path, self.exports)

    def add_receipt(self, made: Receipt, tested: pa.Table | None) -> None:
        """Keep a test that was made after the run, which itself never changes."""
        self.exports.mkdir(parents=True, exist_ok=True)
        receipt.write(made, tested, self.exports)

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
        return self.report.get("labels", [])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the run's Parquet tables: those of every run, then what its files have more."""
        return places.tables(self.report)

    def file(self, name: str) -> Path:
        """Return the path of one of the run's files, for instance ``model.json``."""
        return self.path / name

    def connect(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open the engine with the run's tables as views.

        Raises
        ------
        OutdatedRunError
            The run lacks something, because an earlier version made it.
        DamagedRunError
            One of its tables is cut off, or something else.
        """
        return views.opened(self.path, self.report, self.settings)

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

    def customer(self, customer_id: str) -> CustomerForecast | None:
        """Return one customer's forecasts row, or None."""
        sql = "SELECT * FROM forecasts WHERE customer_id = ?"
        rows: list[CustomerForecast] = self.query(sql, [customer_id]).to_pylist()
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

    def write_top(self, kind: Kind, n: int, target: Path | BinaryIO) -> None:
        """Write the top table as CSV."""
        columns = {"rank": "BIGINT"} | FORECASTS | {"predicted_revenue": "DOUBLE"}
        self.write_query(self._top_sql(kind, n), columns, target, "t.rank")

    def write_query(
        self, sql: str, columns: Mapping[str, str], target: Path | BinaryIO, order: str
    ) -> None:
        """Write the rows of a query over the run's views as CSV; ``t`` is the query in ``order``."""
        with self.connect() as con:
            write_csv(con, sql, columns, target, order)

    def export_query(self, name: str, sql: str, columns: Mapping[str, str], order: str) -> Path:
        """Write a query for download (once) under its own name and return the file."""
        target = self.exports / name
        if not target.exists():
            self.write_query(sql, columns, target, order)
        return target

    @overload
    def derived(
        self, name: str, kind: type[Document], make: Callable[[], Document]
    ) -> Document: ...

    @overload
    def derived(
        self, name: str, kind: type[Document], make: Callable[[], Document] | None = None
    ) -> Document | None: ...

    def derived(
        self, name: str, kind: type[Document], make: Callable[[], Document] | None = None
    ) -> Document | None:
        """Return something costly that follows from the run (JSON), made once by ``make``.

        ``kind`` says what it looks like; what looks otherwise is made again. Without ``make``, None where it has not been made yet. Safe to delete, like every export.
        """
        target = self.exports / f"{name}.json"
        with suppress(FileNotFoundError, ValueError):  # A damaged one is made again.
            return checked(kind, read_json(target))
        if make is None:
            return None
        content = make()
        with whole(target) as partial:
            write_json(partial, content)
        return checked(kind, read_json(target))

    def training(self, key: str) -> Path:
        """Return the folder of a training on the run's orders, whether it has been made or not."""
        return self.trained / key

    @property
    def trainings(self) -> list[str]:
        """Keys of the trainings that have been made, the newest first."""
        found = self.trained.glob("[!.]*/")
        return [p.name for p in sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))]

    @property
    def trained(self) -> Path:
        """The folder of all of them."""
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
            return lookups.mapped(target)
        try:
            table = lookups.read(self.path / "forecasts.parquet")
        except (pa.ArrowException, OSError) as error:
            if broken := views.broken(self.path, self.report):
                what = f"{broken}.parquet can't be read"
                raise soundness.damaged(self.id, what) from error
            raise
        lookups.write(table, target)
        return lookups.mapped(target)

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


def _day(moment: object) -> date:
    return date.fromisoformat(str(moment)[:10])
