"""How every number, date and name is written on screen; nothing else in the project decides it.

Pure functions: value in, text out. A missing value (``None``, NaN, infinity) becomes `MISSING`,
never "nan" or "None". Numbers are joined to their unit by a no-break space.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING: Final = "–"
_NBSP: Final = "\u00a0"
_MINUS: Final = "\u2212"
_SYMBOLS: Final = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "BRL": "R$",
    "JPY": "¥",
    "INR": "₹",
    "PLN": "zł",
    "TRY": "₺",
    "UAH": "₴",
    "KRW": "₩",
    "VND": "₫",
}
_NOTHING: Final = "nothing"
#: Less than a cent.
_LEAST_MONEY: Final = 0.005
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^&])")


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def symbol(currency: str) -> str:
    """Return what stands before an amount: ``€`` for EUR, ``CHF`` and a space, or nothing."""
    code = currency.strip()
    if not code:
        return ""
    if code.upper() in _SYMBOLS:
        return _SYMBOLS[code.upper()]
    return code.upper() + _NBSP if code.isalpha() else code


def unit(currency: str) -> str:
    """Return the currency as running text names it: ``€``, or "the file's currency"."""
    return symbol(currency).strip() or "the file's currency"


def with_unit(name: str, currency: str) -> str:
    """Return a column's name with its unit, ``Revenue (€)``; without one where none is known."""
    sign = symbol(currency).strip()
    return f"{name} ({sign})" if sign else name


def _short(value: float) -> str | None:
    """Shorten a large number to three digits and a letter; None below a million."""
    if value >= 999.5e9:
        return f"{value / 1e9:,.0f}{_NBSP}bn"
    if value >= 999.5e6:
        return f"{value / 1e9:.3g}{_NBSP}bn"
    # From the number on that would otherwise be written "1,000,000".
    if value >= 999_999.5:
        return f"{value / 1e6:.3g}{_NBSP}M"
    return None


def money(value: float | None, currency: str = "") -> str:
    """Write an amount: ``€12.40``, ``€1,234``, ``€1.24 M``."""
    if value is None or not _finite(value):
        return MISSING
    size = abs(value)
    body = _short(size) or (f"{size:,.0f}" if size >= 99.995 else f"{size:,.2f}")
    sign = _MINUS if value < 0 and body.strip("0.,") else ""
    return f"{sign}{symbol(currency)}{body}"


def money_full(value: float | None, currency: str = "") -> str:
    """Write an amount to the last cent: ``€1,240,512.30``."""
    if value is None or not _finite(value):
        return MISSING
    return f"{_MINUS if value <= -0.005 else ''}{symbol(currency)}{abs(value):,.2f}"


def count(value: float | None) -> str:
    """Write a count in full: ``12,345``."""
    if value is None or not _finite(value):
        return MISSING
    return f"{round(value):,}".replace("-", _MINUS)


def short_count(value: float | None) -> str:
    """Write a count for a card: ``12,345``, ``1.24 M``."""
    if value is None or not _finite(value):
        return MISSING
    return _short(abs(value)) or count(value)


def expected(value: float | None) -> str:
    """Write an expected number of things: ``2.3``, ``under 0.1``, ``1,234``."""
    if value is None or not _finite(value):
        return MISSING
    if 0 < value < 0.05:
        return "under 0.1"
    if value < 9.95:
        return f"{value:.1f}".removesuffix(".0")
    return _short(value) or f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Write a share: ``73 %``, ``7.3 %``; never 0 % or 100 % for what isn't exactly that."""
    if value is None or not _finite(value):
        return MISSING
    size = abs(value) * 100
    if size == 0:
        body = "0"
    elif size < 0.05:
        return f"under 0.1{_NBSP}%"
    elif size < 9.95:
        body = f"{size:.1f}".removesuffix(".0")
    elif 99.5 <= size < 100:
        return f"over 99{_NBSP}%"
    else:
        body = f"{size:,.0f}"
    return f"{_MINUS if value < 0 else ''}{body}{_NBSP}%"


def size(ratio: float) -> str:
    """Write how far a ratio is from 1, which may be over 100 %: ``16 %``, ``100 %``.

    Unlike a share's, a size just below 100 % may be rounded to it.
    """
    return percent(abs(ratio)) if abs(ratio) < 0.995 else f"{abs(ratio) * 100:,.0f}{_NBSP}%"


