"""The commands that list customers of a run: the best, and those of a segment."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import Annotated, Final, Literal

import typer

from clv.apps.cli import terminal
from clv.apps.cli.options import OutCsv, RunId, StoreDir, check_writable, chosen_run
from clv.core.errors import InputError

#: Rows of a campaign list that a terminal shows.
_SHOWN: Final = 20


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
    summary = chosen.summary
    total = summary["predicted_purchases" if kind == "buyers" else "predicted_revenue"]
    if total is None and not (kind == "spenders" and chosen.only_value):
        notes = " ".join(note["message"] for note in chosen.model["notes"])
        msg = f"This run has no forecast of {'purchases' if kind == 'buyers' else 'revenue'}."
        raise InputError(msg, notes)
    if out is not None:
        check_writable([out])
        chosen.write_top(kind, n, out)
        customers = summary["customers"]
        typer.echo(f"{out}: the {min(n, customers):,} top {kind} of {customers:,} customers.")
        return
    from clv.report.tables import customers as tables  # noqa: PLC0415

    rows = chosen.top(kind, n).to_pylist()
    if chosen.only_value:
        terminal.say(tables.worth(chosen, rows), tables.BRIEF_WORTH)
    else:
        terminal.say(tables.top(chosen, kind, rows), tables.BRIEF)


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
    from clv.insights.segments import lists, tables  # noqa: PLC0415

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
