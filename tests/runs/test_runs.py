"""Runs: all or nothing, unguessable, never changed after; reading one back."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

import clv.runs
from clv.core.errors import InputError, OutdatedRunError, RunNotFoundError
from clv.core.orders import FORECASTS, MONTHLY, ORDERS, REJECTS
from clv.core.settings import IngestOptions
from clv.forecast import pipeline
from clv.runs import Store, default_root, files, new_id, read_json, write_json
from tests.places import ROOT
from tests.shops import make_draft, make_run, new_store, plain, shop

FILES = {
    *("orders.parquet", "rejects.parquet", "forecasts.parquet", "profiles.parquet"),
    *("report.json", "model.json", "settings.json", "summary.json"),
}
#: Ids that a spreadsheet, SQL or a file system could trip over.
AWKWARD = [
    '=HYPERLINK("http://x","y")',
    "+49 170 1234",
    "-5",
    "@SUM(A1)",
    "'quoted'",
    'say "hi"',
    "50%_off",
    "50%xoff",
    "a/b",
    "a\\b",
    "Jörg",
    "jörg",
    "李雷",
    "İstanbul",
    "🛒1",
    "x=1",
    "Ann",
    "ann",
    "anna",
    "plain1",
    "plain2",
    "plain10",
]


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path / "store")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def run(shared):
    return make_run(shared, shop())


@pytest.fixture(scope="module")
def awkward(shared):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [f"{cell(i)},2020-01-{1 + n:02d},{1 + n}" for n, i in enumerate(AWKWARD)]
    lines += [f"{cell(i)},2020-02-{1 + n:02d},{-1 if n == 3 else 5}" for n, i in enumerate(AWKWARD)]
    lines += ["=1+1,never,5", "=2+2,not a day either,-5", "@x,2020-13-13,+5"]
    return make_run(shared, "\n".join(["customer_id,order_date,revenue", *lines]) + "\n")


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in Path(folder).iterdir()}


# -- all or nothing ---------------------------------------------------------------------------------


def test_a_run_is_a_folder_of_exactly_these_files(run):
    assert {p.name for p in run.path.iterdir()} == FILES
    assert run.path.parent.name == "runs"
    assert run.path.name == run.id


class Stop(Exception):  # noqa: N818 - not an error of ours
    """What a crash in the middle raises."""


@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("stage", ["Summarising customers", "Forecasting customers", "Summing up"])
def test_a_run_stopped_half_way_leaves_nothing(store, stage, kind):
    draft = make_draft(store, shop())
    before = {p.name for p in draft.path.iterdir()}

    def progress(name, done, total):
        if name == stage:
            raise kind

    with pytest.raises(kind):
        pipeline.forecast(store, draft, plain(), progress)
    assert store.runs() == []
    assert list((store.root / "runs").iterdir()) == []
    with pytest.raises(RunNotFoundError):
        store.latest()
    assert {p.name for p in draft.path.iterdir()} == before
    run = pipeline.forecast(store, draft, plain())
    assert store.runs() == [run]


def test_a_run_that_cannot_write_its_last_file_leaves_nothing(store, monkeypatch):
    draft = make_draft(store, shop())
    write = clv.runs.write_json

    def full(path, content):
        if path.name == "settings.json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr("clv.runs.writer.write_json", full)
    with pytest.raises(OSError, match="No space left"):
        pipeline.forecast(store, draft, plain())
    assert store.runs() == []
    assert list((store.root / "runs").iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from clv.forecast import pipeline
from clv.runs import Store
from clv.core.settings import Settings

store = Store(Path(sys.argv[1]))

def progress(stage, done, total):
    if stage == sys.argv[3]:
        print("there", flush=True)
        time.sleep(60)

pipeline.forecast(store, store.draft(sys.argv[2]), Settings(model="mbg-nbd", backtest=False), progress)
"""


@pytest.mark.parametrize("stage", ["Fitting the models", "Summing up"])
def test_a_killed_process_leaves_nothing_that_anyone_can_see(store, stage):
    draft = make_draft(store, shop())
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.root), draft.id, stage],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "there\n"
        finally:
            process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    leftovers = list((store.root / "runs").iterdir())
    assert len(leftovers) == 1, "it was killed in the middle of a run"
    assert leftovers[0].name.startswith(".partial-")
    assert store.runs() == []
    with pytest.raises(RunNotFoundError):
        store.latest()
    with pytest.raises(RunNotFoundError):
        store.run(leftovers[0].name)
    with pytest.raises(RunNotFoundError):
        store.run(leftovers[0].name.removeprefix(".partial-"))
    # The next run is not hindered, and a day later the leftovers go.
    run = pipeline.forecast(store, draft, plain())
    assert store.runs() == [run]
    day_ago = time.time() - 86_500
    os.utime(leftovers[0], (day_ago, day_ago))
    store.new_draft()
    assert [p.name for p in (store.root / "runs").iterdir()] == [run.id]


