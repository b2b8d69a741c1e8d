"""Whether anything depends on the calendar: on the season, or on when a customer came.

The model says how many repeat purchases a customer makes by age; put on the calendar by the days on
which customers came, that gives the purchases it expects each week. What the weeks show beyond it,
level and smooth trend apart, is season: two waves a year, fitted by Poisson likelihood. Cohorts are
then compared at the same age, with the season taken out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy import stats
from scipy.signal import fftconvolve

from clv.insights.assumptions.base import (
    GROUPS,
    LEVEL,
    T_GROUPS,
    Check,
    Effect,
    around,
    jackknife,
)
from clv.models.fitting.poisson import poisson_fit
from clv.models.season.season import by_the_year

if TYPE_CHECKING:
    from clv.core.schema import AssumptionFacts, AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: A typical month's distance from the average, as a log ratio. 5 % drowns in the chance of single
#: months; by 10 % stocks and budgets are planned differently.
SEASON_TRIVIAL: Final = 0.05
SEASON_LARGE: Final = 0.10
#: Late cohorts over early ones, log ratio: a fifth more or less is what turns a budget for newcomers.
COHORTS_TRIVIAL: Final = 0.05
COHORTS_LARGE: Final = 0.20
YEAR: Final = 365.25
WAVES: Final = 2
#: Fewest repeat purchases: ten for each of the seven numbers fitted.
FEWEST_PURCHASES: Final = 70
#: Cohorts are compared at this age, or at a third of the observed time.
AGE: Final = 183
#: Fewest customers in each half, and fewest days between the halves' middles.
FEWEST_CUSTOMERS: Final = 30
FEWEST_DAYS: Final = 28
_WEEK: Final = 7


class Days(NamedTuple):
    """What a calendar check needs, by group of customers and day of the file."""

    bought: Floats  #: (GROUPS, days) repeat purchases
    expected: Floats  #: (GROUPS, days) what the model expects
    more: Floats  #: (days,) expected repeat purchases of one customer on each day of age
    speed: Floats  #: (days,) how fast time passes for the model: the season that it wears


def _days(group: People) -> Days | None:
    by_age = getattr(group.purchases, "expected_number_of_purchases_up_to_time", None)
    if by_age is None or group.span < 1:
        return None
    # Days as the model counts them pass faster in the season; without one they are the calendar's.
    passed = group.elapsed(float(-group.span), np.arange(-group.span, 1.0))
    whole = np.rint(passed).astype(int)
    more = np.diff(np.asarray(by_age(np.arange(whole[-1] + 1.0))), prepend=0.0)
    came = _table(group, "SELECT g, born AS day, count(*) AS n FROM people GROUP BY ALL")
    bought = _table(
        group,
        "SELECT d.g, born + age AS day, count(*) AS n FROM days d JOIN people USING (c) "
        "WHERE nth > 0 GROUP BY ALL",
    )
    by_clock = np.zeros((GROUPS, len(more)))
    np.add.at(by_clock.T, whole, came.T)
    each = np.maximum(fftconvolve(by_clock, more[None, :], axes=1)[:, : len(more)], 0.0)
    so_far = np.cumsum(each, axis=1)
    until = np.stack([np.interp(passed, np.arange(len(more)), row) for row in so_far])
    return Days(bought, np.diff(until, axis=1, prepend=0.0), more, np.diff(passed, prepend=-1.0))


def _table(group: People, sql: str) -> Floats:
    found = group.columns(sql)
    result = np.zeros((GROUPS, group.span + 1))
    result[found["g"].astype(int), found["day"].astype(int)] = found["n"]
    return result


def _waves(day: Floats) -> Floats:
    """Return sine and cosine of each wave, shape (days, 2 WAVES)."""
    angle = 2 * np.pi / YEAR * day[:, None] * np.arange(1, WAVES + 1)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


class Weeks(NamedTuple):
    """Whole weeks, the last one ending today."""

    bought: Floats  #: (GROUPS, weeks)
    expected: Floats
    design: Floats  #: (weeks, 3 + 2 WAVES): level, trend, its bend, waves


def _weeks(group: People, days: Days) -> Weeks:
    length = days.bought.shape[1]
    first, count = length % _WEEK, length // _WEEK
    shape = (GROUPS, count, _WEEK)
    totals = [t[:, first:].reshape(shape).sum(axis=2) for t in (days.bought, days.expected)]
    middle = first + _WEEK * np.arange(count) + (_WEEK - 1) / 2
    offset = group.first_order.timetuple().tm_yday
    time = 2 * middle / length - 1
    # With less than two years a bend can't be told from a wave.
    bend = [time**2] if group.span >= 2 * YEAR - _WEEK else []
    design = np.column_stack([np.ones(count), time, *bend, _waves(middle + offset)])
    return Weeks(totals[0], totals[1], design)


def season(group: People) -> Check | None:
    """Measure the season; effect: a typical month's distance from the average (root mean square)."""
    days = _days(group)
    if days is None:
        return None
    purchases = int(days.bought.sum())
    came = group.columns(
        "SELECT quantile_cont(born, 0.9) - quantile_cont(born, 0.1) AS span FROM people"
    )["span"][0]
    years = group.span / YEAR
    # Over several years a season comes again at other ages, even if all came at once.
    facts: AssumptionFacts = {
        "years": years,
        "together": bool(came < YEAR / 4 and years < 1.9),
        "worn": group.season is not None,
    }
    if group.span < YEAR - _WEEK or purchases < FEWEST_PURCHASES:
        short = group.span < YEAR - _WEEK
        return Check(
            "season",
            None,
            SEASON_TRIVIAL,
            SEASON_LARGE,
            group.customers,
            (),
            {**facts, "short": short},
        )
    weeks = _weeks(group, days)
    fitted, covariance = jackknife(
        lambda y, e: poisson_fit(y, e, weeks.design), weeks.bought, weeks.expected
    )
    waves, spread = fitted[-2 * WAVES :], covariance[-2 * WAVES :, -2 * WAVES :]
    effect = _amplitude(waves, spread)
    rows = _months(group, days, fitted, weeks.design.shape[1])
    best = max(rows, key=lambda r: r["ratio"], default=None)
    worst = min(rows, key=lambda r: r["ratio"], default=None)
    if best and worst:
        facts["best"], facts["worst"] = best["month"], worst["month"]
        facts["best_ratio"], facts["worst_ratio"] = best["ratio"], worst["ratio"]
    return Check(
        "season", effect, SEASON_TRIVIAL, SEASON_LARGE, group.customers, tuple(rows), facts
    )


