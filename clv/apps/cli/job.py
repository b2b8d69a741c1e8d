"""The scheduled job: a run that is published, or not, and told of in words or as JSON."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.cli import terminal
from clv.core import stopping
from clv.core.errors import ClvError, InputError
from clv.forecast import publish
from clv.ingest.files.source import sha256
from clv.runs import write_json
from clv.runs.disk import full

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from clv.core.schema import MonitoringFindings, Verdict
    from clv.core.settings import IngestOptions, Settings
    from clv.core.types import Cell
    from clv.runs import Run, Store

_SCHEDULE = "For schedulers"
Publish = Annotated[
    bool,
    typer.Option(
        "--publish",
        help="Publish the run: the API and a fresh dashboard show it. Files and settings that have "
        "been run before are not computed again.",
        rich_help_panel=_SCHEDULE,
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="With --publish: wait so long for another job that is at work, instead of giving up.",
        rich_help_panel=_SCHEDULE,
    ),
]
Guard = Annotated[
    bool,
    typer.Option(
        "--guard",
        help="With --publish: first hold the run against the one published before "
        "(python -m clv monitor). Ends with 3 if something deserves a look; with 4, and publishes "
        "nothing, if the run should not be used.",
        rich_help_panel=_SCHEDULE,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one line of JSON instead.", rich_help_panel=_SCHEDULE),
]


class Job:
    """One ``run`` of the command line, and how it is told of; made by `scheduled`."""

    def __init__(
        self, store: Store, out: Path | None, *, published: bool, guarded: bool, as_json: bool
    ) -> None:
        self._store = store
        self._out = out
        self._publish = published
        self._guard = guarded
        self._json = as_json
        self._reused = False
        self._begin = time.monotonic()

    def known(
        self, inputs: Sequence[Path], options: IngestOptions, settings: Settings
    ) -> Run | None:
        """Return the run of the same bytes and settings, if it is to be published and there is one."""
        if not self._publish or not all(path.is_file() for path in inputs):
            return None
        hashes = [sha256(path) for path in inputs]
        mark = publish.fingerprint(hashes, settings.as_dict(), options.as_dict())
        found = publish.find(self._store, mark)
        self._reused = found is not None
        return found

    def done(self, made: Run) -> None:
        """Publish if asked to and if nothing speaks against it, and tell what was made."""
        found = self._held(made) if self._guard else None
        verdict: Verdict = found["verdict"] if found else "ok"
        fit = self._publish and verdict != "stop"
        changed = publish.publish(self._store, made) if fit else False
        if self._json:
            against = found and found["against"] and found["against"]["run"]
            line = self._line(made) | {"published": fit}
            say_line({**line, "verdict": found and verdict, "against": against})
        else:
            terminal.say_report(made.report)
            terminal.say_run(made, self._out)
            if self._reused:
                typer.echo("The same files and settings as before: nothing was computed again.")
            if found and verdict != "ok":
                _say_held(found, made)
            if fit:
                typer.echo("Published." if changed else "It was the published run already.")
        if found:
            from clv.insights.monitor import EXIT  # noqa: PLC0415

            sys.exit(EXIT[verdict])

    def _held(self, made: Run) -> MonitoringFindings:
        """Hold a run against the one published before."""
        from clv.insights import monitor  # noqa: PLC0415 - unguarded jobs need none of it

        before = monitor.published_before(self._store, made)
        now = monitor.published_now(self._store)
        return monitor.observe(self._store, made, before, published=now)

    def _line(self, made: Run) -> dict[str, Cell]:
        from clv.insights import verdict  # noqa: PLC0415 - only a line of JSON needs it

        report, summary = made.report, made.summary
        return {
            "status": "done",
            "run": made.id,
            "reused": self._reused,
            "published": self._publish,
            "as_of": made.settings["as_of"],
            "horizon_months": made.settings["horizon_months"],
            "currency": made.settings["currency"],
            "model": made.model["model"],
            "rows": report["rows_total"],
            "rejected": report["rows_rejected"],
            "orders": summary["orders"],
            "customers": summary["customers"],
            "predicted_purchases": summary["predicted_purchases"],
            "predicted_revenue": summary["predicted_revenue"],
            "predicted_clv": summary["predicted_clv"],
            **verdict.cells(made),
            "out": None if self._out is None else str(self._out),
            "seconds": round(time.monotonic() - self._begin, 1),
        }


@contextmanager
def scheduled(
    store: Store, out: Path | None, *, publish: bool, guard: bool, wait: float, as_json: bool
) -> Iterator[Job]:
    """Frame one ``run``: the lock if it publishes, a line of JSON on failure if asked for."""
    with ExitStack() as stack:
        if as_json:
            stack.enter_context(failing_as_json())
        if out is None and not publish:
            msg = "Nothing says where the predictions are to go."
            raise InputError(
                msg, "Name a file: --out predictions.csv. Or publish the run: --publish"
            )
        if guard and not publish:
            msg = "--guard says what is not to be published, but nothing is."
            raise InputError(
                msg, "Add --publish, or hold the run against others: python -m clv monitor"
            )
        if publish:
            stack.enter_context(_locked(store, wait))
        yield Job(store, out, published=publish, guarded=guard, as_json=as_json)


@contextmanager
def _locked(store: Store, wait: float) -> Iterator[None]:
    with publish.job(store, wait):
        yield


@contextmanager
def failing_as_json() -> Iterator[None]:
    """Print what went wrong as a line of JSON; the exit code and stderr stay as they are."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if number := stopping.asked():
            line = {"status": "stopped", "exit_code": 128 + number, "error": "", "hint": ""}
            say_line(line)
            raise
        ours = error if isinstance(error, ClvError) else full(error)
        mendable = isinstance(ours or error, InputError | OSError)
        say_line(
            {
                "status": "failed",
                "exit_code": 2 if mendable else 1,
                "error": ours.message if ours else f"{type(error).__name__}: {error}",
                "hint": ours.hint if ours else "",
            }
        )
        raise


def say_line(content: Mapping[str, object]) -> None:
    """Print one line of JSON."""
    typer.echo(json.dumps(content, ensure_ascii=False, allow_nan=False, default=str))


def _say_held(found: MonitoringFindings, made: Run) -> None:
    """Say what the guard found."""
    from clv.report.words import monitor as words  # noqa: PLC0415

    short, long = words.advice(found)
    typer.echo(f"{words.sentence(found)}\n{short}. {long}".replace("\u00a0", " "))
    if found["verdict"] == "stop":
        typer.echo(
            f"Not published. If it is right all the same: python -m clv runs publish {made.id}"
        )


def tell(made: Run, rejects: Path | None, report: Path | None) -> None:
    """Write rejected rows and report of a run that had been made before."""
    if rejects:
        made.write("rejects", rejects)
    if report:
        write_json(report, made.report)
