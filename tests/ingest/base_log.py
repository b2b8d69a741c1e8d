"""One small log of orders, which tests write in many forms."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Order:
    customer: str
    number: str
    at: datetime
    cents: int

    @property
    def value(self):
        return self.cents / 100

    @property
    def day(self):
        return f"{self.at:%Y-%m-%d}"


@dataclass(frozen=True)
class Line:
    """One article of an order: a quantity at a price in whole cents."""

    order: Order
    product: str
    quantity: int
    price: int

    @property
    def cents(self):
        return self.quantity * self.price


def orders(customers=25, number=70, seed=3):
    """Orders in the order of their days: some customers buy often, others once."""
    chance = random.Random(seed)  # noqa: S311 - tests need no secrets
    days = sorted(chance.randrange(360 * 24 * 60) for _ in range(number))
    return [
        Order(
            f"K{1 + int(customers * chance.random() ** 2):03d}",
            str(5001 + 3 * i),
            datetime(2022, 1, 2) + timedelta(minutes=minutes),  # noqa: DTZ001 - a shop's own clock
            chance.randrange(500, 180_000),
        )
        for i, minutes in enumerate(days)
    ]


def lines(of, seed=5):
    """One to four lines for each order, no article twice; every article has its price."""
    chance = random.Random(seed)  # noqa: S311 - tests need no secrets
    prices = {f"SKU-{i:02d}": chance.randrange(199, 9_999) for i in range(12)}
    return [
        Line(order, product, chance.randint(1, 5), prices[product])
        for order in of
        for product in chance.sample(sorted(prices), chance.randint(1, 4))
    ]


def written(header, rows, delimiter=","):
    """Return a table as text, quoted where that is needed."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue()
