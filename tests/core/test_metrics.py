"""Measures: against values computed by hand, by brute force, and published ones on CDNOW."""

from __future__ import annotations

import itertools
import math
from datetime import date
from importlib.resources import files

import numpy as np
import pytest
from scipy import stats

from clv.core import engine, metrics
from clv.features import rfm
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore


def test_amounts_by_hand():
    measures = metrics.amounts([0, 2, 4, 4], [1, 1, 3, 5])
    assert measures == {
        "mae": 1.0,
        "rmse": 1.0,
        "bias": 0.0,
        # Concentration: forecast order 5, 3, then the tie: 4/10, 8/10, 10/10 of the total.
        "gini": pytest.approx(
            ((0.4 + 1.2 + 1.8 * 2) / 8 - 0.5) / ((0.4 + 1.2 + 1.8 + 2) / 8 - 0.5)
        ),
        "spearman": pytest.approx(stats.spearmanr([0, 2, 4, 4], [1, 1, 3, 5]).statistic),
        "top10": pytest.approx(0.4),  # Of one customer at least.
        "top20": pytest.approx(0.4),
    }


def test_ties_are_the_mean_over_all_orders():
    actual, forecast = np.array([5.0, 0, 1, 3, 0]), np.array([2.0, 1, 1, 1, 0])
    ginis, tops = [], []
    for way in itertools.permutations(range(3)):
        broken = forecast + np.concatenate(([0], np.array(way) * 1e-6, [0]))
        ginis.append(metrics.gini(actual, broken))
        tops.append(metrics.capture(actual, broken, 0.4))
    assert metrics.gini(actual, forecast) == pytest.approx(np.mean(ginis), rel=1e-12)
    assert metrics.capture(actual, forecast, 0.4) == pytest.approx(np.mean(tops), rel=1e-12)


def test_a_perfect_and_an_opposite_ranking():
    actual = np.array([4.0, 3, 2, 1])
    assert metrics.gini(actual, actual * 7) == pytest.approx(1.0)
    assert metrics.gini(actual, -actual) == pytest.approx(-1.0)
    assert metrics.gini(actual, np.ones(4)) == pytest.approx(0.0)


@pytest.mark.parametrize("actual", [[0.0, 0, 0], [2.0, 2, 2]])
def test_what_is_not_defined_is_none(actual):
    measures = metrics.amounts(actual, [1, 2, 3])
    assert measures["gini"] is None
    assert measures["spearman"] is None
    assert (measures["bias"] is None) == (sum(actual) == 0)
    assert metrics.chances([1, 1, 1], [0.5, 0.6, 0.7])["auc"] is None
    assert metrics.mape([1, 0], [1, 1]) is None


@pytest.mark.parametrize(
    ("actual", "forecast", "message"),
    [([], [], "no customer"), ([1, 2], [1], "2 outcomes, but 1"), ([1], [math.nan], "finite")],
)
def test_senseless_input_is_refused(actual, forecast, message):
    with pytest.raises(ValueError, match=message):
        metrics.amounts(actual, forecast)
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.chances([1, 0], [0.5, 1.5])


def test_deciles_keep_equal_forecasts_together():
    rows = metrics.deciles([1, 0, 4, 2, 0, 1], [3, 1, 5, 1, 1, 1], bins=3)
    assert [(r["bin"], r["customers"], r["predicted"], r["actual"], r["mae"]) for r in rows] == [
        (1, 2, 4.0, 2.5, 1.5),
        (2, 4, 1.0, 0.75, 0.75),
    ]
    even = metrics.deciles(np.arange(100), np.arange(100))
    assert [r["customers"] for r in even] == [10] * 10
    assert even[0]["actual"] == 94.5


def test_chances_by_hand():
    bought, said = [1, 0, 1, 0], [0.8, 0.8, 0.4, 0.0]
    found = metrics.chances(bought, said)
    assert found["brier"] == pytest.approx((0.04 + 0.64 + 0.36 + 0) / 4)
    assert found["auc"] == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    # Bins: {0.0}, {0.4}, {0.8, 0.8}.
    assert found["ece"] == pytest.approx((0.0 + 0.6 + 2 * 0.3) / 4)
    assert found["reliability"] == pytest.approx((0 + 0.36 + 2 * 0.09) / 4)
    assert found["resolution"] == pytest.approx((0.25 + 0.25 + 0) / 4)
    assert found["uncertainty"] == 0.25
    parts = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert found["brier"] == pytest.approx(parts)


