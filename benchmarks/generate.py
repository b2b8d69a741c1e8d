"""Transaction files of any size for the benchmarks: heterogeneous rates, drop-out and spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = 730
_START: Final = np.datetime64("2016-01-01T00:00:00", "s")


def write(path: Path, transactions: int, seed: int = 1) -> None:
    """Write about ``transactions`` rows of ``CustomerID,Timestamp,PurchaseValue``.

    Customers arrive evenly over two years, buy as a gamma-mixed Poisson process until a gamma-mixed
    exponential life ends, and spend log-normally around a mean of their own.
    """
    rng = np.random.default_rng(seed)
    customers = max(int(transactions * 0.39), 1)
    birth = rng.uniform(0, DAYS, customers)
    rate = rng.gamma(0.55, 1 / 40, customers)
    life = np.minimum(rng.exponential(1 / rng.gamma(0.8, 1 / 60, customers)), DAYS - birth)
    repeats = rng.poisson(rate * life)
    scale = max((transactions - customers) / max(repeats.sum(), 1), 0)
    repeats = rng.poisson(rate * life * scale)
    owner = np.concatenate((np.arange(customers), np.repeat(np.arange(customers), repeats)))
    again = np.repeat(np.arange(customers), repeats)
    day = np.concatenate((birth, birth[again] + rng.uniform(0, 1, len(again)) * life[again]))
    mean = rng.lognormal(3.3, 0.6, customers)
    value = np.round(mean[owner] * rng.lognormal(-0.08, 0.4, len(owner)), 2) + 0.01
    stamp = _START + (day * 86_400).astype("timedelta64[s]")
    order = np.argsort(stamp, kind="stable")
    table = pa.table(
        {"c": owner[order] + 100_000, "t": pa.array(stamp[order]), "v": np.round(value[order], 2)}
    )
    with duckdb.connect() as con:
        con.register("made", table)
        con.execute(
            "COPY (SELECT c AS CustomerID, strftime(t, '%Y-%m-%dT%H:%M:%SZ') AS Timestamp, "
            f"v AS PurchaseValue FROM made) TO '{path}' (FORMAT csv, HEADER true)"
        )
