"""The customers that are looked at, and their purchase days: two tables that all checks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.core import engine
from clv.insights.assumptions.base import GROUPS
from clv.models.card import from_card
from clv.models.season.seasonal import Seasonal, bare

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from clv.core.schema import ModelCard
    from clv.core.types import Floats
    from clv.models.season.season import Season
    from clv.runs import Run


#: Of more customers a random part is looked at: what 100,000 don't show is too small to matter.
MOST: Final = 100_000


@dataclass(frozen=True)
class People:
    """A connection with the tables ``people`` and ``days``, and the models of the run.

    ``people``: ``c`` (a number for the customer), ``g`` (group for the jackknife), ``born`` (day of
    the first order, counted from the file's first), and their figures from ``forecasts``.
    ``days``: ``c, g``, ``nth`` purchase day (0 the first), ``age`` in days, ``gap`` since the one
    before, ``value``.

    Attributes
    ----------
    first_order, as_of
        The observed period.
    purchases, spend
        Fitted models, None where the run has none; the purchase model without a season it may wear.
    season
        What it wears, None for nothing: time is then to be counted as `elapsed` does.
    customers
        In ``people``; ``everybody`` counts the run's.
    """

    con: duckdb.DuckDBPyConnection
    first_order: date
    as_of: date
    purchases: Any
    spend: Any
    customers: int
    everybody: int
    card: ModelCard
    season: Season | None = None

    def elapsed(self, start: Floats | float, end: Floats | float) -> Floats:
        """Return the days between days counted from the as-of day, as the purchase model counts them."""
        if self.season is None:
            days: Floats = np.asarray(end, dtype=float) - np.asarray(start, dtype=float)
            return days
        passed: Floats = self.season.elapsed(start, end, self.as_of)
        return passed

    @property
    def span(self) -> int:
        """Days from the first order of the file to the as-of day."""
        return (self.as_of - self.first_order).days

    def columns(self, sql: str) -> dict[str, Floats]:
        """Run a query and return its columns as floats."""
        found = self.con.execute(sql).fetchnumpy()
        return {
            k: np.asarray(np.ma.filled(np.ma.asarray(v, dtype=float), np.nan))
            for k, v in found.items()
        }


def people(con: duckdb.DuckDBPyConnection, run: Run) -> People:
    """Make the tables on a connection of the run."""
    everybody, first = engine.row(con, "SELECT count(*), min(first_order) FROM forecasts")
    as_of = run.as_of
    one_in = max(-(-everybody // MOST), 1)
    con.execute(
        "CREATE TEMP TABLE people AS SELECT hash(customer_id) AS c, "
        f"(hash(customer_id) // {one_in} % {GROUPS})::INTEGER AS g, "
        f"first_order - DATE '{first}' AS born, frequency, recency, T, monetary_value, revenue "
        f"FROM forecasts WHERE hash(customer_id) % {one_in} = 0"
    )
    con.execute(
        "CREATE TEMP TABLE days AS SELECT c, g, "
        "row_number() OVER (PARTITION BY c ORDER BY day) - 1 AS nth, day - first_day AS age, "
        "day - lag(day) OVER (PARTITION BY c ORDER BY day) AS gap, value FROM ("
        "SELECT c, g, day, value, min(day) OVER (PARTITION BY c) AS first_day FROM ("
        f"SELECT hash(customer_id) AS c, (hash(customer_id) // {one_in} % {GROUPS})::INTEGER AS g, "
        "ordered_at::DATE AS day, sum(revenue) AS value FROM orders "
        f"WHERE hash(customer_id) % {one_in} = 0 AND ordered_at < DATE '{as_of}' + INTERVAL 1 DAY "
        "GROUP BY ALL))"
    )
    customers = engine.row(con, "SELECT count(*) FROM people")[0]
    card = run.model
    fitted, spend = card.get("purchases"), card.get("spend")
    model = from_card(fitted) if fitted else None
    return People(
        con,
        first or as_of,
        as_of,
        bare(model),
        from_card(spend) if spend else None,
        customers,
        everybody,
        card,
        model.season if isinstance(model, Seasonal) else None,
    )