def test_two_runs_at_the_same_time(store):
    drafts = [make_draft(store, shop()), make_draft(store, shop())]
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(
                lambda i: pipeline.forecast(store, drafts[i % 2], plain(horizon_months=1 + i)),
                range(4),
            )
        )
    assert {r.id for r in store.runs()} == {r.id for r in made}
    assert [r.settings["horizon_months"] for r in made] == [1, 2, 3, 4]
    assert {p.name for p in (store.root / "runs").iterdir()} == {r.id for r in made}
    purchases = [r.summary["predicted_purchases"] for r in made]
    assert purchases == sorted(purchases)
    first = "SELECT customer_id, predicted_purchases FROM monthly WHERE month = 1 ORDER BY 1"
    assert made[0].query(first).equals(made[3].query(first))


def test_an_id_cannot_be_used_twice(store):
    draft = make_draft(store, shop())
    run_id = new_id()
    run = pipeline.forecast(store, draft, plain(), run_id=run_id)
    before = digests(run.path)
    assert run.id == run_id
    with pytest.raises(OSError, match=run_id):
        pipeline.forecast(store, draft, plain(horizon_months=3), run_id=run_id)
    assert digests(run.path) == before
    assert [p.name for p in (store.root / "runs").iterdir()] == [run_id]


# -- never changed after ----------------------------------------------------------------------------


def test_reading_a_run_changes_nothing(shared, run):
    before = digests(run.path)
    run.top("buyers", 3)
    run.suggest("c")
    run.customer_monthly("c0001")
    for table in ("forecasts", "monthly", "rejects"):
        run.export(table)
    run.export("forecasts", "parquet")
    assert digests(run.path) == before
    assert {p.name for p in run.exports.iterdir()} == {
        *("predictions.csv", "predictions_monthly.csv", "rejects.csv", "predictions.parquet"),
    }


def test_checking_a_draft_again_does_not_change_its_run(store):
    draft = make_draft(store, shop())
    run = pipeline.forecast(store, draft, plain())
    before, orders = digests(run.path), run.query("SELECT * FROM orders ORDER BY ALL")
    draft.add_upload("more.csv", iter([b"customer_id,order_date,revenue\nnew,2017-05-01,1\n,,\n"]))
    report = pipeline.check(draft, draft.inputs, IngestOptions())
    assert report["orders"] == orders.num_rows + 1
    assert draft.report["rows_rejected"] == 1
    assert digests(run.path) == before
    assert run.query("SELECT * FROM orders ORDER BY ALL").equals(orders)
    assert run.report["rows_rejected"] == 0
    second = pipeline.forecast(store, draft, plain())
    assert second.report["orders"] == orders.num_rows + 1
    assert digests(run.path) == before


def test_discarding_the_draft_leaves_the_run(store):
    draft = make_draft(store, shop())
    run = pipeline.forecast(store, draft, plain())
    before = digests(run.path)
    draft.discard()
    assert not draft.path.exists()
    assert digests(run.path) == before
    assert store.run(run.id).query("SELECT count(*) AS n FROM orders")["n"].to_pylist() == [
        run.report["orders"]
    ]


def test_a_check_that_fails_leaves_the_last_good_one(store):
    draft = make_draft(store, shop())
    before = digests(draft.path / "uploads" / "000"), draft.report["orders"]
    with pytest.raises(InputError):
        pipeline.check(draft, [draft.path / "missing.csv"], IngestOptions())
    assert (digests(draft.path / "uploads" / "000"), draft.report["orders"]) == before
    assert draft.checked


# -- ids --------------------------------------------------------------------------------------------


def test_ids_are_128_random_bits(store):
    ids = {new_id() for _ in range(1000)} | {store.new_draft().id}
    assert len(ids) == 1001
    assert all(re.fullmatch("[0-9a-f]{32}", i) for i in ids)
    # Every position takes every digit: no time, no counter in it.
    assert all(len({i[k] for i in ids}) == 16 for k in range(32))


