"""The command that tests forecasts on a run's own past."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import RunId, StoreDir, check_writable, chosen_run
from clv.core.errors import InputError
from clv.runs import write_json, write_rows

if TYPE_CHECKING:
    from clv.runs import Run


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
    from clv.forecast import pipeline, receipts  # noqa: PLC0415

    chosen = chosen_run(run_id, store)
    if out is not None:
        check_writable([out])
    if chosen.only_value:
        _of_ready_made(chosen, out)
        return
    with terminal.progress() as progress:
        found = pipeline.receipt(chosen, progress)
    dates = [origin["as_of"] for origin in found["origins"]]
    if not dates:
        msg = "The history of this run supports no test."
        raise InputError(msg, found["reason"])
    if out is None:
        terminal.say_leaderboard(receipts.leaderboard(found))
    elif out.suffix == ".json":
        write_json(out, found)
    else:
        write_rows(receipts.boards(found), out)
    terminal.say_tests(found, out)


def _of_ready_made(run: Run, out: Path | None) -> None:
    """Print how well a run's ready-made model told the best customers on past dates, or write it."""
    from clv.learn.ready_made import comparison  # noqa: PLC0415

    with terminal.progress() as progress:
        found = comparison.compared(run, progress)
    if not found["origins"]:
        msg = "The history of this run supports no test."
        raise InputError(msg, found["reason"])
    rows = comparison.together(found)
    if out is None:
        terminal.say_table(list(rows[0]), rows)
    elif out.suffix == ".json":
        write_json(out, found)
    else:
        write_rows(rows, out)
    dates = ", ".join(origin["as_of"] for origin in found["origins"])
    head = f"{out}: r" if out else "R"
    typer.echo(f"{head}evenue, as of {dates}, {found['horizon_months']} months ahead.")
    if found["reason"]:
        typer.echo(f"  note      {found['reason']}")
