"""The command line: exit codes, one readable block of errors, every option, nothing on stderr."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from clv import __version__
from clv.apps import cli
from clv.core.orders import FORECASTS, MONTHLY, REJECTS
from clv.forecast.predictions import score
from clv.runs import Store
from clv.samples import SAMPLES, sample_path
from tests.places import ROOT
from tests.shops import one_each, shop

REPORT_KEYS = {
    *("rows_total", "rows_accepted", "rows_rejected", "reasons", "files", "layout", "encoding"),
    *("delimiter", "orders", "customers", "first_order", "last_order"),
}
#: Where it doesn't matter what forecasts.
QUICK = ["run", "--no-backtest"]
OUTPUTS = ["--out", "--rejects", "--report", "--model-card", "--monthly"]
DIRTY = (
    "customer_id,order_date,revenue\n"
    "A,2020-01-01,10\n"
    "A,2020-02-11,20\n"
    ",2020-01-01,5\n"
    "=B,soon,5\n"
    "C,2020-01-01,much\n"
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty working folder with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLV_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("CLV_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def orders(home):
    (home / "orders.csv").write_text(shop(), encoding="utf-8")
    return home


@pytest.fixture
def call(home, monkeypatch, capfd):
    """Run one command in this process, as `python -m clv` does; return (code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        return stopped.value.code or 0, out, err

    return run


def assert_one_block(err, *parts):
    """The message starts the block, further lines are indented; no traceback, no blank line."""
    lines = err.splitlines()
    assert lines
    assert lines[0].startswith("Error: ")
    assert all(line.startswith("       ") and line.strip() for line in lines[1:]), err
    assert "Traceback" not in err
    assert ".py" not in err
    for part in parts:
        assert part in err


def read_csv(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shell(folder, *arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "clv", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CLV_RUNS": str(folder / "runs")} | more,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


# -- as a process -----------------------------------------------------------------------------------


def test_run_as_a_process_is_quiet_on_stderr(orders):
    out = orders / "predictions.csv"
    done = shell(orders, "run", orders / "orders.csv", "--out", out, PYTHONWARNINGS="error")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(read_csv(out)) == 300
    assert str(out) in done.stdout
    assert "\x1b" not in done.stdout


def test_an_input_error_as_a_process(orders):
    done = shell(orders, "run", orders / "nothing.csv", "--out", orders / "p.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert_one_block(done.stderr, "nothing.csv")
    assert not (orders / "p.csv").exists()


def test_a_settings_error_while_the_models_are_still_loading(orders):
    """The interpreter may end while a thread imports: it must do so without a word."""
    (orders / "bad.csv").write_bytes(b"%PDF-1.7\n\0\xff")
    done = shell(orders, "run", orders / "bad.csv", "--out", orders / "p.csv")
    assert done.returncode == 2
    assert_one_block(done.stderr, "bad.csv")


def test_top_into_a_pipe_that_is_closed_early(orders):
    """`… | head -1` is no fault of anybody's."""
    assert shell(orders, *QUICK, orders / "orders.csv", "--out", orders / "p.csv").returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "clv", "top", "buyers", "--n", "300"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CLV_RUNS": str(orders / "runs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""


def test_progress_shows_on_a_terminal(orders):
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "clv", "check", orders / "orders.csv"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process:
            out = process.stdout.read()
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert process.returncode == 0
    assert "accepted" in out
    assert "\x1b" not in out
    assert "orders" in shown or "Reading" in shown or "files" in shown


# -- help -------------------------------------------------------------------------------------------


def test_help_lists_every_command_and_option():
    runner = CliRunner()
    assert runner.invoke(cli.app, ["--version"]).stdout.strip() == __version__
    top = runner.invoke(cli.app, ["--help"])
    assert top.exit_code == 0
    for command in ("run", "check", "top", "sample"):
        assert re.search(rf"^\W*{command}\b", top.stdout, flags=re.MULTILINE)
        page = runner.invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"})
        assert page.exit_code == 0
        assert f"python -m clv {command}" in page.stdout
    page = runner.invoke(cli.app, ["run", "--help"], env={"COLUMNS": "200"}).stdout
    options = (
        "--out --as-of --horizon-months --discount-rate --margin --model --level --no-backtest "
        "--layout --map "
        "--date-order --rejects --report --model-card"
    )
    for option in options.split():
        assert re.search(rf"{option}\b", page), option


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["forecast"], "forecast"),
        (["run"], "INPUT"),
        (["run", "orders.csv"], "--out"),
        (["run", "orders.csv", "--out", "p.csv", "--horizon", "3"], "--horizon-months"),
        (["run", "orders.csv", "--out", "p.csv", "--horizon-months", "soon"], "--horizon-months"),
        (["run", "orders.csv", "--out", "p.csv", "--date-order", "dym"], "dym"),
        (["top", "losers"], "losers"),
        (["top", "buyers", "--n", "0"], "--n"),
    ],
)
def test_wrong_usage_is_the_users_to_mend(orders, call, arguments, part):
    code, _, err = call(*arguments)
    assert code == 2
    assert part in err
    assert "Traceback" not in err


def test_without_arguments_there_is_help(call):
    _, out, err = call()
    assert "sample" in out + err
    assert "Traceback" not in out + err


# -- run --------------------------------------------------------------------------------------------


def test_run_with_every_option_records_them_all(orders, call):
    text = shop().replace("customer_id,order_date,revenue", "Wer,Wann,Wieviel")
    text = re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", text)
    (orders / "orders.csv").write_text(text, encoding="utf-8")
    code, out, err = call(
        *("run", "orders.csv", "--out", "p.csv", "--as-of", "2017-01-31", "--horizon-months", "6"),
        *("--discount-rate", "0.2", "--margin", "0.35", "--model", "bg-nbd", "--level", "0.9"),
        *("--map", "customer_id=Wer", "--map", "ordered_at=Wann", "--map", "revenue=Wieviel"),
        *("--date-order", "dmy", "--rejects", "rejects.csv", "--report", "report.json"),
        *("--model-card", "card.json", "--monthly", "monthly.csv", "--currency", "EUR"),
        *("--decimal", ".", "--encoding", "utf-8", "--delimiter", "comma"),
        *("--keep", "far_date", "--drop", "zero_value", "--label", "wieviel"),
        *("--amount", "line", "--status", "paid = Counts", "--apart"),
    )
    assert (code, err) == (0, "")
    run = Store().latest()
    settings = run.settings
    wanted = {
        "as_of": "2017-01-31",
        "horizon_months": 6,
        "discount_rate": 0.2,
        "margin": 0.35,
        "model": "bg-nbd",
        "level": 0.9,
        "backtest": True,
        "currency": "EUR",
        "inputs": ["orders.csv"],
        "run_id": run.id,
        "time_unit": "day",
    }
    assert {k: settings[k] for k in wanted} == wanted
    assert settings["ingest"] == {
        "layout": None,
        "mapping": {"customer_id": "Wer", "ordered_at": "Wann", "revenue": "Wieviel"},
        "date_order": "dmy",
        "decimal": ".",
        "encoding": "utf-8",
        "delimiter": "comma",
        "labels": ["wieviel"],
        "keep": ["far_date"],
        "drop": ["zero_value"],
        "amount": "line",
        "statuses": {"paid": "counts"},
        "timezone": None,
        "apart": True,
    }
    assert [m["end"] for m in settings["months"]] == [
        *("2017-02-28", "2017-03-31", "2017-04-30", "2017-05-31", "2017-06-30", "2017-07-31"),
    ]
    assert run.id in out
    assert "6 months from 2017-01-31" in out
    assert "EUR" in out
    assert (orders / "card.json").read_bytes() == run.file("model.json").read_bytes()
    assert json.loads((orders / "report.json").read_text(encoding="utf-8")) == run.report
    assert len(read_csv("rejects.csv")) == run.report["rows_rejected"] > 0
    assert {r["code"] for r in read_csv("rejects.csv")} == {"future_date"}
    assert len(read_csv("monthly.csv")) == 6 * run.report["customers"]
    assert list(read_csv("monthly.csv")[0]) == list(MONTHLY)
    assert {p.name for p in orders.iterdir()} == {
        *("orders.csv", "p.csv", "rejects.csv", "report.json", "card.json", "monthly.csv", "runs"),
    }


def test_predictions_come_from_the_card(orders, call):
    code, _, err = call("run", "orders.csv", "--out", "p.csv", "--model-card", "card.json")
    assert (code, err) == (0, "")
    rows = read_csv("p.csv")
    assert list(rows[0]) == list(FORECASTS)
    card = json.loads((orders / "card.json").read_text(encoding="utf-8"))
    inputs = [[float(r[k]) for r in rows] for k in ("frequency", "recency", "T", "monetary_value")]
    mean = [float(r["revenue"]) / (float(r["frequency"]) + 1) for r in rows]
    for name, values in score(card, *inputs, mean).items():
        found = [float(r[name]) for r in rows]
        assert found == pytest.approx(values.tolist(), rel=1e-9, abs=1e-12), name


def test_run_discards_its_draft(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv")
    call(*QUICK, "nothing.csv", "--out", "p.csv")
    assert list((orders / "runs" / "drafts").iterdir()) == []
    assert len(Store().runs()) == 1


def test_parquet_by_the_files_ending(orders, call):
    code, _, err = call(
        *(*QUICK, "orders.csv", "--out", "p.parquet", "--monthly", "m.parquet"),
    )
    assert (code, err) == (0, "")
    assert pq.read_table("p.parquet").column_names == list(FORECASTS)
    assert pq.read_table("m.parquet").column_names == list(MONTHLY)


def test_rejects_as_parquet(home, call):
    (home / "dirty.csv").write_text(DIRTY, encoding="utf-8")
    code, _, err = call("check", "dirty.csv", "--rejects", "r.parquet")
    assert (code, err) == (0, "")
    table = pq.read_table("r.parquet")
    assert table.column_names == list(REJECTS)
    assert "=B,soon,5" in table["text"].to_pylist()


def test_several_files_are_one_input(orders, call):
    header, *lines = shop().splitlines()
    for name, part in (("a.csv", lines[::2]), ("b.csv", lines[1::2])):
        (orders / name).write_text("\n".join([header, *part]) + "\n", encoding="utf-8")
    code, out, _ = call(*QUICK, "a.csv", "b.csv", "--out", "two.csv")
    assert code == 0
    assert out.startswith("a.csv, b.csv\n")
    call(*QUICK, "orders.csv", "--out", "one.csv")
    two, one = read_csv("two.csv"), read_csv("one.csv")
    for column in ("customer_id", "orders", "frequency", "recency", "T", "first_order"):
        assert [r[column] for r in two] == [r[column] for r in one]
    assert [float(r["predicted_clv"]) for r in two] == pytest.approx(
        [float(r["predicted_clv"]) for r in one], rel=1e-9
    )
    newest, _ = Store().runs()
    assert newest.settings["inputs"] == ["orders.csv"]


def test_predictions_replace_an_older_file(orders, call):
    (orders / "p.csv").write_text("old", encoding="utf-8")
    assert call(*QUICK, "orders.csv", "--out", "p.csv")[0] == 0
    assert len(read_csv("p.csv")) == 300


def test_the_store_option_decides_where_runs_go(orders, call):
    code, _, _ = call(*QUICK, "orders.csv", "--out", "p.csv", "--store", "elsewhere")
    assert code == 0
    assert len(Store(Path("elsewhere")).runs()) == 1
    assert not (orders / "runs").exists()
    assert call("top", "buyers", "--store", "elsewhere")[0] == 0
    assert call("top", "buyers")[0] == 2


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--as-of", "17.10.2017"], ['"17.10.2017" is not a date', "YYYY-MM-DD"]),
        (["--as-of", "2017-02-30"], ['"2017-02-30" is not a date']),
        (["--as-of", "9999-12-31"], ["9999-12-31"]),
        (["--as-of", "1990-01-01"], ["none of the", "date in the future"]),
        (["--horizon-months", "0"], ["horizon is 0 months"]),
        (["--horizon-months", "61"], ["between 1 and 60"]),
        (["--discount-rate", "10"], ["0.10 for 10 %"]),
        (["--discount-rate", "nan"], ["discount rate"]),
        (["--margin", "35"], ["0.35 for 35 %"]),
        (["--margin", "0"], ["margin is 0"]),
        (["--model", "mbgnbd"], ['no model "mbgnbd"', "mbg-nbd"]),
        (["--model", "mbg-nbd+seasons"], ['no model "mbg-nbd+seasons"', "mbg-nbd+season"]),
        (["--level", "80"], ["0.80 for 80 %"]),
        (["--layout", "shopfy"], ["shopfy", 'Did you mean "shopify"?']),
        (["--map", "customer_id=custmer_id"], ["custmer_id", 'Did you mean "customer_id"?']),
        (["--map", "customerid=customer_id"], ["customerid", 'Did you mean "customer_id"?']),
        (["--map", "customer_id"], ["not ROLE=COLUMN"]),
        (["--map", "=x"], ["not ROLE=COLUMN"]),
        (["--decimal", ";"], ["decimal mark"]),
        (["--encoding", "klingon"], ["klingon"]),
        (["--delimiter", "comma;"], ["comma;"]),
        (["--keep", "duplicates"], ["duplicates", 'Did you mean "duplicate"?']),
        (["--drop", "zero"], ["zero"]),
        (["--keep", "duplicate", "--drop", "duplicate"], ["kept and dropped at once"]),
    ],
)
def test_a_wrong_option_ends_with_2_and_says_what_is_right(orders, call, options, parts):
    code, out, err = call("run", "orders.csv", "--out", "p.csv", *options)
    assert (code, out) == (2, "")
    assert_one_block(err, *parts)
    assert not (orders / "p.csv").exists()
    assert Store().runs() == []


