"""The command that holds a run against earlier ones: for schedulers and terminals."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import RunId, StoreDir, check_writable, run_in
from clv.core.formatting import percent
from clv.runs import Store, write_json, write_rows

if TYPE_CHECKING:
    from clv.core.schema import MonitoringFindings


def monitor(
    *,
    run_id: RunId = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Id of the earlier run. Default: the one published last, of those of an earlier day; "
            "else the latest earlier one of the same customers.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every figure here (CSV), or everything (.json).")
    ] = None,
    store: StoreDir = None,
) -> None:
    """Check a run's upload and model against an earlier run, and earlier forecasts against what came.

    Ends with 0 if all is as usual, 3 if something deserves a look, 4 if the run should not be used.

    Example: python -m clv monitor --run latest
    """
    from clv.insights import monitor as monitoring  # noqa: PLC0415 - `--help` needs none of this

    where = Store(store)
    chosen = run_in(where, run_id)
    before = run_in(where, against) if against else monitoring.published_before(where, chosen)
    check_writable([out])
    # Who names another run asks of that one, not of the one that is to be replaced.
    published = None if against else monitoring.published_now(where)
    with terminal.progress() as progress:
        found = monitoring.observe(where, chosen, before, progress, published=published)
    if out is None:
        pass
    elif out.suffix == ".json":
        write_json(out, found)
    else:
        write_rows(monitoring.table(found), out)
    _say(found, out)
    sys.exit(monitoring.EXIT[found["verdict"]])


def _say(found: MonitoringFindings, out: Path | None) -> None:
    """Print the answer, the checks, the tracked forecasts and what to do."""
    from clv.report.words import monitor as words  # noqa: PLC0415

    def plain(text: str) -> str:
        return text.replace("\u00a0", " ")

    typer.echo(plain(words.sentence(found)))
    if found["against"] is None:
        if out is not None:
            typer.echo(f"{out}: written.")
        return
    typer.echo(f"  against   run {found['against']['run']} as of {found['against']['as_of']}")
    if out is not None:
        typer.echo(f"{out}: written.")
    else:
        for row in words.check_rows([*found["data"], *found["model"]], found["currency"]):
            figures = f"{row['before'] or '-'} -> {row['now'] or '-'}"
            typer.echo(
                plain(
                    f"  {row['verdict']:<17} {row['check']}: {figures} {row['finding']} {row['remedy']}"
                ).rstrip()
            )
    for one in found["tracked"]:
        measures = ", ".join(
            f"{name} {percent(value)}" for name, value in one["mape"].items() if value is not None
        )
        typer.echo(
            plain(
                f"  {one['as_of']}        {one['months']} of {one['horizon']} months over: "
                f"{words.missed(one)}; mean miss of a month: {measures or 'not defined'}"
                f"{'; ' + words.in_range(one).lower() if words.in_range(one) else ''}"
            )
        )
    short, long = words.advice(found)
    typer.echo(plain(f"  what to do        {short}. {long}"))
