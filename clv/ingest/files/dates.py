"""Dates as files write them: recognise the format, then read it strictly in SQL.

A format is chosen from a sample and shown; a value that does not fit it is never bent into one, its
row is rejected with the value in the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv.core.settings import DateOrder

_TIME: Final = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?)?"
_ZONE: Final = r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
_ISO: Final = re.compile(rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}{_ZONE}")
_COMPACT: Final = re.compile(
    r"(?:19|20|21)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?\d{6}Z?)?"
)
_NUMERIC_DATE: Final = re.compile(
    rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}{_ZONE}"
)
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TEXT_DATE: Final = re.compile(
    rf"(?:\d{{1,2}}[ -]{_MONTH},?[ -]\d{{4}}|{_MONTH} \d{{1,2}},? \d{{4}}){_TIME}{_ZONE}",
    re.IGNORECASE,
)
_SECONDS: Final = re.compile(r"[1-4]\d{9}(?:\.\d+)?")
_MILLIS: Final = re.compile(r"[1-4]\d{12}")
_DATE_KINDS: Final = {
    "iso": _ISO,
    "compact": _COMPACT,
    "numeric": _NUMERIC_DATE,
    "text": _TEXT_DATE,
    "seconds": _SECONDS,
    "millis": _MILLIS,
}


#: First day and first day after it that a date can have; anything else is a typing error.
DATE_RANGE: Final = ("1900-01-01", "9999-12-31")

DateKind = Literal["iso", "compact", "ymd", "dmy", "mdy", "text", "seconds", "millis"]


@dataclass(frozen=True)
class DateFormat:
    """How a date column is written.

    Attributes
    ----------
    kind
        ``iso`` year first, ``compact`` YYYYMMDD, ``dmy``, ``mdy``, ``ymd`` with a two-digit year,
        ``text`` month names, Unix ``seconds`` or ``millis``.
    separator, short_year
        For ``dmy``, ``mdy`` and ``ymd``.
    ambiguous
        Nothing in the sample tells day from month.
    """

    kind: DateKind
    separator: str = "-"
    short_year: bool = False
    ambiguous: bool = False

    @property
    def title(self) -> str:
        """The format as people write it."""
        year = "YY" if self.short_year else "YYYY"
        s = self.separator
        return {
            "iso": f"YYYY{s}MM{s}DD",
            "compact": "YYYYMMDD",
            "dmy": f"DD{s}MM{s}{year}",
            "mdy": f"MM{s}DD{s}{year}",
            "ymd": f"YY{s}MM{s}DD",
            "text": "month names",
            "seconds": "Unix seconds",
            "millis": "Unix milliseconds",
        }[self.kind]

    def sql(self, column: str) -> str:
        """Return an SQL expression: the column as a UTC timestamp, or NULL.

        A timestamp outside `DATE_RANGE` is not a date either; the caller tests that on the result.
        """
        if self.kind == "compact":
            formats = "['%Y%m%d', '%Y%m%d%H%M%S', '%Y%m%dT%H%M%S', '%Y%m%dT%H%M%SZ']"
            return f"try_strptime(trim({column}), {formats})"
        if self.kind in {"seconds", "millis"}:
            scale = 1_000_000 if self.kind == "seconds" else 1_000
            number = f"try_cast({column} AS DOUBLE)"
            valid = f"abs({number}) < 1e{11 if self.kind == 'seconds' else 14}"
            return f"(CASE WHEN {valid} THEN make_timestamp(({number} * {scale})::BIGINT) END)"
        if self.kind == "iso" and self.separator in "-/":
            # The engine's cast passes over a UTC offset: only cells without one may take it.
            offset = f"contains({column}, '+') OR contains(substr({column}, 11), '-')"
            zoned = _zoned(f"trim({column})", lambda c: f"try_cast({c} AS TIMESTAMP)")
            plain = f"(CASE WHEN {offset} THEN NULL ELSE try_cast({column} AS TIMESTAMP) END)"
            return f"coalesce({plain}, {zoned})"
        formats = ", ".join(f"'{f}'" for f in self._formats())
        return _zoned(f"trim({column})", lambda c: f"try_strptime({c}, [{formats}])")

    def _formats(self) -> list[str]:
        s, y = self.separator, "%y" if self.short_year else "%Y"
        days = {
            "iso": [f"%Y{s}%m{s}%d"],
            "dmy": [f"%d{s}%m{s}{y}"],
            "mdy": [f"%m{s}%d{s}{y}"],
            "ymd": [f"%y{s}%m{s}%d"],
            "text": [
                *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y"),
                *("%d %B %Y", "%d-%B-%Y", "%B %d, %Y", "%B %d %Y"),
            ],
        }[self.kind]
        times = ["", *("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")]
        joints = (" ", ", ", "T")
        return [
            d + (j + t if t else "") for d in days for t in times for j in (joints if t else " ")
        ]


def _zoned(column: str, read: Callable[[str], str]) -> str:
    """Wrap a reader of local time so that a trailing UTC offset is honoured."""
    offset = f"regexp_extract({column}, '([+-])(\\d\\d):?(\\d\\d)?$', ['s', 'h', 'm'])"
    bare = f"regexp_replace({column}, ' ?(?:Z|UTC|GMT|[+-]\\d\\d:?(?:\\d\\d)?)$', '')"
    minutes = (
        f"to_minutes((CASE WHEN {offset}.s = '-' THEN -1 ELSE 1 END) * (60 * {offset}.h::BIGINT "
        f"+ coalesce(nullif({offset}.m, '')::BIGINT, 0)))"
    )
    has_zone = f"regexp_matches({column}, ':\\d\\d.* ?[+-]\\d\\d:?(?:\\d\\d)?$')"
    has_name = f"regexp_matches({column}, ':\\d\\d.* ?(?:Z|UTC|GMT)$')"
    return (
        f"(CASE WHEN {has_zone} THEN {read(bare)} - {minutes} "
        f"WHEN {has_name} THEN {read(bare)} ELSE {read(column)} END)"
    )


def looks_like_date(text: str) -> bool:
    """Whether a cell reads as a date in any known writing (Unix times excepted)."""
    text = text.strip()
    return any(pattern.fullmatch(text) for pattern in (_ISO, _COMPACT, _NUMERIC_DATE, _TEXT_DATE))


def date_format(sample: Sequence[str], order: DateOrder | None = None) -> DateFormat | None:
    """Return the format most of a sample is written in, or None when it holds no dates."""
    cells = [cell.strip() for cell in sample if cell.strip()]
    kinds = Counter(kind for cell in cells if (kind := _date_kind(cell)))
    kind, count = kinds.most_common(1)[0] if kinds else ("", 0)
    if not count or count < 0.2 * len(cells):
        return None
    if kind == "numeric":
        return _numeric(cells, order)
    if kind == "iso":
        separators = Counter(m.group(1) for c in cells if (m := _ISO.fullmatch(c)))
        return DateFormat("iso", separators.most_common(1)[0][0])
    return DateFormat(kind)  # type: ignore[arg-type]


def _date_kind(cell: str) -> str:
    return next((kind for kind, pattern in _DATE_KINDS.items() if pattern.fullmatch(cell)), "")


def _numeric(cells: list[str], order: DateOrder | None) -> DateFormat:
    parts = [m for cell in cells if (m := _NUMERIC_DATE.fullmatch(cell))]
    separator = Counter(m.group(2) for m in parts).most_common(1)[0][0]
    short = sum(len(m.group(4)) == 2 for m in parts) * 2 > len(parts)
    if order == "ymd" and short:
        return DateFormat("ymd", separator, short)
    if order in {"dmy", "mdy"}:
        return DateFormat("dmy" if order == "dmy" else "mdy", separator, short)
    first = sum(int(m.group(1)) > 12 for m in parts)
    second = sum(int(m.group(3)) > 12 for m in parts)
    if separator == "." or first > second:
        # Dates with points are day-month wherever they are in use.
        return DateFormat("dmy", separator, short)
    if second > first:
        return DateFormat("mdy", separator, short)
    same = all(int(m.group(1)) == int(m.group(3)) for m in parts)
    return DateFormat("dmy", separator, short, ambiguous=not same)
