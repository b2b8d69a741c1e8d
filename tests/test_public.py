"""The public interface: what `from clv import …` gives, and that readers are shown nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import clv
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN += sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_public_interface_is_what_it_was():
    classes = ["ClvError", "IngestOptions", "Run", "Settings"]
    fitters = ["BGNBD", "GammaGamma", "MBGNBD"]
    functions = ["demo_model", "forecast_files", "open_run", "sample_path"]
    modules = ["analysis", "first_year"]
    assert sorted(clv.__all__) == sorted([*classes, *fitters, *functions, *modules])
    for name in clv.__all__:
        assert getattr(clv, name).__doc__, name
    assert set(clv.__all__) <= set(dir(clv))
    with pytest.raises(AttributeError, match="no attribute 'Sample'"):
        clv.Sample  # noqa: B018 - being asked for is the test


def test_importing_it_imports_nothing_else():
    code = (
        "import clv, sys; print([n for n in sys.modules if n.startswith('clv.') or n == 'numpy'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def code_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def asked_of_clv(node: ast.AST) -> list[str]:
    """Return what a piece of code takes from the package, dotted where it looks inside."""
    match node:
        case ast.Import(names):
            return [n.name.removeprefix("clv.") for n in names if n.name.startswith("clv.")]
        case ast.ImportFrom(module="clv", names=names):
            return [n.name for n in names]
        case ast.ImportFrom(module=str(module)) if module.startswith("clv."):
            return [module]
        case ast.Attribute(value=ast.Name("clv"), attr=name):
            return [name]
    return []


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_readers_are_shown_the_public_interface_only(path):
    nodes = [node for code in code_of(path) for node in ast.walk(ast.parse(code))]
    asked = {name for node in nodes for name in asked_of_clv(node)}
    assert asked - set(clv.__all__) == set()


def test_the_readme_and_each_notebook_use_it():
    using = [p for p in SHOWN if any("clv" in code for code in code_of(p))]
    assert {p.name for p in using} >= {
        "README.md",
        *(p.name for p in SHOWN if p.suffix == ".ipynb"),
    }