def test_a_layout_can_be_forced(home, call):
    code, _, err = call("check", sample_path("cdnow"), "--layout", "cdnow", "--report", "r.json")
    assert (code, err) == (0, "")
    report = json.loads((home / "r.json").read_text(encoding="utf-8"))
    assert report["layout"] == report["options"]["layout"] == "cdnow"
    code, _, err = call("check", sample_path("cdnow"), "--layout", "shopify")
    assert code == 2
    assert_one_block(err)


def test_ambiguous_dates_stop_and_name_the_option(home, call):
    (home / "o.csv").write_text(
        "customer_id,order_date,revenue\nA,03/04/2017,1\nB,05/06/2017,1\n", encoding="utf-8"
    )
    code, out, err = call("run", "o.csv", "--out", "p.csv")
    assert (code, out) == (2, "")
    assert_one_block(err, "o.csv", "--date-order")
    for order, first in (("dmy", "2017-04-03"), ("mdy", "2017-03-04")):
        assert call("check", "o.csv", "--date-order", order, "--report", "r.json")[0] == 0
        report = json.loads((home / "r.json").read_text(encoding="utf-8"))
        assert report["first_order"] == first


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("header.csv", b"customer_id,order_date,revenue\n", "no data row"),
        ("report.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        ("noid.csv", b"order_date,revenue\n2020-01-01,5\n2020-01-02,6\n", "--map customer_id="),
    ],
)
def test_a_file_that_is_no_order_file(home, call, name, content, part):
    (home / name).write_bytes(content)
    for command in (["run", name, "--out", "p.csv"], ["check", name]):
        code, out, err = call(*command)
        assert (code, out) == (2, "")
        assert_one_block(err, part, name)
    assert not (home / "p.csv").exists()


