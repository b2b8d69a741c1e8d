"""Segments & actions: what the page says is what the run's files hold."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import unquote

import pytest

from clv.apps.ui import downloads
from clv.core.formatting import money, percent
from clv.core.segments import GROUPS, LIKELIHOODS, Thresholds
from clv.insights.newcomers import months_of_life
from clv.insights.newcomers.curves import Interval
from clv.insights.segments import tables
from clv.report.words import segments as words
from tests.apps.ui.conftest import texts
from tests.apps.ui.fakes import fake_run
from tests.apps.ui.test_pages import calm
from tests.handmade import AS_OF, customer, handmade_run
from tests.insights.test_acquisition import channels, lives
from tests.insights.test_segments import people
from tests.shops import make_run, new_store, shop

WHERE = "Segments"
VIEWS = ("Groups", "Overdue", "Chance of buying", "New customers")


def open_page(pages, run, view=""):
    """Open the page on a run of the pages' own store, at one of its views."""
    at = pages.open(WHERE, run=run.id)
    if view:
        at.session_state["view"] = view
        at.run()
    return at


@pytest.fixture
def made(tmp_path):
    return handmade_run(tmp_path, people(), margin=0.5, cuts=(30, 60.0, 20.0))


def frame(at, key):
    """Return one of the page's tables, by the name of its first column."""
    found = [d.value for d in at.dataframe if d.value.columns[0] == key]
    assert len(found) == 1, [list(d.value.columns) for d in at.dataframe]
    return found[0]


def cards(at):
    return {m.label.replace("\u00a0", " "): m.value.replace("\u00a0", " ") for m in at.metric}


def test_empty_page_leads_to_the_upload(pages):
    at = pages.open(WHERE)
    calm(at)
    at.button(key="to_upload").click().run()
    assert "What are your customers worth" in calm(at)


def test_the_answer_by_hand(pages, made):
    at = open_page(pages, made)
    read = calm(at)
    assert (
        "2 customers (29 %) are at risk or need attention: kept active, they are worth €109.50 over "
        "the next 12 months; the 2 overdue customers with the most at risk account for "
        "€109.50 of that."
    ).replace("€109.50", money(109.5, "EUR")) in read
    assert cards(at) == {
        "At risk or need attention": "2",
        "Their money at risk, next 12 months": "€69.00",
        "Overdue": "2",
        "Should order, next 12 months": "3",
    }
    # Rules and actions stand beside the groups, with the run's own numbers.
    assert "First and only order within the last 30 days." in read
    assert "Win them back one by one" in read
    assert "Loyal · 1 customer (14 %)" in read.replace("**", "")


def test_groups_table_holds_the_digits_of_the_files(pages, tmp_path):
    run = make_run(new_store(tmp_path), shop(), currency="EUR")
    at = open_page(pages, run)
    calm(at)
    shown = frame(at, "Group")
    rows = run.query(
        "SELECT segment, count(*) AS n, sum(revenue) AS revenue, "
        "sum(predicted_purchases * predicted_order_value) AS ahead, sum(predicted_clv) AS clv, "
        "sum((1 - p_alive) * discounted_if_active * predicted_order_value) AS risk, "
        "avg(p_purchase) AS buys FROM forecasts JOIN profiles USING (frequency, recency, T) "
        "GROUP BY 1"
    ).to_pylist()
    rows.sort(key=lambda r: list(GROUPS).index(r["segment"]))
    assert shown["Group"].tolist() == [r["segment"].capitalize() for r in rows]
    assert shown["Customers"].tolist() == [r["n"] for r in rows]
    assert shown["Revenue so far (€)"].tolist() == [round(r["revenue"]) for r in rows]
    assert shown["Forecast revenue (€)"].tolist() == [round(r["ahead"]) for r in rows]
    assert shown["Lifetime value (€)"].tolist() == [round(r["clv"]) for r in rows]
    assert shown["Money at risk (€)"].tolist() == [round(r["risk"]) for r in rows]
    assert shown["Chance of buying (%)"].tolist() == pytest.approx([r["buys"] * 100 for r in rows])
    assert shown["Customers (%)"].sum() == pytest.approx(100)
    assert shown["Forecast revenue (%)"].sum() == pytest.approx(100)


