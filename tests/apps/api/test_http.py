"""HTTP's own manners: methods, bodies, addresses, odd clients, and what the description says of it."""

from __future__ import annotations

import gzip
import json
import unicodedata

import pytest

from clv.apps.api.config import Config
from clv.forecast import publish
from tests.apps.api.conftest import client, one
from tests.apps.api.test_lookups import problem
from tests.apps.api.test_realtime import sent
from tests.handmade import handmade_run
from tests.shops import new_store

GET = ("/health", "/runs", "/model", "/metrics", "/customers", "/customers/c0000", "/top/buyers")


@pytest.mark.parametrize("path", [*GET, "/customer?id=c0000", "/openapi.json", "/docs"])
def test_head_is_get_without_its_body(api, path):
    full, head = api.get(path), api.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "cache-control"):
        assert head.headers[name] == full.headers[name]
    if path != "/metrics":  # They have counted the request in between.
        assert head.headers["content-length"] == full.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customers/nobody", 404),
        ("/nothing", 404),
        ("/top/losers", 422),
        ("/score", 405),
        ("/predict", 405),
    ],
)
def test_head_of_a_problem_is_its_status(api, path, status):
    head = api.head(path)
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers["content-type"] == "application/problem+json"
    assert head.headers["x-request-id"]


def test_head_wants_a_token_like_get_and_counts_as_itself(sold):
    with client(Config(sold.root, tokens=("t",))) as asked:
        assert asked.head("/runs").status_code == 401
        assert asked.head("/runs", headers={"Authorization": "Bearer t"}).status_code == 200
        assert asked.head("/health").status_code == 200
        text = asked.get("/metrics", headers={"Authorization": "Bearer t"}).text
    assert 'clv_api_requests_total{method="HEAD",route="/runs",status="200"} 1.0' in text


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/customers/c0000", "GET, HEAD, OPTIONS"),
        ("/runs", "GET, HEAD, OPTIONS"),
        ("/score", "OPTIONS, POST"),
        ("/predict", "OPTIONS, POST"),
    ],
)
def test_an_address_says_which_methods_it_knows(api, path, allow):
    told = api.options(path)
    assert (told.status_code, told.content, told.headers["allow"]) == (204, b"", allow)
    for method in ("DELETE", "PATCH", "PUT", "BREW"):
        refused = api.request(method, path)
        problem(refused, 405)
        assert refused.headers["allow"] == allow
    problem(api.options("/nothing"), 404)


def test_other_peoples_pages_get_no_leave_to_ask(api):
    asking = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    told = [api.options("/score", headers=asking), api.get("/runs", headers=asking)]
    assert [t.status_code for t in told] == [204, 200]
    assert not [name for t in told for name in t.headers if name.startswith("access-control")]


