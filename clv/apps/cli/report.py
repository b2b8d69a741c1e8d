"""The command that writes the whole analysis of a run as one file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import Annotated

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import RunId, StoreDir, check_writable, chosen_run


def report(
    *,
    run_id: RunId = None,
    out: Annotated[
        Path, typer.Option(help="A page to read and print (.html), or a notebook (.ipynb).")
    ],
    store: StoreDir = None,
) -> None:
    """Write the whole analysis of a run as one file: an HTML report or a Jupyter notebook.

    Example: python -m clv report --out report.html
    """
    from clv.report import analysis  # noqa: PLC0415 - `--help` needs none of this

    check_writable([out])
    chosen = chosen_run(run_id, store)
    with terminal.progress() as progress:
        analysis.write(chosen, out, progress)
    typer.echo(f"{out}: {out.stat().st_size / 1000:,.0f} kB, as of {chosen.settings['as_of']}.")
