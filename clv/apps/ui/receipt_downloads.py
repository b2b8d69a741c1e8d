"""What the page on accuracy offers for download: every figure it shows, and the tested customers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import parts
from clv.core.formatting import count
from clv.forecast import receipts
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import Receipt
    from clv.runs import Run


def show(run: Run, found: Receipt) -> None:
    """Show the buttons; a file is made when it is asked for."""

    def tested() -> bytes:
        rows = run.tested()
        return b"" if rows is None else csv_of(rows)

    def everything() -> bytes:
        return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False).encode()

    files = (
        ("Models and rules, every date", "backtest.csv", lambda: csv_of(receipts.boards(found))),
        ("Groups by forecast", "backtest_groups.csv", lambda: csv_of(bin_rows(found))),
        ("Week by week", "backtest_weeks.csv", lambda: csv_of(week_rows(found))),
        ("Month by month", "backtest_months.csv", lambda: csv_of(month_rows(found))),
        (
            f"The {count(found['origins'][-1]['customers'])} tested customers",
            "backtest_customers.csv",
            tested,
        ),
        ("Everything", "backtest.json", everything),
    )
    columns = st.columns(3)
    for i, (label, name, make) in enumerate(files):
        stem, _, kind = name.partition(".")
        with columns[i % 3]:
            parts.download_made(f"{label} ({kind.upper()})", make, name, f"download_{stem}_{kind}")


def bin_rows(found: Receipt) -> list[Mapping[str, object]]:
    """Return the groups by forecast amount and by forecast chance of all contenders and dates."""
    rows: list[Mapping[str, object]] = []
    for origin in found["origins"]:
        for name, measures in origin["measures"].items():
            head = {"as_of": origin["as_of"], "contender": name}
            of = "revenue" if measures["value"] else "orders"
            rows += [
                {
                    **head,
                    "of": of,
                    "bin": group["bin"],
                    "customers": group["customers"],
                    "predicted": group["predicted"],
                    "actual": group["actual"],
                    "low": None,
                    "high": None,
                }
                for group in measures["deciles"]
            ]
            chances = measures["reliability"]
            rows += [
                {**head, "of": "chance", "bin": len(chances) - i, **group}
                for i, group in enumerate(chances)
            ]
    return rows


def week_rows(found: Receipt) -> list[Mapping[str, object]]:
    """Return orders since each date, week by week: what came, and every contender's expectation."""
    names = list(dict.fromkeys(n for o in found["origins"] for n in o["measures"]))
    return [
        {"as_of": o["as_of"], "week": w["week"], "actual": w["actual"]}
        | {n: w.get(n) for n in names}
        for o in found["origins"]
        for w in o["weeks"]
    ]


def month_rows(found: Receipt) -> list[Mapping[str, object]]:
    """Return orders and revenue month by month after each date: what came, and the expectations."""
    rows: list[Mapping[str, object]] = []
    for origin in found["origins"]:
        for month in origin["months"]:
            head = {"as_of": origin["as_of"], "month": month["month"], "end": month["end"]}
            rows.append({**head, "of": "orders", **month["purchases"]})
            if found["has_value"]:
                rows.append({**head, "of": "revenue", **month["value"]})
    return rows
