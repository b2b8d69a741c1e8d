"""Publishing: the pointer that says which run the API and a fresh visit of the dashboard show.

A run never changes; publishing another one replaces one small file, all at once. Whoever reads it
sees the run before or the run after, and a job that fails leaves it alone. The scheduled job
(``python -m clv run … --publish``) holds a lock, so that two can't overlap, and finds the run of the
same bytes and settings instead of making it again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import time
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Final

from typing_extensions import TypedDict

from clv import __version__
from clv.core.errors import (
    BusyError,
    DamagedRunError,
    InputError,
    NothingPublishedError,
    RunNotFoundError,
)
from clv.core.schema import Pointer, checked
from clv.core.types import Cell  # noqa: TC001 - pydantic looks for it
from clv.learn.ready_made.shelf import allowed
from clv.runs import now, replace_json
from clv.runs.disk import usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from clv.core.schema import OptionsRecord, Publication, SettingsRecord
    from clv.runs import Kind, Run, Store

#: Customers in a top list that is served.
MOST: Final = 1000
_HOW: Final = "Publish one: python -m clv runs publish latest"
#: Entries of the history that are kept.
_REMEMBERED: Final = 1000
#: Seconds between two looks at a lock that somebody holds.
_PATIENCE: Final = 0.2


class TopLists(TypedDict):
    """The top lists as `Run.top` returns them, at most `MOST` rows each."""

    buyers: list[dict[str, Cell]]
    spenders: list[dict[str, Cell]]


class ListedRun(TypedDict):
    """What a list of runs tells of one; ``model`` is the forecast that its models make."""

    run: str
    published: bool
    created_at: str
    as_of: str
    horizon_months: int
    currency: str | None
    customers: int
    predicted_clv: float | None
    model: str | None


class DamagedRun(TypedDict):
    """What a list of runs tells of one that can't be read."""

    run: str
    published: bool
    fault: str


def publish(store: Store, run: Run) -> bool:
    """Make a run the published one; return whether it was another one before.

    What lookups need is made first: the run is ready to be served when it is named.

    Raises
    ------
    DamagedRunError
        The run can't be served: something of it can't be read.
    """
    prepared(run)
    _ = run.receipt  # It is served as well: a damaged one shows here.
    before = None
    with suppress(NothingPublishedError):  # A damaged note is written anew; its history is lost.
        before = _pointer(store)
    if before is not None and before["run"] == run.id:
        return False
    entry: Publication = {"run": run.id, "at": now(), "as_of": run.settings["as_of"]}
    history = [entry, *(before["history"] if before else [])][:_REMEMBERED]
    pointer: Pointer = {**entry, "history": history}
    replace_json(store.published, pointer)
    return True


def prepared(run: Run) -> tuple[pa.Table, TopLists]:
    """Return what a run is served from, made once: `Run.lookup`, and the top lists."""

    def top(kind: Kind) -> list[dict[str, Cell]]:
        return [plain(row) for row in run.top(kind, MOST).to_pylist()]

    def both() -> TopLists:
        return {"buyers": top("buyers"), "spenders": top("spenders")}

    return run.lookup(), run.derived("top", TopLists, both)


def plain(row: Mapping[str, object]) -> dict[str, Cell]:
    """Return a row as JSON has it: dates as text, and no NaN, whatever a file may hold."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)


def published(store: Store) -> Run:
    """Return the published run.

    Raises
    ------
    NothingPublishedError
        None is, or it was deleted by hand, or it is damaged, or the note that names it is.
    """
    pointer = _pointer(store)
    if pointer is not None:
        try:
            return store.run(pointer["run"])
        except RunNotFoundError:
            pass
        except DamagedRunError as error:
            how = "Publish another one: python -m clv runs list, then runs publish RUN"
            msg = f"The published forecast can't be read. {error.message}"
            raise NothingPublishedError(msg, how) from error
    msg = "No forecast is published."
    raise NothingPublishedError(msg, _HOW)


def published_id(store: Store) -> str | None:
    """Return the id of the published run, None without one.

    Raises
    ------
    NothingPublishedError
        The note that names it is damaged.
    """
    pointer = _pointer(store)
    return None if pointer is None else str(pointer["run"])


def history(store: Store) -> list[Publication]:
    """Return what was published, newest first; runs of it may be deleted by now."""
    pointer = _pointer(store)
    return [] if pointer is None else pointer["history"]


def listed(store: Store, limit: int | None = None) -> list[ListedRun]:
    """Return what a list of runs tells, newest first.

    It can be read while runs are deleted, and where the note of the published one is damaged.
    """
    current = _named(store)
    rows = []
    for run in store.runs()[:limit]:
        with suppress(FileNotFoundError):
            rows.append(_described(run, current))
    return rows


def damaged(store: Store) -> list[DamagedRun]:
    """Return what a list of runs tells of those that can't be read."""
    current = _named(store)
    return [
        {"run": run.id, "published": run.id == current, "fault": run.fault}
        for run in store.damaged()
    ]


