"""Features of 100,000 customers: seconds and memory, for both designs.

``python -m benchmarks.features [--customers 100000] [--dry]`` makes a shop in Parquet once, describes
its customers in a process of its own per design, and writes the figures into docs/benchmarks.md.
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
from typing import Any, Final

from benchmarks.pipeline import PAGE, ROOT, WORK

_BEGIN: Final = "<!-- features: begin -->"
_END: Final = "<!-- features: end -->"
_AS_OF: Final = date(2017, 12, 31)
_TABLES: Final = ("orders", "lines", "attributes", "labels", "events")
#: Two years, ten orders a customer (skewed), two lines an order, forty categories (skewed).
_MADE: Final = {
    "orders": "SELECT 'c' || lpad(floor({n} * pow(random(), 2))::BIGINT::VARCHAR, 7, '0') AS customer_id, "
    "'o' || i AS order_id, TIMESTAMP '2016-01-01' + to_seconds(random() * 731 * 86400) AS ordered_at, "
    "round(5 + 40 * random() / (0.05 + random()), 2) AS revenue, 1 + (random() * 4)::BIGINT AS items "
    "FROM range({n} * 10) t(i)",
    "lines": "SELECT 'o' || floor(random() * {n} * 10)::BIGINT AS order_id, "
    "'category ' || lpad(floor(40 * pow(random(), 2))::BIGINT::VARCHAR, 2, '0') AS category, "
    "round(60 * random(), 2) AS revenue, 1::BIGINT AS items FROM range({n} * 20) t(i)",
    "attributes": "SELECT 'o' || i AS order_id, 'pay ' || (random() * 4)::INT AS payment_type, "
    "round(20 * random(), 2) AS freight, (1 + random() * 4)::INT::DOUBLE AS review_score, "
    "floor(random() * 60) AS review_days FROM range({n} * 10) t(i)",
    "labels": "SELECT DISTINCT ON (customer_id) customer_id, 'state ' || (random() * 26)::INT AS state "
    "FROM orders",
    "events": "SELECT 'c' || lpad(floor({n} * random())::BIGINT::VARCHAR, 7, '0') AS customer_id, "
    "TIMESTAMP '2016-01-01' + to_seconds(random() * 731 * 86400) AS at, 'login' AS event "
    "FROM range({n} * 5) t(i)",
}


def make(customers: int) -> None:
    """Write the shop's tables, unless they are there."""
    from clv.core import engine

    if (WORK / f"{customers}-events.parquet").exists():
        return
    WORK.mkdir(exist_ok=True)
    with engine.connect() as con:
        con.execute("SELECT setseed(0.5)")
        for name, sql in _MADE.items():
            con.execute(f"CREATE TABLE {name} AS {sql.format(n=customers)}")
            engine.write_parquet(con, name, WORK / f"{customers}-{name}.parquet")


def measure(design: str, customers: int) -> dict[str, Any]:
    """Describe the customers in this process; return the figures."""
    from clv.core import engine

    with engine.connect() as con:
        tables = {n: con.read_parquet(str(WORK / f"{customers}-{n}.parquet")) for n in _TABLES}
        begin, used = time.perf_counter(), time.process_time()
        if design == "early":
            from clv.features.early import early

            del tables["events"]
            found = early(as_of=_AS_OF, **tables)
        else:
            from clv.features.windows import windows

            del tables["attributes"]
            found = windows(as_of=_AS_OF, largest_categories=21, **tables)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - used
    matrix = found.matrix
    return {
        "customers": matrix.shape[0],
        "features": matrix.shape[1],
        "seconds": seconds,
        "cpu": cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "size": (matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes) / 2**20,
        "filled": matrix.nnz / max(matrix.shape[0] * matrix.shape[1], 1),
    }


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--design", choices=["early", "windows"], help="only this, in this process")
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    options = parser.parse_args()
    if options.design:
        print(json.dumps(measure(options.design, options.customers)))
        return
    make(options.customers)
    lines = [
        "| features | customers | columns | time | of all cores | peak memory | the table itself | not zero |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for design in ("early", "windows"):
        command = [sys.executable, "-m", "benchmarks.features", "--design", design]
        out = subprocess.run(
            [*command, "--customers", str(options.customers)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        f = json.loads(out)
        lines.append(
            f"| {design} | {f['customers']:,} | {f['features']} | {f['seconds']:.1f} s | "
            f"{f['cpu']:.1f} s | "
            f"{f['peak']:,.0f} MB | {f['size']:.0f} MB | {f['filled']:.0%} |"
        )
    packages = ", ".join(f"{p} {version(p)}" for p in ("duckdb", "narwhals", "scipy"))
    body = (
        f"{_BEGIN}\n" + "\n".join(lines) + f"\n\nOn {datetime.now(UTC).date()}, {os.cpu_count()} "
        f"cores, Python {platform.python_version()}, {packages}.\n{_END}"
    )
    print(body)
    if not options.dry:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        PAGE.write_text(before + body + rest.partition(_END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
