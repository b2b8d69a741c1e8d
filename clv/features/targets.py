"""What supervised models learn to foresee: the revenue of the months after a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import SettingsError
from clv.core.horizon import add_months
from clv.features.tables import collected, days_of, numbers

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

    from clv.core.types import Floats


@dataclass(frozen=True)
class FirstYear:
    """Revenue of n customers in the first months of their lives, sorted by id.

    Attributes
    ----------
    customer_id
        Arrow column of length n: everybody whose months are all over.
    first_day
        Shape (n,): day of the first order.
    monthly
        Shape (n, months): ``value_m0``…, revenue of each month of life in currency units.
    waiting
        How many customers are left out because their months are not over.
    """

    customer_id: pa.Array
    first_day: NDArray[np.datetime64]
    monthly: Floats
    waiting: int

    @property
    def value(self) -> Floats:
        """Revenue of all the months, shape (n,)."""
        return _total(self.monthly)

    def table(self) -> pa.Table:
        """Return ``customer_id, LTV_12m, value_m0…value_m11``, numbers according to the months."""
        months = self.monthly.shape[1]
        each = {f"value_m{i}": pa.array(self.monthly[:, i]) for i in range(months)}
        whole = {f"LTV_{months}m": pa.array(self.value)}
        return pa.table({"customer_id": self.customer_id} | whole | each)


@dataclass(frozen=True)
class Ahead:
    """What n customers known at an origin did in (origin, end], sorted by id.

    Attributes
    ----------
    customer_id
        Arrow column of length n.
    end
        Last day that counts: so many calendar months on, month ends remain month ends.
    monthly
        Shape (n, months): revenue of each of the months in currency units.
    purchases
        Shape (n,): days with a purchase.
    """

    customer_id: pa.Array
    end: date
    monthly: Floats
    purchases: Floats

    @property
    def value(self) -> Floats:
        """Revenue of all the months, shape (n,)."""
        return _total(self.monthly)


def first_year(orders: IntoFrame, as_of: date, months: int = 12) -> FirstYear:
    """Sum each customer's revenue by month of life, for those whose months are all over.

    Parameters
    ----------
    orders
        Any frame narwhals reads with ``customer_id``, ``ordered_at`` and ``revenue``.
    as_of
        Orders after this day are not looked at.
    months
        Month i of a life begins i calendar months after the day of the first order and lasts until
        the day before month i + 1.

    Raises
    ------
    SettingsError
        Less than one month.
    """
    _check(months)
    days = _days(orders, as_of)
    born = days.group_by("customer_id").agg(nw.col("day").min().alias("first_day"))
    over = nw.lit(datetime.combine(as_of + timedelta(days=1), time()))
    ends = born.with_columns(
        *(nw.col("first_day").dt.offset_by(f"{i}mo").alias(f"end{i}") for i in range(1, months + 1))
    )
    ready = ends.filter(nw.col(f"end{months}") <= over)
    life = days.join(ready, on="customer_id").filter(nw.col("day") < nw.col(f"end{months}"))
    month = nw.lit(0)
    for i in range(1, months):
        month = month + nw.when(nw.col("day") >= nw.col(f"end{i}")).then(1).otherwise(0)
    people = collected(ready.select("customer_id", "first_day")).sort_by("customer_id")
    ids = people["customer_id"].cast(pa.string()).combine_chunks()
    return FirstYear(
        ids,
        days_of(people["first_day"]),
        _by_month(life.with_columns(month.alias("month")), ids, months),
        len(collected(born.select("customer_id"))) - len(ids),
    )


def ahead(
    orders: IntoFrame, origin: date, months: int = 12, *, known: IntoFrame | None = None
) -> Ahead:
    """Sum what every customer known at an origin did in the months after it.

    Parameters
    ----------
    orders
        As in `first_year`. That they reach to the end is the caller's to see to.
    origin
        Customers are known by an order up to and including this day.
    months
        Length of the future.
    known
        The orders as they were known at the origin (`clv.features.known.as_known`), where refunds
        came later; else they are the same.

    Raises
    ------
    SettingsError
        Less than one month.
    """
    _check(months)
    begin = origin + timedelta(days=1)
    ends = [add_months(begin, i) for i in range(1, months + 1)]
    days = _days(orders, ends[-1] - timedelta(days=1))
    begins = nw.lit(datetime.combine(begin, time()))
    before = days if known is None else _days(known, origin)
    people = before.filter(nw.col("day") < begins).select("customer_id").unique()
    later = days.filter(nw.col("day") >= begins).join(people, on="customer_id")
    month = nw.lit(0)
    for end in ends[:-1]:
        reached = nw.col("day") >= nw.lit(datetime.combine(end, time()))
        month = month + nw.when(reached).then(1).otherwise(0)
    ids = collected(people).sort_by("customer_id")["customer_id"].cast(pa.string()).combine_chunks()
    later = later.with_columns(month.alias("month"))
    return Ahead(
        ids,
        ends[-1] - timedelta(days=1),
        _by_month(later, ids, months),
        _by_month(later, ids, months, of="days").sum(axis=1),
    )


def _check(months: int) -> None:
    if months < 1:
        msg = f"A value of {months} months is not a value."
        raise SettingsError(msg, "Look at least one month ahead.")


def _days(orders: IntoFrame, last: date) -> Any:  # noqa: ANN401 - narwhals' lazy frame
    """Return one row per customer and day with a purchase up to a last day."""
    frame: Any = nw.from_native(orders)
    return (
        frame.lazy()
        .filter(nw.col("ordered_at") <= nw.lit(datetime.combine(last, time.max)))
        .select(
            "customer_id",
            nw.col("ordered_at").dt.truncate("1d").alias("day"),
            nw.col("revenue").cast(nw.Float64).fill_null(0.0),
        )
        .group_by("customer_id", "day")
        .agg(nw.col("revenue").sum())
    )


def _by_month(days: Any, ids: pa.Array, months: int, of: str = "revenue") -> Floats:  # noqa: ANN401
    """Return sums of days by customer and month, shape (n, months)."""
    found = collected(
        days.group_by("customer_id", "month").agg(nw.col("revenue").sum(), nw.len().alias("days"))
    )
    row = pc.index_in(found["customer_id"].cast(pa.string()), value_set=ids)
    result = np.zeros((len(ids), months))
    result[np.asarray(row, dtype=np.int64), np.asarray(found["month"], dtype=np.int64)] = numbers(
        found[of]
    )
    return result


def _total(monthly: Floats) -> Floats:
    total: Floats = np.round(monthly.sum(axis=1), 6)
    return total
