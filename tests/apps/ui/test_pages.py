import pytest

from clv.apps.ui import jobs, session
from clv.runs import Store
from clv.samples import SAMPLES, sample_path
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run

PAGES = ["", "Top_customers", "Customer_lookup", "Segments"]


def query(at, name):
    """Return one parameter of the address."""
    found = at.query_params[name]
    return found if isinstance(found, str) else found[0]


def calm(at):
    """Assert that nothing went wrong, and that no missing value shows."""
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    read = texts(at)
    for word in ("nan", "NaN", "None ", "Traceback", "inf "):
        assert word not in read, read
    return read


def test_home_without_anything(pages):
    at = pages.open()
    assert "What are your customers worth" in calm(at)
    assert {b.key for b in at.button} >= {f"sample_{name}" for name in SAMPLES}


@pytest.mark.parametrize("where", PAGES[1:])
def test_empty_pages_lead_to_the_upload(pages, where):
    at = pages.open(where)
    calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


@pytest.mark.parametrize("where", PAGES)
def test_wrong_run(pages, where):
    at = pages.open(where, run="abc")
    assert "There is no run" in at.error[0].value
    assert not at.exception


def test_draft_that_is_gone(pages):
    at = pages.open(draft="0" * 32)
    assert "no longer here" in at.error[0].value
    at.button(key="start_over").click().run()
    assert "What are your customers worth" in calm(at)


def test_sample_to_summary_and_back(pages):
    at = pages.open()
    at.button(key="sample_order-lines").click().run()
    at = pages.settle(at)
    read = calm(at)
    report = Store().draft(query(at, "draft")).report
    assert f"{report['rows_rejected']:,} left out = {report['rows_total']:,} rows" in read
    at.number_input(key="horizon_months").set_value(6)
    at.selectbox(key="currency").set_value("EUR")
    at.button(key="run_forecast").click().run()
    at = pages.settle(at)
    read = calm(at)
    run = Store().run(query(at, "run"))
    assert run.settings["horizon_months"] == 6
    assert "next 6 months" in read
    assert f"Customers {run.summary['customers']:,}" in read
    assert len(at.get("plotly_chart")) == 2
    # A visitor who opens the link later sees the same.
    again = pages.open(run=run.id)
    assert [m.value for m in again.metric] == [m.value for m in at.metric]
    # Back to the settings of the same upload.
    at.button(key="change_settings").click().run()
    assert at.button(key="run_forecast")


def test_earlier_as_of_date_checks_again(pages):
    at = pages.open()
    at.button(key="sample_order-lines").click().run()
    at = pages.settle(at)
    at.date_input(key="as_of").set_value("2017-06-30")
    at.button(key="run_forecast").click().run()
    at = pages.settle(at)
    calm(at)
    run = Store().run(query(at, "run"))
    assert run.settings["as_of"] == "2017-06-30"
    assert run.report["reasons"]["future_date"] > 0


def test_rule_can_be_turned_round(pages):
    at = pages.open()
    at.button(key="sample_order-lines").click().run()
    at = pages.settle(at)
    before = Store().draft(query(at, "draft")).report["rows_accepted"]
    toggle = next(t for t in at.toggle if t.label.startswith("Count exact repeats"))
    toggle.set_value(True).run()
    at = pages.settle(at)
    calm(at)
    after = Store().draft(query(at, "draft")).report
    assert after["rules"]["duplicate"] == "keep"
    assert after["rows_accepted"] > before


def test_a_refreshed_page_keeps_its_reading_and_still_obeys(pages):
    at = pages.open()
    at.button(key="sample_order-lines").click().run()
    draft = query(pages.settle(at), "draft")
    before = Store().draft(draft).report["rows_accepted"]

    def repeats(at):
        return next(t for t in at.toggle if t.label.startswith("Count exact repeats"))

    # Another session has no memory of the first: what the draft was checked with decides.
    again = pages.settle(pages.open(draft=draft))
    assert repeats(again).value is False
    repeats(again).set_value(True).run()
    pages.settle(again)
    assert Store().draft(draft).report["rows_accepted"] > before
    third = pages.settle(pages.open(draft=draft))
    assert repeats(third).value is True
    assert Store().draft(draft).report["rules"]["duplicate"] == "keep"


def upload(pages, name, content):
    at = pages.open()
    at.file_uploader(key="upload_0").upload(name, content, "text/csv").run()
    return pages.settle(at)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("doc.csv", b"%PDF-1.7\n\x00\x01", "PDF"),
        ("bad.csv", b"customer_id,date,value\n,2017-01-01,4\nA,zzz,3\n", "none of the 2 rows"),
    ],
)
def test_unusable_files(pages, name, content, said):
    at = upload(pages, name, content)
    assert said in at.error[0].value.replace("\\", "")
    assert not at.exception
    assert at.button(key="start_over")


def test_ambiguous_dates_are_asked_about(pages):
    at = upload(pages, "a.csv", b"customer_id,date,value\nA,03/04/2017,1\nB,05/06/2017,2\n")
    radio = at.radio[0]
    assert [o.replace("\u00a0", " ") for o in radio.options] == [
        "3 Apr 2017 (day first)",
        "4 Mar 2017 (month first)",
    ]
    radio.set_value("mdy").run()
    at = pages.settle(at)
    calm(at)
    assert Store().draft(query(at, "draft")).report["first_order"] == "2017-03-04"


