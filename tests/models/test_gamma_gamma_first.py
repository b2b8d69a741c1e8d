"""Gamma-Gamma that counts the first purchase: what it gains on CDNOW, recovery, edges, card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv.core.metrics import capture, gini
from clv.models.card import from_card, to_card
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import MBGNBDCore
from clv.models.spend.gamma_gamma_core import GammaGammaAll, GammaGammaCore
from tests.places import LIFETIMES

ORIGIN, HORIZON = pd.Timestamp("1997-09-30"), 273


@pytest.fixture(scope="module")
def history():
    """All 23,570 customers of the CDNOW log as of the origin, and their next nine months."""
    log = pd.read_csv(LIFETIMES / "CDNOW_master.txt", sep=r"\s+")
    log["day"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    days = log.groupby(["customer_id", "day"], as_index=False)["dollar_value"].sum()
    known = days[days["day"] <= ORIGIN]
    ahead = (days["day"] > ORIGIN) & (days["day"] <= ORIGIN + pd.Timedelta(days=HORIZON))
    each = known.groupby("customer_id")
    table = each.agg(
        purchases=("day", "size"),
        start=("day", "min"),
        end=("day", "max"),
        total=("dollar_value", "sum"),
        first=("dollar_value", "first"),
    )
    x = table["purchases"] - 1
    outcome = days[ahead].groupby("customer_id")["dollar_value"].sum()
    columns = {
        "x": x,
        "t_x": (table["end"] - table["start"]).dt.days,
        "T": (ORIGIN - table["start"]).dt.days,
        "repeat_mean": ((table["total"] - table["first"]) / x.where(x > 0)).fillna(0.0),
        "mean": table["total"] / table["purchases"],
        "outcome": outcome.reindex(table.index).fillna(0.0),
    }
    return {name: column.to_numpy(float) for name, column in columns.items()}


def test_cdnow_ranks_better_with_the_first_purchase(history):
    x, actual = history["x"], history["outcome"]
    model = MBGNBDCore().fit(Histories.of(x, history["t_x"], history["T"]))
    purchases = model.score(Histories.of(x, history["t_x"], history["T"]), [HORIZON]).purchases[
        :, 0
    ]
    usual = (x > 0) & (history["repeat_mean"] > 0)
    repeats = GammaGammaCore().fit(x[usual], history["repeat_mean"][usual])
    paid = history["mean"] > 0
    everything = GammaGammaAll().fit(x[paid], history["mean"][paid])
    found = [
        (round(gini(actual, value), 3), round(capture(actual, value, 0.1), 3))
        for value in (
            purchases * repeats.order_value(x, history["repeat_mean"]),
            purchases * everything.order_value(x, history["mean"]),
        )
    ]
    assert found == [(0.676, 0.516), (0.714, 0.525)]


def test_it_is_gamma_gamma_with_one_more_purchase():
    rng = np.random.default_rng(4)
    x, m = rng.geometric(0.4, 400), rng.gamma(4.0, 10.0, 400)
    one_more, plain = GammaGammaAll().fit(x - 1, m), GammaGammaCore().fit(x, m)
    assert one_more.parameters() == plain.parameters()
    assert one_more.log_likelihood_ == plain.log_likelihood_
    np.testing.assert_array_equal(one_more.order_value(x - 1, m), plain.order_value(x, m))
    np.testing.assert_array_equal(one_more.data["frequency"], x - 1)
    np.testing.assert_allclose(
        one_more.conditional_expected_average_profit(), plain.order_value(x, m), rtol=1e-15
    )


def test_closed_form():
    # Note 025, eq. 5, with x + 1 = 3 purchases of 40 on average
    card = to_card(GammaGammaAll().fit([0, 1, 2], [10.0, 20.0, 15.0]))
    card["parameters"] = {"p": 6.0, "q": 4.0, "v": 15.0}
    model = from_card(card)
    assert model.order_value([2], [40.0])[0] == pytest.approx((15 + 3 * 40) / (3 + 3 / 6))
    assert model.order_value([0], [40.0])[0] == pytest.approx((15 + 40) / (1 + 3 / 6))


def test_recovers_its_parameters():
    rng = np.random.default_rng(6)
    n = rng.geometric(0.3, 40_000)
    values = rng.gamma(3.0 * n) / (n * rng.gamma(4.0, 1 / 20.0, n.size))
    model = GammaGammaAll().fit(n - 1, values)
    truth = np.array([3, 4, 20])
    assert (np.abs(model.theta_ - truth) < 3 * model.errors_()).all()
    assert (model.errors_() < 0.06 * truth).all()


def test_card_is_bit_exact(history):
    paid = history["mean"] > 0
    model = GammaGammaAll().fit(history["x"][paid], history["mean"][paid])
    again = from_card(to_card(model))
    assert isinstance(again, GammaGammaAll)
    assert again.card() == model.card()
    rows = history["x"], history["mean"]
    np.testing.assert_array_equal(model.order_value(*rows), again.order_value(*rows))


@pytest.mark.parametrize("data", [([], []), ([-1], [5.0]), ([0], [0.0]), ([1], [np.nan])])
def test_contradictory_input(data):
    with pytest.raises(ValueError, match="customers with a positive value"):
        GammaGammaAll().fit(*data)


def test_extremes():
    rng = np.random.default_rng(1)
    model = GammaGammaAll().fit(rng.integers(0, 5, 300), np.exp(rng.normal(2, 2.5, 300)))
    worth = model.order_value([0, 0, 10_000, 10_000], [-5, 1e12, 0, 1e12])
    assert np.isfinite(worth).all()
    assert (worth >= 0).all()
