"""The command that compares two forecasts of who buys, one of them from outside if need be."""

from __future__ import annotations

import textwrap
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import RunId, StoreDir, check_writable, chosen_run
from clv.core.errors import InputError
from clv.runs import write_json, write_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from clv.core.schema import BinsReport, Receipt
    from clv.ingest import Chances
    from clv.runs import Run

#: Stands for the chances of ``--probabilities``.
_FILE: Final = "file"
_WIDTH: Final = 88


def compare(
    first: Annotated[str, typer.Argument(metavar="MODEL_A", help="A forecast that was tested.")],
    second: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_B", help="Another one; file, the default, for --probabilities."
        ),
    ] = _FILE,
    *,
    run_id: RunId = None,
    probabilities: Annotated[
        Path | None,
        typer.Option(
            help="Chances made elsewhere as of the test's date: customer_id, probability. Any format "
            "that orders can have."
        ),
    ] = None,
    to_score: Annotated[
        Path | None,
        typer.Option(help="Write the customers to score here (CSV): ids and histories."),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write the file's rows that were left out here (CSV).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the bins here (CSV), or everything (.json).")
    ] = None,
    store: StoreDir = None,
) -> None:
    """Compare two forecasts of who buys on the customers of the last test, in four bins.

    Example: python -m clv compare mbg-nbd recency-rule
    """
    from clv.insights import bins  # noqa: PLC0415

    check_writable([to_score, rejects, out], [probabilities] if probabilities else [])
    receipt, tested = _test_of(chosen_run(run_id, store))
    if to_score is not None:
        write_rows(tested.select(["customer_id", "frequency", "recency", "T"]), to_score)
        as_of = receipt["origins"][-1]["as_of"]
        typer.echo(f"{to_score}: {tested.num_rows:,} customers to score, as of {as_of}.")
        if probabilities is None and second == _FILE:
            return
    outside = _outside(probabilities, (first, second), tested)
    if outside is not None and rejects is not None:
        write_rows(outside.rejects, rejects)
    names = [outside.name if outside and n == _FILE else n for n in (first, second)]
    found = bins.report(receipt, tested, names[0], names[1], outside)
    if out is not None and out.suffix == ".json":
        write_json(out, found)
    elif out is not None:
        write_rows(bins.rows(found), out)
    _say(found, out)


def _test_of(run: Run) -> tuple[Receipt, pa.Table]:
    """Return a run's receipt and the customers of its last test."""
    receipt, tested = run.receipt, run.tested()
    if receipt is None or tested is None:
        msg = "This run has not been tested, so that there is nothing to compare."
        why = receipt["reason"] if receipt else ""
        raise InputError(msg, why or "Test it: python -m clv backtest")
    return receipt, tested


def _outside(path: Path | None, names: tuple[str, str], tested: pa.Table) -> Chances | None:
    """Read the chances from outside; exactly one of the two forecasts is theirs."""
    from clv.ingest import read_chances  # noqa: PLC0415

    if path is None:
        if _FILE in names:
            msg = "The second forecast is not named."
            raise InputError(msg, "Name it, or give --probabilities FILE.")
        return None
    if names.count(_FILE) != 1:
        msg = f"--probabilities is given, but {' and '.join(names)} are compared."
        raise InputError(msg, f"Write {_FILE} for one of them: compare {names[0]} {_FILE}.")
    return read_chances(path, tested["customer_id"])


def _say(found: BinsReport, out: Path | None) -> None:
    """Print the verdict, what was read from outside, the bins and the scores."""
    from clv.core.scores import NAMES  # noqa: PLC0415
    from clv.insights.bins import SIDES  # noqa: PLC0415
    from clv.report.words import bins as words  # noqa: PLC0415

    for told in filter(None, (words.verdict(found), words.useless(found))):
        typer.echo(textwrap.fill(told.replace("\u00a0", " "), _WIDTH))
    if outside := found.get("outside"):
        typer.echo(textwrap.fill(words.read(outside).replace("\u00a0", " "), _WIDTH))
        if outside["rejected"]:
            typer.echo(f"  left out  {words.left_out(outside)}")
    if out is not None:
        typer.echo(f"{out}: written.")
        return
    columns = ["forecast", "bin", "customers", "predicted", "actual", "low", "high"]
    rows = [
        {"forecast": found["names"][side]} | row for side in SIDES for row in found["bins"][side]
    ]
    terminal.say_table(columns, rows)
    typer.echo("")
    terminal.say_table(
        ["score", *SIDES, "first - second"],
        [
            {
                "score": name,
                **{s: words.score(name, found["measures"][s][name]) or "-" for s in SIDES},
                "first - second": words.apart(name, found["differences"][name]) or "-",
            }
            for name in NAMES
        ],
    )
