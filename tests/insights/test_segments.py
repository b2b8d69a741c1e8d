"""Segments: tables by hand, rules on real histories, lists as files."""

from __future__ import annotations

import csv
import io
import math
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from clv.apps.ui import downloads
from clv.core.errors import InputError, SettingsError
from clv.core.segments import ACTIONS, GROUPS, LIKELIHOODS, TIERS, TO_SAVE, Thresholds, rule
from clv.insights.segments import lists, tables
from clv.insights.segments.lists import CampaignList
from clv.insights.segments.reasons import duration_sql
from tests.handmade import AS_OF, customer, handmade_run
from tests.places import ROOT
from tests.shops import make_run, new_store, shop

#: name, (frequency, recency, T), p_alive, p_purchase, purchases, order value, group, silent, if active
PEOPLE = [
    ("ace", (9, 90, 100), 0.9, 0.8, 8.0, 50.0, "champions", 0.6, 8.4),
    ("bea", (2, 60, 70), 0.8, 0.6, 2.0, 20.0, "loyal", 0.5, 2.3),
    ("cat", (0, 0, 200), 0.5, 0.2, 0.25, 30.0, "one-time", 0.4, 0.5),
    ("dan", (6, 126, 224), 0.25, 0.2, 1.0, 40.0, "at risk", 0.05, 3.6),
    ("eve", (4, 40, 90), 0.6, 0.5, 2.0, 25.0, "at risk", 0.08, 3.0),
    ("fay", (3, 30, 300), 0.05, 0.04, 0.1, 90.0, "inactive", 0.01, 1.6),
    ("gus", (0, 0, 10), 0.7, 0.75, 0.5, 30.0, "new", 0.9, 0.7),
]
MARGIN = 0.5


def people(*, value=True):
    rows = []
    for name, triple, alive, buys, orders, worth, group, silent, active in PEOPLE:
        money = {
            "revenue": 10.0 * (triple[0] + 1),
            "predicted_order_value": worth,
            "predicted_clv": alive * active * worth * MARGIN,
        }
        rows.append(
            customer(
                name,
                *triple,
                p_alive=alive,
                p_purchase=buys,
                predicted_purchases=orders,
                segment=group,
                p_silent=silent,
                discounted_if_active=active,
                **(money if value else {}),
            )
        )
    return rows


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    return handmade_run(root, people(), margin=MARGIN, cuts=(30, 60.0, 20.0))


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    root = tmp_path_factory.mktemp("counted")
    return handmade_run(root, people(value=False), cuts=(30, 3.0, 1.0), currency="")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return make_run(new_store(tmp_path_factory.mktemp("store")), shop())


# -- groups -----------------------------------------------------------------------------------------


def test_groups_add_up(made):
    rows = {r["segment"]: r for r in tables.groups(made).to_pylist()}
    assert list(rows) == ["champions", "loyal", "new", "at risk", "one-time", "inactive"]
    # dan and eve: (1 - p_alive) × orders if active × order value × margin
    assert rows["at risk"] == {
        "segment": "at risk",
        "customers": 2,
        "orders": 12,
        "revenue": 120.0,
        "predicted_purchases": 3.0,
        "predicted_revenue": 1.0 * 40 + 2.0 * 25,
        "predicted_clv": pytest.approx(0.25 * 3.6 * 40 * 0.5 + 0.6 * 3.0 * 25 * 0.5, rel=1e-15),
        "at_risk": pytest.approx(0.75 * 3.6 * 40 * 0.5 + 0.4 * 3.0 * 25 * 0.5, rel=1e-15),
        "if_active": pytest.approx(3.6 * 40 * 0.5 + 3.0 * 25 * 0.5, rel=1e-15),
        "p_purchase": pytest.approx(0.35, rel=1e-15),
        "p_alive": pytest.approx(0.425, rel=1e-15),
    }
    assert rows["at risk"]["at_risk"] == pytest.approx(54 + 15)


