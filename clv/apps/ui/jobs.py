"""Background jobs: work that goes on while the visitor looks elsewhere, and can be found again.

A job runs in a thread of the server and is known by a key made from the draft or the run it works
on. Whoever opens the page of that draft or run sees the same job: a refresh loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from clv.apps.ui import trouble
from clv.core.errors import StoppedError
from clv.core.formatting import count, plain, short_count
from clv.core.types import Progress

Work = Callable[[Progress], object]

#: Forecasts want all cores; more at once would only make everybody wait longer.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
_KEEP_SECONDS: Final = 3600.0
_jobs: Final[dict[str, Job]] = {}
_lock: Final = threading.Lock()


@dataclass
class Job:
    """One piece of work, and how far it has come.

    ``stopped`` says that it ended because somebody asked it to: then there is no result, and no
    failure.
    """

    key: str
    about: dict[str, object] = field(default_factory=dict)
    stage: str = "Waiting for another job to finish"
    done: int = 0
    total: int = 0
    result: object = None
    failure: trouble.Failure | None = None
    stopped: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.monotonic)

    @property
    def finished(self) -> bool:
        """Whether the work has ended, well or not."""
        return self.ended.is_set()

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note of progress; called from the job's thread."""
        self.stage, self.done, self.total = stage, done, total

    @property
    def words(self) -> str:
        """The stage with its count: ``Reading rows 1.2 M / 3.4 M``."""
        if self.total > 0:
            return f"{self.stage} {short_count(self.done)} / {short_count(self.total)}"
        return f"{self.stage} {count(self.done)}" if self.done else self.stage

    @property
    def share(self) -> float | None:
        """How much of the stage is done, 0 to 1; None where nobody can tell."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else None


def start(key: str, work: Work, **about: object) -> Job:
    """Start a job, or return the one that already runs under this key."""
    with _lock:
        _forget_old()
        known = _jobs.get(key)
        if known is not None and not known.finished:
            return known
        job = _jobs[key] = Job(key, dict(about))
    threading.Thread(
        target=_work, args=(job, work), name=f"clv-job-{key[:12]}", daemon=True
    ).start()
    return job


def find(key: str) -> Job | None:
    """Return the job under this key, running or finished."""
    with _lock:
        return _jobs.get(key)


def wait(job: Job, seconds: float) -> bool:
    """Wait for a job's end; return whether it came."""
    return job.ended.wait(seconds)


def forget(key: str) -> None:
    """Drop a finished job, so that it can be started anew."""
    with _lock:
        job = _jobs.get(key)
        if job is not None and job.finished:
            del _jobs[key]


def stop(key: str) -> None:
    """Ask the job under this key to stop; its work looks at `stopping` from time to time."""
    job = find(key)
    if job is not None:
        job.stopping.set()


def stopping(key: str) -> bool:
    """Return whether the job under this key was asked to stop."""
    job = find(key)
    return job is not None and job.stopping.is_set()


def watch(job: Job, stop_label: str = "") -> None:
    """Show a job's progress until it ends, then run the page again.

    With a ``stop_label`` there is a button that asks the job to stop.
    """
    if job.finished:
        st.rerun()
    with st.container(key="job", border=True):
        _poll(job.key, stop_label)


def do(key: str, work: Work, *, again: str) -> None:
    """Do a page's work in the background and show how far it is, or why it failed.

    ``again`` is the label of the button that starts it anew. What has ended well is forgotten: if
    its result has been deleted since, it is made once more.
    """
    job = find(key)
    if job is not None and job.failure is not None:
        trouble.show(job.failure)
        if st.button(again, icon=":material/refresh:", key="again"):
            forget(key)
            st.rerun()
        return
    forget(key)
    watch(start(key, work))


@st.fragment(run_every=0.4)
def _poll(key: str, stop_label: str = "") -> None:
    job = find(key)
    if job is None or job.finished:
        st.rerun()
    seconds = time.monotonic() - job.started
    share = job.share
    if share is None:
        st.markdown(f":material/hourglass_top: {plain(job.words)}…")
    else:
        st.progress(share, text=plain(job.words))
    st.caption(
        f"{seconds:.0f} s. You can leave this page and come back: the work goes on."
        if seconds > 3
        else "This runs on the server; nothing leaves it."
    )
    if stop_label:
        asked = job.stopping.is_set()
        label = "Stopping at the next step" if asked else stop_label
        st.button(
            label,
            icon=":material/stop_circle:",
            key="stop_job",
            on_click=stop,
            args=(key,),
            disabled=asked,
        )


def _work(job: Job, work: Work) -> None:
    with _AT_ONCE:
        job.started = time.monotonic()
        job.stage = "Starting"
        try:
            job.result = work(job.report)
        except StoppedError:
            job.stopped = True
        except Exception as error:  # noqa: BLE001 - a thread has no caller; the page shows it
            job.failure = trouble.explain(error)
        finally:
            job.ended.set()


def _forget_old() -> None:
    limit = time.monotonic() - _KEEP_SECONDS
    for key in [k for k, j in _jobs.items() if j.finished and j.started < limit]:
        del _jobs[key]
