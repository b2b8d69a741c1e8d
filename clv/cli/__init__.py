"""The command line: the same job as the dashboard, for schedulers and terminals.

Exit codes: 0 done, 2 the user can mend it (their file, an option), 1 our fault; of the monitoring, 3
look at it, 4 don't use it. Errors go to stderr in one block. Progress shows on a terminal only.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

import typer

from clv import __version__, stopping, terminal
from clv.cli import models as cli_models
from clv.cli import runs as cli_runs
from clv.cli.compare import compare
from clv.cli.monitor import monitor
from clv.cli.options import OutCsv, RunId, StoreDir, check_writable, chosen_run
from clv.cli.report import report
from clv.cli.serve import serve
from clv.cli.train import score, train
from clv.errors import ClvError, InputError, SettingsError, did_you_mean
from clv.models.choice import PURCHASES, STANDARD
from clv.runs import Draft, Store, write_json, write_rows
from clv.runs.disk import full
from clv.settings import AUTO, IngestOptions, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_STOPPED: Final = 128 + signal.SIGINT
#: Rows of a campaign list that a terminal shows.
_SHOWN: Final = 20
_READING: Final = "How to read the files"
_FORECAST: Final = "What to forecast"
_OUTPUT: Final = "What to write"

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT…",
        help="Order files: CSV, TSV, text, .gz, .zip, .xlsx or Parquet. Several are read as one.",
        show_default=False,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        help="Known export: shopify, woocommerce, online-retail, order-lines, transactions, cdnow. "
        "Detected by default.",
        rich_help_panel=_READING,
    ),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="ROLE=COLUMN",
        help="Say which column is which, e.g. --map customer_id=Kundennr --map ordered_at=Datum. "
        "Repeatable. Columns of a file without header are column_1, column_2, …; nothing after the "
        "= takes a role away.",
        rich_help_panel=_READING,
    ),
]
DateOrder = Annotated[
    Literal["dmy", "mdy", "ymd"] | None,
    typer.Option(help="Order of day and month in dates such as 03/04/2017."),
]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark, '.' or ','. Detected by default.")]
Encoding = Annotated[str | None, typer.Option(help="utf-8, cp1252, … Detected by default.")]
Delimiter = Annotated[
    str | None, typer.Option(help="comma, semicolon, tab, pipe or spaces. Detected by default.")
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="COLUMN",
        help="Compare customers by this column (country, channel, category…). Repeatable. Found in "
        "the file by default.",
        rich_help_panel=_READING,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="Accept rows that a rule would reject: duplicate, far_date. Repeatable."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Reject rows that a rule would keep: duplicate, zero_value. Repeatable."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="Day on which the forecast stands; later rows are rejected. "
        "Default: day of the last order.",
    ),
]
Rejects = Annotated[
    Path | None, typer.Option(help="Write the rejected rows here (CSV or .parquet).")
]
Report = Annotated[Path | None, typer.Option(help="Write the check report here (JSON).")]


@app.command()
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
            "count first orders in an order's value. Or pretrained:NAME, a ready-made model that an "
            "operator has allowed (`python -m clv model list`).",
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
    monthly: Annotated[
        Path | None, typer.Option(help="Also write the forecast month by month (CSV or .parquet).")
    ] = None,
    rejects: Rejects = None,
    report: Report = None,
    model_card: Annotated[
        Path | None,
        typer.Option(help="Write the model card here (JSON); it reproduces every score."),
    ] = None,
    publish: cli_runs.Publish = False,
    guard: cli_runs.Guard = False,
    wait: cli_runs.Wait = 0,
    as_json: cli_runs.AsJson = False,
    store: StoreDir = None,
) -> None:
    """Read order files, forecast every customer, write the predictions.

    Example: python -m clv run orders.csv --out predictions.csv
    """
    from clv import pipeline  # noqa: PLC0415 - `--help` and `sample` need no engine

    where = Store(store)
    with cli_runs.scheduled(
        where, out, publish=publish, guard=guard, wait=wait, as_json=as_json
    ) as job:
        options = _options(
            layout, map_, date_order, decimal, encoding, delimiter, label, keep, drop
        )
        settings = Settings(
            as_of=_day(as_of),
            horizon_months=horizon_months,
            discount_rate=discount_rate,
            margin=margin,
            model=model,
            currency=currency,
            level=level,
            backtest=backtest,
        )
        check_writable([out, monthly, rejects, report, model_card], inputs)
        # The models' libraries take most of a second to import: do it while the engine reads.
        Thread(target=import_module, args=["clv.forecast"], daemon=True).start()
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
                cli_runs.tell(made, rejects, report)
            progress("Writing predictions", 0, 0)
            if out:
                made.write("forecasts", out)
            if monthly:
                made.write("monthly", monthly)
            if model_card:
                shutil.copyfile(made.file("model.json"), model_card)
        job.done(made)


@app.command()
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
    rejects: Rejects = None,
    report: Report = None,
) -> None:
    """Read order files and report what was found; forecast nothing.

    Example: python -m clv check orders.csv --rejects rejects.csv
    """
    from clv import pipeline  # noqa: PLC0415

    options = _options(layout, map_, date_order, decimal, encoding, delimiter, label, keep, drop)
    check_writable([rejects, report], inputs)
    with TemporaryDirectory(prefix="clv-check-") as folder, terminal.progress() as progress:
        draft = Draft(Path(folder))
        with _telling(draft, rejects, report):
            found = pipeline.check(draft, inputs, options, _day(as_of), progress)
    terminal.say_report(found)


@app.command()
def top(
    kind: Annotated[
        Literal["buyers", "spenders"],
        typer.Argument(help="buyers: most purchases expected; spenders: most revenue expected."),
    ],
    *,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many customers.")] = 100,
    run_id: RunId = None,
    out: OutCsv = None,
    store: StoreDir = None,
) -> None:
    """Show the customers predicted to buy, or to spend, most.

    Example: python -m clv top spenders --n 100 --out top.csv
    """
    chosen = chosen_run(run_id, store)
    figure = "predicted_purchases" if kind == "buyers" else "predicted_revenue"
    total = chosen.summary[figure]
    if total is None and not (kind == "spenders" and chosen.only_value):
        notes = " ".join(note["message"] for note in chosen.model["notes"])
        msg = f"This run has no forecast of {'purchases' if kind == 'buyers' else 'revenue'}."
        raise InputError(msg, notes)
    if out is not None:
        check_writable([out])
        chosen.write_top(kind, n, out)
        customers = chosen.summary["customers"]
        typer.echo(f"{out}: the {min(n, customers):,} top {kind} of {customers:,} customers.")
        return
    table = chosen.top(kind, n)
    columns = ["rank", "customer_id", "orders", "p_purchase", "predicted_purchases"]
    if chosen.only_value:
        columns = ["rank", "customer_id", "orders", "revenue", "predicted_clv"]
    columns += (
        []
        if chosen.summary["predicted_revenue"] is None
        else ["predicted_revenue", "predicted_clv"]
    )
    terminal.say_table(columns, table.select(columns).to_pylist())


@app.command()
def segments(
    *,
    segment: Annotated[
        str | None,
        typer.Option(
            help='A group such as "at risk", or overdue, or a likelihood such as "highly likely". '
            "Default: the sizes of all groups."
        ),
    ] = None,
    run_id: RunId = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the segment's campaign list here (CSV) instead of the terminal."),
    ] = None,
    store: StoreDir = None,
) -> None:
    """Show the segments, or write one of them as a campaign list.

    Example: python -m clv segments --segment "at risk" --out at_risk.csv
    """
    from clv.segments import lists, tables  # noqa: PLC0415

    chosen = chosen_run(run_id, store)
    if segment is None:
        if out is not None:
            msg = "A campaign list is of one segment, and none is named."
            raise InputError(msg, 'Name it, for instance --segment "at risk".')
        terminal.say_table(*tables.sizes(chosen))
        return
    wanted = lists.wanted(segment)
    if out is not None:
        check_writable([out])
        number = lists.write(chosen, wanted, out)
        typer.echo(f"{out}: {number:,} of {chosen.summary['customers']:,} customers.")
        return
    rows = lists.first(chosen, wanted, _SHOWN)
    if not rows:
        typer.echo("Nobody.")
        return
    terminal.say_table([c for c in lists.COLUMNS if any(r[c] is not None for r in rows)], rows)


@app.command()
def simulate(
    *,
    run_id: RunId = None,
    population: Annotated[
        Literal["new", "yours"],
        typer.Option(help="new: drawn from the fitted model; yours: a sample of the run's own."),
    ] = "new",
    customers: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many customers a run follows.")
    ] = 100,
    runs: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many runs the mean and the band rest on.")
    ] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Repeat a run. Default: another one each time.")
    ] = None,
    out: OutCsv = None,
    store: StoreDir = None,
) -> None:
    """Simulate who is still alive after 10 days, 1, 10 and 100 years, and what they have bought.

    Example: python -m clv simulate --population yours --seed 7
    """
    import pyarrow as pa  # noqa: PLC0415

    from clv import simulate as simulation  # noqa: PLC0415

    chosen = chosen_run(run_id, store)
    model = simulation.purchase_model(chosen)
    if out is not None:
        check_writable([out])
    seed = simulation.fresh_seed() if seed is None else seed
    one = simulation.one_run(chosen, model, population, customers=customers, seed=seed)
    ahead = simulation.outlook(chosen, model, population, customers=customers, runs=runs, seed=seed)
    rows = simulation.table(one, ahead)
    if out is not None:
        write_rows(pa.Table.from_pylist(rows), out)
        typer.echo(f"{out}: {ahead.customers:,} customers, {runs:,} runs, seed {seed}.")
        return
    terminal.say_simulation(rows)
    typer.echo(f"{ahead.customers:,} customers, {runs:,} runs; again with --seed {seed}")


@app.command()
def backtest(
    *,
    run_id: RunId = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write every date's table here (CSV), or everything (.json)."),
    ] = None,
    store: StoreDir = None,
) -> None:
    """Test models and rules of thumb on a run's own past, and show who forecast best.

    Example: python -m clv backtest --run latest --out backtest.csv
    """
    import pyarrow as pa  # noqa: PLC0415

    from clv import proof  # noqa: PLC0415

    chosen = chosen_run(run_id, store)
    if out is not None:
        check_writable([out])
    if chosen.only_value:
        cli_models.compare(chosen, out)
        return
    with terminal.progress() as progress:
        found = proof.receipt(chosen, progress)
    dates = [str(origin["as_of"]) for origin in found["origins"]]
    if not dates:
        msg = "The history of this run supports no test."
        raise InputError(msg, found["reason"])
    if out is None:
        terminal.say_leaderboard(proof.leaderboard(found))
    elif out.suffix == ".json":
        write_json(out, found)
    else:
        write_rows(pa.Table.from_pylist(proof.boards(found)), out)
    terminal.say_tests(found, out)


app.command()(compare)
app.command()(monitor)
app.command()(report)
app.command()(serve)
app.command()(train)
app.command()(score)
app.add_typer(cli_runs.app, name="runs")
app.add_typer(cli_models.app, name="model")


@app.command()
def sample(
    name: Annotated[
        str,
        typer.Argument(help="transactions, order-lines, shopify, woocommerce, marketplace, cdnow."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Where to write the file.")],
) -> None:
    """Write a sample file to try things with.

    Example: python -m clv sample transactions --out transactions.csv
    """
    from clv.samples import SAMPLES, sample_path  # noqa: PLC0415

    if name not in SAMPLES:
        msg = f'There is no sample "{name}".{did_you_mean(name, SAMPLES)}'
        raise InputError(msg, f"Samples: {', '.join(SAMPLES)}.")
    check_writable([out])
    shutil.copyfile(sample_path(name), out)
    typer.echo(f"{out}: {SAMPLES[name].title}. {SAMPLES[name].description}")


def _options(
    layout: str | None,
    map_: Sequence[str] | None,
    date_order: Literal["dmy", "mdy", "ymd"] | None,
    decimal: str | None,
    encoding: str | None,
    delimiter: str | None,
    label: Sequence[str] | None,
    keep: Sequence[str] | None,
    drop: Sequence[str] | None,
) -> IngestOptions:
    mapping: dict[str, str] = {}
    for entry in map_ or ():
        role, equals, column = entry.partition("=")
        if not (equals and role):
            msg = f'--map "{entry}" is not ROLE=COLUMN.'
            raise SettingsError(msg, "For instance: --map customer_id=Kundennr")
        mapping[role.strip()] = column
    if decimal not in {None, ".", ","}:
        msg = f'The decimal mark is "{decimal}"; it can be "." or ",".'
        raise SettingsError(msg)
    return IngestOptions(
        layout=layout,
        mapping=mapping,
        date_order=date_order,
        decimal=decimal,  # type: ignore[arg-type]
        encoding=encoding,
        delimiter=delimiter,
        keep=frozenset(keep or ()),
        drop=frozenset(drop or ()),
        labels=tuple(label) if label else None,
    )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f'The as-of date "{text}" is not a date.'
        raise SettingsError(msg, "Write it as YYYY-MM-DD, for instance 2017-10-17.") from None


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


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Forecast customer lifetime value from order files."""


