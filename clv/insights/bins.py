"""Four bins: any two forecasts of who will buy, side by side, on customers whose outcome is known.

The forecasts are those of a run's backtest at its last origin (``Run.tested``), or chances that
somebody brings from outside, made at the same date. What comes out is plain JSON types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest.past_dates import FEWEST_CUSTOMERS
from clv.core import metrics
from clv.core.errors import InputError, did_you_mean
from clv.core.scores import NAMES, Scores, apart, named
from clv.core.segments import LIKELIHOODS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from clv.core.schema import (
        BinsReport,
        BothBins,
        Came,
        ComparedCustomers,
        Counted,
        Disagreement,
        Edges,
        ForecastScores,
        Judged,
        LikelihoodBin,
        OutsideForecast,
        Receipt,
        Side,
        TwoForecasts,
    )
    from clv.core.types import Bools, Floats
    from clv.ingest import Chances

SIDES: Final[tuple[Side, Side]] = ("first", "second")
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
    receipt: Receipt,
    tested: pa.Table,
    first: str,
    second: str,
    outside: Chances | None = None,
    limits: Thresholds | None = None,
) -> BinsReport:
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
    BinsReport
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
    on: ComparedCustomers = {
        "as_of": origin["as_of"],
        "end": origin["end"],
        "horizon_months": receipt["horizon_months"],
        "currency": receipt["currency"],
        "tested": tested.num_rows,
        "recency_days": receipt["recency_days"],
    }
    if outside is not None:
        on["outside"] = accounted(outside, tested.num_rows)
    found = compare(bought, value, (first, chances[0]), (second, chances[1]), limits)
    return {**on, **found}


def accounted(outside: Chances, tested: int) -> OutsideForecast:
    """Return what became of a file's rows, and of ``tested`` customers.

    Returns
    -------
    OutsideForecast
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
) -> TwoForecasts:
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
    TwoForecasts
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
    reliability = {side: metrics.reliability(y, p) for side, p in zip(SIDES, chances, strict=True)}
    if any(p.min() < 0 or p.max() > 1 for p in chances):
        msg = "Chances must lie between 0 and 1."
        raise ValueError(msg)
    places = [bin_of(p, limits) for p in chances]
    scores = [Scores(y, p) for p in chances]
    enough = y.size >= FEWEST_CUSTOMERS
    differences = apart(scores[0], scores[1], draws=DRAWS) if enough else dict.fromkeys(NAMES)
    measures: dict[Side, ForecastScores] = {
        side: {**named(score()), "predicted": float(p.mean()), "clipped": score.clipped}
        for side, score, p in zip(SIDES, scores, chances, strict=True)
    }
    return {
        "names": {"first": first[0], "second": second[0]},
        "customers": int(y.size),
        "buyers": int(y.sum()),
        "rate": float(y.mean()),
        "limits": {
            "highly": limits.highly,
            "somewhat": limits.somewhat,
            "unlikely": limits.unlikely,
        },
        "bins": {
            side: [_bin(name, place == i, y, money, p) for i, name in enumerate(LIKELIHOODS)]
            for side, place, p in zip(SIDES, places, chances, strict=True)
        },
        "cells": _cells(places, y, money, chances),
        "measures": measures,
        "differences": differences,
        "better": _better(
            differences["brier"], {side: one["brier"] for side, one in measures.items()}
        ),
        "same": bool(np.abs(chances[0] - chances[1]).max() < _SAME),
        "disagreement": _disagreement(places, y, money, chances),
        "reliability": reliability,
    }


def _count(inside: Bools, y: Bools) -> Counted:
    number = int(inside.sum())
    return {"customers": number, "share": number / y.size, "bought": int(y[inside].sum())}


def _came(inside: Bools, y: Bools, money: Floats | None) -> Came:
    number, buyers = int(inside.sum()), int(y[inside].sum())
    low, high = metrics.wilson(buyers, number) if number else (None, None)
    total = None if money is None else float(money[inside].sum())
    return {
        "actual": buyers / number if number else None,
        "low": low,
        "high": high,
        "value": total,
        "value_each": total / number if number and total is not None else None,
    }


