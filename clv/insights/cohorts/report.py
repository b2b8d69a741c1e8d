"""Everything the cohorts page shows of a run, for one length of period and one choice of labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import engine
from clv.core.orders import FORECASTS
from clv.insights.cohorts.calendar import A_YEAR, Grain, period_end, period_of, period_start
from clv.insights.cohorts.forecast import Outlook, outlook, period_ends, whole
from clv.insights.cohorts.history import (
    cohort_table,
    customers_so_far,
    one_day_periods,
    periods_of,
    totals,
    waits,
)
from clv.insights.cohorts.triangle import Triangle, triangle
from clv.insights.cohorts.verdict import FEWEST, common_age
from clv.models.card import from_card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    import duckdb
    from numpy.typing import NDArray

    from clv.core.types import Floats
    from clv.insights.cohorts.history import Columns
    from clv.runs import Run


#: Days within which a second purchase counts as a soon one.
SOON: Final = 90
#: Most customers ordered on one day only: all they did stands in their forecast. The orders of the
#: others are joined once, and grouped under numbers, which takes half the time of text.
_KNOWN: Final = (
    "SELECT customer_id AS id, row_number() OVER () AS number, first_order "
    "FROM chosen WHERE frequency > 0"
)
_BOUGHT: Final = (
    "SELECT k.number AS customer_id, k.first_order, o.ordered_at, o.revenue "
    "FROM orders o JOIN known k ON o.customer_id = k.id"
)
_PERIODS: Final = " UNION ALL ".join(
    f"SELECT cohort, mark, orders, revenue, valued FROM {table}" for table in ("repeated", "single")
)
_EACH: Final = (
    "SELECT * FROM so_far "
    "UNION ALL SELECT cohort, NULL AS wait, 0 AS returned, orders, revenue FROM single"
)


@dataclass(frozen=True)
class SecondOrders:
    """How many customers came back, and when.

    Attributes
    ----------
    customers, returned
        Customers, and those with a second purchase day.
    soon
        Share who came back within `SOON` days; None unless all of them were seen for so long.
    quartiles
        Days from the first to the second purchase day at 25 %, 50 % and 75 % of those who came
        back; None where nobody did.
    """

    customers: int
    returned: int
    soon: float | None
    quartiles: tuple[float, float, float] | None

    @property
    def rate(self) -> float:
        """Share of customers with a second purchase day."""
        return self.returned / self.customers if self.customers else float("nan")


@dataclass(frozen=True)
class FirstYear:
    """What customers brought in their first year, or as far as any were seen.

    Attributes
    ----------
    periods
        Number of periods; those of a year at most.
    customers
        In the cohorts seen for so long.
    revenue
        Shape (periods,), revenue per customer, period by period; None without amounts.
    """

    periods: int
    customers: int
    revenue: Floats | None


@dataclass(frozen=True)
class CohortReport:
    """History, forecast and comparison of a run's cohorts.

    Attributes
    ----------
    facts, continued
        The triangle without and with the forecast; the same where there is no forecast.
    ahead
        The forecast to the end of the horizon; None without a model.
    seconds
        Number of the cohort's period → when its customers came back; under None, all customers.
    totals
        `clv.insights.cohorts.history.totals` at ``age``.
    age
        Period up to which cohorts are compared; None where they can't be.
    """

    facts: Triangle
    continued: Triangle
    ahead: Outlook | None
    seconds: Mapping[int | None, SecondOrders]
    totals: Columns
    age: int | None


def cohorts_of(
    run: Run, grain: Grain, chosen: Mapping[str, Sequence[str | None]] | None = None
) -> CohortReport | None:
    """Compute the cohorts of a run.

    Parameters
    ----------
    run
        The run; its labels are those of each customer's first order.
    grain
        Length of cohorts and periods.
    chosen
        Label → values of which a customer must have one (None: no value). Labels without values
        restrict nothing.

    Returns
    -------
    CohortReport or None
        None where no customer has these labels.
    """
    as_of = run.as_of
    with run.connect() as con:
        con.execute(f"CREATE TEMP VIEW chosen AS {_chosen(chosen or {})}")
        con.execute(f"CREATE TEMP TABLE known AS {_KNOWN}")
        con.execute(f"CREATE TEMP VIEW bought AS {_BOUGHT}")
        con.execute("CREATE TEMP VIEW once AS SELECT * FROM chosen WHERE frequency = 0")
        periods_of(con.table("bought"), as_of, grain).create("repeated")
        one_day_periods(con.table("once"), grain).create("single")
        con.execute(f"CREATE TEMP VIEW periods AS {_PERIODS}")
        table = cohort_table(con.table("periods"), grain).to_arrow_table().to_pydict()
        if not table["cohort"]:
            return None
        facts = triangle(table, as_of, grain)
        age = common_age(facts)
        so_far = customers_so_far(con.table("repeated"), grain, 0 if age is None else age)
        so_far.create("so_far")
        con.execute(f"CREATE TEMP VIEW each_customer AS {_EACH}")
        waited = waits(con.table("each_customer"), grain).to_arrow_table().to_pydict()
        summed = totals(con.table("each_customer"), grain).to_arrow_table().to_pydict()
        ahead, ends = _ahead(con, run, facts, grain)
    return CohortReport(
        facts=facts,
        continued=facts.continued(whole(ahead, ends, grain) if ahead else None),
        ahead=ahead,
        seconds=_seconds(waited, facts),
        totals=summed,
        age=age,
    )


def _chosen(chosen: Mapping[str, Sequence[str | None]]) -> str:
    tests = []
    for label, values in chosen.items():
        if not values:
            continue
        column = f"l.{engine.name(label)}"
        known = ", ".join(engine.text(v) for v in values if v is not None)
        either = [f"{column} IN ({known})"] if known else []
        either += [f"{column} IS NULL"] if None in values else []
        tests.append(f"({' OR '.join(either)})")
    joined = "scored f JOIN labels l USING (customer_id)" if tests else "scored f"
    return f"SELECT f.* FROM {joined} WHERE {' AND '.join(tests) or 'true'}"


def _ahead(
    con: duckdb.DuckDBPyConnection, run: Run, facts: Triangle, grain: Grain
) -> tuple[Outlook | None, list[date]]:
    months, card = run.settings.get("months") or [], run.model.get("purchases")
    if not card or not months:
        return None, []
    as_of = facts.as_of
    ends = period_ends(as_of, date.fromisoformat(str(months[-1]["end"])[:10]), grain)
    start = period_start(period_of(ends[0], grain), grain)
    triples = con.execute(
        "SELECT frequency, recency, T, sum(for_chance) AS alive, sum(for_orders) AS alive_orders, "
        "coalesce(sum(for_chance) FILTER (last_order < ?), 0) AS alive_unseen, "
        "CASE WHEN bool_and(predicted_order_value IS NOT NULL) "
        "THEN sum(for_orders * predicted_order_value) END AS alive_value "
        "FROM chosen GROUP BY frequency, recency, T ORDER BY frequency, recency, T",
        [start],
    ).fetchnumpy()
    return outlook(from_card(card), triples, facts.cohorts, as_of, ends, grain), ends


def _seconds(waited: Columns, facts: Triangle) -> dict[int | None, SecondOrders]:
    cohort = np.asarray(waited["cohort"], dtype=np.int64)
    wait = np.array([np.nan if w is None else w for w in waited["wait"]], dtype=float)
    count = np.asarray(waited["customers"], dtype=np.int64)

    def seconds(rows: NDArray[np.bool_], youngest: int) -> SecondOrders:
        days, n = wait[rows], count[rows]
        back = ~np.isnan(days)
        order = np.argsort(days[back])
        found, weight = days[back][order], n[back][order]
        seen = (facts.as_of - period_end(youngest, facts.grain)).days >= SOON
        return SecondOrders(
            customers=int(n.sum()),
            returned=int(weight.sum()),
            soon=float(weight[found <= SOON].sum() / n.sum()) if seen else None,
            quartiles=_quartiles(found, weight) if len(found) else None,
        )

    each: dict[int | None, SecondOrders] = {
        int(c): seconds(cohort == c, int(c)) for c in facts.cohorts
    }
    return each | {None: seconds(np.ones(len(cohort), dtype=bool), int(facts.cohorts[-1]))}


def _quartiles(days: Floats, weight: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return the quartiles of ``days`` repeated ``weight`` times, linearly interpolated."""
    upto = np.cumsum(weight)
    places = np.array([0.25, 0.5, 0.75]) * (upto[-1] - 1)
    low = days[np.searchsorted(upto, np.floor(places), side="right")]
    high = days[np.searchsorted(upto, np.ceil(places), side="right")]
    first, median, third = (low + (places - np.floor(places)) * (high - low)).tolist()
    return first, median, third


