"""The commands that train a supervised model, and that score customers with it."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import StoreDir, check_writable, chosen_run
from clv.apps.cli.reading import day_of
from clv.core import options as spelled
from clv.core.errors import InputError, LayoutError, SettingsError
from clv.core.formatting import plural
from clv.core.settings import IngestOptions
from clv.runs import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import duckdb

    from clv.core.schema import Report, TrainingReport
    from clv.core.types import Progress

_WIDTH = 88

Inputs = Annotated[
    list[Path] | None,
    typer.Argument(metavar="INPUT…", help="Order files, as for run.", show_default=False),
]
RunId = Annotated[
    str | None,
    typer.Option("--run", help="Take the orders of a run instead: its id, or latest."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD", help="Last day that counts. Default: day of the last order."
    ),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="ROLE=COLUMN", help="Say which column is which. Repeatable."),
]
Label = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Use this column of customers as a feature. Repeatable."),
]


def train(
    inputs: Inputs = None,
    *,
    design: Annotated[
        Literal["early", "window"],
        typer.Option(
            help="early: the first months of a life from its first X; window: the next months of "
            "any customer."
        ),
    ] = "early",
    horizon_months: Annotated[int, typer.Option(help="Months to predict, 1 to 36.")] = 12,
    after: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X",
            help="Early: how much of a life is known, such as 14d, 2w, 1m. Repeatable; the longest "
            "is the prediction point. Default: 1m and 3m.",
        ),
    ] = None,
    categories: Annotated[
        int,
        typer.Option(
            help="How many of the largest categories have features of their own, up to 200."
        ),
    ] = 20,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Train only these: boosting, forest, lasso, lightgbm-tweedie, lightgbm-two-part. "
            "Repeatable.",
        ),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Use only these features. Repeatable. Default: all."),
    ] = None,
    level: Annotated[
        float, typer.Option(help="Share of customers whose value is to lie within their range.")
    ] = 0.80,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same model.")
    ] = 20_171_017,
    out: Annotated[Path, typer.Option(help="Folder for the trained model.")] = Path("model"),
    as_of: AsOf = None,
    map_: Mapping = None,
    label: Label = None,
    run_id: RunId = None,
    store: StoreDir = None,
) -> None:
    """Train models that foresee customers' values, compare them on later customers, keep the best.

    Example: python -m clv train orders.csv --design early --after 1m --after 3m --out model
    """
    from clv.learn import artefact  # noqa: PLC0415 - `--help` needs none of this
    from clv.learn.plans import Design  # noqa: PLC0415
    from clv.learn.train import train as learn  # noqa: PLC0415
    from clv.learn.work import Work  # noqa: PLC0415

    if not 0.5 <= level <= 0.95:
        msg = f"The level of the ranges is {level}; write 0.80 for 80 % (0.5 to 0.95)."
        raise SettingsError(msg)
    if design == "window" and after:
        msg = "--after says how much of a life is known; --design window looks at customers of any age."
        raise SettingsError(msg, "Leave --after out.")
    artefact.check_place(out)
    wanted = Design(
        design,
        horizon_months,
        after=tuple(after or ("1m", "3m")),
        largest_categories=categories,
        columns=tuple(feature) if feature else None,
    )
    day = day_of(as_of)
    with (
        terminal.progress() as progress,
        _orders(inputs, run_id, store, map_, label, day, progress) as (con, read),
    ):
        work = Work(seed, progress)
        made = learn(con, wanted, as_of=day, learners=model, level=level, work=work)
        artefact.save(made, artefact.fingerprint(con), out)
    if read is not None:
        terminal.say_report(read)
    _say(made.report, out)


def score(
    inputs: Inputs = None,
    *,
    model: Annotated[Path, typer.Option(help="Folder of a trained model.")],
    out: Annotated[Path, typer.Option(help="Predictions (CSV), one row per customer.")],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="Only customers who completed the prediction point on this day or later.",
        ),
    ] = None,
    new: Annotated[
        bool,
        typer.Option(
            "--new", help="Only customers who completed it since the last scoring with --new."
        ),
    ] = False,
    by_month: Annotated[bool, typer.Option("--by-month", help="Also month by month.")] = False,
    as_of: AsOf = None,
    map_: Mapping = None,
    label: Label = None,
    run_id: RunId = None,
    store: StoreDir = None,
) -> None:
    """Foresee customers' values with a trained model.

    Example: python -m clv score orders.csv --model model --new --out new_customers.csv
    """
    from clv.learn import artefact, scoring  # noqa: PLC0415 - `--help` needs none of this

    check_writable([out], inputs or [])
    if since is not None and new:
        msg = "--since and --new are both given."
        raise SettingsError(msg, "Give one of them.")
    trained = artefact.load(model)
    if new and trained.design.kind == "window":
        msg = "This model scores every customer each time; --new is for the early design."
        raise SettingsError(msg, "Leave --new out.")
    begin, day = day_of(since), day_of(as_of)
    before = scoring.scored(model) if new else scoring.Scored()
    if before.until is not None:
        begin = scoring.after(before.until)
    # The columns of the model, though a few newer orders might not show that they group customers.
    wanted = [name for name in trained.spec.labels if name in trained.names]
    with (
        _needing([] if label else wanted),
        terminal.progress() as progress,
        _orders(inputs, run_id, store, map_, label or wanted, day, progress) as (con, read),
    ):
        progress("Scoring", 0, 0)
        day = day or con.execute("SELECT max(ordered_at)::DATE FROM orders").fetchall()[0][0]
        found = before.rest(scoring.to_score(con, trained, day, begin))
        asked = trained.design.kind == "early" and before.until is None
        late = scoring.begins_late(con, model) if asked else None
        write_rows(trained.table(found, by_month=by_month), out)
    if new:
        scoring.remember(model, before, day, found)
    if read is not None:
        terminal.say_report(read)
    typer.echo(f"{out}: {plural(len(found), 'customer')}, as of {day}.")
    if late is not None:
        typer.echo(
            textwrap.fill(
                f"  note      The orders begin on {late}: whoever first ordered earlier and again "
                "since then looks like a new customer.",
                _WIDTH,
                subsequent_indent=" " * 12,
            )
        )


@contextmanager
def _needing(labels: Sequence[str]) -> Iterator[None]:
    """Say why a file must have these columns, which nobody has named, where it lacks one."""
    try:
        yield
    except LayoutError as error:
        # Not whatever else a file may lack, which says for itself what it is needed for.
        if not any(f'"{label}"' in error.message for label in labels):
            raise
        hint = f"The model was trained with this column. {error.hint}"
        raise LayoutError(error.message, hint, error.option) from error


@contextmanager
def _orders(
    inputs: Sequence[Path] | None,
    run_id: str | None,
    store: Path | None,
    map_: Sequence[str] | None,
    label: Sequence[str] | None,
    as_of: date | None,
    progress: Progress,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Report | None]]:
    """Open the orders of files, with the report on them, or those of a run, reported on before."""
    from clv import ingest  # noqa: PLC0415

    if bool(inputs) == bool(run_id):
        msg = (
            "Name order files, or a run with --run." if not inputs else "Files and a run are named."
        )
        raise InputError(msg, "One of them says which orders to take.")
    if not inputs:
        with chosen_run(run_id, store).connect() as con:
            yield con, None
        return
    options = IngestOptions(
        mapping=spelled.roles(map_ or ()), labels=tuple(label) if label else None
    )
    with ingest.read(inputs, options, as_of, progress) as (con, report):
        ingest.refuse_no_orders(report)
        yield con, report


def _say(report: TrainingReport, out: Path) -> None:
    """Print the leaderboard, the choice, and where the model is."""
    from clv.report.words.first_year import means, thin  # noqa: PLC0415 - `--help` needs none of this

    board, held = report["board"], report["dates"][-1]
    # In the window design one customer is an example on each of several days.
    days = " customer-days" if report["design"]["kind"] == "window" else ""
    typer.echo(
        f"Held out: {held['tested']:,} customers; trained on {held['trained']:,}{days}, as known on "
        f"{held['known']}."
    )
    # The same distance from either: what has come in needs no forecast. It is large beside the rest.
    mean = means(board)
    if report["design"]["kind"] == "window":  # Whose whole lies ahead.
        del mean["whole"]
    rows = [
        {
            "model": row["name"],
            "error": f"{row['remaining']['mae']:,.2f}",
            **{f"of {part}": _share(row[part]["mae"], value) for part, value in mean.items()},
            "total off by": _percent(row["remaining"]["bias"], sign="+"),
            "top 10 % bring": _percent(row["remaining"]["top10"]),
            "loss": f"{row['loss']:,.3f}",
        }
        for row in board["rows"]
    ]
    terminal.say_table(list(rows[0]), rows)
    typer.echo(textwrap.fill(f"{report['choice']['reason']} {thin(board)}".rstrip(), _WIDTH))
    ranges = report["ranges"]
    typer.echo(
        f"Ranges meant to hold {ranges['level'] * 100:.0f} % of customers held "
        f"{ranges['within'] * 100:.0f} % of those held out."
    )
    for name, why in report["failed"].items():
        typer.echo(f"  note      {name}: {why}")
    typer.echo(
        f"{out}: {report['choice']['title']}, trained on {report['ready']:,}{days or ' customers'}."
    )


def _share(part: float, whole: float) -> str:
    return _percent(part / whole if whole > 0 else None)


def _percent(share: float | None, sign: str = "") -> str:
    return "-" if share is None else f"{share * 100:{sign}.0f} %"
