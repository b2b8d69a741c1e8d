"""How good the forecast is on real logs, held out by time, beside those of others.

``python -m benchmarks.holdout`` tries every log in ``../shared/data``, and CDNOW, and writes the figures
into docs/benchmarks.md; with ``--only LOG…`` those of other logs are taken from the last time. ``python -m benchmarks.holdout FILE… [--until DAY --months N]`` tries other
order files (each a log; a folder is a log in several tables) and prints; without a day, the last third
of each history is held out.

A log is read as if it were that day (as the shop would have exported it), everybody forecasts, and is
compared with what each customer did in the months after it, as the whole log tells.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from benchmarks.holdout_contenders import BASE, OURS, PLAIN, Day, forecasts
from benchmarks.holdout_measures import (
    MEASURES,
    Came,
    figures,
    held,
    resampled,
    verdict,
)
from benchmarks.learn import put, signature
from benchmarks.pipeline import ROOT, WORK
from clv import ingest
from clv.backtest.past_dates import months_before
from clv.core.errors import ClvError, SettingsError
from clv.core.formatting import day as written
from clv.core.formatting import plural
from clv.core.horizon import add_months
from clv.core.settings import IngestOptions
from clv.runs import Store
from clv.samples import sample_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

DATA: Final = ROOT.parent / "shared" / "data"
_MARKS: Final = {1: " ▲", 0: "", -1: " ▼"}
_LONGEST: Final = 60
_KEPT: Final = WORK / "holdout"


class Cut(NamedTuple):
    """The last day that is known, and the months held out after it."""

    until: date
    months: int


class Log(NamedTuple):
    """Order files that belong together, and where to cut them; None for the last third."""

    title: str
    files: tuple[Path, ...]
    cuts: tuple[Cut, ...] | None = None


class Tried(NamedTuple):
    """One cut of one log.

    Attributes
    ----------
    customers, buyers
        How many were known on the day, and how many of these bought within the horizon.
    figures
        Contender → measure → figure.
    marks
        Of ours: contender → measure → 1, 0, -1, see `benchmarks.holdout_measures.verdict`.
    held
        Contender → whether the total came within its range.
    notes
        Contender → what it chose, or why it made no forecast.
    """

    log: str
    cut: Cut
    customers: int
    buyers: int
    figures: dict[str, dict[str, float]]
    marks: dict[str, dict[str, int]]
    held: dict[str, bool | None]
    notes: dict[str, str]

    def keep(self) -> None:
        """Keep it for a page that is made of several goes."""
        _KEPT.mkdir(parents=True, exist_ok=True)
        kept = self._asdict() | {"cut": [self.cut.until.isoformat(), self.cut.months]}
        _kept(self.log, self.cut).write_text(json.dumps(kept), encoding="utf-8")

    @classmethod
    def kept(cls, log: str, cut: Cut) -> Tried | None:
        """Return what was kept of a cut; None where nothing was."""
        path = _kept(log, cut)
        return cls(**json.loads(path.read_text("utf-8")) | {"cut": cut}) if path.exists() else None


def _kept(log: str, cut: Cut) -> Path:
    return _KEPT / f"{log}-{cut.until}-{cut.months}.json"


def logs() -> list[Log]:
    """Return the logs that are there, each with its cuts."""

    def cuts(*given: tuple[str, int]) -> tuple[Cut, ...]:
        return tuple(Cut(date.fromisoformat(day), months) for day, months in given)

    bought = DATA / "purchase_logs"
    olist = tuple(sorted((DATA / "olist_excerpt").glob("*.csv")))
    found = [
        Log(
            "Online Retail",
            (DATA / "online_retail" / "online_retail_2010-12_2011-12.csv.gz",),
            cuts(("2011-06-09", 6), ("2011-09-09", 3)),
        ),
        Log("CDNOW", (sample_path("cdnow"),), cuts(("1997-09-30", 9), ("1997-12-31", 6))),
        Log(
            "Ta-Feng",
            (bought / "ta_feng_baskets.csv.gz",),
            cuts(("2000-12-31", 2), ("2001-01-31", 1)),
        ),
        Log(
            "Coffee vending",
            (bought / "coffee_vending_purchases.csv.gz",),
            cuts(("2024-11-23", 4), ("2025-01-23", 2)),
        ),
        Log(
            "essec",
            (bought / "essec_purchases.csv.gz",),
            cuts(("2014-12-31", 12), ("2013-12-31", 24)),
        ),
        Log(
            "Retail relay",
            (bought / "retail_relay_orders.csv.gz",),
            cuts(("2009-11-09", 4), ("2010-01-09", 2)),
        ),
        Log(
            "Apparel",
            (DATA / "apparel" / "apparelTrans.csv",),
            cuts(("2009-12-20", 12), ("2010-06-20", 6)),
        ),
        Log("Olist, excerpt", olist, cuts(("2018-02-28", 6), ("2018-05-28", 3))),
    ]
    return [log for log in found if log.files and all(path.exists() for path in log.files)]


def last_third(first: date, last: date) -> Cut:
    """Return the cut that holds out the last third of a history, in whole months."""
    months = 0
    while months_before(last, months + 1) >= first - timedelta(days=1):
        months += 1
    ahead = min(months // 3, _LONGEST)
    if not ahead:
        msg = f"The orders from {written(first)} to {written(last)} are too few months to hold one out."
        raise SettingsError(msg, "Three months are needed.")
    return Cut(months_before(last, ahead), ahead)


class History(NamedTuple):
    """A whole log: its customers' days of purchase (``customer_id, day, value``) and its period."""

    days: pa.Table
    first: date
    last: date
    valued: bool

    @classmethod
    def of(cls, files: Sequence[Path]) -> History:
        """Read a log's files, all that they tell."""
        with ingest.read(files, IngestOptions(), None, lambda *_: None) as (con, report):
            ingest.refuse_no_orders(report)
            days = con.sql(
                "SELECT customer_id, ordered_at::DATE AS day, coalesce(sum(revenue), 0) AS value "
                "FROM orders GROUP BY ALL ORDER BY ALL"
            ).to_arrow_table()
        first, last = (date.fromisoformat(str(report[k])) for k in ("first_order", "last_order"))
        return cls(days, first, last, bool(report["has_revenue"]))

    def came(self, day: Day) -> Came:
        """Return what the customers of a day did within the horizon."""
        import pyarrow.compute as pc

        ids = self.days["customer_id"].combine_chunks()
        place = np.asarray(pc.fill_null(pc.index_in(ids, value_set=day.customers), -1))
        when = np.asarray(self.days["day"], dtype="datetime64[D]")
        origin = day.origin
        inside = (when > np.datetime64(origin.as_of)) & (when <= np.datetime64(origin.end))
        inside &= place >= 0
        n = len(day.customers)
        value = np.asarray(self.days["value"], dtype=float)[inside]
        return Came(
            np.bincount(place[inside], minlength=n).astype(float),
            np.bincount(place[inside], value, minlength=n) if self.valued else None,
        )


