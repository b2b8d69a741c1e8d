"""The customers' histories as arrays: what models are fitted on and totals are summed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clv.models.inputs import distinct_triples

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """A ``customers`` table (see `clv.features.rfm`), row for row, and its distinct triples.

    Attributes
    ----------
    frequency, recency, T
        Shape (k,): the distinct triples, in order.
    customers
        Shape (k,): how many customers have the triple.
    triple
        Shape (n,): the position of each customer's triple.
    x, gap
        Shape (n,): each customer's repeat purchases; days from the first purchase to the last.
    monetary_value, revenue
        Shape (n,): currency units; None where no order has a value.
    """

    frequency: Floats
    recency: Floats
    T: Floats
    customers: Floats
    triple: NDArray[np.intp]
    x: Floats
    gap: Floats
    monetary_value: Floats | None
    revenue: Floats | None

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection) -> History:
        """Read the table ``customers`` of a connection."""
        found = con.sql(
            "SELECT frequency, recency, T, monetary_value, revenue FROM customers"
        ).fetchnumpy()
        x, t_x, age = (np.asarray(found[k], dtype=float) for k in ("frequency", "recency", "T"))
        triples, position, customers = distinct_triples(x, t_x, age)
        valued = not np.ma.getmaskarray(found["revenue"]).all()
        return cls(
            *triples,
            customers,
            position,
            x,
            t_x,
            _filled(found["monetary_value"]) if valued else None,
            _filled(found["revenue"]) if valued else None,
        )


def _filled(column: Any) -> Floats:  # noqa: ANN401 - masked or not
    """Return a column as floats, 0 where it is null."""
    return np.asarray(np.ma.filled(column, 0.0), dtype=float)