def test_rejects_and_report_are_written_when_every_row_is_rejected(home, call):
    (home / "bad.csv").write_text(
        "customer_id,order_date,revenue\n,2020-01-01,5\n=A,soon,5\n", encoding="utf-8"
    )
    for command in (["run", "bad.csv", "--out", "p.csv"], ["check", "bad.csv"]):
        code, out, err = call(*command, "--rejects", "r.csv", "--report", "r.json")
        assert (code, out) == (2, "")
        assert_one_block(err, "none of the 2 rows can be used", "bad.csv, line 2")
        rows = read_csv("r.csv")
        assert [(r["line"], r["code"]) for r in rows] == [
            ("2", "missing_customer"),
            ("3", "unreadable_date"),
        ]
        assert rows[1]["text"] == "'=A,soon,5"
        report = json.loads((home / "r.json").read_text(encoding="utf-8"))
        assert (report["rows_total"], report["rows_accepted"], report["orders"]) == (2, 0, 0)
        (home / "r.csv").unlink()
        (home / "r.json").unlink()
    assert not (home / "p.csv").exists()
    assert Store().runs() == []


def test_degraded_runs_end_well_and_say_why(home, call):
    (home / "once.csv").write_text(one_each(60), encoding="utf-8")
    code, out, err = call("run", "once.csv", "--out", "p.csv")
    assert (code, err) == (0, "")
    assert "No customer bought on a second day" in out
    assert "nan" not in out.lower().split()
    assert "None" not in out
    assert {r["predicted_clv"] for r in read_csv("p.csv")} == {""}
    for kind in ("buyers", "spenders"):
        code, out, err = call("top", kind)
        assert (code, out) == (2, "")
        assert_one_block(err, "no forecast of", "No customer bought on a second day")


