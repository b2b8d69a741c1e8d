"""What the chosen model looks at: permutation importance, and how its forecast moves with a feature.

Both are measured on held-out customers. They say what the model uses, not what would happen if
somebody changed it. Features that say the same of every customer (a label and the first order's
attribute of that name, say) are one: they move together, under the name that comes first, or each
would look as if the model could do without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import Effect, EffectPoint, Importance
    from clv.core.types import Floats
    from clv.learn.examples import Examples
    from clv.learn.learners import Learner
    from clv.learn.work import Work


#: Held-out customers that are looked at, features that are shuffled (those used most), and shown.
MOST_ROWS: Final = 4000
MOST_FEATURES: Final = 25
SHOWN: Final = 6
_SHUFFLES: Final = 5
_BINS: Final = 10


def importance(model: Learner, test: Examples, work: Work) -> list[Importance]:
    """Measure how much worse the forecast gets when one feature is shuffled among customers.

    Parameters
    ----------
    test
        Held-out customers: a feature that was learned by heart does not help there.

    Returns
    -------
    list of dict
        Most important first: ``name``, ``increase`` of the mean loss (Tweedie deviance) of the
        remaining value, and ``share`` of the loss; ``low, high``: the smallest and largest of the
        shuffles' increases. Features that the model does not use are left out.
    """
    who = _dense(test.few(MOST_ROWS, work.seed))
    same = _together(who)
    gains: dict[str, float] = {}
    for name, gain in model.gains().items():
        first = same[name][0]
        gains[first] = gains.get(first, 0.0) + gain
    used = sorted(gains, key=lambda n: (-gains[n], n))[:MOST_FEATURES]
    base = _loss(model, who, who.remaining)
    rng = np.random.default_rng(work.seed)
    rows: list[Importance] = []
    for i, name in enumerate(used):
        work.say("Measuring what the model looks at", i, len(used))
        column = _column(who, name)
        worse = [
            _loss(model, _with(who, same[name], rng.permutation(column)), who.remaining) - base
            for _ in range(_SHUFFLES)
        ]
        mean = float(np.mean(worse))
        rows.append(
            {
                "name": name,
                "increase": mean,
                "share": mean / base,
                "low": float(min(worse)),
                "high": float(max(worse)),
            }
        )
    return sorted(rows, key=lambda row: (-row["increase"], row["name"]))


def effects(model: Learner, test: Examples, names: Sequence[str], work: Work) -> list[Effect]:
    """Show how the forecast moves with each of some features.

    Returns
    -------
    list of dict
        ``name``, ``kind`` and ``points``: ``value`` (number, level or month), ``expected`` remaining
        value in currency units, ``customers`` near it.

    Notes
    -----
    For numbers the accumulated local effect (Apley & Zhu 2020) between quantiles: the forecast's
    steps from one edge to the next, of the customers between the two, added up and centred on the
    mean forecast. Unlike partial dependence it asks of no customer what they can't be. For levels
    the mean forecast if all customers had the level.
    """
    who = _dense(test.few(MOST_ROWS // 2, work.seed))
    same = _together(who)
    found: list[Effect] = []
    for i, name in enumerate(names):
        work.say("Drawing effects", i, len(names))
        kind = who.features.kinds[who.features.names.index(name)]
        of = _levels if kind == "category" else _accumulated
        points = of(model, who, same[name])
        found.append({"name": name, "kind": kind, "points": points})
    return found


def _levels(model: Learner, who: Examples, names: Sequence[str]) -> list[EffectPoint]:
    column = _column(who, names[0])
    levels = who.features.spec.levels[names[0]]
    codes, counts = np.unique(column.astype(int), return_counts=True)
    most = codes[np.argsort(-counts, kind="stable")][: 2 * _BINS]
    return [
        {
            "value": levels[code],
            "expected": float(model.predict(_with(who, names, np.full(len(who), code))).mean()),
            "customers": int(counts[codes == code][0]),
        }
        for code in most.tolist()
    ]


def _accumulated(model: Learner, who: Examples, names: Sequence[str]) -> list[EffectPoint]:
    column = _column(who, names[0])
    edges = np.unique(np.quantile(column, np.linspace(0, 1, _BINS + 1), method="inverted_cdf"))
    mean = float(model.predict(who).mean())
    if edges.size == 1:
        return [{"value": float(edges[0]), "expected": mean, "customers": len(who)}]
    place = np.clip(np.searchsorted(edges, column, side="left"), 1, edges.size - 1)
    step = model.predict(_with(who, names, edges[place])) - model.predict(
        _with(who, names, edges[place - 1])
    )
    count = np.bincount(place, minlength=edges.size)[1:]
    moved = np.bincount(place, step, minlength=edges.size)[1:] / np.maximum(count, 1)
    effect = np.concatenate(([0.0], np.cumsum(moved)))
    centre = float(count @ (effect[1:] + effect[:-1]) / 2 / count.sum())
    near = np.bincount(np.abs(column[:, None] - edges).argmin(axis=1), minlength=edges.size)
    return [
        {"value": float(v), "expected": mean + float(e) - centre, "customers": int(n)}
        for v, e, n in zip(edges, effect, near, strict=True)
    ]


def _dense(who: Examples) -> Examples:
    """Return the same with columns that are quick to replace."""
    return replace(who, features=replace(who.features, matrix=who.features.matrix.tocsc()))


def _column(who: Examples, name: str) -> Floats:
    return who.features.column(name)


def _together(who: Examples) -> dict[str, tuple[str, ...]]:
    """Return for each feature those that say the same of each of these customers, itself included."""
    found = who.features
    matrix = found.matrix.tocsc()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    groups: dict[tuple[object, ...], list[str]] = {}
    for i, (name, kind) in enumerate(zip(found.names, found.kinds, strict=True)):
        part = slice(matrix.indptr[i], matrix.indptr[i + 1])
        content = matrix.indices[part].tobytes(), matrix.data[part].tobytes()
        # What is zero for all of them says nothing, and so not the same either.
        key = (kind, found.spec.levels.get(name), *content) if any(content) else (name,)
        groups.setdefault(key, []).append(name)
    return {name: tuple(group) for group in groups.values() for name in group}


def _with(who: Examples, names: Sequence[str], values: Floats) -> Examples:
    """Return the same customers with features that say the same replaced.

    Where they are what has been observed, the forecast must be told of the new figure as well.
    """
    from scipy import sparse  # noqa: PLC0415 - slow to import

    found = who.features
    new = sparse.csc_matrix(values[:, None])
    matrix = found.matrix
    for name in names:
        at = found.names.index(name)
        matrix = sparse.hstack([matrix[:, :at], new, matrix[:, at + 1 :]], format="csc")
    same = bool(who.observed.any()) and np.array_equal(found.column(names[0]), who.observed)
    observed = np.asarray(values, dtype=float) if same else who.observed
    return replace(who, features=replace(found, matrix=matrix), observed=observed)


def _loss(model: Learner, who: Examples, actual: Floats) -> float:
    return float(metrics.tweedie_deviance(actual, model.predict(who)).mean())
