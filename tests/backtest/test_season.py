"""Finding a season: planted ones come back, none is found where there is none, and no future is seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from clv.backtest.history import History
from clv.backtest.months import month_ends, monthly_expected, monthly_losses, monthly_purchases
from clv.backtest.past_dates import Origin, sample
from clv.core import engine
from clv.core.errors import FitError
from clv.core.metrics import paired_difference, poisson_deviance
from clv.features import rfm
from clv.models.purchase.beta_geo import MBGNBDCore
from clv.models.purchase.cnbd import MBGCNBD
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.rules import RateSoFar, RecencyRule
from clv.models.reliability import total_in_sample
from clv.models.season.estimate import (
    RepeatPurchases,
    expected_by_month,
    index,
    repeat_purchases_by_month,
    wear,
)
from clv.models.season.season import NONE, by_the_year
from tests.backtest.test_backtest import cdnow

START = np.datetime64("2022-01-01")
DECEMBER = by_the_year([1.0] * 11 + [2.0])
WAVE = by_the_year(1 + 0.4 * np.sin(2 * np.pi * (np.arange(12) + 0.5) / 12))


def shop(con, seed, indices=None, *, days=730, trend=0.0, customers=4000):
    """Make the orders of MBG/NBD customers whose rate has a season, and a trend per year (log)."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, 0.8 * days, customers)
    rate, leaves = rng.gamma(1.2, 1 / 45, customers), rng.beta(0.9, 3.5, customers)
    grid = np.arange(days + 1.0)
    month = (START + np.arange(days)).astype("datetime64[M]").astype(int) % 12
    speed = np.ones(days) if indices is None else indices[month]
    speed = speed * np.exp(trend * (grid[1:] - days / 2) / 365.25)
    clock = np.concatenate([[0.0], np.cumsum(speed)])
    who, now = np.arange(customers), np.interp(born, grid, clock)
    everybody, times = [who], [now]
    while who.size:
        stays = rng.random(who.size) >= leaves[who]
        who, now = who[stays], now[stays]
        now = now + rng.exponential(1 / rate[who])
        inside = now < clock[-1]
        who, now = who[inside], now[inside]
        everybody.append(who)
        times.append(now)
    when = np.floor(np.interp(np.concatenate(times), clock, grid)).astype(int)
    orders(con, np.concatenate(everybody), START + when)
    return date(2022, 1, 1) + timedelta(days=days - 1)


def orders(con, who, days):
    table = pa.table(
        {
            "customer_id": [f"C{i}" for i in who],
            "ordered_at": pa.array(np.asarray(days).astype("datetime64[us]")),
            "revenue": np.full(len(days), 10.0),
        }
    )
    con.register("made", table)
    con.execute("CREATE TABLE orders AS SELECT * FROM made")
    con.unregister("made")


def triples(con, as_of):
    rfm(con.table("orders"), as_of).order("customer_id").create("customers")
    found = History.of(con)
    con.execute("DROP TABLE customers")
    return found.distinct


def worn(con, as_of, model=None):
    known = triples(con, as_of)
    plain = model or MBGNBDCore().fit(known)
    return wear(plain, known, repeat_purchases_by_month(con, as_of))


# -- counting ----------------------------------------------------------------------------------------


def test_repeat_purchase_days_are_counted_by_month():
    """Firsts don't count, a day counts once, and nothing after the as-of day is there."""
    with engine.connect() as con:
        days = (
            "2024-01-05 2024-01-31 2024-01-31 2024-04-01 2024-05-02 2024-01-31 2024-04-10".split()
        )
        orders(con, [1, 1, 1, 1, 1, 2, 2], np.array(days, dtype="datetime64[D]"))
        found = repeat_purchases_by_month(con, date(2024, 5, 1))
    assert found.as_of == date(2024, 5, 1)
    assert [str(m) for m in found.months] == "2024-01 2024-02 2024-03 2024-04 2024-05".split()
    assert found.purchases.tolist() == [1, 0, 0, 2, 0]


def test_expectations_add_up_to_the_models_total():
    with engine.connect() as con:
        as_of = shop(con, 0, days=400, customers=800)
        known = triples(con, as_of)
        bought = repeat_purchases_by_month(con, as_of)
    model = MBGNBDCore().fit(known)
    found = expected_by_month(model, NONE, known, bought)
    assert found.sum() == pytest.approx(total_in_sample(model, known), rel=1e-6)
    # And each month to what its days are expected to bring, customer by customer.
    first = (date(2022, 3, 1) - as_of).days - 1
    last = (date(2022, 4, 1) - as_of).days - 1
    ages = [np.maximum(known.T + edge, 0) for edge in (first, last)]
    before, after = (model.expected_number_of_purchases_up_to_time(a) for a in ages)
    assert found[2] == pytest.approx(known.weights @ (after - before), rel=1e-6)


