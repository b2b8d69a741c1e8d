"""The marketplace sample: its tables, its dirt, and the planted effects that a model must find."""

from __future__ import annotations

import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from clv import ingest
from clv.core.metrics import capture
from clv.core.settings import IngestOptions
from clv.core.types import quiet
from clv.samples import sample_path
from tools.samples import SEED, market, marketplace
from tools.samples.marketplace import DIRT


def rng():
    return np.random.default_rng(SEED)


@pytest.fixture(scope="module")
def drawn():
    return market.simulate(rng())


@pytest.fixture(scope="module")
def checked():
    """The sample as it is read: report, orders, attributes."""
    path = sample_path("marketplace")
    with ingest.read([path], IngestOptions(), None, quiet) as (con, report):
        tables = {t: con.sql(f"SELECT * FROM {t}").df() for t in ("orders", "attributes")}
        return report, tables["orders"], tables["attributes"]


@pytest.fixture(scope="module")
def people(drawn, checked):
    """One row per customer: what happened to the first order, and what came after."""
    _, orders, attributes = checked
    orders = orders.sort_values("ordered_at")
    first = orders.drop_duplicates("customer_id").merge(attributes, on="order_id")
    days = (
        orders["ordered_at"] - orders.groupby("customer_id")["ordered_at"].transform("min")
    ).dt.days
    later = orders.assign(days=days)[orders.duplicated("customer_id")]
    grouped = later.groupby("customer_id")
    first["further"] = first["customer_id"].map(grouped.size()).fillna(0)
    first["second"] = first["customer_id"].map(grouped["days"].min())
    return first


def test_the_committed_archive_is_what_the_generator_writes():
    with zipfile.ZipFile(sample_path("marketplace")) as archive:
        committed = {i.filename: archive.read(i) for i in archive.infolist()}
    draw = rng()
    again = marketplace.tables(market.simulate(draw), draw)
    assert committed == {f"{name}.csv": text.encode() for name, text in again.items()}
    assert sample_path("marketplace").stat().st_size < 3_000_000


def test_every_damaged_row_is_found_and_no_other(checked, drawn):
    report, orders, _ = checked
    reasons = {f["table"]: Counter(f["reasons"]) for f in report["files"]}
    lost = DIRT["undelivered_orders"]
    assert reasons["orders"] == {"not_delivered": lost}
    assert reasons["customers"] == {
        "unused_order": lost,
        "customer_without_order": DIRT["customers_without_order"],
    }
    assert reasons["payments"]["unreadable_number"] == DIRT["unreadable_payments"]
    assert reasons["payments"]["unknown_order"] == DIRT["payments_of_unknown_orders"]
    assert reasons["items"]["repeated_key"] == DIRT["repeated_items"]
    assert reasons["reviews"] == {
        "unknown_order": DIRT["reviews_of_unknown_orders"],
        "too_few_fields": DIRT["short_reviews"],
    }
    assert not reasons["products"] + reasons["sellers"] + reasons["translation"]
    assert len(orders) == len(drawn.orders.day)
    assert orders["revenue"].sum() == pytest.approx(drawn.orders.value.sum(), abs=1e-6)


