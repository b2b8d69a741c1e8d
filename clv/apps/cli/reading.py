"""How order files are to be read: the options that several commands share, and what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from clv.core.errors import SettingsError
from clv.core.settings import IngestOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

_READING: Final = "How to read the files"

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT…",
        help="Order files: CSV, TSV, text, .gz, .zip, .xlsx or Parquet. Several are read as one.",
        show_default=False,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        help="Known export: shopify, woocommerce, online-retail, order-lines, transactions, cdnow. "
        "Detected by default.",
        rich_help_panel=_READING,
    ),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="ROLE=COLUMN",
        help="Say which column is which, e.g. --map customer_id=Kundennr --map ordered_at=Datum. "
        "Repeatable. Columns of a file without header are column_1, column_2, …; nothing after the "
        "= takes a role away.",
        rich_help_panel=_READING,
    ),
]
DateOrder = Annotated[
    Literal["dmy", "mdy", "ymd"] | None,
    typer.Option(help="Order of day and month in dates such as 03/04/2017."),
]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark, '.' or ','. Detected by default.")]
Encoding = Annotated[str | None, typer.Option(help="utf-8, cp1252, … Detected by default.")]
Delimiter = Annotated[
    str | None, typer.Option(help="comma, semicolon, tab, pipe or spaces. Detected by default.")
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="COLUMN",
        help="Compare customers by this column (country, channel, category…). Repeatable. Found in "
        "the file by default.",
        rich_help_panel=_READING,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="Accept rows that a rule would reject: duplicate, far_date. Repeatable."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Reject rows that a rule would keep: duplicate, zero_value. Repeatable."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="Day on which the forecast stands; later rows are rejected. "
        "Default: day of the last order.",
    ),
]
Rejects = Annotated[
    Path | None, typer.Option(help="Write the rejected rows here (CSV or .parquet).")
]
Report = Annotated[Path | None, typer.Option(help="Write the check report here (JSON).")]


def ingest_options(
    layout: str | None,
    map_: Sequence[str] | None,
    date_order: Literal["dmy", "mdy", "ymd"] | None,
    decimal: str | None,
    encoding: str | None,
    delimiter: str | None,
    label: Sequence[str] | None,
    keep: Sequence[str] | None,
    drop: Sequence[str] | None,
) -> IngestOptions:
    """Return the options of reading, as they were given.

    Raises
    ------
    SettingsError
        One of them is not what it can be.
    """
    mapping = roles(map_)
    if decimal not in {None, ".", ","}:
        msg = f'The decimal mark is "{decimal}"; it can be "." or ",".'
        raise SettingsError(msg)
    return IngestOptions(
        layout=layout,
        mapping=mapping,
        date_order=date_order,
        decimal=decimal,  # type: ignore[arg-type]
        encoding=encoding,
        delimiter=delimiter,
        keep=frozenset(keep or ()),
        drop=frozenset(drop or ()),
        labels=tuple(label) if label else None,
    )


def roles(entries: Sequence[str] | None) -> dict[str, str]:
    """Return the column of each role that ``--map ROLE=COLUMN`` names."""
    mapping: dict[str, str] = {}
    for entry in entries or ():
        role, equals, column = entry.partition("=")
        if not (equals and role):
            msg = f'--map "{entry}" is not ROLE=COLUMN.'
            raise SettingsError(msg, "For instance: --map customer_id=Kundennr")
        mapping[role.strip()] = column
    return mapping


def day_of(text: str | None, name: str = "date") -> date | None:
    """Return a day given as YYYY-MM-DD; ``name`` is what an error calls it."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f'The {name} "{text}" is not a date.'
        raise SettingsError(msg, "Write it as YYYY-MM-DD, for instance 2017-10-17.") from None
