"""Runs with damaged files, and stores that can't be: told, left alone, and in nobody else's way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from clv.apps import cli
from clv.apps.api.config import Config
from clv.core.errors import DamagedRunError, NothingPublishedError, RunNotFoundError, StoreError
from clv.forecast import publish
from clv.insights import monitor
from clv.runs import Store
from clv.runs.disk import store_error
from tests.apps.api.conftest import client, one
from tests.apps.api.test_lookups import problem
from tests.apps.ui.conftest import Pages, components  # noqa: F401 - a fixture of every visit
from tests.handmade import handmade_run
from tests.shops import new_store

#: What is done to a file, and how it is told.
DAMAGE = {
    "empty": (b"", "{file} is empty"),
    "blank": (b" \n", "{file} is empty"),
    "cut off": (b'{"as_of": "2017-12-31", "customers": ', "{file} is cut off, or is no JSON"),
    "binary": (b"\xff\xfe\x00", "{file} is cut off, or is no JSON"),
    "nested": (b"[" * 100_000, "{file} is cut off, or is no JSON"),
    "a list": (b"[]", "{file} holds something else than a run's"),
    "gone": (None, "{file} is missing"),
}
#: Contents of the wrong kind, and what is missed first.
WRONG = {
    "settings": [
        ({}, "as_of"),
        ({"as_of": "soon"}, "as_of"),
        ({"as_of": 20171231}, "as_of"),
        ({"created_at": None}, "created_at"),
        ({"horizon_months": "12"}, "horizon_months"),
        ({"months": {}}, "months"),
    ],
    "model": [
        ({}, "purchases"),
        ({"purchases": "mbg-nbd"}, "purchases"),
        ({"notes": None}, "notes"),
    ],
    "summary": [
        ({}, "customers"),
        ({"customers": "many"}, "customers"),
        ({"customers": True}, "customers"),
    ],
}


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path / "runs")


def made(store, name="a"):
    return handmade_run(store.root, [one(name)])


def spoil(run, name, content):
    target = run.file(f"{name}.json")
    if content is None:
        target.unlink()
    else:
        target.write_bytes(content)


@pytest.fixture
def call(monkeypatch, capfd, store):
    """Run one command as `python -m clv` does; return (code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", *map(str, arguments), "--store", str(store.root)])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code or 0
        return code, *capfd.readouterr()

    return run


# -- one damaged run --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["settings", "model", "summary", "report"])
@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_run_is_named_and_the_others_are_listed(store, name, how):
    first, broken, last = (made(store) for _ in range(3))
    assert store.damaged() == []  # Looked through before it was damaged.
    content, told = DAMAGE[how]
    spoil(broken, name, content)
    fault = told.format(file=f"{name}.json")
    assert [run.id for run in store.runs()] == [last.id, first.id]
    assert [row["run"] for row in publish.listed(store)] == [last.id, first.id]
    row = {"run": broken.id, "published": False, "fault": fault}
    assert publish.damaged(store) == [row]
    with pytest.raises(DamagedRunError, match=f"This forecast is damaged: {fault}") as caught:
        store.run(broken.id)
    assert "Make it again" in caught.value.hint
    assert str(store.root) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "change", "missed"),
    [(name, change, missed) for name, rows in WRONG.items() for change, missed in rows],
)
def test_contents_of_the_wrong_kind_are_damage(store, name, change, missed):
    run = made(store)
    content = json.loads(run.file(f"{name}.json").read_text(encoding="utf-8"))
    content = content | change if change else {}
    spoil(run, name, json.dumps(content).encode())
    assert publish.damaged(store)[0]["fault"] == f'{name}.json has no usable "{missed}"'
    assert store.runs() == []


def test_restored_it_is_a_run_again(store):
    run = made(store)
    before = run.file("model.json").read_bytes()
    spoil(run, "model", b"")
    assert [r.id for r in store.damaged()] == [run.id]
    with pytest.raises(RunNotFoundError, match="Every stored run is damaged"):
        store.latest()
    run.file("model.json").write_bytes(before)
    assert store.damaged() == []
    assert store.latest().id == run.id


def test_on_the_command_line_it_is_named_left_alone_and_deleted_if_asked(store, call):
    runs = [made(store) for _ in range(4)]
    spoil(runs[0], "summary", b"")
    code, out, err = call("runs", "list")
    assert (code, err) == (0, "")
    assert [row.split()[0] for row in out.splitlines()[1:4]] == [r.id for r in runs[:0:-1]]
    assert f"Run {runs[0].id} is damaged: summary.json is empty." in out
    assert "runs prune --damaged" in out
    listed = json.loads(call("runs", "list", "--json")[1])
    assert [row["run"] for row in listed["runs"]] == [r.id for r in runs[:0:-1]]
    assert listed["damaged"] == publish.damaged(store)

    code, out, err = call("runs", "publish", runs[0].id)
    assert (code, out) == (2, "")
    assert err.startswith("Error: This forecast is damaged: summary.json is empty")
    assert publish.published_id(store) is None
    assert call("top", "buyers", "--run", runs[0].id)[0] == 2

    code, out, _ = call("runs", "prune", "--keep", "1")
    assert (code, out.splitlines()[0]) == (0, "Deleted 2, kept 1.")
    assert f"Run {runs[0].id} is damaged" in out
    assert runs[0].path.is_dir()
    told = json.loads(call("runs", "prune", "--keep", "1", "--damaged", "--json")[1])
    assert told == {"status": "done", "deleted": [runs[0].id], "kept": 1, "damaged": []}
    assert not runs[0].path.exists()
    assert [run.id for run in store.runs()] == [runs[3].id]