def main() -> None:
    """Run the command line and turn errors into exit codes."""
    with stopping.listening():
        try:
            app()
        except SystemExit as leaving:
            if leaving.code == _STOPPED:  # typer's own answer to Ctrl-C says nothing.
                _stopped()
            raise
        except KeyboardInterrupt:
            _stopped()
        except Exception as error:
            if stopping.asked():  # Whoever was interrupted made an error of their own of it.
                _stopped()
            if os.environ.get("CLV_DEBUG") and not isinstance(error, ClvError | OSError):
                raise
            _tell(error)


def _tell(error: Exception) -> NoReturn:
    """Say what went wrong and leave with the exit code for it."""
    if isinstance(error, InputError):
        _fail(error, 2)
    if isinstance(error, ClvError):
        _fail(error, 1)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        _fail(InputError(f"{where}{error.strerror or error}.", "Check the path and the disk."), 2)
    _unforeseen(error)


def _unforeseen(error: Exception) -> NoReturn:
    """End for an error nobody raised on purpose, unless it is one that the user can mend."""
    said = str(error)
    if mendable := full(error):
        _fail(mendable, 2)
    what = f"{type(error).__name__}: {said.splitlines()[0] if said else ''}"
    typer.echo(f"Error: something went wrong on our side ({what})", err=True)
    typer.echo("       CLV_DEBUG=1 shows where; please report it with that.", err=True)
    sys.exit(1)


def _stopped() -> NoReturn:
    typer.echo("Stopped. Nothing was changed.", err=True)
    sys.exit(128 + (stopping.asked() or signal.SIGINT))


def _fail(error: ClvError, code: int) -> NoReturn:
    typer.echo(f"Error: {error.message}", err=True)
    for line in [*error.hint.splitlines(), *error.option.splitlines()]:
        typer.echo(f"       {line}", err=True)
    sys.exit(code)
