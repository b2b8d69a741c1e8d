"""How good a forecast was: measures over customers, from scikit-learn where it has them.

All functions take arrays of shape (n,), one entry per customer. Ties in a forecast (all one-time
buyers of one day look alike) are never broken by the order of the rows: what depends on a ranking is
its average over all ways to break them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from clv.core.schema import Amounts, Chances, Decile, ReliabilityBin
    from clv.core.types import Floats


#: Quantile bins of tables and of the calibration error.
BINS: Final = 10
#: A difference in loss below this share of the smaller loss is none, however sure it is: models
#: whose fits coincide still differ in the last digits.
MATTERS: Final = 0.001
#: A forecast below this share of the mean outcome is read as this share.
FLOOR: Final = 0.01
#: With fewer customers no figure is given.
FEW: Final = 30
_SEED: Final = 20_171_017
#: Customers whose bootstrap weightings are drawn, and kept, together.
_BLOCK: Final = 4096


def _arrays(actual: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    first, second = (np.asarray(v, dtype=float).ravel() for v in (actual, predicted))
    if first.size != second.size:
        msg = f"{first.size} outcomes, but {second.size} forecasts."
        raise ValueError(msg)
    if first.size == 0:
        msg = "There is no customer to measure a forecast on."
        raise ValueError(msg)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        msg = "Outcomes and forecasts must be finite."
        raise ValueError(msg)
    return first, second


def amounts(actual: ArrayLike, predicted: ArrayLike) -> Amounts:
    """Measure a forecast of purchases or of value.

    Parameters
    ----------
    actual, predicted
        Shape (n,): what each customer did within the horizon, and what was expected.

    Returns
    -------
    dict
        ``mae``, ``rmse`` in the unit of the arrays; ``bias`` of the total, 0.10 for 10 % too much;
        ``gini`` normalised, 1 for the perfect ranking; ``spearman`` rank correlation;
        ``top10, top20`` share of the actual total that the best 10, 20 % by forecast brought.
        None where it is not defined: nothing was bought, or all forecasts are the same.
    """
    from sklearn.metrics import (  # noqa: PLC0415 - a second to import
        mean_absolute_error,
        root_mean_squared_error,
    )

    y, f = _arrays(actual, predicted)
    total = float(y.sum())
    return {
        "mae": float(mean_absolute_error(y, f)),
        "rmse": float(root_mean_squared_error(y, f)),
        "bias": float(f.sum()) / total - 1 if total > 0 else None,
        "gini": gini(y, f),
        "spearman": spearman(y, f),
        "top10": capture(y, f, 0.10),
        "top20": capture(y, f, 0.20),
    }


def concentration(actual: ArrayLike, by: ArrayLike) -> tuple[Floats, Floats]:
    """Return the curve of the actual total over customers sorted by ``by``, highest first.

    Returns
    -------
    (customers, total)
        Shares from 0 to 1, one point after every group of ties.
    """
    y, f = _arrays(actual, by)
    order = np.argsort(-f, kind="stable")
    ends = np.flatnonzero(np.diff(f[order], append=np.nan) != 0) + 1
    total = float(y.sum())
    reached = np.cumsum(y[order])[ends - 1] / (total or 1.0)
    return np.concatenate(([0.0], ends / y.size)), np.concatenate(([0.0], reached))


def gini(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the normalised Gini: the ranking's Gini over that of the perfect ranking."""
    y, f = _arrays(actual, predicted)
    if not y.sum() > 0 or np.ptp(y) == 0:
        return None
    ranked, perfect = (
        np.trapezoid(t, c) - 0.5 for c, t in (concentration(y, f), concentration(y, y))
    )
    return float(ranked / perfect)


def capture(actual: ArrayLike, predicted: ArrayLike, share: float) -> float | None:
    """Return the share of the actual total brought by the best ``share`` of customers.

    Of so many whole customers: 235 are the best 10 % of 2,357; at least one.
    """
    y, f = _arrays(actual, predicted)
    if not y.sum() > 0:
        return None
    customers = max(int(share * y.size + 1e-9), 1)
    return float(np.interp(customers / y.size, *concentration(y, f)))


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the rank correlation, ties sharing their mean rank."""
    from scipy.stats import rankdata  # noqa: PLC0415

    y, f = _arrays(actual, predicted)
    if np.ptp(y) == 0 or np.ptp(f) == 0:
        return None
    return float(np.corrcoef(rankdata(y), rankdata(f))[0, 1])


def quantile_bins(values: ArrayLike, bins: int = BINS) -> NDArray[np.intp]:
    """Return each value's bin, 0 (lowest) to at most bins − 1; equal values share a bin."""
    f = np.asarray(values, dtype=float).ravel()
    # The first place of each value in the ranking decides for all of its ties.
    place = np.searchsorted(np.sort(f), f, side="left") * bins // max(f.size, 1)
    return np.unique(place, return_inverse=True)[1]


