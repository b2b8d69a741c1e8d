"""Column names → concepts, and how well a name fits a role."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from clv.ingest.columns.vocabulary import CONCEPTS

_LETTERS: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "ı": "i",
        "đ": "d",
        "ð": "d",
        "þ": "th",
    }
)
#: A word may be joined to the next by one of these, as in *Bestellungsnummer*.
_LINKS: Final = ("", "s", "n", "en", "es", "er", "e")
#: A part of a joined word is at least this long: shorter ones would be found everywhere.
_SHORTEST_PART: Final = 4
_ENDS: Final = frozenset(
    {"id", "no", "nr", "num", "qty", "amt", "sum", "key", "tag", "dat", "name", "ref", "typ"}
)
_MOST_JOINED: Final = 3
_BETWEEN: Final = re.compile(r"[^\w\u0900-\u097f\u0e00-\u0e7f]+|_+")
_WIDE: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=16_384)
def normalise(name: str) -> str:
    """Fold case, accents, blanks and punctuation in any script: ``Kunden-Nr.`` → ``kundennr``."""
    folded = unicodedata.normalize("NFKC", name).lower().translate(_LETTERS)
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", folded) if unicodedata.category(c) != "Mn"
    )
    return "".join(c for c in plain if c.isalnum())


@cache
def _words() -> dict[str, str]:
    """Normalised word → concept."""
    found: dict[str, str] = {}
    for concept, words in CONCEPTS.items():
        for word in words.split():
            found.setdefault(normalise(word) or word, concept)
    return found


@dataclass(frozen=True)
class Name:
    """A column's name, taken apart.

    Attributes
    ----------
    concepts
        What its words stand for, without neutral ones.
    unknown
        How many of its words are not known.
    """

    concepts: frozenset[str]
    unknown: int


@cache
def parse(name: str) -> Name:
    """Take a column's name apart into words that are known."""
    spaced = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])", " ", name)
    tokens = [t for t in map(normalise, _BETWEEN.split(spaced)) if t and not t.isdigit()]
    concepts: list[str] = []
    unknown = i = 0
    while i < len(tokens):
        for joined in range(min(_MOST_JOINED, len(tokens) - i), 0, -1):
            found = _concepts("".join(tokens[i : i + joined]), whole=joined == 1)
            if found is not None:
                concepts += found
                i += joined
                break
        else:
            unknown += 1
            i += 1
    meant = frozenset(concepts) - {"neutral"}
    if "tax" in meant and meant & {"gross", "net"} and len(meant) > 2:
        meant -= {"tax"}  # An amount with or without tax is no tax.
    if "session" in meant:
        meant -= {"customer"}  # What somebody did in one go, not who.
    if "status" in meant:
        meant -= {"product"}  # The description of a state, or the state of an item.
    return Name(meant, unknown)


def _concepts(word: str, *, whole: bool) -> list[str] | None:
    """Return what one word stands for, or the words it is joined of; None for neither."""
    words = _words()
    if word in words:
        return [words[word]]
    if not whole:
        return None
    if _WIDE.search(word):
        return _scan(word)
    return _cut(word, 0, {})


def _scan(word: str) -> list[str] | None:
    """Read text without blanks from left to right, the longest known word first."""
    words, found, i = _words(), [], 0
    while i < len(word):
        size = next((n for n in range(len(word) - i, 0, -1) if word[i : i + n] in words), 0)
        found += [words[word[i : i + size]]] if size else []
        i += size or 1
    return found or None


def _cut(word: str, start: int, known: dict[int, list[str] | None]) -> list[str] | None:
    """Cut a joined word into known parts, the longest first; None where that can't be done."""
    if start == len(word):
        return []
    if word[start:] in _ENDS and start:
        return [_words().get(word[start:], "date")]
    if start not in known:
        known[start] = None
        words = _words()
        for end in range(len(word), start + _SHORTEST_PART - 1, -1):
            part = word[start:end]
            if part not in words:
                continue
            for link in _LINKS:
                if not word.startswith(link, end):
                    continue
                rest = _cut(word, end + len(link), known)
                if rest is not None and not (link and not rest):
                    known[start] = [words[part], *rest]
                    return known[start]
    return known[start]