BAD_IDS = [
    "",
    ".",
    "..",
    "../runs",
    "/etc",
    "a" * 31,
    "a" * 33,
    "A" * 32,
    "g" * 32,
    "a" * 31 + "\n",
    "a" * 32 + "\n",
    "a" * 32 + "/..",
    "../" + "a" * 32,
    ".partial-" + "a" * 32,
    "%2e%2e%2f",
    "a" * 31 + "\0",
    "０" * 32,
]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_ids_that_are_none_are_refused(shared, run, bad):
    with pytest.raises(RunNotFoundError, match="no run"):
        shared.run(bad)
    with pytest.raises(RunNotFoundError, match="no longer here"):
        shared.draft(bad)
    with pytest.raises(InputError, match="is not a run id"):
        shared.begin(clv.runs.Draft(run.path), bad or "x")


def test_a_way_round_to_a_real_run_is_refused(shared, run):
    for way in (f"../runs/{run.id}", f"./{run.id}", f"{run.id}/", f"{run.id}/../{run.id}"):
        with pytest.raises(RunNotFoundError):
            shared.run(way)
    assert shared.run(run.id).id == run.id


def test_an_unknown_id_says_what_to_do(store):
    with pytest.raises(RunNotFoundError, match=r"no run \"0{32}\"") as caught:
        store.run("0" * 32)
    assert caught.value.hint
    with pytest.raises(RunNotFoundError, match="no run yet") as caught:
        store.latest()
    assert "python -m clv run" in caught.value.hint


def test_folders_are_private(shared, run):
    draft = shared.new_draft()
    assert draft.path.stat().st_mode & 0o777 == 0o700
    assert run.path.stat().st_mode & 0o777 == 0o700


# -- the store --------------------------------------------------------------------------------------


def test_runs_come_newest_first_and_strangers_are_not_runs(store):
    draft = make_draft(store, shop())
    made = [pipeline.forecast(store, draft, plain(horizon_months=h)) for h in (1, 2, 3)]
    (store.root / "runs" / "notes").mkdir()
    (store.root / "runs" / ".partial-x").mkdir()
    assert [r.id for r in store.runs()] == [r.id for r in reversed(made)]
    assert store.latest().id == made[-1].id
    stamps = [r.settings["created_at"] for r in made]
    assert stamps == sorted(stamps)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\+00:00", s) for s in stamps)
    assert Store(store.root).latest().id == made[-1].id


def test_an_empty_store_is_no_error(tmp_path):
    store = Store(tmp_path / "not there yet")
    assert store.runs() == []
    assert not store.root.exists()


def test_the_store_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "elsewhere"))
    assert Store().root == default_root() == tmp_path / "elsewhere"
    monkeypatch.delenv("CLV_RUNS")
    assert default_root() == ROOT / "data" / "runs"


def test_drafts_and_exports_are_forgotten_after_a_day_and_runs_with_their_trainings_are_not(store):
    old, fresh = make_draft(store, shop()), make_draft(store, shop())
    run = pipeline.forecast(store, old, plain())
    run.export("forecasts")
    training, half = run.training("k"), run.training(".k.part")
    long_ago = time.time() - 86_460
    for path in (training, half):
        path.mkdir(parents=True)
    for path in (old.path, run.path, run.exports, training, half):
        os.utime(path, (long_ago, long_ago))
    almost = time.time() - 86_340
    os.utime(fresh.path, (almost, almost))
    store.new_draft()
    assert not old.path.exists()
    with pytest.raises(RunNotFoundError, match="no longer here"):
        store.draft(old.id)
    assert store.draft(fresh.id).report["orders"] == fresh.report["orders"]
    assert not run.exports.exists()
    assert {p.name for p in store.run(run.id).path.iterdir()} == FILES
    assert run.export("forecasts").exists()
    assert run.trainings == ["k"]
    assert not half.exists()
    store.remove(run.id)
    assert not training.exists()


def test_a_draft_that_goes_while_others_are_swept_is_no_error(store):
    """Another process discards its draft between listing and looking: like a link to nowhere."""
    store.new_draft()
    (store.root / "drafts" / new_id()).symlink_to(store.root / "gone")
    assert store.new_draft().path.is_dir()


