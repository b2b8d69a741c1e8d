"""How far what comes may lie from the forecast: of each customer, of each segment, of all together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from clv.backtest.calibration import WHALE_SHARE, levels_of
from clv.backtest.ranges import LOWEST, Factors, factors, spread
from clv.backtest.totals import around, parameter_error

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


def factors_of(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: History,
    days: float,
    discounted: Floats,
    *,
    error: float,
    adjustments: Adjustments,
) -> Factors:
    """Return `clv.backtest.ranges.factors` of a history's triples, at the levels that the tests found."""
    found = spread(purchases, spend, history.distinct, days, error=error)
    levels = levels_of(adjustments, history.distinct.frequency, found.p_zero)
    return factors(found, discounted, *levels)


def ends_of(
    by_triple: Factors, history: History, whale: Bools, worth: Floats
) -> tuple[Floats, Floats]:
    """Return every customer's range; shapes (n,), ``worth`` what an order value is worth."""
    at = history.triple
    low = np.where(whale, by_triple.whale_low[at], by_triple.low[at])
    high = np.where(whale, by_triple.whale_high[at], by_triple.high[at])
    # What is next to nothing is nothing.
    return np.where(low < LOWEST, 0.0, low) * worth, np.where(high < LOWEST, 0.0, high) * worth


@dataclass(frozen=True, eq=False)
class ForecastRanges:
    """The ranges of a forecast that has values, in order values, by distinct triple.

    Attributes
    ----------
    error
        Standard error of the log of the expected total, for what is not known of the parameters.
    variance
        By triple, of the square of the order value: by chance alone.
    """

    purchases: PurchaseModel
    spend: SpendModel
    history: History
    days: float
    error: float
    adjustments: ReceiptRanges
    _factors: Factors

    @classmethod
    def of(
        cls,
        purchases: PurchaseModel,
        spend: SpendModel,
        history: History,
        days: float,
        discounted: Floats,
        adjustments: ReceiptRanges,
    ) -> Self:
        """Measure the ranges of a forecast.

        Parameters
        ----------
        purchases, spend
            Fitted.
        days
            Length of the horizon.
        discounted
            Discounted expected purchases by triple.
        adjustments
            From `clv.backtest.calibration.receipt_ranges`.
        """
        error = float(_errors(purchases, spend, history, days)[0])
        by_triple = factors_of(
            purchases, spend, history, days, discounted, error=error, adjustments=adjustments
        )
        return cls(purchases, spend, history, days, error, adjustments, by_triple)

    @property
    def variance(self) -> Floats:
        """See the class."""
        return self._factors.variance

    def customers(self, worth: Floats, clv: Floats) -> tuple[Floats, Floats]:
        """Return every customer's range; shapes (n,), ``worth`` what an order value is worth."""
        return ends_of(self._factors, self.history, clv >= whale_cut(clv), worth)

    def totals(self, worth: Floats, clv: Floats, segment: pa.ChunkedArray) -> SumRanges:
        """Return the ranges of the total and of every segment.

        Parameters
        ----------
        segment
            Length n, text.
        """
        names = segment.combine_chunks().dictionary_encode()
        of = np.asarray(names.indices)
        variance = self.variance[self.history.triple] * worth**2
        sums, variances = (np.bincount(of, values) for values in (clv, variance))
        level, model, tests = (
            self.adjustments["level"],
            self.adjustments["model_error"],
            self.adjustments["tests"],
        )
        known = partial(around, level=level, model=model, tests=tests)
        all_low, all_high = known(clv.sum(), variance.sum(), error=self.error)
        errors = _errors(self.purchases, self.spend, self.history, self.days, of)
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
    purchases: PurchaseModel,
    spend: SpendModel,
    history: History,
    days: float,
    group: NDArray[np.intp] | None = None,
) -> Floats:
    each = replace(history.distinct.take(history.triple), weights=np.ones(history.triple.size))
    value = history.value_of(spend)
    mean = np.ones(len(each)) if value is None else value
    return parameter_error(purchases, spend, each, mean, days, group=group)