def tried(log: str, files: Sequence[Path], whole: History, cut: Cut) -> Tried:
    """Let everybody forecast from one day of a log, and measure it.

    Raises
    ------
    SettingsError
        The log does not reach to the end of the horizon, or there is nothing before the day.
    """
    end = add_months(*cut)
    if not whole.first <= cut.until < end <= whole.last:
        msg = (
            f"{log} covers {written(whole.first)} to {written(whole.last)}; "
            f"{plural(cut.months, 'month')} after {written(cut.until)} can't be held out."
        )
        raise SettingsError(msg, "Give another --until or fewer --months.")
    with TemporaryDirectory(prefix="clv-holdout-") as folder:
        day = Day.of(Store(Path(folder)), files, *cut)
        came = whole.came(day)
        said = {}
        for name, one in forecasts(day):
            said[name] = one
            print(
                f"  {name}: {one.note or 'done'}, {one.seconds or 0:.1f} s",
                file=sys.stderr,
                flush=True,
            )
    measured = {name: figures(came, one) for name, one in said.items()}
    drawn = {name: resampled(came, said[name]) for name in (*OURS, BASE) if name in said}
    # Where lifetimes does not converge, and for the chance to buy, the plain model stands in.
    of = {m: BASE if m in measured[BASE] else PLAIN for m in MEASURES}
    theirs = {m: drawn[name][m] for m, name in of.items() if m in drawn[name]}
    base = {m: measured[name][m] for m, name in of.items() if m in measured[name]}
    return Tried(
        log,
        cut,
        len(day.customers),
        int((came.purchases > 0).sum()),
        measured,
        {name: verdict(drawn[name], theirs, base) for name in OURS if name in said},
        {name: held(came, one) for name, one in said.items()},
        {name: one.note for name, one in said.items() if one.note},
    )


def against(one: Tried, measure: str) -> float | None:
    """Return the figure that ours are compared with: lifetimes', or where it has none the plain model's."""
    return one.figures.get(BASE, {}).get(measure, one.figures.get(PLAIN, {}).get(measure))


