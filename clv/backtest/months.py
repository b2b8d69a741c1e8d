"""Month by month after an origin: what came, and what was expected, of each customer.

Over a whole year a season can't show; over its months it does.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from clv.core.horizon import add_months
from clv.core.metrics import poisson_deviance

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from clv.backtest.past_dates import Origin, Sample
    from clv.core.types import Floats
    from clv.models.base import PurchaseModel


def month_ends(origin: Origin) -> list[date]:
    """Return the ends of the months after an origin, the last one its own end."""
    ends: list[date] = []
    while not ends or ends[-1] < origin.end:
        ends.append(min(add_months(origin.as_of, len(ends) + 1), origin.end))
    return ends


def monthly_purchases(con: duckdb.DuckDBPyConnection, found: Sample) -> Floats:
    """Return each customer's purchase days in each month after the origin, shape (n, months)."""
    import pyarrow as pa  # noqa: PLC0415

    ends = [found.origin.as_of, *month_ends(found.origin)]
    con.register("sampled", pa.table({"customer_id": found.customer_id}))
    months = ", ".join(
        f"count(DISTINCT day) FILTER (day > DATE '{a}' AND day <= DATE '{b}')::DOUBLE AS m{i}"
        for i, (a, b) in enumerate(pairwise(ends))
    )
    rows = con.execute(
        f"SELECT {months} FROM sampled LEFT JOIN (SELECT customer_id, ordered_at::DATE AS day "
        "FROM orders WHERE ordered_at::DATE > $1 AND ordered_at::DATE <= $2) USING (customer_id) "
        "GROUP BY customer_id ORDER BY customer_id",
        [ends[0], ends[-1]],
    ).fetchnumpy()
    con.unregister("sampled")
    return np.column_stack([np.asarray(column, dtype=float) for column in rows.values()])


def monthly_expected(purchases: PurchaseModel, found: Sample) -> Floats:
    """Return the purchases that a fitted model expects in each of these months, shape (n, months)."""
    origin = found.origin
    histories, place = found.history.histories.distinct
    days = [float((end - origin.as_of).days) for end in month_ends(origin)]
    ahead = purchases.score(histories, days).purchases
    result: Floats = np.maximum(np.diff(ahead, axis=1, prepend=0.0), 0.0)[place]
    return result


def monthly_losses(actual: Floats, expected: Floats) -> Floats:
    """Return each customer's loss by which wearing a season is judged, shape (n,).

    The unit Poisson deviances of the months, added up; arguments of shape (n, months).
    """
    result: Floats = poisson_deviance(actual, expected).sum(axis=1)
    return result
