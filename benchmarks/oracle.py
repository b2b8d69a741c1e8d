"""First-year value beside the truth: how near the chosen model's ranking is to the best possible.

``python -m benchmarks.oracle [--seeds 12] [--months 12] [--dry]`` invents marketplaces, trains on each as
the page does, and compares the held-out customers' forecasts with what `tools.samples.marketplace.first_year`
knows of them. Writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.learn import put, signature
from benchmarks.pipeline import WORK
from clv import ingest
from clv.core import metrics, names
from clv.core.settings import IngestOptions
from clv.learn.plans import Design
from clv.learn.train import train
from tools.samples import SEED
from tools.samples.marketplace import first_year, marketplace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KNOWN_MONTHS: Final = 3
_BEST: Final = 0.10


def measured(seed: int, months: int) -> dict[str, Any]:
    """Invent a marketplace, train, and compare with the truth."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"marketplace-{seed}.zip"
    path.write_bytes(marketplace(np.random.default_rng(seed)))
    with ingest.read([path], IngestOptions(), None, lambda *_: None) as (con, _):
        made = train(con, Design("early", months))
    path.unlink()
    truth = first_year(np.random.default_rng(seed), _KNOWN_MONTHS, months)
    worth = dict(zip(truth["customer_id"].to_pylist(), truth["remaining"].to_pylist(), strict=True))
    rows = made.rows.filter(np.array(made.rows["split"].to_pylist()) == "test")
    expected = np.array([worth[one] for one in rows["customer_id"].to_pylist()])
    observed, said, came = (np.array(rows[n]) for n in ("observed", "prediction", "remaining"))
    return {
        "chosen": names.title(made.report["choice"]["name"]),
        "customers": len(expected),
        "returned": int((came > 0).sum()),
        "whole": _shares(observed + expected, said, observed),
        "remaining": _shares(expected, said - observed, observed),
        "came": _shares(came, said - observed, observed, expected),
    }


def _shares(
    value: NDArray[np.float64],
    said: NDArray[np.float64],
    observed: NDArray[np.float64],
    best: NDArray[np.float64] | None = None,
) -> tuple[float, ...]:
    """Return what the best tenth hold: by the model, by the oracle, by what had come so far."""
    ranked = (said, value if best is None else best, observed)
    return tuple(metrics.capture(value, by, _BEST) or 0.0 for by in ranked)


def table(seeds: list[int], months: int) -> str:
    """Return a row for each marketplace, and the worst of all."""
    lines = [
        "| seed | chosen | held out, came back | whole, expected | remaining, expected | remaining, came |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    behind: dict[str, list[float]] = {"whole": [], "remaining": []}
    for seed in seeds:
        found = measured(seed, months)
        cells = []
        for part in ("whole", "remaining", "came"):
            model, oracle, so_far = found[part]
            cells.append(f"{model:.1%} of {oracle:.1%} ({so_far:.1%})")
            if part in behind:
                behind[part].append(oracle - model)
        who = f"{found['customers']:,}, {found['returned']}"
        named = f"{seed} (the sample)" if seed == SEED else str(seed)
        lines.append(f"| {named} | {found['chosen']} | {who} | {' | '.join(cells)} |")
    said = " and ".join(
        f"{100 * np.mean(points):.1f} points on average and {100 * max(points):.1f} at most of the {part} value"
        for part, points in behind.items()
    )
    return "\n".join(lines) + f"\n\nBehind the oracle by {said}. {signature()}"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12, help="how many fresh marketplaces")
    parser.add_argument("--months", type=int, default=12, help="H")
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    options = parser.parse_args()
    body = table([SEED, *range(1, options.seeds + 1)], options.months)
    print(body)
    if not options.dry:
        put("oracle", body)


if __name__ == "__main__":
    main()
