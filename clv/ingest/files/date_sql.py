"""SQL that reads a cell by the writing it has; see `clv.ingest.files.writings` for the patterns.

Cells are folded once and tried writing by writing: the engine evaluates a ``coalesce`` for the rows
that are not read yet only, so that a rare writing costs the others nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.ingest.files.calendar_words import MONTHS, SIGNS
from clv.ingest.files.writings import ERAS, EVENING, FINDERS, PARTS, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: A year of two digits is this many years ahead at most.
_AHEAD: Final = 10
_BUDDHIST: Final = 543
#: A search in one text is planned and done faster than one in a list of names.
_NAMES: Final = "|" + "|".join(f"{name}={number:02}" for name, number in MONTHS.items()) + "|"
_OFFSET: Final = "regexp_extract({}, '([+-])(\\d\\d?):?(\\d\\d)?$', ['s', 'h', 'm'])"
_FROM: Final = "".join(map(chr, SIGNS))
_TO: Final = "".join(map(chr, SIGNS.values()))


def let(value: str, name: str, body: str) -> str:
    """Return SQL that evaluates a value once and uses it by name."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def folded(column: str) -> str:
    """Return `clv.ingest.files.calendar_words.fold` as SQL."""
    signs = f"{engine.text(_FROM)}, {engine.text(_TO)}"
    other = f"translate(lower(translate({column}, {signs})), {signs})"
    plain = f"lower({column})"
    return (
        f"trim(CASE WHEN strlen({column}) = length({column}) THEN {plain} "
        f"ELSE strip_accents({other}) END)"
    )


def parts_of(text: str, kind: str) -> str:
    """Return SQL: the parts of a folded cell that has a writing, as a structure."""
    return f"regexp_extract({text}, {engine.text(FINDERS[kind])}, {PARTS[kind]})"


def read(
    column: str,
    kinds: Sequence[str],
    orders: Mapping[tuple[str, bool, str], str],
    *,
    order: str = "",
    buddhist: bool = False,
    zone: str | None = None,
) -> str:
    """Return SQL: the cell as a timestamp, NULL where it has none of the writings.

    Parameters
    ----------
    kinds
        Writings, in the order in which they are tried.
    orders, order
        Style of numeric dates → which of day, month and year comes first; what holds for other
        styles, empty where only cells count that can be read one way.
    buddhist
        Years are 543 ahead.
    zone
        The shop's: cells with a time are taken to it, from the offset that they name or from UTC.
    """
    text = folded(column)
    local = _Local(orders, order, buddhist=buddhist, zone=zone)
    shapes = [
        f"CASE WHEN regexp_matches({text}, {engine.text(PATTERNS[kind])}) THEN "
        f"{let(parts_of(text, kind), '__g', local.shapes[kind](kind))} END"
        for kind in kinds
    ]
    return f"coalesce({', '.join(shapes)})"


