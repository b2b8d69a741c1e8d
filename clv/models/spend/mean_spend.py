"""One value for every purchase: for too little data to tell spenders apart, or where nobody differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

import numpy as np

from clv.core.errors import FitError
from clv.models.fitting.fitted import number
from clv.models.histories import weights_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Floats


#: Values that differ by less than this share of their mean are the same.
SAME_VALUE: Final = 1e-9


class MeanSpend:
    """Every purchase is worth the mean of all purchases.

    Attributes
    ----------
    value_
        Currency units.
    customers_
        Customers whose purchases went into it.
    """

    name: ClassVar[str] = "mean-spend"

    def fit(
        self,
        frequency: ArrayLike,
        monetary_value: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        mean_value: float | None = None,
    ) -> Self:
        """Average the values.

        Parameters
        ----------
        frequency, monetary_value
            Shape (n,): repeat purchases and their mean value.
        weights
            Shape (n,): customers per row; 1 by default.
        mean_value
            Mean value of all purchases, the first ones included; taken as it is.

        Raises
        ------
        FitError
            Without a positive value.
        """
        x, m = (np.asarray(v, dtype=float).ravel() for v in (frequency, monetary_value))
        counts = weights_of(weights, x.size) if x.size else np.empty(0)
        if mean_value is None:
            bought = counts * x
            total = float(bought.sum())
            mean_value = float(bought @ m) / total if total > 0 else 0.0
        if not (np.isfinite(mean_value) and mean_value > 0):
            msg = "There is no purchase with a positive value to take a mean of."
            raise FitError(msg)
        self.value_ = float(mean_value)
        self.customers_ = float(counts.sum())
        return self

    def order_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Return the expected value of a future purchase, shape (n,), currency units."""
        del monetary_value
        return np.full(np.asarray(frequency).size, self.value_)

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "parameters": {"value": self.value_},
            "standard_errors": {"value": None},
            "log_likelihood": None,
            "customers": self.customers_,
            "converged": True,
            "at_bound": [],
        }

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`."""
        model = cls()
        model.value_ = number(card["parameters"]["value"], "value")
        model.customers_ = float(card["customers"])
        return model


class ConstantSpend(MeanSpend):
    """Everybody spends the same on every purchase: so will they next time.

    The Gamma-Gamma model has no finite maximum there; its limit is this.
    """

    name: ClassVar[str] = "constant-spend"

    def fit(
        self,
        frequency: ArrayLike,
        monetary_value: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        mean_value: float | None = None,
    ) -> Self:
        """Take the value over; parameters as in `MeanSpend`.

        Raises
        ------
        FitError
            When the values aren't all the same, or not positive.
        """
        m = np.asarray(monetary_value, dtype=float).ravel()
        if not all_the_same(m):
            msg = "The customers don't all spend the same."
            raise FitError(msg)
        del mean_value
        return super().fit(frequency, m, weights, mean_value=float(m[0]))


def all_the_same(values: Floats) -> bool:
    """Return whether all values are one, but for rounding; ``False`` if there is none."""
    if values.size == 0:
        return False
    low, high = float(values.min()), float(values.max())
    return high - low <= SAME_VALUE * abs(high)
