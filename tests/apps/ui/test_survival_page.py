"""The survival page: what it says, what it draws, that a seed gives it again."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from clv.insights import simulate
from clv.models.purchase.draws import MARKS
from clv.report import charts
from clv.report.words import survival as words
from clv.runs import read_json, write_json
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm


def open_page(pages, run, **query):
    return pages.open("Survival", run=run.id, **query)


def numbers(at):
    """Return everything on the page that chance decides."""
    specs = [json.loads(c.proto.spec)["data"] for c in at.get("plotly_chart")]
    return [m.value for m in at.metric], at.dataframe[0].value.to_dict(), specs


def decoded(values):
    """Return a chart's numbers as a list, whichever way they were written."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()
    return values


@pytest.mark.parametrize("population", ["new", "yours"])
def test_the_page_shows_the_simulation(pages, tmp_path, population):
    run = fake_run(tmp_path)
    at = open_page(pages, run, population=population, seed="5")
    read = calm(at)
    model = simulate.purchase_model(run)
    one = simulate.one_run(run, model, population, seed=5)
    rows = simulate.table(one, simulate.outlook(run, model, population, seed=5))
    assert words.sentence(rows, population, 100, 300) in read.replace("\u00a0", " ")
    assert [m.label for m in at.metric] == [f"After {name}" for name in simulate.CHECKPOINTS]
    assert [m.value for m in at.metric] == [words.card_value(row) for row in rows]
    shown = at.dataframe[0].value
    assert shown["After"].tolist() == list(simulate.CHECKPOINTS)
    assert shown["Alive"].tolist() == [row["alive"] for row in rows]
    assert shown["Orders"].tolist() == [row["purchases"] for row in rows]
    assert shown["Orders, exact"].tolist() == [round(r["purchases_expected"], 1) for r in rows]
    assert shown["Alive, 9 in 10"].tolist() == [
        words.band(r["alive_low"], r["alive_high"]) for r in rows
    ]
    assert len(at.get("plotly_chart")) == 3


def test_a_seed_gives_table_bands_and_marks_again(pages, tmp_path):
    run = fake_run(tmp_path)
    first = numbers(open_page(pages, run, seed="5"))
    assert numbers(open_page(pages, run, seed="5")) == first
    assert numbers(open_page(pages, run, seed="6")) != first
    at = open_page(pages, run, seed="5")
    assert at.button(key="run_again").disabled


def test_without_a_seed_run_again_gives_another_run_in_the_same_bands(pages, tmp_path):
    run = fake_run(tmp_path)
    at = open_page(pages, run)
    cards, table, _ = numbers(at)
    sentence = at.markdown[1].value
    # A rerun for another reason keeps the run.
    at.run()
    assert numbers(at)[0] == cards
    at.button(key="run_again").click().run()
    again, other, _ = numbers(at)
    assert again != cards
    for name in ("Alive, 9 in 10", "Alive, mean", "Orders, exact"):
        assert other[name] == table[name]
    assert at.markdown[1].value == sentence
    # Another visitor gets another run.
    assert numbers(open_page(pages, run))[0] not in (cards, again)


def test_switching_to_your_customers(pages, tmp_path):
    run = fake_run(tmp_path)
    at = open_page(pages, run)
    assert "Of 100 new customers" in calm(at)
    at.get("button_group")[0].set_value("yours").run()
    read = calm(at)
    assert "Of 100 of your customers" in read
    assert "days since 31 Dec 2017" in read
    found = at.query_params["population"]
    assert (found if isinstance(found, str) else found[0]) == "yours"


@pytest.mark.parametrize(
    ("customers", "said"),
    [(37, "Of your 37 customers"), (3, "Of your 3 customers"), (1, "Your only customer is still")],
)
def test_few_customers(pages, tmp_path, customers, said):
    run = fake_run(tmp_path, customers=customers)
    read = calm(open_page(pages, run, population="yours"))
    assert said in read
    assert "every run follows all of them" in read
    assert "Of 100 new customers" in calm(open_page(pages, run))


def pooled(run):
    """Replace the run's model by one rate for everybody."""
    card = read_json(run.file("model.json"))
    card["purchases"] = {
        "name": "pooled-rate",
        "parameters": {"rate": 0.01},
        "standard_errors": {"rate": 0.001},
        "log_likelihood": -10.0,
        "customers": 37.0,
        "converged": True,
        "at_bound": [],
    }
    write_json(run.file("model.json"), card)
    return run


@pytest.mark.parametrize("population", ["new", "yours"])
def test_one_rate_for_everybody(pages, tmp_path, population):
    at = open_page(pages, pooled(fake_run(tmp_path)), population=population)
    read = calm(at)
    assert ", all are still alive after a year, and they will have ordered 365 more times" in read
    assert "Read the long run as an upper limit." in read
    assert all(value.startswith("100\u00a0alive") for value in (m.value for m in at.metric))


def test_no_purchase_model(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False, notes=("Nobody came back.",))
    at = open_page(pages, run)
    read = calm(at)
    assert "nothing can be simulated" in read
    assert "Nobody came back." in read
    assert not at.get("plotly_chart")
    assert not at.metric


