"""The laws of the house that import-linter (pyproject.toml) can't hold."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml
from fastapi.testclient import TestClient

import clv.runs
from clv.apps.api import app
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = sorted((ROOT / "clv").rglob("*.py"))
SKIPPED = {".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "runs"}
PYTHON = [p for p in sorted(ROOT.rglob("*.py")) if not SKIPPED & set(p.relative_to(ROOT).parts)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


#: What lies where in the run store, and which variables say where it is.
PLACES = {"drafts", "exports", "trainings", "published.json", "job.lock", "CLV_RUNS", "CLV_MODELS"}


def test_only_the_runs_know_where_things_lie():
    guilty = {
        name_of(path): node.value
        for path in PACKAGE
        if (ROOT / "clv/runs") not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in PLACES
    }
    assert guilty == {}


def test_only_the_ingest_knows_what_a_csv_is():
    reads = re.compile(r"read_csv|csv\.(?:reader|DictReader|Sniffer)")
    guilty = [
        name_of(path)
        for path in PACKAGE
        if (ROOT / "clv/ingest") not in path.parents
        and reads.search(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def csv_writers(source: str) -> list[str]:
    """Return what writes CSV in a piece of code, or could."""
    tree = ast.parse(source)
    modules = [
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    found = [name for name in modules if re.match(r"(?:csv|pyarrow\.csv)\b", name)]
    methods = {"to_csv", "write_csv"}
    nodes = list(ast.walk(tree))
    found += [n.attr for n in nodes if isinstance(n, ast.Attribute) and n.attr in methods]
    # The engine writes CSV wherever it isn't told otherwise.
    inside = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in ast.walk(n)}
    texts = [
        ast.unparse(n)
        for n in nodes
        if isinstance(n, ast.JoinedStr)
        or (isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in inside)
    ]
    copies = [t for t in texts if re.search(r"\bCOPY\b.*\bTO\b", t, flags=re.DOTALL)]
    return found + [t for t in copies if "FORMAT parquet" not in t]


def test_there_is_one_csv_writer():
    # What ingest spools is for its own reader, which is to see the cells as they are.
    guilty = {
        name_of(path): found
        for path in PACKAGE
        if (ROOT / "clv/ingest") not in path.parents
        if (found := csv_writers(path.read_text(encoding="utf-8")))
    }
    assert set(guilty) == {"clv/runs/files.py"}


@pytest.mark.parametrize(
    "code",
    [
        "import csv\ncsv.DictWriter(out, names).writerows(rows)",
        "from csv import writer\nwriter(out).writerow(row)",
        "from pyarrow import csv",
        "import pyarrow.csv as text",
        "from pyarrow.csv import write_csv",
        "frame.to_csv(target)",
        "relation.write_csv('out.csv')",
        "con.execute(f'COPY ({sql}) TO {target} (FORMAT csv, HEADER)')",
        "con.execute('COPY t TO ' + target)",
    ],
)
def test_a_second_csv_writer_would_be_caught(code):
    assert csv_writers(code)


def test_no_writer_is_seen_where_there_is_none():
    assert csv_writers("from clv.runs import csv_of, write_rows\nwrite_rows(rows, out)") == []
    assert csv_writers("con.execute(f'COPY t TO {target} (FORMAT parquet)')") == []


#: What tells how long something took.
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "time"}
CLOCKS |= {f"{clock}_ns" for clock in CLOCKS}


def judged_by_the_clock(source: str) -> list[int]:
    """Return the lines that assert something of a clock, or of what was reckoned from one."""

    def clock(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        return getattr(node.func, "attr", getattr(node.func, "id", "")) in CLOCKS

    nodes = list(ast.walk(ast.parse(source)))
    read = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and any(map(clock, ast.walk(node.value)))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Assert)
        and any(clock(n) or getattr(n, "id", "") in read for n in ast.walk(node.test))
    ]


@pytest.mark.parametrize(
    "code",
    [
        "assert time.monotonic() < deadline",
        "begin = perf_counter()\nwork()\nassert perf_counter() - begin < 2",
        "begin = time.time()\ntook = time.time() - begin\nassert took < 2",
    ],
)
def test_a_judgement_by_the_clock_would_be_caught(code):
    assert judged_by_the_clock(code) == [code.count("\n") + 1]


def test_no_test_asserts_how_long_something_takes():
    """A busy machine is no fault of the product: `make bench` says how fast it is."""
    guilty = {
        name_of(path): lines
        for path in PYTHON
        if (ROOT / "tests") in path.parents
        and (lines := judged_by_the_clock(path.read_text(encoding="utf-8")))
    }
    assert guilty == {}


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_no_bare_except(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and not n.type]
    assert bare == []


#: What a docstring or a page of the documentation names in backticks.
NAMED = re.compile(r"`(clv(?:\.\w+)+)`|`(clv(?:/\w+)+(?:\.py|/))`")


def is_there(dotted: str, path: str) -> bool:
    """Say whether a module, something in it, or a path of the repository is there."""
    if path:
        return (ROOT / path).exists()
    try:
        pkgutil.resolve_name(dotted)
    except (AttributeError, ImportError):
        return False
    return True


def test_what_is_named_in_backticks_is_there():
    texts = [*PYTHON, *(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    lost = {
        (name_of(path), *found)
        for path in texts
        if path.exists()
        for found in set(NAMED.findall(path.read_text(encoding="utf-8")))
        if not is_there(*found)
    }
    assert lost == set()


def pins(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_exactly_and_say_why_they_are_there(name):
    assert pins(name)
    loose = [p for p in pins(name) if not re.fullmatch(r"[a-z0-9-]+==\d[\w.]* +# \S.*", p)]
    assert loose == []


def test_what_is_asked_for_by_name_is_there():
    runtime = {pin.partition("==")[0] for pin in pins("requirements.txt")}
    assert {"streamlit", "pandas", "numpy", "lifetimes", "dill", "plotly"} <= runtime
    assert "pytest" in {pin.partition("==")[0] for pin in pins("requirements-dev.txt")}


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (\S+)$", makefile, flags=re.MULTILINE)
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.findall(r"^  make (\S+) +\S", shown, flags=re.MULTILINE) == targets
    assert {"help", "setup", "run", "test", "lint", "docs", "bench", "samples", "clean"} == set(
        targets
    )


def hooks() -> dict[str, dict[str, str]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local"
    return {hook["id"]: hook for hook in local["hooks"]}


def test_before_a_commit_runs_what_make_lint_runs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    lint = makefile.split("\nlint: ")[1].split("\n\n")[0].splitlines()[1:]
    system = [hook["entry"] for hook in hooks().values() if hook["language"] == "system"]
    assert system == [line.strip() for line in lint]


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("x" * 72, False),
        ("x" * 73, True),
        ("short\n\n" + "a body may be as wide as it likes " * 3, False),
        ("é" * 72 + "\n", False),
    ],
)
def test_a_subject_has_at_most_72_characters(message, refused):
    subject = hooks()["subject"]
    assert subject["stages"] == ["commit-msg"]
    assert bool(re.search(subject["entry"], message, re.MULTILINE | re.DOTALL)) == refused


def test_ci_runs_make_test_and_stops_at_the_first_failure():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert script.splitlines()[-1] == "make test"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_no_package_registry_is_named():
    hosts = re.compile(
        "|".join(
            rf"{name}\.{end}"
            for name, end in [
                ("pypi", "org"),
                ("pythonhosted", "org"),
                ("npmjs", "(com|org)"),
                ("(deb|security)\\.debian", "org"),
            ]
        )
    )
    names = {".py", ".md", ".toml", ".txt", ".cfg", ".ini", ".yml", ".yaml", ".json", ".ipynb", ""}
    guilty = [
        name_of(path)
        for path in ROOT.rglob("*")
        if not SKIPPED & set(path.relative_to(ROOT).parts)
        and path.is_file()
        and path.suffix in names
        and hosts.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert guilty == []


def test_the_version_is_kept_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"] == {"path": "clv/__init__.py"}
    assert f"## [{clv.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_api_is_healthy_and_has_no_page_that_loads_scripts_from_elsewhere():
    with TestClient(app) as client:
        assert client.get("/health").json() == {"status": "ok", "version": clv.__version__}
        page = client.get("/docs").text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r"url: '([^']+)'", page)
        assert len(loaded) == 4
        for address in loaded:
            assert address.startswith("/")
            assert client.get(address).status_code == 200
        assert "http" not in page
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        assert client.get("/redoc").status_code == 404
