"""How order files are to be read: the options that several commands share, and what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from clv.core import options
from clv.core.errors import SettingsError
from clv.core.settings import IngestOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.settings import Grain

_READING: Final = "How to read the files"

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT…",
        help="Order files: CSV, TSV, text, JSON, .gz, .zip, workbooks or Parquet. Several are read as one.",
        show_default=False,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        help="Known export, such as shopify, stripe, etsy or order-lines; docs/files.md lists them, and so "
        "does the message about a wrong name. Detected by default.",
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
    typer.Option(
        help="Accept rows that a rule would reject: duplicate, far_date, nobody, older_state. Repeatable."
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Reject rows that a rule would keep: duplicate, zero_value. Repeatable."),
]
Amount = Annotated[
    Literal["order", "line", "unit"] | None,
    typer.Option(
        help="What an amount in a row is for: the whole order, the row, or one item in it. Found out "
        "from the file by default.",
        rich_help_panel=_READING,
    ),
]
Status = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORD=MEANING",
        help="What a status or kind of transaction means: counts, no or refund, e.g. --status "
        "pending=counts. Repeatable.",
        rich_help_panel=_READING,
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE",
        help="The shop's time zone, e.g. Europe/Berlin, for a file whose times are in UTC.",
        rich_help_panel=_READING,
    ),
]
Apart = Annotated[
    bool,
    typer.Option(
        "--apart",
        help="Merge no customers: ids and e-mail addresses count as they are written.",
        rich_help_panel=_READING,
    ),
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
    amount: Grain | None,
    status: Sequence[str] | None,
    timezone: str | None,
    *,
    apart: bool,
) -> IngestOptions:
    """Return the options of reading, as they were given.

    Raises
    ------
    SettingsError
        One of them is not what it can be.
    """
    mapping = options.roles(map_ or ())
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
        amount=amount,
        statuses=options.meanings(status or ()),
        timezone=timezone,
        apart=apart,
    )


def day_of(text: str | None, name: str = "date") -> date | None:
    """Return a day given as YYYY-MM-DD; ``name`` is what an error calls it."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f'The {name} "{text}" is not a date.'
        raise SettingsError(msg, "Write it as YYYY-MM-DD, for instance 2017-10-17.") from None