def test_what_comes_later_changes_nothing():
    with engine.connect() as con:
        shop(con, 1, DECEMBER, days=800, customers=1000)
        day = date(2023, 6, 15)
        one = worn(con, day)
        con.execute("DELETE FROM orders WHERE ordered_at::DATE > $1", [day])
        two = worn(con, day)
    assert one.season == two.season
    assert one.base.parameters() == two.base.parameters()


# -- estimating --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "days", "trend"),
    [
        (DECEMBER, 730, 0.0),
        (WAVE, 730, 0.0),
        (WAVE, 1096, 0.5),
    ],
    ids=["december", "wave", "wave-and-trend"],
)
def test_a_planted_season_is_recovered_within_its_errors(planted, days, trend):
    distances = []
    for seed in range(3):
        with engine.connect() as con:
            season = worn(con, shop(con, seed, planted, days=days, trend=trend)).season
        errors = np.array(season.errors)
        distances.append((np.array(season.indices) - planted) / errors)
        assert errors.max() < 0.12
        assert by_the_year(season.indices) == pytest.approx(np.array(season.indices), rel=1e-12)
    assert np.sqrt(np.mean(np.square(distances))) == pytest.approx(1.0, abs=0.4)
    assert np.abs(distances).max() < 4


def test_one_year_shows_a_season_but_not_how_much_of_it_is_trend():
    with engine.connect() as con:
        season = worn(con, shop(con, 0, DECEMBER, days=380)).season
    assert not season.told_apart
    assert season.indices[11] > 1.4
    assert max(season.indices[:11]) < 1.1


@pytest.mark.parametrize(("trend", "days"), [(0.0, 730), (0.0, 380), (0.5, 730), (0.5, 1096)])
def test_no_season_is_found_where_there_is_none(trend, days):
    """Not in chance, and not in a trend of 50 % a year where two years tell it apart."""
    away = []
    for seed in range(3):
        with engine.connect() as con:
            season = worn(con, shop(con, seed, days=days, trend=trend)).season
        away.append(np.array(season.indices) - 1)
        assert season.typical < 0.06
    assert np.sqrt(np.mean(np.square(away))) < 0.02
    assert np.abs(away).max() < 0.08


def test_indices_follow_the_formula():
    """Ten years without a trend and with ever so many purchases: actual over expected, mean 1."""
    months = np.arange(np.datetime64("2010-01"), np.datetime64("2020-01"))
    expected = np.full(months.size, 1e6)
    bought = RepeatPurchases(date(2019, 12, 31), months, expected * np.tile(WAVE, 10) * 1.3)
    season = index(bought, expected, 10.0)
    assert np.array(season.indices) == pytest.approx(WAVE, rel=1e-4)
    assert season.dispersion == 1.0
    assert season.trend == pytest.approx(0, abs=1e-3)
    assert season.typical == pytest.approx(np.log(WAVE).std(), rel=0.1)


def test_a_month_with_little_to_show_is_shrunk():
    """One year; July is seen in ten purchases, three times as many as expected."""
    months = np.arange(np.datetime64("2023-01"), np.datetime64("2024-01"))
    expected = np.where(np.arange(12) == 6, 3.3, 1000.0)
    wave = 1 + 0.1 * np.cos(np.arange(12) * 2 * np.pi / 6)
    counts = np.where(np.arange(12) == 6, 10.0, np.round(1000 * wave))
    season = index(RepeatPurchases(date(2023, 12, 31), months, counts), expected, 1.0)
    assert 1 < season.indices[6] < 1.2
    assert season.errors[6] > 1.5 * max(e for i, e in enumerate(season.errors) if i != 6)
    assert season.indices[0] == pytest.approx(1.1, abs=0.05)


def test_years_that_differ_make_it_less_sure():
    months = np.arange(np.datetime64("2021-01"), np.datetime64("2024-01"))
    steady = 1000 * np.tile(WAVE, 3)
    unsteady = steady * np.exp(0.3 * np.random.default_rng(0).normal(size=36))
    expected = np.full(36, 1000.0)
    found = [
        index(RepeatPurchases(date(2023, 12, 31), months, y), expected, 3.0)
        for y in (steady, unsteady)
    ]
    assert found[0].dispersion == 1.0
    assert found[1].dispersion > 20
    assert min(found[1].errors) > 2 * max(found[0].errors)


def test_less_than_a_year_and_few_purchases_are_refused():
    with engine.connect() as con:
        as_of = shop(con, 0, days=300, customers=500)
        with pytest.raises(FitError, match=r"The orders cover \d+ days.* whole year"):
            worn(con, as_of)
    with engine.connect() as con:
        as_of = shop(con, 0, days=600, customers=15)
        with pytest.raises(FitError, match=r"Customers came back \d+ times.*at least 120"):
            worn(con, as_of)