def test_without_amounts_orders_are_at_risk(counted):
    rows = {r["segment"]: r for r in tables.groups(counted).to_pylist()}
    assert rows["at risk"]["at_risk"] == pytest.approx(0.75 * 3.6 + 0.4 * 3.0)
    assert rows["at risk"]["if_active"] == pytest.approx(6.6)
    assert {r["predicted_revenue"] for r in rows.values()} == {None}


def test_groups_of_a_real_run_are_everybody_once(real):
    rows = tables.groups(real).to_pylist()
    assert [r["segment"] for r in rows] == [g for g in GROUPS if g in {r["segment"] for r in rows}]
    for column in ("customers", "orders", "revenue", "predicted_revenue", "predicted_clv"):
        assert sum(r[column] for r in rows) == pytest.approx(real.summary[column], rel=1e-9)
    clv = sum(r["predicted_clv"] for r in rows)
    # CLV + money at risk is the CLV of customers known to be active.
    assert sum(r["at_risk"] for r in rows) + clv == pytest.approx(sum(r["if_active"] for r in rows))


def test_every_group_has_a_rule_and_an_action():
    cuts = {"new_days": 49, "high_value": 1.0, "middle_value": 0.5}
    assert set(ACTIONS) == set(GROUPS)
    for group in GROUPS:
        assert "{" not in rule(group, cuts, "12 months")
    assert rule("new", cuts, "") == "First and only order within the last 49 days."
    assert rule("new", cuts | {"new_days": 1}, "") == "First and only order within the last day."
    assert "within 6 months" in rule("promising", cuts, "6 months")


# -- likelihoods ------------------------------------------------------------------------------------


def test_likelihoods_by_tier(made):
    rows = tables.likelihoods(made).to_pylist()
    assert [(r["likelihood"], r["tier"]) for r in rows] == [
        (name, tier) for name in LIKELIHOODS for tier in TIERS
    ]
    # CLV: ace 189, bea 18.4, cat 3.75, dan 18, eve 22.5, fay 3.6, gus 7.35; cuts at 60 and 20.
    found = {(r["likelihood"], r["tier"]): r["customers"] for r in rows if r["customers"]}
    assert found == {
        ("highly likely", "high"): 1,  # ace, 0.8
        ("highly likely", "low"): 1,  # gus, 0.75: the limit belongs to the upper one
        ("somewhat likely", "middle"): 1,  # eve, 0.5
        ("somewhat likely", "low"): 1,  # bea, 0.6
        ("highly unlikely", "low"): 3,  # cat, dan, fay
    }
    last = rows[-1]
    assert last["buyers"] == pytest.approx(0.44)
    assert last["predicted_revenue"] == pytest.approx(0.25 * 30 + 40 + 9)
    assert last["predicted_clv"] == pytest.approx(3.75 + 18 + 3.6)
    nobody = next(r for r in rows if not r["customers"])
    assert (nobody["buyers"], nobody["predicted_clv"]) == (0.0, None)


def test_limits_can_be_moved(made):
    rows = tables.likelihoods(made, Thresholds(0.8, 0.2, 0.04)).to_pylist()
    count = {
        name: sum(r["customers"] for r in rows if r["likelihood"] == name) for name in LIKELIHOODS
    }
    assert list(count.values()) == [1, 5, 1, 0]


def test_tiers_without_amounts_go_by_orders(counted):
    rows = tables.likelihoods(counted).to_pylist()
    tiers = {tier: sum(r["customers"] for r in rows if r["tier"] == tier) for tier in TIERS}
    assert tiers == {"high": 1, "middle": 3, "low": 3}


@pytest.mark.parametrize(
    "limits", [(0.5, 0.5, 0.2), (0.2, 0.5, 0.7), (1.1, 0.5, 0.2), (0.5, 0.2, 0)]
)
def test_limits_must_fall(limits):
    with pytest.raises(SettingsError, match="must fall"):
        Thresholds(*limits)


