"""Is a new upload what it should be? Its orders beside those of the run before.

The *new days* are those after the earlier run's as-of date. They are compared with as many days before
it, up to twelve times (volume, of days that are over: as-of dates may not be), or with the earlier run's
last days (distributions): at most a year, and at most half of its history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.core import engine
from clv.insights.monitor import rows, shifts
from clv.insights.monitor.base import Check, rising
from clv.insights.monitor.newest import listed_at_once, newest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from numpy.typing import NDArray

    from clv.core.schema import CheckDetails, Verdict
    from clv.runs import Run

#: Share of the earlier orders that are missing from the new file, or of its old ones that are new.
LOST: Final = (0.05, 0.20)
#: Days by which a file ends before the published one.
OLDER: Final = (1, 7)
#: Days that a file of the last so many months loses at its beginning, beyond those that are new.
_ROLLS: Final = 31
#: How many times the least or the most orders so far.
FEWER_MORE: Final = (2.0, 10.0)
#: Rise of a share, in points.
MISSING: Final = (0.05, 0.50)
#: Rise of the share of orders that repeat another: of orders that are all there twice it is one half.
REPEATED: Final = (0.05, 0.40)
#: Days without an order: at least so many, and so many times as long as ever before.
SILENT: Final = ((3, 2.0), (14, 5.0))
#: Days by which a file is older, when it is read, than the one before.
LATE: Final = (7, 60)
_SPANS: Final = 12
_YEAR: Final = 365
#: Values of which a distribution is made: more would change nothing.
_MOST: Final = 200_000
#: Levels of a label that are told apart.
_LEVELS: Final = 20


@dataclass(frozen=True)
class Window:
    """Days (start, end]."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.start).days

    def sql(self, day: str = "ordered_at::DATE") -> str:
        """Return the condition for a day to lie within."""
        return f"({day} > DATE '{self.start}' AND {day} <= DATE '{self.end}')"


