"""Who may ask and how much; what is logged; what happens when something breaks."""

from __future__ import annotations

import json
import logging

import pytest

from clv.apps.api import create
from clv.apps.api.config import Config
from clv.apps.api.problems import Problem
from clv.apps.api.security import Limit, host_name
from clv.core.access import is_loopback
from clv.core.errors import SettingsError
from tests.apps.api.conftest import client
from tests.apps.api.test_lookups import problem

TOKENS = ("first-token", "zweites-tökn")


@pytest.fixture(scope="module")
def guarded(sold):
    with client(Config(sold.root, tokens=TOKENS), client=("203.0.113.9", 1)) as asked:
        yield asked


def bearer(token, kind="Bearer"):
    return {"Authorization": f"{kind} {token}".encode()}


@pytest.mark.parametrize("token", TOKENS)
def test_each_token_opens(guarded, token):
    assert guarded.get("/customers/c0000", headers=bearer(token)).status_code == 200
    assert guarded.get("/runs", headers=bearer(token, "bearer")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(""),
        bearer("first-toke"),
        bearer("first-token2"),
        bearer("first-token,zweites-tökn"),
        bearer("first-token", "Basic"),
        {"Authorization": "first-token"},
    ],
)
def test_no_other_token_does(guarded, headers):
    for path in ("/customers/c0000", "/runs", "/metrics", "/model", "/nothing"):
        answer = guarded.get(path, headers=headers)
        assert "token" in problem(answer, 401)["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="clv"'


def test_what_says_nothing_of_anybody_is_open(guarded):
    for path in ("/health", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"):
        assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "caller",
    [
        {"client": ("192.0.2.7", 1)},
        {"base_url": "http://clv.example.com"},
        {"base_url": "http://192.0.2.8:8501"},
        {"headers": {"X-Forwarded-For": "192.0.2.7"}},
        {"headers": {"Forwarded": "for=192.0.2.7"}},
        {"headers": {"X-Real-IP": "127.0.0.1"}},
        {"headers": {"Host": "evil.example.com"}},
    ],
)
def test_without_a_token_only_this_machine_may_ask(sold, caller):
    with client(Config(sold.root), **caller) as asked:
        assert "CLV_API_TOKEN" in problem(asked.get("/customers/c0000"), 403)["detail"]
        assert "c0000" not in asked.get("/customers/c0000").text
        assert asked.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("address", "mine"),
    [
        *(("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)),
        *(("10.0.0.1", False), ("0.0.0.0", False), ("::", False), ("testclient", False)),  # noqa: S104
    ],
)
def test_loopback(address, mine):
    assert is_loopback(address) is mine


@pytest.mark.parametrize("header", ["localhost", "localhost:8501", "LOCALHOST:1"])
def test_host_names(header):
    assert host_name(header) == "localhost"
    assert host_name("[::1]:80") == "::1"


def test_a_long_body_is_refused_before_it_is_read(sold):
    with client(Config(sold.root, body_limit=1000)) as asked:
        read = []

        def pieces():
            for _ in range(100):
                read.append(1)
                yield b" " * 400

        assert "1,000" in problem(asked.post("/score", content=pieces()), 413)["detail"]
        problem(asked.post("/score", content=b" " * 1001), 413)
        problem(asked.post("/score", content=b" " * 1000), 415)
        problem(asked.post("/score", content=b"", headers={"Content-Length": "999999999999"}), 413)


def test_a_bucket_fills_again():
    now = [0.0]
    limit = Limit(2.0, clock=lambda: now[0])
    for _ in range(4):
        limit.take("a")
    with pytest.raises(Problem) as refused:
        limit.take("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    limit.take("b", 4.0)
    now[0] = 0.5
    limit.take("a")
    with pytest.raises(Problem):
        limit.take("a")
    now[0] = 100.0
    limit.take("a", 10.0)  # dearer than a full bucket: takes it all
    with pytest.raises(Problem):
        limit.take("a", 0.5)


def test_callers_that_are_remembered_are_bounded():
    limit = Limit(1.0, clock=lambda: 0.0)
    for i in range(12_000):
        limit.take(f"address {i}")
    assert len(limit) == 10_000


def test_too_many_requests(sold):
    with client(Config(sold.root, rate=1.5)) as asked:
        codes = [asked.get("/customers/c0000").status_code for _ in range(8)]
        assert codes[:3] == [200, 200, 200]
        assert 429 in codes
        answer = next(a for a in (asked.get("/runs") for _ in range(8)) if a.status_code == 429)
        assert int(problem(answer, 429) and answer.headers["retry-after"]) >= 1


def test_guessing_tokens_is_limited(sold):
    with client(Config(sold.root, tokens=TOKENS, rate=1.0)) as asked:
        codes = [asked.get("/runs", headers=bearer(f"guess {i}")).status_code for i in range(6)]
        assert codes[:2] == [401, 401]
        assert codes[-1] == 429
        assert asked.get("/runs", headers=bearer(TOKENS[0])).status_code == 200


def test_request_ids_are_the_callers_or_made(api):
    given = api.get("/health", headers={"X-Request-ID": "job-17.a_B"})
    assert given.headers["x-request-id"] == "job-17.a_B"
    for wrong in ("", "a b", "x" * 65, 'a"b'):
        made = api.get("/health", headers={"X-Request-ID": wrong}).headers["x-request-id"]
        assert len(made) == 32
    assert api.get("/health").headers["cache-control"] == "no-store"


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def log():
    handler = Lines()
    logger = logging.getLogger("clv.api")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


def test_the_log_says_nothing_of_anybody(api, log):
    api.get("/customers/c0123?secret=mail@example.com", headers={"X-Request-ID": "r1"})
    api.get("/customers/unknown-c0123")
    api.get("/customers?prefix=c0123")
    api.get("/c0123/unheard")
    api.request("C0123", "/customers/c0123")
    lines = [json.loads(line) for line in log]
    assert [line["route"] for line in lines] == [
        *("/customers/{customer_id:path}", "/customers/{customer_id:path}", "/customers"),
        *("none", "/customers/{customer_id:path}"),
    ]
    assert [line["status"] for line in lines] == [200, 404, 200, 404, 405]
    assert set(lines[0]) == {"time", "request_id", "method", "route", "status", "ms"}
    assert lines[0]["request_id"] == "r1"
    assert not any("0123" in line or "mail" in line for line in log)


def test_a_break_is_a_problem_without_a_traceback(sold, log, monkeypatch):
    monkeypatch.setattr(
        "clv.apps.api.snapshot.Snapshot.customer", lambda _self, name: {}[f"secret {name}"]
    )
    with client(Config(sold.root)) as asked:
        answer = asked.get("/customers/c0123")
        body = problem(answer, 500)
        assert answer.headers["x-request-id"] in body["detail"]
        assert "KeyError" not in answer.text
        told = json.loads(log[0])
        assert told["error"] == "KeyError"
        assert told["request_id"] == answer.headers["x-request-id"]
        assert "0123" not in " ".join(log)
        assert asked.get("/health").status_code == 200


def test_metrics_count_requests_by_route(sold):
    with client(Config(sold.root)) as asked:
        for name in ("c0001", "c0002", "nobody"):
            asked.get(f"/customers/{name}")
        text = asked.get("/metrics").text
    route = 'route="/customers/{customer_id:path}"'
    assert f'clv_api_requests_total{{method="GET",{route},status="200"}} 2.0' in text
    assert f'clv_api_requests_total{{method="GET",{route},status="404"}} 1.0' in text
    assert f"clv_api_request_seconds_count{{{route}}} 3.0" in text
    assert "clv_published_customers 300.0" in text
    assert "c0001" not in text


def test_settings_come_from_the_environment():
    read = Config.from_environment(
        {"CLV_API_TOKEN": " a ,,b", "CLV_API_RATE": "5", "CLV_LTV_MODEL": "m"}
    )
    assert read.tokens == ("a", "b")
    assert (read.rate, read.body_limit, str(read.ltv_model)) == (5.0, 2_000_000, "m")
    assert Config.from_environment({"CLV_API_TOKEN": " , "}).tokens == ()
    for wrong in ("many", "-1", "nan", "inf"):
        with pytest.raises(SettingsError, match="CLV_API_RATE"):
            Config.from_environment({"CLV_API_RATE": wrong})
    assert create(Config(read.store)).docs_url is None
