"""The tables of a marketplace → orders, what they are made of, and what is known of each.

Only delivered orders count; an order's revenue is the sum of its payments; the customer is
``customer_unique_id``, since a marketplace gives every order a ``customer_id`` of its own. Rows of the
other tables count if their order does. Products, sellers and names of categories are looked up: their
rows are kept whether an order needs them or not, and the report says how many none does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.orders import ATTRIBUTES
from clv.ingest.columns import labels
from clv.ingest.columns.kinds import MARKETPLACE
from clv.ingest.orders import amounts, companions, left_out, netting, table
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.companions import Companion, reject, reject_repeats
from clv.ingest.orders.decisions import Decisions, noted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from clv.core.schema import Rule
    from clv.core.settings import DateOrder, IngestOptions
    from clv.core.types import Progress
    from clv.ingest.columns.kinds import Kind, Sorted
    from clv.ingest.files.dates import DateFormat
    from clv.ingest.files.numbers import NumberFormat


ROLES: Final = {
    "customer_id": "customer_unique_id",
    "ordered_at": "order_purchase_timestamp",
    "revenue": "payment_value",
    "order_id": "order_id",
    "status": "order_status",
}
#: What customers can be compared by → SQL over an order, its customer and its facts.
GROUPINGS: Final = {
    "customer_state": "c.customer_state",
    "customer_city": "c.customer_city",
    "customer_zip_code_prefix": "c.customer_zip_code_prefix",
    "category": "f.category",
    "seller_state": "f.seller_state",
    "payment_type": "f.payment_type",
}
_UNASKED: Final = ("customer_state", "category", "seller_state")
_KINDS: Final = {kind.name: kind for kind in MARKETPLACE}
_ORDERS, _PAYMENTS, _CUSTOMERS = (_KINDS[n] for n in ("orders", "payments", "customers"))
#: Kind that is looked up → SQL that tells whether an order that counts needs the row ``t``.
#: The orders with what was paid for them, judged: what counts, and why the others don't.
_JUDGED: Final = (
    f"(SELECT o.code, p.revenue FROM {_ORDERS.store} o LEFT JOIN paid p ON p.order_id = o.order_id)"
)
_NEEDED: Final = {
    "products": "SELECT product_id FROM items_table WHERE code = 0",
    "sellers": "SELECT seller_id FROM items_table WHERE code = 0",
    "translation": "SELECT product_category_name FROM products_table WHERE code = 0 AND product_id "
    "IN (SELECT product_id FROM items_table WHERE code = 0)",
}


def prepare(found: Sorted, options: IngestOptions, spool: Path) -> list[Companion]:
    """Find out how every table is written; the orders come first.

    Raises
    ------
    AmbiguousDateError
        The orders' dates can be read two ways.
    FileError
        A column of dates holds none.
    """
    made: list[Companion] = []
    for kind, opened in found.market:
        made.append(Companion(kind, opened, options, spool, _hint(made)))
    return made


def _hint(made: Sequence[Companion]) -> DateOrder | None:
    return next((c.order for c in made if c.order), None)


def choose_dates(found: Sorted, options: IngestOptions) -> DateFormat:
    """Return how the days of the orders are written, as far as the first rows tell.

    Raises
    ------
    FileError
        The column holds no dates.
    """
    kind, (source, dialect) = found.market[0]
    column = kind.found(dialect.columns)["order_purchase_timestamp"]
    return table.choose_dates(source, dialect, column, options.date_order)


def choose_numbers(found: Sorted, options: IngestOptions) -> NumberFormat:
    """Return how the payments are written, as far as the first rows tell."""
    dialect = next(d for kind, (_, d) in found.market if kind is _PAYMENTS)
    return amounts.choose(dialect, [_PAYMENTS.found(dialect.columns)["payment_value"]], options)


def groupings(found: Sorted) -> tuple[str, ...]:
    """Return what customers can be compared by, as far as the tables have it."""
    here = _here(found)
    return tuple(n for n in GROUPINGS if n in here["customers"] or n in _known(here))


def grouping(found: Sorted, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the labels: those asked for, else what the tables know of the usual ones.

    Raises
    ------
    LayoutError
        The tables do not know what is asked for.
    """
    known = groupings(found)
    if asked is None:
        return tuple(name for name in known if name in _UNASKED)
    return labels.check(asked, [("The upload", known)], ())


