"""What goes wrong around the command: it is said in a block, with the right exit code."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.places import ROOT

ROWS = "".join(
    f"c{i % 97},2017-{i % 12 + 1:02d}-{i % 28 + 1:02d},{i % 50 + 1}\n" for i in range(3000)
)


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount\n" + ROWS)
    return path


def clv(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "clv", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_a_store_that_cannot_be_is_the_users_to_mend(orders, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file, not a folder")
    done = clv("run", orders, "--out", tmp_path / "p.csv", "--store", taken)
    assert done.returncode == 2
    assert f"The store is {taken}\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p.csv").exists()


def test_spreadsheets_are_not_written(orders, tmp_path):
    done = clv("run", orders, "--out", tmp_path / "p.xlsx", "--store", tmp_path / "runs")
    assert done.returncode == 2
    assert ".csv" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_percentages_are_said_as_they_were_set(orders, tmp_path):
    store = ["--out", tmp_path / "p.csv", "--store", tmp_path / "runs"]
    done = clv(
        "run", orders, *store, "--no-backtest", "--discount-rate", "0.085", "--margin", "0.355"
    )
    assert done.returncode == 0
    assert "(discounted at 8.5%, margin 35.5%)" in done.stdout


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_stopping_it_leaves_nothing_and_says_so(tmp_path, number, code):
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount\n" + ROWS * 600)
    command = [sys.executable, "-m", "clv", "run", path, "--out", tmp_path / "p.csv"]
    with subprocess.Popen(
        [*command, "--store", tmp_path / "runs"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("runs/drafts/*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, "Stopped. Nothing was changed.\n")
    assert not list(tmp_path.glob("runs/drafts/*"))
    assert not (tmp_path / "p.csv").exists()
    assert not list(tmp_path.glob("runs/runs/*"))
