"""Moving-origin backtests: every contender forecasts from the past, and is measured on what came.

A contender is fitted at each origin on what was known that day, never on anything later, and never
on a random part of the customers. What comes out is plain JSON types: it goes into a run's files.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from clv import metrics
from clv.errors import FitError
from clv.forecast import add_months
from clv.origins import past, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    import duckdb
    from numpy.typing import NDArray

    from clv.models.contenders import Contender, Forecast
    from clv.origins import Origin, Plan, Sample

    Floats = NDArray[np.float64]
    Progress = Callable[[str, int, int], None]

#: A forecast below this share of the mean forecast is read as this share: a loss must stay finite
#: where somebody buys who was said never to.
FLOOR: Final = 0.01
_WEEK: Final = 7


class Tested(NamedTuple):
    """One contender at one origin: fitted, with its forecast of the sample's customers."""

    contender: Contender
    forecast: Forecast


def try_at(
    con: duckdb.DuckDBPyConnection,
    origin: Origin,
    first_order: date,
    contenders: Iterable[Contender],
) -> tuple[Sample, dict[str, Tested], dict[str, str]]:
    """Fit and score contenders at one origin.

    Parameters
    ----------
    con
        Has ``orders``.
    first_order
        Of the file: how far one can look back.
    contenders
        Not fitted yet; names must differ.

    Returns
    -------
    (sample, tested, failed)
        ``failed`` says of each contender that could not be fitted why.
    """
    found = sample(con, origin)
    before = past(con, origin, first_order)
    tested: dict[str, Tested] = {}
    failed: dict[str, str] = {}
    for contender in contenders:
        try:
            contender.fit(found.history, before)
            forecast = contender.score(found.history, origin.days)
        except FitError as error:
            failed[contender.name] = error.message
            continue
        tested[contender.name] = Tested(contender, forecast)
    return found, tested, failed