def deciles(actual: ArrayLike, predicted: ArrayLike, bins: int = BINS) -> list[Decile]:
    """Return mean forecast and outcome by quantile of the forecast, best first.

    Returns
    -------
    list of dict
        ``bin`` (1 = best), ``customers``, ``predicted``, ``actual`` (means), ``mae``.
    """
    y, f = _arrays(actual, predicted)
    place = quantile_bins(f, bins)
    rows: list[Decile] = []
    for rank, b in enumerate(range(int(place.max()), -1, -1), start=1):
        inside = place == b
        rows.append(
            {
                "bin": rank,
                "customers": int(inside.sum()),
                "predicted": float(f[inside].mean()),
                "actual": float(y[inside].mean()),
                "mae": float(np.abs(y - f)[inside].mean()),
            }
        )
    return rows


def chances(bought: ArrayLike, probability: ArrayLike) -> Chances:
    """Measure a forecast of whether each customer buys within the horizon.

    Parameters
    ----------
    bought
        Shape (n,): True or 1 where the customer bought.
    probability
        Shape (n,): as forecast.

    Returns
    -------
    dict
        ``brier``, ``log_loss``, ``auc``, ``ece`` (expected calibration error: mean distance of the
        mean forecast from the observed share over quantile bins, weighted by customers), and the
        Brier score's parts over the same bins (Murphy 1973): ``reliability``, ``resolution``,
        ``uncertainty``. ``auc`` is None where all customers did the same.
    """
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score  # noqa: PLC0415

    y, p = _arrays(bought, probability)
    if p.min() < 0 or p.max() > 1:
        msg = "Probabilities must lie between 0 and 1."
        raise ValueError(msg)
    bins = reliability(y, p)
    size = np.array([b["customers"] for b in bins]) / y.size
    seen, said = (np.array([b[k] for b in bins]) for k in ("actual", "predicted"))
    rate = float(y.mean())
    return {
        "brier": float(brier_score_loss(y, p, pos_label=1)),
        "log_loss": float(log_loss(y, p, labels=[0, 1])),
        "auc": float(roc_auc_score(y, p)) if 0 < rate < 1 else None,
        "ece": float(size @ np.abs(seen - said)),
        "reliability": float(size @ (seen - said) ** 2),
        "resolution": float(size @ (seen - rate) ** 2),
        "uncertainty": rate * (1 - rate),
    }


def reliability(
    bought: ArrayLike, probability: ArrayLike, bins: int = BINS
) -> list[ReliabilityBin]:
    """Return forecast and observed share of buyers by quantile bin of the forecast, lowest first.

    Returns
    -------
    list of dict
        ``customers``, ``predicted`` and ``actual`` shares, ``low, high`` 95 % Wilson interval of
        the observed share.
    """
    y, p = _arrays(bought, probability)
    place = quantile_bins(p, bins)
    rows: list[ReliabilityBin] = []
    for b in range(int(place.max()) + 1):
        inside = place == b
        low, high = wilson(int(y[inside].sum()), int(inside.sum()))
        rows.append(
            {
                "customers": int(inside.sum()),
                "predicted": float(p[inside].mean()),
                "actual": float(y[inside].mean()),
                "low": low,
                "high": high,
            }
        )
    return rows


