"""The models of several runs, one beside the other: parameters with intervals, and what they mean."""

from __future__ import annotations

from math import exp, isfinite
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from clv.insights.monitor.base import Check
from clv.models.card import from_card
from clv.models.histories import Histories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import (
        CheckDetails,
        ModelCard,
        MovedParameter,
        ParameterEstimate,
        RunInHistory,
        RunSettings,
        Verdict,
    )
    from clv.runs import Run

#: Relative change of what a new customer is expected to do from which on it is worth a look.
MOVED: Final = 0.15
_YEAR: Final = 365
_Z: Final = 1.959963984540054


def describe(run: Run, *, published: bool) -> RunInHistory:
    """Return a run's place in the history.

    ``parameters``: rows ``model, parameter, value, low, high``, the ends those of a 95 % interval (of
    the logarithm, since a parameter can't be negative), None where there is no standard error.
    ``orders``: days with an order that a new customer is expected to have in the first year after the
    first one; ``order_value`` of somebody of whom nothing is known. None without such a model.
    ``why``: the model was ``asked`` for by name, or ``tested`` on the past, or is the one without either
    (``standard``).
    """
    card = run.model
    rows = [
        _estimate(part["name"], name, value, part["standard_errors"].get(name))
        for part in (card["purchases"], card["spend"])
        if part and "parameters" in part
        for name, value in part["parameters"].items()
        if value is not None
    ]
    return {
        "run": run.id,
        "as_of": run.as_of.isoformat(),
        "created_at": str(run.settings["created_at"]),
        "published": published,
        "model": name_of(run) if card.get("purchases") or card.get("ready_made") else None,
        "why": _why(run.settings),
        "customers": run.summary["customers"],
        "predicted_purchases": run.summary["predicted_purchases"],
        "predicted_clv": run.summary["predicted_clv"],
        "horizon_months": int(run.settings["horizon_months"]),
        "parameters": rows,
        "orders": _new_customer(card),
        "order_value": _order_value(card),
    }


def name_of(run: Run) -> str:
    """Return the name of a run's forecast; a card of an earlier version does not have it."""
    fitted = run.model["purchases"]
    named = run.model.get("model") or run.settings.get("model")
    return named or (fitted["name"] if fitted else "")


def _why(settings: RunSettings) -> Literal["asked", "tested", "standard"]:
    if settings.get("model", "auto") != "auto":
        return "asked"
    return "tested" if settings.get("backtest") else "standard"


def _estimate(model: str, parameter: str, value: float, error: float | None) -> ParameterEstimate:
    low, high = None, None
    if error is not None and value > 0 and isfinite(error):
        factor = exp(min(_Z * error / value, 700.0))
        low, high = value / factor, value * factor
    return {
        "model": model,
        "parameter": parameter,
        "value": float(value),
        "low": low,
        "high": high,
    }


def _new_customer(card: ModelCard) -> float | None:
    if not card.get("purchases"):
        return None
    scores = from_card(card["purchases"]).score(Histories.new(), [_YEAR])
    found = float(scores.purchases[0, 0])
    return found if isfinite(found) else None


def _order_value(card: ModelCard) -> float | None:
    if not card.get("spend"):
        return None
    model = from_card(card["spend"])
    # The textbook model knows nothing of who never came back; the other counts the first order, and
    # is asked here of somebody whose first order was worth what orders are worth.
    found = float(model.order_value(np.zeros(1), np.zeros(1))[0])
    if model.name == "gamma-gamma-all":
        p, q, v = (model.card()["parameters"][k] for k in ("p", "q", "v"))
        found = p * v / (q - 1) if q > 1 else float("nan")
    return found if isfinite(found) else None


def drift(now: RunInHistory, before: RunInHistory) -> list[Check]:
    """Compare two runs' models, as `describe` tells of them."""
    checks = []
    if now["model"] != before["model"]:
        more: CheckDetails = {"before": before["model"], "now": now["model"], "why": now["why"]}
        checks.append(Check("choice", "look", None, None, more=more))
    for key, old, new in (
        ("orders", before["orders"], now["orders"]),
        ("order_value", before["order_value"], now["order_value"]),
    ):
        if old and new:
            verdict: Verdict = "look" if abs(new / old - 1) > MOVED else "ok"
            checks.append(Check(f"new_customer_{key}", verdict, old, new))
    return checks


def moved(now: RunInHistory, before: RunInHistory) -> list[MovedParameter]:
    """Return the parameters of two runs with the same models, and whether their intervals part.

    Rows ``model, parameter, before, before_low, before_high, now, now_low, now_high, apart``; ``apart``
    is None where one has no interval. Both runs know mostly the same orders, so that intervals that
    part mean more than they would of two samples.
    """
    old = {(r["model"], r["parameter"]): r for r in before["parameters"]}
    rows: list[MovedParameter] = []
    for new in now["parameters"]:
        one = old.get((new["model"], new["parameter"]))
        if one is None:
            continue
        rows.append(
            {
                "model": new["model"],
                "parameter": new["parameter"],
                "before": one["value"],
                "before_low": one["low"],
                "before_high": one["high"],
                "now": new["value"],
                "now_low": new["low"],
                "now_high": new["high"],
                "apart": _apart(one, new),
            }
        )
    return rows


def _apart(one: ParameterEstimate, other: ParameterEstimate) -> bool | None:
    """Return whether two intervals have nothing in common; None where one is not known."""
    if one["low"] is None or one["high"] is None or other["low"] is None or other["high"] is None:
        return None
    return other["low"] > one["high"] or other["high"] < one["low"]


def timeline(runs: Sequence[Run], published: Sequence[str]) -> list[RunInHistory]:
    """Return `describe` of every run, the earliest as-of date first."""
    return [describe(run, published=run.id in published) for run in reversed(runs)]
