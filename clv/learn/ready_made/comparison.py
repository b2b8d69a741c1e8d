"""How well a ready-made model would have told the best customers on past dates.

The same origins, customers and outcomes as in every other test (`clv.backtest.past_dates`), but revenue only: such
a model says nothing of orders. Beside it stand the standard model and the rules of thumb. A model's
maker alone knows over which time its values run, so what counts is whom it puts first.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Final

from clv.backtest.candidates import Candidate
from clv.backtest.evaluation import supported
from clv.backtest.moving_origin import Backtest
from clv.backtest.past_dates import draw, orders_then, plan
from clv.core import engine, metrics
from clv.core.choice import STANDARD, Choice
from clv.core.schema import RankingMeasures, ReadyMadeComparison
from clv.learn.ready_made.scoring import worth
from clv.models.purchase.rules import HEURISTICS

if TYPE_CHECKING:
    from clv.core.schema import ComparedOrigin
    from clv.core.types import Floats, Progress
    from clv.models.contenders import Contender
    from clv.runs import Run


_KEPT: Final = "ready_made"


class Contended(RankingMeasures):
    """A contender, and the mean over the past days of how well it did."""

    contender: str


def stored(run: Run) -> ReadyMadeComparison | None:
    """Return the comparison of a run, if it has been made."""
    return run.derived(_KEPT, ReadyMadeComparison)


def compared(run: Run, progress: Progress) -> ReadyMadeComparison:
    """Compare the run's ready-made model with the standard model and the rules of thumb, once.

    Parameters
    ----------
    run
        One whose model is ready-made.
    progress
        Told the stage, and how many past dates of all are done.

    Returns
    -------
    ReadyMadeComparison
        ``name`` (``pretrained:NAME``), ``horizon_months``, ``reason`` (why there is no test, or a
        shorter one; else empty), and ``origins``, oldest first: ``as_of, end, customers, measures``
        (contender → measures of revenue, currency units and shares; None where not defined).

    Raises
    ------
    ModelFileError, ModelAnswerError, ModelLimitError
        The model isn't there any more, or can't be asked.
    """
    return run.derived(_KEPT, ReadyMadeComparison, lambda: _compare(run, progress))


def together(found: ReadyMadeComparison) -> list[Contended]:
    """Return one row a contender, means over the origins: who catches most with the best tenth first."""
    origins = found["origins"]
    names = [n for n in origins[0]["measures"] if all(n in o["measures"] for o in origins)]
    rows = [_together(name, [o["measures"][name] for o in origins]) for name in names]
    return sorted(rows, key=lambda row: (row["top10"] is None, -(row["top10"] or 0.0)))


def _together(contender: str, found: list[RankingMeasures]) -> Contended:
    return {
        "contender": contender,
        "top10": _mean([one["top10"] for one in found]),
        "top20": _mean([one["top20"] for one in found]),
        "gini": _mean([one["gini"] for one in found]),
        "spearman": _mean([one["spearman"] for one in found]),
        "mae": _mean([one["mae"] for one in found]),
        "bias": _mean([one["bias"] for one in found]),
    }


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if len(known) == len(values) else None


def _compare(run: Run, progress: Progress) -> ReadyMadeComparison:
    name = str(run.model["model"])
    model = str(run.model["ready_made"]["name"])
    as_of = run.as_of
    with run.connect() as con:
        con.execute("CREATE VIEW customers AS SELECT * FROM forecasts")
        known, first = engine.row(con, "SELECT count(*), min(first_order)::DATE FROM customers")
        draw(con, known)
        chosen = supported(con, plan(first, as_of, int(run.settings["horizon_months"])))
        rows: list[ComparedOrigin] = []
        for i, origin in enumerate(chosen.origins):
            day = origin.as_of
            progress(f"Testing as of {day.day} {day:%b %Y}", i, len(chosen.origins))
            backtest = Backtest.at(con, origin, first)
            contenders: list[Contender] = [Candidate(Choice(STANDARD)), *(h() for h in HEURISTICS)]
            for contender in contenders:
                backtest.test(contender)
            said = {name: worth(con, model, day, orders_then(con, day)).values}
            said |= {n: one.forecast.value for n, one in backtest.tested.items()}
            rows.append(
                {
                    "as_of": day.isoformat(),
                    "end": origin.end.isoformat(),
                    "customers": len(backtest.sample.customer_id),
                    "measures": {n: _measured(backtest.sample.value, v) for n, v in said.items()},
                }
            )
    return {
        "name": name,
        "horizon_months": chosen.horizon_months,
        "reason": chosen.reason,
        "origins": rows,
    }


def _measured(actual: Floats, forecast: Floats) -> RankingMeasures:
    found = metrics.amounts(actual, forecast)
    return {
        "top10": found["top10"],
        "top20": found["top20"],
        "gini": found["gini"],
        "spearman": found["spearman"],
        "mae": found["mae"],
        "bias": found["bias"],
    }
