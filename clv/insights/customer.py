"""One customer: where they stand, what may come, how they compare. Reads a run, draws nothing.

The standing follows the same thresholds as the named groups of `clv.core.segments`, so that what is
said of a customer and the group they are in never contradict each other.
"""

from __future__ import annotations

import io
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from clv.backtest.correcting import plain_forecast, traits_of, within
from clv.backtest.fitting import Fitted
from clv.backtest.history import History
from clv.core import engine
from clv.core.orders import MONTHLY, ORDERS
from clv.core.segments import ACTIVE, GONE, LATE, NEW_DAYS, OVERDUE, PROMISING, at_risk_sql
from clv.models.card import from_card
from clv.models.correction.correction import Correction
from clv.models.correction.traits import TRAITS, Expectations, Rhythm, factor
from clv.models.histories import Histories
from clv.models.season.seasonal import through_life, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clv.core.schema import CustomerForecast
    from clv.core.types import Floats
    from clv.models.base import PurchaseModel, SpendModel
    from clv.runs import Run


#: Days ahead for which the chance of another order is told.
AHEAD: Final = (30, 90, 365)
#: The window of the next order: 1 in 10 come before it, 1 in 10 after it, half before its middle.
WINDOW: Final = (0.10, 0.50, 0.90)
#: A path of more points than this looks the same.
PATH_POINTS: Final = 1000
#: Fewer others are too few to compare with.
FEWEST_PEERS: Final = 10
#: What customers are compared by, columns of the forecasts; those the run has nothing for are null.
Measure = Literal["orders", "revenue", "p_purchase", "predicted_clv"]
MEASURES: Final[tuple[Measure, ...]] = ("orders", "revenue", "p_purchase", "predicted_clv")


class Standing(StrEnum):
    """Where a customer stands; every named group is made of one or more of these."""

    NEW = "new"
    PROMISING = "promising"
    ONCE = "once"
    GONE = "gone"
    OVERDUE = "overdue"
    LATE = "late"
    DOUBTFUL = "doubtful"
    ON_SCHEDULE = "on schedule"


def standing(
    facts: CustomerForecast, p_silent: float | None, new_days: int = NEW_DAYS
) -> Standing | None:
    """Return where a customer stands; None without a forecast.

    Parameters
    ----------
    facts
        ``frequency, T, p_alive, p_purchase`` of the forecasts.
    p_silent
        Chance that a customer who stayed active has been silent for so long.
    new_days
        Days within which a customer with one order is new: ``new_days`` of the run's cuts.
    """
    alive, chance = facts["p_alive"], facts["p_purchase"]
    if alive is None or chance is None or p_silent is None:
        return None
    once = facts["frequency"] == 0
    rules = (
        (once and facts["T"] <= new_days, Standing.NEW),
        (once and chance >= PROMISING, Standing.PROMISING),
        (once, Standing.ONCE),
        (alive < GONE, Standing.GONE),
        (p_silent < OVERDUE, Standing.OVERDUE),
        (p_silent < LATE, Standing.LATE),
        (alive < ACTIVE, Standing.DOUBTFUL),
    )
    return next((found for holds, found in rules if holds), Standing.ON_SCHEDULE)


class Outlook(NamedTuple):
    """What may come of one customer.

    Attributes
    ----------
    chances, purchases
        Probability of an order, and expected orders, within each of `AHEAD` days.
    window
        Days from the as-of date to the next order if the customer is still active, at the levels
        of `WINDOW`.
    due_days
        Days from the last order within which 9 of 10 customers with this history who stayed active
        order again: silent for longer, a repeat buyer is overdue.
    """

    chances: tuple[float, ...]
    purchases: tuple[float, ...]
    window: tuple[float, ...]
    due_days: float