def too(miss: float) -> str:
    """Write a forecast over outcome, less 1: ``19 % too low``."""
    return f"{size(miss)} too {'high' if miss > 0 else 'low'}"


def percent_number(value: float | None) -> float | None:
    """Return a share as a table's number in percent, which sorts: for columns ``%.1f %%``.

    As in `percent`, what isn't exactly 0 or 100 must not round to it: it is kept from 0.1 to 99.9.
    """
    if value is None or not _finite(value):
        return None
    return value * 100 if value <= 0 or value >= 1 else min(max(value * 100, 0.1), 99.9)


def to_date(value: date | datetime | str | None) -> date | None:
    """Return the day of a date, a time or an ISO text; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10])


def day(value: date | datetime | str | None) -> str:
    """Write a day: ``6 Dec 2017``."""
    found = to_date(value)
    if found is None:
        return MISSING
    return f"{found.day}{_NBSP}{_MONTHS[found.month - 1]}{_NBSP}{found.year}"


def month(value: date | datetime | str | None) -> str:
    """Write a month: ``Dec 2017``."""
    found = to_date(value if not isinstance(value, str) or len(value) > 7 else f"{value}-01")
    return MISSING if found is None else f"{_MONTHS[found.month - 1]}{_NBSP}{found.year}"


def period(start: date | datetime | str | None, end: date | datetime | str | None) -> str:
    """Write a period, saying nothing twice: ``1–31 Dec 2017``, ``1 Dec 2017 – 6 Jan 2018``."""
    first, last = to_date(start), to_date(end)
    if first is None or last is None:
        return MISSING
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day}{_NBSP}{_MONTHS[first.month - 1]} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def plural(number: float, noun: str, many: str = "") -> str:
    """Write a count with its noun: ``1 order``, ``2,000 orders``."""
    return f"{count(number)} {noun if round(number) == 1 else many or noun + 's'}"


def duration(days: float) -> str:
    """Write a length of time in its natural unit: ``12 days``, ``5 months``, ``3 years``."""
    if days < 60:
        return plural(max(round(days), 0), "day")
    if days < 730:
        return plural(days / 30.4375, "month")
    return plural(days / 365.25, "year")


def money_range(low: float | None, high: float | None, currency: str = "") -> str:
    """Write a range in words: ``between €40 and €310``, ``nothing``; empty where there is none."""
    if low is None or high is None or not (_finite(low) and _finite(high)):
        return ""
    ends = [_roughly(value, currency) for value in (low, high)]
    return _NOTHING if ends == [_NOTHING] * 2 else f"between {ends[0]} and {ends[1]}"


def _roughly(value: float, currency: str) -> str:
    """Write one end of a range: cents and units would claim a precision that a range denies."""
    if abs(value) < _LEAST_MONEY:
        return _NOTHING
    if abs(value) >= 10:
        # Three digits are enough for large ends, whole units for small ones.
        value = round(value, min(2 - math.floor(math.log10(abs(value))), 0))
    return money(value, currency).removesuffix(".00")


def of_ten(share: float) -> str:
    """Write a promised share: ``8 in 10``; as a percentage where it isn't that."""
    tenths = round(share * 10, 9)
    return f"{tenths:.0f} in 10" if tenths == round(tenths) else percent(share)


def share_in_words(share: float) -> str:
    """Write a share as people say it where that is true: ``1 in 5``; else as a percentage."""
    if share > 0:
        parts = round(1 / share)
        if 2 <= parts <= 10 and abs(share * parts - 1) < 0.04:
            return f"1 in {parts}"
    return percent(share)


def file_size(size: int) -> str:
    """Write a file's size: ``820 kB``, ``1.4 MB``."""
    if size < 1_000_000:
        return f"{max(size / 1000, 0.1):.0f}{_NBSP}kB" if size >= 1000 else f"{size}{_NBSP}bytes"
    return f"{size / 1_000_000:.1f}{_NBSP}MB"


def listed(names: Sequence[str]) -> str:
    """Write a list as a sentence has it: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def files(names: list[str]) -> str:
    """Name the input files: the first, and how many more."""
    if len(names) < 2:
        return "".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def plain(text: object) -> str:
    """Escape what Markdown would interpret, so that a customer's id shows as it stands."""
    return _MARKDOWN.sub(r"\\\1", str(text))


def dollars(text: str) -> str:
    """Escape dollar signs, which Streamlit's Markdown would set as formulas."""
    return re.sub(r"(?<!\\)\$", r"\\$", text)
