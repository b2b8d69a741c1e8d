"""The command that writes a sample file."""

from __future__ import annotations

import shutil
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import Annotated

import typer

from clv.apps.cli.options import check_writable
from clv.core.errors import InputError, did_you_mean


def sample(
    name: Annotated[
        str,
        typer.Argument(help="transactions, order-lines, shopify, woocommerce, marketplace, cdnow."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Where to write the file.")],
) -> None:
    """Write a sample file to try things with.

    Example: python -m clv sample transactions --out transactions.csv
    """
    from clv.samples import SAMPLES, sample_path  # noqa: PLC0415

    if name not in SAMPLES:
        msg = f'There is no sample "{name}".{did_you_mean(name, SAMPLES)}'
        raise InputError(msg, f"Samples: {', '.join(SAMPLES)}.")
    check_writable([out])
    shutil.copyfile(sample_path(name), out)
    typer.echo(f"{out}: {SAMPLES[name].title}. {SAMPLES[name].description}")
