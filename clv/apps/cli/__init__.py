"""The command line: the same job as the dashboard, for schedulers and terminals.

Exit codes: 0 done, 2 the user can mend it (their file, an option), 1 our fault; of the monitoring, 3
look at it, 4 don't use it. Errors go to stderr in one block. Progress shows on a terminal only.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Final, NoReturn

import typer

from clv import __version__
from clv.apps.cli.backtest import backtest
from clv.apps.cli.compare import compare
from clv.apps.cli.customers import segments, top
from clv.apps.cli.models import app as models
from clv.apps.cli.monitor import monitor
from clv.apps.cli.report import report
from clv.apps.cli.run import check, run
from clv.apps.cli.runs import app as runs
from clv.apps.cli.sample import sample
from clv.apps.cli.serve import serve
from clv.apps.cli.simulate import simulate
from clv.apps.cli.train import score, train
from clv.core import stopping
from clv.core.errors import ClvError, InputError
from clv.runs.disk import full

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_STOPPED: Final = 128 + signal.SIGINT

app.command()(run)
app.command()(check)
app.command()(top)
app.command()(segments)
app.command()(simulate)
app.command()(backtest)
app.command()(compare)
app.command()(monitor)
app.command()(report)
app.command()(serve)
app.command()(train)
app.command()(score)
app.command()(sample)
app.add_typer(runs, name="runs")
app.add_typer(models, name="model")


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