def compare(run: Run, before: Run) -> list[Check]:
    """Check a run's upload against an earlier run's.

    Parameters
    ----------
    run, before
        The as-of date of ``before`` lies earlier.
    """
    fresh = Window(before.as_of, run.as_of)
    history = Window(before.first_order - timedelta(days=1), fresh.start)
    length = max(min(_YEAR, history.days // 2), 1)
    usual = Window(fresh.start - timedelta(days=length), fresh.start)
    with run.connect() as con:
        attach(con, before)
        return [
            *_found_again(con, run, before),
            *_beginning(con, run, before, fresh),
            *_volume(con, fresh, history),
            *_newest(con, run, before),
            *_silence(con, run, before, fresh, usual),
            *rows.left_out(run, before),
            *_missing(con, run, before, fresh, usual),
            *_repeated(con, fresh, usual),
            *_distributions(con, fresh, usual),
            *_labels(con, run, before, fresh),
        ]


def older(run: Run, published: Run) -> Iterator[Check]:
    """Say so where a run's file ends before that of the published run, which it is to replace."""
    then, now = (one.last_order for one in (published, run))
    if now < then:
        verdict = rising((then - now).days, *OLDER)
        more: CheckDetails = {"before": then.isoformat(), "now": now.isoformat()}
        yield Check("older", verdict, None, None, more=more)


def attach(con: duckdb.DuckDBPyConnection, other: Run, prefix: str = "before") -> None:
    """Show another run's tables in a connection as ``<prefix>_orders`` and ``<prefix>_labels``."""
    for table in ("orders", *(["labels"] if other.labels else [])):
        source = engine.text(other.file(f"{table}.parquet"))
        con.execute(f"CREATE VIEW {prefix}_{table} AS SELECT * FROM read_parquet({source})")


class Overlap(NamedTuple):
    """Days with an order of a customer.

    Attributes
    ----------
    old, both, new
        In the earlier run, in both, in the later one.
    gone, late
        Of the earlier run without one in the later run, and the other way round, not even a day earlier
        or later: in another time zone many orders are of another day.
    """

    old: int
    both: int
    new: int
    gone: int
    late: int


def overlap(con: duckdb.DuckDBPyConnection, common: Window, one_in: int = 1) -> Overlap:
    """Count days with an order of a customer in two runs.

    Parameters
    ----------
    con
        Has ``orders`` and ``before_orders``.
    common
        The days that both should hold.
    one_in
        Look at every so many customers only.
    """
    wide = Window(common.start - timedelta(days=1), common.end + timedelta(days=1))

    def days(table: str, window: Window = common) -> str:
        return (
            f"SELECT DISTINCT customer_id, ordered_at::DATE AS day FROM {table} "
            f"WHERE {window.sql()} AND hash(customer_id) % {one_in} = 0"
        )

    def near(table: str) -> str:
        steps = "(VALUES (-1), (0), (1)) AS steps (step)"
        return f"SELECT customer_id, day + step AS day FROM ({days(table, wide)}), {steps}"

    counts = (
        "FROM o",
        "FROM o JOIN n USING (customer_id, day)",
        "FROM n",
        f"FROM o ANTI JOIN ({near('orders')}) AS x USING (customer_id, day)",
        f"FROM n ANTI JOIN ({near('before_orders')}) AS x USING (customer_id, day)",
    )
    picked = ", ".join(f"(SELECT count(*) {what})" for what in counts)
    sql = f"WITH o AS ({days('before_orders')}), n AS ({days('orders')}) SELECT {picked}"
    return Overlap(*(int(found) for found in engine.row(con, sql)))


def common_days(run: Run, before: Run) -> Window:
    """Return the days that two runs' files both should hold."""
    start = max(run.first_order, before.first_order) - timedelta(days=1)
    return Window(start, max(before.as_of, start))


def _found_again(con: duckdb.DuckDBPyConnection, run: Run, before: Run) -> Iterator[Check]:
    old, both, new, gone, late = overlap(con, common_days(run, before))
    if not old:
        yield Check("found_again", "look", None, None)
        return
    for key, usual, of, lacking in (
        ("found_again", 1.0, old, gone),
        ("added_late", 0.0, new, late),
    ):
        other = 1 - both / of if of else 0.0
        verdict: Verdict = rising(lacking / of if of else 0.0, *LOST)
        if verdict == "ok" and other >= LOST[0]:
            verdict = "look"
        more: CheckDetails = {"orders": of, "moved": of - both - lacking}
        yield Check(key, verdict, usual, abs(usual - other), more=more)


def _beginning(
    con: duckdb.DuckDBPyConnection, run: Run, before: Run, fresh: Window
) -> Iterator[Check]:
    """Look for a file that lost its beginning; one of the last so many months loses some each time."""
    start, cut = before.first_order, run.first_order
    sql = f"count(*) FILTER (ordered_at::DATE < DATE '{cut}') / count(*) FROM before_orders"
    (lost,) = engine.row(con, f"SELECT {sql}")
    rolls = (cut - start).days <= fresh.days + _ROLLS
    yield Check("beginning", "ok" if rolls else rising(lost, *LOST), 0.0, lost)


def _volume(con: duckdb.DuckDBPyConnection, fresh: Window, history: Window) -> Iterator[Check]:
    """Compare orders and customers a day with spans of as many days before; of days that are over."""
    day = timedelta(days=1)
    fresh = Window(fresh.start - day, fresh.end - day)
    history = Window(history.start, fresh.start)
    length = min(fresh.days, history.days)
    if not length:
        return
    spans = [
        Window(
            fresh.start - timedelta(days=(i + 1) * length), fresh.start - timedelta(days=i * length)
        )
        for i in range(min(_SPANS, history.days // length))
    ]
    measures = {"orders": "count(*)", "customers": "count(DISTINCT customer_id)"}
    picked = ", ".join(measures.values())
    now = engine.row(con, f"SELECT {picked} FROM orders WHERE {fresh.sql()}")
    past = [engine.row(con, f"SELECT {picked} FROM before_orders WHERE {s.sql()}") for s in spans]
    for i, name in enumerate(measures):
        # As many as a span of the usual length would have.
        usual = [row[i] * fresh.days / length for row in past]
        low, high = min(usual), max(usual)
        more: CheckDetails = {"low": low, "high": high, "days": fresh.days, "spans": len(spans)}
        yield Check(
            "volume", _verdict(now[i], low, high), float(np.mean(usual)), now[i], name, more
        )


def _verdict(now: float, low: float, high: float) -> Verdict:
    look, stop = FEWER_MORE
    if now < low / stop or now > high * stop:
        return "stop"
    return "look" if now < low / look or now > high * look else "ok"


def _newest(con: duckdb.DuckDBPyConnection, run: Run, before: Run) -> Iterator[Check]:
    """Look for newest days of which rows are missing.

    Once a run with such a fall has been published, somebody knows of it: it stops nobody again.
    """

    def of(table: str, one: Run) -> NDArray[np.float64]:
        # The last day may not be over yet.
        window = Window(one.first_order - timedelta(days=1), one.as_of - timedelta(days=1))
        found = con.execute(
            f"SELECT ordered_at::DATE - DATE '{window.start}' - 1 AS i, count(*) AS n FROM {table} "
            f"WHERE {window.sql()} GROUP BY 1"
        ).fetchnumpy()
        return np.bincount(found["i"], found["n"], minlength=max(window.days, 0)).astype(float)

    daily, earlier = of("orders", run), of("before_orders", before)
    # The days up to the earlier as-of date; none, where the file begins after it.
    later = daily[: max(daily.size - (run.as_of - before.as_of).days, 0)]
    now = newest(daily, listed_at_once(earlier, later))
    if now is None:
        return
    then = newest(earlier)
    known = then is not None and then.verdict != "ok"
    verdict: Verdict = "look" if known and now.verdict == "stop" else now.verdict
    yield Check("newest", verdict, now.least, now.now, more={"days": now.days})


def _silence(
    con: duckdb.DuckDBPyConnection, run: Run, before: Run, fresh: Window, usual: Window
) -> Iterator[Check]:
    """Look for holes, and for a file that is older than the one before was."""

    def longest(table: str, window: Window) -> int:
        sql = f"SELECT DISTINCT ordered_at::DATE FROM {table} WHERE {window.sql()} ORDER BY 1"
        days = [window.start, *(d for (d,) in con.execute(sql).fetchall()), window.end]
        return max(int((b - a).days) - 1 for a, b in pairwise(days))

    ever, now = longest("before_orders", usual), longest("orders", fresh)
    (least, times), (grave, many) = SILENT
    verdict: Verdict = "ok"
    if now > max(least, times * ever):
        verdict = "stop" if now > max(grave, many * ever) else "look"
    yield Check("silence", verdict, ever, now)
    lags = [_lag(one) for one in (before, run)]
    yield Check("late", rising(lags[1] - lags[0], *LATE), lags[0], lags[1])


def _lag(run: Run) -> int:
    """Return how many days a run's last order was old when it was made."""
    made = date.fromisoformat(str(run.settings["created_at"])[:10])
    return (made - run.last_order).days


def _missing(
    con: duckdb.DuckDBPyConnection, run: Run, before: Run, fresh: Window, usual: Window
) -> Iterator[Check]:
    """Compare the share of orders that lack their value or their number of items."""
    if before.has_value and not run.has_value:
        yield Check("missing", "stop", 0.0, 1.0, "revenue")
        return
    for column in ("revenue", "items"):
        share = f"count(*) FILTER ({column} IS NULL) / nullif(count(*), 0)"
        (old,) = engine.row(con, f"SELECT {share} FROM before_orders WHERE {usual.sql()}")
        (new,) = engine.row(con, f"SELECT {share} FROM orders WHERE {fresh.sql()}")
        if old is None or new is None or old == new == 1:
            continue
        yield Check("missing", rising(new - old, *MISSING), old, new, column)


def _repeated(con: duckdb.DuckDBPyConnection, fresh: Window, usual: Window) -> Iterator[Check]:
    """Compare the share of orders that repeat another: of the same customer, day and value."""
    share = "1 - count(DISTINCT (customer_id, ordered_at::DATE, revenue)) / nullif(count(*), 0)"
    valued = "AND revenue IS NOT NULL"
    (old,) = engine.row(con, f"SELECT {share} FROM before_orders WHERE {usual.sql()} {valued}")
    (new,) = engine.row(con, f"SELECT {share} FROM orders WHERE {fresh.sql()} {valued}")
    if old is not None and new is not None:
        yield Check("repeated", rising(new - old, *REPEATED), old, new)


def _distributions(con: duckdb.DuckDBPyConnection, fresh: Window, usual: Window) -> Iterator[Check]:
    """Compare what orders are worth, and the days since the customer's order before."""

    def values(table: str, window: Window) -> NDArray[np.float64]:
        rows = f"FROM {table} WHERE {window.sql()} AND revenue IS NOT NULL"
        return _numbers(con, f"SELECT revenue AS v, hash(order_id) AS h {rows}")

    def gaps(table: str, window: Window) -> NDArray[np.float64]:
        # A longer history has longer gaps: only those count that both could have.
        return _numbers(
            con,
            "SELECT v, hash(customer_id, day) AS h FROM (SELECT customer_id, day, "
            "day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS v "
            f"FROM (SELECT DISTINCT customer_id, ordered_at::DATE AS day FROM {table} "
            f"WHERE ordered_at::DATE <= DATE '{window.end}')) "
            f"WHERE {window.sql('day')} AND v <= {usual.days}",
        )

    for key, sample in (("order_value", values), ("gap", gaps)):
        old, new = sample("before_orders", usual), sample("orders", fresh)
        if old.size and new.size:
            yield _shift(
                key, shifts.of_numbers(old, new), float(np.median(old)), float(np.median(new))
            )


def _numbers(con: duckdb.DuckDBPyConnection, sql: str) -> NDArray[np.float64]:
    """Return the column ``v`` of a query; of many rows those whose hash ``h`` comes first."""
    found = con.execute(f"SELECT v FROM ({sql}) ORDER BY h LIMIT {_MOST}").fetchnumpy()["v"]
    return np.asarray(found, dtype=float)


def _shift(
    key: str,
    shift: shifts.Shift,
    before: float | None,
    now: float | None,
    subject: str = "",
    more: CheckDetails | None = None,
) -> Check:
    verdict: Verdict = "look" if shift.looks else "ok"
    if shift.large and key == "order_value":
        verdict = "stop"
    details: CheckDetails = {
        "psi": shift.psi,
        "psi_chance": shift.psi_chance,
        "distance": shift.distance,
        "distance_chance": shift.distance_chance,
        **(more or {}),
    }
    return Check(key, verdict, before, now, subject, details)


def _labels(
    con: duckdb.DuckDBPyConnection, run: Run, before: Run, fresh: Window
) -> Iterator[Check]:
    """Compare the labels of new customers with those of the customers before."""
    for label in before.labels:
        if label not in run.labels:
            yield Check("label_gone", "look", None, None, label)
            continue
        column = engine.name(label)
        old = _levels(con, f"SELECT {column} AS level FROM before_labels")
        new = _levels(
            con,
            f"SELECT l.{column} AS level FROM labels l JOIN forecasts f USING (customer_id) "
            f"WHERE {fresh.sql('f.first_order')}",
        )
        customers = sum(new.values())
        if not customers or not old:
            continue
        kept = list(old)[:_LEVELS]
        counts = [
            [found.get(level, 0) for level in kept]
            + [sum(n for level, n in found.items() if level not in kept)]
            for found in (old, new)
        ]
        unknown = [found.get(None, 0) / sum(found.values()) for found in (old, new)]
        fresh_levels = [level for level in new if level is not None and level not in old]
        share = sum(new[level] for level in fresh_levels) / customers
        yield Check(
            "new_levels",
            "look" if share > LOST[0] else "ok",
            0.0,
            share,
            label,
            {"levels": fresh_levels[:5], "number": len(fresh_levels)},
        )
        yield Check(
            "unknown_level",
            rising(unknown[1] - unknown[0], MISSING[0], 2.0),
            unknown[0],
            unknown[1],
            label,
        )
        yield _shift("mix", shifts.of_counts(*counts), None, None, label, {"customers": customers})


def _levels(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str | None, int]:
    """Return how many customers have each level, the most frequent first."""
    rows = con.execute(
        f"SELECT level, count(*) FROM ({sql}) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return dict(rows)
