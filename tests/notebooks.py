"""Notebooks: as they are stored, executed anew, and what they show."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.places import ROOT

#: Pictures name their parts after their content to the last bit.
_NAMES = re.compile(r"\bf[0-9a-f]{8}(?=[ch]\d*\b)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def stored(name):
    return json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))


def execute(notebook, *more):
    """Execute a copy in a kernel of its own, and more code at its end; return the copy."""
    copy = nbformat.reads(json.dumps(notebook), as_version=4)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    copy.cells += map(nbformat.v4.new_code_cell, more)
    where = {"metadata": {"path": str(ROOT)}}
    client = NotebookClient(copy, timeout=300, kernel_name="python3", resources=where)
    return client.execute()


def shown(notebook):
    """Return every output of every code cell: cell → list of MIME type → text."""
    return {
        cell["id"]: [
            {
                kind: _NAMES.sub("f", "".join(text) if isinstance(text, list) else text)
                for kind, text in output["data"].items()
            }
            for output in cell["outputs"]
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    }


def plain(notebook, cell):
    return "\n".join(o["text/plain"] for o in shown(notebook)[cell]).replace("\u00a0", " ")


def same(a, b):
    """Whether two outputs are the same but for the last digits of their numbers."""
    if _NUMBER.sub("#", a) != _NUMBER.sub("#", b):
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(float(x) == pytest.approx(float(y), rel=1e-3, abs=0.11) for x, y in pairs)
