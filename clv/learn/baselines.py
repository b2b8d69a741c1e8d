"""What learners are compared with, on the same customers and dates: rules of thumb, probabilities.

In the early design a probabilistic model is fitted on all orders known on the training's day, and
forecasts each tested customer from what they had done by their own prediction point. In the window
design it is the backtest's own test.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.backtest.candidates import Candidate
from clv.backtest.moving_origin import Backtest
from clv.backtest.past_dates import Origin, sample
from clv.core import engine
from clv.core.choice import Choice
from clv.core.errors import FitError
from clv.models.contenders import Known
from clv.models.histories import Histories
from clv.models.purchase.rules import HEURISTICS

if TYPE_CHECKING:
    import duckdb

    from clv.core.types import Floats
    from clv.learn.examples import Examples
    from clv.learn.plans import Design, Split
    from clv.learn.work import Work
    from clv.models.contenders import Contender


COHORT_MEAN: Final = "cohort-mean"
OBSERVED_RATIO: Final = "observed-ratio"
RULES: Final = (COHORT_MEAN, OBSERVED_RATIO, *(rule.name for rule in HEURISTICS))
#: Compared in the early design, and in the window design.
_EARLY: Final = ("mbg-nbd",)
_WINDOW: Final = ("mbg-nbd", "bg-nbd", "pareto-nbd")


def forecasts(
    con: duckdb.DuckDBPyConnection,
    design: Design,
    split: Split,
    train: Examples,
    test: Examples,
    work: Work,
) -> tuple[dict[str, Floats], dict[str, str]]:
    """Forecast the tested customers' remaining value by everything that does not learn from features.

    Returns
    -------
    (forecasts, failed)
        Name → shape (n,); name → why it could not be fitted.
    """
    if design.kind == "window":
        return _window(con, design, split, test, work)
    found = rules(train, test)
    failed: dict[str, str] = {}
    for name in _EARLY:
        work.say(f"Fitting {Choice(name).name}")
        try:
            found[name] = _probabilistic(con, name, design, split, test)
        except FitError as error:
            failed[name] = error.message
    return found, failed


def rules(train: Examples, test: Examples) -> dict[str, Floats]:
    """Forecast by the ratio of remaining to observed revenue of the customers learned from.

    ``cohort-mean``: everybody brings what the average of their month of first order brought so far,
    times that ratio; ``observed-ratio``: everybody brings what they brought so far, times the ratio.
    """
    seen = float(train.observed.sum())
    ratio = float(train.remaining.sum()) / seen if seen > 0 else 0.0
    month = test.features.first_day.astype("datetime64[M]")
    _, cohort = np.unique(month, return_inverse=True)
    mean = np.bincount(cohort, test.observed) / np.bincount(cohort)
    return {
        COHORT_MEAN: np.maximum(ratio * mean[cohort], 0.0),
        OBSERVED_RATIO: np.maximum(ratio * test.observed, 0.0),
    }


def _probabilistic(
    con: duckdb.DuckDBPyConnection, name: str, design: Design, split: Split, test: Examples
) -> Floats:
    """Forecast each tested customer from their own prediction point to the end of the horizon."""
    # What comes after is not looked at: the outcome is that of one day, and thrown away.
    learned = sample(con, Origin(split.known, split.known + timedelta(days=1))).history
    model = Candidate(Choice(name)).learn(learned, None)
    known, days = _known(con, design, test)
    value = np.zeros(len(test))
    lengths = np.unique(days)
    for length, found in zip(lengths, model.forecast_many(known, lengths.tolist()), strict=True):
        value[days == length] = found.value[days == length]
    return value


def _known(con: duckdb.DuckDBPyConnection, design: Design, test: Examples) -> tuple[Known, Floats]:
    """Return each one's history at their own prediction point, and the days from there to the end."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    con.register(
        "tested",
        pa.table(
            {
                "customer_id": test.features.customer_id,
                "first_day": pa.array(test.features.first_day),
                "until": pa.array(test.features.known_until),
            }
        ),
    )
    rows = con.sql(
        "WITH days AS (SELECT customer_id, first_day, until, ordered_at::DATE AS day, "
        "coalesce(sum(revenue), 0) AS value FROM orders JOIN tested USING (customer_id) "
        "WHERE ordered_at::DATE <= until GROUP BY ALL) "
        "SELECT count(*) - 1 AS frequency, max(day) - first_day AS recency, until - first_day AS T, "
        "coalesce(avg(value) FILTER (day > first_day), 0) AS monetary_value, "
        "avg(value) AS mean_value, "
        "(first_day + to_months($1))::DATE - 1 - until AS ahead "
        "FROM days GROUP BY customer_id, first_day, until ORDER BY customer_id",
        params=[design.horizon_months],
    ).to_arrow_table()
    con.unregister("tested")

    def column(name: str) -> Floats:
        return np.asarray(rows[name], dtype=float)

    none = np.zeros(len(test))
    known = Known(
        Histories.of(column("frequency"), column("recency"), column("T")),
        monetary_value=column("monetary_value"),
        mean_value=column("mean_value"),
        recent_purchases=none,
        recent_value=none,
        recent_days=1.0,
    )
    return known, column("ahead")


def _window(
    con: duckdb.DuckDBPyConnection, design: Design, split: Split, test: Examples, work: Work
) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return what the backtest's contenders say of the held-out day."""
    from clv.features.targets import ahead  # noqa: PLC0415

    origin = split.test[0]
    end = ahead(con.table("orders"), origin, design.horizon_months).end
    first: date = engine.row(con, "SELECT min(ordered_at)::DATE FROM orders")[0]
    backtest = Backtest.at(con, Origin(origin, end), first)
    if backtest.sample.customer_id.to_pylist() != test.features.customer_id.to_pylist():
        msg = "Backtest and features do not know the same customers."
        raise AssertionError(msg)
    candidates = [Candidate(Choice(name)) for name in _WINDOW]
    contenders: list[Contender] = [*candidates, *(rule() for rule in HEURISTICS)]
    for contender in contenders:
        work.say(f"Fitting {contender.name}")
        backtest.test(contender)
    return {name: one.forecast.value for name, one in backtest.tested.items()}, backtest.failed
