"""Runs of small invented shops, for tests of whatever reads a run."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from clv.core.orders import FORECASTS, MONTHLY
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.forecast import pipeline
from clv.runs import Store

ALL = "SELECT * FROM forecasts ORDER BY customer_id"
RANGES = ("predicted_clv_low", "predicted_clv_high")


def new_store(root):
    return Store(Path(root))


def make_draft(store, *contents, as_of=None, progress=quiet, **options):
    """Check contents (text, bytes or paths) as uploads of a new draft."""
    draft = store.new_draft()
    for content in contents:
        if isinstance(content, Path):
            draft.add_upload(content.name, iter([content.read_bytes()]))
        else:
            data = content if isinstance(content, bytes) else content.encode()
            draft.add_upload("orders.csv", iter([data]))
    pipeline.check(draft, draft.inputs, IngestOptions(**options), as_of, progress)
    return draft


def plain(**settings):
    """Settings of a forecast that is the standard's, untested: exact, and quick to make."""
    return Settings(**({"model": "mbg-nbd", "backtest": False} | settings))


def make_run(store, *contents, as_of=None, options=None, **settings):
    """Check contents and forecast, `plain` where nothing else is asked for."""
    draft = make_draft(store, *contents, as_of=as_of, **(options or {}))
    return pipeline.forecast(store, draft, plain(as_of=as_of, **settings))


@cache
def shop(customers=300, seed=7, days=500, value="{:.2f}"):
    """Draw a shop whose customers differ in how often they buy, how long they stay, how much they
    spend: from 1 January 2016, every one's purchases on days of their own."""
    rng = np.random.default_rng(seed)
    lines = ["customer_id,order_date" + (",revenue" if value else "")]
    for i in range(customers):
        day = int(rng.integers(0, days - 60))
        rate, leave, size = rng.gamma(1.5, 1 / 45), rng.beta(1.2, 4.0), rng.gamma(4.0, 10.0)
        while True:
            paid = value.format(size * rng.gamma(6.0, 1 / 6.0))
            bought = date(2016, 1, 1) + timedelta(days=day)
            lines.append(f"c{i:04d},{bought}" + (f",{paid}" if value else ""))
            day += 1 + int(rng.exponential(1 / rate))
            if day > days or rng.random() < leave:
                break
    return "\n".join(lines) + "\n"


def columns(run, sql=ALL):
    return {k: np.asarray(v) for k, v in run.query(sql).to_pydict().items()}


def assert_sound(run, empty=()):
    """No NaN anywhere; columns are filled to the last row, or empty to the last row."""
    numbers = [c for c, kind in FORECASTS.items() if kind == "DOUBLE"]
    wild = " OR ".join(f"NOT isfinite({c})" for c in numbers)
    sql = ", ".join(f"count({c}) AS {c}" for c in FORECASTS)
    found = run.query(
        f"SELECT count(*) AS n, count(*) FILTER ({wild}) AS wild, {sql} FROM forecasts"
    )
    counts = found.to_pylist()[0]
    assert counts.pop("wild") == 0
    n = counts.pop("n")
    assert counts == {c: 0 if c in {*empty, *RANGES} else n for c in FORECASTS}
    wild = " OR ".join(f"NOT isfinite({c})" for c, kind in MONTHLY.items() if kind == "DOUBLE")
    assert run.query(f"SELECT 1 FROM monthly WHERE {wild}").num_rows == 0
    for name in ("report", "model", "settings", "summary"):
        text = run.file(f"{name}.json").read_text(encoding="utf-8")
        json.loads(text, parse_constant=lambda word, name=name: pytest.fail(f"{word} in {name}"))
    assert run.summary["customers"] == run.report["customers"]
    for note in run.model["notes"]:
        assert note["message"].endswith("."), note
        assert "{" not in note["message"], note
        assert "nan" not in note["message"].split(), note
        assert note["step"] in {"full model", "penalised fit", "simpler model", "history only"}


def one_each(n, day="2020-{:02d}-01"):
    lines = [f"c{i},{day.format(1 + i % 6)},{10 + i}" for i in range(n)]
    return "\n".join(["customer_id,order_date,revenue", *lines]) + "\n"
