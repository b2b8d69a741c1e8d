"""Survival simulation: of so many customers, how many are alive, and what have they bought, when.

Two populations: *new* customers, drawn from the fitted model, and *yours*, a random sample of the
run's customers, each drawn from what their own history says. One run is shown in detail; many more
say how far runs differ; the closed forms say what they average to.

No purchase is simulated to know how many there were. Given a customer's rate and the day they leave,
the purchases before are Poisson with independent increments (`clv.models.purchase.draws`), and so is their
sum over the customers of a run: one random number a run and point in time, whatever the rates. Where
customers buy at regular intervals it is one random number a customer (`clv.models.purchase.regular_draws`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypedDict

import numpy as np
import pyarrow as pa

from clv.core.errors import InputError
from clv.models.card import from_card
from clv.models.histories import Histories
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Counts, Floats
    from clv.models.base import Drawn, PurchaseModel
    from clv.runs import Run


Kind = Literal["new", "yours"]

CUSTOMERS: Final = 100
RUNS: Final = 1000
#: Seeds that a person can type: six digits.
SEEDS: Final = 1_000_000
YEAR: Final = 365.25
#: What the question asks for: name → days.
CHECKPOINTS: Final = {
    "10 days": 10.0,
    "1 year": YEAR,
    "10 years": 10 * YEAR,
    "100 years": 100 * YEAR,
}
_DAYS: Final = np.array(list(CHECKPOINTS.values()))
#: Days at which runs are counted: evenly spaced on a log axis from day 1, and the checkpoints.
GRID: Final = np.unique(np.concatenate((np.geomspace(1, _DAYS[-1], 56), _DAYS)))
_AT: Final = np.searchsorted(GRID, _DAYS)
#: A band holds nine runs out of ten.
BAND: Final = (0.05, 0.95)
#: Customers simulated at a time: memory stays bounded for any number of runs.
_BLOCK: Final = 500_000


class Pace(NamedTuple):
    """What a correction makes of histories, shape (k,) each: the mean of those who share one.

    Attributes
    ----------
    p_alive
        Corrected.
    orders
        What the plain model's expectations of somebody active are to be multiplied with.
    """

    p_alive: Floats
    orders: Floats

    @property
    def faster(self) -> Floats:
        """How many times as fast somebody active buys."""
        return self.orders / np.maximum(self.p_alive, np.finfo(float).tiny)

    def take(self, rows: NDArray[np.intp]) -> Pace:
        """Return some of them, by place."""
        return Pace(self.p_alive[rows], self.orders[rows])


class Population(NamedTuple):
    """Whom runs are drawn from: k distinct histories.

    ``customers`` counts who shares each, shape (k,); None where there are as many as one likes. Of a
    corrected forecast, ``pace`` says what it makes of them.
    """

    histories: Histories
    customers: Counts | None
    pace: Pace | None = None

    def size(self, wanted: int) -> int:
        """Return how many customers one run has when ``wanted`` are asked for."""
        return wanted if self.customers is None else min(wanted, int(self.customers.sum()))

    def draw(self, rng: np.random.Generator, runs: int, wanted: int) -> NDArray[np.intp]:
        """Draw each run's customers, without replacement; return their rows, shape (runs, n)."""
        if self.customers is None:
            return np.zeros((runs, wanted), dtype=np.intp)
        edges = np.cumsum(self.customers)
        total, size = int(edges[-1]), self.size(wanted)
        drawn = [rng.choice(total, size, replace=False, shuffle=False) for _ in range(runs)]
        return np.searchsorted(edges, np.stack(drawn), side="right")


#: A new customer is one about whom nothing is known yet.
NEW: Final = Population(Histories.new(), None)


@dataclass(frozen=True)
class OneRun:
    """One simulated run, customer by customer.

    Attributes
    ----------
    customer_id
        The n customers; of new ones, their number.
    draws
        Their rates, as drawn.
    lifetime
        Shape (n,): days until they leave; 0 who had left at the start, infinite who never does.
    purchases
        Shape (n, len(GRID)): purchases until each day of the grid.
    mark_customer, mark_day
        Purchases to draw: position of the customer, day; some of many between two days of the grid.
    """

    customer_id: list[str]
    draws: Drawn
    lifetime: Floats
    purchases: Counts
    mark_customer: NDArray[np.intp]
    mark_day: Floats

    @property
    def alive(self) -> Counts:
        """Customers alive on each day of the grid."""
        alive: Counts = np.count_nonzero(self.lifetime[:, None] > GRID, axis=0)
        return alive

    @property
    def total(self) -> Counts:
        """Purchases of all until each day of the grid."""
        total: Counts = self.purchases.sum(axis=0)
        return total


