"""The real server, dashboard and API on one port: the documentation's own lines are run against it."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from urllib.parse import quote

import httpx
import pytest

from clv.forecast import publish
from clv.runs import Store
from tests.apps.api.conftest import IDS, one
from tests.apps.browser.conftest import serve
from tests.handmade import handmade_run
from tests.places import ROOT

DOCS = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PLACE = "http://localhost:8501"


def shown():
    """Return the lines of the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCS, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "runs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CLV_LTV_MODEL", raising=False)
        patch.setenv("CLV_API_RATE", "0")
        patch.delenv("CLV_API_TOKEN", raising=False)
        with serve("server.py", folder / "runs") as address:
            yield folder, address


def test_the_documentation_is_run_as_it_stands(server):
    folder, address = server
    env = os.environ | {"PYTHONPATH": str(ROOT), "CLV_RUNS": str(folder / "runs")}
    answers = {}
    for command in shown():
        words = shlex.split(command.replace(PLACE, address))
        if words[0] == "python":
            words[0] = sys.executable
        else:
            assert words[0] == "curl"
            words.insert(1, "--fail")
        done = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        if words[0] == "curl":
            path = re.search(re.escape(PLACE) + r"/api(/[a-z]+)", command)[1]
            answers.setdefault(path, []).append(done.stdout)
    published = publish.published(Store(folder / "runs"))
    (customer,) = answers["/customers"][:1]
    assert json.loads(customer)["customer_id"] == "10027"
    assert json.loads(customer)["run"] == published.id
    assert answers["/customer"] == [customer]
    assert len(json.loads(answers["/customers"][1])["customers"]) == 3
    top = [json.loads(answer)["customers"] for answer in answers["/top"]]
    expected = [
        published.top(kind, 3)["customer_id"].to_pylist() for kind in ("buyers", "spenders")
    ]
    assert [[row["customer_id"] for row in rows] for rows in top] == expected
    (scored,) = json.loads(answers["/score"][0])["customers"]
    assert (scored["frequency"], scored["monetary_value"]) == (1, 40.0)
    predicted = json.loads(answers["/predict"][0])
    assert (predicted["observed"], predicted["demo"]) == (10, True)
    assert predicted["predicted_ltv"] > 10
    assert "clv_published_customers 8691.0" in answers["/metrics"][0]
    named = set(re.findall(r"`(?:GET|POST) /api(/[a-z]+)", DOCS)) | {"/health", "/metrics"}
    assert named <= set(answers)


def test_addresses_that_look_like_files_reach_the_api_and_the_dashboard_is_beside_it(server):
    folder, address = server
    store = Store(folder / "runs")
    run = handmade_run(store.root, [one(name, float(i)) for i, name in enumerate(IDS)])
    publish.publish(store, run)
    with httpx.Client(base_url=address) as client:
        # The pointer is looked at every fifth of a second: ask until it has been.
        while client.get("/api/customers", params={"limit": 1}).json()["run"] != run.id:
            pass
        for i, name in enumerate(IDS):
            path = f"/customers/{quote(name, safe='')}"
            if name in {".", "..", "a\nb"}:
                path = f"/customer?id={quote(name, safe='')}"
            found = client.get(f"/api{path}")
            assert found.status_code == 200, name
            assert (found.json()["customer_id"], found.json()["predicted_clv"]) == (name, 2.0 * i)
        assert client.get("/api").headers["content-type"] == "application/problem+json"
        assert client.get("/apis").headers["content-type"].startswith("text/html")
        assert client.get("/").headers["content-type"].startswith("text/html")
        assert client.get("/_stcore/health").text == "ok"
        page = client.get("/api/docs").text
        for found in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert client.get(found).status_code == 200
        assert client.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
        # Somebody else's proxy, somebody else's name: no.
        for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Host": "clv.example.com"}):
            assert client.get("/api/runs", headers=headers).status_code == 403
    log = (folder / "runs" / "server.log").read_text(encoding="utf-8")
    assert "passwd" not in log
    assert "GET /api" not in log


def said(address, text, *more):
    """Send bytes as they are, the rest once there was an answer to the first; return all answers."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(text)
        answers = b""
        for piece in more:
            answers += line.recv(65536)
            line.sendall(piece)
        while piece := line.recv(65536):
            answers += piece
    return answers


def test_old_clients_careful_ones_and_health_checks_are_served(server):
    _, address = server
    end = b"Host: localhost\r\nConnection: close\r\n\r\n"
    full, head = (said(address, m + b" /api/health HTTP/1.1\r\n" + end) for m in (b"GET", b"HEAD"))
    assert head.startswith(b"HTTP/1.1 200")
    assert head.endswith(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", full)[1]
    assert b"content-length: " + length in head
    assert full.endswith(b"}")
    assert len(full.partition(b"\r\n\r\n")[2]) == int(length) > 0
    # HTTP/1.0 has no Host; what is open answers, the rest says why not.
    assert b" 200 OK" in said(address, b"GET /api/health HTTP/1.0\r\n\r\n").splitlines()[0]
    assert b" 403 " in said(address, b"GET /api/runs HTTP/1.0\r\n\r\n").splitlines()[0]
    assert b" 200 " in said(address, b"GET /api/runs HTTP/1.0\r\nHost: localhost\r\n\r\n")
    # Who asks before sending a body is told to go on, or at once that it is in vain.
    row = {"cohort_month_str": "2017-01", "customer_state": "SP", "rev_1m": 10, "n_orders_1m": 1}
    body = json.dumps(row | {"rev_3m": 10, "n_orders_3m": 1}).encode()
    asking = (
        b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: "
    )
    told = said(address, asking + b"%d\r\n\r\n" % len(body), body)
    assert told.startswith(b"HTTP/1.1 100 Continue")
    assert b"HTTP/1.1 200 OK" in told
    refused = said(address, asking + b"2000001\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 413")
    # A body without a length, piece by piece.
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:30], body[30:])) + b"0\r\n\r\n"
    chunked = asking.replace(b"Expect: 100-continue\r\nContent-Length: ", b"")
    told = said(address, chunked + b"Transfer-Encoding: chunked\r\n\r\n" + pieces)
    assert told.startswith(b"HTTP/1.1 200")
