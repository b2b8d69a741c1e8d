"""Sample files to try everything on: five made-up ones, and the real CDNOW log.

``tools/samples`` writes the made-up ones: ``make samples`` draws them again.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clv.core.errors import FileError, InputError, did_you_mean
from clv.core.shipped import SHIPPED

__all__ = ["DATA", "SAMPLES", "Sample", "demo_model", "sample", "sample_path"]

DATA: Final = SHIPPED


@dataclass(frozen=True)
class Sample:
    """One sample file.

    Parameters
    ----------
    title, description
        What a person reads before choosing it.
    filename
        Its name on disk, and as a download.
    made_up
        Whether a seeded generator wrote it.
    """

    title: str
    description: str
    filename: str
    made_up: bool = True


SAMPLES: Final = {
    "transactions": Sample(
        "Online shop, transactions",
        "About 50,000 made-up purchases in two years: customer, time, value. "
        "With a busy year end and some messy rows.",
        "transactions.csv",
    ),
    "order-lines": Sample(
        "Online shop, order lines",
        "About 20,000 made-up order lines: most orders have several. "
        "With refunds, repeated lines and some messy rows.",
        "order_lines.csv",
    ),
    "shopify": Sample(
        "Shopify export",
        "About 1,500 made-up orders as Shopify exports them: unpaid, refunded and cancelled ones "
        "among them.",
        "shopify_orders.csv",
    ),
    "woocommerce": Sample(
        "WooCommerce export",
        "About 2,000 made-up orders as WooCommerce exports them, a third of them by guests.",
        "woocommerce_orders.csv",
    ),
    "marketplace": Sample(
        "Marketplace tables",
        "About 23,000 made-up orders of 20,000 customers, in eight tables as the marketplace Olist "
        "has them: orders, payments, customers, items, products, sellers, reviews, categories.",
        "marketplace.zip",
    ),
    "cdnow": Sample(
        "CDNOW, real",
        "Every purchase of the 23,570 people who first bought at the music shop CDNOW in early "
        "1997, until June 1998. The log that most papers in this field are measured on.",
        "CDNOW_master.txt",
        made_up=False,
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
    path = (DATA if chosen.made_up else _lifetimes_datasets()) / chosen.filename
    if not path.is_file():
        hint = "Write it again: make samples." if chosen.made_up else "Run: make setup."
        msg = f"The sample file {chosen.filename} is missing."
        raise FileError(msg, hint)
    return path


def demo_model() -> Path | None:
    """Return the folder of the small trained model that comes with the program; None without it."""
    found = DATA / "ltv_demo"
    return found if found.is_dir() else None


def _lifetimes_datasets() -> Path:
    """Find the data sets of lifetimes without importing it: that takes a second and warns."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        msg = "The package lifetimes, which holds the CDNOW log, is not installed."
        raise FileError(msg, "Run: make setup.")
    return Path(spec.origin).parent / "datasets"
