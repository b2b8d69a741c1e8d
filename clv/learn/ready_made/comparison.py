"""How well a ready-made model would have told the best customers on past dates.

The same origins, customers and outcomes as in every other test (`clv.backtest.past_dates`), but revenue only: such
a model says nothing of orders. Beside it stand the standard model and the rules of thumb. A model's
maker alone knows over which time its values run, so what counts is whom it puts first.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from clv.backtest.candidates import Candidate
from clv.backtest.evaluation import draw, supported
from clv.backtest.moving_origin import Trial
from clv.backtest.past_dates import plan
from clv.core import engine, metrics
from clv.core.choice import STANDARD, Choice
from clv.learn.ready_made.scoring import worth
from clv.models.purchase.heuristics import HEURISTICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.types import Progress
    from clv.models.contenders import Contender
    from clv.runs import Run


_KEPT: Final = "ready_made"
#: See `clv.core.metrics.amounts`.
MEASURES: Final = ("top10", "top20", "gini", "spearman", "mae", "bias")


def stored(run: Run) -> dict[str, Any] | None:
    """Return the comparison of a run, if it has been made."""
    return run.derived(_KEPT)


def compared(run: Run, progress: Progress) -> dict[str, Any]:
    """Compare the run's ready-made model with the standard model and the rules of thumb, once.

    Parameters
    ----------
    run
        One whose model is ready-made.
    progress
        Told the stage, and how many past dates of all are done.

    Returns
    -------
    dict
        ``name`` (``pretrained:NAME``), ``horizon_months``, ``reason`` (why there is no test, or a
        shorter one; else empty), and ``origins``, oldest first: ``as_of, end, customers, measures``
        (contender → `MEASURES` of revenue, currency units and shares; None where not defined).

    Raises
    ------
    ModelFileError, ModelAnswerError, ModelLimitError
        The model isn't there any more, or can't be asked.
    """
    made = run.derived(_KEPT, lambda: _compare(run, progress))
    assert made is not None  # noqa: S101 - made, if it was not there
    return made


def together(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row a contender, means over the origins: who catches most with the best tenth first.

    Keys ``contender`` and `MEASURES`.
    """
    origins = found["origins"]
    names = [n for n in origins[0]["measures"] if all(n in o["measures"] for o in origins)]
    rows = [
        {"contender": name}
        | {m: _mean([o["measures"][name][m] for o in origins]) for m in MEASURES}
        for name in names
    ]
    return sorted(rows, key=lambda row: (row["top10"] is None, -(row["top10"] or 0.0)))


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if len(known) == len(values) else None


def _compare(run: Run, progress: Progress) -> dict[str, Any]:
    name = str(run.model["model"])
    model = str(run.model["ready_made"]["name"])
    as_of = run.as_of
    with run.connect() as con:
        con.execute("CREATE VIEW customers AS SELECT * FROM forecasts")
        known, first = engine.row(con, "SELECT count(*), min(first_order)::DATE FROM customers")
        draw(con, known)
        chosen = supported(con, plan(first, as_of, int(run.settings["horizon_months"])))
        rows = []
        for i, origin in enumerate(chosen.origins):
            day = origin.as_of
            progress(f"Testing as of {day.day} {day:%b %Y}", i, len(chosen.origins))
            trial = Trial.at(con, origin, first)
            contenders: list[Contender] = [Candidate(Choice(STANDARD)), *(h() for h in HEURISTICS)]
            for contender in contenders:
                trial.test(contender)
            said = {name: worth(con, model, day).values}
            said |= {n: one.forecast.value for n, one in trial.tested.items()}
            measured = {n: metrics.amounts(trial.sample.value, v) for n, v in said.items()}
            rows.append(
                {
                    "as_of": day.isoformat(),
                    "end": origin.end.isoformat(),
                    "customers": len(trial.sample.customer_id),
                    "measures": {n: {k: m[k] for k in MEASURES} for n, m in measured.items()},
                }
            )
    return {
        "name": name,
        "horizon_months": chosen.horizon_months,
        "reason": chosen.reason,
        "origins": rows,
    }