def test_a_damaged_published_run_is_not_served_nor_deleted(store, call, monkeypatch):
    monkeypatch.setattr("clv.apps.api.snapshot._LOOK", 0)
    run, other = made(store), made(store, "b")
    publish.publish(store, run)
    with client(Config(store.root)) as asked:
        assert asked.get("/customers/a").status_code == 200
        spoil(run, "model", b"{")
        assert asked.get("/customers/a").status_code == 200  # What it has, it keeps.
        body = asked.get("/runs").json()
        assert [row["run"] for row in body["runs"]] == [other.id]
        fault = "model.json is cut off, or is no JSON"
        assert body["damaged"] == [{"run": run.id, "published": True, "fault": fault}]
    with pytest.raises(NothingPublishedError, match=r"model\.json is cut off"):
        publish.published(store)
    with client(Config(store.root)) as asked:
        for path in ("/customers/a", "/customers", "/top/buyers", "/model"):
            said = problem(asked.get(path), 409)["detail"]
            assert "model.json is cut off" in said
            assert "runs publish" in said
        assert asked.get("/metrics").status_code == asked.get("/health").status_code == 200
        assert call("runs", "prune", "--keep", "1", "--damaged")[0] == 0
        assert run.path.is_dir()
        assert call("runs", "publish", other.id)[0] == 0
        assert asked.get("/customers/b").status_code == 200


@pytest.mark.parametrize("table", ["forecasts", "orders", "profiles"])
def test_a_table_that_is_cut_off_is_damage_where_it_is_read(store, table):
    run = made(store)
    target = run.file(f"{table}.parquet")
    target.write_bytes(target.read_bytes()[:40])
    with pytest.raises(DamagedRunError, match=rf"{table}\.parquet can't be read"):
        run.query("SELECT * FROM forecasts, orders, profiles")
    if table == "forecasts":
        with pytest.raises(DamagedRunError, match=r"forecasts\.parquet can't be read"):
            publish.publish(store, run)
        assert publish.published_id(store) is None


@pytest.mark.parametrize("table", ["forecasts", "orders"])
@pytest.mark.parametrize("left", [0, 3, 40, None])
def test_the_job_makes_a_run_again_of_which_a_table_is_cut_off(call, store, tmp_path, table, left):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date\na,2020-01-01\na,2020-02-01\nb,2020-03-01\n")
    job = ("run", path, "--no-backtest", "--publish", "--json")
    first = json.loads(call(*job)[1])["run"]
    target = store.run(first).file(f"{table}.parquet")
    whole = target.read_bytes()
    target.unlink()
    if left is not None:
        target.write_bytes(whole[:left])
    ((gone, fault),) = ((run.id, run.fault) for run in store.damaged())
    assert gone == first
    assert fault.startswith(f"{table}.parquet {'is missing' if left is None else 'can'}")
    again = json.loads(call(*job)[1])
    assert (again["reused"], again["published"]) == (False, True)
    assert call("runs", "prune", "--keep", "1", "--damaged")[0] == 0
    assert [run.id for run in [*store.runs(), *store.damaged()]] == [again["run"]]


def test_a_receipt_that_is_cut_off_is_not_published_and_if_it_was_not_served(store):
    run, other = made(store), made(store, "b")
    run.file("backtest.json").write_bytes(b'{"origins": [')
    with pytest.raises(DamagedRunError, match=r"backtest\.json is cut off"):
        publish.publish(store, run)
    assert publish.published_id(store) is None
    publish.publish(store, other)
    other.file("backtest.json").write_bytes(b"")
    with client(Config(store.root)) as asked:
        assert "backtest.json is cut off" in problem(asked.get("/customers/b"), 409)["detail"]


def test_what_lookups_need_is_made_again_if_it_is_damaged(store):
    run = made(store)
    publish.publish(store, run)
    for name in ("lookup.arrow", "top.json"):
        (run.exports / name).write_bytes(b"half")
    table, top = publish.prepared(run)
    assert table["customer_id"].to_pylist() == ["a"]
    assert [row["customer_id"] for row in top["buyers"]] == ["a"]


