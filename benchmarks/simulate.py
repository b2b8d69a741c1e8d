"""How long the survival simulation takes: 1,000 runs × 100 customers × 100 years.

``python -m benchmarks.simulate [--rounds 5]`` prints the median seconds and the peak of the memory
that Python's allocator hands out, for parameters of real data and for some that would break a
simulation which goes from purchase to purchase.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from typing import Final

from clv.insights import simulate
from clv.models.card import from_card

#: r, alpha (days), a, b.
SETS: Final = {
    "CDNOW": (0.6371, 51.17, 0.8075, 1.2284),
    "Online Retail: hardly anybody leaves": (0.827, 69.2, 0.00138, 12.03),
    "heavy tail of rates, a million purchases a day on average": (0.01, 1e-8, 0.3, 0.3),
    "drop-out probability of 0 to the last bit": (0.5, 50.0, 1e-8, 6e7),
}


def measure(parameters: tuple[float, ...], rounds: int) -> tuple[float, float, float]:
    """Return median seconds, peak MB, and the mean purchases of a run after 100 years."""
    card = {
        "name": "mbg-nbd",
        "parameters": dict(zip(("r", "alpha", "a", "b"), parameters, strict=True)),
        "standard_errors": dict.fromkeys(("r", "alpha", "a", "b")),
        "log_likelihood": 0.0,
        "customers": 1.0,
        "converged": True,
        "at_bound": [],
        "penalizer_coef": 0.0,
    }
    model, taken = from_card(card), []
    for seed in range(rounds):
        begin = time.perf_counter()
        many = simulate.many_runs(model, simulate.NEW, seed=seed)
        taken.append(time.perf_counter() - begin)
    tracemalloc.start()
    simulate.many_runs(model, simulate.NEW, seed=0)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return statistics.median(taken), peak, float(many.purchases[:, -1].mean())


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print("| parameters | time | memory | purchases of a run, mean |")
    print("| --- | ---: | ---: | ---: |")
    for name, parameters in SETS.items():
        seconds, peak, purchases = measure(parameters, rounds)
        print(f"| {name} | {seconds * 1000:.0f} ms | {peak:.0f} MB | {purchases:,.0f} |")


if __name__ == "__main__":
    main()