def test_likelihoods_of_a_real_run(real):
    rows = tables.likelihoods(real).to_pylist()
    assert sum(r["customers"] for r in rows) == 300
    assert sum(r["buyers"] for r in rows) == pytest.approx(real.summary["expected_buyers"])
    assert sum(r["customers"] for r in rows if r["tier"] == "high") == 60
    assert sum(r["customers"] for r in rows if r["tier"] == "middle") == 90


# -- overdue ----------------------------------------------------------------------------------------


def test_overdue_are_ranked_by_money_at_risk(made):
    rows = tables.overdue(made)
    assert [r["customer_id"] for r in rows] == ["dan", "eve"]
    assert [r["at_risk"] for r in rows] == pytest.approx([54.0, 15.0])
    assert [r["if_active"] for r in rows] == pytest.approx([72.0, 37.5])
    assert [(r["gap_days"], r["silent_days"]) for r in rows] == [(21.0, 98), (10.0, 50)]
    # Nobody is too unlikely to be active: fay, nearly lost, has the most at risk of all.
    everybody = tables.overdue(made, 0.0)
    assert [r["customer_id"] for r in everybody] == ["fay", "dan", "eve"]
    assert everybody[0]["at_risk"] == pytest.approx(0.95 * 1.6 * 90 * 0.5)
    assert [r["customer_id"] for r in tables.overdue(made, 0.05, limit=1)] == ["fay"]


def test_overdue_totals(made):
    assert tables.overdue_totals(made, first=1) == {
        "customers": 2,
        "at_risk": pytest.approx(69.0),
        "worth": pytest.approx(109.5),
        "first": 1,
        "first_at_risk": pytest.approx(54.0),
        "first_worth": pytest.approx(72.0),
        "left_out": 1,
    }
    nobody = tables.overdue_totals(made, 1.0)
    assert (nobody["customers"], nobody["at_risk"], nobody["left_out"]) == (0, None, 3)


def test_due_date_and_window_are_quantiles_of_the_wait(made):
    """Lomax: r = 1, α = 20 days; due counts from the last order, the window from the as-of date."""
    dan = tables.overdue(made)[0]
    due = (20 + 126) * (10 ** (1 / 7) - 1)
    assert dan["due"] == dan["last_order"] + timedelta(days=math.ceil(due))
    assert dan["due"] < AS_OF, "silent for longer than that: overdue"
    early, late = ((20 + 224) * ((1 - q) ** (-1 / 7) - 1) for q in (0.1, 0.9))
    assert dan["next_from"] == AS_OF + timedelta(days=math.ceil(early))
    assert dan["next_to"] == AS_OF + timedelta(days=math.ceil(late))


def test_overdue_of_a_real_run_were_due_before_today(real):
    rows = tables.overdue(real, 0.0, limit=300)
    assert rows
    as_of = real.settings["as_of"]
    assert all(r["due"].isoformat() <= as_of and r["p_silent"] < 0.1 for r in rows)
    risks = [r["at_risk"] for r in rows]
    assert risks == sorted(risks, reverse=True)
    for r in rows:
        assert r["at_risk"] + r["predicted_clv"] == pytest.approx(r["if_active"], rel=1e-9)


# -- reasons and lists ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "text", "every"),
    [
        (0, "1 day", "day"),
        (1, "1 day", "day"),
        (13.4, "13 days", "13 days"),
        (13.5, "2 weeks", "2 weeks"),
        (98, "14 weeks", "14 weeks"),
        (129, "18 weeks", "18 weeks"),
        (130, "4 months", "4 months"),
        (365, "12 months", "12 months"),
        (730, "2 years", "2 years"),
    ],
)
def test_durations_in_words(made, days, text, every):
    sql = f"SELECT {duration_sql('d')} AS a, {duration_sql('d', every=True)} AS b FROM (SELECT $1 AS d)"
    assert made.query(sql, [float(days)]).to_pylist() == [{"a": text, "b": every}]


