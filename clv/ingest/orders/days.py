"""What is said of the days that orders were read to be on: what was chosen, and what is in doubt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import AmbiguousDateError
from clv.ingest.files.date_order import doubt
from clv.ingest.orders import date_cells
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, switch
from clv.ingest.orders.table import date_evidence, outside_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from clv.core.schema import Decision
    from clv.core.settings import IngestOptions
    from clv.ingest.orders.table import Table

#: More rows than this share that are day-month or month-day, and nobody knows which: it is asked.
_DOUBT: Final = 0.01
#: It takes this many orders to see a shop's night, and this few of them in its six hours.
_FEWEST: Final = 500
_QUIET: Final = 0.12
#: The middle of the quietest hours on a shop's own clock, and how far off it may be.
_NIGHT: Final = 4
_FAR: Final = 3
#: Hours ahead of UTC → zones of many shops there.
_ZONES: Final = {
    -10: ("Pacific/Honolulu",),
    -8: ("America/Los_Angeles",),
    -7: ("America/Denver", "America/Los_Angeles"),
    -6: ("America/Chicago", "America/Mexico_City"),
    -5: ("America/New_York", "America/Bogota"),
    -4: ("America/New_York", "America/Santiago"),
    -3: ("America/Sao_Paulo", "America/Argentina/Buenos_Aires"),
    3: ("Europe/Istanbul", "Europe/Moscow"),
    4: ("Asia/Dubai",),
    5: ("Asia/Karachi", "Asia/Kolkata"),
    6: ("Asia/Kolkata", "Asia/Dhaka"),
    7: ("Asia/Jakarta", "Asia/Bangkok"),
    8: ("Asia/Singapore", "Asia/Shanghai", "Australia/Perth"),
    9: ("Asia/Tokyo", "Asia/Seoul"),
    10: ("Australia/Sydney", "Australia/Brisbane"),
    11: ("Australia/Sydney",),
    12: ("Pacific/Auckland",),
}


def refuse_doubtful(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], options: IngestOptions
) -> None:
    """Ask where many rows of ``lines`` have a date that is day-month or month-day.

    The first rows of a file tell its order; later ones may be of another author.

    Raises
    ------
    AmbiguousDateError
        More than a few of a file's dates can be read two ways.
    """
    if options.date_order:
        return
    for table in tables:
        here = f"rowid >= {table.first_row} AND rowid < {table.first_row + table.rows}"
        left = f"lines WHERE code = {NUMBER['unreadable_date']} AND {here}"
        if int(engine.row(con, f"SELECT count(*) FROM {left}")[0]) <= _DOUBT * table.rows:
            continue
        found = date_evidence(con, "detail", f"(SELECT detail FROM {left})")
        if sum(e.cells for e in found.values()) > _DOUBT * table.rows:
            if table.dates.kind in {"dmy", "mdy"}:
                example = next(iter(found.values())).example
                why = f"most are {table.dates.title}, which '{example}' is not."
                hint = "--date-order dmy or --date-order mdy"
            else:
                why, hint = doubt(found)
            name = date_cells.title(table.mapping)
            msg = f"{table.source.name}: the dates in `{name}` can be read two ways: {why}"
            raise AmbiguousDateError(msg, "Say which it is.", hint)


def decisions(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[Decision]:
    """Return what was decided about the days of ``orders``."""
    made = [decision for table in tables for decision in _of_file(table)]
    if all(t.dates.utc and t.dates.timed and not t.dates.zone for t in tables):
        made += _in_utc(con, tables)
    return made


def _of_file(table: Table) -> list[Decision]:
    """Return what was decided about the dates of one file."""
    name, found = table.source.name, table.dates
    column = date_cells.title(table.mapping)
    said: list[tuple[str, str]] = []
    if found.kind == "weeks":
        said.append(
            ("months_only", f"`{column}` names weeks, not days: an order counts on its Monday.")
        )
    elif found.kind == "months":
        why = f"`{column}` names months, not days: an order counts on the first of its month."
        said.append(("months_only", why))
    if found.buddhist:
        why = f"The years in `{column}` are those of the Buddhist calendar: 2565 is 2022."
        said.append(("buddhist_years", why))
    if found.exchanged:
        why = (
            f"In `{column}` no date has a day above 12, and every text has: a spreadsheet seems to have "
            "exchanged day and month wherever it could. Export the file again, and don't open it before."
        )
        said.append(("dates_exchanged", why))
    if found.mixed_order:
        why = f"In `{column}` some dates are day-month and others month-day, told apart by their writing."
        said.append(("date_writings", why))
    if found.zone and found.timed:
        why = f"Times are on the clock of {found.zone}: those in UTC, or without a zone, were converted."
        said.append(("timezone", why))
    elif found.zone:
        why = f"`{column}` has no time of day: the time zone {found.zone} changes nothing."
        said.append(("timezone", why))
    heavy = {"months_only", "dates_exchanged"}
    return [
        decision(code, f"{name}: {why}", table.rows, weighty=code in heavy) for code, why in said
    ]


def _in_utc(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[Decision]:
    """Propose a zone where all times are in UTC and the shop's night is not at night there."""
    hours = [0] * 24
    for hour, count in con.execute(
        "SELECT hour(ordered_at), count(*) FROM orders GROUP BY 1"
    ).fetchall():
        hours[hour] = count
    ahead = hours_ahead(hours)
    if ahead is None or any(outside_utc(t, date_cells.sql(t.mapping)) for t in tables):
        return []
    total, moved = engine.row(
        con,
        f"SELECT count(*), count(*) FILTER ((ordered_at + to_hours({ahead}))::DATE <> ordered_at::DATE) "
        "FROM orders",
    )
    sentence = (
        f"Times are in UTC, and by them the shop is quietest around {(_NIGHT - ahead) % 24}:00: it seems to "
        f"be at about UTC{ahead:+d}. On its own clock {moved:,} orders are of another day."
    )
    names = (*_ZONES.get(ahead, ()), f"Etc/GMT{-ahead:+d}")
    switches = [switch(f"The clock of {name}", "--timezone", name) for name in names]
    weighty = moves_much(moved, total)
    return [decision("utc_times", sentence, moved, switches=switches, weighty=weighty)]


def hours_ahead(hours: Sequence[int]) -> int | None:
    """Return how far ahead of UTC a shop seems to be, by its quiet hours.

    Parameters
    ----------
    hours
        Shape (24,): orders by hour of the day in UTC.

    Returns
    -------
    int or None
        None where nothing clear is seen, or the quiet hours are about those of the night in UTC.
    """
    total = sum(hours)
    if total < _FEWEST:
        return None
    sums = [sum(hours[(start + i) % 24] for i in range(6)) for start in range(24)]
    least = min(sums)
    if least > _QUIET * total:
        return None
    # A shop that is closed for longer has several such windows: the middle of them.
    angles = [
        2 * math.pi * (start + 3) / 24 for start, n in enumerate(sums) if n <= least + 0.01 * total
    ]
    middle = math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles))) * 24 / (2 * math.pi)
    ahead = round((_NIGHT - middle + 12) % 24 - 12)
    return ahead if abs(ahead) >= _FAR else None
