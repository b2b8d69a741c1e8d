"""A real Chromium against the server as ``make run`` starts it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect, sync_playwright

from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline
from clv.runs import Store
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-software-rasterizer "
    "--force-prefers-reduced-motion"
).split()
_LEFT_BEHIND = "cookies,local_storage,indexeddb,websql,service_workers,cache_storage"
_TIMEOUT = 60_000
#: Streamlit asks for these beside every page's address, where they aren't, before it finds them.
_PROBE = re.compile(r"/[A-Z]\w+/_stcore/(health|host-config)$")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(script: str, runs: Path) -> Iterator[str]:
    """Start the dashboard on a free port; stop it at the end."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    command += ["--server.fileWatcherType", "none"]
    log = runs / f"{Path(script).stem}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"CLV_RUNS": str(runs)}, stdout=out, stderr=out
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(url, timeout=2) as answer,  # noqa: S310 - our own server
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def store_root(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def server(store_root):
    with serve("server.py", store_root) as address:
        yield address


@pytest.fixture(scope="session")
def tab(tmp_path_factory):
    """The one tab of a browser as people have it: it keeps the scripts of pages, compiled.

    A new tab, or a new browser, would compile them anew: half of all that a test does.
    """
    # A missing browser fails: a suite that skips itself proves nothing.
    with sync_playwright() as playwright:
        profile = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path="/usr/bin/chromium", args=_FLAGS
        )
        yield profile.pages[0]
        profile.close()


class Visit:
    """One visitor, and what went wrong in their tab."""

    def __init__(self, tab: Page, address: str, width: int = 1280, height: int = 2400) -> None:
        self.address = address
        self.tab = tab
        self.wrong: list[str] = []
        self._watched = {
            "pageerror": lambda error: self.wrong.append(f"page error: {error}"),
            "request": self._request,
            "response": self._response,
            "console": self._console,
        }
        for event, watch in self._watched.items():
            tab.on(event, watch)
        tab.set_viewport_size({"width": width, "height": height})
        tab.set_default_timeout(_TIMEOUT)

    def leave(self) -> None:
        """Leave nothing to whoever comes next but the scripts themselves: to read these anew costs
        more than all that a test does."""
        while self._watched:
            self.tab.remove_listener(*self._watched.popitem())
        if self.tab.url.startswith(self.address):
            self.tab.evaluate("sessionStorage.clear()")
        self.tab.goto("about:blank")
        self.tab.context.new_cdp_session(self.tab).send(
            "Storage.clearDataForOrigin", {"origin": self.address, "storageTypes": _LEFT_BEHIND}
        )

    def _request(self, request) -> None:
        if not request.url.startswith(
            (self.address, self.address.replace("http", "ws"), "data:", "blob:")
        ):
            self.wrong.append(f"request to {request.url}")

    def _response(self, response) -> None:
        if response.status >= 400 and not _PROBE.search(response.url):
            self.wrong.append(f"{response.status} for {response.url}")

    def _console(self, message) -> None:
        if message.type == "error" and not _PROBE.search(message.location.get("url", "")):
            self.wrong.append(f"console: {message.text}")

    def open(self, path: str = "/") -> Page:
        """Open an address cold."""
        self.tab.goto(self.address + path)
        self.settle()
        return self.tab

    def settle(self) -> None:
        """Wait until the page has nothing left to do."""
        expect(self.tab.locator('[data-testid="stApp"]')).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=_TIMEOUT
        )
        # A table's code is fetched when the first one is drawn: grey bars stand for it until then.
        bars = self.tab.locator('[data-testid="stMain"] [data-testid="stSkeleton"]')
        expect(bars).to_have_count(0, timeout=_TIMEOUT)

    def shows(self, key: str) -> None:
        """Wait for the element with this key."""
        self.tab.locator(f".st-key-{key}").first.wait_for(timeout=_TIMEOUT)

    def click(self, key: str) -> None:
        """Press the button with this key."""
        self.tab.locator(f".st-key-{key} button").first.click()

    def choose(self, key: str, option: str) -> None:
        """Choose an option of the list with this key; come back when the page shows it as chosen."""
        box = self.tab.locator(f"[class*='st-key-{key}'] input")
        for _ in range(5):
            box.click()  # A list shuts when the page moves under it: opened again, as anybody would.
            with contextlib.suppress(PlaywrightTimeoutError):
                self.tab.get_by_role("option", name=option, exact=True).click(timeout=_TIMEOUT / 10)
                break
        expect(box).to_have_value(option)

    def chart(self, key: str) -> None:
        """Wait for a drawn chart."""
        self.tab.locator(f".st-key-{key} .main-svg").first.wait_for(timeout=_TIMEOUT)

    def download(self, key: str) -> Path:
        """Press a download button; return the file and check nothing else happened."""
        self.settle()  # A page that is still being drawn may put a new button in the old one's place.
        before = self.tab.url
        button = self.tab.locator(f".st-key-{key} :is(a, button)").first
        try:
            with self.tab.expect_download(timeout=_TIMEOUT / 3) as info:
                button.click()
        except PlaywrightTimeoutError:  # It did all the same: press the new one, as anybody would.
            with self.tab.expect_download(timeout=_TIMEOUT) as info:
                button.click()
        assert self.tab.url == before
        return Path(info.value.path())

    def text(self) -> str:
        """Return what the page says, no-break spaces as spaces."""
        return self.tab.locator('[data-testid="stMain"]').inner_text().replace("\u00a0", " ")

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        sizes = "[document.documentElement.scrollWidth, window.innerWidth]"
        wide, window = self.tab.evaluate(sizes)
        # Streamlit scrolls an inner container: nothing in it may stick out either.
        inner = self.tab.evaluate(
            "(() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth - m.clientWidth; })()"
        )
        return max(wide - window, inner)


@pytest.fixture
def visit(tab, server):
    """Let a visitor in, in place of the one before: nobody knows anything of the others."""
    came: list[Visit] = []

    def start(address: str = server, **size: int) -> Visit:
        if came:
            came[-1].leave()
        came.append(Visit(tab, address, **size))
        return came[-1]

    yield start
    if came:
        came[-1].leave()
    assert [one.wrong for one in came] == [[]] * len(came)


@pytest.fixture(scope="session")
def run_id(store_root):
    """Make one run of the order-lines sample, as the product would by default; return its id.

    `test_dashboard.test_the_whole_path` makes the same one by hand.
    """
    store = Store(store_root)
    draft = store.new_draft()
    sample = ROOT / "data" / "order_lines.csv"
    inputs = [draft.add_upload(sample.name, iter([sample.read_bytes()]))]
    pipeline.check(draft, inputs, IngestOptions())
    return pipeline.forecast(store, draft, Settings()).id