def test_uploads_keep_their_order_and_their_base_names(store):
    draft = store.new_draft()
    names = [
        ("orders.csv", "orders.csv"),
        ("orders.csv", "orders.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.csv", "a b.csv"),
        (".hidden", "hidden"),
        ("..", "upload"),
        ("", "upload"),
        ("日本.csv", "日本.csv"),
    ]
    for i, (given, kept) in enumerate(names):
        path = draft.add_upload(given, iter([b"a", str(i).encode()]))
        assert path.name == kept
        assert path.resolve().is_relative_to(draft.uploads.resolve())
        assert path.read_text(encoding="utf-8") == f"a{i}"
    assert [p.name for p in draft.inputs] == [kept for _, kept in names]
    assert not draft.checked


def test_an_upload_with_a_very_long_name_is_stored(store):
    path = store.new_draft().add_upload("ü" * 300 + ".csv", iter([b"x"]))
    assert path.read_bytes() == b"x"


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    write_json(tmp_path / "y.json", {"name": "Jörg", "day": date(2020, 1, 1)})
    assert "Jörg" in (tmp_path / "y.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "y.json") == {"name": "Jörg", "day": "2020-01-01"}


# -- reading back -----------------------------------------------------------------------------------


def test_top_buyers_and_spenders_are_in_order(run):
    rows = run.query("SELECT * FROM forecasts").to_pylist()
    for row in rows:
        row["predicted_revenue"] = row["predicted_purchases"] * row["predicted_order_value"]
    for kind, first, second in (
        ("buyers", "predicted_purchases", "predicted_clv"),
        ("spenders", "predicted_revenue", "predicted_purchases"),
    ):
        best = sorted(rows, key=lambda r: (-r[first], -r[second], r["customer_id"]))
        for n in (1, 100, 1000):
            found = run.top(kind, n).to_pylist()
            wanted = [{"rank": i, **row} for i, row in enumerate(best[:n], 1)]
            assert found == wanted
    assert run.top("buyers").num_rows == 100
    assert run.top("buyers").column_names == ["rank", *FORECASTS, "predicted_revenue"]


def test_ties_are_broken_by_the_second_figure_then_by_the_id(store):
    """Few customers buy at one rate: all tie; constant spend: value ties as well."""
    lines = [f"{c},2020-01-{d:02d},7" for c in ("b", "C", "a", "ä", "10", "9") for d in (1, 5)]
    run = make_run(store, "\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    for kind in ("buyers", "spenders"):
        table = run.top(kind)
        assert table["customer_id"].to_pylist() == ["10", "9", "C", "a", "b", "ä"]
        assert table["rank"].to_pylist() == [1, 2, 3, 4, 5, 6]
        assert run.top(kind, 2)["customer_id"].to_pylist() == ["10", "9"]


def test_write_top_is_the_table_as_csv(run, tmp_path):
    target = tmp_path / "top.csv"
    run.write_top("spenders", 7, target)
    with target.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    table = run.top("spenders", 7)
    assert header == table.column_names
    assert [r[1] for r in rows] == table["customer_id"].to_pylist()
    position = header.index("predicted_revenue")
    assert [float(r[position]) for r in rows] == table["predicted_revenue"].to_pylist()
    assert [p.name for p in tmp_path.iterdir()] == ["top.csv"]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("plain", ["plain1", "plain10", "plain2"]),
        ("plain1", ["plain1", "plain10"]),
        ("Ann", ["Ann"]),
        ("ann", ["ann", "anna"]),
        ("J", ["Jörg"]),
        ("jö", ["jörg"]),
        ("李", ["李雷"]),
        ("🛒", ["🛒1"]),
        ("50%", ["50%_off", "50%xoff"]),
        ("50%_", ["50%_off"]),
        ("'", ["'quoted'"]),
        ("a/", ["a/b"]),
        ("a\\", ["a\\b"]),
        ("=", ['=HYPERLINK("http://x","y")']),
        ("-5", ["-5"]),
        # None starts with it: those that contain it, whatever their case.
        ("%", ["50%_off", "50%xoff"]),
        ("_", ["50%_off"]),
        ('"hi', ['say "hi"']),
        ("ÖRG", ["Jörg", "jörg"]),
        ("NNA", ["anna"]),
        ("nobody", []),
        ("' OR 1=1 --", []),
        ("$1", []),
        ("?", []),
    ],
)
def test_suggest(awkward, prefix, found):
    assert awkward.suggest(prefix) == found


