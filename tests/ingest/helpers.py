"""Write a tiny file, check it, and look at whole tables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.runs import Draft


@dataclass
class Checked:
    report: dict
    orders: list
    rejects: list

    @property
    def reasons(self):
        return self.report["reasons"]

    @property
    def codes(self):
        """(line, code) of every rejected row."""
        return [(line, code) for _, line, code, _, _ in self.rejects]

    @property
    def texts(self):
        """(line, code, original text) of every rejected row."""
        return [(line, code, text) for _, line, code, _, text in self.rejects]

    @property
    def money(self):
        """(customer, time, revenue) of every order."""
        return [(c, t, r) for c, _, t, r, _ in self.orders]

    @property
    def by_order(self):
        return {order_id: (c, t, r, i) for c, order_id, t, r, i in self.orders}


def rows(path):
    return [tuple(r.values()) for r in pq.read_table(path).to_pylist()]


def when(moment):
    return moment.isoformat(sep=" ") if moment else None


def check_files(*paths, as_of=None, **options):
    """Check files as they lie; the invariants of every report are asserted on the way."""
    options = IngestOptions(**options)
    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(Path(folder))
        report = pipeline.check(draft, list(paths), options, as_of)
        assert draft.report == report
        return checked(report, draft.orders, draft.rejects)


def checked(report, orders, rejects):
    """Return what a check left, whose report must account for it."""
    orders = sorted(
        (c, o, when(t), None if r is None else round(r, 6), i) for c, o, t, r, i in rows(orders)
    )
    rejects = rows(rejects)
    assert report["rows_accepted"] + report["rows_rejected"] == report["rows_total"]
    assert report["rows_rejected"] == len(rejects) == sum(report["reasons"].values())
    for part in ("rows_total", "rows_accepted", "rows_rejected"):
        assert sum(f[part] for f in report["files"]) == report[part]
    assert report["orders"] == len(orders)
    assert report["customers"] == len({o[0] for o in orders})
    return Checked(report, orders, rejects)


def check(folder, content, *, name="orders.csv", as_of=None, **options):
    """Write one file and check it; text goes out as UTF-8 with its line ends as they are."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return check_files(path, as_of=as_of, **options)