def _named(store: Store) -> str | None:
    """Return the id of the published run, None also where the note that names it is damaged."""
    with suppress(NothingPublishedError):
        return published_id(store)
    return None


def _described(run: Run, current: str | None) -> ListedRun:
    settings, card = run.settings, run.model
    forecast = card["purchases"] or card.get("ready_made")
    return {
        "run": run.id,
        "published": run.id == current,
        "created_at": settings["created_at"],
        "as_of": settings["as_of"],
        "horizon_months": settings["horizon_months"],
        "currency": settings["currency"] or None,
        "customers": run.summary["customers"],
        "predicted_clv": run.summary.get("predicted_clv"),
        "model": card.get("model") if forecast else None,
    }


def _pointer(store: Store) -> Pointer | None:
    with usable(store.root):
        try:
            body = store.published.read_bytes()
        except FileNotFoundError:
            return None
    with suppress(ValueError):
        return checked(Pointer, json.loads(body))
    msg = f"Which forecast is published can't be read: {store.published.name} is damaged."
    raise NothingPublishedError(msg, _HOW)


def fingerprint(hashes: Sequence[str], settings: SettingsRecord, options: OptionsRecord) -> str:
    """Return what two jobs with the same result have in common, as hex.

    Parameters
    ----------
    hashes
        SHA-256 of each input, in order.
    settings, options
        `Settings.as_dict` as asked for, `IngestOptions.as_dict`.
    """
    content = {
        "inputs": list(hashes),
        "settings": dict(settings),
        "options": dict(options),
        "clv": __version__,
    }
    if ready_made := allowed(settings["model"]):
        content["ready_made"] = ready_made
    body = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()


def find(store: Store, mark: str) -> Run | None:
    """Return the newest run with a fingerprint, None without one."""
    return next((run for run in store.runs() if run.settings.get("fingerprint") == mark), None)


@contextmanager
def job(store: Store, wait: float = 0) -> Iterator[None]:
    """Hold the store's lock: one job at a time. It is let go of when the process ends, however.

    Parameters
    ----------
    wait
        Seconds to wait for a job that is at work.

    Raises
    ------
    BusyError
        Another job is still at work.
    StoreError
        Nothing can be written here.
    """
    with usable(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        lock = store.lock.open("a+")
    with lock as handle:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    since = handle.read().strip()
                    raise _busy(since) from None
                time.sleep(_PATIENCE)
        handle.truncate(0)
        handle.write(now()[:19])
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def _busy(since: str) -> BusyError:
    msg = f"Another job is at work{f' since {since} UTC' if since else ''}; this one did nothing."
    return BusyError(msg, "Start it again later, or give it time to wait: --wait SECONDS.")


def prune(store: Store, keep: int, *, with_damaged: bool = False) -> list[str]:
    """Delete all but the newest runs; return the deleted ids, newest first.

    The published run is never deleted, nor one that is still being written: it has no place among
    the runs yet. How old a damaged one is, nobody knows: it stays, unless it is asked for.

    Parameters
    ----------
    keep
        How many of the newest to keep, at least 1; damaged ones don't count.
    with_damaged
        Whether to delete the damaged runs as well.

    Raises
    ------
    NothingPublishedError
        Which one is published can't be read: then none is deleted.
    """
    if keep < 1:
        msg = f"{keep} runs can't be kept; at least the newest one is."
        raise InputError(msg)
    current = published_id(store)
    old = store.runs()[keep:] + (store.damaged() if with_damaged else [])
    gone = [run.id for run in old if run.id != current]
    for run_id in gone:
        store.remove(run_id)
    return gone
