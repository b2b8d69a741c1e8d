"""How far the value of any customers of a run, taken together, may lie from what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv.backtest.totals import around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.runs import Run


class Sum(NamedTuple):
    """Expected value of some customers together and its range, in the file's currency."""

    value: float
    low: float
    high: float


def by(run: Run, key: str, among: Sequence[str] | None = None) -> dict[str, Sum]:
    """Return the values of groups of customers, each with its range.

    Chance adds up over the customers; what is not known of parameters and model is taken to be that
    of the total (`clv.backtest.totals`).

    Parameters
    ----------
    run
        Empty for one without ranges.
    key
        SQL for a customer's group, over ``forecasts`` joined with ``profiles``.
    among
        Ids of the only customers that count.
    """
    ranges = run.summary.get("ranges")
    if ranges is None:
        return {}
    who, some = "", None
    if among is not None:
        who, some = "SEMI JOIN (SELECT unnest($1) AS customer_id) USING (customer_id)", [among]
    margin = float(run.settings["margin"])
    found = run.query(
        f"SELECT {key} AS name, sum(predicted_clv) AS value, "
        f"sum(variance * (predicted_order_value * {margin!r}) ** 2) AS variance "
        f"FROM scored {who} GROUP BY 1",
        some,
    ).to_pydict()
    value = np.asarray(found["value"], dtype=float)
    low, high = around(
        value,
        found["variance"],
        level=ranges["level"],
        error=ranges["error"],
        model=ranges["model_error"],
        tests=ranges["tests"],
    )
    sums = zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
    return dict(zip(map(str, found["name"]), (Sum(*each) for each in sums), strict=True))


def together(run: Run, among: Sequence[str]) -> Sum | None:
    """Return the value of some customers together; None without ranges, or without customers."""
    return by(run, "'all'", list(among)).get("all")
