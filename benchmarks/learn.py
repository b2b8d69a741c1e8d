"""Supervised models: how long they take, and how good they are on real orders.

``python -m benchmarks.learn [--customers 100000] [--retail FILE] [--dry]`` trains on the shop of
`benchmarks.features` (the next nine months of 100,000 customers, 300 features), and on Online Retail if
its file is named, each in a process of its own, and writes the figures into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.features import make
from benchmarks.pipeline import PAGE, ROOT, WORK

_AS_OF: Final = date(2017, 12, 31)
_TABLES: Final = ("orders", "lines", "labels", "events")
_HORIZON: Final = 9
_CATEGORIES: Final = 21


def speed(customers: int, *, everything: bool) -> dict[str, Any]:
    """Read features and train in this process; return seconds, peak memory and sizes."""
    from clv.core import engine
    from clv.learn.boosted import Tweedie
    from clv.learn.designs import Tables, design_of
    from clv.learn.plans import Design, plan
    from clv.learn.train import train
    from clv.learn.work import Work

    begin = time.perf_counter()
    with engine.connect() as con:
        for name in _TABLES:
            source = engine.text(WORK / f"{customers}-{name}.parquet")
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({source})")
        design = Design("window", _HORIZON, largest_categories=_CATEGORIES)
        if everything:
            made = train(con, design, as_of=_AS_OF)
            found = {"rows": made.report["ready"], "columns": len(made.model.names)}
        else:
            days = plan(date(2016, 1, 1), _AS_OF, design).splits[-1]
            seen, test, _ = design_of(Tables.of(con), _AS_OF, design).split(days)
            read = time.perf_counter() - begin
            Tweedie().fit(seen, Work()).predict(test)
            found = {"rows": len(seen), "columns": len(seen.features.names), "read": read}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {
        "seconds": time.perf_counter() - begin,
        "peak": peak,
        "cpu": time.process_time(),
    }


def retail(path: Path) -> dict[str, Any]:
    """Train the window design on Online Retail, the horizon as long as its year allows."""
    from clv import ingest
    from clv.core.settings import IngestOptions
    from clv.learn.plans import Design
    from clv.learn.train import train

    with ingest.read([path], IngestOptions(), None, lambda *_: None) as (con, _):
        return train(con, Design("window", 4)).report


def _run(*options: str) -> dict[str, Any]:
    out = subprocess.run(
        [sys.executable, "-m", "benchmarks.learn", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, Any] = json.loads(out)
    return found


def signature() -> str:
    """Say when, where and with what was measured."""
    packages = ", ".join(f"{p} {version(p)}" for p in ("lightgbm", "scikit-learn"))
    return (
        f"On {datetime.now(UTC).date()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}."
    )


def speed_table(customers: int) -> str:
    """Return the table of times."""
    lines = [
        "| what | rows | features | time | of all cores | peak memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for title, options in (
        ("features, LightGBM", []),
        ("the whole `train`, five models", ["--all"]),
    ):
        f = _run("--speed", "--customers", str(customers), *options)
        lines.append(
            f"| {title} | {f['rows']:,} | {f['columns']} | {f['seconds']:.0f} s | {f['cpu']:.0f} s | "
            f"{f['peak']:,.0f} MB |"
        )
    return "\n".join(lines) + "\n\n" + signature()


def retail_table(path: Path) -> str:
    """Return the leaderboard on Online Retail."""
    report = _run("--leaderboard", str(path.resolve()))
    held, board = report["dates"][-1], report["board"]
    lines = [
        "| model | loss | worse by (95 %) | MAE | RMSE | total off by | Gini | top 10 % bring |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in board["rows"]:
        m, edges = row["remaining"], board["apart"].get(row["name"])
        apart = "best" if edges is None else f"{edges[1]:.2f} to {edges[2]:.2f}"
        gini = "-" if m["gini"] is None else f"{m['gini']:.3f}"
        lines.append(
            f"| {row['title']} | {row['loss']:.2f} | {apart} | {m['mae']:,.0f} | {m['rmse']:,.0f} | "
            f"{m['bias']:+.0%} | {gini} | {m['top10']:.1%} |"
        )
    tuned = report["forest"]["gain"]
    kept = len(report["lasso"]["kept"])
    notes = (
        f"Held out: the 4 months after {held['test'][0]} of {held['tested']:,} customers; trained on "
        f"{held['trained']:,} customer-days ({', '.join(held['train'])}). Chosen: "
        f"{report['choice']['title']}. {report['choice']['reason']} The forest's tuning changed its "
        f"RMSE by {-tuned['rmse']:+.1%}, its MAE by {-tuned['mae']:+.1%} and its loss by "
        f"{-tuned['loss']:+.1%} against default settings. The Lasso kept {kept} of "
        f"{report['lasso']['columns']} columns. Ranges meant for 80 % held "
        f"{report['ranges']['within']:.1%}. Months are off by {report['months']['mape']:.0%} on "
        f"average, the total by {report['months']['mape_total']:.0%}."
    )
    return "\n".join(lines) + f"\n\n{notes} {signature()}"


def put(name: str, body: str) -> None:
    """Put a table into its place in docs/benchmarks.md."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    PAGE.write_text(f"{before}{begin}\n{body}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--retail", type=Path, help="the Online Retail file")
    parser.add_argument("--no-speed", action="store_true", help="leave out the times")
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    parser.add_argument("--speed", action="store_true", help="only this, in this process")
    parser.add_argument("--all", action="store_true", help="with --speed: the whole training")
    parser.add_argument("--leaderboard", type=Path, help="only this, in this process")
    options = parser.parse_args()
    if options.speed:
        print(json.dumps(speed(options.customers, everything=options.all)))
        return
    if options.leaderboard:
        print(json.dumps(retail(options.leaderboard)))
        return
    found = {}
    if options.retail:
        found["learn-retail"] = retail_table(options.retail)
    if not options.no_speed:
        make(options.customers)
        found["learn-speed"] = speed_table(options.customers)
    for name, body in found.items():
        print(body)
        if not options.dry:
            put(name, body)


if __name__ == "__main__":
    main()