def measure(found: Sample, tested: Mapping[str, Tested]) -> dict[str, dict[str, Any]]:
    """Return every contender's measures at one origin, see `clv.metrics`.

    Keys per contender: ``purchases, value`` (`metrics.amounts`; value None without amounts),
    ``chance`` (`metrics.chances`), ``deciles`` of value (of purchases without amounts),
    ``reliability``, ``loss`` (mean of `losses`).
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
        }
    return result


def losses(found: Sample, forecast: Forecast) -> Floats:
    """Return each customer's loss by which contenders are ranked, shape (n,).

    The unit Poisson deviance of the purchases, ``2 (y log(y / f) - y + f)``: smallest in
    expectation for the true mean, unlike the absolute error, which rewards whoever says that nobody
    buys; and not ruled by the few largest buyers, unlike the squared error.
    """
    y = found.purchases
    f = np.maximum(forecast.purchases, FLOOR * max(float(y.mean()), 1e-12))
    ratio = np.where(y > 0, y / f, 1.0)
    deviance: Floats = 2 * (y * np.log(ratio) - y + f)
    return deviance


def track(
    con: duckdb.DuckDBPyConnection, found: Sample, tested: Mapping[str, Tested]
) -> list[dict[str, Any]]:
    """Return cumulative purchases week by week after an origin, observed and expected.

    Returns
    -------
    list of dict
        ``week`` 1, 2, …, ``actual`` and each contender's name: purchase days since the origin of
        the customers known at it.
    """
    origin = found.origin
    ends = range(_WEEK, origin.days + 1, _WEEK)
    con.register("known", _ids(found))
    rows = con.execute(
        "SELECT least((d - $1::DATE - 1) // 7, $2) AS week, count(*) FROM ("
        "SELECT DISTINCT customer_id, ordered_at::DATE AS d FROM orders SEMI JOIN known "
        "USING (customer_id)) WHERE d > $1 AND d <= $3 GROUP BY 1",
        [origin.as_of, len(ends), origin.end],
    ).fetchall()
    con.unregister("known")
    weekly = dict(rows)
    result, total = [], 0
    for i, end in enumerate(ends):
        total += weekly.get(i, 0)
        expected = {
            name: float(t.contender.score(found.history, end).purchases.sum())
            for name, t in tested.items()
        }
        result.append({"week": i + 1, "actual": total} | expected)
    return result


def _ids(found: Sample) -> Any:  # noqa: ANN401 - an Arrow table
    import pyarrow as pa  # noqa: PLC0415

    return pa.table({"customer_id": found.customer_id})


def by_month(
    con: duckdb.DuckDBPyConnection, found: Sample, tested: Mapping[str, Tested], months: int
) -> list[dict[str, Any]]:
    """Return totals month by month after an origin: observed and expected purchases and value.

    Keys ``month, end, purchases, value``, the last two with ``actual`` and each contender's name.
    """
    origin = found.origin
    ends = [add_months(origin.as_of, i) for i in range(months + 1)]
    ends[-1] = origin.end
    con.register("known", _ids(found))
    result: list[dict[str, Any]] = []
    before = dict.fromkeys(tested, (0.0, 0.0))
    for i, (start, end) in enumerate(pairwise(ends), start=1):
        bought, value = con.execute(
            "SELECT count(DISTINCT (customer_id, ordered_at::DATE)), coalesce(sum(revenue), 0) "
            "FROM orders SEMI JOIN known USING (customer_id) "
            "WHERE ordered_at::DATE > $1 AND ordered_at::DATE <= $2",
            [start, end],
        ).fetchall()[0]
        row: dict[str, Any] = {"month": i, "end": end.isoformat()}
        row["purchases"], row["value"] = {"actual": bought}, {"actual": value}
        for name, t in tested.items():
            said = t.contender.score(found.history, (end - origin.as_of).days)
            totals = float(said.purchases.sum()), float(said.value.sum())
            row["purchases"][name] = totals[0] - before[name][0]
            row["value"][name] = totals[1] - before[name][1]
            before[name] = totals
        result.append(row)
    con.unregister("known")
    return result


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
        ``horizon_months``, ``reason`` and ``origins``, oldest first: ``as_of, end, customers,
        measures`` (`measure`), ``failed``, ``months`` (`by_month`), ``weeks`` (`track`), and
        ``apart``: each contender's loss less the best one's, with its 95 % interval; and
        ``together`` (`over_all`), None without an origin.
    """
    rows = []
    lost: list[tuple[Sample, dict[str, Floats]]] = []
    for i, origin in enumerate(chosen.origins):
        progress(f"Testing as of {origin.as_of.day} {origin.as_of:%b %Y}", i, len(chosen.origins))
        found, tested, failed = try_at(con, origin, first_order, contenders())
        measures = measure(found, tested)
        best = min(measures, key=lambda name: measures[name]["loss"])
        lost.append((found, {name: losses(found, t.forecast) for name, t in tested.items()}))
        apart = metrics.paired_difference(lost[-1][1], best)
        rows.append(
            {
                "as_of": origin.as_of.isoformat(),
                "end": origin.end.isoformat(),
                "customers": len(found.customer_id),
                "measures": measures,
                "failed": failed,
                "best": best,
                "apart": {name: list(edges) for name, edges in apart.items()},
                "months": by_month(con, found, tested, chosen.horizon_months),
                "weeks": track(con, found, tested),
            }
        )
    return {
        "horizon_months": chosen.horizon_months,
        "reason": chosen.reason,
        "origins": rows,
        "together": over_all(lost) if lost else None,
    }


def over_all(lost: Sequence[tuple[Sample, Mapping[str, Floats]]]) -> dict[str, Any]:
    """Compare the contenders that were tested at all origins, every origin counting the same.

    A customer known at several origins is drawn, or not, with all of them at once: what one
    customer does after two overlapping origins is no two observations.

    Parameters
    ----------
    lost
        Each origin's sample and its `losses` by contender, oldest first.

    Returns
    -------
    dict
        ``loss``: mean over the origins of the mean loss; ``best``: the smallest; ``apart``: the
        others' loss less the best one's, with its 95 % interval (`metrics.paired_difference`).
    """
    import pyarrow.compute as pc  # noqa: PLC0415

    everybody = lost[-1][0].customer_id.combine_chunks()  # Who was known earlier still is.
    names = [name for name in lost[-1][1] if all(name in losses for _, losses in lost)]
    share = {name: np.zeros(len(everybody)) for name in names}
    for found, by_name in lost:
        place = np.asarray(pc.index_in(found.customer_id.combine_chunks(), value_set=everybody))
        weight = len(everybody) / (len(place) * len(lost))
        for name in names:
            share[name][place] += weight * by_name[name]
    mean = {name: float(values.mean()) for name, values in share.items()}
    best = min(mean, key=lambda name: mean[name])
    apart = metrics.paired_difference(share, best)
    return {
        "loss": mean,
        "best": best,
        "apart": {name: list(edges) for name, edges in apart.items()},
    }
