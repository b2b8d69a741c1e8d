"""Publishing: one pointer, one job at a time, the same run for the same bytes, and what is kept."""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow.parquet as pq
import pytest

from clv.apps import cli
from clv.core.errors import (
    BusyError,
    InputError,
    NothingPublishedError,
    OutdatedRunError,
    RunNotFoundError,
)
from clv.core.orders import FORECASTS
from clv.core.settings import IngestOptions, Settings
from clv.forecast import pipeline, publish
from tests.handmade import customer, handmade_run
from tests.shops import make_run, new_store, shop

ORDERS = "customer_id,order_date,revenue\na,2020-01-01,10\na,2020-02-01,20\nb,2020-03-01,5\n"


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path / "runs")


def small(store, name="a"):
    return handmade_run(store.root, [customer(name, 0, 0, 10)])


# -- the pointer --------------------------------------------------------------------------------------


def test_nothing_is_published_at_first(store):
    assert publish.published_id(store) is None
    assert publish.history(store) == []
    with pytest.raises(NothingPublishedError, match="runs publish latest"):
        publish.published(store)


def test_the_pointer_names_one_run_and_remembers_the_others(store):
    first, second = small(store), small(store)
    assert publish.publish(store, first) is True
    assert publish.publish(store, first) is False
    assert publish.publish(store, second) is True
    assert publish.publish(store, first) is True
    assert publish.published(store).id == first.id
    assert [entry["run"] for entry in publish.history(store)] == [first.id, second.id, first.id]
    assert {entry["as_of"] for entry in publish.history(store)} == {"2017-12-31"}
    assert [path.name for path in store.root.iterdir() if path.suffix == ".part"] == []


def test_a_published_run_that_is_gone_is_not_published(store):
    run = small(store)
    publish.publish(store, run)
    shutil.rmtree(run.path)
    with pytest.raises(NothingPublishedError):
        publish.published(store)


def test_a_run_that_cant_be_served_is_not_published(store):
    good, bad = small(store), small(store)
    publish.publish(store, good)
    bad.file("forecasts.parquet").write_bytes(b"nothing")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        publish.publish(store, bad)
    assert publish.published(store).id == good.id


def test_a_run_of_an_earlier_version_is_not_published(call, store):
    good, old = small(store), small(store)
    publish.publish(store, good)
    file = old.file("forecasts.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["predicted_clv_low"]), file)
    with pytest.raises(OutdatedRunError, match="earlier version"):
        publish.publish(store, old)
    code, out, err = call("runs", "publish", "latest")
    assert (code, out) == (2, "")
    assert "Make it again from its file." in err
    assert publish.published(store).id == good.id


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\x00", b'{"run": 1, "history": []}', b'{"run": "']
)
def test_a_damaged_pointer_deletes_nothing_and_publishing_mends_it(call, store, content):
    runs = [small(store) for _ in range(3)]
    publish.publish(store, runs[0])
    store.published.write_bytes(content)
    for ask in (publish.published, publish.published_id, publish.history):
        with pytest.raises(NothingPublishedError, match="is damaged"):
            ask(store)
    code, _, err = call("runs", "prune", "--keep", "1")
    assert (code, "published.json is damaged" in err) == (2, True)
    rows = line(call("runs", "list", "--json")[1])["runs"]
    assert [(row["run"], row["published"]) for row in rows] == [(r.id, False) for r in runs[::-1]]
    assert call("runs", "publish", "latest")[0] == 0
    assert publish.published(store).id == runs[2].id
    assert [entry["run"] for entry in publish.history(store)] == [runs[2].id]


def test_the_list_can_be_read_while_runs_are_deleted(store, monkeypatch):
    runs = [small(store) for _ in range(4)]
    found = store.runs()
    shutil.rmtree(runs[3].path)
    runs[1].file("settings.json").unlink()
    assert [run.id for run in store.runs()] == [runs[2].id, runs[0].id]
    monkeypatch.setattr(type(store), "runs", lambda _: found)
    assert [row["run"] for row in publish.listed(store)] == [r.id for r in runs[2::-1]]
    assert [row["run"] for row in publish.listed(store, 2)] == [runs[2].id]