def _here(found: Sorted) -> dict[str, set[str]]:
    """Return the columns that the tables have, by kind of table."""
    here: dict[str, set[str]] = {name: set() for name in _KINDS}
    for kind, (_, dialect) in found.market:
        here[kind.name] |= set(kind.found(dialect.columns))
    return here


def settle(
    con: duckdb.DuckDBPyConnection,
    found: Sorted,
    parts: Sequence[Companion],
    names: Sequence[str],
    rules: dict[str, Rule],
    latest: date,
    spool: Path,
    progress: Progress,
) -> Decisions:
    """Read the tables, join them, and make ``orders``, ``order_lines`` and ``attributes``.

    Parameters
    ----------
    found, parts
        The tables, and the same ready to be read (`prepare`).
    names
        Labels; they become columns of ``lines``, for `clv.ingest.columns.labels.build`.
    rules
        Of the checks that can be turned round.
    latest
        Orders after this day are rejected.
    """
    for kind in MARKETPLACE:
        companions.create(con, kind)
    for number, part in enumerate(parts):
        progress(f"Reading {part.table.source.name}", number, len(parts))
        part.load(con, number, spool)
    progress("Joining the tables", 0, 0)
    for kind in MARKETPLACE:
        if kind.name != "orders":
            reject_repeats(con, kind)
    _judge_orders(con, latest)
    known = _known(_here(found))
    _accept(con, names, known)
    far = netting.drop_far_dates(con, rules["far_date"])
    zeros = netting.drop_zero_values(con, rules["zero_value"], one_total=False)
    con.execute(
        f"UPDATE {_ORDERS.store} AS t SET code = l.code, detail = l.detail FROM lines l "
        "WHERE l.order_id = t.order_id AND t.code = 0 AND l.code <> 0"
    )
    gone = netting.build_orders(con, has_order_id=True)
    _judge_rest(con)
    _attributes(con, known)
    (made,) = engine.row(con, "SELECT count(category) FROM order_lines")
    money = next(p.table.numbers for p in parts if p.kind.name == "payments")
    return Decisions(
        rules=rules,
        noted=noted(rules, zero_value=zeros, far_date=sum(n for _, n in far)),
        orders_cancelled=gone,
        far_dates=[day.isoformat() for day, _ in far],
        currency=money.currency,
        decimal=money.decimal,
        has_order_id=True,
        titles=sum(part.table.titles for part in parts),
        mapping=ROLES,
        tables=[*(["lines"] if "category" in known and made else []), "attributes"],
        labels=names,
        unreadable=companions.unreadable(con, MARKETPLACE),
        made=[
            *(d for part in parts for d in part.table.decisions),
            *left_out.decisions(con, rules, money.currency, source=_JUDGED),
        ],
        not_needed=_not_needed(con, parts),
        statuses={
            part.table.source.name: _statuses(con, number)
            for number, part in enumerate(parts)
            if part.kind is _ORDERS
        },
    )


