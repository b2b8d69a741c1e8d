"""What was spent on advertising: a table ``channel, spend`` → sums by channel.

Any delimiter and encoding, any writing of amounts. A channel may have many rows, one for each month,
say: they are added up. Every row counts or is rejected with its line, its reason and its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import AmbiguousAmountError
from clv.ingest.files import dialect, source
from clv.ingest.files.decimals import Around, number_format
from clv.ingest.side_tables.two_columns import Wanted, opened

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from clv.ingest.files.numbers import NumberFormat
    from clv.ingest.side_tables.two_columns import TwoColumns

_CHANNEL: Final = Wanted(
    "channel",
    (
        *("channel", "kanal", "canal", "marketingchannel", "source", "utmsource", "medium"),
        *("campaign", "label", "name"),
    ),
)
_SPEND: Final = Wanted(
    "spend",
    (
        *("spend", "cost", "costs", "spent", "adspend", "amount", "budget", "kosten", "ausgaben"),
        *("gasto", "custo", "depense", "marketingspend", "amountspent", "totalspend"),
    ),
)
_CODES: Final = ("", "missing_channel", "unreadable_spend", "negative_spend")


@dataclass(frozen=True)
class Spend:
    """What a file says was spent.

    Attributes
    ----------
    name
        Of the file, as the user knows it.
    by_channel
        Channel as it stands there → sum of its rows, in currency units.
    rows
        Data rows: those added up and those of ``rejects``.
    rejects
        Columns `clv.core.orders.REJECTS`, in the order of the lines.
    read_as
        Which columns were read, in a sentence.
    """

    name: str
    by_channel: dict[str, float]
    rows: int
    rejects: pa.Table
    read_as: str


def read_spend(path: Path, name: str = "") -> Spend:
    """Read what was spent by channel.

    Parameters
    ----------
    path
        A text table in any container that orders can come in.
    name
        What to call the file; by default its own name.

    Raises
    ------
    FileError
        Not a table, or several.
    LayoutError
        The columns cannot be told.
    AmbiguousAmountError
        Nor thousands from decimals.
    """
    with (
        opened(path, name or path.name, _CHANNEL, _SPEND, _dialect, of="costs") as table,
        engine.connect() as con,
    ):
        amount = _amounts(table).sql("figure")
        judged = (
            "SELECT row_number() OVER () - 1 AS i, who, figure, number, CASE WHEN who = '' THEN 1 "
            "WHEN number IS NULL OR NOT isfinite(number) THEN 2 WHEN number < 0 THEN 3 ELSE 0 END AS code "
            f"FROM (SELECT *, {amount} AS number FROM ({table.cells}))"
        )
        by_channel: dict[str, float] = {}
        rejected = []
        for i, channel, cell, number, code in table.execute(con, judged).fetchall():
            if code:
                reason = _reason(code, (table.who, table.figure), str(cell)[:100])
                rejected.append((i, _CODES[code], reason))
            else:
                by_channel[channel] = round(by_channel.get(channel, 0.0) + number, 6)
        return Spend(
            table.name,
            by_channel,
            table.rows,
            table.rejects(rejected),
            f"Read “{table.who}” as the channel and “{table.figure}” as what was spent.",
        )


def _amounts(table: TwoColumns) -> NumberFormat:
    """Return how the costs are written.

    Raises
    ------
    AmbiguousAmountError
        Thousands can't be told from decimals.
    """
    found = number_format(table.figures(), None, Around(table.delimiter, names=[table.figure]))
    if found.doubtful and not found.why:
        msg = (
            f"{table.name}: '{found.doubtful}' in `{table.figure}` can mean thousands or decimals, and no "
            "value in the file decides it."
        )
        raise AmbiguousAmountError(msg, "Write the costs without marks for thousands.")
    return found


def _dialect(table: source.Source) -> dialect.Dialect:
    return dialect.detect(table.path, table.name)


def _reason(code: int, columns: tuple[str, str], cell: str) -> str:
    """Return a rejected row's reason: column, value, remedy."""
    channel, spend = columns
    return {
        "missing_channel": f"`{channel}` is empty. Give every row its channel.",
        "unreadable_spend": (
            f"`{spend}` is '{cell}', not an amount. Write a number such as 1200.50."
            if cell
            else f"`{spend}` is empty. Write a number such as 1200.50."
        ),
        "negative_spend": f"`{spend}` is '{cell}', less than nothing. Write what was spent.",
    }[_CODES[code]]
