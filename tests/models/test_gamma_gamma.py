"""Gamma-Gamma: published values, lifetimes' fitter, derivatives, hard data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.models._lifetimes import GammaGammaFitter
from clv.models.purchase.mbg_nbd import MBGNBD
from clv.models.spend.gamma_gamma import GammaGamma
from clv.models.spend.gamma_gamma_likelihood import GammaGammaLikelihood


@pytest.fixture(scope="module")
def buyers(cdnow_values):
    return cdnow_values[cdnow_values["x"] > 0]


@pytest.fixture(scope="module")
def fitted(buyers):
    return GammaGamma().fit(buyers["x"], buyers["zbar"])


def test_cdnow_as_published(fitted):
    # Fader & Hardie 2013, note 025: p 6.25, q 3.74, v 15.44
    p, q, v = fitted.parameters()
    assert (round(p, 2), round(q, 2)) == (6.25, 3.74)
    assert v == pytest.approx(15.44, abs=0.01)
    assert round(fitted.log_likelihood_, 2) == -4055.92
    assert fitted.customers_ == 946
    assert fitted.converged_
    assert not fitted.mean_held_


def test_same_optimum_as_lifetimes(buyers, fitted):
    reference = GammaGammaFitter().fit(buyers["x"], buyers["zbar"])
    np.testing.assert_allclose(fitted.params_, reference.params_, rtol=2e-3)
    np.testing.assert_allclose(fitted.standard_errors_, reference.standard_errors_, rtol=5e-3)
    assert fitted._negative_log_likelihood_ <= reference._negative_log_likelihood_ + 1e-12
    assert list(fitted.summary.columns) == list(reference.summary.columns)
    np.testing.assert_allclose(
        fitted.conditional_expected_average_profit(buyers["x"], buyers["zbar"]),
        reference.conditional_expected_average_profit(buyers["x"], buyers["zbar"]),
        rtol=1e-3,
    )


def test_penalty_means_what_it_means_in_lifetimes(buyers):
    reference = GammaGammaFitter(0.001).fit(buyers["x"], buyers["zbar"])
    model = GammaGamma(0.001).fit(buyers["x"], buyers["zbar"], q_constraint=False)
    np.testing.assert_allclose(model.params_, reference.params_, rtol=1e-3)


def test_weights_and_currency(buyers, fitted):
    counted = GammaGamma().fit(
        np.r_[buyers["x"], 5], np.r_[buyers["zbar"], 1e9], np.r_[np.full(946, 3.0), 0]
    )
    np.testing.assert_allclose(counted.params_, fitted.params_, rtol=1e-6)
    assert counted.log_likelihood_ == pytest.approx(3 * fitted.log_likelihood_, rel=1e-9)
    cents = GammaGamma().fit(buyers["x"], buyers["zbar"] * 100)
    np.testing.assert_allclose(cents.params_ / fitted.params_, [1, 1, 100], rtol=1e-8)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("point", [(0.5, 0.3, -0.2), (4.0, 2.0, 1.0), (-2.0, -1.0, -3.0)])
def test_derivatives_against_differences(buyers, held, point):
    likelihood = GammaGammaLikelihood(
        buyers["x"].to_numpy(float),
        buyers["zbar"].to_numpy() / 35,
        np.arange(946.0),
        np.array([0.01, 0.02, 0.03]),
    )
    function, point = (likelihood.with_given_mean, point[:2]) if held else (likelihood, point)
    point = np.array(point)
    _, gradient, hessian = function(point)
    steps = 1e-5 * np.eye(point.size)
    slopes = [(function(point + s)[0] - function(point - s)[0]) / 2e-5 for s in steps]
    bends = [(function(point + s)[1] - function(point - s)[1]) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(hessian, bends, rtol=1e-6, atol=1e-7)


def test_recovers_its_parameters():
    rng = np.random.default_rng(3)
    x = rng.geometric(0.2, 40_000)
    values = rng.gamma(3.0 * x) / (x * rng.gamma(4.0, 1 / 20.0, 40_000))
    model = GammaGamma().fit(x, values)
    np.testing.assert_allclose(model.params_, [3, 4, 20], rtol=0.05)
    # Three standard errors, and they are not just wide
    assert (np.abs(model.params_ - [3, 4, 20]) < 3 * model.standard_errors_).all()
    assert (model.standard_errors_ < [0.1, 0.1, 1]).all()


def test_heavy_tails_keep_a_finite_mean():
    rng = np.random.default_rng(0)
    x, values = rng.geometric(0.4, 500), np.exp(rng.normal(2, 2.5, 500))
    assert GammaGamma().fit(x, values, q_constraint=False).params_["q"] < 1
    model = GammaGamma().fit(x, values)
    assert model.mean_held_
    assert model.converged_
    assert model.params_["q"] > 1
    assert model.order_value([0], [0])[0] == pytest.approx(values.mean(), rel=1e-9)
    assert not model.summary.isna().any().any()


@pytest.mark.parametrize("kind", ["same", "two values", "customers alike", "one customer"])
def test_homogeneous_spend_never_gives_nan(kind):
    rng = np.random.default_rng(1)
    x = rng.geometric(0.4, 300)
    values = {
        "same": np.full(300, 10.0),
        "two values": rng.choice([10.0, 20.0], 300),
        "customers alike": rng.gamma(5.0 * x) / x * 4,
        "one customer": np.array([12.5]),
    }[kind]
    model = GammaGamma().fit(x[: values.size], values)
    assert not model.summary.isna().any().any()
    worth = model.order_value([0, 1, 10_000], [0, values[0], values[0]])
    assert (worth >= values.min() * 0.99).all()
    assert (worth <= values.max() * 1.01).all()


@settings(max_examples=60, deadline=None)
@given(x=st.integers(0, 10**6), m=st.floats(-1e9, 1e12))
def test_every_customer_has_a_value_between_its_own_and_everybodys(x, m, fitted):
    worth = fitted.order_value([x], [m])[0]
    everybody = fitted.order_value([0], [0])[0]
    own = max(m, 0) if x else everybody
    assert min(own, everybody) * (1 - 1e-12) <= worth <= max(own, everybody) * (1 + 1e-12)


@pytest.mark.parametrize("data", [([], []), ([0], [5.0]), ([1], [0.0]), ([1], [np.inf])])
def test_contradictory_input(data):
    with pytest.raises(ValueError, match="repeat buyers with a positive value"):
        GammaGamma().fit(*data)


def test_drop_in_for_lifetimes(cdnow_values, fitted):
    assert isinstance(fitted, GammaGammaFitter)
    table = cdnow_values.rename(columns={"x": "frequency", "t_x": "recency", "zbar": "value"})
    columns = [table[c] for c in ("frequency", "recency", "T")]
    purchases = MBGNBD().fit(*columns)
    value = fitted.customer_lifetime_value(purchases, *columns, table["value"], time=12, freq="W")
    assert isinstance(value, pd.Series)
    assert value.index.equals(table.index)
    assert (value > 0).all()
    assert len(fitted.conditional_expected_average_profit()) == 946
    with pytest.raises(ValueError, match="must be 0 or longer, not -1"):
        fitted.customer_lifetime_value(purchases, *columns, table["value"], time=-1)


def test_saved_with_its_customers_only_if_they_shall_be(tmp_path):
    model = GammaGamma().fit([1, 2, 3, 5, 2], [20.0, 35.0, 12.0, 50.0, 28.0])
    model.save_model(str(tmp_path / "bare"), save_data=False)
    again = GammaGamma()
    again.load_model(str(tmp_path / "bare"))
    assert again.data.empty
    assert again.order_value(3, 12.0) == model.order_value(3, 12.0)
    assert len(model.data) == 5