def first_year(facts: Triangle) -> FirstYear | None:
    """Return what customers brought in their first year.

    Only cohorts that were seen for all of it count. Where these have fewer than 30 customers, the
    time is the longest for which there are as many; None where not even the first period is over.
    """
    observed = facts.observed()
    enough = min(FEWEST, float(facts.customers[observed > 0].sum()))
    for periods in range(A_YEAR[facts.grain], 0, -1):
        rows = observed >= periods
        customers = float(facts.customers[rows].sum())
        if customers >= enough > 0:
            part = None if facts.revenue is None else facts.revenue[rows, :periods]
            revenue = None if part is None else part.sum(axis=0) / customers
            return FirstYear(periods, int(customers), revenue)
    return None


def cohort_customers(
    run: Run, grain: Grain, chosen: Mapping[str, Sequence[str | None]], target: Path | BinaryIO
) -> None:
    """Write one row per chosen customer with the cohort, first and last order, orders, revenue."""
    form = {
        "month": "strftime(first_order, '%Y-%m')",
        "quarter": "year(first_order) || '-Q' || quarter(first_order)",
        "week": "strftime(first_order, '%G-W%V')",
    }[grain]
    names = ("customer_id", "first_order", "last_order", "orders", "revenue")
    columns = {name: FORECASTS[name] for name in names} | {"cohort": "VARCHAR"}
    sql = f"SELECT *, {form} AS cohort FROM ({_chosen(chosen)})"
    run.write_query(sql, columns, target, "t.customer_id")
