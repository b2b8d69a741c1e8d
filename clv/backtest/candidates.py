"""A forecast as a contender: fitted on a day in the past exactly as it would have been on that day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from clv.backtest.correcting import corrected, correction, plain_forecast, traits_of, within
from clv.backtest.fitting import Context, Fitted, fit_only_purchases, value, worn
from clv.backtest.history import History
from clv.core.errors import FitError
from clv.models.contenders import Forecast
from clv.models.correction.traits import factor
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.choice import Choice
    from clv.core.schema import Steps
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.contenders import Known, Past
    from clv.models.correction.correction import Correction
    from clv.models.correction.traits import Expectations
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
        scores = self.model.score(customers.distinct, horizons)
        bought = scores.purchases[customers.triple]
        chance = scores.p_purchase[customers.triple]
        worth = customers.worth(self.spend)
        if self.correction is not None:
            plain = plain_forecast(Fitted(self.model, self.spend, []), customers, known.recent_days)
            right = corrected(self.correction, customers, plain, known.recent_days)
            bought = bought * factor(right.purchases, plain.purchases)[:, None]
            chance = within(chance, plain, right.p_purchase, right.p_alive)
            worth = right.order_value
        value = bought * (np.zeros(customers.x.size) if worth is None else worth)[:, None]
        return [Forecast(bought[:, i], chance[:, i], value[:, i]) for i in range(len(horizons))]

    def corrected(
        self, customers: History, days: float, steps: Steps | None = None
    ) -> Expectations | None:
        """Return the corrected forecast of customers for the horizon; None without a correction.

        Parameters
        ----------
        steps
            From `clv.backtest.levels.steps`: the forecast with totals that move by them.
        """
        if self.correction is None:
            return None
        plain = plain_forecast(Fitted(self.model, self.spend, []), customers, days)
        seen = traits_of(customers, plain, days, self.correction.shop_value)
        made = self.correction.settled(seen, plain, steps) if steps else self.correction
        return made.apply(seen, plain)