def test_without_values_there_are_buyers_and_no_spenders(home, call):
    (home / "o.csv").write_text(shop(value=""), encoding="utf-8")
    code, out, err = call(*QUICK, "o.csv", "--out", "p.csv")
    assert (code, err) == (0, "")
    assert "purchases" in out
    assert "None" not in out
    code, out, err = call("top", "buyers", "--n", "3")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 4
    assert "None" not in out
    code, out, err = call("top", "spenders")
    assert (code, out) == (2, "")
    assert_one_block(err, "no forecast of revenue", "no column with values")


# -- outputs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", OUTPUTS)
def test_outputs_into_a_missing_folder_are_refused_before_the_work(orders, call, option):
    outputs = {"--out": "p.csv"} | {option: "missing/file.csv"}
    arguments = [word for pair in outputs.items() for word in pair]
    code, out, err = call("run", "orders.csv", *arguments)
    assert (code, out) == (2, "")
    assert_one_block(err, "missing/file.csv", "folder")
    assert {p.name for p in orders.iterdir()} == {"orders.csv"}


def test_an_output_that_is_a_folder_is_refused(orders, call):
    (orders / "folder").mkdir()
    code, _, err = call("run", "orders.csv", "--out", "folder")
    assert code == 2
    assert_one_block(err, "folder")
    assert {p.name for p in orders.iterdir()} == {"orders.csv", "folder"}


