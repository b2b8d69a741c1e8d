"""The report in one file: still pictures, everything escaped, nothing from elsewhere, nothing missing."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import plotly.graph_objects as go
import pytest

from clv.apps import cli
from clv.core.errors import InputError
from clv.core.formatting import percent
from clv.forecast.files import forecast_files
from clv.report import analysis, charts
from clv.report.analysis import files, plan
from clv.report.analysis.axes import axis, written
from clv.report.analysis.pieces import Grid, Text, answer, items
from clv.report.analysis.svg import draw
from clv.report.tables import Column, Table
from tests.shops import make_run, new_store, shop

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>"
KEYS = [
    "data",
    "fit",
    "outlook",
    "top_buyers",
    "top_spenders",
    "assumptions",
    "survival",
    "evidence",
    "verdict",
    "ideas",
    "four_bins",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A shop with customers who tried something."""
    content = shop().replace("c0001,", f"{HOSTILE},").replace("c0002,", "=cmd|' /C'!A0 & $1 $2,")
    return make_run(
        new_store(tmp_path_factory.mktemp("report")), content, currency="USD", backtest=True
    )


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def report(run, told):
    return analysis.build(run, ".html", lambda *said: told.append(said)).decode()


class Page(HTMLParser):
    """What a browser would make of a page: tags, attributes, texts."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.attributes, self.texts, self.style = [], [], [], ""
        self._inside = ""
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "style":
            self.style += data
        elif data.strip():
            self.texts.append(data)


def words(report):
    return " ".join(Page(report).texts).replace("\u00a0", " ")


# -- the page ---------------------------------------------------------------------------------------


def test_every_section_begins_with_its_answer_and_is_in_the_contents(report):
    assert re.findall(r'<section id="(\w+)">', report) == KEYS
    assert re.findall(r'<li><a href="#(\w+)">', report) == KEYS
    after_heading = re.findall(r"</h2>(<p class=\"answer\">)?", report)
    assert after_heading == ['<p class="answer">'] * len(KEYS)
    contents = re.search(r"<nav.*?</nav>", report).group(0)
    for answer_ in re.findall(r'</h2><p class="answer">(.*?)</p>', report):
        assert f"<span>{answer_}" in contents


def test_what_the_figures_mean_stands_on_top(run, report):
    head = words(re.search(r"<header>.*?</header>", report).group(0))
    assert head.startswith(
        "Purchase forecast: orders.csv as of 15 May 2017 · next 12 months, until 15 May 2018"
    )
    assert "amounts in $ · " in head


def test_the_page_needs_nothing_and_runs_nothing(report):
    page = Page(report)
    assert {"script", "link", "img", "iframe", "object", "form"}.isdisjoint(page.tags)
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    addresses = {v for n, v in page.attributes if n in {"href", "src", "xlink:href", "action"}}
    assert all(a.startswith("#") for a in addresses)
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert set(re.findall(r"https?://[^\s\"'<]+", report)) == {"http://www.w3.org/2000/svg"}
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ) in page.attributes
    assert "@media print" in page.style
    assert len(report) < 1_000_000


def test_ids_are_text(run, report):
    everybody = int(run.summary["customers"])
    (_, table) = analysis.top_buyers(run, everybody).bundles()
    cell = '<td style="text-align:left">{}</td>'
    assert cell.format("&lt;script&gt;alert(1)&lt;/script&gt;") in table["text/html"]
    assert cell.format("=cmd|&#x27; /C&#x27;!A0 &amp; $1 $2") in table["text/html"]
    assert HOSTILE in table["text/plain"]
    assert HOSTILE not in report + table["text/html"]
    # Two dollar signs would be a formula.
    assert table["text/html"].startswith('<div class="tex2jax_ignore mathjax_ignore">')


def test_a_file_name_is_text(tmp_path):
    path = tmp_path / "a<b>&_*.csv"
    path.write_text(shop(customers=20))
    run = forecast_files([path], {"backtest": False}, store=tmp_path / "runs")
    report = analysis.build(run, ".html", lambda *_: None).decode()
    assert "<title>Purchase forecast: a&lt;b&gt;&amp;_*.csv</title>" in report
    assert "<b>" not in report


def test_the_figures_are_those_of_the_run(run, report):
    shown = words(report)
    summary = run.summary
    assert f"{summary['predicted_revenue']:,.2f} of revenue" in shown
    rows = run.top("spenders", plan.PRINTED).to_pylist()
    table = re.search(r'<section id="top_spenders">.*?</section>', report).group(0)
    cells = re.findall(r'<td style="text-align:left">(.*?)</td>', table)
    assert len(cells) == plan.PRINTED
    assert cells[0] == rows[0]["customer_id"]
    chances = re.findall(r'<td style="text-align:right">([^<]*%)</td>', table)
    assert chances == [percent(r["p_purchase"]) for r in rows]
    ranges = run.receipt["ranges"]["measured"]
    held = next(r for r in ranges["after"] or ranges["before"] if r["group"] == "wider")
    said = f"Ranges that are meant to hold 80 % of the customers held {percent(held['inside'])}"
    assert said.replace("\u00a0", " ") in shown


def test_nothing_is_missing_without_a_word(report):
    shown = Page(report).texts
    assert [t for t in shown if re.search(r"\b(nan|None|inf|NaN)\b", t)] == []


def test_it_is_made_once(run, report, told, tmp_path):
    assert told == [("Writing section", i, len(KEYS)) for i in range(1, len(KEYS) + 1)]

    def never(*_):
        pytest.fail("made again")

    assert analysis.build(run, ".html", never).decode() == report
    assert analysis.stored(run, ".html") == report.encode()
    target = tmp_path / "report.html"
    files.write(run, target)
    assert target.read_text(encoding="utf-8") == report
    with pytest.raises(InputError, match=r"report\.pdf is neither a report nor a notebook"):
        files.write(run, tmp_path / "report.pdf")


def test_a_forecast_tested_later_gets_another_report(run):
    untested = make_run(new_store(run.path.parents[1]), shop(customers=60))
    assert analysis.stored(untested, ".html") is None
    before = analysis.build(untested, ".html", lambda *_: None)
    assert b"has not been tested on the file's own past" in before.replace(b"&#x27;", b"'")
    untested.add_receipt(run.receipt, run.tested())
    assert analysis.stored(untested, ".html") is None


# -- runs that lack something -----------------------------------------------------------------------

ONE_TIMERS = "customer_id,order_date,revenue\n" + "".join(
    f"k{i},2017-0{1 + i % 8}-1{i % 9},{i}.5\n" for i in range(200)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (shop(customers=80, value=""), {
            "fit": "there are no order values",
            "top_spenders": "There is no forecast of revenue for this file",
        }),
        (shop(customers=20), {
            "fit": "Orders are forecast with one rate for everybody",
            "survival": "Of your 20 customers",
            "evidence": "There is no test of this forecast. At most",
            "verdict": "There is no test of this forecast. At most",
            "four_bins": "There is no test of this forecast. At most",
        }),
        (ONE_TIMERS, {
            "fit": "No model could be fitted to these orders",
            "outlook": "There is no forecast for this file",
            "top_buyers": "There is no forecast of orders for this file",
            "survival": "nothing can be simulated",
        }),
    ],
    ids=["no values", "few customers", "no repeat buyer"],
)  # fmt: skip
def test_sections_say_what_a_run_lacks(tmp_path, content, said):
    run = make_run(new_store(tmp_path), content, backtest=True)
    report = analysis.build(run, ".html", lambda *_: None).decode()
    assert re.findall(r'<section id="(\w+)">', report) == KEYS
    for key, expected in said.items():
        section = re.search(rf'<section id="{key}">.*?</section>', report).group(0)
        answer_ = re.search(r'<p class="answer">(.*?)</p>', section).group(1)
        assert expected in words(f"<p>{answer_}</p>")
    if not run.has_value:
        assert "Revenue" not in words(report)
    assert not re.search(r"\b(nan|None|inf|NaN)\b", words(report))


# -- pieces -----------------------------------------------------------------------------------------


def test_pieces_are_escaped_once_and_shown_alike():
    columns = (Column("who", "Who", words=True), Column("more", "€ & more", "count"))
    rows = [{"who": "<b>", "more": 1}, {"who": None, "more": 22}]
    table = Grid(Table(columns, rows, caption="a < b"))
    (bundle,) = table.bundles()
    left, right = 'style="text-align:left"', 'style="text-align:right"'
    assert table.html() in bundle["text/html"]
    assert f"<tr><td {left}>&lt;b&gt;</td><td {right}>1</td></tr>" in table.html()
    assert f"<tr><td {left}>–</td><td {right}>22</td></tr>" in table.html()
    assert table.html().endswith('<p class="note">a &lt; b</p>')
    assert bundle["text/plain"] == "Who  € & more\n<b>         1\n–          22\na < b"
    assert items("x < 1", "y").html() == "<ul><li>x &lt; 1</li><li>y</li></ul>"
    assert answer("A & B.").html() == '<p class="answer">A &amp; B.</p>'
    assert Text("list", ("x", "y")).bundles()[0]["text/plain"] == "- x\n- y"


# -- pictures ---------------------------------------------------------------------------------------


def drawn(figure):
    return ET.fromstring(draw(figure))  # noqa: S314 - our own text


def test_bars_are_as_long_as_their_values():
    figure = go.Figure(go.Bar(x=["a", "b", "c"], y=[1.0, 2.0, 4.0], marker_color="#123456"))
    figure.update_layout(height=300, meta={"alt": "Three bars"})
    figure.update_xaxes(type="category")
    root = drawn(figure)
    bars = [r for r in root.iter(f"{SVG}rect") if r.get("fill") == "#123456"]
    heights = [float(b.get("height")) for b in bars]
    assert heights[1] / heights[0] == pytest.approx(2, rel=2e-3)
    assert heights[2] / heights[0] == pytest.approx(4, rel=2e-3)
    floors = {round(float(b.get("y")) + float(b.get("height"))) for b in bars}
    assert len(floors) == 1
    assert root.get("aria-label") == "Three bars"
    assert {t.text for t in root.iter(f"{SVG}text")} >= {"a", "b", "c", "0", "4"}


def test_points_lie_where_their_values_are():
    figure = go.Figure(
        go.Scatter(
            x=[1, 10, 100],
            y=[0.0, 0.5, 1.0],
            mode="markers",
            marker={"size": 8, "color": "#abcdef"},
            error_y={"array": [0.1] * 3, "arrayminus": [0.1] * 3},
        )
    )
    figure.update_xaxes(type="log", range=[0, 2])
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    marks = [p.get("d") for p in drawn(figure).iter(f"{SVG}path") if p.get("fill") == "#abcdef"]
    at = [[float(v) for v in re.match(r"M([\d.]+) ([\d.]+)", m).groups()] for m in marks]
    (x0, y0), (x1, y1), (x2, y2) = at
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2


def test_a_gap_cuts_the_line_and_steps_are_steps():
    def path(**line):
        figure = go.Figure(
            go.Scatter(
                x=[0, 1, 2, 3], y=[0, 1, None, 1], mode="lines", line=line | {"color": "#111"}
            )
        )
        return next(
            p.get("d") for p in drawn(figure).iter(f"{SVG}path") if p.get("stroke") == "#111"
        )

    assert len(re.findall("M", path())) == 2
    assert len(re.findall("L", path())) == 1
    assert len(re.findall("L", path(shape="hv"))) == 2


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="bars and scatter traces only, not: heatmap"):
        draw(go.Figure(go.Heatmap(z=[[1]])))
    with pytest.raises(ValueError, match="not: error bars of bars"):
        draw(go.Figure(go.Bar(x=["a"], y=[1], error_y={"array": [1]})))


def test_every_picture_is_valid_and_says_the_same_twice(run):
    summary = run.summary
    figure = charts.concentration_figure(summary["concentration"])
    assert draw(figure) == draw(figure)
    for key in ("outlook", "assumptions", "survival", "evidence"):
        pictures = re.findall(
            "<svg.*?</svg>", getattr(analysis, key)(run, *([1] * (key == "survival"))).html()
        )
        assert pictures
        for picture in pictures:
            root = ET.fromstring(picture)  # noqa: S314 - our own text
            assert root.get("role") == "img"
            wide = float(root.get("width"))
            for text in root.iter(f"{SVG}text"):
                assert -1 <= float(text.get("x")) <= wide + 1


@pytest.mark.parametrize(
    ("value", "shown", "step", "said"),
    [
        (0.25, ".0%", 0.25, "25\u00a0%"),
        (0.025, ".1~%", 0.025, "2.5\u00a0%"),
        (0.2, ".1~%", 0.1, "20\u00a0%"),
        (15000.0, None, 5000.0, "15,000"),
        (2.5, None, 2.5, "2.5"),
        (-0.5, None, 0.5, "−0.5"),
        (12.0, ",.0f", 2.0, "12"),
    ],
)
def test_ticks_are_written_as_the_charts_ask(value, shown, step, said):
    assert written(value, shown, step) == said


def test_ticks_are_round_and_few():
    def labels(settings, extent, cells=(), room=600):
        return [" ".join(lines) for _, lines in axis(settings, cells, extent, room).ticks]

    assert labels({"rangemode": "tozero"}, [3, 97]) == ["0", "20", "40", "60", "80", "100"]
    assert labels({"type": "log"}, [0, 3]) == ["1", "10", "100", "1,000"]
    assert labels({"type": "date"}, [729025, 729390]) == [
        "Jan\u00a01997", "Apr\u00a01997", "Jul\u00a01997", "Oct\u00a01997", "Jan\u00a01998",
    ]  # fmt: skip
    assert labels({"type": "category"}, [], ["b", "a", "b"]) == ["b", "a"]
    assert labels({"range": [0, 0]}, [0]) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]


# -- the command ------------------------------------------------------------------------------------


def test_the_command_writes_either_file(run, report, tmp_path, monkeypatch, capfd):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["clv", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, *capfd.readouterr()

    where = ["--store", run.path.parents[1], "--run", run.id]
    target = tmp_path / "report.html"
    code, out, err = call(*where, "--out", target)
    assert (code, err) == (0, "")
    assert out == f"{target}: {len(report.encode()) / 1000:,.0f} kB, as of 2017-05-15.\n"
    assert target.read_text(encoding="utf-8") == report
    assert call(*where, "--out", tmp_path / "report.ipynb")[0] == 0
    assert json.loads((tmp_path / "report.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4
    code, _, err = call(*where, "--out", tmp_path / "report.pdf")
    assert code == 2
    assert "neither a report nor a notebook" in err
    assert not (tmp_path / "report.pdf").exists()


def test_decisions_and_oddities_are_told(tmp_path):
    lines = "".join(
        f"k{i % 20},{i},2022-{i % 12 + 1:02d}-{i % 27 + 1:02d},{i % 7 + 1}.50,{state}\n"
        for i, state in enumerate(["paid"] * 100 + ["parked"] * 20)
    )
    path = tmp_path / "orders.csv"
    path.write_text("customer,order,date,amount,status\n" + lines + "k3,999,2022-05-05,9000,paid\n")
    run = forecast_files([path], {"backtest": False}, store=tmp_path / "runs")
    section = analysis.data(run)
    grids = [piece for piece in section.pieces if isinstance(piece, Grid)]
    assert grids[-1].rows == [
        (
            "What “parked” in the column “status” means isn't known: its 20 rows count as sales.",
            "20 rows · 92.00",
            "They don't count: --status parked=no; They are refunds: --status parked=refund",
        )
    ]
    assert section.pieces[-1].lines == tuple(run.report["oddities"])
    assert "One order, “999”, is worth" in section.pieces[-1].lines[-1]
    report = analysis.build(run, ".html", lambda *_: None).decode()
    assert "--status parked=no" in report
    assert "Does this look right?" in report
