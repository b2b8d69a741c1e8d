"""The cell that says when an order was placed: a column, or what is composed of several.

A time of day may stand beside the date; year, month and day may have columns of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.ingest.files.date_sql import let
from clv.ingest.orders.table import sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.ingest.files.dialect import Dialect

_WHOLE: Final = ("ordered_at", "time")
_PARTS: Final = ("year", "month", "day")


def there(mapping: Mapping[str, str]) -> bool:
    """Whether the columns say when an order was placed."""
    return "ordered_at" in mapping or {"year", "month"} <= mapping.keys()


def title(mapping: Mapping[str, str]) -> str:
    """Return what the columns are called, for people."""
    roles = _WHOLE if "ordered_at" in mapping else _PARTS
    return " + ".join(mapping[role] for role in roles if role in mapping)


def sql(mapping: Mapping[str, str]) -> str:
    """Return the cell as SQL, as text."""
    if "ordered_at" not in mapping:
        return _parts(mapping)
    day = engine.name(mapping["ordered_at"])
    return _with_time(day, engine.name(mapping["time"])) if "time" in mapping else day


def cells(dialect: Dialect, mapping: Mapping[str, str]) -> list[str]:
    """Return the first cells."""
    if "ordered_at" in mapping and "time" not in mapping:
        return sample(dialect, mapping["ordered_at"])
    columns = [mapping[role] for role in (*_WHOLE, *_PARTS) if role in mapping]
    places = [dialect.columns.index(column) for column in columns]
    rows = [[row[i] for i in places] for row in dialect.head if len(row) > max(places)]
    with engine.connect() as con:
        names = ", ".join(f"{engine.name(column)} VARCHAR" for column in columns)
        con.execute(f"CREATE TABLE head ({names})")
        con.executemany(
            f"INSERT INTO head VALUES ({', '.join('?' * len(columns))})",
            rows or [[None] * len(columns)],
        )
        found = con.execute(f"SELECT {sql(mapping)} FROM head ORDER BY rowid").fetchall()
    return [cell or "" for (cell,) in found]


def _parts(mapping: Mapping[str, str]) -> str:
    """Year, month and day as ``2022-1-3``; the month may be a name, the day missing."""
    year, month, day = (
        f"regexp_replace(trim({engine.name(mapping[role])}), '\\.0*$', '')"
        if role in mapping
        else "''"
        for role in _PARTS
    )
    full = f"CASE WHEN length({year}) = 2 THEN '20' ELSE '' END || {year}"
    last = f"CASE WHEN {day} = '' THEN '' ELSE '-' || {day} END"
    return f"nullif({full} || '-' || {month} || {last}, '-')"


def _with_time(day: str, time: str) -> str:
    """Return a day and the time beside it; a spreadsheet may give the one a time, the other a day."""
    midnight = r"[ T](?:0?0:00|12:00:00 AM|0?0:00:00(?:\.0*)?)$"
    bare = f"regexp_replace(trim({day}), '{midnight}', '')"
    whole = f"trim(regexp_replace({time}, '^ *\\d{{4}}-\\d\\d-\\d\\d[ T]', ''))"
    # A part of a day, as spreadsheets keep times; 1631, 163100 and 16 without marks.
    share = "strftime(make_timestamp((round(try_cast(replace(__clock, ',', '.') AS DOUBLE) * 86400) * 1000000)::BIGINT), '%H:%M:%S')"
    clock = let(
        whole,
        "__clock",
        f"CASE WHEN regexp_matches(__clock, '^0?[.,]\\d+$') THEN {share} "
        "WHEN regexp_matches(__clock, '^\\d{5,6}$') THEN regexp_replace(__clock, '^(\\d\\d?)(\\d\\d)(\\d\\d)$', '\\1:\\2:\\3') "
        "WHEN regexp_matches(__clock, '^\\d{3,4}$') THEN regexp_replace(__clock, '^(\\d\\d?)(\\d\\d)$', '\\1:\\2') "
        "WHEN regexp_matches(__clock, '^\\d\\d?$') THEN __clock || ':00' ELSE __clock END",
    )
    both = f"__day || CASE WHEN contains(__day, ':') OR coalesce({time}, '') = '' THEN '' ELSE ' ' || {clock} END"
    return let(bare, "__day", both)