def test_overdue_table_and_its_limit(pages, made):
    at = open_page(pages, made, "Overdue")
    shown = frame(at, "Customer")
    assert shown["Customer"].tolist() == ["dan", "eve"]
    assert shown["At risk (€)"].tolist() == [54, 15]
    assert shown["Worth if active (€)"].tolist() == [72, 38]
    assert shown["Still active (%)"].tolist() == [25.0, 60.0]
    assert shown["Silent (days)"].tolist() == [98, 50]
    due = tables.overdue(made)[0]["due"]
    assert shown["Due by"][0] == due
    assert AS_OF - timedelta(days=98) < due < AS_OF
    assert "1 more customer would be overdue, but is most probably lost" in texts(at)
    at.number_input(key="least_active").set_value(0).run()
    read = calm(at)
    assert frame(at, "Customer")["Customer"].tolist() == ["fay", "dan", "eve"]
    assert "most probably lost" not in read
    # The limit is the list's: the cards and the answer stay.
    assert cards(at)["Overdue"] == "2"


def test_likelihoods_and_their_limits(pages, made):
    at = open_page(pages, made, "Chance of buying")
    shown = frame(at, "An order is")
    assert shown["An order is"].tolist() == [name.capitalize() for name in LIKELIHOODS]
    assert shown["Customers"].tolist() == [2, 2, 0, 3]
    assert shown["Expected buyers"].tolist() == [1.6, 1.1, 0.0, 0.4]
    assert "2 of 7 customers order again in the next 12 months with a chance of 75 %" in calm(at)
    at.number_input(key="limit_0").set_value(80)
    at.number_input(key="limit_1").set_value(20)
    at.number_input(key="limit_2").set_value(4).run()
    assert frame(at, "An order is")["Customers"].tolist() == [1, 5, 1, 0]
    assert frame(at, "An order is")["Chance"].str.replace("\u00a0", " ").tolist() == [
        "80 % or more",
        "20 % to under 80 %",
        "4 % to under 20 %",
        "under 4 %",
    ]
    at.number_input(key="limit_2").set_value(30).run()
    calm(at)
    assert "must fall from left to right" in at.warning[0].value


def test_newcomers_by_label(pages, tmp_path):
    rows, orders = lives(15)
    run = handmade_run(tmp_path, rows, orders, labels=channels(15))
    at = open_page(pages, run, "New customers")
    read = calm(at)
    all_ = months_of_life.by_label(run, "channel").everyone
    assert "The history is too short for 12 months" in read
    assert f"A new customer brings {money(all_.after(2).mean, 'EUR')} in the first 2 months" in read
    assert f"the first 2 months: {words.between(all_.after(2), 'EUR')} in 4 of 5 cases" in read
    shown = frame(at, "Value")
    assert shown["Value"].tolist() == ["All customers", "shop", "web", "not stated"]
    assert shown["Customers"].tolist() == [90, 45, 30, 15]
    assert shown["Most you could pay"].tolist() == [
        money(33 + 20 / 3, "EUR"),
        money(65 / 3 + 10, "EUR"),
        "too few customers (15)",
        "too few customers (0)",
    ]
    assert shown["Cautious"].tolist()[2:] == ["", ""]
    # Paying what is worth it in two months over all, the shop's customers don't return it.
    assert shown["Earned back in"].tolist() == [
        "month 2",
        "not within 2 months",
        "too few customers (15)",
        "too few customers (15)",
    ]
    at.number_input(key=f"acquisition_cost_{run.id}").set_value(21.0)
    at.number_input(key=f"payback_{run.id}").set_value(1).run()
    calm(at)
    shown = frame(at, "Value")
    assert shown["Earned back in"].tolist()[:2] == ["month 1", "month 1"]
    assert shown["Most you could pay"].tolist()[:2] == [money(33, "EUR"), money(65 / 3, "EUR")]
    at.number_input(key=f"acquisition_margin_{run.id}").set_value(50.0).run()
    shown = frame(at, "Value")
    assert shown["Most you could pay"].tolist()[:2] == [money(16.5, "EUR"), money(65 / 6, "EUR")]
    assert shown["Earned back in"].tolist()[:2] == ["not within 2 months", "not within 2 months"]
    at.selectbox(key="newcomers_by").select_index(1).run()
    calm(at)
    assert frame(at, "Value")["Value"].tolist()[1:] == ["2017 Q4", "2017 Q3"]


def test_the_names_of_labels_stand_as_they_are(pages, tmp_path):
    rows, orders = lives(15)
    run = handmade_run(
        tmp_path, rows, orders, labels={"payment_method <b>": channels(15)["channel"]}
    )
    at = open_page(pages, run, "New customers")
    calm(at)
    offered = at.selectbox(key="newcomers_by").options
    assert offered == ["payment_method <b>", "Quarter of the first order"]


