"""Tables that hold no orders: what they are instead, and what their owner can do.

A summary of customers, a column for each month, gaps in days, day numbers, totals for each day, a list
of products. Names alone prove nothing: a table with the day of every order is never one of these,
whatever else its columns are called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from clv.core.errors import NotOrdersError
from clv.core.formatting import listed
from clv.ingest.columns.names import normalise
from clv.ingest.files import dates
from clv.ingest.files.calendar_words import MONTHS, fold
from clv.ingest.files.dialect import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.settings import IngestOptions
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.files.source import Source

_ORDER: Final = (
    "order|purchase|invoice|transaction|receipt|basket|bestell|auftrag|rechnung|beleg|commande|achat|"
    "facture|pedido|compra|factura|ordine|acquist|fattura|zamowieni|bestelling|aankoop|ordre|kop|kjop"
)
#: Normalised names of columns, as patterns that hold the whole name.
_FREQUENCY: Final = "(?:purchase|order)?frequency(?:value|cal)?|freq|frequenz|frequence|frecuencia|frequenza|frequencia|x|calx|xcal"
_RECENCY: Final = "recency(?:days|value|cal)?|recenz|recence|recencia|recenza|tx|txcal|caltx"
_MONETARY: Final = "monetary(?:value|val|amount)?|avgmonetary(?:value)?"
_SCORES: Final = "[rfm]score|rfm(?:score|segment|group|cell)?"
_MORE: Final = "t|tcal|m"
_GAP: Final = (
    f"(?:days?|time|hours?|weeks?)?since(?:the)?(?:prior|previous|last|first)(?:{_ORDER})?|"
    f"(?:avg|mean)?inter(?:purchase|order|arrival|transaction)(?:time|days|gap)?s?|iat|"
    f"(?:days?|time)(?:between|from(?:prior|previous|last))(?:{_ORDER})?s?|gap(?:in)?(?:days)?|"
    "(?:days?|time)?(?:gap|delta|interval|lag|diff)(?:days)?|"
    "(?:tage|zeit)seit(?:der)?letzter?(?:bestellung|kauf)?|jours(?:depuis|entre).*|dias(?:desde|entre).*"
)
_ORDERS: Final = (
    "orders|purchases|bestellungen|commandes|achats|pedidos|compras|ordini|acquisti|bestellingen"
)
_COUNTED: Final = (
    "(?:total|lifetime|all)?(?:number|num|nr|no|n|count|anzahl|nombre|numero|aantal|antal|liczba)?(?:of|de|der)?"
    f"(?:{_ORDERS})(?:count|total|number|placed|made)?|(?:order|purchase)count"
)
_TOTAL: Final = (
    "(?:total|lifetime|overall)(?:amount)?(?:spen[dt]|spending|sales|revenue|value)|(?:amount|money)spent|"
    "ltv|clv|lifetimevalue|gesamtumsatz|umsatzgesamt|totaldepense|totalgastado|totalespeso"
)
_ONCE: Final = (
    "(?:last|latest|most?recent|first|letzte|erste|derni|premi|ultim|prim|laatste|eerste|sist|ostatni|birth|"
    "dob|geburt|naissance|nacimiento|signup|signedup|regist|join|member|since|customersince|kundeseit|"
    "cohort|subscri|accountcreated|customercreated).*"
)
_NUMBER: Final = (
    f"(?:{_ORDER})(?:[a-z]{{0,4}}(?:id|no|nr|num|number|nummer|ref|reference|code|key))?|"
    f"(?:id|no|nr|num|numero|number)(?:de)?(?:{_ORDER})"
)
_CUSTOMER: Final = (
    ".*(?:cust|client|kund|e?mail|user|member|buyer|klant|cliente|household|contact|visitor|shopper|guest|"
    "account|consumer|patient|donor).*"
)
_PERSON: Final = "firstname|lastname|phone|mobile|address1?|city|zip|postcode|acceptsmarketing|subscribed|vorname|nachname|ort|plz"
_PRODUCT: Final = "sku|variantsku|product(?:id|name|code|sku)?|productcode|stockcode|ean|gtin|barcode|articleid|artikelnummer|handle|itemid|itemcode"
_STOCK: Final = (
    "(?:current|in|units?in|variantinventory)?stock(?:level|qty|quantity|status|onhand)?|.*inventory.*|"
    "(?:qty|quantity|units)?(?:on|in)hand|reorder(?:level|point)|lager|lagerbestand|bestand|warehouse|"
    "variant.*|costperitem|unitcost|cost|compareatprice|supplier"
)
_TRAFFIC: Final = (
    "sessions|visits|visitors|pageviews|users|conversionrate|aov|averageordervalue|bouncerate"
)
#: Unit of what is counted → the column that counts it, and what makes a date of it in a spreadsheet.
_COUNTERS: Final = {
    "days": (
        (
            f"(?:{_ORDER}|trans|visit|study|sales?)?day(?:no|nr|num|number|index|id|ofstudy)?|date|orderdate|"
            "tag|jour|dia|giorno|dag"
        ),
        "=DATE(2017,1,1)+B2",
    ),
    "weeks": (
        f"(?:{_ORDER}|trans|visit|sales?)?week(?:no|nr|num|number|index|id)?|kw|woche|semaine|semana|settimana",
        "=DATE(2017,1,1)+7*B2",
    ),
    "months": (
        f"(?:{_ORDER}|trans|visit|sales?)?month(?:no|nr|num|number|index|id)?|monat|mois|mes|mese|maand",
        "=EDATE(DATE(2017,1,1),B2)",
    ),
    "periods": ("period|timestep|time|t", "=DATE(2017,1,1)+B2 if a period is a day"),
}
_YEAR: Final = "year|jahr|annee|an|ano|anno|jaar|ar|rok|orderyear|salesyear|yr|fiscalyear"
#: No count of days reaches so far; spreadsheets' day numbers of this century begin beyond.
_MOST_DAYS: Final = 20_000

_YY: Final = r"(?:(?:19|20)\d\d|\'?\d\d)"
#: A month, week, quarter or day in the name of a column, with or without a word beside it.
_PERIOD: Final = re.compile(
    r"(?:[^\W\d]+[ _\-])?(?:"
    r"(?:19|20)\d\d(?:[-_/. ]?(?:0[1-9]|1[0-2]|[1-9]))?(?:[-_/. ]\d{1,2})?(?:[ t]00:00(?::00)?)?"
    r"|(?:0?[1-9]|1[0-2])[-_/. ](?:19|20)\d\d"
    rf"|(?:(?:19|20)\d\d[-_ ]?)?(?:month|m|monat|mois|mes|week|w|kw|wk|woche|day|d|tag|quarter|q|period)"
    rf"[-_ ]?\d{{1,4}}(?:[-_/ ]{_YY})?"
    r")(?:[ _\-][^\W\d]+)?"
)
_WORDS: Final = re.compile(r"[^\W\d_]+|\d+")
_LEAST_PERIODS: Final = 3
#: A year beside anything but digits and points, a number so long that it may be a moment, or one that may
#: be a spreadsheet's day: whatever may be a date gets the benefit of the doubt.
_LIKE_DATE: Final = re.compile(
    r"(?=.*[^\d.,]).*(?<!\d)(?:19|20|25)\d\d(?!\d).*|\d{10,}|[34]\d{4}(?:\.\d+)?"
)
_EXPORT: Final = "Export the orders themselves: one row for each, with customer, date and amount."


@dataclass(frozen=True)
class _Look:
    """A table's names and first rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @cached_property
    def keys(self) -> list[str]:
        return [normalise(column) for column in self.columns]

    def named(self, pattern: str) -> list[int]:
        """Return the columns whose whole name fits."""
        return [i for i, key in enumerate(self.keys) if re.fullmatch(pattern, key)]

    def cells(self, i: int) -> list[str]:
        """Return what is filled of a column."""
        return [row[i].strip() for row in self.rows if i < len(row) and row[i].strip()]

    def numbers(self, i: int) -> list[int]:
        """Return a column's whole numbers; none if it has anything else."""
        found = [re.sub(r"\.0+$", "", cell) for cell in self.cells(i)]
        whole = all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in found)
        return [int(cell) for cell in found] if whole else []

    def said(self, *indices: int) -> str:
        """Return the columns' names as a sentence has them."""
        return listed([f"“{self.columns[i]}”" for i in indices])

    def distinct(self, indices: Sequence[int]) -> bool:
        """Whether one of the columns names a row: every value once, none blank."""
        return any(
            len(self.rows) == len(cells) == len(set(cells)) > 1
            for cells in (self.cells(i) for i in indices)
        )

    @cached_property
    def order_days(self) -> list[int]:
        """The columns that may hold the day of an order, by what is in them."""
        once = {*self.named(_ONCE)}
        return [i for i in range(len(self.columns)) if i not in once and self.dated(i)]

    def dated(self, i: int) -> bool:
        """Whether a column holds dates."""
        cells = self.cells(i)
        like = sum(dates.looks_like_date(c) or _LIKE_DATE.fullmatch(c) is not None for c in cells)
        return bool(cells) and 3 * like >= 2 * len(cells)