def table(one: Tried) -> str:
    """Return the figures of one cut as a Markdown table, a row for each contender."""
    shown = [m for m in MEASURES if any(m in found for found in one.figures.values())]
    heads = ["forecast", *(MEASURES[m].title for m in shown), "total held"]
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for name, found in one.figures.items():
        marks = one.marks.get(name, {})
        cells = [
            MEASURES[m].form.format(found[m]) + _MARKS[marks.get(m, 0)] if m in found else "–"
            for m in shown
        ]
        cells.append({True: "yes", False: "no", None: "–"}[one.held.get(name)])
        lines.append(f"| {_name(name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def section(one: Tried) -> str:
    """Return one cut: what it is, its table, and what is to be said of single contenders."""
    notes = [
        f"{_name(name)}: {note.rstrip('.')}." for name, note in one.notes.items() if name != PLAIN
    ]
    end = add_months(*one.cut)
    lead = (
        f"**{one.log}, to {one.cut.until}**: the {plural(one.cut.months, 'month')} to {end} of "
        f"{one.customers:,} customers, of whom {one.buyers:,} bought."
    )
    return "\n\n".join(part for part in (lead, table(one), " ".join(notes)) if part)


def summary(found: Sequence[Tried]) -> str:
    """Return in how many cuts ours are better, and worse, beyond chance; and where they are worst."""
    ours = [name for name in OURS if name != PLAIN and any(name in one.marks for one in found)]
    heads = ["measure", *(f"{_name(name)}: {how}" for name in ours for how in ("better", "worse"))]
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for measure, (title, _, sign) in MEASURES.items():
        cells = [_count(found, name, measure, way) for name in ours for way in (1, -1)]
        if sign:
            group = "value " if measure.startswith("value_") and "value" not in title else ""
            lines.append(f"| {group}{title} | {' | '.join(cells)} |")
    worst = [_worst(found, name) for name in ours]
    return "\n".join(lines) + "\n\n" + "\n\n".join(said for said in worst if said)


def _count(found: Sequence[Tried], name: str, measure: str, way: int) -> str:
    marks = [one.marks[name][measure] for one in found if measure in one.marks.get(name, {})]
    return f"{marks.count(way)} of {len(marks)}"


def _worst(found: Sequence[Tried], name: str) -> str:
    """Say where one of ours is furthest behind, in MAE and in how far the total is off."""
    parts = []
    for measure, what in (("mae", "orders MAE"), ("value_mae", "value MAE")):
        ratios = [
            (_at(one, name, measure) / base, one) for one, base in _both(found, name, measure)
        ]
        if ratios:
            ratio, one = max(ratios, key=lambda pair: pair[0])
            parts.append(f"{what} {ratio - 1:+.1%} ({one.log}, {one.cut.until})")
    for measure, what in (("bias", "total orders"), ("value_bias", "total value")):
        pairs = [
            (abs(_at(one, name, measure)) - abs(base), one)
            for one, base in _both(found, name, measure)
        ]
        if pairs:
            points, one = max(pairs, key=lambda pair: pair[0])
            parts.append(
                f"{what} off by {100 * points:+.1f} points more: {_at(one, name, measure):+.1%} for "
                f"{against(one, measure) or 0:+.1%} ({one.log}, {one.cut.until})"
            )
    return (
        f"Worst of {_name(name)} against lifetimes' MBG/NBD: {'; '.join(parts)}." if parts else ""
    )


def _at(one: Tried, name: str, measure: str) -> float:
    return one.figures[name][measure]


def _both(found: Sequence[Tried], name: str, measure: str) -> list[tuple[Tried, float]]:
    """Return the cuts in which both have a figure, with that of the other."""
    pairs = [(one, against(one, measure)) for one in found if measure in one.figures.get(name, {})]
    return [(one, base) for one, base in pairs if base]


def _name(contender: str) -> str:
    """Return how a contender is called in a table: ours in bold."""
    return f"**{contender}**" if contender in OURS else contender


def main() -> None:
    """Try the logs; print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*", help="order files, each a log; or folders")
    parser.add_argument("--until", type=date.fromisoformat, help="the last day that is known")
    parser.add_argument("--months", type=int, help="months held out after it")
    parser.add_argument("--only", nargs="*", metavar="LOG", help="try some of the known logs")
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    asked = parser.parse_args()
    if (asked.until is None) != (asked.months is None) or (asked.until and not asked.files):
        parser.error("--until and --months go together, and with files")
    if asked.files:
        given = (Cut(asked.until, asked.months),) if asked.until else None
        found = [one for path in asked.files for one in _tried(_log(path, given))]
    else:
        known = logs()
        for log in known:
            if asked.only is None or log.title in asked.only:
                for one in _tried(log):
                    one.keep()
        kept = (Tried.kept(log.title, cut) for log in known for cut in log.cuts or ())
        found = [one for one in kept if one]
    if not found:
        sys.exit("No log could be tried.")
    body = "\n\n".join([summary(found), *map(section, found), signature()])
    print(body)
    if not (asked.dry or asked.files):
        put("holdout", body)


def _tried(log: Log) -> Iterator[Tried]:
    """Try a log from each of its days; say what is wrong with one that can't be tried."""
    try:
        whole = History.of(log.files)
        for cut in log.cuts or (last_third(whole.first, whole.last),):
            print(f"{log.title}, to {cut.until}", file=sys.stderr, flush=True)
            yield tried(log.title, log.files, whole, cut)
    except ClvError as error:
        print(f"{log.title}: {error}", file=sys.stderr)


def _log(path: Path, cuts: tuple[Cut, ...] | None) -> Log:
    files = tuple(sorted(path.iterdir())) if path.is_dir() else (path,)
    return Log(path.name, files, cuts)


if __name__ == "__main__":
    main()
