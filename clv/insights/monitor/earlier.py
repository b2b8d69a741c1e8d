"""Which earlier runs another one is held against: those of the same customers, and the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.errors import NothingPublishedError
from clv.core.schema import KeptOverlap
from clv.forecast import publish
from clv.insights.monitor import uploads
from clv.insights.monitor.kept import kept

if TYPE_CHECKING:
    from clv.runs import Run, Store

#: Share of an earlier run's orders that a later one must know to be of the same customers.
SAME: Final = 0.50
#: Customers of whom `same_customers` looks at about so many.
_LOOKED_AT: Final = 20_000


def family(store: Store, run: Run, *, compute: bool = True) -> list[Run]:
    """Return the earlier runs of the same customers, one an as-of date, the latest date first.

    An earlier run belongs to it if at least half of its orders are in this run's file as well, as far as
    the file reaches back. So whoever sees an earlier run's figures beside a file of their own holds its
    orders already. Of several runs with one as-of date the published one is taken, else the newest.

    Raises
    ------
    NotYet
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


def same_customers(run: Run, before: Run, *, compute: bool = True) -> bool:
    """Return whether at least half of an earlier run's orders are in a later one's file."""

    def look() -> KeptOverlap:
        one_in = max(int(before.summary["customers"]) // _LOOKED_AT, 1)
        with run.connect() as con:
            uploads.attach(con, before)
            found = uploads.overlap(con, uploads.common_days(run, before), one_in)
        return {"orders": found.old, "found": found.old - found.gone}

    if not _readable(before) or not _readable(run):
        return False
    found = kept(run, f"overlap-{before.id}", KeptOverlap, look if compute else None)
    return bool(found["orders"]) and found["found"] >= SAME * found["orders"]


def _readable(run: Run) -> bool:
    """Whether a run says what is needed here; one of an early version may not."""
    return bool(run.report.get("first_order")) and "reason_titles" in run.report


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
