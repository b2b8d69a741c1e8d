"""The customers' histories as arrays: what models are fitted on and totals are summed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clv.features.rhythm import rhythm
from clv.models.correction.traits import Rhythm
from clv.models.histories import Histories

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    from numpy.typing import NDArray

    from clv.core.types import Floats
    from clv.models.base import SpendModel
    from clv.models.contenders import Known


@dataclass(frozen=True)
class History:
    """A ``customers`` table (see `clv.features.rfm`), row for row, and its distinct triples.

    Attributes
    ----------
    distinct
        Each history once, in order, and how many customers have it.
    triple
        Shape (n,): the position of each customer's history among these.
    x, gap
        Shape (n,): each customer's repeat purchases; days from the first purchase to the last.
    monetary_value, revenue
        Shape (n,): currency units; None where no order has a value.
    rhythm
        Only where a correction is to be made or applied.
    """

    distinct: Histories
    triple: NDArray[np.intp]
    x: Floats
    gap: Floats
    monetary_value: Floats | None
    revenue: Floats | None
    rhythm: Rhythm | None = None

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection) -> History:
        """Read the table ``customers`` of a connection."""
        found = con.sql(
            "SELECT frequency, recency, T, monetary_value, revenue FROM customers"
        ).fetchnumpy()
        each = Histories.of(*(found[k] for k in ("frequency", "recency", "T")))
        valued = not np.ma.getmaskarray(found["revenue"]).all()
        return cls(
            *each.distinct,
            each.frequency,
            each.recency,
            _filled(found["monetary_value"]) if valued else None,
            _filled(found["revenue"]) if valued else None,
        )

    @classmethod
    def at(cls, known: Known, *, valued: bool) -> History:
        """Take the customers of an origin, with their values or as if there were none."""
        x, gap = known.histories.frequency, known.histories.recency
        value = known.monetary_value if valued else None
        revenue = known.mean_value * (x + 1) if valued else None
        return cls(*known.histories.distinct, x, gap, value, revenue, known.rhythm)

    def with_rhythm(self, con: duckdb.DuckDBPyConnection, as_of: date, days: int) -> Self:
        """Read the rhythm of the same customers off the ``orders`` of the connection.

        Parameters
        ----------
        as_of, days
            As in `clv.features.rhythm.rhythm`.
        """
        rhythm(con.table("orders"), as_of, days).create_view("rhythm")
        columns = ", ".join(Rhythm._fields)
        found = con.sql(
            f"SELECT {columns} FROM customers JOIN rhythm USING (customer_id) ORDER BY customer_id"
        ).fetchnumpy()
        con.execute("DROP VIEW rhythm")
        return replace(self, rhythm=Rhythm(*(np.asarray(found[c]) for c in Rhythm._fields)))

    @property
    def each(self) -> Histories:
        """The customers' histories, row for row."""
        return replace(self.distinct.take(self.triple), weights=np.ones(self.triple.size))

    @property
    def shop_value(self) -> float:
        """Mean revenue of all purchase days, currency units; 0 where no order has a value."""
        return 0.0 if self.revenue is None else float(self.revenue.sum() / (self.x + 1).sum())

    @property
    def mean_value(self) -> Floats | None:
        """Mean revenue of all ``x + 1`` purchase days, shape (n,)."""
        return None if self.revenue is None else self.revenue / (self.x + 1)

    def value_of(self, spend: SpendModel) -> Floats | None:
        """Return the mean value of a purchase that a spend model is about, shape (n,)."""
        return self.mean_value if spend.name == "gamma-gamma-all" else self.monetary_value

    def worth(self, spend: SpendModel | None) -> Floats | None:
        """Return the expected value of a purchase of each customer; None where nothing tells it."""
        value = None if spend is None else self.value_of(spend)
        return None if spend is None or value is None else spend.order_value(self.x, value)


def _filled(column: Any) -> Floats:  # noqa: ANN401 - masked or not
    """Return a column as floats, 0 where it is null."""
    return np.asarray(np.ma.filled(column, 0.0), dtype=float)
