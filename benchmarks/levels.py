"""Does what a plain forecast missed on past dates tell what the next one will miss? Measured on real logs.

``python -m benchmarks.levels`` goes through the real logs of `benchmarks.holdout`, month by month: as of
each day the tests' past dates are forecast with MBG/NBD, and so are the months that follow. What agreeing past
dates ask for (`clv.backtest.levels.step`) is compared with what was missed, as a mean of absolute logarithms:
of the total of purchases, which is left alone, and of the two ratios, which are moved. Into docs/benchmarks.md.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
import numpy as np

from benchmarks.holdout import History, logs
from benchmarks.learn import put
from clv.backtest import dates
from clv.backtest.candidates import Candidate
from clv.backtest.levels import missed, step
from clv.backtest.past_dates import FEWEST_CUSTOMERS, Origin, months_before, plan, sample
from clv.core.choice import Choice
from clv.core.errors import ClvError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

HORIZONS: Final = (3, 6, 12)
#: Days of a log that are tried with each horizon.
MOST_DAYS: Final = 24
WHAT: Final = ("total of purchases", "buyers per purchase", "value per purchase")


class Missed(NamedTuple):
    """What one forecast missed of `WHAT`: logarithms, each with its standard error by chance."""

    origin: Origin
    what: tuple[tuple[float, float], ...]


def at(con: duckdb.DuckDBPyConnection, origin: Origin, *, valued: bool) -> Missed | None:
    """Forecast one date with MBG/NBD, and say what it missed; None where it can't be fitted."""
    found = sample(con, origin)
    if found.purchases.size < FEWEST_CUSTOMERS:
        return None
    try:
        choice = Choice.parse("mbg-nbd+all-orders" if valued else "mbg-nbd")
        said = Candidate(choice, valued=valued).learn(found.history, None)
        forecast = said.forecast(found.history, origin.days)
    except ClvError:
        return None
    n, m = found.purchases, forecast.purchases
    total = (
        (float(np.log(n.sum() / m.sum())), float(np.sqrt((n - m) @ (n - m))) / n.sum())
        if n.any() and m.any()
        else (0.0, np.inf)
    )
    bought = (n > 0).astype(float)
    return Missed(
        origin,
        (
            total,
            missed(bought, n, forecast.p_purchase, m),
            missed(found.value, n, forecast.value, m),
        ),
    )


def cases(whole: History) -> Iterator[tuple[list[Missed], Missed]]:
    """Go through a log's days: what past dates missed, and what the next forecast did."""
    con = duckdb.connect()
    con.register("days", whole.days)
    con.execute(
        "CREATE TABLE orders AS SELECT customer_id, customer_id || '-' || day AS order_id, "
        "day::TIMESTAMP AS ordered_at, value AS revenue, 1::BIGINT AS items FROM days"
    )
    seen: dict[Origin, Missed | None] = {}

    def known(origin: Origin) -> Missed | None:
        if origin not in seen:
            seen[origin] = at(con, origin, valued=whole.valued)
        return seen[origin]

    for months in HORIZONS:
        for as_of, end in _days(whole.first, whole.last, months):
            past = [known(origin) for origin in plan(whole.first, as_of, months).origins]
            there = [one for one in past if one]
            after = known(Origin(as_of, end))
            if there and len(there) == len(past) and after:
                yield there, after


def _days(first: date, last: date, months: int) -> list[tuple[date, date]]:
    """Return days, evenly spread, and the ends of the horizon after them."""
    found = []
    while (day := months_before(last, months + len(found))) > first + timedelta(days=60):
        found.append((day, months_before(last, len(found))))
    spread = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_DAYS)).astype(int))
    return [found[i] for i in spread] if found else []


def row(title: str, whole: History) -> str:
    """Return a log's row: what was missed without a step, with it, and how often there was one."""
    lost: list[list[tuple[float, float, bool]]] = [[] for _ in WHAT]
    for past, after in cases(whole):
        number = dates.independent([(one.origin.as_of, one.origin.end) for one in past])
        for i in range(len(WHAT)):
            if np.isinf([one.what[i][1] for one in (*past, after)]).any():
                continue
            moved = step([one.what[i] for one in past], number)
            missed_by = after.what[i][0]
            lost[i].append((abs(missed_by), abs(missed_by - moved), moved != 0))
    cells = [title, str(len(lost[0]))]
    for each in lost:
        if each:
            without, with_step, moved = np.mean(each, axis=0)
            cells += [f"{without:.3f}", f"{with_step:.3f} ({moved:.0%})"]
        else:
            cells += ["–", "–"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Try the logs; print, and write the page."""
    heads = ["log", "forecasts", *(cell for what in WHAT for cell in (what, "with a step"))]
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for log in logs():
        lines.append(row(log.title, History.of(log.files)))
        print(json.dumps(lines[-1]), file=sys.stderr, flush=True)
    body = "\n".join(lines)
    print(body)
    put("levels", body)


if __name__ == "__main__":
    main()
