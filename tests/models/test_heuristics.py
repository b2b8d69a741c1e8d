"""Rules of thumb: by hand on a few customers, and on the CDNOW log beside a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv.backtest.candidates import Candidate
from clv.core.choice import Choice
from clv.core.errors import FitError
from clv.core.metrics import amounts, chances
from clv.models.contenders import Known, Past
from clv.models.histories import Histories
from clv.models.purchase.rules import (
    HEURISTICS,
    PopulationMean,
    RateSoFar,
    RecencyRule,
    SamePeriod,
)
from tests.places import LIFETIMES


def customers(*rows, days=100.0, weights=None):
    """Return a history from (frequency, recency, T, monetary_value, mean, recent n, recent value)."""
    x, t_x, age, *columns = np.array(rows, dtype=float).T
    return Known(Histories.of(x, t_x, age, weights), *columns, days)


NOW = customers(
    (2, 50, 100, 20, 25, 3, 60),
    (0, 0, 80, 0, 10, 1, 10),
    (4, 300, 400, 30, 30, 0, 0),
    (0, 0, 0, 0, 5, 1, 5),
)
#: Silences 10, 20, 30, 200; who bought: the first (twice), the second
BEFORE = customers(
    (1, 90, 100, 20, 20, 2, 40),
    (0, 0, 20, 0, 10, 1, 10),
    (0, 0, 30, 0, 10, 1, 10),
    (3, 100, 300, 10, 10, 0, 0),
)
PAST = Past(BEFORE, np.array([2.0, 1, 0, 0]), np.array([60.0, 20, 0, 0]), 100.0)


def test_population_mean():
    forecast = PopulationMean().learn(NOW, PAST).forecast(NOW, 100)
    np.testing.assert_allclose(forecast.purchases, np.full(4, 0.75))
    np.testing.assert_allclose(forecast.p_purchase, np.full(4, 0.5))
    np.testing.assert_allclose(forecast.value, np.full(4, 20.0))
    half = PopulationMean().learn(NOW, PAST).forecast(NOW, 50)
    np.testing.assert_allclose(half.purchases, np.full(4, 0.375))
    np.testing.assert_allclose(half.p_purchase, np.full(4, 1 - np.sqrt(0.5)))


def test_same_period():
    forecast = SamePeriod().learn(NOW, PAST).forecast(NOW, 200)
    np.testing.assert_allclose(forecast.purchases, [6, 2, 0, 2])
    np.testing.assert_allclose(forecast.value, [120, 20, 0, 10])
    # two of three who had bought in the period before did so again, and the fourth did not
    again = 1 - (1 / 3) ** 2
    np.testing.assert_allclose(forecast.p_purchase, [again, again, 0, again])


def test_same_period_without_a_past():
    forecast = SamePeriod().learn(NOW, None).forecast(NOW, 100)
    np.testing.assert_allclose(forecast.p_purchase, [1, 1, 0, 1])
    np.testing.assert_array_equal(forecast.purchases, NOW.recent_purchases)


def test_rate_so_far():
    forecast = RateSoFar().learn(NOW, None).forecast(NOW, 50)
    np.testing.assert_allclose(forecast.purchases, [1, 0, 0.5, 0])
    np.testing.assert_allclose(forecast.p_purchase, [1 - np.exp(-1), 0, 1 - np.exp(-0.5), 0])
    np.testing.assert_allclose(forecast.value, [20, 0, 15, 0])


def test_recency_rule():
    rule = RecencyRule().learn(NOW, PAST)
    assert rule.days_ == 20  # tells buyers from others without an error
    forecast = rule.forecast(NOW, 100)
    # silences 50, 80, 100, 0
    np.testing.assert_allclose(forecast.purchases, [0, 0, 0, 1.5])
    np.testing.assert_allclose(forecast.p_purchase, [0, 0, 0, 1])
    np.testing.assert_allclose(forecast.value, [0, 0, 0, 40])


def test_recency_rule_minimises_the_brier_score():
    rng = np.random.default_rng(3)
    n = 400
    silence = rng.integers(0, 60, n).astype(float)
    bought = (rng.random(n) < 0.7 * np.exp(-silence / 15)).astype(float)
    ones = np.ones(n)
    before = Known(Histories.of(ones, 100 - silence, 100 * ones), ones, ones, ones, ones, 30.0)
    rule = RecencyRule().learn(before, Past(before, bought, bought, 30.0))

    def brier(days):
        active = silence <= days
        groups = [bought[rows] for rows in (active, ~active) if rows.any()]
        return sum(((g - g.mean()) ** 2).sum() for g in groups)

    scores = {days: brier(days) for days in range(60)}
    assert rule.days_ == min(scores, key=scores.get)
    found = chances(bought, rule.forecast(before, 30).p_purchase)["brier"]
    assert found == pytest.approx(scores[rule.days_] / n)


def test_recency_that_tells_nothing():
    before = customers((0, 0, 5, 0, 1, 1, 1), (0, 0, 5, 0, 1, 1, 1))
    rule = RecencyRule().learn(before, Past(before, np.array([1.0, 0]), np.array([3.0, 0]), 100.0))
    assert rule.days_ == np.inf
    np.testing.assert_allclose(rule.forecast(NOW, 100).p_purchase, np.full(4, 0.5))


@pytest.mark.parametrize("rule", HEURISTICS)
def test_weights_are_customers(rule):
    rows = [0, 0, 0, 1, 2, 2, 3]
    counts = np.bincount(rows).astype(float)
    repeated = BEFORE._replace(**{f: getattr(BEFORE, f)[rows] for f in BEFORE._fields[1:5]})
    repeated = repeated._replace(histories=BEFORE.histories.take(rows))
    one_by_one = Past(repeated, PAST.purchases[rows], PAST.value[rows], 100.0)
    counted = PAST._replace(
        history=BEFORE._replace(histories=replace(BEFORE.histories, weights=counts))
    )
    for old, new in zip(
        rule().learn(NOW, one_by_one).forecast(NOW, 30),
        rule().learn(NOW, counted).forecast(NOW, 30),
        strict=True,
    ):
        np.testing.assert_allclose(old, new, rtol=1e-12)
        assert np.isfinite(new).all()


@pytest.mark.parametrize("rule", [PopulationMean, RecencyRule])
def test_no_past(rule):
    with pytest.raises(FitError, match="no earlier period"):
        rule().learn(NOW, None)


@pytest.fixture(scope="module")
def purchase_days():
    log = pd.read_csv(LIFETIMES / "CDNOW_master.txt", sep=r"\s+")
    log["day"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    return log.groupby(["customer_id", "day"], as_index=False)["dollar_value"].sum()


def known(days, origin, length):
    """Return the history on a day, and what came in the ``length`` days after it."""
    origin, span = pd.Timestamp(origin), pd.Timedelta(days=length)
    before = days[days["day"] <= origin]
    each = before.groupby("customer_id").agg(
        n=("day", "size"),
        first=("day", "min"),
        last=("day", "max"),
        total=("dollar_value", "sum"),
        start=("dollar_value", "first"),
    )

    def window(inside):
        part = days[inside].groupby("customer_id")["dollar_value"].agg(["size", "sum"])
        return part.reindex(each.index).fillna(0.0).to_numpy(float).T

    recent = window((days["day"] > origin - span) & (days["day"] <= origin))
    after = window((days["day"] > origin) & (days["day"] <= origin + span))
    x = each["n"] - 1
    columns = [
        x,
        (each["last"] - each["first"]).dt.days,
        (origin - each["first"]).dt.days,
        ((each["total"] - each["start"]) / x.where(x > 0)).fillna(0.0),
        each["total"] / each["n"],
    ]
    history = Known(Histories.of(*columns[:3]), *columns[3:], *recent, float(length))
    return history, *after


def test_models_and_rules_on_cdnow(purchase_days):
    now, purchases, value = known(purchase_days, "1997-12-31", 180)
    past = Past(*known(purchase_days, "1997-07-04", 180), 180.0)
    contenders = [rule() for rule in HEURISTICS]
    contenders += [
        Candidate(Choice("mbg-nbd", all_orders=True)),
        Candidate(Choice("pareto-nbd")),
    ]
    table = {}
    for contender in contenders:
        forecast = contender.learn(now, past).forecast(now, 180)
        table[contender.name] = {
            "mae": amounts(purchases, forecast.purchases)["mae"],
            "brier": chances(purchases > 0, forecast.p_purchase)["brier"],
            "gini": amounts(value, forecast.value)["gini"],
        }
    assert [*table] == [
        *("population-mean", "rate-so-far", "same-period", "recency-rule"),
        *("mbg-nbd+all-orders", "pareto-nbd"),
    ]
    for model in ("mbg-nbd+all-orders", "pareto-nbd"):
        for rule in HEURISTICS:
            assert table[model]["mae"] < table[rule.name]["mae"]
            assert table[model]["brier"] < table[rule.name]["brier"]
            ranked = table[rule.name]["gini"]
            assert ranked is None or table[model]["gini"] > ranked


def test_a_model_that_asks_for_the_gaps(purchase_days):
    now, *_ = known(purchase_days, "1997-12-31", 180)
    days = purchase_days[purchase_days["day"] <= "1997-12-31"].sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id")["day"].diff().dropna().dt.days
    with_gaps = now._replace(log_gaps=float(np.log(gaps).sum()))
    regular = Candidate(Choice("mbg-cnbd"), valued=False).learn(with_gaps, None)
    assert regular.model.k_ == 1
    plain = Candidate(Choice("mbg-nbd"), valued=False).learn(now, None)
    for part, same in zip(regular.forecast(now, 180), plain.forecast(now, 180), strict=True):
        np.testing.assert_allclose(part, same, rtol=1e-9)
    with pytest.raises(ValueError, match="needs log_gaps"):
        Candidate(Choice("mbg-cnbd"), valued=False).learn(now, None)


def test_purchases_alone(purchase_days):
    now, *_ = known(purchase_days, "1997-12-31", 180)
    forecast = Candidate(Choice("mbg-nbd"), valued=False).learn(now, None).forecast(now, 180)
    assert not forecast.value.any()
    assert forecast.purchases.sum() > 1000
