"""An older forecast beside what has happened since.

The customers are those whom the older run knew; what they did is read off a newer run's orders, in the
months of the forecast that are over by the newer run's as-of date. Nothing is fitted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from clv.backtest.totals import around
from clv.core import engine, metrics
from clv.insights.monitor.base import said_and_came
from clv.insights.monitor.models import name_of
from clv.insights.monitor.uploads import attach
from clv.models.card import from_card
from clv.models.histories import Histories

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    from numpy.typing import ArrayLike

    from clv.core.schema import (
        MonthSpan,
        RangesOfCustomers,
        SaidAndCame,
        TrackedForecast,
        TrackedMeasure,
        TrackedMonth,
        TrackedSegment,
        TrackedTotal,
        TrackedValue,
    )
    from clv.runs import Run

    Columns = Mapping[str, ArrayLike]

#: Customers of whom the ranking and the chances are measured; drawn by a hash of their ids.
MOST: Final = 250_000
#: Less than this is rounding when an outcome is held against its range, in currency units.
_CENT: Final = 0.005
_TOPS: Final = (0.10, 0.20)
_SUMS: Final = ", ".join(
    [f"sum({c}) AS {c}" for c in ("predicted_purchases", "purchases", "predicted_revenue")]
    + [f"{engine.total('revenue')} AS revenue"]
)


def elapsed(run: Run, old: Run) -> list[MonthSpan]:
    """Return the months of the older forecast that are over by the newer run's as-of date."""
    return [m for m in old.settings["months"] if str(m["end"])[:10] <= run.as_of.isoformat()]


def track(run: Run, old: Run) -> TrackedForecast | None:
    """Hold an older run's forecast against a newer run's orders.

    Returns
    -------
    dict or None
        None where the older run forecast no purchases or none of its months is over.
        ``months`` over, of ``horizon``; ``until``; ``customers``, of whom ``gone`` are not in the newer
        run; ``by_month``: ``month, start, end, predicted_purchases, purchases, predicted_revenue,
        revenue``; ``total``: measure → ``predicted, actual, bias`` (0.1: 10 % too much; None where
        nothing came); ``mape``: measure → by month, and ``mape_segments``: by segment; ``segments``;
        ``value``: discounted and times margin, with the total's range ``low, high`` (None without
        ranges); ``chances`` (`clv.core.metrics.chances`) and ``reliability``; ``each``: mean miss of a
        customer as a share of the mean outcome; ``ranges``: share of customers ``inside`` theirs,
        once the horizon is over; ``ranking``: ``top10``, ``top20``, ``lift`` (times what a tenth of
        the customers picked at random would bring), ``deciles``.
        Measures are ``purchases`` (days with an order) and, if there are amounts, ``revenue``.
    """
    months = elapsed(run, old)
    if not months or not old.model.get("purchases"):
        return None
    measures: list[TrackedMeasure] = ["purchases"]
    if _valued(run, old):
        measures.append("revenue")
    with old.connect() as con:
        attach(con, run, "later")
        _prepare(con, old, months)
        gone, customers = engine.row(
            con,
            "SELECT count(*) FILTER (customer_id NOT IN (SELECT customer_id FROM later_orders)), "
            "count(*) FROM forecasts",
        )
        by_month = _by_month(con, old, months)
        segments = _segments(con)
        sums = _sums(con)
        some = con.execute(
            f"SELECT * FROM outcomes ORDER BY hash(customer_id) LIMIT {MOST}"
        ).fetchnumpy()
    best = measures[-1]
    actual, said = (np.asarray(some[k], dtype=float) for k in (best, f"predicted_{best}"))
    bought = np.asarray(some["purchases"], dtype=float) > 0
    chance = np.clip(np.asarray(some["chance"], dtype=float), 0.0, 1.0)
    top10, top20 = (metrics.capture(actual, said, share) for share in _TOPS)
    value = _value(old, sums) if "revenue" in measures else None
    horizon, mean = int(old.settings["horizon_months"]), float(actual.mean())
    ranges = old.summary.get("ranges")
    return {
        "run": old.id,
        "as_of": old.as_of.isoformat(),
        "model": name_of(old),
        "months": len(months),
        "horizon": horizon,
        "until": str(months[-1]["end"])[:10],
        "customers": int(customers),
        "gone": int(gone),
        "by_month": by_month,
        "segments": segments,
        "total": {m: _total(*said_and_came(sums.figures, m)) for m in measures},
        "mape": {m: _mape(by_month, m) for m in measures},
        "mape_segments": {m: _mape(segments, m) for m in measures},
        "value": value,
        "each": float(np.abs(actual - said).mean()) / mean if mean > 0 else None,
        "chances": metrics.chances(bought, chance),
        "reliability": metrics.reliability(bought, chance),
        "ranges": _coverage(some, float(ranges["level"]))
        if ranges and value and len(months) == horizon
        else None,
        "ranking": {
            "measure": best,
            "top10": top10,
            "top20": top20,
            "lift": None if top10 is None else top10 / 0.10,
            "deciles": metrics.deciles(actual, said),
        },
    }


