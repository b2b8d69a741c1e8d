"""The page of one customer, without a browser: what it says is what the run's files say."""

import json
from datetime import date

import pytest

from clv.apps.ui import customer as layout
from clv.core.formatting import day, expected, money, percent
from clv.insights import customer as one
from clv.models.card import from_card
from clv.samples import sample_path
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run
from tests.shops import make_run, new_store

PAGE = "Customer_lookup"


def calm(at):
    """Assert that nothing went wrong, and that no missing value shows."""
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    read = texts(at)
    for word in ("nan", "NaN", "None ", "Traceback", "inf "):
        assert word not in read, read
    return read


def metrics(at):
    return {m.label: m.value.replace("\\", "") for m in at.metric}


def html(at):
    return "".join(block.proto.body for block in at.get("html"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def cdnow(root):
    return make_run(new_store(root), sample_path("cdnow"), as_of=date(1997, 9, 30))


@pytest.fixture
def look(pages, root, monkeypatch):
    """Open one customer of a run in the module's store."""
    monkeypatch.setenv("CLV_RUNS", str(root))
    return lambda run, customer: pages.open(PAGE, run=run.id, customer=customer)


@pytest.mark.parametrize("segment", ["champions", "at risk", "inactive", "one-time", "promising"])
def test_a_real_customer_to_the_last_digit(look, cdnow, segment):
    facts = cdnow.query(
        "SELECT * FROM forecasts WHERE segment = ? ORDER BY hash(customer_id) LIMIT 1", [segment]
    ).to_pylist()[0]
    at = look(cdnow, facts["customer_id"])
    read = calm(at)
    assert metrics(at) == {
        "Worth, next 12 months": money(facts["predicted_clv"]),
        "Chance of buying, next 12 months": percent(facts["p_purchase"]),
        "Still active": percent(facts["p_alive"]),
        "Next order, if active": layout.words.next_order(facts, "1997-09-30"),
        "Spent so far": money(facts["revenue"]),
    }
    assert facts["customer_id"] in html(at)
    assert layout.words.VERDICTS[one.standing(facts, *silent(cdnow, facts))] in read
    # Path, timeline, months; who they are, what comes next, comparison.
    assert len(at.get("plotly_chart")) == 3
    who, following, compared = (table.value for table in at.table)
    told = dict(zip(who["Fact"], who["Value"], strict=True))
    assert told["First order"] == day(facts["first_order"])
    assert told["Last order"] == day(facts["last_order"])
    assert told["Group"] == segment
    assert told["Spent"] == money(facts["revenue"])
    fitted = from_card(cdnow.model["purchases"])
    seen = one.outlook(fitted, facts["frequency"], facts["recency"], facts["T"])
    assert following["Chance of an order"].tolist() == [percent(p) for p in seen.chances]
    assert following["Expected orders"].tolist() == [expected(n) for n in seen.purchases]
    cohort = one.peers(cdnow, facts, "cohort")
    column = next(c for c in compared.columns if c.startswith("Cohort"))
    assert compared[column].tolist()[1].startswith(f"{money(cohort.median['revenue'])} (")
    orders, months = (frame.value for frame in at.dataframe)
    files = cdnow.customer_orders(facts["customer_id"]).to_pydict()
    assert orders["Value"].tolist() == files["revenue"][::-1]
    monthly = cdnow.customer_monthly(facts["customer_id"]).to_pydict()
    assert months["Expected orders"].tolist() == monthly["predicted_purchases"]
    assert months["Expected revenue"].tolist() == monthly["predicted_revenue"]
    assert months["Lifetime value"].tolist() == monthly["predicted_clv"]
    assert {b.key for b in at.get("download_button")} == {"download_orders", "download_monthly"}


def test_days_with_an_order_are_compared_with_days(look, cdnow):
    facts = cdnow.query(
        "SELECT * FROM forecasts WHERE orders > frequency + 1 AND p_alive > 0.9 "
        "ORDER BY orders DESC, customer_id LIMIT 1"
    ).to_pylist()[0]
    at = look(cdnow, facts["customer_id"])
    read = calm(at)
    who = at.table[0].value
    told = dict(zip(who["Fact"], who["Value"], strict=True))
    assert told["Average order"] == money(facts["revenue"] / facts["orders"])
    assert told["Average per day with an order"] == money(
        facts["revenue"] / (facts["frequency"] + 1)
    )
    assert told["Expected per day with an order"] == money(facts["predicted_order_value"])
    assert f"{expected(facts['predicted_purchases'])} days with an order are expected" in read
    assert "several orders on one day count once" in read
    traces = json.loads(at.get("plotly_chart")[1].proto.spec)["data"]
    diamond = next(t for t in traces if t.get("name") == "Next order expected")
    assert diamond["y"] == [pytest.approx(facts["predicted_order_value"])]


def silent(run, facts):
    return one.silence(run, facts)[0], run.summary["cuts"]["new_days"]


def test_fake_run_with_labels_and_currency(pages, tmp_path):
    run = fake_run(tmp_path)
    best = run.top("buyers", 1)["customer_id"][0].as_py()
    at = pages.open(PAGE, run=run.id, customer=best)
    read = calm(at)
    assert "the chance of at least one order in the next 12 months is" in read
    assert "Money at risk: €" in read
    who = at.table[0].value
    assert dict(zip(who["Fact"], who["Value"], strict=True))["Ship country"] in {
        *("Germany", "Österreich"),
    }


def test_dollars_are_no_formulas(pages, tmp_path):
    run = fake_run(tmp_path, currency="USD")
    best = run.top("buyers", 1)["customer_id"][0].as_py()
    at = pages.open(PAGE, run=run.id, customer=best)
    calm(at)
    written = [m.value for m in at.markdown if "$" in m.value]
    assert written
    assert all(text.count("$") == text.count("\\$") for text in written)


def test_nobody_is_expected_back(pages, tmp_path):
    run = fake_run(tmp_path)
    sql = "SELECT customer_id FROM forecasts WHERE frequency = 0 LIMIT 1"
    once = run.query(sql)["customer_id"][0].as_py()
    at = pages.open(PAGE, run=run.id, customer=once)
    assert metrics(at)["Next order, if active"] == "not expected"
    assert "verdue: 9 out of 10" not in calm(at)


def test_unknown_customer(pages, tmp_path):
    run = fake_run(tmp_path)
    at = pages.open(PAGE, run=run.id, customer="D00001")
    assert "No customer has the id" in at.warning[0].value
    assert at.get("button_group")[0].options[0] == "C00001"
    at = pages.open(PAGE, run=run.id, customer="C0001")
    assert "10 ids start like this" in str(at.get("button_group")[0].label)
    at = pages.open(PAGE, run=run.id, customer="<b>*x*" + "y" * 5000)
    assert not at.exception
    assert "y…”" in at.warning[0].value
    at = pages.open(PAGE, run=run.id, customer="   ")
    assert "Look one customer up" in calm(at)


def test_without_amounts_only_orders_are_compared(pages, tmp_path):
    run = fake_run(tmp_path, value=False, currency="EUR")
    at = pages.open(PAGE, run=run.id, customer="C00003")
    read = calm(at)
    assert "€" not in read
    assert "Money at risk" not in read
    assert "Expected orders, next 12 months" in metrics(at)
    assert "Orders so far" in metrics(at)
    assert at.table[2].value.iloc[:, 0].tolist() == [
        *("Orders so far", "Chance of buying"),
    ]


def test_history_only(pages, tmp_path):
    run = fake_run(tmp_path, forecast=False, notes=("Here is why.",))
    at = pages.open(PAGE, run=run.id, customer="C00003")
    read = calm(at)
    assert "There is no forecast for this customer" in read
    assert "Here is why." in read
    assert "What comes next" not in read
    assert list(metrics(at)) == ["Spent so far"]
    assert len(at.get("plotly_chart")) == 1
    assert [b.key for b in at.get("download_button")] == ["download_orders"]


ODD = [
    *("a/b/c", "Ünïcödé 客户", 'O\'Brien "x"', "*bold* `code` [l](http://x)", "=1+1", "A&amp;B<b>"),
    *("#1 $5$ :smile:", "me@example.com", "100%?a=b&c#d", "x" * 300, "\ttab"),
]


@pytest.fixture(scope="module")
def odd(root):
    """Twelve customers who all came back once: too few for a model that tells them apart."""
    rows = [
        '"{}",{},{}'.format(name.replace('"', '""'), when, 5 + i)
        for i, name in enumerate([*ODD, "plain", "simple"])
        for when in (f"2017-01-{i + 1:02d}", f"2017-03-{i + 1:02d}")
    ]
    return make_run(new_store(root), "customer_id,date,value\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize("name", ODD)
def test_any_id_opens_its_page_and_shows_as_it_stands(look, odd, name):
    at = look(odd, name)
    read = calm(at)
    assert at.text_input(key="customer").value == name
    shown = html(at)
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        name = name.replace(plain, escaped)
    assert f">{name.replace(chr(39), '&#x27;')}</h2>" in shown
    # Everybody alike: said, and no path is drawn.
    assert "There are too few customers to tell them apart" in read
    assert "no path to draw" in read
    assert len(at.get("plotly_chart")) == 2


def test_a_file_of_one_customer(look, root):
    rows = "A,2017-01-04,10\nA,2017-03-04,11\n"
    run = make_run(new_store(root), f"customer_id,date,value\n{rows}")
    at = look(run, "A")
    read = calm(at)
    assert "Nobody else first ordered in Jan 2017: too few to compare with." in read
    assert "Ordered twice, 8 weeks apart; the last time on 4 Mar 2017." in read
    assert len(at.table) == 2


def test_a_customer_with_thousands_of_orders(look, root):
    rows = "\n".join(f"H,2017-0{i % 9 + 1}-{i % 28 + 1:02d},{i % 7 + 1}" for i in range(5200))
    rows += "\n" + "\n".join(f"N{i},2017-03-04,5" for i in range(12))
    run = make_run(new_store(root), f"customer_id,date,value\n{rows}\n")
    at = look(run, "H")
    read = calm(at)
    assert "Ordered 5,200 times on 252 days, nearly every day" in read
    assert "The last 5,000 orders are drawn." in read
    assert len(at.dataframe[0].value) == 500
