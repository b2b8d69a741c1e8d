"""The writings of a date that can be told from a cell alone: one grammar, for Python and for the engine.

A writing is a pattern with named parts (``y m d h mi s f ap z``…) that both Python and the engine's RE2
understand, over text folded by `clv.ingest.files.calendar_words.fold`. Day-month and month-day are one
writing here, ``numeric``: which of them it is takes the whole column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from typing import Final

from clv.ingest.files.calendar_words import MONTHS, WEEKDAYS, fold

_WORD: Final = "[a-zß-ɏͰ-ӿא-ת؀-ۿ]{3,}"
_HALF: Final = "上午|午前|오전|下午|午後|오후"
_MARK: Final = rf"[ap]\.? ?m\b\.?|[ap]\b|[πμ]\.?μ\.?|{_HALF}"
#: Abbreviations of time zones: they say nothing that a clock in the shop does not.
_ZONES: Final = (
    "[ecmp][sd]t|ak[sd]t|hst|[as]st|adt|n[sd]t|w?est|wet|e?ee?s?t|ce[sd]?t|mes?z|me[sd]t|bst|ist|msk|trt|gst|"
    "pkt|ict|wi[bt]a?|sgt|hkt|myt|pht|jst|kst|a[ec]?[sd]t|awst|nz[sd]t|brs?t|arts?|clt|clst|cot|pet|sast|"
    "wat|cat|eat|uzt|almt"
)
_ZONE: Final = (
    r"(?: ?\(?(?P<z>z|utc|ut|gmt|(?:utc|gmt)? ?[+-]\d\d?(?::?\d\d)?|"
    rf"{_ZONES}|[a-z]+/[a-z_]+(?:/[a-z_]+)?)\)?(?: ?[(\[].*[)\]])?)?"
)
_CLOCK: Final = (
    rf"(?P<ap1>{_HALF})? ?(?P<h>\d\d?)(?:[:.h]|[时時点點시]) ?(?P<mi>\d\d?)"
    rf"(?:(?:[:.]|[分분] ?)(?P<s>\d\d?)[秒초]?(?:[.,:](?P<f>\d{{1,9}}))?)?[分분]?"
    rf"(?: ?(?P<ap2>{_MARK}))?(?: ?(?:uhr|h|hrs|s))?"
)
_WEEKDAY: Final = rf"(?:{'|'.join(map(re.escape, WEEKDAYS))}|[a-z-]+(?:day|tag|feira))"
_SIGNS: Final = "(?:(?:星期|周|週)?[日月火水木金土天一二三四五六]|[일월화수목금토])(?:曜日?|요일)?"
_DAY_OF_WEEK: Final = (
    rf"(?: ?[(（]?{_SIGNS}[)）]?"
    rf"|,? \(?{_WEEKDAY}\.?\)?)?"
)
_JOINT: Final = r"[t ,;:@日일]+(?:(?:at|um|om|kl\.?|klo|a las|as|a|alle|v|o|в|la) )?"
_TAIL: Final = rf"(?:{_JOINT}{_CLOCK})?{_ZONE}"
_LEAD: Final = rf"(?:{_WEEKDAY}[.,]* *,? )?"
_YEAR: Final = r"(?:г|р|года|року|r|\.)"
_ORDINAL: Final = r"(?:st|nd|rd|th|er|re|e|º|°|ª|\.)?"

_PATTERNS: Final = {
    # 2022-01-03, 2022/1/3, 2022. 1. 3., 2022年1月3日
    "iso": rf"{_LEAD}(?P<y>\d{{4}})(?P<s1>[-/.年년]) ?(?P<m>\d\d?)(?:[-/.月월]) ?(?P<d>\d\d?)(?:[.日일])?"
    rf"{_DAY_OF_WEEK}{_TAIL}",
    # 20220103, 20220103T080500Z, 2022010308
    "compact": r"(?P<y>(?:19|20|21)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
    r"(?:[t _-]?(?P<h>[01]\d|2[0-3])(?::?(?P<mi>[0-5]\d)(?::?(?P<s>[0-5]\d)(?:\.?(?P<f>\d{1,9}))?)?)?)?"
    rf"{_ZONE}",
    "numeric": rf"{_LEAD}(?P<a>\d\d?)(?P<sep>[-/.]) ?(?P<b>\d\d?)[-/.] ?(?P<y>\d{{4}}|\d\d)"
    rf"(?: ?{_YEAR}\.?)?{_DAY_OF_WEEK}{_TAIL}",
    # 3. Januar 2022, 3 de enero de 2022, 03-Jan-22, 3rd of January, 2022
    "day month": rf"{_LEAD}(?P<d>\d\d?){_ORDINAL}[-/., ]*(?:de |of |d')?(?P<mon>{_WORD})[-/., ]*(?:de |del |of )?"
    rf"'?(?P<y>\d{{4}}|\d\d)(?: ?{_YEAR}\.?)?{_DAY_OF_WEEK}{_TAIL}",
    # Jan 3, 2022
    "month day": rf"{_LEAD}(?P<mon>{_WORD})[-/. ]*(?P<d>\d\d?){_ORDINAL}[-/., ]+'?(?P<y>\d{{4}}|\d\d){_TAIL}",
    # 2022. január 3.
    "year month": rf"{_LEAD}(?P<y>\d{{4}})[-/., ]*(?P<mon>{_WORD})[-/., ]*(?P<d>\d\d?){_ORDINAL}{_TAIL}",
    # Mon Jan  3 08:05:00 UTC 2022
    "asctime": rf"{_LEAD}(?P<mon>{_WORD})\.? +(?P<d>\d\d?) {_CLOCK}{_ZONE} (?P<y>\d{{4}})",
    # 2022-W03-2
    "week day": rf"(?P<y>\d{{4}})-?w(?P<w>\d\d)-?(?P<wd>[1-7]){_TAIL}",
    # 令和4年1月3日
    "era": rf"(?P<era>令和|平成|昭和|[rh])(?P<y>\d\d?|元)(?:[年./-]) ?(?P<m>\d\d?)(?:[月./-]) ?(?P<d>\d\d?)"
    rf"日?{_DAY_OF_WEEK}{_TAIL}",
    # 1641197100, 1641197100000, to nanoseconds, with a fraction as well
    "epoch": r"(?P<n>[1-4]\d{9}|[1-4]\d{12}|[1-4]\d{15}|[1-4]\d{18})(?P<f>\.\d+)?",
    "microsoft": r"\\?/date\((?P<n>[1-4]\d{12})(?P<z>[+-]\d{4})?\)\\?/",
    # 44564.33681, days since 1900 as spreadsheets count them
    "serial": r"(?P<n>3[3-9]\d{3}|4\d{4}|5[0-4]\d{3})(?:[.,](?P<f>\d+))?",
}
_COARSE: Final = {
    "months": rf"(?P<y>\d{{4}})(?:[-/.年년] ?|-?m)(?P<m>\d\d?)[月월]?|(?P<m2>\d\d?)[-/.](?P<y2>\d{{4}})|"
    rf"(?P<mon>{_WORD})[-/., ]*(?:de |del |of )?'?(?P<y3>\d{{4}}|\d\d)|"
    rf"(?P<y4>\d{{4}})[-/., ]*(?P<mon4>{_WORD})[.]?|(?P<y5>(?:19|20)\d\d)(?P<m5>0[1-9]|1[0-2])",
    "weeks": r"(?P<y>\d{4})[-/., ]*(?:w|kw|wk|week|woche|sem|semaine|v|uge|t)[-. ]*(?P<w>\d\d?)|"
    r"(?:w|kw|wk|week|woche|sem|semaine|v|uge|t)[-. ]*(?P<w2>\d\d?)[-/., ]+(?P<y2>\d{4})",
}
#: Writing → its pattern, for the engine; whole cells only.
PATTERNS: Final = {name: rf"^(?:{p})$" for name, p in (_PATTERNS | _COARSE).items()}
#: Stands for long lists of words where a pattern is known to hold: the engine takes a cell apart many
#: times faster by a short pattern.
_SHORT: Final = {_WEEKDAY: r"[^ \d(上下午오]+", _ZONES: "[a-z]+", _WORD: r"[^\d ./,-]+"}
#: Writing → its parts, in the order of the pattern.
PARTS: Final = {name: re.findall(r"\(\?P<(\w+)>", p) for name, p in PATTERNS.items()}
#: Writing → a shorter pattern that finds the same parts in a cell that has the writing.
FINDERS: Final = {
    name: reduce(lambda p, entry: p.replace(*entry), _SHORT.items(), pattern)
    for name, pattern in PATTERNS.items()
}
#: What names no day, only a month or a week: such cells are read only where most of a column is so.
COARSE: Final = tuple(_COARSE)
DAYS: Final = tuple(_PATTERNS)
#: First year of a Japanese era, less one.
ERAS: Final = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925}
#: How a mark of the second half of the day begins.
EVENING: Final = "^(?:p|μ|下午|午後|오후)"


@dataclass(frozen=True)
class Written:
    """A cell and how it is written."""

    kind: str
    parts: dict[str, str]

    @property
    def style(self) -> tuple[str, bool, str]:
        """What may tell two authors of numeric dates apart: separator, short year, clock."""
        clock = "12" if self.half else "24" if self.parts.get("h") else ""
        return self.parts["sep"], len(self.parts["y"]) == 2, clock

    @property
    def separator(self) -> str:
        """What stands behind the year of an ISO date."""
        return self.parts["s1"] if self.parts.get("s1") in {"-", "/", "."} else "-"

    @property
    def half(self) -> str:
        """The mark of a 12-hour clock."""
        return self.parts.get("ap1") or self.parts.get("ap2") or ""

    @property
    def utc(self) -> bool:
        """The cell says that it is in UTC, or counts from an instant."""
        zone = self.parts.get("z", "").replace(" ", "").removeprefix("utc").removeprefix("gmt")
        named = self.parts.get("z", "") in {"z", "utc", "gmt", "ut"}
        return (
            named or self.kind in {"epoch", "microsoft"} or bool(re.fullmatch("[+-]0+:?0*", zone))
        )

    @property
    def timed(self) -> bool:
        """The cell has a time of day other than midnight."""
        if self.kind in {"epoch", "microsoft"}:
            unit = 10 ** (len(self.parts["n"]) - 10)
            return bool(
                int(self.parts["n"]) % (86_400 * unit) or self.parts.get("f", "").strip(".0")
            )
        if self.kind == "serial":
            return bool(self.parts.get("f", "").strip("0"))
        return any(self.parts.get(p, "").strip("0") for p in ("h", "mi", "s", "f"))


#: The same cells are asked about again and again: by the header, by every kind of column, by formats.
@lru_cache(maxsize=16_384)
def written(cell: str, *, coarse: bool = False) -> Written | None:
    """Return how a cell is written; None if it is no date.

    Parameters
    ----------
    coarse
        A month or a week will do.
    """
    text = fold(cell)
    for kind in (*DAYS, *(COARSE if coarse else ())):
        found = _compiled(kind).match(text)
        if found and _possible(kind, parts := {k: v or "" for k, v in found.groupdict().items()}):
            return Written(kind, parts)
    return None


@cache
def _compiled(kind: str) -> re.Pattern[str]:
    """Return a pattern when it is first needed: to compile them all takes as long as to read a small file."""
    return re.compile(PATTERNS[kind], re.ASCII)


def _possible(kind: str, parts: dict[str, str]) -> bool:
    """Whether the parts can be a day at all."""
    if kind == "numeric":
        low, high = sorted((int(parts["a"]), int(parts["b"])))
        # Where the year comes first, it has two digits that no day has.
        return 1 <= low <= 12 and (high <= 31 or len(parts["y"]) == 2)
    names = [parts[p] for p in ("mon", "mon4") if parts.get(p)]
    if any(name not in MONTHS for name in names):
        return False
    months = [int(parts[p]) for p in ("m", "m2") if parts.get(p)]
    days = [int(parts["d"])] if parts.get("d") else []
    hours = [int(parts["h"])] if parts.get("h") else []
    return (
        all(1 <= m <= 12 for m in months)
        and all(1 <= d <= 31 for d in days)
        and all(h <= 24 for h in hours)
    )