def _is_period(name: str) -> bool:
    """Whether a column is of a month, a week, a day…: ``2022-03``, ``Mrz 22``, ``Revenue week 7``."""
    folded = fold(name)
    if dates.looks_like_date(name.strip()) or _PERIOD.fullmatch(folded):
        return True
    parts = _WORDS.findall(folded)
    years = [part for part in parts if part.isdigit()]
    months = [part for part in parts if part in MONTHS]
    fits = all(len(year) in {2, 4} for year in years) and len(years) <= 1
    return len(months) == 1 and fits and len(parts) - len(years) <= 2


def _header(source: Source, found: Dialect) -> tuple[str, ...]:
    """Return the names of the columns; of dates in row one, which reads as data, or as a title."""
    if found.header or not found.head:
        return found.columns
    above: list[list[str]] = []
    if found.skip_lines:
        with source.path.open(encoding="utf-8", errors="replace") as lines:
            above = split("".join(islice(lines, found.skip_lines)), found.delimiter)
    return tuple(above[-1]) if above else found.head[0]


def refuse(source: Source, found: Dialect, options: IngestOptions) -> None:
    """Refuse a table that holds no orders.

    Whoever says what the columns or the layout are is believed.

    Raises
    ------
    NotOrdersError
        It says what the table is, and what to do instead.
    """
    if {"ordered_at", "customer_id"} & {*options.mapping} or options.layout is not None:
        return
    columns = _header(source, found)
    if len(columns) != len(found.columns):
        return
    rows = found.head[1:] if found.head[:1] == (columns,) else found.head
    look = _Look(columns, rows)
    for kind in _KINDS if found.header else (_wide,):
        if told := kind(look):
            what, instead = told
            msg = f"{source.name} {what}"
            raise NotOrdersError(msg, instead)