@pytest.mark.parametrize("option", OUTPUTS)
@pytest.mark.parametrize("way", ["orders.csv", "./x/../orders.csv", "symlink.csv"])
def test_outputs_that_would_overwrite_an_input_are_refused(orders, call, option, way):
    (orders / "x").mkdir()
    (orders / "symlink.csv").symlink_to("orders.csv")
    before = (orders / "orders.csv").read_bytes()
    outputs = {"--out": "p.csv"} | {option: way}
    arguments = [word for pair in outputs.items() for word in pair]
    code, out, err = call("run", "orders.csv", *arguments)
    assert (code, out) == (2, "")
    assert_one_block(err, Path(way).name)
    assert (orders / "orders.csv").read_bytes() == before
    assert not (orders / "p.csv").exists()
    assert Store().runs() == []


@pytest.mark.parametrize("option", OUTPUTS)
def test_an_output_that_shares_its_bytes_with_an_input_does_not_change_it(orders, call, option):
    """A hard link is another name of the same file: writing into it would write over the input."""
    (orders / "hardlink.csv").hardlink_to("orders.csv")
    before = (orders / "orders.csv").read_bytes()
    outputs = {"--out": "p.csv"} | {option: "hardlink.csv"}
    arguments = [word for pair in outputs.items() for word in pair]
    code, _, _ = call("run", "orders.csv", *arguments)
    assert code in {0, 2}
    assert (orders / "orders.csv").read_bytes() == before