def test_only_the_open_view_is_computed_and_all_say_how(pages, made, monkeypatch):
    read = []
    for name in ("groups", "overdue_totals", "overdue", "likelihoods"):
        real = getattr(tables, name)
        monkeypatch.setattr(
            tables, name, lambda *a, real=real, name=name: read.append(name) or real(*a)
        )
    by_cohort = months_of_life.by_cohort
    monkeypatch.setattr(
        months_of_life, "by_cohort", lambda run: read.append("newcomers") or by_cohort(run)
    )
    at = open_page(pages, made)
    for view, more in zip(VIEWS, ([], ["overdue"], ["likelihoods"], ["newcomers"]), strict=True):
        at.session_state["view"] = view
        at.run()
        calm(at)
        if view == "Groups":
            assert read == ["groups", "overdue_totals"]
        else:
            assert read == more
        folded = [e.label for e in at.expander]
        # Who can't be watched for a month has no figure to explain.
        assert folded == ([] if view == "New customers" else ["How is this computed?"])
        read.clear()


def test_choices_outlast_a_look_at_another_view(pages, tmp_path):
    rows, orders = lives(15)
    run = handmade_run(tmp_path, rows, orders, labels=channels(15))
    at = open_page(pages, run, "New customers")
    at.number_input(key=f"payback_{run.id}").set_value(1)
    at.selectbox(key="newcomers_by").select_index(1).run()
    for view in ("Overdue", "New customers"):
        at.session_state["view"] = view
        at.run()
    calm(at)
    assert at.number_input(key=f"payback_{run.id}").value == 1
    assert frame(at, "Value")["Value"].tolist()[1:] == ["2017 Q4", "2017 Q3"]


def test_lists_are_links_where_the_server_streams(pages, made, monkeypatch):
    monkeypatch.setattr(downloads, "enabled", lambda: True)
    at = open_page(pages, made)
    for view, names in (
        ("Groups", ("group-at-risk", "group-champions")),
        ("Overdue", ("overdue-20",)),
        ("Chance of buying", ("chance-75-100", "chance-0-25")),
    ):
        at.session_state["view"] = view
        at.run()
        calm(at)
        links = unquote("".join(h.proto.body for h in at.get("html")))
        for name in names:
            assert f"/download/{made.id}/campaign-{name}.csv" in links


@pytest.mark.parametrize("customers", [1, 3, 40, 300])
def test_any_number_of_customers(pages, tmp_path, customers):
    run = fake_run(tmp_path, customers=customers)
    for view in VIEWS:
        calm(open_page(pages, run, view))


def test_without_amounts(pages, tmp_path):
    run = fake_run(tmp_path, value=False, currency="", notes=("Here is why.",))
    at = open_page(pages, run)
    read = calm(at)
    assert "Here is why." in read
    assert not any("evenue" in m.label or "Money" in m.label or "pay" in m.label for m in at.metric)
    assert "Orders at risk" in frame(at, "Group")
    assert "should place" in read
    for view in VIEWS:
        at.session_state["view"] = view
        at.run()
        calm(at)
        for table in at.dataframe:
            assert not any(w in c for c in table.value for w in ("evenue", "value", "Money", "pay"))


@pytest.mark.parametrize("value", [True, False])
def test_history_alone_says_what_remains(pages, tmp_path, value):
    run = fake_run(tmp_path, forecast=False, value=value, notes=("Here is why.",))
    at = open_page(pages, run)
    read = calm(at)
    assert "nobody can be put into a group" in read
    assert f"{run.summary['orders']} orders of 300 customers" in read
    assert "Here is why." in read
    assert len(at.metric) == 0
    shown = frame(at, "Value")
    assert ("Most you could pay" in shown) == value
    assert not any("Lifetime" in c or "Expected" in c for c in shown)


def test_money_in_dollars_is_no_formula(pages, tmp_path):
    run = handmade_run(tmp_path, people(), margin=0.5, cuts=(30, 60.0, 20.0), currency="USD")
    for view in VIEWS:
        at = open_page(pages, run, view)
        calm(at)
        for text in (*at.markdown, *at.subheader, *at.caption):
            assert "$" not in text.value.replace(r"\$", ""), text.value


def test_names_are_shown_as_they_stand(pages, tmp_path):
    rows, orders = lives(15)
    labels = {"*chan*nel": {r["customer_id"]: "<b>*x*</b>" for r in rows}}
    run = handmade_run(tmp_path, rows, orders, labels=labels)
    at = open_page(pages, run, "New customers")
    assert not at.exception
    assert frame(at, "Value")["Value"].tolist()[1] == "<b>*x*</b>"
    spec = at.get("plotly_chart")[-1].proto.spec
    assert "<b>*x*" not in spec