def test_the_pointer_is_whole_or_the_one_before_when_the_disk_is_full(store, monkeypatch):
    first, second = small(store), small(store)
    publish.publish(store, first)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clv.runs.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        publish.publish(store, second)
    assert publish.published(store).id == first.id
    assert sorted(path.name for path in store.root.glob("*.json")) == ["published.json"]
    assert list(store.root.glob(".*part")) == []


def test_lookups_are_the_forecasts_mapped_from_disk(store):
    run = make_run(store, shop())
    table = run.lookup()
    assert table.column_names == list(FORECASTS)
    assert (
        table.to_pylist() == run.query("SELECT * FROM forecasts ORDER BY customer_id").to_pylist()
    )
    shutil.rmtree(run.exports)  # Somebody swept: it is made again.
    assert run.lookup().num_rows == 300


# -- one job at a time --------------------------------------------------------------------------------


def test_a_second_job_ends_and_says_since_when_the_first_is_at_work(store):
    with publish.job(store), pytest.raises(BusyError, match=r"since 20\d\d-.* UTC"):  # noqa: SIM117
        with publish.job(store):
            pass
    with publish.job(store):  # Let go of, it can be held again.
        pass
    assert store.lock.read_text(encoding="utf-8") == ""


def test_a_job_waits_for_another(store, monkeypatch):
    store.root.mkdir(parents=True)
    handle = store.lock.open("a+")
    fcntl.flock(handle, fcntl.LOCK_EX)
    looks = []

    def later(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            handle.close()

    monkeypatch.setattr("clv.forecast.publish.time.sleep", later)
    with publish.job(store, wait=1000):
        assert len(looks) == 3


def test_several_that_publish_at_once_take_turns(store, monkeypatch):
    runs = [small(store, name) for name in "abcd"]
    monkeypatch.setattr("clv.forecast.publish._PATIENCE", 0)

    def one(run):
        with publish.job(store, wait=60):
            return publish.publish(store, run)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, runs))
    told = publish.history(store)
    assert {entry["run"] for entry in told} == {run.id for run in runs}
    assert len(told) == 4
    assert publish.published_id(store) == told[0]["run"]
    assert [entry["at"] for entry in told] == sorted((e["at"] for e in told), reverse=True)
    assert list(store.root.glob("**/.*.part")) == []


def test_what_lookups_need_may_be_made_by_several_at_once(store):
    run = make_run(store, shop())
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: publish.prepared(run), range(8)))
    assert all(table.equals(made[0][0]) and top == made[0][1] for table, top in made)
    assert sorted(path.name for path in run.exports.iterdir()) == ["lookup.arrow", "top.json"]


# -- the same bytes, the same run ---------------------------------------------------------------------