def test_suggest_is_limited_and_in_order(run, awkward):
    assert run.suggest("c00", 3) == ["c0000", "c0001", "c0002"]
    assert len(run.suggest("c")) == 20
    assert run.suggest("", 2) == ["c0000", "c0001"]
    assert awkward.suggest("", 100) == sorted(AWKWARD, key=str.encode)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("plain3", ["plain1", "plain2"]),
        ("ANNA", ["anna"]),
        ("Jorg", ["Jörg", "jörg"]),
        ("李霞", ["李雷"]),
        ("'quoted", ["'quoted'"]),
        ("50%?off", ["50%_off", "50%xoff"]),
        ('say "ho"', ['say "hi"']),
        ("", None),
    ],
)
def test_nearest(awkward, asked, first):
    found = awkward.nearest(asked)
    assert len(found) == 5
    if first:
        assert sorted(found[: len(first)]) == sorted(first)
    assert awkward.nearest(asked, 2) == found[:2]


@pytest.mark.parametrize("customer", AWKWARD)
def test_a_customer_with_any_id_is_found_exactly(awkward, customer):
    row = awkward.customer(customer)
    assert list(row) == list(FORECASTS)
    assert row["customer_id"] == customer
    orders = awkward.customer_orders(customer).to_pylist()
    assert len(orders) == row["orders"]
    assert {o["customer_id"] for o in orders} == {customer}
    monthly = awkward.customer_monthly(customer).to_pylist()
    assert [m["month"] for m in monthly] == list(range(1, 13))


@pytest.mark.parametrize("customer", ["", "c", "C0001", "c0001 ", "%", "c000_", "c0001' OR '1'='1"])
def test_no_customer_with_another_id_is_found(run, customer):
    assert run.customer(customer) is None
    assert run.customer_orders(customer).num_rows == 0
    assert run.customer_monthly(customer).num_rows == 0


def test_customer_orders_are_the_files_rows_oldest_first(run):
    lines = [line.split(",") for line in shop().splitlines()[1:]]
    customer = max((line[0] for line in lines), key=lambda c: sum(line[0] == c for line in lines))
    wanted = [(day, float(value)) for c, day, value in lines if c == customer]
    table = run.customer_orders(customer)
    assert table.column_names[:5] == list(ORDERS)
    found = [(f"{r['ordered_at']:%Y-%m-%d}", r["revenue"]) for r in table.to_pylist()]
    assert found == sorted(wanted)
    row = run.customer(customer)
    assert (row["orders"], row["frequency"]) == (len(wanted), len(wanted) - 1)
    assert row["revenue"] == pytest.approx(sum(v for _, v in wanted), rel=1e-12)
    assert row["monetary_value"] == pytest.approx(
        sum(v for _, v in sorted(wanted)[1:]) / (len(wanted) - 1), rel=1e-12
    )


def test_customer_monthly_is_the_customers_part_of_the_monthly_table(run):
    table = run.customer_monthly("c0007")
    assert table.column_names == list(MONTHLY)
    whole = run.query("SELECT * FROM monthly WHERE customer_id = 'c0007' ORDER BY month")
    assert table.equals(whole)
    row = run.customer("c0007")
    total = sum(table["predicted_clv"].to_pylist())
    assert total == pytest.approx(row["predicted_clv"], rel=1e-9)


# -- exports ----------------------------------------------------------------------------------------


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_exports_neutralise_formulas_in_ids_and_nothing_else(awkward):
    rows = read_csv(awkward.export("forecasts"))
    assert list(rows[0]) == list(FORECASTS)
    ids = [r["customer_id"] for r in rows]
    assert sorted(ids) == sorted("'" + i if i[0] in "=+-@\t\r" else i for i in AWKWARD)
    assert "x=1" in ids
    for row, stored in zip(rows, awkward.query("SELECT * FROM forecasts").to_pylist(), strict=True):
        for column, kind in FORECASTS.items():
            if kind in {"DOUBLE", "BIGINT"} and stored[column] is not None:
                assert float(row[column]) == stored[column], column
            elif kind == "DATE":
                assert row[column] == stored[column].isoformat()


def test_monthly_export_neutralises_too_and_is_sorted(awkward):
    rows = read_csv(awkward.export("monthly"))
    assert list(rows[0]) == list(MONTHLY)
    assert len(rows) == 12 * len(AWKWARD)
    assert not [r for r in rows if r["customer_id"][0] in "=+-@"]
    # In the order of the predictions: that of the ids as they are.
    first = [r["customer_id"] for r in read_csv(awkward.export("forecasts"))]
    assert [r["customer_id"] for r in rows] == [i for i in first for _ in range(12)]
    assert [int(r["month"]) for r in rows[:13]] == [*range(1, 13), 1]


