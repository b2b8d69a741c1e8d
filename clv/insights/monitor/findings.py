"""Everything the monitoring says of a run, and the same as a flat table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from clv.core.errors import InputError, OutdatedRunError
from clv.core.schema import KeptChecks, KeptTracking
from clv.core.types import quiet
from clv.forecast import publish
from clv.insights.monitor import advice as rule
from clv.insights.monitor import models, tracking, uploads
from clv.insights.monitor.base import Check, said_and_came, worst
from clv.insights.monitor.earlier import family
from clv.insights.monitor.kept import NotYet, kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.schema import (
        MonitoringFindings,
        MovedParameter,
        SaidAndCame,
        TrackedForecast,
        Verdict,
    )
    from clv.core.types import Progress
    from clv.runs import Run, Store

#: What a scheduler goes by; 1 and 2 are errors, as everywhere.
EXIT: Final[dict[Verdict, int]] = {"ok": 0, "look": 3, "stop": 4}
#: Older forecasts that are tracked, the latest as-of dates first.
MOST: Final = 24
_COLUMNS: Final = {
    "kind": "string",
    "run_as_of": "string",
    "what": "string",
    "of": "string",
    "before_or_forecast": "float64",
    "now_or_came": "float64",
    "verdict": "string",
}


def observe(
    store: Store,
    run: Run,
    against: Run | None = None,
    progress: Progress = quiet,
    *,
    published: Run | None = None,
) -> MonitoringFindings:
    """Return everything the monitoring says of a run; what is not known yet is computed.

    Parameters
    ----------
    against
        The run whose upload and model this one is compared with. Default: the latest of its `family`.
        For a job there is `published_before`: a file of other customers is what it must notice.
    published
        The run that this one is to replace, for a job: a file that ends before that one's is told of.

    Returns
    -------
    MonitoringFindings
        ``run, as_of``; ``against`` (``run, as_of``, or None where there is no earlier run);
        ``data, model``: checks (`Check.as_dict`); ``moved``: parameters (`models.moved`);
        ``tracked``: `tracking.track` of earlier runs, the latest first; ``timeline``:
        `models.timeline`; ``verdict``, ``advice`` (``action, reasons``).

    Raises
    ------
    InputError
        ``against`` does not stand on an earlier day than the run.
    """
    if against is not None and against.as_of >= run.as_of:
        msg = f"Run {against.id} does not stand on an earlier day than the one it is to be held against."
        raise InputError(msg, f"Its as-of date is {against.as_of}, the other's is {run.as_of}.")
    return _observe(store, run, against, progress, published, compute=True)


def observed(store: Store, run: Run) -> MonitoringFindings | None:
    """Return what `observe` says of a run, if all of it has been computed already."""
    try:
        return _observe(store, run, None, quiet, None, compute=False)
    except NotYet:
        return None


def _observe(
    store: Store,
    run: Run,
    against: Run | None,
    progress: Progress,
    published: Run | None,
    *,
    compute: bool,
) -> MonitoringFindings:
    progress("Looking for earlier runs of these customers", 0, 0)
    earlier = family(store, run, compute=compute)
    before = against or (earlier[0] if earlier else None)
    checks = list(uploads.older(run, published)) if published else []
    if before is not None:
        progress("Comparing the uploads", 0, 0)
        make = partial(_compared, run, before) if compute else None
        found = kept(run, f"data-{before.id}", KeptChecks, make)
        checks += [Check(**c) for c in found["checks"]]
    tracked = list(_tracked(run, earlier[:MOST], progress, compute=compute))
    shown = [entry["run"] for entry in publish.history(store)]
    line = models.timeline([run, *earlier[:MOST]], shown)
    drift: list[Check] = []
    moved: list[MovedParameter] = []
    if before is not None:
        old = models.describe(before, published=before.id in shown)
        drift, moved = models.drift(line[-1], old), models.moved(line[-1], old)
    if checks and before is None:
        before = published  # There is nothing else that the file was held against.
    advice = rule.advise(checks, drift, tracked, line[-1]["model"])
    verdict = worst(c.verdict for c in [*checks, *drift])
    if verdict == "ok" and advice.action in {"model", "refit"}:
        verdict = "look"
    return {
        "run": run.id,
        "as_of": run.as_of.isoformat(),
        "currency": run.settings["currency"],
        "against": None
        if before is None
        else {
            "run": before.id,
            "as_of": before.as_of.isoformat(),
            "files": before.settings["inputs"],
        },
        "data": [c.as_dict() for c in checks],
        "model": [c.as_dict() for c in drift],
        "moved": moved,
        "tracked": tracked,
        "timeline": line,
        "verdict": verdict,
        "advice": {"action": advice.action, "reasons": list(advice.reasons)},
    }


def _compared(run: Run, before: Run) -> KeptChecks:
    return {"checks": [check.as_dict() for check in uploads.compare(run, before)]}


def _held(run: Run, old: Run) -> KeptTracking:
    try:
        return {"found": tracking.track(run, old)}
    except OutdatedRunError:  # An earlier version made it: it says less than is asked here.
        return {"found": None}


def _tracked(
    run: Run, earlier: list[Run], progress: Progress, *, compute: bool
) -> Iterator[TrackedForecast]:
    for i, old in enumerate(earlier):
        progress("Holding earlier forecasts against what came", i, len(earlier))
        make = partial(_held, run, old) if compute else None
        found = kept(run, f"track-{old.id}", KeptTracking, make)["found"]
        if found is not None:
            yield found


def table(found: MonitoringFindings) -> pa.Table:
    """Return every figure as one flat table, a row each: for spreadsheets and alerts."""
    against = found["against"]
    when = "" if against is None else against["as_of"]
    flat: list[tuple[str | float | None, ...]] = [
        (kind, when, c["key"], c["subject"], c["before"], c["now"], c["verdict"])
        for kind, checks in (("data", found["data"]), ("model", found["model"]))
        for c in checks
    ]
    for one in found["tracked"]:
        spans: list[tuple[str, SaidAndCame]] = [(f"month {r['month']}", r) for r in one["by_month"]]
        spans += [(r["segment"], r) for r in one["segments"]]
        flat += [
            ("forecast", one["as_of"], measure, of, *said_and_came(row, measure), "")
            for measure in one["total"]
            for of, row in spans
        ]
    columns = list(zip(*flat, strict=True)) or [()] * len(_COLUMNS)
    return pa.table(
        {
            name: pa.array(values, getattr(pa, kind)())
            for (name, kind), values in zip(_COLUMNS.items(), columns, strict=True)
        }
    )
