"""The main job, once: files → draft → run. The dashboard and the command line both call this."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

from clv import ingest
from clv.core import engine
from clv.core.choice import STANDARD, Choice
from clv.core.errors import InputError, SettingsError
from clv.core.horizon import months_of
from clv.core.orders import EXTRAS
from clv.core.settings import AUTO, Settings
from clv.core.types import quiet
from clv.forecast.publish import fingerprint
from clv.ingest import Preview, detect
from clv.learn.ready_made.shelf import Shelf
from clv.runs import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from clv.backtest.evaluation import Evaluation
    from clv.core.schema import Receipt, Report, RunSettings
    from clv.core.settings import IngestOptions
    from clv.core.types import Progress
    from clv.runs import Draft, Run, RunWriter, Store

__all__ = ["Preview", "check", "detect", "forecast", "receipt", "run"]


def check(
    draft: Draft,
    inputs: Sequence[Path],
    options: IngestOptions,
    as_of: date | None = None,
    progress: Progress = quiet,
) -> Report:
    """Read and check files into a draft; return the report.

    The draft gets ``orders``, ``rejects`` and the report even when no order is left, so that the
    rejected rows can always be looked at.

    Raises
    ------
    InputError
        The files can't be read, or not one order is left.
    """
    with ingest.read(inputs, options, as_of, progress) as (con, report):
        progress("Storing orders", report["rows_total"], report["rows_total"])
        _store(con, draft, report)
    ingest.refuse_no_orders(report)
    return report


def _store(con: duckdb.DuckDBPyConnection, draft: Draft, report: Report) -> None:
    """Write what a check found into its draft, the report last."""
    targets = {"orders": draft.orders, "rejects": draft.rejects}
    found = {"labels": "labels"} if report["labels"] else {}
    found |= {name: "order_lines" if name == "lines" else name for name in report["tables"]}
    for name, table in found.items():
        targets[table] = draft.optional(name)
    for name in EXTRAS:
        if name not in found:  # There may be one of an earlier check.
            draft.optional(name).unlink(missing_ok=True)
    for table, target in targets.items():
        # A new file each time: a run made from this draft earlier shares the old one.
        fresh = target.with_suffix(".new")
        engine.write_parquet(con, table, fresh)
        fresh.replace(target)
    draft.put_report(report)


def forecast(
    store: Store,
    draft: Draft,
    settings: Settings,
    progress: Progress = quiet,
    run_id: str | None = None,
) -> Run:
    """Turn a checked draft into a run.

    Parameters
    ----------
    run_id
        An id made beforehand with `clv.runs.new_id`, for a caller that must name the run already.

    Raises
    ------
    SettingsError
        The as-of date is not the one that the draft was checked with.
    """
    _refuse_unknown(settings)
    report = draft.report
    ingest.refuse_no_orders(report)
    as_of = settings.as_of or date.fromisoformat(str(report["as_of"]))
    if as_of < date.fromisoformat(str(report["last_order"])):
        msg = f"The as-of date {as_of} lies before the last order ({report['last_order']})."
        raise SettingsError(msg, "Check the files again with that as-of date.")
    with store.begin(draft, run_id) as writer, engine.connect() as con:
        needed = {"orders": writer.orders}
        if "refunds" in (report.get("tables") or ()):
            needed["refunds"] = draft.optional("refunds")
        for name, path in needed.items():
            source = f"read_parquet({engine.text(path)})"
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
        _summarise(con, as_of, progress)
        _write(con, writer, report, settings, as_of, progress)
    return writer.run


def run(
    store: Store,
    draft: Draft,
    inputs: Sequence[Path],
    options: IngestOptions,
    settings: Settings,
    progress: Progress = quiet,
) -> Run:
    """Do `check` and `forecast` in one go, the quickest way from files to a run.

    The orders stay in the engine, and are stored while the models are fitted.

    Raises
    ------
    InputError
        As from `check`; the draft then holds what `check` would have left in it.
    """
    _refuse_unknown(settings)
    with (
        ingest.read(inputs, options, settings.as_of, progress) as (con, report),
        engine.beside(con) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        if not report["orders"]:
            _store(con, draft, report)
            ingest.refuse_no_orders(report)
        as_of = date.fromisoformat(str(report["as_of"]))
        _summarise(con, as_of, progress)
        stored = pool.submit(_store, other, draft, report)
        with store.begin(draft, unfinished=True) as writer:
            _write(con, writer, report, settings, as_of, progress)
            stored.result()
    return writer.run


def receipt(run: Run, progress: Progress = quiet) -> Receipt:
    """Return what the tests of a run's forecast left; test it if it was made without a test.

    What is made is kept beside the run.

    Parameters
    ----------
    run
        A finished run.
    progress
        Told the stage, and how many fits of all are done.

    Raises
    ------
    InputError
        The run's model is ready-made.
    """
    if run.only_value:
        msg = "A ready-made model says nothing of orders, by which forecasts are tested."
        raise InputError(msg, "It is compared by revenue: clv.learn.ready_made.comparison.")
    found = run.receipt
    if found is not None:
        return found
    stored = run.settings
    settings = Settings(
        horizon_months=stored["horizon_months"],
        model=stored["model"],
        level=stored.get("level", Settings.level),
    )
    with run.connect() as con:
        con.execute("CREATE VIEW customers AS SELECT * FROM forecasts")
        made = str(run.model.get("model", stored["model"]))
        made = STANDARD if made == AUTO else made
        tested = _evaluate(con, settings, run.as_of, stored["currency"], progress, made)
    run.add_receipt(tested.receipt, tested.tested)
    return tested.receipt


def _refuse_unknown(settings: Settings) -> None:
    """Refuse a ready-made model that is not allowed before the work, not after it."""
    name = None if settings.model == AUTO else Choice.parse(settings.model).ready_made
    if name:
        Shelf().entry(name)


def _evaluate(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: date,
    currency: str,
    progress: Progress,
    made: str | None = None,
) -> Evaluation:
    from clv.backtest import evaluation  # noqa: PLC0415

    return evaluation.evaluate(con, settings, as_of, currency, progress, made)


def _untested(con: duckdb.DuckDBPyConnection) -> Choice:
    """Return what forecasts where nothing was asked for and nothing tested."""
    (valued,) = engine.row(con, "SELECT coalesce(max(revenue), 0) > 0 FROM customers")
    return Choice(STANDARD, all_orders=valued)


def _summarise(con: duckdb.DuckDBPyConnection, as_of: date, progress: Progress) -> None:
    from clv.forecast import predictions as core  # noqa: PLC0415 - models load only when something is fitted

    progress("Summarising customers", 0, 0)
    core.summarise(con, as_of)


def _write(
    con: duckdb.DuckDBPyConnection,
    writer: RunWriter,
    report: Report,
    settings: Settings,
    as_of: date,
    progress: Progress,
) -> None:
    """Forecast, and write the run's files but for those of its draft."""
    from clv.forecast import predictions as core  # noqa: PLC0415

    months = months_of(as_of, settings)  # Too many are refused before the work.
    choice = _untested(con) if settings.model == AUTO else Choice.parse(settings.model)
    receipt = None
    # A ready-made model says nothing of orders, by which forecasts are tested.
    tested = settings.backtest and not choice.ready_made
    if tested:
        found = _evaluate(con, settings, as_of, settings.currency or report["currency"], progress)
        writer.put_receipt(found.receipt, found.tested)
        choice, receipt = found.choice, found.receipt
    card, summary = core.make(
        con, settings, choice, receipt, as_of, writer.forecasts, writer.profiles, progress
    )
    card["data"]["files"] = report["inputs"]
    writer.put("model", card)
    writer.put("summary", summary)
    asked, inputs = settings.as_dict(), report["inputs"]
    recorded: RunSettings = {
        **asked,
        "as_of": as_of.isoformat(),
        "backtest": tested,
        "currency": settings.currency or report["currency"],
        "months": [month.as_dict() for month in months],
        "ingest": report["options"],
        "inputs": [file["name"] for file in inputs],
        "corrected": "correction" in card,
        "fingerprint": fingerprint([file["sha256"] for file in inputs], asked, report["options"]),
        "created_at": now(),
        "run_id": writer.id,
    }
    writer.put("settings", recorded)