def test_the_job_makes_its_run_again_and_monitoring_goes_without_it(store, call, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date\na,2020-01-01\na,2020-02-01\nb,2020-03-01\n")
    job = ("run", path, "--no-backtest", "--publish", "--json")
    first = json.loads(call(*job)[1])
    assert json.loads(call(*job)[1])["run"] == first["run"]
    spoil(store.run(first["run"]), "summary", b"{}")
    second = json.loads(call(*job)[1])
    assert (second["status"], second["reused"]) == ("done", False)
    assert publish.published(store).id == second["run"]
    assert monitor.family(store, store.run(second["run"])) == []
    assert monitor.published_before(store, store.run(second["run"])) is None


opened = Pages().open


def test_the_dashboard_says_so(store, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(store.root))
    run, sound = made(store), made(store)
    publish.publish(store, run)
    spoil(run, "settings", b"{}")
    for page in ("", "Top_customers"):
        shown = opened(page, run=run.id)
        assert not shown.exception
        assert [title.value for title in shown.title] == ["This forecast can't be opened"]
        said = shown.error[0].value.replace("\\", "")
        assert 'settings.json has no usable "as_of"' in said
        assert "Make it again from its file" in said
    shown = opened()
    assert not shown.exception
    assert not shown.error
    shown = opened("Monitoring", run=sound.id)
    assert any("1 stored forecast can't be read and is left out" in c.value for c in shown.caption)
    assert run.id not in " ".join(c.value for c in shown.caption)


# -- a store that can't be --------------------------------------------------------------------------

FILE = "The store of forecasts can't be used: its path is a file, or leads through one."


@pytest.fixture
def taken(tmp_path):
    path = tmp_path / "taken"
    path.write_text("a file, not a folder")
    return Store(path)


@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize(
    "command",
    [
        ("runs", "list"),
        ("runs", "prune"),
        ("runs", "publish", "latest"),
        ("runs", "publish", "0" * 32),
        ("top", "buyers"),
        ("monitor",),
        ("run", "orders.csv", "--out", "p.csv"),
        ("run", "orders.csv", "--publish"),
    ],
)
def test_a_store_that_is_a_file_is_told_by_every_command(
    taken, below, command, monkeypatch, capfd, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text("customer_id,order_date\na,2020-01-01\n")
    where = taken.root / below
    monkeypatch.setenv("CLV_RUNS", str(where))
    monkeypatch.setattr(sys, "argv", ["clv", *command])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"Error: {FILE}",
        "       Set CLV_RUNS to a folder.",
        f"       The store is {where}",
    ]


def test_over_http_it_is_503_without_its_path(taken):
    with client(Config(taken.root)) as asked:
        for path in (
            "/customers/a",
            "/customers",
            "/customer?id=a",
            "/top/buyers",
            "/model",
            "/runs",
        ):
            answer = asked.get(path)
            body = problem(answer, 503)
            assert body["detail"] == f"{FILE} Set CLV_RUNS to a folder."
            assert answer.headers["retry-after"] == "30"
            assert str(taken.root) not in answer.text
        body = {"transactions": [{"customer_id": "a", "ordered_at": "2020-01-01"}]}
        problem(asked.post("/score", json=body), 503)
        assert asked.get("/health").status_code == 200
        assert "clv_published_customers 0.0" in asked.get("/metrics").text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "its disk is full"),
        (errno.EROFS, "it may not be read or written"),
        (errno.EACCES, "it may not be read or written"),
        (errno.EIO, "its disk is gone, or doesn't answer"),
    ],
)
def test_a_failing_disk_is_told_as_what_it_is(store, monkeypatch, call, number, said):
    run = made(store)
    publish.publish(store, run)
    shutil.rmtree(run.exports)  # What lookups need has to be made again, and can't be.
    real = os.mkdir

    def failing(path, *more, **given):
        if Path(path).is_relative_to(store.root):
            raise OSError(number, os.strerror(number), str(path))
        real(path, *more, **given)

    monkeypatch.setattr("os.mkdir", failing)
    with client(Config(store.root)) as asked:
        answer = asked.get("/customers/a")
        assert said in problem(answer, 503)["detail"]
        assert str(store.root) not in answer.text
    with pytest.raises(StoreError, match=said):
        store.new_draft()
    monkeypatch.setenv("CLV_RUNS", str(store.root))
    shown = opened()
    shown.button(key="sample_cdnow").click().run()
    assert not shown.exception
    assert said in shown.error[0].value
    assert str(store.root) not in shown.error[0].value


def test_what_has_nothing_to_do_with_the_store_is_not_blamed_on_it():
    assert store_error(ConnectionResetError(errno.ECONNRESET, "reset")) is None
    assert store_error(ValueError("no")) is None
    assert "full" in store_error(OSError("IO Error: No space left on device")).message


def test_the_api_goes_on_when_the_disk_is_gone(store, monkeypatch):
    monkeypatch.setattr("clv.apps.api.snapshot._LOOK", 0)
    publish.publish(store, made(store))
    with client(Config(store.root)) as asked:
        assert asked.get("/customers/a").status_code == 200
        store.root.rename(store.root.with_name("away"))
        assert asked.get("/customers/a").status_code == 200
        store.root.with_name("away").rename(store.root)
        store.published.unlink()
        problem(asked.get("/customers/a"), 409)
