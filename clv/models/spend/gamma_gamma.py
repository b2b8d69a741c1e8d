"""Gamma-Gamma: what a purchase of one customer is worth."""

from __future__ import annotations

from typing import Any

from clv.models._lifetimes import GammaGammaFitter, Saved
from clv.models.fitting.inputs import times_ahead
from clv.models.spend.gamma_gamma_core import GammaGammaCore


class GammaGamma(GammaGammaCore, Saved, GammaGammaFitter):
    """``lifetimes.GammaGammaFitter`` with a fast, robust fit and a finite value for everybody.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (in currency units, as in lifetimes), added to the mean
        negative log-likelihood.

    References
    ----------
    Fader & Hardie (2013), The Gamma-Gamma model of monetary value, note 025.

    Examples
    --------
    >>> model = GammaGamma().fit([1, 2, 3, 5, 2], [20.0, 35.0, 12.0, 50.0, 28.0])
    >>> bool(12 < model.order_value(3, 12.0)[0] < 50)
    True
    """

    def customer_lifetime_value(self, *args: Any, time: float = 12, **options: Any) -> Any:
        """Return the discounted value of the next ``time`` months, as lifetimes does.

        Parameters
        ----------
        *args
            The purchase model, frequency, recency, T and monetary value.
        time
            Months ahead, at least 0.
        **options
            ``discount_rate`` a month and ``freq``, the time unit of T; as in lifetimes.

        Raises
        ------
        ValueError
            When ``time`` is negative.
        """
        times_ahead(time)
        return super().customer_lifetime_value(*args, time=time, **options)