def test_a_run_is_found_by_what_it_was_made_of(store, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    made = pipeline.run(store, store.new_draft(), [path], IngestOptions(), Settings(backtest=False))
    (hashed,) = (f["sha256"] for f in made.report["inputs"])

    def mark(settings=None, options=None, hashes=(hashed,)):
        settings, options = settings or Settings(backtest=False), options or IngestOptions()
        return publish.fingerprint(hashes, settings.as_dict(), options.as_dict())

    assert made.settings["fingerprint"] == mark()
    assert publish.find(store, mark()).id == made.id
    others = [
        mark(Settings(backtest=False, horizon_months=6)),
        mark(options=IngestOptions(date_order="dmy")),
        mark(hashes=(hashed, hashed)),
        mark(hashes=(hashed[::-1],)),
    ]
    assert len({mark(), *others}) == 5
    assert [publish.find(store, other) for other in others] == [None] * 4


def test_another_version_makes_another_run(monkeypatch):
    given = (["a"], Settings().as_dict(), {})
    before = publish.fingerprint(*given)
    assert publish.fingerprint(*given) == before
    monkeypatch.setattr("clv.forecast.publish.__version__", "99")
    assert publish.fingerprint(*given) != before


# -- what is kept ---------------------------------------------------------------------------------------


def test_prune_keeps_the_newest_and_the_published(store):
    runs = [small(store) for _ in range(5)]
    publish.publish(store, runs[1])
    writing = store.root / "runs" / ".partial-0123"
    writing.mkdir()
    assert publish.prune(store, 2) == [runs[2].id, runs[0].id]
    assert [run.id for run in store.runs()] == [runs[4].id, runs[3].id, runs[1].id]
    assert writing.is_dir()
    assert publish.prune(store, 2) == []
    assert publish.prune(store, 1) == [runs[3].id]
    assert sorted(p.name for p in (store.root / "exports").iterdir()) == [runs[1].id]
    with pytest.raises(InputError):
        publish.prune(store, 0)
    with pytest.raises(RunNotFoundError):
        store.remove(runs[0].id)


# -- the command line -----------------------------------------------------------------------------------


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run one command as `python -m clv` does; return (code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", *map(str, arguments)])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capfd.readouterr()
        return code, out, err

    return run


def line(out):
    (one,) = out.splitlines()
    return json.loads(one)


JOB = ("run", "orders.csv", "--no-backtest", "--publish")


def test_the_scheduled_job_is_idempotent(call, store, tmp_path):
    code, out, err = call(*JOB, "--json", "--out", "p.csv")
    first = line(out)
    assert (code, err) == (0, "")
    assert (first["status"], first["reused"], first["published"]) == ("done", False, True)
    assert (first["rows"], first["rejected"], first["customers"]) == (3, 0, 2)
    assert (first["as_of"], first["horizon_months"], first["out"]) == ("2020-03-01", 12, "p.csv")
    pointer = store.published.read_bytes()
    predictions = (tmp_path / "p.csv").read_bytes()

    extra = ("--out", "again.csv", "--rejects", "r.csv", "--report", "r.json", "--monthly", "m.csv")
    code, out, err = call(*JOB, "--json", *extra)
    assert line(out) | {"seconds": 0, "out": ""} == first | {
        "reused": True,
        "seconds": 0,
        "out": "",
    }
    assert store.published.read_bytes() == pointer
    assert len(store.runs()) == 1
    assert (tmp_path / "again.csv").read_bytes() == predictions
    assert json.loads((tmp_path / "r.json").read_text())["rows_total"] == 3
    assert (tmp_path / "r.csv").exists()
    assert (tmp_path / "m.csv").exists()

    code, out, _ = call(*JOB)
    assert code == 0
    assert "nothing was computed again" in out
    assert "It was the published run already." in out
    assert line(call(*JOB, "--json", "--horizon-months", "6")[1])["reused"] is False
    assert len(store.runs()) == 2


def test_without_publishing_a_run_is_made_each_time(call, store):
    for _ in range(2):
        assert call("run", "orders.csv", "--no-backtest", "--out", "p.csv")[0] == 0
    assert len(store.runs()) == 2
    assert publish.published_id(store) is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "nothing.csv", "--publish"), 2, "does not exist"),
        (("run", "bad.csv", "--publish"), 2, "no dates"),
        ((*JOB, "--horizon-months", "99"), 2, "between 1 and 60"),
        ((*JOB, "--horizon-months", "6"), 1, "broke"),
    ],
)
def test_a_failure_leaves_what_was_published(
    call, store, tmp_path, monkeypatch, arguments, code, said
):
    call(*JOB)
    pointer = store.published.read_bytes()
    (tmp_path / "bad.csv").write_text("customer_id,order_date\n,soon\n", encoding="utf-8")
    if code == 1:

        def broken(*_, **__):
            msg = "it broke"
            raise RuntimeError(msg)

        monkeypatch.setattr("clv.forecast.predictions.make", broken)
    got, out, err = call(*arguments, "--json")
    assert got == code
    told = line(out)
    assert (told["status"], told["exit_code"]) == ("failed", code)
    assert said.lower() in (told["error"] + told["hint"]).lower()
    assert err.startswith("Error: ")
    assert store.published.read_bytes() == pointer
    assert len(store.runs()) == 1


def test_a_full_disk_is_told_alike_to_people_and_machines(call, store, monkeypatch):
    def write(*_, **__):
        msg = 'Async write failed: {"exception_message": "No space left on device"}'
        raise duckdb.IOException(msg)

    monkeypatch.setattr("clv.forecast.predictions.make", write)
    code, out, err = call(*JOB, "--json")
    told = line(out)
    assert (code, told["exit_code"], told["error"]) == (2, 2, "The disk is full.")
    assert err == "Error: The disk is full.\n       Make room, or set TMPDIR and --store.\n"
    assert store.runs() == []


