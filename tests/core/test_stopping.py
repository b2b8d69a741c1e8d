"""Ctrl-C and a scheduler's wish to end: heard even where Python drops the exception."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from threading import Thread

import pytest

from clv.apps import cli
from clv.apps.cli import terminal
from clv.core import stopping
from clv.core.errors import FileError
from clv.forecast import pipeline, publish
from tests.places import ROOT
from tests.shops import new_store

ORDERS = "customer_id,order_date,revenue\na,2020-01-01,10\na,2020-02-01,20\nb,2020-03-01,5\n"
SIGNALS = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])


def dropped(number):
    """Let a signal come where Python drops what is raised: in an import that somebody tries."""
    try:
        signal.raise_signal(number)
    except KeyboardInterrupt:
        pass
    else:
        pytest.fail("nothing was raised at once")


def work(number):
    """Go through two stages; the signal comes between them."""
    with terminal.progress() as progress:
        progress("Reading", 0, 0)
        dropped(number)
        progress("Fitting", 0, 0)


@SIGNALS
def test_a_signal_that_was_dropped_is_seen_at_the_next_stage_or_the_end(number, code):
    before = signal.getsignal(number)
    with stopping.listening():
        assert stopping.asked() == 0
        with pytest.raises(KeyboardInterrupt):
            work(number)
        assert stopping.asked() + 128 == code
        with pytest.raises(KeyboardInterrupt), terminal.progress():
            pass
    assert signal.getsignal(number) is before
    with stopping.listening(), terminal.progress() as progress:
        progress("Reading again", 0, 0)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.listening():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert stopping.asked() == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_touched():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def listen():
        with stopping.listening():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capfd.readouterr()

    return run


@SIGNALS
@pytest.mark.parametrize(
    "how", ["raised", "dropped", "made an error of", "dropped at the very end"]
)
def test_the_command_stops_publishes_nothing_and_says_so(
    call, tmp_path, monkeypatch, number, code, how
):
    work = pipeline.run

    def interrupted(*given):
        if how == "raised":
            signal.raise_signal(number)
        if how == "made an error of":
            try:
                signal.raise_signal(number)
            except KeyboardInterrupt as stop:
                msg = "The file can't be read: query interrupted"
                raise FileError(msg) from stop
        if how == "dropped":
            dropped(number)
        return work(*given)

    def write(*_):
        dropped(number)

    if how == "dropped at the very end":
        monkeypatch.setattr("clv.runs.Run.write", write)
    else:
        monkeypatch.setattr("clv.forecast.pipeline.run", interrupted)
    arguments = ("run", "orders.csv", "--no-backtest", "--publish", "--out", "p.csv")
    assert call(*arguments) == (code, "", "Stopped. Nothing was changed.\n")
    store = new_store(tmp_path / "runs")
    assert publish.published_id(store) is None
    assert list((store.root / "drafts").iterdir()) == []
    with publish.job(store):
        pass
    if how != "dropped at the very end":
        assert store.runs() == []
    told, *_ = call(*arguments, "--json")[1].splitlines()
    assert json.loads(told) == {"status": "stopped", "exit_code": code, "error": "", "hint": ""}


def test_after_a_stop_the_next_command_is_not_stopped(call, monkeypatch):
    monkeypatch.setattr("clv.forecast.pipeline.run", lambda *_: signal.raise_signal(signal.SIGINT))
    assert call("run", "orders.csv", "--out", "p.csv")[0] == 130
    code, out, _ = call("runs", "list")
    assert (code, out) == (0, "There is no run yet.\n")


EARLY = """
import sys
class Stop:
    def find_spec(self, name, *_):
        if name == "clv.apps.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from clv.__main__ import run
run()
"""
LATE = """
import signal, sys
from clv.apps import cli
def main():
    sys.exit(128 + signal.SIGTERM)
cli.main = main
from clv.__main__ import run
run()
"""


#: At an object's end Python says "Exception ignored", and goes on.
IGNORED = """
import signal, sys, weakref
from clv.apps.cli import terminal
from clv.core import stopping
class Thing: pass
thing = Thing()
kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
with stopping.listening(), terminal.progress() as progress:
    del thing
    print("still here", flush=True)
    try:
        progress("Fitting", 0, 0)
    except KeyboardInterrupt:
        sys.exit(128 + stopping.asked())
"""


@pytest.mark.parametrize(
    ("program", "code", "out", "err"),
    [
        (EARLY, 130, "", "Stopped. Nothing was changed.\n"),
        (LATE, -signal.SIGTERM, "", ""),
        (IGNORED, 130, "still here\n", "Exception ignored in"),
    ],
)
def test_the_process_ends_as_asked_whenever_it_is_asked(program, code, out, err):
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, out)
    assert done.stderr.startswith(err)