#: Role → what a name must stand for, what it must not, and how well it then fits (0 to 1).
_Rule = tuple[tuple[str, ...], float]
_NEVER: Final = {
    role: frozenset(words.split())
    for role, words in {
        "customer_id": "other session order transaction line date time timestamp amount price total sales "
        "product category status kind quantity tax fee discount currency address shipped year month "
        "week created updated paid cost profit balance test flag",
        "ordered_at": "due updated cancel refund life settled customer product price amount total tax "
        "fee email name status kind quantity shipped currency line",
        "order_id": "customer other date time timestamp amount total price net gross subtotal product "
        "category quantity status kind tax fee discount currency name email phone address shipped "
        "line refund cost profit balance financial fulfilment life year month week unit created",
        "revenue": "id date time timestamp quantity discount refund cancel currency status kind fee "
        "cost tax tip balance shipped customer name email financial fulfilment life year month week "
        "test due category settled",
        "unit_price": "id date discount refund currency status kind fee cost tax tip balance shipped "
        "total subtotal quantity customer sales profit",
        "items": "amount price date customer refund shipped balance name currency discount cancel "
        "sales tax life",
        "email": "other",
        "time": "other date",
        "kind": "tax product customer discount currency shipped",
        "status": "tax",
        "product": "amount total price quantity date currency sales category status kind",
        "discount": "id name shipped kind date",
        "refunded": "id date status kind quantity",
        "cancelled": "id date amount total quantity",
    }.items()
}
_FITS: Final[dict[str, tuple[_Rule, ...]]] = {
    "customer_id": (
        (("customer", "id"), 1.0),
        (("customer",), 0.95),
        (("customer", "email"), 0.9),
        (("email",), 0.85),
        (("customer", "name"), 0.7),
        (("customer", "phone"), 0.6),
        (("phone",), 0.5),
        (("billing", "name"), 0.5),
        (("name",), 0.45),
        (("id",), 0.3),
    ),
    "ordered_at": (
        (("order", "date"), 1.0),
        (("order", "timestamp"), 1.0),
        (("order", "time"), 0.97),
        (("transaction", "date"), 0.9),
        (("transaction", "timestamp"), 0.9),
        (("transaction", "time"), 0.88),
        (("sales", "date"), 0.95),
        (("created",), 0.9),
        (("date",), 0.85),
        (("timestamp",), 0.85),
        (("paid",), 0.6),
        (("day",), 0.6),
        (("time",), 0.6),
        (("month",), 0.4),
        (("week",), 0.4),
    ),
    "order_id": (
        (("order", "id"), 1.0),
        (("order",), 0.85),
        (("transaction", "id"), 0.75),
        (("sales", "id"), 0.7),
        (("transaction",), 0.6),
        (("session", "id"), 0.7),
        (("session",), 0.6),
        (("id",), 0.45),
    ),
    "revenue": (
        (("order", "total"), 1.0),
        (("gross", "total"), 1.0),
        (("gross", "amount"), 0.94),
        (("total", "amount"), 0.95),
        (("total", "sales"), 0.95),
        (("total", "price"), 0.95),
        (("total",), 0.93),
        (("order", "amount"), 0.93),
        (("sales", "amount"), 0.92),
        (("sales",), 0.9),
        (("amount",), 0.88),
        (("transaction", "amount"), 0.9),
        (("transaction",), 0.5),
        (("paid", "amount"), 0.8),
        (("paid",), 0.6),
        (("gross",), 0.75),
        (("subtotal",), 0.65),
        (("net",), 0.6),
        (("price",), 0.5),
        (("profit",), 0.25),
    ),
    "unit_price": ((("unit", "price"), 1.0), (("unit", "amount"), 1.0), (("price",), 0.8)),
    "items": (
        (("quantity",), 1.0),
        (("id", "quantity"), 0.8),
        (("quantity", "order"), 1.0),
        (("unit",), 0.3),
    ),
    "product": (
        (("product", "id"), 1.0),
        (("product",), 0.9),
        (("product", "name"), 0.85),
        (("line", "id"), 0.6),
        (("line",), 0.5),
    ),
    "category": ((("category",), 1.0), (("product", "category"), 1.0)),
    "status": (
        (("order", "status"), 1.0),
        (("status",), 0.9),
        (("financial",), 1.0),
        (("financial", "status"), 1.0),
        (("transaction", "status"), 0.95),
        (("paid", "status"), 0.95),
    ),
    "fulfilment": (
        (("fulfilment",), 1.0),
        (("shipped", "status"), 1.0),
        (("fulfilment", "status"), 1.0),
    ),
    "kind": ((("kind",), 0.9), (("transaction", "kind"), 1.0), (("order", "kind"), 0.9)),
    "currency": ((("currency",), 1.0), (("currency", "id"), 1.0)),
    "refunded": ((("refund", "amount"), 1.0), (("refund", "total"), 1.0), (("refund",), 0.8)),
    "cancelled_at": ((("cancel", "date"), 1.0), (("cancel",), 0.8), (("cancel", "time"), 0.9)),
    "cancelled": ((("cancel",), 0.8), (("flag", "cancel"), 1.0), (("refund",), 0.5)),
    "test": ((("test",), 0.9), (("flag", "test"), 1.0), (("test", "order"), 1.0)),
    "discount": ((("discount",), 0.9), (("discount", "amount"), 1.0)),
    "updated_at": ((("updated",), 1.0), (("updated", "date"), 1.0), (("updated", "time"), 1.0)),
    "email": ((("email",), 1.0), (("customer", "email"), 1.0), (("billing", "email"), 1.0)),
    "time": ((("time",), 1.0), (("order", "time"), 1.0), (("transaction", "time"), 1.0)),
    "year": ((("year",), 1.0), (("year", "order"), 0.9)),
    "month": ((("month",), 1.0), (("month", "order"), 0.9)),
    "day": ((("day",), 1.0), (("date",), 0.3)),
}
#: What every further word that says something else takes away, and every unknown one.
_FURTHER, _UNKNOWN = 0.12, 0.1


@cache
def fit(role: str, name: str) -> float:
    """Return how well a column's name fits a role, from 0 (not at all) to 1."""
    found = parse(name)
    if found.concepts & _NEVER.get(role, frozenset()):
        return 0.0
    best = 0.0
    for needed, score in _FITS.get(role, ()):
        if found.concepts.issuperset(needed):
            further = len(found.concepts - set(needed) - {"billing"})
            best = max(best, score - _FURTHER * further - _UNKNOWN * found.unknown)
    return max(best, 0.0)
