"""Dates as files write them: recognise the writings, then read each cell strictly in SQL.

A cell is read by the writing it has (`clv.ingest.files.writings`), whatever its neighbours have. One thing
a cell alone cannot tell is the order of day and month in 03/04/2017: that is chosen for a column, or
asked. What does not fit is never bent into a date; its row is rejected with the value in the reason.

A day is the shop's own: times keep the clock that they were written with, whatever offset or name of
a zone stands behind it. Only if the shop's zone is given are times taken to it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import available_timezones

from clv.core import engine
from clv.core.errors import SettingsError, did_you_mean
from clv.ingest.files import date_sql
from clv.ingest.files.date_order import UNKNOWN, decide, gather
from clv.ingest.files.writings import COARSE, DAYS, Written, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clv.core.settings import DateOrder
    from clv.ingest.files.date_order import Evidence, Style

#: First day and first day after it that a date can have; anything else is a typing error.
DATE_RANGE: Final = ("1900-01-01", "9999-12-31")

DateKind = Literal[
    "iso",
    "compact",
    "ymd",
    "dmy",
    "mdy",
    "text",
    "era",
    "week day",
    "months",
    "weeks",
    "seconds",
    "millis",
    "micros",
    "nanos",
    "microsoft",
    "serial",
]
_EPOCHS: Final[dict[int, DateKind]] = {10: "seconds", 13: "millis", 16: "micros", 19: "nanos"}
_TEXT: Final = ("day month", "month day", "year month", "asctime")
_BUDDHIST: Final = range(2443, 2644)
_ANYWHERE: Final = ("iso", "numeric", "day month", "serial")
_TIME: Final = re.compile(r"([ T])\d{1,2}:\d\d(:\d\d)?(?:( ?)([AP]M))?$")
#: Fewer cells that can be read two ways cost their rows, more a question.
_DOUBT: Final = 0.01
#: That no day of so many is above 12 happens once in thousands of files.
_ENOUGH: Final = 10
#: From this share of a column on, cells are a writing of it, not a slip.
_SOME: Final = 0.05


@dataclass(frozen=True)
class DateFormat:
    """How a date column is written.

    Attributes
    ----------
    kind
        The most frequent writing: ``iso`` year first, ``compact`` YYYYMMDD, ``dmy``, ``mdy``, ``ymd``
        with a two-digit year, ``text`` month names, ``seconds`` to ``nanos`` since 1970, ``serial`` days
        as spreadsheets count them, ``months`` and ``weeks`` without a day…
    separator, short_year
        For ``iso``, ``dmy``, ``mdy`` and ``ymd``.
    ambiguous
        Nothing in the sample tells day from month.
    others
        Titles of further writings that are frequent.
    orders
        Style of numeric dates → their order.
    order
        The order of other styles; empty where of those only cells count that read one way.
    clock
        How the engine writes the commonest time of day beside it.
    seen
        Writings of the sample. A few common ones are read in any column.
    buddhist
        Years are those of the Buddhist calendar.
    utc
        Every cell of the sample is in UTC, or counts from an instant.
    timed
        Some cell of the sample has a time other than midnight.
    zone
        The shop's, where times are to be taken to it.
    exchanged
        A spreadsheet took day-month for month-day wherever it could: no date has a day above 12, and
        every text that it left alone has.
    """

    kind: DateKind
    separator: str = "-"
    short_year: bool = False
    ambiguous: bool = False
    others: tuple[str, ...] = ()
    orders: Mapping[Style, str] = field(default_factory=dict)
    order: str = ""
    seen: tuple[str, ...] = ()
    clock: str = ""
    buddhist: bool = False
    utc: bool = False
    timed: bool = True
    zone: str | None = None
    exchanged: bool = False

    @property
    def mixed_order(self) -> bool:
        """Some styles of numeric dates are day-month, others month-day."""
        return len({o for (sep, *_), o in self.orders.items() if sep != "."} & {"dmy", "mdy"}) > 1

    @property
    def title(self) -> str:
        """The format as people write it."""
        years = " (Buddhist years)" if self.buddhist else ""
        if len(self.others) > 2:
            return f"several writings{years}"
        return (
            " or ".join([_title(self.kind, self.separator, short=self.short_year), *self.others])
            + years
        )

    @property
    def counted(self) -> bool:
        """The cells are plain numbers that count something."""
        return self.kind in {*_EPOCHS.values(), "serial"}

    def sql(self, column: str, *, common: bool = False) -> str:
        """Return an SQL expression: the column as a timestamp on the shop's clock, or NULL.

        A timestamp outside `DATE_RANGE` is not a date either; the caller tests that on the result.

        Parameters
        ----------
        common
            Try the commonest writing alone; the query fails at any other (`clv.core.engine.give_up`).
        """
        zone = self.zone if self.timed else None
        quick = "" if self.buddhist else self._quick(column, zone)
        if common and quick:
            return f"coalesce({quick}, {engine.give_up(column)})"
        kinds = list(_SHAPES.get(self.kind, (self.kind,)))
        if self.kind not in COARSE:
            kinds += self.seen if common else (*self.seen, *_ANYWHERE)
        rest = date_sql.read(
            column,
            [*dict.fromkeys(kinds)],
            self.orders,
            order=self.order,
            buddhist=self.buddhist,
            zone=zone,
        )
        if common:
            return f"coalesce({rest}, {engine.give_up(column)})"
        return f"coalesce({quick}, {rest})" if quick else rest

    def _quick(self, column: str, zone: str | None) -> str:
        """Return SQL that reads most cells of the commonest formats, and none wrongly."""
        if self.kind == "iso" and self.separator in "-/":
            # The engine's cast passes over a zone or its offset, but over AM and PM as well.
            marks = " OR ".join(f"ends_with({column}, '{mark}')" for mark in "MmPpAa")
            plain = f"substr({column}, 5, 1) = '{self.separator}' AND NOT ({marks})"
            moment = f"try_cast({column} AS TIMESTAMP)"
            if zone:
                offset = f"contains({column}, '+') OR contains(substr({column}, 11), '-')"
                plain += f" AND NOT ({offset}) AND right({column}, 1) IN ({_ENDS})"
                shop = date_sql.shop_clock(moment, zone)
                moment = f"CASE WHEN contains({column}, ':') THEN {shop} ELSE {moment} END"
            return f"(CASE WHEN {plain} THEN {moment} END)"
        if zone:
            return ""
        if digits := next((n for n, kind in _EPOCHS.items() if kind == self.kind and n <= 16), 0):
            number = f"try_cast({column} AS BIGINT) * {10 ** (16 - digits)}"
            plain = f"strlen({column}) = {digits} AND {column} >= '1' AND {column} < '5'"
            return f"(CASE WHEN {plain} THEN make_timestamp({number}) END)"
        half = "12" if "%p" in self.clock else "24" if self.clock else ""
        sure = self.orders.get((self.separator, False, half)) == self.kind and not self.short_year
        day = {
            "dmy": f"%d{self.separator}%m{self.separator}%Y" if sure else "",
            "mdy": f"%m{self.separator}%d{self.separator}%Y" if sure else "",
            "compact": "%Y%m%d",
        }.get(self.kind, "")
        # The engine takes 22 for a year of antiquity.
        late = "CASE WHEN __at >= DATE '1000-01-01' THEN __at END"
        return (
            date_sql.let(f"try_strptime({column}, '{day}{self.clock}')", "__at", late)
            if day
            else ""
        )


#: Kind → the patterns behind it.
_SHAPES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("dmy", "mdy", "ymd"), ("numeric",)),
    **dict.fromkeys(_EPOCHS.values(), ("epoch",)),
    "text": _TEXT,
}
_ENDS: Final = ", ".join(f"'{c}'" for c in "0123456789Z")


def _title(kind: DateKind, separator: str, *, short: bool) -> str:
    year, s = "YY" if short else "YYYY", separator
    return {
        "iso": f"YYYY{s}MM{s}DD",
        "compact": "YYYYMMDD",
        "dmy": f"DD{s}MM{s}{year}",
        "mdy": f"MM{s}DD{s}{year}",
        "ymd": f"YY{s}MM{s}DD",
        "text": "month names",
        "era": "Japanese eras",
        "week day": "YYYY-Www-D",
        "months": "months",
        "weeks": "weeks",
        "seconds": "Unix seconds",
        "millis": "Unix milliseconds",
        "micros": "Unix microseconds",
        "nanos": "Unix nanoseconds",
        "microsoft": "/Date(milliseconds)/",
        "serial": "spreadsheet day numbers",
    }[kind]


#: Dates with points are day-month wherever they are in use.
_POINTS: Final[dict[Style, str]] = {
    (".", short, clock): "dmy" for short in (False, True) for clock in ("", "12", "24")
}


def looks_like_date(text: str) -> bool:
    """Whether a cell reads as a date in any known writing (plain counts of days or seconds excepted)."""
    found = written(text)
    return found is not None and found.kind not in {"epoch", "serial"}


def date_format(sample: Sequence[str], order: DateOrder | None = None) -> DateFormat | None:
    """Return how a sample is written, or None when it holds no dates."""
    cells = [cell for cell in sample if cell.strip()]
    days = [found for cell in cells if (found := written(cell))]
    coarse = [found for cell in cells if (found := written(cell, coarse=True))]
    if len(coarse) > max(2 * len(days), 0.5 * len(cells)):
        days = [found for found in coarse if found.kind in COARSE]
        kind = Counter(found.kind for found in days).most_common(1)[0][0]
        return DateFormat(kind, buddhist=_buddhist(days), timed=False)  # type: ignore[arg-type]
    styles = decide(gather(found for found in days if found.kind == "numeric"), order)
    names = Counter(_name(found, styles) for found in days)
    if not days or len(days) < 0.2 * len(cells):
        return None
    (kind, separator, short), _ = names.most_common(1)[0]
    if kind == "serial" and len(days) < 0.9 * len(cells):
        return None
    unknown = sum(f.kind == "numeric" and styles[f.style] == UNKNOWN for f in days)
    known = {style: found for style, found in styles.items() if found != UNKNOWN}
    rest = {found for (sep, *_), found in known.items() if sep != "."}
    return DateFormat(
        kind,
        separator,
        short,
        ambiguous=unknown > _DOUBT * len(cells),
        others=tuple(
            _title(*name[:2], short=name[2])
            for name, times in names.most_common()[1:]
            if times >= max(2, _SOME * len(cells))
        ),
        orders=_POINTS | known,
        order=order or (rest.pop() if len(rest) == 1 else ""),
        clock=Counter(map(_clock, cells)).most_common(1)[0][0],
        seen=tuple(kind for kind in DAYS if kind in {found.kind for found in days}),
        buddhist=_buddhist(days),
        utc=all(found.utc for found in days),
        timed=any(found.timed for found in days),
        exchanged=_exchanged(days),
    )


def _exchanged(days: Sequence[Written]) -> bool:
    """Whether real dates have no day above 12, and all dates that are text have one."""
    real = [int(found.parts["d"]) for found in days if found.kind == "iso"]
    text = [max(int(f.parts["a"]), int(f.parts["b"])) for f in days if f.kind == "numeric"]
    enough = min(len(real), len(text)) >= _ENOUGH
    return enough and max(real) <= 12 < min(text) and len({*real}) > 2


def _clock(cell: str) -> str:
    """Return the time of day in a cell as the engine writes such times."""
    found = _TIME.search(cell)
    if not found:
        return ""
    blank, seconds, gap, half = found.groups()
    hour = "%I" if half else "%H"
    return f"{blank}{hour}:%M{':%S' if seconds else ''}{gap or ''}{'%p' if half else ''}"


def _name(found: Written, styles: Mapping[Style, str]) -> tuple[DateKind, str, bool]:
    """Return what a cell's writing is called: kind, separator, short year."""
    if found.kind == "numeric":
        sep, short, _ = found.style
        order = styles.get(found.style, UNKNOWN)
        return ("dmy" if order == UNKNOWN else order), sep, short  # type: ignore[return-value]
    if found.kind == "iso":
        return "iso", found.separator, False
    if found.kind == "epoch":
        return _EPOCHS[len(found.parts["n"])], "-", False
    return ("text" if found.kind in _TEXT else found.kind), "-", False  # type: ignore[return-value]


