"""Four bins: any two forecasts of who will buy, side by side, on customers whose outcome is known.

The forecasts are those of a run's backtest at its last origin (``Run.tested``), or chances that
somebody brings from outside, made at the same date. What comes out is plain JSON types.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clv.backtest.past_dates import FEWEST_CUSTOMERS
from clv.core import metrics
from clv.core.errors import InputError, did_you_mean
from clv.core.scores import Scores, apart, named
from clv.core.segments import LIKELIHOODS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Bools, Floats
    from clv.ingest import Chances

    Row = Mapping[str, Any]

SIDES: Final = ("first", "second")
#: Of the bootstrap.
DRAWS: Final = 500
#: Chances closer than this are the same.
_SAME: Final = 1e-9
_COLUMN: Final = "p_purchase:"


def contenders(tested: pa.Table) -> list[str]:
    """Return whose chances a table of tested customers holds."""
    return [c.removeprefix(_COLUMN) for c in tested.column_names if c.startswith(_COLUMN)]


def bin_of(chance: ArrayLike, limits: Thresholds) -> NDArray[np.intp]:
    """Return each chance's bin: its place in `clv.core.segments.LIKELIHOODS`, 0 for highly likely."""
    rising = [limits.unlikely, limits.somewhat, limits.highly]
    places: NDArray[np.intp] = len(rising) - np.digitize(np.asarray(chance, dtype=float), rising)
    return places


def report(
    receipt: Row,
    tested: pa.Table,
    first: str,
    second: str,
    outside: Chances | None = None,
    limits: Thresholds | None = None,
) -> dict[str, Any]:
    """Compare two forecasts of who buys, on the tested customers of a run's last origin.

    Parameters
    ----------
    receipt
        Of the run (``Run.receipt``).
    tested
        Of the run (``Run.tested``): ``purchases``, ``value`` and ``p_purchase:NAME``.
    first, second
        Names of `contenders`; one of them may be the name of ``outside``.
    outside
        Chances from elsewhere (`clv.ingest.read_chances`); then only the customers they name
        count, for both forecasts.
    limits
        Of the bins; those of the segments by default.

    Returns
    -------
    dict
        What `compare` returns, and ``as_of``, ``end``, ``horizon_months``, ``currency``,
        ``tested`` (customers), ``recency_days`` (of the recency rule), and of chances from outside ``outside``: see `accounted`.

    Raises
    ------
    InputError
        There is no such forecast, or no tested customer has a chance from outside.
    """
    place = np.arange(tested.num_rows)
    if outside is not None:
        place = outside.place
        if not place.size:
            msg = f"{outside.name} has a chance for none of the tested customers."
            raise InputError(msg, outside.advice)
    chances = [_chances(tested, name, place, outside) for name in (first, second)]
    bought = _column(tested, "purchases", place) > 0
    value = _column(tested, "value", place) if receipt["has_value"] else None
    origin = receipt["origins"][-1]
    found = {
        "as_of": str(origin["as_of"]),
        "end": str(origin["end"]),
        "horizon_months": int(receipt["horizon_months"]),
        "currency": str(receipt["currency"]),
        "tested": tested.num_rows,
        "recency_days": receipt.get("recency_days"),
    }
    if outside is not None:
        found["outside"] = accounted(outside, tested.num_rows)
    return found | compare(bought, value, (first, chances[0]), (second, chances[1]), limits)


def accounted(outside: Chances, tested: int) -> dict[str, Any]:
    """Return what became of a file's rows, and of ``tested`` customers.

    Returns
    -------
    dict
        ``name``, ``read_as``, ``rows``, ``matched``, ``rejected`` (code → rows), which add up, and
        ``missing``: customers without a row.
    """
    return {
        "name": outside.name,
        "read_as": outside.read_as,
        "rows": outside.rows,
        "matched": len(outside.place),
        "rejected": outside.reasons,
        "missing": tested - len(outside.place),
    }


def _column(tested: pa.Table, name: str, place: NDArray[np.intp]) -> Floats:
    return np.asarray(tested[name], dtype=float)[place]


