"""The training, once: read the designs' examples, let everybody learn, compare, choose, keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import engine, metrics, names
from clv.core.errors import NoRowsError, SettingsError
from clv.core.formatting import day
from clv.learn import baselines, leaderboard
from clv.learn.boosted import Tweedie, TwoPart, missing
from clv.learn.designs import Tables, check_sizes, check_time, design_of
from clv.learn.effects import SHOWN, effects, importance
from clv.learn.learners import Boosting, Forest, Lasso
from clv.learn.model import Model, monthly
from clv.learn.plans import Design, plan
from clv.learn.ranges import Ranges
from clv.learn.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

    from clv.core.schema import (
        ForestErrors,
        HeldOutDate,
        KeptByLasso,
        MonthOfValue,
        MonthsOfValue,
        TrainingChoice,
        TrainingReport,
        TunedForest,
    )
    from clv.core.types import Floats
    from clv.features.tables import Features
    from clv.learn.examples import Examples
    from clv.learn.learners import Learner
    from clv.learn.plans import Split


#: Everything that learns, in the order of a table.
LEARNERS: Final[dict[str, type[Learner]]] = {
    kind.name: kind for kind in (Boosting, Forest, Lasso, Tweedie, TwoPart)
}

#: Those that need LightGBM.
_LIGHTGBM: Final = frozenset({Tweedie.name, TwoPart.name})
_SAMPLE: Final = 50
#: An error below this, in currency units, is a matter of rounding.
_NO_ERROR: Final = 1e-6


@dataclass(frozen=True)
class Trained:
    """What a training made.

    Attributes
    ----------
    model
        Trained on everybody whose value is known; what scores new customers.
    report
        See `train`.
    rows
        ``model_df``: one row per customer, see `model_df`.
    sample
        Features of some customers, to prove the model with.
    """

    model: Model
    report: TrainingReport
    rows: pa.Table
    sample: Features


@dataclass(frozen=True)
class Test:
    """One date: who was trained on what, and what everybody said of the tested customers.

    Attributes
    ----------
    everybody
        Early: all whose value is known by now, described as the trained and the tested are.
    fitted
        Name → learner.
    said
        Name → expected remaining value of the tested, shape (n,): learners, rules, probabilities.
    failed
        Name → why not.
    """

    split: Split
    train: Examples
    test: Examples
    everybody: Examples
    fitted: dict[str, Learner]
    said: dict[str, Floats]
    failed: dict[str, str]

    def date(self) -> HeldOutDate:
        """Return the days, and how many customers were trained and tested."""
        return {
            "known": self.split.known.isoformat(),
            "train": [day.isoformat() for day in self.split.train],
            "test": [day.isoformat() for day in self.split.test],
            "trained": len(self.train),
            "tested": len(self.test),
        }


def train(
    con: duckdb.DuckDBPyConnection,
    design: Design,
    *,
    as_of: date | None = None,
    learners: Sequence[str] | None = None,
    level: float = 0.8,
    work: Work | None = None,
) -> Trained:
    """Train on the ``orders`` of a connection, and on what else is there (`Tables`).

    Parameters
    ----------
    as_of
        Day up to which the orders are known; that of the last one where not given.
    learners
        Names of `LEARNERS`; all of them where not given.
    level
        Share of customers whose value is to lie within their range.
    work
        Seed, progress, and whether to go on.

    Returns
    -------
    Trained
        Its report: ``design`` (`Design.as_dict`), ``as_of, first_order``; ``dates``, oldest first, the
        last held out: `Split` and the customers ``trained`` and ``tested``; ``board`` of the
        held-out customers (`leaderboard.board`) and, where an earlier date decides, ``earlier``;
        ``choice``: ``name, title, runner_up, reason, as_good`` (a forecast that needs no features and
        is as good, or better, or None), ``unseen`` (whether the held-out customers had no say); ``failed``;
        ``importance`` and ``effects`` (`clv.learn.effects`) of the chosen model; ``ranges``
        (`Ranges.measured`); ``months``: month by month ``actual`` and ``expected`` remaining revenue
        of the held-out customers with ``mape`` of months and ``mape_total``; ``forest`` (settings,
        what was tried, what tuning gained) and ``lasso`` (penalty, what survived) where they were
        trained; ``ready``: customers whose value is known, and ``customers`` in all; ``kept``: models
        in the artefact.

    Raises
    ------
    SettingsError
        The history doesn't support the design; says what it supports.
    NoRowsError
        Too few customers.
    StoppedError
        The work was stopped.
    """
    work = work or Work()
    named = list(LEARNERS) if learners is None else list(learners)
    _check(con, named)
    named, left_out = _loadable(named)
    first, last, customers = engine.row(
        con,
        "SELECT min(ordered_at)::DATE, max(ordered_at)::DATE, count(DISTINCT customer_id) FROM orders",
    )
    as_of = as_of or last
    chosen = plan(first, as_of, design, first_days(con))
    reader = design_of(Tables.of(con), as_of, design)
    tests = []
    for split in chosen.splits:
        work.say(f"Reading what was known on {day(split.known)}")
        try:
            tests.append(
                _test(con, design, split, reader.split(split), named, work, chosen.longest)
            )
        except NoRowsError:  # An earlier date that can't decide is done without.
            if split is chosen.splits[-1]:
                raise
    held = tests[-1]
    ranges = _ranges(held.train, level, work)
    work.say("Reading everybody whose value is known")
    everybody = reader.final(chosen.final)
    name, choice = _choose(tests)
    forest, lasso = _tuned(held, work), _kept_by_lasso(held)
    main = importance(held.fitted[name], held.test, work)
    moves = effects(held.fitted[name], held.test, [row["name"] for row in main[:SHOWN]], work)
    kept: dict[str, Learner] = {}
    for one in dict.fromkeys((name, Boosting.name)):
        if one in held.fitted:
            work.say(f"Training on everybody: {names.title(one)}")
            kept[one] = LEARNERS[one]().fit(everybody, work)
    model = Model(
        design,
        everybody.features.spec,
        everybody.features.names,
        everybody.features.kinds,
        name,
        kept,
        _ranges(everybody, level, work),
        tuple(float(s) for s in everybody.shape),
    )
    report: TrainingReport = {
        "design": design.as_dict(),
        "as_of": as_of.isoformat(),
        "first_order": first.isoformat(),
        "customers": int(customers),
        "ready": len(everybody),
        "seed": work.seed,
        "dates": [test.date() for test in tests],
        "board": leaderboard.board(held.test, held.said, held.fitted),
        "earlier": leaderboard.board(tests[0].test, tests[0].said, tests[0].fitted)
        if len(tests) > 1
        else None,
        "choice": choice,
        "failed": left_out | held.failed,
        "ranges": ranges.measured(held.test, held.said[name]),
        "months": _months(held, name),
        "forest": forest,
        "lasso": lasso,
        "importance": main,
        "effects": moves,
        "kept": list(kept),
    }
    sample = everybody.few(_SAMPLE, work.seed).features
    return Trained(model, report, model_df(held, name, design), sample)


def _check(con: duckdb.DuckDBPyConnection, named: Sequence[str]) -> None:
    unknown = [name for name in named if name not in LEARNERS]
    if unknown or not named:
        msg = f"There is no model {', '.join(unknown)}." if unknown else "No model is named."
        raise SettingsError(msg, f"There are: {', '.join(LEARNERS)}.")
    if not engine.row(con, "SELECT count(revenue) FROM orders")[0]:
        msg = "The orders have no amounts, so that there is no value to predict."
        raise SettingsError(msg, "Upload a file with a value column.")


def first_days(con: duckdb.DuckDBPyConnection) -> NDArray[np.datetime64]:
    """Return the day of every customer's first order, sorted, shape (n,)."""
    days = con.execute(
        "SELECT min(ordered_at)::DATE AS day FROM orders GROUP BY customer_id ORDER BY day"
    ).fetchnumpy()["day"]
    return np.asarray(days, dtype="datetime64[D]")


