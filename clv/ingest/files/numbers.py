"""Amounts as files write them: recognise the format, then read it strictly in SQL.

A format is chosen from a sample and shown; a value that does not fit it is never bent into one, its
row is rejected with the value in the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from clv.core import engine
from clv.ingest.files import currencies

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_CURRENCY: Final = r"(?:[€$£¥₹₽₩₺฿]|R\$|kr\.?|zł|Kč|Fr\.?|[A-Z]{3})"
_AMOUNT: Final = re.compile(
    rf"\s*[-+−(]?\s*{_CURRENCY}?\s*[-+−]?\s*(\d[\d.,' \u00a0\u202f’]*|[.,]\d+)\s*{_CURRENCY}?\s*[-)]?\s*"
)


@dataclass(frozen=True)
class NumberFormat:
    """How an amount column is written.

    Attributes
    ----------
    decimal
        ``"."`` or ``","``.
    plain
        Digits, sign and point only, as far as the sample goes.
    currency
        ISO code of the sign found, or an empty string.
    doubtful
        A cell that reads two ways (1.234), where no other cell decides which.
    """

    decimal: Literal[".", ","] = "."
    plain: bool = True
    currency: str = ""
    doubtful: str = ""

    def sql(self, column: str) -> str:
        """Return an SQL expression: the column as a double, or NULL; the caller refuses NaN."""
        point = "\\." if self.decimal == "." else ","
        groups = ",'’ \u00a0\u202f" if self.decimal == "." else ".'’ \u00a0\u202f"
        groups = groups.replace("'", "''")
        # A dash may stand for no cents: 5.- and 5,-.
        body = f"(?:\\d{{1,3}}(?:[{groups}]\\d{{3}})+|\\d+)(?:{point}(?:\\d*|[-–]))?|{point}\\d+"
        currency = _CURRENCY.replace("'", "''")
        before = f"(?:[-+−(]?\\s*{currency}?|{currency}\\s*[-+−])"
        pattern = f"\\s*{before}\\s*(?:{body})\\s*{currency}?\\s*[-)]?\\s*"
        keep = "0-9." if self.decimal == "." else "0-9,"
        stripped = f"regexp_replace({column}, '^[^0-9]*?([.,]?[0-9])', '\\1')"
        digits = f"regexp_replace({stripped}, '[^{keep}]', '', 'g')"
        # A currency such as "Fr." or "kr." leaves its own point behind the digits.
        digits = f"rtrim(regexp_replace({digits}, '\\.$', ''), ',')"
        number = f"try_cast(replace({digits}, ',', '.') AS DOUBLE)"
        minus = f"regexp_matches({column}, '^[^0-9]*[-−(]|[0-9]\\s*-\\s*$')"
        sign = f"(CASE WHEN {minus} THEN -1 ELSE 1 END)"
        written = f"(CASE WHEN regexp_full_match({column}, '{pattern}') THEN {sign} * {number} END)"
        if self.decimal == ",":
            return written
        # The engine reads 1_000 as a number; nobody who writes amounts does.
        plain = (
            f"(CASE WHEN contains({column}, '_') THEN NULL ELSE try_cast({column} AS DOUBLE) END)"
        )
        return f"coalesce({plain}, {written})"


def looks_numeric(text: str) -> bool:
    """Whether a cell reads as an amount."""
    return bool(_PLAIN.fullmatch(text.strip()) or _AMOUNT.fullmatch(text))


def number_format(
    sample: Sequence[str], decimal: Literal[".", ","] | None = None, *, semicolons: bool = False
) -> NumberFormat:
    """Return how the amounts of a sample are written.

    ``semicolons`` says that the file separates fields by ``;``, as programs do where the comma is
    the decimal mark; it decides only cells such as ``1,234`` that read both ways.
    """
    cells = [cell.strip() for cell in sample if cell.strip()]
    signs = Counter(m.group() for c in cells if (m := re.search(currencies.beside(), c)))
    named = currencies.same([sign for sign, _ in signs.most_common()])
    currency = next(iter(named.values()), "")
    currency = currency if currency in currencies.CODES else ""
    plain = all(_PLAIN.fullmatch(cell) for cell in cells)
    if decimal:
        return NumberFormat(decimal, plain and decimal == ".", currency)
    votes = Counter(vote for cell in cells if (vote := _decimal_of(cell)))
    if votes:
        chosen = votes.most_common(1)[0][0]
        return NumberFormat("," if chosen == "," else ".", plain and chosen == ".", currency)
    marked = [cell for cell in cells if "." in cell or "," in cell]
    if not marked:
        return NumberFormat(".", plain, currency)
    # Every mark has three digits behind it: 1.234. Beside amounts without a mark these are
    # thousands; alone they can be either, and the program that wrote the file most likely decides.
    comma = "," in marked[0]
    alone = len(marked) == len(cells)
    as_comma = semicolons if alone else not comma
    doubtful = marked[0] if alone else ""
    return NumberFormat("," if as_comma else ".", plain and not as_comma, currency, doubtful)


def currency_sql(column: str) -> str:
    """Return an SQL expression: the currency as it is written beside an amount, or NULL."""
    return f"nullif(regexp_extract({column}, {engine.text(currencies.beside())}), '')"


def _decimal_of(cell: str) -> str | None:
    """Return the decimal mark that one cell proves, if it proves one."""
    digits = re.sub(r"[^\d.,]", "", cell)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if points > 1:
        return ","
    if commas > 1:
        return "."
    mark = "," if commas else "."
    whole, _, cents = digits.partition(mark)
    proves = commas + points == 1 and (len(cents) != 3 or whole in {"", "0"})
    return mark if proves else None