def _valued(run: Run, old: Run) -> bool:
    return run.has_value and old.has_value and old.summary["predicted_clv"] is not None


def _prepare(con: duckdb.DuckDBPyConnection, old: Run, months: Sequence[MonthSpan]) -> None:
    """Make ``came`` (customer and month → what came) and ``outcomes`` (customer → said and done)."""
    rows = ", ".join(
        f"({m['month']}, DATE '{str(m['start'])[:10]}', DATE '{str(m['end'])[:10]}', "
        f"{float(m['discount'])!r}::DOUBLE)"
        for m in months
    )
    # One lookup of the day per order: a join by "later than" would compare every order with every month.
    con.execute(
        "CREATE TEMP TABLE months AS SELECT s.day::DATE AS day, month, discount FROM "
        f"(VALUES {rows}) AS v(month, first, last, discount), "
        "generate_series(first + 1, last, INTERVAL 1 DAY) AS s(day)"
    )
    con.execute(
        "CREATE TEMP TABLE came AS SELECT customer_id, month, "
        "count(DISTINCT ordered_at::DATE)::DOUBLE AS purchases, round(sum(revenue), 6) AS revenue, "
        "sum(revenue) * any_value(discount) AS discounted "
        "FROM later_orders JOIN months ON ordered_at::DATE = day "
        "SEMI JOIN forecasts USING (customer_id) GROUP BY ALL"
    )
    k, margin = len(months), repr(float(old.settings["margin"]))
    con.register("discount", pa.table({"d": [[float(m["discount"]) for m in months]]}))
    con.register("chances", _chances(con, old, months))
    expected, worth = f"f.purchases[1:{k}]", f"predicted_order_value * {margin}"
    chance = _CORRECTED if old.settings.get("corrected", False) else "chance_now"
    said = f"list_inner_product({expected}, d) * {worth}"
    con.execute(
        "CREATE TEMP TABLE outcomes AS SELECT f.customer_id, segment, "
        f"list_sum({expected}) AS predicted_purchases, "
        f"list_sum({expected}) * predicted_order_value AS predicted_revenue, {said} AS said, "
        # Chance adds up with what is bought: of a part of the horizon there is a part of it.
        f"f.variance * ({worth}) ** 2 * {said} / nullif(predicted_clv, 0) AS variance, "
        f"{chance} AS chance, predicted_clv_low AS low, predicted_clv_high AS high, "
        "coalesce(a.purchases, 0) AS purchases, coalesce(a.revenue, 0) AS revenue, "
        f"coalesce(a.discounted, 0) * {margin} AS came "
        "FROM scored f JOIN chances USING (frequency, recency, T) CROSS JOIN discount "
        "LEFT JOIN (SELECT customer_id, sum(purchases) AS purchases, round(sum(revenue), 6) AS revenue, "
        "sum(discounted) AS discounted FROM came GROUP BY 1) a ON a.customer_id = f.customer_id"
    )


#: Chances below this are none.
_NOTHING: Final = 1e-12
#: As `clv.backtest.correcting.within` has it.
_CORRECTED: Final = f"p_alive * (1 - pow(greatest(1 - p_purchase / p_alive, {_NOTHING}), silent))"


def _chances(con: duckdb.DuckDBPyConnection, old: Run, months: Sequence[MonthSpan]) -> pa.Table:
    """Return the plain forecast's chance of an order in the months that are over, by distinct triple.

    From the model card: the run itself has it for the whole horizon only. ``silent`` is the logarithm of
    the chance of no order of somebody active in these months, over that within the horizon.
    """
    triples = con.execute("SELECT frequency, recency, T FROM profiles").fetchnumpy()
    days = next(
        m["end_days"] for m in old.model["months"] if int(m["month"]) == int(months[-1]["month"])
    )
    histories = Histories.of(*(triples[k] for k in ("frequency", "recency", "T")))
    horizon = old.model["months"][-1]["end_days"]
    scores = from_card(old.model["purchases"]).score(histories, [days, horizon])
    chance = scores.p_purchase / np.maximum(scores.p_alive, _NOTHING)[:, None]
    quiet = np.log(np.clip(1 - chance, _NOTHING, 1 - _NOTHING))
    columns = {k: engine.column(np.asarray(v)) for k, v in triples.items()}
    columns["chance_now"] = engine.column(scores.p_purchase[:, 0])
    columns["silent"] = engine.column(quiet[:, 0] / quiet[:, 1])
    return pa.table(columns)


