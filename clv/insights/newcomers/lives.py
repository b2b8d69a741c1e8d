"""Customers whose first months are over: what each brought, and what was known on the first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import engine
from clv.core.errors import SettingsError
from clv.core.formatting import plural
from clv.core.horizon import add_months
from clv.core.metrics import FEW
from clv.features.targets import first_year

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats, Texts
    from clv.features.spans import Span
    from clv.runs import Run


#: Days after the first order within which a second one is looked for.
SOON: Final = (30, 60)
#: Longest first months that are looked at.
MOST_MONTHS: Final = 60
#: Name of the grouping by quarter of the first order; no file's column has it.
QUARTER: Final = "\0quarter"


@dataclass(frozen=True)
class Lives:
    """n customers, sorted by id, whose first H months are over.

    Attributes
    ----------
    customer_id
        Arrow column of length n.
    first_day
        Shape (n,): day of the first order.
    monthly
        Shape (n, H): revenue of each month of life in currency units.
    orders
        Shape (n,): orders within these months.
    first_value
        Shape (n,): revenue of the first day.
    second
        Shape (n,): days from the first to the second day with an order; infinite where there is none
        within the months.
    second_month
        Shape (n,): month of life, from 0, of that day; −1 where there is none.
    until
        Days d → revenue up to and including d days after the first, shape (n,); see `SOON`.
    known
        What was known of each on the first day: name → shape (n,), text or None. `QUARTER` is always
        among them.
    waiting
        How many customers are left out because their months are not over.
    """

    customer_id: pa.Array
    first_day: NDArray[np.datetime64]
    monthly: Floats
    orders: Floats
    first_value: Floats
    second: Floats
    second_month: NDArray[np.int64]
    until: Mapping[int, Floats]
    known: Mapping[str, Texts]
    waiting: int

    def __len__(self) -> int:
        return len(self.customer_id)

    @property
    def months(self) -> int:
        """How many months, H."""
        return int(self.monthly.shape[1])

    @cached_property
    def value(self) -> Floats:
        """Revenue of all H months, shape (n,): the label ``LTV_12m`` where H is 12."""
        total: Floats = np.round(self.monthly.sum(axis=1), 6)
        return total


def longest(run: Run) -> int:
    """Return the most months that at least `FEW` customers have been watched for; 0 for none."""
    rows = run.query(f"SELECT first_order FROM forecasts ORDER BY first_order LIMIT {FEW}")
    born = rows["first_order"].to_pylist()
    if len(born) < FEW:
        return 0
    over = run.as_of + timedelta(days=1)
    months = range(1, MOST_MONTHS + 1)
    return max((m for m in months if add_months(born[-1], m) <= over), default=0)


def completed(run: Run, span: Span) -> int:
    """Return how many customers have completed the first days, weeks or months of their lives."""
    over = run.as_of + timedelta(days=1)
    sql = f"SELECT count(*) AS n FROM forecasts WHERE first_order + INTERVAL {span.count} {span.noun} <= ?"
    return int(run.query(sql, [over])["n"][0].as_py())


def lives_of(run: Run, months: int = 12) -> Lives:
    """Read the customers of a run whose first ``months`` months are over.

    Raises
    ------
    SettingsError
        Fewer than `FEW` customers have been watched for so long.
    """
    as_of = run.as_of
    with run.connect() as con:
        year = first_year(con.table("orders"), as_of, months)
        if len(year.customer_id) < FEW:
            most = longest(run)
            msg = (
                f"Only {len(year.customer_id)} customers have been watched for {plural(months, 'month')}; "
                f"{FEW} are needed."
            )
            hint = (
                f"The longest that this history supports is {plural(most, 'month')}."
                if most
                else "This history is too short for even one month."
            )
            raise SettingsError(msg, hint)
        facts = _facts(con, year.customer_id, year.first_day, months)
        known = _known(con, run)
    quarter = year.first_day.astype("datetime64[M]").astype(np.int64) // 3
    names = np.array([f"{1970 + q // 4} Q{q % 4 + 1}" for q in quarter.tolist()], dtype=np.object_)
    second: Floats = np.asarray(np.ma.filled(np.ma.asarray(facts["second"], dtype=float), np.inf))
    return Lives(
        customer_id=year.customer_id,
        first_day=year.first_day,
        monthly=year.monthly,
        orders=np.asarray(facts["orders"], dtype=float),
        first_value=np.asarray(facts["first_value"], dtype=float),
        second=second,
        second_month=np.asarray(
            np.ma.filled(np.ma.asarray(facts["second_month"]), -1), dtype=np.int64
        ),
        until={d: np.asarray(facts[f"until_{d}"], dtype=float) for d in SOON},
        known=known | {QUARTER: names},
        waiting=year.waiting,
    )


def _facts(
    con: duckdb.DuckDBPyConnection,
    ids: pa.Array,
    first_day: NDArray[np.datetime64],
    months: int,
) -> Mapping[str, ArrayLike]:
    """Return sums of each customer's first months, in the order of the ids; leave ``ready`` behind."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    days = pa.array(first_day.astype("datetime64[D]"))
    con.register("given", pa.table({"customer_id": ids, "first_day": days}))
    con.execute(
        "CREATE TEMP TABLE ready AS SELECT customer_id, first_day::DATE AS first_day, "
        f"(first_day + INTERVAL {int(months)} MONTH)::DATE AS over, row_number() OVER () AS place FROM given"
    )
    until = ", ".join(
        f"round(coalesce(sum(revenue) FILTER (day <= first_day + {d}), 0), 6) AS until_{d}"
        for d in SOON
    )
    return con.execute(
        "SELECT place, count(*) AS orders, "
        "round(coalesce(sum(revenue) FILTER (day = first_day), 0), 6) AS first_value, "
        "min(day) FILTER (day > first_day) - any_value(first_day) AS second, "
        "datesub('month', any_value(first_day), min(day) FILTER (day > first_day)) AS second_month, "
        f"{until} FROM (SELECT customer_id, ordered_at::DATE AS day, revenue FROM orders) "
        "JOIN ready USING (customer_id) WHERE day < over GROUP BY place ORDER BY place"
    ).fetchnumpy()


def _known(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Texts]:
    """Return the labels of the customers, and what words say of the first order."""
    columns = {name: f"l.{engine.name(name)}" for name in run.labels}
    first = "SELECT customer_id, arg_min(order_id, (ordered_at, order_id)) AS order_id FROM orders GROUP BY 1"
    joined = "ready LEFT JOIN labels l USING (customer_id)"
    if "attributes" in run.tables:
        texts = [
            str(n) for n, k, *_ in con.execute("DESCRIBE attributes").fetchall() if k == "VARCHAR"
        ]
        columns |= {n: f"a.{engine.name(n)}" for n in texts if n != "order_id" and n not in columns}
        joined += f" LEFT JOIN ({first}) f USING (customer_id) LEFT JOIN attributes a ON a.order_id = f.order_id"
    if not columns:
        return {}
    cells = ", ".join(f"{sql}::VARCHAR AS {engine.name(name)}" for name, sql in columns.items())
    table = con.sql(f"SELECT {cells} FROM {joined} ORDER BY place").to_arrow_table()
    return {name: np.array(table[name].to_pylist(), dtype=np.object_) for name in columns}
