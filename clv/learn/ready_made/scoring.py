"""What a ready-made model says that customers are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.features import BASKET, basket_matrix
from clv.learn.ready_made.process import predict
from clv.learn.ready_made.shelf import Shelf
from clv.models.notes import Note

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import pyarrow as pa

    from clv.core.schema import ReadyMadeCard
    from clv.core.types import Floats


#: Customers that the model card shows with figures and answer.
_VECTORS: Final = 12


@dataclass(frozen=True)
class Worth:
    """What a model said.

    Attributes
    ----------
    customer_id
        Arrow column of length n, sorted.
    values
        Shape (n,): each customer's value, in whatever currency, over whatever time its maker meant.
    notes
        What to say about it.
    card
        The model's name and hash, and what it answers of some customers (`clv.features.BASKET`).
    """

    customer_id: pa.ChunkedArray
    values: Floats
    notes: list[Note]
    card: ReadyMadeCard


def worth(con: duckdb.DuckDBPyConnection, name: str, as_of: date, orders: str = "orders") -> Worth:
    """Ask a ready-made model what the customers of a connection are worth.

    Parameters
    ----------
    con
        Has the orders.
    name
        As on the shelf.
    as_of
        Orders after this day are left out.
    orders
        The name of their table.

    Raises
    ------
    LayoutError
        The orders have no amounts.
    ModelFileError, ModelAnswerError, ModelLimitError
        See `clv.learn.ready_made.process.predict`.
    """
    entry, content = Shelf().load(name)
    ids, figures = basket_matrix(con.table(orders), as_of)
    values = predict(name, content, figures)
    step = max(len(values) // _VECTORS, 1)
    vectors = [
        {**dict(zip(BASKET, figures[i].tolist(), strict=True)), "predicted_clv": float(values[i])}
        for i in range(0, len(values), step)[:_VECTORS]
    ]
    card: ReadyMadeCard = {
        "name": name,
        "sha256": entry.sha256,
        "size": entry.size,
        "test_vectors": vectors,
    }
    return Worth(ids, values, [_whole(name), *_items(con), *_below(values)], card)


def _whole(name: str) -> Note:
    said = (
        f"The ready-made model “{name}” says what a customer is worth, and nothing else: no orders, "
        "chances, dates or ranges. Over which time and after which costs, its maker knows: horizon, "
        "discount rate and margin are not applied to it, and it was not fitted to this file."
    )
    return Note("ready-made", said, "full model")


def _items(con: duckdb.DuckDBPyConnection) -> list[Note]:
    """Say so where orders without a number of items were counted as one item."""
    known, orders = engine.row(con, "SELECT count(items), count(*) FROM orders")
    if known == orders:
        return []
    whose = (
        "This file has no numbers of items" if not known else "Some orders have no number of items"
    )
    said = f"{whose}: the ready-made model was told of 1 item for each of those orders."
    return [Note("no-items", said, "full model")]


def _below(values: Floats) -> list[Note]:
    """Say so where values lie below 0: that may be meant, or a sign turned round."""
    below = int((values < 0).sum())
    if not below:
        return []
    whom = "all customers" if below == len(values) else f"{below:,} of {len(values):,} customers"
    said = (
        f"The ready-made model says of {whom} that they cost more than they bring (below 0). Ask its "
        "maker whether that is meant."
    )
    return [Note("below-zero", said, "full model")]
