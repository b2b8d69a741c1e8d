"""Measure single lookups on a run of a million customers, with wrk from another process.

``python -m benchmarks.api``: makes the run once (`benchmarks/.work`), starts ``streamlit run server.py``
and asks it for customers drawn at random, a thousand times a second and as often as it can, with and
without a visitor who goes through the dashboard meanwhile. The visitor's browser has the lowest priority:
it would be on another machine. wrk must be installed (Debian: apt-get install wrk).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from benchmarks.generate import write

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
_DOCS: Final = ROOT / "docs" / "benchmarks.md"
#: Rows that come to a million customers, see `benchmarks.generate`.
_ROWS: Final = 2_565_000
_PAGES: Final = ("", "Top_customers", "Customer_lookup", "Segments")
_SCRIPT: Final = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/api/customers/" .. tostring(100000 + math.random(0, 999999)))
end
"""
#: Connections that wait between two requests, and for how long: a thousand requests a second.
_PACED: Final = 32
_PAUSE: Final = f"""
delay = function()
  return math.random(0, {2 * _PACED - 3})
end
"""
#: Seconds after a start in which the server loads what pages need (`clv.apps.ui.warm`).
_WARM: Final = 8.0
#: Seconds that the visitor looks at a page.
_LOOKS: Final = 2.0


def main() -> None:
    """Run it and print a table; ``--write`` puts it into the documentation."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--port", type=int, default=8741)
    options.add_argument("--write", action="store_true", help="Update docs/benchmarks.md.")
    asked = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed. On Debian: apt-get install wrk")
    work = ROOT / "benchmarks" / ".work" / "api"
    env = os.environ | {"CLV_RUNS": str(work / "runs"), "CLV_API_RATE": "0"}
    customers = _published(work, env)
    (work / "most.lua").write_text(_SCRIPT, encoding="utf-8")
    (work / "paced.lua").write_text(_SCRIPT + _PAUSE, encoding="utf-8")
    rows = []
    for server in ("dashboard", "alone"):
        with _Server(server, asked.port, env) as started:
            for visited in (False, True) if server == "dashboard" else (False,):
                for paced in (True, False):
                    load, before = os.getloadavg()[0], started.worked()
                    with _Visitor(asked.port, visited) as visitor:
                        rate, median, high = _measure(asked, work, paced=paced)
                    each = (started.worked() - before) / (rate * asked.seconds) * 1000
                    said = f"yes, {visitor.pages} pages" if visited else "no"
                    rows.append((server, said, paced, rate, median, high, each, load))
    table = _table(rows, customers, asked)
    sys.stdout.write(table + "\n")
    if asked.write:
        text = _DOCS.read_text(encoding="utf-8")
        begin, end = "<!-- api: begin -->\n", "<!-- api: end -->"
        before, after = text.split(begin)[0], text.split(end)[1]
        _DOCS.write_text(f"{before}{begin}{table}\n{end}{after}", encoding="utf-8")


def _published(work: Path, env: dict[str, str]) -> int:
    """Make and publish the run, unless it is there; return its customers."""
    orders = work / "orders.csv"
    if not orders.exists():
        work.mkdir(parents=True, exist_ok=True)
        write(orders, _ROWS)
    command = [sys.executable, "-m", "clv", "run", str(orders), "--no-backtest", "--publish"]
    done = subprocess.run([*command, "--json"], cwd=ROOT, env=env, capture_output=True, check=True)
    return int(json.loads(done.stdout)["customers"])


class _Server:
    """The server, as it is started in earnest."""

    def __init__(self, kind: str, port: int, env: dict[str, str]) -> None:
        python = [sys.executable, "-m"]
        self._command = {
            "dashboard": [*python, "streamlit", "run", "server.py", "--server.port", str(port)],
            "alone": [*python, "uvicorn", "server:app", "--port", str(port), "--no-access-log"],
        }[kind]
        self._env = env
        self._health = f"http://127.0.0.1:{port}/api/customers?limit=1"

    def __enter__(self) -> Self:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._env, stdout=quiet, stderr=quiet
        )
        for _ in range(300):
            try:
                with urllib.request.urlopen(self._health, timeout=5):  # noqa: S310 - our own server
                    time.sleep(_WARM)
                    return self
            except OSError:
                time.sleep(0.2)
        sys.exit("The server did not start.")

    def worked(self) -> float:
        """Return the seconds that the server has had a core."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


class _Visitor:
    """Somebody who goes from page to page, in a real browser."""

    def __init__(self, port: int, there: bool) -> None:
        self._address = f"http://localhost:{port}"
        self._there = there
        self._leaving = threading.Event()
        self.pages = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._walk)
        if self._there:
            self._thread.start()
            while self.pages < len(_PAGES) and self._thread.is_alive():
                time.sleep(
                    0.1
                )  # Whoever comes first after a start waits for packages to be loaded.
            self.pages = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        if self._there:
            self._thread.join()

    def _walk(self) -> None:
        from playwright.sync_api import sync_playwright

        with urllib.request.urlopen(f"{self._address}/api/runs") as found:  # noqa: S310
            run = json.loads(found.read())["runs"][0]["run"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            tab = browser.new_page()
            for page in self._pages():
                tab.goto(f"{self._address}/{page}?run={run}")
                tab.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
                self.pages += 1
                self._leaving.wait(_LOOKS)
            browser.close()

    def _pages(self) -> Iterator[str]:
        while not self._leaving.is_set():
            for page in _PAGES:
                if not self._leaving.is_set():
                    yield page


def _browser() -> str:
    """Return a program that starts Chromium with the lowest priority."""
    script = ROOT / "benchmarks" / ".work" / "chromium"
    script.write_text('#!/bin/sh\nexec nice -n 19 /usr/bin/chromium "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def _measure(asked: argparse.Namespace, work: Path, *, paced: bool) -> tuple[float, float, float]:
    """Return requests a second, and the median and 99 % quantile of the answers' times, in ms."""
    connections = _PACED if paced else asked.connections
    command = ["wrk", "-t1", f"-c{connections}", f"-d{asked.seconds}s", "--latency"]
    command += ["-s", str(work / ("paced.lua" if paced else "most.lua"))]
    address = f"http://127.0.0.1:{asked.port}/api"
    done = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done:
        sys.exit(done)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    quantiles = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))\b", done))
    if rate is None:
        sys.exit(done)
    return float(rate[1]), _ms(quantiles["50"]), _ms(quantiles["99"])


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _table(
    rows: list[tuple[str, str, bool, float, float, float, float, float]],
    customers: int,
    asked: argparse.Namespace,
) -> str:
    started = {"dashboard": "`make run`", "alone": "`uvicorn server:app`"}
    lines = [
        "| server | visitor | asked | answered a second | median | 99 % within | core time | load before |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for server, visitor, paced, rate, median, high, each, load in rows:
        how = "1,000 a second" if paced else "all it can"
        lines.append(
            f"| {started[server]} | {visitor} | {how} | {rate:,.0f} | {median:.1f} ms | "
            f"{high:.1f} ms | {each:.2f} ms | {load:.1f} |"
        )
    day = time.strftime("%Y-%m-%d")
    told = (
        f"{customers:,} customers, {asked.connections} connections ({_PACED} where paced), "
        f"{asked.seconds} s each, a page every {_LOOKS:g} s or more, "
        f"{os.cpu_count()} cores for server, wrk and browser together, {day}."
    )
    return "\n".join([*lines, "", told])


if __name__ == "__main__":
    main()