def outlook(
    model: PurchaseModel,
    frequency: float,
    recency: float,
    T: float,  # noqa: N803
    corrected: CorrectedPast | None = None,
) -> Outlook:
    """Ask a fitted purchase model about one customer; times in days.

    Parameters
    ----------
    corrected
        Where the forecast is a corrected one: what is said of other times goes with it.
    """
    one = Histories.of(frequency, recency, T)
    scores = model.score(one, AHEAD)
    chances, purchases, faster = scores.p_purchase[0], scores.purchases[0], 1.0
    if corrected is not None:
        whole = model.score(one, [corrected.days])
        plain = Expectations(whole.purchases[:, 0], whole.p_purchase[:, 0], whole.p_alive, None)
        right = corrected.said
        chances = within(scores.p_purchase, plain, right.p_purchase, right.p_alive)[0]
        more = factor(right.purchases, plain.purchases)
        purchases = purchases * more
        faster = float((more * scores.p_alive / right.p_alive)[0])
    return Outlook(
        tuple(chances.tolist()),
        tuple(purchases.tolist()),
        tuple(float(model.wait_if_alive(one, q)[0]) / faster for q in WINDOW),
        float(model.due(one, 1 - OVERDUE)[0]),
    )


class AlivePath(NamedTuple):
    """P(alive) over a customer's life; two points at one age make a jump.

    Attributes
    ----------
    ages
        Shape (n,), days since the first order, never falling.
    p_alive
        Shape (n,), what the model would have said at that age.
    orders
        Shape (n,), purchase days so far.
    now
        Position of the as-of date; what follows assumes that no order comes.
    """

    ages: Floats
    p_alive: Floats
    orders: np.ndarray[Any, np.dtype[np.int64]]
    now: int


def alive_path(
    model: PurchaseModel,
    purchases: Sequence[float],
    T: float,  # noqa: N803
    ahead: float = 0,
    points: int = PATH_POINTS,
    corrected: CorrectedPast | None = None,
) -> AlivePath:
    """Return P(alive) for every day from the first order to the as-of date and beyond.

    At each age t the model sees what was known then: x(t) repeat purchase days, the last of them
    at t_x(t). A purchase gives two points, just before it and just after.

    Parameters
    ----------
    model
        Fitted on days, with today's parameters throughout.
    purchases
        Ages in days on which the customer bought, the first of them 0; a day counts once.
    T
        Age at the as-of date.
    ahead
        Days to go on for without any order.
    points
        About so many, besides the jumps, which are all kept.
    corrected
        What a correction would have said, where the forecast has one.
    """
    bought = np.unique(np.asarray(purchases, dtype=float))
    repeats = bought[1:]
    end = T + ahead
    days = np.unique(np.r_[np.floor(np.linspace(0, end, int(min(end, points)) + 1)), T])
    # Just before a purchase its own day doesn't count yet: side="left" leaves it out.
    ages = np.r_[repeats, days]
    known = np.r_[
        np.searchsorted(bought, repeats, side="left"), np.searchsorted(bought, days, side="right")
    ]
    # After a purchase comes the day itself; where thinning dropped it, put it back.
    missing = np.setdiff1d(repeats, days)
    ages = np.r_[ages, missing]
    known = np.r_[known, np.searchsorted(bought, missing, side="right")]
    order = np.lexsort((known, ages))
    ages, known = ages[order], known[order]
    plain, as_known = through_life(model, T)
    then = Histories.of(known - 1, as_known(bought)[known - 1], as_known(ages))
    if corrected is None:
        p_alive = plain.score(then, []).p_alive
    else:
        horizon = unwrap(model, Histories.new(), corrected.days)[2]
        seen = corrected.seen(plain, then, bought, known, ages, horizon)
        p_alive = corrected.correction.apply(*seen).p_alive
    now = int(np.searchsorted(ages, T, side="right")) - 1
    return AlivePath(ages, p_alive, known, now)


class CorrectedPast(NamedTuple):
    """What a correction says of one customer, and needs to look back.

    Attributes
    ----------
    said
        The forecast, shape (1,).
    correction, spend
        The run's; ``spend`` is None without amounts.
    values
        Revenue of each of the customer's purchase days, currency units.
    days
        Length of the horizon.
    """

    said: Expectations
    correction: Correction
    spend: SpendModel | None
    values: Floats
    days: float

    def seen(
        self,
        model: PurchaseModel,
        then: Histories,
        bought: Floats,
        known: NDArray[np.int64],
        ages: Floats,
        days: float,
    ) -> tuple[Floats, Expectations]:
        """Return the traits and the plain forecast at some ages; shapes (n, k) and (n,).

        Parameters
        ----------
        model, then
            The plain model, and the histories as it knows them.
        bought
            Ages at all purchases.
        known
            How many of these were known at each age.
        days
            Length of the horizon as the plain model knows it.
        """
        x, last = (known - 1).astype(float), bought[known - 1]
        total = np.concatenate([[0.0], np.cumsum(self.values)])
        late, latest = (
            np.searchsorted(bought, last - length, side="right")
            for length in (self.days, self.days / 4)
        )
        repeats = (total[known] - self.values[0]) / np.maximum(x, 1)
        valued = self.spend is not None
        history = History(
            Histories.of(x, last, ages),
            np.arange(x.size),
            x,
            last,
            np.where(x > 0, repeats, 0.0) if valued else None,
            total[known] if valued else None,
            Rhythm(
                (known - late).astype(float),
                (known - latest).astype(float),
                total[known] - total[late],
            ),
        )
        plain = plain_forecast(Fitted(model, self.spend, []), replace(history, distinct=then), days)
        return traits_of(history, plain, self.days, self.correction.shop_value), plain


class Moved(NamedTuple):
    """What a correction made of a customer's expected orders, and what moved them most.

    Attributes
    ----------
    factor
        Corrected orders over the plain model's.
    trait
        Of `clv.models.correction.traits.TRAITS`: the one that did most in that direction.
    late_purchases, latest_purchases
        Order days in the last ``days`` up to the last order, and in the last quarter of these.
    days
        Length of the horizon.
    """

    factor: float
    trait: str
    late_purchases: int
    latest_purchases: int
    days: float


class Peers(NamedTuple):
    """How a customer compares with a set of customers they belong to.

    Attributes
    ----------
    customers
        How many there are, this one included.
    median, below, above
        For each of `MEASURES`: the median of all, the share of the others with a lower value, with
        a higher one; None where there is nothing to compare.
    """

    customers: int
    median: dict[str, float | None]
    below: dict[str, float | None]
    above: dict[str, float | None]


_SETS: Final = {
    "cohort": "first_order BETWEEN date_trunc('month', $1::DATE)::DATE AND last_day($1::DATE)",
    "segment": "segment = $1",
}


def peers(run: Run, facts: CustomerForecast, kind: Literal["cohort", "segment"]) -> Peers | None:
    """Compare a customer with those of the same first month, or of the same named group.

    None without a forecast where groups are asked for: then nobody has one.
    """
    key = facts["first_order" if kind == "cohort" else "segment"]
    if key is None:
        return None
    columns = ", ".join(
        f"median({m}) AS median_{m}, count(*) FILTER ({m} < ${i}) AS below_{m}, "
        f"count(*) FILTER ({m} > ${i}) AS above_{m}"
        for i, m in enumerate(MEASURES, start=2)
    )
    sql = f"SELECT count(*) AS customers, {columns} FROM forecasts WHERE {_SETS[kind]}"
    row = run.query(sql, [key, *(facts[m] for m in MEASURES)]).to_pylist()[0]
    others = int(row["customers"]) - 1

    def share(side: str, measure: Measure) -> float | None:
        if others < 1 or facts[measure] is None:
            return None
        return float(row[f"{side}_{measure}"] / others)

    return Peers(
        int(row["customers"]),
        {m: row[f"median_{m}"] for m in MEASURES},
        {m: share("below", m) for m in MEASURES},
        {m: share("above", m) for m in MEASURES},
    )