# -- words ------------------------------------------------------------------------------------------

SETTINGS = {"horizon_months": 12, "currency": "EUR"}


def group(name, customers, if_active=10.0, at_risk=1.0):
    return {"segment": name, "customers": customers, "if_active": if_active, "at_risk": at_risk}


@pytest.mark.parametrize(
    ("groups", "first", "has_money", "text"),
    [
        ([group("new", 1)], 0, True, "The only customer is in the group “new”."),
        (
            [group("new", 2), group("loyal", 8)],
            0,
            True,
            (
                "No customer is at risk or needs attention; the largest group, “loyal”, has 8 of the 10 "
                "customers."
            ),
        ),
        (
            [group("loyal", 9), group("at risk", 1, 250.0)],
            1,
            True,
            (
                "1 customer (10 %) is at risk or needs attention: kept active, it is worth €250 over the "
                "next 12 months; the overdue customer with the most at risk accounts for "
                "€99.00 of that."
            ),
        ),
        (
            [group("loyal", 8), group("at risk", 1, 3.0), group("needs attention", 1, 2.5)],
            2,
            False,
            (
                "2 customers (20 %) are at risk or need attention: kept active, they should place 5.5 "
                "orders in the next 12 months; the 2 overdue customers with the most at risk account for "
                "99 orders."
            ),
        ),
    ],
)
def test_sentences(groups, first, has_money, text):
    found = words.sentence(
        groups, {"first": first, "first_worth": 99.0}, SETTINGS, has_money=has_money
    )
    assert found.replace("\u00a0", " ") == text


def test_words_of_a_model_in_which_nobody_leaves():
    assert words.few_leave([group("loyal", 5, 100.0, 10.0)]) == ""
    assert "hardly anybody leaving" in words.few_leave([group("loyal", 5, 100.0, 0.5)])


def test_words_of_likelihoods_and_tiers():
    assert words.chances("highly likely", Thresholds(1.0, 0.5, 0.1)) == f"{percent(1)} or more"
    row = {"likelihood": "unlikely", "tier": "high", "customers": 4, "predicted_clv": 8.0}
    assert words.cell(row, 8, "EUR") == "4<br>50\u00a0%<br>€2.00 each"
    assert words.cell(row | {"customers": 0}, 8, "EUR") == "0"
    assert "same predicted value" in words.tiers_note([row, row | {"tier": "low", "customers": 1}])
    assert words.tiers_note([row, row | {"tier": "low", "customers": 16}]) == ""


def test_words_of_an_interval():
    assert words.between(Interval(10.0, 1.0), "EUR") == "€8.72 to €11.28"
    assert words.between(None, "EUR") == ""
    assert words.short_history(9, 12).startswith("The history is too short for 12 months")
    assert words.short_history(12, 12) == ""


def test_the_table_of_newcomers_can_be_taken_along(pages, tmp_path):
    rows, orders = lives(15)
    run = handmade_run(tmp_path, rows, orders, labels=channels(15))
    from clv.apps.ui import newcomers

    found = months_of_life.by_label(run, "channel")
    content = newcomers.as_csv(
        [found.everyone, *found.groups],
        ["All", "=shop", "web", "none"],
        2,
        0.5,
        10.0,
        has_value=True,
    )
    table = list(csv.DictReader(io.StringIO(content.decode())))
    assert [r["value"] for r in table] == ["All", "'=shop", "web", "none"]
    assert float(table[0]["revenue_2_months"]) == found.everyone.after(2).mean
    assert float(table[1]["cac_ceiling"]) == found.groups[0].ceiling(0.5, 2).mean
    assert [r["cac_ceiling"] for r in table[2:]] == ["", ""]
    assert [r["payback_month"] for r in table] == ["1", "1", "", ""]


def test_a_customer_with_a_strange_id_is_listed_as_it_stands(pages, tmp_path):
    row = customer("<i>$1$</i>", 2, 10, 200, p_alive=0.5, p_purchase=0.3, predicted_purchases=1.0)
    row |= {"segment": "at risk", "p_silent": 0.05, "discounted_if_active": 2.0}
    at = open_page(pages, handmade_run(tmp_path, [row]), "Overdue")
    assert not at.exception
    assert frame(at, "Customer")["Customer"].tolist() == ["<i>$1$</i>"]
