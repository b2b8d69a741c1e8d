"""Invented customers of a marketplace, whose behaviour is known: who they are and what they buy.

Everybody begins with one delivered order. Further ones come as a Poisson process of the customer's age
t (days since the day of the first order), from the day after the first order's review (its delivery,
where there is none) on, with the rate

    λ · m · exp(−t / FADE).

- λ is `HEAVY_RATE` for a share `HEAVY` of the customers and `LIGHT_RATE` for the others. Nobody can see
  which: a second order soon after the first gives a heavy buyer away.
- m is the product of what is planted: the customer's state (`STATES`), the category of the first order
  (`CATEGORIES`), its review (`GOOD_REVIEW`, `BAD_REVIEW`) and a late delivery (`LATE`). It multiplies the
  expected number of further orders. How somebody pays, and where the seller is, matters not at all.

What an order is worth is lognormal around the customer's own level and the level of the order's
category; a further order is of the first one's category with chance `LOYAL`, else of any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tools.samples.histories import day

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from clv.core.types import Counts, Floats


CUSTOMERS: Final = 20_000
START: Final = day("2021-01-01")
#: First day after the last order.
END: Final = day("2024-01-01")

HEAVY: Final = 0.035
HEAVY_RATE: Final = 0.012
LIGHT_RATE: Final = 0.00006
FADE: Final = 400.0
LOYAL: Final = 0.5

#: State → share of the customers, and multiplier of further orders.
STATES: Final = {
    "SP": (0.40, 1.0),
    "RJ": (0.14, 1.0),
    "MG": (0.12, 1.0),
    "RS": (0.10, 1.6),
    "PR": (0.08, 1.0),
    "BA": (0.07, 0.5),
    "SC": (0.05, 1.6),
    "CE": (0.04, 0.5),
}
#: Category → share of the orders, level of an order's value, multiplier of further orders.
CATEGORIES: Final = {
    "bed_bath_table": (0.17, 0.9, 1.0),
    "health_beauty": (0.15, 1.0, 1.8),
    "sports_leisure": (0.13, 1.0, 1.0),
    "furniture_decor": (0.12, 1.4, 0.5),
    "housewares": (0.11, 0.8, 1.0),
    "computers_accessories": (0.10, 1.5, 1.0),
    "toys": (0.08, 0.9, 0.7),
    "pet_shop": (0.06, 0.7, 2.5),
    "watches_gifts": (0.05, 2.0, 1.0),
    "stationery": (0.03, 0.5, 1.0),
}
GOOD_REVIEW: Final = 1.4
BAD_REVIEW: Final = 0.5
LATE: Final = 0.5
#: Score 0 stands for no review.
SCORES: Final = (0, 1, 2, 3, 4, 5)
_SCORES_IN_TIME: Final = (0.04, 0.05, 0.04, 0.08, 0.21, 0.58)
_SCORES_LATE: Final = (0.04, 0.34, 0.14, 0.14, 0.15, 0.19)
_LATE_SHARE: Final = 0.09
#: Deliveries take at most this long, so that within a month of the order its review is known.
_LONGEST: Final = 21

BASE: Final = 85.0
#: Standard deviations of the logarithm of an order's value: between customers, and within.
BETWEEN: Final = 0.7
WITHIN: Final = 0.45


@dataclass(frozen=True)
class Orders:
    """Delivered orders, first ones included, in order of time; all arrays have shape (orders,).

    Attributes
    ----------
    customer
        Position of the customer.
    day
        Days since `START`.
    category, score, late, delivery_days, review_days
        Position in `CATEGORIES`; 0 for none; whether; calendar days after the order (of the review: 0
        for none).
    value
        What was paid in all, in whole cents.
    """

    customer: Counts
    day: Counts
    category: Counts
    score: Counts
    late: NDArray[np.bool_]
    delivery_days: Counts
    review_days: Counts
    value: Floats


@dataclass(frozen=True)
class Market:
    """What happened, and what nobody can see.

    Attributes
    ----------
    state, first_day
        Of each customer: position in `STATES`; days since `START`. Shape (customers,).
    begins
        Age in days from which further orders can come, shape (customers,).
    multiplier
        Of further orders, shape (customers,).
    heavy
        Whether a heavy buyer, shape (customers,).
    orders
        All orders that were delivered.
    """

    state: Counts
    first_day: Counts
    begins: Counts
    multiplier: Floats
    heavy: NDArray[np.bool_]
    orders: Orders


def simulate(rng: np.random.Generator, customers: int = CUSTOMERS) -> Market:
    """Draw the customers of a marketplace that grows, busiest in November, and all their orders."""
    days = (END - START).days
    calendar = np.arange(days)
    month = (np.datetime64(START.date()) + calendar).astype("datetime64[M]").astype(int) % 12
    busy = (1 + calendar / days) * np.where(month == 10, 1.6, 1.0)
    first_day = np.sort(rng.choice(days, customers, p=busy / busy.sum()))
    state = rng.choice(len(STATES), customers, p=[share for share, _ in STATES.values()])
    category = _categories(rng, customers)
    score, late, delivery, review = _fates(rng, customers)

    of_state = np.array([m for _, m in STATES.values()])[state]
    of_category = np.array([m for *_, m in CATEGORIES.values()])[category]
    of_review = np.select([score >= 4, (score == 1) | (score == 2)], [GOOD_REVIEW, BAD_REVIEW], 1.0)
    multiplier = of_state * of_category * of_review * np.where(late, LATE, 1.0)
    begins = np.maximum(delivery, review) + 1
    heavy = rng.random(customers) < HEAVY

    rate = np.where(heavy, HEAVY_RATE, LIGHT_RATE) * multiplier
    ends = days - first_day
    many = rng.poisson(rate * faded(begins, ends))
    who = np.repeat(np.arange(customers), many)
    near, far = (np.exp(-age[who] / FADE) for age in (begins, ends))
    age = -FADE * np.log(near - rng.random(len(who)) * (near - far))
    again = np.where(rng.random(len(who)) < LOYAL, category[who], _categories(rng, len(who)))
    fate = _fates(rng, len(who))

    buyer = np.concatenate([np.arange(customers), who])
    bought = np.concatenate([first_day, first_day[who] + np.floor(age).astype(int)])
    kind = np.concatenate([category, again])
    level = rng.normal(0, BETWEEN, customers)
    logs = level[buyer] + rng.normal(0, WITHIN, len(buyer))
    value = np.maximum(np.round(typical(kind) * np.exp(logs), 2), 1.0)
    joined = [
        np.concatenate(pair) for pair in zip((score, late, delivery, review), fate, strict=True)
    ]
    order = np.lexsort((buyer, bought))
    columns = [c[order] for c in (buyer, bought, kind, *joined, value)]
    return Market(state, first_day, begins, multiplier, heavy, Orders(*columns))


def faded(since: Counts, until: Counts) -> Floats:
    """Return the integral of exp(−t / FADE) between two ages in days; 0 where it is empty."""
    late = np.maximum(since, until)
    return FADE * (np.exp(-since / FADE) - np.exp(-late / FADE))


def typical(category: Counts) -> Floats:
    """Return the median value of an order of a category."""
    return BASE * np.array([level for _, level, _ in CATEGORIES.values()])[category]


def _categories(rng: np.random.Generator, n: int) -> Counts:
    return rng.choice(len(CATEGORIES), n, p=[share for share, *_ in CATEGORIES.values()])


def _fates(rng: np.random.Generator, n: int) -> tuple[Counts, NDArray[np.bool_], Counts, Counts]:
    """Draw what becomes of orders: score, whether late, days to the delivery and to the review."""
    late = rng.random(n) < _LATE_SHARE
    score = np.where(
        late, rng.choice(SCORES, n, p=_SCORES_LATE), rng.choice(SCORES, n, p=_SCORES_IN_TIME)
    )
    delivery = np.minimum(
        3 + rng.poisson(6, n) + np.where(late, rng.integers(2, 8, n), 0), _LONGEST
    )
    review = np.where(score > 0, delivery + 1 + rng.integers(0, 4, n), 0)
    return score, late, delivery, review


def expected(market: Market, known: Counts, until: Counts) -> tuple[Floats, Floats]:
    """Return what customers are worth, in truth, as far as anybody could know it at some age.

    Bayes' rule over what nobody sees: whether a heavy buyer (by how many orders came so far) and the
    own level of order values (by what was paid so far).

    Parameters
    ----------
    known
        Age in days of each customer at which the question is asked; the review of the first order must
        be in. Shape (customers,).
    until
        Age at which the answer ends, shape (customers,).

    Returns
    -------
    (so far, to come)
        Revenue before ``known``, and expected revenue from then to ``until``; shape (customers,).

    Raises
    ------
    ValueError
        Somebody is asked about before the first order's review is in.
    """
    if (known < market.begins).any():
        msg = "The first order's review must be known: ask a month after it, or later."
        raise ValueError(msg)
    orders, n = market.orders, len(market.first_day)
    seen = orders.day - market.first_day[orders.customer] < known[orders.customer]
    who = orders.customer[seen]
    bought = np.bincount(who, minlength=n)
    so_far = np.bincount(who, orders.value[seen], n).astype(float)

    lived = market.multiplier * faded(market.begins, known)
    heavy = HEAVY * HEAVY_RATE ** (bought - 1.0) * np.exp(-HEAVY_RATE * lived)
    light = (1 - HEAVY) * LIGHT_RATE ** (bought - 1.0) * np.exp(-LIGHT_RATE * lived)
    rate = (heavy * HEAVY_RATE + light * LIGHT_RATE) / (heavy + light)
    purchases = rate * market.multiplier * faded(known, until)

    logs = np.log(orders.value[seen] / typical(orders.category[seen]))
    weight = bought * BETWEEN**2 + WITHIN**2
    level = BETWEEN**2 * np.bincount(who, logs, n) / weight
    spread = BETWEEN**2 * WITHIN**2 / weight + WITHIN**2
    first = np.full(n, -1)
    first[orders.customer[::-1]] = orders.category[::-1]
    shares = np.array([share for share, *_ in CATEGORIES.values()])
    anything = float(shares @ typical(np.arange(len(CATEGORIES))))
    around = LOYAL * typical(first) + (1 - LOYAL) * anything
    return so_far, purchases * around * np.exp(level + spread / 2)


def date_of(offset: int) -> date:
    """Return the date that lies so many days after `START`."""
    return (np.datetime64(START.date()) + offset).item()
