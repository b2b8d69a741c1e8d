"""A test of forecasts as a run keeps it: CDNOW's published sample, 39 weeks after 30 Sep 1997."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa

from clv.models.histories import Histories
from clv.models.purchase.beta_geo import MBGNBDCore

AS_OF, END = date(1997, 9, 30), date(1998, 6, 30)
RECEIPT: dict[str, Any] = {
    "origins": [{"as_of": AS_OF.isoformat(), "end": END.isoformat()}],
    "horizon_months": 9,
    "reason": "",
    "has_value": True,
    "currency": "USD",
    "model": "mbg-nbd",
    "recency_days": 90.0,
    "choice": {"name": "mbg-nbd", "as_good": None, "runner_up": "recency-rule"},
}


@cache
def customers() -> pa.Table:
    """Return MBG/NBD, its chance of being active, a recency rule and everybody alike.

    Ids have five digits, most with leading zeros; their order is that of the file.
    """
    path = files("lifetimes") / "datasets" / "CDNOW_sample.txt"
    log = np.loadtxt(str(path), usecols=(1, 2, 4))
    days = np.array(
        [date(int(d) // 10000, int(d) // 100 % 100, int(d) % 100).toordinal() for d in log[:, 1]]
    )
    ids = log[:, 0].astype(int)
    as_of, end = AS_OF.toordinal(), END.toordinal()
    rows = []
    for customer in np.unique(ids):
        own = ids == customer
        orders = np.unique(days[own & (days <= as_of)])
        after = own & (days > as_of) & (days <= end)
        rows.append(
            (
                len(orders) - 1,
                orders[-1] - orders[0],
                as_of - orders[0],
                len(np.unique(days[after])),
                log[after, 2].sum(),
            )
        )
    frequency, recency, age, purchases, value = np.array(rows, dtype=float).T
    scores = (
        MBGNBDCore()
        .fit(Histories.of(frequency, recency, age))
        .score(Histories.of(frequency, recency, age), [end - as_of])
    )
    lately = age - recency <= 90
    bought = purchases > 0
    # A rule with two chances, those of a spreadsheet rather than of this outcome.
    rule = np.where(lately, 0.45, 0.20)
    columns = {
        "customer_id": pa.array([f"{c:05d}" for c in np.unique(ids)]),
        "frequency": frequency,
        "recency": recency,
        "T": age,
        "purchases": purchases,
        "value": value,
        "p_purchase:mbg-nbd": scores.p_purchase[:, 0],
        "p_purchase:mbg-nbd+all-orders": scores.p_purchase[:, 0],
        "p_purchase:p-alive": scores.p_alive,
        "p_purchase:recency-rule": rule,
        "p_purchase:population-mean": np.full(len(bought), 0.30),
    }
    return pa.table(columns)


@dataclass(frozen=True)
class TriedRun:
    """Stands for a run where only its test matters."""

    id: str = "c" * 32
    receipt = RECEIPT

    def tested(self) -> pa.Table:
        """Return the tested customers."""
        return customers()