def test_missing_column_can_be_chosen(pages):
    rows = b"".join(b"P%d,2017-0%d-03,12.5\n" % (i, i % 9 + 1) for i in range(60))
    at = upload(pages, "a.csv", b"wer,date,value\n" + rows)  # No value of “wer” occurs twice.
    assert "customer" in at.warning[0].value
    assert "--map" not in texts(at)
    box = next(b for b in at.selectbox if b.label.startswith("Customer (needed)"))
    box.set_value("wer")
    next(b for b in at.button if b.label == "Read the file this way").click().run()
    at = pages.settle(at)
    calm(at)
    assert Store().draft(query(at, "draft")).report["mapping"]["customer_id"] == "wer"


def test_unexpected_errors_have_a_reference_and_no_traceback(pages, monkeypatch, caplog):
    def broken():
        msg = "secret detail"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(session, "store", broken)
    at = pages.open(run="0" * 32)
    assert not at.exception
    shown = at.error[0].value.replace("\\", "")
    assert "something went wrong on our side" in shown
    assert "secret detail" not in texts(at)
    reference = shown.rsplit(": ", 1)[1].rstrip(".")
    assert reference in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("where", PAGES)
@pytest.mark.parametrize("currency", ["EUR", "USD", ""])
def test_fake_run(pages, tmp_path, where, currency):
    run = fake_run(tmp_path, currency=currency)
    calm(pages.open(where, run=run.id))


@pytest.mark.parametrize("where", PAGES)
@pytest.mark.parametrize("forecast", [True, False])
def test_runs_without_value_or_forecast(pages, tmp_path, where, forecast):
    run = fake_run(
        tmp_path, customers=30, value=False, forecast=forecast, notes=("Here is why.",), currency=""
    )
    at = pages.open(where, run=run.id, **({"customer": "C00003"} if "lookup" in where else {}))
    assert "Here is why." in calm(at)
    assert not any("evenue" in m.label or "Worth" in m.label for m in at.metric)


def test_top_customers(pages, tmp_path):
    run = fake_run(tmp_path)
    at = pages.open("Top_customers", run=run.id)
    shown = at.dataframe[0].value
    expected = run.top("buyers", 100)
    assert shown["Customer"].tolist() == expected["customer_id"].to_pylist()
    assert shown["Expected orders"].tolist() == [
        round(v, 1) for v in expected["predicted_purchases"].to_pylist()
    ]
    at.get("button_group")[0].set_value("spenders")
    at.number_input(key="how_many").set_value(20).run()
    calm(at)
    shown = at.dataframe[0].value
    assert shown["Customer"].tolist() == run.top("spenders", 20)["customer_id"].to_pylist()


def test_job_is_found_again_by_another_session(pages):
    done = []

    def work(progress):
        progress("Reading rows", 1_200_000, 3_400_000)
        done.append(1)
        return "result"

    first = jobs.start("k", work)
    jobs.wait(first, 10)
    assert jobs.find("k") is first
    assert first.words == "Reading rows 1.2\u00a0M / 3.4\u00a0M"
    assert (first.result, first.finished, first.failure) == ("result", True, None)
    # Finished jobs give way to new ones under the same name; unknown keys give nothing.
    second = jobs.start("k", work)
    jobs.wait(second, 10)
    assert second is not first
    assert done == [1, 1]
    jobs.forget("k")
    assert jobs.find("k") is None


def test_job_that_fails_says_so(pages, caplog):
    def work(_progress):
        msg = "boom"
        raise RuntimeError(msg)

    job = jobs.start("f", work)
    jobs.wait(job, 10)
    assert job.failure
    assert job.failure.reference in caplog.text


def test_names_are_shown_as_they_stand(pages):
    at = upload(
        pages, "a*b*_c_$d$.csv", b"customer_id,date,value\nA,2017-01-04,10\nA,2017-03-04,11\n"
    )
    assert at.title[0].value == r"a\*b\*\_c\_\$d\$\.csv"
    calm(at)


def test_settings_are_found_again(pages):
    at = pages.open()
    at.button(key="sample_order-lines").click().run()
    at = pages.settle(at)
    at.number_input(key="horizon_months").set_value(24)
    at.number_input(key="margin").set_value(35.0)
    at.selectbox(key="model").set_value("bg-nbd")
    at.number_input(key="level").set_value(90)
    at.button(key="run_forecast").click().run()
    at = pages.settle(at)
    assert "at a margin of 35 %" in calm(at)
    at.button(key="change_settings").click().run()
    assert at.number_input(key="horizon_months").value == 24
    assert at.number_input(key="margin").value == 35.0
    assert at.selectbox(key="model").value == "bg-nbd"
    assert at.number_input(key="level").value == 90


def test_several_files(pages):
    lines = sample_path("order-lines").read_bytes().splitlines(keepends=True)
    at = pages.open()
    uploader = at.file_uploader(key="upload_0")
    uploader.upload("a.csv", b"".join(lines[:3000]), "text/csv")
    uploader.upload("b.csv", lines[0] + b"".join(lines[3000:6000]), "text/csv")
    at = pages.settle(uploader.run())
    assert "a.csv and 1 more" in calm(at)
    report = Store().draft(query(at, "draft")).report
    assert [f["name"] for f in report["files"]] == ["a.csv", "b.csv"]
