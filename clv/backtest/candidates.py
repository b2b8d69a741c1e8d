"""A forecast as a contender: fitted on a day in the past exactly as it would have been on that day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from clv.backtest.correcting import correction, plain_forecast, traits_of, within
from clv.backtest.fitting import Context, Fitted, fit_only_purchases, value, worn
from clv.backtest.history import History
from clv.core.errors import FitError
from clv.models.contenders import Forecast
from clv.models.correction.traits import factor
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.choice import Choice
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.contenders import Known, Past
    from clv.models.correction.correction import Corrected, Correction
    from clv.models.correction.traits import Plain
    from clv.models.ladder import PurchaseFit
    from clv.models.season.estimate import RepeatPurchases


class Candidate:
    """One choice of models, as `clv.models.contenders.Contender`.

    Parameters
    ----------
    choice
        What to fit.
    valued
        Whether there are amounts; without, values are 0.
    bought
        What a season is found in; asked for by a choice that wears one.
    beside
        Another candidate, fitted, with the same purchase model: it need not be fitted again.

    Attributes
    ----------
    name
        The choice's.
    model, spend
        Fitted, after ``learn``; ``spend`` is None without amounts.
    purchases
        The fit of the purchase model.
    correction
        Learned on the past, where the choice asks for one.
    """

    model: PurchaseModel
    spend: SpendModel | None
    purchases: PurchaseFit
    correction: Correction | None = None

    def __init__(
        self,
        choice: Choice,
        *,
        valued: bool = True,
        bought: RepeatPurchases | None = None,
        beside: Candidate | None = None,
    ) -> None:
        self.name = choice.name
        self.choice = choice
        self._valued = valued
        self._bought = bought
        self._beside = beside

    def learn(self, known: Known, past: Past | None) -> Self:
        """Fit as a forecast of that day would have been.

        Raises
        ------
        FitError
            When the data carry no forecast of purchases. Where they carry no season yet, the
            forecast is without one, as it would have been on that day.
        """
        customers = History.at(known, valued=self._valued)
        context = Context(known.log_gaps, past, self._bought)
        if self._beside is None:
            self.purchases = fit_only_purchases(customers, self.choice, context)
        else:
            self.purchases = self._beside.purchases
            if self.choice.season and not isinstance(self.purchases.model, Seasonal):
                self.purchases = worn(self.purchases, customers, context)
        fitted = value(customers, self.choice, self.purchases)
        if fitted.purchases is None:
            raise FitError(" ".join(note.message for note in fitted.notes))
        self.model, self.spend = fitted.purchases, fitted.spend
        if self.choice.corrected:
            self.correction = correction(self.choice, fitted, customers, known.recent_days, past)
        return self

    def forecast(self, known: Known, days: float) -> Forecast:
        """Forecast each customer for the next ``days`` days."""
        return self.forecast_many(known, [days])[0]

    def forecast_many(self, known: Known, horizons: Sequence[float]) -> list[Forecast]:
        """Forecast each customer at several horizons."""
        customers = History.at(known, valued=self._valued)
        if self.correction is not None:
            return self._corrected(self.correction, customers, known.recent_days, horizons)
        scores = self.model.score(customers.distinct, horizons)
        mean = None if self.spend is None else customers.value_of(self.spend)
        worth = np.zeros(customers.x.size)
        if self.spend is not None and mean is not None:
            worth = self.spend.order_value(customers.x, mean)
        bought = scores.purchases[customers.triple]
        chance = scores.p_purchase[customers.triple]
        return [
            Forecast(bought[:, i], chance[:, i], bought[:, i] * worth) for i in range(len(horizons))
        ]

    def corrected(self, customers: History, days: float) -> Corrected | None:
        """Return the corrected forecast of customers for the horizon; None without a correction."""
        return None if self.correction is None else self._right(self.correction, customers, days)[1]

    def _right(
        self, correction: Correction, customers: History, days: float
    ) -> tuple[Plain, Corrected]:
        plain = plain_forecast(Fitted(self.model, self.spend, []), customers, days)
        seen = traits_of(customers, plain, days, correction.shop_value)
        return plain, correction.apply(seen, plain)

    def _corrected(
        self,
        correction: Correction,
        customers: History,
        days: float,
        horizons: Sequence[float],
    ) -> list[Forecast]:
        """Forecast at several horizons with what was learned for one of them."""
        plain, right = self._right(correction, customers, days)
        scores = self.model.score(customers.distinct, horizons)
        more = factor(right.purchases, plain.purchases)
        bought = scores.purchases[customers.triple] * more[:, None]
        before = scores.p_purchase[customers.triple]
        chance = within(before, plain, right.p_purchase, right.p_alive)
        worth = np.zeros(customers.x.size) if right.order_value is None else right.order_value
        return [
            Forecast(bought[:, i], chance[:, i], bought[:, i] * worth) for i in range(len(horizons))
        ]
