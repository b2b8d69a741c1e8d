"""The command that simulates who is still alive, and what they have bought."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import OutCsv, RunId, StoreDir, check_writable, chosen_run
from clv.runs import write_rows


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
    from clv.insights import simulate as simulation  # noqa: PLC0415

    chosen = chosen_run(run_id, store)
    model = simulation.purchase_model(chosen)
    if out is not None:
        check_writable([out])
    seed = simulation.fresh_seed() if seed is None else seed
    one = simulation.one_run(chosen, model, population, customers=customers, seed=seed)
    ahead = simulation.outlook(chosen, model, population, customers=customers, runs=runs, seed=seed)
    rows = simulation.table(one, ahead)
    if out is not None:
        write_rows(rows, out)
        typer.echo(f"{out}: {ahead.customers:,} customers, {runs:,} runs, seed {seed}.")
        return
    terminal.say_simulation(rows)
    typer.echo(f"{ahead.customers:,} customers, {runs:,} runs; again with --seed {seed}")