def test_reasons_in_words(made):
    def reason(wanted):
        return {r["customer_id"]: r["reason"] for r in lists.first(made, wanted, 10)}

    assert reason(CampaignList(least_active=0.0)) == {
        "fay": "4 orders, about every 10 days; silent for 9 months; 5 % chance of still being active",
        "dan": "7 orders, about every 3 weeks; silent for 14 weeks; 25 % chance of still being active",
        "eve": "5 orders, about every 10 days; silent for 7 weeks; 60 % chance of still being active",
    }
    assert reason(CampaignList(group="one-time")) == {
        "cat": "1 order, 7 months ago; 20 % chance of an order in the next 12 months"
    }
    assert reason(CampaignList(group="champions")) == {
        "ace": "10 orders, about every 10 days; last one 10 days ago; "
        "80 % chance of an order in the next 12 months"
    }
    # Asked who buys, a list answers with the chance of buying, in every group.
    assert reason(CampaignList(chance=(0.0, 0.1))) == {
        "fay": "4 orders, about every 10 days; silent for 9 months; "
        "4 % chance of an order in the next 12 months"
    }


@pytest.mark.parametrize(
    ("changes", "chance", "text"),
    [
        ({"orders": 3}, 0.004, "3 orders on one day, 2 weeks ago; under 1 %"),
        ({"recency": 14}, 0.996, "1 order, today; over 99 %"),
        ({"recency": 13}, 1.0, "1 order, 1 day ago; 100 %"),
    ],
)
def test_reasons_at_the_edges(tmp_path, changes, chance, text):
    row = customer("x", 0, 0, 14, p_alive=0.5, p_purchase=chance, predicted_purchases=1.0)
    row |= {"segment": "new", "p_silent": 0.5, "discounted_if_active": 1.0} | changes
    run = handmade_run(tmp_path, [row])
    found = lists.first(run, CampaignList(group="new"), 1)[0]
    assert found["reason"] == f"{text} chance of an order in the next 12 months"
    assert (found["predicted_clv"], found["money_at_risk"]) == (None, None)


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_a_list_is_a_file_with_these_columns(made, tmp_path):
    target = tmp_path / "overdue.csv"
    assert lists.write(made, CampaignList(least_active=0.1), target) == 2
    header, dan, eve = target.read_text().splitlines()
    assert header == "customer_id,segment,predicted_clv,reason,money_at_risk"
    reason = "7 orders, about every 3 weeks; silent for 14 weeks; 25 % chance of still being active"
    assert dan == f'"dan","at risk",18,"{reason}",54'
    assert eve.startswith('"eve","at risk",')


def test_formula_cells_are_neutralised(tmp_path):
    row = customer("=1+1", 0, 0, 14, p_alive=0.5, p_purchase=0.5, predicted_purchases=1.0)
    row |= {"segment": "new", "p_silent": 0.5, "discounted_if_active": 1.0}
    run = handmade_run(tmp_path, [row])
    target = tmp_path / "new.csv"
    lists.write(run, CampaignList(group="new"), target)
    assert read(target)[0]["customer_id"] == "'=1+1"