def test_a_guarded_job_does_not_go_back_to_an_older_file(call, store, tmp_path):
    """Neither one that was cut off, nor one that was published before it."""
    rows = [f"c{i % 9},2020-01-{1 + i:02d},{10 + i}" for i in range(28)]

    def job(*days):
        body = "\n".join(["customer_id,order_date,revenue", *(rows[i] for i in days)])
        (tmp_path / "orders.csv").write_text(body, encoding="utf-8")
        code, out, _ = call(*JOB, "--guard", "--json")
        return code, line(out)

    (_, first), (_, second) = job(*range(20)), job(*range(28))
    assert (first["against"], second["against"]) == (None, first["run"])
    for days, again in ((range(10), False), (range(20), True)):
        code, told = job(*days)
        assert (code, told["verdict"], told["published"]) == (4, "stop", False)
        assert told["reused"] is again
        assert publish.published_id(store) == second["run"]
    # A day less may be an order that was cancelled.
    code, told = job(*range(27))
    assert (code, told["verdict"], told["published"]) == (3, "look", True)
    publish.publish(store, store.run(second["run"]))
    code, out, _ = call("monitor", "--run", first["run"])
    assert code == 4
    assert "Last order in the file: 28 Jan 2020 -> 20 Jan 2020" in out
    assert "should be cleared up, above all “Last order in the file”" in out


def test_a_list_that_cant_be_read_says_so_as_json(call, store):
    store.root.mkdir()
    (store.root / "runs").write_text("a file")
    code, out, err = call("runs", "list", "--json")
    assert (code, line(out)["status"]) == (2, "failed")
    assert err.startswith("Error: ")


def test_overlap_ends_with_a_code_and_a_sentence(call, store):
    call(*JOB)
    with publish.job(store):
        for command in (JOB, ("runs", "publish", "latest"), ("runs", "prune")):
            code, out, err = call(*command, "--json")
            assert code == 2
            assert "Another job is at work since" in line(out)["error"]
            assert "--wait" in err


def test_runs_are_listed_published_and_pruned(call, store):
    assert call("runs", "list") == (0, "There is no run yet.\n", "")
    code, _, err = call("runs", "publish", "latest")
    assert (code, err.splitlines()[0]) == (2, "Error: There is no run yet.")
    runs = [small(store) for _ in range(3)]
    code, out, _ = call("runs", "publish", runs[0].id)
    assert code == 0
    assert out.startswith("Published: 1 customer as of 2017-12-31")
    assert "already" in call("runs", "publish", runs[0].id)[1]
    listed = line(call("runs", "list", "--json")[1])["runs"]
    assert [(row["run"], row["published"]) for row in listed] == [
        (runs[2].id, False),
        (runs[1].id, False),
        (runs[0].id, True),
    ]
    table = call("runs", "list")[1].splitlines()
    assert len(table) == 4
    assert [row.split()[0] == "*" for row in table[1:]] == [False, False, True]
    assert call("runs", "publish", "0" * 32)[0] == 2
    assert line(call("runs", "publish", "latest", "--json")[1])["run"] == runs[2].id
    assert line(call("runs", "prune", "--keep", "1", "--json")[1]) == {
        "status": "done",
        "deleted": [runs[1].id, runs[0].id],
        "kept": 1,
        "damaged": [],
    }


def test_the_api_alone_is_not_served_to_the_world_without_a_token(call, monkeypatch):
    monkeypatch.delenv("CLV_API_TOKEN", raising=False)
    code, out, err = call("serve", "--host", "0.0.0.0")  # noqa: S104
    assert (code, out) == (2, "")
    assert "CLV_API_TOKEN" in err
    served = []
    monkeypatch.setattr("uvicorn.run", lambda _app, **given: served.append(given))
    assert call("serve", "--port", "8123")[0] == 0
    monkeypatch.setenv("CLV_API_TOKEN", "secret")
    assert call("serve", "--host", "0.0.0.0")[0] == 0  # noqa: S104
    assert [(g["host"], g["port"], g["access_log"]) for g in served] == [
        ("127.0.0.1", 8123, False),
        ("0.0.0.0", 8000, False),  # noqa: S104
    ]