@pytest.mark.parametrize(("value", "currency"), [(False, ""), (True, "USD")])
def test_money_never_shows(pages, tmp_path, value, currency):
    at = open_page(pages, fake_run(tmp_path, value=value, currency=currency))
    calm(at)
    assert not any("$" in m.value for m in at.metric)


def test_nothing_yet_and_a_wrong_run(pages):
    at = pages.open("Survival")
    calm(at)
    assert at.button(key="to_upload")
    at = pages.open("Survival", run="abc")
    assert "There is no run" in at.error[0].value


def test_wrong_parameters_in_the_address(pages, tmp_path):
    run = fake_run(tmp_path)
    for query in ({"population": "theirs"}, {"seed": "x"}, {"seed": "-3"}, {"seed": "1.5"}):
        assert "Of 100 new customers" in texts(open_page(pages, run, **query))


def test_ids_are_shown_as_they_stand(pages, tmp_path):
    run = fake_run(tmp_path, customers=1)
    spec = json.loads(open_page(pages, run, population="yours").get("plotly_chart")[2].proto.spec)
    hovers = [t for trace in spec["data"] for t in trace.get("customdata", [])]
    assert len(hovers) == 1
    assert hovers[0].startswith("Customer C00001: ")


# -- words ------------------------------------------------------------------------------------------


def row(alive, purchases, low=None, high=None, **more):
    return {
        "alive": round(alive),
        "alive_expected": alive,
        "alive_low": round(alive) if low is None else low,
        "alive_high": round(alive) if high is None else high,
        "purchases": round(purchases),
        "purchases_expected": purchases,
        "purchases_low": round(purchases),
        "purchases_high": round(purchases),
    } | more


@pytest.mark.parametrize(
    ("year", "decade", "customers", "kind", "said"),
    [
        (
            row(61.2, 117.4),
            row(22.4, 300.0, 15, 30),
            100,
            "new",
            (
                "Of 100 new customers, about 61 are still alive after a year, and they will have ordered "
                "117 more times in all; after 10 years about 22 (between 15 and 30 in 9 out of 10 runs)."
            ),
        ),
        (
            row(100.0, 1.0),
            row(99.9, 10.0, 99, 100),
            100,
            "yours",
            (
                "Of 100 of your customers, all are still alive after a year, and they will have ordered 1 "
                "more time in all; after 10 years nearly all (between 99 and 100 in 9 out of 10 runs)."
            ),
        ),
        (
            row(1.0, 0.04),
            row(0.01, 0.04),
            37,
            "yours",
            (
                "Of your 37 customers, about 1 is still alive after a year, and they will have ordered "
                "under 0.1 more times in all; after 10 years hardly anyone."
            ),
        ),
        (
            row(0.44, 1.5),
            row(0.2, 6.9),
            1,
            "yours",
            (
                "Your only customer is still alive after a year with a chance of 44 % and will have "
                "ordered 1.5 more times; after 10 years the chance is 20 %."
            ),
        ),
    ],
)
def test_sentence(year, decade, customers, kind, said):
    of = 5000 if customers == 100 else customers
    found = words.sentence([{}, year, decade, {}], kind, customers, of)
    assert found.replace("\u00a0", " ") == said


def test_cards():
    given = row(61, 117, 50, 70)
    assert words.card_value(given) == "61\u00a0alive, 117\u00a0orders"
    assert words.card_value(row(1, 1)) == "1\u00a0alive, 1\u00a0order"
    assert words.card_value(row(9, 2_345_678)) == "9\u00a0alive, 2.35\u00a0M\u00a0orders"
    assert words.card_more(given) == (
        "In this run. In 9 out of 10 runs 50 to 70 alive and 117 orders; on average 61 alive and "
        "117 orders."
    )


INF = float("inf")


@pytest.mark.parametrize(
    ("lifetimes", "since", "said"),
    [
        ([0, 0, 5], "the first order", "This run: half have left right after the first order"),
        ([0, 0, 5], "9 Dec 2011", "This run: half have left by 9 Dec 2011"),
        ([1, 400, 4000], "x", "This run: half have left after 13 months"),
        ([0, 0.2], "the first order", "This run: half have left right after the first order"),
        ([0.2], "x", "This run: half have left after less than a day"),
        ([3, INF, INF], "x", "This run: most are alive after 100 years"),
        ([INF, INF], "x", "This run: all are alive after 100 years"),
    ],
)
def test_half_life(lifetimes, since, said):
    assert words.half_life(lifetimes, since) == said


@pytest.mark.parametrize(
    ("lifetimes", "purchases", "kind", "said"),
    [
        (
            [0, 0, 5, 9],
            [0, 0, 1, 2],
            "new",
            "2 of 4 leave right after the first order; all others order again",
        ),
        ([0, 9, 9], [0, 0, 2], "yours", "1 of 3 had left already; 2 of 3 never order again"),
        ([0, 0], [0, 0], "yours", "2 of 2 had left already"),
        ([5, 9], [0, 3], "new", "1 of 2 never order again"),
        ([5, 9], [1, 3], "new", "all 2 order again"),
        ([5], [1], "yours", "1 order in 100 years"),
    ],
)
def test_lives_title(lifetimes, purchases, kind, said):
    assert words.lives_title(lifetimes, purchases, kind) == f"This run: {said}"


