"""Moving-origin backtests: every contender forecasts from the past, and is measured on what came.

A contender is fitted at each origin on what was known that day, never on anything later, and never
on a random part of the customers. What comes out is plain JSON types: it goes into a run's files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from clv.backtest.past_dates import past, sample
from clv.core import metrics
from clv.core.errors import FitError
from clv.core.horizon import add_months

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import duckdb

    from clv.backtest.past_dates import Origin, Plan, Sample
    from clv.core.schema import (
        ByContender,
        Measures,
        MonthlyErrors,
        MonthTotals,
        PastDate,
        PastDates,
        Together,
    )
    from clv.core.types import Floats
    from clv.models.contenders import Contender, Forecast, Past

    Loss = Callable[[Sample, Forecast], Floats]

_WEEK: Final = 7


class Tested(NamedTuple):
    """One contender at one origin: fitted, with its forecast of the sample's customers."""

    contender: Contender
    forecast: Forecast


@dataclass
class Backtest:
    """One origin, and everybody who was tested there.

    Attributes
    ----------
    origin
        The day, and the end of what came after it.
    sample
        Its customers: history and outcome.
    past
        What a rule of thumb may learn from; None where the history is too short.
    tested, failed
        By name; ``failed`` says of each contender that could not be fitted why.
    """

    origin: Origin
    sample: Sample
    past: Past | None
    tested: dict[str, Tested] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, con: duckdb.DuckDBPyConnection, origin: Origin, first_order: date) -> Self:
        """Read an origin's customers off the ``orders`` of a connection.

        Parameters
        ----------
        first_order
            Of the file: how far one can look back.
        """
        return cls(origin, sample(con, origin), past(con, origin, first_order))

    def test(self, contender: Contender) -> None:
        """Fit a contender on what was known, and let it forecast; its name must be a new one."""
        known = self.sample.history
        try:
            contender.learn(known, self.past)
            forecast = contender.forecast(known, self.origin.days)
        except FitError as error:
            self.failed[contender.name] = error.message
        else:
            self.tested[contender.name] = Tested(contender, forecast)

    def losses(self, of: Loss) -> dict[str, Floats]:
        """Return each customer's loss by contender, shape (n,) each."""
        return {name: of(self.sample, one.forecast) for name, one in self.tested.items()}


def measure(found: Sample, tested: Mapping[str, Tested]) -> dict[str, Measures]:
    """Return every contender's measures at one origin, see `clv.core.metrics`.

    Keys per contender: ``purchases, value`` (`metrics.amounts`; value None without amounts),
    ``chance`` (`metrics.chances`), ``deciles`` of value (of purchases without amounts),
    ``reliability``, ``loss`` (mean of `losses`), ``value_loss`` (mean of `value_losses`).
    """
    valued = bool(found.value.any())
    result: dict[str, Measures] = {}
    for name, (_, forecast) in tested.items():
        bought = found.purchases > 0
        result[name] = {
            "purchases": metrics.amounts(found.purchases, forecast.purchases),
            "value": metrics.amounts(found.value, forecast.value) if valued else None,
            "chance": metrics.chances(bought, forecast.p_purchase),
            "deciles": metrics.deciles(
                *(
                    (found.value, forecast.value)
                    if valued
                    else (found.purchases, forecast.purchases)
                )
            ),
            "reliability": metrics.reliability(bought, forecast.p_purchase),
            "loss": float(losses(found, forecast).mean()),
            "value_loss": float(value_losses(found, forecast).mean()) if valued else None,
        }
    return result


def losses(found: Sample, forecast: Forecast) -> Floats:
    """Return each customer's loss by which contenders are ranked, shape (n,).

    The unit Poisson deviance of the purchases: smallest in expectation for the true mean, unlike
    the absolute error, which rewards whoever says that nobody buys; and not ruled by the few
    largest buyers, unlike the squared error.
    """
    return metrics.poisson_deviance(found.purchases, forecast.purchases)


def value_losses(found: Sample, forecast: Forecast) -> Floats:
    """Return each customer's loss in revenue, by which models of an order's value are ranked.

    Who returned more than they bought counts as having brought nothing.
    """
    return metrics.tweedie_deviance(found.value, forecast.value)


def path(
    con: duckdb.DuckDBPyConnection, backtest: Backtest, months: int
) -> tuple[list[MonthTotals], list[ByContender]]:
    """Return totals after an origin, observed and expected: month by month, and week by week.

    Returns
    -------
    (months, weeks)
        Months: ``month, end, purchases, value``, the last two with ``actual`` and each contender's
        name. Weeks: ``week`` 1, 2, …, ``actual`` and each contender's name: purchase days of the
        customers known at the origin, *since* it.
    """
    origin = backtest.origin
    month_ends = [add_months(origin.as_of, i) for i in range(1, months)] + [origin.end]
    week_ends = [origin.as_of + timedelta(days=d) for d in range(_WEEK, origin.days + 1, _WEEK)]
    ends = sorted({*month_ends, *week_ends})
    came = _since(con, backtest, ends)
    days = [(end - origin.as_of).days for end in ends]
    said: dict[str, dict[date, tuple[float, float]]] = {
        name: {
            end: (float(f.purchases.sum()), float(f.value.sum()))
            for end, f in zip(ends, one.contender.forecast_many(known, days), strict=True)
        }
        for known in [backtest.sample.history]
        for name, one in backtest.tested.items()
    }
    everybody = {"actual": came} | said
    by_month: list[MonthTotals] = []
    before: dict[str, tuple[float, float]] = dict.fromkeys(everybody, (0, 0))
    for i, end in enumerate(month_ends, start=1):
        until = {name: totals[end] for name, totals in everybody.items()}
        by_month.append(
            {
                "month": i,
                "end": end.isoformat(),
                "purchases": {name: until[name][0] - before[name][0] for name in until},
                "value": {name: until[name][1] - before[name][1] for name in until},
            }
        )
        before = until
    by_week = [
        {"week": i} | {name: totals[end][0] for name, totals in everybody.items()}
        for i, end in enumerate(week_ends, start=1)
    ]
    return by_month, by_week


