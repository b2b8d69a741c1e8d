"""The main job, order files to predictions, and its first half: the check alone."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.cli import terminal
from clv.apps.cli.job import AsJson, Guard, Publish, Wait, scheduled, tell
from clv.apps.cli.options import StoreDir, check_writable
from clv.apps.cli.reading import (
    Amount,
    Apart,
    AsOf,
    DateOrder,
    Decimal,
    Delimiter,
    Drop,
    Encoding,
    Inputs,
    Keep,
    Label,
    Layout,
    Mapping,
    Rejects,
    Report,
    Status,
    Timezone,
    day_of,
    ingest_options,
)
from clv.core.choice import PURCHASES, STANDARD
from clv.core.settings import AUTO, Settings
from clv.runs import Draft, Store, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator


def _warm_up(settings: Settings) -> None:
    """Import the models' libraries, which take a second or two, while the engine reads."""
    import_module("clv.forecast.predictions")
    if settings.model == AUTO and settings.backtest:
        with suppress(ImportError, OSError):  # Without it scikit-learn does the same.
            import_module("lightgbm")


def run(
    inputs: Inputs,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Predictions: .csv or .parquet, one row per customer.", show_default=False
        ),
    ] = None,
    as_of: AsOf = None,
    horizon_months: Annotated[
        int, typer.Option(help="Calendar months to look ahead, 1 to 60.")
    ] = 12,
    discount_rate: Annotated[
        float, typer.Option(help="Annual; 0.10 is 10 %. Applied monthly.")
    ] = 0.10,
    margin: Annotated[
        float, typer.Option(help="Share of revenue that counts as value; 0.35 is 35 %.")
    ] = 1.0,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto: whichever forecast this file's own past best. Or one of "
            f"{', '.join(PURCHASES)}; with +season for the season of the year, with +all-orders to "
            "count first orders in an order's value, with +corrected to learn from a past day what the "
            "model misses (corrected alone: mbg-nbd+all-orders+corrected). Or pretrained:NAME, a "
            "ready-made model that an operator has allowed (`python -m clv model list`).",
        ),
    ] = AUTO,
    level: Annotated[
        float, typer.Option(help="Share of customers whose value is to lie within their range.")
    ] = 0.80,
    backtest: Annotated[
        bool,
        typer.Option(
            "--backtest/--no-backtest",
            help="Test the forecast on the past first. Without: quicker, no ranges, and auto is "
            f"{STANDARD}.",
        ),
    ] = True,
    currency: Annotated[
        str,
        typer.Option(help="Currency of the file, for display; found in the file if it is there."),
    ] = "",
    layout: Layout = None,
    map_: Mapping = None,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    label: Label = None,
    keep: Keep = None,
    drop: Drop = None,
    amount: Amount = None,
    status: Status = None,
    timezone: Timezone = None,
    apart: Apart = False,
    monthly: Annotated[
        Path | None, typer.Option(help="Also write the forecast month by month (CSV or .parquet).")
    ] = None,
    rejects: Rejects = None,
    report: Report = None,
    model_card: Annotated[
        Path | None,
        typer.Option(help="Write the model card here (JSON); it reproduces every score."),
    ] = None,
    publish: Publish = False,
    guard: Guard = False,
    wait: Wait = 0,
    as_json: AsJson = False,
    store: StoreDir = None,
) -> None:
    """Read order files, forecast every customer, write the predictions.

    Example: python -m clv run orders.csv --out predictions.csv
    """
    from clv.forecast import pipeline  # noqa: PLC0415 - `--help` and `sample` need no engine

    where = Store(store)
    with scheduled(where, out, publish=publish, guard=guard, wait=wait, as_json=as_json) as job:
        options = ingest_options(
            *(layout, map_, date_order, decimal, encoding, delimiter, label, keep, drop),
            *(amount, status, timezone),
            apart=apart,
        )
        settings = Settings(
            as_of=day_of(as_of, "as-of date"),
            horizon_months=horizon_months,
            discount_rate=discount_rate,
            margin=margin,
            model=model,
            currency=currency,
            level=level,
            backtest=backtest,
        )
        check_writable([out, monthly, rejects, report, model_card], inputs)
        Thread(target=_warm_up, args=[settings], daemon=True).start()
        with terminal.progress() as progress:
            made = job.known(inputs, options, settings)
            if made is None:
                draft = where.new_draft()
                try:
                    with _telling(draft, rejects, report):
                        made = pipeline.run(where, draft, inputs, options, settings, progress)
                finally:
                    draft.discard()
            else:
                tell(made, rejects, report)
            progress("Writing predictions", 0, 0)
            if out:
                made.write("forecasts", out)
            if monthly:
                made.write("monthly", monthly)
            if model_card:
                shutil.copyfile(made.file("model.json"), model_card)
        job.done(made)


def check(
    inputs: Inputs,
    *,
    as_of: AsOf = None,
    layout: Layout = None,
    map_: Mapping = None,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    label: Label = None,
    keep: Keep = None,
    drop: Drop = None,
    amount: Amount = None,
    status: Status = None,
    timezone: Timezone = None,
    apart: Apart = False,
    rejects: Rejects = None,
    report: Report = None,
) -> None:
    """Read order files and report what was found; forecast nothing.

    Example: python -m clv check orders.csv --rejects rejects.csv
    """
    from clv.forecast import pipeline  # noqa: PLC0415

    options = ingest_options(
        *(layout, map_, date_order, decimal, encoding, delimiter, label, keep, drop),
        *(amount, status, timezone),
        apart=apart,
    )
    check_writable([rejects, report], inputs)
    with TemporaryDirectory(prefix="clv-check-") as folder, terminal.progress() as progress:
        draft = Draft(Path(folder))
        with _telling(draft, rejects, report):
            found = pipeline.check(draft, inputs, options, day_of(as_of, "as-of date"), progress)
    terminal.say_report(found)


@contextmanager
def _telling(draft: Draft, rejects: Path | None, report: Path | None) -> Iterator[None]:
    """Write report and rejects once the files are checked, even when nothing else can be done."""
    try:
        yield
    finally:
        if draft.checked:
            if rejects:
                draft.export_rejects(rejects)
            if report:
                write_json(report, draft.report)