def _amplitude(waves: Floats, covariance: Floats) -> Effect | None:
    """Return the root mean square of the season, net of what chance adds.

    The lower end is 0 unless Hotelling's test sees a season.
    """
    if not (np.isfinite(waves).all() and np.isfinite(covariance).all()):
        return None
    k, freedom = len(waves), GROUPS - 1
    raw = float(waves @ waves)
    size = np.sqrt(max(raw - float(np.trace(covariance)), 0.0) / 2)
    try:
        distance = float(waves @ np.linalg.solve(covariance, waves))
    except np.linalg.LinAlgError:
        return None
    f = distance * (freedom - k + 1) / (freedom * k)
    seen = stats.f.sf(f, k, freedom - k + 1) < 1 - LEVEL
    error = np.sqrt(max(float(waves @ covariance @ waves), 0.0) / max(raw, 1e-300) / 2)
    # Where hardly anything is there, it may lie in any direction: in the widest, at most.
    widest = np.sqrt(float(np.linalg.eigvalsh(covariance)[-1]) / 2)
    high = size + T_GROUPS * (error if seen else max(error, widest))
    low = max(float(size - T_GROUPS * error), 1e-9) if seen else 0.0
    return Effect(float(size), low, float(high))


def _months(group: People, days: Days, fitted: Floats, columns: int) -> list[AssumptionRow]:
    """Return months of the year: purchases over what model and trend expect, with its 99 % interval."""
    length = days.bought.shape[1]
    time = 2 * np.arange(length) / length - 1
    trend = np.column_stack([time**i for i in range(columns - 2 * WAVES)]) @ fitted[: -2 * WAVES]
    expected = days.expected * np.exp(trend)
    month = np.array([(group.first_order + timedelta(days=i)).month for i in range(length)])
    by_month = [
        np.stack([t[:, month == m].sum(axis=1) for m in range(1, 13)], axis=1)
        for t in (days.bought, expected)
    ]

    ratio, covariance = jackknife(lambda y, e: by_the_year(y / np.maximum(e, 1e-300)), *by_month)
    reach = T_GROUPS * np.sqrt(np.diag(covariance))
    return [
        {
            "month": m + 1,
            "purchases": int(by_month[0][:, m].sum()),
            "ratio": float(ratio[m]),
            "low": max(float(ratio[m] - reach[m]), 0.0),
            "high": float(ratio[m] + reach[m]),
        }
        for m in range(12)
        if by_month[1][:, m].sum() > 0
    ]