@dataclass(frozen=True)
class ManyRuns:
    """Totals of many runs; shape (runs, len(GRID)) each."""

    alive: Counts
    purchases: Counts


class Band(NamedTuple):
    """What runs come to on each day: their mean, and between what nine in ten lie."""

    mean: Floats
    low: Floats
    high: Floats


def band(totals: Counts) -> Band:
    """Return mean and band of a total, shape (len(GRID),) each; the ends are values of runs."""
    low, high = np.quantile(totals, BAND, axis=0, method="inverted_cdf")
    return Band(totals.mean(axis=0), low, high)


class Expected(NamedTuple):
    """The closed forms at the checkpoints, for a run's number of customers."""

    alive: Floats
    purchases: Floats


class Outlook(NamedTuple):
    """What runs of so many customers come to: on each day of the grid, and exactly at checkpoints."""

    customers: int
    alive: Band
    purchases: Band
    expected: Expected


def purchase_model(run: Run) -> PurchaseModel:
    """Return the run's purchase model; over decades no day is more than an average one.

    Raises
    ------
    InputError
        When the run has none; the hint says why.
    """
    card = run.model.get("purchases")
    if not card:
        notes = " ".join(note["message"] for note in run.model["notes"])
        msg = "This run has no forecast of purchases, so nothing can be simulated."
        raise InputError(msg, notes)
    model: PurchaseModel = from_card(card)
    return model.steady() if isinstance(model, Seasonal) else model


def population(run: Run, kind: Kind) -> Population:
    """Return the population to draw from, counted in the engine."""
    if kind == "new":
        return NEW
    table = run.query(
        "SELECT frequency, recency, T, count(*) AS customers, avg(p_alive) AS p_alive, "
        "avg(for_orders) AS for_orders FROM scored GROUP BY frequency, recency, T ORDER BY ALL"
    )
    return Population(_histories(table), table["customers"].to_numpy(), _pace(run, table))


def _pace(run: Run, table: pa.Table) -> Pace | None:
    """Return the columns of a correction; None where the forecast has none."""
    if not run.settings.get("corrected", False):
        return None
    return Pace(*(table[c].to_numpy() for c in ("p_alive", "for_orders")))


def _histories(table: pa.Table) -> Histories:
    return Histories.of(*(table[c].to_numpy() for c in ("frequency", "recency", "T")))


def one_run(
    run: Run, model: PurchaseModel, kind: Kind, *, customers: int = CUSTOMERS, seed: int
) -> OneRun:
    """Simulate one run in detail; the same seed gives the same run.

    Parameters
    ----------
    run
        Where *your* customers come from.
    model
        From `purchase_model`.
    customers
        How many; fewer where the run has fewer.
    seed
        0 or more.
    """
    if kind == "new":
        histories, pace = Histories.new(customers), None
        ids = [str(i + 1) for i in range(customers)]
    else:
        # Of the id and the seed together: hashing them apart would draw the same groups again.
        sample = run.query(
            "SELECT customer_id, frequency, recency, T, p_alive, for_orders FROM scored "
            "ORDER BY hash(customer_id || chr(31) || $1), customer_id LIMIT $2",
            [str(seed), customers],
        )
        histories, pace = _histories(sample), _pace(run, sample)
        ids = [str(i) for i in sample["customer_id"].to_pylist()]
    rng = np.random.default_rng([seed, 0])
    draws = _drawn(model, histories, pace, rng)
    return OneRun(ids, draws, *draws.follow(rng, GRID))


