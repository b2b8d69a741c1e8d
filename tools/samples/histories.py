"""Invented customers who buy as the MBG/NBD and Gamma-Gamma models say, with a busier year end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY: Final = 86_400
#: Purchases in November and December relative to the other months.
YEAR_END: Final = 1.7


@dataclass(frozen=True)
class Shop:
    """How the customers of one invented shop behave.

    Parameters
    ----------
    customers
        How many there are.
    start, end
        First and last day, both UTC; customers come until ``last_arrival``.
    r, alpha
        Gamma distribution of the purchase rate per day: shape, inverse scale.
    a, b
        Beta distribution of the chance to leave after a purchase, the first one included.
    p, q, v
        Gamma-Gamma distribution of what an order is worth; its mean is p·v / (q − 1).
    """

    customers: int
    start: datetime
    end: datetime
    last_arrival: datetime
    r: float = 0.7
    alpha: float = 24.0
    a: float = 0.9
    b: float = 4.2
    p: float = 4.0
    q: float = 4.5
    v: float = 32.0


@dataclass(frozen=True)
class Purchases:
    """Purchases in order of time: customer number, seconds since 1970 (UTC) and value."""

    customer: NDArray[np.int64]
    at: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)


def simulate(shop: Shop, rng: np.random.Generator) -> Purchases:
    """Draw every purchase of every customer of `shop`.

    Purchases follow each customer's own Poisson process on a clock that runs `YEAR_END` times as
    fast in November and December; after each purchase the customer may leave for good (Batislam
    et al. 2007). Order values are gamma distributed around each customer's own level (Fader and
    Hardie 2013).
    """
    clock, calendar = _seasonal_clock(shop.start, shop.end)
    last = np.interp(shop.last_arrival.timestamp(), calendar, clock)
    rate = rng.gamma(shop.r, 1 / shop.alpha, shop.customers)
    leaves = rng.beta(shop.a, shop.b, shop.customers)
    level = rng.gamma(shop.q, 1 / shop.v, shop.customers)

    customer = np.arange(shop.customers)
    now = rng.uniform(0, last, shop.customers)
    customers, moments = [customer], [now]
    while len(customer):
        stays = rng.random(len(customer)) >= leaves[customer]
        customer, now = customer[stays], now[stays]
        now = now + rng.exponential(1 / rate[customer])
        inside = now < clock[-1]
        customer, now = customer[inside], now[inside]
        customers.append(customer)
        moments.append(now)

    who = np.concatenate(customers)
    at = _opening_hours(np.interp(np.concatenate(moments), clock, calendar), rng)
    value = np.round(rng.gamma(shop.p, 1 / level[who]), 2)
    order = np.lexsort((who, at))
    return Purchases(who[order], at[order], np.maximum(value, 0.5)[order])


def _seasonal_clock(
    start: datetime, end: datetime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shop's clock in busy-ness days, and the Unix seconds that go with it."""
    days = (end - start).days
    months = [(start + timedelta(days=day)).month for day in range(days)]
    speed = np.array([YEAR_END if month >= 11 else 1.0 for month in months])
    calendar = start.timestamp() + DAY * np.arange(days + 1, dtype=float)
    return np.concatenate([[0.0], np.cumsum(speed)]), calendar


def _opening_hours(at: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Keep the day and draw the time of day again: most people buy between 9 and 22 o'clock."""
    seconds = 3600 * rng.triangular(6, 19, 23.9, len(at))
    return (at // DAY * DAY + seconds).astype(np.int64)


def moment(at: int) -> datetime:
    """Turn Unix seconds into a datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)


def day(text: str) -> datetime:
    """Turn an ISO date into its midnight in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
