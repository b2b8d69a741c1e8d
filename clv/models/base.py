"""What every purchase model and every spend model must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from clv.core.schema import FittedCard, PurchaseCard
    from clv.core.types import Bools, Counts, Floats
    from clv.models.histories import Histories

    Random = np.random.Generator

#: Purchases between two days that are given a day of their own; more could not be told apart.
MARKS: Final = 3


class Followed(NamedTuple):
    """What n customers do until each of h days.

    Attributes
    ----------
    lifetime
        Shape (n,): time until each leaves; 0 for who has left, infinite for never.
    purchases
        Shape (n, h): purchases until each day.
    mark_customer, mark_day
        Some purchases, at most ``MARKS`` between two of the days: position of the customer, day.
    """

    lifetime: Floats
    purchases: Counts
    mark_customer: NDArray[np.intp]
    mark_day: Floats


class Drawn(Protocol):
    """Customers drawn for a simulation that starts now, whatever their model."""

    @property
    def rate(self) -> Floats:
        """Purchases per time unit while alive, shape (n,)."""

    @property
    def alive(self) -> Bools:
        """Whether the customer is still alive now, shape (n,)."""

    def corrected(self, rng: Random, p_alive: Floats, faster: Floats) -> Drawn:
        """Return the customers alive with another chance, and buying so many times as fast."""

    def follow(self, rng: Random, days: Floats) -> Followed:
        """Follow each customer through ascending days after now, shape (h,)."""

    def totals(self, rng: Random, days: Floats, runs: int) -> tuple[Counts, Counts]:
        """Count who is alive, and purchases until each day, by run: (runs, h) each.

        The customers are those of the runs, one run after the other.
        """

    def seen(self, rng: Random, age: Floats) -> tuple[Floats, Floats]:
        """Return each one's purchases within ``age``, and the time of the last one; shape (n,)."""


class PurchaseScores(NamedTuple):
    """Forecast of ``n`` histories at ``h`` horizons.

    Attributes
    ----------
    p_alive
        Shape (n,). Probability that the customer is still active at T.
    p_purchase
        Shape (n, h). Probability of at least one purchase in (T, T + t].
    purchases
        Shape (n, h). Expected number of purchases in (T, T + t].
    next_order_days
        Shape (n,). Median wait in days for the next purchase of a customer still active.
    purchases_if_active
        Shape (n, h). The same as ``purchases`` for a customer known to be active at T:
        ``purchases = p_alive * purchases_if_active``.
    p_silent
        Shape (n,). Probability that a customer who stayed active after the last purchase has
        bought nothing since: small when somebody is overdue.
    """

    p_alive: Floats
    p_purchase: Floats
    purchases: Floats
    next_order_days: Floats
    purchases_if_active: Floats
    p_silent: Floats

    @classmethod
    def of_active(
        cls,
        p_alive: Floats,
        *,
        p_purchase: Floats,
        purchases: Floats,
        next_order_days: Floats,
        p_silent: Floats,
    ) -> Self:
        """Build from the chances and expectations of customers still active; shapes as above."""
        alive = p_alive[:, None]
        return cls(
            p_alive=p_alive,
            p_purchase=p_purchase * alive,
            purchases=purchases * alive,
            next_order_days=next_order_days,
            purchases_if_active=purchases,
            p_silent=p_silent,
        )


class PurchaseModel(Protocol):
    """How often customers buy and when they leave; all times in days."""

    @property
    def name(self) -> str:
        """What the model is called, in cards and choices."""

    def fit(self, histories: Histories, /, **clues: Any) -> Self:
        """Fit on distinct histories; return self.

        ``clues`` may hold what only some models look at: ``log_gaps`` (`clv.models.purchase.cnbd`),
        ``past`` (`clv.models.purchase.rules`).
        """

    def probability_alive(self, histories: Histories) -> Floats:
        """Return P(active at T), shape (n,)."""

    def score(self, histories: Histories, horizons: ArrayLike) -> PurchaseScores:
        """Forecast each history at each horizon (days after T)."""

    def draw(self, histories: Histories, rng: np.random.Generator) -> Drawn:
        """Draw each customer from the posterior given the history."""

    def probability_alive_after(self, histories: Histories, times: ArrayLike) -> Floats:
        """Return P(alive at T + t), shape (n, h); times in days after T."""

    def p_purchase_between(self, histories: Histories, edges: ArrayLike) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h).

        ``edges`` are h + 1 ascending times in days after T.
        """

    def wait_if_alive(self, histories: Histories, q: ArrayLike = 0.5) -> Floats:
        """Return the quantile q of the wait from T on, for a customer active at T; shape (n,)."""

    def due(self, histories: Histories, q: ArrayLike = 0.9) -> Floats:
        """Return the quantile q of the wait after the last purchase, had the customer stayed."""

    def card(self) -> PurchaseCard:
        """Return everything that is needed to score again: JSON types only."""


class SpendModel(Protocol):
    """What one purchase of a customer is worth."""

    name: ClassVar[str]

    def fit(
        self,
        frequency: ArrayLike,
        monetary_value: ArrayLike,
        weights: ArrayLike | None = None,
    ) -> SpendModel:
        """Fit on repeat buyers with a positive value; return self."""

    def order_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Return the expected value of a future purchase, shape (n,), currency units."""

    def card(self) -> FittedCard:
        """Return everything that is needed to score again: JSON types only."""