def test_wilson_is_the_published_interval():
    """Newcombe (1998), table I: 81 of 263."""
    assert metrics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert metrics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_losses_that_differ_by_rounding_alone_are_the_same():
    """In whatever order the last digits come on another processor, the first of them leads."""
    loss = {"worse": 3.1853588843608406, "one": 3.1853588643608541, "same": 3.1853588643608406}
    assert min(loss, key=loss.get) == "same"
    by = {name: metrics.comparable(value) for name, value in loss.items()}
    assert sorted(by, key=by.get) == ["one", "same", "worse"]
    assert metrics.comparable(0.0) == 0.0


def test_paired_difference_knows_noise_from_difference():
    rng = np.random.default_rng(5)
    base = rng.gamma(1.0, 1.0, 4000)
    losses = {
        "base": base,
        "same": base + rng.normal(0, 0.3, 4000),
        "worse": base + 0.05 + rng.normal(0, 0.3, 4000),
    }
    found = metrics.paired_difference(losses, "base")
    assert set(found) == {"same", "worse"}
    assert found["same"][1] < 0 < found["same"][2]
    assert 0 < found["worse"][1] < found["worse"][0] < found["worse"][2]
    half = 1.96 * (losses["worse"] - base).std() / math.sqrt(4000)
    assert found["worse"][0] - found["worse"][1] == pytest.approx(half, rel=0.15)
    assert metrics.paired_difference(losses, "base") == found  # The same draws every time.


@pytest.fixture(scope="module")
def cdnow():
    """CDNOW master: 39 weeks to fit on, 39 weeks after."""
    path = files("lifetimes") / "datasets" / "CDNOW_master.txt"
    rows = np.loadtxt(str(path), skiprows=1, usecols=(0, 1), dtype=np.int64)
    with engine.connect() as con:
        con.execute(
            "CREATE TABLE orders (customer_id VARCHAR, ordered_at TIMESTAMP, revenue DOUBLE)"
        )
        con.execute(
            "INSERT INTO orders SELECT c::VARCHAR, strptime(d::VARCHAR, '%Y%m%d'), NULL "
            "FROM (SELECT unnest($1) AS c, unnest($2) AS d)",
            [rows[:, 0].tolist(), rows[:, 1].tolist()],
        )
        rfm(con.table("orders"), date(1997, 9, 30)).create("customers")
        found = con.execute(
            "SELECT frequency, recency / 7 AS recency, T / 7 AS T, coalesce(n, 0) AS n "
            "FROM customers LEFT JOIN (SELECT customer_id, count(DISTINCT ordered_at) AS n FROM orders "
            "WHERE ordered_at > DATE '1997-09-30' GROUP BY 1) USING (customer_id) ORDER BY customer_id"
        ).fetchnumpy()
    return {k: np.asarray(v, dtype=float) for k, v in found.items()}


@pytest.mark.parametrize(
    ("model", "mae", "rmse", "bias", "gini", "top10"),
    [
        (MBGNBDCore, 0.7945, 1.740, -0.191, 0.666, 0.459),
        (BGNBDCore, 0.8187, 1.733, -0.143, 0.663, 0.456),
    ],
)
def test_cdnow_master_hold_out(cdnow, model, mae, rmse, bias, gini, top10):
    """39 weeks ahead; independently computed figures, to the digits given."""
    triples = (cdnow["frequency"], cdnow["recency"], cdnow["T"])
    scores = model().fit(Histories.of(*triples)).score(Histories.of(*triples), [39.0])
    found = metrics.amounts(cdnow["n"], scores.purchases[:, 0])
    assert found["mae"] == pytest.approx(mae, abs=5e-5)
    assert found["rmse"] == pytest.approx(rmse, abs=5e-4)
    assert found["bias"] == pytest.approx(bias, abs=5e-4)
    assert found["gini"] == pytest.approx(gini, abs=5e-4)
    assert found["top10"] == pytest.approx(top10, abs=5e-4)
