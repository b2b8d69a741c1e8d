"""What `pip install .` installs: a wheel that is built here without a network, and looked into.

Its dependencies are not fetched: it runs on those of this environment, from another folder.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from clv.samples import DATA, SAMPLES
from tests.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: Needed though no module of clv imports it.
BEHIND = {
    "authlib": "Streamlit's sign-in",
    "autograd": "imported by lifetimes",
    "fastapi-offline": "its files are served, not imported",
    "httptools": "uvicorn's parser",
    "typing-extensions": "what pydantic checks",
}
#: Imported though nothing asks for it.
AHEAD = {"ipython": "there in notebooks only", "pydantic-core": "comes with pydantic"}


def ranges():
    return {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}


def pinned():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("#")[0].strip().split("==") for line in lines if "==" in line]
    return dict(pins)


def test_every_pin_lies_in_its_range_and_every_range_has_a_pin():
    assert ranges().keys() == pinned().keys()
    assert [n for n, version in pinned().items() if version not in ranges()[n]] == []
    closed = [n for n, range_ in ranges().items() if {s.operator for s in range_} != {">=", "<"}]
    assert closed == []


def test_what_is_asked_for_is_imported_and_what_is_imported_is_asked_for():
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in (ROOT / "clv").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    tops = {name.partition(".")[0] for name in modules} - {"clv", *sys.stdlib_module_names}
    known = packages_distributions()
    imported = {canonicalize_name(known[top][0]) for top in tops}
    assert imported - AHEAD.keys() <= ranges().keys()
    assert ranges().keys() - imported <= BEHIND.keys()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed, home, *words):
    """Run Python on the unpacked wheel, as somebody who has set nothing."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLV_")}
    env = kept | {"PYTHONPATH": str(installed), "XDG_DATA_HOME": str(home / "share")}
    command = [sys.executable, "-P", *words]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)


def test_the_wheel_holds_the_package_and_what_comes_with_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry,) = [n for n in names if n.endswith("entry_points.txt")]
        assert "clv = clv.__main__:run" in archive.read(entry).decode()
    shipped = {str(p.relative_to(DATA)) for p in DATA.rglob("*") if p.is_file()}
    shipped = {n for n in shipped if not n.startswith(("runs/", "models/"))}
    assert {s.filename for s in SAMPLES.values() if s.made_up} <= shipped
    assert "ltv_demo/card.json" in shipped
    package = {str(p.relative_to(ROOT)) for p in (ROOT / "clv").rglob("*.py")}
    package |= {"clv/py.typed", *(f"clv/samples/data/{name}" for name in shipped)}
    assert {n for n in names if ".dist-info/" not in n} == package


def test_installed_it_finds_every_sample_and_the_demo_model(installed, tmp_path):
    found = python(
        installed,
        tmp_path,
        "-c",
        "from clv.samples import SAMPLES, demo_model, sample_path\n"
        "print(*map(sample_path, SAMPLES), demo_model(), sep='\\n')",
    )
    assert found.stderr == ""
    *samples, cdnow, demo = map(Path, found.stdout.splitlines())
    assert {path.parent for path in [*samples, demo]} == {installed / "clv/samples/data"}
    assert cdnow.parent.name == "datasets"


def test_installed_it_keeps_its_runs_in_the_users_own_folder(installed, tmp_path):
    orders = "customer,date,amount\n" + "".join(
        f"c{c},2024-{m:02d}-{c % 27 + 1:02d},{c}.50\n"
        for c in range(60)
        for m in range(1, c % 9 + 2)
    )
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    done = python(
        installed, tmp_path, "-m", "clv", "run", "orders.csv", "--no-backtest", "--out", "out.csv"
    )
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 61
    assert len(list((tmp_path / "share/clv-workbench/runs/runs").iterdir())) == 1
    assert not list(installed.rglob("*.parquet"))
