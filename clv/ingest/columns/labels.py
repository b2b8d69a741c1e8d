"""Labels: columns such as country, channel or category, by which customers are compared.

A label of a customer is what stands in the rows of the first order; where those rows differ (one
order, several categories), the row with the largest value speaks for it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import LayoutError, did_you_mean
from clv.ingest.columns.names import normalise
from clv.ingest.files import dates, numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import duckdb

    from clv.ingest.files.dialect import Dialect

#: Most labels taken from a file without being asked.
MOST_LABELS: Final = 8
#: A column with more values than this names things, it does not group them.
MOST_VALUES: Final = 1000
#: Normalised endings of column names that mean a label whatever the first rows hold.
_NAMED: Final = (
    *("country", "countrycode", "land", "state", "province", "region", "bundesland", "channel"),
    *("source", "medium", "campaign", "segment", "category", "kategorie", "department", "brand"),
    *("productline", "store", "shop", "filiale", "device", "platform", "gender", "paymentmethod"),
    *("customergroup", "customertype", "market", "vertrieb", "kanal", "pays", "pais"),
)
_FEWEST_ROWS: Final = 20
_MOST_IN_HEAD: Final = 20
_REPEATS: Final = 5
_LONGEST: Final = 40


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, the first spelling of it: one file's Country is the next one's country."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.lower(), name)
    return tuple(first.values())


def find(dialect: Dialect, used: Collection[str]) -> tuple[str, ...]:
    """Return the columns that group customers, judged by their names and first rows.

    Parameters
    ----------
    dialect
        Of a file with a header; without one there is nothing to call a label by.
    used
        Columns that already play a role.
    """
    if not dialect.header:
        return ()
    free = [(i, c) for i, c in enumerate(dialect.columns) if c and c not in used]
    named = [c for _, c in free if normalise(c).endswith(_NAMED)]
    grouping = [
        c for i, c in free if c not in named and _groups([r[i] for r in dialect.head if i < len(r)])
    ]
    kept = {*[*named, *grouping][:MOST_LABELS]}
    return tuple(c for _, c in free if c in kept)


def _groups(cells: Sequence[str]) -> bool:
    """Whether a few short texts repeat all over the first rows."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    seen = Counter(filled)
    return (
        len(filled) >= max(_FEWEST_ROWS, len(cells) / 2)
        and 2 <= len(seen) <= _MOST_IN_HEAD
        and len(filled) >= _REPEATS * len(seen)
        and max(map(len, seen)) <= _LONGEST
        and not any(numbers.looks_numeric(v) or dates.looks_like_date(v) for v in seen)
    )


def check(
    wanted: Sequence[str], tables: Sequence[tuple[str, Sequence[str]]], customers: Collection[str]
) -> tuple[str, ...]:
    """Return the labels the user asked for as the files spell them.

    Parameters
    ----------
    tables
        Name and columns of every file.
    customers
        The columns that say who the customer is.

    Raises
    ------
    LayoutError
        No file has such a column, or it names the customers.
    """
    columns = distinct(c for _, names in tables for c in names)
    result: list[str] = []
    for label in wanted:
        same = [c for c in columns if c == label] or [
            c for c in columns if normalise(c) == normalise(label)
        ]
        if len(same) != 1:
            msg = f'{tables[0][0]} has no column "{label}".{did_you_mean(label, columns)}'
            raise LayoutError(msg, f"Its columns: {', '.join(columns)}.")
        if same[0] in customers:
            msg = f'"{same[0]}" says who the customer is; it cannot be a label as well.'
            raise LayoutError(msg, "Name a column that many customers share, such as country.")
        result.append(same[0])
    return distinct(result)


def column(position: int) -> str:
    """Return the name of a label's column in ``lines``."""
    return f"label_{position}"


def build(
    con: duckdb.DuckDBPyConnection, labels: Sequence[str], *, asked: bool, has_order_id: bool
) -> list[str]:
    """Make the table or view ``labels``, one row per customer; return the labels that are worth keeping.

    Parameters
    ----------
    con
        Has ``lines`` and ``orders``.
    labels
        Names, in the order of the columns of ``lines``.
    asked
        The user named them: all are kept. Otherwise those are left out that tell nobody apart, or
        almost everybody, or repeat another one customer by customer.
    """
    if not labels:
        con.execute("CREATE VIEW labels AS SELECT DISTINCT customer_id FROM orders")
        return []
    con.execute(
        "CREATE TEMP TABLE begun AS SELECT customer_id, min(ordered_at) AS ordered_at FROM orders "
        "GROUP BY customer_id"
    )
    same = "l.ordered_at = b.ordered_at"
    if has_order_id:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE begun AS SELECT customer_id, ordered_at, "
            "min(order_id) AS order_id FROM orders JOIN begun USING (customer_id, ordered_at) "
            "GROUP BY customer_id, ordered_at"
        )
        same = f"CASE WHEN l.order_id IS NULL THEN {same} ELSE l.order_id = b.order_id END"
    picked = ", ".join(
        f"arg_min({column(i)}, (-coalesce(revenue, 0), l.rowid)) "
        f"FILTER ({column(i)} IS NOT NULL) AS {column(i)}"
        for i in range(len(labels))
    )
    con.execute(
        f"CREATE TEMP TABLE picked AS SELECT b.customer_id, {picked} FROM begun b LEFT JOIN lines l "
        f"ON l.customer_id = b.customer_id AND l.code = 0 AND {same} GROUP BY b.customer_id"
    )
    kept = list(range(len(labels))) if asked else _telling(con, len(labels))
    names = {i: _title(labels[i]) for i in kept}
    named = "".join(f", {column(i)} AS {engine.name(name)}" for i, name in names.items())
    con.execute(
        f"CREATE TABLE labels AS SELECT customer_id{named} FROM picked ORDER BY customer_id"
    )
    return list(names.values())


def _title(label: str) -> str:
    """Return a label's name in the table, whose first column has a name already."""
    return f"{label} (label)" if label.lower() == "customer_id" else label


def _telling(con: duckdb.DuckDBPyConnection, number: int) -> list[int]:
    """Return the positions of the labels in ``picked`` that tell customers apart."""
    values = ", ".join(f"count(DISTINCT {column(i)})" for i in range(number))
    counts = engine.row(con, f"SELECT {values} FROM picked")
    kept: list[int] = []
    for i in range(number):
        if not 2 <= counts[i] <= MOST_VALUES:
            continue
        same = [f"bool_and({column(i)} IS NOT DISTINCT FROM {column(j)})" for j in kept]
        if not (same and any(engine.row(con, f"SELECT {', '.join(same)} FROM picked"))):
            kept.append(i)
    return kept