def test_one_life():
    assert words.life("A", 0, 0, "new") == "Customer A: left right after the first order"
    assert words.life("A", 0, 0, "yours") == "Customer A: had left before"
    assert words.life("A", 400, 1, "new") == "Customer A: 1 order, left after 13 months"
    assert words.life("A", INF, 70, "new") == "Customer A: 70 orders, still alive after 100 years"
    assert words.life("A", 0.3, 2, "new") == "Customer A: 2 orders, left after less than a day"


# -- charts -----------------------------------------------------------------------------------------

DAYS = [1.0, 10.0, 36525.0]
FAN = {"mean": [8.0, 5.5, 0.2], "low": [6.0, 4.0, 0.0], "high": [10.0, 7.0, 1.0]}


def test_survival_curve_steps_down_at_every_drop_out():
    figure = charts.alive_figure(
        DAYS, ["1", "10", "100"], **FAN, lifetimes=[20, 0, 0.5, INF, 40_000, 5], since="today"
    )
    steps = figure.data[3]
    assert (steps.name, steps.line.shape) == ("This run", "hv")
    assert list(steps.x) == [1, 5, 20, 36525]
    assert list(steps.y) == [4, 3, 2, 2]
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "Time since today (log scale)"
    names = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert names[365.25] == "1<br>year"
    assert names[36525] == "100<br>years"
    high, low, mean, _ = figure.data
    assert (list(high.y), list(low.y), list(mean.y)) == (FAN["high"], FAN["low"], FAN["mean"])
    assert (low.fill, mean.line.dash) == ("tonexty", "dash")
    assert "4 alive on day 1, 2 after 100 years" in figure.layout.meta["alt"]


def test_nobody_leaves():
    figure = charts.alive_figure(DAYS, ["1", "10", "100"], **FAN, lifetimes=[INF] * 2, since="x")
    assert list(figure.data[3].x) == [1, 36525]
    assert list(figure.data[3].y) == [2, 2]


def test_orders_are_on_a_log_axis_that_starts_at_one():
    figure = charts.purchases_figure(
        DAYS, ["1", "10", "100"], **FAN, this=[0, 3, 1200], since="today"
    )
    assert list(figure.data[3].y) == [None, 3, 1200]
    assert list(figure.data[1].y) == [6.0, 4.0, 0.5]
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[1] == pytest.approx(np.log10(1560))
    assert "1,200 after 100 years" in figure.layout.meta["alt"]


def test_lives_are_sorted_and_marks_lie_on_their_lines():
    figure = charts.lives_figure(
        [20.0, 0.0, INF], ["<b>A", "B", "C"], [0, 2, 0], [3.0, 900.0, 0.4], since="today"
    )
    lines, marks, gone, alive = figure.data
    # The longest life is the lowest line; who left at once has a cross and no line.
    assert list(lines.x) == [1, 20, None, 1, 36525, None]
    assert list(lines.y) == [2, 2, None, 1, 1, None]
    # A stroke is an area as thin as a line: the browser draws thousands as one.
    assert (marks.mode, marks.fill) == ("none", "toself")
    corners = np.array(marks.x, dtype=float).reshape(3, 5)
    assert np.isnan(corners[:, 4]).all()
    assert corners[:, 0] * corners[:, 2] == pytest.approx([9, 810_000, 1])
    assert corners[:, 2] / corners[:, 1] == pytest.approx(1.013, abs=1e-4)
    assert list(marks.y)[:5] == [2 - 0.36, 2 + 0.36, 2 + 0.36, 2 - 0.36, None]
    assert list(marks.y)[5:7] == [1 - 0.36, 1 + 0.36]
    assert (list(gone.x), list(gone.y)) == ([20, 1], [2, 3])
    assert gone.customdata[0] == "&lt;b&gt;A"
    assert (list(alive.x), list(alive.y), alive.marker.symbol) == ([36525], [1], "triangle-right")
    assert "3 lines" in figure.layout.meta["alt"]
    assert "1 reach" in figure.layout.meta["alt"]


def test_the_picture_stays_small(pages, tmp_path):
    """A hundred customers who never leave and buy daily: marks are capped, traces few."""
    run = pooled(fake_run(tmp_path))
    card = read_json(run.file("model.json"))
    card["purchases"]["parameters"]["rate"] = 1.0
    write_json(run.file("model.json"), card)
    at = open_page(pages, run)
    assert "orders are drawn: at most 3 a customer" in calm(at)
    traces = json.loads(at.get("plotly_chart")[2].proto.spec)["data"]
    assert len(traces) == 3
    drawn = len(decoded(traces[1]["x"])) // 5
    assert drawn <= 100 * MARKS * simulate.GRID.size