def wilson(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927)."""
    if trials <= 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    scale = 1 + z * z / trials
    return max(float((centre - half) / scale), 0.0), min(float((centre + half) / scale), 1.0)


def poisson_deviance(actual: ArrayLike, predicted: ArrayLike) -> Floats:
    """Return each entry's unit Poisson deviance, ``2 (y log(y / f) - y + f)``; shape as given.

    A forecast below a hundredth of the mean outcome is read as that: a loss must stay finite where
    somebody buys who was said never to.
    """
    y, f = (np.asarray(v, dtype=float) for v in (actual, predicted))
    f = np.maximum(f, FLOOR * max(float(y.mean()), 1e-12))
    deviance: Floats = 2 * (y * np.log(np.where(y > 0, y / f, 1.0)) - y + f)
    return deviance


def tweedie_deviance(actual: ArrayLike, predicted: ArrayLike) -> Floats:
    """Return each entry's unit Tweedie deviance of power 1.5, ``4 (sqrt(y) - sqrt(f))^2 / sqrt(f)``.

    That of a sum of a Poisson number of gamma amounts (Jorgensen 1987): smallest in expectation for
    the true mean. An outcome below 0 counts as 0, a forecast below a hundredth of the mean as that.
    """
    y = np.maximum(np.asarray(actual, dtype=float), 0.0)
    f = np.maximum(np.asarray(predicted, dtype=float), FLOOR * max(float(y.mean()), 1e-12))
    deviance: Floats = 4 * (np.sqrt(y) - np.sqrt(f)) ** 2 / np.sqrt(f)
    return deviance


def mape(actual: ArrayLike, predicted: ArrayLike) -> float | None:
    """Return the mean absolute percentage error of totals (by month, say); None at a zero total."""
    y, f = _arrays(actual, predicted)
    return float(np.mean(np.abs(f / y - 1))) if (y > 0).all() else None


def paired_difference(
    losses: Mapping[str, Floats], base: str, draws: int = 1000, level: float = 0.95
) -> dict[str, tuple[float, float, float]]:
    """Compare mean losses with a base model's over the same customers.

    Parameters
    ----------
    losses
        Model → each customer's loss (absolute error, squared error, Brier…), shape (n,).
    base
        The model that the others are compared with.

    Returns
    -------
    dict
        Model → (difference of means, low, high): positive where the model is worse than the base.
        The interval is a bootstrap over customers, both models judged on the same draws.
    """
    names = [name for name in losses if name != base]
    if not names:
        return {}
    apart = np.stack([losses[name] - losses[base] for name in names], axis=1)
    # One column more counts the customers drawn.
    columns = np.column_stack((apart, np.ones(len(apart))))
    sums = np.zeros((draws, columns.shape[1]))
    for block, rows in _blocks(len(columns)):
        sums += _drawn(block, draws)[:, : rows.stop - rows.start].astype(float) @ columns[rows]
    means = sums[:, :-1] / np.maximum(sums[:, -1:], 1.0)
    edges = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return {
        name: (float(apart[:, i].mean()), float(edges[0, i]), float(edges[1, i]))
        for i, name in enumerate(names)
    }


def differs(edges: Sequence[float], loss: float) -> bool:
    """Return whether (difference, low, high) is more than chance and more than nothing.

    Its interval leaves 0 out, and it is at least a thousandth of the ``loss``.
    """
    difference, low, _ = edges
    return low > 0 and difference >= MATTERS * loss


def comparable(loss: float) -> float:
    """Return a loss to nine digits, to order models by: the first of those that say the same leads.

    Fits that coincide, as those of Erlang-1 and Poisson, differ later than that, and not the same
    way on every processor.
    """
    return float(f"{loss:.9g}")


def bootstrap(statistic: Callable[[Floats], Floats | float], customers: int, draws: int) -> Floats:
    """Return a statistic under ``draws`` Poisson bootstrap weightings of the customers.

    Each customer counts Poisson(1) times: for many customers the same as drawing with replacement
    (Hanley & MacGibbon 2006), and no index is ever built. The same weightings every time.
    """
    parts = [_drawn(b, draws)[:, : rows.stop - rows.start] for b, rows in _blocks(customers)]
    weightings = (np.concatenate([part[i] for part in parts]).astype(float) for i in range(draws))
    return np.array([statistic(weights) for weights in weightings])


def _blocks(customers: int) -> list[tuple[int, slice]]:
    """Return the numbers of the blocks of customers, and where these lie."""
    starts = range(0, customers, _BLOCK)
    return [(b, slice(at, min(at + _BLOCK, customers))) for b, at in enumerate(starts)]


@lru_cache(maxsize=8)
def _drawn(block: int, draws: int) -> NDArray[np.uint8]:
    """Return how often each customer of a block is drawn, shape (draws, ``_BLOCK``)."""
    rng = np.random.default_rng([_SEED, block])
    return rng.poisson(1.0, (draws, _BLOCK)).astype(np.uint8)
