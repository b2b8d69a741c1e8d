from clv.core.segments import LIKELIHOODS, TIERS
from clv.report import charts
from clv.report.charts import Curve

GROUPS = [
    {"segment": "champions", "customers": 0.15, "forecast": 0.65, "risk": 0.13},
    {"segment": "at risk", "customers": 0.06, "forecast": 0.07, "risk": 0.62},
    {"segment": "one-time", "customers": 0.79, "forecast": 0.28, "risk": 0.25},
]


def test_groups_have_three_bars_each_in_the_order_given():
    figure = charts.groups_figure(GROUPS, forecast="Forecast revenue", risk="Money at risk")
    assert [t.name for t in figure.data] == ["Customers", "Forecast revenue", "Money at risk"]
    for trace, key in zip(figure.data, ("customers", "forecast", "risk"), strict=True):
        assert list(trace.y) == ["Champions", "At risk", "One-time"]
        assert list(trace.x) == [row[key] for row in GROUPS]
    # Colour is never the only signal: plain, hatched, crossed.
    assert [t.marker.pattern.shape for t in figure.data] == [None, "/", "x"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.meta["alt"] == (
        "Bars of 3 groups by their shares of customers, forecast revenue and money at risk; most is "
        "at risk in the group at risk."
    )


def likelihood(counts, *, dark=False):
    rows = [
        {"likelihood": name, "tier": tier, "customers": n, "label": str(n)}
        for name, line in zip(LIKELIHOODS, counts, strict=True)
        for tier, n in zip(TIERS, line, strict=True)
    ]
    return charts.likelihood_figure(rows, LIKELIHOODS, TIERS, dark=dark)


def test_likelihoods_print_every_cell_and_leave_nobody_blank():
    counts = [[20, 1, 0], [10, 5, 0], [2, 30, 3], [0, 8, 100]]
    figure = likelihood(counts)
    assert [list(line) for line in figure.data[0].z] == [
        [n or None for n in line] for line in counts
    ]
    assert [a.text for a in figure.layout.annotations] == [str(n) for line in counts for n in line]
    assert list(figure.data[0].x) == ["High value", "Middle value", "Low value"]
    assert figure.data[0].y[3] == "Highly<br>unlikely"
    # White on the dark end of the scale, black on the bright one, the page's ink on no cell.
    ink = {a.text: a.font.color for a in figure.layout.annotations}
    assert (ink["100"], ink["20"], ink["0"]) == ("#ffffff", "#000000", None)
    dark = {a.text: a.font.color for a in likelihood(counts, dark=True).layout.annotations}
    assert (dark["100"], dark["20"], dark["0"]) == ("#000000", "#ffffff", None)
    assert "most, 100, are highly unlikely to buy and of low value" in figure.layout.meta["alt"]


def test_likelihoods_of_nobody():
    figure = likelihood([[0, 0, 0]] * 4)
    assert figure.layout.meta["alt"] == "Table of customers by likelihood of buying and value tier."


def test_newcomers_at_most_seven_lines_apart_without_colour():
    curves = [Curve(f"L{i}", [1.0 * i, 2.0 * i]) for i in range(9)]
    figure = charts.newcomers_figure(curves, cost=7.5, axis="Margin per new customer", symbol="€")
    assert [t.name for t in figure.data] == [f"L{i}" for i in range(7)]
    assert list(figure.data[2].x) == [1, 2]
    assert list(figure.data[2].y) == [2.0, 4.0]
    assert figure.data[0].line.width > figure.data[1].line.width
    assert len({(t.line.dash, t.marker.symbol) for t in figure.data[1:]}) == 6
    assert figure.layout.shapes[0].y0 == 7.5
    assert figure.layout.yaxis.title.text == "Margin per new customer (€)"
    assert figure.layout.xaxis.title.text == "Months since the first order"


def test_newcomers_without_a_cost_have_no_line_of_it():
    figure = charts.newcomers_figure([Curve("All", [1.0])], cost=None, axis="Orders")
    assert len(figure.layout.shapes) == 0
    assert figure.layout.yaxis.title.text == "Orders"


def test_names_are_escaped_and_shortened_but_whole_on_hover():
    name = "<b>" + "x" * 40
    figure = charts.newcomers_figure([Curve(name, [1.0])], cost=None, axis="Orders")
    assert figure.data[0].name == "&lt;b&gt;" + "x" * 20 + "…"
    assert figure.data[0].customdata[0] == "&lt;b&gt;" + "x" * 40