def test_a_packed_body_is_told_how_to_come(api):
    body = json.dumps(sent(("a", "2016-01-01", 5))).encode()
    for kind in ("gzip", "br", "gzip, identity"):
        headers = {"Content-Type": "application/json", "Content-Encoding": kind}
        answer = api.post("/score", content=gzip.compress(body), headers=headers)
        assert "without a Content-Encoding" in problem(answer, 415)["detail"]
        assert answer.headers["accept-encoding"] == "identity"
    headers = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    assert api.post("/score", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/x+json",
    ],
)
def test_json_goes_by_several_names(api, kind):
    body = json.dumps(sent(("ä", "2016-01-01", 5)), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        answer = api.post("/score", content=body.encode(encoding), headers={"Content-Type": kind})
        assert answer.json()["customers"][0]["customer_id"] == "ä"


@pytest.mark.parametrize(
    "change",
    [
        {"ordered_at": 1451606400},
        {"ordered_at": "1451606400"},
        {"ordered_at": "20160101"},
        {"ordered_at": True},
        {"ordered_at": "2016-02-30"},
        {"ordered_at": "2016-01-01T25:00"},
        {"revenue": True},
        {"revenue": 1e13},
        {"customer_id": 7},
        {"customer_id": None},
    ],
)
def test_what_could_mean_anything_is_refused(api, change):
    row = {"customer_id": "a", "ordered_at": "2016-01-01", "revenue": 5} | change
    body = problem(api.post("/score", json={"transactions": [row]}), 422)
    (name,) = change
    assert body["errors"][0]["field"] == f"transactions[0].{name}"
    assert problem(api.post("/score", json=sent(("a", "2016-01-01"), as_of=20160101)), 422)


def test_addresses_that_miss_by_little_say_where_to_look(api):
    for path in ("/", "", "/health/", "/runs/", "/Customers", "/top", "/top/"):
        assert "/docs shows what there is" in problem(api.get(path), 404)["detail"]
    for path in ("/customers/", "/customer?id="):
        assert "/customers/ID" in problem(api.get(path), 404)["detail"]
    assert problem(api.get("/customer"), 422)["errors"][0]["field"] == "id"


@pytest.mark.parametrize("path", ["/customers", "/runs"])
def test_limits_have_limits(api, path):
    for wrong in ("0", "-1", "1001", "1.5", "1e3", "", "ten", "9" * 30):
        body = problem(api.get(f"{path}?limit={wrong}"), 422)
        assert [error["field"] for error in body["errors"]] == ["limit"]
    assert api.get(f"{path}?limit=1000").status_code == 200


def test_an_accent_is_found_however_it_is_written(tmp_path):
    store = new_store(tmp_path)
    whole, apart = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    ids = [f"{whole}mile", f"{apart}tienne", f"{whole}va", f"z{apart}"]
    publish.publish(store, handmade_run(store.root, [one(name) for name in sorted(ids)]))
    with client(Config(store.root)) as asked:

        def found(**parameters):
            body = asked.get("/customers", params=parameters).json()
            return [row["customer_id"] for row in body["customers"]]

        # As it is written goes first; another way only where nobody is called so.
        assert found(prefix=whole) == [f"{whole}mile", f"{whole}va"]
        assert found(prefix=apart) == [f"{apart}tienne"]
        assert found(prefix=f"{apart}m") == [f"{whole}mile"]
        assert found(prefix=f"{apart}m", after=f"{whole}mile") == []
        assert found(prefix=f"z{whole}") == [f"z{apart}"]
        # One customer is asked for by the very id.
        body = problem(asked.get(f"/customers/{apart}va"), 404)
        assert body["nearest"][0] == f"{whole}va"


def test_very_long_ids_are_unknown_like_others(api):
    for length in (41, 1000, 60_000):
        body = problem(api.get("/customer", params={"id": "c" * length}), 404)
        assert len(body["detail"]) < 250
        assert len(body["nearest"]) == 5
        assert api.get("/customers", params={"prefix": "c" * length}).json()["customers"] == []


def test_the_description_says_all_of_this_once(api):
    said = api.get("/openapi.json").json()
    operations = {
        (method, path): operation
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    }
    assert {method for method, _ in operations} == {"get", "post"}
    names = [operation["operationId"] for operation in operations.values()]
    assert sorted(names) == sorted(set(names))
    assert "customers" in names
    assert "ValidationError" not in json.dumps(said)
    for (method, path), operation in operations.items():
        codes = set(operation["responses"])
        if path == "/health":
            assert (codes, operation["security"]) == ({"200"}, [])
            continue
        assert codes >= {"200", "401", "403", "429", "500", "503"}
        assert (method == "post") is (codes >= {"400", "413", "415"})
        for code, answer in operation["responses"].items():
            if code != "200":
                assert list(answer["content"]) == ["application/problem+json"]
                assert answer["description"]


def test_what_is_mounted_leads_to_the_same_documentation(api):
    for path in ("/nothing", "/docs/assets/nothing.js"):
        assert "; /docs shows" in problem(api.get(path), 404)["detail"]
