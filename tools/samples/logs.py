"""Two invented logs: a plain transaction log and a shop's order lines, both with some dirt.

Dirt is what real files hold: each kind damages a known number of rows, so that a report on the
file can be compared with what was done to it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from tools.samples.histories import Shop, day, moment, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: One row in, the rows that take its place out.
    Damage = Callable[[list[str], np.random.Generator], list[list[str]]]

TRANSACTIONS: Final = Shop(
    customers=8_700, start=day("2017-01-01"), end=day("2019-01-01"), last_arrival=day("2018-10-01")
)
ORDER_LINES: Final = Shop(
    customers=2_900,
    start=day("2016-03-01"),
    end=day("2017-10-17"),
    last_arrival=day("2017-09-15"),
    r=0.6,
    alpha=38.0,
    v=38.0,
)

TRANSACTIONS_DIRT: Final = {
    "missing_customer": 60,
    "bad_date": 24,
    "future_date": 2,
    "bad_number": 20,
    "negative": 18,
    "refund": 40,
    "zero_value": 30,
    "duplicate": 150,
    "extra_field": 5,
    "short_row": 4,
}
ORDER_LINES_DIRT: Final = {
    "missing_customer": 25,
    "bad_date": 15,
    "bad_number": 12,
    "negative": 6,
    "refund": 45,
    "zero_value": 30,
    "duplicate": 120,
    "extra_field": 3,
    "short_row": 3,
}


def transactions(rng: np.random.Generator) -> str:
    """Return the transaction log as CSV text: one purchase a row, times in ISO 8601, UTC."""
    bought = simulate(TRANSACTIONS, rng)
    ids = rng.permutation(np.arange(10_000, 90_000))[: TRANSACTIONS.customers]
    rows = [
        [str(ids[who]), moment(at).strftime("%Y-%m-%dT%H:%M:%SZ"), f"{value:.2f}"]
        for who, at, value in zip(
            bought.customer.tolist(), bought.at.tolist(), bought.value.tolist(), strict=True
        )
    ]

    def refund(row: list[str], _: np.random.Generator) -> list[list[str]]:
        return [row, [row[0], f"{row[1][:10]}T23:59:59Z", f"-{row[2]}"]]

    tricks = _common_dirt(customer=0, date=1, value=2) | {
        "future_date": lambda row, _: [[row[0], "2107" + row[1][4:], row[2]]],
        "negative": lambda row, _: [[row[0], row[1], f"-{row[2]}"]],
        "refund": refund,
    }
    return _csv(
        ["CustomerID", "Timestamp", "PurchaseValue"],
        damage(rows, TRANSACTIONS_DIRT, tricks, rng),
    )


def order_lines(rng: np.random.Generator) -> str:
    """Return a shop's order lines as CSV text: most orders have several, dates without a time."""
    bought = simulate(ORDER_LINES, rng)
    ids = rng.permutation(np.arange(100_000, 1_000_000))[: ORDER_LINES.customers]
    rows: list[list[str]] = []
    for order, (who, at, value) in enumerate(
        zip(bought.customer.tolist(), bought.at.tolist(), bought.value.tolist(), strict=True)
    ):
        for cents in split_cents(round(100 * value), 1 + int(rng.poisson(1.2)), rng):
            line = 7_000_001 + len(rows)
            pieces = 1 + int(rng.poisson(0.35))
            rows.append(
                [
                    str(ids[who]),
                    str(400_001 + order),
                    str(line),
                    str(pieces),
                    f"{cents / 100:.2f}",
                    moment(at).strftime("%Y-%m-%d"),
                ]
            )

    numbers = iter(range(7_900_001, 8_000_000))

    def refund(row: list[str], rng: np.random.Generator) -> list[list[str]]:
        later = day(row[5]) + timedelta(days=int(rng.integers(2, 15)))
        returned = min(later, ORDER_LINES.end - timedelta(days=1)).strftime("%Y-%m-%d")
        line = str(next(numbers))
        return [row, [row[0], row[1], line, f"-{row[3]}", f"-{row[4]}", returned]]

    def negative(row: list[str], _: np.random.Generator) -> list[list[str]]:
        line = next(numbers)
        return [row, [row[0], str(line - 7_000_000), str(line), "-1", f"-{row[4]}", row[5]]]

    tricks = _common_dirt(customer=0, date=5, value=4) | {"negative": negative, "refund": refund}
    return _csv(
        ["customer_id", "order_id", "order_item_id", "num_items", "revenue", "created_at_date"],
        damage(rows, ORDER_LINES_DIRT, tricks, rng),
    )


def split_cents(total: int, parts: int, rng: np.random.Generator) -> list[int]:
    """Split `total` cents into at most `parts` prices of at least one euro that add up to it."""
    parts = max(1, min(parts, total // 100))
    free = total - 100 * parts
    cuts = np.sort(rng.integers(0, free + 1, parts - 1))
    return [100 + int(price) for price in np.diff(np.concatenate([[0], cuts, [free]]))]


def damage(
    rows: list[list[str]],
    plan: Mapping[str, int],
    tricks: Mapping[str, Damage],
    rng: np.random.Generator,
) -> list[list[str]]:
    """Damage `plan[kind]` rows of each kind, no row twice; the others stay as they are."""
    picked = iter(rng.permutation(len(rows)).tolist())
    kinds = {next(picked): kind for kind, count in plan.items() for _ in range(count)}
    damaged: list[list[str]] = []
    for number, row in enumerate(rows):
        kind = kinds.get(number)
        damaged += tricks[kind](row, rng) if kind else [row]
    return damaged


def _common_dirt(customer: int, date: int, value: int) -> dict[str, Damage]:
    """Return the kinds of dirt that both logs have, for the columns at these places."""

    def with_cell(row: list[str], column: int, text: str) -> list[list[str]]:
        return [[*row[:column], text, *row[column + 1 :]]]

    def bad_date(row: list[str], rng: np.random.Generator) -> list[list[str]]:
        year = row[date][:4]
        choices = [f"{year}-13-02", f"{year}-02-30", "unknown", "0000-00-00", "", "#REF!"]
        return with_cell(row, date, str(rng.choice(choices)))

    def bad_number(row: list[str], rng: np.random.Generator) -> list[list[str]]:
        return with_cell(row, value, str(rng.choice(["N/A", "abc", "12.3.4", "--", "#VALUE!"])))

    return {
        "missing_customer": lambda row, _: with_cell(row, customer, ""),
        "bad_date": bad_date,
        "bad_number": bad_number,
        "zero_value": lambda row, _: with_cell(row, value, "0.00"),
        "duplicate": lambda row, _: [row, row],
        "extra_field": lambda row, _: [[*row, "x"]],
        "short_row": lambda row, _: [row[:-1]],
    }


def _csv(header: list[str], rows: list[list[str]]) -> str:
    """Join cells that need no quotes."""
    return "".join(",".join(cells) + "\n" for cells in [header, *rows])
