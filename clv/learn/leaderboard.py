"""Who forecast the held-out customers best: measures, differences, and the rule that chooses.

The rule: `TwoPart` is the standard (where it was not trained, the smallest loss is), and stays unless
another learned model forecast the remaining value better on the deciding date by more than chance; then
the one with the smallest loss takes its place. The loss is the mean Tweedie deviance per customer
(`clv.core.metrics.tweedie_deviance`), *by more than chance* that of `clv.core.metrics.differs`, here with an
interval of 99 %: of several models one is easily the best by chance, and few customers bring most of the
loss. Where fewer than `clv.core.metrics.FEW` customers brought anything, nobody is better. Rules of thumb
and probabilistic models are never chosen, but it is said where one is as good, or better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import metrics, names
from clv.core.metrics import FEW
from clv.learn.boosted import TwoPart

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from clv.core.schema import BoardRow, Leaderboard, PartMeasures
    from clv.core.types import Floats
    from clv.learn.examples import Examples


STANDARD: Final = TwoPart.name
#: Of the interval that a model must keep to take the standard's place.
_SURE: Final = 0.99
#: Points of a gain curve that are kept.
_POINTS: Final = 101


def losses(test: Examples, said: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return each customer's loss by forecast of the remaining value, shape (n,) each."""
    return {name: metrics.tweedie_deviance(test.remaining, one) for name, one in said.items()}


def board(test: Examples, said: Mapping[str, Floats], learned: Collection[str]) -> Leaderboard:
    """Measure forecasts of the same customers.

    Parameters
    ----------
    said
        Name → expected remaining value, shape (n,).
    learned
        Names of those that learned from features.

    Returns
    -------
    dict
        ``rows``, the smallest loss first: ``name, title, learned, loss``, and for the
        ``whole`` and the ``remaining`` value: `metrics.amounts`, ``deciles`` (`metrics.deciles`) and
        ``gain`` (`gain`). ``best``; ``apart``: everybody's loss less the best one's, with its 95 %
        interval; ``perfect``: the gain curves of whoever knew the outcome; ``customers``, ``total``
        and ``remaining`` revenue; ``returned``: customers who brought anything of the remaining.
    """
    lost = losses(test, said)
    mean = {name: float(values.mean()) for name, values in lost.items()}
    best = min(mean, key=lambda name: mean[name])
    rows: list[BoardRow] = [
        {
            "name": name,
            "title": names.title(name),
            "learned": name in learned,
            "loss": mean[name],
            "whole": _measured(test.whole, test.observed + said[name]),
            "remaining": _measured(test.remaining, said[name]),
        }
        for name in sorted(mean, key=lambda n: mean[n])
    ]
    apart = metrics.paired_difference(lost, best)
    return {
        "rows": rows,
        "best": best,
        "apart": {name: list(edges) for name, edges in apart.items()},
        "perfect": {
            "whole": gain(test.whole, test.whole),
            "remaining": gain(test.remaining, test.remaining),
        },
        "customers": len(test),
        "total": float(test.whole.sum()),
        "remaining": float(test.remaining.sum()),
        "returned": _returned(test),
    }


def _measured(actual: Floats, forecast: Floats) -> PartMeasures:
    return {
        **metrics.amounts(actual, forecast),
        "deciles": metrics.deciles(actual, forecast),
        "gain": gain(actual, forecast),
    }


def gain(actual: Floats, by: Floats) -> list[float]:
    """Return the share of the total that the best 0, 1, … 100 % of customers brought."""
    at = np.linspace(0, 1, _POINTS)
    return [float(v) for v in np.interp(at, *metrics.concentration(actual, by))]


def choose(
    test: Examples, said: Mapping[str, Floats], learned: Collection[str]
) -> tuple[str, str | None]:
    """Choose by the rule above; return the chosen one and the runner-up, if there is one.

    Parameters
    ----------
    test, said
        Of the date that decides.
    """
    lost = {name: one for name, one in losses(test, said).items() if name in learned}
    mean = {name: float(one.mean()) for name, one in lost.items()}
    ranked = sorted(mean, key=lambda name: mean[name])
    holder = STANDARD if STANDARD in mean else ranked[0]
    apart = metrics.paired_difference(lost, holder, level=_SURE)
    better = [
        name
        for name in ranked
        if name != holder and _enough(test) and metrics.differs(_turned(apart[name]), mean[holder])
    ]
    chosen = better[0] if better else holder
    others = [name for name in ranked if name != chosen]
    return chosen, others[0] if others else None


def as_good(
    test: Examples, said: Mapping[str, Floats], learned: Collection[str], chosen: str
) -> tuple[str, bool] | None:
    """Return the best forecast that needs no features, and whether it is better than the chosen one.

    None where it is worse, or there is none; better and worse by more than chance.
    """
    lost = losses(test, said)
    simple = [name for name in lost if name not in learned]
    if not simple:
        return None
    best = min(simple, key=lambda name: float(lost[name].mean()))
    edges = metrics.paired_difference({name: lost[name] for name in (chosen, best)}, chosen)[best]
    if metrics.differs(edges, float(lost[chosen].mean())):
        return None
    return best, _enough(test) and metrics.differs(_turned(edges), float(lost[best].mean()))


def reason(chosen: str, *, better: bool, earlier: bool, simple: tuple[str, bool] | None) -> str:
    """Say in plain sentences why the model is what it is: ``better`` than the standard, or not.

    Parameters
    ----------
    simple
        From `as_good`.
    """
    when = "On earlier customers" if earlier else "On the customers held out"
    who = names.title(chosen)
    told = [f"{when} no other model forecast better than {who} by more than chance."]
    if better:
        told = [f"{when} {who} forecast better than {names.title(STANDARD)}, by more than chance."]
    if not earlier:
        told.append(
            "The history is too short for other customers to decide, so its figures flatter."
        )
    if simple is not None:
        name, outdone = simple
        good = "was better on the customers held out" if outdone else "is as good here"
        told.append(f"{names.rule(name)} {good}.")
    return " ".join(told)


def _returned(test: Examples) -> int:
    return int((test.remaining > 0).sum())


def _enough(test: Examples) -> bool:
    """Tell whether so many brought anything that forecasts can be told apart."""
    return _returned(test) >= FEW


def _turned(edges: tuple[float, float, float]) -> tuple[float, float, float]:
    difference, low, high = edges
    return -difference, -high, -low