def test_few_come_again_and_few_orders_are_large(checked, people):
    _, orders, _ = checked
    assert len(people) == market.CUSTOMERS
    assert 0.03 < (people["further"] > 0).mean() < 0.06
    top = orders["revenue"].nlargest(len(orders) // 100).sum() / orders["revenue"].sum()
    assert top > 0.06
    assert (orders["ordered_at"].min().year, orders["ordered_at"].max().year) == (2021, 2023)


def test_the_planted_effects_are_there():
    """Over many customers, so that chance is small: the ratio of rates is the planted one."""
    many = market.simulate(np.random.default_rng(3), 400_000)
    orders = many.orders
    first_order = np.zeros(len(orders.day), bool)
    first_order[np.unique(orders.customer, return_index=True)[1]] = True
    firsts = np.flatnonzero(first_order)[np.argsort(orders.customer[first_order])]
    further = np.bincount(orders.customer, minlength=400_000) - 1
    span = market.faded(many.begins, (market.END - market.START).days - many.first_day)

    def rate(mask):
        return further[mask].sum() / span[mask].sum()

    def planted(mask):
        """Mean multiplier of a group, weighted by the time it was watched."""
        return (many.multiplier * span)[mask].sum() / span[mask].sum()

    score, late, category = (a[firsts] for a in (orders.score, orders.late, orders.category))
    mean = market.HEAVY * market.HEAVY_RATE + (1 - market.HEAVY) * market.LIGHT_RATE
    groups = {
        **{f"state {s}": many.state == i for i, s in enumerate(market.STATES)},
        **{f"category {c}": category == i for i, c in enumerate(market.CATEGORIES)},
        "good": score >= 4,
        "bad": (score == 1) | (score == 2),
        "late": late,
        "in time": ~late,
    }
    for name, mask in groups.items():
        # Few heavy buyers make most further orders: their number is what chance is about.
        heavy = (many.heavy & mask).sum()
        assert rate(mask) / mean == pytest.approx(planted(mask), rel=5 / np.sqrt(heavy)), name


def test_a_second_order_soon_gives_a_heavy_buyer_away(drawn, people):
    ids = np.array(marketplace._ids(market.CUSTOMERS, marketplace._PERSON))
    heavy = pd.Series(drawn.heavy, index=ids)
    soon = people[people["second"] <= 60]["customer_id"]
    assert len(soon) > 200
    assert heavy.mean() == pytest.approx(market.HEAVY, abs=0.005)
    # Bayes: .035 × .012 × exp(−.012 × 45) heavy ones to .965 × .00006 light ones.
    assert heavy[soon].mean() == pytest.approx(0.81, abs=0.065)


def test_payment_types_do_not_differ(people):
    known = people[people["payment_type"].isin(["credit_card", "boleto"])]
    again = known.assign(again=known["further"] > 0).groupby("payment_type")["again"]
    a, b = again.mean()["boleto"], again.mean()["credit_card"]
    error = np.sqrt((again.var() / again.size()).sum())
    assert abs(a - b) < 3 * error


@pytest.mark.parametrize("known", [1, 3])
def test_the_oracle_is_calibrated_and_nobody_ranks_better(drawn, known):
    """What comes is, within chance, what was expected: in all, and in each fifth by expectation."""
    many = market.simulate(np.random.default_rng(11), 120_000)
    early = many.first_day <= (market.END - market.START).days - 366
    x, end = (np.full(120_000, d) for d in (30 * known, 365))
    so_far, expected = market.expected(many, x, end)
    orders = many.orders
    age = orders.day - many.first_day[orders.customer]
    inside = (age >= x[0]) & (age < 365)
    came = np.bincount(orders.customer[inside], orders.value[inside], 120_000)
    came, expected, so_far = came[early], expected[early], so_far[early]

    error = came.std() * np.sqrt(len(came))
    assert abs(came.sum() - expected.sum()) < 3.5 * error
    for part in np.array_split(np.argsort(expected), 5):
        chance = came[part].std() * np.sqrt(len(part))
        assert abs(came[part].sum() - expected[part].sum()) < 3.5 * chance
    best = capture(came, expected, 0.1)
    assert best > capture(came, so_far, 0.1) + 0.05


def test_the_truth_of_the_sample_has_its_own_customers(checked):
    _, orders, _ = checked
    truth = marketplace.first_year(rng(), 1).to_pandas()
    orders["first"] = orders.groupby("customer_id")["ordered_at"].transform("min").dt.normalize()
    month = orders["first"] + pd.DateOffset(months=1)
    begun = orders[orders["ordered_at"] < month].groupby("customer_id")["revenue"].sum()
    whole = month[month <= pd.Timestamp("2024-01-01")].index
    customers = sorted(set(orders.loc[whole, "customer_id"]))
    assert truth["customer_id"].tolist() == customers
    assert truth["known"].to_numpy() == pytest.approx(begun[customers].to_numpy(), abs=1e-6)
    assert truth["value"].to_numpy() == pytest.approx(
        (truth["known"] + truth["remaining"]).to_numpy()
    )
    assert truth["remaining"].min() > 0


def test_the_truth_cannot_be_asked_before_the_review(drawn):
    days = np.full(market.CUSTOMERS, 5)
    with pytest.raises(ValueError, match="review must be known"):
        market.expected(drawn, days, days + 300)


def test_the_oracle_by_hand():
    """Two customers: one silent, one with a second order; Bayes' rule written out."""
    orders = market.Orders(
        customer=np.array([0, 1, 1]),
        day=np.array([0, 0, 20]),
        category=np.array([0, 0, 7]),
        score=np.array([5, 5, 5]),
        late=np.array([False] * 3),
        delivery_days=np.array([3, 3, 3]),
        review_days=np.array([4, 4, 4]),
        value=np.array([100.0, 50.0, 80.0]),
    )
    two = market.Market(
        *(np.array([0, 0]), np.array([0, 0]), np.array([5, 5]), np.array([1.4, 1.4])),
        *(np.array([False, True]), orders),
    )
    so_far, to_come = market.expected(two, np.array([30, 30]), np.array([365, 365]))
    assert so_far.tolist() == [100.0, 130.0]

    def area(a, b):
        return 400 * (np.exp(-a / 400) - np.exp(-b / 400))

    def mean_value(logs):
        n, between, within = len(logs), 0.7**2, 0.45**2
        level = between * sum(logs) / (n * between + within)
        left = between * within / (n * between + within)
        shares = [0.17, 0.15, 0.13, 0.12, 0.11, 0.10, 0.08, 0.06, 0.05, 0.03]
        levels = [0.9, 1.0, 1.0, 1.4, 0.8, 1.5, 0.9, 0.7, 2.0, 0.5]
        of_any = sum(s * v for s, v in zip(shares, levels, strict=True))
        return 85 * (0.5 * 0.9 + 0.5 * of_any) * np.exp(level + (left + within) / 2)

    lived = 1.4 * area(5, 30)
    wanted = []
    for further, logs in (
        (0, [np.log(100 / (85 * 0.9))]),
        (1, [np.log(50 / (85 * 0.9)), np.log(80 / (85 * 0.7))]),
    ):
        heavy = 0.035 * 0.012**further * np.exp(-0.012 * lived)
        light = 0.965 * 0.00006**further * np.exp(-0.00006 * lived)
        rate = (heavy * 0.012 + light * 0.00006) / (heavy + light)
        wanted.append(rate * 1.4 * area(30, 365) * mean_value(logs))
    assert to_come == pytest.approx(wanted, rel=1e-12)