def _by_month(
    con: duckdb.DuckDBPyConnection, old: Run, months: Sequence[MonthSpan]
) -> list[TrackedMonth]:
    came = {
        month: (purchases, revenue)
        for month, purchases, revenue in con.execute(
            f"SELECT month, sum(purchases), {engine.total('revenue')} FROM came GROUP BY 1"
        ).fetchall()
    }
    said = {int(row["month"]): row for row in old.summary["monthly"]}
    rows: list[TrackedMonth] = []
    for m in months:
        purchases, revenue = came.get(m["month"], (0.0, 0.0))
        rows.append(
            {
                "month": int(m["month"]),
                "start": str(m["start"])[:10],
                "end": str(m["end"])[:10],
                "predicted_purchases": said[int(m["month"])]["predicted_purchases"],
                "purchases": float(purchases),
                "predicted_revenue": said[int(m["month"])]["predicted_revenue"],
                "revenue": None if revenue is None else float(revenue),
            }
        )
    return rows


def _segments(con: duckdb.DuckDBPyConnection) -> list[TrackedSegment]:
    """Return what was said and what came by the segment of that time, the largest first."""
    rows = con.sql(
        f"SELECT * FROM (SELECT segment, count(*) AS customers, {_SUMS} FROM outcomes "
        "WHERE segment IS NOT NULL GROUP BY 1) "
        "ORDER BY coalesce(predicted_revenue, predicted_purchases) DESC, segment"
    )
    found: list[TrackedSegment] = rows.to_arrow_table().to_pylist()
    return found


class _Sums(NamedTuple):
    """What was said and what came in all; ``said`` and ``came`` are of the value, with its variance."""

    figures: SaidAndCame
    said: float
    came: float
    variance: float | None


def _sums(con: duckdb.DuckDBPyConnection) -> _Sums:
    predicted_purchases, purchases, predicted_revenue, revenue, *value = engine.row(
        con, f"SELECT {_SUMS}, sum(said), sum(came), sum(variance) FROM outcomes"
    )
    figures: SaidAndCame = {
        "predicted_purchases": predicted_purchases,
        "purchases": purchases,
        "predicted_revenue": predicted_revenue,
        "revenue": revenue,
    }
    return _Sums(figures, *value)


def _total(said: float | None, came: float | None) -> TrackedTotal:
    said, came = float(said or 0.0), float(came or 0.0)
    return {"predicted": said, "actual": came, "bias": said / came - 1 if came > 0 else None}


def _mape(rows: Sequence[SaidAndCame], measure: TrackedMeasure) -> float | None:
    """Return the mean absolute percentage error over rows; None where one of them came to nothing."""
    if not rows:
        return None
    said, came = zip(*(said_and_came(row, measure) for row in rows), strict=True)
    return metrics.mape(np.array(came, dtype=float), np.array(said, dtype=float))


def _value(old: Run, sums: _Sums) -> TrackedValue:
    """Return the value of all, with its range where the older run has one."""
    total = _total(sums.said, sums.came)
    value: TrackedValue = {
        "predicted": total["predicted"],
        "actual": total["actual"],
        "bias": total["bias"],
        "low": None,
        "high": None,
    }
    ranges = old.summary.get("ranges")
    if not ranges or sums.variance is None:
        return value
    low, high = around(
        sums.said,
        sums.variance,
        level=ranges["level"],
        error=ranges["error"],
        model=ranges["model_error"],
        tests=ranges["tests"],
    )
    value["low"], value["high"], value["level"] = float(low), float(high), ranges["level"]
    return value


def _coverage(some: Columns, level: float) -> RangesOfCustomers:
    """Return how many customers' outcomes lay within their ranges."""
    came, low, high = (np.asarray(some[k], dtype=float) for k in ("came", "low", "high"))
    inside = (came >= low - _CENT) & (came <= high + _CENT)
    wider = high > 0
    return {
        "level": level,
        "customers": int(inside.size),
        "inside": float(inside.mean()),
        "above": float((came > high + _CENT).mean()),
        "wider": float(inside[wider].mean()) if wider.any() else 1.0,
    }
