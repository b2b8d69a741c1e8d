"""What is read off a receipt: whom a forecast is judged by, and who forecast best on its own past.

Every contender forecasts from days in the past (`clv.backtest.past_dates.plan`) and is measured on what
the same customers did next (`clv.backtest.moving_origin`). What that leaves is a run's receipt
(``Run.receipt``); `clv.forecast.pipeline.receipt` makes it for a run that has none.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Final

from clv.core import metrics
from clv.core.schema import LeaderboardRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv.core.schema import Edges, PastDate, Receipt

#: Columns of a leaderboard; amounts in the file's currency.
COLUMNS: Final = tuple(LeaderboardRow.__annotations__)


def why(found: Receipt) -> str:
    """Say why the forecast is what it is, or why that could not be tested."""
    choice = found["choice"]
    if choice["fallback"]:
        return f"No test on past dates was possible. {found['reason']}"
    return choice["reason"]


def subject(found: Receipt) -> str | None:
    """Return which contender stands for the run's forecast: its own model, else the best one."""
    together = found["together"]
    if together is None:
        return None
    own = found["model"]
    return own if own in together["loss"] else together["best"]


def origin_of(found: Receipt, as_of: str = "") -> PastDate:
    """Return one origin by its date; the latest for none."""
    rows = {o["as_of"]: o for o in found["origins"]}
    return rows[as_of] if as_of else found["origins"][-1]


def leaderboard(found: Receipt, as_of: str = "") -> list[LeaderboardRow]:
    """Return one row a contender, smallest loss first.

    Parameters
    ----------
    found
        Of a run.
    as_of
        One origin's date; empty for the mean over all origins.

    Returns
    -------
    list of LeaderboardRow
        ``orders_*`` and ``revenue_*``: see `clv.core.metrics.amounts`, ``mape`` of the months' totals;
        ``difference``: loss less that of the best, with its 95 % interval, None for the best
        itself. Revenue is None without amounts. Empty without an origin.
    """
    if not found["origins"]:
        return []
    origins = [origin_of(found, as_of)] if as_of else found["origins"]
    compared = origins[0] if as_of else found["together"]
    apart = compared["apart"] if compared else {}
    names = [n for n in origins[0]["measures"] if all(n in o["measures"] for o in origins)]
    rows = [_row(name, origins, apart.get(name)) for name in names]
    return sorted(rows, key=lambda row: metrics.comparable(row["loss"]))


def boards(found: Receipt) -> list[Mapping[str, object]]:
    """Return the leaderboards of all origins one below the other, in ``as_of``; ``all``: the mean."""
    days = ["", *(o["as_of"] for o in found["origins"])]
    return [{"as_of": day or "all", **row} for day in days for row in leaderboard(found, day)]


def closest_total(found: Receipt) -> str | None:
    """Return whose total of orders was off by the least, as a mean over the origins."""
    names = found["together"]["loss"] if found["together"] else {}
    off = {
        name: _mean([o["measures"][name]["purchases"]["bias"] for o in found["origins"]], abs)
        for name in names
    }
    known = {name: value for name, value in off.items() if value is not None}
    return min(known, key=lambda name: metrics.comparable(known[name])) if known else None


def _row(name: str, origins: Sequence[PastDate], apart: Edges | None) -> LeaderboardRow:
    measures = [origin["measures"][name] for origin in origins]
    orders, chances = [m["purchases"] for m in measures], [m["chance"] for m in measures]
    values = [m["value"] for m in measures]
    errors = [origin["mape"][name] for origin in origins]
    difference, low, high = apart or (None, None, None)
    return {
        "contender": name,
        "loss": fmean(m["loss"] for m in measures),
        "orders_bias": _mean([m["bias"] for m in orders]),
        "orders_mape": _mean([e["purchases"] for e in errors]),
        "orders_mae": fmean(m["mae"] for m in orders),
        "orders_gini": _mean([m["gini"] for m in orders]),
        "orders_top10": _mean([m["top10"] for m in orders]),
        "auc": _mean([m["auc"] for m in chances]),
        "brier": fmean(m["brier"] for m in chances),
        "revenue_bias": _mean([v["bias"] if v else None for v in values]),
        "revenue_mape": _mean(
            [e["value"] if v else None for e, v in zip(errors, values, strict=True)]
        ),
        "revenue_mae": _mean([v["mae"] if v else None for v in values]),
        "difference": difference,
        "difference_low": low,
        "difference_high": high,
    }


def _mean(values: Sequence[float | None], size: Callable[[float], float] = float) -> float | None:
    known = [size(v) for v in values if v is not None]
    return fmean(known) if len(known) == len(values) else None


def failures(found: Receipt) -> dict[str, list[str]]:
    """Return the contenders that could not be fitted: name → dates."""
    result: dict[str, list[str]] = {}
    for origin in found["origins"]:
        for name in origin["failed"]:
            result.setdefault(name, []).append(origin["as_of"])
    return result