def _wide(look: _Look) -> tuple[str, str] | None:
    """Recognise a column for each month, week or day."""
    periods = [i for i, name in enumerate(look.columns) if _is_period(name)]
    rest = [i for i in range(len(look.columns)) if i not in periods]
    if len(periods) < _LEAST_PERIODS or 4 * len(periods) < len(rest) or not rest:
        return None
    if any(look.dated(i) for i in periods):  # Dates of orders in a file without header.
        return None
    years = any(re.search(r"(19|20)\d\d", look.columns[i]) for i in periods)
    if any(i in rest for i in look.order_days) or not (years or len(periods) > _LEAST_PERIODS):
        return None
    first, last = look.columns[min(periods)], look.columns[max(periods)]
    key = look.columns[rest[0]]
    return (
        (
            f"is a wide table: it has a column for each month or other period ({first} to {last}), and no "
            "row for each order."
        ),
        (
            f"{_EXPORT} If these totals are all there is, turn every filled cell into a row of its own: "
            "“Unpivot columns” in Excel's Power Query, or in Python "
            f'frame.melt("{key}", var_name="ordered_at", value_name="revenue").query("revenue > 0").'
        ),
    )


def _summary(look: _Look) -> tuple[str, str] | None:
    """Recognise a table of frequency and recency."""
    found = [look.named(pattern) for pattern in (_FREQUENCY, _RECENCY, _MONETARY)]
    scores = look.named(_SCORES)
    if sum(map(bool, found)) < 2 and len(scores) < _LEAST_PERIODS:
        return None
    if look.order_days:
        return None
    named = (
        sorted({i for one in found for i in one} | {*look.named(_MORE)}) if any(found) else scores
    )
    return (
        f"is a summary: a row for each customer with {look.said(*named)}, not their orders.",
        (
            f"{_EXPORT} If there is only this summary, the models can be fitted in Python: "
            "from clv import MBGNBD; MBGNBD().fit(frequency, recency, T), all three in days."
        ),
    )


