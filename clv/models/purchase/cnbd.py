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

from clv.models.base import PurchaseScores
from clv.models.fitting.inputs import distinct_pairs, like, needed_recency, side_by_side
from clv.models.purchase.beta_geo import LONGEST_WAIT, BetaGeoModel
from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood
from clv.models.purchase.cnbd_expectation import purchase_between, purchases_while_alive
from clv.models.purchase.cnbd_likelihood import CNBDLikelihood
from clv.models.purchase.erlang_gap import ErlangGapModel
from clv.models.purchase.regular_draws import RegularDraws, purchases_to_last

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

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

    def likelihood(
        self, frequency: Floats, recency: Floats, T: Floats, weights: Floats
    ) -> BetaGeoLikelihood:
        """Return the likelihood of these triples; time is scaled so that the largest T is 1."""
        data, first = (frequency, recency, T, weights), self.first_can_be_last
        if self.k_ == 1:
            return BetaGeoLikelihood(*data, first, self.penalizer_coef)
        return CNBDLikelihood(*data, first, self.k_, self.penalizer_coef)

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        initial_params: ArrayLike | None = None,
        *args: Any,
        k: int | None = None,
        log_gaps: float | None = None,
        **options: Any,
    ) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        frequency, recency, T, weights, initial_params, *args, **options
            As in `clv.models.fitting.triples.TripleModel.fit`.
        k
            Stages of a gap; None tries 1, 2, … until the likelihood falls, up to ``K_MAX``.
        log_gaps
            The sum, over all customers and weighted like them, of the logs of the gaps between
            consecutive purchases, in the time unit of ``recency``. Needed to choose k.

        Raises
        ------
        ValueError
            When neither k nor log_gaps is given, when k is not a whole number from 1, or when the
            triples contradict themselves.
        FitError
            When no time has passed for anybody.
        """
        if k is None and log_gaps is None:
            msg = "To choose k, fit needs log_gaps: the sum of the logs of all gaps."
            raise ValueError(msg)
        if k is not None and (k < 1 or k != int(k)):
            msg = f"k must be a whole number from 1, not {k}."
            raise ValueError(msg)
        tried: dict[int, float] = {}
        best: dict[str, Any] = {}
        for stages in range(1, K_MAX + 1) if k is None else [int(k)]:
            self.k_ = stages
            super().fit(frequency, recency, T, weights, initial_params, *args, **options)
            purchases = float(self.columns_["weights"] @ self.columns_["frequency"])
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

    def _if_active(
        self, x: Floats, t_x: Floats, age: Floats, times: Floats, one_more: int = 0
    ) -> Floats:
        """Return the expected purchases in (T, T + t] of each triple if active, shape (n, h).

        At each stage of the gap it depends on (frequency, T) only; the triple knows the stages' odds.
        ``one_more`` is added to a.
        """
        odds = self._stages(x, t_x, age)[2]
        odds /= odds.sum(axis=-1, keepdims=True)
        x, age, pair = distinct_pairs(x, age)
        r, alpha, a, b = self.parameters()
        h = times.size
        columns = (r + self.k_ * x, alpha + age, b + x + self.first_can_be_last)
        shape, rate, stays = (v.repeat(h) for v in columns)
        t = np.tile(times, x.size)
        expected = purchases_while_alive(self.k_, t, shape, rate, a + one_more, stays)
        by_stage = expected.reshape(x.size, h, self.k_)
        total: Floats = np.einsum("ihj,ij->ih", by_stage[pair], odds)
        return total

    def conditional_expected_number_of_purchases_up_to_time(
        self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Any:
        """Return the expected purchases in (T, T + t] given the history."""
        time, x, t_x, age = self._triple(t, frequency, recency, T)
        expected = np.empty(time.size)
        for each in np.unique(time):
            rows = np.flatnonzero(time.ravel() == each)
            some_x, some_t_x, some_age = (v.ravel()[rows] for v in (x, t_x, age))
            expected[rows] = self._if_active(some_x, some_t_x, some_age, np.array([each]))[:, 0]
        alive = self.conditional_probability_alive(x, t_x, age).reshape(time.shape)
        return like(expected.reshape(time.shape) * alive, frequency, recency, T, t)

    def predict(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Any:
        """Return the expected purchases in (T, T + t]; lifetimes' short name for it."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units."""
        time, new = np.asarray(t, dtype=float), np.zeros(1)
        expected = self._if_active(new, new, new, time.ravel())[0].reshape(time.shape)
        alive = float(self.conditional_probability_alive(0, 0, 0)[0])
        return like(expected * alive, t)

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T).

        Parameters
        ----------
        frequency, T, recency
            Shape (n,), in the time unit of ``fit``.
        edges
            Shape (h + 1,), ascending: time units after T between which the h spans lie.

        Returns
        -------
        Floats
            Shape (n, h).

        Raises
        ------
        ValueError
            Without recency.
        """
        r, alpha, a, b = self.parameters()
        triples = self._triple(frequency, needed_recency(recency), T)
        x, t_x, age = (v.ravel() for v in triples)
        odds = self._stages(x, t_x, age)[2]
        odds /= odds.sum(axis=-1, keepdims=True)
        x, age, pair = distinct_pairs(x, age)
        times = np.asarray(edges, dtype=float)
        h = times.size - 1
        start, end = np.tile(times[:-1], x.size), np.tile(times[1:], x.size)
        columns = (r + self.k_ * x, alpha + age, b + x + self.first_can_be_last)
        shape, rate, stays = (v.repeat(h) for v in columns)
        chance = purchase_between(self.k_, start, end, shape, rate, a, stays)
        by_stage = chance.reshape(x.size, h, self.k_)
        between: Floats = np.einsum("ihj,ij->ih", by_stage[pair], odds)
        return between

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> RegularDraws:
        """Draw each customer from the posterior given their triple; (0, 0, 0) is a new customer.

        Given alive and j stages into the gap, the rate of stages is gamma(n + j, alpha + T); the
        chance of leaving is beta(a, b + y), independent of both.
        """
        _, _, a, b = self.parameters()
        x, t_x, age = (v.ravel() for v in self._triple(frequency, recency, T))
        alive = rng.random(x.size) < self.conditional_probability_alive(x, t_x, age)
        shape, rate, odds = self._stages(x, t_x, age)
        reached = odds.cumsum(axis=-1)
        stage = (rng.random(x.size)[:, None] * reached[:, -1:] >= reached[:, :-1]).sum(axis=1)
        stages = rng.standard_gamma(shape + stage) / rate
        leaves = rng.beta(a, b + x + self.first_can_be_last)
        return RegularDraws(self.k_, stages, stage, purchases_to_last(rng, leaves), alive)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h); for (0, 0, 0) that of a new customer at t.

        The expected number of last purchases is the probability of having left: ``a / (a + B)``
        times the expected purchases under beta(a + 1, B), as in `clv.models.purchase.draws.stays_alive`.
        """
        _, _, a, b = self.parameters()
        x, t_x, age = (v.ravel() for v in self._triple(frequency, recency, T))
        after = np.atleast_1d(np.asarray(times, dtype=float))
        expected = self._if_active(x, t_x, age, after, one_more=1)
        left = (a / (a + b + x + self.first_can_be_last))[:, None] * expected
        alive = self.conditional_probability_alive(x, t_x, age)
        return alive[:, None] * np.clip(1 - left, 0.0, 1.0)

    def score(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        horizons: ArrayLike,
    ) -> PurchaseScores:
        """Forecast n triples at h horizons; every number is finite.

        Parameters
        ----------
        frequency, recency, T
            Shape (n,), in the time unit of ``fit``.
        horizons
            Shape (h,), time units after T.

        Returns
        -------
        PurchaseScores
            The median wait is cut off at ``LONGEST_WAIT``.
        """
        x, t_x, age = (v.ravel() for v in self._triple(frequency, recency, T))
        times = np.atleast_1d(np.asarray(horizons, dtype=float))
        alive = self.conditional_probability_alive(x, t_x, age)
        soon = side_by_side([self._bought_if_active(x, t_x, age, t) for t in times], x.size)
        # Where next to nothing is expected, the closed form has the digits.
        if_active = np.maximum(self._if_active(x, t_x, age, times), soon)
        median = np.asarray(self.wait_if_alive(x, age, recency=t_x))
        return PurchaseScores.of_active(
            alive,
            p_purchase=soon,
            purchases=if_active,
            next_order_days=np.minimum(median, LONGEST_WAIT),
            p_silent=self.p_silent(x, t_x, age),
        )

    def card(self) -> dict[str, Any]:
        """Return everything that is needed to score again: JSON types only."""
        tried = {str(k): value for k, value in self.log_likelihoods_.items()}
        return super().card() | {"k": self.k_, "log_likelihoods": tried}

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Self:
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