def many_runs(
    model: PurchaseModel,
    people: Population,
    *,
    customers: int = CUSTOMERS,
    runs: int = RUNS,
    seed: int,
) -> ManyRuns:
    """Simulate many runs, every one with customers of its own; the same seed, the same runs.

    Parameters
    ----------
    model
        From `purchase_model`.
    people
        From `population`.
    customers
        How many a run; fewer where there are fewer.
    runs
        How many runs.
    seed
        0 or more; independent of what `one_run` makes of it.
    """
    rng = np.random.default_rng([seed, 1])
    at_once = max(_BLOCK // customers, 1)
    blocks = [
        _count(model, people, customers, min(at_once, runs - begin), rng)
        for begin in range(0, runs, at_once)
    ]
    alive, purchases = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return ManyRuns(alive, purchases)


def _count(
    model: PurchaseModel, people: Population, customers: int, runs: int, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    rows = people.draw(rng, runs, customers).ravel()
    pace = None if people.pace is None else people.pace.take(rows)
    draws = _drawn(model, people.histories.take(rows), pace, rng)
    return draws.totals(rng, GRID, runs)


def _drawn(
    model: PurchaseModel, histories: Histories, pace: Pace | None, rng: np.random.Generator
) -> Drawn:
    drawn = model.draw(histories, rng)
    return drawn if pace is None else drawn.corrected(rng, pace.p_alive, pace.faster)


def expected(model: PurchaseModel, people: Population, *, customers: int = CUSTOMERS) -> Expected:
    """Return the expectations at the checkpoints, without any simulation."""
    counts = np.ones(1) if people.customers is None else people.customers
    share = people.size(customers) / counts.sum() * counts
    alive = model.probability_alive_after(people.histories, _DAYS)
    scores = model.score(people.histories, _DAYS)
    if people.pace is None:
        return Expected(share @ alive, share @ scores.purchases)
    # Of somebody active now the future is the plain model's, at another pace.
    staying = alive / np.maximum(scores.p_alive, np.finfo(float).tiny)[:, None]
    return Expected(
        (share * people.pace.p_alive) @ staying,
        (share * people.pace.orders) @ scores.purchases_if_active,
    )


def outlook(
    run: Run,
    model: PurchaseModel,
    kind: Kind,
    *,
    customers: int = CUSTOMERS,
    runs: int = RUNS,
    seed: int,
) -> Outlook:
    """Return what `many_runs` and `expected` say of one of a run's two populations."""
    people = population(run, kind)
    many = many_runs(model, people, customers=customers, runs=runs, seed=seed)
    exact = expected(model, people, customers=customers)
    return Outlook(people.size(customers), band(many.alive), band(many.purchases), exact)


class Checkpoint(TypedDict):
    """What is so after some time: in this run, as mean and band of many runs, and as expected."""

    after: str
    alive: int
    alive_mean: float
    alive_low: int
    alive_high: int
    alive_expected: float
    purchases: int
    purchases_mean: float
    purchases_low: int
    purchases_high: int
    purchases_expected: float


class Seen(NamedTuple):
    """One measure at a checkpoint: this run, mean and band of many runs, the expectation."""

    this: int
    mean: float
    low: int
    high: int
    expected: float


def seen(row: Checkpoint, what: Literal["alive", "purchases"]) -> Seen:
    """Return one of the two measures of a checkpoint."""
    if what == "alive":
        figures = row["alive"], row["alive_mean"], row["alive_low"], row["alive_high"]
        return Seen(*figures, row["alive_expected"])
    figures = row["purchases"], row["purchases_mean"], row["purchases_low"], row["purchases_high"]
    return Seen(*figures, row["purchases_expected"])


#: The two measures of a checkpoint, and what they are called.
MEASURES: Final[dict[Literal["alive", "purchases"], str]] = {
    "alive": "Alive",
    "purchases": "Orders",
}


def table(one: OneRun, ahead: Outlook) -> list[Checkpoint]:
    """Return a row a checkpoint."""
    alive, purchases, exact = ahead.alive, ahead.purchases, ahead.expected
    return [
        {
            "after": name,
            "alive": int(one.alive[at]),
            "alive_mean": float(alive.mean[at]),
            "alive_low": int(alive.low[at]),
            "alive_high": int(alive.high[at]),
            "alive_expected": float(exact.alive[i]),
            "purchases": int(one.total[at]),
            "purchases_mean": float(purchases.mean[at]),
            "purchases_low": int(purchases.low[at]),
            "purchases_high": int(purchases.high[at]),
            "purchases_expected": float(exact.purchases[i]),
        }
        for i, (name, at) in enumerate(zip(CHECKPOINTS, _AT, strict=True))
    ]


def fresh_seed() -> int:
    """Return a seed that nobody can foresee, short enough to be typed."""
    return secrets.randbelow(SEEDS)


def customer_table(one: OneRun) -> pa.Table:
    """Return one run customer by customer, in the order of leaving; the download.

    ``purchases_per_year`` is the rate while alive, null for who had left at the start (day 0);
    ``dropout_day`` is null for who is alive beyond the last checkpoint.
    """
    order = np.argsort(one.lifetime, kind="stable")
    lifetime = one.lifetime[order]
    columns: dict[str, pa.Array | NDArray[np.generic]] = {
        "customer_id": pa.array([one.customer_id[i] for i in order], pa.string()),
        "purchases_per_year": pa.array(one.draws.rate[order] * YEAR, mask=lifetime == 0),
        "dropout_day": pa.array(lifetime, mask=lifetime > GRID[-1]),
    }
    for (name, day), at in zip(CHECKPOINTS.items(), _AT, strict=True):
        label = name.replace(" ", "_")
        columns[f"alive_after_{label}"] = lifetime > day
        columns[f"purchases_after_{label}"] = one.purchases[order, at]
    return pa.table(columns)
