"""Tables that belong together: what tells them apart, and which of their columns are read.

A marketplace exports orders, payments and customers as tables of their own, and whatever else it has
beside them. Events (visits, logins) are a table beside any orders. A new table is one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from clv.core.errors import LayoutError
from clv.ingest.columns import matching
from clv.ingest.columns.layouts import SYNONYMS, Layout
from clv.ingest.columns.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.settings import IngestOptions
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.files.source import Source

    #: An opened table and how it is written.
    Opened = tuple[Source, Dialect]

#: How a table of related ones says what it is in the report.
RELATED: Final = Layout("marketplace", "Marketplace tables (Olist)", {}, required=())


@dataclass(frozen=True)
class Column:
    """One column that is read.

    Attributes
    ----------
    kind
        What its cells hold.
    fault
        Code of the check that rejects a row without it; empty where it may be unknown.
    """

    kind: Literal["text", "number", "time"] = "text"
    fault: str = ""


@dataclass(frozen=True)
class Kind:
    """One of several tables that belong together.

    Attributes
    ----------
    columns
        Columns that are read, by their names in the engine.
    marks
        Those that must be there: by them the table is recognised.
    never
        Columns that it does not have; a table with them is another one.
    key
        Columns that together tell its rows apart; none where rows may repeat.
    required
        Without it there are no orders.
    spoken
        Columns known by several names: name in the engine → normalised names, the best first.
    """

    name: str
    columns: Mapping[str, Column]
    marks: tuple[str, ...]
    never: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    required: bool = False
    spoken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def store(self) -> str:
        """The engine's table for its rows."""
        return f"{self.name}_table"

    def found(self, columns: Sequence[str]) -> dict[str, str]:
        """Return which of a table's columns are which; none if the table is of another kind."""
        names = {normalise(c): c for c in reversed(columns)}
        taken: dict[str, str] = {}
        for column in self.columns:
            spoken = self.spoken.get(column, (normalise(column),))
            near = [names[n] for n in spoken if n in names and names[n] not in taken.values()]
            taken |= {column: near[0]} if near else {}
        here = all(mark in taken or normalise(mark) in names for mark in self.marks)
        return taken if here and not any(normalise(c) in names for c in self.never) else {}


_KEY: Final = Column(fault="missing_key")

MARKETPLACE: Final = (
    Kind(
        "orders",
        {
            "order_id": _KEY,
            "customer_id": Column(fault="missing_customer"),
            "order_purchase_timestamp": Column("time", "unreadable_date"),
            "order_status": Column(),
            "order_delivered_customer_date": Column("time"),
            "order_estimated_delivery_date": Column("time"),
        },
        marks=("order_id", "customer_id", "order_status", "order_purchase_timestamp"),
        never=("customer_unique_id", "payment_value", "price"),
        key=("order_id",),
        required=True,
    ),
    Kind(
        "payments",
        {
            "order_id": _KEY,
            "payment_sequential": Column(),
            "payment_type": Column(),
            "payment_installments": Column("number"),
            "payment_value": Column("number", "unreadable_number"),
        },
        marks=("order_id", "payment_sequential", "payment_type", "payment_value"),
        never=("order_purchase_timestamp", "customer_id", "customer_unique_id"),
        key=("order_id", "payment_sequential"),
        required=True,
    ),
    Kind(
        "customers",
        {
            "customer_id": _KEY,
            "customer_unique_id": Column(fault="missing_customer"),
            "customer_state": Column(),
            "customer_city": Column(),
            "customer_zip_code_prefix": Column(),
        },
        marks=("customer_id", "customer_unique_id"),
        never=("order_id", "order_purchase_timestamp"),
        key=("customer_id",),
        required=True,
    ),
    Kind(
        "items",
        {
            "order_id": _KEY,
            "order_item_id": Column(),
            "product_id": Column(),
            "seller_id": Column(),
            "price": Column("number", "unreadable_number"),
            "freight_value": Column("number"),
        },
        marks=("order_id", "order_item_id", "product_id", "price"),
        never=("customer_id", "customer_unique_id", "order_purchase_timestamp"),
        key=("order_id", "order_item_id"),
    ),
    Kind(
        "products",
        {"product_id": _KEY, "product_category_name": Column()},
        marks=("product_id", "product_category_name"),
        never=("order_id",),
        key=("product_id",),
    ),
    Kind(
        "sellers",
        {"seller_id": _KEY, "seller_state": Column()},
        marks=("seller_id", "seller_state"),
        never=("order_id",),
        key=("seller_id",),
    ),
    Kind(
        "reviews",
        {
            "order_id": _KEY,
            "review_id": Column(),
            "review_score": Column("number", "unreadable_number"),
            "review_creation_date": Column("time"),
            "review_answer_timestamp": Column("time"),
        },
        marks=("review_id", "order_id", "review_score"),
        never=("customer_unique_id", "payment_value"),
        key=("review_id", "order_id"),
    ),
    Kind(
        "translation",
        {
            "product_category_name": _KEY,
            "product_category_name_english": Column(fault="missing_key"),
        },
        marks=("product_category_name", "product_category_name_english"),
        never=("product_id",),
        key=("product_category_name",),
    ),
    # Places on the map, in the same archive as the others: nothing is read.
    Kind(
        "geolocation",
        {"geolocation_zip_code_prefix": Column()},
        marks=("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"),
    ),
)