class _Local:
    """SQL over the parts ``g`` of one cell."""

    def __init__(
        self,
        orders: Mapping[tuple[str, bool, str], str],
        order: str,
        *,
        buddhist: bool,
        zone: str | None,
    ) -> None:
        self.orders, self.order, self.buddhist, self.zone = orders, order, buddhist, zone
        self.shapes: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(("iso", "compact"), self._plain),
            **dict.fromkeys(("day month", "month day", "year month", "asctime"), self._named),
            "numeric": self._numeric,
            "week day": self._week_day,
            "era": self._era,
            "epoch": self._epoch,
            "microsoft": self._epoch,
            "serial": self._serial,
            "months": self._months,
            "weeks": self._weeks,
        }

    def _plain(self, kind: str) -> str:
        return self._moment(kind, self._year("__g.y"), "__g.m", "__g.d")

    def _named(self, kind: str) -> str:
        return self._moment(kind, self._year("__g.y"), _month("__g.mon"), "__g.d")

    def _numeric(self, kind: str) -> str:
        year = self._year("__g.y")
        dates = {
            "dmy": f"{year} || '-' || __g.b || '-' || __g.a",
            "mdy": f"{year} || '-' || __g.a || '-' || __g.b",
            "ymd": f"{self._year('__g.a')} || '-' || __g.b || '-' || __g.y",
        }
        first, second = "try_cast(__g.a AS INT)", "try_cast(__g.b AS INT)"
        certain = (
            f"CASE WHEN {first} > 12 OR {first} = {second} THEN {dates['dmy']} "
            f"WHEN {second} > 12 THEN {dates['mdy']} END"
        )
        rest = dates.get(self.order, certain)
        special = {k: v for k, v in self.orders.items() if v != self.order}
        cases = " ".join(
            f"WHEN __g.sep = '{sep}' AND length(__g.y) {'=' if short else '>'} 2 AND {_clock(clock)} "
            f"THEN {dates.get(order, certain)}"
            for (sep, short, clock), order in special.items()
        )
        return self._timed(kind, f"CASE {cases} ELSE {rest} END" if cases else rest)

    def _week_day(self, kind: str) -> str:
        return self._timed(kind, f"({_monday('__g.y', '__g.w', '__g.wd')})::VARCHAR")

    def _weeks(self, _: str) -> str:
        monday = _monday("__g.y || __g.y2", "__g.w || __g.w2", "'1'")
        return f"({monday})::TIMESTAMP"

    def _months(self, _: str) -> str:
        year = self._year("(__g.y || __g.y2 || __g.y3 || __g.y4 || __g.y5)")
        number = "__g.m || __g.m2 || __g.m5"
        month = f"CASE WHEN {number} <> '' THEN {number} ELSE {_month('(__g.mon || __g.mon4)')} END"
        return f"try_cast({year} || '-' || ({month}) || '-1' AS TIMESTAMP)"

    def _era(self, kind: str) -> str:
        start = "CASE __g.era " + " ".join(f"WHEN '{e}' THEN {y}" for e, y in ERAS.items()) + " END"
        number = "CASE __g.y WHEN '元' THEN 1 ELSE try_cast(__g.y AS INT) END"
        return self._moment(kind, f"(({start}) + ({number}))::VARCHAR", "__g.m", "__g.d")

    def _epoch(self, kind: str) -> str:
        n, part = "try_cast(__g.n AS BIGINT)", ""
        if kind == "epoch":
            part = " + coalesce(try_cast('0' || __g.f AS DOUBLE), 0) * {}"
        micros = " ".join(
            f"WHEN {digits} THEN {n} * {unit}{part.format(unit)}"
            for digits, unit in ((10, 1_000_000), (13, 1000), (16, 1))
        )
        whole = f"CASE length(__g.n) {micros} ELSE {n} // 1000 END"
        moment = f"make_timestamp(({whole})::BIGINT)"
        if kind == "epoch":
            return self._zoned(moment, "true", "''")
        # The number counts from an instant; the offset beside it says what the clock showed.
        return (
            self._zoned(moment, "true", "''")
            if self.zone
            else f"{moment} + to_minutes({_minutes('__g.z')})"
        )

    def _serial(self, _: str) -> str:
        seconds = "round(coalesce(try_cast('0.' || __g.f AS DOUBLE), 0) * 86400)"
        moment = f"make_timestamp(((try_cast(__g.n AS BIGINT) - 25569) * 86400 + {seconds})::BIGINT * 1000000)"
        return self._zoned(moment, "__g.f <> ''", "''")

    def _year(self, year: str) -> str:
        latest = datetime.now(UTC).year + _AHEAD
        number = f"try_cast({year} AS INT)"
        if self.buddhist:
            return f"({number} - {_BUDDHIST})::VARCHAR"
        century = latest // 100 * 100
        full = f"({number} + CASE WHEN {number} <= {latest % 100} THEN {century} ELSE {century - 100} END)"
        return f"(CASE WHEN length({year}) = 2 THEN {full}::VARCHAR ELSE {year} END)"

    def _moment(self, kind: str, year: str, month: str, day: str) -> str:
        return self._timed(kind, f"{year} || '-' || ({month}) || '-' || {day}")

    def _timed(self, kind: str, day: str) -> str:
        """Return the day with the clock beside it."""
        hour = "__g.h"
        if "ap1" in PARTS[kind]:
            number = "try_cast(__g.h AS INT)"
            evening = f"regexp_matches(__g.ap1 || __g.ap2, '{EVENING}')"
            hour = (
                f"CASE WHEN __g.ap1 || __g.ap2 = '' THEN __g.h WHEN {evening} THEN "
                f"(CASE WHEN {number} < 12 THEN {number} + 12 ELSE {number} END)::VARCHAR "
                f"WHEN {number} <= 12 THEN ({number} % 12)::VARCHAR END"
            )
        clock = (
            f"CASE WHEN __g.h = '' THEN '' ELSE ' ' || ({hour}) || ':' || "
            "(CASE WHEN __g.mi = '' THEN '00' ELSE __g.mi END) || ':' || "
            "(CASE WHEN __g.s = '' THEN '00' ELSE __g.s END) || "
            "(CASE WHEN __g.f = '' THEN '' ELSE '.' || left(__g.f, 6) END) END"
        )
        moment = f"try_cast(({day}) || {clock} AS TIMESTAMP)"
        return self._zoned(moment, "__g.h <> ''", "__g.z")

    def _zoned(self, moment: str, timed: str, written: str) -> str:
        """Return the moment on the shop's clock."""
        if not self.zone:
            return moment
        instant = f"{moment} - to_minutes({_minutes(written)})" if written != "''" else moment
        named = f"regexp_matches({written}, '^[a-z]') AND NOT regexp_matches({written}, '^(?:z|utc|gmt|ut)')"
        return f"CASE WHEN {timed} AND NOT ({named}) THEN {shop_clock(instant, self.zone)} ELSE {moment} END"


def shop_clock(instant: str, zone: str) -> str:
    """Return what a clock in a zone shows at a moment in UTC, as SQL."""
    return f"timezone({engine.text(zone)}, timezone('UTC', {instant}))"


def _minutes(zone: str) -> str:
    """Return an offset in minutes, 0 for none."""
    body = (
        "CASE WHEN __o.h = '' THEN 0 ELSE (CASE WHEN __o.s = '-' THEN -1 ELSE 1 END) * "
        "(60 * try_cast(__o.h AS BIGINT) + coalesce(try_cast(__o.m AS BIGINT), 0)) END"
    )
    return let(_OFFSET.format(zone), "__o", body)


def _month(name: str) -> str:
    place = f"instr({engine.text(_NAMES)}, '|' || {name} || '=')"
    number = f"substr({engine.text(_NAMES)}, {place} + length({name}) + 2, 2)"
    return f"CASE WHEN {place} > 0 THEN {number} END"


def _monday(year: str, week: str, day: str) -> str:
    number = f"try_cast({week} AS INT)"
    start = f"date_trunc('week', make_date(try_cast({year} AS INT), 1, 4))::DATE"
    return (
        f"CASE WHEN {number} BETWEEN 1 AND 53 "
        f"THEN {start} + ({number} - 1) * 7 + (try_cast({day} AS INT) - 1) END"
    )


def _clock(clock: str) -> str:
    if clock == "12":
        return "__g.ap1 || __g.ap2 <> ''"
    return "__g.ap1 || __g.ap2 = '' AND __g.h " + ("<> ''" if clock else "= ''")