def test_rejects_export_neutralises_the_original_text(awkward):
    rows = read_csv(awkward.export("rejects"))
    assert list(rows[0]) == list(REJECTS)
    texts = [r["text"] for r in rows]
    for original in ("=1+1,never,5", "=2+2,not a day either,-5", "@x,2020-13-13,+5"):
        assert "'" + original in texts
    assert not [r for r in rows for cell in r.values() if cell and cell[0] in "=+-@\t\r"]
    assert [int(r["line"]) for r in rows] == sorted(int(r["line"]) for r in rows)
    assert len(rows) == awkward.report["rows_rejected"]


def test_tab_and_carriage_return_at_the_start_are_neutralised():
    """Ids are trimmed when read, so these can only come in by another way: ask the SQL itself."""
    cells = ["\t=1", "\r=1", "=1", "+1", "-1", "@1", " =1", "a\n=1", "", None, "ok"]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT unnest($1::VARCHAR[]) AS a, -1.5 AS b", [cells])
        found = con.execute(
            f"SELECT {files.safe_cells({'a': 'VARCHAR', 'b': 'DOUBLE'})} FROM t"
        ).fetchall()
    assert [a for a, _ in found] == [
        *("'\t=1", "'\r=1", "'=1", "'+1", "'-1", "'@1"),
        *(" =1", "a\n=1", "", None, "ok"),
    ]
    assert {float(b) for _, b in found} == {-1.5}


def test_parquet_exports_hold_the_ids_as_they_are(awkward):
    table = pq.read_table(awkward.export("forecasts", "parquet"))
    assert table.column_names == list(FORECASTS)
    assert sorted(table["customer_id"].to_pylist()) == sorted(AWKWARD)
    monthly = pq.read_table(awkward.export("monthly", "parquet"))
    assert monthly.column_names == list(MONTHLY)
    assert monthly.num_rows == 12 * len(AWKWARD)


def test_the_csv_is_the_forecasts_to_the_last_digit(run):
    rows = read_csv(run.export("forecasts"))
    stored = run.query("SELECT * FROM forecasts").to_pylist()
    assert [r["customer_id"] for r in rows] == [s["customer_id"] for s in stored]
    assert [float(r["predicted_clv"]) for r in rows] == [s["predicted_clv"] for s in stored]
    assert {r["predicted_clv_low"] for r in rows} == {""}


def test_an_export_is_made_once_and_leaves_no_partial_file(run):
    first = run.export("forecasts")
    stamp = first.stat().st_mtime_ns
    assert run.export("forecasts") == first
    assert first.stat().st_mtime_ns == stamp
    assert not [p for p in run.exports.iterdir() if p.name.startswith(".")]


def test_an_export_that_fails_leaves_no_partial_file(run, tmp_path):
    blocked = tmp_path / "predictions.csv"
    blocked.mkdir()
    with pytest.raises(OSError, match=r"predictions\.csv"):
        run.write("forecasts", blocked)
    assert [p.name for p in tmp_path.iterdir()] == ["predictions.csv"]


def test_writing_into_a_folder_with_a_quote_in_its_name(run, tmp_path):
    folder = tmp_path / 'it\'s 50% "here"'
    folder.mkdir()
    run.write("forecasts", folder / "p.csv")
    run.write("monthly", folder / "m.parquet")
    assert len(read_csv(folder / "p.csv")) == 300
    assert pq.read_table(folder / "m.parquet").num_rows == 3600


def test_a_store_in_a_folder_with_a_quote_in_its_name(tmp_path):
    made = make_run(new_store(tmp_path / "it's 100%"), shop())
    assert made.export("forecasts").exists()
    assert made.top("buyers", 1).num_rows == 1


@pytest.mark.parametrize("lost", ["profiles.parquet", "p_silent"])
def test_a_run_of_an_earlier_version_says_so(run, tmp_path, lost):
    folder = tmp_path / "runs" / new_id()
    shutil.copytree(run.path, folder)
    if lost == "p_silent":
        profiles = pq.read_table(folder / "profiles.parquet")
        pq.write_table(profiles.drop_columns([lost]), folder / "profiles.parquet")
    else:
        (folder / lost).unlink()
    old = Store(tmp_path).run(folder.name)
    with pytest.raises(OutdatedRunError, match="earlier version") as caught:
        old.query("SELECT p_silent FROM profiles")
    assert caught.value.hint == "Make it again from its file."


def test_a_mistake_of_ours_is_not_taken_for_an_earlier_version(run):
    with pytest.raises(duckdb.BinderException, match="no_such_column"):
        run.query("SELECT no_such_column FROM profiles")