def _since(
    con: duckdb.DuckDBPyConnection, backtest: Backtest, ends: Sequence[date]
) -> dict[date, tuple[float, float]]:
    """Return purchase days and revenue of the sample's customers since the origin, up to each end."""
    import pyarrow as pa  # noqa: PLC0415

    con.register("known", pa.table({"customer_id": backtest.sample.customer_id}))
    rows = con.execute(
        "WITH days AS (SELECT ordered_at::DATE AS day, count(DISTINCT customer_id) AS bought, "
        "coalesce(sum(revenue), 0) AS value FROM orders SEMI JOIN known USING (customer_id) "
        "WHERE ordered_at::DATE > $1 GROUP BY 1) "
        "SELECT e, coalesce(sum(bought), 0)::BIGINT, coalesce(sum(value), 0) "
        "FROM unnest($2::DATE[]) AS ends(e) LEFT JOIN days ON day <= e GROUP BY e",
        [backtest.origin.as_of, ends],
    ).fetchall()
    con.unregister("known")
    return {end: (int(bought), float(value)) for end, bought, value in rows}


def report(
    con: duckdb.DuckDBPyConnection, chosen: Plan, backtests: Sequence[Backtest]
) -> PastDates:
    """Return the figures of backtests, JSON types.

    Parameters
    ----------
    con
        Has the ``orders`` that the backtests were read from.
    backtests
        One per origin of the plan, oldest first.

    Returns
    -------
    PastDates
        ``horizon_months``, ``reason`` and ``origins``, oldest first: ``as_of, end, customers,
        measures`` (`measure`), ``failed``, ``months`` and ``weeks`` (`path`), and
        ``apart``: each contender's loss less the best one's, with its 95 % interval; ``mape``: each
        contender's errors of the months' totals; and ``together`` (`over_all`), None without an
        origin.
    """
    rows: list[PastDate] = []
    for backtest in backtests:
        found, tested = backtest.sample, backtest.tested
        measures = measure(found, tested)
        best = min(measures, key=lambda name: metrics.comparable(measures[name]["loss"]))
        apart = metrics.paired_difference(backtest.losses(losses), best)
        months, weeks = path(con, backtest, chosen.horizon_months)
        rows.append(
            {
                "as_of": backtest.origin.as_of.isoformat(),
                "end": backtest.origin.end.isoformat(),
                "customers": len(found.customer_id),
                "measures": measures,
                "failed": backtest.failed,
                "best": best,
                "apart": {name: list(edges) for name, edges in apart.items()},
                "months": months,
                "weeks": weeks,
                "mape": {name: _mape(months, name) for name in measures},
            }
        )
    return {
        "horizon_months": chosen.horizon_months,
        "reason": chosen.reason,
        "origins": rows,
        "together": over_all(backtests) if backtests else None,
    }


def _mape(months: Sequence[MonthTotals], name: str) -> MonthlyErrors:
    purchases, value = ([m["purchases"] for m in months], [m["value"] for m in months])
    return {
        "purchases": metrics.mape([m["actual"] for m in purchases], [m[name] for m in purchases]),
        "value": metrics.mape([m["actual"] for m in value], [m[name] for m in value]),
    }


def over_all(backtests: Sequence[Backtest]) -> Together:
    """Compare the contenders that were tested at all origins, every origin counting the same.

    Returns
    -------
    Together
        ``loss``: mean over the origins of the mean loss; ``best``: the smallest; ``apart``: the
        others' loss less the best one's, with its 95 % interval (`metrics.paired_difference`).
    """
    share = shares(backtests, [backtest.losses(losses) for backtest in backtests])
    mean = {name: float(values.mean()) for name, values in share.items()}
    best = min(mean, key=lambda name: metrics.comparable(mean[name]))
    apart = metrics.paired_difference(share, best)
    return {
        "loss": mean,
        "best": best,
        "apart": {name: list(edges) for name, edges in apart.items()},
    }


def shares(
    backtests: Sequence[Backtest], lost: Sequence[Mapping[str, Floats]]
) -> dict[str, Floats]:
    """Return each customer's share in the mean loss over all origins, every origin counting the same.

    A customer known at several origins is drawn, or not, with all of them at once: what one
    customer does after two overlapping origins is no two observations.

    Parameters
    ----------
    lost
        Each origin's losses by contender.

    Returns
    -------
    dict
        By contender that was tested at all origins; shape (n,), all customers of the origins, those
        of the last one first. Their mean is the mean over the origins of the mean loss.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    # Who was known earlier still is, but for those who have sent back all that they had ordered.
    known = [chunk for one in reversed(backtests) for chunk in one.sample.customer_id.chunks]
    everybody = pc.unique(pa.chunked_array(known))
    names = [name for name in lost[-1] if all(name in by_name for by_name in lost)]
    share = {name: np.zeros(len(everybody)) for name in names}
    for backtest, by_name in zip(backtests, lost, strict=True):
        ids = backtest.sample.customer_id.combine_chunks()
        place = np.asarray(pc.index_in(ids, value_set=everybody))
        weight = len(everybody) / (len(place) * len(lost))
        for name in names:
            share[name][place] += weight * by_name[name]
    return share
