"""At which level of aggregation forecasts come true: made from what was known on past days.

``python -m benchmarks.monitoring ORDERS --as-of 1997-06-30 --as-of 1997-09-30 … --last 1998-06-30``
makes the default forecast of every day, a quarter ahead, as if it were that day, and prints how far
it was off: a row a day, and the means that docs/monitoring.md tells of.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline
from clv.insights.monitor import tracking
from clv.runs import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.runs import Run

_MONTHS = 3


def forecast(store: Store, orders: Path, as_of: date) -> Run:
    """Make the default forecast as of a day."""
    draft = store.new_draft()
    settings = Settings(as_of=as_of, horizon_months=_MONTHS)
    made = pipeline.run(store, draft, [orders], IngestOptions(), settings)
    draft.discard()
    return made


def percent(value: float | None) -> str:
    """Write a share; a dash where it is not defined."""
    return "–" if value is None else f"{value:.1%}"


def weighted(segments: Sequence[Mapping[str, Any]], measure: str) -> float:
    """Return the miss of all segments as a share of what came."""
    missed = sum(abs(row[f"predicted_{measure}"] - row[measure]) for row in segments)
    return float(missed / sum(row[measure] for row in segments))


def held(one: Mapping[str, Any]) -> str:
    """Return whether the total came within its range."""
    value = one["value"]
    if value is None or value["low"] is None:
        return "–"
    return "yes" if value["low"] <= value["actual"] <= value["high"] else "no"


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("orders", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, action="append", required=True)
    parser.add_argument("--last", type=date.fromisoformat, required=True)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="clv-bench-") as folder:
        store = Store(Path(folder))
        last = forecast(store, asked.orders, asked.last)
        found = [tracking.track(last, forecast(store, asked.orders, day)) for day in asked.as_of]
    tracked = [one for one in found if one is not None and one["months"] == _MONTHS]
    for measure in tracked[0]["total"]:
        print(f"\n{measure}\n")
        print(
            "| as of | total | month | segment | weighted | value in range | chances | one value |"
        )
        print("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |")
        rows = [
            (
                one["total"][measure]["bias"],
                one["mape"][measure],
                one["mape_segments"][measure],
                weighted(one["segments"], measure),
            )
            for one in tracked
        ]
        for one, row in zip(tracked, rows, strict=True):
            shown = " | ".join(percent(v) for v in row)
            off, each = percent(one["chances"]["ece"]), percent(one["each"])
            print(f"| {one['as_of']} | {shown} | {held(one)} | {off} | {each} |")
        columns = [[abs(v) for v in column if v is not None] for column in zip(*rows, strict=True)]
        means = [percent(float(np.mean(column)) if column else None) for column in columns]
        print(f"| mean | {' | '.join(means)} | | | |")


if __name__ == "__main__":
    main()
