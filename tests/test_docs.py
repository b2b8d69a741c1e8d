"""The documentation site: it builds without a warning, so that no link is broken, and it needs no network."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import clv
from tests.places import ROOT
from tools.documentation import rooms


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there(site):
    pages = {path.name for path in site.glob("*.html")}
    assert pages >= {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    assert pages >= {"index.html", "CHANGELOG.html", "CONTRIBUTING.html"}


def test_the_reference_shows_the_public_interface_and_every_room(site):
    public = (site / "reference/clv.html").read_text(encoding="utf-8")
    for name in clv.__all__:
        assert re.search(rf'id="clv\.([\w.]+\.)?{name}"', public), name
    folders = {path.parent.name for path in (ROOT / "clv").glob("*/__init__.py")}
    assert rooms().keys() == folders
    for room, (_, modules) in rooms().items():
        page = (site / f"reference/{room}.html").read_text(encoding="utf-8")
        assert [m for m in modules if f'id="clv.{room}.{m}"' not in page] == []


def test_nothing_is_loaded_from_elsewhere(site):
    loaded = {
        address
        for page in site.rglob("*.html")
        for address in re.findall(
            r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)",
            page.read_text(encoding="utf-8"),
        )
    }
    assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == []
