"""The accuracy receipt of a run: models and rules of thumb, tested on the run's own past.

Every contender forecasts from days in the past (`clv.backtest.past_dates.plan`) and is measured on what the same
customers did next (`clv.backtest.moving_origin`). A run carries its receipt (`clv.backtest.evaluation` made it); one that was
made without gets it later, beside its exports.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from clv.core import metrics
from clv.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv.core.types import Progress
    from clv.runs import Run

    Receipt = Mapping[str, Any]

#: Columns of a leaderboard and what they hold; amounts in the file's currency.
COLUMNS: Final = (
    "contender",
    "loss",
    "orders_bias",
    "orders_mape",
    "orders_mae",
    "orders_gini",
    "orders_top10",
    "auc",
    "brier",
    "revenue_bias",
    "revenue_mape",
    "revenue_mae",
    "difference",
    "difference_low",
    "difference_high",
)


def stored(run: Run) -> dict[str, Any] | None:
    """Return the run's receipt, if it has one."""
    return run.backtest


def receipt(run: Run, progress: Progress) -> dict[str, Any]:
    """Return the run's accuracy receipt, testing all contenders if it was made without.

    Parameters
    ----------
    run
        A finished run.
    progress
        Told the stage, and how many fits of all are done.

    Returns
    -------
    dict
        What `clv.backtest.moving_origin.report` returns, each origin with ``mape`` (contender → ``purchases,
        value``, the mean absolute percentage error of the months' totals; None where a month had
        none), and: ``as_of``, ``forecast_months`` (the forecast's own horizon), ``model`` (the
        chosen forecast's name), ``has_value``, ``currency``, ``customers_known, customers_tested``;
        ``choice`` (``name, asked, runner_up, reason, tried, as_good, fallback``), ``unseen`` (the
        date that had no say in it), ``checked`` (`clv.backtest.choose_model.against_rules` on the last date),
        ``recency_days``; ``ranges`` (`clv.backtest.calibration.evaluate` of the choice); ``runner_up`` of
        the smallest loss over all dates, and ``noise``: whether the difference between the two is
        no more than chance.

    Raises
    ------
    InputError
        The run's model is ready-made.
    """
    if run.only_value:
        msg = "A ready-made model says nothing of orders, by which forecasts are tested."
        raise InputError(msg, "It is compared by revenue: clv.learn.ready_made.comparison.")
    if run.backtest is None:
        from clv.forecast import pipeline  # noqa: PLC0415 - reading a receipt fits nothing

        pipeline.prove(run, progress)
    assert run.backtest is not None  # noqa: S101 - made, if it was not there
    return run.backtest


def why(found: Receipt) -> str:
    """Say why the forecast is what it is, or why that could not be tested."""
    choice = found["choice"]
    if choice["fallback"]:
        return f"No test on past dates was possible. {found['reason']}"
    return str(choice["reason"])


def subject(found: Receipt) -> str | None:
    """Return which contender stands for the run's forecast: its own model, else the best one."""
    together = found["together"]
    if together is None:
        return None
    own = found["model"]
    return str(own if own in together["loss"] else together["best"])


def origin_of(found: Receipt, as_of: str = "") -> dict[str, Any]:
    """Return one origin by its date; the latest for none."""
    rows = {str(o["as_of"]): o for o in found["origins"]}
    return dict(rows[as_of] if as_of else found["origins"][-1])


def leaderboard(found: Receipt, as_of: str = "") -> list[dict[str, Any]]:
    """Return one row a contender with the keys `COLUMNS`, smallest loss first.

    Parameters
    ----------
    found
        A `receipt`.
    as_of
        One origin's date; empty for the mean over all origins.

    Returns
    -------
    list of dict
        ``orders_*`` and ``revenue_*``: see `clv.core.metrics.amounts`, ``mape`` of the months' totals;
        ``difference``: loss less that of the best, with its 95 % interval, None for the best
        itself. Revenue is None without amounts. Empty without an origin.
    """
    if not found["origins"]:
        return []
    origins = [origin_of(found, as_of)] if as_of else found["origins"]
    compared = origin_of(found, as_of) if as_of else found["together"]
    names = [n for n in origins[0]["measures"] if all(n in o["measures"] for o in origins)]
    rows = []
    for name in names:
        tests = [_figures(origin, name) for origin in origins]
        row: dict[str, Any] = {"contender": name}
        row |= {key: _mean([test[key] for test in tests]) for key in tests[0]}
        edges = compared["apart"].get(name, [None] * 3)
        row |= zip(("difference", "difference_low", "difference_high"), edges, strict=True)
        rows.append(row)
    return sorted(rows, key=lambda row: metrics.comparable(row["loss"]))


def boards(found: Receipt) -> list[dict[str, Any]]:
    """Return the leaderboards of all origins one below the other, in ``as_of``; ``all``: the mean."""
    days = ["", *(str(o["as_of"]) for o in found["origins"])]
    return [{"as_of": day or "all"} | row for day in days for row in leaderboard(found, day)]


def closest_total(found: Receipt) -> str | None:
    """Return whose total of orders was off by the least, as a mean over the origins."""
    names = (found["together"] or {"loss": {}})["loss"]
    off = {
        name: _mean([o["measures"][name]["purchases"]["bias"] for o in found["origins"]], abs)
        for name in names
    }
    known = {name: value for name, value in off.items() if value is not None}
    return min(known, key=lambda name: metrics.comparable(known[name])) if known else None


def _figures(origin: Mapping[str, Any], name: str) -> dict[str, float | None]:
    found, mape = origin["measures"][name], origin["mape"][name]
    orders, chance, value = found["purchases"], found["chance"], found["value"] or {}
    return {
        "loss": found["loss"],
        "orders_bias": orders["bias"],
        "orders_mape": mape["purchases"],
        "orders_mae": orders["mae"],
        "orders_gini": orders["gini"],
        "orders_top10": orders["top10"],
        "auc": chance["auc"],
        "brier": chance["brier"],
        "revenue_bias": value.get("bias"),
        "revenue_mape": mape["value"] if value else None,
        "revenue_mae": value.get("mae"),
    }


def _mean(values: Sequence[float | None], size: Callable[[float], float] = float) -> float | None:
    known = [size(v) for v in values if v is not None]
    return fmean(known) if len(known) == len(values) else None


def failures(found: Receipt) -> dict[str, list[str]]:
    """Return the contenders that could not be fitted: name → dates."""
    result: dict[str, list[str]] = {}
    for origin in found["origins"]:
        for name in origin["failed"]:
            result.setdefault(name, []).append(str(origin["as_of"]))
    return result
