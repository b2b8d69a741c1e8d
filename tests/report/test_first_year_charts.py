"""Charts of first-year value: what is drawn is what was given."""

from __future__ import annotations

import pytest

from clv.report import charts


def test_gain_curves_beside_the_perfect_one_and_chance():
    shares = [i / 100 for i in range(101)]
    lines = [
        charts.Gain("Forest & more", [s**0.5 for s in shares]),
        charts.Gain("Rule", [s**0.8 for s in shares]),
    ]
    perfect = [min(5 * s, 1.0) for s in shares]
    figure = charts.gain_figure(lines, perfect, marks=(0.1, 0.25))
    assert [t.name for t in figure.data] == [
        *("Forest &amp; more", "Rule", "Had one known the outcome", "At random"),
    ]
    assert list(figure.data[2].y) == perfect
    assert list(figure.data[3].y) == list(figure.data[3].x) == shares
    assert [(a.x, a.y, a.text) for a in figure.layout.annotations] == [
        (0.1, pytest.approx(0.1**0.5), "<b>32%</b>"),
        (0.25, 0.5, "<b>50%</b>"),
    ]
    # Lines differ by more than their colour.
    assert len({(t.line.dash, t.line.width) for t in figure.data}) == 4
    assert "the best 10% brought 32% and the best 25% brought 50%" in figure.layout.meta["alt"]


def test_errors_by_group():
    ours = [{"bin": 1, "mae": 9.0}, {"bin": 2, "mae": 1.5}]
    figure = charts.errors_figure(
        ours, [{"bin": 1, "mae": 12.0}], names=("A", "B"), symbol="€", dark=False
    )
    assert [(t.name, list(t.x), list(t.y)) for t in figure.data] == [
        ("A", ["1", "2"], [9.0, 1.5]),
        ("B", ["1"], [12.0]),
    ]
    assert "€9.00 in the best group, €1.50 in the last" in figure.layout.meta["alt"]


def test_importance_has_its_range():
    rows = [
        {"label": "Revenue", "share": 0.3, "low": 0.2, "high": 0.5},
        {
            "label": "A name that is longer than a phone is wide",
            "share": 0.1,
            "low": 0.1,
            "high": 0.1,
        },
    ]
    (bars,) = charts.importance_figure(rows).data
    assert list(bars.x) == [0.3, 0.1]
    assert list(bars.error_x.array) == pytest.approx([0.2, 0.0])
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.0])
    assert max(map(len, bars.y)) <= 26
    assert bars.customdata[1] == rows[1]["label"]


@pytest.mark.parametrize(("words", "kind"), [(True, "bar"), (False, "scatter")])
def test_effects_of_words_are_bars_those_of_numbers_a_line(words, kind):
    points = [
        {"value": 1, "expected": 5.0, "customers": 10},
        {"value": 2, "expected": 7.5, "customers": 20},
    ]
    figure = charts.effect_figure(points, words=words, across="Orders", symbol="€")
    assert figure.data[0].type == kind
    assert list(figure.data[0].y) == [5.0, 7.5]
    assert "from €5.00 at 1 to €7.50 at 2" in figure.layout.meta["alt"]


def test_months_come_and_are_expected():
    rows = [
        {"month": 1, "actual": 10.0, "expected": 12.0},
        {"month": 2, "actual": 5.0, "expected": 4.0},
    ]
    figure = charts.months_figure(rows, symbol="€", dark=True)
    assert [list(t.y) for t in figure.data] == [[10.0, 5.0], [12.0, 4.0]]
    assert "€15 came in all, €16 were expected" in figure.layout.meta["alt"]
