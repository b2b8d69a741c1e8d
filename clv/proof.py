"""The accuracy receipt of a run: models and rules of thumb, tested on the run's own past.

Every contender forecasts from days in the past (`clv.origins.plan`) and is measured on what the same
customers did next (`clv.backtest`). The receipt is plain JSON, made once a run and kept beside its
exports.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from clv import backtest, metrics
from clv.models.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.contenders import Probabilistic
from clv.models.gamma_gamma_core import GammaGammaAll, GammaGammaCore
from clv.models.heuristics import HEURISTICS
from clv.models.pareto_nbd import ParetoNBD
from clv.origins import FEWEST_CUSTOMERS, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb

    from clv.models.contenders import Contender
    from clv.origins import Plan
    from clv.runs import Run

    Progress = Callable[[str, int, int], None]
    Receipt = Mapping[str, Any]

#: MBG/NBD with the spend model that counts the first purchase as well: its purchases are those of
#: MBG/NBD, so that it competes for the revenue only.
ALL_ORDERS: Final = "mbg-nbd + all orders"
#: A difference in loss below this share of the best loss is none, however sure it is: models whose
#: fits coincide still differ in the last digits.
_MATTERS: Final = 0.001
RULES: Final = tuple(rule.name for rule in HEURISTICS)
#: Of the receipt's form: one of another form is made anew.
_VERSION: Final = 1
_NAME: Final = f"backtest-{_VERSION}"

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


def contenders(*, value: bool) -> list[Contender]:
    """Return everything that is compared, not fitted yet; without amounts, no spend models."""
    models = (MBGNBDCore, BGNBDCore, ParetoNBD)
    found: list[Contender] = [
        Probabilistic(model(), GammaGammaCore() if value else None) for model in models
    ]
    if value:
        twin = Probabilistic(MBGNBDCore(), GammaGammaAll())
        twin.name = ALL_ORDERS
        found.append(twin)
    return [*found, *(rule() for rule in HEURISTICS)]


def stored(run: Run) -> dict[str, Any] | None:
    """Return the run's receipt if it has been made."""
    return run.derived(_NAME)


def receipt(run: Run, progress: Progress) -> dict[str, Any]:
    """Return the run's accuracy receipt, testing all contenders on first use.

    Parameters
    ----------
    run
        A finished run.
    progress
        Told the stage, and how many fits of all are done.

    Returns
    -------
    dict
        What `clv.backtest.run` returns, each origin with ``mape`` (contender → ``purchases, value``,
        the mean absolute percentage error of the months' totals; None where a month had none), and:
        ``as_of``, ``forecast_months`` (the forecast's own horizon), ``model`` (its purchase model),
        ``has_value``, ``currency``, ``runner_up``, and ``noise``: whether the difference between
        the best and the runner-up is no more than chance, see `differs`.
    """
    made = run.derived(_NAME, lambda: _tested(run, progress))
    assert made is not None  # noqa: S101 - made, if it was not there
    return made


def _tested(run: Run, progress: Progress) -> dict[str, Any]:
    value = run.has_value
    settings = run.settings
    result: dict[str, Any] = {
        "as_of": str(settings["as_of"])[:10],
        "forecast_months": int(settings["horizon_months"]),
        "model": (run.model.get("purchases") or {}).get("name"),
        "has_value": value,
        "currency": str(settings.get("currency") or ""),
    }
    progress("Choosing past dates", 0, 0)
    with run.connect() as con:
        first, last = con.execute(
            "SELECT min(ordered_at)::DATE, $1::DATE FROM orders", [result["as_of"]]
        ).fetchall()[0]
        chosen = _supported(con, plan(first, last, int(settings["horizon_months"])))
        fits = _Fits(progress, value=value)
        result |= backtest.run(con, chosen, first, fits, fits.report)
    for origin in result["origins"]:
        origin["mape"] = {name: _mape(origin["months"], name) for name in origin["measures"]}
    return result | _runner_up(result["together"])


class _Fits:
    """The contenders of every origin, told to the progress one by one."""

    def __init__(self, progress: Progress, *, value: bool) -> None:
        self._progress = progress
        self._value = value
        self._at = ("", 0, 1)

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note of the origin."""
        self._at = (stage, done, total)

    def __call__(self) -> Iterator[Contender]:
        """Yield the contenders for one origin."""
        stage, done, total = self._at
        everybody = contenders(value=self._value)
        for i, one in enumerate(everybody):
            self._progress(f"{stage}, fit", done * len(everybody) + i, total * len(everybody))
            yield one


def _supported(con: duckdb.DuckDBPyConnection, chosen: Plan) -> Plan:
    """Leave out origins at which too few customers were known, and say so."""
    known = {
        origin: int(
            con.execute(
                "SELECT count(DISTINCT customer_id) FROM orders WHERE ordered_at::DATE <= $1",
                [origin.as_of],
            ).fetchall()[0][0]
        )
        for origin in chosen.origins
    }
    kept = tuple(origin for origin in chosen.origins if known[origin] >= FEWEST_CUSTOMERS)
    if len(kept) == len(chosen.origins):
        return chosen
    most = max(known.values())
    reason = (
        f"At most {most} customer{'s were' if most != 1 else ' was'} known on any past date; a test "
        f"needs at least {FEWEST_CUSTOMERS}."
        if not kept
        else f"Earlier dates are left out: fewer than {FEWEST_CUSTOMERS} customers were known then."
    )
    if kept and chosen.reason:
        reason = f"{chosen.reason} {reason}"
    return replace(chosen, origins=kept, reason=reason)


def _mape(months: Sequence[Mapping[str, Any]], name: str) -> dict[str, float | None]:
    return {
        kind: metrics.mape([m[kind]["actual"] for m in months], [m[kind][name] for m in months])
        for kind in ("purchases", "value")
    }


def _runner_up(together: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the best contender's closest rival, and whether chance could explain the distance."""
    rivals = {} if together is None else _rivals(together["apart"])
    if not rivals:
        return {"runner_up": None, "noise": None}
    second = min(rivals, key=lambda name: rivals[name][0])
    best = together["loss"][together["best"]] if together else 0.0
    return {"runner_up": second, "noise": not differs(rivals[second], best)}


def differs(edges: Sequence[float], loss: float) -> bool:
    """Return whether (difference, low, high) is more than chance and more than nothing.

    Its interval leaves 0 out, and it is at least a thousandth of the best ``loss``.
    """
    difference, low, _ = edges
    return low > 0 and difference >= _MATTERS * loss


def _rivals(apart: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """Return whose purchases can be compared; `ALL_ORDERS` expects those of another."""
    return {name: edges for name, edges in apart.items() if name != ALL_ORDERS}


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
        ``orders_*`` and ``revenue_*``: see `clv.metrics.amounts`, ``mape`` of the months' totals;
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
    return sorted(rows, key=lambda row: float(row["loss"]))


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
    return min(known, key=lambda name: known[name]) if known else None


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