def test_two_outputs_of_one_name_are_refused(orders, call):
    code, out, err = call("run", "orders.csv", "--out", "p.csv", "--report", "./p.csv")
    assert (code, out) == (2, "")
    assert_one_block(err, "p.csv")
    assert {p.name for p in orders.iterdir()} == {"orders.csv"}


def test_check_does_not_overwrite_its_input_either(orders, call):
    before = (orders / "orders.csv").read_bytes()
    for option in ("--rejects", "--report"):
        code, _, err = call("check", "orders.csv", option, "orders.csv")
        assert code == 2
        assert_one_block(err, "orders.csv")
    assert (orders / "orders.csv").read_bytes() == before


# -- check ------------------------------------------------------------------------------------------


def test_check_reports_and_forecasts_nothing(home, call):
    (home / "dirty.csv").write_text(DIRTY, encoding="utf-8")
    code, out, err = call("check", "dirty.csv", "--rejects", "r.csv", "--report", "r.json")
    assert (code, err) == (0, "")
    assert out.startswith("dirty.csv\n")
    assert "5 = 2 accepted + 3 rejected" in out
    for reason in ("missing_customer", "unreadable_date", "unreadable_number"):
        assert re.search(rf"\b1  {reason}\b", out)
    assert "2 of 1 customers, 2020-01-01 to 2020-02-11" in out
    report = json.loads((home / "r.json").read_text(encoding="utf-8"))
    assert report.keys() >= REPORT_KEYS
    assert (report["rows_total"], report["rows_accepted"], report["rows_rejected"]) == (5, 2, 3)
    assert report["reasons"] == {
        "missing_customer": 1,
        "unreadable_date": 1,
        "unreadable_number": 1,
    }
    assert (report["orders"], report["customers"], report["revenue"]) == (2, 1, 30.0)
    assert (report["first_order"], report["last_order"]) == ("2020-01-01", "2020-02-11")
    assert [f["name"] for f in report["files"]] == ["dirty.csv"]
    rows = read_csv("r.csv")
    assert [r["line"] for r in rows] == ["4", "5", "6"]
    assert {r["file"] for r in rows} == {"dirty.csv"}
    assert [r["text"] for r in rows] == [",2020-01-01,5", "'=B,soon,5", "C,2020-01-01,much"]
    assert Store().runs() == []
    assert {p.name for p in home.iterdir()} == {"dirty.csv", "r.csv", "r.json"}


def test_check_takes_the_as_of_date(orders, call):
    code, _, err = call("check", "orders.csv", "--as-of", "2017-01-31", "--report", "r.json")
    assert (code, err) == (0, "")
    report = json.loads((orders / "r.json").read_text(encoding="utf-8"))
    assert report["as_of"] == "2017-01-31"
    assert report["last_order"] <= "2017-01-31"
    assert report["reasons"].keys() == {"future_date"}


# -- top --------------------------------------------------------------------------------------------


