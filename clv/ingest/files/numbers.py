"""Amounts as files write them: each cell is read as it is written, strictly, in SQL.

Most cells say themselves which mark parts thousands and which decimals: ``1.034,50 €`` and ``1034.5``
may stand in one column. Only cells such as ``1.234`` read two ways, by a factor of a thousand; what
decides them is found in `clv.ingest.files.decimals`. A cell that is no amount is never bent into one:
its row is rejected with the cell in the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal

from clv.core import engine
from clv.ingest.files import currencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    Mark = Literal[".", ","]

_PLAIN: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
#: What stands for a currency once it was recognised.
_COIN: Final = "¤"
#: Blanks and invisible marks of direction; the engine's ``\s`` knows fewer.
_BLANK: Final = "[ \\t\\r\\n\u00a0\u061c\u2000-\u200f\u202f\u205f\u2066-\u2069\u3000\ufeff]*"
_NARROW: Final = "[ \u00a0\u2007\u2009\u202f]"
_APOSTROPHE: Final = "['’ʼ´`]"
_MINUS: Final = "[-−–﹣－]"
#: A dash may stand for no cents: 5.-, 5,-- and 5:-
_NO_CENTS: Final = "(?:--?|[–—])"
#: Digits and marks of other scripts, and what they are here.
_FOREIGN: Final = (
    "０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९．，٫٬",
    "0123456789012345678901234567890123456789.,.,",
)
_TO_OURS: Final = str.maketrans(*_FOREIGN)
_OTHER: Final[Mapping[str, Mark]] = {".": ",", ",": "."}
_LONGEST: Final = 60


@dataclass(frozen=True)
class NumberFormat:
    """How amounts are written.

    Attributes
    ----------
    decimal
        The mark that parts decimals in cells that could be read two ways (``1.234 €``).
    point
        A cell of digits and a point alone (``1.234``) is a number as programs write them.
    plain
        Digits, sign and point only, as far as the sample goes.
    signs
        Signs and codes of currencies beside the amounts of the sample.
    currency
        ISO code of the currency, or an empty string.
    foreign
        There are digits of other scripts.
    doubtful
        A cell that reads two ways, which the column's other cells do not decide.
    why
        What decided it, as a clause; empty where nothing did.
    weak
        That is no more than a custom.
    """

    decimal: Mark = "."
    point: bool = True
    plain: bool = True
    signs: tuple[str, ...] = ()
    currency: str = ""
    foreign: bool = False
    doubtful: str = ""
    why: str = ""
    weak: bool = False

    def sql(self, column: str, *, common: bool = False) -> str:
        """Return an SQL expression: the column as a double, or NULL; the caller refuses NaN.

        Parameters
        ----------
        common
            Try the commonest writing alone; the query fails at any other (`clv.core.engine.give_up`).
        """
        if self.foreign:
            column = f"translate({column}, {', '.join(map(engine.text, _FOREIGN))})"
        refused = [f"contains({column}, '_')"]  # The engine reads 1_000; nobody writes that.
        if not self.point:
            refused += [
                f"contains({column}, ',')",
                f"regexp_full_match({column}, '\\s*[-+]?[1-9][0-9]{{0,2}}\\.[0-9]{{3}}\\s*')",
            ]
        number = f"CASE WHEN {' OR '.join(refused)} THEN NULL ELSE try_cast({column} AS DOUBLE) END"
        # The few signs of the sample are looked for as they stand, which is fast; in what is left, any.
        listed = "|".join(map(currencies.literal, self.signs))
        first = _written(column, self.decimal, f"(?:{listed})" if listed else _COIN)
        tried = [number] if self.plain else [number, first]
        if common:
            return f"coalesce({', '.join(tried)}, {engine.give_up(column)})"
        any_sign = engine.text(currencies.beside())
        coined = f"[regexp_replace({column}, {any_sign}, '{_COIN}', 'g')]"
        rest = f"list_transform({coined}, lambda x: {_written('x', self.decimal, _COIN)})[1]"
        return f"coalesce({', '.join(tried)}, {rest})"


def _written(text: str, decimal: Mark, coin: str) -> str:
    """Return SQL that reads amounts as people write them, as the marks of a cell ask for."""
    body = f"regexp_extract({text}, '[0-9](?:.*[0-9])?')"
    value: dict[str, str] = {}
    for mark, simple in (
        (".", f"replace({body}, ',', '')"),
        (",", f"replace(replace({body}, '.', ''), ',', '.')"),
    ):
        bare = f"replace(regexp_replace({body}, '[^0-9{mark}]', '', 'g'), ',', '.')"
        value[mark] = f"coalesce(try_cast({simple} AS DOUBLE), try_cast({bare} AS DOUBLE))"
    parts = [(_cell(_body(mark), coin), value[mark]) for mark in (decimal, _OTHER[decimal])]
    parts.append((_cell("[.,][0-9]+", coin), f"('0.' || {body})::DOUBLE"))
    minus = f"regexp_matches({text}, {engine.text(f'[(]|^[^0-9]*{_MINUS}|[0-9]{_BLANK}[-−]')})"
    cases = " ".join(
        f"WHEN regexp_full_match({text}, {engine.text(shape)}) THEN {read}" for shape, read in parts
    )
    return f"(CASE WHEN {minus} THEN -1 ELSE 1 END * CASE {cases} END)"


@cache
def _body(decimal: Mark) -> str:
    """Return the regular expression of the digits of an amount with this decimal mark."""
    groups = [f"[1-9][0-9]{{0,2}}(?:{g}[0-9]{{3}})+" for g in (_NARROW, _APOSTROPHE)]
    if decimal == ".":
        # Beside thousands, the lakhs and crores of India: 1,23,45,678.
        groups += ["[1-9][0-9]{0,2}(?:,[0-9]{3})+", "[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"]
    else:
        groups.append("[1-9][0-9]{0,2}(?:\\.[0-9]{3})+")
    point = "\\." if decimal == "." else ","
    return f"(?:[0-9]+|{'|'.join(groups)})(?:{point}(?:[0-9]*|{_NO_CENTS})|:-)?"


@cache
def _cell(body: str, coin: str) -> str:
    """Return the regular expression of a cell: the digits with sign, brackets and currency."""
    b = _BLANK
    before, after = f"(?:{coin}{b})?", f"(?:{coin}{b})?"
    return (
        f"{b}(?:(?:[+]|{_MINUS})?{b}{before}{before}{body}{b}{after}"
        f"|{coin}{b}{_MINUS}{b}{body}{b}{after}"
        f"|{before}{body}{b}[-−]{b}{after}"
        f"|{before}\\({b}{before}{body}{b}{after}\\){b}{after})"
    )


def currency_sql(column: str) -> str:
    """Return an SQL expression: the currency as it is written beside an amount, or NULL."""
    return f"nullif(regexp_extract({column}, {engine.text(currencies.beside())}), '')"


def looks_numeric(text: str) -> bool:
    """Whether a cell reads as an amount."""
    return is_plain(text.strip()) or mark_of(text) is not None


def is_plain(text: str) -> bool:
    """Whether a cell is a number as programs write them: digits, sign, point, exponent."""
    return bool(_PLAIN.fullmatch(text))


def has_foreign_digits(text: str) -> bool:
    """Whether a cell has digits of other scripts than ours."""
    return not text.isascii() and any(c in _FOREIGN[0] for c in text)


def sign_of(cell: str) -> str:
    """Return the currency that stands beside an amount, as it is written; empty for none."""
    if re.fullmatch(r"[\d.,\s+-]*", cell):
        return ""
    found = _beside().search(cell)
    return found.group() if found else ""


@lru_cache(maxsize=16_384)
def mark_of(cell: str) -> str | None:
    """Return which decimal mark a cell proves: ``.`` or ``,``; ``?`` if it could be either, "" if none.

    None for a cell that is no amount.
    """
    if len(cell) > _LONGEST or not any(c.isdigit() for c in cell):
        return None
    text = _coined(cell.translate(_TO_OURS))
    fits = [mark for mark in (".", ",") if _pattern(mark).fullmatch(text)]
    if not fits:
        return "," if _pattern("").fullmatch(text) else None
    if len(fits) == 1:
        return fits[0]
    return "?" if re.search(r"\d[.,]\d", text) else ""


def _coined(cell: str) -> str:
    """Return a cell with its currencies as one sign."""
    if re.fullmatch(r"[\d.,\s+-]*", cell):
        return cell
    return _beside().sub(_COIN, cell)


@cache
def _beside() -> re.Pattern[str]:
    return re.compile(currencies.beside())


@cache
def _pattern(mark: Mark | Literal[""]) -> re.Pattern[str]:
    return re.compile(_cell(_body(mark) if mark else "[.,][0-9]+", _COIN))
