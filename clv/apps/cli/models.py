"""The commands with which an operator allows ready-made models: ``python -m clv model …``."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clv.apps.cli import terminal
from clv.core import stopping
from clv.core.choice import READY_MADE
from clv.core.errors import InputError, ModelFileError
from clv.learn.ready_made.listing import HERE, listing
from clv.learn.ready_made.shelf import Shelf, fingerprint, name_of

if TYPE_CHECKING:
    from clv.learn.ready_made.listing import Listing

app = typer.Typer(
    no_args_is_help=True,
    help="Ready-made models: which files may be loaded.",
    rich_markup_mode=None,
)

_WIDTH: Final = 88

Folder = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of models. Default: $CLV_MODELS, else beside the runs."),
]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A file that dill.dump (or pickle) wrote.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="How to call it. Default: the file's name.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Allow it without being asked.")] = False,
    models: Folder = None,
) -> None:
    """Look at a model's file without loading it, and allow exactly these bytes.

    Example: python -m clv model add spring.dill --name spring
    """
    shelf, name = Shelf(models), name_of(file.stem) if name is None else name
    shelf.check(name)
    content = file.read_bytes()
    found = listing(content)
    typer.echo(f"{file}")
    typer.echo(f"  size      {len(content):,} bytes")
    typer.echo(f"  sha256    {fingerprint(content)}")
    _say(found)
    if not found.ours:
        msg = f"This file was written under Python {found.python}; this is Python {HERE}."
        hint = f"Ask its maker to write it again, with dill.dump, under Python {HERE}."
        raise ModelFileError(msg, hint)
    typer.echo(
        textwrap.fill(
            "Whoever loads this file runs what its maker put into it. It runs in a process of its own "
            "with limits, but with this user's rights to read files. Allow it only if you know and "
            "trust its maker, and the hash is the one that the maker gives.",
            _WIDTH,
        )
    )
    before = next((e for e in shelf.entries() if e.name == name), None)
    instead = f", in place of the one added on {before.added_at[:10]}" if before else ""
    if not yes and not _agreed(f'Allow it as "{name}"{instead}?'):
        typer.echo("Not allowed. Nothing was changed.")
        raise typer.Exit(2)
    entry = shelf.put(name, content)
    typer.echo(f"Allowed: --model {READY_MADE}{entry.name}")


@app.command(name="list")
def list_(*, models: Folder = None) -> None:
    """Show the allowed models, and whether their files are still what was allowed."""
    shelf = Shelf(models)
    rows = []
    for entry in shelf.entries():
        try:
            shelf.load(entry.name)
            state = "ready"
        except ModelFileError as error:
            state = error.message
        rows.append(
            {
                "name": entry.name,
                "size": f"{entry.size:,}",
                "sha256": entry.sha256[:16],
                "added": entry.added_at[:10],
                "state": state,
            }
        )
    if not rows:
        typer.echo("No models yet. Add one: python -m clv model add FILE")
        return
    terminal.say_table(list(rows[0]), rows)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As `model list` shows it.")],
    *,
    models: Folder = None,
) -> None:
    """Forbid a model and delete its file from the folder. Forecasts made with it stay."""
    Shelf(models).remove(name)
    typer.echo(f"{name}: removed.")


def _agreed(question: str) -> bool:
    """Ask, and return whether the answer was yes.

    Raises
    ------
    InputError
        Nobody can answer.
    """
    try:
        return typer.confirm(question)
    except typer.Abort as error:
        stopping.check()
        typer.echo("")
        msg = "Nobody answered; nothing was changed."
        raise InputError(msg, "--yes allows it without being asked.") from error


def _say(found: Listing) -> None:
    """Print what is known of a file without loading it."""
    functions = found.functions
    brings = f"{functions:,} of its own" if functions else "none of its own"
    written = f", written under Python {found.python}" if found.python else ""
    typer.echo(f"  functions {brings}{written}")
    for label, names in (("refers to", found.names), ("they use", found.uses)):
        if names:
            lines = textwrap.wrap(", ".join(names), _WIDTH - 12)
            typer.echo(f"  {label:<9} {lines[0]}")
            for line in lines[1:]:
                typer.echo(f"            {line}")
    if found.suspect:
        typer.echo(
            textwrap.fill(
                f"  WARNING   It reaches beyond numbers: {', '.join(found.suspect)}. A model of "
                "customer values needs none of that.",
                _WIDTH,
                subsequent_indent=" " * 12,
            )
        )