def test_top_prints_a_table_in_order(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv")
    run = Store().latest()
    for kind, figure in (("buyers", "predicted_purchases"), ("spenders", "predicted_revenue")):
        code, out, err = call("top", kind, "--n", "12")
        assert (code, err) == (0, "")
        header, *lines = [line.split() for line in out.splitlines()]
        assert header == [
            *("rank", "customer_id", "orders", "p_purchase", "predicted_purchases"),
            *("predicted_revenue", "predicted_clv"),
        ]
        table = run.top(kind, 12)
        assert [line[0] for line in lines] == [str(i) for i in range(1, 13)]
        assert [line[1] for line in lines] == table["customer_id"].to_pylist()
        position = header.index(figure)
        assert [line[position] for line in lines] == [f"{v:.3f}" for v in table[figure].to_pylist()]
        widths = {len(line) for line in out.splitlines()}
        assert len(widths) == 1, "columns are aligned"
    assert len(call("top", "buyers")[1].splitlines()) == 101


def test_top_writes_csv(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv")
    code, out, err = call("top", "spenders", "-n", "5", "--out", "top.csv")
    assert (code, err) == (0, "")
    assert "top.csv" in out
    rows = read_csv("top.csv")
    assert list(rows[0]) == ["rank", *FORECASTS, "predicted_revenue"]
    best = Store().latest().top("spenders", 5)["customer_id"].to_pylist()
    assert [r["customer_id"] for r in rows] == best


def test_top_of_more_customers_than_there_are(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv")
    code, out, err = call("top", "buyers", "--n", "1000", "--out", "top.csv")
    assert (code, err) == (0, "")
    assert len(read_csv("top.csv")) == 300
    assert "1000" not in out, "it says how many were written, not how many were asked for"


def test_top_of_an_older_run_by_id(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv", "--horizon-months", "1")
    older = Store().latest()
    call(*QUICK, "orders.csv", "--out", "p.csv", "--horizon-months", "60")
    newest, second = Store().runs()
    assert second == older
    first = {}
    for name, arguments in (("newest", []), ("older", ["--run", older.id])):
        code, out, err = call("top", "buyers", "--n", "1", *arguments)
        assert (code, err) == (0, "")
        first[name] = float(out.splitlines()[1].split()[4])
    for name, run in (("newest", newest), ("older", older)):
        assert first[name] == round(run.top("buyers", 1)["predicted_purchases"][0].as_py(), 3)
    assert first["older"] < first["newest"]


@pytest.mark.parametrize("run_id", ["0" * 32, "../runs", "latest", "x" * 500])
def test_top_of_a_run_that_is_not_there(home, call, run_id):
    code, out, err = call("top", "buyers", "--run", run_id)
    assert (code, out) == (2, "")
    assert_one_block(err, "no run")
    assert len(err) < 300


def test_top_before_any_run_says_how_to_make_one(call):
    code, out, err = call("top", "buyers")
    assert (code, out) == (2, "")
    assert_one_block(err, "no run yet", "python -m clv run")


def test_top_into_a_missing_folder(orders, call):
    call(*QUICK, "orders.csv", "--out", "p.csv")
    code, _, err = call("top", "buyers", "--out", "missing/top.csv")
    assert code == 2
    assert_one_block(err, "missing/top.csv")


# -- sample -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_written_and_can_be_checked(home, call, name):
    code, out, err = call("sample", name, "--out", "sample.csv")
    assert (code, err) == (0, "")
    assert SAMPLES[name].title in out
    assert (home / "sample.csv").read_bytes() == sample_path(name).read_bytes()
    code, out, err = call("check", "sample.csv")
    assert (code, err) == (0, "")
    assert "accepted" in out


def test_an_unknown_sample(home, call):
    code, out, err = call("sample", "shopfy", "--out", "s.csv")
    assert (code, out) == (2, "")
    assert_one_block(err, 'no sample "shopfy"', 'Did you mean "shopify"?', *SAMPLES)
    assert not (home / "s.csv").exists()


def test_a_sample_into_a_missing_folder(call):
    code, _, err = call("sample", "cdnow", "--out", "missing/s.csv")
    assert code == 2
    assert_one_block(err, "missing/s.csv")


# -- our fault --------------------------------------------------------------------------------------


def test_a_fault_of_ours_ends_with_1_and_without_traceback(orders, call, monkeypatch):
    def broken(*_):
        msg = "first line\nsecond line"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("clv.forecast.predictions.make", broken)
    code, out, err = call(*QUICK, "orders.csv", "--out", "p.csv")
    assert (code, out) == (1, "")
    assert_one_block(err, "our side", "ZeroDivisionError: first line", "CLV_DEBUG=1")
    assert "second line" not in err
    assert not (orders / "p.csv").exists()
    assert Store().runs() == []
    monkeypatch.setenv("CLV_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["clv", *QUICK, "orders.csv", "--out", "p.csv"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_control_c_ends_with_130(orders, call, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("clv.forecast.predictions.make", stopped)
    code, out, err = call(*QUICK, "orders.csv", "--out", "p.csv")
    assert code == 130
    assert "Traceback" not in out + err
    assert Store().runs() == []
    assert not (orders / "p.csv").exists()
    assert list((orders / "runs" / "drafts").iterdir()) == []
