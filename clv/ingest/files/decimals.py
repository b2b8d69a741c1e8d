"""Which mark parts the decimals: ``1.234`` is more than a thousand, or little more than one.

The other cells of the column decide it, if they agree; else what is known around it, if nothing speaks
against it; else nobody can know, and somebody must be asked.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clv.ingest.files import currencies
from clv.ingest.files.numbers import (
    NumberFormat,
    has_foreign_digits,
    is_plain,
    looks_numeric,
    mark_of,
    sign_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.ingest.files.numbers import Mark

    #: What speaks for a decimal mark, and why; whether that is no more than a custom.
    Vote = tuple[Mark, str, bool]

#: Cells that prove the decimal mark agree if no more than this share prove the other one.
_STRAY: Final = 0.05
#: A decimal mark → the other one.
OTHER: Final[Mapping[str, Mark]] = {".": ",", ",": "."}
_CUSTOM: Final[Mapping[str, Mark]] = {";": ",", ",": "."}


@dataclass(frozen=True)
class Around:
    """What stands around a column of amounts, and may say how its file writes numbers.

    Attributes
    ----------
    delimiter
        Of the file: programs that part columns by ``;`` have the comma as decimal mark.
    currencies
        Cells of the column of currencies.
    names
        What the columns of amounts are called; a currency may be in it.
    others
        Other columns → their cells.
    """

    delimiter: str = ""
    currencies: Sequence[str] = ()
    names: Sequence[str] = ()
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)


def number_format(
    sample: Sequence[str], decimal: Mark | None = None, around: Around | None = None
) -> NumberFormat:
    """Return how the amounts of a sample are written.

    Parameters
    ----------
    sample
        Cells of the column; blank ones and those that are no amounts say nothing.
    decimal
        The decimal mark, if somebody said it.
    around
        What else may decide cells that read two ways.

    Returns
    -------
    NumberFormat
        ``doubtful`` is such a cell, where the column itself does not decide it, and ``why`` what did;
        if that is empty, nothing did.
    """
    around = around or Around()
    cells = [cell for cell in map(str.strip, sample) if cell]
    typed = [(cell, mark_of(cell)) for cell in cells if is_plain(cell)]
    written = [(cell, mark_of(cell)) for cell in cells if not is_plain(cell)]
    signs = Counter(filter(None, (sign_of(cell) for cell, mark in written if mark is not None)))
    code = _currency([sign for sign, _ in signs.most_common()], around)
    point = any(mark == "." for _, mark in typed)
    chosen = decimal or _agreed(Counter(mark for _, mark in written if mark in {".", ","}))
    doubts = [cell for cell, mark in written if mark == "?"]
    if not chosen and point and not any("." in cell for cell in doubts):
        chosen = "."  # 12.50 as a program writes it, and 1,234: a mark for each.
    doubts = [] if chosen else doubts + [c for c, mark in typed if mark == "?" and not point]
    why, weak = "", False
    if doubts:
        unmarked = [cell for cell, mark in typed + written if mark == ""]
        votes = _votes(doubts[0], code, around, unmarked, signed=bool(signs))
        if len({"." in cell for cell in doubts}) == len({mark for mark, *_ in votes}) == 1:
            chosen, why, weak = votes[0]
    found: Mark = chosen or "."
    return NumberFormat(
        decimal=found,
        point=point or found == ".",
        plain=not written and not (doubts and found == ","),
        signs=tuple(sign for sign, _ in signs.most_common(8)),
        currency=code,
        foreign=any(map(has_foreign_digits, cells)),
        doubtful=next(iter(doubts), ""),
        why=why,
        weak=weak,
    )


def _agreed(votes: Counter[str]) -> Mark | None:
    """Return the mark that cells prove, if they agree but for a few."""
    stray = min(votes[","], votes["."])
    if not votes or stray > _STRAY * votes.total():
        return None
    return "," if votes[","] > votes["."] else "."


def _currency(signs: Sequence[str], around: Around) -> str:
    """Return the currency that amounts are in: by their signs, their column, or their name."""
    listed = [
        name for name, _ in Counter(filter(None, map(str.strip, around.currencies))).most_common()
    ]
    told = [*filter(None, map(currencies.in_name, around.names))]
    named = currencies.same(dict.fromkeys([*signs, *listed, *told]))
    likeliest = next(iter(named.values()), "")
    return likeliest if likeliest in currencies.CODES else ""


def _votes(
    cell: str, code: str, around: Around, unmarked: Sequence[str], *, signed: bool
) -> list[Vote]:
    """Return what speaks for a decimal mark of cells such as ``1.234``, the best reason first."""
    mark: Mark = "." if re.search(r"\d\.\d", cell) else ","
    thousands = OTHER[mark]
    if code in currencies.NO_CENTS:
        return [(thousands, f"amounts in {code} have no cents", False)]
    if code in currencies.THREE_DECIMALS:
        return [(mark, f"amounts in {code} have three decimals", False)]
    votes: list[Vote] = []
    if code and signed:
        votes.append((thousands, f"amounts in {code} have two decimals, not three", False))
    if any(re.search(r"\d{4}", one) for one in unmarked):
        return []  # 1500 without a mark beside 1.234: neither thousands nor decimals are likely.
    if unmarked:
        votes.append((thousands, "smaller amounts have no mark", False))
    votes += [
        (found, f"the decimals of “{name}” have the mark '{found}'", False)
        for name, cells in around.others.items()
        if (found := _proven(cells))
    ]
    if _CUSTOM.get(around.delimiter) == thousands:
        named = {";": "semicolons", ",": "commas"}[around.delimiter]
        votes.append((thousands, f"files with {named} have the decimal mark '{thousands}'", True))
    return votes


def _proven(cells: Sequence[str]) -> Mark | None:
    """Return the decimal mark of a column, if it holds nothing but numbers and they prove it."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not all(map(looks_numeric, filled)):
        return None
    return _agreed(Counter(mark for mark in map(mark_of, filled) if mark in {".", ","}))
