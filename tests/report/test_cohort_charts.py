"""The figures of the cohorts page, and the words beside them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clv.insights.cohorts.calendar import period_of
from clv.insights.cohorts.report import FirstYear, SecondOrders
from clv.insights.cohorts.verdict import Standing, Verdict
from clv.report import charts
from clv.report.words import cohorts as words

CELLS = [
    charts.Cell("Average · 100", 0, 1.0, "fact", "100 %", "all"),
    charts.Cell("Average · 100", 1, 0.3, "fact", "30 %", "all, 1"),
    charts.Cell("Jan 2017 · 60", 0, 1.0, "fact", "100 %", "January"),
    charts.Cell("Jan 2017 · 60", 1, 0.0, "fact", "0 %", "nobody"),
    charts.Cell("Jan 2017 · 60", 2, 0.2, "forecast", "20 %", "expected"),
    charts.Cell("Feb 2017 · 40", 0, 1.0, "fact", "100 %", "February"),
    charts.Cell("Feb 2017 · 40", 1, 0.1, "partial", "10 %*", "so far"),
]


def heatmap(cells=CELLS, **changes):
    given = {"low": 0.0, "high": 0.4, "periods": "Months since"} | changes
    return charts.cohort_heatmap_figure(cells, **given)


def test_heatmap_tells_fact_from_forecast_from_future():
    fact, pale, text = heatmap().data
    assert list(fact.y) == ["Average · 100", "Jan 2017 · 60", "Feb 2017 · 40"]
    assert list(fact.x) == ["0", "1", "2"]
    # The future is missing from both; 0 % isn't.
    assert [list(row) for row in fact.z] == [[1, 0.3, None], [1, 0, None], [1, None, None]]
    assert [list(row) for row in pale.z] == [[None] * 3, [None, None, 0.2], [None, 0.1, None]]
    assert (fact.opacity, fact.hoverongaps) == (1, False)
    assert pale.opacity < 0.5
    assert list(text.text) == ["100 %", "30 %", "100 %", "0 %", "<i>20 %</i>", "100 %", "10 %*"]
    assert fact.customdata[1][1] == "nobody"


def test_heatmap_axes_are_categories_with_the_oldest_cohort_on_top():
    layout = heatmap().layout
    assert layout.xaxis.type == layout.yaxis.type == "category"
    assert list(layout.yaxis.range) == [2.5, -0.5]
    assert layout.annotations[0].text == "Months since"
    assert layout.meta["alt"] == "Heatmap of 3 rows and 3 periods, 1 cells of it forecasts."


def contrast(colour, ink):
    def luminance(c):
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in c]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(colour), luminance(ink)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_every_cell_can_be_read(dark):
    from plotly.colors import sample_colorscale

    places = np.linspace(0, 1, 101)
    cells = [charts.Cell("r", i, float(v), "fact", "1 %", "") for i, v in enumerate(places)]
    figure = heatmap(cells, high=1.0, dark=dark)
    scale = [list(stop) for stop in figure.data[0].colorscale]
    inks = figure.data[2].textfont.color
    for place, ink in zip(places, inks, strict=True):
        (colour,) = sample_colorscale(scale, [place], colortype="tuple")
        assert contrast(colour, (1, 1, 1) if ink == "#ffffff" else (0, 0, 0)) >= 4.5


def test_heatmap_grows_with_its_texts():
    short = charts.heatmap_width(CELLS)
    long = charts.heatmap_width([c._replace(text="1,234,567") for c in CELLS])
    assert short == 150 + 3 * 42
    assert long == 150 + 3 * 72
    assert heatmap([]).layout.meta["alt"] == "Heatmap of 0 rows and 0 periods."


CURVE = charts.CohortCurve("Jan 2017", [0.3, 0.2], [0.1], ["a", "b"], ["c"])


def curves(lines, average=None, **changes):
    given = {"periods": "Months since", "title": "Customers who ordered"} | changes
    return charts.cohort_curves_figure(lines, average=average, **given)


def test_curves_are_solid_then_dashed_from_where_the_line_ends():
    fact, ahead = curves([CURVE], first=1).data
    assert (list(fact.x), list(fact.y)) == ([1, 2], [0.3, 0.2])
    assert (list(ahead.x), list(ahead.y)) == ([2, 3], [0.2, 0.1])
    assert (fact.line.dash, ahead.line.dash) == (None, "dash")
    assert fact.line.color == ahead.line.color
    assert (fact.showlegend, ahead.showlegend) == (None, False)
    # A cohort of which nothing is over is only expected.
    fact, ahead = curves([CURVE._replace(fact=[], fact_texts=[])], first=1).data
    assert list(ahead.x) == [1]
    assert ahead.showlegend


def test_at_most_seven_curves():
    six = [CURVE._replace(name=f"<b>{i}") for i in range(6)]
    figure = curves(six, average=CURVE._replace(name="Average", forecast=[]))
    assert len({t.line.color for t in figure.data}) == 7
    assert figure.data[0].name == "&lt;b&gt;0"
    with pytest.raises(ValueError, match="8 curves"):
        curves([*six, CURVE], average=CURVE)


def test_curves_name_their_unit():
    assert curves([CURVE], share=True).layout.yaxis.tickformat == ".0%"
    assert curves([CURVE], symbol="€").layout.yaxis.tickprefix == "€"


def test_sizes():
    figure = charts.cohort_sizes_figure([f"M{i}" for i in range(30)], list(range(30)))
    assert figure.layout.xaxis.type == "category"
    assert len(figure.layout.xaxis.tickvals) <= 6
    assert list(figure.data[0].y) == list(range(30))


# -- words ---------------------------------------------------------------------------------------

JAN, FEB = period_of(date(2017, 1, 1), "month"), period_of(date(2017, 2, 1), "month")
SECONDS = SecondOrders(1000, 200, 0.12, (10.0, 31.5, 90.0))
YEAR = FirstYear(12, 600, np.array([40.0, *[60 / 11] * 11]))


def told(verdict, **changes):
    given = {
        "year": YEAR,
        "seconds": SECONDS,
        "verdict": verdict,
        "trait": "returned",
        "grain": "month",
        "first_cohort": JAN,
        "currency": "EUR",
    } | changes
    return words.sentence(**given).replace("\u00a0", " ")


def verdict(p_best=0.01, p_worst=0.01):
    best = Standing(JAN, 100, 0.30, 0.19, p_best)
    worst = Standing(FEB, 100, 0.10, 0.21, p_worst)
    return Verdict(6, (best, worst), 0.20)


START = (
    "40 % of what a customer brings in the first 12 months comes in the month of the first order; "
    "so far 20 % of customers have come back. "
)


def test_sentence_tells_when_few_are_known_for_long():
    few = FirstYear(12, 100, YEAR.revenue)
    assert told(None, year=few).startswith(
        "40 % of what a customer brings in the first 12 months comes in the month of the first order "
        "(as seen in the 100 customers known that long); so far 20 % of customers have come back. "
    )


def test_sentence_names_best_and_worst():
    assert told(verdict()) == START + (
        "Compared 6 months after the first order, the best cohort is Jan 2017 with 30 % back (the "
        "file begins there, so it may hold older customers) and the worst is Feb 2017 with 10 % "
        "back, against 20 % back on average: both differ from the others by more than "
        "chance would do."
    )


def test_sentence_names_one_or_none():
    assert told(verdict(p_best=0.06)).endswith(
        "the worst cohort is Feb 2017 with 10 % back, against 20 % back on average: it differs from "
        "the others by more than chance would do."
    )
    assert told(verdict(0.06, 0.06)) == START + (
        "Compared 6 months after the first order, no cohort differs from the others by more than "
        "chance would do."
    )
    assert told(None).endswith(
        "There are not two cohorts of 30 customers or more to compare with each other yet."
    )


def test_sentence_in_money_and_without():
    money = Verdict(0, (Standing(FEB, 50, 90.0, 60.0, 0.001), Standing(JAN, 50, 55.0, 60.0, 1)), 61)
    assert told(money, trait="revenue").endswith(
        "Compared in the month of the first order, the best cohort is Feb 2017 with €90.00 a "
        "customer, against €61.00 a customer on average: it differs from the others by more "
        "than chance would do."
    )
    assert told(None, year=FirstYear(12, 5, None)).startswith("So far 20 % of customers have")
    nobody = SecondOrders(3, 0, None, None)
    assert told(None, year=None, seconds=nobody).startswith("None of 3 customers has come back")
    assert told(None, year=None, seconds=SecondOrders(1, 0, None, None)).startswith("Nobody has")
    assert told(None, year=None, seconds=SecondOrders(4, 4, None, None)).startswith("All 4")
    assert words.waiting(nobody) == "–"
    assert words.waiting(SECONDS) == "32 days"


def test_names_of_cohorts():
    day = date(2018, 12, 31)
    names = [words.cohort_name(period_of(day, g), g) for g in ("month", "quarter", "week")]
    assert [n.replace("\u00a0", " ") for n in names] == ["Dec 2018", "Q4 2018", "31 Dec 2018"]


def test_cells_are_short():
    found = [
        words.in_cell(v, "retention").replace("\u00a0", " ") for v in (0, 0.0002, 0.123, 0.999)
    ]
    assert found == ["0 %", "<0.1 %", "12 %", ">99 %"]
    assert words.in_cell(1234.5, "revenue") == "1,234"
    assert words.in_cell(0.1234, "orders") == "0.12"
    assert words.written(12.34, "revenue", "EUR") == "€12.34"


def test_heatmap_statement():
    nan = float("nan")

    def said(average, measure, age=None):
        found = words.heatmap_statement(average, age, measure, "month", "EUR")
        return found.replace("\u00a0", " ")

    assert said([1, 0.3, 0.2, 0.9], "retention", 2) == (
        "On average 30 % of customers order in the month after the first order and 20 % 2 months "
        "after it"
    )
    assert said([1, nan], "retention") == "No month after that of the first order is over yet"
    assert said([nan], "revenue") == "The first month is not over yet"
    assert said([50.0, 20.0], "revenue") == (
        "On average a customer brings €50.00 in the month of the first order and €20.00 in the next"
    )
    assert said([50.0, 70.0, 80.0], "cumulative_revenue") == (
        "On average a customer brings €50.00 in the month of the first order, €80.00 by 2 months "
        "after it"
    )
    assert said([1.25], "orders") == (
        "On average a customer places 1.25 orders in the month of the first order"
    )