def _customers(look: _Look) -> tuple[str, str] | None:
    """Recognise a table of customers, each with totals, or with nothing of orders at all."""
    customers = look.named(_CUSTOMER)
    if look.named(_NUMBER) or not customers or not look.distinct(customers):
        return None
    counted = [i for i in look.named(_COUNTED) if max(look.numbers(i), default=0) > 1]
    total, once = look.named(_TOTAL), [i for i in look.named(_ONCE) if look.dated(i)]
    if look.order_days:
        proved = bool(counted and total)
    else:
        proved = bool(counted or total or (once and len(look.columns) > len(customers) + len(once)))
    if proved:
        said = look.said(*(counted + total + once)[:4])
        return (
            f"is a summary of customers: a row for each with {said}, not their orders.",
            f"{_EXPORT} Totals and a last date don't tell when a customer came back.",
        )
    if not look.order_days and len(look.named(_PERSON)) > 1:
        return "is a list of customers without their orders.", _EXPORT
    return None


def _gaps(look: _Look) -> tuple[str, str] | None:
    """Recognise days between orders in place of their dates."""
    gaps = look.named(_GAP)
    if not gaps or look.order_days:
        return None
    return (
        f"tells how much time lies between orders ({look.said(*gaps)}), but not the date of any.",
        (
            f"{_EXPORT} If you know the day of each customer's first order, add a column with the date: "
            "that day plus the gaps so far."
        ),
    )


def _counters(look: _Look) -> tuple[str, str] | None:
    """Recognise numbers of days, weeks or months in place of dates."""
    if look.order_days or look.named(_YEAR):
        return None
    for unit, (pattern, formula) in _COUNTERS.items():
        for i in look.named(pattern):
            found = look.numbers(i)
            years = found and 1900 <= min(found) <= max(found) <= 2100
            if len(set(found)) > 1 and max(found) < _MOST_DAYS and not years:
                return (
                    (
                        f"has day numbers, not dates: {look.said(i)} counts {unit} ({min(found)} to "
                        f"{max(found)} in the first rows) from a start that the file does not name."
                    ),
                    f"Add a column with the calendar date, counted from the first day: in Excel {formula}.",
                )
    return None


def _totals(look: _Look) -> tuple[str, str] | None:
    """Recognise totals for each day or month, without customers."""
    if look.named(_CUSTOMER) or look.named(_NUMBER) or not look.distinct(look.order_days):
        return None
    counted = [i for i in look.named(_COUNTED) if max(look.numbers(i), default=0) > 1]
    found = counted + look.named(_TRAFFIC)
    if not found:
        return None
    return (
        f"holds totals: a row for each day or month with {look.said(*found[:3])}, and no customers.",
        _EXPORT,
    )


def _products(look: _Look) -> tuple[str, str] | None:
    """Recognise a list of products or their stock."""
    if look.named(_CUSTOMER) or look.named(_NUMBER) or look.order_days:
        return None
    products, stock = look.named(_PRODUCT), look.named(_STOCK)
    if not products or not stock:
        return None
    return (
        f"is a list of products ({look.said(products[0], stock[0])}), not of orders.",
        _EXPORT,
    )


_KINDS: Final = (_wide, _summary, _customers, _gaps, _counters, _totals, _products)