def cohorts(group: People) -> Check | None:
    """Compare customers who came early and late at the same age; effect: log ratio of purchases."""
    days = _days(group)
    if days is None:
        return None
    age = max(min(AGE, group.span // 3), 1)
    nothing = Check("cohorts", None, COHORTS_TRIVIAL, COHORTS_LARGE, 0, (), {"age": age})
    came = _table(
        group, f"SELECT g, born AS day, count(*) AS n FROM people WHERE T >= {age} GROUP BY ALL"
    )
    bought = _table(
        group,
        "SELECT d.g, born AS day, count(*) AS n FROM days d JOIN people USING (c) "
        f"WHERE nth > 0 AND age <= {age} AND T >= {age} GROUP BY ALL",
    )
    customers = came.sum(axis=0)
    total = float(customers.sum())
    if total < 2 * FEWEST_CUSTOMERS or bought.sum() < FEWEST_PURCHASES:
        return nothing
    middle = int(np.searchsorted(np.cumsum(customers), total / 2))
    length = len(customers)
    late = np.arange(length) > middle
    day = np.arange(length, dtype=float)
    gap = customers[late] @ day[late] / max(customers[late].sum(), 1)
    gap -= customers[~late] @ day[~late] / customers[~late].sum()
    if customers[late].sum() < FEWEST_CUSTOMERS or gap < FEWEST_DAYS:
        return nothing
    weeks = _weeks(group, days)
    # A season that was not seen for a whole year can't be taken out.
    seasonal = bool(group.span >= YEAR - _WEEK and days.bought.sum() >= FEWEST_PURCHASES)
    waves = _waves(day + float(group.first_order.timetuple().tm_yday))

    def by_half(y: Floats, e: Floats, n: Floats, x: Floats) -> Floats:
        speed = days.speed
        if seasonal:
            fitted = poisson_fit(y, e, weeks.design)[-2 * WAVES :]
            speed = speed * np.exp(waves @ fitted)
        # What one customer who comes on each day is expected to buy up to the age.
        ahead = fftconvolve(speed[::-1], days.more[: age + 1])[:length][::-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = [np.log(x[half].sum() / (n * ahead)[half].sum()) for half in (~late, late)]
        return np.array([*ratios, ratios[1] - ratios[0]])

    found, covariance = jackknife(by_half, weeks.bought, weeks.expected, came, bought)
    rows: list[AssumptionRow] = []
    overall = np.log(bought.sum() / total) - 0.5 * (found[0] + found[1])
    for i, half in enumerate((~late, late)):
        reach = T_GROUPS * np.sqrt(max(covariance[i, i], 0.0))
        level = overall + found[i]
        some = day[half & (customers > 0)]
        rows.append(
            {
                "from": (group.first_order + timedelta(days=int(some[0]))).isoformat(),
                "to": (group.first_order + timedelta(days=int(some[-1]))).isoformat(),
                "customers": int(customers[half].sum()),
                "purchases": float(np.exp(level)),
                "low": float(np.exp(level - reach)),
                "high": float(np.exp(level + reach)),
            }
        )
    effect = around(found[2], covariance[2, 2])
    return Check(
        "cohorts",
        effect,
        COHORTS_TRIVIAL,
        COHORTS_LARGE,
        int(total),
        tuple(rows),
        {"age": age, "seasonal": seasonal},
    )
