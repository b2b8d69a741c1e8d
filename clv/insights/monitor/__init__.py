"""Monitoring: an upload beside the last one, the model beside the last one, forecasts beside what came.

Everything is read off stored runs. What two runs have in common never changes, so it is computed once
and kept beside the later of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from clv.core.errors import InputError, NothingPublishedError, OutdatedRunError
from clv.forecast import publish
from clv.insights.monitor import advice as rule
from clv.insights.monitor import models, tracking, uploads
from clv.insights.monitor.base import VERDICTS, Check, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clv.core.types import Progress
    from clv.runs import Run, Store


__all__ = [
    "EXIT",
    "VERDICTS",
    "Check",
    "Verdict",
    "family",
    "observe",
    "published_before",
    "published_now",
    "table",
    "worst",
]

#: What a scheduler goes by; 1 and 2 are errors, as everywhere.
EXIT: Final[dict[str, int]] = {"ok": 0, "look": 3, "stop": 4}
#: Older forecasts that are tracked, the latest as-of dates first.
MOST: Final = 24
#: Share of an earlier run's orders that a later one must know to be of the same customers.
SAME: Final = 0.50
#: Part of the name of what is kept: another one computes everything anew.
_VERSION: Final = 3
#: Customers of whom `same_customers` looks at about so many.
_LOOKED_AT: Final = 20_000
_COLUMNS: Final = {
    "kind": "string",
    "run_as_of": "string",
    "what": "string",
    "of": "string",
    "before_or_forecast": "float64",
    "now_or_came": "float64",
    "verdict": "string",
}


class _NotYet(Exception):  # noqa: N818 - no error: it ends a look that must not compute
    """Something has not been computed yet."""


def _kept(run: Run, name: str, make: Callable[[], Mapping[str, Any]] | None) -> dict[str, Any]:
    found = run.derived(f"monitor-{_VERSION}-{name}", make)
    if found is None:
        raise _NotYet
    return found


def family(store: Store, run: Run, *, compute: bool = True) -> list[Run]:
    """Return the earlier runs of the same customers, one an as-of date, the latest date first.

    An earlier run belongs to it if at least half of its orders are in this run's file as well, as far as
    the file reaches back. So whoever sees an earlier run's figures beside a file of their own holds its
    orders already. Of several runs with one as-of date the published one is taken, else the newest.

    Raises
    ------
    _NotYet
        Without ``compute``, where that has not been looked at yet.
    """
    shown = {entry["run"] for entry in publish.history(store)}
    dates: dict[str, Run] = {}
    for other in sorted(store.runs(), key=lambda r: r.id not in shown):
        when = other.as_of.isoformat()
        if other.id == run.id or when >= run.as_of.isoformat() or when in dates:
            continue
        if same_customers(run, other, compute=compute):
            dates[when] = other
    return [dates[when] for when in sorted(dates, reverse=True)]


def published_before(store: Store, run: Run) -> Run | None:
    """Return the run that was published last and stands on an earlier day; None without one."""
    known = {r.id: r for r in store.runs()}
    for entry in publish.history(store):
        other = known.get(entry["run"])
        if other is not None and other.as_of < run.as_of:
            return other
    return None


def published_now(store: Store) -> Run | None:
    """Return the published run; None without one that can be read."""
    try:
        return publish.published(store)
    except NothingPublishedError:
        return None


def same_customers(run: Run, before: Run, *, compute: bool = True) -> bool:
    """Return whether at least half of an earlier run's orders are in a later one's file."""

    def look() -> dict[str, Any]:
        one_in = max(int(before.summary["customers"]) // _LOOKED_AT, 1)
        with run.connect() as con:
            uploads.attach(con, before)
            found = uploads.overlap(con, uploads.common_days(run, before), one_in)
        return {"orders": found.old, "found": found.old - found.gone}

    if not _readable(before) or not _readable(run):
        return False
    found = _kept(run, f"overlap-{before.id}", look if compute else None)
    return bool(found["orders"]) and found["found"] >= SAME * found["orders"]


def _readable(run: Run) -> bool:
    """Whether a run says what is needed here; one of an early version may not."""
    return bool(run.report.get("first_order")) and "reason_titles" in run.report


def observe(
    store: Store,
    run: Run,
    against: Run | None = None,
    progress: Progress | None = None,
    *,
    published: Run | None = None,
    compute: bool = True,
) -> dict[str, Any] | None:
    """Return everything the monitoring says of a run: JSON types.

    Parameters
    ----------
    against
        The run whose upload and model this one is compared with. Default: the latest of its `family`.
        For a job there is `published_before`: a file of other customers is what it must notice.
    published
        The run that this one is to replace, for a job: a file that ends before that one's is told of.
    compute
        Whether what is not known yet is computed; without, None is returned then.

    Returns
    -------
    dict or None
        ``run, as_of``; ``against`` (``run, as_of``, or None where there is no earlier run);
        ``data, model``: checks (`Check.as_dict`); ``moved``: parameters (`models.moved`);
        ``tracked``: `tracking.track` of earlier runs, the latest first; ``timeline``:
        `models.timeline`; ``others``: earlier runs of other customers; ``verdict``, ``advice``
        (``action, reasons``).

    Raises
    ------
    InputError
        ``against`` does not stand on an earlier day than the run.
    """
    if against is not None and against.as_of >= run.as_of:
        msg = f"Run {against.id} does not stand on an earlier day than the one it is to be held against."
        raise InputError(msg, f"Its as-of date is {against.as_of}, the other's is {run.as_of}.")
    try:
        return _observe(store, run, against, progress or _quiet, published, compute=compute)
    except _NotYet:
        return None


def _quiet(_stage: str, _done: int, _total: int) -> None:
    pass


def _observe(
    store: Store,
    run: Run,
    against: Run | None,
    progress: Progress,
    published: Run | None,
    *,
    compute: bool,
) -> dict[str, Any]:
    progress("Looking for earlier runs of these customers", 0, 0)
    earlier = family(store, run, compute=compute)
    before = against or (earlier[0] if earlier else None)
    checks = list(uploads.older(run, published)) if published else []
    if before is not None:
        progress("Comparing the uploads", 0, 0)
        found = _kept(
            run,
            f"data-{before.id}",
            partial(_compared, run, before) if compute else None,
        )
        checks += [Check(**c) for c in found["checks"]]
    tracked = list(_tracked(run, earlier[:MOST], progress, compute=compute))
    shown = [entry["run"] for entry in publish.history(store)]
    line = models.timeline([run, *earlier[:MOST]], shown)
    drift, moved = [], []
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
        "currency": str(run.settings.get("currency") or ""),
        "against": before
        and {
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


def _compared(run: Run, before: Run) -> dict[str, Any]:
    return {"checks": [check.as_dict() for check in uploads.compare(run, before)]}


def _held(run: Run, old: Run) -> dict[str, Any]:
    try:
        return {"found": tracking.track(run, old)}
    except OutdatedRunError:  # An earlier version made it: it says less than is asked here.
        return {"found": None}


def _tracked(
    run: Run, earlier: list[Run], progress: Progress, *, compute: bool
) -> Iterator[dict[str, Any]]:
    for i, old in enumerate(earlier):
        progress("Holding earlier forecasts against what came", i, len(earlier))
        found = _kept(
            run,
            f"track-{old.id}",
            partial(_held, run, old) if compute else None,
        )["found"]
        if found is not None:
            yield found


def table(found: Mapping[str, Any]) -> pa.Table:
    """Return every figure as one flat table, a row each: for spreadsheets and alerts."""
    flat = [
        (
            kind,
            found["against"]["as_of"],
            c["key"],
            c["subject"],
            c["before"],
            c["now"],
            c["verdict"],
        )
        for kind in ("data", "model")
        for c in found[kind]
    ]
    for one in found["tracked"]:
        for measure in one["total"]:
            spans = [(f"month {r['month']}", r) for r in one["by_month"]]
            spans += [(str(r["segment"]), r) for r in one["segments"]]
            flat += [
                (
                    "forecast",
                    one["as_of"],
                    measure,
                    of,
                    row[f"predicted_{measure}"],
                    row[measure],
                    "",
                )
                for of, row in spans
            ]
    columns = list(zip(*flat, strict=True)) or [()] * len(_COLUMNS)
    return pa.table(
        {
            name: pa.array(values, getattr(pa, kind)())
            for (name, kind), values in zip(_COLUMNS.items(), columns, strict=True)
        }
    )