EVENTS: Final = Kind(
    "events",
    {
        "customer_id": Column(fault="missing_customer"),
        "moment": Column("time", "unreadable_date"),
        "event": Column(fault="missing_key"),
    },
    marks=("customer_id", "moment", "event"),
    spoken={
        "customer_id": SYNONYMS["customer_id"],
        "moment": (
            "timestamp",
            "eventtimestamp",
            "eventtime",
            "eventdate",
            *SYNONYMS["ordered_at"],
        ),
        "event": ("event", "eventname", "eventtype", "eventcategory", "activity", "action"),
    },
    never=tuple(
        name
        for role in ("order_id", "revenue", "items", "unit_price")
        for name in SYNONYMS[role]
        if name != "value"  # A measurement of the event, not money.
    ),
)


@dataclass
class Sorted:
    """The tables of an upload by what they are.

    Attributes
    ----------
    orders
        Files of orders as one table each.
    market
        Tables of a marketplace, in the order of `MARKETPLACE`.
    events
        Tables of events.
    unused
        Names of tables that are known, but that nothing is read from.
    events_alone
        The files of orders look like events, and nobody said that they are orders.
    """

    orders: list[Opened] = field(default_factory=list)
    market: list[tuple[Kind, Opened]] = field(default_factory=list)
    events: list[Opened] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    events_alone: bool = False


def sort(opened: Sequence[Opened], options: IngestOptions) -> Sorted:
    """Tell the tables of an upload apart by their columns.

    Where the user says what the files or their columns are, they are files of orders.

    Raises
    ------
    LayoutError
        A required table of a marketplace is missing, or a table is none of them.
    """
    result = Sorted()
    for source, dialect in opened:
        kind = _kind(dialect) if options.layout is None and not options.mapping else None
        if kind is not None and kind.name == "geolocation":
            result.unused.append(source.name)
        elif kind is not None:
            result.market.append((kind, (source, dialect)))
        elif is_events(dialect):
            result.events.append((source, dialect))
        else:
            result.orders.append((source, dialect))
    if result.market:
        result.market.sort(key=lambda one: MARKETPLACE.index(one[0]))
        _refuse_incomplete(result)
    elif not result.orders:  # Events alone are what there is to count.
        said = options.layout is not None or bool(options.mapping)
        return Sorted(orders=list(opened), events_alone=not said)
    return result


def is_market(dialects: Sequence[Dialect]) -> bool:
    """Whether one of some tables is one that a marketplace needs."""
    return any((kind := _kind(one)) is not None and kind.required for one in dialects)


def is_events(dialect: Dialect) -> bool:
    """Whether a table holds events."""
    return dialect.header and bool(EVENTS.found(dialect.columns))


def _kind(dialect: Dialect) -> Kind | None:
    """Return which table of a marketplace it is; None for any other."""
    if not dialect.header:
        return None
    kind = next((k for k in MARKETPLACE if k.found(dialect.columns)), None)
    if kind is None or kind.name == "orders":
        return kind
    alone = matching.match("", dialect.columns, dialect.head, header=True)
    return None if not alone.missing and "revenue" in alone.mapping else kind


def _refuse_incomplete(found: Sorted) -> None:
    """Refuse a marketplace without a required table, or with a table that is none of its own."""
    here = {kind.name for kind, _ in found.market}
    missing = [k for k in MARKETPLACE if k.required and k.name not in here]
    listed = ", ".join(f"{kind.name} ({source.name})" for kind, (source, _) in found.market)
    if missing:
        wanted = "; ".join(f"{k.name} ({', '.join(k.marks)})" for k in missing)
        msg = f"These look like marketplace tables; missing: {wanted}."
        raise LayoutError(msg, f"Upload all tables together, or in one .zip. Found: {listed}.")
    if found.orders:
        names = ", ".join(source.name for source, _ in found.orders)
        msg = f"{names}: none of the marketplace's tables, which the other files are."
        known = ", ".join(k.name for k in MARKETPLACE if k.name != "geolocation")
        raise LayoutError(msg, f"Known tables: {known}; and events. Found: {listed}.")