def test_groups_and_likelihoods_each_part_the_customers(real, tmp_path):
    """Every customer is on exactly one list of either kind, with the run's own digits."""
    forecasts = real.query("SELECT customer_id, predicted_clv FROM forecasts").to_pylist()
    clv = {r["customer_id"]: r["predicted_clv"] for r in forecasts}
    kinds = (
        [CampaignList(group=group) for group in GROUPS],
        [CampaignList(chance=Thresholds().span(name)) for name in LIKELIHOODS],
    )
    for wanted in kinds:
        rows = []
        for one in wanted:
            number = lists.write(real, one, tmp_path / one.filename)
            found = read(tmp_path / one.filename)
            assert len(found) == number
            # Where something can be saved, those with most at risk come first.
            by = "money_at_risk" if one.group in TO_SAVE else "predicted_clv"
            values = [float(r[by]) for r in found]
            assert values == sorted(values, reverse=True)
            rows += found
        assert {r["customer_id"]: float(r["predicted_clv"]) for r in rows} == clv
        assert len(rows) == len(clv)
    assert {r["segment"] for r in read(tmp_path / "campaign-group-at-risk.csv")} == {"at risk"}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (CampaignList(group="at risk"), "campaign-group-at-risk.csv"),
        (CampaignList(group="one-time"), "campaign-group-one-time.csv"),
        (CampaignList(least_active=0.1), "campaign-overdue-10.csv"),
        (CampaignList(least_active=0.0), "campaign-overdue-0.csv"),
        (CampaignList(chance=(0.5, 0.75)), "campaign-chance-50-75.csv"),
        (CampaignList(chance=(0.75, 1.0)), "campaign-chance-75-100.csv"),
        (CampaignList(chance=(0.0, 0.29)), "campaign-chance-0-29.csv"),
    ],
)
def test_a_file_name_says_which_list_it_is(wanted, name):
    assert wanted.filename == name
    assert lists.named(name) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "campaign-group-everybody.csv",
        "campaign-overdue-101.csv",
        "campaign-overdue-.csv",
        "campaign-chance-75-50.csv",
        "campaign-chance-0-101.csv",
        "campaign-group-at-risk",
        "campaign-group-../../x.csv",
        "predictions.csv",
    ],
)
def test_other_file_names_are_no_lists(name):
    assert lists.named(name) is None


def test_lists_are_asked_for_in_words():
    assert lists.wanted("At risk") == lists.wanted("at-risk") == CampaignList(group="at risk")
    assert lists.wanted("one-time") == CampaignList(group="one-time")
    assert lists.wanted("overdue") == CampaignList(least_active=0.2)
    assert lists.wanted("somewhat likely") == CampaignList(chance=(0.5, 0.75))
    with pytest.raises(InputError, match='no segment "at rsk"') as found:
        lists.wanted("at rsk")
    assert "Did you mean" in found.value.message
    assert "overdue" in found.value.hint


def test_lists_are_downloads(made, monkeypatch):
    monkeypatch.setenv("CLV_RUNS", str(made.path.parents[1]))
    client = TestClient(Starlette(routes=downloads.routes))
    answer = client.get(f"/download/{made.id}/campaign-overdue-10.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="campaign-overdue-10.csv"'
    assert [r["customer_id"] for r in csv.DictReader(io.StringIO(answer.text))] == ["dan", "eve"]
    # The same list once more is the same file.
    assert client.get(f"/download/{made.id}/campaign-overdue-10.csv").text == answer.text
    assert client.get(f"/download/{made.id}/campaign-group-nobody.csv").status_code == 404


def test_without_a_forecast_there_are_no_segments(tmp_path):
    run = handmade_run(tmp_path, [customer("x", 0, 0, 14)])
    assert tables.groups(run).num_rows == tables.likelihoods(run).num_rows == 0
    assert tables.overdue(run) == []
    with pytest.raises(InputError, match="no forecast"):
        lists.first(run, CampaignList(group="new"), 1)
    with pytest.raises(InputError, match="no forecast"):
        tables.sizes(run)


def test_the_documentation_words_the_rules_as_the_code_does():
    docs = (ROOT / "docs/segments.md").read_text(encoding="utf-8")
    table = {
        cells[1].strip(): [cell.strip() for cell in cells[2:4]]
        for line in docs.splitlines()
        if (cells := line.split("|")) and len(cells) == 5
    }
    for group, text in GROUPS.items():
        words = text.replace("\u00a0", " ").replace("{horizon}", "the horizon")
        usual = words.replace("the last {new_days}", "the last usual gap")
        usual = usual.replace("{new_days} ago", "a usual gap ago")
        assert table[group] == [usual, ACTIONS[group]]
