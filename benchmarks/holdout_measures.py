"""How good a forecast was, customer by customer, and whether it was better than another beyond chance."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from clv.core import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from clv.core.types import Floats

#: Resamples of the customers that an interval is made of.
DRAWS: Final = 200
_LEVEL: Final = 0.95
_BEST: Final = 0.10


class Measure(NamedTuple):
    """A figure of a forecast.

    Attributes
    ----------
    title
        At the head of a column.
    form
        How it is written.
    sign
        1 where less is better, -1 where more is; 0 where it is only told.
    """

    title: str
    form: str
    sign: int


#: In the order of a table's columns.
MEASURES: Final = {
    "mae": Measure("orders MAE", "{:.3f}", 1),
    "rmse": Measure("RMSE", "{:.3f}", 1),
    "bias": Measure("total off", "{:+.1%}", 1),
    "gini": Measure("Gini", "{:.3f}", -1),
    "poisson": Measure("Poisson", "{:.4f}", 1),
    "value_mae": Measure("value MAE", "{:,.2f}", 1),
    "value_rmse": Measure("RMSE", "{:,.1f}", 1),
    "value_bias": Measure("total off", "{:+.1%}", 1),
    "value_gini": Measure("Gini", "{:.3f}", -1),
    "tweedie": Measure("Tweedie", "{:.3f}", 1),
    "top10": Measure("top 10 % bring", "{:.1%}", -1),
    "auc": Measure("chance AUC", "{:.3f}", -1),
    "brier": Measure("Brier", "{:.4f}", 1),
    "ece": Measure("ECE", "{:.3f}", 1),
    "within": Measure("in range", "{:.1%}", 0),
    "seconds": Measure("seconds", "{:.1f}", 0),
}
CHANCE: Final = ("auc", "brier", "ece")
_BIASES: Final = ("bias", "value_bias")


class Came(NamedTuple):
    """What each customer did within the horizon; shape (n,) each. ``value`` is None without amounts."""

    purchases: Floats
    value: Floats | None


class Said(NamedTuple):
    """What was expected of each customer; None where a forecast says nothing of it.

    Attributes
    ----------
    purchases, value, chance
        Shape (n,).
    low, high
        Shape (n,): each customer's range of value.
    total
        The ends of the range of all value together.
    seconds
        How long it took.
    note
        What else is to be said of it.
    """

    purchases: Floats | None = None
    value: Floats | None = None
    chance: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None
    total: tuple[float, float] | None = None
    seconds: float | None = None
    note: str = ""


def figures(came: Came, said: Said) -> dict[str, float]:
    """Return the `MEASURES` of a forecast, as far as they are defined."""
    found: dict[str, float | None] = {"seconds": said.seconds}
    if said.purchases is not None:
        found |= _amounts(came.purchases, said.purchases)
        found["poisson"] = float(metrics.poisson_deviance(came.purchases, said.purchases).mean())
    if said.value is not None and came.value is not None:
        value = _amounts(came.value, said.value)
        found |= {f"value_{name}": number for name, number in value.items()}
        found["tweedie"] = float(metrics.tweedie_deviance(came.value, said.value).mean())
        found["top10"] = metrics.capture(came.value, said.value, _BEST)
    if said.chance is not None:
        found |= _chances((came.purchases > 0).astype(float), said.chance)
    if said.low is not None and said.high is not None and came.value is not None:
        held = (said.low <= came.value) & (came.value <= said.high)
        found["within"] = float(held.mean())
    return {name: number for name, number in found.items() if number is not None}


def _amounts(came: Floats, said: Floats) -> dict[str, float | None]:
    total = float(came.sum())
    return {
        "mae": float(np.abs(came - said).mean()),
        "rmse": float(np.sqrt(np.square(came - said).mean())),
        "bias": float(said.sum()) / total - 1 if total > 0 else None,
        "gini": metrics.gini(came, said),
    }


def _chances(bought: Floats, chance: Floats) -> dict[str, float | None]:
    """Return what `metrics.chances` does, quickly enough for hundreds of resamples."""
    ranking = metrics.gini(bought, chance)  # Of outcomes 0 and 1 it is 2 AUC - 1.
    off = np.bincount(metrics.quantile_bins(chance), bought - chance)
    return {
        "auc": None if ranking is None else (1 + ranking) / 2,
        "brier": float(np.square(bought - chance).mean()),
        "ece": float(np.abs(off).sum()) / bought.size,
    }


def held(came: Came, said: Said) -> bool | None:
    """Return whether the total of all value came within its range; None where there is no range."""
    if said.total is None or came.value is None:
        return None
    low, high = said.total
    return bool(low <= came.value.sum() <= high)


def resampled(came: Came, said: Said, draws: int = DRAWS) -> dict[str, Floats]:
    """Return `penalties` under resamples of the customers, the same ones for every forecast.

    Returns
    -------
    dict
        Measure → shape (draws,); NaN where a resample leaves it undefined.
    """
    names = list(penalties(figures(came, said)))
    everybody = np.arange(came.purchases.size)

    def of(weights: Floats) -> Floats:
        rows = np.repeat(everybody, weights.astype(int))
        drawn = penalties(figures(Came(*_rows(came, rows)), Said(*_rows(said, rows))))
        return np.array([drawn.get(name, np.nan) for name in names])

    found = metrics.bootstrap(of, everybody.size, draws)
    return dict(zip(names, found.T, strict=True))


def penalties(found: dict[str, float]) -> dict[str, float]:
    """Turn figures round so that less is better; a bias counts whichever way it goes."""
    return {
        name: abs(number) if name in _BIASES else MEASURES[name].sign * number
        for name, number in found.items()
        if MEASURES[name].sign
    }


def verdict(
    ours: dict[str, Floats], theirs: dict[str, Floats], base: dict[str, float]
) -> dict[str, int]:
    """Say of each measure whether ours is better (1) or worse (-1) than theirs beyond chance, or 0.

    Beyond chance is a paired 95 % interval of the difference that leaves 0 out, where the difference
    is at least a thousandth of theirs (`metrics.MATTERS`): fits that coincide differ in the last digits.

    Parameters
    ----------
    ours, theirs
        Of `resampled`.
    base
        Of `figures`: theirs.
    """
    found: dict[str, int] = {}
    for name in ours.keys() & theirs.keys():
        apart = ours[name] - theirs[name]
        least = metrics.MATTERS * abs(base[name])
        with warnings.catch_warnings():  # undefined in every resample
            warnings.simplefilter("ignore", RuntimeWarning)
            low, high = np.nanquantile(apart, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
            matters = abs(np.nanmean(apart)) >= least
        found[name] = int(matters) * (int(high < 0) - int(low > 0))
    return {name: found[name] for name in MEASURES if name in found}


def _rows(table: Came | Said, rows: NDArray[np.intp]) -> Iterator[Any]:
    """Take some customers of a table; what is not one figure per customer stays as it is."""
    return (column[rows] if isinstance(column, np.ndarray) else column for column in table)