def _loadable(named: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the models that can be trained on this computer, and why the others can't."""
    lightgbm = [name for name in named if name in _LIGHTGBM]
    why = missing() if lightgbm else None
    if why is None:
        return list(named), {}
    others = [name for name in named if name not in lightgbm]
    if not others:
        there = ", ".join(name for name in LEARNERS if name not in _LIGHTGBM)
        raise SettingsError(why, f"These models need nothing of it: {there}.")
    return others, dict.fromkeys(lightgbm, why)


def _test(
    con: duckdb.DuckDBPyConnection,
    design: Design,
    split: Split,
    examples: tuple[Examples, Examples, Examples],
    named: Sequence[str],
    work: Work,
    longest: int | None,
) -> Test:
    """Train on one date's customers, and let everybody forecast those tested."""
    seen, tested, everybody = examples
    check_sizes(seen, tested, split, design, longest)
    check_time(seen, tested, design)
    fitted: dict[str, Learner] = {}
    said: dict[str, Floats] = {}
    for i, name in enumerate(named):
        work.say(f"Training {names.title(name)} as of {day(split.known)}", i, len(named))
        fitted[name] = LEARNERS[name]().fit(seen, work)
        said[name] = fitted[name].predict(tested)
    others, failed = baselines.forecasts(con, design, split, seen, tested, work)
    return Test(split, seen, tested, everybody, fitted, said | others, failed)


def _choose(tests: Sequence[Test]) -> tuple[str, TrainingChoice]:
    """Choose on the first date, check on the last."""
    deciding, held = tests[0], tests[-1]
    name, runner_up = leaderboard.choose(deciding.test, deciding.said, deciding.fitted)
    simple = leaderboard.as_good(held.test, held.said, held.fitted, name)
    earlier = len(tests) > 1
    return name, {
        "name": name,
        "title": names.title(name),
        "runner_up": runner_up,
        "reason": leaderboard.reason(
            name,
            better=name != leaderboard.STANDARD and leaderboard.STANDARD in deciding.fitted,
            earlier=earlier,
            simple=simple,
        ),
        "as_good": None if simple is None else simple[0],
        "unseen": earlier,
    }


def _ranges(seen: Examples, level: float, work: Work) -> Ranges:
    work.say("Training ranges")
    return Ranges(level).fit(seen, work)


def _months(held: Test, name: str) -> MonthsOfValue:
    """Compare the held-out customers' remaining revenue month by month with what was expected."""
    shape = held.test.shape  # of the outcome: its total lies in the remaining value
    total = float(np.maximum(held.test.remaining, 0.0).sum())
    said = monthly(held.train.shape, held.said[name])
    actual, expected = (shape * total).tolist(), said.sum(axis=0).tolist()
    rows: list[MonthOfValue] = [
        {"month": i, "actual": a, "expected": e}
        for i, (a, e) in enumerate(zip(actual, expected, strict=True))
    ]
    there = [row for row in rows if row["actual"] > 0]
    return {
        "rows": rows,
        "mape": metrics.mape([r["actual"] for r in there], [r["expected"] for r in there])
        if there
        else None,
        "mape_total": metrics.mape([sum(actual)], [sum(expected)]) if total > 0 else None,
    }


def _tuned(held: Test, work: Work) -> TunedForest | None:
    """Tell what tuning gained the forest, where one was trained."""
    forest = held.fitted.get(Forest.name)
    if not isinstance(forest, Forest):
        return None
    work.say("Measuring what tuning gained")
    said = forest.gained(held.train, held.test, work)
    default, tuned = _errors(held.test, said["default"]), _errors(held.test, said["tuned"])
    return {
        "settings": forest.settings_,
        "tried": forest.tried_,
        "gain": {
            "rmse": _gain(tuned["rmse"], default["rmse"]),
            "mae": _gain(tuned["mae"], default["mae"]),
            "loss": _gain(tuned["loss"], default["loss"]),
        },
        "default": default,
        "tuned": tuned,
    }


def _errors(test: Examples, said: Floats) -> ForestErrors:
    return {
        "rmse": float(np.sqrt(np.mean((test.remaining - said) ** 2))),
        "mae": float(np.abs(test.remaining - said).mean()),
        "loss": float(leaderboard.losses(test, {"": said})[""].mean()),
    }


def _kept_by_lasso(held: Test) -> KeptByLasso | None:
    """Tell what the Lasso kept, where one was trained."""
    lasso = held.fitted.get(Lasso.name)
    if not isinstance(lasso, Lasso):
        return None
    return {"penalty": lasso.penalty(), "kept": lasso.kept(), "columns": len(lasso.columns_)}


def _gain(tuned: float, default: float) -> float:
    """Return by which share an error became smaller; where there was none, nothing was to be gained."""
    return 1 - tuned / default if default > _NO_ERROR else 0.0


#: Features that `model_df` lists at most; beyond, those that the chosen model uses most.
MOST_COLUMNS: Final = 60


def model_df(held: Test, name: str, design: Design) -> pa.Table:
    """Return one row per customer whose value is known.

    Returns
    -------
    Table
        ``customer_id``; ``cohort_month`` (early) or ``as_of`` (window, the held-out day); the
        features; ``LTV_12m`` (for 12 months), ``observed`` and ``remaining``, currency units;
        ``split``: ``train``, ``test``, or ``between`` (too late to be learned from, too early to be
        tested); ``prediction``: the whole value as foreseen by the *tested* model, which has seen the
        rows ``train`` and no others; for rows ``between`` it is that model's as well.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    who = held.everybody
    listed = [n for n in who.features.names if n != "cohort_month"]
    if len(listed) > MOST_COLUMNS:
        gains = held.fitted[name].gains()
        used = sorted((n for n in listed if n in gains), key=lambda n: -gains[n])[:MOST_COLUMNS]
        listed = [n for n in listed if n in used]
    months = who.features.first_day.astype("datetime64[M]").astype(str)
    days = who.features.known_until.astype(str)
    lead = (
        {"cohort_month": pa.array(months.tolist())}
        if design.kind == "early"
        else {"as_of": pa.array(days.tolist())}
    )
    shown = who.features.table(listed)
    columns = {"customer_id": who.features.customer_id} | lead
    columns |= {n: shown[n] for n in listed}
    columns |= {
        f"LTV_{design.horizon_months}m": pa.array(who.whole),
        "observed": pa.array(who.observed),
        "remaining": pa.array(who.remaining),
        "split": pa.array(_splits(held, who, design)),
        "prediction": pa.array(who.observed + held.fitted[name].predict(who)),
    }
    return pa.table(columns)


def _splits(held: Test, who: Examples, design: Design) -> list[str]:
    if design.kind == "window":
        return ["test"] * len(who)
    first = who.features.first_day
    begin, end = (np.datetime64(day) for day in held.split.train)
    test = np.datetime64(held.split.test[0])
    found = np.where(
        (first >= begin) & (first <= end), "train", np.where(first >= test, "test", "between")
    )
    return [str(one) for one in found]
