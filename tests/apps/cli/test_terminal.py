"""What the command line says of a forecast: choice, ranges, what the tests found."""

from __future__ import annotations

from pathlib import Path

import pytest

from clv.apps.cli import terminal
from tests.shops import make_run, new_store, shop

CHOICE = {
    "name": "pareto-nbd+all-orders",
    "asked": "auto",
    "runner_up": "mbg-nbd",
    "reason": "It was better.",
    "tried": {"all_orders": True},
    "as_good": None,
    "fallback": False,
}
CHECKED = {
    "as_of": "2017-06-30",
    "rule": "recency-rule",
    "difference": 0.25,
    "low": 0.1,
    "high": 0.4,
    "as_good": False,
}


def receipt(**changed):
    return {"choice": CHOICE, "checked": CHECKED, "unseen": "2017-06-30"} | changed


def said(capsys):
    return capsys.readouterr().out.splitlines()


def test_the_choice(capsys):
    terminal.say_choice(receipt())
    assert said(capsys) == [
        "  chosen    Pareto/NBD, first orders valued too (pareto-nbd+all-orders)",
        "  because   It was better.",
        (
            "  check     as of 2017-06-30, which had no say in the choice: better than recency-rule, "
            "whose loss differs by +0.250 (+0.100 to +0.400)"
        ),
    ]


@pytest.mark.parametrize(
    ("edges", "verdict"),
    [((-0.1, 0.2), ": as good as recency-rule"), ((-0.3, -0.1), ": worse than recency-rule")],
)
def test_the_check_tells_a_rule_that_is_as_good_or_better(capsys, edges, verdict):
    low, high = edges
    checked = CHECKED | {"low": low, "high": high, "as_good": True}
    terminal.say_choice(receipt(checked=checked, unseen=None))
    line = said(capsys)[-1]
    assert verdict in line
    assert "the only date" in line


def test_without_a_check(capsys):
    terminal.say_choice(receipt(checked=None))
    assert len(said(capsys)) == 2


def test_a_tested_run(capsys, tmp_path):
    made = make_run(new_store(tmp_path), shop(), backtest=True, model="auto", currency="EUR")
    terminal.say_run(made, Path("p.csv"))
    told = "\n".join(said(capsys))
    total = made.summary["ranges"]["total"]
    assert f"  range     {total['low']:,.2f} to {total['high']:,.2f} EUR in all (80%)" in told
    measured = made.receipt["ranges"]["measured"]
    held = {row["group"]: row["inside"] for row in measured["after"]}
    assert (
        f"of customers' ranges {held['all']:.0%} held as of {measured['as_of']}, "
        f"{held['wider']:.0%} of those above nothing" in told
    )
    assert f"  because   {made.receipt['choice']['reason']}" in told


def test_a_run_without_a_test_and_one_that_could_not_be_tested(capsys, tmp_path):
    store = new_store(tmp_path)
    terminal.say_run(make_run(store, shop()), Path("p.csv"))
    assert "  range     none: made without a test on past dates" in said(capsys)
    few = make_run(store, shop(customers=30), backtest=True, model="auto")
    terminal.say_run(few, Path("p.csv"))
    told = said(capsys)
    assert "            not tested: the model's own ranges" in told
    assert "  model     One rate for everybody, first orders valued too" in told
    assert (
        "  because   No test on past dates was possible. At most 22 customers were known on any "
        "past date; a test needs at least 50." in told
    )


REPORT = {
    "files": [{"name": "a.csv"}],
    "layout_title": "Columns chosen by name",
    "delimiter": "comma",
    "encoding": "utf-8",
    "date_format": "YYYY-MM-DD",
    "decimal": ".",
    "mapping": {"customer_id": "who", "ordered_at": "day", "revenue": "total"},
    "columns": [
        {"column": "who", "role": "customer_id", "samples": ["a"]},
        {"column": "day", "role": "ordered_at", "samples": ["2022-01-01"]},
        {"column": "total", "role": "revenue", "samples": ["3.50"]},
        {"column": "Tax", "role": "", "samples": ["0.50"]},
        {"column": "Note", "role": "", "samples": []},
    ],
    "rows_total": 10,
    "rows_accepted": 9,
    "rows_rejected": 1,
    "reasons": {},
    "orders": 9,
    "customers": 4,
    "first_order": "2022-01-01",
    "last_order": "2022-03-01",
    "has_revenue": True,
    "revenue": 31.5,
    "currency": "EUR",
    "decisions": [
        {
            "code": "grain",
            "sentence": "“total” counts once.",
            "rows": 4,
            "money": 12.0,
            "switches": [{"label": "Add up", "options": ["--amount", "line"]}],
            "weighty": True,
        },
        {
            "code": "kept",
            "sentence": "Kept\N{NO-BREAK SPACE}1 row.",
            "rows": 1,
            "money": None,
            "switches": [],
            "weighty": False,
        },
    ],
    "statuses": [
        {
            "column": "s",
            "word": "in Arbeit",
            "rows": 3,
            "money": 9.5,
            "meaning": "counts",
            "known": False,
        },
        {
            "column": "s",
            "word": "paid",
            "rows": 6,
            "money": 22.0,
            "meaning": "counts",
            "known": True,
        },
        {"column": "s", "word": "void", "rows": 1, "money": None, "meaning": "no", "known": True},
    ],
    "oddities": ["Nobody ordered twice."],
    "messages": ["Done."],
}


def test_the_check(capsys):
    terminal.say_report(REPORT)
    assert said(capsys) == [
        "a.csv",
        "  read as   Columns chosen by name: comma, utf-8, dates YYYY-MM-DD, decimal '.'",
        "  columns   customer_id = who, ordered_at = day, revenue = total",
        "  unused    Tax, Note",
        "  rows      10 = 9 accepted + 1 rejected",
        "  orders    9 of 4 customers, 2022-01-01 to 2022-03-01, revenue 31.50 EUR",
        "  warning   “total” counts once. (Add up: --amount line)",
        "  decision  Kept 1 row.",
        "  statuses  in Arbeit counts (not understood), paid counts, void doesn't count",
        "  odd       Nobody ordered twice.",
        "  note      Done.",
    ]