def test_pareto_nbd_and_regular_customers_wear_the_same_season():
    with engine.connect() as con:
        as_of = shop(con, 2, DECEMBER)
        known = triples(con, as_of)
        pareto = worn(con, as_of, ParetoNBD().fit(known))
        regular = worn(con, as_of, MBGCNBD().fit(known, k=1))
        plain = worn(con, as_of)
    assert pareto.name == "pareto-nbd+season"
    assert regular.base.k_ == 1
    assert regular.base.parameters() == pytest.approx(plain.base.parameters(), rel=1e-4)
    assert np.array(pareto.season.indices) == pytest.approx(
        np.array(plain.season.indices), abs=0.03
    )


def test_a_rule_of_thumb_keeps_its_numbers_and_wears_the_season():
    with engine.connect() as con:
        as_of = shop(con, 3, WAVE)
        year_before = as_of - timedelta(days=365)
        past = sample(con, Origin(year_before, as_of)).past
        known = triples(con, as_of)
        rule = RecencyRule().fit(known, past=past)
        dressed = worn(con, as_of, rule)
        assert dressed.base is rule
        assert np.abs(np.array(dressed.season.indices) - WAVE).max() < 0.12
        with pytest.raises(FitError, match="nothing of new customers"):
            worn(con, as_of, RateSoFar().fit(known, past=past))


# -- judging -----------------------------------------------------------------------------------------


def test_months_after_an_origin_end_on_the_same_day():
    ends = month_ends(Origin(date(2024, 1, 31), date(2024, 5, 15)))
    assert [d.isoformat() for d in ends] == "2024-02-29 2024-03-31 2024-04-30 2024-05-15".split()


def test_purchases_by_customer_and_month():
    with engine.connect() as con:
        days = "2024-01-05 2024-02-01 2024-03-01 2024-03-01 2024-01-07 2024-01-08".split()
        orders(con, [1, 1, 1, 1, 2, 10], np.array(days, dtype="datetime64[D]"))
        con.execute("INSERT INTO orders VALUES ('C10', $1, 1)", [datetime(2024, 4, 10, 12)])  # noqa: DTZ001
        found = sample(con, Origin(date(2024, 1, 31), date(2024, 4, 30)))
        table = monthly_purchases(con, found)
    assert found.customer_id.to_pylist() == ["C1", "C10", "C2"]
    assert table.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert table.sum(axis=1).tolist() == found.purchases.tolist()


def test_losses_of_months_add_up():
    actual, expected = np.array([[0, 2.0], [1, 1]]), np.array([[0.5, 1.0], [1, 2]])
    exact = [2 * 0.5 + 2 * (2 * np.log(2) - 1), 2 * (np.log(0.5) + 1)]
    assert monthly_losses(actual, expected) == pytest.approx(exact, rel=1e-12)
    # Nobody is said never to buy.
    assert poisson_deviance([1.0], [0.0]) == pytest.approx(2 * (np.log(100) - 1 + 0.01))


def compared(con, origin):
    """Return the plain model's losses less the seasonal one's with their interval, and the loss."""
    found = sample(con, origin)
    actual = monthly_purchases(con, found)
    plain = MBGNBDCore().fit(triples(con, origin.as_of))
    lost = {
        name: monthly_losses(actual, monthly_expected(model, found))
        for name, model in (("plain", plain), ("season", worn(con, origin.as_of)))
    }
    return *paired_difference(lost, "season")["plain"], float(lost["plain"].mean())


@pytest.mark.parametrize(("planted", "better"), [(WAVE, True), (None, False)])
def test_a_season_pays_month_by_month_where_there_is_one(planted, better):
    with engine.connect() as con:
        shop(con, 5, planted, days=1020)
        difference, low, _, loss = compared(con, Origin(date(2023, 9, 30), date(2024, 9, 30)))
    assert (low > 0 and difference > 0.02 * loss) == better
    assert better or abs(difference) < 0.001 * loss


def test_what_one_year_showed_of_cdnow_did_not_come_again():
    """The year's waves are taken for a season, and the next half-year sees no gain in it."""
    with engine.connect() as con:
        cdnow(con)
        difference, low, high, _ = compared(con, Origin(date(1997, 12, 31), date(1998, 6, 30)))
        half_a_year_later = worn(con, date(1998, 6, 30)).season
    assert low < difference < 0 < high < 0.001
    # Six months have been seen twice by then: nothing stands out any more.
    assert half_a_year_later.dispersion > 10
    away = (np.array(half_a_year_later.indices) - 1) / np.array(half_a_year_later.errors)
    assert np.abs(away).max() < 3


def test_expectations_of_months_add_up_to_the_horizons():
    origin = Origin(date(2023, 3, 15), date(2023, 12, 10))
    with engine.connect() as con:
        shop(con, 5, WAVE, days=800, customers=800)
        found = sample(con, origin)
        model = worn(con, origin.as_of)
    known = found.history
    total = model.score(known.histories, [origin.days]).purchases
    assert monthly_expected(model, found).shape == (found.purchases.size, 9)
    assert monthly_expected(model, found).sum(axis=1) == pytest.approx(total[:, 0], rel=1e-9)
