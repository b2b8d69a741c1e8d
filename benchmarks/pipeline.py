"""Ours against lifetimes and against the engine's bare scan: whole processes, side by side.

``python -m benchmarks.pipeline [--sizes 100000 1000000 10000000] [--rounds 3]`` generates the files
once, runs the three in turn round by round (a shared machine drifts; ratios within a round do not),
and writes the medians into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.generate import write

ROOT: Final = Path(__file__).parent.parent
WORK: Final = Path(__file__).parent / ".work"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
_BEGIN: Final = "<!-- pipeline: begin -->"
_END: Final = "<!-- pipeline: end -->"
#: lifetimes keeps several copies of the log: beyond this it would only measure the machine's memory.
_LIFETIMES_UP_TO: Final = 12_000_000
_SCAN: Final = (
    'import duckdb, sys; duckdb.sql("SELECT count(DISTINCT CustomerID), sum(PurchaseValue) '
    'FROM \'" + sys.argv[1] + "\'").fetchall()'
)


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall time in seconds and its peak memory in MB."""
    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed; see above.")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def compare(size: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds and the peak MB of each contender at one size."""
    source = WORK / f"{size}.csv"
    if not source.exists():
        WORK.mkdir(exist_ok=True)
        write(source, size)
    out = str(WORK / "out.csv")
    store = str(WORK / "runs")
    run = ["-m", "clv", "run", str(source), "--out", out, "--store", store]
    # lifetimes tests nothing: like is compared with like, and what the tests add is shown apart.
    contenders = {
        "ours": [*run, "--no-backtest"],
        "tested": run,
        "scan": ["-c", _SCAN, str(source)],
    }
    if size <= _LIFETIMES_UP_TO:
        contenders["lifetimes"] = ["-m", "benchmarks.with_lifetimes", str(source), out]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, arguments in contenders.items():
            taken[name].append(measure([sys.executable, *arguments]))
            print(f"{size:>12,}  {name:<10} {taken[name][-1][0]:7.2f} s", flush=True)
    return {
        name: (statistics.median(t for t, _ in runs), max(m for _, m in runs))
        for name, runs in taken.items()
    }


def table(results: dict[int, dict[str, tuple[float, float]]]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| transactions | ours | lifetimes | faster | tested | scan | our MB | tested MB | their MB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size, result in results.items():
        ours, tested, scan = (result[name] for name in ("ours", "tested", "scan"))
        theirs = result.get("lifetimes")
        lines.append(
            f"| {size:,} | {ours[0]:.2f} s | "
            + (f"{theirs[0]:.2f} s | {theirs[0] / ours[0]:.1f}× | " if theirs else "– | – | ")
            + f"{tested[0]:.2f} s | {scan[0]:.2f} s | {ours[1]:,.0f} MB | {tested[1]:,.0f} MB | "
            + (f"{theirs[1]:,.0f} MB |" if theirs else "– |")
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    options = parser.parse_args()
    results = {size: compare(size, options.rounds) for size in options.sizes}
    packages = ", ".join(f"{p} {version(p)}" for p in ("duckdb", "lifetimes", "pandas", "numpy"))
    body = (
        f"{_BEGIN}\n{table(results)}\n\n"
        f"Medians of {options.rounds} rounds on {datetime.now(UTC).date()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}.\n{_END}"
    )
    print(body)
    if not options.dry:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        PAGE.write_text(before + body + rest.partition(_END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
