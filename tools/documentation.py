"""What the documentation site has beside docs/: README, CHANGELOG, files to copy, the API reference.

A hook of MkDocs (mkdocs.yml). Pages link each other as they lie in the repository; here the links are
those of the site, in which everything in docs/ is at the top.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.structure.files import File

import clv

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
}
#: A link that leaves docs/, or that enters it from the top.
_LINK: Final = re.compile(r"(\]\()(?:\.\./|docs/)")
_TARGET: Final = re.compile(r"\]\(([^)#:]+)\)")


def rooms() -> dict[str, tuple[str, list[str]]]:
    """Return the rooms of the house: what each is, and the modules to begin with."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (`.+?) \|$", text, flags=re.MULTILINE)
    return {room: (what, re.findall(r"`([\w.]+)`", begin)) for room, what, begin in rows}


def reference() -> dict[str, str]:
    """Return the pages of the API reference: the public interface, then a page a room."""
    whole = "    options:\n      inherited_members: true\n"
    public = [f"::: clv.{name}\n{whole}" for name in clv.__all__]
    pages = {"clv": "\n".join(["# The public interface", "", *public])}
    for room, (what, modules) in rooms().items():
        shown = [f"::: clv.{room}.{module}\n" for module in modules]
        pages[room] = "\n".join([f"# clv.{room}", "", f"{what[0].upper()}{what[1:]}.", "", *shown])
    return pages


def on_config(config: MkDocsConfig) -> None:
    """Put a page a room into the navigation."""
    last = config["nav"][-1]
    last["Reference"] = [f"reference/{name}.md" for name in reference()]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add what is not in docs/: pages, and the files that pages link to."""
    for source, name in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    for name, text in reference().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    written = [on_page_markdown(page.content_string) for page in files.documentation_pages()]
    for linked in {name for text in written for name in _TARGET.findall(text)}:
        if files.get_file_from_path(linked) is None and (ROOT / linked).is_file():
            files.append(File.generated(config, linked, abs_src_path=str(ROOT / linked)))


def on_page_markdown(markdown: str, **_: object) -> str:
    """Turn links between the repository's folders into links between the site's pages."""
    return _LINK.sub(r"\1", markdown).replace("](README.md", "](index.md")
