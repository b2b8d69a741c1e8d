"""Finding the season in the orders so far.

A calendar month's index is what was bought in it over what the purchase model expects of the customers
there were, by the day each of them came. So a shop that wins customers has no season for it, nor has
a month in which many came. The index is estimated with the level and the trend of that ratio by
Poisson regression,

    log E[purchases of a month] = log expected + level + trend + season of its calendar month,

where the twelve season terms are normal with mean 0 and one variance, which is chosen by marginal
likelihood (empirical Bayes; Laplace's approximation). What a month has not enough purchases to show
is thereby shrunk towards an index of 1; without a season the variance is next to nothing, and all
indices are 1. Purchases of a month may vary more than Poisson: the dispersion is that of the same
month in several years, as far as there are several.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from clv.core.errors import FitError
from clv.models.fitting.poisson import poisson_fit
from clv.models.histories import Histories
from clv.models.purchase.rules import RuleModel
from clv.models.season.season import MONTH_DAYS, NONE, TWO_YEARS, Season, by_the_year
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from clv.core.types import Days, Floats
    from clv.models.base import PurchaseModel


YEAR: Final = 365.25
#: Days without which no season is looked for: a year, but for a week.
FEWEST_DAYS: Final = YEAR - 7
#: Fewest repeat purchases: ten for each month.
FEWEST_PURCHASES: Final = 120
#: Standard deviation of the trend's terms, as log ratio per year, that is taken for granted: after one
#: year, and from two years on; between the two it grows with time. With one year, trend and season
#: can't be told apart, and this shares what is seen among them: growth in customers is expected
#: already, so that most of it is season. From two years on it hardly matters.
TREND_OF_ONE: Final = 0.05
TREND: Final = 0.2
#: Standard deviations of the season that are tried; the first is none.
SPREADS: Final = np.geomspace(0.002, 1.5, 60)
#: Days that vary like Poisson, counted in with those that tell the dispersion: in little more than
#: a year one or two do, which is no estimate.
POISSON_MONTHS: Final = 4
#: Rounds of fitting in operational time and estimating the season again.
ROUNDS: Final = 2


class RepeatPurchases(NamedTuple):
    """Repeat purchase days by calendar month, up to and including a day.

    Attributes
    ----------
    as_of
        The day.
    months
        Shape (m,), ascending ``datetime64[M]``: from the first purchase's month to that of the day.
    purchases
        Shape (m,).
    """

    as_of: date
    months: Days
    purchases: Floats


def repeat_purchases_by_month(
    con: duckdb.DuckDBPyConnection, as_of: date, orders: str = "orders"
) -> RepeatPurchases:
    """Count repeat purchase days by calendar month; nothing after ``as_of`` is looked at.

    Parameters
    ----------
    orders
        Table or view with ``customer_id`` and ``ordered_at``: of the customers whose triples the
        season is to be estimated with, and of no others.
    """
    found = con.execute(
        f"WITH days AS (SELECT DISTINCT customer_id, ordered_at::DATE AS day FROM {orders} "
        "WHERE ordered_at::DATE <= $1), "
        "born AS (SELECT customer_id, min(day) AS day FROM days GROUP BY 1) "
        "SELECT date_trunc('month', day)::DATE AS month, sum(n)::DOUBLE AS purchases FROM "
        "(SELECT day, 1 AS n FROM days UNION ALL SELECT day, -1 FROM born) GROUP BY 1 ORDER BY 1",
        [as_of],
    ).fetchnumpy()
    here = np.asarray(found["month"]).astype("datetime64[M]")
    last = np.datetime64(as_of, "M")
    months = np.arange(here[0] if here.size else last, last + 1)
    purchases = np.zeros(months.size)
    purchases[(here - months[0]).astype(int)] = np.asarray(found["purchases"], dtype=float)
    return RepeatPurchases(as_of, months, purchases)


def expected_by_month(
    purchases: PurchaseModel,
    season: Season,
    histories: Histories,
    bought: RepeatPurchases,
) -> Floats:
    """Return the repeat purchases that a model expects in each month of the past, shape (m,).

    Parameters
    ----------
    purchases
        Fitted in the operational days of ``season``.
    histories
        The customers, as of that day.
    """
    ages, which = np.unique(histories.T, return_inverse=True)
    came = np.bincount(which, histories.weights)
    firsts = np.append(bought.months, bought.months[-1] + 1).astype("datetime64[D]")
    # Ends of months, days after the as-of day; the last month ends with that day.
    edges = np.minimum((firsts - 1 - np.datetime64(bought.as_of)).astype(float), 0.0)
    lived = np.maximum(season.elapsed(-ages[:, None], edges, bought.as_of), 0.0)
    # The expectation bends over months: between days it is straight.
    grid = np.arange(np.ceil(lived.max()) + 1)
    by_age = np.append(0.0, purchases.score(Histories.new(), grid[1:]).purchases[0])
    result: Floats = came @ np.diff(np.interp(lived, grid, by_age), axis=1)
    return result


def index(bought: RepeatPurchases, expected: Floats, years: float) -> Season:
    """Estimate the monthly indices; see the module's text.

    Parameters
    ----------
    expected
        Shape (m,): of the same customers, by a model that knows of no season.
    years
        That the months cover.

    Raises
    ------
    FitError
        When the likelihood has no maximum.
    """
    seen = expected > 1e-9 * expected.max()
    y, e = bought.purchases[seen], expected[seen]
    months = bought.months[seen].astype(int)
    time = (months - months.mean()) / 12
    # With less than two years a bend can't be told from a wave.
    bend = [time**2 - (time**2).mean()] if years >= TWO_YEARS else []
    calendar = np.equal.outer(months % 12, np.arange(12)).astype(float)
    design = np.column_stack([np.ones(y.size), time, *bend, calendar])
    trends = 1 + len(bend)
    trend = TREND_OF_ONE + (TREND - TREND_OF_ONE) * float(np.clip(years - 1, 0, 1))

    def precision(spread: float) -> Floats:
        return np.repeat([0.0, trend**-2, spread**-2], [1, trends, 12])

    free = poisson_fit(y, e, design, precision(SPREADS[-1]))
    mean = e * np.exp(design @ free)
    spare = y.size - int((calendar.sum(axis=0) > 0).sum()) - trends
    beyond = float(((y - mean) ** 2 / mean).sum()) if spare > 0 else 0.0
    dispersion = max((beyond + POISSON_MONTHS) / (max(spare, 0) + POISSON_MONTHS), 1.0)
    y, e = y / dispersion, e / dispersion

    def evidence(spread: float) -> float:
        held = precision(spread)
        found = poisson_fit(y, e, design, held)
        mean = e * np.exp(design @ found)
        curvature = design.T @ (mean[:, None] * design) + np.diag(held)
        likelihood = y @ np.log(mean) - mean.sum() - held @ found**2 / 2
        volume = np.log(held[1:]).sum() - np.linalg.slogdet(curvature)[1]
        return float(likelihood + volume / 2) if np.isfinite(found).all() else -np.inf

    spread = float(max(SPREADS, key=evidence))
    held = precision(spread)
    found = poisson_fit(y, e, design, held)
    if not np.isfinite(found).all():
        msg = "No season could be fitted to these months."
        raise FitError(msg)
    mean = e * np.exp(design @ found)
    covariance = np.linalg.inv(design.T @ (mean[:, None] * design) + np.diag(held))[-12:, -12:]
    indices = by_the_year(np.exp(found[-12:]))
    # By the delta method: what moves all months moves none.
    moves = np.eye(12) - indices * MONTH_DAYS / MONTH_DAYS.sum()
    variance = np.maximum(np.diag(moves @ covariance @ moves.T), 0.0)
    return Season(
        tuple(indices.tolist()),
        tuple((indices * np.sqrt(variance)).tolist()),
        purchases=int(bought.purchases.sum()),
        years=years,
        typical=0.0 if spread == SPREADS[0] else spread,
        dispersion=dispersion,
        trend=float(found[1]),
    )


def wear(purchases: PurchaseModel, histories: Histories, bought: RepeatPurchases) -> Seasonal:
    """Estimate the season with a fitted model, and fit its twin in operational time.

    The season is estimated with the model in calendar time, the model fitted in the operational time
    of that season, and both once more.

    Parameters
    ----------
    purchases
        Fitted on the histories; stays as it is.
    histories
        Distinct ones, in calendar days.
    bought
        The same customers' repeat purchases.

    Raises
    ------
    FitError
        When less than a year was seen, or too few repeat purchases, or when the model is a rule that
        expects nothing of new customers; the message is for users.
    """
    longest = float(histories.T.max())
    years = longest / YEAR
    made = int(bought.purchases.sum())
    if longest < FEWEST_DAYS:
        msg = (
            f"The orders cover {longest + 1:,.0f} days. To tell a season, a whole year must have "
            "been seen."
        )
        raise FitError(msg)
    if made < FEWEST_PURCHASES:
        msg = (
            f"Customers came back {made} times. To tell a season, at least {FEWEST_PURCHASES} repeat "
            "purchases are needed."
        )
        raise FitError(msg)
    fitted, season = purchases, NONE
    for _ in range(ROUNDS):
        expected = expected_by_month(fitted, season, histories, bought)
        if not expected.any():
            msg = (
                "This rule of thumb expects nothing of new customers: no season can be told by it."
            )
            raise FitError(msg)
        # Less what the season made of it: purchases of a day of operational time.
        speed = np.array(season.indices)[bought.months.astype(int) % 12]
        season = index(bought, expected / speed, years)
        fitted = refit(purchases, season.histories(histories, bought.as_of))
    if not getattr(fitted, "converged_", True):
        msg = "With a season, the purchase model could not be fitted to these customers."
        raise FitError(msg)
    return Seasonal(fitted, season, bought.as_of)


def refit(model: PurchaseModel, histories: Histories) -> PurchaseModel:
    """Fit a fitted model's twin, with the same penalty (and regularity) on other histories.

    A rule of thumb learns nothing from them: it keeps its numbers.
    """
    if isinstance(model, RuleModel):
        return model
    stages = getattr(model, "k_", None)
    options = {} if stages is None else {"k": stages}
    twin: Any = copy(model)
    fitted: PurchaseModel = twin.fit(histories, **options)
    return fitted
