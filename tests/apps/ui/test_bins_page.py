"""Two models compared: the part of the page shows the comparison's figures, also of an upload."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clv.apps.ui import bins as shown
from clv.core.segments import LIKELIHOODS
from clv.insights import bins
from clv.report.charts.bins import bins_figure, cells_figure
from clv.report.charts.reliability import reliabilities_figure
from clv.report.words import bins as words
from clv.runs import csv_of
from tests.apps.ui.conftest import texts
from tests.apps.ui.test_pages import calm
from tests.bins_case import RECEIPT, TriedRun, customers

PAIR = ("mbg-nbd", "recency-rule")


def script():
    from clv.apps.ui import bins, page
    from clv.apps.ui.trouble import guard
    from tests.bins_case import RECEIPT, TriedRun

    with guard():
        page.title("How good is it?")
        bins.show(TriedRun(), RECEIPT)


@pytest.fixture
def at():
    return AppTest.from_function(script, default_timeout=60).run()


@pytest.fixture(scope="module")
def found():
    return bins.report(RECEIPT, customers(), *PAIR)


def plain(text):
    return text.replace("\u00a0", " ")


def upload(at, content, name="mine.csv"):
    (box,) = at.get("file_uploader")
    return box.upload(name, content, "text/csv").run()


def test_the_page_says_what_the_comparison_holds(at, found):
    read = calm(at)
    assert plain(words.verdict(found)) in read
    assert [s.value for s in at.selectbox] == list(PAIR)
    assert plain(words.bins_title(found)) in read
    four, split, measured = (d.value for d in at.dataframe)
    rows = [found["bins"][side][i] for i in range(4) for side in bins.SIDES]
    assert list(four["Customers"]) == [r["customers"] for r in rows]
    assert list(four["An order is"])[::2] == [name.capitalize() for name in LIKELIHOODS]
    bought = [None if r["actual"] is None else 100 * r["actual"] for r in rows]
    np.testing.assert_allclose(four["Bought (%)"].astype(float), np.array(bought, dtype=float))
    assert list(four["Revenue ($)"]) == [round(r["value"]) for r in rows]
    assert split["Customers"][0] == found["disagreement"]["customers"] == 536
    assert split["Customers"][1:].is_monotonic_decreasing
    assert split["Customers"][1:].sum() == 536
    assert next(iter(measured["MBG/NBD"])) == words.score(
        "brier", found["measures"]["first"]["brier"]
    )
    assert measured["Better"].iloc[-1] == "MBG/NBD"
    assert len(at.get("plotly_chart")) == 3
    assert "the day after 30 Sep 1997 and 30 Jun 1998" in read.replace("*", "")


def test_another_pair_and_other_limits(at):
    at.selectbox[0].set_value("p-alive").run()
    calm(at)
    assert at.selectbox[1].value == "recency-rule"
    assert "p-alive" not in at.selectbox[1].options
    at.number_input(key="bins_limit_0").set_value(90).run()
    expected = bins.report(
        RECEIPT, customers(), "p-alive", "recency-rule", limits=shown.Thresholds(0.9, 0.5, 0.25)
    )
    sizes = [expected["bins"][s][i]["customers"] for i in range(4) for s in bins.SIDES]
    assert list(at.dataframe[0].value["Customers"]) == sizes
    at.number_input(key="bins_limit_0").set_value(40).run()
    assert "must fall from left to right" in at.warning[0].value
    assert not at.exception


def test_equal_chances_leave_nothing_to_choose(at):
    at.selectbox[1].set_value("mbg-nbd+all-orders").run()
    assert "nothing to choose between them" in calm(at)
    assert len(at.get("plotly_chart")) == 2


def test_a_forecast_from_outside(at):
    ids = customers()["customer_id"].to_pylist()
    better = np.where(np.asarray(customers()["purchases"]) > 0, 0.6, 0.2)
    lines = [f"{i};{100 * p:.0f} %" for i, p in zip(ids[:2000], better, strict=False)]
    content = "\n".join(["Kunde;Chance", *lines, "nobody;5 %", f"{ids[0]};5 %", f"{ids[1]};x"])
    upload(at, content.encode())
    read = calm(at)
    assert "2,003 rows = 2,000 used + 3 left out." in read
    assert "357 of the 2,357 tested customers have no chance in the file" in read
    assert "1 of customers who were not tested" in read
    assert "The forecast in mine.csv predicted who bought" in read
    assert [s.value for s in at.selectbox] == ["mbg-nbd", "mine.csv"]
    assert sum(at.dataframe[0].value["Customers"]) == 2 * 2000
    # The next upload takes its place; forgetting it brings the models back.
    upload(at, f"customer_id,probability\n{ids[5]},0.5\n".encode(), "other.csv")
    assert "Only 1 customer can be compared, too few to tell" in calm(at)
    at.button(key="bins_forget").click().run()
    calm(at)
    assert [s.value for s in at.selectbox] == list(PAIR)
    assert sum(at.dataframe[0].value["Customers"]) == 2 * 2357


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"customer_id,b,c\n1,2,3\n", "has no column `probability`"),
        (b"%PDF-1.4", "mine.csv is a PDF document"),
    ],
)
def test_an_upload_that_cannot_be_read(at, content, said):
    upload(at, content)
    assert not at.exception
    assert said in texts(at)
    # The models are compared all the same.
    assert len(at.get("plotly_chart")) == 3


def test_an_upload_that_names_nobody(at):
    upload(at, b"customer_id,probability\n7,0.5\n")
    assert not at.exception
    assert "No tested customer has a chance. Line 2:" in texts(at)
    assert [s.value for s in at.selectbox] == list(PAIR)


def test_downloads():
    read = list(csv.DictReader(io.StringIO(csv_of(customers().slice(0, 2)).decode())))
    assert read[0]["customer_id"] == customers()["customer_id"][0].as_py()
    assert float(read[0]["T"]) == customers()["T"][0].as_py()


def test_a_run_without_a_test(monkeypatch):
    monkeypatch.setattr(TriedRun, "tested", lambda self: None)
    at = AppTest.from_function(script, default_timeout=60).run()
    assert "There is no test of this forecast" in calm(at)


def test_charts_hold_the_figures(found):
    sides = {
        name: found["bins"][side] for name, side in zip(("A", "B<i>"), bins.SIDES, strict=True)
    }
    figure = bins_figure(sides)
    bars, marks, other, _ = figure.data
    rows = found["bins"]["first"]
    assert list(bars.y) == [r["actual"] for r in rows]
    assert list(marks.y) == [r["predicted"] for r in rows]
    assert list(bars.error_y.array) == pytest.approx([r["high"] - r["actual"] for r in rows])
    assert list(other.x) == ["Unlikely", "Highly<br>unlikely"]
    assert other.name == "B&lt;i&gt;: bought"
    assert "A: of 103 highly likely customers 87% bought" in figure.layout.meta["alt"]
    assert "nobody is highly likely to buy" in figure.layout.meta["alt"]
    grid = cells_figure(found["cells"], LIKELIHOODS, ("A", "B"))
    cells = {(r["first"], r["second"]): r for r in found["cells"]}
    for i, mine in enumerate(LIKELIHOODS):
        for j, theirs in enumerate(LIKELIHOODS):
            row, note = cells[mine, theirs], grid.layout.annotations[4 * i + j]
            assert grid.data[0].z[i][j] == row["actual"]
            expected = f"<b>{row['customers']:,}</b><br>{row['actual'] or 0:.0%}"
            assert note.text == (expected if row["customers"] else "nobody")
    assert "1,821 of 2,357 are in the same bin" in grid.layout.meta["alt"]
    curves = reliabilities_figure(
        {n: found["reliability"][s] for n, s in zip("AB", bins.SIDES, strict=True)}
    )
    assert list(curves.data[1].x) == [r["predicted"] for r in found["reliability"]["first"]]
    assert list(curves.data[2].y) == [r["actual"] for r in found["reliability"]["second"]]
    dark = bins_figure(sides, dark=True)
    assert dark.data[0].marker.color != figure.data[0].marker.color
