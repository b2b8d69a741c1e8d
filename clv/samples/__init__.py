"""Sample files to try everything on: five invented ones in ``data/``, and the real CDNOW log.

The invented files come from a seeded generator: the same seed writes the same bytes, and
``python -m clv.samples`` writes ``data/`` again.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.errors import FileError, InputError, did_you_mean
from clv.samples import exports, logs, marketplace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DATA", "SAMPLES", "SEED", "Sample", "generate", "sample", "sample_path"]

DATA: Final = Path(__file__).resolve().parents[2] / "data"
#: Seed of the committed files.
SEED: Final = 2017


@dataclass(frozen=True)
class Sample:
    """One sample file.

    Parameters
    ----------
    title, description
        What a person reads before choosing it.
    filename
        Its name on disk, and as a download.
    write
        Draws the file's content from a random generator; ``None`` for a real file.
    """

    title: str
    description: str
    filename: str
    write: Callable[[np.random.Generator], str | bytes] | None = None


SAMPLES: Final = {
    "transactions": Sample(
        "Online shop, transactions",
        "About 50,000 invented purchases in two years: customer, time, value. "
        "With a busy year end and some dirt.",
        "transactions.csv",
        logs.transactions,
    ),
    "order-lines": Sample(
        "Online shop, order lines",
        "About 20,000 invented order lines: most orders have several. "
        "With refunds, repeated lines and some dirt.",
        "order_lines.csv",
        logs.order_lines,
    ),
    "shopify": Sample(
        "Shopify export",
        "About 1,500 invented orders as Shopify exports them: unpaid, refunded and cancelled ones "
        "among them.",
        "shopify_orders.csv",
        exports.shopify,
    ),
    "woocommerce": Sample(
        "WooCommerce export",
        "About 2,000 invented orders as WooCommerce exports them, a third of them by guests.",
        "woocommerce_orders.csv",
        exports.woocommerce,
    ),
    "marketplace": Sample(
        "Marketplace tables",
        "About 23,000 invented orders of 20,000 customers, in eight tables as the marketplace Olist "
        "has them: orders, payments, customers, items, products, sellers, reviews, categories.",
        "marketplace.zip",
        marketplace.marketplace,
    ),
    "cdnow": Sample(
        "CDNOW, real",
        "Every purchase of the 23,570 people who first bought at the music shop CDNOW in early "
        "1997, until June 1998. The log that most papers in this field are measured on.",
        "CDNOW_master.txt",
    ),
}


def sample(name: str) -> Sample:
    """Return the sample called `name`.

    Raises
    ------
    InputError
        There is none; the message names the closest one and lists all.
    """
    if name not in SAMPLES:
        msg = f'There is no sample "{name}".{did_you_mean(name, SAMPLES)}'
        raise InputError(msg, f"Choose one of: {', '.join(SAMPLES)}.")
    return SAMPLES[name]


def sample_path(name: str) -> Path:
    """Return where the sample's file lies.

    Raises
    ------
    InputError
        There is no sample of this name.
    FileError
        Its file is not there.
    """
    chosen = sample(name)
    path = (DATA if chosen.write else _lifetimes_datasets()) / chosen.filename
    if not path.is_file():
        hint = "Write it again: make samples." if chosen.write else "Run: make setup."
        msg = f"The sample file {chosen.filename} is missing."
        raise FileError(msg, hint)
    return path


def generate(name: str, out: str | Path, seed: int = SEED) -> Path:
    """Write the sample called `name` to `out`: drawn with `seed`, or copied where it is real.

    The same seed writes the same bytes. Returns the path written to.

    Raises
    ------
    InputError
        There is no sample of this name.
    """
    write = sample(name).write
    out = Path(out)
    if write is None:
        shutil.copyfile(sample_path(name), out)
    else:
        content = write(np.random.default_rng(seed))
        out.write_bytes(content.encode() if isinstance(content, str) else content)
    return out


def _lifetimes_datasets() -> Path:
    """Find the data sets of lifetimes without importing it: that takes a second and warns."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        msg = "The package lifetimes, which holds the CDNOW log, is not installed."
        raise FileError(msg, "Run: make setup.")
    return Path(spec.origin).parent / "datasets"
