"""Moving-origin backtests: every contender forecasts from the past, and is measured on what came.

A contender is fitted at each origin on what was known that day, never on anything later, and never
on a random part of the customers. What comes out is plain JSON types: it goes into a run's files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from clv.backtest.past_dates import past, sample
from clv.core import metrics
from clv.core.errors import FitError
from clv.core.horizon import add_months

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    import duckdb

    from clv.backtest.past_dates import Origin, Plan, Sample
    from clv.core.types import Floats, Progress
    from clv.models.contenders import Contender, Forecast, Past

    Loss = Callable[[Sample, Forecast], Floats]

_WEEK: Final = 7


class Tested(NamedTuple):
    """One contender at one origin: fitted, with its forecast of the sample's customers."""

    contender: Contender
    forecast: Forecast


@dataclass
class Trial:
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
            contender.fit(known, self.past)
            forecast = contender.score(known, self.origin.days)
        except FitError as error:
            self.failed[contender.name] = error.message
        else:
            self.tested[contender.name] = Tested(contender, forecast)

    def losses(self, of: Loss) -> dict[str, Floats]:
        """Return each customer's loss by contender, shape (n,) each."""
        return {name: of(self.sample, one.forecast) for name, one in self.tested.items()}


def measure(found: Sample, tested: Mapping[str, Tested]) -> dict[str, dict[str, Any]]:
    """Return every contender's measures at one origin, see `clv.core.metrics`.

    Keys per contender: ``purchases, value`` (`metrics.amounts`; value None without amounts),
    ``chance`` (`metrics.chances`), ``deciles`` of value (of purchases without amounts),
    ``reliability``, ``loss`` (mean of `losses`), ``value_loss`` (mean of `value_losses`).
    """
    valued = bool(found.value.any())
    result: dict[str, dict[str, Any]] = {}
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
    con: duckdb.DuckDBPyConnection, trial: Trial, months: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return totals after an origin, observed and expected: month by month, and week by week.

    Returns
    -------
    (months, weeks)
        Months: ``month, end, purchases, value``, the last two with ``actual`` and each contender's
        name. Weeks: ``week`` 1, 2, …, ``actual`` and each contender's name: purchase days of the
        customers known at the origin, *since* it.
    """
    origin = trial.origin
    month_ends = [add_months(origin.as_of, i) for i in range(1, months)] + [origin.end]
    week_ends = [origin.as_of + timedelta(days=d) for d in range(_WEEK, origin.days + 1, _WEEK)]
    ends = sorted({*month_ends, *week_ends})
    came = _since(con, trial, ends)
    days = [(end - origin.as_of).days for end in ends]
    said: dict[str, dict[date, tuple[float, float]]] = {
        name: {
            end: (float(f.purchases.sum()), float(f.value.sum()))
            for end, f in zip(ends, one.contender.score_many(known, days), strict=True)
        }
        for known in [trial.sample.history]
        for name, one in trial.tested.items()
    }
    everybody = {"actual": came} | said
    by_month: list[dict[str, Any]] = []
    before: dict[str, tuple[float, float]] = dict.fromkeys(everybody, (0, 0))
    for i, end in enumerate(month_ends, start=1):
        until = {name: totals[end] for name, totals in everybody.items()}
        month = {
            kind: {name: until[name][k] - before[name][k] for name in until}
            for k, kind in enumerate(("purchases", "value"))
        }
        by_month.append({"month": i, "end": end.isoformat()} | month)
        before = until
    by_week = [
        {"week": i} | {name: totals[end][0] for name, totals in everybody.items()}
        for i, end in enumerate(week_ends, start=1)
    ]
    return by_month, by_week


def _since(
    con: duckdb.DuckDBPyConnection, trial: Trial, ends: Sequence[date]
) -> dict[date, tuple[float, float]]:
    """Return purchase days and revenue of the sample's customers since the origin, up to each end."""
    import pyarrow as pa  # noqa: PLC0415

    con.register("known", pa.table({"customer_id": trial.sample.customer_id}))
    rows = con.execute(
        "WITH days AS (SELECT ordered_at::DATE AS day, count(DISTINCT customer_id) AS bought, "
        "coalesce(sum(revenue), 0) AS value FROM orders SEMI JOIN known USING (customer_id) "
        "WHERE ordered_at::DATE > $1 GROUP BY 1) "
        "SELECT e, coalesce(sum(bought), 0)::BIGINT, coalesce(sum(value), 0) "
        "FROM unnest($2::DATE[]) AS ends(e) LEFT JOIN days ON day <= e GROUP BY e",
        [trial.origin.as_of, ends],
    ).fetchall()
    con.unregister("known")
    return {end: (int(bought), float(value)) for end, bought, value in rows}