def _chances(
    tested: pa.Table, name: str, place: NDArray[np.intp], outside: Chances | None
) -> Floats:
    if outside is not None and name == outside.name:
        return outside.chance
    known = contenders(tested)
    if name not in known:
        msg = f'No forecast "{name}" was tested.{did_you_mean(name, known)}'
        raise InputError(msg, f"Tested: {', '.join(known)}.")
    return _column(tested, f"{_COLUMN}{name}", place)


def compare(
    bought: ArrayLike,
    value: ArrayLike | None,
    first: tuple[str, ArrayLike],
    second: tuple[str, ArrayLike],
    limits: Thresholds | None = None,
) -> dict[str, Any]:
    """Compare two forecasts of who buys.

    Parameters
    ----------
    bought
        Shape (n,): True where the customer bought within the horizon.
    value
        Shape (n,): revenue within the horizon, in the file's currency; None without amounts.
    first, second
        Name and chances of buying, shape (n,), 0 to 1.
    limits
        Of the bins.

    Returns
    -------
    dict
        - ``names``: side (`SIDES`) → name; ``customers``, ``buyers``, ``rate`` (share that
          bought), ``limits``;
        - ``bins``: side → four rows, highest chance first, see `_group`, with ``bin``;
        - ``cells``: sixteen rows, ``first`` and ``second`` bin with what `_group` tells of the
          customers in both;
        - ``measures``: side → `clv.core.scores.NAMES` and ``predicted`` (mean chance), ``clipped``
          (customers whose chance the log-loss moved);
        - ``differences``: score → [first − second, low, high], a 95 % interval from drawing
          customers; None where the score is not defined or fewer than `FEWEST_CUSTOMERS` are
          compared;
        - ``better``: the side with the smaller Brier score where that is more than chance, else
          None; ``same``: all chances are equal;
        - ``disagreement``: who is in different bins, see `_judged`, and ``largest``: the same of
          the cell with most of them, with its bins; both None where nobody is;
        - ``reliability``: side → `clv.core.metrics.reliability`.

    Raises
    ------
    ValueError
        Chances outside 0 to 1, arrays of different lengths, or nobody at all.
    """
    limits = limits or Thresholds()
    y = np.asarray(bought, dtype=bool).ravel()
    money = None if value is None else np.asarray(value, dtype=float).ravel()
    chances = [np.asarray(p, dtype=float).ravel() for p in (first[1], second[1])]
    rows = {side: metrics.reliability(y, p) for side, p in zip(SIDES, chances, strict=True)}
    if any(p.min() < 0 or p.max() > 1 for p in chances):
        msg = "Chances must lie between 0 and 1."
        raise ValueError(msg)
    places = [bin_of(p, limits) for p in chances]
    scores = [Scores(y, p) for p in chances]
    enough = y.size >= FEWEST_CUSTOMERS
    differences = (
        apart(scores[0], scores[1], draws=DRAWS) if enough else dict.fromkeys(named(scores[0]()))
    )
    measures = {
        side: named(score()) | {"predicted": float(p.mean()), "clipped": score.clipped}
        for side, score, p in zip(SIDES, scores, chances, strict=True)
    }
    return {
        "names": {"first": first[0], "second": second[0]},
        "customers": int(y.size),
        "buyers": int(y.sum()),
        "rate": float(y.mean()),
        "limits": asdict(limits),
        "bins": {
            side: [
                {"bin": name} | _group(place == i, y, money, {"predicted": p})
                for i, name in enumerate(LIKELIHOODS)
            ]
            for side, place, p in zip(SIDES, places, chances, strict=True)
        },
        "cells": _cells(places, y, money, chances),
        "measures": measures,
        "differences": differences,
        "better": _better(differences["brier"], measures),
        "same": bool(np.abs(chances[0] - chances[1]).max() < _SAME),
        "disagreement": _disagreement(places, y, money, chances),
        "reliability": rows,
    }