def _statuses(con: duckdb.DuckDBPyConnection, number: int) -> dict[str, int]:
    """Return how many orders of a file are not delivered, by status, most frequent first."""
    found = con.execute(
        f"SELECT detail, count(*) FROM {_ORDERS.store} WHERE code = {NUMBER['not_delivered']} "
        f"AND file = {number} GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return dict(found.fetchall())


def _judge_orders(con: duckdb.DuckDBPyConnection, latest: date) -> None:
    """Reject orders that do not count, for the first reason that applies."""
    status = "coalesce(lower(t.order_status), 'unknown')"
    reject(con, _ORDERS, "not_delivered", f"{status} <> 'delivered'", status)
    moment = "t.order_purchase_timestamp"
    future = f"{moment} >= DATE '{latest}' + INTERVAL 1 DAY"
    reject(con, _ORDERS, "future_date", future, f"{moment}::VARCHAR")
    reject_repeats(con, _ORDERS)
    customers = f"SELECT customer_id FROM {_CUSTOMERS.store} WHERE code = 0"
    reject(con, _ORDERS, "unknown_customer", f"customer_id NOT IN ({customers})", "t.customer_id")
    con.execute(
        "CREATE TEMP TABLE paid AS SELECT order_id, round(sum(payment_value) FILTER (code = 0), 6) AS revenue, "
        f"bool_or(code = {NUMBER['unreadable_number']}) AS unreadable, "
        "arg_max(payment_type, (payment_value, -rowid)) FILTER (code = 0) AS payment_type, "
        "arg_max(payment_installments, (payment_value, -rowid)) FILTER (code = 0) AS installments "
        f"FROM {_PAYMENTS.store} WHERE order_id IS NOT NULL GROUP BY order_id"
    )
    for code, condition in (
        ("unreadable_payment", "unreadable"),
        ("negative_without_order", "revenue < -0.005"),
    ):
        such = f"order_id IN (SELECT order_id FROM paid WHERE {condition})"
        value = "NULL" if code == "unreadable_payment" else _paid("round(revenue, 2)::VARCHAR")
        reject(con, _ORDERS, code, such, value)
    bought = "SELECT order_id FROM paid WHERE revenue IS NOT NULL"
    reject(con, _ORDERS, "no_payment", f"order_id NOT IN ({bought})")


def _paid(value: str) -> str:
    return f"(SELECT {value} FROM paid p WHERE p.order_id = t.order_id)"


def _known(here: Mapping[str, set[str]]) -> dict[str, str]:
    """Return which attributes the tables tell → SQL over an order ``o`` and what it is joined with."""
    delivered = "order_delivered_customer_date" in here["orders"]
    late = delivered and "order_estimated_delivery_date" in here["orders"]
    dated = here["reviews"] & {"review_answer_timestamp", "review_creation_date"}
    days = "(o.order_delivered_customer_date::DATE - {}::DATE)::DOUBLE"
    told = {
        "seller_state": ("seller_id" in here["items"] and here["sellers"], "s.seller_state"),
        "payment_type": (True, "p.payment_type"),
        "category": (here["items"] and here["products"], "g.category"),
        "items": (here["items"], "i.items"),
        "freight": ("freight_value" in here["items"], "i.freight"),
        "installments": ("payment_installments" in here["payments"], "p.installments"),
        "review_score": (here["reviews"], "r.review_score"),
        "delivery_days": (delivered, days.format("o.order_purchase_timestamp")),
        "delivery_delay_days": (late, days.format("o.order_estimated_delivery_date")),
        "review_days": (dated, "(r.day - o.order_purchase_timestamp::DATE)::DOUBLE"),
    }
    return {name: told[name][1] for name in ATTRIBUTES if name in told and told[name][0]}


def _accept(con: duckdb.DuckDBPyConnection, names: Sequence[str], known: Mapping[str, str]) -> None:
    """Make ``facts`` and ``lines``, a row per order that was not rejected yet."""
    con.execute(
        "CREATE TABLE order_lines AS SELECT i.order_id, "
        "coalesce(t.product_category_name_english, p.product_category_name) AS category, "
        "round(sum(i.price), 6) AS revenue, count(*) AS items "
        f"FROM items_table i JOIN {_ORDERS.store} o ON o.order_id = i.order_id AND o.code = 0 "
        "LEFT JOIN products_table p ON p.product_id = i.product_id AND p.code = 0 "
        "LEFT JOIN translation_table t ON t.product_category_name = p.product_category_name "
        "AND t.code = 0 WHERE i.code = 0 GROUP BY ALL ORDER BY ALL"
    )
    facts = ", ".join(f"{sql} AS {name}" for name, sql in known.items())
    con.execute(
        f"CREATE TABLE facts AS SELECT o.order_id, {facts} FROM {_ORDERS.store} o "
        "LEFT JOIN paid p ON p.order_id = o.order_id "
        "LEFT JOIN (SELECT order_id, count(*)::DOUBLE AS items, sum(freight_value) AS freight, "
        "arg_min(seller_id, (try_cast(order_item_id AS BIGINT), rowid)) AS seller_id "
        "FROM items_table WHERE code = 0 GROUP BY order_id) i ON i.order_id = o.order_id "
        "LEFT JOIN sellers_table s ON s.seller_id = i.seller_id AND s.code = 0 "
        "LEFT JOIN (SELECT order_id, first(category ORDER BY revenue DESC, category) AS category "
        "FROM order_lines WHERE category IS NOT NULL GROUP BY order_id) g ON g.order_id = o.order_id "
        "LEFT JOIN (SELECT order_id, first(review_score ORDER BY moment, n) AS review_score, "
        "min(moment)::DATE AS day FROM (SELECT order_id, review_score, rowid AS n, "
        "coalesce(review_answer_timestamp, review_creation_date) AS moment FROM reviews_table "
        "WHERE code = 0) GROUP BY order_id) r ON r.order_id = o.order_id WHERE o.code = 0"
    )
    items = "f.items" if "items" in known else "NULL::DOUBLE"
    chosen = "".join(f", {GROUPINGS[n]} AS {labels.column(i)}" for i, n in enumerate(names))
    con.execute(
        "CREATE TABLE lines AS SELECT c.customer_unique_id AS customer_id, o.order_id, "
        f"o.order_purchase_timestamp AS ordered_at, p.revenue, {items} AS items, 0::UTINYINT AS code, "
        f"NULL::VARCHAR AS detail{chosen} FROM {_ORDERS.store} o "
        f"JOIN {_CUSTOMERS.store} c ON c.customer_id = o.customer_id AND c.code = 0 "
        "JOIN paid p ON p.order_id = o.order_id JOIN facts f ON f.order_id = o.order_id "
        "WHERE o.code = 0 ORDER BY o.rowid"
    )


def _judge_rest(con: duckdb.DuckDBPyConnection) -> None:
    """Reject rows of the other tables whose order is not known, or does not count."""
    counted = f"SELECT order_id FROM {_ORDERS.store} WHERE code = 0"
    known = f"SELECT order_id FROM {_ORDERS.store} WHERE order_id IS NOT NULL"
    for name in ("payments", "items", "reviews"):
        kind = _KINDS[name]
        reject(con, kind, "unknown_order", f"order_id NOT IN ({known})", "t.order_id")
        reject(con, kind, "unused_order", f"order_id NOT IN ({counted})", "t.order_id")
    named = f"SELECT customer_id FROM {_ORDERS.store} WHERE customer_id IS NOT NULL"
    bought = f"{named} AND code = 0"
    never = f"customer_id NOT IN ({named})"
    reject(con, _CUSTOMERS, "customer_without_order", never, "t.customer_id")
    order = f"(SELECT min(order_id) FROM {_ORDERS.store} o WHERE o.customer_id = t.customer_id)"
    reject(con, _CUSTOMERS, "unused_order", f"customer_id NOT IN ({bought})", order)


def _attributes(con: duckdb.DuckDBPyConnection, known: Mapping[str, str]) -> None:
    """Keep the facts and lines of orders that count, in a stated order of rows."""
    columns = ", ".join(["order_id", *known])
    con.execute(
        f"CREATE VIEW attributes AS SELECT {columns} FROM facts "
        "SEMI JOIN orders USING (order_id) ORDER BY order_id"
    )
    con.execute("DELETE FROM order_lines WHERE order_id NOT IN (SELECT order_id FROM orders)")


def _not_needed(con: duckdb.DuckDBPyConnection, parts: Sequence[Companion]) -> dict[str, int]:
    """Return how many accepted rows of a looked-up file no order that counts needs, by file."""
    found: dict[str, int] = {}
    for number, part in enumerate(parts):
        kind: Kind = part.kind
        if kind.name in _NEEDED:
            key = kind.key[0]
            (count,) = engine.row(
                con,
                f"SELECT count(*) FROM {kind.store} t WHERE code = 0 AND file = {number} "
                f"AND {key} NOT IN (SELECT {key} FROM ({_NEEDED[kind.name]}) WHERE {key} IS NOT NULL)",
            )
            found[part.table.source.name] = int(count)
    return found
