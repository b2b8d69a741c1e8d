"""The page on first-year value: its words by hand, every view, every kind of run."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest

from clv.apps.ui import first_year, first_year_worth, jobs, page
from clv.core.formatting import money, percent
from clv.insights import newcomers
from clv.insights.newcomers import training
from clv.insights.newcomers.curves import Interval
from clv.insights.newcomers.onboarding import Mark
from clv.insights.newcomers.second_order import Difference, SecondOrder
from clv.learn.plans import Design
from clv.learn.work import Work
from clv.report.words import first_year as words
from clv.runs import csv_of
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm
from tests.insights.test_worth import QUICK
from tests.shops import make_run, new_store, shop

WHERE = "First_year_value"
DESIGN = Design("early", 12, after=("1m", "3m"))


def labelled(**kinds):
    lines = shop(**kinds).splitlines()
    label = [f"{line},{'ads' if int(line[1:5]) % 3 else 'mail'}" for line in lines[1:]]
    return "\n".join([f"{lines[0]},channel", *label]) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    store = new_store(tmp_path_factory.mktemp("first_year"))
    content = labelled(customers=900, days=900)
    return make_run(store, content, currency="EUR", options={"labels": ("channel",)})


@pytest.fixture(scope="module")
def kept(run):
    return training.make(run, QUICK, Work())


@pytest.fixture
def here(monkeypatch, run):
    monkeypatch.setenv("CLV_RUNS", str(run.path.parents[1]))


def plain(text):
    return text.replace("\u00a0", " ")


def plainly(elements):
    return "\n".join(str(e.value) for e in elements).replace("\\", "")


def see(at, view):
    at.segmented_control(key="first_year_view").set_value(view).run()
    return calm(at)


def cards(at):
    return {m.label: m.value for m in at.metric}


# -- the page ---------------------------------------------------------------------------------------


def test_empty_page_leads_to_the_upload(pages):
    at = pages.open(WHERE)
    assert "What a new customer brings in the first year" in calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


def test_what_customers_are_worth(pages, here, run):
    at = pages.open(WHERE, run=run.id)
    read = calm(at)
    lives = newcomers.lives_of(run, 12)
    everyone = newcomers.newcomers_of(lives)
    mean = lives.value.mean()
    assert plain(words.sentence(everyone, 12, None, "EUR")) in read
    assert f"A new customer brings {money(mean, 'EUR')} in 12 months" in read
    shown = cards(at)
    assert shown["Worth in 12 months"] == money(mean, "EUR")
    assert shown["Watched for 12 months"] == f"{len(lives):,}"
    assert shown["Months that can be looked at"] == str(newcomers.longest(run))
    assert len(at.get("plotly_chart")) == 2
    compared = newcomers.compare(lives, "channel")
    assert plain(words.groups_title(compared, "channel", 12, "EUR")) in read
    rows = {r["channel"]: r for r in at.dataframe[0].value.to_dict("records")}
    assert set(rows) == {"ads", "mail"}
    for group in compared.groups:
        row = rows[group.newcomers.value]
        assert row["Customers"] == group.newcomers.customers
        assert row["Worth in 12 months (€)"] == pytest.approx(group.newcomers.brought[-1])
        # The label says nothing.
        assert row["Beside the others"] == "no more than chance"
    found = newcomers.second_order(lives, 30, "channel")
    assert plain(words.second_title([found], "EUR")) in read
    assert words.CORRELATION in read
    assert plain(words.marks_title(newcomers.marks(lives), 12)) in read


def test_other_months_give_other_figures(pages, here, run):
    at = pages.open(WHERE, run=run.id)
    at.number_input(key=f"first_year_months_{run.id}").set_value(3).run()
    read = calm(at)
    assert f"{money(newcomers.lives_of(run, 3).value.mean(), 'EUR')} in 3 months" in read
    assert "Watched for 3 months" in cards(at)


def test_a_training_in_the_background(pages, tmp_path, monkeypatch):
    everything = training.train

    def quick(*args, **kwargs):
        return everything(*args, **kwargs | {"learners": ["boosting"]})

    monkeypatch.setattr(training, "train", quick)
    store = new_store(tmp_path)
    content = labelled(customers=900, days=900)
    run = make_run(store, content, options={"labels": ("channel",)})
    at = pages.open(WHERE, run=run.id)
    see(at, "forecast")
    wish = training.Wish(DESIGN, ("channel",))
    assert training.stored(run, wish.key) is None
    at.button(key="train").click().run()
    read = calm(pages.settle(at))
    assert training.stored(run, wish.key).wish.design == DESIGN
    assert "Who forecasts best" in read
    assert "This has been trained already" in read


def test_a_training_that_is_stopped(pages, here, run, monkeypatch):
    def slow(_, wish, work):
        assert wish.design == DESIGN
        while True:
            work.check()

    monkeypatch.setattr(training, "make", slow)
    monkeypatch.setattr(training, "stored", lambda *_: None)
    at = pages.open(WHERE, run=run.id)
    see(at, "forecast")
    at.button(key="train").click().run()
    assert jobs.find(f"train:{run.id}").words == "Starting"
    at.button(key="stop_job").click().run()
    at = pages.settle(at)
    calm(at)
    assert "The training was stopped. Nothing was changed." in [i.value for i in at.info]
    assert at.button(key="train")


def test_what_the_training_found(pages, here, run, kept):
    at = pages.open(WHERE, run=run.id)
    at.number_input(key=f"first_year_months_{run.id}").set_value(3).run()
    share = percent(words.chosen_row(kept)["whole"]["top10"])
    assert plain(f"the best tenth by our forecast brings {share} of that value") in calm(at)
    assert cards(at)["Best tenth brings"] == share
    read = see(at, "forecast")
    assert plain(words.verdict(kept)) in read
    assert plain(words.design_title(kept)) in read
    assert words.thin(kept.report["board"]) == ""
    assert plain(words.gain_title(kept, "remaining")) in read
    assert len(at.get("plotly_chart")) == 5
    board = at.dataframe[0].value.set_index("Forecast")
    rows = kept.report["board"]["rows"]
    assert list(board.index) == [words.row_title(r["name"], "boosting") for r in rows]
    total, later = kept.report["board"]["total"], kept.report["board"]["remaining"]
    n = kept.report["board"]["customers"]
    first = rows[0]
    error = first["remaining"]["mae"]
    assert error == pytest.approx(first["whole"]["mae"])
    assert board.iloc[0]["Error (€)"] == pytest.approx(error)
    assert board.iloc[0]["of whole (%)"] == pytest.approx(100 * error * n / total)
    assert board.iloc[0]["of later (%)"] == pytest.approx(100 * error * n / later)
    assert board.iloc[0]["of later (%)"] > board.iloc[0]["of whole (%)"]
    # The whole value is one click away, the months another.
    at.segmented_control(key="first_year_part").set_value("whole").run()
    assert plain(words.gain_title(kept, "whole")) in calm(at)
    at.session_state["fold_months"] = True
    at.run()
    assert plain(words.months_title(kept.report["months"], "EUR")) in calm(at)
    assert len(at.get("plotly_chart")) == 6


def test_what_one_may_cost(pages, here, run, kept):
    at = pages.open(WHERE, run=run.id)
    at.number_input(key=f"first_year_months_{run.id}").set_value(3).run()
    see(at, "bids")
    at.number_input(key=f"first_year_margin_{run.id}").set_value(40.0).run()
    at.number_input(key=f"first_year_cost_{run.id}").set_value(20.0).run()
    assert plain(words.bids_title(kept, 0.4, 3, "EUR")) in calm(at)
    best = at.dataframe[0].value.iloc[0]
    came = kept.bids[0].came
    assert best["Most you could pay"] == money(0.4 * came.brought[-1], "EUR")
    assert best["Earned back in"] == f"month {came.payback(0.4, 20.0)}"
    # Costs by channel.
    content = b"channel,spend\nADS,900\nmail,3\nradio,5\nmail,lots\n"
    at.file_uploader(key="spend_upload_0").upload("costs.csv", content, "text/csv").run()
    read = calm(at)
    assert "No customer has the channel radio" in read
    assert "1 row of 4 left out" in read
    rows = {r["Channel"]: r for r in at.dataframe[1].value.to_dict("records")}
    won = dict(
        run.query("SELECT channel, count(*) n FROM labels GROUP BY 1").to_pandas().to_numpy()
    )
    assert rows["ads"]["Customers won"] == won["ads"]
    assert rows["ads"]["Cost of one"] == money(900 / won["ads"], "EUR")
    assert rows["mail"]["Verdict"] == "✓ earned back"
    # A file of which nothing is left says why, and what to bring.
    for turn, (bad, why) in enumerate(
        (
            (b"foo,bar\na,b\n", "`bar` is 'b', not an amount."),
            (b"channel,spend\n", "It has no rows."),
        ),
        1,
    ):
        at.file_uploader(key=f"spend_upload_{turn}").upload("bad.csv", bad, "text/csv").run()
        calm(at)
        told = plainly(at.warning)
        assert f"Nothing of this file can be used. {why}" in told
        assert "Write a table with two columns, channel and spend" in told


def test_a_newer_training_of_another_kind_takes_nothing_away(pages, here, run, kept, monkeypatch):
    wish = replace(QUICK, design=Design("window", 3, days=(30,)))
    newer = training.make(run, wish, Work())
    try:
        assert run.trainings == [newer.key, kept.key]
        at = pages.open(WHERE, run=run.id)
        at.number_input(key=f"first_year_months_{run.id}").set_value(3).run()
        share = percent(words.chosen_row(kept)["whole"]["top10"])
        assert cards(at)["Best tenth brings"] == share
        assert plain(words.bids_title(kept, 1.0, 3, "EUR")) in see(at, "bids")
        # The newest is shown, unless the settings are those of another.
        read = see(at, "forecast")
        assert plain(words.design_title(newer)) in read
        assert plain(words.design_title(kept)) not in read
        asked, stored = replace(QUICK, learners=None).key, training.stored
        monkeypatch.setattr(
            training, "stored", lambda run, key: kept if key == asked else stored(run, key)
        )
        at.run()
        read = calm(at)
        assert "This has been trained already and is shown below" in read
        assert plain(words.design_title(kept)) in read
        assert plain(words.design_title(newer)) not in read
    finally:
        shutil.rmtree(run.training(newer.key))


def test_the_verdict_says_once_that_nobody_else_could_decide(kept):
    choice = kept.report["choice"] | {"reason": "So it is.", "unseen": False}
    told = words.verdict(replace(kept, report=dict(kept.report) | {"choice": choice}))
    assert told == "**Gradient boosting** is the forecast. So it is."


def test_few_customers_to_tell_forecasts_apart_by_are_warned_of(kept):
    assert words.thin({"returned": 30}) == words.thin({}) == ""
    few = dict(kept.report) | {"board": kept.report["board"] | {"returned": 1}}
    told = words.design_title(replace(kept, report=few))
    assert told.endswith(
        " later ones. Only 1 of those held out spent anything that could be predicted: too few to "
        "tell forecasts apart."
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (shop(value="", customers=60), words.NO_MONEY),
        (
            "customer_id,order_date,revenue\na,2017-01-01,10\nb,2017-06-01,10\n",
            "Fewer than 30 customers have been watched for a month",
        ),
        (shop(customers=50), "A new customer brings"),
    ],
    ids=["no-amounts", "two-customers", "fifty-customers"],
)
def test_runs_that_say_little(pages, tmp_path, content, told):
    run = make_run(new_store(tmp_path), content)
    at = pages.open(WHERE, run=run.id)
    assert told in calm(at)
    if told.startswith("A new"):
        assert "of that value" not in calm(at)
        see(at, "bids")
        at.segmented_control(key="first_year_view").set_value("forecast").run()
        assert "shorter one there are too few customers: 100 to learn" in plainly(at.warning)


def test_too_few_customers_are_said_when_one_trains(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(customers=60, days=1400))
    at = pages.open(WHERE, run=run.id)
    see(at, "forecast")
    at.button(key="train").click().run()
    at = pages.settle(at)
    assert not at.exception
    assert "at least 100 are needed" in at.error[0].value


def test_a_history_that_is_too_short_for_the_forecast_says_so(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(customers=1000, days=400))
    at = pages.open(WHERE, run=run.id)
    at.segmented_control(key="first_year_view").set_value("forecast").run()
    calm(at)
    assert "too short to predict" in plainly(at.warning)
    assert "longest horizon that these orders support is 6 months" in plainly(at.warning)
    assert not [b for b in at.button if b.key == "train"]


def test_a_history_without_a_forecast_shows_what_customers_brought(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False)
    assert "A new customer brings" in calm(pages.open(WHERE, run=run.id))


def test_a_changed_training_is_said_and_left_out(pages, here, run, kept):
    assert run.trainings[0] == kept.key
    card = run.training(kept.key) / "card.json"
    text = card.read_text()
    try:
        card.write_text(text.replace('"trained"', '"tamed"', 1))
        at = pages.open(WHERE, run=run.id)
    finally:
        card.write_text(text)
    assert not at.exception
    assert "changed after the training" in plainly(at.error)
    assert "Best tenth brings" not in cards(at)
    assert "Worth in 12 months" in cards(at)


def test_the_table_as_a_file(run):
    found = newcomers.compare(newcomers.lives_of(run, 12), "channel")
    rows = list(
        csv.DictReader(io.StringIO(csv_of(first_year_worth.groups_table(found, 12)).decode()))
    )
    assert [r["value"] for r in rows] == ["ads", "mail"]
    assert float(rows[0]["revenue_12_months"]) == found.groups[0].newcomers.brought[-1]
    assert rows[0]["beside_the_others"] == "same"


def test_the_page_is_in_the_navigation():
    names = [label for _, label, _ in page._PAGES]
    assert names[names.index("Model health") + 1] == first_year.TITLE


# -- words ------------------------------------------------------------------------------------------


def early(days=30, mean=40.0, error=5.0, matched=(12.0, 2.0)):
    return SecondOrder(
        days, 50, 500, 30.0, Difference(mean, error), matched and Difference(*matched), 48, 300
    )


UNCERTAIN = (
    "Who orders again within 30 days brings no more later than customers who began alike, as far as "
    "can be told"
)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], "Too few customers ordered again early to say what that goes along with"),
        (
            [early()],
            "Who orders again within 30 days later brings €12.00 more than customers who began alike",
        ),
        (
            [early(matched=(-12.0, 2.0))],
            "Who orders again within 30 days later brings €12.00 less than customers who began alike",
        ),
        (
            [early(matched=(3.0, 2.0))],
            UNCERTAIN,
        ),
        (
            [early(matched=None)],
            "Who orders again within 30 days brings €40.00 more later; too few began alike to compare",
        ),
    ],
)
def test_second_orders_in_words(found, told):
    assert words.second_title(found, "EUR") == told


def test_differences_in_words():
    assert words.difference(Difference(12.0, 2.0), "EUR") == "+€12.00 (€8.08 to €15.92)"
    assert words.difference(Difference(-12.0, 2.0), "EUR") == "−€12.00 (−€15.92 to −€8.08)"
    assert words.difference(None, "EUR") == "too few alike"


def test_marks_in_words():
    found = [Mark(1, Interval(0.8, 0.01), 0.2, 0.9), Mark(3, Interval(0.9, 0.01), 0.6, 0.95)]
    title = plain(words.marks_title(found, 12))
    assert (
        title
        == "80 % of the value of the first 12 months has come in after month 1, 90 % after month 3"
    )
    assert "by the end of month 3" in words.onboarding(found)
    assert "only 20 % have done so after month 1" in plain(words.onboarding(found[:1]))
    assert words.marks_title([], 1).endswith("so short a time")
    assert "Nobody has come back" in words.onboarding([Mark(1, None, None, None)])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rev_1m", "Revenue in the first month"),
        ("n_orders_3m", "Orders in the first 3 months"),
        ("share_3m:toys", "Share of revenue in the first 3 months, toys"),
        ("days_14d", "Days with an order in the first 14 days"),
        ("cohort_month", "Month of the first order"),
        ("first_review_score", "Review score of the first order"),
        ("first_review_score_missing", "Review score of the first order not known"),
        ("customer_state", "Customer state"),
    ],
)
def test_features_of_first_months_in_words(name, told):
    assert words.feature(name, DESIGN) == told


def test_features_of_windows_in_words():
    window = Design("window", 6)
    assert words.feature("rev_30d:toys", window) == "Revenue in the last 30 days, toys"
    assert words.feature("mean_7d", window) == "Mean order in the last 7 days"
    assert words.feature("trend_60d", window) == "Revenue in the last 60 days less that before"


def test_points_of_effects_in_words():
    def told(kind, *values):
        points = [{"value": v, "expected": 1.0, "customers": 3} for v in values]
        return [p["value"] for p in words.points({"kind": kind, "points": points})]

    assert told("month", 24205.0, 24204.0) == ["Feb 2017", "Jan 2017"]
    assert told("flag", 0.0, 1.0) == ["no", "yes"]
    assert told("number", 2.5) == [2.5]
    low = {"kind": "number", "points": [{"value": 1, "expected": -3.0, "customers": 1}]}
    assert words.points(low)[0]["expected"] == 0


def test_the_card_says_what_the_page_says(kept):
    assert json.loads(kept.card())["report"]["choice"] == kept.report["choice"]
