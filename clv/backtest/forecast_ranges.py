"""How far what comes may lie from the forecast: of each customer, of each segment, of all together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from clv.backtest.calibration import WHALE_SHARE, levels_of
from clv.backtest.ranges import LOWEST, Factors, factors, spread
from clv.backtest.totals import around, parameter_error
from clv.models.correction.traits import factor

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from clv.backtest.history import History
    from clv.core.schema import (
        Adjustments,
        RangedValue,
        Receipt,
        ReceiptRanges,
        Summary,
        SumRanges,
    )
    from clv.core.types import Bools, Floats
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.correction.traits import Expectations

    #: Of purchases and of spend.
    Models = tuple[PurchaseModel, SpendModel]


@dataclass(frozen=True)
class Terms:
    """What a tested run knows of its ranges beside its models: enough to give others theirs.

    Attributes
    ----------
    error
        As in `ForecastRanges`.
    adjustments
        From `clv.backtest.calibration.receipt_ranges`.
    whale
        Predicted value from which on a customer of the run counts as a whale.
    """

    error: float
    adjustments: Adjustments
    whale: float

    @classmethod
    def of(cls, summary: Summary, receipt: Receipt | None, clv: Floats) -> Self | None:
        """Read them off a run; None for one that was made without a test, and so has no ranges.

        Parameters
        ----------
        summary, receipt
            The run's.
        clv
            Predicted values of all its customers.
        """
        ranges = summary.get("ranges")
        if not ranges or not receipt:
            return None
        return cls(ranges["error"], receipt["ranges"], whale_cut(clv))


def whale_cut(clv: Floats) -> float:
    """Return the predicted value from which on customers count as whales."""
    return float(np.quantile(clv, 1 - WHALE_SHARE))


class Placed(NamedTuple):
    """Factors of ranges, and which of them is a customer's.

    Attributes
    ----------
    factors
        Of a history's triples; of every customer where the forecast is corrected.
    place
        Shape (n,): each customer's row of these.
    variance
        By triple, of the plain forecast: of the square of the order value, by chance alone.
    """

    factors: Factors
    place: NDArray[np.intp]
    variance: Floats

    def ends(self, whale: Bools, clv: Floats, worth: Floats) -> tuple[Floats, Floats]:
        """Return every customer's range, which holds the forecast itself; shapes (n,).

        Parameters
        ----------
        clv, worth
            The forecast, and what an order value is worth.
        """
        by, at = self.factors, self.place
        low = np.where(whale, by.whale_low[at], by.low[at])
        high = np.where(whale, by.whale_high[at], by.high[at])
        # What is next to nothing is nothing.
        low, high = (np.where(end < LOWEST, 0.0, end) * worth for end in (low, high))
        return np.minimum(low, clv), np.maximum(high, clv)


def factors_of(
    fitted: Models,
    history: History,
    days: float,
    discounted: Floats,
    *,
    error: float,
    adjustments: Adjustments,
    corrected: Expectations | None = None,
) -> Placed:
    """Return `clv.backtest.ranges.factors` of a history, at the levels that the tests found.

    Parameters
    ----------
    discounted
        Discounted expected purchases of the plain forecast by triple.
    corrected
        The customers' corrected forecast, where there is one.
    """
    found = spread(*fitted, history.distinct, days, error=error)
    frequency, place = history.distinct.frequency, history.triple
    variance = found.variance * factor(discounted, found.mean) ** 2
    if corrected is not None:
        discounted = discounted[place] * factor(corrected.purchases, found.mean[place])
        found = found.corrected(place, corrected.purchases, corrected.p_purchase)
        frequency, place = history.x, np.arange(place.size)
    levels = levels_of(adjustments, frequency, found.p_zero)
    return Placed(factors(found, discounted, *levels), place, variance)


@dataclass(frozen=True, eq=False)
class ForecastRanges:
    """The ranges of a forecast that has values, in order values, by distinct triple.

    Attributes
    ----------
    error
        Standard error of the log of the expected total, for what is not known of the parameters.
    variance
        As in `Placed`.
    """

    models: Models
    history: History
    days: float
    error: float
    adjustments: ReceiptRanges
    _placed: Placed

    @classmethod
    def of(
        cls,
        models: Models,
        history: History,
        days: float,
        discounted: Floats,
        adjustments: ReceiptRanges,
        corrected: Expectations | None = None,
    ) -> Self:
        """Measure the ranges of a forecast.

        Parameters
        ----------
        models
            Of purchases and of spend, fitted.
        days
            Length of the horizon.
        discounted
            Discounted expected purchases of the plain forecast by triple.
        adjustments
            From `clv.backtest.calibration.receipt_ranges`.
        corrected
            The customers' corrected forecast, where there is one.
        """
        error = float(_errors(models, history, days)[0])
        placed = factors_of(
            *(models, history, days, discounted),
            error=error,
            adjustments=adjustments,
            corrected=corrected,
        )
        return cls(models, history, days, error, adjustments, placed)

    @property
    def variance(self) -> Floats:
        """See the class."""
        return self._placed.variance

    def customers(self, worth: Floats, clv: Floats) -> tuple[Floats, Floats]:
        """Return every customer's range; shapes (n,), ``worth`` what an order value is worth."""
        return self._placed.ends(clv >= whale_cut(clv), clv, worth)

    def totals(self, worth: Floats, clv: Floats, segment: pa.ChunkedArray) -> SumRanges:
        """Return the ranges of the total and of every segment.

        Parameters
        ----------
        segment
            Length n, text.
        """
        names = segment.combine_chunks().dictionary_encode()
        of = np.asarray(names.indices)
        variance = self._placed.factors.variance[self._placed.place] * worth**2
        sums, variances = (np.bincount(of, values) for values in (clv, variance))
        level, model, tests = (
            self.adjustments["level"],
            self.adjustments["model_error"],
            self.adjustments["tests"],
        )
        known = partial(around, level=level, model=model, tests=tests)
        all_low, all_high = known(clv.sum(), variance.sum(), error=self.error)
        errors = _errors(self.models, self.history, self.days, of)
        low, high = known(sums, variances, error=errors)
        segments: dict[str, RangedValue] = {
            str(name): {"value": float(sums[i]), "low": float(low[i]), "high": float(high[i])}
            for i, name in enumerate(names.dictionary.to_pylist())
        }
        return {
            "level": level,
            "model_error": model,
            "tests": tests,
            "error": self.error,
            "total": {"low": float(all_low), "high": float(all_high)},
            "segments": segments,
        }


def _errors(
    models: Models,
    history: History,
    days: float,
    group: NDArray[np.intp] | None = None,
) -> Floats:
    purchases, spend = models
    each = history.each
    value = history.value_of(spend)
    mean = np.ones(len(each)) if value is None else value
    return parameter_error(purchases, spend, each, mean, days, group=group)
