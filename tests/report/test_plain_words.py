"""The worst words stay out of what people read: pages, reports, errors and the documentation."""

from __future__ import annotations

import ast
import re

import pytest

from tests.places import ROOT

#: What nobody would say aloud, and what is said instead.
INSTEAD = {
    r"fore(tell|told|see|seen|sees|seeing|saw)\w*": "predict",
    r"(is|are) to (hold|bring)": "should hold, meant to hold, should spend",
    r"invented": "made-up",
    r"wears it": "a seasonal model",
    r"takes all for alike": "treats everyone the same",
    r"called exactly": "has the ID",
    r"labels to learn": "use these columns",
    r"buyers told apart": "buyers recognised",
    r"dirt": "messy rows",
}
BANNED = re.compile(rf"\b({'|'.join(INSTEAD)})\b", re.IGNORECASE)


def spoken(source):
    """Return the strings of a module with a blank in them, docstrings left out, by line."""
    tree = ast.parse(source)
    parents = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, parents) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if " " in node.value and id(node) not in docs:
            yield node.lineno, node.value


def found(text):
    return [match[0] for match in BANNED.finditer(text)]


@pytest.mark.parametrize("room", sorted(p.name for p in (ROOT / "clv").iterdir() if p.is_dir()))
def test_no_sentence_of_the_product_has_one(room):
    bad = [
        f"{path.relative_to(ROOT)}:{line}: {found(text)}"
        for path in sorted((ROOT / "clv" / room).rglob("*.py"))
        for line, text in spoken(path.read_text(encoding="utf-8"))
        if found(text)
    ]
    assert bad == []


def test_no_sentence_of_the_documentation_has_one():
    bad = [
        f"{path.relative_to(ROOT)}:{number}: {found(line)}"
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if found(line)
    ]
    assert bad == []


def test_one_would_be_found():
    source = '''def f():
    """Foretold in a docstring."""
    return "MBG/NBD foretold " + f"{x} ranges that are to hold for"'''
    assert [found(text) for _, text in spoken(source)] == [["foretold"], ["are to hold"]]
