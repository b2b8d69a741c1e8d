"""The documentation defines things as the pages do: one text."""

from __future__ import annotations

import inspect
import re

import pytest

from clv.report import explained
from tools.explained import DOCS, filled

TEXTS = [
    name
    for name, one in vars(explained).items()
    if inspect.isfunction(one) and one.__module__ == explained.__name__
]


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_the_documentation_says_what_the_pages_say(path):
    page = path.read_text(encoding="utf-8")
    assert page == filled(page), "Write it again: python -m tools.explained"


def test_every_explanation_is_in_the_documentation_once():
    docs = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    assert sorted(re.findall(r"<!-- explained: (\w+) -->", docs)) == sorted(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_an_explanation_names_no_run_where_none_is_given(name):
    told = getattr(explained, name)()
    assert "None" not in told
    assert told.count("**") % 2 == 0
    assert "\n\n\n" not in told