def run(
    con: duckdb.DuckDBPyConnection,
    chosen: Plan,
    first_order: date,
    contenders: Callable[[], Iterable[Contender]],
    progress: Progress,
) -> dict[str, Any]:
    """Backtest contenders at every origin of a plan.

    Parameters
    ----------
    contenders
        Makes them anew for every origin: nothing learnt at one can reach another.

    Returns
    -------
    dict
        See `report`.
    """
    trials = []
    for i, origin in enumerate(chosen.origins):
        progress(f"Testing as of {origin.as_of.day} {origin.as_of:%b %Y}", i, len(chosen.origins))
        trials.append(Trial.at(con, origin, first_order))
        for contender in contenders():
            trials[-1].test(contender)
    return report(con, chosen, trials)


def report(con: duckdb.DuckDBPyConnection, chosen: Plan, trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the figures of backtests, JSON types.

    Parameters
    ----------
    con
        Has the ``orders`` that the trials were read from.
    trials
        One per origin of the plan, oldest first.

    Returns
    -------
    dict
        ``horizon_months``, ``reason`` and ``origins``, oldest first: ``as_of, end, customers,
        measures`` (`measure`), ``failed``, ``months`` and ``weeks`` (`path`), and
        ``apart``: each contender's loss less the best one's, with its 95 % interval; and
        ``together`` (`over_all`), None without an origin.
    """
    rows = []
    for trial in trials:
        found, tested = trial.sample, trial.tested
        measures = measure(found, tested)
        best = min(measures, key=lambda name: metrics.comparable(measures[name]["loss"]))
        apart = metrics.paired_difference(trial.losses(losses), best)
        months, weeks = path(con, trial, chosen.horizon_months)
        rows.append(
            {
                "as_of": trial.origin.as_of.isoformat(),
                "end": trial.origin.end.isoformat(),
                "customers": len(found.customer_id),
                "measures": measures,
                "failed": trial.failed,
                "best": best,
                "apart": {name: list(edges) for name, edges in apart.items()},
                "months": months,
                "weeks": weeks,
            }
        )
    return {
        "horizon_months": chosen.horizon_months,
        "reason": chosen.reason,
        "origins": rows,
        "together": over_all(trials) if trials else None,
    }


def over_all(trials: Sequence[Trial]) -> dict[str, Any]:
    """Compare the contenders that were tested at all origins, every origin counting the same.

    Returns
    -------
    dict
        ``loss``: mean over the origins of the mean loss; ``best``: the smallest; ``apart``: the
        others' loss less the best one's, with its 95 % interval (`metrics.paired_difference`).
    """
    share = shares(trials, [trial.losses(losses) for trial in trials])
    mean = {name: float(values.mean()) for name, values in share.items()}
    best = min(mean, key=lambda name: metrics.comparable(mean[name]))
    apart = metrics.paired_difference(share, best)
    return {
        "loss": mean,
        "best": best,
        "apart": {name: list(edges) for name, edges in apart.items()},
    }


def shares(trials: Sequence[Trial], lost: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
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
        By contender that was tested at all origins; shape (n,), the customers of the last origin.
        Their mean is the mean over the origins of the mean loss.
    """
    import pyarrow.compute as pc  # noqa: PLC0415

    everybody = trials[-1].sample.customer_id.combine_chunks()  # Who was known earlier still is.
    names = [name for name in lost[-1] if all(name in by_name for by_name in lost)]
    share = {name: np.zeros(len(everybody)) for name in names}
    for trial, by_name in zip(trials, lost, strict=True):
        ids = trial.sample.customer_id.combine_chunks()
        place = np.asarray(pc.index_in(ids, value_set=everybody))
        weight = len(everybody) / (len(place) * len(lost))
        for name in names:
            share[name][place] += weight * by_name[name]
    return share