def _group(
    inside: Bools, y: Bools, money: Floats | None, chances: Mapping[str, Floats]
) -> dict[str, Any]:
    """Tell of some customers how many they are, what was forecast and what came.

    Returns
    -------
    dict
        ``customers``, ``share`` of all, ``bought``; ``actual`` share that bought with its Wilson
        interval ``low, high``; ``value`` and ``value_each``; mean chances under the keys of
        ``chances``. None where nobody is, and of value without amounts.
    """
    number, buyers = int(inside.sum()), int(y[inside].sum())
    low, high = metrics.wilson(buyers, number) if number else (None, None)
    total = None if money is None else float(money[inside].sum())
    return {
        "customers": number,
        "share": number / y.size,
        "bought": buyers,
        **{key: float(p[inside].mean()) if number else None for key, p in chances.items()},
        "actual": buyers / number if number else None,
        "low": low,
        "high": high,
        "value": total,
        "value_each": total / number if number and total is not None else None,
    }


def _said(chances: Sequence[Floats]) -> dict[str, Floats]:
    return {f"predicted_{side}": p for side, p in zip(SIDES, chances, strict=True)}


def _cells(
    places: Sequence[NDArray[np.intp]], y: Bools, money: Floats | None, chances: Sequence[Floats]
) -> list[dict[str, Any]]:
    return [
        {"first": mine, "second": theirs}
        | _group((places[0] == i) & (places[1] == j), y, money, _said(chances))
        for i, mine in enumerate(LIKELIHOODS)
        for j, theirs in enumerate(LIKELIHOODS)
    ]


def _better(brier: Sequence[float] | None, measures: Mapping[str, Row]) -> str | None:
    """Return whose chances are closer, where that is more than chance and more than nothing."""
    if brier is None:
        return None
    found, low, high = brier
    side = SIDES[found > 0]
    edges = (-found, -high, -low) if found < 0 else (found, low, high)
    return side if metrics.differs(edges, measures[side]["brier"]) else None


def _disagreement(
    places: Sequence[NDArray[np.intp]], y: Bools, money: Floats | None, chances: Sequence[Floats]
) -> dict[str, Any]:
    split = places[0] != places[1]
    cell = places[0] * len(LIKELIHOODS) + places[1]
    found = _judged(split, y, money, chances) | {"largest": None}
    if split.any():
        most = int(np.bincount(cell[split]).argmax())
        i, j = divmod(most, len(LIKELIHOODS))
        bins = {"first": LIKELIHOODS[i], "second": LIKELIHOODS[j]}
        found["largest"] = bins | _judged(cell == most, y, money, chances)
    return found


def _judged(
    inside: Bools, y: Bools, money: Floats | None, chances: Sequence[Floats]
) -> dict[str, Any]:
    """Tell who was right about some customers.

    Returns
    -------
    dict
        As `_group`, and ``error_first``, ``error_second``: mean squared errors of the chances;
        ``difference``: [first − second, low, high], None for fewer than `FEWEST_CUSTOMERS`;
        ``right``: the side that was closer by more than chance, else None.
    """
    found = dict(_group(inside, y, money, _said(chances)))
    losses = {s: (p[inside] - y[inside]) ** 2 for s, p in zip(SIDES, chances, strict=True)}
    errors = {s: float(loss.mean()) if loss.size else None for s, loss in losses.items()}
    edges: list[float] | None = None
    if found["customers"] >= FEWEST_CUSTOMERS:
        edges = list(metrics.paired_difference(losses, "second", DRAWS)["first"])
    right = _better(edges, {side: {"brier": error} for side, error in errors.items()})
    return found | {
        **{f"error_{side}": error for side, error in errors.items()},
        "difference": edges,
        "right": right,
    }


def rows(found: Row) -> list[dict[str, Any]]:
    """Return a comparison's bins as flat rows for a file: one a forecast and bin."""
    limits = Thresholds(**found["limits"])
    result = []
    for side in SIDES:
        for row in found["bins"][side]:
            low, high = limits.span(str(row["bin"]))
            head = {"forecast": found["names"][side], "bin": row["bin"]}
            result.append(head | {"chance_from": low, "chance_to": high} | _without_bin(row))
    return result


def _without_bin(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "bin"}


def cell_rows(found: Row) -> list[dict[str, Any]]:
    """Return who is in which bin of either forecast as flat rows for a file."""
    names = found["names"]
    return [
        {"first_forecast": names["first"], "second_forecast": names["second"]}
        | {"first_bin": row["first"], "second_bin": row["second"]}
        | {k: v for k, v in row.items() if k not in SIDES}
        for row in found["cells"]
    ]