def _mean(values: Floats, inside: Bools) -> float | None:
    return float(values[inside].mean()) if inside.any() else None


def _bin(name: str, inside: Bools, y: Bools, money: Floats | None, chance: Floats) -> LikelihoodBin:
    return {
        "bin": name,
        **_count(inside, y),
        "predicted": _mean(chance, inside),
        **_came(inside, y, money),
    }


def _cells(
    places: Sequence[NDArray[np.intp]], y: Bools, money: Floats | None, chances: Sequence[Floats]
) -> list[BothBins]:
    cells: list[BothBins] = []
    for i, mine in enumerate(LIKELIHOODS):
        for j, theirs in enumerate(LIKELIHOODS):
            inside = (places[0] == i) & (places[1] == j)
            cells.append(
                {
                    "first": mine,
                    "second": theirs,
                    **_count(inside, y),
                    "predicted_first": _mean(chances[0], inside),
                    "predicted_second": _mean(chances[1], inside),
                    **_came(inside, y, money),
                }
            )
    return cells


def _better(brier: Edges | None, errors: Mapping[Side, float]) -> Side | None:
    """Return whose chances are closer, where that is more than chance and more than nothing."""
    if brier is None:
        return None
    found, low, high = brier
    side = SIDES[found > 0]
    edges = (-found, -high, -low) if found < 0 else (found, low, high)
    return side if metrics.differs(edges, errors[side]) else None


def _disagreement(
    places: Sequence[NDArray[np.intp]], y: Bools, money: Floats | None, chances: Sequence[Floats]
) -> Disagreement:
    split = places[0] != places[1]
    cell = places[0] * len(LIKELIHOODS) + places[1]
    found: Disagreement = {**_judged(split, y, money, chances), "largest": None}
    if split.any():
        most = int(np.bincount(cell[split]).argmax())
        i, j = divmod(most, len(LIKELIHOODS))
        found["largest"] = {
            "first": LIKELIHOODS[i],
            "second": LIKELIHOODS[j],
            **_judged(cell == most, y, money, chances),
        }
    return found


def _judged(inside: Bools, y: Bools, money: Floats | None, chances: Sequence[Floats]) -> Judged:
    """Tell who was right about some customers."""
    count = _count(inside, y)
    first, second = ((p - y) ** 2 for p in chances)
    errors = {"first": _mean(first, inside), "second": _mean(second, inside)}
    edges, right = None, None
    if count["customers"] >= FEWEST_CUSTOMERS:
        losses = {"first": first[inside], "second": second[inside]}
        edges = list(metrics.paired_difference(losses, "second", DRAWS)["first"])
        right = _better(edges, {s: float(losses[s].mean()) for s in SIDES})
    return {
        **count,
        "predicted_first": _mean(chances[0], inside),
        "predicted_second": _mean(chances[1], inside),
        **_came(inside, y, money),
        "error_first": errors["first"],
        "error_second": errors["second"],
        "difference": edges,
        "right": right,
    }


def rows(found: TwoForecasts) -> list[Mapping[str, object]]:
    """Return a comparison's bins as flat rows for a file: one a forecast and bin."""
    limits = Thresholds(**found["limits"])
    result: list[Mapping[str, object]] = []
    for side in SIDES:
        for row in found["bins"][side]:
            low, high = limits.span(row["bin"])
            head = {"forecast": found["names"][side], "bin": row["bin"]}
            figures = {key: value for key, value in row.items() if key != "bin"}
            result.append({**head, "chance_from": low, "chance_to": high, **figures})
    return result


def cell_rows(found: TwoForecasts) -> list[Mapping[str, object]]:
    """Return who is in which bin of either forecast as flat rows for a file."""
    names = found["names"]
    return [
        {"first_forecast": names["first"], "second_forecast": names["second"]}
        | {"first_bin": row["first"], "second_bin": row["second"]}
        | {key: value for key, value in row.items() if key not in SIDES}
        for row in found["cells"]
    ]
