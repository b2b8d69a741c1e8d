"""The commands that list, publish and delete runs: ``python -m clv runs …``."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.cli import terminal
from clv.apps.cli.job import AsJson, Wait, failing_as_json, say_line
from clv.apps.cli.options import StoreDir, run_in
from clv.core import names
from clv.core.formatting import plural
from clv.forecast import publish
from clv.runs import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    help="List, publish and delete stored runs.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def show(*, as_json: AsJson = False, store: StoreDir = None) -> None:
    """List the stored runs, newest first; the published one has a star.

    Example: python -m clv runs list
    """
    where = Store(store)
    with failing_as_json() if as_json else nullcontext():
        rows, damaged = publish.listed(where), publish.damaged(where)
    if as_json:
        say_line({"runs": rows, "damaged": damaged})
        return
    if rows:
        columns = ["published", "run", "created", "as of", "customers", "model"]
        terminal.say_table(
            columns,
            [
                {
                    "published": "*" if row["published"] else "",
                    "run": row["run"],
                    "created": row["created_at"][:16].replace("T", " "),
                    "as of": row["as_of"],
                    "customers": row["customers"],
                    "model": row["model"] or "none",
                }
                for row in rows
            ],
        )
    elif not damaged:
        typer.echo("There is no run yet.")
    _say_damaged(damaged)


def _say_damaged(found: Sequence[publish.DamagedRun]) -> None:
    """Name the runs that can't be read, and what to do about them."""
    for one in found:
        shown = ", and published" if one["published"] else ""
        typer.echo(f"Run {one['run']} is damaged{shown}: {one['fault']}.")
    if any(one["published"] for one in found):
        typer.echo("Publish another one: python -m clv runs publish RUN")
    if any(not one["published"] for one in found):
        typer.echo(
            "Restore from a backup, or delete what is damaged: python -m clv runs prune --damaged"
        )


@app.command("publish")
def publish_run(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run; latest: the newest.")],
    *,
    wait: Wait = 0,
    as_json: AsJson = False,
    store: StoreDir = None,
) -> None:
    """Publish a stored run: also the way back to an earlier one.

    Example: python -m clv runs publish latest
    """
    where = Store(store)
    with ExitStack() as stack:
        if as_json:
            stack.enter_context(failing_as_json())
        stack.enter_context(publish.job(where, wait))
        chosen = run_in(where, run_id)
        changed = publish.publish(where, chosen)
    if as_json:
        say_line({"status": "done", "run": chosen.id, "changed": changed})
        return
    told = "Published" if changed else "It was the published run already"
    typer.echo(
        f"{told}: {plural(chosen.summary['customers'], 'customer')} as of {chosen.settings['as_of']}, "
        f"{names.of_card(chosen.model) or 'no forecast'}. Run {chosen.id}"
    )


@app.command()
def prune(
    *,
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest runs to keep.")] = 10,
    damaged: Annotated[
        bool, typer.Option("--damaged", help="Delete runs that can't be read as well.")
    ] = False,
    wait: Wait = 0,
    as_json: AsJson = False,
    store: StoreDir = None,
) -> None:
    """Delete old runs. The published one always stays.

    Example: python -m clv runs prune --keep 10
    """
    where = Store(store)
    with ExitStack() as stack:
        if as_json:
            stack.enter_context(failing_as_json())
        stack.enter_context(publish.job(where, wait))
        gone = publish.prune(where, keep, with_damaged=damaged)
        left, broken = len(where.runs()), publish.damaged(where)
    if as_json:
        say_line({"status": "done", "deleted": gone, "kept": left, "damaged": broken})
        return
    typer.echo(f"Deleted {len(gone):,}, kept {left:,}.")
    _say_damaged(broken)
