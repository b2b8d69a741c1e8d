"""MBG/NBD and BG/NBD: after a purchase a customer may leave.

The two models differ in one thing only: whether the first purchase can be the last one. In the
formulas that is one more chance to leave, ``y = x + first`` instead of ``x``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from clv.models.fitting.inputs import like, times_ahead
from clv.models.purchase.activity import purchase_between
from clv.models.purchase.beta_geo_expectation import purchases_while_alive
from clv.models.purchase.beta_geo_formulas import count_probability, probability_alive
from clv.models.purchase.beta_geo_likelihood import BetaGeoLikelihood
from clv.models.purchase.draws import beta_geo_draws, stays_alive
from clv.models.purchase.gamma_rate import GammaRateModel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.types import Floats
    from clv.models.histories import Histories
    from clv.models.purchase.draws import Draws

NAMES: Final = ("r", "alpha", "a", "b")


class BetaGeoModel(GammaRateModel):
    """Formulas of both, on plain arrays; goes before a lifetimes fitter where one is wanted.

    Attributes
    ----------
    params_
        pandas Series r, alpha (time units), a, b.
    """

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = NAMES
    in_time: ClassVar[tuple[bool, ...]] = (False, True, False, False)
    # First where lifetimes starts, then hardly any repeat purchases, nobody leaving, most leaving,
    # all alike.
    starts: ClassVar[tuple[tuple[float, ...], ...]] = (
        (0.1, 0.1, 0.1, 0.1),
        (-4.0, -3.0, -1.0, 0.0),
        (0.0, -2.0, -4.0, 0.0),
        (0.0, 0.0, 1.0, -2.0),
        (3.0, 3.0, 1.0, 2.0),
    )
    #: 1 if the first purchase can be the last one.
    first_can_be_last: ClassVar[int]

    def likelihood(self, histories: Histories) -> BetaGeoLikelihood:
        """Return the likelihood; time is scaled so that the largest T is 1."""
        return BetaGeoLikelihood(histories, self.first_can_be_last, self.penalizer_coef)

    def _posterior(self, x: Floats, age: Floats) -> tuple[Floats, Floats, float, Floats]:
        """Return the rate's gamma and the chance of leaving's beta distribution, given active."""
        r, alpha, a, b = self.parameters()
        return r + x, alpha + age, a, b + x + self.first_can_be_last

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(alive at T | frequency, recency, T), shape (n,).

        Batislam et al. (2007), appendix A, eq. 5; Fader & Hardie, note 021, for BG/NBD. The odds
        are formed in logarithms: nothing overflows.
        """
        return probability_alive(self.parameters(), histories, self.first_can_be_last)

    def pair_purchases(self, x: Floats, age: Floats, t: ArrayLike) -> Floats:
        """Return the expected purchases in (T, T + t] given active at T; arguments broadcast.

        See `clv.models.purchase.beta_geo_expectation`.
        """
        return purchases_while_alive(np.asarray(t, dtype=float), *self._posterior(x, age))

    def pair_chances(self, x: Floats, age: Floats, times: Floats) -> Floats:
        """Return P(at least one purchase in (T, T + t] | active at T), shape (pairs, h).

        Alive, the wait for the next purchase is gamma-mixed exponential, that is Lomax:
        ``1 - ((alpha + T) / (alpha + T + t))^(r + x)``.
        """
        shape, rate, _, _ = self._posterior(x[:, None], age[:, None])
        chances: Floats = -np.expm1(-shape * np.log1p(times / rate))
        return chances

    def pair_chances_between(self, x: Floats, age: Floats, edges: Floats) -> Floats:
        """Return P(at least one purchase in (T + t1, T + t2] | active at T), shape (pairs, h).

        See `clv.models.purchase.activity`.
        """
        return purchase_between(edges, *self._posterior(x, age))

    def stays_active(self, histories: Histories, times: Floats) -> Floats:
        """Return P(alive at T + t | alive at T), shape (n, h)."""
        x, age, pair = histories.pairs()
        return stays_alive(times, *self._posterior(x[:, None], age[:, None]))[pair]

    def draw(self, histories: Histories, rng: np.random.Generator) -> Draws:
        """Draw each customer from the posterior given the history."""
        alive = self.probability_alive(histories)
        return beta_geo_draws(rng, alive, *self._posterior(histories.frequency, histories.T))

    # -- a new customer; arguments broadcast, as in lifetimes ---------------------------------------

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases of a new customer in its first t time units.

        Fader et al. (2005), eq. 9; with the chance ``a / (a + b)`` of leaving at once for MBG/NBD.
        """
        _, _, a, b = self.parameters()
        expected = self.pair_purchases(np.array(0.0), np.array(0.0), times_ahead(t))
        stays = b / (a + b) if self.first_can_be_last else 1.0
        return like(stays * expected, t)

    def probability_of_n_purchases_up_to_time(self, t: ArrayLike, n: ArrayLike) -> Any:
        """Return P(a new customer makes exactly n repeat purchases in its first t time units).

        Finite for every n; see `clv.models.purchase.beta_geo_formulas.count_probability`.
        """
        time, count = times_ahead(t), np.asarray(n)
        chances = count_probability(self.parameters(), time, count, self.first_can_be_last)
        return like(chances, t, n)


class MBGNBDCore(BetaGeoModel):
    """MBG/NBD without lifetimes' base class; `clv.models.purchase.mbg_nbd.MBGNBD` is the same with it."""

    name: ClassVar[str] = "mbg-nbd"
    first_can_be_last: ClassVar[int] = 1


class BGNBDCore(BetaGeoModel):
    """BG/NBD without lifetimes' base class; `clv.models.purchase.bg_nbd.BGNBD` is the same with it."""

    name: ClassVar[str] = "bg-nbd"
    first_can_be_last: ClassVar[int] = 0
