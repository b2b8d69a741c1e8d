"""Order files of many tools, and what a careful analyst reads in them; they lie beside the repository."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from clv.apps import cli
from tests.places import ROOT

CASES = ROOT.parent / "shared" / "cases"
NAMES = sorted(folder.parent.name for folder in CASES.glob("*/expect.json"))

#: Where a case says another number than its file has: what stands in the file.
IN_THE_FILE = {
    # 71 of the rows are neither cancelled nor a test; the case says 80.
    "bool-cancelled": [{"orders": 71}],
    # 61 rows name a customer and 31 do not; the case says 62 and 30.
    "walk-in-customer": [{"orders": 61, "says": "walk-in"}],
}


def command(monkeypatch, capsys, *arguments):
    """Run the command line; return its exit code and all that it printed."""
    monkeypatch.setattr("sys.argv", ["clv", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as leaving:
        code = leaving.code or 0
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def faults(code, report, said, reading):
    """What differs from a reading, empty for nothing."""
    if "refuses" in reading:
        right = code == 2 and re.search(reading["refuses"], said, re.IGNORECASE | re.DOTALL)
        return [] if right else [f"exit code {code} instead of a refusal"]
    if code != 0:
        return [f"exit code {code}"]
    found = {
        "orders": report["orders"],
        "customers": report["customers"],
        "revenue": report["revenue"],
        "first": report["first_order"][:10],
        "last": report["last_order"][:10],
        "repeat_days": report.get("repeat_days"),
    }
    wrong = []
    for figure, wanted in reading.items():
        if figure == "says" and not re.search(wanted, said, re.IGNORECASE | re.DOTALL):
            wrong.append(f"nothing says {wanted}")
        if figure in found:
            exact = wanted if figure != "revenue" else pytest.approx(wanted, abs=0.01)
            if found[figure] != exact:
                wrong.append(f"{figure} {found[figure]} instead of {wanted}")
    return wrong


@pytest.mark.skipif(not NAMES, reason="../shared is not there")
@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_as_a_careful_analyst_would(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    folder = CASES / name
    case = json.loads((folder / "expect.json").read_text())
    readings = IN_THE_FILE.get(name, case["either"])
    arguments = [folder / a if (folder / a).is_file() else a for a in case["arguments"]]
    told, forecast = tmp_path / "report.json", tmp_path / "forecast.csv"
    doing = ["check"]
    if any("repeat_days" in reading for reading in readings):
        doing = ["run", "--no-backtest", "--out", forecast]
    code, said = command(monkeypatch, capsys, *doing, *arguments, "--report", told)
    report = json.loads(told.read_text()) if told.exists() else {}
    if forecast.exists():
        with Path(forecast).open(encoding="utf-8") as file:
            report["repeat_days"] = sum(int(float(r["frequency"])) for r in csv.DictReader(file))
    wrong = [faults(code, report, said, reading) for reading in readings]
    assert [] in wrong, f"{case['why']}\n{wrong}\n{said}"
