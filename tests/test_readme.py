"""The README is true: what it shows is run, what it names exists."""

from __future__ import annotations

import re
import shlex
import sys

import pytest

from clv.apps import cli
from clv.core.orders import FORECASTS
from clv.ingest.columns.layouts import LAYOUTS
from clv.ingest.orders.checks import CHECKS
from tests.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_commands_and_python_run_as_shown(tmp_path, monkeypatch, capfd):
    """The commands in this process, as `python -m clv` does: others start that as a process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    ours = [c for c in commands if c.startswith("python -m clv")]
    assert len(ours) >= 6
    for command in ours:
        monkeypatch.setattr(sys, "argv", ["clv", *shlex.split(command)[3:]])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert (left.value.code or 0, capfd.readouterr().err) == (0, ""), command
    for named in ("predictions.csv", "rejects.csv", "report.json", "monthly.csv", "card.json"):
        assert (tmp_path / named).stat().st_size > 0
    (code,) = blocks("python")
    exec(code, {})  # noqa: S102 - the page's own
    assert "predicted_clv" in capfd.readouterr().out


def test_first_commands_are_the_ones_that_matter():
    first, second = blocks("sh")[:2]
    assert first == "make run\n"
    assert "python -m clv run transactions.csv --out predictions.csv" in second


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_columns_are_those_of_the_predictions():
    table = README.split("| column | meaning |")[1].split("\n\n")[0]
    named = re.findall(r"^\| (.+?) \|", table, flags=re.MULTILINE)[1:]
    assert [c for cell in named for c in re.findall(r"`(\w+)`", cell)] == list(FORECASTS)


@pytest.mark.parametrize("document", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert target.startswith("http") or (document.parent / target).exists(), target


def test_files_page_lists_every_layout_and_code():
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    layouts, codes = page.split("## Why a row is rejected")
    for name in LAYOUTS:
        assert f"| `{name}` |" in layouts
    cells = re.findall(r"^\| (`.+?) \|", codes, flags=re.MULTILINE)
    listed = [code for cell in cells for code in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(check.code for check in CHECKS)