def _buddhist(days: Iterable[Written]) -> bool:
    """Whether every year is one of the Buddhist calendar."""
    years = [v for found in days for k, v in found.parts.items() if k[0] == "y" and v]
    return bool(years) and all(len(y) == 4 and int(y) in _BUDDHIST for y in years)


def settle(found: DateFormat, evidence: Mapping[Style, Evidence]) -> DateFormat | None:
    """Return the format with the order of days and months that a whole column tells.

    Parameters
    ----------
    evidence
        Of its numeric dates, the most frequent style first.

    Returns
    -------
    DateFormat or None
        None where it does not tell.
    """
    styles = decide(evidence)
    if UNKNOWN in styles.values():
        return None
    rest = {order for (sep, *_), order in styles.items() if sep != "."}
    known = replace(
        found,
        ambiguous=False,
        orders=_POINTS | styles,
        order=rest.pop() if len(rest) == 1 else "",
    )
    if found.kind not in {"dmy", "mdy", "ymd"}:
        return known
    (sep, short, _), order = next(iter(styles.items()))
    return replace(known, kind=order, separator=sep, short_year=short)  # type: ignore[arg-type]


def in_zone(found: DateFormat, zone: str | None) -> DateFormat:
    """Return the format with times taken to the shop's zone.

    Raises
    ------
    SettingsError
        There is no such zone.
    """
    if not zone:
        return found
    known = {name.lower(): name for name in available_timezones()}
    if zone.lower() not in known:
        msg = f'There is no time zone "{zone}".{did_you_mean(zone, known.values())}'
        raise SettingsError(msg, "For instance: --timezone Europe/Berlin")
    return replace(found, zone=known[zone.lower()])
