"""Training on a run's orders, kept beside the run: what a page shows, and what it hands out."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core import engine
from clv.core.errors import SettingsError
from clv.core.schema import KeptTraining, checked
from clv.features.targets import first_year
from clv.insights.newcomers.bids import Tenth, tenths
from clv.insights.newcomers.curves import Newcomers
from clv.learn import artefact
from clv.learn.plans import Design, plan
from clv.learn.scoring import to_score
from clv.learn.train import train
from clv.learn.work import SEED, Work
from clv.runs import read_json, write_json, write_rows

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import pyarrow as pa

    from clv.core.schema import BidsOfTenth, TrainingReport
    from clv.runs import Run

#: Of what is kept; trainings of another version are made anew.
_VERSION: Final = 1
_BIDS: Final = "bids.json"
_PREDICTIONS: Final = "predictions.csv"


@dataclass(frozen=True)
class Wish:
    """What is to be trained.

    Attributes
    ----------
    design
        What is foreseen from what.
    labels
        Which of the run's labels are features.
    seed
        The same seed gives the same model.
    learners
        Names of models, see `clv.learn.train.LEARNERS`; None for all.
    """

    design: Design = field(default_factory=Design)
    labels: tuple[str, ...] = ()
    seed: int = SEED
    learners: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """Name of the training: equal for equal wishes."""
        told = {
            "version": _VERSION,
            "design": self.design.as_dict(),
            "labels": sorted(self.labels),
            "seed": self.seed,
            "learners": self.learners and sorted(self.learners),
        }
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Kept:
    """A finished training.

    Attributes
    ----------
    run, key
        Where it is kept.
    wish
        What was asked for.
    report
        `clv.learn.train.train`.
    bids
        The held-out customers by tenth of their forecast, best first; empty in the window design,
        whose customers have been won long ago.
    scored
        Customers in `predictions`.
    """

    run: Run
    key: str
    wish: Wish
    report: TrainingReport
    bids: list[Tenth]
    scored: int

    def foresees(self, months: int) -> bool:
        """Return whether it tells of new customers what their first so many months bring."""
        design = self.wish.design
        return design.kind == "early" and design.horizon_months == months

    def predictions(self) -> bytes:
        """Return what is foreseen of everybody who has reached the prediction point, as CSV."""
        return (self.run.training(self.key) / _PREDICTIONS).read_bytes()

    def rows(self) -> bytes:
        """Return ``model_df.csv``."""
        return (self.run.training(self.key) / artefact.ROWS).read_bytes()

    def card(self) -> bytes:
        """Return the model's card."""
        return (self.run.training(self.key) / artefact.CARD).read_bytes()

    def packed(self) -> bytes:
        """Return the trained model as a zip, as ``python -m clv score --model`` reads it unpacked."""
        folder = self.run.training(self.key)
        names = [artefact.CARD, *artefact.read_card(folder)["files"]]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in names:
                packed.write(folder / name, f"model/{name}")
        return out.getvalue()


def check(run: Run, design: Design) -> None:
    """See that the run's history supports a design.

    Raises
    ------
    SettingsError
        It does not: says the longest horizon that it does; or there are no amounts.
    """
    if not run.has_value:
        msg = "The orders have no amounts, so that there is no value to predict."
        raise SettingsError(msg, "Upload a file with a value column.")
    born = np.array(
        run.query("SELECT first_order AS day FROM forecasts ORDER BY day")["day"].to_pylist(),
        dtype="datetime64[D]",
    )
    plan(born[0].item(), run.as_of, design, born)


def stored(run: Run, key: str) -> Kept | None:
    """Return a training if it has been made, by this version, and was finished.

    Raises
    ------
    FileError
        It was changed since.
    """
    folder = run.training(key)
    try:
        told = checked(KeptTraining, read_json(folder / _BIDS))
    except (FileNotFoundError, ValueError):
        return None
    if told["version"] != _VERSION:
        return None
    report = artefact.read_card(folder)["report"]
    wish = Wish(
        Design.from_dict(report["design"]),
        tuple(told["labels"]),
        report["seed"],
        None if told["learners"] is None else tuple(told["learners"]),
    )
    bids = [Tenth(one["rank"], one["predicted"], _curve(one)) for one in told["tenths"]]
    return Kept(run, key, wish, report, bids, told["scored"])


def latest(run: Run, months: int | None = None) -> Kept | None:
    """Return the run's newest training, or the newest that `Kept.foresees` so many months, or None."""
    found = (kept for key in run.trainings if (kept := stored(run, key)))
    return next((kept for kept in found if months is None or kept.foresees(months)), None)


def make(run: Run, wish: Wish, work: Work) -> Kept:
    """Train, and keep the model beside the run.

    Parameters
    ----------
    work
        Progress, and whether to go on; its seed is that of the wish.

    Raises
    ------
    SettingsError, NoRowsError, StoppedError
        As `clv.learn.train.train`.
    """
    work = Work(wish.seed, work.progress, work.stopped)
    as_of, folder = run.as_of, run.training(wish.key)
    with run.connect() as con:
        _restrict(con, wish.labels, run.labels)
        made = train(con, wish.design, as_of=as_of, learners=wish.learners, work=work)
        work.say("Scoring customers")
        scored = made.model.table(to_score(con, made.model, as_of), by_month=True)
        bids = _bids(con, made.rows, wish.design, as_of)
        artefact.save(made, artefact.fingerprint(con), folder)
    write_rows(scored, folder / _PREDICTIONS)
    told: KeptTraining = {
        "version": _VERSION,
        "labels": list(wish.labels),
        "learners": None if wish.learners is None else list(wish.learners),
        "scored": scored.num_rows,
        "tenths": bids,
    }
    # Written last: a training without it was not finished.
    write_json(folder / _BIDS, told)
    found = stored(run, wish.key)
    assert found is not None  # noqa: S101 - just written
    return found


def _restrict(con: duckdb.DuckDBPyConnection, wanted: tuple[str, ...], there: list[str]) -> None:
    """Leave only the labels that are wanted."""
    if set(wanted) == set(there):
        return
    columns = ", ".join(["customer_id", *(engine.name(n) for n in there if n in wanted)])
    con.execute(f"CREATE TEMP TABLE chosen_labels AS SELECT {columns} FROM labels")
    con.execute("CREATE OR REPLACE VIEW labels AS SELECT * FROM chosen_labels")


def _bids(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, design: Design, as_of: date
) -> list[BidsOfTenth]:
    """Return the held-out customers by tenth of their forecast."""
    if design.kind != "early":
        return []
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import

    held = rows.filter(pc.equal(rows["split"], "test"))
    year = first_year(con.table("orders"), as_of, design.horizon_months)
    place = pc.index_in(held["customer_id"].combine_chunks(), value_set=year.customer_id)
    found = tenths(np.asarray(held["prediction"]), year.monthly[np.asarray(place, dtype=np.int64)])
    return [
        {
            "rank": one.rank,
            "predicted": one.predicted,
            "customers": one.came.customers,
            "brought": one.came.brought.tolist(),
            "error": one.came.error.tolist(),
        }
        for one in found
    ]


def _curve(one: BidsOfTenth) -> Newcomers:
    brought = np.array(one["brought"])
    return Newcomers(
        value=str(one["rank"]),
        combined=1,
        customers=one["customers"],
        orders=0,
        revenue=float(brought[-1] * one["customers"]),
        second=0.0,
        purchases=None,
        clv=None,
        watched=np.full(brought.size, float(one["customers"])),
        brought=brought,
        error=np.array(one["error"]),
    )
