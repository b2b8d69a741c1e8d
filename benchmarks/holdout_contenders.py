"""Who forecasts from a day in the past: the product's main job, lifetimes, single models, a learner.

All forecast the same customers from the same orders, those that the shop would have exported on that
day; value is undiscounted.
"""

from __future__ import annotations

import time
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.holdout_measures import Said
from clv.backtest.candidates import Candidate
from clv.backtest.past_dates import Origin, past, sample
from clv.core import engine, names
from clv.core.choice import Choice
from clv.core.errors import ClvError, FitError
from clv.core.formatting import plural
from clv.core.horizon import add_months
from clv.core.orders import EXTRAS
from clv.core.settings import AUTO, IngestOptions, Settings
from clv.forecast import pipeline
from clv.models.purchase.rules import HEURISTICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from clv.core.types import Floats
    from clv.models.contenders import Contender
    from clv.runs import Draft, Store

PLAIN: Final = "mbg-nbd"
#: What the product forecasts by, through its main job: tested on the past, with ranges.
OURS: Final = (AUTO, "corrected", PLAIN)
#: The contender that ours are compared with. It says nothing of the chance to buy; the plain model does.
BASE: Final = "lifetimes MBG/NBD"
_FITTERS: Final = {BASE: "ModifiedBetaGeoFitter", "lifetimes BG/NBD": "BetaGeoFitter"}
_SINGLE: Final = ("pareto-nbd", "mbg-cnbd")
_LEARNERS: Final = ("lightgbm-two-part", "lightgbm-tweedie")


@dataclass(frozen=True)
class Day:
    """A log as it stood on a day, and how far to look ahead.

    Attributes
    ----------
    draft
        The orders known then, checked.
    customers
        Their customers, sorted by id.
    """

    store: Store
    draft: Draft
    customers: pa.Array
    as_of: date
    months: int

    @classmethod
    def of(cls, store: Store, files: Sequence[Path], as_of: date, months: int) -> Day:
        """Read a log's files as if it were that day: rows of later ones are not looked at."""
        draft = store.new_draft()
        pipeline.check(draft, files, IngestOptions(), as_of)
        with _opened(draft) as con:
            ids = con.sql("SELECT DISTINCT customer_id FROM orders ORDER BY 1").to_arrow_table()
        return cls(store, draft, ids["customer_id"].combine_chunks(), as_of, months)

    @property
    def origin(self) -> Origin:
        """The day, and the end of the horizon."""
        return Origin(self.as_of, add_months(self.as_of, self.months))


def forecasts(day: Day) -> Iterator[tuple[str, Said]]:
    """Let everybody forecast; who can't says why in a note."""
    for name in OURS:
        if name == AUTO or _known(name):
            yield name, _timed(_product, day, name)
    for title, fitter in _FITTERS.items():
        yield title, _timed(_lifetimes, day, fitter)
    for name in _SINGLE:
        yield names.title(name), _timed(single, day, Candidate(Choice(name)))
    for rule in HEURISTICS:
        yield names.title(rule.name), _timed(single, day, rule())
    yield "Window learner", _timed(_learner, day)


def _known(name: str) -> bool:
    try:
        Choice.parse(name)
    except ValueError:
        return False
    return True


def _timed(forecast: Callable[..., Said], *given: object) -> Said:
    begin = time.perf_counter()
    try:
        said = forecast(*given)
    except ClvError as error:
        return Said(note=error.message)
    return said._replace(seconds=time.perf_counter() - begin)


def _product(day: Day, name: str) -> Said:
    """Forecast as a user would: the product's main job on a run store."""
    settings = Settings(as_of=day.as_of, horizon_months=day.months, discount_rate=0.0, model=name)
    run = pipeline.forecast(day.store, day.draft, settings)
    rows = run.query(
        "SELECT customer_id, predicted_purchases, p_purchase, predicted_clv, predicted_clv_low, "
        "predicted_clv_high FROM forecasts ORDER BY customer_id"
    )
    _same(day, rows["customer_id"])
    ranges = run.summary["ranges"]
    columns = (None if rows[c].null_count else np.asarray(rows[c]) for c in rows.column_names[1:])
    purchases, chance, value, low, high = columns
    return Said(
        purchases,
        value,
        chance,
        low,
        high,
        total=(ranges["total"]["low"], ranges["total"]["high"]) if ranges else None,
        note=names.of_card(run.model),
    )


def _lifetimes(day: Day, fitter: str) -> Said:
    """Forecast as lifetimes' documentation shows it: BG models × Gamma-Gamma, in days."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        import lifetimes
        from lifetimes.utils import ConvergenceError, summary_data_from_transaction_data

        with _opened(day.draft) as con:
            log = con.sql(
                "SELECT customer_id, ordered_at, coalesce(revenue, 0) AS revenue FROM orders"
            ).df()
        data = summary_data_from_transaction_data(
            log,
            "customer_id",
            "ordered_at",
            monetary_value_col="revenue",
            observation_period_end=day.as_of,
        ).reindex(day.customers.to_pylist())
        history = data["frequency"], data["recency"], data["T"]
        model, spend = getattr(lifetimes, fitter)(), lifetimes.GammaGammaFitter()
        again = data[(data["frequency"] > 0) & (data["monetary_value"] > 0)]
        try:
            model.fit(*history)
            spend.fit(again["frequency"], again["monetary_value"])
        except ConvergenceError as error:
            msg = "It does not converge."
            raise FitError(msg) from error
        purchases = model.conditional_expected_number_of_purchases_up_to_time(
            day.origin.days, *history
        )
        worth = spend.conditional_expected_average_profit(data["frequency"], data["monetary_value"])
    said = Said(np.asarray(purchases), np.asarray(purchases * worth))
    none = ~(np.isfinite(said.purchases) & np.isfinite(said.value))
    if none.any():
        msg = f"It has no number for {plural(int(none.sum()), 'customer')}."
        raise FitError(msg)
    return said


def single(day: Day, contender: Contender) -> Said:
    """Forecast by one model or rule, without choosing or testing any."""
    with _opened(day.draft) as con:
        first = engine.row(con, "SELECT min(ordered_at)::DATE FROM orders")[0]
        found = sample(con, day.origin)
        contender.learn(found.history, past(con, day.origin, first))
    said = contender.forecast(found.history, day.origin.days)
    return Said(said.purchases, said.value, said.p_purchase)


def _learner(day: Day) -> Said:
    """Forecast value by the learner of the first-year page, trained on windows of the past."""
    from clv.learn.plans import Design
    from clv.learn.scoring import to_score
    from clv.learn.train import train

    with _opened(day.draft) as con:
        made = train(con, Design("window", day.months), as_of=day.as_of, learners=_LEARNERS)
        features = to_score(con, made.model, day.as_of)
    _same(day, features.customer_id)
    value: Floats = made.model.predict(features)["predicted_remaining"]
    return Said(value=value, note=names.title(made.model.chosen))


@contextmanager
def _opened(draft: Draft) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the engine with a draft's tables as views."""
    there = {name: draft.optional(name) for name in EXTRAS}
    tables = {"orders": draft.orders} | {n: path for n, path in there.items() if path.exists()}
    with engine.connect() as con:
        for name, path in tables.items():
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({engine.text(path)})")
        yield con


def _same(day: Day, customers: pa.ChunkedArray | pa.Array) -> None:
    if customers.to_pylist() != day.customers.to_pylist():
        msg = "The forecast is not of the customers of that day."
        raise AssertionError(msg)