def silence(run: Run, facts: CustomerForecast) -> tuple[float | None, float | None]:
    """Return ``p_silent`` and the money at risk (currency units) of a customer.

    The first is None without a forecast, the second without a forecast of value.
    """
    sql = (
        f"SELECT p_silent, {at_risk_sql(run.settings['margin'])} AS at_risk FROM "
        "scored WHERE customer_id = ?"
    )
    row = run.query(sql, [facts["customer_id"]]).to_pylist()[0]
    return row["p_silent"], row["at_risk"]


def labels(run: Run, customer_id: str) -> dict[str, str]:
    """Return the labels of a customer's first order by name, empty ones left out."""
    if not run.labels:
        return {}
    columns = ", ".join(engine.name(name) for name in run.labels)
    found = run.query(f"SELECT {columns} FROM labels WHERE customer_id = ?", [customer_id])
    row = found.to_pylist()[0] if found.num_rows else {}
    return {name: str(value) for name, value in row.items() if value is not None}


def purchase_ages(run: Run, facts: CustomerForecast) -> list[int]:
    """Return the ages in days on which a customer bought, up to the as-of date."""
    sql = (
        "SELECT DISTINCT date_diff('day', ?::DATE, ordered_at::DATE) AS age FROM orders "
        "WHERE customer_id = ? AND age <= ? ORDER BY age"
    )
    asked = [facts["first_order"], facts["customer_id"], facts["T"]]
    ages: list[int] = run.query(sql, asked)["age"].to_pylist()
    return ages


def corrected(run: Run, facts: CustomerForecast) -> CorrectedPast | None:
    """Return what a run's correction says of a customer, and would have said; None without one."""
    card = run.model.get("correction")
    if card is None:
        return None
    sql = (
        "SELECT coalesce(sum(revenue), 0)::DOUBLE AS value FROM orders WHERE customer_id = ? "
        "AND ordered_at::DATE <= ? GROUP BY ordered_at::DATE ORDER BY ordered_at::DATE"
    )
    values = run.query(sql, [facts["customer_id"], run.as_of])["value"].to_numpy()
    return CorrectedPast(
        Expectations(
            np.array([facts["predicted_purchases"]], dtype=float),
            np.array([facts["p_purchase"]], dtype=float),
            np.array([facts["p_alive"]], dtype=float),
            None,
        ),
        Correction.from_dict(card),
        from_card(run.model["spend"]) if run.model["spend"] else None,
        values,
        run.model["months"][-1]["end_days"],
    )


def moved(
    model: PurchaseModel, facts: CustomerForecast, purchases: Sequence[float], past: CorrectedPast
) -> Moved:
    """Return why a customer's forecast differs from the plain model's.

    Parameters
    ----------
    model
        The plain one.
    purchases
        From `purchase_ages`.
    past
        From `corrected`.
    """
    one = Histories.of(facts["frequency"], facts["recency"], facts["T"])
    bought = np.asarray(purchases, dtype=float)
    seen, plain = past.seen(model, one, bought, np.array([bought.size]), one.T, past.days)
    more = float(factor(past.said.purchases, plain.purchases)[0])
    shares = past.correction.reasons(seen)[0]
    trait = int(shares.argmax() if more >= 1 else shares.argmin())
    names = list(TRAITS)
    late, latest = (int(seen[0, names.index(n)]) for n in ("late_purchases", "latest_purchases"))
    return Moved(more, names[trait], late, latest, past.days)


def csv(run: Run, table: Literal["orders", "monthly"], customer_id: str) -> bytes:
    """Return one customer's orders, or forecast month by month, as CSV safe for spreadsheets."""
    columns, order = {
        "orders": (ORDERS, "t.ordered_at, t.order_id"),
        "monthly": (MONTHLY, "t.month"),
    }[table]
    sql = f"SELECT * FROM {table} WHERE customer_id = {engine.text(customer_id)}"
    out = io.BytesIO()
    run.write_query(sql, columns, out, order)
    return out.getvalue()
