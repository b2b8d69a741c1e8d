"""The customers' histories as arrays: what models are fitted on and totals are summed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clv.models.histories import Histories

if TYPE_CHECKING:
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
    """

    distinct: Histories
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
        values = (known.monetary_value, known.mean_value * (x + 1)) if valued else (None, None)
        return cls(*known.histories.distinct, x, gap, *values)

    @property
    def mean_value(self) -> Floats | None:
        """Mean revenue of all ``x + 1`` purchase days, shape (n,)."""
        return None if self.revenue is None else self.revenue / (self.x + 1)

    def value_of(self, spend: SpendModel) -> Floats | None:
        """Return the mean value of a purchase that a spend model is about, shape (n,)."""
        return self.mean_value if spend.name == "gamma-gamma-all" else self.monetary_value


def _filled(column: Any) -> Floats:  # noqa: ANN401 - masked or not
    """Return a column as floats, 0 where it is null."""
    return np.asarray(np.ma.filled(column, 0.0), dtype=float)
