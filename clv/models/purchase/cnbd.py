"""MBG/CNBD-k and BG/CNBD-k: MBG/NBD and BG/NBD for customers who buy at regular intervals.

The gap between two purchases of a customer is Erlang-k: k stages that each last 1/lambda on average,
so that a purchase comes every k/lambda, the more regularly the larger k. Everything else is as in
`clv.models.purchase.beta_geo`, and for k = 1 it is the same model. See `clv.models.purchase.cnbd_likelihood` and
`clv.models.purchase.cnbd_expectation` for the formulas.

How far the gap has come matters here: what comes next depends on the time of the last purchase even
for a customer known to be active. So what takes (frequency, T) elsewhere also needs the recency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
from scipy.special import gammaln

from clv.models.fitting.inputs import like, side_by_side, times_ahead
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BetaGeoModel
from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood
from clv.models.purchase.cnbd_expectation import purchase_between, purchases_while_alive
from clv.models.purchase.cnbd_likelihood import CNBDLikelihood
from clv.models.purchase.erlang_gap import ErlangGapModel
from clv.models.purchase.regular_draws import RegularDraws, purchases_to_last

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import FittedCard
    from clv.core.types import Floats


#: Largest k that is tried.
K_MAX: Final = 8


class CNBDModel(ErlangGapModel):
    """Erlang-k gaps, gamma-distributed rate, beta-geometric drop-out; plain arrays.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (alpha at a time scale where the largest T is 1), added
        to the mean negative log-likelihood.

    Attributes
    ----------
    params_
        pandas Series r, alpha, a, b. lambda, gamma(r, alpha), counts **stages** per time unit: a
        customer buys lambda/k times.
    k_
        Stages of a gap, 1 for no regularity.
    log_likelihood_
        Of the purchase times. If ``fit`` wasn't given ``log_gaps``, their term ``(k-1) sum(log
        gaps)`` is left out for k > 1, and it compares with the same k only.
    log_likelihoods_
        k → log-likelihood, of the values of k that were tried.
    """

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = BetaGeoModel.names
    in_time: ClassVar[tuple[bool, ...]] = BetaGeoModel.in_time
    starts: ClassVar[tuple[tuple[float, ...], ...]] = BetaGeoModel.starts

    def likelihood(self, histories: Histories) -> BetaGeoLikelihood:
        """Return the likelihood; time is scaled so that the largest T is 1."""
        if self.k_ == 1:
            return BetaGeoLikelihood(histories, self.first_can_be_last, self.penalizer_coef)
        return CNBDLikelihood(histories, self.first_can_be_last, self.k_, self.penalizer_coef)

    def fit(
        self,
        histories: Histories,
        /,
        *,
        initial_params: ArrayLike | None = None,
        maxiter: int = 200,
        k: int | None = None,
        log_gaps: float | None = None,
        **clues: Any,
    ) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        histories, initial_params, maxiter, **clues
            As in `clv.models.fitting.likelihood_model.LikelihoodModel.fit`.
        k
            Stages of a gap; None tries 1, 2, … until the likelihood falls, up to ``K_MAX``.
        log_gaps
            The sum, over all customers and weighted like them, of the logs of the gaps between
            consecutive purchases, in the time unit of ``recency``. Needed to choose k.

        Raises
        ------
        ValueError
            When neither k nor log_gaps is given, or when k is not a whole number from 1.
        FitError
            When no time has passed for anybody.
        """
        if k is None and log_gaps is None:
            msg = "To choose k, fit needs log_gaps: the sum of the logs of all gaps."
            raise ValueError(msg)
        if k is not None and (k < 1 or k != int(k)):
            msg = f"k must be a whole number from 1, not {k}."
            raise ValueError(msg)
        del clues
        tried: dict[int, float] = {}
        best: dict[str, Any] = {}
        for stages in range(1, K_MAX + 1) if k is None else [int(k)]:
            self.k_ = stages
            super().fit(histories, initial_params=initial_params, maxiter=maxiter)
            purchases = float(histories.weights @ histories.frequency)
            # The stages have a unit of time as well; then the gaps' own density.
            self.log_likelihood_ += (stages - 1) * purchases * np.log(self._scale)
            self.log_likelihood_ += (stages - 1) * (log_gaps or 0.0)
            self.log_likelihood_ -= purchases * float(gammaln(stages))
            tried[stages] = float(self.log_likelihood_)
            if best and self.log_likelihood_ <= best["log_likelihood_"]:
                break
            best = dict(self.__dict__)
            # Next: one stage more, all of them as much shorter.
            point = np.log(self.theta_ * np.where(self.in_time, self._scale, 1.0))
            point[1] += np.log(stages / (stages + 1))
            initial_params = None if self.at_bound_ else point
        self.__dict__.update(best)
        self.log_likelihoods_ = tried
        return self

    # -- purchases to come -----------------------------------------------------------------------

    def _expected(self, histories: Histories, times: Floats, one_more: int = 0) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T, shape (n, h).

        At each stage of the gap it depends on (frequency, T) only; the history tells the stages' odds.
        ``one_more`` is added to a.
        """
        odds = self._stages(histories)[2]
        odds /= odds.sum(axis=-1, keepdims=True)
        x, age, pair = histories.pairs()
        r, alpha, a, b = self.parameters()
        h = times.size
        columns = (r + self.k_ * x, alpha + age, b + x + self.first_can_be_last)
        shape, rate, stays = (v.repeat(h) for v in columns)
        t = np.tile(times, x.size)
        expected = purchases_while_alive(self.k_, t, shape, rate, a + one_more, stays)
        by_stage = expected.reshape(x.size, h, self.k_)
        total: Floats = np.einsum("ihj,ij->ih", by_stage[pair], odds)
        return total

    def purchases_if_active(self, histories: Histories, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T; t a number or shape (n,)."""
        time = np.broadcast_to(times_ahead(t), len(histories))
        expected = np.empty(time.size)
        for each in np.unique(time):
            rows = np.flatnonzero(time == each)
            expected[rows] = self._expected(histories.take(rows), np.array([each]))[:, 0]
        return expected

    def if_active(self, histories: Histories, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Return expected purchases, P(at least one), and the median wait; see the base class."""
        chances = [self._bought_if_active(histories, float(t)) for t in times]
        soon = side_by_side(chances, len(histories))
        # Where next to nothing is expected, the closed form has the digits.
        expected = np.maximum(self._expected(histories, times), soon)
        return expected, soon, self.wait_if_alive(histories)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units."""
        time, new = times_ahead(t), Histories.new()
        expected = self._expected(new, time.ravel())[0].reshape(time.shape)
        alive = float(self.probability_alive(new)[0])
        return like(expected * alive, t)

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), shape (n, h).

        ``edges``: shape (h + 1,), ascending time units after T between which the h spans lie.
        """
        r, alpha, a, b = self.parameters()
        odds = self._stages(histories)[2]
        odds /= odds.sum(axis=-1, keepdims=True)
        x, age, pair = histories.pairs()
        times = times_ahead(edges)
        h = times.size - 1
        start, end = np.tile(times[:-1], x.size), np.tile(times[1:], x.size)
        columns = (r + self.k_ * x, alpha + age, b + x + self.first_can_be_last)
        shape, rate, stays = (v.repeat(h) for v in columns)
        chance = purchase_between(self.k_, start, end, shape, rate, a, stays)
        by_stage = chance.reshape(x.size, h, self.k_)
        between: Floats = np.einsum("ihj,ij->ih", by_stage[pair], odds)
        return between

    def stays_active(self, histories: Histories, times: Floats) -> Floats:
        """Return P(alive at T + t | alive at T), shape (n, h).

        The expected number of last purchases is the probability of having left: ``a / (a + B)``
        times the expected purchases under beta(a + 1, B), as in `clv.models.purchase.draws.stays_alive`.
        """
        _, _, a, b = self.parameters()
        expected = self._expected(histories, times, one_more=1)
        left = (a / (a + b + histories.frequency + self.first_can_be_last))[:, None] * expected
        return np.clip(1 - left, 0.0, 1.0)

    def draw(self, histories: Histories, rng: np.random.Generator) -> RegularDraws:
        """Draw each customer from the posterior given the history.

        Given alive and j stages into the gap, the rate of stages is gamma(n + j, alpha + T); the
        chance of leaving is beta(a, b + y), independent of both.
        """
        _, _, a, b = self.parameters()
        size = len(histories)
        alive = rng.random(size) < self.probability_alive(histories)
        shape, rate, odds = self._stages(histories)
        reached = odds.cumsum(axis=-1)
        stage = (rng.random(size)[:, None] * reached[:, -1:] >= reached[:, :-1]).sum(axis=1)
        stages = rng.standard_gamma(shape + stage) / rate
        leaves = rng.beta(a, b + histories.frequency + self.first_can_be_last)
        return RegularDraws(self.k_, stages, stage, purchases_to_last(rng, leaves), alive)

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
        tried = {str(k): value for k, value in self.log_likelihoods_.items()}
        return {**super().card(), "k": self.k_, "log_likelihoods": tried}

    @classmethod
    def from_card(cls, card: FittedCard) -> Self:
        """Rebuild from `card`: forecasts are the same to the last bit; `data` is not there."""
        model = super().from_card(card)
        model.k_ = int(card["k"])
        model.log_likelihoods_ = {int(k): float(v) for k, v in card["log_likelihoods"].items()}
        return model


class MBGCNBD(CNBDModel):
    """MBG/CNBD-k: the first purchase can be the last one, as in MBG/NBD.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer
    behavior the easy way, IJRM 38(1). Platzer & Reutterer (2016), Marketing Science 35(5).
    """

    name: ClassVar[str] = "mbg-cnbd"
    first_can_be_last: ClassVar[int] = 1


class BGCNBD(CNBDModel):
    """BG/CNBD-k: nobody leaves before the first repeat purchase, as in BG/NBD."""

    name: ClassVar[str] = "bg-cnbd"
    first_can_be_last: ClassVar[int] = 0
